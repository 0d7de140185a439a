// What time does to routers, IPv6 addresses and prefixes (netinet6/nd6.c, nd6_timer).
//   runNd   the ND timer's run: at full seconds, while something waits

import { IFF, IN6_IFF, ND6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { expireAddress, removePrefix } from "./addressctl";
import { uptimeSeconds } from "./clock";
import { expireRouters } from "./defrouter";
import { IfAddress, firstAddress } from "./ifaddr";
import { Interface } from "./ifnet";
import { dadDelay, startDad } from "./inet6";
import { armNd } from "./ndtimer";
import { dropSpares } from "./nhshrink";
import { FOREVER, Prefix, firstPrefix, linkPrefix, unlinkPrefix } from "./prefix";
import { goOffLink, stageOffLink } from "./prefixroute";

/** It is armed again only while something waits, which is no difference to be seen. */
export function runNd(owner: usize): void {
  let isWaiting = !expireRouters();
  let at = firstAddress();
  while (at != 0) {
    const address = changetype<IfAddress>(at);
    const next = address.nextOfAll;
    if (address.family == AF.INET6 && !settle(address)) isWaiting = true;
    at = next;
  }
  if (!settlePrefixes()) isWaiting = true;
  if (isWaiting) armNd();
}

/** What a second does to an address; whether the next one will do nothing more. */
function settle(address: IfAddress): bool {
  const age = uptimeSeconds() - address.updatedSeconds;
  const ifp = changetype<Interface>(address.ifp);
  if (address.validSeconds != FOREVER && age > address.validSeconds) {
    // Without memory it goes a second later.
    return expireAddress(address);
  }
  if (address.preferredSeconds != FOREVER && age > address.preferredSeconds) {
    address.flags |= IN6_IFF.DEPRECATED;
    return address.validSeconds == FOREVER;
  }
  if ((address.flags & IN6_IFF.TENTATIVE) != 0) {
    startDad(address, dadDelay());
    return false;
  }
  const isOff = !ifp.isUp || (ifp.driverFlags & IFF.RUNNING) == 0 || (ifp.ndFlags & ND6_IFF.IFDISABLED) != 0;
  const isIdle = isOff && (ifp.ndFlags & ND6_IFF.NO_DAD) == 0;
  if (isIdle) address.flags = (address.flags & ~IN6_IFF.DUPLICATED) | IN6_IFF.TENTATIVE;
  address.flags &= ~IN6_IFF.DEPRECATED;
  return !isIdle && address.preferredSeconds == FOREVER && address.validSeconds == FOREVER;
}

/**
 * A prefix whose time is over goes once it has no addresses; till then it is off its link. Those that go leave the list
 * before the first of their routes, so that none takes another's place. Whether none has anything to wait for.
 */
function settlePrefixes(): bool {
  let isSettled = true;
  let gone: usize = 0;
  let at = firstPrefix();
  while (at != 0) {
    const prefix = changetype<Prefix>(at);
    at = prefix.next;
    if (!prefix.isOver) {
      if (prefix.validSeconds != FOREVER) isSettled = false;
    } else if (prefix.addresses != 0) {
      if (prefix.isOnLink) isSettled = goOffLink(prefix) && !prefix.isOnLink && isSettled;
    } else {
      unlinkPrefix(prefix);
      prefix.next = gone;
      gone = changetype<usize>(prefix);
    }
  }
  while (gone != 0) {
    const prefix = changetype<Prefix>(gone);
    gone = prefix.next;
    if (stageOffLink(prefix)) {
      removePrefix(prefix);
    } else {
      // Without memory it goes a second later.
      linkPrefix(prefix);
      isSettled = false;
    }
  }
  dropSpares();
  return isSettled;
}
