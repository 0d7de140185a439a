// The calls on a socket, each with its checks in FreeBSD's order (netlink/netlink_domain.c; netlink-core N1, N2).
// Answers are errnos; where a call also gives a number, that is negative for an errno.

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { FIO, MSG, NETLINK_OPTION, NetlinkLimit, NetlinkSize, NLMSGINFO_ATTR, PRIV, SO, SOCK, SOL } from "../abi/netlink";
import { Buffer, allocateBuffer, release } from "../mem/buffer";
import { isAwaiting } from "./external";
import { foreignScratch } from "./foreign";
import { NetlinkSysctl, isLoaded, readSysctl, receiveLimitMax } from "./module";
import { join, leave, leaveAll, legacyGroups, setLegacyGroups } from "./multicast";
import { choosePort, givePort, takePort } from "./port";
import { hasProtocol } from "./protocol";
import { clearReceived, forgetDropped } from "./queue";
import { Socket, SocketOption, constrain, freeSocket, openSocket } from "./socket";
import { dequeue, runSocket, schedule } from "./task";
import { allocateWriter, freeWriter } from "./writer";

/** What a socket is opened with. */
@unmanaged
export class OpenRequest {
  type: i32;
  protocol: i32;
  processId: u32;
  /** PRIV.* */
  privileges: u32;
  /** In a jail without a vnet of its own. */
  isConstrained: bool;
  /** In capability mode no socket can be opened. */
  isCapabilityMode: bool;
  /** JailAddress records. */
  jailAddresses: usize;
  jailAddressCount: u32;
  /** What foreign.ts says of a socket whose messages the host rewrites. */
  isForeign: bool;
  losesDepartures: bool;
  linkGrowth: u8;
  ethernetNameBytes: u8;
}

/** socket(2): the socket, or a negative errno (netlink-core N2.1). */
export function open(from: OpenRequest): i32 {
  if (!isLoaded()) return -Errno.EAFNOSUPPORT;
  if (from.type != SOCK.RAW && from.type != SOCK.DGRAM) {
    return from.protocol == 0 ? -Errno.EPROTOTYPE : -Errno.EPROTONOSUPPORT;
  }
  if (from.isCapabilityMode) return -Errno.ECAPMODE;
  if (from.protocol < 0 || from.protocol >= NetlinkLimit.PROTOCOLS) return -Errno.EINVAL;
  if (!hasProtocol(from.protocol)) return -Errno.EPROTONOSUPPORT;
  const sendSpace = readSysctl(NetlinkSysctl.SENDSPACE);
  const receiveSpace = readSysctl(NetlinkSysctl.RECVSPACE);
  if (max(sendSpace, receiveSpace) > <u32>NetlinkLimit.SOCKBUF) return -Errno.ENOBUFS;
  const socket = openSocket(from.type, from.protocol, sendSpace, receiveSpace);
  if (socket == null) return -Errno.ENOBUFS;
  socket.processId = from.processId;
  socket.privileges = from.privileges;
  socket.isForeign = from.isForeign;
  socket.losesDepartures = from.losesDepartures;
  socket.linkGrowth = from.linkGrowth;
  socket.ethernetNameBytes = from.ethernetNameBytes;
  socket.writer = allocateWriter();
  if (socket.writer == 0 || (from.isConstrained && !constrain(socket, from.jailAddresses, from.jailAddressCount))) {
    if (socket.writer != 0) freeWriter(socket.writer);
    freeSocket(socket);
    return -Errno.ENOBUFS;
  }
  return <i32>changetype<usize>(socket);
}

/** bind(2) (netlink-core N2.3). The address's own length and family are not looked at: only its given length is. */
export function bind(socket: Socket, addressBytes: u32, port: u32, groups: u32): Errno {
  if (addressBytes > <u32>NetlinkLimit.SOCKADDR) return Errno.ENAMETOOLONG;
  if (addressBytes != <u32>NetlinkSize.SOCKADDR_NL) return Errno.EINVAL;
  if (socket.isBound) {
    if (port != socket.port) return Errno.EINVAL;
  } else {
    const error = takePort(socket, port == 0 ? choosePort(socket) : port);
    if (error != Errno.OK) return error;
  }
  setLegacyGroups(socket, groups);
  return Errno.OK;
}

/** connect(2): never works, for a socket counts as connected from the start (netlink-core N2.4). */
export function connect(addressBytes: u32): Errno {
  if (addressBytes > <u32>NetlinkLimit.SOCKADDR) return Errno.ENAMETOOLONG;
  return addressBytes < 2 ? Errno.EINVAL : Errno.EISCONN;
}

/** sockaddr_nl of 12 bytes: the port, 0 while unbound; groups are never shown. */
export function writeName(socket: Socket, into: usize): void {
  writeSockaddr(into, socket.port);
}

/** The sender's name of whatever is received: the kernel (netlink-core N3.5). */
export function writeSender(into: usize): void {
  writeSockaddr(into, 0);
}

function writeSockaddr(into: usize, port: u32): void {
  memory.fill(into, 0, NetlinkSize.SOCKADDR_NL);
  store<u8>(into, NetlinkSize.SOCKADDR_NL);
  store<u8>(into, AF.NETLINK, 1);
  store<u32>(into, port, 4);
}

/** The control message of a receive, with NETLINK_MSG_INFO; its length, 0 without (netlink-core N1.10, N3.6). */
export function writeControl(socket: Socket, into: usize): u32 {
  if (!socket.has(SocketOption.MSG_INFO)) return 0;
  memory.fill(into, 0, NetlinkSize.CONTROL);
  store<u32>(into, NetlinkSize.CONTROL);
  store<u32>(into, SOL.NETLINK, 4);
  store<u32>(into, NETLINK_OPTION.MSG_INFO, 8);
  store<u32>(into, 8 | (NLMSGINFO_ATTR.PROCESS_ID << 16), 16);
  store<u32>(into, socket.processId, 20);
  store<u32>(into, 8 | (NLMSGINFO_ATTR.PORT_ID << 16), 24);
  store<u32>(into, socket.port, 28);
  return NetlinkSize.CONTROL;
}

/**
 * send(2), first half: the checks and the buffer (netlink-core N2.7). The caller fills it and calls endSend.
 * @returns where the bytes go, or a negative errno: EINVAL control data; EOPNOTSUPP MSG_OOB; ENOBUFS below 16 bytes, or no
 *   memory; EMSGSIZE above the send limit; EAGAIN no room
 */
export function beginSend(socket: Socket, bytes: u32, flags: u32, hasControl: bool): i32 {
  if (hasControl) return -Errno.EINVAL;
  if ((flags & MSG.OOB) != 0) return -Errno.EOPNOTSUPP;
  if (bytes < <u32>NetlinkSize.NLMSGHDR) return -Errno.ENOBUFS;
  if (bytes > socket.sendLimit) return -Errno.EMSGSIZE;
  // Quirk: the test is unsigned, so with the limit lowered below what is queued there is always room.
  if (socket.sendLimit - socket.sentBytes < bytes) return -Errno.EAGAIN;
  forgetSending(socket);
  if (!socket.sent.reserve()) return -Errno.ENOBUFS;
  const buffer = allocateBuffer(bytes + foreignScratch(socket, bytes));
  if (buffer == null) return -Errno.ENOBUFS;
  buffer.length = bytes;
  socket.sending = changetype<usize>(buffer);
  return <i32>buffer.data;
}

/** Lets go of a buffer that was reserved and never sent. */
function forgetSending(socket: Socket): void {
  if (socket.sending == 0) return;
  release(changetype<Buffer>(socket.sending));
  socket.sending = 0;
}

/** send(2), second half: the buffer is queued and the task asked for. */
export function endSend(socket: Socket): void {
  const buffer = changetype<Buffer>(socket.sending);
  socket.sending = 0;
  socket.sent.push(changetype<usize>(buffer));
  socket.sentBytes += buffer.length;
  schedule(socket);
}

/** What follows each receive that found something (netlink-core N3.8). */
export function afterReceive(socket: Socket): void {
  forgetDropped(socket);
  schedule(socket);
}

/**
 * close(2): what was sent is still carried out, as far as the receive queue allows (netlink-core N2.9).
 * @returns false while a message waits for the host
 */
export function close(socket: Socket): bool {
  runSocket(socket);
  if (isAwaiting()) return false;
  leaveAll(socket);
  givePort(socket);
  dequeue(socket);
  forgetSending(socket);
  clearReceived(socket);
  while (socket.sent.count != 0) release(changetype<Buffer>(socket.sent.shift()));
  freeWriter(socket.writer);
  freeSocket(socket);
  return true;
}

function optionBit(option: i32): u32 {
  switch (option) {
    case NETLINK_OPTION.CAP_ACK:
      return SocketOption.CAP_ACK;
    case NETLINK_OPTION.EXT_ACK:
      return SocketOption.EXT_ACK;
    case NETLINK_OPTION.GET_STRICT_CHK:
      return SocketOption.STRICT;
    case NETLINK_OPTION.MSG_INFO:
      return SocketOption.MSG_INFO;
    default:
      return 0;
  }
}

/** setsockopt(2) of an int. Quirk: every level but SOL_SOCKET means the same (netlink-core N1.6). */
export function setOption(socket: Socket, level: i32, option: i32, value: i32, valueBytes: u32): Errno {
  if (level == SOL.SOCKET) return setSocketLevel(socket, option, value, valueBytes);
  const bit = optionBit(option);
  const isMembership = option == NETLINK_OPTION.ADD_MEMBERSHIP || option == NETLINK_OPTION.DROP_MEMBERSHIP;
  if (bit == 0 && !isMembership) return Errno.ENOPROTOOPT;
  if (valueBytes < 4) return Errno.EINVAL;
  if (bit != 0) {
    socket.options = value != 0 ? socket.options | bit : socket.options & ~bit;
    return Errno.OK;
  }
  if (value <= 0 || value >= NetlinkLimit.GROUPS) return Errno.ERANGE;
  if (option == NETLINK_OPTION.ADD_MEMBERSHIP) join(socket, value);
  else leave(socket, value);
  return Errno.OK;
}

function setSocketLevel(socket: Socket, option: i32, value: i32, valueBytes: u32): Errno {
  switch (option) {
    case SO.RCVBUF:
      return valueBytes < 4 ? Errno.EINVAL : setReceiveLimit(socket, value);
    case SO.SNDBUF:
      if (valueBytes < 4 || value < 1) return Errno.EINVAL;
      if (value > NetlinkLimit.SOCKBUF) return Errno.ENOBUFS;
      socket.sendLimit = value;
      socket.sendLowWater = min(socket.sendLowWater, socket.sendLimit);
      return Errno.OK;
    case SO.SNDLOWAT:
      if (valueBytes < 4 || value < 1) return Errno.EINVAL;
      socket.sendLowWater = min<u32>(value, socket.sendLimit);
      return Errno.OK;
    case SO.RCVLOWAT:
      if (valueBytes < 4 || value < 1) return Errno.EINVAL;
      socket.receiveLowWater = min<u32>(value, socket.receiveLimit);
      return Errno.OK;
    default:
      return Errno.ENOPROTOOPT;
  }
}

/** SO_RCVBUF has a limit of its own for the privileged, and 0 makes the socket deaf (netlink-core N1.7). */
function setReceiveLimit(socket: Socket, value: i32): Errno {
  if (value < 0 || value > NetlinkLimit.SOCKBUF) {
    if (!socket.hasPrivilege(PRIV.NET_ROUTE)) return Errno.EPERM;
    if (value < 0 || <u32>value > receiveLimitMax()) return Errno.ENOBUFS;
  }
  socket.receiveLimit = value;
  socket.receiveLowWater = min(socket.receiveLowWater, socket.receiveLimit);
  return Errno.OK;
}

/** getsockopt(2): 0 and the value at `into`, or an errno. */
export function getOption(socket: Socket, level: i32, option: i32, into: usize): Errno {
  if (level == SOL.SOCKET) return getSocketLevel(socket, option, into);
  const bit = optionBit(option);
  if (bit != 0) store<u32>(into, u32(socket.has(bit)));
  else if (option == NETLINK_OPTION.LIST_MEMBERSHIPS) store<u32>(into, legacyGroups(socket));
  else return Errno.ENOPROTOOPT;
  return Errno.OK;
}

function getSocketLevel(socket: Socket, option: i32, into: usize): Errno {
  let value: u32 = 0;
  switch (option) {
    case SO.TYPE:
      value = socket.type;
      break;
    case SO.DOMAIN:
      value = AF.NETLINK;
      break;
    // Both protocol entries have the number 0, whatever the handler (netlink-core N1.7).
    case SO.PROTOCOL:
    case SO.ERROR:
      break;
    case SO.RCVBUF:
      value = socket.receiveLimit;
      break;
    case SO.SNDBUF:
      value = socket.sendLimit;
      break;
    case SO.RCVLOWAT:
      value = socket.receiveLowWater;
      break;
    case SO.SNDLOWAT:
      value = socket.sendLowWater;
      break;
    default:
      return Errno.ENOPROTOOPT;
  }
  store<u32>(into, value);
  return Errno.OK;
}

/** ioctl(2): the number asked for as a u64 at `into`, or an errno. An unread dump may be longer than an int tells. */
export function control(socket: Socket, command: i32, into: usize): Errno {
  switch (command) {
    case FIO.NREAD:
      store<u64>(into, socket.receivedBytes);
      return Errno.OK;
    case FIO.NWRITE:
      store<u64>(into, socket.sentBytes);
      return Errno.OK;
    case FIO.NSPACE:
      store<u64>(into, freeSendSpace(socket));
      return Errno.OK;
    default:
      return Errno.EOPNOTSUPP;
  }
}

function freeSendSpace(socket: Socket): u32 {
  return socket.sendLimit > socket.sentBytes ? socket.sendLimit - socket.sentBytes : 0;
}

/** Bit 0: a receive finds something; bit 1: there is room to send (netlink-core N3.10). */
export function readiness(socket: Socket): u32 {
  const isReadable = socket.receivedBytes >= socket.receiveLowWater;
  const isWritable = freeSendSpace(socket) >= socket.sendLowWater;
  return u32(isReadable) | (u32(isWritable) << 1);
}
