// RTA_MULTIPATH: the paths that a request writes out (netlink/route/rt.c, nlattr_get_multipath, create_nexthop_one;
// rtnetlink E.4.1).
//   parseMultipath   the attribute's parser; what it stores is the number of paths
//   describePaths    their nexthops, put together for internGroup; releasePaths in any case
// FreeBSD takes memory for the paths from the message's scratch and does not check that it got any. Here the paths lie
// beside scratch, and only their addresses come from it: that bounds how many a request can have (netlink-core N6.6).

import { Errno } from "../abi/errno";
import { NetlinkSize } from "../abi/netlink";
import { HeaderSize, RTA, RTF, RtNextHop } from "../abi/rtnetlink";
import { zero } from "../mem/zero";
import { Field, Payload, parseHeader, sockaddrAddress, sockaddrFamily } from "../netlink/parser";
import { Request } from "../netlink/request";
import { loadHigh, loadLow } from "../net/address";
import { Interface } from "../net/ifnet";
import { NHF, Nexthop, clearDraft, draft, holdNexthop, internNexthop, releaseNexthop } from "../net/nexthop";
import { addPath, beginPaths } from "../net/nhgroup";
import { completeDraft, needsInterface, setGateway } from "../net/resolve";
import { Rib } from "../net/rib";

/** A path after parsing; what was absent is 0. */
@unmanaged
class PathRequest {
  /** sockaddr */
  gateway: usize;
  /** Interface */
  ifp: usize;
  flags: u8;
  weight: u8;
  /** Nexthop that describePaths holds. */
  nexthop: usize;
}

/** What the paths of a request have in common. */
@unmanaged
export class PathsRequest {
  high: u64;
  low: u64;
  /** NHF.HOST, NHF.DEFAULT or 0. */
  kind: u32;
  rtFlags: u32;
  origin: u32;
}

/** Paths that fit: more than can have a gateway, whose addresses take scratch. */
const PATHS_MAX: u32 = 80;
const paths: usize = memory.data(1280);
export const common = changetype<PathsRequest>(memory.data(offsetof<PathsRequest>(), 16));

if (PATHS_MAX * offsetof<PathRequest>() != 1280) ERROR("paths");

const FIELDS: StaticArray<usize> = [
  // in the header     kind          into
  RtNextHop.FLAGS,     Field.U8,     offsetof<PathRequest>("flags"),
  RtNextHop.HOPS,      Field.U8,     offsetof<PathRequest>("weight"),
  RtNextHop.IFINDEX,   Field.IFPZ,   offsetof<PathRequest>("ifp"),
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute         payload       into                               argument
  RTA.GATEWAY,         Payload.IP,   offsetof<PathRequest>("gateway"),  0,
  RTA.VIA,             Payload.VIA,  offsetof<PathRequest>("gateway"),  0,
];

const PARSER: StaticArray<usize> = [
  HeaderSize.RTNEXTHOP, 0, changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), 0,
];

function pathAt(i: u32): PathRequest {
  return changetype<PathRequest>(paths + i * offsetof<PathRequest>());
}

/** A PayloadParser. EINVAL a length that cannot be, or no path; ENOBUFS too many; what the parser of a path says. */
export function parseMultipath(request: Request, attribute: usize, into: usize): Errno {
  let at = attribute + NetlinkSize.NLATTR;
  let left = <u32>load<u16>(attribute) - NetlinkSize.NLATTR;
  let count: u32 = 0;
  while (left > 0) {
    const length = left == 1 ? <u32>load<u8>(at) : <u32>load<u16>(at, RtNextHop.LEN);
    if (length <= <u32>HeaderSize.RTNEXTHOP || length > left) {
      return request.report(Errno.EINVAL, "nlattr_get_multipath: bad length %", length, 0);
    }
    if (count == PATHS_MAX) return Errno.ENOBUFS;
    const path = changetype<usize>(pathAt(count));
    zero(path, offsetof<PathRequest>());
    const error = parseHeader(request, PARSER, at, at + length, path);
    if (error != Errno.OK) return request.report(error, "RTA_MULTIPATH: nexthop %: parse failed", count, 0);
    count++;
    const padded = (length + 3) & ~3;
    if (padded > left) return invalid(request);
    left -= padded;
    at += padded;
  }
  if (count == 0) return invalid(request);
  store<u32>(into, count);
  return Errno.OK;
}

function invalid(request: Request): Errno {
  return request.report(Errno.EINVAL, "invalid RTA_MULTIPATH attr", 0, 0);
}

/** Adds the parsed paths to the group being put together. EINVAL without gateway, or as for one nexthop; ENOMEM. */
export function describePaths(request: Request, rib: Rib, count: u32): Errno {
  beginPaths();
  for (let i: u32 = 0; i < count; i++) {
    const path = pathAt(i);
    const error = describePath(request, rib, path);
    if (error != Errno.OK) return error;
    const nexthop = internNexthop();
    if (nexthop == null) return Errno.ENOMEM;
    holdNexthop(nexthop);
    path.nexthop = changetype<usize>(nexthop);
    addPath(path.nexthop, max<u32>(path.weight, 1));
  }
  return Errno.OK;
}

/** Lets go of the nexthops that describePaths held: a group that was made has them. */
export function releasePaths(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const path = pathAt(i);
    if (path.nexthop != 0) releaseNexthop(changetype<Nexthop>(path.nexthop));
    path.nexthop = 0;
  }
}

function describePath(request: Request, rib: Rib, path: PathRequest): Errno {
  if (path.gateway == 0) return Errno.EINVAL;
  const ifp = changetype<Interface | null>(path.ifp);
  const family = sockaddrFamily(path.gateway);
  const address = sockaddrAddress(path.gateway);
  const high = loadHigh(family, address);
  if (needsInterface(family, high, ifp)) return request.report(Errno.EINVAL, "interface not set", 0, 0);
  clearDraft(rib.fib, rib.family);
  const error = setGateway(family, high, loadLow(family, address), ifp);
  if (error != Errno.OK) return error;
  draft.ifp = path.ifp;
  draft.flags |= common.kind;
  if ((common.kind & NHF.HOST) != 0) draft.rtFlags |= RTF.HOST;
  draft.rtFlags |= common.rtFlags;
  draft.origin = common.origin;
  return completeDraft(common.high, common.low);
}
