// Routes of all fibs that go in silence (net/route/route_helpers.c, rib_foreach_table_walk_del).
//   stageFamily   lets walks keep what a sweep will remove; then sweepFamily cannot fail

import { Rib, fibCount, ribOf } from "./rib";
import { PathTest } from "./nhshrink";
import { deleteMatching, stageMatching } from "./routectl";

function ribAt(fib: u32, family: u32): Rib {
  return changetype<Rib>(changetype<usize>(ribOf(fib, family)));
}

/** False without memory; dropSpares gives back what was taken, in any case. */
export function stageFamily(family: u32, test: PathTest, argument: usize): bool {
  for (let fib: u32 = 0; fib < fibCount(); fib++) if (!stageMatching(ribAt(fib, family), test, argument)) return false;
  return true;
}

/** Removes every path of a family that passes a test, after stageFamily. */
export function sweepFamily(family: u32, test: PathTest, argument: usize): void {
  for (let fib: u32 = 0; fib < fibCount(); fib++) deleteMatching(ribAt(fib, family), test, argument, false);
}
