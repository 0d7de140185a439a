// Options of a socket, from Linux's numbers to FreeBSD's (sys/compat/linux/linux_socket.c, linux_setsockopt; linux-compat
// L10.5, L10.6). What the netlink socket itself has is asked of it; what every socket of FreeBSD has is kept here.

import { NETLINK_OPTION, SO, SOL } from "../../../assembly/abi/netlink.js";
import type { Socket } from "../../kernel/kernel.js";
import { asLinux, LinuxErrno, LinuxError } from "../errno.js";
import { linuxFamilyOf } from "../family.js";
import { LinuxSO, LinuxSOL } from "../number.js";
import { refill, refillSet } from "../plain.js";

/** Options of level SOL_SOCKET that the netlink socket has: Linux's number, FreeBSD's. */
const OF_NETLINK: ReadonlyMap<number, number> = new Map<number, number>([
  [LinuxSO.TYPE, SO.TYPE],
  [LinuxSO.ERROR, SO.ERROR],
  [LinuxSO.SNDBUF, SO.SNDBUF],
  [LinuxSO.RCVBUF, SO.RCVBUF],
  [LinuxSO.RCVLOWAT, SO.RCVLOWAT],
  [LinuxSO.SNDLOWAT, SO.SNDLOWAT],
  [LinuxSO.PROTOCOL, SO.PROTOCOL],
  [LinuxSO.DOMAIN, SO.DOMAIN],
]);

/** Flags of any socket, which change nothing here: Linux's number, and FreeBSD's bit, which is what reading one gives. */
const FLAGS: ReadonlyMap<number, number> = new Map<number, number>([
  [LinuxSO.DEBUG, 0x1],
  [LinuxSO.REUSEADDR, 0x4],
  [LinuxSO.KEEPALIVE, 0x8],
  [LinuxSO.DONTROUTE, 0x10],
  [LinuxSO.BROADCAST, 0x20],
  [LinuxSO.OOBINLINE, 0x100],
  [LinuxSO.TIMESTAMP, 0x400],
  [LinuxSO.TIMESTAMPNS, 0x2000],
  [LinuxSO.REUSEPORT, 0x10000],
]);

/** struct timeval, which has the same form on both sides. */
const TIMEVAL_BYTES = 16;
const SECOND = 1_000_000n;
const TIMEOUTS: ReadonlySet<number> = new Set([LinuxSO.RCVTIMEO, LinuxSO.SNDTIMEO]);
/** Options that lead to another level of the kernel, where a netlink socket has none of that number. */
const ELSEWHERE: ReadonlySet<number> = new Set([LinuxSO.PASSCRED, LinuxSO.PEERCRED]);
const WORD_BYTES = 4;

/** What is kept here, and maps and sets of it. */
export interface StrictOptionState {
  readonly flags: ReadonlySet<number>;
  readonly timeouts: ReadonlyMap<number, Uint8Array>;
}

export class StrictOptions {
  readonly #socket: Socket;
  readonly #flags = new Set<number>();
  readonly #timeouts = new Map<number, Uint8Array>();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  save(): StrictOptionState {
    return { flags: this.#flags, timeouts: this.#timeouts };
  }

  load({ flags, timeouts }: StrictOptionState): void {
    refillSet(this.#flags, flags);
    refill(this.#timeouts, timeouts);
  }

  /** @throws LinuxError ENOPROTOOPT; EINVAL too few bytes; ERANGE a group outside 1 … 127; EPERM; ENOBUFS;
   *   EDOM a timeout that is no time */
  set(level: number, option: number, value: Uint8Array): void {
    if (level === LinuxSOL.NETLINK) this.#setNetlink(option, value);
    else if (level === LinuxSOL.SOCKET) this.#setSocket(option, value);
    else throw new LinuxError("setsockopt", LinuxErrno.ENOPROTOOPT);
  }

  #setNetlink(option: number, value: Uint8Array): void {
    // The kernel keeps FreeBSD's own control data from a Linux program, after it has read the value (netlink-core N1.6).
    if (option === NETLINK_OPTION.MSG_INFO) throw new LinuxError("setsockopt", LinuxErrno.EINVAL);
    asLinux("setsockopt", () => this.#socket.setsockopt(SOL.NETLINK, option, value));
  }

  #setSocket(option: number, value: Uint8Array): void {
    const own = OF_NETLINK.get(option);
    if (own !== undefined) {
      asLinux("setsockopt", () => this.#socket.setsockopt(SOL.SOCKET, own, value));
    } else if (FLAGS.has(option)) {
      this.#setFlag(option, value);
    } else if (TIMEOUTS.has(option)) {
      this.#timeouts.set(option, timevalOf(value));
    } else {
      throw new LinuxError("setsockopt", LinuxErrno.ENOPROTOOPT);
    }
  }

  #setFlag(option: number, value: Uint8Array): void {
    if (value.length < WORD_BYTES) throw new LinuxError("setsockopt", LinuxErrno.EINVAL);
    if (value.subarray(0, WORD_BYTES).some((byte) => byte !== 0)) this.#flags.add(option);
    else this.#flags.delete(option);
  }

  /**
   * @param room - bytes the program has for the value
   * @throws LinuxError EINVAL for every option of level SOL_NETLINK, and others that FreeBSD lacks; ENOPROTOOPT
   */
  get(level: number, option: number, room: number): Uint8Array {
    if (level !== LinuxSOL.SOCKET) throw new LinuxError("getsockopt", LinuxErrno.EINVAL);
    return this.#getSocket(option).subarray(0, room);
  }

  #getSocket(option: number): Uint8Array {
    const own = OF_NETLINK.get(option);
    if (own !== undefined) {
      const value = asLinux("getsockopt", () => this.#socket.getsockopt(SOL.SOCKET, own));
      return bytesOf(option === LinuxSO.DOMAIN ? linuxFamilyOf(value) : value);
    }
    const bit = FLAGS.get(option);
    if (bit !== undefined) return bytesOf(this.#flags.has(option) ? bit : 0);
    if (TIMEOUTS.has(option)) return this.#timeouts.get(option) ?? new Uint8Array(TIMEVAL_BYTES);
    throw new LinuxError("getsockopt", ELSEWHERE.has(option) ? LinuxErrno.ENOPROTOOPT : LinuxErrno.EINVAL);
  }
}

/** @throws LinuxError EDOM it is no time */
function timevalOf(value: Uint8Array): Uint8Array {
  const timeval = new Uint8Array(TIMEVAL_BYTES);
  timeval.set(value.subarray(0, TIMEVAL_BYTES));
  const view = new DataView(timeval.buffer);
  const microseconds = view.getBigInt64(8, true);
  if (view.getBigInt64(0, true) < 0n || microseconds < 0n || microseconds >= SECOND) {
    throw new LinuxError("setsockopt", LinuxErrno.EDOM);
  }
  return timeval;
}

function bytesOf(word: number): Uint8Array {
  const bytes = new Uint8Array(WORD_BYTES);
  new DataView(bytes.buffer).setUint32(0, word, true);
  return bytes;
}
