// The default routers that advertisements told of (netinet6/nd6.h, struct nd_defrouter; nd6_rtr.c, V_nd6_defrouter): one list
// of the vnet, by preference, and of equal preference in order of coming. defrouter.ts chooses among them.
//   takeRouter, linkRouter   a record, and its place in the list; unlinkRouter, freeRouter
//   findRouter               by address and interface
//   isReachable, rank

import { RouterPreference } from "../abi/exchange";
import { AF } from "../abi/inet";
import { Slab, give, take } from "../mem/slab";
import { Interface } from "./ifnet";
import { NdState, findNeighbour } from "./neighbour";

@unmanaged
export class Router {
  next: usize;
  previous: usize;
  /** Interface. */
  ifp: usize;
  /** Its link-local address, with an embedded zone. */
  high: u64;
  low: u64;
  /** Seconds, as advertised; and the uptime second after which it is a router no more. */
  lifetime: u32;
  expireSeconds: u32;
  /** RouterPreference.* */
  preference: u32;
  /** The default route leads to it, on its behalf. */
  isInstalled: bool;

  get home(): Interface {
    return changetype<Interface>(this.ifp);
  }
}

@unmanaged
class Routers {
  first: usize;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const routers = changetype<Routers>(memory.data(offsetof<Routers>(), 16));

/** The first Router of the list, 0 = none; each leads to its next. */
export function firstRouter(): usize {
  return routers.first;
}

export function routerCount(): u32 {
  return slab.inUse;
}

/** A record that is on no list yet; 0 without memory. */
export function takeRouter(ifp: Interface, high: u64, low: u64): usize {
  const record = take<Router>(slab);
  if (record == 0) return 0;
  const router = changetype<Router>(record);
  router.ifp = changetype<usize>(ifp);
  router.high = high;
  router.low = low;
  return record;
}

export function freeRouter(router: Router): void {
  give<Router>(slab, changetype<usize>(router));
}

/** RFC 4191: the preference as a signed number of two bits; the reserved value counts as medium. */
export function rank(router: Router): i32 {
  if (router.preference == <u32>RouterPreference.HIGH) return 1;
  return router.preference == <u32>RouterPreference.LOW ? -1 : 0;
}

/** Puts a router behind those that are preferred to it or equal. */
export function linkRouter(router: Router): void {
  let previous: usize = 0;
  let at = routers.first;
  while (at != 0 && rank(changetype<Router>(at)) >= rank(router)) {
    previous = at;
    at = changetype<Router>(at).next;
  }
  router.previous = previous;
  router.next = at;
  if (previous != 0) changetype<Router>(previous).next = changetype<usize>(router);
  else routers.first = changetype<usize>(router);
  if (at != 0) changetype<Router>(at).previous = changetype<usize>(router);
}

/** Takes a router off the list; it stays as it is until freed. */
export function unlinkRouter(router: Router): void {
  if (router.previous != 0) changetype<Router>(router.previous).next = router.next;
  else routers.first = router.next;
  if (router.next != 0) changetype<Router>(router.next).previous = router.previous;
}

/** @param high - with an embedded zone */
export function findRouter(ifp: Interface, high: u64, low: u64): Router | null {
  for (let at = routers.first; at != 0; at = changetype<Router>(at).next) {
    const router = changetype<Router>(at);
    if (router.ifp == changetype<usize>(ifp) && router.high == high && router.low == low) return router;
  }
  return null;
}

export function hasRouter(ifp: Interface): bool {
  for (let at = routers.first; at != 0; at = changetype<Router>(at).next) {
    if (changetype<Router>(at).ifp == changetype<usize>(ifp)) return true;
  }
  return false;
}

/** Whether its neighbour entry says that it can, or probably can, be reached (ND6_IS_LLINFO_PROBREACH). */
export function isReachable(router: Router): bool {
  const entry = findNeighbour(router.home, AF.INET6, router.high, router.low);
  return entry != null && entry.state > NdState.INCOMPLETE;
}
