// Links: RTM_GETLINK and the link object (netlink/route/iface.c; rtnetlink B).

import { Errno } from "../abi/errno";
import { IF_OPER, IFCAP, IFF, IFT, LINK_STATE } from "../abi/ifnet";
import { NETLINK, NLM_F, NetlinkLimit, NlMsgHdr, PRIV } from "../abi/netlink";
import { HeaderSize, IFLA, IFLA_INFO, IFLAF, IfInfoMsg, NLA_BITSET, RTM, RTNLGRP } from "../abi/rtnetlink";
import { hasMembers } from "../netlink/multicast";
import { Field, Payload, parse } from "../netlink/parser";
import { Request } from "../netlink/request";
import {
  Writer, abort, begin, beginNest, done, end, endNest, flush, openGroup, putAttribute, putBytes, putString, putU32, putU8, reserve,
} from "../netlink/writer";
import { isCloner } from "../net/cloner";
import { LinkEvent } from "../net/hooks";
import { Counter, Interface, findByIndex, findByName, firstInterface, sameName } from "../net/ifnet";

/** A link request after parsing; what was absent is 0. */
@unmanaged
class LinkRequest {
  index: u32;
  flags: u32;
  change: u32;
  mtu: u32;
  link: u32;
  group: usize;
  name: usize;
  alias: usize;
  /** nlattr */
  address: usize;
  kind: usize;
  /** nlattr */
  data: usize;
  type: u16;
}

const record = changetype<LinkRequest>(memory.data(offsetof<LinkRequest>(), 16));

const FIELDS: StaticArray<usize> = [
  // in the header     kind        into
  IfInfoMsg.TYPE,      Field.U16,  offsetof<LinkRequest>("type"),
  IfInfoMsg.INDEX,     Field.U32,  offsetof<LinkRequest>("index"),
  IfInfoMsg.FLAGS,     Field.U32,  offsetof<LinkRequest>("flags"),
  IfInfoMsg.CHANGE,    Field.U32,  offsetof<LinkRequest>("change"),
];

const LINKINFO: StaticArray<usize> = [
  // attribute         payload             into                              argument
  IFLA_INFO.KIND,      Payload.STRINGN,    offsetof<LinkRequest>("kind"),    0,
  IFLA_INFO.DATA,      Payload.ATTRIBUTE,  offsetof<LinkRequest>("data"),    0,
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute         payload             into                              argument
  IFLA.ADDRESS,        Payload.ATTRIBUTE,  offsetof<LinkRequest>("address"), 0,
  IFLA.IFNAME,         Payload.STRING,     offsetof<LinkRequest>("name"),    0,
  IFLA.MTU,            Payload.U32,        offsetof<LinkRequest>("mtu"),     0,
  IFLA.LINK,           Payload.U32,        offsetof<LinkRequest>("link"),    0,
  IFLA.LINKINFO,       Payload.NESTED,     0,                                changetype<usize>(LINKINFO),
  IFLA.IFALIAS,        Payload.STRING,     offsetof<LinkRequest>("alias"),   0,
  IFLA.GROUP,          Payload.STRING,     offsetof<LinkRequest>("group"),   0,
  IFLA.ALT_IFNAME,     Payload.STRING,     offsetof<LinkRequest>("name"),    0,
];

const PARSER: StaticArray<usize> = [
  HeaderSize.IFINFOMSG, changetype<usize>(isStrictHeader), changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), 0,
];

/** rtnetlink B.2.2: index and family alone may be set. */
function isStrictHeader(header: usize, request: Request): bool {
  if (
    load<u8>(header, IfInfoMsg.PAD) == 0 &&
    load<u16>(header, IfInfoMsg.TYPE) == 0 &&
    load<u32>(header, IfInfoMsg.FLAGS) == 0 &&
    load<u32>(header, IfInfoMsg.CHANGE) == 0
  ) {
    return true;
  }
  request.report(Errno.EINVAL, "strict checking: non-zero values in ifinfomsg header", 0, 0);
  return false;
}

/**
 * ENODEV for an index or name that no interface has, or one that fails the other filters. Without either: all links, with
 * NLM_F_DUMP or not (rtnetlink B.2.4).
 */
function getLink(request: Request): Errno {
  const error = parse(request, PARSER, changetype<usize>(record), offsetof<LinkRequest>());
  if (error != Errno.OK) return error;
  const header = request.header;
  const flags = <u32>load<u16>(header, NlMsgHdr.FLAGS);
  if (record.index == 0 && record.name == 0) return dumpLinks(request, flags | NLM_F.MULTI);
  const ifp = record.index != 0 ? findByIndex(record.index) : findByName(record.name);
  if (ifp == null || !passes(ifp)) return Errno.ENODEV;
  return writeLink(request.replies, ifp, request.from.port, load<u32>(header, NlMsgHdr.SEQ), RTM.NEWLINK, flags, 0);
}

function passes(ifp: Interface): bool {
  if (record.name != 0 && !sameName(ifp.name, record.name)) return false;
  return record.type == 0 || <u32>record.type == ifp.type;
}

function dumpLinks(request: Request, flags: u32): Errno {
  const port = request.from.port;
  const seq = load<u32>(request.header, NlMsgHdr.SEQ);
  let error: Errno = Errno.OK;
  // Quirk: a dump compares the type with the index asked for, which is 0, so any type finds nothing (rtnetlink B.2.5).
  if (record.type == 0) {
    for (let at = firstInterface(); at != 0 && error == Errno.OK; at = changetype<Interface>(at).next) {
      error = writeLink(request.replies, changetype<Interface>(at), port, seq, RTM.NEWLINK, flags, 0);
    }
  }
  if (!done(request.replies, port, seq, error)) return Errno.ENOMEM;
  return error;
}

/** Writes the link object (rtnetlink B.1); ENOMEM. */
function writeLink(writer: Writer, ifp: Interface, port: u32, seq: u32, type: u32, flags: u32, change: u32): Errno {
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
  if (isCloner(ifp.driver)) {
    const info = beginNest(writer, IFLA.LINKINFO);
    putString(writer, IFLA_INFO.KIND, ifp.driver);
    endNest(writer, info);
  }
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

/** rtnetlink B.1.3: Ethernet follows its media, everything else IFF_UP. */
function operationalState(ifp: Interface): u32 {
  if (ifp.type != IFT.ETHER && ifp.type != IFT.L2VLAN) return ifp.isUp ? IF_OPER.UP : IF_OPER.DOWN;
  if (ifp.linkState == LINK_STATE.UNKNOWN) return IF_OPER.UNKNOWN;
  if (ifp.linkState == LINK_STATE.DOWN) return IF_OPER.DOWN;
  return (ifp.flags & IFF.MONITOR) != 0 ? IF_OPER.DORMANT : IF_OPER.UP;
}

/** IFLA_FREEBSD. The roles of MASK and VALUE are swapped against their names, as in FreeBSD (rtnetlink B.1.4). */
function writeFreebsd(writer: Writer, ifp: Interface): void {
  const freebsd = beginNest(writer, IFLA.FREEBSD);
  if (ifp.originalLladdr != 0) putBytes(writer, IFLAF.ORIG_HWADDR, ifp.originalLladdrPointer, ifp.lladdrBytes);
  const capabilities = beginNest(writer, IFLAF.CAPS);
  putU32(writer, NLA_BITSET.SIZE, IFCAP.COUNT);
  const mask = putAttribute(writer, NLA_BITSET.MASK, 8);
  if (mask != 0) store<u64>(mask, ifp.enabledCapabilities);
  const value = putAttribute(writer, NLA_BITSET.VALUE, 8);
  if (value != 0) store<u64>(value, ifp.capabilities);
  endNest(writer, capabilities);
  endNest(writer, freebsd);
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
  const type = event == LinkEvent.DELETED ? RTM.DELLINK : RTM.NEWLINK;
  if (writeLink(groupWriter, changetype<Interface>(ifp), 0, 0, type, 0, change) != Errno.OK) abort(groupWriter);
  flush(groupWriter);
}

export const LINK_MESSAGES: StaticArray<usize> = [
  // request       privilege     in a jail without vnet   handler
  RTM.GETLINK,     PRIV.NONE,    1,                       changetype<usize>(getLink),
];
