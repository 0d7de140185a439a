// What the vnets of a kernel have in common: the set of interface indices, of which each core has a copy, and interfaces of
// different vnets that belong together, as the two halves of an epair. No core calls another: after a call that changed such
// a thing the host carries it over, before the next core runs.

import { Attention, PostedLayout } from "../../assembly/abi/exchange.js";
import type { Core } from "./core.js";

/** One vnet's end. */
export class RelayPort {
  readonly core: Core;
  /** The number of the vnet; one that ended gives its number to the next. */
  number: number;
  /** Which state of the set of indices the core has. */
  version = -1;
  /** Where the core says which messages wait for the host. */
  readonly awaited: number;
  readonly #relay: Relay;
  readonly #attention: number;

  /** Made by Relay.open. */
  constructor(relay: Relay, core: Core, number: number) {
    this.#relay = relay;
    this.core = core;
    this.number = number;
    this.#attention = core.call.attention() >>> 2;
    this.awaited = core.call.externalAwaited();
  }

  /** Before a call that may make an interface: brings the set of indices up to date. */
  prepare(): void {
    if (this.version !== this.#relay.version) this.#relay.handOver(this);
  }

  /**
   * After a call: carries over what it changed, and has modules answer what waits for them.
   * @returns the number of messages that were processed in doing so
   */
  settle(): number {
    const isAwaited = (this.takeAttention() & Attention.EXTERNAL) !== 0;
    return isAwaited ? this.#relay.serve(this) : 0;
  }

  /** Has modules answer what waits for them, no more: what was interrupted is called again. */
  answer(): void {
    this.takeAttention();
    this.#relay.answer(this);
  }

  /** Carries over what a call changed. @returns what it left to do, as bits of Attention */
  takeAttention(): number {
    const { words } = this.core.views;
    const bits = words[this.#attention] as number;
    if (bits === 0) return 0;
    words[this.#attention] = 0;
    if (bits & Attention.SHARED) this.#relay.collect(this);
    return bits;
  }

  /** A call that may make, change or end interfaces. */
  run<T>(call: () => T): T {
    this.prepare();
    try {
      return call();
    } finally {
      this.settle();
    }
  }
}

export class Relay {
  /** Has modules answer what waits for them in a core; set by whoever has the modules. */
  serve: (port: RelayPort) => number = () => 0;
  /** As serve, for the messages that wait now alone. */
  answer: (port: RelayPort) => number = () => 0;
  /** The newest state of the set of indices; the first port's core always has it. */
  version = 0;
  readonly #ports = new Map<number, RelayPort>();

  /** The number that the next vnet gets: the lowest that none has. */
  get next(): number {
    let number = 0;
    while (this.#ports.has(number)) number++;
    return number;
  }

  /** Puts back which vnets there were, and which state of the set of indices each core has. */
  restore(version: number, ports: readonly RelayPort[]): void {
    this.version = version;
    this.#ports.clear();
    for (const port of ports) this.#ports.set(port.number, port);
  }

  open(core: Core): RelayPort {
    const port = new RelayPort(this, core, this.next);
    if (port.number === 0) port.version = this.version;
    this.#ports.set(port.number, port);
    return port;
  }

  /** The vnet of a number, if it is still there. */
  port(number: number): RelayPort | undefined {
    return this.#ports.get(number);
  }

  get #first(): RelayPort {
    return this.#ports.get(0) as RelayPort;
  }

  #others(port: RelayPort): RelayPort[] {
    return [...this.#ports.values()].filter((each) => each !== port);
  }

  handOver(port: RelayPort): void {
    copyIndices(this.#first.core, port.core);
    port.version = this.version;
  }

  collect(port: RelayPort): void {
    port.version = ++this.version;
    if (port !== this.#first) {
      copyIndices(port.core, this.#first.core);
      this.#first.version = this.version;
    }
    while (port.core.call.postedTake()) this.#tell(port, readPosted(port.core));
  }

  #tell(from: RelayPort, posted: Posted): void {
    const { index, isGone, parent, linkState, media, home, cloner, unit } = posted;
    if (isGone && home !== from.number) this.#ports.get(home)?.core.call.interfaceLost(cloner, unit);
    for (const other of this.#others(from)) {
      other.run(() => other.core.call.interfaceFollow(index, isGone ? 1 : 0, parent, linkState, media));
    }
  }

  /** An interface left a vnet for another one: vlans elsewhere lose their parent. */
  tellMoved(from: RelayPort, index: number): void {
    for (const other of this.#others(from)) other.core.call.vlansOrphaned(index);
  }

  /**
   * A vnet ends. What was made in it and is elsewhere goes with it, and so does what belongs to its interfaces; all of its
   * indices are free.
   */
  close(port: RelayPort): void {
    const { call } = port.core;
    call.failAllocation(0, 0);
    const indices = indicesOf(port.core).reverse();
    for (const index of indices) if (call.interfaceIsKnown(index)) port.run(() => call.interfaceDestroy(index));
    if (call.interfacesAway() > 0) {
      for (const other of this.#others(port)) other.run(() => other.core.call.interfacesOrphaned(port.number));
    }
    this.#ports.delete(port.number);
    const first = this.#first;
    first.run(() => {
      for (const index of indicesOf(port.core)) first.core.call.indexFree(index);
    });
  }
}

/** The indices of a vnet's interfaces, in order of attachment. */
export function indicesOf(core: Core): number[] {
  const found: number[] = [];
  for (let n = 0, index = core.call.interfaceAt(0); index !== 0; index = core.call.interfaceAt(++n)) found.push(index);
  return found;
}

function copyIndices(from: Core, to: Core): void {
  const words = from.call.indexTableWords();
  const target = to.call.indexAssign(words);
  if (target === 0) throw new Error("relay: no memory for the set of interface indices");
  const source = from.call.indexTable();
  to.views.bytes.set(from.views.bytes.subarray(source, source + words * 4), target);
  to.call.indexSettle();
}

interface Posted {
  readonly index: number;
  readonly isGone: boolean;
  readonly parent: number;
  readonly linkState: number;
  readonly media: number;
  readonly home: number;
  readonly cloner: number;
  readonly unit: number;
}

function readPosted(core: Core): Posted {
  const { data } = core.views;
  const at = (offset: PostedLayout): number => data.getInt32(core.exchange + offset, true);
  return {
    index: at(PostedLayout.INDEX),
    isGone: at(PostedLayout.IS_GONE) !== 0,
    parent: at(PostedLayout.PARENT),
    linkState: at(PostedLayout.LINK_STATE),
    media: at(PostedLayout.MEDIA),
    home: at(PostedLayout.HOME),
    cloner: at(PostedLayout.CLONER),
    unit: at(PostedLayout.UNIT),
  };
}
