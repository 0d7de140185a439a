// Whether gateways are where a route says, as Linux sees it (net/ipv4/fib_semantics.c, fib_check_nh_v4_gw; net/ipv6/route.c,
// ip6_route_check_nh): on the link of the interface given, or of any. FreeBSD believes a request that names an interface, and
// looks for a gateway in the route's own fib only, where Linux goes on to the main table.

import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTM, RTN, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { isLinkLocal, shareBits } from "./addressbits.js";
import { LinuxErrno } from "./errno.js";
import { rangeOf } from "./localtable.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { Refusal } from "./refusal.js";
import { copyOf } from "./routelookup.js";
import { RTNH_F } from "./routenumber.js";
import { isDead, isHidden } from "./routeobject.js";
import { invalid, type RouteRequest } from "./routerequest.js";
import type { LinuxVnet } from "./vnet.js";

/** A gateway as a request names it. */
interface Gateway {
  readonly gateway: Uint8Array | undefined;
  /** Of the interface, 0 for any. */
  readonly index: number;
  /** RTNH_F bits. */
  readonly flags: number;
}

/**
 * A route with its gateways looked up.
 * @returns the same, with the interfaces that the kernel would not find from this fib
 * @throws Refusal ENETUNREACH, of IPv6 EHOSTUNREACH, a gateway that is not there; EINVAL a link-local one alone
 */
export function withGateways(vnet: LinuxVnet, route: RouteRequest, fib: number): RouteRequest {
  if (route.nexthop !== 0 || isDead(route.type)) return route;
  const { paths, gateway, oif, message } = route;
  if (paths !== undefined) {
    return { ...route, paths: paths.map((path) => ({ ...path, index: wayTo(vnet, path, route.family, fib) })) };
  }
  if (gateway === undefined) return route;
  const flags = message.header32(RtMsg.FLAGS);
  return { ...route, oif: wayTo(vnet, { gateway, index: oif, flags }, route.family, fib) };
}

/** @param family - of the route. @returns index of the interface, 0 to let the kernel find it. @throws Refusal */
function wayTo(vnet: LinuxVnet, { gateway, index, flags }: Gateway, family: number, fib: number): number {
  if (gateway === undefined) return index;
  if (index === 0 && isLinkLocal(gateway)) throw invalid("Egress device not specified");
  // What the kernel finds by itself needs no help; what is promised or link-local is not looked for.
  if (index === 0 ? fib === 0 : isLinkLocal(gateway) || (flags & RTNH_F.ONLINK) !== 0) return index;
  if (index !== 0 && vnet.links.get(index) === undefined) throw new Refusal(LinuxErrno.ENODEV);
  const found = networkWith(vnet, gateway, index) ?? directWay(vnet, gateway, fib) ?? directWay(vnet, gateway, 0);
  if (found === undefined || (index !== 0 && found !== index)) throw unreachable(family);
  return found;
}

/** A gateway that nobody can reach. @param family - of the route, FreeBSD's */
export function unreachable(family: number): Refusal {
  if (family === AF.INET6) return new Refusal(LinuxErrno.EHOSTUNREACH);
  return new Refusal(LinuxErrno.ENETUNREACH, "Nexthop has invalid gateway");
}

/** The interface with an address in the gateway's network. @param index - of the only one to look at, 0 for all */
function networkWith(vnet: LinuxVnet, gateway: Uint8Array, index: number): number | undefined {
  for (const address of vnet.addresses.all()) {
    if (index !== 0 && address.index !== index) continue;
    const { bits, address: network } = rangeOf(address);
    if (shareBits(network, gateway, bits) && !isOwn(vnet, gateway)) return address.index;
  }
  return undefined;
}

function isOwn(vnet: LinuxVnet, address: Uint8Array): boolean {
  for (const { local } of vnet.addresses.all()) if (shareBits(local, address, address.length * 8)) return true;
  return false;
}

/** The interface over which a route of the fib leads to the gateway without another one. */
function directWay(vnet: LinuxVnet, gateway: Uint8Array, fib: number): number | undefined {
  const writer = new MessageWriter(64);
  writer.begin(RTM.GETROUTE, NLM_F.REQUEST, 0, 0, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, gateway.length === AddressSize.INET6 ? AF.INET6 : AF.INET);
  writer.raw(RTA.DST, gateway);
  if (fib !== 0) writer.u32(RTA.TABLE, fib);
  writer.end();
  let found: MessageReader | undefined;
  vnet.agent.ask(writer.written, (message) => {
    found = copyOf(message);
  });
  if (found === undefined || isHidden(vnet, found) || found.header8(RtMsg.TYPE) !== RTN.UNICAST) return undefined;
  return found.has(RTA.GATEWAY) || found.has(RTA.VIA) ? undefined : found.u32(RTA.OIF);
}
