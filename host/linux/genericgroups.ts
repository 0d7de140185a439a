// The groups of a socket of generic netlink. Their numbers are FreeBSD's: programs ask the controller for them. Only that of
// the controller's own group, "notify", some programs know: on Linux it is 16, the controller's id, as iproute2's genl has it.
// It is that group here, too.

import { GENL } from "../../assembly/abi/genetlink.js";
import { NETLINK, NETLINK_OPTION, SOL } from "../../assembly/abi/netlink.js";
import type { Kernel, Vnet } from "../kernel/kernel.js";
import { Channel, type ChannelState } from "./channel.js";
import { refill } from "./plain.js";

/** Linux's number of the controller's group (net/netlink/genetlink.c: its offset is the controller's id). */
const NOTIFY = GENL.MIN_ID;

/** Notifications that can wait between two calls on the layer: 16 MiB, memory that is used only while they do. */
const HEARD_LIMIT = 1 << 24;

/** Gets a notification, and the number of the group as the program joined it; 0 where that is not known. */
export type Hear = (bytes: Uint8Array, group: number) => void;

/** What goes on from between two calls, and a map of it. */
export interface GenericGroupsState {
  readonly joined: ReadonlyMap<number, number>;
  readonly channel: ChannelState | undefined;
}

export class GenericGroups {
  readonly #kernel: Kernel;
  readonly #vnet: Vnet;
  readonly #hear: Hear;
  /** FreeBSD's numbers, and under which the program knows them. */
  readonly #joined = new Map<number, number>();
  #channel: Channel | undefined;

  constructor(kernel: Kernel, vnet: Vnet, hear: Hear) {
    this.#kernel = kernel;
    this.#vnet = vnet;
    this.#hear = hear;
  }

  save(): GenericGroupsState {
    return { joined: this.#joined, channel: this.#channel?.save() };
  }

  load({ joined, channel }: GenericGroupsState): void {
    refill(this.#joined, joined);
    this.#channel = channel && Channel.load(this.#kernel, channel);
  }

  /**
   * Joins and leaves, so that the socket is in these groups.
   * @param groups - by the program's numbers
   * @throws NetlinkError when the kernel has no memory for a member
   */
  follow(groups: ReadonlySet<number>): void {
    const wanted = new Map([...groups].map((group) => [kernelGroup(group), group]));
    if (wanted.size > 0) this.#channel ??= this.#open();
    for (const group of [...this.#joined.keys()]) {
      if (wanted.has(group)) continue;
      this.#set(NETLINK_OPTION.DROP_MEMBERSHIP, group);
      this.#joined.delete(group);
    }
    for (const [group, known] of wanted) {
      if (!this.#joined.has(group)) this.#set(NETLINK_OPTION.ADD_MEMBERSHIP, group);
      this.#joined.set(group, known);
    }
  }

  #open(): Channel {
    const channel = Channel.open(this.#kernel, this.#vnet, { protocol: NETLINK.GENERIC });
    channel.setReceiveLimit(HEARD_LIMIT);
    return channel;
  }

  #set(option: number, group: number): void {
    this.#channel?.socket.setsockopt(SOL.NETLINK, option, group);
  }

  get hasNext(): boolean {
    return this.#channel?.hasNext ?? false;
  }

  /** Passes on what the kernel has told since the last call. */
  drain(): void {
    const channel = this.#channel;
    for (let message = channel?.next(); message !== undefined; message = channel?.next()) {
      this.#hear(message.message.slice(), this.#groupOf(message.type));
    }
  }

  /** A message does not say its group: the controller has one, of others it is known when there is only one. */
  #groupOf(type: number): number {
    const notify = this.#joined.get(GENL.MIN_GROUP);
    if (type === GENL.MIN_ID && notify !== undefined) return notify;
    const others = [...this.#joined.values()].filter((group) => group !== notify);
    return others.length === 1 ? (others[0] as number) : 0;
  }

  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }
}

function kernelGroup(group: number): number {
  return group === NOTIFY ? GENL.MIN_GROUP : group;
}
