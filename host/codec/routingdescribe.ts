// Messages of routing sockets for people and for other programs: one line, every field in lines, plain JSON.

import { Errno } from "../../assembly/abi/errno.js";
import { IFF, LINK_STATE } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { RTF } from "../../assembly/abi/rtnetlink.js";
import { IFAN, ROUTE_RTM } from "../../assembly/abi/rtsock.js";
import { hex } from "./bytes.js";
import { indent, type Json, plain } from "./describe.js";
import { parseIp } from "./ip.js";
import { flags, type Line, type Names, nameOf, u32 } from "./kind.js";
import { addrsOf, encodeRouting, ROUTING_SCHEMAS, type RoutingMessage, SLOTS, type Slot } from "./routing.js";
import { type Sockaddr, showSockaddr } from "./sockaddr.js";
import type { Fields, Struct } from "./struct.js";

type Sockaddrs = RoutingMessage["sockaddrs"];

/** No message of routing sockets holds another one. */
const NO_NAMES: Names = { messageType: () => undefined };
const routeFlags = flags(u32, "", RTF);
const interfaceFlags = flags(u32, "", IFF);

function typeName({ header }: RoutingMessage): string {
  const name = nameOf(ROUTE_RTM, header.type);
  return name === undefined ? `type ${header.type}` : `RTM_${name}`;
}

/** `RTM_ADD 10.1.0.0/16 via 192.0.2.1 dev 2 flags UP|GATEWAY|DONE|STATIC (200 bytes, seq 1, pid 4242)` */
export function describeRouting(message: RoutingMessage): string {
  const frame = [`${encodeRouting(message).length} bytes`];
  if (message.kind === "route") {
    const { seq, pid, errno } = message.header;
    if (errno !== 0) frame.push(Errno[errno] ?? `errno ${errno}`);
    frame.push(`seq ${seq}`, `pid ${pid}`);
  }
  return [typeName(message), ...phrasesOf(message), `(${frame.join(", ")})`].join(" ");
}

function phrasesOf(message: RoutingMessage): string[] {
  const { sockaddrs } = message;
  switch (message.kind) {
    case "route":
      return [...destinationOf(sockaddrs), ...deviceOf(message.header), ...flagsOf(message.header.flags, routeFlags)];
    case "interface":
    case "interfaceLong": {
      const { mtu, linkState } = message.header.data;
      const link = linkState === LINK_STATE.UNKNOWN ? [] : [`link ${nameOf(LINK_STATE, linkState)?.toLowerCase()}`];
      return [...deviceOf(message.header), `mtu ${mtu}`, ...link, ...flagsOf(message.header.flags, interfaceFlags)];
    }
    case "address":
    case "addressLong": {
      const { ifa, netmask, broadcast } = sockaddrs;
      const peer = broadcast === undefined || "bytes" in broadcast ? [] : [`broadcast ${showSockaddr(broadcast)}`];
      return [prefixText(ifa, netmask), ...deviceOf(message.header), ...peer];
    }
    case "group": {
      const { ifa, gateway } = sockaddrs;
      const lladdr = gateway !== undefined && "lladdr" in gateway ? [`lladdr ${gateway.lladdr}`] : [];
      return [prefixText(ifa, undefined), ...deviceOf(message.header), ...lladdr];
    }
    case "announcement": {
      const { name, what, index } = message.header;
      return [name, nameOf(IFAN, what)?.toLowerCase() ?? `what ${what}`, `dev ${index}`];
    }
  }
}

function deviceOf({ index }: { index: number }): string[] {
  return index === 0 ? [] : [`dev ${index}`];
}

function flagsOf(value: number, kind: typeof routeFlags): string[] {
  return value === 0 ? [] : [`flags ${kind.brief?.(value, NO_NAMES)}`];
}

function destinationOf({ destination, netmask, gateway }: Sockaddrs): string[] {
  const text = destination === undefined ? [] : [prefixText(destination, netmask)];
  if (gateway === undefined) return text;
  const isLink = "family" in gateway && gateway.family === AF.LINK;
  return [...text, isLink ? showSockaddr(gateway) : `via ${showSockaddr(gateway)}`];
}

/** An address with the bits of its mask, or with the mask where its bits are not all in front. */
function prefixText(address: Sockaddr | undefined, mask: Sockaddr | undefined): string {
  if (address === undefined) return "";
  const text = showSockaddr(address);
  if (mask === undefined || !("address" in mask)) {
    // A mask of no length is that of all addresses (route(8)).
    return mask !== undefined && "bytes" in mask && mask.bytes.length === 0 ? `${text}/0` : text;
  }
  const bits = Array.from(parseIp(mask.address) ?? [], (byte) => byte.toString(2).padStart(8, "0")).join("");
  const isPrefix = !bits.includes("01");
  return `${text}/${isPrefix ? bits.lastIndexOf("1") + 1 : mask.address}`;
}

/** Every field on a line of its own by FreeBSD's names, then the sockaddrs. */
export function explainRouting(message: RoutingMessage): string {
  const schema: Struct<Fields> = ROUTING_SCHEMAS[message.kind];
  const values = { ...message.header, addrs: addrsOf(message.sockaddrs) };
  const length: Line = { name: "rtm_msglen", text: String(encodeRouting(message).length) };
  const header = schema.lines?.(values, NO_NAMES, {}) ?? [];
  return [typeName(message), ...indent([length, ...header, ...sockaddrLines(message)], 1)].join("\n");
}

const SLOT_NAMES: Readonly<Record<Slot, string>> = {
  destination: "RTAX_DST",
  gateway: "RTAX_GATEWAY",
  netmask: "RTAX_NETMASK",
  genmask: "RTAX_GENMASK",
  ifp: "RTAX_IFP",
  ifa: "RTAX_IFA",
  author: "RTAX_AUTHOR",
  broadcast: "RTAX_BRD",
};

function sockaddrLines({ sockaddrs, rest }: RoutingMessage): Line[] {
  const lines: Line[] = [];
  for (const slot of SLOTS) {
    const value = sockaddrs[slot];
    if (value !== undefined) lines.push({ name: SLOT_NAMES[slot], text: showSockaddr(value) });
  }
  if (rest !== undefined) lines.push({ name: "rest", text: hex(rest) });
  return lines;
}

/** Plain JSON: our names, 64-bit numbers as decimal text, bytes as hexadecimal digits. */
export function routingToJson(message: RoutingMessage): Json {
  return { name: typeName(message), ...(plain(message) as { [key: string]: Json }) };
}
