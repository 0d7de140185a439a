// The module ktest: the family by which programs list and run the kernel tests that loadable modules have (sys/tests/ktest.c).
// A module has tests when it imports from "ktest".

import { Errno } from "../../../assembly/abi/errno.js";
import { PolicyKind } from "../../../assembly/abi/exchange.js";
import { GENL_OP } from "../../../assembly/abi/genetlink.js";
import { NetlinkSize, NLM_F, NLMSG, NlMsgHdr } from "../../../assembly/abi/netlink.js";
import { checkedErrno, Fault } from "./fault.js";
import { type FamilyHandler, StoppedTest } from "./handler.js";
import type { ModuleInstance } from "./instance.js";
import { TestMessage } from "./testmessage.js";
import type { TestLine, Work } from "./work.js";

export const KTEST_MODULE = "ktest";

const Command = { LIST: 1, RUN: 2, NEWTEST: 3, NEWMESSAGE: 4 } as const;
const Attribute = { MOD_NAME: 1, TEST_NAME: 2, TEST_DESCR: 3, TEST_META: 4 } as const;
const MessageAttribute = { TS: 1, FUNC: 2, FILE: 3, LINE: 4, TEXT: 5, LEVEL: 6 } as const;

const LOG_INFO = 6;
/** Where ktest itself logs: at the beginning and at the end of a run. */
const ITSELF = { level: LOG_INFO, function: "run_test", file: "/usr/src/sys/tests/ktest.c" } as const;
const BEGIN_LINE = 231;
const END_LINE = 233;

const FIRST_PLACE = 4;

/** One table: both names are strings, and TEST_META is the test's own. */
const POLICY = new Uint8Array(
  Uint32Array.of(
    ...[1, 3],
    ...[Attribute.MOD_NAME, PolicyKind.STRING, 0],
    ...[Attribute.TEST_NAME, PolicyKind.STRING, 0],
    ...[Attribute.TEST_META, PolicyKind.BINARY, 0],
  ).buffer,
);

export interface KtestOwner {
  /** In order of loading. */
  readonly instances: readonly ModuleInstance[];
  familyAdd(name: string, options: { version: number; hdrsize: number; maxattr: number }): number;
  commandAdd(
    family: number,
    number: number,
    options: { flags: number; isPrivileged: boolean; policy: Uint8Array },
  ): number;
  /** Milliseconds since boot. */
  now(): number;
}

/** What a request says. */
interface TestRequest {
  readonly module: string | undefined;
  readonly test: string | undefined;
  readonly meta: Uint8Array | undefined;
}

export class Ktest implements FamilyHandler {
  readonly families = new Map<number, number>();
  readonly #owner: KtestOwner;
  #bytes = new Uint8Array(0);

  constructor(owner: KtestOwner) {
    this.#owner = owner;
  }

  /** Registers the family. @returns an errno */
  register(): Errno {
    const { familyAdd, commandAdd } = this.#owner;
    const id = familyAdd(KTEST_MODULE, { version: 1, hdrsize: 0, maxattr: Command.NEWMESSAGE });
    if (id < 0) return -id;
    this.families.set(id, 0);
    const { CAP_DO, CAP_DUMP } = GENL_OP;
    const list = commandAdd(id, Command.LIST, { flags: CAP_DO | CAP_DUMP, isPrivileged: false, policy: POLICY });
    const run = commandAdd(id, Command.RUN, { flags: CAP_DO, isPrivileged: true, policy: POLICY });
    return -Math.min(list, run);
  }

  requestPlace(bytes: number): number {
    this.#bytes = new Uint8Array(FIRST_PLACE + bytes);
    return FIRST_PLACE;
  }

  write(place: number, memory: Uint8Array, at: number, bytes: number): void {
    this.#bytes.set(memory.subarray(at, at + bytes), place);
  }

  handle(place: number, bytes: number, work: Work): number {
    const message = this.#bytes.subarray(place, place + bytes);
    return message[NetlinkSize.NLMSGHDR] === Command.LIST ? this.#list(message, work) : this.#run(message, work);
  }

  /** Tests of all modules, or of one; all of them, or those of a name. */
  #list(message: Uint8Array, work: Work): number {
    const { module, test: name } = readRequest(message);
    for (const instance of this.#owner.instances) {
      if (module !== undefined && module !== instance.name) continue;
      for (const test of instance.tests) {
        if (name !== undefined && name !== test.name) continue;
        const reply = replyTo(message, Command.NEWTEST);
        reply.text(Attribute.MOD_NAME, instance.name);
        reply.text(Attribute.TEST_NAME, test.name);
        reply.text(Attribute.TEST_DESCR, test.description);
        send(work, reply);
      }
    }
    sendDone(work, 0);
    return 0;
  }

  #run(message: Uint8Array, work: Work): number {
    const { module, test: name, meta } = readRequest(message);
    if (module === undefined) return refuse(work, "KTEST_ATTR_MOD_NAME not set");
    if (name === undefined) return refuse(work, "KTEST_ATTR_TEST_NAME not set");
    const instance = this.#owner.instances.find((each) => each.tests.length > 0 && each.name === module);
    const test = instance?.tests.findIndex((each) => each.name === name) ?? -1;
    if (instance === undefined || test < 0) return Errno.ESRCH;
    const testLog = (line: TestLine): void => send(work, this.#logged(message, line));
    const own: Work = { ...work, occasion: "test", testLog };
    instance.users++;
    try {
      if (meta !== undefined) {
        const error = parse(instance, test, meta, own);
        // As in FreeBSD the reference stays then: the module cannot be unloaded any more.
        if (error !== 0) return error;
      }
      testLog({ ...ITSELF, text: `start running ${name}`, line: BEGIN_LINE });
      const error = checkedErrno(instance.call("testRun", own, test));
      testLog({ ...ITSELF, text: `end running ${name}`, line: END_LINE });
      instance.users--;
      sendDone(work, error);
      return error;
    } catch (error) {
      throw error instanceof Fault ? new StoppedTest(instance, error) : error;
    }
  }

  /** ktest_add_msg_meta, ktest_add_msg_text */
  #logged(message: Uint8Array, line: TestLine): TestMessage {
    const reply = replyTo(message, Command.NEWMESSAGE);
    reply.time(MessageAttribute.TS, this.#owner.now());
    reply.text(MessageAttribute.FUNC, line.function);
    reply.text(MessageAttribute.FILE, line.file);
    reply.u32(MessageAttribute.LINE, line.line);
    reply.u8(MessageAttribute.LEVEL, line.level);
    reply.text(MessageAttribute.TEXT, line.text);
    return reply;
  }
}

/** Lets a test read its own attributes. @returns its errno. @throws Fault */
function parse(instance: ModuleInstance, test: number, meta: Uint8Array, work: Work): number {
  if (!instance.has("testParse")) return 0;
  // No bytes need no room, but a place.
  const place = instance.requestPlace(Math.max(1, meta.length), work);
  if (place === 0) return Errno.ENOMEM;
  instance.write(place, meta, 0, meta.length);
  return checkedErrno(instance.call("testParse", work, test, place, meta.length));
}

/**
 * The attributes of a request, which its policy has let pass; of one that occurs twice the last. What stands behind the last
 * whole one with its padding, the policy's parser has not looked at (netlink/parser.ts).
 */
function readRequest(message: Uint8Array): TestRequest {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const found = new Map<number, Uint8Array>();
  for (let at = NetlinkSize.NLMSGHDR + NetlinkSize.GENLMSGHDR; at + NetlinkSize.NLATTR <= message.length; ) {
    const length = view.getUint16(at, true);
    const padded = (length + 3) & ~3;
    if (at + padded > message.length) break;
    found.set(view.getUint16(at + 2, true) & 0x3fff, message.subarray(at + NetlinkSize.NLATTR, at + length));
    at += padded;
  }
  const text = (type: number): string | undefined => {
    const bytes = found.get(type);
    return bytes && String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
  };
  return {
    module: text(Attribute.MOD_NAME),
    test: text(Attribute.TEST_NAME),
    meta: found.get(Attribute.TEST_META),
  };
}

function replyTo(message: Uint8Array, command: number): TestMessage {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(NlMsgHdr.FLAGS, true) | NLM_F.MULTI;
  return new TestMessage(view.getUint16(NlMsgHdr.TYPE, true), flags, Uint8Array.of(command, 0, 0, 0));
}

function send({ answers }: Work, message: TestMessage): void {
  const { bytes } = message;
  answers.reply(bytes, 0, bytes.length);
}

function sendDone(work: Work, error: number): void {
  send(work, new TestMessage(NLMSG.DONE, 0, Uint8Array.of(error, 0, 0, 0)));
}

function refuse({ answers }: Work, text: string): Errno {
  const bytes = new TextEncoder().encode(text);
  answers.report(bytes, 0, bytes.length);
  return Errno.EINVAL;
}
