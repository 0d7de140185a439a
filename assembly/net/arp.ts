// ARP: the states of IPv4 neighbours (netinet/if_ether.c; rtnetlink D.5.1).
//   arpResolve    a packet wants out: uses the entry, or begins to resolve
//   arpReceive    a request, a reply or an announcement came
//   arpAnnounce   this host tells its link of an address
// An unresolved entry asks once a second as packets come, and goes when nobody answered for ARP_WAIT seconds. A resolved
// one lives ARP_MAX_AGE seconds; if packets use it in its last ones it asks again, else it expires.

import { Errno } from "../abi/errno";
import { IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { setCallout, uptimeMs, uptimeSeconds } from "./clock";
import { NeighbourEvent, onNeighbour } from "./hooks";
import { IfAddress, findAddress, holds } from "./ifaddr";
import { Interface } from "./ifnet";
import {
  LLE, Neighbour, findNeighbour, freeNeighbour, hitSeconds, link, markUsed, provideFeedback, requestFeedback, setLladdr,
  takeNeighbour, unlink,
} from "./neighbour";
import { mayBeNeighbour } from "./onlink";
import { answering, traffic } from "./peer";

/** netinet/if_ether.c, enum arp_llinfo_state. */
export const enum ArpState {
  INCOMPLETE = 0,
  REACHABLE = 1,
  VERIFY = 2,
}

/** Seconds a resolved entry lives: net.link.ether.inet.max_age. */
const ARP_MAX_AGE: u32 = 1200;
/** Requests before a packet is refused: net.link.ether.inet.maxtries. */
const ARP_MAX_TRIES: u32 = 5;
/** Seconds an unresolved entry lives after its last request: net.link.ether.inet.wait. */
const ARP_WAIT: u32 = 20;
const ARP_RETRANSMIT_MS: u64 = 1000;
/** Only Ethernet's kind: all bits, and the bit of a group. */
const BROADCAST: u64 = 0xffffffffffff;
const MULTICAST: u64 = 1;

function setTimer(entry: Neighbour, milliseconds: u64): void {
  setCallout(entry.timer, uptimeMs() + milliseconds, arpTimer, changetype<usize>(entry));
}

/** What a timer's run ends with. */
const enum Next {
  STAY = 0,
  ASK = 1,
  END = 2,
}

/** An entry's time has come: its state moves on, or it goes (arptimer). */
function arpTimer(owner: usize): void {
  const entry = changetype<Neighbour>(owner);
  if (entry.has(LLE.STATIC)) return;
  entry.runsTimer = true;
  const next = runTimer(entry);
  if (next == Next.END) {
    onNeighbour(owner, entry.has(LLE.VALID) ? NeighbourEvent.EXPIRED : NeighbourEvent.TIMEDOUT);
    unlink(entry);
    freeNeighbour(entry);
    return;
  }
  entry.runsTimer = false;
  setTimer(entry, ARP_RETRANSMIT_MS);
  if (next == Next.ASK) request(entry.home, entry.high);
}

function runTimer(entry: Neighbour): Next {
  if (entry.state == ArpState.REACHABLE) {
    requestFeedback(entry);
    entry.state = ArpState.VERIFY;
    return Next.STAY;
  }
  if (entry.state != ArpState.VERIFY) return Next.END;
  if (hitSeconds(entry) > 0 && entry.preempt > 0) {
    entry.preempt--;
    return Next.ASK;
  }
  return entry.expireSeconds > <i64>uptimeSeconds() ? Next.STAY : Next.END;
}

/** Asks the link who has an address; EADDRNOTAVAIL without one to ask from. A peer that answers does so at once. */
function request(ifp: Interface, high: u64): Errno {
  const source = addressTowards(ifp, high);
  if (source == null) return Errno.EADDRNOTAVAIL;
  traffic.arpRequests++;
  const peer = answering(ifp, AF.INET, high, 0);
  if (peer != null) arpReceive(ifp, high, peer.lladdr, source.high, false);
  return Errno.OK;
}

/** The address a request is sent from: the one whose network holds the target, else the last (arprequest_internal). */
function addressTowards(ifp: Interface, target: u64): IfAddress | null {
  let source: IfAddress | null = null;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.family != AF.INET || !address.isHeld) continue;
    source = address;
    if (holds(address, target, 0)) break;
  }
  return source;
}

/** This host tells its link that it has an address, its own or one it stands for. */
export function arpAnnounce(): void {
  traffic.arpAnnouncements++;
}

/**
 * A packet for an address wants out (arpresolve).
 * @returns OK: the entry has the link-layer address. EAGAIN: asked, the packet waits. EHOSTDOWN: nobody answers. EINVAL:
 *   the address is not on the link, or the interface may not ask. EADDRNOTAVAIL, ENOMEM
 */
export function arpResolve(ifp: Interface, high: u64): Errno {
  let entry = findNeighbour(ifp, AF.INET, high, 0);
  if (entry != null && entry.hasLladdr) {
    provideFeedback(entry);
    return Errno.OK;
  }
  if (entry == null) {
    if ((ifp.flags & (IFF.NOARP | IFF.STATICARP)) != 0) return Errno.EINVAL;
    if (!mayBeNeighbour(ifp, AF.INET, high, 0)) return Errno.EINVAL;
    const record = takeNeighbour(ifp, AF.INET, high, 0, 0);
    if (record == 0) return Errno.ENOMEM;
    entry = changetype<Neighbour>(record);
    link(entry);
  }
  const now = <i64>uptimeSeconds();
  const renews = entry.asked == 0 || entry.expireSeconds != now;
  const error = entry.asked < ARP_MAX_TRIES ? Errno.EAGAIN : Errno.EHOSTDOWN;
  entry.holdsPackets = true;
  if (!renews) return error;
  entry.expireSeconds = now;
  setTimer(entry, <u64>ARP_WAIT * 1000);
  entry.asked++;
  const sent = request(ifp, high);
  if (sent != Errno.OK) return sent;
  return entry.hasLladdr ? Errno.OK : error;
}

/**
 * A message came (in_arpinput). An address that is on the link and speaks to this host gets an entry; one that has an
 * entry changes it, static ones excepted.
 * @param target - the address it asks for or answers to; the sender's own for an announcement
 */
export function arpReceive(ifp: Interface, sender: u64, lladdr: u64, target: u64, isRequest: bool): void {
  if ((lladdr & MULTICAST) != 0 || lladdr == BROADCAST || lladdr == ifp.lladdr) return;
  const own = ownAddressFor(ifp, sender, target);
  if (own == null) return;
  // Somebody uses this host's own address: nothing is learnt from that.
  const isDuplicate = sender == own.high && own.high != 0;
  if (!isDuplicate && (ifp.flags & IFF.STATICARP) == 0) learn(ifp, sender, lladdr, target == own.high);
  if (!isRequest) return;
  const published = findNeighbour(ifp, AF.INET, target, 0);
  if (isDuplicate || target == own.high || (published != null && published.has(LLE.PUB))) traffic.arpReplies++;
}

/** The address of the interface that a message concerns: its target, its sender, or the first that is held. */
function ownAddressFor(ifp: Interface, sender: u64, target: u64): IfAddress | null {
  const asTarget = findAddress(ifp, AF.INET, target, 0);
  if (asTarget != null && asTarget.isHeld) return asTarget;
  const asSender = findAddress(ifp, AF.INET, sender, 0);
  if (asSender != null) return asSender;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.family == AF.INET && address.isHeld) return address;
  }
  return null;
}

function learn(ifp: Interface, sender: u64, lladdr: u64, isForThisHost: bool): void {
  const present = findNeighbour(ifp, AF.INET, sender, 0);
  if (present != null) {
    update(present, lladdr);
    return;
  }
  if (!isForThisHost || !mayBeNeighbour(ifp, AF.INET, sender, 0)) return;
  const record = takeNeighbour(ifp, AF.INET, sender, 0, 0);
  if (record == 0) return;
  const entry = changetype<Neighbour>(record);
  setLladdr(entry, lladdr);
  link(entry);
  markReachable(entry);
}

/** arp_check_update_lle */
function update(entry: Neighbour, lladdr: u64): void {
  const isValid = entry.has(LLE.VALID);
  if (isValid && entry.lladdr != lladdr && entry.has(LLE.STATIC)) return;
  if (!isValid || entry.lladdr != lladdr) {
    setLladdr(entry, lladdr);
    markUsed(entry);
  }
  markReachable(entry);
  entry.holdsPackets = false;
}

/** Tells of it before the new end is set: what is told shows the one before (arp_mark_lle_reachable). */
function markReachable(entry: Neighbour): void {
  entry.state = ArpState.REACHABLE;
  onNeighbour(changetype<usize>(entry), NeighbourEvent.RESOLVED);
  if ((entry.home.flags & IFF.STICKYARP) != 0) entry.flags |= LLE.STATIC;
  if (!entry.has(LLE.STATIC)) {
    entry.expireSeconds = <i64>(uptimeSeconds() + ARP_MAX_AGE);
    setTimer(entry, <u64>ARP_MAX_AGE * 1000 - ARP_MAX_TRIES * ARP_RETRANSMIT_MS);
  }
  entry.asked = 0;
  entry.preempt = ARP_MAX_TRIES;
}
