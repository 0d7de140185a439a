// Interfaces: the list in order of attachment, and what each one is (net/if.c, net/if_var.h).
//   makeInterface, linkInterface, announce   a record with an index, onto the list, known to all
//   unlinkInterface, freeInterface           off the list, told of as gone; then its index is free
//   findByIndex, findByName, firstInterface
// An interface that belongs to another one (the other half of an epair, the parent of a vlan) names it by its index,
// for it may be in another vnet: indices are unique over all of them (ifindex.ts).

import { IFF, IFT, IfLimit, ND6_IFF } from "../abi/ifnet";
import { HashTable, Hashed } from "../mem/hash";
import { Slab, give, take } from "../mem/slab";
import { uptimeSeconds, wallClockMs } from "./clock";
import { DeviceEvent, LinkEvent, onDevice, onLink } from "./hooks";
import { acquireIndex, freeIndex } from "./ifindex";
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

/** What an Ethernet-like driver says of its media (SIOCGIFMEDIA). */
export const enum Media {
  /** The query fails, as on a vlan without parent. */
  NONE = 0,
  /** Valid and not active. */
  INACTIVE = 1,
  ACTIVE = 2,
}

const COUNTER_BYTES: u32 = 80;
/** Milliseconds: REACHABLE_TIME, RETRANS_TIMER; and IPV6_DEFHLIM. */
const REACHABLE_MS: u32 = 30000;
const RETRANSMIT_MS: u32 = 1000;
const HOP_LIMIT: u32 = 64;
/** Bytes of an Ethernet address. */
export const ETHER_LLADDR: u32 = 6;

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
  /** References that hold IFF_PROMISC and IFF_ALLMULTI. */
  promiscuous: u32;
  /** ND6_IFF_* */
  ndFlags: u32;
  allMulticast: u32;
  /** Uptime second it was attached, 0 = not yet; and unix time of its last change, in milliseconds (if_epoch, if_lastchange). */
  epochSeconds: u32;
  changedMs: u64;
  /** One of the references is that of a request; requests hold one at most. */
  isPromiscuousByRequest: bool;
  /** Media.* */
  media: u8;
  /** tun, tap, vmnet: a program has the device open. */
  isOpen: bool;
  /** The cloner that made it (Cloner.number), so it can be destroyed; 0 = none. */
  cloner: u32;
  /** Its number among those of its cloner; -1 = none (IF_DUNIT_NONE). */
  unit: i32;
  /** The vnet it was made in. */
  home: u32;
  /** The other half of an epair; 0 = none. */
  peerIndex: u32;
  /** vlan: the parent, 0 = none; vid, ethertype, and what the MTU must stay below the parent's. */
  parentIndex: u32;
  vid: u16;
  protocol: u16;
  mtuFudge: u32;
  /** vlan: IFF_PROMISC and IFF_ALLMULTI that it holds on its parent (ifv_pflags). */
  parentFlags: u32;
  /** Vlans that have it as parent. */
  vlanCount: u32;
  /** gif, gre: its driver keeps settings of it (tunnel.ts): GIF or GRE bits, the Tunnel, 0 = without endpoints. */
  isTunnel: bool;
  tunnelFlags: u32;
  tunnel: usize;
  /** gre: the key of packets that go out, 0 = none; the UDP port they come from, 0 = any. */
  tunnelKey: u32;
  tunnelPort: u32;
  /** What other vnets are to know of it (ifoutbox.ts). */
  isPosted: bool;
  isGone: bool;
  nextPosted: usize;
  /** IfAddress list, in order of addition. */
  addresses: usize;
  lastAddress: usize;
  /** Membership list of multicast groups, the newest first (membership.ts). */
  memberships: usize;
  /** VirtualHost list, in order of creation (carp.ts). */
  virtualHosts: usize;
  /** Buckets of its neighbour tables, 0 = no entries; and how many entries there are. */
  neighbours: usize;
  neighbourCount: u32;
  // What IPv6 knows of the link (ndlink.ts).
  /** The MTU that a router advertised, in bytes; 0 = none. */
  advertisedMtu: u32;
  /** What the reachable time is drawn from. */
  baseReachableMs: u32;
  reachableSeconds: u32;
  /** Uptime second it was drawn; 0 = not yet. */
  reachableDrawn: u32;
  retransmitMs: u32;
  hopLimit: u32;
  /** All its addresses are going: no prefix gets a route on it (ifcontrol.ts). */
  isLeaving: bool;
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

/** A record with an index and a name, cut to IFNAMSIZ, on no list yet; null without memory. */
export function makeInterface(name: usize): Interface | null {
  const record = take<Interface>(slab);
  if (record == 0) return null;
  const index = acquireIndex();
  if (index == 0 || !byIndex.insert(record, index)) {
    if (index != 0) freeIndex(index);
    give<Interface>(slab, record);
    return null;
  }
  const ifp = changetype<Interface>(record);
  ifp.index = index;
  ifp.unit = -1;
  setName(ifp, name);
  return ifp;
}

/** A record for an interface that comes from another vnet with its index, on no list yet; 0 without memory. */
export function expectInterface(index: u32): usize {
  const record = take<Interface>(slab);
  if (record == 0) return 0;
  if (byIndex.insert(record, index)) return record;
  give<Interface>(slab, record);
  return 0;
}

/** It does not come. */
export function unexpectInterface(record: usize): void {
  byIndex.remove(record);
  give<Interface>(slab, record);
}

export function setName(ifp: Interface, name: usize): void {
  memory.fill(ifp.name, 0, IfLimit.NAMSIZ);
  for (let i = 0; i < IfLimit.NAMSIZ - 1 && load<u8>(name + i) != 0; i++) store<u8>(ifp.name + i, load<u8>(name + i));
}

/** The driver of an interface that no cloner made: its name without the digits. */
export function setDriverByName(ifp: Interface): void {
  let length = 0;
  for (let i = 0; i < IfLimit.NAMSIZ; i++) {
    const byte = load<u8>(ifp.name + i);
    if (byte == 0) break;
    if (byte < 0x30 || byte > 0x39) store<u8>(ifp.driver + length++, byte);
  }
}

/** Puts an interface at the end of the list. */
export function linkInterface(ifp: Interface): void {
  const record = changetype<usize>(ifp);
  ifp.next = 0;
  resetNd(ifp);
  if (ifp.epochSeconds == 0) {
    ifp.epochSeconds = uptimeSeconds();
    ifp.changedMs = wallClockMs();
  }
  ifp.previous = interfaces.last;
  if (interfaces.last != 0) changetype<Interface>(interfaces.last).next = record;
  else interfaces.first = record;
  interfaces.last = record;
  interfaces.count++;
  if (ifp.type == IFT.LOOP && interfaces.loopback == 0) interfaces.loopback = record;
}

/** What IPv6 is and knows on an interface that has just come (netinet6/nd6.c, nd6_ifattach). */
function resetNd(ifp: Interface): void {
  ifp.ndFlags = initialNdFlags(ifp);
  ifp.advertisedMtu = 0;
  ifp.baseReachableMs = REACHABLE_MS;
  ifp.reachableDrawn = 0;
  ifp.retransmitMs = RETRANSMIT_MS;
  ifp.hopLimit = HOP_LIMIT;
  ifp.isLeaving = false;
}

/**
 * IPv6 is off on every interface but loopback until it is asked for, or until advertisements are taken by default; a bridge
 * takes those of its members only where it is told to.
 */
function initialNdFlags(ifp: Interface): u32 {
  if (ifp.isLoopback) return ND6_IFF.PERFORMNUD | ND6_IFF.AUTO_LINKLOCAL;
  let flags: u32 = ND6_IFF.PERFORMNUD;
  if (settings.autoLinkLocal != 0 && ifp.type != IFT.BRIDGE && ifp.type != IFT.WIREGUARD) flags |= ND6_IFF.AUTO_LINKLOCAL;
  flags |= settings.acceptRtadv != 0 && ifp.type != IFT.BRIDGE ? ND6_IFF.ACCEPT_RTADV : ND6_IFF.IFDISABLED;
  if (settings.noRadr != 0) flags |= ND6_IFF.NO_RADR;
  return flags;
}

/** Tells of an arrival, once the object is complete. */
export function announce(ifp: Interface): void {
  onLink(changetype<usize>(ifp), LinkEvent.ARRIVED, 0);
  onDevice(ifp.name, DeviceEvent.ATTACH, 0);
}

/** Whether its driver is Ethernet's (ether_ifattach). */
export function isEthernet(ifp: Interface): bool {
  return ifp.type == IFT.ETHER || ifp.type == IFT.L2VLAN || ifp.type == IFT.BRIDGE || ifp.type == IFT.IEEE8023ADLAG;
}

/** Takes an interface out of the list and tells so; its addresses and routes are gone already. */
export function unlinkInterface(ifp: Interface): void {
  assert(ifp.addresses == 0 && ifp.memberships == 0, "an interface leaves without addresses");
  if (ifp.previous != 0) changetype<Interface>(ifp.previous).next = ifp.next;
  else interfaces.first = ifp.next;
  if (ifp.next != 0) changetype<Interface>(ifp.next).previous = ifp.previous;
  else interfaces.last = ifp.previous;
  interfaces.count--;
  byIndex.remove(changetype<usize>(ifp));
  if (interfaces.loopback == changetype<usize>(ifp)) interfaces.loopback = 0;
  onLink(changetype<usize>(ifp), LinkEvent.DEPARTED, 0);
  onDevice(ifp.name, DeviceEvent.DETACH, 0);
}

/** Gives the record back; its index goes with it to another vnet, or is free. */
export function freeInterface(ifp: Interface): void {
  give<Interface>(slab, changetype<usize>(ifp));
}

/** Takes back makeInterface, of an interface that was never linked. */
export function discardInterface(ifp: Interface): void {
  byIndex.remove(changetype<usize>(ifp));
  freeIndex(ifp.index);
  freeInterface(ifp);
}

/** Sets IFF_UP and tells so, even when it was set (rtnetlink B.4.4). */
export function setUp(ifp: Interface): void {
  ifp.flags |= IFF.UP;
  ifp.changedMs = wallClockMs();
  onLink(changetype<usize>(ifp), LinkEvent.CHANGED, IFF.UP);
}

/** Clears IFF_UP and tells so. */
export function setDown(ifp: Interface): void {
  ifp.flags &= ~IFF.UP;
  ifp.changedMs = wallClockMs();
  onLink(changetype<usize>(ifp), LinkEvent.CHANGED, IFF.UP);
}
