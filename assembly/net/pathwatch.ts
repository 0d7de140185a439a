// Who is to know of the paths that routes of IPv6 lose, at once and whoever takes them (net/route/route_subscription.c,
// rib_notify; netinet6/in6_rmx.c subscribes nd6_subscription_cb).
//   watchPaths      says who, at boot
//   tellPathsGone   a route has lost paths

import { AF } from "../abi/inet";
import { NexthopGroup } from "./nhgroup";
import { headOf } from "./payload";
import { Rib } from "./rib";

/** @param nexthop - a Nexthop */
export type PathWatch = (nexthop: usize) => void;

@unmanaged
class Watch {
  /** PathWatch */
  run: usize;
}

const watch = changetype<Watch>(memory.data(offsetof<Watch>(), 16));

export function watchPaths(run: PathWatch): void {
  watch.run = changetype<usize>(run);
}

/**
 * A route has another payload, or is gone: paths that it no longer has are told of (rib_decompose_notification). Of two
 * single ones the old is gone even where both are the same.
 * @param now - 0 = the route is gone
 */
export function tellPathsGone(rib: Rib, old: u32, now: u32): void {
  if (rib.family != AF.INET6) return;
  const run = changetype<PathWatch>(watch.run);
  const head = headOf(rib, old);
  const isReplaced = now != 0 && (head.isGroup || headOf(rib, now).isGroup);
  if (!head.isGroup) {
    if (!isReplaced || !hasPath(rib, now, changetype<usize>(head), rib.payload(old).weight)) run(changetype<usize>(head));
    return;
  }
  const group = changetype<NexthopGroup>(head);
  for (let i: u32 = 0; i < group.count; i++) {
    const path = group.path(i);
    if (!isReplaced || !hasPath(rib, now, path.nexthop, path.weight)) run(path.nexthop);
  }
}

function hasPath(rib: Rib, payload: u32, nexthop: usize, weight: u32): bool {
  const head = headOf(rib, payload);
  if (!head.isGroup) return changetype<usize>(head) == nexthop && rib.payload(payload).weight == weight;
  const group = changetype<NexthopGroup>(head);
  for (let i: u32 = 0; i < group.count; i++) {
    if (group.path(i).nexthop == nexthop) return group.path(i).weight == weight;
  }
  return false;
}
