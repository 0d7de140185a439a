// write(2) on a routing socket, second half: the request, checked in FreeBSD's order, carried out and echoed (net/rtsock.c,
// route_output; rtsock G.4.1).

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { ROUTE_RTM, ROUTE_VERSION, RouteSize, RtMsgHdr } from "../abi/rtsock";
import { Buffer, release } from "../mem/buffer";
import { longestMatch } from "../net/gappedroutes";
import { Interface } from "../net/ifnet";
import { nexthopOf } from "../net/payload";
import { Rib, entryPayload, ribOf } from "../net/rib";
import { Caller, mayChangeRoutes } from "./caller";
import { echoRaw, echoRequest } from "./echo";
import { handleLldata } from "./lldata";
import { normalise, parsed, walkSockaddrs } from "./parsed";
import { changeRoute } from "./routechange";
import { addRoute, blackholeFlag, canDiscard, deleteRoute, getRoute } from "./routerequest";
import { RoutingSocket } from "./socket";

/** Carries out what beginWrite made room for. Its errno is in the echo too. */
export function endWrite(socket: RoutingSocket, caller: Caller): Errno {
  const buffer = changetype<Buffer>(socket.sending);
  socket.sending = 0;
  const error = handle(socket, caller, buffer.data, buffer.length);
  release(buffer);
  return error;
}

function handle(socket: RoutingSocket, caller: Caller, header: usize, length: u32): Errno {
  const isWhole = length >= <u32>RouteSize.RT_MSGHDR && <u32>load<u16>(header, RtMsgHdr.MSGLEN) == length;
  const isKnown = isWhole && load<u8>(header, RtMsgHdr.VERSION) == <u8>ROUTE_VERSION;
  if (!isKnown) {
    echoRaw(socket, header, length);
    return isWhole ? Errno.EPROTONOSUPPORT : Errno.EINVAL;
  }
  store<u32>(header, caller.processId, RtMsgHdr.PID);
  const malformed = check(caller, header, length);
  if (malformed != Errno.OK) {
    store<u32>(header, malformed, RtMsgHdr.ERRNO);
    echoRaw(socket, header, length);
    return malformed;
  }
  parsed.fib = socket.fib;
  const isLldata = parsed.has(RTF.LLDATA);
  dropOwnGateway();
  const error = isLldata ? handleLldata() : carryOut(socket, caller);
  // A route that was changed or found has been echoed from the table.
  if (error != Errno.OK || isLldata) echoRequest(socket, error);
  return error;
}

/** What is refused before anything is rebuilt (fill_addrinfo). */
function check(caller: Caller, header: usize, length: u32): Errno {
  let error = walkSockaddrs(header, length);
  if (error == Errno.OK) error = normalise();
  if (error != Errno.OK) return error;
  return parsed.type == ROUTE_RTM.GET || mayChangeRoutes(caller) ? Errno.OK : Errno.EPERM;
}

/** A gateway that is an address of this host is none: its route leads to loopback by a link-level gateway (rtsock G.4.4). */
function dropOwnGateway(): void {
  const family = parsed.gatewayFamily;
  if (family != AF.INET && family != AF.INET6) return;
  const rib = ribOf(parsed.fib, family);
  const entry: usize = rib == null ? 0 : longestMatch(rib, parsed.gatewayHigh, parsed.gatewayLow);
  if (entry == 0) return;
  const nexthop = nexthopOf(changetype<Rib>(changetype<usize>(rib)), entryPayload(changetype<Rib>(changetype<usize>(rib)), entry));
  if (nexthop.neighbourFamily == AF.LINK && changetype<Interface>(nexthop.ifp).isLoopback) parsed.flags &= ~RTF.GATEWAY;
}

function carryOut(socket: RoutingSocket, caller: Caller): Errno {
  const discards = blackholeFlag();
  if (discards == (RTF.BLACKHOLE | RTF.REJECT)) return Errno.EINVAL;
  if (discards != 0 && !canDiscard()) return Errno.EOPNOTSUPP;
  if (discards != 0) replaceGateway();
  const rib = changetype<Rib>(changetype<usize>(ribOf(parsed.fib, parsed.family)));
  switch (parsed.type) {
    case ROUTE_RTM.ADD:
      return addRoute(socket, rib);
    case ROUTE_RTM.DELETE:
      return deleteRoute(socket, rib);
    case ROUTE_RTM.CHANGE:
      return changeRoute(socket, rib);
    case ROUTE_RTM.GET:
      return getRoute(socket, rib, caller);
    default:
      return Errno.EOPNOTSUPP;
  }
}

/** A route that discards has this host's loopback address as gateway, whatever was sent (fill_blackholeinfo). */
function replaceGateway(): void {
  parsed.flags &= ~RTF.GATEWAY;
  parsed.gatewayFamily = parsed.family;
  parsed.gatewayHigh = parsed.family == AF.INET ? 0x7f00000100000000 : 0;
  parsed.gatewayLow = parsed.family == AF.INET ? 0 : 1;
}
