// What the data of a kind of interface (IFLA_INFO_DATA) says: only vlans take any (net/if_vlan.c; rtnetlink B.3.7,
// B.4.2).

import { Errno } from "../abi/errno";
import { NetlinkSize } from "../abi/netlink";
import { IFLA_VLAN } from "../abi/rtnetlink";
import { zero } from "../mem/zero";
import { Payload, parseAttributes } from "../netlink/parser";
import { Request } from "../netlink/request";
import { CloneRequest, joinParent } from "../net/clone";
import { Kind } from "../net/cloner";
import { Interface, findByIndex } from "../net/ifnet";
import { EtherType, VID_MAX } from "../net/vlan";
import { LinkRequest } from "./linkrequest";

/** Completes what is to be made. */
export type CreateLink = (link: LinkRequest, request: Request, clone: CloneRequest) => Errno;
/** Changes an interface before the changes that all kinds have. */
export type ModifyLink = (ifp: Interface, link: LinkRequest, request: Request) => Errno;

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
function readVlan(link: LinkRequest, request: Request, clone: CloneRequest): Errno {
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
function modifyVlan(ifp: Interface, link: LinkRequest, request: Request): Errno {
  if (link.data == 0) return Errno.OK;
  const error = parseVlan(link.data, request, 0);
  if (error != Errno.OK) return error;
  const parent = findByIndex(link.link);
  if (parent == null) return request.report(Errno.ENOENT, "unable to find parent interface %", link.link, 0);
  return joinParent(ifp, parent, vlan.id, vlan.protocol);
}

const KINDS: StaticArray<usize> = [
  // kind     creating                         modifying
  Kind.VLAN,  changetype<usize>(readVlan),     changetype<usize>(modifyVlan),
];
/** Offsets in a row. */
export const CREATING: usize = 4;
export const MODIFYING: usize = 8;
const ROW_BYTES: usize = 12;

/** The row of a kind, 0 = it takes no data. */
export function kindRow(kind: u32): usize {
  const end = changetype<usize>(KINDS) + (<usize>KINDS.length << 2);
  for (let row = changetype<usize>(KINDS); row < end; row += ROW_BYTES) if (load<u32>(row) == kind) return row;
  return 0;
}
