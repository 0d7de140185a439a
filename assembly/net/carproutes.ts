// The routes of a virtual address, which are there while its host is master (netinet/ip_carp.c, carp_ifa_addroute,
// carp_ifa_delroute). An IPv6 address has its own one from the beginning, for in6_notify_ifa knows nothing of carp; and an
// interface that comes up gives all IPv4 addresses theirs (in_ifnet_event).
//   addVirtualRoutes      an IPv4 address is told of with them, an IPv6 address gets its neighbour entry
//   removeVirtualRoutes   the reverse
// Without memory the routes stay as they are.

import { AF } from "../abi/inet";
import { AddressEvent, onAddress } from "./hooks";
import { IfAddress } from "./ifaddr";
import { heirOf, isNetworkRouted } from "./ifnetwork";
import { addRoutes, hasNewRoutes, keepRoutes, removeRoutes, stageRemoval, unstage } from "./ifroutes";
import { addOwnNeighbour, endsPrefix, removeOwnNeighbour, stageOwnNeighbour } from "./ownneighbour";
import { settings } from "./settings";

export function addVirtualRoutes(address: IfAddress): void {
  // in_addprefix asks about the address itself as well.
  const isRouted = address.hasPrefixRoute || isNetworkRouted(address, null);
  const isRefused = settings.noSamePrefix != 0 && isRouted;
  addRoutes(address);
  if (address.family == AF.INET && !isRefused) onAddress(changetype<usize>(address), AddressEvent.NEW);
  keepRoutes(address);
  if (address.family == AF.INET6 && stageOwnNeighbour(address)) addOwnNeighbour(address);
}

/** An IPv4 address is told of as gone whether it had its routes or not, unless another one takes the network's over. */
export function removeVirtualRoutes(address: IfAddress): void {
  const isInet = address.family == AF.INET;
  const isHandedOver = isInet && address.hasPrefixRoute && heirOf(address, 0) != null;
  const isLast = !isInet || endsPrefix(address);
  if (isInet && !isHandedOver) onAddress(changetype<usize>(address), AddressEvent.DELETED);
  removeOwn(address);
  removeOwnNeighbour(address, isLast);
}

function removeOwn(address: IfAddress): void {
  // Those that an interface brings on its way up come after this (raise, ifcontrol.ts).
  if (hasNewRoutes(address)) return;
  const wasStaged = address.isStaged;
  if (!wasStaged && !stageRemoval(address)) return;
  removeRoutes(address, null);
  if (!wasStaged) unstage(address);
}
