// A run of a program as it was recorded on Linux: what it sent, and what was answered, request by request.

import { NetlinkSize, NLMSG, NlMsgHdr } from "../../../assembly/abi/netlink.js";
import { type Message, messagesOf } from "./message.js";

/** A request, and the messages that Linux sent back to its sender with its sequence number. */
export interface Exchange {
  readonly request: Message;
  /** The socket it was sent on; numbers are the program's own. */
  readonly socket: number;
  readonly answers: readonly Message[];
}

/** A datagram that a program sent, of one or more messages. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly socket: number;
  readonly exchanges: readonly Exchange[];
}

/** One run of one program. */
export interface Run {
  readonly id: string;
  readonly command: string;
  /** [level, name, errno] of each setsockopt, over all sockets. */
  readonly options: readonly (readonly [number, number, number])[];
  readonly protocols: readonly number[];
  readonly sent: readonly Sent[];
  /** Every datagram that the program received. */
  readonly received: readonly Uint8Array[];
}

/** What went by on the sockets of a run, in order. */
export interface Datagram {
  readonly isSent: boolean;
  readonly bytes: Uint8Array;
  /** The number of its socket, where the recording says it. */
  readonly socket: number | undefined;
}

const ERRNO_BYTES = 4;
const PORT_OF_LATER_SOCKETS = 0x8000_0000;

/** An exchange that is being put together. */
interface Open {
  readonly request: Message;
  readonly answers: Message[];
  /** The number of its socket, where the recording says it. */
  readonly socket: number | undefined;
}

/** Puts answers to their requests. */
export function sentOf(datagrams: readonly Datagram[]): Sent[] {
  const opened: Open[] = [];
  const sent: { bytes: Uint8Array; exchanges: Open[] }[] = [];
  for (const { isSent, bytes, socket } of datagrams) {
    if (isSent) {
      const exchanges = messagesOf(bytes).map((request) => ({ request, answers: [], socket }));
      sent.push({ bytes, exchanges });
      opened.push(...exchanges);
    } else {
      for (const answer of messagesOf(bytes)) questionOf(answer, socket, opened)?.answers.push(answer);
    }
  }
  const numbers = new Map<number, number>();
  return sent.map(({ bytes, exchanges }) => {
    const socket = exchanges[0]?.socket ?? numberOf(exchanges, numbers);
    return { bytes, socket, exchanges: exchanges.map(({ request, answers }) => ({ request, answers, socket })) };
  });
}

/**
 * The exchange that a message belongs to: the latest with its sequence number whose answers have its port and did not end;
 * else the first that has no answer yet and is about the same kind of object, because `ip` begins all its sockets with the
 * same number, and Go does.
 */
function questionOf(answer: Message, socket: number | undefined, opened: readonly Open[]): Open | undefined {
  if (answer.port === 0) return undefined; // made by the kernel itself, or for nobody
  const alike = opened.filter((each) => each.socket === socket && each.request.sequence === answer.sequence);
  const known = alike.findLast(
    ({ answers }) => answers[0]?.port === answer.port && answers.at(-1)?.type !== NLMSG.DONE,
  );
  return known ?? alike.find(({ request, answers }) => answers.length === 0 && isAbout(answer, request));
}

/** Whether a message may be the first answer to a request. */
function isAbout(answer: Message, request: Message): boolean {
  if (answer.type === NLMSG.DONE) return true;
  return objectOf(answer.type === NLMSG.ERROR ? echoedType(answer) : answer.type) === objectOf(request.type);
}

/** The type of the request that an error echoes. */
function echoedType({ bytes }: Message): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(
    NetlinkSize.NLMSGHDR + ERRNO_BYTES + NlMsgHdr.TYPE,
    true,
  );
}

/** NEW, DEL, GET and SET of an object come one after the other. */
function objectOf(type: number): number {
  return type & ~3;
}

/**
 * Where the recording does not say the socket, its port does, which answers carry. A program's first socket has its process
 * id, later ones have ports from 0x80000000 on. Without an answer it is taken for the first.
 */
function numberOf(exchanges: readonly Open[], numbers: Map<number, number>): number {
  const port = exchanges.flatMap(({ answers }) => answers)[0]?.port ?? 0;
  if (port < PORT_OF_LATER_SOCKETS) return 0;
  const number = numbers.get(port) ?? numbers.size + 1;
  numbers.set(port, number);
  return number;
}
