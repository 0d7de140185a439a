// The other hosts of a link, as a script has them: who answers requests for an address, and what was sent on the wire.
// There are no packets: a request that a peer answers is answered on the spot.
//   setPeer, removePeer, dropPeers; firstPeer begins the list
//   answering    the peer that answers a request for an address
//   traffic      what this host has sent, counted by kind

import { TrafficWord } from "../abi/exchange";
import { Slab, give, take } from "../mem/slab";
import { Interface } from "./ifnet";

@unmanaged
export class Peer {
  next: usize;
  /** Interface whose link it is on. */
  ifp: usize;
  family: u32;
  high: u64;
  low: u64;
  lladdr: u64;
  /** A silent peer is as one that is not there. */
  answers: bool;
  isRouter: bool;
}

/** Messages sent since boot. */
@unmanaged
class Traffic {
  arpRequests: u32;
  /** Requests for an address of this host's own: announcements. */
  arpAnnouncements: u32;
  arpReplies: u32;
  /** Neighbour solicitations, to all and to the neighbour alone. */
  multicastSolicitations: u32;
  unicastSolicitations: u32;
  advertisements: u32;
}

if (offsetof<Traffic>() != TrafficWord.COUNT * 4) ERROR("TrafficWord");

export const traffic = changetype<Traffic>(memory.data(offsetof<Traffic>(), 16));

@unmanaged
class Peers {
  first: usize;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const peers = changetype<Peers>(memory.data(offsetof<Peers>(), 16));

function findPeer(ifp: Interface, family: u32, high: u64, low: u64): Peer | null {
  for (let at = peers.first; at != 0; at = changetype<Peer>(at).next) {
    const peer = changetype<Peer>(at);
    if (peer.ifp == changetype<usize>(ifp) && peer.family == family && peer.high == high && peer.low == low) return peer;
  }
  return null;
}

/** The newest Peer of all links, 0 = none; each leads to its next. */
export function firstPeer(): usize {
  return peers.first;
}

/** Makes a peer, or changes what it is. False without memory. */
export function setPeer(ifp: Interface, family: u32, high: u64, low: u64, lladdr: u64, answers: bool, isRouter: bool): bool {
  let peer = findPeer(ifp, family, high, low);
  if (peer == null) {
    const record = take<Peer>(slab);
    if (record == 0) return false;
    peer = changetype<Peer>(record);
    peer.ifp = changetype<usize>(ifp);
    peer.family = family;
    peer.high = high;
    peer.low = low;
    peer.next = peers.first;
    peers.first = record;
  }
  peer.lladdr = lladdr;
  peer.answers = answers;
  peer.isRouter = isRouter;
  return true;
}

/** False when there is no such peer. */
export function removePeer(ifp: Interface, family: u32, high: u64, low: u64): bool {
  const peer = findPeer(ifp, family, high, low);
  if (peer == null) return false;
  drop(peer);
  return true;
}

/** An interface leaves, and its link. */
export function dropPeers(ifp: Interface): void {
  let at = peers.first;
  while (at != 0) {
    const peer = changetype<Peer>(at);
    at = peer.next;
    if (peer.ifp == changetype<usize>(ifp)) drop(peer);
  }
}

function drop(peer: Peer): void {
  let link = changetype<usize>(peers) + offsetof<Peers>("first");
  while (load<usize>(link) != changetype<usize>(peer)) link = load<usize>(link) + offsetof<Peer>("next");
  store<usize>(link, peer.next);
  give<Peer>(slab, changetype<usize>(peer));
}

/** The peer that answers a request for an address, or null. */
export function answering(ifp: Interface, family: u32, high: u64, low: u64): Peer | null {
  const peer = findPeer(ifp, family, high, low);
  return peer != null && peer.answers ? peer : null;
}
