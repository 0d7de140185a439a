// What several messages of routing sockets show alike: a path's gateway, an address, an interface's data (net/rtsock.c).

import { IFCAP, IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { IfData, IfMsgHdr, ROUTE_RTAX, ROUTE_RTM, RouteSize } from "../abi/rtsock";
import { IfAddress } from "../net/ifaddr";
import { Counter, Interface, findByIndex, isEthernet } from "../net/ifnet";
import { Membership } from "../net/membership";
import { Nexthop } from "../net/nexthop";
import { beginMessage, putEmpty, putEtherGroup, putInet, putMask, putNamedLink, putShortLink } from "./message";

/** Bytes of an Ethernet header, and of one with a vlan's tag. */
const ETHER_HEADER: u8 = 14;
const ETHER_VLAN_HEADER: u8 = 18;
/** Bits a second that Ethernet counts as (net/if_ethersubr.c, ether_ifattach). */
const ETHER_BAUDRATE: u64 = 10000000;
/** Bits of a capability in Interface.enabledCapabilities. */
const VLAN_MTU: u64 = 1 << IFCAP.VLAN_MTU;

/**
 * The index of the link-level gateway of a direct path: the interface that packets leave by, but of an own address's host
 * route, which leads to lo0, the interface that has the address (net/route/route_ifaddrs.c, ifa_maintain_loopback_route).
 */
export function linkGatewayOf(nexthop: Nexthop): u32 {
  return changetype<Interface>(nexthop.ifp).isLoopback && nexthop.aif != 0 ? nexthop.aif : nexthop.oif;
}

export function putGateway(nexthop: Nexthop): void {
  if (nexthop.neighbourFamily != AF.LINK) {
    putInet(ROUTE_RTAX.GATEWAY, nexthop.neighbourFamily, nexthop.gatewayHigh, nexthop.gatewayLow);
    return;
  }
  const index = linkGatewayOf(nexthop);
  const ifp = findByIndex(index);
  putShortLink(ROUTE_RTAX.GATEWAY, index, ifp == null ? 0 : ifp.type);
}

/**
 * An address: its mask, its interface, itself and what the interface's kind has besides. IPv4 always has the last: its
 * broadcast address, its peer, on loopback itself, else nothing; IPv6 only on links with a peer (rtsock G.5.1).
 * @param hasInterface - RTAX_IFP is shown
 */
export function putAddress(address: IfAddress, hasInterface: bool): void {
  const ifp = changetype<Interface>(address.ifp);
  const family = address.family;
  putMask(ROUTE_RTAX.NETMASK, family, address.prefixLength);
  if (hasInterface) putNamedLink(ROUTE_RTAX.IFP, ifp);
  putInet(ROUTE_RTAX.IFA, family, address.high, address.low);
  if (family == AF.INET6 && !ifp.isPointToPoint && !ifp.isLoopback) return;
  if (address.hasPeer) putInet(ROUTE_RTAX.BRD, family, address.peerHigh, address.peerLow);
  else if (family == AF.INET6) putEmpty(ROUTE_RTAX.BRD);
  else if (ifp.isLoopback) putInet(ROUTE_RTAX.BRD, AF.INET, address.high, 0);
  else if ((ifp.flags & IFF.BROADCAST) != 0) putInet(ROUTE_RTAX.BRD, AF.INET, address.broadcast, 0);
  else putEmpty(ROUTE_RTAX.BRD);
}

/** An RTM_NEWMADDR or RTM_DELMADDR up to its end: the link-layer group that it maps to, the interface, the group. */
export function beginMembership(membership: Membership, isNew: bool): void {
  const ifp = changetype<Interface>(membership.ifp);
  const header = beginMessage(isNew ? ROUTE_RTM.NEWMADDR : ROUTE_RTM.DELMADDR, RouteSize.IFMA_MSGHDR);
  store<u16>(header, <u16>ifp.index, IfMsgHdr.INDEX);
  if (membership.linkGroup != 0) putEtherGroup(ROUTE_RTAX.GATEWAY, ifp, membership.lladdr);
  putNamedLink(ROUTE_RTAX.IFP, ifp);
  if (membership.family == AF.LINK) putEtherGroup(ROUTE_RTAX.IFA, ifp, membership.low);
  else putInet(ROUTE_RTAX.IFA, membership.family, membership.high, membership.low);
}

/** struct if_data (if_data_copy). Its place is zeroed. */
export function writeIfData(at: usize, ifp: Interface): void {
  store<u8>(at, <u8>ifp.type, IfData.TYPE);
  store<u8>(at, <u8>ifp.lladdrBytes, IfData.ADDRLEN);
  store<u8>(at, headerBytesOf(ifp), IfData.HDRLEN);
  store<u8>(at, <u8>ifp.linkState, IfData.LINK_STATE);
  store<u16>(at, RouteSize.IF_DATA, IfData.DATALEN);
  store<u32>(at, ifp.mtu, IfData.MTU);
  if (isEthernet(ifp)) store<u64>(at, ETHER_BAUDRATE, IfData.BAUDRATE);
  store<u64>(at, ifp.counter(Counter.RX_PACKETS), IfData.IPACKETS);
  store<u64>(at, ifp.counter(Counter.RX_ERRORS), IfData.IERRORS);
  store<u64>(at, ifp.counter(Counter.TX_PACKETS), IfData.OPACKETS);
  store<u64>(at, ifp.counter(Counter.TX_ERRORS), IfData.OERRORS);
  store<u64>(at, ifp.counter(Counter.RX_BYTES), IfData.IBYTES);
  store<u64>(at, ifp.counter(Counter.TX_BYTES), IfData.OBYTES);
  store<u64>(at, ifp.counter(Counter.MULTICAST), IfData.IMCASTS);
  store<u64>(at, ifp.counter(Counter.RX_DROPPED), IfData.IQDROPS);
  store<u64>(at, ifp.counter(Counter.TX_DROPPED), IfData.OQDROPS);
  store<u64>(at, ifp.counter(Counter.NO_PROTOCOL), IfData.NOPROTO);
  store<u64>(at, ifp.epochSeconds, IfData.EPOCH);
  store<u64>(at, ifp.changedMs / 1000, IfData.LASTCHANGE_SEC);
  store<u64>(at, (ifp.changedMs % 1000) * 1000, IfData.LASTCHANGE_USEC);
}

function headerBytesOf(ifp: Interface): u8 {
  if (!isEthernet(ifp)) return 0;
  return (ifp.enabledCapabilities & VLAN_MTU) != 0 ? ETHER_VLAN_HEADER : ETHER_HEADER;
}
