// The link object, as replies and notifications have it (netlink/route/iface.c, dump_iface; rtnetlink B.1).
//   writeLink    one message
//   notifyLink   the stack's events, to group LINK

import { Errno } from "../abi/errno";
import { IF_OPER, IFCAP, IFF, IFT } from "../abi/ifnet";
import { NETLINK, NetlinkLimit, PRIV } from "../abi/netlink";
import { HeaderSize, IFLA, IFLA_INFO, IFLAF, IfInfoMsg, NLA_BITSET, RTM, RTNLGRP } from "../abi/rtnetlink";
import { hasMembers } from "../netlink/multicast";
import {
  Writer, abort, begin, beginNest, end, endNest, flush, openGroup, putAttribute, putBytes, putString, putU32, putU8,
  reserve,
} from "../netlink/writer";
import { clonerOf } from "../net/cloner";
import { LinkEvent } from "../net/hooks";
import { Counter, Interface, Media } from "../net/ifnet";
import { Switch, hasSwitch } from "../net/switches";
import { SHOWING, ShowLink, kindRow } from "./linkkind";

/** Writes the link object (rtnetlink B.1); ENOMEM. */
export function writeLink(writer: Writer, ifp: Interface, port: u32, seq: u32, type: u32, flags: u32, change: u32): Errno {
  if (!begin(writer, port, seq, type, flags, HeaderSize.IFINFOMSG)) return Errno.ENOMEM;
  const state = operationalState(ifp);
  const header = reserve(writer, HeaderSize.IFINFOMSG);
  if (header != 0) {
    store<u16>(header, <u16>ifp.type, IfInfoMsg.TYPE);
    store<u32>(header, ifp.index, IfInfoMsg.INDEX);
    store<u32>(header, ifp.flags | ifp.driverFlags | (state == IF_OPER.UP ? IFF.LOWER_UP : 0), IfInfoMsg.FLAGS);
    store<u32>(header, change, IfInfoMsg.CHANGE);
  }
  putString(writer, IFLA.IFNAME, ifp.name);
  putU8(writer, IFLA.OPERSTATE, state);
  putU8(writer, IFLA.CARRIER, u32(state == IF_OPER.UP || state == IF_OPER.DORMANT));
  if (ifp.lladdrBytes != 0) {
    putBytes(writer, IFLA.ADDRESS, ifp.lladdrPointer, ifp.lladdrBytes);
    if ((ifp.flags & IFF.BROADCAST) != 0) {
      const broadcast = putAttribute(writer, IFLA.BROADCAST, ifp.lladdrBytes);
      if (broadcast != 0) memory.fill(broadcast, 0xff, ifp.lladdrBytes);
    }
  }
  putU32(writer, IFLA.MTU, ifp.mtu);
  if (load<u8>(ifp.description) != 0) putString(writer, IFLA.IFALIAS, ifp.description);
  writeFreebsd(writer, ifp);
  writeStatistics(writer, ifp);
  putU32(writer, IFLA.PROMISCUITY, u32(ifp.promiscuous != 0));
  writeKind(writer, ifp);
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

/** rtnetlink B.1.3: Ethernet and vlans follow their media, everything else IFF_UP. */
function operationalState(ifp: Interface): u32 {
  if (ifp.type != IFT.ETHER && ifp.type != IFT.L2VLAN) return ifp.isUp ? IF_OPER.UP : IF_OPER.DOWN;
  if (ifp.media == Media.NONE) return IF_OPER.UNKNOWN;
  if (ifp.media == Media.INACTIVE) return IF_OPER.DOWN;
  return (ifp.flags & IFF.MONITOR) != 0 ? IF_OPER.DORMANT : IF_OPER.UP;
}

/** IFLA_FREEBSD. The roles of MASK and VALUE are swapped against their names, as in FreeBSD (rtnetlink B.1.4). */
function writeFreebsd(writer: Writer, ifp: Interface): void {
  const freebsd = beginNest(writer, IFLA.FREEBSD);
  const hasHardware = ifp.type == IFT.ETHER || ifp.type == IFT.IEEE8023ADLAG;
  if (hasHardware) putBytes(writer, IFLAF.ORIG_HWADDR, ifp.originalLladdrPointer, ifp.lladdrBytes);
  if (!hasSwitch(Switch.LINK_14)) {
    const capabilities = beginNest(writer, IFLAF.CAPS);
    putU32(writer, NLA_BITSET.SIZE, IFCAP.COUNT);
    const mask = putAttribute(writer, NLA_BITSET.MASK, 8);
    if (mask != 0) store<u64>(mask, ifp.enabledCapabilities);
    const value = putAttribute(writer, NLA_BITSET.VALUE, 8);
    if (value != 0) store<u64>(value, ifp.capabilities);
    endNest(writer, capabilities);
  }
  endNest(writer, freebsd);
}

/** IFLA_LINKINFO with the driver's name, where there is a cloner of that name, and what its kind shows (rtnetlink B.1.5). */
function writeKind(writer: Writer, ifp: Interface): void {
  const cloner = clonerOf(ifp.driver);
  if (cloner == null) return;
  const row = kindRow(cloner.kind);
  if (row != 0 && changetype<ShowLink>(load<usize>(row + SHOWING))(writer, ifp)) return;
  const info = beginNest(writer, IFLA.LINKINFO);
  putString(writer, IFLA_INFO.KIND, ifp.driver);
  endNest(writer, info);
}

/** rtnl_link_stats64: the first nine counters and the last are kept, the others are 0 (rtnetlink A.10). */
function writeStatistics(writer: Writer, ifp: Interface): void {
  const statistics = putAttribute(writer, IFLA.STATS64, HeaderSize.STATS64);
  if (statistics == 0) return;
  for (let i: u32 = 0; i <= <u32>Counter.MULTICAST; i++) store<u64>(statistics + i * 8, ifp.counter(i));
  store<u64>(statistics, ifp.counter(Counter.NO_PROTOCOL), HeaderSize.STATS64 - 8);
}

const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/** The stack's events of interfaces, to group LINK with port, sequence and flags 0. */
export function notifyLink(ifp: usize, event: u32, change: u32): void {
  if (!hasMembers(NETLINK.ROUTE, RTNLGRP.LINK)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_LARGE, NETLINK.ROUTE, RTNLGRP.LINK, PRIV.NONE)) return;
  const type = event == LinkEvent.DEPARTED ? RTM.DELLINK : RTM.NEWLINK;
  if (writeLink(groupWriter, changetype<Interface>(ifp), 0, 0, type, 0, change) != Errno.OK) abort(groupWriter);
  flush(groupWriter);
}
