// A typed client over one NETLINK_ROUTE socket: links, addresses and routes are read and routes changed by method calls.
// An answer belongs to a request when it has its sequence number and the socket's own port id; what else comes is a
// notification, also the one a request of this very client caused (it carries the request's sequence number).
// The kernel must run by itself: over one that is stepped, a request finds no answer, EAGAIN.

import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NETLINK_OPTION, NetlinkLimit, NLM_F, SO, SOL } from "../../assembly/abi/netlink.js";
import { NTF, RTF, RTM, RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { type Address, address } from "../codec/address.js";
import type { NlmsgError } from "../codec/control.js";
import { decode } from "../codec/decode.js";
import { encode } from "../codec/encode.js";
import { familyOf, parsePrefix } from "../codec/ip.js";
import { type Link, link } from "../codec/link.js";
import { type Message, namesOf } from "../codec/messages.js";
import { type Neighbour, neighbour } from "../codec/neighbour.js";
import { type Route, route } from "../codec/route.js";
import { NetlinkError } from "../kernel/errno.js";

/** What the client needs of a socket; a Socket of a Vnet has it. */
export interface ClientSocket {
  bind(port: number, groups?: number): void;
  getsockname(): { port: number };
  setsockopt(level: number, option: number, value: number): void;
  getsockopt(level: number, option: number): number;
  send(bytes: Uint8Array): number;
  recv(into: Uint8Array): number;
}

/** Where a route leads, and how it is marked; by default a unicast route of protocol and flag STATIC in fib 0, as route(8) adds it. */
export type RoutePath = Partial<
  Pick<
    Route,
    | "fib"
    | "gateway"
    | "via"
    | "oif"
    | "multipath"
    | "nexthopId"
    | "routeFlags"
    | "metrics"
    | "expires"
    | "weight"
    | "protocol"
    | "type"
  >
>;

/** What an address is besides itself; lifetimes in seconds, for ever by default. */
export interface AddressParameters {
  /** Of the interface. */
  readonly index: number;
  /** The other end of a point-to-point interface. */
  readonly peer?: string;
  readonly broadcast?: string;
  /** IFA_F bits, for IPv6. */
  readonly flags?: number;
  readonly preferred?: number;
  readonly valid?: number;
}

/** What a neighbour's entry is to say. */
export interface NeighbourPath {
  /** Of the interface whose link it is on. */
  readonly index: number;
  readonly lladdr: string;
  /** Unix second at which it ends as far as is shown; without it the entry is permanent. */
  readonly until?: number;
  /** This host answers for it. */
  readonly proxy?: boolean;
}

/** Notifications of the groups a client has joined. All monitors of one client read the same queue. */
export interface Monitor {
  /** The oldest notification not yet read; undefined when there is none. */
  next(): Message | undefined;
  /** Leaves the groups and forgets what was not read. */
  close(): void;
}

/** A lifetime without end. */
const FOREVER = 0xffffffff;

export class Client {
  /** nl_pid of the socket. */
  readonly port: number;
  readonly #socket: ClientSocket;
  readonly #buffer: Uint8Array;
  #sequence = 0;
  #monitors = 0;
  #notifications: Message[] = [];

  /**
   * Takes over a socket: binds it, if it is not bound, and sets NETLINK_EXT_ACK and NETLINK_CAP_ACK. Its SO_RCVBUF is the
   * size of the buffer that all answers are read into.
   * @throws NetlinkError what bind answers
   */
  constructor(socket: ClientSocket) {
    if (socket.getsockname().port === 0) socket.bind(0);
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, 1);
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, 1);
    this.#buffer = new Uint8Array(Math.max(socket.getsockopt(SOL.SOCKET, SO.RCVBUF), NetlinkLimit.NLMBUFSIZE));
    this.#socket = socket;
    this.port = socket.getsockname().port;
  }

  /** All links, in the order they were attached. */
  links(): Link[] {
    return linksOf(this.request(link.message(RTM.GETLINK, { flags: NLM_F.DUMP }, {})));
  }

  /** @throws NetlinkError ENODEV when there is none */
  link(which: { name: string } | { index: number }): Link {
    return one(linksOf(this.request(link.message(RTM.GETLINK, {}, which))), "RTM_GETLINK");
  }

  /**
   * @param family - AF.INET, AF.INET6; all without it
   * @param index - of one interface; all without it
   * @throws NetlinkError ENOENT for an unknown index
   */
  addresses(filter: { family?: AF; index?: number } = {}): Address[] {
    return this.request(address.message(RTM.GETADDR, { flags: NLM_F.DUMP }, filter)).flatMap((answer) =>
      answer.kind === "address" ? [answer.body] : [],
    );
  }

  /**
   * Gives an interface an address. An IPv4 address that is there is made anew, an IPv6 one gets new lifetimes and flags.
   * @param own - with its prefix length: `192.0.2.1/24`
   * @throws NetlinkError ENOENT, EINVAL, EDESTADDRREQ, EPERM; RangeError when `own` is no address
   */
  addressAdd(own: string, { index, peer, broadcast, flags, preferred, valid }: AddressParameters): void {
    const { address: local, length: prefixLength, family } = parsePrefix(own);
    const lifetimes = { preferred: preferred ?? FOREVER, valid: valid ?? FOREVER, created: 0, updated: 0 };
    const body = {
      family,
      prefixLength,
      index,
      local,
      ...(peer === undefined ? {} : { address: peer }),
      ...(broadcast === undefined ? {} : { broadcast }),
      ...(flags === undefined ? {} : { flags }),
      // FreeBSD takes an IPv6 address without lifetimes for one whose time is over.
      ...(family === AF.INET6 ? { cacheInfo: lifetimes } : {}),
    };
    this.request(address.message(RTM.NEWADDR, { flags: NLM_F.CREATE | NLM_F.EXCL }, body));
  }

  /** @param own - with or without a prefix length, which is not compared. @throws NetlinkError EADDRNOTAVAIL, ENOENT, EPERM */
  addressDelete(own: string, { index }: Pick<AddressParameters, "index">): void {
    const { address: local, family } = parsePrefix(own);
    this.request(address.message(RTM.DELADDR, {}, { family, index, local }));
  }

  /**
   * The routes of one fib.
   * @param family - AF.INET, AF.INET6; both without it
   * @param fib - 0 without it
   * @throws NetlinkError EINVAL for a fib that is not there, ESRCH for a family without routes
   */
  routes({ family = 0, fib = 0 }: { family?: AF; fib?: number } = {}): Route[] {
    return routesOf(this.request(route.message(RTM.GETROUTE, { flags: NLM_F.DUMP }, { family, fib })));
  }

  /**
   * The route that packets to an address take: the longest match.
   * @throws NetlinkError ESRCH when none matches; RangeError when `destination` is no address
   */
  route(destination: string, { fib = 0 }: { fib?: number } = {}): Route {
    const request = route.message(RTM.GETROUTE, {}, { ...destinationOf(destination), fib });
    return one(routesOf(this.request(request)), "RTM_GETROUTE");
  }

  /**
   * Adds a route.
   * @param destination - `10.1.0.0/16`; without a length, the one address
   * @throws NetlinkError EEXIST when the prefix is there, EINVAL for a path that leads nowhere, EPERM
   */
  routeAdd(destination: string, path: RoutePath): void {
    this.#newRoute(NLM_F.CREATE | NLM_F.EXCL, destination, path);
  }

  /** Adds a route, or gives the one that is there another path. @throws NetlinkError as routeAdd; EEXIST for an interface's own */
  routeReplace(destination: string, path: RoutePath): void {
    this.#newRoute(NLM_F.CREATE | NLM_F.REPLACE, destination, path);
  }

  /** @param path - which path of a multipath route; without it the whole route. @throws NetlinkError ESRCH; EADDRINUSE for an interface's own; EPERM */
  routeDelete(destination: string, path: Pick<RoutePath, "fib" | "gateway" | "via" | "oif"> = {}): void {
    this.request(route.message(RTM.DELROUTE, {}, { ...destinationOf(destination), ...path }));
  }

  /**
   * @param family - AF.INET, AF.INET6; both without it
   * @param index - of one interface; all without it
   * @throws NetlinkError ENOENT for an unknown index
   */
  neighbours(filter: { family?: AF; index?: number } = {}): Neighbour[] {
    return neighboursOf(this.request(neighbour.message(RTM.GETNEIGH, { flags: NLM_F.DUMP }, filter)));
  }

  /** The entry of an address on an interface's link. @throws NetlinkError ESRCH when there is none; RangeError */
  neighbour(destination: string, index: number): Neighbour {
    const request = neighbour.message(RTM.GETNEIGH, {}, { ...neighbourAt(destination), index });
    return one(neighboursOf(this.request(request)), "RTM_GETNEIGH");
  }

  /**
   * Makes an entry by hand.
   * @throws NetlinkError EEXIST; ENOMEM for an address that is not on the link; EINVAL, EAFNOSUPPORT, EPERM; RangeError
   */
  neighbourAdd(destination: string, path: NeighbourPath): void {
    this.#newNeighbour(NLM_F.CREATE | NLM_F.EXCL, destination, path);
  }

  /** Makes an entry, or puts it in the place of the one that is there. @throws NetlinkError as neighbourAdd; EPERM for an own address */
  neighbourReplace(destination: string, path: NeighbourPath): void {
    this.#newNeighbour(NLM_F.CREATE | NLM_F.REPLACE, destination, path);
  }

  /** @throws NetlinkError ENOENT; EPERM, for an own address too; RangeError */
  neighbourDelete(destination: string, index: number): void {
    this.request(neighbour.message(RTM.DELNEIGH, {}, { ...neighbourAt(destination), index }));
  }

  /**
   * Joins groups.
   * @param groups - RTNLGRP numbers, 1..127
   * @throws NetlinkError ERANGE for others
   */
  monitor(groups: readonly number[]): Monitor {
    for (const group of groups) this.#socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, group);
    this.#monitors++;
    let isOpen = true;
    return {
      next: () => {
        if (isOpen && this.#notifications.length === 0) this.#poll();
        return isOpen ? this.#notifications.shift() : undefined;
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        for (const group of groups) this.#socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.DROP_MEMBERSHIP, group);
        this.#monitors--;
        if (this.#monitors === 0) this.#notifications = [];
      },
    };
  }

  /**
   * Sends one message and reads to its ack, or to the end of its dump.
   * @param message - NLM_F_REQUEST, NLM_F_ACK and the sequence number are filled in
   * @returns what came before the ack
   * @throws NetlinkError the errno of the ack or of NLMSG_DONE, with the ext ack's text and offset; EAGAIN when no answer came
   */
  request(message: Message): Message[] {
    const seq = this.#nextSequence();
    const flags = message.header.flags | NLM_F.REQUEST | NLM_F.ACK;
    const operation = namesOf().messageType(message.header.type) ?? `type ${message.header.type}`;
    this.#socket.send(encode({ ...message, header: { ...message.header, flags, seq } }));
    const answers: Message[] = [];
    for (let end: Message | undefined; ; ) {
      for (const answer of this.#receive()) {
        const isOurs = answer.header.seq === seq && answer.header.pid === this.port;
        if (isOurs && isEnd(answer)) end = answer;
        else if (isOurs && isGet(message)) answers.push(answer);
        else this.#notify(answer);
      }
      if (end) {
        throwError(end, operation);
        return answers;
      }
    }
  }

  #newRoute(flags: number, destination: string, path: RoutePath): void {
    const defaults = { type: RTN.UNICAST, protocol: RTPROT.STATIC, routeFlags: RTF.STATIC };
    this.request(route.message(RTM.NEWROUTE, { flags }, { ...defaults, ...destinationOf(destination), ...path }));
  }

  #newNeighbour(flags: number, destination: string, { index, lladdr, until, proxy }: NeighbourPath): void {
    const ndmFlags = (until === undefined ? NTF.STICKY : 0) | (proxy ? NTF.PROXY : 0);
    const end = until === undefined ? {} : { freebsd: { nextStateAt: until } };
    const body = { ...neighbourAt(destination), index, lladdr, flags: ndmFlags, ...end };
    this.request(neighbour.message(RTM.NEWNEIGH, { flags }, body));
  }

  /** From 1; 0 is what the kernel's own notifications carry. */
  #nextSequence(): number {
    this.#sequence = this.#sequence === 0xffffffff ? 1 : this.#sequence + 1;
    return this.#sequence;
  }

  #receive(): Message[] {
    return decode(this.#buffer.subarray(0, this.#socket.recv(this.#buffer)));
  }

  #poll(): void {
    try {
      for (const message of this.#receive()) this.#notify(message);
    } catch (error) {
      if (!(error instanceof NetlinkError && error.errno === Errno.EAGAIN)) throw error;
    }
  }

  /** Keeps a notification. An ack that nobody waits for, as after a request that was given up, is dropped. */
  #notify(message: Message): void {
    if (this.#monitors > 0 && !isEnd(message)) this.#notifications.push(message);
  }
}

function destinationOf(text: string): Pick<Route, "family" | "destinationLength"> & { destination: string } {
  const { address: destination, length: destinationLength, family } = parsePrefix(text);
  return { family, destination, destinationLength };
}

function neighbourAt(destination: string): Pick<Neighbour, "family"> & { destination: string } {
  const family = familyOf(destination);
  if (family === undefined) throw new RangeError(`neighbour: "${destination}"; expected an IPv4 or IPv6 address`);
  return { family, destination };
}

function linksOf(answers: readonly Message[]): Link[] {
  return answers.flatMap((answer) => (answer.kind === "link" ? [answer.body] : []));
}

function routesOf(answers: readonly Message[]): Route[] {
  return answers.flatMap((answer) => (answer.kind === "route" ? [answer.body] : []));
}

function neighboursOf(answers: readonly Message[]): Neighbour[] {
  return answers.flatMap((answer) => (answer.kind === "neighbour" ? [answer.body] : []));
}

function one<T>(found: readonly T[], operation: string): T {
  const [first] = found;
  if (first === undefined)
    throw new NetlinkError(operation, Errno.ESRCH, { message: "acknowledged without an answer" });
  return first;
}

function isEnd(message: Message): message is Extract<Message, { kind: "error" | "done" }> {
  return message.kind === "error" || message.kind === "done";
}

/** Only a GET is answered by objects; what a NEW or DELETE gets beside its ack is the notification of the change. */
function isGet(message: Message): boolean {
  return namesOf().messageType(message.header.type)?.startsWith("RTM_GET") ?? true;
}

function throwError(end: Message, operation: string): void {
  if (end.kind === "done" && end.body.error !== Errno.OK) throw new NetlinkError(operation, end.body.error);
  if (end.kind === "error" && end.body.error !== Errno.OK)
    throw new NetlinkError(operation, end.body.error, ackOf(end.body));
}

function ackOf({ message, offset, cookie }: NlmsgError): NetlinkError["ack"] {
  return {
    ...(message === undefined ? {} : { message }),
    ...(offset === undefined ? {} : { offset }),
    ...(cookie === undefined ? {} : { cookie }),
  };
}
