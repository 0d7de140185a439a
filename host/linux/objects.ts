// Which handler a message type has: requests of Linux programs, and notifications of the kernel. One row a type.

import { RTM } from "../../assembly/abi/rtnetlink.js";
import { getAddresses } from "./address.js";
import { deleteAddress, newAddress } from "./addresschange.js";
import { addressArrived, addressDeparted } from "./addressevent.js";
import { getLabels } from "./addrlabel.js";
import { ANSWERS } from "./answers.js";
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
import { LinuxRTM } from "./number.js";
import type { RequestHandler } from "./request.js";
import { getRoutes } from "./route.js";
import { newRoute } from "./routeadd.js";
import { deleteRoute } from "./routedelete.js";
import { linkRoutesChanged, routeArrived, routeDeparted } from "./routeevent.js";
import { delRule, getRules, newRule } from "./rule.js";
import type { EventHandler } from "./vnet.js";

/** By nlmsg_type. */
export const REQUESTS: ReadonlyMap<number, RequestHandler> = new Map<number, RequestHandler>([
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
