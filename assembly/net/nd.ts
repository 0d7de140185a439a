// Neighbour discovery: the states of IPv6 neighbours (netinet6/nd6.c, nd6_nbr.c; rtnetlink D.5.2).
//   ndResolve        a packet wants out: uses the entry, or begins to resolve
//   ndSolicited      a neighbour solicitation came
//   ndAdvertised     a neighbour advertisement came
//   ndHeard          a link-layer address came with another message
// Every entry has one timer: INCOMPLETE and PROBE ask once a second, REACHABLE ages to STALE, STALE looks every ND_DELAY
// seconds whether packets used it.

import { Errno } from "../abi/errno";
import { PeerMessage } from "../abi/exchange";
import { IN6_IFF, ND6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { setCallout, uptimeMs, uptimeSeconds } from "./clock";
import { flushHosts, removeRouter, selectRouter } from "./defrouter";
import { NeighbourEvent, onNeighbour } from "./hooks";
import { findAddress } from "./ifaddr";
import { Interface } from "./ifnet";
import {
  LLE, NdState, Neighbour, findNeighbour, freeNeighbour, hitSeconds, link, provideFeedback, requestFeedback, setLladdr,
  takeNeighbour, unlink,
} from "./neighbour";
import { reachableSeconds } from "./ndlink";
import { isNeighbour, mayBeNeighbour } from "./onlink";
import { checkOnLink } from "./onlinkcheck";
import { Peer, answering, traffic } from "./peer";
import { findRouter } from "./router";

/** Flags of a neighbour advertisement. */
export const enum Advert {
  ROUTER = 1,
  SOLICITED = 2,
  OVERRIDE = 4,
}

/** net.inet6.icmp6.nd6_mmaxtries, nd6_umaxtries */
const ND_MULTICAST_TRIES: u32 = 3;
const ND_UNICAST_TRIES: u32 = 3;
/** Seconds: net.inet6.icmp6.nd6_delay, nd6_gctimer. */
const ND_DELAY: u32 = 5;
const ND_GC: u32 = 86400;
const ND_DELAY_MS: u64 = <u64>ND_DELAY * 1000;

/** nd6_llinfo_settimer_locked */
function setTimer(entry: Neighbour, milliseconds: u64): void {
  entry.expireSeconds = <i64>(uptimeSeconds() + <u32>(milliseconds / 1000));
  setCallout(entry.timer, uptimeMs() + milliseconds, ndTimer, changetype<usize>(entry));
}

/** ND6_LLINFO_PERMANENT */
function isPermanent(entry: Neighbour): bool {
  return entry.expireSeconds == 0 && entry.state > NdState.INCOMPLETE;
}

/** Changes the state and sets the timer that goes with it (nd6_llinfo_setstate). */
function setState(entry: Neighbour, state: NdState): void {
  let milliseconds: u64 = 0;
  let remaining: u64 = 0;
  if (state == NdState.INCOMPLETE) {
    milliseconds = entry.home.retransmitMs;
  } else if (state == NdState.REACHABLE) {
    if (!isPermanent(entry)) milliseconds = <u64>reachableSeconds(entry.home) * 1000;
  } else if (state == NdState.STALE) {
    requestFeedback(entry);
    milliseconds = ND_DELAY_MS;
    remaining = <u64>ND_GC * 1000 - milliseconds;
  } else if (state == NdState.DELAY) {
    entry.asked = 0;
    milliseconds = ND_DELAY_MS;
  }
  if (milliseconds != 0) setTimer(entry, milliseconds);
  entry.remainingMs = remaining;
  entry.state = state;
}

/** What a timer's run ends with. */
const enum Next {
  STAY = 0,
  /** Ask all, or the neighbour alone. */
  ASK_ALL = 1,
  ASK = 2,
  END = 3,
  /** It goes because nobody used it for long. */
  COLLECT = 4,
}

/** nd6_llinfo_timer */
function ndTimer(owner: usize): void {
  const entry = changetype<Neighbour>(owner);
  if (entry.has(LLE.STATIC)) return;
  entry.runsTimer = true;
  const next = runTimer(entry);
  if (next == Next.END || next == Next.COLLECT) {
    end(entry, next == Next.COLLECT);
    return;
  }
  entry.runsTimer = false;
  if (next == Next.STAY) return;
  setTimer(entry, entry.home.retransmitMs);
  solicit(entry, next == Next.ASK_ALL);
}

/**
 * An entry goes, and with it the host routes by way of a router; another default router is chosen (nd6_free). One of a
 * router that is used as such stays when nobody used it for long, though its end is told.
 */
function end(entry: Neighbour, isCollected: bool): void {
  const ifp = entry.home;
  const accepts = (ifp.ndFlags & ND6_IFF.ACCEPT_RTADV) != 0;
  const router = accepts ? findRouter(ifp, entry.high, entry.low) : null;
  onNeighbour(changetype<usize>(entry), NeighbourEvent.EXPIRED);
  if (router != null && isCollected) {
    const now = uptimeSeconds();
    const left = router.expireSeconds > now ? router.expireSeconds - now : ND_GC;
    setTimer(entry, <u64>left * 1000);
    entry.runsTimer = false;
    return;
  }
  const isRouter = entry.isRouter;
  const high = entry.high;
  const low = entry.low;
  unlink(entry);
  freeNeighbour(entry);
  if (router == null && !(accepts && isRouter)) return;
  flushHosts(high, low);
  if (router == null) return;
  checkOnLink();
  selectRouter(ifp.fib);
}

function runTimer(entry: Neighbour): Next {
  switch (entry.state) {
    case NdState.INCOMPLETE:
      if (entry.asked >= ND_MULTICAST_TRIES) return Next.END;
      entry.asked++;
      return Next.ASK_ALL;
    case NdState.REACHABLE:
      if (!isPermanent(entry)) setState(entry, NdState.STALE);
      return Next.STAY;
    case NdState.STALE:
      return ageStale(entry);
    case NdState.DELAY:
      return beginProbe(entry);
    default:
      assert(entry.state == NdState.PROBE, "a state with a timer");
      if (entry.asked >= ND_UNICAST_TRIES) return Next.END;
      entry.asked++;
      return Next.ASK;
  }
}

/**
 * A stale entry is looked at every ND_DELAY seconds (nd6_is_stale): unused, it waits on until its time is over; used, it is
 * probed ND_DELAY seconds after the first packet.
 */
function ageStale(entry: Neighbour): Next {
  const used = hitSeconds(entry);
  if (used != 0) {
    const passed = uptimeSeconds() - used;
    if (passed >= ND_DELAY) return beginProbe(entry);
    setTimer(entry, <u64>(ND_DELAY - passed) * 1000);
    return Next.STAY;
  }
  const wait = min(ND_DELAY_MS, entry.remainingMs);
  entry.remainingMs -= wait;
  if (wait == 0) return isPermanent(entry) ? Next.STAY : Next.COLLECT;
  setTimer(entry, wait);
  return Next.STAY;
}

function beginProbe(entry: Neighbour): Next {
  entry.asked = 1;
  setState(entry, NdState.PROBE);
  return Next.ASK;
}

/** Asks for the address of a neighbour. A peer that answers does so at once, as FreeBSD would (nd6_ns_input). */
function solicit(entry: Neighbour, isToAll: bool): void {
  if (isToAll) traffic.multicastSolicitations++;
  else traffic.unicastSolicitations++;
  const peer = answering(entry.home, AF.INET6, entry.high, entry.low);
  if (peer == null) return;
  let flags: u32 = Advert.SOLICITED;
  if (peer.isRouter) flags |= Advert.ROUTER;
  if (isToAll) flags |= Advert.OVERRIDE;
  ndAdvertised(entry.home, entry.high, entry.low, flags, isToAll, peer.lladdr);
}

/**
 * A packet for an address wants out (nd6_resolve).
 * @param high - with an embedded zone where the address is link-local
 * @returns OK: the entry has the link-layer address. EAGAIN: asked, the packet waits. ENOBUFS: not on the link, or no memory
 */
export function ndResolve(ifp: Interface, high: u64, low: u64): Errno {
  let entry = findNeighbour(ifp, AF.INET6, high, low);
  if (entry != null && entry.hasLladdr) {
    provideFeedback(entry);
    return Errno.OK;
  }
  if (entry == null) {
    if (!isNeighbour(ifp, high, low)) return Errno.ENOBUFS;
    const record = takeEntry(ifp, high, low);
    if (record == 0) return Errno.ENOBUFS;
    entry = changetype<Neighbour>(record);
    link(entry);
  }
  entry.holdsPackets = true;
  if (entry.asked != 0) return Errno.EAGAIN;
  entry.asked = 1;
  setState(entry, NdState.INCOMPLETE);
  solicit(entry, true);
  return entry.hasLladdr ? Errno.OK : Errno.EAGAIN;
}

/** nd6_alloc: 0 without memory, or when the address cannot be a neighbour. */
function takeEntry(ifp: Interface, high: u64, low: u64): usize {
  if (!mayBeNeighbour(ifp, AF.INET6, high, low)) return 0;
  const record = takeNeighbour(ifp, AF.INET6, high, low, 0);
  if (record != 0) changetype<Neighbour>(record).state = NdState.NOSTATE;
  return record;
}

/** A neighbour asks for an address of this host (nd6_ns_input). */
export function ndSolicited(ifp: Interface, from: Peer, hasLladdr: bool, targetHigh: u64, targetLow: u64): void {
  if (!isNeighbour(ifp, from.high, from.low)) return;
  const own = findAddress(ifp, AF.INET6, targetHigh, targetLow);
  if (own == null || !own.isHeld || (own.flags & (IN6_IFF.TENTATIVE | IN6_IFF.DUPLICATED)) != 0) return;
  if (own.high == from.high && own.low == from.low) return;
  ndHeard(ifp, from, hasLladdr, PeerMessage.NEIGHBOUR_SOLICITATION, false);
  traffic.advertisements++;
}

/**
 * A message other than an advertisement says who its sender is: the entry is made, or changed when the address is another
 * (nd6_cache_lladdr).
 * @param isToRouter - a redirect to a better router
 */
export function ndHeard(ifp: Interface, from: Peer, hasLladdr: bool, message: PeerMessage, isToRouter: bool): void {
  if (from.high == 0 && from.low == 0) return;
  let entry = findNeighbour(ifp, AF.INET6, from.high, from.low);
  const isNew = entry == null;
  if (entry == null) {
    const record = takeEntry(ifp, from.high, from.low);
    if (record == 0) return;
    entry = changetype<Neighbour>(record);
    if (hasLladdr) setLladdr(entry, from.lladdr);
    link(entry);
    if (hasLladdr) becomeStale(entry);
  }
  if (entry.has(LLE.STATIC)) return;
  const hadLladdr = !isNew && entry.has(LLE.VALID);
  const isChanged = !isNew && hasLladdr && (!hadLladdr || entry.lladdr != from.lladdr);
  if (isChanged) {
    setLladdr(entry, from.lladdr);
    becomeStale(entry);
    releasePackets(entry);
  }
  entry.isRouter = isRouterAfter(entry.isRouter, message, isToRouter, isNew, hadLladdr || hasLladdr);
  if (message == PeerMessage.REDIRECT && !isToRouter) entry.flags |= LLE.REDIRECT;
  // What is known of a router may decide which one is used.
  if ((isNew || isChanged) && entry.isRouter && (ifp.ndFlags & ND6_IFF.ACCEPT_RTADV) != 0) selectRouter(ifp.fib);
}

function becomeStale(entry: Neighbour): void {
  setState(entry, NdState.STALE);
  onNeighbour(changetype<usize>(entry), NeighbourEvent.RESOLVED);
}

/** nd6_is_router, its table */
function isRouterAfter(was: bool, message: PeerMessage, isToRouter: bool, isNew: bool, hasLladdr: bool): bool {
  switch (message) {
    case PeerMessage.ROUTER_SOLICITATION:
      return false;
    case PeerMessage.ROUTER_ADVERTISEMENT:
      return was || hasLladdr;
    case PeerMessage.REDIRECT:
      return isToRouter || (was && !isNew);
    default:
      return was && !isNew;
  }
}

/** The packets that waited go out; to a stale neighbour that begins its probing (nd6_grab_holdchain). */
function releasePackets(entry: Neighbour): void {
  if (!entry.holdsPackets) return;
  entry.holdsPackets = false;
  if (entry.state == NdState.STALE) setState(entry, NdState.DELAY);
}

/**
 * A neighbour advertises itself (nd6_na_input); one without an entry is not heard.
 * @param flags - Advert.*
 */
export function ndAdvertised(ifp: Interface, high: u64, low: u64, flags: u32, hasLladdr: bool, lladdr: u64): void {
  if (findAddress(ifp, AF.INET6, high, low) != null) return;
  const entry = findNeighbour(ifp, AF.INET6, high, low);
  if (entry == null || entry.has(LLE.STATIC)) return;
  const isRouter = (flags & Advert.ROUTER) != 0;
  const isSolicited = (flags & Advert.SOLICITED) != 0;
  const wasIncomplete = entry.state == NdState.INCOMPLETE;
  if (wasIncomplete) {
    if (!hasLladdr) return;
    setLladdr(entry, lladdr);
    setState(entry, isSolicited ? NdState.REACHABLE : NdState.STALE);
    onNeighbour(changetype<usize>(entry), NeighbourEvent.RESOLVED);
  } else {
    const isOther = hasLladdr && (!entry.has(LLE.VALID) || entry.lladdr != lladdr);
    if (isOther && (flags & Advert.OVERRIDE) == 0) {
      if (entry.state == NdState.REACHABLE) setState(entry, NdState.STALE);
      return;
    }
    if (hasLladdr) {
      setLladdr(entry, lladdr);
      onNeighbour(changetype<usize>(entry), NeighbourEvent.RESOLVED);
    }
    if (isSolicited) setState(entry, NdState.REACHABLE);
    else if (isOther) setState(entry, NdState.STALE);
    if (entry.isRouter && !isRouter) dismissRouter(ifp, high, low);
  }
  entry.isRouter = isRouter;
  entry.asked = 0;
  releasePackets(entry);
  if (wasIncomplete && isRouter) checkOnLink();
}

/** A neighbour says that it is no router any more. */
function dismissRouter(ifp: Interface, high: u64, low: u64): void {
  const router = findRouter(ifp, high, low);
  if (router != null) removeRouter(router);
  else if ((ifp.ndFlags & ND6_IFF.ACCEPT_RTADV) != 0) flushHosts(high, low);
}
