// ARP and NDP entries over a routing socket, RTF_LLDATA (net/if_llatbl.c, lla_rt_output; rtsock G.4.10).

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { ROUTE_RTM, RouteSockaddrAt, RtMsgHdr } from "../abi/rtsock";
import { arpAnnounce } from "../net/arp";
import { NeighbourEvent, onNeighbour } from "../net/hooks";
import { Interface, findByIndex } from "../net/ifnet";
import {
  LLE, NdState, Neighbour, findNeighbour, freeNeighbour, hasTable, link, setLladdr, takeNeighbour, unlink,
} from "../net/neighbour";
import { mayBeNeighbour } from "../net/onlink";
import { parsed } from "./parsed";

/**
 * EINVAL no link-level gateway, no such interface, an interface without link-layer addresses, another type of request; ESRCH no
 * table; ENOMEM, also for an address that is not on the link; EPERM an own address; ENOENT nothing to delete.
 */
export function handleLldata(): Errno {
  // FreeBSD asserts that there is one (rtsock Q-8).
  if (parsed.gateway == 0) return Errno.EINVAL;
  const ifp = findByIndex(parsed.gatewayIndex);
  if (ifp == null) return Errno.EINVAL;
  if (!hasTable(ifp, parsed.family)) return Errno.ESRCH;
  if (parsed.type == ROUTE_RTM.ADD) return addEntry(ifp);
  return parsed.type == ROUTE_RTM.DELETE ? deleteEntry(ifp) : Errno.EINVAL;
}

/** An entry that is there gives way, but not an own address's. */
function addEntry(ifp: Interface): Errno {
  if (!mayBeNeighbour(ifp, parsed.family, parsed.high, parsed.low)) return Errno.ENOMEM;
  if (ifp.lladdrBytes == 0) return Errno.EINVAL;
  const present = findNeighbour(ifp, parsed.family, parsed.high, parsed.low);
  if (present != null && present.has(LLE.IFADDR)) return Errno.EPERM;
  const record = takeNeighbour(ifp, parsed.family, parsed.high, parsed.low, flagsOfEntry());
  if (record == 0) return Errno.ENOMEM;
  const entry = changetype<Neighbour>(record);
  setLladdr(entry, lladdrOf(ifp));
  if (entry.has(LLE.STATIC) && entry.family == AF.INET6) entry.state = NdState.REACHABLE;
  // An uptime second, which nobody checks.
  entry.expireSeconds = load<i64>(parsed.header, RtMsgHdr.EXPIRE);
  if (present != null) unlink(present);
  link(entry);
  if (present != null) {
    onNeighbour(changetype<usize>(present), NeighbourEvent.EXPIRED);
    freeNeighbour(present);
  }
  onNeighbour(record, NeighbourEvent.RESOLVED);
  if (entry.family == AF.INET && entry.has(LLE.PUB)) arpAnnounce();
  return Errno.OK;
}

function flagsOfEntry(): u32 {
  const isStatic = load<u64>(parsed.header, RtMsgHdr.EXPIRE) == 0;
  return (isStatic ? LLE.STATIC : 0) | (parsed.has(RTF.PROTO2) ? LLE.PUB : 0);
}

/** As many bytes as the interface's addresses have, whatever sdl_alen says. */
function lladdrOf(ifp: Interface): u64 {
  const at = parsed.gateway + RouteSockaddrAt.LINK_DATA + load<u8>(parsed.gateway, RouteSockaddrAt.LINK_NLEN);
  const end = parsed.header + parsed.length;
  let lladdr: u64 = 0;
  for (let i: u32 = 0; i < ifp.lladdrBytes; i++) if (at + i < end) lladdr |= <u64>load<u8>(at + i) << (i * 8);
  return lladdr;
}

function deleteEntry(ifp: Interface): Errno {
  const entry = findNeighbour(ifp, parsed.family, parsed.high, parsed.low);
  if (entry == null) return Errno.ENOENT;
  if (entry.has(LLE.IFADDR)) return Errno.EPERM;
  unlink(entry);
  onNeighbour(changetype<usize>(entry), NeighbourEvent.DELETED);
  freeNeighbour(entry);
  return Errno.OK;
}
