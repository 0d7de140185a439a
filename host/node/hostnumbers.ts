// Numbers of the machine that programs run on, for sockets of FreeBSD's ABI: its C library has Linux's numbers for flags,
// options, ioctls and errnos, whatever the messages hold.

import { FIO, MSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { ROUTE_SO } from "../../assembly/abi/rtsock.js";

/** Rows of a host's number and FreeBSD's. */
type Pairs = readonly (readonly [host: number, freebsd: number])[];

export const HOST_SOL_SOCKET = 1;

/** Flags of send and receive calls. */
const MESSAGE_FLAGS: Pairs = [
  [0x1, MSG.OOB],
  [0x2, MSG.PEEK],
  [0x4, MSG.DONTROUTE],
  [0x8, MSG.CTRUNC],
  [0x20, MSG.TRUNC],
  [0x40, MSG.DONTWAIT],
  [0x80, MSG.EOR],
  [0x100, MSG.WAITALL],
  [0x4000, MSG.NOSIGNAL],
];

/** MSG_CTRUNC of the host. */
export const HOST_MSG_CTRUNC = 0x8;

/** Options of level SOL_SOCKET. */
const SOCKET_OPTIONS: Pairs = [
  [3, SO.TYPE],
  [4, SO.ERROR],
  [7, SO.SNDBUF],
  [8, SO.RCVBUF],
  [18, SO.RCVLOWAT],
  [19, SO.SNDLOWAT],
  [38, SO.PROTOCOL],
  [39, SO.DOMAIN],
];

const IOCTLS: Pairs = [
  [0x541b, FIO.NREAD],
  [0x5411, FIO.NWRITE],
];

/** FreeBSD's flags for the host's; those that it does not have are dropped. */
export function flagsFromHost(flags: number): number {
  return MESSAGE_FLAGS.reduce((sum, [host, freebsd]) => (flags & host ? sum | freebsd : sum), 0);
}

export function flagsToHost(flags: number): number {
  return MESSAGE_FLAGS.reduce((sum, [host, freebsd]) => (flags & freebsd ? sum | host : sum), 0);
}

/** A level and option as FreeBSD numbers them; an option of SOL_SOCKET that it does not have is 0, which there is none of. */
export function optionFromHost(level: number, option: number): { level: number; option: number } {
  if (level !== HOST_SOL_SOCKET) return { level, option };
  return { level: SOL.SOCKET, option: freebsdOf(SOCKET_OPTIONS, option) ?? 0 };
}

/** As optionFromHost; options that only FreeBSD has (SO_USELOOPBACK …) come by its own numbers. */
export function routingOptionFromHost(level: number, option: number): { level: number; option: number } {
  const isFreebsd = level === HOST_SOL_SOCKET && option in ROUTE_SO;
  return isFreebsd ? { level: SOL.SOCKET, option } : optionFromHost(level, option);
}

/** FIONREAD and TIOCOUTQ; undefined for another request. */
export function ioctlFromHost(request: number): number | undefined {
  return freebsdOf(IOCTLS, request);
}

function freebsdOf(pairs: Pairs, number: number): number | undefined {
  return pairs.find(([host]) => host === number)?.[1];
}
