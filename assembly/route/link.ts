// Links: RTM_GETLINK, RTM_NEWLINK, RTM_DELLINK (netlink/route/iface.c; rtnetlink B). linkobject.ts writes the object.

import { Errno } from "../abi/errno";
import { NLM_F, NLMSGERR_ATTR, NetlinkSize, NlMsgHdr, PRIV } from "../abi/netlink";
import { HeaderSize, IFLA, IFLA_INFO, IfInfoMsg, RTM } from "../abi/rtnetlink";
import { Field, Payload, parse } from "../netlink/parser";
import { Request } from "../netlink/request";
import { done } from "../netlink/writer";
import { CloneRequest, cloneInterface, requestName } from "../net/clone";
import { Cloner, clonerMatching, clonerOf } from "../net/cloner";
import { Interface, findByIndex, findByName, firstInterface, sameName } from "../net/ifnet";
import { keepTunnel, restoreTunnel, unstageEndpoints } from "../net/tunnel";
import { destroyInterface } from "../net/unclone";
import { modifyLink } from "./linkmodify";
import { writeLink } from "./linkobject";
import { LinkRequest } from "./linkrequest";
import { CREATING, CreateLink, MADE, MODIFYING, kindRow, modifyByKind } from "./linkkind";

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
 * ENODEV for an index or name that no interface has, or one that fails the other filters. Without either: all links,
 * with NLM_F_DUMP or not (rtnetlink B.2.4).
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

const clone = changetype<CloneRequest>(memory.data(offsetof<CloneRequest>(), 16));

/** NLM_F_CREATE alone says which of the two it is (rtnetlink B.3.1). */
function newLink(request: Request): Errno {
  const error = parse(request, PARSER, changetype<usize>(record), offsetof<LinkRequest>());
  if (error != Errno.OK) return error;
  return (load<u16>(request.header, NlMsgHdr.FLAGS) & NLM_F.CREATE) != 0 ? createLink(request) : changeLink(request);
}

/**
 * Makes an interface by the cloner that its name matches, whatever the kind says, and changes it by the same request.
 * An error of the change leaves the interface there (rtnetlink B.3.2).
 */
function createLink(request: Request): Errno {
  if (isEmpty(record.name)) return request.report(Errno.EINVAL, "empty IFLA_IFNAME attribute", 0, 0);
  if (isEmpty(record.kind)) return request.report(Errno.EINVAL, "empty IFLA_INFO_KIND attribute", 0, 0);
  const cloner = clonerMatching(record.name);
  if (cloner == null) return Errno.EINVAL;
  memory.fill(changetype<usize>(clone), 0, offsetof<CloneRequest>());
  requestName(clone, record.name);
  if (findByName(clone.name) != null) return Errno.EEXIST;
  const error = make(cloner, kindRow(cloner.kind), request);
  unstageEndpoints();
  if (error == Errno.OK) storeCookie(request, changetype<Interface>(clone.made));
  return error;
}

function make(cloner: Cloner, row: usize, request: Request): Errno {
  const creating: usize = row == 0 ? 0 : load<usize>(row + CREATING);
  let error: Errno = creating == 0 ? Errno.OK : changetype<CreateLink>(creating)(record, request, clone);
  if (error == Errno.OK) error = cloneInterface(cloner, clone);
  if (error != Errno.OK) return error;
  const ifp = changetype<Interface>(clone.made);
  error = modifyByKind(row, MADE, ifp, record, request);
  return error != Errno.OK ? error : modifyLink(request, ifp, record);
}

function isEmpty(text: usize): bool {
  return text == 0 || load<u8>(text) == 0;
}

/** The index and the name of what was made, for the ack (rtnetlink B.3.3). */
function storeCookie(request: Request, ifp: Interface): void {
  let length: u32 = 1;
  while (load<u8>(ifp.name + length) != 0) length++;
  const bytes = 3 * NetlinkSize.NLATTR + 4 + ((length + 1 + 3) & ~3);
  const cookie = request.scratch(bytes);
  if (cookie == 0) return;
  store<u16>(cookie, <u16>bytes);
  store<u16>(cookie, <u16>NLMSGERR_ATTR.COOKIE, 2);
  store<u16>(cookie, <u16>(NetlinkSize.NLATTR + 4), 4);
  store<u16>(cookie, <u16>IFLA.NEW_IFINDEX, 6);
  store<u32>(cookie, ifp.index, 8);
  store<u16>(cookie, <u16>(NetlinkSize.NLATTR + length + 1), 12);
  store<u16>(cookie, <u16>IFLA.IFNAME, 14);
  memory.copy(cookie + 16, ifp.name, length);
  request.cookie = cookie;
}

/** EPERM without index and name: what ip(8) tries to learn whether the request is there (rtnetlink B.4.1). */
function changeLink(request: Request): Errno {
  if (record.index == 0 && record.name == 0) return request.report(Errno.EPERM, "empty ifi_index field", 0, 0);
  const ifp = record.index != 0 ? findByIndex(record.index) : findByName(record.name);
  if (ifp == null && record.index != 0) {
    return request.report(Errno.ENOENT, "unable to find interface #%", record.index, 0);
  }
  if (ifp == null) return request.reportName(Errno.ENOENT, "unable to find interface ", record.name);
  const cloner = clonerOf(ifp.driver);
  keepTunnel(ifp);
  let error = modifyByKind(cloner == null ? 0 : kindRow(cloner.kind), MODIFYING, ifp, record, request);
  if (error != Errno.OK) return error;
  error = modifyLink(request, ifp, record);
  // Without memory nothing was done.
  if (error == Errno.ENOMEM) restoreTunnel(ifp);
  return error;
}

/** ENOENT for an unknown index, and for 0; a name does not count (rtnetlink B.5.1). */
function deleteLink(request: Request): Errno {
  const error = parse(request, PARSER, changetype<usize>(record), offsetof<LinkRequest>());
  if (error != Errno.OK) return error;
  const ifp = findByIndex(record.index);
  return ifp == null ? Errno.ENOENT : destroyInterface(ifp);
}

export const LINK_MESSAGES: StaticArray<usize> = [
  // request       privilege             in a jail without vnet   handler
  RTM.NEWLINK,     PRIV.NET_IFCREATE,    0,                       changetype<usize>(newLink),
  RTM.DELLINK,     PRIV.NET_IFDESTROY,   0,                       changetype<usize>(deleteLink),
  RTM.GETLINK,     PRIV.NONE,            1,                       changetype<usize>(getLink),
];
