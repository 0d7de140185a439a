// An interface's link as the host plays it: a packet of this host's wants out, or another host's message comes in.
//   resolveNeighbour   as the output routine of the interface asks (net/if_ethersubr.c, ether_output)
//   hear               a message of another host; hearRouter: a router's advertisement

import { Errno } from "../abi/errno";
import { PeerFlag, PeerLayout, PeerMessage } from "../abi/exchange";
import { IFF, ND6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { isLinkLocal } from "./address";
import { Advertisement, hearAdvertisement } from "./advertisement";
import { arpReceive, arpResolve } from "./arp";
import { Interface } from "./ifnet";
import { Advert, ndAdvertised, ndHeard, ndResolve, ndSolicited } from "./nd";
import { hasTable } from "./neighbour";
import { resolves } from "./ownneighbour";
import { Peer } from "./peer";
import { Redirect, isRedirectSound, redirectRoute } from "./redirect";
import { settings } from "./settings";

/** Who sends, and what; a record of the caller. Addresses with embedded zones. */
@unmanaged
export class PeerCall {
  family: u32;
  /** PeerMessage.* */
  message: u32;
  high: u64;
  low: u64;
  lladdr: u64;
  targetHigh: u64;
  targetLow: u64;
  /** PeerFlag.* */
  flags: u32;
  /** Of a redirect with HAS_DESTINATION. */
  destinationHigh: u64;
  destinationLow: u64;

  has(flag: u32): bool {
    return (this.flags & flag) != 0;
  }
}

if (offsetof<PeerCall>("lladdr") != PeerLayout.LLADDR) ERROR("PeerLayout");
if (offsetof<PeerCall>("flags") != PeerLayout.FLAGS) ERROR("PeerLayout");
if (offsetof<PeerCall>("destinationHigh") != PeerLayout.DESTINATION_HIGH) ERROR("PeerLayout");
if (offsetof<PeerCall>() != PeerLayout.BYTES) ERROR("PeerLayout");

/** The sender of a message, for the time it is heard. */
const sender = changetype<Peer>(memory.data(offsetof<Peer>(), 16));
const redirect = changetype<Redirect>(memory.data(offsetof<Redirect>(), 16));

/**
 * @returns as arpResolve and ndResolve; ENETDOWN when the interface is not up, EAFNOSUPPORT when it resolves nothing
 */
export function resolveNeighbour(ifp: Interface, family: u32, high: u64, low: u64): Errno {
  if (!ifp.isUp || (ifp.driverFlags & IFF.RUNNING) == 0) return Errno.ENETDOWN;
  if (!resolves(ifp, family)) return Errno.EAFNOSUPPORT;
  return family == AF.INET ? arpResolve(ifp, high) : ndResolve(ifp, high, low);
}

/** EAFNOSUPPORT for a message that the interface does not listen to, EINVAL for one of the other family. */
export function hear(ifp: Interface, call: PeerCall): Errno {
  if (!resolves(ifp, call.family)) return Errno.EAFNOSUPPORT;
  const isArp = call.message == <u32>PeerMessage.ARP_REQUEST || call.message == <u32>PeerMessage.ARP_REPLY;
  if (isArp != (call.family == AF.INET)) return Errno.EINVAL;
  if (!ifp.isUp) return Errno.ENETDOWN;
  if (isArp) {
    arpReceive(ifp, call.high, call.lladdr, call.targetHigh, call.message == <u32>PeerMessage.ARP_REQUEST);
    return Errno.OK;
  }
  sender.high = call.high;
  sender.low = call.low;
  sender.lladdr = call.lladdr;
  hearDiscovery(ifp, call);
  return Errno.OK;
}

/** Whether this host is a router on an interface: only then it hears solicitations for one (nd6_rs_input). */
function isRouterOn(ifp: Interface): bool {
  return settings.forwarding != 0 && (ifp.ndFlags & ND6_IFF.ACCEPT_RTADV) == 0;
}

/** On an interface where IPv6 is off nothing is heard (ip6_input). */
function hearDiscovery(ifp: Interface, call: PeerCall): void {
  if ((ifp.ndFlags & ND6_IFF.IFDISABLED) != 0) return;
  const hasLladdr = call.has(PeerFlag.HAS_LLADDR);
  switch (call.message) {
    case PeerMessage.NEIGHBOUR_SOLICITATION:
      ndSolicited(ifp, sender, hasLladdr, call.targetHigh, call.targetLow);
      break;
    case PeerMessage.NEIGHBOUR_ADVERTISEMENT:
      ndAdvertised(ifp, call.high, call.low, advertFlags(call), hasLladdr, call.lladdr);
      break;
    case PeerMessage.ROUTER_SOLICITATION:
      if (isRouterOn(ifp)) ndHeard(ifp, sender, hasLladdr, PeerMessage.ROUTER_SOLICITATION, false);
      break;
    case PeerMessage.REDIRECT:
      hearRedirect(ifp, call);
      break;
    default:
      assert(false, "a message has a known kind");
  }
}

/** A redirect says who is to be used from now on; one with a destination is believed if its author is who is used now. */
function hearRedirect(ifp: Interface, call: PeerCall): void {
  // A router is not told where to send (icmp6_redirect_input).
  if (settings.forwarding != 0 || !isLinkLocal(AF.INET6, call.high)) return;
  const hasDestination = call.has(PeerFlag.HAS_DESTINATION);
  redirect.ifp = changetype<usize>(ifp);
  redirect.isToRouter = call.has(PeerFlag.TO_ROUTER);
  redirect.authorHigh = call.high;
  redirect.authorLow = call.low;
  redirect.destinationHigh = call.destinationHigh;
  redirect.destinationLow = call.destinationLow;
  redirect.targetHigh = call.targetHigh;
  redirect.targetLow = call.targetLow;
  if (hasDestination && !isRedirectSound(redirect)) return;
  sender.high = call.targetHigh;
  sender.low = call.targetLow;
  ndHeard(ifp, sender, call.has(PeerFlag.HAS_LLADDR), PeerMessage.REDIRECT, redirect.isToRouter);
  if (hasDestination) redirectRoute(redirect);
}

/** A router's advertisement. EAFNOSUPPORT for an interface without IPv6; ENETDOWN. */
export function hearRouter(ifp: Interface, advertisement: Advertisement): Errno {
  if (ifp.isLoopback || !hasTable(ifp, AF.INET6)) return Errno.EAFNOSUPPORT;
  if (!ifp.isUp) return Errno.ENETDOWN;
  hearAdvertisement(ifp, advertisement);
  return Errno.OK;
}

function advertFlags(call: PeerCall): u32 {
  let flags: u32 = 0;
  if (call.has(PeerFlag.ROUTER)) flags |= Advert.ROUTER;
  if (call.has(PeerFlag.SOLICITED)) flags |= Advert.SOLICITED;
  if (call.has(PeerFlag.OVERRIDE)) flags |= Advert.OVERRIDE;
  return flags;
}
