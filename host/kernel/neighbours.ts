// Neighbours of a vnet as its links see them: packets that want out, and the other hosts, played by a script. Requests are
// answered on the spot, so every state of an entry can be reached on purpose (assembly/net/wire.ts); what routers advertise
// is in advertisements.ts.

import { PeerFlag, PeerLayout, PeerMessage, TrafficWord } from "../../assembly/abi/exchange.js";
import { formatAddress, parseAddress } from "./address.js";
import {
  type Discovery,
  type PrefixEntry,
  type RouterAdvertisement,
  type RouterEntry,
  readDiscovery,
  readPrefixes,
  readRouters,
  writeAdvertisement,
} from "./advertisements.js";
import type { Core } from "./core.js";
import { Errno, expectSuccess, NetlinkError } from "./errno.js";
import type { Journal } from "./log.js";
import { parseLladdr } from "./options.js";

export interface PeerOptions {
  /** "192.0.2.7", "2001:db8::7", "fe80::7". */
  readonly address: string;
  /** Its link-layer address, "02:00:00:00:00:07". */
  readonly lladdr: string;
  /** It answers requests for its address at once; a silent one hears them and says nothing. Default true. */
  readonly answers?: boolean;
  /** IPv6: its advertisements say that it is a router. */
  readonly router?: boolean;
}

/** A peer as it is, and its interface's index. */
export interface PeerEntry extends Required<PeerOptions> {
  readonly index: number;
}

/** What a peer sends, by itself. */
export type PeerSending =
  /** ARP: it asks for an address, or tells the link of its own. */
  | { readonly message: "request"; readonly target: string }
  | { readonly message: "announcement" }
  /** ARP: it answers somebody. */
  | { readonly message: "reply"; readonly target: string }
  /** IPv6: it asks for an address of this vnet's. Without its link-layer address it is known, and no more. */
  | { readonly message: "solicitation"; readonly target: string; readonly withoutLladdr?: boolean }
  | {
      readonly message: "advertisement";
      readonly solicited?: boolean;
      readonly override?: boolean;
      readonly withoutLladdr?: boolean;
    }
  | { readonly message: "router solicitation"; readonly withoutLladdr?: boolean }
  /**
   * IPv6, from a link-local address: packets go to another, or to a better router. The link-layer address is the other's. With
   * a destination it is believed only of the gateway to it, and makes a route for ten minutes; without, the other is known.
   */
  | {
      readonly message: "redirect";
      readonly target: string;
      readonly toRouter?: boolean;
      readonly destination?: string;
    };

/** What a vnet has sent to its links since boot. */
export interface Traffic {
  readonly arpRequests: number;
  /** Requests for own addresses. */
  readonly arpAnnouncements: number;
  readonly arpReplies: number;
  readonly multicastSolicitations: number;
  readonly unicastSolicitations: number;
  readonly advertisements: number;
}

const MESSAGES: Readonly<Record<PeerSending["message"], PeerMessage>> = {
  request: PeerMessage.ARP_REQUEST,
  announcement: PeerMessage.ARP_REQUEST,
  reply: PeerMessage.ARP_REPLY,
  solicitation: PeerMessage.NEIGHBOUR_SOLICITATION,
  advertisement: PeerMessage.NEIGHBOUR_ADVERTISEMENT,
  "router solicitation": PeerMessage.ROUTER_SOLICITATION,
  redirect: PeerMessage.REDIRECT,
};

/** What the neighbours need of their vnet. */
export interface NeighboursOwner {
  readonly name: string;
  readonly core: Core;
  readonly journal: Journal;
  interfaceIndex(name: string): number | undefined;
}

export class Neighbours {
  readonly #owner: NeighboursOwner;

  /** Made by Vnet. */
  constructor(owner: NeighboursOwner) {
    this.#owner = owner;
  }

  /** See Vnet.neighbourResolve. */
  resolve(name: string, address: string): string | undefined {
    return this.#owner.journal.perform("neighbourResolve", this.#target, [name, address], () => {
      const index = this.#indexOf(name);
      this.#write({ address });
      const { call, exchange, views } = this.#owner.core;
      const result = call.neighbourResolve(index);
      if (result === -Errno.EAGAIN) return undefined;
      expectSuccess(`neighbour ${address}`, result);
      return readLladdr(views.bytes, exchange + PeerLayout.LLADDR);
    });
  }

  /** See Vnet.peer; a peer that is there becomes what is said. */
  set(name: string, options: PeerOptions): void {
    this.#owner.journal.perform("peerSet", this.#target, [name, { ...options }], () => {
      const index = this.#indexOf(name);
      const answers = (options.answers ?? true) ? PeerFlag.ANSWERS : 0;
      this.#write({ ...options, flags: answers | (options.router ? PeerFlag.ROUTER : 0) });
      expectSuccess(`peer ${options.address}`, this.#owner.core.call.peerSet(index));
    });
  }

  /** @throws NetlinkError ENOENT when there is no such peer */
  remove(name: string, address: string): void {
    this.#owner.journal.perform("peerRemove", this.#target, [name, address], () => {
      const index = this.#indexOf(name);
      this.#write({ address });
      expectSuccess(`peer ${address}`, this.#owner.core.call.peerRemove(index));
    });
  }

  /** The other hosts of all links, newest first. */
  peers(): PeerEntry[] {
    const { call, exchange, views } = this.#owner.core;
    const entries: PeerEntry[] = [];
    for (let index = call.peerAt(0); index !== 0; index = call.peerAt(entries.length)) {
      const { data, bytes } = views;
      const flags = data.getUint32(exchange + PeerLayout.FLAGS, true);
      entries.push({
        index,
        address: formatAddress(
          data.getUint32(exchange + PeerLayout.FAMILY, true),
          data.getBigUint64(exchange + PeerLayout.HIGH, true),
          data.getBigUint64(exchange + PeerLayout.LOW, true),
        ),
        lladdr: readLladdr(bytes, exchange + PeerLayout.LLADDR),
        answers: (flags & PeerFlag.ANSWERS) !== 0,
        router: (flags & PeerFlag.ROUTER) !== 0,
      });
    }
    return entries;
  }

  /** See Peer.send. */
  send(name: string, from: PeerOptions, sending: PeerSending): void {
    this.#owner.journal.perform("peerSend", this.#target, [name, { ...from }, { ...sending }], () => {
      const index = this.#indexOf(name);
      const target = "target" in sending ? sending.target : from.address;
      const destination = "destination" in sending ? sending.destination : undefined;
      this.#write({ ...from, target, destination, message: MESSAGES[sending.message], flags: flagsOf(from, sending) });
      expectSuccess(`peer ${from.address}`, this.#owner.core.call.peerSend(index));
    });
  }

  /** See Peer.advertise. */
  advertise(name: string, from: PeerOptions, advertisement: RouterAdvertisement): void {
    this.#owner.journal.perform("peerAdvertise", this.#target, [name, { ...from }, { ...advertisement }], () => {
      const index = this.#indexOf(name);
      writeAdvertisement(this.#owner.core, from, advertisement);
      expectSuccess(`peer ${from.address}`, this.#owner.core.call.peerAdvertise(index));
    });
  }

  /** The default routers that advertisements told of, in the order in which they are preferred. */
  routers(): RouterEntry[] {
    return readRouters(this.#owner.core);
  }

  /** The IPv6 prefixes of all links, of own addresses and advertised ones, newest first. */
  prefixes(): PrefixEntry[] {
    return readPrefixes(this.#owner.core);
  }

  /** What IPv6 is and knows on an interface. @throws NetlinkError ENXIO */
  discovery(name: string): Discovery {
    return readDiscovery(this.#owner.core, this.#indexOf(name));
  }

  traffic(): Traffic {
    const { call, exchange, views } = this.#owner.core;
    call.neighbourTraffic();
    const word = (index: TrafficWord): number => views.data.getUint32(exchange + index * 4, true);
    return {
      arpRequests: word(TrafficWord.ARP_REQUESTS),
      arpAnnouncements: word(TrafficWord.ARP_ANNOUNCEMENTS),
      arpReplies: word(TrafficWord.ARP_REPLIES),
      multicastSolicitations: word(TrafficWord.MULTICAST_SOLICITATIONS),
      unicastSolicitations: word(TrafficWord.UNICAST_SOLICITATIONS),
      advertisements: word(TrafficWord.ADVERTISEMENTS),
    };
  }

  get #target(): { vnet: string } {
    return { vnet: this.#owner.name };
  }

  #indexOf(name: string): number {
    const index = this.#owner.interfaceIndex(name);
    if (index === undefined) throw new NetlinkError(`interface ${name}`, Errno.ENXIO);
    return index;
  }

  /** @throws RangeError for a text that is no address, EINVAL for a target of another family */
  #write(call: {
    address: string;
    lladdr?: string;
    target?: string;
    destination?: string | undefined;
    message?: PeerMessage;
    flags?: number;
  }): void {
    const { family, high, low } = parseAddress(call.address);
    const target = parseAddress(call.target ?? call.address);
    const destination = parseAddress(call.destination ?? call.address);
    if (target.family !== family || destination.family !== family)
      throw new NetlinkError(`peer ${call.address}`, Errno.EINVAL);
    const lladdr = call.lladdr === undefined ? new Uint8Array() : parseLladdr(call.lladdr);
    const { exchange, views } = this.#owner.core;
    const { data, bytes } = views;
    bytes.fill(0, exchange, exchange + PeerLayout.BYTES);
    data.setUint32(exchange + PeerLayout.FAMILY, family, true);
    data.setUint32(exchange + PeerLayout.MESSAGE, call.message ?? 0, true);
    data.setBigUint64(exchange + PeerLayout.HIGH, high, true);
    data.setBigUint64(exchange + PeerLayout.LOW, low, true);
    bytes.set(lladdr, exchange + PeerLayout.LLADDR);
    data.setBigUint64(exchange + PeerLayout.TARGET_HIGH, target.high, true);
    data.setBigUint64(exchange + PeerLayout.TARGET_LOW, target.low, true);
    data.setUint32(exchange + PeerLayout.FLAGS, call.flags ?? 0, true);
    data.setBigUint64(exchange + PeerLayout.DESTINATION_HIGH, destination.high, true);
    data.setBigUint64(exchange + PeerLayout.DESTINATION_LOW, destination.low, true);
  }
}

function readLladdr(bytes: Uint8Array, start: number): string {
  return Array.from(bytes.subarray(start, start + 6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function flagsOf(from: PeerOptions, sending: PeerSending): number {
  let flags = from.router ? PeerFlag.ROUTER : 0;
  if (!("withoutLladdr" in sending && sending.withoutLladdr)) flags |= PeerFlag.HAS_LLADDR;
  if (sending.message === "advertisement") {
    if (sending.solicited) flags |= PeerFlag.SOLICITED;
    if (sending.override) flags |= PeerFlag.OVERRIDE;
  }
  if (sending.message === "redirect") {
    if (sending.toRouter) flags |= PeerFlag.TO_ROUTER;
    if (sending.destination !== undefined) flags |= PeerFlag.HAS_DESTINATION;
  }
  return flags;
}

/** Another host of an interface's link. */
export class Peer {
  readonly #neighbours: Neighbours;
  readonly #interface: string;
  #options: PeerOptions;

  /** Made by Vnet.peer. */
  constructor(neighbours: Neighbours, interfaceName: string, options: PeerOptions) {
    this.#neighbours = neighbours;
    this.#interface = interfaceName;
    this.#options = options;
    neighbours.set(interfaceName, options);
  }

  /** What it is now. */
  get options(): PeerOptions {
    return this.#options;
  }

  /** It answers from now on or not, has another link-layer address, is a router. The vnet learns of it by messages only. */
  change(options: Partial<Omit<PeerOptions, "address">>): void {
    const changed = { ...this.#options, ...options };
    this.#neighbours.set(this.#interface, changed);
    this.#options = changed;
  }

  /**
   * It sends a message. Solicitations for a router are heard by a router alone (net.inet6.ip6.forwarding), redirects by others.
   * @throws NetlinkError ENETDOWN, EAFNOSUPPORT for an interface that resolves nothing, EINVAL for a message of the other family
   */
  send(sending: PeerSending): void {
    this.#neighbours.send(this.#interface, this.#options, sending);
  }

  /**
   * It advertises itself as a router: heard where the interface accepts that (accept_rtadv), and from a link-local address.
   * @throws NetlinkError ENXIO; ENETDOWN; EAFNOSUPPORT for an interface without IPv6; EINVAL for a peer of IPv4. RangeError
   *   naming what is out of its range
   */
  advertise(advertisement: RouterAdvertisement = {}): void {
    this.#neighbours.advertise(this.#interface, this.#options, advertisement);
  }

  /** It leaves the link. @throws NetlinkError ENOENT when it left with its interface */
  remove(): void {
    this.#neighbours.remove(this.#interface, this.#options.address);
  }
}
