// NET_RT_IFMALIST: multicast groups of interfaces, the newest membership first (net/rtsock.c, sysctl_ifmalist; rtsock G.6.7).

import { AF } from "../abi/inet";
import { IfMsgHdr } from "../abi/rtsock";
import { Interface, firstInterface } from "../net/ifnet";
import { Membership } from "../net/membership";
import { Caller, isJailsOwn } from "./caller";
import { endMessage } from "./message";
import { beginMembership } from "./object";
import { emit } from "./output";

/**
 * @param family - of the groups; 0 = all, those of link layers too
 * @param index - of the interface; 0 = all
 * @returns false when there is no more room
 */
export function dumpMemberships(family: u32, index: u32, caller: Caller): bool {
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    if (index != 0 && ifp.index != index) continue;
    for (let entry = ifp.memberships; entry != 0; entry = changetype<Membership>(entry).next) {
      const membership = changetype<Membership>(entry);
      if (family != 0 && membership.family != family) continue;
      if (!isVisible(membership, caller)) continue;
      beginMembership(membership, true);
      if (!emit(endMessage(IfMsgHdr.ADDRS, true))) return false;
    }
  }
  return true;
}

/** prison_if */
function isVisible(membership: Membership, caller: Caller): bool {
  if (membership.family == AF.LINK) return !caller.isConstrained;
  return isJailsOwn(caller, membership.family, membership.high, membership.low);
}
