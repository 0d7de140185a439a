// NET_RT_FLAGS with RTF_LLINFO: neighbours (net/if_llatbl.c, lltable_sysctl_dumparp; netinet/in.c, in_lltable_dump_entry;
// netinet6/in6.c, in6_lltable_dump_entry; rtsock G.6.5).

import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { ROUTE_RTAX, ROUTE_RTM, RouteSize, RtMsgHdr } from "../abi/rtsock";
import { uptimeSeconds, wallClockSeconds } from "../net/clock";
import { Interface, firstInterface } from "../net/ifnet";
import { BUCKETS, LLE, Neighbour, firstNeighbour } from "../net/neighbour";
import { Caller, isJailsOwn } from "./caller";
import { beginMessage, endMessage, putInet, putLink } from "./message";
import { emit } from "./output";

/** The tables of the newest interface first, loopback's left out. False when there is no more room. */
export function dumpNeighbours(family: u32, caller: Caller): bool {
  let at = firstInterface();
  while (at != 0 && changetype<Interface>(at).next != 0) at = changetype<Interface>(at).next;
  for (; at != 0; at = changetype<Interface>(at).previous) {
    const ifp = changetype<Interface>(at);
    if (!ifp.isLoopback && !dumpTable(ifp, family, caller)) return false;
  }
  return true;
}

function dumpTable(ifp: Interface, family: u32, caller: Caller): bool {
  for (let bucket: u32 = 0; bucket < BUCKETS; bucket++) {
    for (let at = firstNeighbour(ifp, family, bucket); at != 0; at = changetype<Neighbour>(at).next) {
      const entry = changetype<Neighbour>(at);
      if (isJailsOwn(caller, family, entry.high, entry.low) && !dumpEntry(entry)) return false;
    }
  }
  return true;
}

function dumpEntry(entry: Neighbour): bool {
  const header = beginMessage(ROUTE_RTM.GET, RouteSize.RT_MSGHDR);
  let flags: u32 = RTF.UP | RTF.HOST | RTF.LLDATA;
  if (entry.has(LLE.STATIC)) flags |= RTF.STATIC;
  if (entry.has(LLE.IFADDR)) flags |= RTF.PINNED;
  if (entry.has(LLE.PUB)) flags |= RTF.PROTO2;
  if (entry.isRouter) flags |= RTF.GATEWAY;
  store<u16>(header, <u16>entry.home.index, RtMsgHdr.INDEX);
  store<u32>(header, flags, RtMsgHdr.FLAGS);
  store<u64>(header, <u64>expiryOf(entry), RtMsgHdr.EXPIRE);
  if (entry.family == AF.INET6) {
    store<u64>(header, entry.asked, RtMsgHdr.PKSENT);
    store<i64>(header, <i64>entry.state, RtMsgHdr.WEIGHT);
  }
  putInet(ROUTE_RTAX.DST, entry.family, entry.high, entry.low);
  putLink(ROUTE_RTAX.GATEWAY, entry.home, entry.lladdr, entry.has(LLE.VALID) ? entry.home.lladdrBytes : 0);
  return emit(endMessage(RtMsgHdr.ADDRS, true));
}

/** IPv4 shows the uptime second at which an entry ends, IPv6 the unix second; 0 = never. */
function expiryOf(entry: Neighbour): i64 {
  if (entry.family == AF.INET) return entry.has(LLE.STATIC) ? 0 : entry.expireSeconds;
  if (entry.expireSeconds == 0) return 0;
  const remaining = <i64>(entry.remainingMs / 1000);
  return entry.expireSeconds + remaining + <i64>wallClockSeconds() - <i64>uptimeSeconds();
}
