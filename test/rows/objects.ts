// The objects that NETLINK_ROUTE writes, taken apart into plain records, and in a few words:
//   linkOf, addressOf, neighbourOf, routeOf, nexthopOf   a record each, addresses as text
//   inWords                                              "NEWROUTE 10.1.0.0/16 via 192.0.2.254 if2", "ok", "!ENOENT"

import ipaddr from "ipaddr.js";
import { Errno } from "../../assembly/abi/errno.js";
import { IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLMSG } from "../../assembly/abi/netlink.js";
import {
  HeaderSize,
  IFA,
  IFLA,
  IFLA_INFO,
  IfAddrMsg,
  IfInfoMsg,
  NDA,
  NdMsg,
  NHA,
  NhMsg,
  NTF,
  NUD,
  RTA,
  RTAX,
  RTM,
  RTN,
  RtMsg,
} from "../../assembly/abi/rtnetlink.js";
import { ackOf, attributes, doneOf, numberAt, type Seen } from "../support/messages.js";
import type { Member } from "./requests.js";

/** The attributes of some bytes, asked for by type. */
class Attributes {
  readonly #found: [number, Uint8Array][];

  constructor(bytes: Uint8Array) {
    this.#found = attributes(bytes);
  }

  bytes(type: number): Uint8Array | undefined {
    return this.#found.find(([each]) => each === type)?.[1];
  }

  number(type: number, size: 1 | 2 | 4 = 4): number | undefined {
    const bytes = this.bytes(type);
    return bytes === undefined ? undefined : numberAt(bytes, 0, size);
  }

  /** Text before its NUL. */
  text(type: number): string | undefined {
    const bytes = this.bytes(type);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes.slice(0, -1));
  }

  ip(type: number): string | undefined {
    const bytes = this.bytes(type);
    return bytes === undefined ? undefined : ipText(bytes);
  }

  lladdr(type: number): string | undefined {
    const bytes = this.bytes(type);
    return bytes === undefined ? undefined : lladdrText(bytes);
  }

  nest(type: number): Attributes {
    return new Attributes(this.bytes(type) ?? new Uint8Array());
  }
}

export function ipText(bytes: Uint8Array): string {
  return ipaddr.fromByteArray([...bytes]).toString();
}

function lladdrText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

export interface Link {
  readonly name: string;
  readonly index: number;
  /** IFT_* */
  readonly type: number;
  readonly flags: number;
  /** ifi_change */
  readonly change: number;
  readonly operState: number;
  readonly carrier: number;
  readonly lladdr: string | undefined;
  readonly broadcast: string | undefined;
  readonly mtu: number;
  readonly alias: string | undefined;
  readonly promiscuity: number;
  /** IFLA_INFO_KIND */
  readonly kind: string | undefined;
}

export function linkOf({ body }: Seen): Link {
  const found = new Attributes(body.slice(HeaderSize.IFINFOMSG));
  return {
    name: found.text(IFLA.IFNAME) ?? "",
    index: numberAt(body, IfInfoMsg.INDEX, 4),
    type: numberAt(body, IfInfoMsg.TYPE, 2),
    flags: numberAt(body, IfInfoMsg.FLAGS, 4),
    change: numberAt(body, IfInfoMsg.CHANGE, 4),
    operState: found.number(IFLA.OPERSTATE, 1) ?? -1,
    carrier: found.number(IFLA.CARRIER, 1) ?? -1,
    lladdr: found.lladdr(IFLA.ADDRESS),
    broadcast: found.lladdr(IFLA.BROADCAST),
    mtu: found.number(IFLA.MTU) ?? -1,
    alias: found.text(IFLA.IFALIAS),
    promiscuity: found.number(IFLA.PROMISCUITY) ?? -1,
    kind: found.nest(IFLA.LINKINFO).text(IFLA_INFO.KIND),
  };
}

export interface Address {
  readonly index: number;
  readonly family: number;
  readonly prefixLength: number;
  readonly scope: number;
  readonly address: string | undefined;
  readonly local: string | undefined;
  readonly broadcast: string | undefined;
  readonly label: string | undefined;
  /** IFA_F_* */
  readonly flags: number;
  /** Seconds. */
  readonly preferred: number | undefined;
  readonly valid: number | undefined;
}

export function addressOf({ body }: Seen): Address {
  const found = new Attributes(body.slice(HeaderSize.IFADDRMSG));
  const cacheInfo = found.bytes(IFA.CACHEINFO);
  return {
    index: numberAt(body, IfAddrMsg.INDEX, 4),
    family: numberAt(body, IfAddrMsg.FAMILY, 1),
    prefixLength: numberAt(body, IfAddrMsg.PREFIXLEN, 1),
    scope: numberAt(body, IfAddrMsg.SCOPE, 1),
    address: found.ip(IFA.ADDRESS),
    local: found.ip(IFA.LOCAL),
    broadcast: found.ip(IFA.BROADCAST),
    label: found.text(IFA.LABEL),
    flags: found.number(IFA.FLAGS) ?? -1,
    preferred: cacheInfo && numberAt(cacheInfo, 0, 4),
    valid: cacheInfo && numberAt(cacheInfo, 4, 4),
  };
}

export interface Neighbour {
  readonly index: number;
  readonly family: number;
  readonly dst: string;
  readonly lladdr: string | undefined;
  /** NUD_* */
  readonly state: number;
  /** NTF_* */
  readonly flags: number;
}

export function neighbourOf({ body }: Seen): Neighbour {
  const found = new Attributes(body.slice(HeaderSize.NDMSG));
  return {
    index: numberAt(body, NdMsg.IFINDEX, 4),
    family: numberAt(body, NdMsg.FAMILY, 1),
    dst: found.ip(NDA.DST) ?? "",
    lladdr: found.lladdr(NDA.LLADDR),
    state: numberAt(body, NdMsg.STATE, 2),
    flags: numberAt(body, NdMsg.FLAGS, 1),
  };
}

/** A path of a route: where it leads. */
export interface Hop {
  readonly gateway: string | undefined;
  readonly oif: number | undefined;
  readonly weight: number;
}

export interface Route {
  readonly family: number;
  readonly fib: number;
  /** "10.1.0.0/16" */
  readonly prefix: string;
  /** RTN_* */
  readonly type: number;
  readonly protocol: number;
  readonly rtFlags: number;
  /** Of the nexthop, or of the group. */
  readonly knhId: number;
  readonly nhId: number | undefined;
  readonly mtu: number | undefined;
  readonly hops: readonly Hop[];
  readonly isMultipath: boolean;
}

function gatewayOf(found: Attributes): string | undefined {
  const via = found.bytes(RTA.VIA);
  return via === undefined ? found.ip(RTA.GATEWAY) : ipText(via.slice(1));
}

function hopsIn(bytes: Uint8Array): Hop[] {
  const hops: Hop[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = numberAt(bytes, at, 2);
    if (length < HeaderSize.RTNEXTHOP || at + length > bytes.length) throw new Error(`rtnh_len ${length} at ${at}`);
    const found = new Attributes(bytes.slice(at + HeaderSize.RTNEXTHOP, at + length));
    hops.push({
      gateway: gatewayOf(found),
      oif: numberAt(bytes, at + 4, 4),
      weight: numberAt(bytes, at + 3, 1),
    });
    at += (length + 3) & ~3;
  }
  return hops;
}

export function routeOf({ body }: Seen): Route {
  const found = new Attributes(body.slice(HeaderSize.RTMSG));
  const many = found.bytes(RTA.MULTIPATH);
  const one = { gateway: gatewayOf(found), oif: found.number(RTA.OIF), weight: found.number(RTA.WEIGHT) ?? 1 };
  return {
    family: numberAt(body, RtMsg.FAMILY, 1),
    fib: found.number(RTA.TABLE) ?? -1,
    prefix: `${found.ip(RTA.DST)}/${body[RtMsg.DST_LEN]}`,
    type: numberAt(body, RtMsg.TYPE, 1),
    protocol: numberAt(body, RtMsg.PROTOCOL, 1),
    rtFlags: found.number(RTA.RTFLAGS) ?? -1,
    knhId: found.number(RTA.KNH_ID) ?? -1,
    nhId: found.number(RTA.NH_ID),
    mtu: found.nest(RTA.METRICS).number(RTAX.MTU),
    hops: many === undefined ? [one] : hopsIn(many),
    isMultipath: many !== undefined,
  };
}

export interface Nexthop {
  readonly id: number;
  readonly family: number;
  readonly protocol: number;
  readonly oif: number | undefined;
  readonly gateway: string | undefined;
  readonly group: readonly Member[] | undefined;
}

export function nexthopOf({ body }: Seen): Nexthop {
  const found = new Attributes(body.slice(HeaderSize.NHMSG));
  const members = found.bytes(NHA.GROUP);
  const memberAt = (at: number): Member => [numberAt(members ?? new Uint8Array(), at, 4), members?.[at + 4] ?? -1];
  return {
    id: found.number(NHA.ID) ?? -1,
    family: numberAt(body, NhMsg.FAMILY, 1),
    protocol: numberAt(body, NhMsg.PROTOCOL, 1),
    oif: found.number(NHA.OIF),
    gateway: found.ip(NHA.GATEWAY),
    group: members && Array.from({ length: members.length / 8 }, (_, n) => memberAt(8 * n)),
  };
}

function hopWords({ gateway, oif, weight }: Hop): string {
  const via = gateway === undefined ? "" : ` via ${gateway}`;
  return `${via} if${oif}${weight === 1 ? "" : ` weight ${weight}`}`;
}

function routeWords(route: Route): string {
  const type = route.type === RTN.UNICAST ? "" : ` ${RTN[route.type]?.toLowerCase()}`;
  const id = route.nhId === undefined ? "" : ` nhid ${route.nhId}`;
  const mtu = route.mtu === undefined ? "" : ` mtu ${route.mtu}`;
  const hops = route.hops.map(hopWords);
  const paths = route.isMultipath ? ` {${hops.join(",")} }` : hops.join("");
  return `${route.prefix}${type}${id}${paths}${mtu}`;
}

/** The names of the bits in an enum: "SELF|STICKY". */
function bitNames(names: Readonly<Record<number, string>>, bits: number): string {
  const set = Array.from({ length: 32 }, (_, n) => 2 ** n).filter((bit) => (BigInt(bits) & BigInt(bit)) !== 0n);
  return set.map((bit) => names[bit] ?? `0x${bit.toString(16)}`).join("|");
}

function neighbourWords({ dst, lladdr, index, flags, state }: Neighbour): string {
  const marks = flags === 0 ? "" : ` ${bitNames(NTF, flags)}`;
  return `${dst}${lladdr === undefined ? "" : ` at ${lladdr}`} if${index}${marks} ${NUD[state]}`;
}

function nexthopWords({ id, gateway, oif, group }: Nexthop): string {
  if (group !== undefined) return `${id} group ${group.map(([member, weight]) => `${member}*${weight}`).join(" ")}`;
  return `${id}${gateway === undefined ? "" : ` via ${gateway}`} if${oif}`;
}

function linkWords({ name, flags, mtu, alias, change }: Link): string {
  const state = flags & IFF.UP ? "up" : "down";
  return `${name} ${state} mtu ${mtu}${alias === undefined ? "" : ` "${alias}"`} change 0x${change.toString(16)}`;
}

function bodyWords(seen: Seen): string | undefined {
  switch (seen.type) {
    case RTM.NEWLINK:
    case RTM.DELLINK:
      return linkWords(linkOf(seen));
    case RTM.NEWADDR:
    case RTM.DELADDR: {
      const { family, address, local, prefixLength, index } = addressOf(seen);
      const peer = local !== undefined && local !== address ? ` peer ${address}` : "";
      return `${family === AF.INET ? local : (local ?? address)}/${prefixLength}${peer} if${index}`;
    }
    case RTM.NEWROUTE:
    case RTM.DELROUTE:
      return routeWords(routeOf(seen));
    case RTM.NEWNEIGH:
    case RTM.DELNEIGH:
      return neighbourWords(neighbourOf(seen));
    case RTM.NEWNEXTHOP:
    case RTM.DELNEXTHOP:
      return nexthopWords(nexthopOf(seen));
    default:
      return undefined;
  }
}

/** A message in a few words; an ack is "ok" or "!EINVAL", the end of a dump "done" or "done !ENOENT". */
export function inWords(seen: Seen): string {
  if (seen.type === NLMSG.ERROR) {
    const { error } = ackOf(seen);
    return error === Errno.OK ? "ok" : `!${Errno[error]}`;
  }
  if (seen.type === NLMSG.DONE) {
    const error = doneOf(seen);
    return error === Errno.OK ? "done" : `done !${Errno[error]}`;
  }
  return `${RTM[seen.type]} ${bodyWords(seen)}`;
}
