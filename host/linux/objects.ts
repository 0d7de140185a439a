// Which handler a message type has: requests of Linux programs, and notifications of the kernel. One row a type.

import { NetlinkSize } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { getAddresses } from "./address.js";
import { deleteAddress, newAddress } from "./addresschange.js";
import { addressArrived, addressDeparted } from "./addressevent.js";
import { getLabels } from "./addrlabel.js";
import { ANSWERS } from "./answers.js";
import { LinuxErrno } from "./errno.js";
import { getLinks } from "./link.js";
import { changeProperties, deleteLink, newLink, setLink } from "./linkchange.js";
import { linkArrived, linkDeparted } from "./linkevent.js";
import { getNeighbours } from "./neighbour.js";
import { delNeighbour, newNeighbour } from "./neighbourchange.js";
import { neighbourArrived, neighbourDeparted } from "./neighbourevent.js";
import { getNetconf } from "./netconf.js";
import { getNexthopBuckets, getNexthops } from "./nexthop.js";
import { delNexthop, newNexthop } from "./nexthopchange.js";
import { nexthopArrived, nexthopDeparted, nexthopsFollowLink } from "./nexthopevent.js";
import { nexthopUsed } from "./nexthoproutes.js";
import { getNsid } from "./nsid.js";
import { LinuxLimit, LinuxRTM } from "./number.js";
import { Refusal } from "./refusal.js";
import type { Request, RequestHandler } from "./request.js";
import { getRoutes } from "./route.js";
import { newRoute } from "./routeadd.js";
import { deleteRoute } from "./routedelete.js";
import { linkRoutesChanged, routeArrived, routeDeparted } from "./routeevent.js";
import { delRule, getRules, newRule } from "./rule.js";
import type { EventHandler } from "./vnet.js";

/** By nlmsg_type. */
const REQUESTS: ReadonlyMap<number, RequestHandler> = new Map<number, RequestHandler>([
  [RTM.GETLINK, getLinks],
  [RTM.NEWLINK, newLink],
  [RTM.SETLINK, setLink],
  [RTM.DELLINK, deleteLink],
  [LinuxRTM.NEWLINKPROP, changeProperties],
  [LinuxRTM.DELLINKPROP, changeProperties],
  [RTM.GETADDR, getAddresses],
  [RTM.NEWADDR, newAddress],
  [RTM.DELADDR, deleteAddress],
  [RTM.GETNEIGH, getNeighbours],
  [RTM.NEWNEIGH, newNeighbour],
  [RTM.DELNEIGH, delNeighbour],
  [RTM.GETROUTE, getRoutes],
  [RTM.NEWROUTE, newRoute],
  [RTM.DELROUTE, deleteRoute],
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

/** The two low bits of a message type: 0 NEW, 1 DEL, 2 GET, 3 SET. */
const OPERATION_MASK = 3;
const OPERATION_GET = 2;

/** A request of NETLINK_ROUTE. @throws Refusal EOPNOTSUPP for a type without a handler; EPERM */
export function handleRoute(request: Request): void {
  if (request.type > LinuxLimit.TYPE) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  // Without a family there is nothing to do, and nothing wrong (rtnetlink_rcv_msg).
  if (request.message.length === NetlinkSize.NLMSGHDR) return;
  const { isPrivileged } = request.requester;
  // Privilege comes before anything is parsed (E3.10).
  if ((request.type & OPERATION_MASK) !== OPERATION_GET && !isPrivileged) throw new Refusal(LinuxErrno.EPERM);
  const handler = REQUESTS.get(request.type);
  if (handler === undefined) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  handler(request);
}

/** By nlmsg_type. */
export const EVENTS: ReadonlyMap<number, EventHandler> = new Map<number, EventHandler>([
  [RTM.NEWLINK, inTurn(nexthopsFollowLink, linkArrived, linkRoutesChanged)],
  [RTM.DELLINK, inTurn(nexthopsFollowLink, linkDeparted, linkRoutesChanged)],
  [RTM.NEWADDR, addressArrived],
  [RTM.DELADDR, addressDeparted],
  [RTM.NEWNEIGH, neighbourArrived],
  [RTM.DELNEIGH, neighbourDeparted],
  [RTM.NEWROUTE, inTurn(nexthopUsed, routeArrived)],
  [RTM.DELROUTE, routeDeparted],
  [RTM.NEWNEXTHOP, nexthopArrived],
  [RTM.DELNEXTHOP, nexthopDeparted],
]);

/** The object's own handler first, then what follows from it. */
function inTurn(...handlers: readonly EventHandler[]): EventHandler {
  return (vnet, message, cause) => {
    for (const handle of handlers) handle(vnet, message, cause);
  };
}
