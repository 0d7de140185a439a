// Prefixes that routers advertise, and the addresses made of them (netinet6/nd6_rtr.c, prelist_update, in6_ifadd; RFC 4862,
// 5.5.3). What cannot be done for want of memory is left undone until the next advertisement.
//   hearPrefix   one prefix of an advertisement

import { PrefixFlag } from "../abi/exchange";
import { IN6_IFF } from "../abi/ifnet";
import { AF, AddressSize } from "../abi/inet";
import { AddressRequest, newAddress, tellAdded } from "./addressctl";
import { isLinkLocal, isMulticast } from "./address";
import { uptimeSeconds } from "./clock";
import { IfAddress, findAddress } from "./ifaddr";
import { Interface } from "./ifnet";
import { dadDelay, interfaceId, startDad } from "./inet6";
import { armNd } from "./ndtimer";
import { checkOnLink } from "./onlinkcheck";
import { FOREVER, Prefix, addRouter, findPrefix, linkPrefix, setLifetimes, takePrefix } from "./prefix";
import { goOnLink } from "./prefixroute";

/** A prefix information option. */
@unmanaged
export class PrefixInformation {
  high: u64;
  low: u64;
  bits: u32;
  /** PrefixFlag.* */
  flags: u32;
  validSeconds: u32;
  preferredSeconds: u32;

  has(flag: u32): bool {
    return (this.flags & flag) != 0;
  }
}

/** Bits of an interface identifier (in6_if2idlen): the same for every type of link. */
const ID_BITS: u32 = 64;
/** What an advertisement may shorten a valid lifetime to, in seconds (TWOHOUR). */
const TWO_HOURS: u32 = 7200;

const request = changetype<AddressRequest>(memory.data(offsetof<AddressRequest>(), 16));

/**
 * @param router - the Router that advertises it; 0 = it is no default router
 * @param isToAll - the advertisement was multicast: others make addresses at the same time, so detection waits a little
 */
export function hearPrefix(ifp: Interface, information: PrefixInformation, router: usize, isToAll: bool): void {
  if (information.bits > <u32>AddressSize.INET6_BITS) return;
  if (isMulticast(information.high) || isLinkLocal(AF.INET6, information.high)) return;
  const prefix = updatePrefix(ifp, information);
  if (prefix == null) return;
  if (router != 0 && addRouter(prefix, router)) checkOnLink();
  if (!information.has(PrefixFlag.AUTONOMOUS)) return;
  if (information.preferredSeconds > information.validSeconds) return;
  if (renewAddresses(ifp, prefix, information)) return;
  if (information.validSeconds == 0 || ID_BITS + prefix.bits != <u32>AddressSize.INET6_BITS) return;
  if (makeAddress(ifp, prefix, information, isToAll)) checkOnLink();
}

/** The prefix that is told of, made or renewed, with its route; null where it is not to be kept, or without memory. */
function updatePrefix(ifp: Interface, information: PrefixInformation): Prefix | null {
  const isForLink = information.has(PrefixFlag.ON_LINK);
  const isAutonomous = information.has(PrefixFlag.AUTONOMOUS);
  const valid = information.validSeconds;
  const preferred = information.preferredSeconds;
  let prefix = findPrefix(ifp, information.high, information.low, information.bits);
  if (prefix == null) {
    if (valid == 0 || (!isForLink && !isAutonomous)) return null;
    const record = takePrefix(ifp, information.high, information.low, information.bits, preferred, valid);
    if (record == 0) return null;
    prefix = changetype<Prefix>(record);
    // It is kept for its addresses alone, and is over when they are.
    if (!isForLink) setLifetimes(prefix, 0, 0);
    linkPrefix(prefix);
  } else if (isForLink) {
    setLifetimes(prefix, preferred, valid);
  }
  // Neither is taken back.
  prefix.isForLink = prefix.isForLink || isForLink;
  prefix.isAutonomous = prefix.isAutonomous || isAutonomous;
  if (isForLink) goOnLink(prefix);
  armNd();
  return prefix;
}

/** Gives addresses that were made of the prefix new lifetimes; whether there are any. */
function renewAddresses(ifp: Interface, prefix: Prefix, information: PrefixInformation): bool {
  let hasAny = false;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.prefix != changetype<usize>(prefix)) continue;
    if ((address.flags & (IN6_IFF.AUTOCONF | IN6_IFF.ANYCAST)) != IN6_IFF.AUTOCONF) continue;
    hasAny = true;
    address.validSeconds = validAfter(address, information.validSeconds);
    address.preferredSeconds = information.preferredSeconds;
    address.updatedSeconds = uptimeSeconds();
  }
  if (hasAny) armNd();
  return hasAny;
}

/** What is left of an address's valid lifetime, unless more than two hours, or more than that, are advertised. */
function validAfter(address: IfAddress, advertised: u32): u32 {
  const age = uptimeSeconds() - address.updatedSeconds;
  let left = address.validSeconds;
  if (left != FOREVER) left = age > left ? 0 : left - age;
  if (advertised > TWO_HOURS || advertised > left) return advertised;
  return min(left, TWO_HOURS);
}

/** Whether an address was made: the interface has it not yet, and there was memory. */
function makeAddress(ifp: Interface, prefix: Prefix, information: PrefixInformation, isToAll: bool): bool {
  request.family = AF.INET6;
  request.prefixLength = prefix.bits;
  request.high = prefix.high;
  request.low = identifierOf(ifp, prefix.bits);
  request.flags = IN6_IFF.AUTOCONF;
  request.preferredSeconds = information.preferredSeconds;
  request.validSeconds = information.validSeconds;
  if (findAddress(ifp, AF.INET6, request.high, request.low) != null) return false;
  const record = newAddress(ifp, request, changetype<usize>(prefix));
  if (record == 0) return false;
  const address = changetype<IfAddress>(record);
  tellAdded(address);
  const isDetected = (address.flags & IN6_IFF.TENTATIVE) != 0;
  startDad(address, isDetected && isToAll ? dadDelay() : 0);
  return true;
}

/** The lower half of the interface's link-local address, if that has the prefix's length; else what would make one. */
function identifierOf(ifp: Interface, bits: u32): u64 {
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (!isLinkLocal(address.family, address.high)) continue;
    return address.prefixLength == bits ? address.low : interfaceId(ifp);
  }
  return interfaceId(ifp);
}
