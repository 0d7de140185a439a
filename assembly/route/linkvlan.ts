// A vlan in requests, and as it is shown (net/if_vlan.c; rtnetlink B.1.5, B.3.7, B.4.2).
//   readVlan     what is to be made
//   modifyVlan   what is to be changed
//   showVlan     its part of the link object

import { Errno } from "../abi/errno";
import { NetlinkSize } from "../abi/netlink";
import { IFLA, IFLA_INFO, IFLA_VLAN } from "../abi/rtnetlink";
import { zero } from "../mem/zero";
import { Payload, parseAttributes } from "../netlink/parser";
import { Request } from "../netlink/request";
import { Writer, beginNest, endNest, putString, putU16, putU32 } from "../netlink/writer";
import { CloneRequest, joinParent } from "../net/clone";
import { Interface, findByIndex } from "../net/ifnet";
import { Switch, hasSwitch } from "../net/switches";
import { EtherType, VID_MAX } from "../net/vlan";
import { LinkRequest } from "./linkrequest";

/** IFLA_INFO_DATA of a vlan. */
@unmanaged
class VlanData {
  id: u16;
  protocol: u16;
  /** nlattrs, not looked at */
  flags: usize;
}

const vlan = changetype<VlanData>(memory.data(offsetof<VlanData>(), 16));

const VLAN: StaticArray<usize> = [
  // attribute         payload             into                              argument
  IFLA_VLAN.ID,        Payload.U16,        offsetof<VlanData>("id"),         0,
  IFLA_VLAN.FLAGS,     Payload.ATTRIBUTE,  offsetof<VlanData>("flags"),      0,
  IFLA_VLAN.PROTOCOL,  Payload.U16,        offsetof<VlanData>("protocol"),   0,
];

/** A vid that no network has: none was given. */
const NO_VID: u16 = 0xfefe;

function parseVlan(data: usize, request: Request, id: u16): Errno {
  zero(changetype<usize>(vlan), offsetof<VlanData>());
  vlan.id = id;
  vlan.protocol = <u16>EtherType.VLAN;
  const end = data + load<u16>(data);
  return parseAttributes(request, VLAN, data + NetlinkSize.NLATTR, end, changetype<usize>(vlan));
}

/** The parent is the interface of the header, not IFLA_LINK. */
export function readVlan(link: LinkRequest, request: Request, clone: CloneRequest): Errno {
  if (link.data == 0) return request.report(Errno.EOPNOTSUPP, "vlan id is required, guessing not supported", 0, 0);
  const error = parseVlan(link.data, request, NO_VID);
  if (error != Errno.OK) return error;
  if (<u32>vlan.id > VID_MAX) return request.report(Errno.EINVAL, "Invalid VID: %", vlan.id, 0);
  if (vlan.protocol != <u16>EtherType.VLAN && vlan.protocol != <u16>EtherType.QINQ) {
    return request.report(Errno.EOPNOTSUPP, "Unsupported ethertype: 0x%X", vlan.protocol, 0);
  }
  const parent = findByIndex(link.index);
  if (parent == null) return request.report(Errno.ENOENT, "unable to find parent interface %", link.index, 0);
  clone.parent = changetype<usize>(parent);
  clone.vid = vlan.id;
  clone.protocol = vlan.protocol;
  return Errno.OK;
}

/** Here the parent is IFLA_LINK; a vid that is missing is 0, which is none. */
export function modifyVlan(ifp: Interface, link: LinkRequest, request: Request): Errno {
  if (link.data == 0) return Errno.OK;
  const error = parseVlan(link.data, request, 0);
  if (error != Errno.OK) return error;
  const parent = findByIndex(link.link);
  if (parent == null) return request.report(Errno.ENOENT, "unable to find parent interface %", link.link, 0);
  return joinParent(ifp, parent, vlan.id, vlan.protocol);
}

/** By a switch the parent, vid and ethertype too (rtnetlink B.1.5). */
export function showVlan(writer: Writer, ifp: Interface): bool {
  if (!hasSwitch(Switch.VLAN_DUMP)) return false;
  if (ifp.parentIndex != 0) putU32(writer, IFLA.LINK, ifp.parentIndex);
  const info = beginNest(writer, IFLA.LINKINFO);
  putString(writer, IFLA_INFO.KIND, ifp.driver);
  const data = beginNest(writer, IFLA_INFO.DATA);
  putU16(writer, IFLA_VLAN.ID, ifp.vid);
  putU16(writer, IFLA_VLAN.PROTOCOL, ifp.protocol);
  endNest(writer, data);
  endNest(writer, info);
  return true;
}
