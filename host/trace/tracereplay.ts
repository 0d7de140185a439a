// Runs a trace again, event by event, on a kernel of its own: every outcome is compared as it comes, at the end the memory of
// every vnet.

import { Kernel } from "../kernel/kernel.js";
import type { KernelEvent } from "../kernel/log.js";
import type { BootOptions } from "../kernel/options.js";
import { expectMemory, type LayerPlayers, Player, ReplayError } from "../kernel/replay.js";
import type { Snapshot } from "../kernel/snapshot.js";
import { type EventValue, sameValue } from "../kernel/value.js";
import type { TraceEnd } from "./traceblock.js";

export class TraceReplay {
  readonly #layers: LayerPlayers<Kernel>;
  #player: Player<Kernel> | undefined;
  #kernel: Kernel | undefined;

  /** @param layers - makes the calls of layers, where the run has some */
  constructor(layers: LayerPlayers<Kernel> = {}) {
    this.#layers = layers;
  }

  get isBegun(): boolean {
    return this.#kernel !== undefined;
  }

  /** As it stands after the last event. @throws ReplayError there was none yet */
  get kernel(): Kernel {
    if (this.#kernel === undefined) throw new ReplayError(0, "no event; expected boot");
    return this.#kernel;
  }

  /** The run goes on from a snapshot. @throws SnapshotError */
  goOn(snapshot: Snapshot): void {
    this.#kernel = Kernel.restore(snapshot, { record: false, events: { note: () => {} } });
    this.#player = new Player(this.#kernel, this.#layers);
  }

  /** @throws ReplayError the event's outcome is another */
  play(event: KernelEvent): void {
    if (this.#player === undefined) this.#boot(event);
    else this.#player.play(event);
  }

  #boot(event: KernelEvent): void {
    if (event.call !== "boot") throw new ReplayError(0, `${event.call}; expected boot`);
    const options = event.arguments[0] as BootOptions;
    // Events are compared as they happen, and not kept.
    this.#kernel = Kernel.boot({ ...options, record: false }, undefined, { note: () => {} });
    this.#player = new Player(this.#kernel, this.#layers);
    const seen = this.#kernel.journal.last as KernelEvent;
    if (sameValue(seen.outcome as EventValue, event.outcome as EventValue)) return;
    throw new ReplayError(0, "boot went another way", { expected: event, seen });
  }

  /** @throws ReplayError the memory of a vnet is not as in a snapshot on the way */
  compare(place: number, { state: { vnets } }: Snapshot): void {
    for (const { name, memory } of vnets) {
      const seen = this.kernel.vnet(name)?.core.save();
      if (seen !== undefined && seen.length === memory.length && sameValue(seen.bytes, memory.bytes)) continue;
      throw new ReplayError(place, `the memory of ${name} is not as in the snapshot there`);
    }
  }

  /** @throws ReplayError the memory of a vnet is not as the trace says */
  finish({ memory }: TraceEnd): void {
    const { kernel } = this;
    expectMemory(kernel, { version: 1, start: kernel.journal.position, events: [], memory });
  }
}
