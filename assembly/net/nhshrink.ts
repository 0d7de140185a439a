// Taking paths out of the groups that routes have, so that a sweep over many routes cannot fail midway.
//   pathsMeant            which paths of a payload a test picks: none, some, all
//   stageRemainder        takes ahead what `remainderOf` may need; false without memory
//   remainderOf           the payload of what is left when the picked paths go
//   dropSpares            after the sweeps, or when one could not be staged: gives back what was not needed

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RouteLimit } from "../abi/rtnetlink";
import { NexthopHead } from "./nexthop";
import {
  NexthopGroup, addPath, beginPaths, giveGroup, internGroup, internedGroup, pathCount, takeGroup, workingPath,
} from "./nhgroup";
import { payloadFor } from "./payload";
import { Rib, RoutePayload, fibCount, freePayload, ribOf, takePayload } from "./rib";

/** Whether a sweep means a path: a Nexthop. */
export type PathTest = (nexthop: usize, argument: usize) => bool;

export const enum Meant {
  NONE = 0,
  SOME = 1,
  ALL = 2,
}

export function pathsMeant(payload: RoutePayload, test: PathTest, argument: usize): Meant {
  const head = changetype<NexthopHead>(payload.nexthop);
  if (!head.isGroup) return test(payload.nexthop, argument) ? Meant.ALL : Meant.NONE;
  const group = changetype<NexthopGroup>(payload.nexthop);
  let picked: u32 = 0;
  for (let i: u32 = 0; i < group.count; i++) if (test(group.path(i).nexthop, argument)) picked++;
  return picked == 0 ? Meant.NONE : picked == group.count ? Meant.ALL : Meant.SOME;
}

/** A spare is a group without paths, linked by `hashNext`; its `firstPayload` is a payload taken with it. */
export function stageRemainder(rib: Rib, payload: RoutePayload): bool {
  const record = takeGroup(changetype<NexthopHead>(payload.nexthop).home, RouteLimit.PATHS);
  if (record == 0) return false;
  const spare = changetype<NexthopGroup>(record);
  spare.firstPayload = takePayload(rib);
  if (spare.firstPayload == 0) {
    giveGroup(spare);
    return false;
  }
  spare.hashNext = rib.spares;
  rib.spares = record;
  return true;
}

/**
 * The payload of what a group has besides the picked paths, held by the caller: a group of them, or the only one. Each
 * payload whose paths are meant in part was staged for each test.
 */
export function remainderOf(rib: Rib, payload: u32, test: PathTest, argument: usize): u32 {
  const group = changetype<NexthopGroup>(rib.payload(payload).nexthop);
  beginPaths();
  for (let i: u32 = 0; i < group.count; i++) {
    if (!test(group.path(i).nexthop, argument)) addPath(group.path(i).nexthop, group.path(i).weight);
  }
  const spare = takeSpare(rib, group.neighbourFamily);
  const reserved = spare.firstPayload;
  spare.firstPayload = 0;
  if (pathCount() == 1) {
    giveGroup(spare);
    return payloadFor(workingPath(0).target, workingPath(0).weight, reserved);
  }
  // FreeBSD looks for the smaller group in the table of the routes' own family, so that IPv4 routes over IPv6 gateways
  // keep paths that are gone; here they lose them.
  const error = internGroup(group.home, 0, 0, changetype<usize>(spare));
  assert(error == Errno.OK, "a staged group can be made");
  return payloadFor(internedGroup(), 0, reserved);
}

function takeSpare(rib: Rib, family: u32): NexthopGroup {
  let link = changetype<usize>(rib) + offsetof<Rib>("spares");
  while (true) {
    const record = load<usize>(link);
    assert(record != 0, "a sweep takes no more than was staged");
    const spare = changetype<NexthopGroup>(record);
    if (spare.neighbourFamily == family) {
      store<usize>(link, spare.hashNext);
      return spare;
    }
    link = record + offsetof<NexthopGroup>("hashNext");
  }
}

/** Gives back the spares of all ribs. */
export function dropSpares(): void {
  for (let fib: u32 = 0; fib < fibCount(); fib++) {
    dropSparesOf(changetype<Rib>(changetype<usize>(ribOf(fib, AF.INET))));
    dropSparesOf(changetype<Rib>(changetype<usize>(ribOf(fib, AF.INET6))));
  }
}

function dropSparesOf(rib: Rib): void {
  while (rib.spares != 0) {
    const spare = changetype<NexthopGroup>(rib.spares);
    rib.spares = spare.hashNext;
    freePayload(rib, spare.firstPayload);
    giveGroup(spare);
  }
}
