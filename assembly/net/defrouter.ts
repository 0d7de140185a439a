// Which default router a fib uses (netinet6/nd6_rtr.c, defrtrlist_update, defrouter_select_fib, defrouter_del). One router of
// the list has the default route, unless a route to everywhere is there already. Nobody is told of it on netlink: it is a
// plain rib call, and rt_routemsg writes to routing sockets alone (rtnetlink E.7.3).
//   updateRouter    a router advertised itself: made, renewed, or with lifetime 0 removed
//   selectRouter    the best one of a fib, after whatever may change that
//   removeRouter, flushHosts
//   expireRouters, purgeRouters   their time is over; their interface leaves
//   releasePath     a path of a default route is gone, whoever removed it

import { Errno } from "../abi/errno";
import { ND6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { uptimeSeconds } from "./clock";
import { onRoute } from "./hooks";
import { addressFor } from "./ifaddr";
import { Interface } from "./ifnet";
import { armNd } from "./ndtimer";
import { NHF, Nexthop, clearDraft, draft } from "./nexthop";
import { dropSpares } from "./nhshrink";
import { checkOnLink } from "./onlinkcheck";
import { payloadOfDraft, releasePayload } from "./payload";
import { dropRouter } from "./prefix";
import { completeDraft, setGateway } from "./resolve";
import { Rib, ribOf } from "./rib";
import { Router, findRouter, firstRouter, freeRouter, isReachable, linkRouter, rank, takeRouter, unlinkRouter } from "./router";
import { RouteFilter, RouteOp, change, finishChange, routeAdd, routeDelete } from "./routectl";
import { stageFamily, sweepFamily } from "./sweep";

const filter = changetype<RouteFilter>(memory.data(offsetof<RouteFilter>(), 16));

function ribAt(fib: u32): Rib {
  return changetype<Rib>(changetype<usize>(ribOf(fib, AF.INET6)));
}

/** Whether an interface takes advertisements: only then do its routers matter to other routes. */
function accepts(ifp: Interface): bool {
  return (ifp.ndFlags & ND6_IFF.ACCEPT_RTADV) != 0;
}

/**
 * A router advertised itself. Where its preference changed, or it has not the default route, it goes behind all others that
 * are preferred as much, and the choice is made anew.
 * @param high - its address, with an embedded zone
 * @param lifetime - in seconds; 0 = it is no default router any more
 * @returns the Router; 0 when it is none, or without memory
 */
export function updateRouter(ifp: Interface, high: u64, low: u64, lifetime: u32, preference: u32): usize {
  let router = findRouter(ifp, high, low);
  if (lifetime == 0) {
    if (router != null) removeRouter(router);
    return 0;
  }
  const isNew = router == null;
  if (router == null) {
    const record = takeRouter(ifp, high, low);
    if (record == 0) return 0;
    router = changetype<Router>(record);
  }
  const before = rank(router);
  router.preference = preference;
  router.lifetime = lifetime;
  router.expireSeconds = uptimeSeconds() + lifetime;
  armNd();
  if (router.isInstalled && rank(router) == before) return changetype<usize>(router);
  if (!isNew) unlinkRouter(router);
  linkRouter(router);
  selectRouter(ifp.fib);
  return changetype<usize>(router);
}

/**
 * Chooses the default router of a fib: the first of the list that can be reached, but the one that has the route keeps it
 * while it can be reached and is preferred as much. Where none can be reached they take turns, as FreeBSD counts them: the
 * next of the list, and after the last of the fib none.
 */
export function selectRouter(fib: u32): void {
  if (firstRouter() == 0) return;
  let selected: Router | null = null;
  let installed: Router | null = null;
  for (let at = firstRouter(); at != 0; at = changetype<Router>(at).next) {
    const router = changetype<Router>(at);
    if (router.home.fib != fib) continue;
    if (selected == null && isReachable(router)) selected = router;
    if (installed == null && router.isInstalled) installed = router;
  }
  if (selected == null) {
    selected = nextInTurn(installed, fib);
  } else if (installed != null && isReachable(installed) && rank(selected) <= rank(installed)) {
    selected = installed;
  }
  if (selected == installed) return;
  if (installed != null && !withdraw(installed)) return;
  if (selected != null) install(selected);
}

function nextInTurn(installed: Router | null, fib: u32): Router | null {
  let at = installed == null || installed.next == 0 ? firstRouter() : installed.next;
  while (at != 0 && changetype<Router>(at).home.fib != fib) at = changetype<Router>(at).next;
  return changetype<Router | null>(at);
}

/** Adds the default route; one that is there stays, and the router has to wait (defrouter_addreq). */
function install(router: Router): void {
  const ifp = router.home;
  const source = addressFor(ifp, AF.INET6, router.high, router.low);
  if (source == null) return;
  clearDraft(ifp.fib, AF.INET6);
  draft.ifp = changetype<usize>(ifp);
  draft.source = changetype<usize>(source);
  draft.flags = NHF.DEFAULT;
  setGateway(AF.INET6, router.high, router.low, ifp);
  completeDraft(0, 0);
  const payload = payloadOfDraft(1);
  if (payload == 0) return;
  const rib = ribAt(ifp.fib);
  router.isInstalled = routeAdd(rib, 0, 0, 0, payload, RouteOp.CREATE) == Errno.OK;
  if (router.isInstalled) onRoute(changetype<usize>(change));
  finishChange();
  releasePayload(rib, payload);
}

/** Removes the default route by way of a router, of several paths that one (defrouter_delreq). False without memory. */
function withdraw(router: Router): bool {
  memory.fill(changetype<usize>(filter), 0, offsetof<RouteFilter>());
  filter.gatewayFamily = AF.INET6;
  filter.gatewayHigh = router.high;
  filter.gatewayLow = router.low;
  const error = routeDelete(ribAt(router.home.fib), 0, 0, 0, filter);
  if (error == Errno.OK) onRoute(changetype<usize>(change));
  finishChange();
  if (error == Errno.ENOMEM) return false;
  router.isInstalled = false;
  return true;
}

/** A PathTest: a host route by way of a router that nobody made to stay (rt6_deleteroute). */
function isHostVia(path: usize, argument: usize): bool {
  const nexthop = changetype<Nexthop>(path);
  const router = changetype<Router>(argument);
  if (nexthop.neighbourFamily != AF.INET6 || (nexthop.flags & NHF.GATEWAY) == 0) return false;
  if (nexthop.gatewayHigh != router.high || nexthop.gatewayLow != router.low) return false;
  return (nexthop.rtFlags & (RTF.STATIC | RTF.HOST)) == RTF.HOST;
}

/** The router of flushHosts, for the time of the call. */
const gateway = changetype<Router>(memory.data(offsetof<Router>(), 16));

/** Host routes by way of a link-local address go, in silence (rt6_flush); without memory they stay. */
export function flushHosts(high: u64, low: u64): void {
  gateway.high = high;
  gateway.low = low;
  const argument = changetype<usize>(gateway);
  if (stageFamily(AF.INET6, isHostVia, argument)) sweepFamily(AF.INET6, isHostVia, argument);
  dropSpares();
}

/** A router is one no more, and another takes its place. False without memory: it stays. */
export function removeRouter(router: Router): bool {
  unlinkRouter(router);
  if (finish(router)) return true;
  linkRouter(router);
  return false;
}

/** What follows for a router that is off the list (defrouter_del). */
function finish(router: Router): bool {
  const fib = router.home.fib;
  const wasInstalled = router.isInstalled;
  if (wasInstalled && !withdraw(router)) return false;
  if (accepts(router.home)) flushHosts(router.high, router.low);
  dropRouter(changetype<usize>(router));
  checkOnLink();
  if (wasInstalled) selectRouter(fib);
  freeRouter(router);
  return true;
}

/** Routers whose lifetime is over go, all of them before the first is replaced. Whether none is left to wait for. */
export function expireRouters(): bool {
  let gone: usize = 0;
  let at = firstRouter();
  while (at != 0) {
    const router = changetype<Router>(at);
    at = router.next;
    if (router.expireSeconds >= uptimeSeconds()) continue;
    unlinkRouter(router);
    router.next = gone;
    gone = changetype<usize>(router);
  }
  while (gone != 0) {
    const router = changetype<Router>(gone);
    gone = router.next;
    // Without memory it goes a second later.
    if (!finish(router)) linkRouter(router);
  }
  return firstRouter() == 0;
}

/**
 * An interface leaves: its routers are none any more. Their default route goes with all others of the interface.
 * @returns whether one of them had it
 */
export function purgeRouters(ifp: Interface): bool {
  let hadRoute = false;
  let at = firstRouter();
  while (at != 0) {
    const router = changetype<Router>(at);
    at = router.next;
    if (router.ifp != changetype<usize>(ifp)) continue;
    hadRoute = hadRoute || router.isInstalled;
    unlinkRouter(router);
    dropRouter(changetype<usize>(router));
    freeRouter(router);
  }
  checkOnLink();
  return hadRoute;
}

/** An interface has left, with its default route: others take its place (nd6_purge). @param hadRoute - of purgeRouters */
export function replaceRouters(ifp: Interface, hadRoute: bool): void {
  if (hadRoute) selectRouter(ifp.fib);
  if (accepts(ifp)) selectRouter(ifp.fib);
}

/** A route of IPv6 lost a path: if that was the default route of a router, the router has none (check_release_defrouter). */
export function releasePath(path: usize): void {
  const nexthop = changetype<Nexthop>(path);
  if ((nexthop.flags & NHF.DEFAULT) == 0 || nexthop.neighbourFamily != AF.INET6) return;
  const router = findRouter(changetype<Interface>(nexthop.ifp), nexthop.gatewayHigh, nexthop.gatewayLow);
  if (router != null) router.isInstalled = false;
}
