// What a router's redirect does to the tables: a host route to the better router, or to the link itself, for some time
// (netinet6/icmp6.c, icmp6_redirect_input; net/route.c, rib_add_redirect).
//   isRedirectSound   only the router that packets go through now may say so
//   redirectRoute     the route, in every fib

import { Errno } from "../abi/errno";
import { AF, AddressSize } from "../abi/inet";
import { RTF, RouteLimit } from "../abi/rtnetlink";
import { uptimeSeconds } from "./clock";
import { longestMatch } from "./gappedroutes";
import { onRedirect } from "./hooks";
import { addressFor } from "./ifaddr";
import { Interface } from "./ifnet";
import { NHF, Nexthop, clearDraft, draft } from "./nexthop";
import { NexthopGroup } from "./nhgroup";
import { headOf, payloadOfDraft, releasePayload } from "./payload";
import { Rib, entryPayload, fibCount, ribOf } from "./rib";
import { RouteOp, finishChange, routeAdd } from "./routectl";
import { setGateway } from "./resolve";

/** Seconds that its route lasts (net.inet6.icmp6.redirtimeout). */
const LIFETIME: u32 = 600;
const MULTICAST: u64 = 0xff;

/** A redirect: who sends it, for which destination, to whom. Addresses of IPv6 with embedded zones. */
@unmanaged
export class Redirect {
  /** Interface that it came on. */
  ifp: usize;
  /** The fib whose table it has changed. */
  fib: u32;
  /** The target is a better router, not the destination itself. */
  isToRouter: bool;
  authorHigh: u64;
  authorLow: u64;
  destinationHigh: u64;
  destinationLow: u64;
  targetHigh: u64;
  targetLow: u64;
}

function ribAt(fib: u32): Rib {
  return changetype<Rib>(changetype<usize>(ribOf(fib, AF.INET6)));
}

/** Whether the author is the gateway to the destination, which is one host, and the target is what it can be. */
export function isRedirectSound(redirect: Redirect): bool {
  const ifp = changetype<Interface>(redirect.ifp);
  if (ifp.fib >= fibCount()) return false;
  const rib = ribAt(ifp.fib);
  const entry = longestMatch(rib, redirect.destinationHigh, redirect.destinationLow);
  if (entry == 0) return false;
  const head = headOf(rib, entryPayload(rib, entry));
  // A lookup without a flow takes the first path of several.
  const path = head.isGroup ? changetype<NexthopGroup>(head).path(0).target : changetype<Nexthop>(head);
  if ((path.flags & NHF.GATEWAY) == 0) return false;
  if (path.gatewayHigh != redirect.authorHigh || path.gatewayLow != redirect.authorLow) return false;
  if (redirect.destinationHigh >> 56 == MULTICAST) return false;
  const isItself = redirect.targetHigh == redirect.destinationHigh && redirect.targetLow == redirect.destinationLow;
  return redirect.isToRouter || isItself;
}

/** Adds the route to each fib, where none to the same host is, and tells routing sockets of it. */
export function redirectRoute(redirect: Redirect): void {
  for (let fib: u32 = 0; fib < fibCount(); fib++) {
    redirect.fib = fib;
    if (addRoute(redirect)) onRedirect(changetype<usize>(redirect));
  }
}

function addRoute(redirect: Redirect): bool {
  const ifp = changetype<Interface>(redirect.ifp);
  clearDraft(redirect.fib, AF.INET6);
  draft.ifp = redirect.ifp;
  draft.oif = ifp.index;
  draft.aif = ifp.index;
  draft.flags = NHF.HOST | NHF.REDIRECT;
  draft.rtFlags = RTF.HOST | RTF.DYNAMIC;
  draft.expireSeconds = uptimeSeconds() + LIFETIME;
  if (redirect.isToRouter) {
    draft.source = changetype<usize>(addressFor(ifp, AF.INET6, redirect.targetHigh, redirect.targetLow));
    if (draft.source == 0) return false;
    setGateway(AF.INET6, redirect.targetHigh, redirect.targetLow, ifp);
  } else {
    draft.neighbourFamily = AF.LINK;
  }
  const payload = payloadOfDraft(RouteLimit.WEIGHT_DEFAULT);
  if (payload == 0) return false;
  const rib = ribAt(redirect.fib);
  const error = routeAdd(
    rib, redirect.destinationHigh, redirect.destinationLow, AddressSize.INET6_BITS, payload, RouteOp.CREATE | RouteOp.APPEND,
  );
  finishChange();
  releasePayload(rib, payload);
  return error == Errno.OK;
}
