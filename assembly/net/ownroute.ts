// How routing sockets hear of the routes that the kernel makes for itself (rtsock G.5.2, G.5.5).
//   tellAdded      a route is there for good that was made before whoever brings it was told of
//   tellRemoved    a route is about to give way to another one, which is told of later
//   tellReplaced   the last change: the old route goes, the new one comes, as FreeBSD does it in two steps

import { onRoute } from "./hooks";
import { Rib, entryPayload, findRoute } from "./rib";
import { RouteChange, RouteCommand, change } from "./routectl";

const told = changetype<RouteChange>(memory.data(offsetof<RouteChange>(), 16));

/** @param displaced - the payload of a user's route that gave way; 0 = none */
export function tellAdded(rib: Rib, high: u64, low: u64, bits: u32, displaced: u32): void {
  const entry = findRoute(rib, high, low, bits);
  if (entry == 0) return;
  tell(rib, displaced == 0 ? RouteCommand.ADD : RouteCommand.CHANGE, high, low, bits, displaced, entryPayload(rib, entry));
}

/** @param payload - what it had, held by the caller */
export function tellRemoved(rib: Rib, high: u64, low: u64, bits: u32, payload: u32): void {
  tell(rib, RouteCommand.DELETE, high, low, bits, payload, 0);
}

function tell(rib: Rib, command: u32, high: u64, low: u64, bits: u32, oldPayload: u32, newPayload: u32): void {
  told.rib = changetype<usize>(rib);
  told.command = command;
  told.high = high;
  told.low = low;
  told.bits = bits;
  told.oldPayload = oldPayload;
  told.newPayload = newPayload;
  onRoute(changetype<usize>(told));
}

export function tellReplaced(): void {
  memory.copy(changetype<usize>(told), changetype<usize>(change), offsetof<RouteChange>());
  told.command = RouteCommand.DELETE;
  onRoute(changetype<usize>(told));
  told.command = RouteCommand.ADD;
  onRoute(changetype<usize>(told));
}
