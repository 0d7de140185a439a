// What IPv6 knows of an interface's link, by default or by advertisement (netinet6/nd6.h, struct nd_ifinfo).
//   reachableSeconds   how long a neighbour counts as reachable; learnReachable
//   learnMtu, learnRetransmit, learnHopLimit

import { randomWord } from "../mem/random";
import { uptimeSeconds } from "./clock";
import { Interface } from "./ifnet";
import { followMtu } from "./mtu";

/** MAX_REACHABLE_TIME */
const REACHABLE_MS_MAX: u32 = 3600000;
/** Bytes: IPV6_MMTU. */
const MTU_MIN: u32 = 1280;
/** The factors of ND_COMPUTE_RTIME, by units of 1,024 ms: 512 and up to 1,024 more of them. */
const REACHABLE_LEAST: u32 = 512;
const REACHABLE_RANGE: u32 = 1024;
/** Seconds after which another reachable time is drawn: ND6_RECALC_REACHTM_INTERVAL. */
const REACHABLE_AGE: u32 = 7200;

/** Drawn anew every two hours. The draw masks, as FreeBSD's does: 14 to 44 seconds by default. */
export function reachableSeconds(ifp: Interface): u32 {
  if (ifp.reachableDrawn == 0 || uptimeSeconds() - ifp.reachableDrawn >= REACHABLE_AGE) draw(ifp);
  return ifp.reachableSeconds;
}

function draw(ifp: Interface): void {
  const units = ifp.baseReachableMs >> 10;
  ifp.reachableSeconds = (REACHABLE_LEAST * units + (randomWord() & (REACHABLE_RANGE * units))) / 1000;
  ifp.reachableDrawn = uptimeSeconds();
}

/** @param milliseconds - 0 = not said; more than an hour is not heeded */
export function learnReachable(ifp: Interface, milliseconds: u32): void {
  if (milliseconds == 0 || milliseconds > REACHABLE_MS_MAX || milliseconds == ifp.baseReachableMs) return;
  ifp.baseReachableMs = milliseconds;
  draw(ifp);
}

/** @param milliseconds - 0 = not said */
export function learnRetransmit(ifp: Interface, milliseconds: u32): void {
  if (milliseconds != 0) ifp.retransmitMs = milliseconds;
}

/** A lower one than is known is not heeded. @param limit - 0 = not said */
export function learnHopLimit(ifp: Interface, limit: u32): void {
  ifp.hopLimit = max(ifp.hopLimit, limit);
}

/** One that IPv6 cannot live with, or beyond the interface's own, is not heeded. @param mtu - bytes */
export function learnMtu(ifp: Interface, mtu: u32): void {
  if (mtu < MTU_MIN || mtu > ifp.mtu || mtu == ifp.advertisedMtu) return;
  ifp.advertisedMtu = mtu;
  followMtu(ifp);
}
