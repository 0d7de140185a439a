// The settings of gif and gre (net/if_gif.c, net/if_gre.c): which are set, which are refused, and when a tunnel runs.

import { Errno } from "../../assembly/abi/errno.js";
import { GIF, GRE, IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { IFLA, IFLA_GRE, IFLA_INFO } from "../../assembly/abi/rtnetlink.js";
import type { Endpoints, Vnet as KernelVnet, TunnelChanges } from "../../host/kernel/kernel.js";
import { newLink } from "../route/linkrequests.js";
import { linkOf } from "../route/links.js";
import { ipText } from "../rows/objects.js";
import { attribute, ip, numberAt, payloadOf, type Seen, u32 } from "../support/messages.js";
import { familyOfText, type Link, linkNamed, type Tunnel, type Vnet } from "./network.js";

/** One thing that is set; null takes the endpoints away, which only the host does. */
export type TunnelChange =
  | { readonly endpoints: Endpoints | null }
  | { readonly flags: number }
  /** Of a gre. */
  | { readonly key: number };

export interface TunnelOperation {
  readonly kind: "tunnel";
  readonly link: string;
  readonly change: TunnelChange;
  readonly byHost: boolean;
}

const KNOWN = { gif: GIF.NOCLAMP | GIF.IGNORE_SOURCE, gre: GRE.ENABLE_CSUM | GRE.ENABLE_SEQ | GRE.UDPENCAP };
/** Bits of ifi_change that no request acts on. */
const NO_FLAG_CHANGES = 0x4;

/** What a new link has set; nothing where it is no tunnel. */
export function newTunnel(kind: string): Tunnel | undefined {
  return kind === "gif" || kind === "gre" ? { endpoints: undefined, flags: 0, key: 0 } : undefined;
}

/** What a link has set after a move. */
export function movedTunnel(tunnel: Tunnel | undefined): Tunnel | undefined {
  return tunnel && { ...tunnel, endpoints: undefined };
}

/** Whether a vnet has a tunnel that starts or stops to run as addresses come and go, which nobody is told. */
export function hasTunnels(vnet: Vnet): boolean {
  return vnet.links.some(({ tunnel }) => tunnel?.endpoints !== undefined);
}

function isSame(a: Endpoints | undefined, b: Endpoints): boolean {
  return a?.local === b.local && a.remote === b.remote;
}

/** Whether another tunnel of the kind has endpoints, and gets its packets the same way. */
function hasTwin(vnet: Vnet, link: Link, endpoints: Endpoints, flags: number): boolean {
  return vnet.links.some(({ uid, kind, tunnel }) => {
    if (uid === link.uid || kind !== link.kind || tunnel === undefined || !isSame(tunnel.endpoints, endpoints)) {
      return false;
    }
    return (kind === "gif" ? tunnel.flags & GIF.IGNORE_SOURCE : (tunnel.flags ^ flags) & GRE.UDPENCAP) === 0;
  });
}

export function setTunnel(vnet: Vnet, { link: name, change, byHost }: TunnelOperation): Errno {
  const link = linkNamed(vnet, name);
  if (link?.tunnel === undefined) return byHost ? Errno.ENXIO : Errno.ENOENT;
  const { tunnel } = link;
  if ("key" in change) {
    tunnel.key = change.key;
    return Errno.OK;
  }
  if ("flags" in change) return setFlags(vnet, link, tunnel, change.flags);
  const endpoints = change.endpoints ?? undefined;
  if (endpoints !== undefined && !isSame(tunnel.endpoints, endpoints)) {
    if (hasTwin(vnet, link, endpoints, tunnel.flags)) return Errno.EADDRNOTAVAIL;
  }
  tunnel.endpoints = endpoints;
  return Errno.OK;
}

function setFlags(vnet: Vnet, link: Link, tunnel: Tunnel, flags: number): Errno {
  if ((flags & ~KNOWN[link.kind as keyof typeof KNOWN]) !== 0) return Errno.EINVAL;
  const changed = flags ^ tunnel.flags;
  const { endpoints } = tunnel;
  if (endpoints !== undefined && link.kind === "gre" && (changed & GRE.UDPENCAP) !== 0) {
    if (hasTwin(vnet, link, endpoints, flags)) return Errno.EEXIST;
  }
  const isInet = endpoints !== undefined && familyOfText(endpoints.local) === AF.INET;
  // Between IPv4 endpoints a gif forgets a change of NOCLAMP alone (in_gif_setopts).
  if (link.kind === "gif" && isInet && (changed & GIF.IGNORE_SOURCE) === 0) return Errno.OK;
  tunnel.flags = flags;
  return Errno.OK;
}

/** The request that a client sends. @param index - of the link */
export function tunnelRequest({ link, change }: TunnelOperation, index: number): Uint8Array {
  const attributes = {
    endpoints: ({ local, remote }: Endpoints) => [
      attribute(IFLA_GRE.LOCAL, ip(local)),
      attribute(IFLA_GRE.REMOTE, ip(remote)),
    ],
    flags: (flags: number) => [attribute(IFLA_GRE.FLAGS, u32(flags))],
    key: (key: number) => [attribute(IFLA_GRE.OKEY, u32(key))],
  };
  const data =
    "key" in change
      ? attributes.key(change.key)
      : "flags" in change
        ? attributes.flags(change.flags)
        : attributes.endpoints(change.endpoints as Endpoints);
  const header = { index, change: NO_FLAG_CHANGES };
  return newLink({ header, kind: link.replace(/\d+$/, ""), data: Uint8Array.from(data.flatMap((each) => [...each])) });
}

/** What the host does. */
export function callTunnel(vnet: KernelVnet, { link, change }: TunnelOperation): void {
  const tunnel: TunnelChanges = change;
  vnet.interfaceSet(link, { tunnel });
}

// ---- as dumps show them

function tunnelText(local: string | undefined, remote: string | undefined, flags: number, key: number, runs: boolean) {
  const ends = local === undefined ? "-" : `${local} > ${remote}`;
  return `${ends} 0x${flags.toString(16)} key ${key}${runs ? " running" : ""}`;
}

/** Of a link of the model; nothing where it is no tunnel. */
export function tunnelOfModel(vnet: Vnet, { tunnel }: Link): string {
  if (tunnel === undefined) return "";
  const { endpoints, flags, key } = tunnel;
  const runs = vnet.links.some(({ addresses }) => addresses.some(({ text }) => text === endpoints?.local));
  return tunnelText(endpoints?.local, endpoints?.remote, flags, key, runs);
}

/** Of a link that the kernel tells of. */
export function tunnelOfMessage(seen: Seen): string {
  const { payload, flags } = linkOf(seen);
  const data = payloadOf(payload(IFLA.LINKINFO) ?? new Uint8Array(), IFLA_INFO.DATA);
  if (data === undefined) return "";
  const number = (type: IFLA_GRE): number => {
    const bytes = payloadOf(data, type);
    return bytes === undefined ? 0 : numberAt(bytes, 0, 4);
  };
  const text = (type: IFLA_GRE): string | undefined => {
    const bytes = payloadOf(data, type);
    return bytes && ipText(bytes);
  };
  const runs = (flags & IFF.RUNNING) !== 0;
  return tunnelText(text(IFLA_GRE.LOCAL), text(IFLA_GRE.REMOTE), number(IFLA_GRE.FLAGS), number(IFLA_GRE.OKEY), runs);
}
