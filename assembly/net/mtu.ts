// The MTU of an interface as routes of a family see it (net/if.c, if_getmtu_family; netinet6/nd6.h, IN6_LINKMTU).
//   linkMtu      IPv6 may have a smaller one, that a router advertised
//   followMtu    it changed: routes with a larger MTU of their own are limited to it (net/route.c, rt_updatemtu)

import { AF } from "../abi/inet";
import { Interface } from "./ifnet";
import { limitMtu } from "./nexthop";
import { Rib, fibCount, ribOf } from "./rib";

export function linkMtu(ifp: Interface, family: u32): u32 {
  if (family == AF.INET6 && ifp.advertisedMtu != 0) return min(ifp.advertisedMtu, ifp.mtu);
  return ifp.mtu;
}

export function followMtu(ifp: Interface): void {
  for (let fib: u32 = 0; fib < fibCount(); fib++) {
    follow(ifp, fib, AF.INET);
    follow(ifp, fib, AF.INET6);
  }
}

function follow(ifp: Interface, fib: u32, family: u32): void {
  limitMtu(changetype<Rib>(changetype<usize>(ribOf(fib, family))), changetype<usize>(ifp), linkMtu(ifp, family));
}
