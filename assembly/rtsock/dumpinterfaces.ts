// NET_RT_IFLIST and NET_RT_IFLISTL: interfaces, each with its addresses (net/rtsock.c, sysctl_iflist; rtsock G.6.6).

import { IfData, IfMsgHdr, ROUTE_IFA, ROUTE_RTAX, ROUTE_RTM, RouteSize } from "../abi/rtsock";
import { AF } from "../abi/inet";
import { IfAddress } from "../net/ifaddr";
import { Own, needs } from "../net/ifnetwork";
import { Interface, firstInterface } from "../net/ifnet";
import { Caller, isJailsOwn } from "./caller";
import { beginInterface } from "./events";
import { beginMessage, endMessage, putNamedLink } from "./message";
import { putAddress, writeIfData } from "./object";
import { emit } from "./output";

/**
 * @param family - of the addresses; 0 = all
 * @param index - of the interface; 0 = all
 * @param isLong - messages that say how long their headers are
 * @returns false when there is no more room
 */
export function dumpInterfaces(family: u32, index: u32, isLong: bool, caller: Caller): bool {
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    if (index != 0 && ifp.index != index) continue;
    if (!dumpInterface(ifp, isLong)) return false;
    for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
      const address = changetype<IfAddress>(entry);
      if (family != 0 && address.family != family) continue;
      if (!isJailsOwn(caller, address.family, address.high, address.low)) continue;
      if (!dumpAddress(address, isLong)) return false;
    }
  }
  return true;
}

function dumpInterface(ifp: Interface, isLong: bool): bool {
  if (isLong) {
    const header = beginMessage(ROUTE_RTM.IFINFO, RouteSize.IF_MSGHDRL);
    store<u32>(header, ifp.flags | ifp.driverFlags, IfMsgHdr.FLAGS);
    store<u16>(header, <u16>ifp.index, IfMsgHdr.INDEX);
    store<u16>(header, RouteSize.IF_MSGHDRL, IfMsgHdr.LEN);
    store<u16>(header, IfMsgHdr.DATAL, IfMsgHdr.DATA_OFF);
    writeIfData(header + IfMsgHdr.DATAL, ifp);
  } else {
    beginInterface(ifp);
  }
  putNamedLink(ROUTE_RTAX.IFP, ifp);
  return emit(endMessage(IfMsgHdr.ADDRS, true));
}

function dumpAddress(address: IfAddress, isLong: bool): bool {
  const header = beginMessage(ROUTE_RTM.NEWADDR, isLong ? RouteSize.IFA_MSGHDRL : RouteSize.IFA_MSGHDR);
  store<u32>(header, flagsOf(address), IfMsgHdr.FLAGS);
  store<u16>(header, <u16>changetype<Interface>(address.ifp).index, IfMsgHdr.INDEX);
  if (isLong) {
    store<u16>(header, RouteSize.IFA_MSGHDRL, IfMsgHdr.LEN);
    store<u16>(header, IfMsgHdr.DATAL, IfMsgHdr.DATA_OFF);
    // No packets are counted for addresses.
    store<u16>(header + IfMsgHdr.DATAL, RouteSize.IF_DATA, IfData.DATALEN);
    store<u8>(header + IfMsgHdr.DATAL, <u8>address.vhid, IfData.VHID);
  }
  putAddress(address, false);
  return emit(endMessage(IfMsgHdr.ADDRS, true));
}

/** An IPv4 address has its own host route recorded where it has one, an IPv6 address always. */
function flagsOf(address: IfAddress): u32 {
  const hasOwn = address.family == AF.INET6 || needs(address, Own.HOST);
  return (address.hasPrefixRoute ? ROUTE_IFA.ROUTE : 0) | (hasOwn ? ROUTE_IFA.RTSELF : 0);
}
