// Whether a rib is as it should be: for tests, which ask after every storm of requests.

import { AF } from "../abi/inet";
import { addressBits } from "./address";
import { Entry4, Entry6, settle } from "./btree";
import { checkGapped } from "./gappedroutes";
import { Rib, entryBits, entryHigh, entryLow, entryPayload, fibCount, ribOf, seekPlace } from "./rib";

/** What is wrong with a table. */
export const enum RibFault {
  NONE = 0,
  ORDER = 1,
  HOST_BITS = 2,
  PAYLOAD = 3,
  COUNT = 4,
  HELD = 5,
  GAPS = 6,
}

/** Checks all ribs: order, masks, payloads that exist, and that each payload has as many routes as it counts. */
export function checkRibs(): u32 {
  for (let fib: u32 = 0; fib < fibCount(); fib++) {
    const inet = checkRib(changetype<Rib>(changetype<usize>(ribOf(fib, AF.INET))));
    if (inet != RibFault.NONE) return inet;
    const inet6 = checkRib(changetype<Rib>(changetype<usize>(ribOf(fib, AF.INET6))));
    if (inet6 != RibFault.NONE) return inet6;
  }
  return RibFault.NONE;
}

function checkRib(rib: Rib): u32 {
  const tree = rib.routes;
  const isInet = rib.family == AF.INET;
  let count: u32 = 0;
  let high: u64 = 0;
  let low: u64 = 0;
  let bits: u32 = addressBits(rib.family) + 1;
  for (let index: u32 = 1; index < rib.payloadTop; index++) {
    const payload = rib.payload(index);
    if (payload.nexthop == 0) continue;
    if (payload.held != 0 && rib.walks == 0) return RibFault.HELD;
    count += payload.routes;
  }
  if (count != tree.count + rib.gappedCount) return RibFault.COUNT;
  if (!checkGapped(rib)) return RibFault.GAPS;
  if (rib.spares != 0) return RibFault.HELD;
  seekPlace(rib, tree, 0, 0, addressBits(rib.family), 0);
  for (count = 0; ; count++, tree.slot++) {
    const entry = isInet ? settle<Entry4>(tree) : settle<Entry6>(tree);
    if (entry == 0) break;
    const nextHigh = entryHigh(rib, entry);
    const nextLow = entryLow(rib, entry);
    const nextBits = entryBits(rib, entry);
    const isAscending =
      nextHigh != high ? nextHigh > high : nextLow != low ? nextLow > low : nextBits < bits;
    if (!isAscending) return RibFault.ORDER;
    if (nextBits < 64 ? (nextHigh << nextBits) != 0 || nextLow != 0 : nextBits < 128 && (nextLow << (nextBits - 64)) != 0) {
      return RibFault.HOST_BITS;
    }
    const payload = entryPayload(rib, entry);
    if (payload == 0 || payload >= rib.payloadTop || rib.payload(payload).nexthop == 0) return RibFault.PAYLOAD;
    high = nextHigh;
    low = nextLow;
    bits = nextBits;
  }
  return count == tree.count ? RibFault.NONE : RibFault.COUNT;
}
