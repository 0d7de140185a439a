// The route that a request names by destination and mask, be the mask a prefix or one with gaps.
//   findTarget, addTarget, deleteTarget

import { Errno } from "../abi/errno";
import { gappedAdd, gappedDelete } from "../net/gappedctl";
import { findGapped } from "../net/gappedroutes";
import { Rib, findRoute } from "../net/rib";
import { RouteFilter, routeAdd, routeDelete } from "../net/routectl";
import { parsed } from "./parsed";

/** Its entry, or 0. */
export function findTarget(rib: Rib): usize {
  if (parsed.hasGaps) return findGapped(rib, parsed.high, parsed.low, parsed.maskHigh, parsed.maskLow);
  return findRoute(rib, parsed.high, parsed.low, parsed.bits);
}

export function addTarget(rib: Rib, payload: u32, operation: u32): Errno {
  if (!parsed.hasGaps) return routeAdd(rib, parsed.high, parsed.low, parsed.bits, payload, operation);
  return gappedAdd(rib, parsed.high, parsed.low, parsed.maskHigh, parsed.maskLow, payload, operation);
}

/** @param filter - the path; a route with gaps has only one, which the caller found to be it */
export function deleteTarget(rib: Rib, filter: RouteFilter): Errno {
  if (!parsed.hasGaps) return routeDelete(rib, parsed.high, parsed.low, parsed.bits, filter);
  return gappedDelete(rib, parsed.high, parsed.low, parsed.maskHigh, parsed.maskLow, filter.includesPinned);
}
