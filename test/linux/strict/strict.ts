// Programs on a kernel whose Linux layer is FreeBSD's own, and what they say and hear, byte by byte.

import type { BootOptions } from "../../../host/kernel/kernel.js";
import { Kernel } from "../../../host/kernel/kernel.js";
import { LinuxAbi, type LinuxAbiOptions, type Rewrite, type StrictSocket } from "../../../host/linux/abi.js";
import { MessageReader } from "../../../host/linux/messagereader.js";
import { rewriteReply } from "../../../host/linux/strict/toprogram.js";
import { hex as bytesOfHex } from "../../support/messages.js";
import { attributesOf, F, find, int, MACHINE, type Message, openProgram, Program, u8, u16, u32 } from "../program.js";

export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  GETRULE: 34,
  NEWNEXTHOP: 104,
  DELNEXTHOP: 105,
  GETNEXTHOP: 106,
} as const;
export const IFLA = {
  IFNAME: 3,
  LINK: 5,
  QDISC: 6,
  TXQLEN: 13,
  LINKINFO: 18,
  STATS64: 23,
  EXT_MASK: 29,
  FREEBSD: 64,
} as const;
export const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, CACHEINFO: 6, FLAGS: 8, FREEBSD: 11 } as const;
export const RTA = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  MULTIPATH: 9,
  KNH_ID: 10,
  WEIGHT: 13,
  RTFLAGS: 14,
  TABLE: 15,
  VIA: 18,
  NH_ID: 30,
} as const;
export const ERROR = 2;
export const DONE = 3;
/** Families as Linux numbers them, and FreeBSD's of IPv6. */
export const INET = 2;
export const INET6 = 10;
export const FREEBSD_INET6 = 28;

export const DUMP = F.REQUEST | F.DUMP;
export const ADD = F.REQUEST | F.ACK | F.CREATE | F.EXCL;
/** Options of level SOL_NETLINK (270). */
export const SOL_NETLINK = 270;
export const CAP_ACK = 10;
export const EXT_ACK = 11;
export const GET_STRICT_CHK = 12;

export interface StrictMachine {
  readonly kernel: Kernel;
  readonly abi: LinuxAbi;
  readonly program: StrictProgram;
  /** What the tap was told. */
  readonly rewrites: Rewrite[];
}

/** A program bound to port 2125. */
export class StrictProgram extends Program {
  readonly strict: StrictSocket;

  constructor(socket: StrictSocket) {
    super(socket);
    this.strict = socket;
  }

  set(option: number, value: number): void {
    this.strict.setsockopt(SOL_NETLINK, option, u32(value));
  }

  /** Sends bytes as they are. @returns all that came */
  say(...messages: readonly Uint8Array[]): Message[] {
    this.strict.send(Uint8Array.from(messages.flatMap((each) => [...each])));
    return this.messages();
  }

  /** @returns the number in the last NLMSG_ERROR, negative */
  fails(type: number, flags: number, ...parts: readonly Uint8Array[]): number {
    return errorOf(this.ask(type, flags, ...parts));
  }
}

export function strictMachine(boot: BootOptions = MACHINE, options: LinuxAbiOptions = {}): StrictMachine {
  const kernel = Kernel.boot(boot);
  const rewrites: Rewrite[] = [];
  const abi = new LinuxAbi(kernel, { mode: "strict", tap: (rewrite) => rewrites.push(rewrite), ...options });
  return { kernel, abi, rewrites, program: openStrict(abi, kernel) };
}

/** Another program. */
export function openStrict(abi: LinuxAbi, { vnet0 }: Kernel, pid = 2125, isPrivileged = true): StrictProgram {
  const program = new StrictProgram(openProgram(abi, vnet0, pid, isPrivileged).socket as StrictSocket);
  program.strict.bind(pid);
  return program;
}

/** The number in the last message, an NLMSG_ERROR; 0 is an ack. */
export function errorOf(messages: readonly Message[]): number {
  const last = messages.at(-1);
  if (last?.type !== ERROR) throw new Error(`expected NLMSG_ERROR, got ${last?.type}`);
  return int(last.body, 0);
}

/** Bytes from hex digits, with [n × 00] for n zero bytes, as linux-compat writes them. */
export function bytes(text: string): Uint8Array {
  return bytesOfHex(text.replace(/\[(\d+) × 00\]/g, (_, count) => "00".repeat(Number(count))));
}

export function ifinfomsg({ family = 0, index = 0, flags = 0, change = 0 } = {}): Uint8Array {
  return Uint8Array.from([...u8(family, 0, 0, 0), ...u32(index), ...u32(flags), ...u32(change)]);
}
export function ifaddrmsg(family: number, prefixLength = 0, index = 0): Uint8Array {
  return Uint8Array.from([...u8(family, prefixLength, 0, 0), ...u32(index)]);
}
export function rtmsg(family: number, { dstLength = 0, table = 0, protocol = 0, type = 0 } = {}): Uint8Array {
  return Uint8Array.from([...u8(family, dstLength, 0, 0, table, protocol, 0, type), ...u32(0)]);
}
export function ndmsg(family: number, index = 0, state = 0): Uint8Array {
  return Uint8Array.from([...u8(family, 0, 0, 0), ...u32(index), ...u16(state), 0, 0]);
}

/** A payload of a message's attribute. @param from - bytes of the family header */
export function payload(message: Message | undefined, from: number, type: number): Uint8Array | undefined {
  return message && find(attributesOf(message.body, from), type);
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes).replace(/\0$/, "");
}

/** The name that a link's message gives. */
export function nameOf(link: Message | undefined): string | undefined {
  return textOf(payload(link, 16, IFLA.IFNAME));
}

/** One message as the kernel wrote it, rewritten; undefined when it vanishes. */
export function rewritten(message: Uint8Array, isRoute = true): Uint8Array | undefined {
  const reader = new MessageReader(message.slice());
  reader.seek(0);
  const end = rewriteReply(reader, isRoute);
  return end < 0 ? undefined : reader.bytes.slice(0, end);
}
