// What the commands of one shell share: the kernel, the vnet they speak to, where they print, and the monitor.

import { NETLINK } from "../../../assembly/abi/netlink.js";
import { Client, GenericClient } from "../../client/client.js";
import { describe } from "../../codec/describe.js";
import { decodeRouting } from "../../codec/routing.js";
import { describeRouting } from "../../codec/routingdescribe.js";
import { NetlinkError } from "../../kernel/errno.js";
import type { Kernel, Vnet } from "../../kernel/kernel.js";
import { shippedSpecification } from "../../node/specfile.js";
import type { Specification } from "../../ynl/specification.js";
import { type Output, writeLine } from "../io.js";

/** rtm_msglen has 16 bits. */
const ROUTING_MESSAGE_MAX = 0xffff;

export class Session {
  vnet: Vnet;
  /** Set by the command that ends the shell. */
  isOver = false;
  #monitoring: { close(): void; next(): string | undefined } | undefined;

  /** By family: those that the user gave, and of those that come along the ones that were needed. */
  readonly #specifications = new Map<string, Specification>();

  /** @param specifications - of families of generic netlink; they count more than those that come along */
  constructor(
    readonly kernel: Kernel,
    readonly output: Output,
    specifications: readonly Specification[] = [],
  ) {
    this.vnet = kernel.vnet0;
    for (const each of specifications) this.#specifications.set(each.name, each);
  }

  /** What describes a family; undefined when nothing does. */
  specificationOf(family: string): Specification | undefined {
    const found = this.#specifications.get(family) ?? shippedSpecification(family);
    if (found !== undefined) this.#specifications.set(family, found);
    return found;
  }

  print(...lines: string[]): void {
    for (const line of lines) writeLine(this.output, line);
  }

  /**
   * Runs a command's requests on a netlink socket of its own in the current vnet.
   * @throws NetlinkError also when there is no such socket, because the module is not loaded
   */
  withClient<T>(work: (client: Client) => T): T {
    const socket = this.vnet.socket();
    try {
      return work(new Client(socket));
    } finally {
      socket.close();
    }
  }

  /** As withClient, on a socket of generic netlink. @throws NetlinkError */
  withGeneric<T>(work: (client: GenericClient) => T): T {
    const socket = this.vnet.socket({ protocol: NETLINK.GENERIC });
    try {
      return work(new GenericClient(socket));
    } finally {
      socket.close();
    }
  }

  /** Names of the current vnet's interfaces by index. */
  interfaceNames(client: Client): Map<number, string> {
    return new Map(client.links().map(({ index, name }) => [index, name ?? `#${index}`]));
  }

  /** Listens to groups of the current vnet, in place of what was listened to before. */
  startMonitor(groups: readonly number[]): void {
    this.stopMonitor();
    const socket = this.vnet.socket();
    try {
      const monitor = new Client(socket).monitor(groups);
      this.#monitoring = {
        next: () => {
          const message = monitor.next();
          return message && describe(message);
        },
        close: () => socket.close(),
      };
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Listens to groups of a family, all that it has without names. @throws NetlinkError ENOENT for what is not there */
  startGenericMonitor(family: string | number, groups?: readonly string[]): void {
    this.stopMonitor();
    const socket = this.vnet.socket({ protocol: NETLINK.GENERIC });
    try {
      const client = new GenericClient(socket);
      const { name } = client.family(family);
      const specification = name === "nlctrl" ? undefined : this.specificationOf(name);
      if (specification !== undefined) client.registry.add(specification);
      const monitor = client.listen(family, groups);
      this.#monitoring = {
        next: () => {
          const message = monitor.next();
          return message && describe(message, { protocol: NETLINK.GENERIC, families: client.registry });
        },
        close: () => socket.close(),
      };
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Listens to everything that a routing socket of the current vnet hears. */
  startRoutingMonitor(): void {
    this.stopMonitor();
    const socket = this.vnet.routingSocket();
    const room = new Uint8Array(ROUTING_MESSAGE_MAX);
    this.#monitoring = {
      next: () => {
        if (!socket.poll().readable) return undefined;
        return decodeRouting(room.subarray(0, socket.read(room)))
          .map(describeRouting)
          .join("\n");
      },
      close: () => socket.close(),
    };
  }

  stopMonitor(): void {
    this.#monitoring?.close();
    this.#monitoring = undefined;
  }

  /** Prints the notifications that have come. A monitor that the kernel took away ends with a line that says so. */
  printNotifications(): void {
    try {
      for (let line = this.#monitoring?.next(); line !== undefined; line = this.#monitoring?.next()) this.print(line);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.print(`monitor: ${error.message}; it is off`);
      this.#monitoring = undefined;
    }
  }
}
