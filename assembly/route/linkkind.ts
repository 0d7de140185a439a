// The kinds of interface that requests tell more of than their name (IFLA_INFO_DATA), or that are shown with more
// (net/if_clone.c; rtnetlink B.1.5, B.3.7, B.4.2).

import { Errno } from "../abi/errno";
import { CloneRequest } from "../net/clone";
import { Kind } from "../net/cloner";
import { Interface } from "../net/ifnet";
import { Request } from "../netlink/request";
import { Writer } from "../netlink/writer";
import { LinkRequest } from "./linkrequest";
import { modifyGif, modifyGre, showGif, showGre, stageLink } from "./linktunnel";
import { modifyVlan, readVlan, showVlan } from "./linkvlan";

/** Completes what is to be made. */
export type CreateLink = (link: LinkRequest, request: Request, clone: CloneRequest) => Errno;
/** Changes an interface before the changes that all kinds have. */
export type ModifyLink = (ifp: Interface, link: LinkRequest, request: Request) => Errno;
/** Writes the kind's part of the link object; false when there is no more to show than the driver's name. */
export type ShowLink = (writer: Writer, ifp: Interface) => bool;

const KINDS: StaticArray<usize> = [
  // kind     creating                      made                          modifying                       showing
  Kind.VLAN,  changetype<usize>(readVlan),  0,                            changetype<usize>(modifyVlan),  changetype<usize>(showVlan),
  Kind.GIF,   changetype<usize>(stageLink), changetype<usize>(modifyGif), changetype<usize>(modifyGif),   changetype<usize>(showGif),
  Kind.GRE,   changetype<usize>(stageLink), changetype<usize>(modifyGre), changetype<usize>(modifyGre),   changetype<usize>(showGre),
];
/** Offsets in a row: a CreateLink, what changes an interface just made and one that was there (ModifyLink), a ShowLink. */
export const CREATING: usize = 4;
export const MADE: usize = 8;
export const MODIFYING: usize = 12;
export const SHOWING: usize = 16;
const ROW_BYTES: usize = 20;

/** The row of a kind, 0 = it takes no data. */
export function kindRow(kind: u32): usize {
  const end = changetype<usize>(KINDS) + (<usize>KINDS.length << 2);
  for (let row = changetype<usize>(KINDS); row < end; row += ROW_BYTES) if (load<u32>(row) == kind) return row;
  return 0;
}

/** Changes an interface by the row's function at MADE or MODIFYING, if there is one. */
export function modifyByKind(row: usize, when: usize, ifp: Interface, link: LinkRequest, request: Request): Errno {
  const modify: usize = row == 0 ? 0 : load<usize>(row + when);
  return modify == 0 ? Errno.OK : changetype<ModifyLink>(modify)(ifp, link, request);
}
