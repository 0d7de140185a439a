// RTM_CHANGE of a routing socket: the nexthop that is there, with what the request says otherwise (net/route/route_ctl.c,
// change_route_nhop, change_mpath_route; rtsock G.4.7). Interfaces' own routes can be changed too.
//   changeRoute

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { onRequestedRoute } from "../net/hooks";
import { findByIndex, loopbackInterface } from "../net/ifnet";
import { Nexthop, draft, draftFrom, holdNexthop, internNexthop } from "../net/nexthop";
import { NexthopGroup, addPath, beginPaths, internGroup, internedGroup } from "../net/nhgroup";
import { headOf, payloadFor, payloadOfDraft, releaseHead, releasePayload } from "../net/payload";
import { Rib, entryPayload } from "../net/rib";
import { RouteOp, change, finishChange } from "../net/routectl";
import { echoRequest } from "./echo";
import { parsed } from "./parsed";
import {
  CHANGEABLE, blackholeFlag, checkGatewayFamily, echoPath, loopbackSource, matchingPath, setDraftGateway, setMtu, settle, weightOf, weightOfPath,
} from "./routerequest";
import { RoutingSocket } from "./socket";
import { givenSource, select, selected } from "./source";
import { addTarget, findTarget } from "./target";

const REPLACE: u32 = RouteOp.REPLACE | RouteOp.FORCE;

/** ESRCH no such route or path; EINVAL gateway; ENETUNREACH; EEXIST the path is there; ENOMEM. */
export function changeRoute(from: RoutingSocket, rib: Rib): Errno {
  if (parsed.gatewayFamily == 0) parsed.flags &= ~RTF.GATEWAY;
  const entry = findTarget(rib);
  if (entry == 0) return Errno.ESRCH;
  const old = entryPayload(rib, entry);
  const isGroup = headOf(rib, old).isGroup;
  const path = isGroup ? matchingPath(rib, old) : changetype<usize>(headOf(rib, old));
  if (path == 0) return Errno.ESRCH;
  const weight = weightOf(weightOfPath(rib, old, path));
  const error = describeChange(changetype<Nexthop>(path));
  if (error != Errno.OK) return error;
  return isGroup ? changePath(from, rib, old, path, weight) : changeSingle(from, rib, weight);
}

/** Puts the new nexthop together in the draft. An expiry is lost (rtsock Q-4), and so is the user nexthop it stood for. */
function describeChange(old: Nexthop): Errno {
  draftFrom(old);
  draft.expireSeconds = 0;
  draft.userId = 0;
  draft.rtFlags = (old.rtFlags & ~CHANGEABLE) | (parsed.flags & CHANGEABLE);
  const wasGateway = (old.rtFlags & RTF.GATEWAY) != 0;
  if (blackholeFlag() != 0) leadToLoopback();
  const hasGateway = parsed.gatewayFamily != 0;
  if (hasGateway && checkGatewayFamily() != Errno.OK) return Errno.EINVAL;
  const source = givenSource();
  const isReselected =
    blackholeFlag() == 0 &&
    ((wasGateway && hasGateway) || parsed.ifpName != 0 || (source != null && changetype<usize>(source) != old.source));
  if (isReselected) {
    if (!hasGateway) assumeGateway(old);
    const error = select();
    if (error != Errno.OK) return error;
    settle(selected.ifp, selected.source);
  }
  if (hasGateway) {
    const isLink = parsed.gatewayFamily == AF.LINK;
    if (isLink && (parsed.has(RTF.GATEWAY) || findByIndex(parsed.gatewayIndex) == null)) return Errno.EINVAL;
    setDraftGateway(parsed.has(RTF.GATEWAY));
  }
  setMtu();
  return Errno.OK;
}

/** A request that is to discard leads to lo0's loopback address: the route does not become a blackhole. */
function leadToLoopback(): void {
  parsed.flags |= RTF.GATEWAY;
  const loopback = loopbackInterface();
  if (loopback != null) settle(changetype<usize>(loopback), loopbackSource());
}

/** What the route leads to already, where only interface or source are to be another. */
function assumeGateway(old: Nexthop): void {
  parsed.gatewayFamily = old.neighbourFamily;
  parsed.gatewayHigh = old.gatewayHigh;
  parsed.gatewayLow = old.gatewayLow;
  parsed.gatewayIndex = old.oif;
  if ((old.rtFlags & RTF.GATEWAY) != 0) parsed.flags |= RTF.GATEWAY;
}

function changeSingle(from: RoutingSocket, rib: Rib, weight: u32): Errno {
  const payload = payloadOfDraft(weight);
  if (payload == 0) return Errno.ENOMEM;
  const error = addTarget(rib, payload, REPLACE);
  if (error == Errno.OK) {
    onRequestedRoute(changetype<usize>(change));
    echoPath(from, changetype<usize>(headOf(rib, payload)), weight, false);
  }
  finishChange();
  releasePayload(rib, payload);
  return error;
}

/** One path of several becomes another; a change that alters nothing is echoed as it was sent. */
function changePath(from: RoutingSocket, rib: Rib, old: u32, path: usize, weight: u32): Errno {
  const made = internNexthop();
  if (made == null) return Errno.ENOMEM;
  holdNexthop(made);
  const error = replacePath(from, rib, old, path, made, weight);
  releaseHead(made);
  return error;
}

function replacePath(from: RoutingSocket, rib: Rib, old: u32, path: usize, made: Nexthop, weight: u32): Errno {
  const group = changetype<NexthopGroup>(headOf(rib, old));
  beginPaths();
  for (let i: u32 = 0; i < group.count; i++) {
    const isThis = group.path(i).nexthop == path;
    addPath(isThis ? changetype<usize>(made) : group.path(i).nexthop, isThis ? weight : group.path(i).weight);
  }
  const interned = internGroup(group.home, group.userId, group.origin, 0);
  if (interned != Errno.OK) return interned;
  if (internedGroup() == group) {
    echoRequest(from, Errno.OK);
    return Errno.OK;
  }
  const payload = payloadFor(internedGroup(), rib.payload(old).weight, 0);
  if (payload == 0) return Errno.ENOMEM;
  const error = addTarget(rib, payload, REPLACE);
  if (error == Errno.OK) {
    onRequestedRoute(changetype<usize>(change));
    echoPath(from, changetype<usize>(made), weight, false);
  }
  finishChange();
  releasePayload(rib, payload);
  return error;
}
