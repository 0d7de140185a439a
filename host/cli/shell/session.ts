// What the commands of one shell share: the kernel, the vnet they speak to, where they print, and the monitor.
import { Client } from "../../client/client.js";
import { describe } from "../../codec/describe.js";
import { decodeRouting } from "../../codec/routing.js";
import { describeRouting } from "../../codec/routingdescribe.js";
import { NetlinkError } from "../../kernel/errno.js";
import type { Kernel, Vnet } from "../../kernel/kernel.js";
import { type Output, writeLine } from "../io.js";

/** rtm_msglen has 16 bits. */
const ROUTING_MESSAGE_MAX = 0xffff;

export class Session {
  vnet: Vnet;
  /** Set by the command that ends the shell. */
  isOver = false;
  #monitoring: { close(): void; next(): string | undefined } | undefined;

  constructor(
    readonly kernel: Kernel,
    readonly output: Output,
  ) {
    this.vnet = kernel.vnet0;
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
