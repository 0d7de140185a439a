// The requests of links: RTM_GETLINK, RTM_NEWLINK, RTM_DELLINK.

import { IFF } from "../../assembly/abi/ifnet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { readAttributes } from "../codec/attributes.js";
import { Reader } from "../codec/bytes.js";
import { type GifData, type GreData, type Link, link } from "../codec/link.js";
import type { Message } from "../codec/messages.js";
import { one, type Requests } from "./connection.js";

export type LinkName = { name: string } | { index: number };

/** What can be set; what is left out stays. */
export interface LinkSettings {
  up?: boolean;
  promiscuous?: boolean;
  /** Bytes. What the driver refuses stays as it was, without an error. */
  mtu?: number;
  /** Description; an empty one takes it away. */
  alias?: string;
  /** Link-layer address. */
  address?: string;
  /** Of a gif or a gre, on a kernel with the switch `tunnelData`; any other does not look at it. Both endpoints, or none. */
  gif?: GifData;
  gre?: GreData;
}

/** A new link. FreeBSD chooses the driver by the name; the kind must be there, and says what `vlan` is for. */
export interface NewLink extends LinkSettings {
  kind: string;
  /** Of a vlan: its parent's index, its id 1..4094, and its protocol, 0x8100 (the default) or 0x88a8. */
  vlan?: { parent: number; id: number; protocol?: number };
}

export function listLinks(on: Requests): Link[] {
  return linksOf(on.request(link.message(RTM.GETLINK, { flags: NLM_F.DUMP }, {})));
}

export function getLink(on: Requests, which: LinkName): Link {
  return one(linksOf(on.request(link.message(RTM.GETLINK, {}, which))), "RTM_GETLINK");
}

export function newLink(
  on: Requests,
  name: string,
  { kind, vlan, ...settings }: NewLink,
): Required<Pick<Link, "name" | "index">> {
  const ofVlan = vlan && { id: vlan.id, ...(vlan.protocol === undefined ? {} : { protocol: vlan.protocol }) };
  const data = ofVlan ?? settings.gif ?? settings.gre;
  const cookie = on.change(
    link.message(
      RTM.NEWLINK,
      { flags: NLM_F.CREATE | NLM_F.EXCL },
      {
        name,
        ...(vlan ? { index: vlan.parent } : {}),
        ...settingsOf(settings),
        information: { kind, ...(data ? { data } : {}) },
      },
    ),
  );
  const made = cookie && readAttributes(link.table, new Reader(cookie), cookie.length);
  return { name: made?.name ?? name, index: made?.newIndex ?? getLink(on, { name }).index };
}

export function setLink(on: Requests, which: LinkName, settings: LinkSettings): void {
  on.change(link.message(RTM.NEWLINK, {}, { ...which, ...settingsOf(settings) }));
}

/** RTM_DELLINK goes by index alone. */
export function deleteLink(on: Requests, which: LinkName): void {
  const index = "index" in which ? which.index : getLink(on, which).index;
  on.change(link.message(RTM.DELLINK, {}, { index }));
}

/**
 * A change mask of 0 means all flags (iface.c), and would take an interface down whose MTU is set. IFF_DEBUG stands for
 * none: netlink does not change it.
 */
function settingsOf({ up, promiscuous, gif, gre, ...rest }: LinkSettings): Parameters<typeof link.message>[2] {
  const change = (up === undefined ? 0 : IFF.UP) | (promiscuous === undefined ? 0 : IFF.PROMISC);
  return {
    flags: (up ? IFF.UP : 0) | (promiscuous ? IFF.PROMISC : 0),
    change: change || IFF.DEBUG,
    ...rest,
    ...(gif ? { information: { kind: "gif", data: gif } } : {}),
    ...(gre ? { information: { kind: "gre", data: gre } } : {}),
  };
}

function linksOf(answers: readonly Message[]): Link[] {
  return answers.flatMap((answer) => (answer.kind === "link" ? [answer.body] : []));
}
