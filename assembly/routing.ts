// The exports for routing sockets (PF_ROUTE), and for multicast memberships, which only they show; both are there with netlink
// loaded or not. As in index.ts a negative result is
// an errno.

import { Errno } from "./abi/errno";
import { Exchange, JAIL_ADDRESSES_MAX, JailAddressLayout, OpenLayout, ReceiveLayout, SysctlLayout } from "./abi/exchange";
import { exchangeArea } from "./exchangearea";
import { Buffer } from "./mem/buffer";
import { AddressRequest } from "./net/addressctl";
import { findByIndex } from "./net/ifnet";
import { joinByProgram, leaveByProgram } from "./net/membership";
import {
  beginWrite, closeRouting, openRouting, queuedBytes, routingOption, routingReadiness, setRoutingOption, shutdownSocket,
} from "./rtsock/calls";
import { Caller } from "./rtsock/caller";
import { closeOutput, output } from "./rtsock/output";
import { endWrite } from "./rtsock/request";
import { RoutingSocket, dropFirst, firstReceived } from "./rtsock/socket";
import { NO_ROOM, Query, sysctlNet } from "./rtsock/sysctl";

if (SysctlLayout.MIB < OpenLayout.JAIL_ADDRESSES + JAIL_ADDRESSES_MAX * JailAddressLayout.BYTES) ERROR("SysctlLayout");
if (SysctlLayout.MIB + SysctlLayout.NUMBERS_MAX * 4 > Exchange.BYTES) ERROR("SysctlLayout");

const query = changetype<Query>(memory.data(offsetof<Query>(), 16));
const caller = changetype<Caller>(memory.data(offsetof<Caller>(), 16));

/** The socket's handle, or a negative errno. @param fib - the process's */
export function routingOpen(type: i32, protocol: i32, fib: u32): i32 {
  return openRouting(type, protocol, fib);
}

export function routingSetOption(socket: usize, level: i32, option: i32, value: i32, valueBytes: u32): i32 {
  return -setRoutingOption(changetype<RoutingSocket>(socket), level, option, value, valueBytes);
}

/** An option's value, or a negative errno. */
export function routingGetOption(socket: usize, level: i32, option: i32): i32 {
  return routingOption(changetype<RoutingSocket>(socket), level, option);
}

/** Bytes of messages that were not read (FIONREAD). */
export function routingQueued(socket: usize): u32 {
  return queuedBytes(changetype<RoutingSocket>(socket));
}

/** Where `bytes` bytes of a write go, or a negative errno; routingWrite follows when they are there. */
export function routingReserve(socket: usize, bytes: u32, flags: u32, hasControl: bool): i32 {
  return beginWrite(changetype<RoutingSocket>(socket), bytes, flags, hasControl);
}

/** Exchange: an OpenLayout of whoever writes: process, privileges, jail. The request is carried out, and echoed; its errno. */
export function routingWrite(socket: usize): i32 {
  return -endWrite(changetype<RoutingSocket>(socket), callerInExchange());
}

function callerInExchange(): Caller {
  caller.processId = load<u32>(exchangeArea, OpenLayout.PROCESS_ID);
  caller.privileges = load<u32>(exchangeArea, OpenLayout.PRIVILEGES);
  caller.isConstrained = load<u8>(exchangeArea, OpenLayout.IS_CONSTRAINED) != 0;
  caller.jailAddressCount = load<u32>(exchangeArea, OpenLayout.JAIL_ADDRESS_COUNT);
  caller.jailAddresses = exchangeArea + OpenLayout.JAIL_ADDRESSES;
  return caller;
}

/**
 * Looks at the first message: its bytes, 0 at the end of file, or a negative errno. Exchange: where they lie. routingDrop
 * follows when they were read.
 */
export function routingFirst(socket: usize): i32 {
  const first = firstReceived(changetype<RoutingSocket>(socket));
  if (first == 0 || (first < 0 && first > -256)) return first;
  const buffer = changetype<Buffer>(<usize>first);
  store<usize>(exchangeArea, buffer.data, ReceiveLayout.WINDOW);
  return buffer.length;
}

export function routingDrop(socket: usize): void {
  dropFirst(changetype<RoutingSocket>(socket));
}

/**
 * sysctl(3). Exchange: who asks, then the numbers of the MIB, of which at most NUMBERS_MAX are there.
 * @param count - how many it has; @param room - bytes, or u32.MAX_VALUE when only the size is asked for
 * @returns bytes that there are for the caller, or a negative errno. Exchange: where they lie, and whether they are cut with
 *   ENOMEM; routingSysctlDone follows
 */
export function routingSysctl(count: u32, hasNewValue: bool, room: u32, processFib: u32): i32 {
  query.mib = exchangeArea + SysctlLayout.MIB;
  query.count = count;
  query.hasNewValue = hasNewValue;
  query.processFib = processFib;
  const error = sysctlNet(query, room, callerInExchange());
  if (error != Errno.OK && error != Errno.ENOMEM) return -error;
  store<usize>(exchangeArea, output.at, ReceiveLayout.WINDOW);
  store<u32>(exchangeArea, u32(error == Errno.ENOMEM), ReceiveLayout.IS_CUT);
  return room == NO_ROOM ? output.total : output.filled;
}

export function routingSysctlDone(): void {
  closeOutput();
}

/**
 * A program joins a multicast group on an interface, or leaves it. Exchange: an AddressRequest, of which family and address
 * count.
 */
export function membershipChange(index: u32, isJoin: bool): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  const group = changetype<AddressRequest>(exchangeArea);
  return isJoin
    ? -joinByProgram(ifp, group.family, group.high, group.low)
    : -leaveByProgram(ifp, group.family, group.high, group.low);
}

export function routingShutdown(socket: usize, how: i32): i32 {
  return -shutdownSocket(changetype<RoutingSocket>(socket), how);
}

export function routingPoll(socket: usize): u32 {
  return routingReadiness(changetype<RoutingSocket>(socket));
}

export function routingClose(socket: usize): void {
  closeRouting(changetype<RoutingSocket>(socket));
}
