// Router advertisements (netinet6/nd6_rtr.c, nd6_ra_input): what they say of the link, of the router, of prefixes. Whoever
// sends one learns of nothing: what cannot be done for want of memory is left undone.
//   hearAdvertisement

import { AdvertisementFlag, AdvertisementLayout, AdvertisedPrefixLayout, PeerMessage } from "../abi/exchange";
import { ND6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { isLinkLocal } from "./address";
import { PrefixInformation, hearPrefix } from "./autoconf";
import { updateRouter } from "./defrouter";
import { Interface } from "./ifnet";
import { ndHeard } from "./nd";
import { learnHopLimit, learnMtu, learnReachable, learnRetransmit } from "./ndlink";
import { checkOnLink } from "./onlinkcheck";
import { Peer } from "./peer";
import { settings } from "./settings";

/** An advertisement; its PrefixInformations follow it. A record of the caller. */
@unmanaged
export class Advertisement {
  /** The router, with an embedded zone where it is link-local. */
  high: u64;
  low: u64;
  lladdr: u64;
  /** AdvertisementFlag.* */
  flags: u32;
  /** Seconds. */
  lifetime: u32;
  /** RouterPreference.* */
  preference: u32;
  /** 0 = not said, as the two after it. */
  hopLimit: u32;
  reachableMs: u32;
  retransmitMs: u32;
  /** Bytes. */
  mtu: u32;
  prefixCount: u32;

  has(flag: u32): bool {
    return (this.flags & flag) != 0;
  }
  prefix(n: u32): PrefixInformation {
    return changetype<PrefixInformation>(changetype<usize>(this) + offsetof<Advertisement>() + n * offsetof<PrefixInformation>());
  }
}

if (offsetof<Advertisement>("flags") != AdvertisementLayout.FLAGS) ERROR("AdvertisementLayout");
if (offsetof<Advertisement>("prefixCount") != AdvertisementLayout.PREFIX_COUNT) ERROR("AdvertisementLayout");
if (offsetof<Advertisement>() != AdvertisementLayout.PREFIXES) ERROR("AdvertisementLayout");
if (offsetof<PrefixInformation>("flags") != AdvertisedPrefixLayout.FLAGS) ERROR("AdvertisedPrefixLayout");
if (offsetof<PrefixInformation>("preferredSeconds") != AdvertisedPrefixLayout.PREFERRED_SECONDS) ERROR("AdvertisedPrefixLayout");
if (offsetof<PrefixInformation>() != AdvertisedPrefixLayout.BYTES) ERROR("AdvertisedPrefixLayout");

/** Options of a message that are read: one more than nd6_maxndopt, for the count is looked at after each. */
const OPTIONS: u32 = 11;

/** The sender, for the time it is heard. */
const sender = changetype<Peer>(memory.data(offsetof<Peer>(), 16));

/** An interface that does not accept advertisements, or on which IPv6 is off, does not hear them; nor one from afar. */
export function hearAdvertisement(ifp: Interface, advertisement: Advertisement): void {
  if ((ifp.ndFlags & (ND6_IFF.ACCEPT_RTADV | ND6_IFF.IFDISABLED)) != ND6_IFF.ACCEPT_RTADV) return;
  if (!isLinkLocal(AF.INET6, advertisement.high)) return;
  learnReachable(ifp, advertisement.reachableMs);
  learnRetransmit(ifp, advertisement.retransmitMs);
  learnHopLimit(ifp, advertisement.hopLimit);
  const router = updateRouter(
    ifp, advertisement.high, advertisement.low, lifetimeOf(ifp, advertisement), advertisement.preference,
  );
  const count = min(advertisement.prefixCount, OPTIONS - optionsBefore(advertisement));
  const isToAll = !advertisement.has(AdvertisementFlag.UNICAST);
  for (let n: u32 = 0; n < count; n++) hearPrefix(ifp, advertisement.prefix(n), router, isToAll);
  if (advertisement.has(AdvertisementFlag.HAS_MTU)) learnMtu(ifp, advertisement.mtu);
  hearSender(ifp, advertisement);
  checkOnLink();
}

/** A host that is a router itself, or an interface that is told so, takes no default route. */
function lifetimeOf(ifp: Interface, advertisement: Advertisement): u32 {
  if ((ifp.ndFlags & ND6_IFF.NO_RADR) != 0) return 0;
  return settings.forwarding != 0 && settings.rfc6204w3 == 0 ? 0 : advertisement.lifetime;
}

/** Routers put their link-layer address and the MTU before the prefixes (usr.sbin/rtadvd). */
function optionsBefore(advertisement: Advertisement): u32 {
  const lladdr = advertisement.has(AdvertisementFlag.HAS_LLADDR) ? 1 : 0;
  return lladdr + (advertisement.has(AdvertisementFlag.HAS_MTU) ? 1 : 0);
}

/** A link without link-layer addresses cannot make an entry with one (lltable_calc_llheader). */
function hearSender(ifp: Interface, advertisement: Advertisement): void {
  const hasLladdr = advertisement.has(AdvertisementFlag.HAS_LLADDR);
  if (hasLladdr && ifp.lladdrBytes == 0) return;
  sender.high = advertisement.high;
  sender.low = advertisement.low;
  sender.lladdr = advertisement.lladdr;
  ndHeard(ifp, sender, hasLladdr, PeerMessage.ROUTER_ADVERTISEMENT, false);
}
