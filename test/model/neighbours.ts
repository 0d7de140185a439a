// Neighbours as the reference has them (rtnetlink D.3, D.4), and the order of their tables (D.2.3).

import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NTF, RTF } from "../../assembly/abi/rtnetlink.js";
import { ip } from "../support/messages.js";
import {
  familyOfText,
  isWithin,
  type Link,
  linkNamed,
  longestMatch,
  type Neighbour,
  resolves,
  type Vnet,
} from "./network.js";

export const LLADDR_BYTES = 6;

/** The bucket of an entry: the last four bytes as a little-endian word. */
export function bucketOf(dst: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = ip(dst).slice(-4);
  const key = a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24;
  return ((((((key >>> 8) ^ key) >>> 8) ^ key) >>> 8) ^ key) & 31;
}

/** All entries of a link as a dump has them: ARP first, by bucket, the newest first. */
export function inOrder(link: Link): Neighbour[] {
  return link.neighbours
    .map((entry, age) => ({ entry, age, bucket: bucketOf(entry.dst) }))
    .sort((a, b) => a.entry.family - b.entry.family || a.bucket - b.bucket || b.age - a.age)
    .map(({ entry }) => entry);
}

/**
 * Whether an entry may be made (D.3, item 6; netinet/in.c, in_lltable_rtcheck; netinet6/in6.c, in6_lltable_rtcheck): IPv6
 * refuses only where the route leads elsewhere and the link has no IPv6 address at all.
 */
function isOnLink(vnet: Vnet, link: Link, dst: string): boolean {
  const family = familyOfText(dst);
  const hop = longestMatch(vnet, 0, dst)?.hops[0];
  const own = link.addresses.filter((address) => address.family === family);
  if (family === AF.INET6) {
    return hop === undefined || (hop.gateway === undefined && hop.link === link.uid) || own.length > 0;
  }
  if (hop === undefined || hop.gateway !== undefined) return false;
  if (hop.link === link.uid || (hop.rtFlags & RTF.HOST) !== 0) return true;
  return own.some(({ text, length }) => isWithin(dst, text, length));
}

export interface NeighbourRequest {
  /** Name of a link. */
  readonly link: string;
  readonly dst: string;
  readonly lladdr: string;
  readonly flags: number;
  /** Letters: C, X, P. */
  readonly letters: string;
}

/** D.3 */
export function newNeighbour(vnet: Vnet, { link: name, dst, lladdr, flags, letters }: NeighbourRequest): Errno {
  const link = linkNamed(vnet, name);
  if (link === undefined) return Errno.ENOENT;
  if (!resolves(link)) return Errno.EINVAL;
  if (!/[CP]/.test(letters)) return Errno.EOPNOTSUPP;
  if (!isOnLink(vnet, link, dst)) return Errno.ENOMEM;
  const present = link.neighbours.find((each) => each.dst === dst);
  if (present !== undefined) {
    if (letters.includes("X") || !letters.includes("P")) return Errno.EEXIST;
    if (present.flags & NTF.SELF) return Errno.EPERM;
    link.neighbours = link.neighbours.filter((each) => each !== present);
  } else if (!letters.includes("C")) {
    return Errno.ENOENT;
  }
  link.neighbours.push({ family: familyOfText(dst), dst, lladdr, flags });
  return Errno.OK;
}

/** D.4 */
export function deleteNeighbour(vnet: Vnet, name: string, dst: string): Errno {
  const link = linkNamed(vnet, name);
  if (link === undefined) return Errno.ENOENT;
  const present = link.neighbours.find((each) => each.dst === dst);
  if (present === undefined) return Errno.ENOENT;
  if (present.flags & NTF.SELF) return Errno.EPERM;
  link.neighbours = link.neighbours.filter((each) => each !== present);
  return Errno.OK;
}
