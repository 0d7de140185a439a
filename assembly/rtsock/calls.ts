// The calls on a routing socket (net/rtsock.c; rtsock G.3, G.4.1). write's second half is request.ts.

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { MSG, NetlinkLimit, SO, SOCK, SOL } from "../abi/netlink";
import { ROUTE_SO, RouteSockaddr, SHUT } from "../abi/rtsock";
import { Buffer, allocateBuffer, release } from "../mem/buffer";
import { attachRoutingHooks, detachRoutingHooks } from "../net/hooks";
import { fibCount } from "../net/rib";
import { addressChanged, linkChanged, membershipChanged, neighbourChanged, redirectHeard, routeChanged } from "./events";
import { RoutingSocket, clearReceived, closeSocket, openSocket, routingSocketCount } from "./socket";

/** Zeroes behind a request: a sockaddr may be shorter than what is read of it. */
const SLACK: u32 = 16;

/**
 * socket(2) of PF_ROUTE.
 * @param fib - the process's
 * @returns the socket, or a negative errno: EPROTOTYPE, EPROTONOSUPPORT another type than SOCK_RAW; EINVAL no such fib;
 *   ENOBUFS
 */
export function openRouting(type: i32, protocol: i32, fib: u32): i32 {
  if (type != SOCK.RAW) return protocol == 0 ? -Errno.EPROTOTYPE : -Errno.EPROTONOSUPPORT;
  if (fib >= fibCount()) return -Errno.EINVAL;
  const socket = openSocket(protocol, fib);
  if (socket == 0) return -Errno.ENOBUFS;
  if (routingSocketCount() == 1) {
    attachRoutingHooks(
      linkChanged, addressChanged, neighbourChanged, routeChanged, membershipChanged, redirectHeard,
    );
  }
  return <i32>socket;
}

export function closeRouting(socket: RoutingSocket): void {
  closeSocket(socket);
  if (routingSocketCount() == 0) detachRoutingHooks();
}

/** EINVAL for another number. */
export function shutdownSocket(socket: RoutingSocket, how: i32): Errno {
  if (how < SHUT.RD || how > SHUT.RDWR) return Errno.EINVAL;
  if (how != SHUT.WR) {
    socket.isDeaf = true;
    clearReceived(socket);
  }
  if (how != SHUT.RD) socket.isMute = true;
  return Errno.OK;
}

/** ENOPROTOOPT for other levels and options; EINVAL for a fib that there is not, or too few bytes; ENOBUFS for limits. */
export function setRoutingOption(socket: RoutingSocket, level: i32, option: i32, value: i32, valueBytes: u32): Errno {
  if (level != SOL.SOCKET) return Errno.ENOPROTOOPT;
  switch (option) {
    case ROUTE_SO.USELOOPBACK:
      if (valueBytes < 4) return Errno.EINVAL;
      socket.usesLoopback = value != 0;
      return Errno.OK;
    case ROUTE_SO.RERROR:
      if (valueBytes < 4) return Errno.EINVAL;
      socket.reportsLoss = value != 0;
      return Errno.OK;
    case ROUTE_SO.SETFIB:
      if (valueBytes < 4 || value < 0 || <u32>value >= fibCount()) return Errno.EINVAL;
      socket.fib = value;
      return Errno.OK;
    case SO.RCVBUF:
    case SO.SNDBUF:
      if (valueBytes < 4 || value < 1) return Errno.EINVAL;
      if (value > NetlinkLimit.SOCKBUF) return Errno.ENOBUFS;
      if (option == SO.RCVBUF) socket.receiveLimit = value;
      else socket.sendLimit = value;
      return Errno.OK;
    default:
      return Errno.ENOPROTOOPT;
  }
}

/** An option's value, or a negative errno: ENOPROTOOPT (sogetopt). */
export function routingOption(socket: RoutingSocket, level: i32, option: i32): i32 {
  if (level != SOL.SOCKET) return -Errno.ENOPROTOOPT;
  switch (option) {
    case ROUTE_SO.USELOOPBACK:
      return socket.usesLoopback ? ROUTE_SO.USELOOPBACK : 0;
    case ROUTE_SO.RERROR:
      return socket.reportsLoss ? ROUTE_SO.RERROR : 0;
    case SO.RCVBUF:
      return socket.receiveLimit;
    case SO.SNDBUF:
      return socket.sendLimit;
    case SO.TYPE:
      return SOCK.RAW;
    case SO.DOMAIN:
      return AF.ROUTE;
    // The protocol switch of routing sockets names none, and errors are never pending.
    case SO.PROTOCOL:
    case SO.ERROR:
      return 0;
    default:
      return -Errno.ENOPROTOOPT;
  }
}

/** FIONREAD: bytes of messages that were not read; their senders' addresses do not count (soo_ioctl). */
export function queuedBytes(socket: RoutingSocket): u32 {
  return socket.receivedBytes - socket.received.count * RouteSockaddr.SENDER;
}

/** Bit 0: a read finds something, or the end of file; bit 1: a write does not wait. */
export function routingReadiness(socket: RoutingSocket): u32 {
  const isReadable = socket.isDeaf || socket.received.count != 0 || socket.hasLost;
  return u32(isReadable) | 2;
}

/**
 * write(2), first half: the checks and the buffer.
 * @returns where the bytes go, or a negative errno: EPIPE shut down; EMSGSIZE above the send space; EOPNOTSUPP MSG_OOB or
 *   control data; ENOBUFS below 8 bytes, or no memory (rtsock G.4.1)
 */
export function beginWrite(socket: RoutingSocket, bytes: u32, flags: u32, hasControl: bool): i32 {
  if (socket.isMute) return -Errno.EPIPE;
  if (bytes > socket.sendLimit) return -Errno.EMSGSIZE;
  if ((flags & MSG.OOB) != 0 || hasControl) return -Errno.EOPNOTSUPP;
  if (bytes < 8) return -Errno.ENOBUFS;
  if (socket.sending != 0) release(changetype<Buffer>(socket.sending));
  socket.sending = 0;
  const buffer = allocateBuffer(bytes + SLACK);
  if (buffer == null) return -Errno.ENOBUFS;
  memory.fill(buffer.data + bytes, 0, SLACK);
  buffer.length = bytes;
  socket.sending = changetype<usize>(buffer);
  return <i32>buffer.data;
}
