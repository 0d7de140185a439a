// Interfaces that other vnets are to know of: the other half of an epair or the parent of a vlan may be there. They are
// linked through their own records, so that posting one takes no memory; the host carries them over after the call.
//   post         once for all its changes; one that is gone keeps its record until it was taken
//   takePosted   the oldest, off the list

import { Attention } from "../abi/exchange";
import { wantAttention } from "./attention";
import { Interface, findByIndex, firstInterface } from "./ifnet";

@unmanaged
class Outbox {
  first: usize;
  last: usize;
  vnet: u32;
  away: u32;
}

const outbox = changetype<Outbox>(memory.data(offsetof<Outbox>(), 16));

/** @param vnet - the number of this vnet, as the host counts them */
export function bootOutbox(vnet: u32): void {
  outbox.vnet = vnet;
}

/** The number of this vnet. */
export function ownVnet(): u32 {
  return outbox.vnet;
}

/** Interfaces that were made here and are elsewhere: one more, or one less. */
export function countAway(difference: i32): void {
  outbox.away += difference;
}

export function awayCount(): u32 {
  return outbox.away;
}

export function post(ifp: Interface): void {
  wantAttention(Attention.SHARED);
  if (ifp.isPosted) return;
  ifp.isPosted = true;
  ifp.nextPosted = 0;
  if (outbox.last != 0) changetype<Interface>(outbox.last).nextPosted = changetype<usize>(ifp);
  else outbox.first = changetype<usize>(ifp);
  outbox.last = changetype<usize>(ifp);
}

/** An Interface, 0 = none is left. */
export function takePosted(): usize {
  const record = outbox.first;
  if (record == 0) return 0;
  const ifp = changetype<Interface>(record);
  outbox.first = ifp.nextPosted;
  if (outbox.first == 0) outbox.last = 0;
  ifp.isPosted = false;
  return record;
}

/** Whether another vnet has an interface that belongs to this one, or is its home. */
export function isKnownElsewhere(ifp: Interface): bool {
  if (ifp.home != outbox.vnet) return true;
  if (ifp.peerIndex != 0 && findByIndex(ifp.peerIndex) == null) return true;
  if (ifp.parentIndex != 0 && findByIndex(ifp.parentIndex) == null) return true;
  return ifp.vlanCount != vlansHere(ifp);
}

function vlansHere(ifp: Interface): u32 {
  if (ifp.vlanCount == 0) return 0;
  let count: u32 = 0;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    if (changetype<Interface>(at).parentIndex == ifp.index) count++;
  }
  return count;
}
