// The neighbour object as written, and the notifications that carry it (netlink/route/neigh.c, dump_lle; rtnetlink D.1).
//   writeNeighbour    one message
//   notifyNeighbour   the stack's events, to group NEIGH

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { NETLINK, NetlinkLimit, PRIV } from "../abi/netlink";
import { HeaderSize, NDA, NDAF, NTF, NUD, NdMsg, RTM, RTNLGRP } from "../abi/rtnetlink";
import { hasMembers } from "../netlink/multicast";
import {
  Writer, abort, begin, beginNest, end, endNest, flush, openGroup, putAttribute, putBytes, putU32, reserve,
} from "../netlink/writer";
import { addressBytes, storeAddress, withoutZone } from "../net/address";
import { ArpState } from "../net/arp";
import { uptimeSeconds, wallClockSeconds } from "../net/clock";
import { NeighbourEvent } from "../net/hooks";
import { LLE, NdState, Neighbour } from "../net/neighbour";

/** Writes the neighbour object (rtnetlink D.1); ENOMEM. */
export function writeNeighbour(writer: Writer, entry: Neighbour, port: u32, seq: u32, type: u32, flags: u32): Errno {
  if (!begin(writer, port, seq, type, flags, HeaderSize.NDMSG)) return Errno.ENOMEM;
  const ifp = entry.home;
  const header = reserve(writer, HeaderSize.NDMSG);
  if (header != 0) {
    store<u8>(header, <u8>entry.family, NdMsg.FAMILY);
    store<u32>(header, ifp.index, NdMsg.IFINDEX);
    store<u16>(header, <u16>shownState(entry), NdMsg.STATE);
    store<u8>(header, <u8>shownFlags(entry), NdMsg.FLAGS);
  }
  const destination = putAttribute(writer, NDA.DST, addressBytes(entry.family));
  if (destination != 0) storeAddress(entry.family, destination, withoutZone(entry.family, entry.high), entry.low);
  if (entry.hasLladdr) {
    putBytes(writer, NDA.LLADDR, changetype<usize>(entry) + offsetof<Neighbour>("lladdr"), ifp.lladdrBytes);
  }
  putU32(writer, NDA.PROBES, entry.asked);
  const cache = putAttribute(writer, NDA.CACHEINFO, HeaderSize.NDA_CACHEINFO);
  if (cache != 0) store<u32>(cache, entry.references, CACHE_REFERENCES);
  const freebsd = beginNest(writer, NDA.FREEBSD);
  putU32(writer, NDAF.NEXT_STATE_TS, nextStateSeconds(entry));
  endNest(writer, freebsd);
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

/** Offset of ndm_refcnt in an nda_cacheinfo; the times before it stay 0. */
const CACHE_REFERENCES: usize = 12;

/** rtnetlink D.1.3; NOARP, PERMANENT and FAILED are never shown. */
function shownState(entry: Neighbour): NUD {
  if (entry.family == AF.INET) {
    if (entry.has(LLE.STATIC | LLE.IFADDR) || entry.state == ArpState.REACHABLE) return NUD.REACHABLE;
    return entry.state == ArpState.VERIFY ? NUD.PROBE : NUD.INCOMPLETE;
  }
  switch (entry.state) {
    case NdState.INCOMPLETE:
      return NUD.INCOMPLETE;
    case NdState.REACHABLE:
      return NUD.REACHABLE;
    case NdState.STALE:
      return NUD.STALE;
    case NdState.DELAY:
      return NUD.DELAY;
    case NdState.PROBE:
      return NUD.PROBE;
    default:
      return NUD.NONE;
  }
}

function shownFlags(entry: Neighbour): u32 {
  let shown: u32 = 0;
  if (entry.has(LLE.IFADDR)) shown |= NTF.SELF;
  if (entry.has(LLE.PUB)) shown |= NTF.PROXY;
  if (entry.has(LLE.STATIC)) shown |= NTF.STICKY;
  if (entry.isRouter) shown |= NTF.ROUTER;
  return shown;
}

/** The wall-clock second of the next change, 0 = none (get_lle_next_ts). */
function nextStateSeconds(entry: Neighbour): u32 {
  if (entry.expireSeconds == 0) return 0;
  const remaining = <i64>(entry.remainingMs / 1000);
  return <u32>(entry.expireSeconds + remaining + <i64>wallClockSeconds() - <i64>uptimeSeconds());
}

const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/** The stack's events of neighbours, to group NEIGH with port, sequence and flags 0. */
export function notifyNeighbour(neighbour: usize, event: u32): void {
  if (!hasMembers(NETLINK.ROUTE, RTNLGRP.NEIGH)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_SMALL, NETLINK.ROUTE, RTNLGRP.NEIGH, PRIV.NONE)) return;
  const type = event == NeighbourEvent.RESOLVED ? RTM.NEWNEIGH : RTM.DELNEIGH;
  if (writeNeighbour(groupWriter, changetype<Neighbour>(neighbour), 0, 0, type, 0) != Errno.OK) abort(groupWriter);
  flush(groupWriter);
}
