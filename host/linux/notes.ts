// What Linux programs said of objects that the kernel has no place for (linux-compat E1.1). A note goes when its object
// goes. Plain data, so that it can be kept with a snapshot.

import type { Nexthop } from "./nexthopmirror.js";
import { refill } from "./plain.js";
import { RouteNotes, type RouteNotesState } from "./routenotes.js";
import { defaultRules, type Rule } from "./ruleobject.js";

/** Of an interface, by index. */
export interface LinkNote {
  /** Attributes that are accepted and shown back, by type: IFLA_TXQLEN, GROUP, LINKMODE … */
  readonly words: Map<number, number>;
  /** Linux IFF bits without effect: NOARP, MULTICAST, ALLMULTI, DEBUG. */
  flags: number;
  flagsMask: number;
  /** Index of the bridge or bond that it is a member of, 0 for none. */
  master: number;
  /** Index of the interface that it lies on (IFLA_LINK), 0 for none or one that the kernel tells. */
  lower: number;
  /** IFLA_INFO_KIND that a program gave, where the kernel's driver would read back as another. */
  kind: string | undefined;
  /** IFLA_INFO_DATA as given, for kinds whose settings the kernel's driver has not. */
  data: Uint8Array | undefined;
  /** IFLA_INFO_SLAVE_DATA as given, while it is a member. */
  slaveData: Uint8Array | undefined;
  /** IFLA_IFALIAS where it is longer than the kernel's description. */
  description: string | undefined;
  carrierChanges: number;
}

/** Of an address. Of IPv6 only those that a Linux program gave have one. */
export interface AddressNote {
  /** A Linux program gave the address. */
  readonly isGiven: boolean;
  /** IFA_LABEL, where it is not the interface's name. */
  label: string | undefined;
  /** IFA_F bits that the kernel has not. */
  flags: number;
  hasBroadcast: boolean;
  peer: Uint8Array | undefined;
  /** IFA_RT_PRIORITY */
  priority: number;
  /** IFA_PROTO, 0 for none. */
  protocol: number;
  /** Milliseconds since boot. */
  created: number;
  changed: number;
  /** IPv4 lifetimes in seconds from `changed`; 0xffffffff for ever. */
  preferred: number;
  valid: number;
}

/** Of a neighbour. */
export interface NeighbourNote {
  /** NUD. */
  state: number;
  /** NTF bits that the kernel has not: EXT_LEARNED. */
  flags: number;
  /** NDA_FLAGS_EXT */
  extendedFlags: number;
  /** NDA_PROTOCOL, 0 for none. */
  protocol: number;
}

/** Of a nexthop. */
export interface NexthopNote {
  /** RTNH_F bits: ONLINK. */
  readonly flags: number;
  /** One that is here alone, because the kernel knows none of its kind: a blackhole, a device without gateway, a group of such. */
  readonly own: Nexthop | undefined;
}

/** What notes go on from. */
export interface NotesState {
  readonly links: ReadonlyMap<number, LinkNote>;
  readonly addresses: ReadonlyMap<string, AddressNote>;
  readonly routes: readonly RouteNotesState[];
  readonly neighbours: ReadonlyMap<string, NeighbourNote>;
  readonly nexthops: ReadonlyMap<number, NexthopNote>;
  readonly rules: readonly Rule[];
  readonly tables: ReadonlyMap<number, number>;
}

export class Notes {
  readonly links = new Map<number, LinkNote>();
  /** By `index family address`. */
  readonly addresses = new Map<string, AddressNote>();
  readonly routes = new RouteNotes();
  /** By `index family address`. */
  readonly neighbours = new Map<string, NeighbourNote>();
  /** By id. */
  readonly nexthops = new Map<number, NexthopNote>();
  /** Policy rules: IPv4's, then IPv6's, in ascending order of priorities. */
  readonly rules: Rule[] = defaultRules();
  /** Fibs that stand for tables of larger ids: fib by table id. */
  readonly tables = new Map<number, number>();

  save(): NotesState {
    const { links, addresses, routes, neighbours, nexthops, rules, tables } = this;
    return { links, addresses, routes: routes.save(), neighbours, nexthops, rules, tables };
  }

  load(state: NotesState): void {
    refill(this.links, state.links);
    refill(this.addresses, state.addresses);
    this.routes.load(state.routes);
    refill(this.neighbours, state.neighbours);
    refill(this.nexthops, state.nexthops);
    this.rules.splice(0, this.rules.length, ...state.rules);
    refill(this.tables, state.tables);
  }

  /** An interface's, which there is from now on. */
  link(index: number): LinkNote {
    let note = this.links.get(index);
    if (note === undefined) {
      note = {
        words: new Map(),
        flags: 0,
        flagsMask: 0,
        master: 0,
        lower: 0,
        kind: undefined,
        data: undefined,
        slaveData: undefined,
        description: undefined,
        carrierChanges: 0,
      };
      this.links.set(index, note);
    }
    return note;
  }

  /** The notes of neighbours on an interface that goes: the kernel does not tell of each. */
  forgetNeighbours(index: number): void {
    for (const key of this.neighbours.keys()) if (key.startsWith(`${index} `)) this.neighbours.delete(key);
  }
}
