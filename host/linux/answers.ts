// Requests that have no counterpart in FreeBSD, and what they are answered (linux-compat E10): nothing, where their programs
// go on with nothing, or the refusal that makes them take another way. What no table names is refused the same way.

import { RTM } from "../../assembly/abi/rtnetlink.js";
import { listSource } from "./dump.js";
import { LinuxErrno } from "./errno.js";
import { LinuxRTM } from "./number.js";
import { Refusal } from "./refusal.js";
import type { Request, RequestHandler } from "./request.js";

/** By nlmsg_type. */
export const ANSWERS: readonly (readonly [type: number, handler: RequestHandler])[] = [
  // asked by networkd, FRR, tc
  [RTM.GETQDISC, nothing],
  [RTM.GETTCLASS, nothing],
  [RTM.GETTFILTER, nothing],
  [LinuxRTM.GETCHAIN, nothing],
  // ip ntable
  [RTM.GETNEIGHTBL, nothing],
  // bridge, FRR
  [RTM.GETMDB, nothing],
  [LinuxRTM.GETVLAN, nothing],
  // ip maddr, networkd
  [RTM.GETMULTICAST, nothing],
  [RTM.GETANYCAST, nothing],
  // ip stats and ifstat fall back to RTM_GETLINK
  [RTM.GETSTATS, refused],
  // dcb, FRR
  [RTM.GETDCB, refused],
  [LinuxRTM.GETTUNNEL, refused],
];

/** A dump without messages; there is no single one to be asked for. @throws Refusal EOPNOTSUPP */
function nothing(request: Request): void {
  if (!request.isDump) refused();
  request.dump(listSource([]));
}

function refused(): never {
  throw new Refusal(LinuxErrno.EOPNOTSUPP);
}
