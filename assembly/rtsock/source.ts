// Which interface and source address a route gets that a routing socket asks for (net/route/route_ifaddrs.c, rt_getifa_fib,
// ifa_ifwithroute; rtsock G.4.5). Netlink's own rules are other ones (net/resolve.ts).
//   select   into `selected`, from the request

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { RouteSockaddrAt } from "../abi/rtsock";
import { loadHigh, loadLow } from "../net/address";
import { longestMatch } from "../net/gappedroutes";
import { IfAddress, addressEqual, addressFor, addressOfPeer, addressWithin, firstAddress } from "../net/ifaddr";
import { Interface, findByIndex, findByName } from "../net/ifnet";
import { NHF } from "../net/nexthop";
import { nexthopOf } from "../net/payload";
import { entryPayload, ribOf } from "../net/rib";
import { familyAt, parsed } from "./parsed";

@unmanaged
class Selected {
  /** Interface; 0 = none. */
  ifp: usize;
  /** IfAddress; 0 = the interface's link-level address. */
  source: usize;
}

export const selected = changetype<Selected>(memory.data(offsetof<Selected>(), 16));

const name: usize = memory.data(16);

function take(ifp: usize, source: usize): Errno {
  selected.ifp = ifp;
  selected.source = source;
  return Errno.OK;
}

/** ENETUNREACH: nothing leads there. */
export function select(): Errno {
  const ifp = namedInterface();
  const given = givenSource();
  const isGateway = parsed.has(RTF.GATEWAY);
  if (given != null) return take(ifp == null ? given.ifp : changetype<usize>(ifp), changetype<usize>(given));
  if (isGateway && parsed.gatewayFamily != parsed.family && parsed.gatewayFamily == AF.INET6) return selectMixed(ifp);
  return ifp != null ? selectOn(ifp, isGateway) : selectTowards(isGateway);
}

/** RTAX_IFP: by its index, else by its name; anything unusable counts as not given. */
function namedInterface(): Interface | null {
  const sockaddr = parsed.ifpName;
  if (sockaddr == 0 || familyAt(sockaddr) != AF.LINK || load<u8>(sockaddr) < <u8>RouteSockaddrAt.LINK_DATA) return null;
  const index = <u32>load<u16>(sockaddr, RouteSockaddrAt.LINK_INDEX);
  if (index != 0) return findByIndex(index);
  const bytes = <u32>load<u8>(sockaddr, RouteSockaddrAt.LINK_NLEN);
  if (bytes == 0 || bytes >= 16 || RouteSockaddrAt.LINK_DATA + bytes > load<u8>(sockaddr)) return null;
  memory.fill(name, 0, 16);
  memory.copy(name, sockaddr + RouteSockaddrAt.LINK_DATA, bytes);
  return findByName(name);
}

/** RTAX_IFA, where it is an address of this host. */
export function givenSource(): IfAddress | null {
  const sockaddr = parsed.ifa;
  if (sockaddr == 0) return null;
  const family = familyAt(sockaddr);
  if (family != AF.INET && family != AF.INET6) return null;
  return addressEqual(family, ifaHigh(), ifaLow());
}

function ifaAddress(): usize {
  const isInet = familyAt(parsed.ifa) == AF.INET;
  return parsed.ifa + (isInet ? RouteSockaddrAt.INET_ADDRESS : RouteSockaddrAt.INET6_ADDRESS);
}
function ifaHigh(): u64 {
  return loadHigh(familyAt(parsed.ifa), ifaAddress());
}
function ifaLow(): u64 {
  return loadLow(familyAt(parsed.ifa), ifaAddress());
}

/** IPv4 over an IPv6 gateway: an IPv4 address of the interface that leads there, else any that is not loopback's. */
function selectMixed(named: Interface | null): Errno {
  const ifp = named == null ? interfaceTowards(AF.INET6, parsed.gatewayHigh, parsed.gatewayLow) : changetype<usize>(named);
  if (ifp == 0) return Errno.ENETUNREACH;
  const own = addressFor(changetype<Interface>(ifp), AF.INET, parsed.high, parsed.low);
  if (own != null) return take(ifp, changetype<usize>(own));
  for (let at = firstAddress(); at != 0; at = changetype<IfAddress>(at).nextOfAll) {
    const address = changetype<IfAddress>(at);
    if (address.family == AF.INET && !changetype<Interface>(address.ifp).isLoopback) return take(ifp, at);
  }
  return Errno.ENETUNREACH;
}

/** The address of the interface that suits RTAX_IFA, else the gateway, else the destination; at last the gateway at all. */
function selectOn(ifp: Interface, isGateway: bool): Errno {
  let address: IfAddress | null = null;
  if (parsed.ifa != 0) {
    const family = familyAt(parsed.ifa);
    if (family == AF.INET || family == AF.INET6) address = addressFor(ifp, family, ifaHigh(), ifaLow());
  } else if (isGateway && parsed.gatewayFamily == parsed.family) {
    address = addressFor(ifp, parsed.family, parsed.gatewayHigh, parsed.gatewayLow);
  } else {
    address = addressFor(ifp, parsed.family, parsed.high, parsed.low);
  }
  if (address == null && (parsed.gatewayFamily == AF.INET || parsed.gatewayFamily == AF.INET6)) {
    address = addressFor(ifp, parsed.gatewayFamily, parsed.gatewayHigh, parsed.gatewayLow);
  }
  // A link-level gateway is suited by the interface's own link-level address.
  if (address == null && parsed.gatewayFamily != AF.LINK) return Errno.ENETUNREACH;
  return take(changetype<usize>(ifp), changetype<usize>(address));
}

/** ifa_ifwithroute */
function selectTowards(isGateway: bool): Errno {
  const family = parsed.gatewayFamily;
  if (family == AF.LINK) return selectLink(findByIndex(parsed.gatewayIndex));
  if (family != AF.INET && family != AF.INET6) return Errno.ENETUNREACH;
  let address: IfAddress | null = null;
  if (isGateway) {
    address = addressOfPeer(parsed.fib, family, parsed.gatewayHigh, parsed.gatewayLow);
  } else {
    if (parsed.isHost) address = addressOfPeer(parsed.fib, parsed.family, parsed.high, parsed.low);
    if (address == null) address = addressEqual(family, parsed.gatewayHigh, parsed.gatewayLow);
  }
  if (address == null) address = addressWithin(parsed.fib, family, parsed.gatewayHigh, parsed.gatewayLow);
  if (address == null) return selectByRoute(family);
  return ofFamily(address.ifp, changetype<usize>(address));
}

function selectLink(ifp: Interface | null): Errno {
  if (ifp == null) return Errno.ENETUNREACH;
  const source = addressFor(ifp, parsed.family, parsed.high, parsed.low);
  return take(changetype<usize>(ifp), changetype<usize>(source));
}

/** The source of the route that leads to the gateway, but of a default route, which leads nowhere in particular. */
function selectByRoute(family: u32): Errno {
  const rib = ribOf(parsed.fib, family);
  if (rib == null) return Errno.ENETUNREACH;
  const entry = longestMatch(rib, parsed.gatewayHigh, parsed.gatewayLow);
  if (entry == 0) return Errno.ENETUNREACH;
  const nexthop = nexthopOf(rib, entryPayload(rib, entry));
  const owner = findByIndex(nexthop.aif);
  if ((nexthop.flags & NHF.DEFAULT) != 0 || owner == null) return Errno.ENETUNREACH;
  return ofFamily(changetype<usize>(owner), nexthop.source);
}

/** A source of another family than the routes' gives way to the interface's best of theirs, if it has one. */
function ofFamily(ifp: usize, source: usize): Errno {
  if (source != 0 && changetype<IfAddress>(source).family == parsed.family) return take(ifp, source);
  const better = addressFor(changetype<Interface>(ifp), parsed.family, parsed.high, parsed.low);
  return take(ifp, better == null ? source : changetype<usize>(better));
}

/** The Interface that leads to an address; 0 = none. */
function interfaceTowards(family: u32, high: u64, low: u64): usize {
  const rib = ribOf(parsed.fib, family);
  const entry: usize = rib == null ? 0 : longestMatch(rib, high, low);
  return entry == 0 || rib == null ? 0 : nexthopOf(rib, entryPayload(rib, entry)).ifp;
}
