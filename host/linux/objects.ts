// Which handler a message type has: requests of Linux programs, and notifications of the kernel. One row a type.

import { RTM } from "../../assembly/abi/rtnetlink.js";
import { getLabels } from "./addrlabel.js";
import { ANSWERS } from "./answers.js";
import { getLinks, linkArrived, linkDeparted } from "./link.js";
import { getNeighbours, neighbourArrived, neighbourDeparted } from "./neighbour.js";
import { delNeighbour, newNeighbour } from "./neighbourchange.js";
import { getNetconf } from "./netconf.js";
import {
  delNexthop,
  getNexthopBuckets,
  getNexthops,
  newNexthop,
  nexthopArrived,
  nexthopDeparted,
  nexthopsFollowLink,
} from "./nexthop.js";
import { getNsid } from "./nsid.js";
import { LinuxRTM } from "./number.js";
import type { RequestHandler } from "./request.js";
import { delRule, getRules, newRule } from "./rule.js";
import type { EventHandler } from "./vnet.js";

/** By nlmsg_type. */
export const REQUESTS: ReadonlyMap<number, RequestHandler> = new Map<number, RequestHandler>([
  [RTM.GETLINK, getLinks],
  [RTM.GETNEIGH, getNeighbours],
  [RTM.NEWNEIGH, newNeighbour],
  [RTM.DELNEIGH, delNeighbour],
  [RTM.GETNEXTHOP, getNexthops],
  [RTM.NEWNEXTHOP, newNexthop],
  [RTM.DELNEXTHOP, delNexthop],
  [LinuxRTM.GETNEXTHOPBUCKET, getNexthopBuckets],
  [RTM.GETRULE, getRules],
  [RTM.NEWRULE, newRule],
  [RTM.DELRULE, delRule],
  [RTM.GETNETCONF, getNetconf],
  [RTM.GETNSID, getNsid],
  [RTM.GETADDRLABEL, getLabels],
  ...ANSWERS,
]);

/** By nlmsg_type. */
export const EVENTS: ReadonlyMap<number, EventHandler> = new Map<number, EventHandler>([
  [RTM.NEWLINK, inTurn(nexthopsFollowLink, linkArrived)],
  [RTM.DELLINK, inTurn(nexthopsFollowLink, linkDeparted)],
  [RTM.NEWNEIGH, neighbourArrived],
  [RTM.DELNEIGH, neighbourDeparted],
  [RTM.NEWNEXTHOP, nexthopArrived],
  [RTM.DELNEXTHOP, nexthopDeparted],
]);

/** Several handlers of one notification. */
function inTurn(...handlers: readonly EventHandler[]): EventHandler {
  return (vnet, message, cause) => {
    for (const handler of handlers) handler(vnet, message, cause);
  };
}
