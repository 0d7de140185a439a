// The traffic of a capture, as a run: requests by the sockets that sent them.

import { NETLINK, NetlinkSize, NLM_F, NLMSG } from "../../../assembly/abi/netlink.js";
import { netlinkPackets } from "../capturemessages.js";
import type { SocketSetting } from "./emulation.js";
import { type Message, messagesOf } from "./message.js";
import { type Datagram, type Exchange, type Run, type Sent, sentOf } from "./run.js";

/** "socket 3 > RTM_NEWROUTE", as recordings name sockets. */
const SOCKET_COMMENT = /^socket (\d+) /;
/** The two low bits of a message type: 0 NEW, 1 DEL, 2 GET, 3 SET. */
const OPERATION_MASK = 3;
const OPERATION_GET = 2;

/**
 * @param pieces - of the file
 * @returns what Linux programs sent and got on NETLINK_ROUTE, in order. A capture does not say which socket sent a request: the
 *   port of its answers does; a recording says it in the packet's comment
 * @throws CaptureError
 */
export function capturedRun(id: string, pieces: Iterable<Uint8Array>): Run {
  const datagrams: Datagram[] = [];
  for (const { abi, protocol, messages, comment } of netlinkPackets(pieces)) {
    if (abi !== "linux" || protocol !== NETLINK.ROUTE) continue;
    const bytes = messages.slice();
    const [, socket] = SOCKET_COMMENT.exec(comment ?? "") ?? [];
    datagrams.push({ isSent: isRequest(bytes), bytes, socket: socket === undefined ? undefined : Number(socket) });
  }
  const received = datagrams.filter(({ isSent }) => !isSent).map(({ bytes }) => bytes);
  const hasSockets = datagrams.every(({ socket }) => socket !== undefined);
  const sent = sentOf(datagrams).map((each) => ({ ...each, exchanges: each.exchanges.map(withoutEvents) }));
  return { id, command: id, options: [], protocols: [], sent: hasSockets ? sent : byPort(sent), received };
}

/** Of Linux only requests say so. */
function isRequest(bytes: Uint8Array): boolean {
  const [first] = messagesOf(bytes);
  return first !== undefined && first.type >= NLMSG.MIN_TYPE && (first.flags & NLM_F.REQUEST) !== 0;
}

/** What a change is told of with bears its port and sequence number, and goes to others. */
function withoutEvents(exchange: Exchange): Exchange {
  const { request, answers } = exchange;
  const isGet = (request.type & OPERATION_MASK) === OPERATION_GET;
  if (isGet || (request.flags & NLM_F.ECHO) !== 0) return exchange;
  return { ...exchange, answers: answers.filter(({ type }) => type < NLMSG.MIN_TYPE) };
}

/** Sockets are told apart by their ports, and numbered as they come. Without a port it is the socket of the request before. */
function byPort(sent: readonly Sent[]): Sent[] {
  const numbers = new Map<number, number>();
  let last = 0;
  return sent.map((each) => {
    const [first] = each.exchanges;
    const port = first?.answers[0]?.port ?? first?.request.port ?? 0;
    if (port !== 0) {
      last = numbers.get(port) ?? numbers.size;
      numbers.set(port, last);
    }
    return { ...each, socket: last };
  });
}

const SOL_NETLINK = 270;
const CAP_ACK = 10;
const EXT_ACK = 11;
const GET_STRICT_CHK = 12;
/** Flags of an NLMSG_ERROR, and of what a filtered dump has. */
const CAPPED = 0x100;
const ACK_TLVS = 0x200;
const DUMP_FILTERED = 0x20;
const ERROR_BYTES = 4;

/** What the sockets of a capture had set, as far as their answers show it. By the number of the socket. */
export function shownSettings({ sent }: Run): SocketSetting[] {
  const settings: SocketSetting[] = [];
  for (const { socket, exchanges } of sent) {
    const answers = exchanges.flatMap((exchange) => exchange.answers);
    const shown = SHOWN.filter(([, shows]) => answers.some(shows)).map(([option]) => option);
    const before = settings[socket]?.options.map(([, option]) => option) ?? [];
    const options = [...new Set([...before, ...shown])].map((option) => [SOL_NETLINK, option, 1] as const);
    settings[socket] = { options, groups: 0, memberships: [] };
  }
  return settings;
}

const SHOWN: readonly (readonly [option: number, shows: (answer: Message) => boolean])[] = [
  [CAP_ACK, (answer) => isFailure(answer) && (answer.flags & CAPPED) !== 0],
  [EXT_ACK, ({ type, flags }) => type === NLMSG.ERROR && (flags & ACK_TLVS) !== 0],
  [GET_STRICT_CHK, ({ type, flags }) => type !== NLMSG.ERROR && (flags & DUMP_FILTERED) !== 0],
];

/** An ack is capped always. */
function isFailure({ type, bytes }: Message): boolean {
  if (type !== NLMSG.ERROR || bytes.length < NetlinkSize.NLMSGHDR + ERROR_BYTES) return false;
  return bytes.subarray(NetlinkSize.NLMSGHDR, NetlinkSize.NLMSGHDR + ERROR_BYTES).some((byte) => byte !== 0);
}
