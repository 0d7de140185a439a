// Kernel nexthops: where a route leads, shared by all routes that lead there alike (net/route/nhop.c, nhop_ctl.c).
//   draft            the nexthop being put together; clearDraft begins one, draftFrom a copy
//   internNexthop    the nexthop equal to the draft, made if there is none
//   holdNexthop, releaseNexthop
//   limitMtu         the interface's MTU became smaller
// Two nexthops are one when all that describes them is equal byte for byte (rtnetlink E.8.1). Each has the lowest free
// index of the fib and the family of its neighbours: IPv4 routes over IPv6 gateways are numbered with IPv6's (E.8.2).

import { AF } from "../abi/inet";
import { Hashed, finish, mix } from "../mem/hash";
import { Slab, give, take } from "../mem/slab";
import { IfAddress, holdAddress, releaseAddress } from "./ifaddr";
import { Rib, ribOf } from "./rib";

/** Flags of a nexthop (net/route/nhop.h). */
export const enum NHF {
  /** A group of nexthops. */
  MULTIPATH = 0x8,
  REJECT = 0x10,
  BLACKHOLE = 0x20,
  REDIRECT = 0x40,
  DEFAULT = 0x80,
  BROADCAST = 0x100,
  GATEWAY = 0x200,
  HOST = 0x400,
}

/** What nexthops and groups of them (nhgroup.ts) begin with: routes point to either, and `flags` says which it is. */
@unmanaged
export class NexthopHead extends Hashed {
  /** Payloads, groups and user nexthops that have it. */
  references: u32;
  index: u32;
  /** First of the payloads that have it; they are of the rib of its fib and upper family. */
  firstPayload: u32;
  // From here on a nexthop is described, and compared.
  fib: u32;
  /** Family of the routes. */
  upperFamily: u32;
  /** Family of the gateway; AF_LINK for a direct route. */
  neighbourFamily: u32;
  /** NHF_* */
  flags: u32;

  get isGroup(): bool {
    return (this.flags & NHF.MULTIPATH) != 0;
  }
  /** The rib in whose table of nexthops or groups it is. */
  get home(): Rib {
    const family = this.neighbourFamily == AF.LINK ? this.upperFamily : this.neighbourFamily;
    return changetype<Rib>(changetype<usize>(ribOf(this.fib, family)));
  }
  /** The rib of its routes. */
  get rib(): Rib {
    return changetype<Rib>(changetype<usize>(ribOf(this.fib, this.upperFamily)));
  }
}

@unmanaged
export class Nexthop extends NexthopHead {
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
  /** IfAddress, held; 0 = the link-level address of the interface. */
  source: usize;
  gatewayHigh: u64;
  gatewayLow: u64;
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

/** Begins a draft that describes what a nexthop does. */
export function draftFrom(nexthop: Nexthop): void {
  memory.fill(changetype<usize>(draft), 0, COMPARED);
  memory.copy(changetype<usize>(draft) + COMPARED, changetype<usize>(nexthop) + COMPARED, offsetof<Nexthop>() - COMPARED);
}

/** Without the MTU, which may change. */
function hashDraft(): u32 {
  let hash: u32 = 0;
  for (let at = COMPARED; at < offsetof<Nexthop>(); at += 4) {
    if (at != offsetof<Nexthop>("mtu")) hash = mix(hash, load<u32>(changetype<usize>(draft) + at));
  }
  return finish(hash);
}

function equalsDraft(nexthop: usize): bool {
  for (let at = COMPARED; at < offsetof<Nexthop>(); at += 4) {
    if (load<u32>(nexthop + at) != load<u32>(changetype<usize>(draft) + at)) return false;
  }
  return true;
}

/** The nexthop that the draft describes; null without memory. A new one has no reference yet. */
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
  if (nexthop.source != 0) holdAddress(changetype<IfAddress>(nexthop.source));
  return nexthop;
}

export function freeNexthop(nexthop: Nexthop): void {
  const home = nexthop.home;
  home.nexthops.remove(changetype<usize>(nexthop));
  home.indices.free(nexthop.index);
  if (nexthop.source != 0) releaseAddress(changetype<IfAddress>(nexthop.source));
  give<Nexthop>(slab, changetype<usize>(nexthop));
}

/** Keeps a nexthop for one more user. */
export function holdNexthop(nexthop: NexthopHead): void {
  nexthop.references++;
}

/** Ends what holdNexthop began; the last user frees it. */
export function releaseNexthop(nexthop: Nexthop): void {
  if (--nexthop.references == 0) freeNexthop(nexthop);
}

/** The nexthops in a rib's table, in the order of its buckets: the first, and the one after another; 0 at the end. */
export function firstNexthop(rib: Rib): usize {
  return rib.nexthops.firstFrom(0);
}
export function nextNexthop(rib: Rib, nexthop: usize): usize {
  return rib.nexthops.after(nexthop);
}

/** Nexthops of an interface that were given a larger MTU are limited to its own (nhops_update_ifmtu). @param mtu - bytes */
export function limitMtu(rib: Rib, ifp: usize, mtu: u32): void {
  for (let at = firstNexthop(rib); at != 0; at = nextNexthop(rib, at)) {
    const nexthop = changetype<Nexthop>(at);
    if (nexthop.ifp == ifp && nexthop.mtu > mtu) nexthop.mtu = mtu;
  }
}

/** Kernel nexthops of all fibs. */
export function nexthopCount(): u32 {
  return slab.inUse;
}
