// Virtual hosts of interfaces (netinet/ip_carp.c): each has a number on its interface, its vhid, and addresses that several
// hosts share, of which one at a time is master and uses them.
//   loadCarp, unloadCarp, hasCarp          the module
//   makeVirtualHost, freeVirtualHost       at the end of its interface's list; off it
//   findVirtualHost, virtualHostCount
// carpstate.ts is what they do, carpctl.ts what is done to them.

import { CarpLimit } from "../abi/carp";
import { Slab, give, take } from "../mem/slab";
import { Callout, stopCallout } from "./clock";
import { Interface } from "./ifnet";

/** 224.0.0.18, as its bytes lie in a message. */
const GROUP: u32 = 0x120000e0;
/** ff02::12, likewise its two halves. */
const GROUP6_HIGH: u64 = 0x02ff;
const GROUP6_LOW: u64 = 0x1200000000000000;
/** Seconds (CARP_DFLTINTV). */
const ADVBASE: u32 = 1;

/** struct carp_softc */
@unmanaged
export class VirtualHost {
  /** Of its interface, in order of creation. */
  next: usize;
  /** Interface. */
  ifp: usize;
  vhid: u32;
  /** CARP_STATE */
  state: u32;
  /** Seconds, and 256ths of one. */
  advbase: u32;
  advskew: u32;
  /** Where advertisements go, as the bytes lie in a message. */
  address: u32;
  /** Addresses attached to it. */
  addresses: u32;
  addresses6: u32;
  /** Its interface is down, and demotion counts that (sc_suppress). */
  isSuppressed: bool;
  address6High: u64;
  address6Low: u64;
  /** CarpLimit.KEY bytes. */
  key0: u64;
  key1: u64;
  key2: u32;
  // Callouts: when the master counts as gone, for each family (sc_md_tmo, sc_md6_tmo).
  masterDownMs: u64;
  masterDownNext: usize;
  masterDownRun: usize;
  masterDownOwner: usize;
  masterDown6Ms: u64;
  masterDown6Next: usize;
  masterDown6Run: usize;
  masterDown6Owner: usize;

  get home(): Interface {
    return changetype<Interface>(this.ifp);
  }
  get key(): usize {
    return changetype<usize>(this) + offsetof<VirtualHost>("key0");
  }
  get address6(): usize {
    return changetype<usize>(this) + offsetof<VirtualHost>("address6High");
  }
  get masterDown(): Callout {
    return changetype<Callout>(changetype<usize>(this) + offsetof<VirtualHost>("masterDownMs"));
  }
  get masterDown6(): Callout {
    return changetype<Callout>(changetype<usize>(this) + offsetof<VirtualHost>("masterDown6Ms"));
  }
}

const MASTER_DOWN = offsetof<VirtualHost>("masterDownMs");
const MASTER_DOWN6 = offsetof<VirtualHost>("masterDown6Ms");
if (offsetof<VirtualHost>("masterDownOwner") - MASTER_DOWN != offsetof<Callout>("owner")) ERROR("Callout");
if (offsetof<VirtualHost>("masterDown6Owner") - MASTER_DOWN6 != offsetof<Callout>("owner")) ERROR("Callout");
if (offsetof<VirtualHost>("key2") + 4 - offsetof<VirtualHost>("key0") != CarpLimit.KEY) ERROR("key");

@unmanaged
class Carp {
  isLoaded: bool;
}

const carp = changetype<Carp>(memory.data(offsetof<Carp>(), 16));
const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

export function loadCarp(): void {
  carp.isLoaded = true;
}

export function unloadCarp(): void {
  assert(slab.inUse == 0, "the module stays while there are virtual hosts");
  carp.isLoaded = false;
}

export function hasCarp(): bool {
  return carp.isLoaded;
}

/** How many there are, on all interfaces. */
export function virtualHostCount(): u32 {
  return slab.inUse;
}

/** A new one at the end of an interface's list; 0 without memory. */
export function makeVirtualHost(ifp: Interface, vhid: u32): usize {
  const record = take<VirtualHost>(slab);
  if (record == 0) return 0;
  const host = changetype<VirtualHost>(record);
  host.ifp = changetype<usize>(ifp);
  host.vhid = vhid;
  host.advbase = ADVBASE;
  host.address = GROUP;
  host.address6High = GROUP6_HIGH;
  host.address6Low = GROUP6_LOW;
  store<usize>(endOf(ifp), record);
  return record;
}

/** Where the address of one more belongs. */
function endOf(ifp: Interface): usize {
  let link = changetype<usize>(ifp) + offsetof<Interface>("virtualHosts");
  while (load<usize>(link) != 0) link = load<usize>(link) + offsetof<VirtualHost>("next");
  return link;
}

export function freeVirtualHost(host: VirtualHost): void {
  stopCallout(host.masterDown);
  stopCallout(host.masterDown6);
  let link = host.ifp + offsetof<Interface>("virtualHosts");
  while (load<usize>(link) != changetype<usize>(host)) link = load<usize>(link) + offsetof<VirtualHost>("next");
  store<usize>(link, host.next);
  give<VirtualHost>(slab, changetype<usize>(host));
}

export function findVirtualHost(ifp: Interface, vhid: u32): VirtualHost | null {
  for (let at = ifp.virtualHosts; at != 0; at = changetype<VirtualHost>(at).next) {
    if (changetype<VirtualHost>(at).vhid == vhid) return changetype<VirtualHost>(at);
  }
  return null;
}
