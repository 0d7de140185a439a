// Kernel nexthops: where a route leads, shared by all routes that lead there alike (net/route/nhop.c, nhop_ctl.c).
//   draft            the nexthop being put together; clearDraft begins one
//   internNexthop    the nexthop equal to the draft, made if there is none
//   payloadFor       the route payload of a nexthop and a weight; holdPayload, releasePayload
// Two nexthops are one when all that describes them is equal byte for byte (rtnetlink E.8.1). Each has the lowest free
// index of the fib and the family of its neighbours: IPv4 routes over IPv6 gateways are numbered with IPv6's (E.8.2).

import { AF } from "../abi/inet";
import { HashTable, Hashed, finish, mix } from "../mem/hash";
import { Slab, give, take } from "../mem/slab";
import { Rib, allocatePayload, freePayload, ribOf } from "./rib";

/** Flags of a nexthop (net/route/nhop.h). */
export const enum NHF {
  REJECT = 0x10,
  BLACKHOLE = 0x20,
  REDIRECT = 0x40,
  DEFAULT = 0x80,
  BROADCAST = 0x100,
  GATEWAY = 0x200,
  HOST = 0x400,
}

@unmanaged
export class Nexthop extends Hashed {
  references: u32;
  index: u32;
  /** First of the payloads that have it; they are of the rib of its fib and upper family. */
  firstPayload: u32;
  // What follows describes it and is compared.
  fib: u32;
  /** Family of the routes. */
  upperFamily: u32;
  /** Family of the gateway; AF_LINK for a direct route. */
  neighbourFamily: u32;
  /** NHF_* */
  flags: u32;
  /** RTF_*, without UP and DONE */
  rtFlags: u32;
  /** Bytes; 0 = the interface's. */
  mtu: u32;
  /** RTPROT_*; 0 = not stored. */
  origin: u32;
  /** Uptime second at which its routes end; 0 = never. */
  expireSeconds: u32;
  /** NHA_ID of the user nexthop it stands for; 0 = none. */
  userId: u32;
  /** Index of the outgoing interface, and of the one that owns the source address (AIF). */
  oif: u32;
  aif: u32;
  /** Interface. */
  ifp: usize;
  /** IfAddress; 0 = the link-level address of the interface. */
  source: usize;
  gatewayHigh: u64;
  gatewayLow: u64;

  /** The rib in whose table of nexthops it is. */
  get home(): Rib {
    return changetype<Rib>(changetype<usize>(ribOf(this.fib, this.neighbourFamily == AF.LINK ? this.upperFamily : this.neighbourFamily)));
  }
  /** The rib of its routes. */
  get rib(): Rib {
    return changetype<Rib>(changetype<usize>(ribOf(this.fib, this.upperFamily)));
  }
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
/** The nexthop that is being put together. */
export const draft = changetype<Nexthop>(memory.data(offsetof<Nexthop>(), 16));

const COMPARED: usize = offsetof<Nexthop>("fib");

export function clearDraft(fib: u32, upperFamily: u32): void {
  memory.fill(changetype<usize>(draft), 0, offsetof<Nexthop>());
  draft.fib = fib;
  draft.upperFamily = upperFamily;
}

/** Copies a nexthop into the draft, to make one that differs from it. */
export function draftFrom(nexthop: Nexthop): void {
  memory.copy(changetype<usize>(draft), changetype<usize>(nexthop), offsetof<Nexthop>());
}

function hashDraft(): u32 {
  let hash: u32 = 0;
  for (let at = COMPARED; at < offsetof<Nexthop>(); at += 4) hash = mix(hash, load<u32>(changetype<usize>(draft) + at));
  return finish(hash);
}

function equalsDraft(nexthop: usize): bool {
  for (let at = COMPARED; at < offsetof<Nexthop>(); at += 4) {
    if (load<u32>(nexthop + at) != load<u32>(changetype<usize>(draft) + at)) return false;
  }
  return true;
}

/** The nexthop that the draft describes; null without memory. A new one has no reference yet: give it a payload at once. */
export function internNexthop(): Nexthop | null {
  const home = draft.home;
  const hash = hashDraft();
  for (let found = home.nexthops.first(hash); found != 0; found = home.nexthops.next(found)) {
    if (equalsDraft(found)) return changetype<Nexthop>(found);
  }
  const record = take<Nexthop>(slab);
  if (record == 0) return null;
  const nexthop = changetype<Nexthop>(record);
  memory.copy(record + COMPARED, changetype<usize>(draft) + COMPARED, offsetof<Nexthop>() - COMPARED);
  nexthop.index = home.indices.acquire();
  if (nexthop.index == 0) {
    give<Nexthop>(slab, record);
    return null;
  }
  if (!home.nexthops.insert(record, hash)) {
    home.indices.free(nexthop.index);
    give<Nexthop>(slab, record);
    return null;
  }
  return nexthop;
}

function freeNexthop(nexthop: Nexthop): void {
  const home = nexthop.home;
  home.nexthops.remove(changetype<usize>(nexthop));
  home.indices.free(nexthop.index);
  give<Nexthop>(slab, changetype<usize>(nexthop));
}

/** The payload of the nexthop that the draft describes, with a weight, held by the caller; 0 without memory. */
export function payloadOfDraft(weight: u32): u32 {
  const nexthop = internNexthop();
  if (nexthop == null) return 0;
  const rib = nexthop.rib;
  for (let index = nexthop.firstPayload; index != 0; index = rib.payload(index).next) {
    if (rib.payload(index).weight == weight) {
      rib.payload(index).held++;
      return index;
    }
  }
  const index = allocatePayload(rib, changetype<usize>(nexthop), weight);
  if (index == 0) {
    if (nexthop.references == 0) freeNexthop(nexthop);
    return 0;
  }
  const payload = rib.payload(index);
  payload.next = nexthop.firstPayload;
  payload.held = 1;
  nexthop.firstPayload = index;
  nexthop.references++;
  return index;
}

export function nexthopOf(rib: Rib, payload: u32): Nexthop {
  return changetype<Nexthop>(rib.payload(payload).nexthop);
}

export function holdPayload(rib: Rib, index: u32): void {
  rib.payload(index).held++;
}

/** Ends what holdPayload or payloadOfDraft began. */
export function releasePayload(rib: Rib, index: u32): void {
  rib.payload(index).held--;
  freePayloadIfUnused(rib, index);
}

/** Frees a payload, and with the last of them its nexthop, when no route and nobody else has it. */
export function freePayloadIfUnused(rib: Rib, index: u32): void {
  const payload = rib.payload(index);
  if (payload.routes != 0 || payload.held != 0) return;
  const nexthop = changetype<Nexthop>(payload.nexthop);
  if (nexthop.firstPayload == index) {
    nexthop.firstPayload = payload.next;
  } else {
    let previous = rib.payload(nexthop.firstPayload);
    while (previous.next != index) previous = rib.payload(previous.next);
    previous.next = payload.next;
  }
  freePayload(rib, index);
  if (--nexthop.references == 0) freeNexthop(nexthop);
}

/** Kernel nexthops of all fibs. */
export function nexthopCount(): u32 {
  return slab.inUse;
}
