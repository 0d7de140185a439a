// Options of a Linux netlink socket (net/netlink/af_netlink.c, net/core/sock.c; linux-compat E2.11).

import { NETLINK, NETLINK_OPTION } from "../../assembly/abi/netlink.js";
import { LinuxErrno, LinuxError } from "./errno.js";
import { LinuxAF } from "./family.js";
import { Filter } from "./filter.js";
import { LinuxLimit, LinuxSO, LinuxSOL } from "./number.js";
import { refill, refillSet } from "./plain.js";

/** Options of level SOL_NETLINK that are flags, kept as given. */
const FLAGS: ReadonlySet<number> = new Set([
  NETLINK_OPTION.PKTINFO,
  NETLINK_OPTION.BROADCAST_ERROR,
  NETLINK_OPTION.NO_ENOBUFS,
  NETLINK_OPTION.LISTEN_ALL_NSID,
  NETLINK_OPTION.CAP_ACK,
  NETLINK_OPTION.EXT_ACK,
  NETLINK_OPTION.GET_STRICT_CHK,
]);

/** Options of level SOL_SOCKET that are accepted and given back, without effect on netlink. */
const STORED: ReadonlyMap<number, { readonly bytes: number; readonly isFlag?: boolean }> = new Map([
  [LinuxSO.DEBUG, { bytes: 4, isFlag: true }],
  [LinuxSO.PRIORITY, { bytes: 4 }],
  [LinuxSO.PASSCRED, { bytes: 4, isFlag: true }],
  [LinuxSO.RCVTIMEO, { bytes: 16 }],
  [LinuxSO.SNDTIMEO, { bytes: 16 }],
  [LinuxSO.TIMESTAMP, { bytes: 4, isFlag: true }],
  [LinuxSO.MARK, { bytes: 4 }],
]);

/** Bits of a word, and bytes of one. */
const WORD_BITS = 32;
const WORD_BYTES = 4;
/** Half of the largest int: twice as much is what a limit can be. */
const HALF_INT = 0x3fffffff;

/** The options of a socket as plain data, and maps and sets of it. */
export interface SocketOptionState {
  readonly groups: ReadonlySet<number>;
  readonly receiveLimit: number;
  readonly sendLimit: number;
  /** The instructions. */
  readonly filter: Uint8Array | undefined;
  readonly flags: ReadonlySet<number>;
  readonly stored: ReadonlyMap<number, Uint8Array>;
}

export class SocketOptionTable {
  readonly type: number;
  readonly protocol: number;
  /** Groups that the socket is a member of. */
  readonly groups = new Set<number>();
  /** SO_RCVBUF and SO_SNDBUF as getsockopt tells them: twice what was set. */
  receiveLimit: number = LinuxLimit.SOCKBUF;
  sendLimit: number = LinuxLimit.SOCKBUF;
  filter: Filter | undefined;
  readonly #isPrivileged: boolean;
  readonly #groupsMax: number;
  readonly #flags = new Set<number>();
  readonly #stored = new Map<number, Uint8Array>();

  constructor(type: number, protocol: number, isPrivileged: boolean) {
    this.type = type;
    this.protocol = protocol;
    this.#isPrivileged = isPrivileged;
    this.#groupsMax = protocol === NETLINK.GENERIC ? LinuxLimit.GENERIC_GROUPS : LinuxLimit.GROUPS;
  }

  save(): SocketOptionState {
    const { groups, receiveLimit, sendLimit, filter } = this;
    return { groups, receiveLimit, sendLimit, filter: filter?.bytes, flags: this.#flags, stored: this.#stored };
  }

  load({ groups, receiveLimit, sendLimit, filter, flags, stored }: SocketOptionState): void {
    refillSet(this.groups, groups);
    this.receiveLimit = receiveLimit;
    this.sendLimit = sendLimit;
    this.filter = filter && new Filter(filter);
    refillSet(this.#flags, flags);
    refill(this.#stored, stored);
  }

  /** A flag of level SOL_NETLINK. */
  isOn(option: number): boolean {
    return this.#flags.has(option);
  }

  /** Groups 1 … 32 as bind's mask: exactly these. */
  setGroupMask(mask: number): void {
    for (let group = 1; group <= WORD_BITS; group++) {
      if ((mask >>> (group - 1)) & 1) this.groups.add(group);
      else this.groups.delete(group);
    }
  }

  /** Groups 1 … 32, as getsockname tells them. */
  get groupMask(): number {
    let mask = 0;
    for (const group of this.groups) if (group <= WORD_BITS) mask |= 1 << (group - 1);
    return mask >>> 0;
  }

  /**
   * @param value - the bytes given; of level SOL_NETLINK fewer than 4 mean 0
   * @throws LinuxError ENOPROTOOPT no such option; EINVAL a group that is not there, a filter, or too few bytes; EPERM
   */
  set(level: number, option: number, value: Uint8Array): void {
    if (level === LinuxSOL.NETLINK) this.#setNetlink(option, wordOf(value));
    else if (level === LinuxSOL.SOCKET) this.#setSocket(option, value);
    else throw refused("setsockopt", LinuxErrno.ENOPROTOOPT);
  }

  #setNetlink(option: number, value: number): void {
    if (option === NETLINK_OPTION.ADD_MEMBERSHIP || option === NETLINK_OPTION.DROP_MEMBERSHIP) {
      if (value < 1 || value > this.#groupsMax) throw refused("setsockopt", LinuxErrno.EINVAL);
      if (option === NETLINK_OPTION.ADD_MEMBERSHIP) this.groups.add(value);
      else this.groups.delete(value);
      return;
    }
    if (!FLAGS.has(option)) throw refused("setsockopt", LinuxErrno.ENOPROTOOPT);
    if (value !== 0) this.#flags.add(option);
    else this.#flags.delete(option);
  }

  #setSocket(option: number, value: Uint8Array): void {
    switch (option) {
      case LinuxSO.ATTACH_FILTER:
        this.filter = new Filter(value);
        return;
      case LinuxSO.DETACH_FILTER:
        if (this.filter === undefined) throw refused("setsockopt", LinuxErrno.ENOENT);
        this.filter = undefined;
        return;
    }
    if (value.length < WORD_BYTES) throw refused("setsockopt", LinuxErrno.EINVAL);
    const word = wordOf(value);
    switch (option) {
      case LinuxSO.RCVBUF:
        this.receiveLimit = limitOf(Math.min(word >>> 0, LinuxLimit.SOCKBUF), LinuxLimit.RCVBUF_LEAST);
        return;
      case LinuxSO.SNDBUF:
        this.sendLimit = limitOf(Math.min(word >>> 0, LinuxLimit.SOCKBUF), LinuxLimit.SNDBUF_LEAST);
        return;
      case LinuxSO.RCVBUFFORCE:
        this.#expectPrivilege();
        this.receiveLimit = limitOf(Math.max(word, 0), LinuxLimit.RCVBUF_LEAST);
        return;
      case LinuxSO.SNDBUFFORCE:
        this.#expectPrivilege();
        this.sendLimit = limitOf(Math.max(word, 0), LinuxLimit.SNDBUF_LEAST);
        return;
      default:
        this.#store(option, value, word);
    }
  }

  #store(option: number, value: Uint8Array, word: number): void {
    const kind = STORED.get(option);
    if (kind === undefined) throw refused("setsockopt", LinuxErrno.ENOPROTOOPT);
    if (value.length < kind.bytes) throw refused("setsockopt", LinuxErrno.EINVAL);
    this.#stored.set(option, kind.isFlag ? bytesOf(word === 0 ? 0 : 1) : value.slice(0, kind.bytes));
  }

  #expectPrivilege(): void {
    if (!this.#isPrivileged) throw refused("setsockopt", LinuxErrno.EPERM);
  }

  /**
   * @param room - bytes the program has for the value
   * @returns the whole value; the caller copies what fits. SO_ERROR is the socket's own matter
   * @throws LinuxError ENOPROTOOPT; EINVAL less room than the option needs
   */
  get(level: number, option: number, room: number): Uint8Array {
    if (level === LinuxSOL.NETLINK) return this.#getNetlink(option, room);
    if (level !== LinuxSOL.SOCKET) throw refused("getsockopt", LinuxErrno.ENOPROTOOPT);
    switch (option) {
      case LinuxSO.TYPE:
        return bytesOf(this.type);
      case LinuxSO.DOMAIN:
        return bytesOf(LinuxAF.NETLINK);
      case LinuxSO.PROTOCOL:
        return bytesOf(this.protocol);
      case LinuxSO.RCVBUF:
        return bytesOf(this.receiveLimit);
      case LinuxSO.SNDBUF:
        return bytesOf(this.sendLimit);
      default: {
        const kind = STORED.get(option);
        if (kind === undefined) throw refused("getsockopt", LinuxErrno.ENOPROTOOPT);
        return this.#stored.get(option) ?? new Uint8Array(kind.bytes);
      }
    }
  }

  #getNetlink(option: number, room: number): Uint8Array {
    if (option === NETLINK_OPTION.LIST_MEMBERSHIPS) {
      const words = new Uint32Array(Math.ceil(this.#groupsMax / WORD_BITS));
      for (const group of this.groups) {
        const word = (group - 1) >>> 5;
        words[word] = ((words[word] as number) | (1 << ((group - 1) & 31))) >>> 0;
      }
      return new Uint8Array(words.buffer);
    }
    if (!FLAGS.has(option)) throw refused("getsockopt", LinuxErrno.ENOPROTOOPT);
    if (room < WORD_BYTES) throw refused("getsockopt", LinuxErrno.EINVAL);
    return bytesOf(this.#flags.has(option) ? 1 : 0);
  }
}

function refused(operation: string, errno: number): LinuxError {
  return new LinuxError(operation, errno);
}

/** Linux counts twice what a program asks for. @param least - what a smaller value becomes */
function limitOf(bytes: number, least: number): number {
  return Math.max(Math.min(bytes, HALF_INT) * 2, least);
}

/** The first four bytes as an int; fewer are 0. */
function wordOf(value: Uint8Array): number {
  if (value.length < WORD_BYTES) return 0;
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getInt32(0, true);
}

function bytesOf(word: number): Uint8Array {
  const bytes = new Uint8Array(WORD_BYTES);
  new DataView(bytes.buffer).setUint32(0, word, true);
  return bytes;
}
