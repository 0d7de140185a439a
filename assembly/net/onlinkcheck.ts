// Whether advertised prefixes are on their links (netinet6/nd6_rtr.c, pfxlist_onlink_check). A prefix none of whose routers
// can be reached is detached while another prefix has one that can, for the host may have moved to another link; where no
// router can be reached, every prefix counts. Prefixes and addresses that nobody advertised are never detached.
//   checkOnLink   after whatever may change it: routers and their reachability, prefixes, addresses

import { IN6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { isLinkLocal } from "./address";
import { IfAddress, firstAddress } from "./ifaddr";
import { startDad } from "./inet6";
import { Prefix, PrefixRouter, advertises, firstPrefix } from "./prefix";
import { goOffLink, goOnLink } from "./prefixroute";
import { Router, firstRouter, isReachable } from "./router";

/** find_pfxlist_reachable_router */
function hasReachableRouter(prefix: Prefix): bool {
  for (let at = prefix.routers; at != 0; at = changetype<PrefixRouter>(at).next) {
    if (isReachable(changetype<Router>(changetype<PrefixRouter>(at).router))) return true;
  }
  return false;
}

/** Whether reachability decides about a prefix: not of a link's own, nor where addresses or routes are made by hand. */
function isDecided(prefix: Prefix): bool {
  return !isLinkLocal(AF.INET6, prefix.high) && prefix.isForLink && prefix.isAutonomous;
}

/** What cannot be done for want of memory is done at the next check. */
export function checkOnLink(): void {
  markDetached();
  for (let at = firstPrefix(); at != 0; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (!isDecided(prefix) || prefix.isOnLink != prefix.isDetached) continue;
    if (prefix.isOnLink) goOffLink(prefix);
    else if (!prefix.home.isLeaving) goOnLink(prefix);
  }
  markAddresses();
}

function markDetached(): void {
  const isAnyReachable = hasReachablePrefix() || hasPlainRouter();
  for (let at = firstPrefix(); at != 0; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (isDecided(prefix)) prefix.isDetached = isAnyReachable && !hasReachableRouter(prefix);
  }
}

function hasReachablePrefix(): bool {
  for (let at = firstPrefix(); at != 0; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (prefix.isForLink && hasReachableRouter(prefix)) return true;
  }
  return false;
}

/** Whether there are routers, and none of them advertises a prefix. */
function hasPlainRouter(): bool {
  for (let at = firstRouter(); at != 0; at = changetype<Router>(at).next) {
    for (let each = firstPrefix(); each != 0; each = changetype<Prefix>(each).next) {
      if (advertises(changetype<Prefix>(each), at)) return false;
    }
  }
  return firstRouter() != 0;
}

/** The same for addresses that were made of prefixes; one that is attached again is detected anew. */
function markAddresses(): void {
  const isAnyReachable = hasReachableAddress();
  for (let at = firstAddress(); at != 0; at = changetype<IfAddress>(at).nextOfAll) {
    const address = changetype<IfAddress>(at);
    if (address.family != AF.INET6 || (address.flags & IN6_IFF.AUTOCONF) == 0) continue;
    if (isAnyReachable && address.prefix == 0) continue;
    if (isAnyReachable && !hasReachableRouter(changetype<Prefix>(address.prefix))) {
      address.flags |= IN6_IFF.DETACHED;
    } else if ((address.flags & IN6_IFF.DETACHED) != 0) {
      address.flags = (address.flags & ~IN6_IFF.DETACHED) | IN6_IFF.TENTATIVE;
      startDad(address, 0);
    }
  }
}

function hasReachableAddress(): bool {
  for (let at = firstAddress(); at != 0; at = changetype<IfAddress>(at).nextOfAll) {
    const address = changetype<IfAddress>(at);
    if (address.family != AF.INET6 || (address.flags & IN6_IFF.AUTOCONF) == 0 || address.prefix == 0) continue;
    if (hasReachableRouter(changetype<Prefix>(address.prefix))) return true;
  }
  return false;
}
