// Attributes as FreeBSD's kernel walks them (netlink/netlink.h, NLA_FOREACH), which ends sooner than Linux's walk: an
// attribute whose padding reaches past the end is none.

import { NetlinkSize } from "../../../assembly/abi/netlink.js";

/**
 * Calls for each attribute between two offsets, in order.
 * @param visit - gets where it lies, its nla_len, and nla_type with its flag bits; false ends the walk
 * @returns where an attribute with an impossible length (below 4) ended the walk; undefined when none did
 */
export function eachAttribute(
  view: DataView,
  from: number,
  to: number,
  visit: (at: number, length: number, type: number) => boolean,
): number | undefined {
  for (let at = from; at < to; ) {
    const length = at + 2 <= to ? view.getUint16(at, true) : 0;
    const next = at + ((length + 3) & ~3);
    if (next > to) return undefined;
    if (length < NetlinkSize.NLATTR) return at;
    if (!visit(at, length, view.getUint16(at + 2, true))) return undefined;
    at = next;
  }
  return undefined;
}
