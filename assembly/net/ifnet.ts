// Interfaces: the list in order of attachment, and what each one is (net/if.c, net/if_var.h).
//   attachInterface, detachInterface, findByIndex, findByName, firstInterface
//   interfaceUp, interfaceDown
// Indices come from one set for all vnets of a kernel (rtnetlink B.6.2), so they are given from outside.

import { IFCAP, IFF, IFT, IfLimit, LINK_STATE, ND6_IFF } from "../abi/ifnet";
import { HashTable, Hashed } from "../mem/hash";
import { Slab, give, take } from "../mem/slab";
import { LinkEvent, onLink } from "./hooks";
import { settings } from "./settings";

/** Interface counters, in the order of if_counter_get's ift_counter numbers that STATS64 shows. */
export const enum Counter {
  RX_PACKETS = 0,
  TX_PACKETS = 1,
  RX_BYTES = 2,
  TX_BYTES = 3,
  RX_ERRORS = 4,
  TX_ERRORS = 5,
  RX_DROPPED = 6,
  TX_DROPPED = 7,
  MULTICAST = 8,
  NO_PROTOCOL = 9,
  COUNT = 10,
}

const COUNTER_BYTES: u32 = 80;
const ETHER_MTU: u32 = 1500;
const LOOPBACK_MTU: u32 = 16384;
const GIF_MTU: u32 = 1280;
const ETHER_LLADDR: u32 = 6;

@unmanaged
export class Interface extends Hashed {
  next: usize;
  previous: usize;
  index: u32;
  /** IFT_* */
  type: u32;
  /** IFF_* that are the stack's; the driver's own are in driverFlags. */
  flags: u32;
  driverFlags: u32;
  mtu: u32;
  fib: u32;
  /** LINK_STATE.* */
  linkState: u32;
  lladdrBytes: u32;
  lladdr: u64;
  /** The address the hardware came with; 0 = none recorded. */
  originalLladdr: u64;
  /** Capabilities the driver has, and those switched on, as bits. */
  capabilities: u64;
  enabledCapabilities: u64;
  promiscuous: u32;
  /** ND6_IFF_* */
  ndFlags: u32;
  /** Made by a cloner, so it can be destroyed. */
  isCloned: bool;
  /** IfAddress list, in order of addition. */
  addresses: usize;
  lastAddress: usize;
  /** Buckets of its neighbour tables, 0 = no entries; and how many entries there are. */
  neighbours: usize;
  neighbourCount: u32;
  /** IPv6's reachable time, 0 = not drawn yet, and the uptime second it was drawn. */
  reachableSeconds: u32;
  reachableDrawn: u32;
  /** IFNAMSIZ bytes each, NUL-terminated. */
  name0: u64;
  name1: u64;
  driver0: u64;
  driver1: u64;
  /** NUL-terminated, DESCRIPTION bytes; first byte 0 = none. */
  description0: u64;
  description1: u64;
  description2: u64;
  description3: u64;
  description4: u64;
  description5: u64;
  description6: u64;
  description7: u64;
  /** Counter.COUNT × u64 */
  counters0: u64;
  counters1: u64;
  counters2: u64;
  counters3: u64;
  counters4: u64;
  counters5: u64;
  counters6: u64;
  counters7: u64;
  counters8: u64;
  counters9: u64;

  get name(): usize {
    return changetype<usize>(this) + offsetof<Interface>("name0");
  }
  get driver(): usize {
    return changetype<usize>(this) + offsetof<Interface>("driver0");
  }
  get description(): usize {
    return changetype<usize>(this) + offsetof<Interface>("description0");
  }
  get lladdrPointer(): usize {
    return changetype<usize>(this) + offsetof<Interface>("lladdr");
  }
  get originalLladdrPointer(): usize {
    return changetype<usize>(this) + offsetof<Interface>("originalLladdr");
  }
  counter(counter: u32): u64 {
    return load<u64>(changetype<usize>(this) + offsetof<Interface>("counters0") + counter * 8);
  }
  get isPointToPoint(): bool {
    return (this.flags & IFF.POINTOPOINT) != 0;
  }
  get isLoopback(): bool {
    return (this.flags & IFF.LOOPBACK) != 0;
  }
  get isUp(): bool {
    return (this.flags & IFF.UP) != 0;
  }
}

if (offsetof<Interface>("counters0") - offsetof<Interface>("description0") != IfLimit.DESCRIPTION) ERROR("description");
if (offsetof<Interface>("counters9") - offsetof<Interface>("counters0") + 8 != COUNTER_BYTES) ERROR("counters");

@unmanaged
class Interfaces {
  first: usize;
  last: usize;
  count: u32;
  /** lo0: where host routes and blackholes lead (V_loif). */
  loopback: usize;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const interfaces = changetype<Interfaces>(memory.data(offsetof<Interfaces>(), 16));
const byIndex = changetype<HashTable>(memory.data(offsetof<HashTable>(), 16));

/** The first Interface in order of attachment, 0 = none; each leads to its next. */
export function firstInterface(): usize {
  return interfaces.first;
}

export function interfaceCount(): u32 {
  return interfaces.count;
}

export function loopbackInterface(): Interface | null {
  return changetype<Interface | null>(interfaces.loopback);
}

export function findByIndex(index: u32): Interface | null {
  return changetype<Interface | null>(byIndex.first(index));
}

/** @param name - NUL-terminated */
export function findByName(name: usize): Interface | null {
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    if (sameName(changetype<Interface>(at).name, name)) return changetype<Interface>(at);
  }
  return null;
}

export function sameName(left: usize, right: usize): bool {
  for (let i: usize = 0; ; i++) {
    const byte = load<u8>(left + i);
    if (byte != load<u8>(right + i)) return false;
    if (byte == 0) return true;
  }
  return false;
}

/** A new interface at the end of the list, not up; null without memory. The name is copied; the driver is it without digits. */
export function attachInterface(index: u32, type: u32, name: usize): Interface | null {
  const record = take<Interface>(slab);
  if (record == 0) return null;
  if (!byIndex.insert(record, index)) {
    give<Interface>(slab, record);
    return null;
  }
  const ifp = changetype<Interface>(record);
  ifp.index = index;
  ifp.type = type;
  for (let i = 0; i < IfLimit.NAMSIZ - 1; i++) {
    const byte = load<u8>(name + i);
    if (byte == 0) break;
    store<u8>(ifp.name + i, byte);
    if (byte < 0x30 || byte > 0x39) store<u8>(ifp.driver + i, byte);
  }
  if (type == IFT.LOOP) {
    ifp.flags = IFF.LOOPBACK | IFF.MULTICAST;
    ifp.mtu = LOOPBACK_MTU;
    ifp.isCloned = true;
    // net/if_loop.c: checksums are never computed on the way to oneself.
    ifp.capabilities =
      (1 << IFCAP.RXCSUM) | (1 << IFCAP.TXCSUM) | (1 << IFCAP.LINKSTATE) | (1 << IFCAP.RXCSUM_IPV6) | (1 << IFCAP.TXCSUM_IPV6);
  } else if (type == IFT.GIF) {
    ifp.flags = IFF.POINTOPOINT | IFF.MULTICAST;
    ifp.mtu = GIF_MTU;
  } else {
    ifp.flags = IFF.BROADCAST | IFF.SIMPLEX | IFF.MULTICAST;
    ifp.mtu = ETHER_MTU;
    ifp.lladdrBytes = ETHER_LLADDR;
    ifp.linkState = LINK_STATE.UP;
    ifp.capabilities = (1 << IFCAP.VLAN_MTU) | (1 << IFCAP.LINKSTATE);
  }
  ifp.enabledCapabilities = ifp.capabilities;
  ifp.ndFlags = initialNdFlags(ifp);
  ifp.previous = interfaces.last;
  if (interfaces.last != 0) changetype<Interface>(interfaces.last).next = record;
  else interfaces.first = record;
  interfaces.last = record;
  interfaces.count++;
  if (type == IFT.LOOP && interfaces.loopback == 0) interfaces.loopback = record;
  return ifp;
}

/** IPv6 is off on every interface but loopback until it is asked for (netinet6/nd6.c, nd6_ifattach). */
function initialNdFlags(ifp: Interface): u32 {
  if (ifp.isLoopback) return ND6_IFF.PERFORMNUD | ND6_IFF.AUTO_LINKLOCAL;
  const isAutomatic = settings.autoLinkLocal != 0 && ifp.type != IFT.BRIDGE;
  return ND6_IFF.PERFORMNUD | ND6_IFF.IFDISABLED | (isAutomatic ? ND6_IFF.AUTO_LINKLOCAL : 0);
}

/** Tells of an arrival, once the object is complete. */
export function announce(ifp: Interface): void {
  onLink(changetype<usize>(ifp), LinkEvent.NEW, 0);
}

/** Takes an interface out of the list and frees it; its addresses and routes are gone already. */
export function detachInterface(ifp: Interface): void {
  assert(ifp.addresses == 0, "an interface leaves without addresses");
  if (ifp.previous != 0) changetype<Interface>(ifp.previous).next = ifp.next;
  else interfaces.first = ifp.next;
  if (ifp.next != 0) changetype<Interface>(ifp.next).previous = ifp.previous;
  else interfaces.last = ifp.previous;
  interfaces.count--;
  byIndex.remove(changetype<usize>(ifp));
  if (interfaces.loopback == changetype<usize>(ifp)) interfaces.loopback = 0;
  onLink(changetype<usize>(ifp), LinkEvent.DELETED, 0);
  give<Interface>(slab, changetype<usize>(ifp));
}

/** Sets IFF_UP and tells so, even when it was set (rtnetlink B.4.4). */
export function setUp(ifp: Interface): void {
  ifp.flags |= IFF.UP;
  ifp.driverFlags |= IFF.RUNNING;
  onLink(changetype<usize>(ifp), LinkEvent.NEW, IFF.UP);
}

/** Clears IFF_UP and tells so. */
export function setDown(ifp: Interface): void {
  ifp.flags &= ~IFF.UP;
  onLink(changetype<usize>(ifp), LinkEvent.NEW, IFF.UP);
}
