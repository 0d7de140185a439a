// Adding, changing and deleting routes whose mask has gaps: as routectl.ts does for prefixes, with the same `change`.
//   gappedAdd, gappedDelete
// They have one path: a second is EEXIST, where FreeBSD makes a group of both. So a sweep removes them whole, and never has to
// leave some of their paths.

import { Errno } from "../abi/errno";
import { findGapped, insertGapped, onesOf, removeGapped, setGappedPayload } from "./gappedroutes";
import { tellPathsGone } from "./pathwatch";
import { headOf } from "./payload";
import { Rib, entryPayload } from "./rib";
import { finishWalks } from "./ribwalk";
import { RouteCommand, RouteOp, attach, change, detach, isPinned, note } from "./routectl";

/** ESRCH, EEXIST by the operation; ENOMEM. The address is masked. */
export function gappedAdd(
  rib: Rib, high: u64, low: u64, maskHigh: u64, maskLow: u64, payload: u32, operation: u32,
): Errno {
  assert(change.command == RouteCommand.NONE, "the change before was finished");
  const record = findGapped(rib, high, low, maskHigh, maskLow);
  if (record == 0 && !(operation & RouteOp.CREATE)) return Errno.ESRCH;
  if (record != 0 && !(operation & RouteOp.REPLACE)) return Errno.EEXIST;
  if (!finishWalks(rib)) return Errno.ENOMEM;
  const ones = onesOf(maskHigh, maskLow);
  if (record == 0) {
    if (!insertGapped(rib, high, low, maskHigh, maskLow, payload)) return Errno.ENOMEM;
    note(rib, RouteCommand.ADD, high, low, ones, 0, payload);
    attach(rib, payload);
    return Errno.OK;
  }
  const old = entryPayload(rib, record);
  setGappedPayload(rib, record, payload);
  note(rib, RouteCommand.CHANGE, high, low, ones, old, payload);
  attach(rib, payload);
  tellPathsGone(rib, old, payload);
  detach(rib, old);
  return Errno.OK;
}

/** ESRCH; EADDRINUSE an interface's own; ENOMEM. */
export function gappedDelete(
  rib: Rib, high: u64, low: u64, maskHigh: u64, maskLow: u64, includesPinned: bool,
): Errno {
  assert(change.command == RouteCommand.NONE, "the change before was finished");
  const record = findGapped(rib, high, low, maskHigh, maskLow);
  if (record == 0) return Errno.ESRCH;
  const old = entryPayload(rib, record);
  if (!includesPinned && isPinned(headOf(rib, old))) return Errno.EADDRINUSE;
  if (!finishWalks(rib)) return Errno.ENOMEM;
  removeGapped(rib, record);
  note(rib, RouteCommand.DELETE, high, low, onesOf(maskHigh, maskLow), old, 0);
  tellPathsGone(rib, old, 0);
  detach(rib, old);
  return Errno.OK;
}
