// Taking snapshots of a kernel, and putting them back.
//   take      copies the memory of every vnet, and asks whoever keeps something beside it
//   putBack   the reverse. What a snapshot of the same kernel names by its objects stays those objects, so that whoever
//             holds a socket of then can go on with it

import { coreHash } from "./core.js";
import type { Journal } from "./log.js";
import type { ExternalModules } from "./module/external.js";
import type { Modules } from "./modules.js";
import type { CompleteBootOptions } from "./options.js";
import type { Relay } from "./relay.js";
import { type KernelState, type Layer, type Origin, Snapshot } from "./snapshot.js";
import { Socket } from "./socket.js";
import type { Vnet } from "./vnet.js";

/** What a kernel is made of. */
export interface KernelParts {
  readonly kernel: object;
  readonly options: CompleteBootOptions;
  readonly journal: Journal;
  readonly relay: Relay;
  readonly modules: Modules;
  readonly external: ExternalModules;
  /** By name, in order of creation. */
  readonly vnets: Map<string, Vnet>;
  /** By number. */
  readonly sockets: Map<number, Socket>;
  readonly counts: { socketsOpened: number };
  /** A vnet with an instance of its own, which is not booted. */
  newVnet(name: string): Vnet;
}

/** A layer's state that waits until there is such a layer. */
interface WaitingLayer {
  readonly state: unknown;
  readonly objects: unknown;
}

export class Snapshots {
  readonly #parts: KernelParts;
  readonly #layers = new Map<string, Layer>();
  readonly #waiting = new Map<string, WaitingLayer>();

  constructor(parts: KernelParts) {
    this.#parts = parts;
  }

  /** See Kernel.snapshot. */
  take(into?: Snapshot): Snapshot {
    const { kernel, options, journal, relay, modules, external, counts } = this.#parts;
    const vnets = [...this.#parts.vnets.values()];
    const sockets = [...this.#parts.sockets.values()];
    const layers = [...this.#layers.values()].map((layer) => ({ name: layer.name, layer, ...layer.save() }));
    const state: KernelState = {
      core: coreHash(),
      options,
      position: journal.position,
      socketsOpened: counts.socketsOpened,
      indices: relay.version,
      modules: modules.save(),
      external: external.save(),
      vnets: vnets.map((vnet, i) => vnet.save(into?.state.vnets[i])),
      sockets: sockets.map((socket) => socket.save()),
      layers: [
        ...layers.map(({ name, state }) => ({ name, state })),
        ...[...this.#waiting].map(([name, { state }]) => ({ name, state })),
      ],
    };
    const origin: Origin = {
      kernel,
      vnets,
      sockets,
      routingSockets: vnets.map((vnet) => vnet.routingSockets),
      layers: new Map(layers.map(({ name, layer, objects }) => [name, { layer, objects }])),
      journal: journal.save(),
    };
    if (into === undefined) return new Snapshot(state, origin);
    into.become(state, origin);
    return into;
  }

  /** See Kernel.revert; the snapshot fits the kernel. @throws Error no memory, and nothing changes */
  putBack({ state, origin }: Snapshot): void {
    const own = origin?.kernel === this.#parts.kernel ? origin : undefined;
    const vnets = state.vnets.map((each, i) => {
      const vnet = own?.vnets[i] ?? this.#parts.vnets.get(each.name) ?? this.#parts.newVnet(each.name);
      vnet.reserve(each);
      return vnet;
    });
    this.#putVnets(state, vnets, own);
    this.#putSockets(state, own);
    this.#parts.external.putBack(state.external, () => this.#parts.modules.restore(state.modules));
    // The events of another kernel serve as well: they are data.
    this.#parts.journal.restore(origin?.journal ?? { start: state.position, events: [], count: 0 });
    this.#putLayers(state, own);
  }

  #putVnets(state: KernelState, vnets: readonly Vnet[], own: Origin | undefined): void {
    const { vnets: table, relay } = this.#parts;
    const gone = [...table.values()].filter((vnet) => !vnets.includes(vnet));
    table.clear();
    for (const vnet of gone) vnet.end();
    for (const [i, vnet] of vnets.entries()) {
      const each = state.vnets[i] as KernelState["vnets"][number];
      vnet.restore(each, own?.routingSockets[i]);
      table.set(each.name, vnet);
    }
    relay.restore(
      state.indices,
      vnets.map(({ port }) => port),
    );
  }

  #putSockets(state: KernelState, own: Origin | undefined): void {
    const { sockets, vnets, counts } = this.#parts;
    const old = new Map(sockets);
    for (const socket of old.values()) socket.restore(0);
    sockets.clear();
    for (const [i, each] of state.sockets.entries()) {
      const { number, vnet: name, handle, protocol } = each;
      const vnet = vnets.get(name) as Vnet;
      const known = [own?.sockets[i], old.get(number)].find(
        (socket) => socket?.belongsTo(vnet) && socket.protocol === protocol,
      );
      const socket = known ?? new Socket(vnet, each);
      socket.restore(handle);
      if (handle !== 0) vnet.adopt(socket);
      sockets.set(number, socket);
    }
    counts.socketsOpened = state.socketsOpened;
  }

  #putLayers(state: KernelState, own: Origin | undefined): void {
    this.#waiting.clear();
    const before = new Map(this.#layers);
    this.#layers.clear();
    for (const { name, state: each } of state.layers) {
      const known = own?.layers.get(name);
      this.#waiting.set(name, { state: each, objects: known?.objects });
      const layer = known?.layer ?? before.get(name);
      if (layer !== undefined) this.addLayer(layer);
    }
    for (const layer of before.values()) {
      if (this.#layers.get(layer.name) !== layer) layer.restore(undefined, undefined);
    }
  }

  /** See Kernel.layer. */
  layer(name: string): Layer | undefined {
    return this.#layers.get(name);
  }

  /** See Kernel.awaitsLayer. */
  awaits(name: string): boolean {
    return this.#waiting.has(name);
  }

  /** See Kernel.addLayer. */
  addLayer(layer: Layer): void {
    if (this.#layers.has(layer.name)) throw new Error(`addLayer: there is a layer ${layer.name}`);
    this.#layers.set(layer.name, layer);
    this.#putLayer(layer);
  }

  #putLayer(layer: Layer): void {
    const waiting = this.#waiting.get(layer.name);
    if (waiting === undefined) return;
    this.#waiting.delete(layer.name);
    layer.restore(waiting.state, waiting.objects);
  }
}
