// Requests of generic netlink (linux-compat L11, E10.2). FreeBSD's controller has Linux's number, commands and attributes, so
// its answers and those of every family pass as they are. What differs is what Linux refuses, and how:
//   a family that is not there is ENOENT (net/netlink/genetlink.c, genl_rcv_msg), where FreeBSD has no handler for it
//   a family is asked for by name or id, and all of them by a dump (ctrl_getfamily, ctrl_dumpfamily), where FreeBSD takes a
//   request without either for a dump, and filters one with
// What a family answers with NLM_F_MULTI is a dump.

import { Errno } from "../../assembly/abi/errno.js";
import { CTRL_ATTR, CTRL_CMD, GENL } from "../../assembly/abi/genetlink.js";
import { NetlinkSize, NLM_F, NlMsgHdr } from "../../assembly/abi/netlink.js";
import type { Answer } from "./channel.js";
import type { DumpSource, ReplyHeader, SourceState } from "./dump.js";
import { LinuxErrno, linuxErrnoOf } from "./errno.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";

/** Bytes of an nlmsghdr with its genlmsghdr. */
const HEADER_BYTES = NetlinkSize.NLMSGHDR + NetlinkSize.GENLMSGHDR;
/** What Linux says of an attribute that its policy refuses. */
const POLICY_TEXT = "Attribute failed policy validation";

/** @throws Refusal */
export function handleGeneric(request: Request): void {
  const { message } = request;
  const command = message.header8(0);
  if (request.type !== GENL.MIN_ID || command !== CTRL_CMD.GETFAMILY || message.length < HEADER_BYTES) pass(request);
  else if (request.isDump) dumpFamilies(request);
  else getFamily(request);
}

/** One family, by name before id (ctrl_getfamily). @throws Refusal EINVAL without either; ENOENT; ERANGE */
function getFamily(request: Request): void {
  const { message } = request;
  message.index(NetlinkSize.GENLMSGHDR);
  checkId(message);
  const name = nameIn(message);
  const id = message.u16(CTRL_ATTR.FAMILY_ID);
  if (name === undefined && !message.has(CTRL_ATTR.FAMILY_ID)) throw new Refusal(LinuxErrno.EINVAL);
  // An id of 0 is none to FreeBSD.
  if (name === undefined && id === 0) throw new Refusal(LinuxErrno.ENOENT);
  const write = (writer: MessageWriter): void => {
    begin(writer, request);
    if (name === undefined) writer.u16(CTRL_ATTR.FAMILY_ID, id);
    else writer.string(CTRL_ATTR.FAMILY_NAME, name);
    writer.end();
  };
  const end = request.ask(write, ({ message: answer }) => {
    request.reply((writer, header) => rewritten(writer, answer, header));
  });
  if (end.errno !== Errno.OK) throw refusalOf(end);
}

/** All families, whatever the request says besides (ctrl_dumpfamily). */
function dumpFamilies(request: Request): void {
  const answers: Uint8Array[] = [];
  const write = (writer: MessageWriter): void => {
    begin(writer, request);
    writer.end();
  };
  const end = request.ask(write, ({ message }) => void answers.push(message.slice()));
  request.dump(answered(answers, end, rewritten), { doneJoins: true });
}

/** @throws Refusal ERANGE an id that is shorter than 16 bits */
function checkId(message: MessageReader): void {
  if (!message.has(CTRL_ATTR.FAMILY_ID) || message.size(CTRL_ATTR.FAMILY_ID) >= 2) return;
  throw new Refusal(LinuxErrno.ERANGE, POLICY_TEXT, { offset: message.offsetOf(CTRL_ATTR.FAMILY_ID) });
}

/** @throws Refusal EINVAL a name without its NUL among the first 16 bytes */
function nameIn(message: MessageReader): string | undefined {
  const payload = message.payload(CTRL_ATTR.FAMILY_NAME);
  if (payload === undefined) return undefined;
  const length = payload.subarray(0, GENL.NAMSIZ).indexOf(0);
  if (length >= 0) return new TextDecoder("latin1").decode(payload.subarray(0, length));
  throw new Refusal(LinuxErrno.EINVAL, POLICY_TEXT, { offset: message.offsetOf(CTRL_ATTR.FAMILY_NAME) });
}

/** A request to the controller. */
function begin(writer: MessageWriter, { seq }: Request): void {
  writer.begin(GENL.MIN_ID, NLM_F.REQUEST, seq, 0, NetlinkSize.GENLMSGHDR);
  writer.header8(0, CTRL_CMD.GETFAMILY);
  writer.header8(1, 2);
}

/** FreeBSD's answers carry the request's flags, Linux's their own (E3.6). */
function rewritten(writer: MessageWriter, answer: Uint8Array, { flags }: ReplyHeader): void {
  const start = writer.whole(answer);
  writer.view.setUint16(start + NlMsgHdr.FLAGS, flags, true);
}

/** A command as the program sent it, and its answers as the family wrote them. @throws Refusal */
function pass(request: Request): void {
  const many: Uint8Array[] = [];
  let isAnswered = false;
  const write = (writer: MessageWriter): void => void writer.whole(request.message.message);
  const end = request.ask(write, (answer) => {
    isAnswered = true;
    if ((answer.flags & NLM_F.MULTI) !== 0) many.push(answer.message.slice());
    else request.reply((writer) => void writer.whole(answer.message));
  });
  const isEmptyDump = request.isDump && !isAnswered && end.errno === Errno.OK;
  if (many.length > 0 || isEmptyDump) request.dump(answered(many, end, unchanged), { doneJoins: true });
  else if (end.errno !== Errno.OK) throw isMissing(request, end) ? new Refusal(LinuxErrno.ENOENT) : refusalOf(end);
}

export interface AnsweredState extends SourceState {
  /** Those that are not written yet. */
  readonly answers: readonly Uint8Array[];
  readonly end: Answer;
  readonly isRewritten: boolean;
}

/** A dump of what was answered already, which is one state. */
function answered(answers: readonly Uint8Array[], end: Answer, write: typeof rewritten): DumpSource {
  return answeredSource({ source: "answered", answers, end, isRewritten: write === rewritten });
}

export function answeredSource({ source, answers, end, isRewritten }: AnsweredState): DumpSource {
  const write = isRewritten ? rewritten : unchanged;
  let at = 0;
  let answer: Uint8Array | undefined;
  return {
    next(writer, header) {
      answer = answers[at++];
      if (answer !== undefined) {
        write(writer, answer, header);
        return true;
      }
      if (end.errno !== Errno.OK) throw refusalOf(end);
      return false;
    },
    close() {},
    save: () => ({ source, answers: answers.slice(at), end, isRewritten }) as AnsweredState,
    before: () => answer,
  };
}

function unchanged(writer: MessageWriter, answer: Uint8Array): void {
  writer.whole(answer);
}

/** Whether what FreeBSD refused is a message for no family. */
function isMissing(request: Request, { errno }: Answer): boolean {
  const isDoubtful = errno === Errno.EOPNOTSUPP || request.message.length < HEADER_BYTES;
  if (!isDoubtful || request.type === GENL.MIN_ID) return false;
  const { errno: found } = request.ask((writer) => {
    begin(writer, request);
    writer.u16(CTRL_ATTR.FAMILY_ID, request.type);
    writer.end();
  });
  return found === Errno.ENOENT;
}

/** The text and the offset are the kernel's: what it saw is what the program sent. */
function refusalOf({ errno, text, offset }: Answer): Refusal {
  return new Refusal(linuxErrnoOf(errno), text, offset === undefined ? {} : { offset });
}
