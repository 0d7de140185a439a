// What routes point to: a nexthop or a group of them, with a weight (struct route_nhop_data).
//   payloadFor, payloadOfDraft   the payload of either with a weight, held by the caller
//   holdPayload, releasePayload  a payload is freed when no route and nobody else has it
//   headOf, nexthopOf            the nexthop or group of a payload; the path that flow 0 takes
//   expiryOf                     when the first path of either ends
//   releaseHead                  ends holdNexthop, for a nexthop or a group

import { Nexthop, NexthopHead, freeNexthop, holdNexthop, internNexthop } from "./nexthop";
import { NexthopGroup, freeGroup } from "./nhgroup";
import { Rib, freePayload, takePayload } from "./rib";

/** The payload of the nexthop that the draft describes, with a weight, held by the caller; 0 without memory. */
export function payloadOfDraft(weight: u32): u32 {
  const nexthop = internNexthop();
  return nexthop == null ? 0 : payloadFor(nexthop, weight, 0);
}

/**
 * The payload of a nexthop or a group with a weight, held by the caller. Without memory 0, and a head that nobody has is
 * freed.
 * @param reserved - a payload taken before, to be used or freed; 0 = none
 */
export function payloadFor(head: NexthopHead, weight: u32, reserved: u32): u32 {
  const rib = head.rib;
  for (let index = head.firstPayload; index != 0; index = rib.payload(index).next) {
    const payload = rib.payload(index);
    if (payload.weight != weight) continue;
    payload.held++;
    if (reserved != 0) freePayload(rib, reserved);
    return index;
  }
  const index = reserved != 0 ? reserved : takePayload(rib);
  if (index == 0) {
    dropUnused(head);
    return 0;
  }
  const payload = rib.payload(index);
  payload.nexthop = changetype<usize>(head);
  payload.weight = weight;
  payload.held = 1;
  payload.next = head.firstPayload;
  head.firstPayload = index;
  holdNexthop(head);
  return index;
}

export function headOf(rib: Rib, payload: u32): NexthopHead {
  return changetype<NexthopHead>(rib.payload(payload).nexthop);
}

/** The nexthop of a payload; of a group the path in its first slot, which hash 0 selects (nhop_select_func). */
export function nexthopOf(rib: Rib, payload: u32): Nexthop {
  const head = headOf(rib, payload);
  return head.isGroup ? changetype<NexthopGroup>(head).first : changetype<Nexthop>(head);
}

/** The uptime second at which the first path ends; 0 = never. */
export function expiryOf(head: NexthopHead): u32 {
  if (!head.isGroup) return changetype<Nexthop>(head).expireSeconds;
  const group = changetype<NexthopGroup>(head);
  let first: u32 = 0;
  for (let i: u32 = 0; i < group.count; i++) {
    const expire = group.path(i).target.expireSeconds;
    if (expire != 0 && (first == 0 || expire < first)) first = expire;
  }
  return first;
}

export function holdPayload(rib: Rib, index: u32): void {
  rib.payload(index).held++;
}

/** Ends what holdPayload, payloadFor or payloadOfDraft began. */
export function releasePayload(rib: Rib, index: u32): void {
  rib.payload(index).held--;
  freePayloadIfUnused(rib, index);
}

/** Frees a payload, and with the last of them its nexthop or group, when no route and nobody else has it. */
export function freePayloadIfUnused(rib: Rib, index: u32): void {
  const payload = rib.payload(index);
  if (payload.routes != 0 || payload.held != 0) return;
  const head = changetype<NexthopHead>(payload.nexthop);
  if (head.firstPayload == index) {
    head.firstPayload = payload.next;
  } else {
    let previous = rib.payload(head.firstPayload);
    while (previous.next != index) previous = rib.payload(previous.next);
    previous.next = payload.next;
  }
  freePayload(rib, index);
  releaseHead(head);
}

/** Ends what holdNexthop began. */
export function releaseHead(head: NexthopHead): void {
  head.references--;
  dropUnused(head);
}

/** Frees a nexthop or a group that nobody has. */
export function dropUnused(head: NexthopHead): void {
  if (head.references != 0) return;
  if (head.isGroup) freeGroup(changetype<NexthopGroup>(head));
  else freeNexthop(changetype<Nexthop>(head));
}
