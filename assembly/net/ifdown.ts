// Interfaces going down and away, with all that follows (net/if.c, netinet/in.c, netinet6/in6_ifattach.c; rtnetlink B.6,
// C.6). Every call is done, or without memory not begun.
//   bringDown, withdrawAddresses
//   stageDeparture, depart   an interface leaves; what it needs first

import { Errno } from "../abi/errno";
import { IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { dropAddress, removePrefix, stageAddress, usesInterface, usesSourceInPassing } from "./addressctl";
import { dropVirtualHosts } from "./carpctl";
import { followCarrier } from "./carpstate";
import { purgeRouters, replaceRouters } from "./defrouter";
import { AddressEvent, onAddress } from "./hooks";
import { IfAddress } from "./ifaddr";
import { Interface, setDown, unlinkInterface } from "./ifnet";
import { heirOf } from "./ifnetwork";
import { handElsewhere, removeNetworkRoute, unstage } from "./ifroutes";
import { dropMemberships } from "./membership";
import { purgeInterface, purgePrefix } from "./neighbour";
import { armNd } from "./ndtimer";
import { dropSpares } from "./nhshrink";
import { dropPeers } from "./peer";
import { Prefix, firstPrefix, unlinkPrefix } from "./prefix";
import { stageOffLink, unstageOffLink } from "./prefixroute";
import { stageFamily, sweepFamily } from "./sweep";
import { forgetInterface } from "./usernexthop";

/**
 * IFNET_EVENT_DOWN: IPv4 addresses lose their network's route and the routes through them that are not STATIC; each is
 * announced as gone, though it stays (rtnetlink C.6.4). The ND timer makes IPv6 addresses tentative.
 */
export function bringDown(ifp: Interface): Errno {
  const isStaged = stageAll(ifp);
  if (isStaged) {
    lower(ifp);
    unstageAll(ifp, 0);
    armNd();
  }
  dropSpares();
  return isStaged ? Errno.OK : Errno.ENOMEM;
}

/** Takes what lowering or dropping every address may need; false without memory, and nothing is staged. */
function stageAll(ifp: Interface): bool {
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const address = changetype<IfAddress>(entry);
    if (stageAddress(address)) {
      if (address.family != AF.INET || stageFamily(AF.INET, usesSourceInPassing, entry)) continue;
      unstage(address);
    }
    unstageAll(ifp, entry);
    return false;
  }
  return true;
}

function unstageAll(ifp: Interface, end: usize): void {
  for (let entry = ifp.addresses; entry != end; entry = changetype<IfAddress>(entry).next) unstage(changetype<IfAddress>(entry));
}

function lower(ifp: Interface): void {
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const address = changetype<IfAddress>(entry);
    if (address.family != AF.INET || !address.hasPrefixRoute) continue;
    if (heirOf(address, 0) == null) onAddress(entry, AddressEvent.DELETED);
    removeNetworkRoute(address, null);
    purgePrefix(address, false);
    sweepFamily(AF.INET, usesSourceInPassing, entry);
  }
  ifp.flags &= ~IFF.UP;
  followCarrier(ifp);
  setDown(ifp);
}

function handAllElsewhere(ifp: Interface): void {
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) handElsewhere(changetype<IfAddress>(entry));
}

/** Takes what removing the prefixes of an interface may need; false without memory, and nothing is staged. */
function stagePrefixes(ifp: Interface): bool {
  for (let at = firstPrefix(); at != 0; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (prefix.ifp != changetype<usize>(ifp) || stageOffLink(prefix)) continue;
    unstagePrefixes(ifp);
    return false;
  }
  return true;
}

function unstagePrefixes(ifp: Interface): void {
  for (let at = firstPrefix(); at != 0; at = changetype<Prefix>(at).next) {
    if (changetype<Prefix>(at).ifp == changetype<usize>(ifp)) unstageOffLink(changetype<Prefix>(at));
  }
}

/** Takes what dropping all addresses and prefixes may need; false without memory, and nothing is staged. */
function stageWithdrawal(ifp: Interface): bool {
  if (!stageAll(ifp)) return false;
  if (stagePrefixes(ifp)) return true;
  unstageAll(ifp, 0);
  return false;
}

/** Takes what depart may need; false without memory, and nothing is staged. */
export function stageDeparture(ifp: Interface): bool {
  const argument = changetype<usize>(ifp);
  const isStaged =
    stageFamily(AF.INET, usesInterface, argument) && stageFamily(AF.INET6, usesInterface, argument) && stageWithdrawal(ifp);
  if (!isStaged) dropSpares();
  return isStaged;
}

/** Lets go of what stageDeparture took, when the interface does not leave. */
export function unstageDeparture(ifp: Interface): void {
  unstageAll(ifp, 0);
  unstagePrefixes(ifp);
  dropSpares();
}

/** The prefixes of an interface go that no address took along. All leave the list before the first of their routes. */
function removePrefixes(ifp: Interface): void {
  let chain: usize = 0;
  let at = firstPrefix();
  while (at != 0) {
    const prefix = changetype<Prefix>(at);
    at = prefix.next;
    if (prefix.ifp != changetype<usize>(ifp)) continue;
    unlinkPrefix(prefix);
    prefix.next = chain;
    chain = changetype<usize>(prefix);
  }
  while (chain != 0) {
    const prefix = changetype<Prefix>(chain);
    chain = prefix.next;
    removePrefix(prefix);
  }
}

function dropAddresses(ifp: Interface): void {
  handAllElsewhere(ifp);
  while (ifp.addresses != 0) dropAddress(changetype<IfAddress>(ifp.addresses), null);
}

/**
 * An interface leaves: down, its addresses and routers, its routes in silence, itself (rtnetlink B.6.1, but its routes come
 * after what IPv6 has: net/if.c, if_detach_internal). Its record is on no list then. After stageDeparture.
 */
export function depart(ifp: Interface): void {
  const argument = changetype<usize>(ifp);
  ifp.isLeaving = true;
  lower(ifp);
  dropAddresses(ifp);
  dropVirtualHosts(ifp);
  const hadRoute = purgeRouters(ifp);
  removePrefixes(ifp);
  sweepFamily(AF.INET, usesInterface, argument);
  sweepFamily(AF.INET6, usesInterface, argument);
  replaceRouters(ifp, hadRoute);
  dropSpares();
  forgetInterface(ifp);
  purgeInterface(ifp);
  dropMemberships(ifp);
  dropPeers(ifp);
  unlinkInterface(ifp);
}

/** Takes all addresses from an interface, which stays (if_purgeaddrs); ENOMEM, and then all is as before. */
export function withdrawAddresses(ifp: Interface): Errno {
  const isStaged = stageWithdrawal(ifp);
  if (isStaged) {
    ifp.isLeaving = true;
    dropAddresses(ifp);
    ifp.isLeaving = false;
    unstagePrefixes(ifp);
  }
  dropSpares();
  return isStaged ? Errno.OK : Errno.ENOMEM;
}
