// The vnet's nexthop objects: those of the kernel as it last told of them, and those that are here alone because the kernel
// knows none of their kind (linux-compat E9.2). Both share one space of ids.

import { HeaderSize, NexthopGrp, NHA, NhMsg } from "../../assembly/abi/rtnetlink.js";
import type { MessageReader } from "./messagereader.js";
import { refill, refillSet } from "./plain.js";
import type { LinuxVnet } from "./vnet.js";

/** A path of a group. */
export interface NexthopMember {
  readonly id: number;
  /** FreeBSD's: 1 … 255. */
  readonly weight: number;
}

/** A nexthop or a group, with FreeBSD's numbers. */
export interface Nexthop {
  readonly id: number;
  /** That of the gateway; of one without, what the program said. 0 for a group. */
  readonly family: number;
  /** RTPROT */
  readonly protocol: number;
  /** RTNH_F bits: ONLINK. */
  readonly flags: number;
  /** Interface; 0 for a group and a blackhole. */
  readonly index: number;
  /** 4 or 16 bytes; undefined for a group, a blackhole and a device. */
  readonly gateway: Uint8Array | undefined;
  readonly isBlackhole: boolean;
  /** Of a group, in the order given; undefined for a single nexthop. */
  readonly members: readonly NexthopMember[] | undefined;
}

/** What a mirror of nexthops goes on from. */
export interface NexthopMirrorState {
  readonly nexthops: ReadonlyMap<number, Nexthop>;
  readonly groups: ReadonlySet<number>;
  readonly used: Set<number> | undefined;
}

export class NexthopMirror {
  /** By id, in order of creation. */
  readonly #nexthops = new Map<number, Nexthop>();
  readonly #groups = new Set<number>();
  /**
   * Ids that routes carry, or did: what is not among them has no routes. Undefined until somebody looks for the first time.
   */
  used: Set<number> | undefined;

  save(): NexthopMirrorState {
    return { nexthops: this.#nexthops, groups: this.#groups, used: this.used };
  }

  load({ nexthops, groups, used }: NexthopMirrorState): void {
    refill(this.#nexthops, nexthops);
    refillSet(this.#groups, groups);
    this.used = used;
  }

  get isEmpty(): boolean {
    return this.#nexthops.size === 0;
  }

  /** @param message - RTM_NEWNEXTHOP of the kernel; it is indexed afterwards */
  set(message: MessageReader): Nexthop {
    const nexthop = readNexthop(message);
    this.#nexthops.set(nexthop.id, nexthop);
    if (nexthop.members !== undefined) this.#groups.add(nexthop.id);
    return nexthop;
  }

  delete(id: number): void {
    this.#nexthops.delete(id);
    this.#groups.delete(id);
  }

  get(id: number): Nexthop | undefined {
    return this.#nexthops.get(id);
  }

  /** Ids in order of creation. */
  ids(): IterableIterator<number> {
    return this.#nexthops.keys();
  }

  /** Ids of groups, in order of creation. */
  groups(): IterableIterator<number> {
    return this.#groups.values();
  }
}

/** @param message - RTM_NEWNEXTHOP or RTM_DELNEXTHOP of the kernel */
export function readNexthop(message: MessageReader): Nexthop {
  message.index(HeaderSize.NHMSG);
  return {
    id: message.u32(NHA.ID),
    family: message.header8(NhMsg.FAMILY),
    protocol: message.header8(NhMsg.PROTOCOL),
    flags: 0,
    index: message.u32(NHA.OIF),
    gateway: message.payload(NHA.GATEWAY)?.slice(),
    isBlackhole: message.has(NHA.BLACKHOLE),
    members: readMembers(message, 0),
  };
}

/**
 * The members of NHA_GROUP; undefined when there is none.
 * @param more - what the sender's weights lack: 1 for Linux, where 0 means one share
 */
export function readMembers(message: MessageReader, more: number): NexthopMember[] | undefined {
  if (!message.has(NHA.GROUP)) return undefined;
  const members: NexthopMember[] = [];
  const from = message.at(NHA.GROUP);
  for (let at = from; at + NexthopGrp.BYTES <= from + message.size(NHA.GROUP); at += NexthopGrp.BYTES) {
    const id = message.view.getUint32(at + NexthopGrp.ID, true);
    members.push({ id, weight: message.view.getUint8(at + NexthopGrp.WEIGHT) + more });
  }
  return members;
}

/**
 * A nexthop by its id.
 * @returns undefined when nobody has the id
 */
export function nexthopOf(vnet: LinuxVnet, id: number): Nexthop | undefined {
  const note = vnet.notes.nexthops.get(id);
  if (note?.own !== undefined) return note.own;
  const kernels = vnet.nexthops.get(id);
  return kernels === undefined || note === undefined ? kernels : { ...kernels, flags: note.flags };
}

/** All ids: the kernel's in order of creation, then the layer's own. */
export function nexthopIds(vnet: LinuxVnet): number[] {
  return [...vnet.nexthops.ids(), ...ownIds(vnet)];
}

function ownIds(vnet: LinuxVnet): number[] {
  return [...vnet.notes.nexthops].filter(([, note]) => note.own !== undefined).map(([id]) => id);
}

/** Ids of the groups that a nexthop is a member of, the newest first. */
export function groupsWith(vnet: LinuxVnet, id: number): number[] {
  const isMember = (each: number): boolean =>
    nexthopOf(vnet, each)?.members?.some((member) => member.id === id) ?? false;
  return nexthopIds(vnet).filter(isMember).reverse();
}

/** Whether the kernel can have it: it knows gateways through an interface, and groups of nexthops that it has. */
export function isKernels(vnet: LinuxVnet, { members, gateway }: Nexthop): boolean {
  if (members !== undefined) return members.every(({ id }) => vnet.nexthops.get(id) !== undefined);
  return gateway !== undefined;
}

/** Whether nothing but the id may differ. */
export function isSameNexthop(left: Nexthop, right: Nexthop): boolean {
  return (
    left.family === right.family &&
    left.protocol === right.protocol &&
    left.flags === right.flags &&
    left.index === right.index &&
    left.isBlackhole === right.isBlackhole &&
    `${left.gateway}` === `${right.gateway}` &&
    JSON.stringify(left.members) === JSON.stringify(right.members)
  );
}
