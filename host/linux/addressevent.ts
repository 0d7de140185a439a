// What Linux programs are told of addresses (linux-compat E11; linux-clients C6). FreeBSD tells of an IPv4 address as gone and
// come when its interface goes down and up, though it stays: Linux then says nothing.

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, IfAddrMsg, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { type Address, readAddress, sameBytes } from "./addressmirror.js";
import { isSecondary, writeAddress } from "./addressobject.js";
import { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { FOREVER } from "./number.js";
import type { Cause, EventHandler, LinuxVnet } from "./vnet.js";

/**
 * What follows from an address that came or went, after Linux sockets were told of it.
 * @param isThere - whether it came
 */
export type AddressFollower = (vnet: LinuxVnet, address: Address, isThere: boolean, cause: Cause | undefined) => void;

/** The routes that Linux makes of addresses have their row here (E11.1). */
const FOLLOWERS: readonly AddressFollower[] = [(vnet, address) => vnet.routes.own.followAddress(vnet, address)];

// ---- notifications of the kernel

/** RTM_NEWADDR of the kernel. An IPv4 address that is there already was told of before: its interface came up. */
export const addressArrived: EventHandler = (vnet, message, cause) => {
  const told = readAddress(message);
  settleDoubts(vnet, told.index);
  const before = vnet.addresses.get(told.index, told.family, told.local);
  const { address, isNew } = vnet.addresses.set(message);
  if (address.family === AF.INET) {
    if (!isNew && before !== undefined && isSame(before, address)) return;
    noteArrival(vnet, address);
  }
  tell(vnet, message, RTM.NEWADDR, address, directCause(address, cause));
};

/** IPv4 addresses have no stamps in the kernel. What a request gives is noted before it asks. */
function noteArrival(vnet: LinuxVnet, address: Address): void {
  const key = address.key;
  if (vnet.notes.addresses.has(key)) return;
  const now = vnet.kernel.uptime;
  vnet.notes.addresses.set(key, {
    isGiven: false,
    label: undefined,
    flags: 0,
    hasBroadcast: false,
    peer: undefined,
    priority: 0,
    protocol: 0,
    created: now,
    changed: now,
    preferred: FOREVER,
    valid: FOREVER,
  });
}

/** RTM_DELADDR of the kernel. */
export const addressDeparted: EventHandler = (vnet, message, cause) => {
  const address = readAddress(message);
  if (vnet.addresses.get(address.index, address.family, address.local) === undefined) return;
  const direct = directCause(address, cause);
  if (address.family === AF.INET && direct === undefined) doubt(vnet, message);
  else removeAddress(vnet, message, address, direct);
};

function isSame(left: Address, right: Address): boolean {
  return (
    left.prefixLength === right.prefixLength &&
    sameBytes(left.peer, right.peer) &&
    sameBytes(left.broadcast, right.broadcast)
  );
}

/** The request is the cause of what happens to the address that it names, not of all that follows. */
function directCause(address: Address, cause: Cause | undefined): Cause | undefined {
  return cause?.subject === address.key ? cause : undefined;
}

/**
 * An address is gone. Its note goes too, unless the request that replaces it made that.
 * @param message - RTM_DELADDR, or RTM_NEWADDR, of the kernel
 */
export function removeAddress(vnet: LinuxVnet, message: MessageReader, address: Address, cause?: Cause): void {
  const { family, index, local } = address;
  const known = vnet.addresses.get(index, family, local) ?? address;
  const wasSecondary = vnet.hasMembers(RTNLGRP.IPV4_IFADDR, cause) && isSecondary(vnet, known);
  vnet.addresses.delete(address);
  // Linux acknowledges a deletion before it tells of it (E11.3), but for the program's own echo.
  const isLate = cause?.type === RTM.DELADDR && (cause.flags & NLM_F.ECHO) === 0;
  const bytes = message.message.slice();
  const leave = () => {
    const reader = new MessageReader(bytes);
    reader.seek(0);
    write(vnet, reader, RTM.DELADDR, family, () => wasSecondary, cause);
    for (const follow of FOLLOWERS) follow(vnet, known, false, cause);
  };
  if (isLate) cause.afterAck(leave);
  else leave();
  // The note tells the label: it goes last.
  const forget = () => {
    if (vnet.addresses.get(index, family, local) === undefined) vnet.notes.addresses.delete(address.key);
  };
  if (isLate) cause.afterAck(forget);
  else if (cause?.type !== RTM.NEWADDR) forget();
}

/** Tells of an address, and makes of it what follows. */
function tell(vnet: LinuxVnet, message: MessageReader, type: number, address: Address, cause?: Cause): void {
  write(vnet, message, type, address.family, () => isSecondary(vnet, address), cause);
  for (const follow of FOLLOWERS) follow(vnet, address, true, cause);
}

function write(
  vnet: LinuxVnet,
  message: MessageReader,
  type: number,
  family: number,
  isSecond: () => boolean,
  cause: Cause | undefined,
): void {
  const group = family === AF.INET ? RTNLGRP.IPV4_IFADDR : RTNLGRP.IPV6_IFADDR;
  vnet.multicast(group, cause, (writer, seq, port) => {
    writeAddress(vnet, message, type, writer, { flags: 0, seq, port }, isSecond());
  });
}

/** Tells of an address as it is now: of some changes the kernel tells nobody. */
export function tellAddress(vnet: LinuxVnet, { index, family, local }: Address, cause?: Cause): void {
  eachAddress(vnet, index, family, (message, address) => {
    if (sameBytes(address.local, local)) tell(vnet, message, RTM.NEWADDR, vnet.addresses.set(message).address, cause);
  });
}

// ---- addresses that may have gone

/** The kernel says that an IPv4 address is gone: whether it is, shows when all that was told is heard. */
function doubt(vnet: LinuxVnet, message: MessageReader): void {
  const index = message.header32(IfAddrMsg.INDEX);
  if (vnet.doubts.size === 0) vnet.defer(() => settleAllDoubts(vnet));
  const doubts = vnet.doubts.get(index) ?? [];
  doubts.push(message.message.slice());
  vnet.doubts.set(index, doubts);
}

function settleAllDoubts(vnet: LinuxVnet): void {
  for (const index of [...vnet.doubts.keys()]) settleDoubts(vnet, index);
}

/** What the kernel said was gone from an interface, and has not, stays; Linux programs are told of the rest. */
export function settleDoubts(vnet: LinuxVnet, index: number): void {
  const doubts = vnet.doubts.get(index);
  if (doubts === undefined) return;
  vnet.doubts.delete(index);
  const present = new Map<string, Address>();
  eachAddress(vnet, index, AF.INET, (_, address) => void present.set(address.key, address));
  for (const bytes of doubts) {
    const reader = new MessageReader(bytes);
    reader.seek(0);
    const address = readAddress(reader);
    const now = present.get(address.key);
    const known = vnet.addresses.get(index, AF.INET, address.local);
    if (known === undefined || (now !== undefined && isSame(known, now))) continue;
    removeAddress(vnet, reader, address);
  }
}

/** Addresses of one family on an interface, as the kernel has them now. */
export function eachAddress(
  vnet: LinuxVnet,
  index: number,
  family: number,
  visit: (message: MessageReader, address: Address) => void,
): void {
  vnet.agent.ask(addressRequest(family, index), (message) => visit(message, readAddress(message)));
}

/** RTM_GETADDR of the kernel's own ABI. @param family - 0: both. @param index - 0: all interfaces */
export function addressRequest(family: number, index: number): Uint8Array {
  const writer = new MessageWriter(64);
  writer.begin(RTM.GETADDR, NLM_F.REQUEST | NLM_F.DUMP, 0, 0, HeaderSize.IFADDRMSG);
  writer.header8(IfAddrMsg.FAMILY, family);
  writer.header32(IfAddrMsg.INDEX, index);
  writer.end();
  return writer.written;
}
