// One instance of the core: its exports with their types, its memory, and the two functions it imports. The code is
// compiled once, whatever the number of instances.

import { wasm } from "#core";
import { Exchange } from "../../assembly/abi/exchange.js";
import { hashBytes } from "./hash.js";
import { MemoryViews } from "./memory.js";

/** What assembly/index.ts exports. Negative results are errnos. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  exchange(): number;
  boot(
    seedLow: number,
    seedHigh: number,
    policy: number,
    fibs: number,
    bootSeconds: number,
    vnet: number,
    switches: number,
  ): number;
  advance(low: number, high: number): void;
  readClock(): void;
  random(limit: number): number;
  failAllocation(n: number, period: number): void;
  memoryEnd(): number;
  memoryTop(): number;
  statistics(): void;
  forgetHighWater(): void;
  check(): number;
  loadNetlink(): number;
  unloadNetlink(): number;
  isNetlinkLoaded(): number;
  sysctlRead(sysctl: number): number;
  sysctlWrite(sysctl: number, value: number): number;
  socketOpen(): number;
  socketBind(socket: number, addressBytes: number, port: number, groups: number): number;
  socketConnect(addressBytes: number): number;
  socketName(socket: number): void;
  socketSetOption(socket: number, level: number, option: number, value: number, valueBytes: number): number;
  socketGetOption(socket: number, level: number, option: number): number;
  socketReserve(socket: number, bytes: number, flags: number, hasControl: number): number;
  socketSend(socket: number, budget: number): void;
  socketReceive(socket: number, room: number, taken: number, isPeek: number, budget: number): number;
  socketControl(socket: number): number;
  socketIoctl(socket: number, command: number): number;
  socketPoll(socket: number): number;
  /** 0 when a message waits for the host, and the call is to be made again. */
  socketClose(socket: number): number;
  run(budget: number): number;
  runnable(): number;
  interfaceAttach(flags: number): number;
  interfaceDetach(index: number): number;
  interfaceIndex(): number;
  interfaceAt(n: number): number;
  interfaceUp(index: number, isUp: number): number;
  interfaceInet6(index: number, isEnabled: number): number;
  addressAdd(index: number): number;
  addressDelete(index: number): number;
  addressDuplicate(index: number): number;
  membershipChange(index: number, isJoin: number): number;
  neighbourResolve(index: number): number;
  peerSet(index: number): number;
  peerRemove(index: number): number;
  peerAt(n: number): number;
  peerSend(index: number): number;
  peerAdvertise(index: number): number;
  routerAt(n: number): number;
  prefixAt(n: number): number;
  interfaceDiscovery(index: number): number;
  neighbourTraffic(): void;
  interfaceCreate(): number;
  interfaceDestroy(index: number): number;
  interfaceRename(index: number): number;
  interfaceChange(index: number, change: number, value: number, other: number): number;
  interfaceTunnel(index: number): number;
  attention(): number;
  indexTable(): number;
  indexTableWords(): number;
  indexAssign(words: number): number;
  indexSettle(): void;
  indexFree(index: number): void;
  postedTake(): number;
  interfaceFollow(index: number, isGone: number, parent: number, linkState: number, media: number): void;
  interfaceLost(cloner: number, unit: number): void;
  interfacesAway(): number;
  interfacesOrphaned(vnet: number): void;
  vlansOrphaned(index: number): void;
  interfaceHome(index: number): number;
  interfaceIsKnown(index: number): number;
  interfaceExpect(index: number): number;
  interfaceUnexpect(record: number): void;
  interfaceLeave(index: number): number;
  interfaceEnter(record: number): void;
  genericFamilyAdd(hdrsize: number, version: number, maxattr: number): number;
  genericFamilyRemove(id: number): number;
  genericGroupAdd(id: number): number;
  genericGroupRemove(id: number, number: number): number;
  genericCommandAdd(id: number, number: number, flags: number, privilege: number, policyBytes: number): number;
  externalAwaited(): number;
  externalReserve(bytes: number): number;
  externalAnswer(records: number, bytes: number, count: number): number;
  externalResume(): number;
  externalNotify(records: number, bytes: number): void;
  genericRegistry(): number;
  genericRegistryBytes(): number;
  syseventLoad(hasEvents: number): number;
  syseventUnload(): void;
  syseventPost(hasData: number): void;
  carpLoad(): number;
  carpUnload(): void;
  carpCount(): number;
  routingOpen(type: number, protocol: number, fib: number): number;
  routingSetOption(socket: number, level: number, option: number, value: number, valueBytes: number): number;
  routingGetOption(socket: number, level: number, option: number): number;
  routingQueued(socket: number): number;
  routingReserve(socket: number, bytes: number, flags: number, hasControl: number): number;
  routingWrite(socket: number): number;
  routingFirst(socket: number): number;
  routingDrop(socket: number): void;
  routingShutdown(socket: number, how: number): number;
  routingSysctl(count: number, hasNewValue: number, room: number, processFib: number): number;
  routingSysctlDone(): void;
  routingPoll(socket: number): number;
  routingClose(socket: number): void;
}

/** Receives the lines of the core's debug log. */
export type LogSink = (line: string) => void;

/** The memory of an instance, so far that the rest is zero. */
export interface MemoryState {
  readonly bytes: Uint8Array;
  /** Bytes of memory with that rest. */
  readonly length: number;
}

const PAGE_BYTES = 65_536;

let compiled: WebAssembly.Module | undefined;
let hash: string | undefined;

/** Names the core that is built in: state of one core means nothing to another. */
export function coreHash(): string {
  hash ??= hashBytes(wasm);
  return hash;
}

function compile(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(wasm);
  return compiled;
}

export class Core {
  readonly call: CoreExports;
  readonly views: MemoryViews;
  /** Address of the exchange. */
  readonly exchange: number;

  constructor(log: LogSink) {
    const instance = new WebAssembly.Instance(compile(), {
      env: {
        abort: (message: number, file: number, line: number, column: number): never => {
          throw new Error(`core: ${this.#text(message)} (${this.#text(file)}:${line}:${column})`);
        },
        log: (text: number, length: number): void => log(this.#ascii(text, length)),
      },
    });
    this.call = instance.exports as unknown as CoreExports;
    this.views = new MemoryViews(this.call.memory);
    this.exchange = this.call.exchange();
  }

  /** All of linear memory that this run has. What host and core leave each other for the length of a call is cleared. */
  get memory(): Uint8Array {
    const bytes = this.views.bytes.subarray(0, this.call.memoryEnd() >>> 0);
    bytes.fill(0, this.exchange, this.exchange + Exchange.BYTES);
    return bytes;
  }

  /** All state there is, for the code keeps none outside memory. @param into - a state whose buffer may be used again */
  save(into?: MemoryState): MemoryState {
    const { memory } = this;
    const used = memory.subarray(0, this.call.memoryTop() >>> 0);
    const bytes = roomOf(into?.bytes, used.length);
    bytes.set(used);
    return { bytes, length: memory.length };
  }

  /** Lets memory be long enough for a state. @throws Error when the machine has not that much */
  reserve({ length }: MemoryState): void {
    const lacking = length - this.views.bytes.length;
    if (lacking <= 0) return;
    try {
      this.call.memory.grow(Math.ceil(lacking / PAGE_BYTES));
    } catch (error) {
      throw new Error(`restore: no memory for a vnet of ${length} bytes`, { cause: error });
    }
  }

  /** Puts a state of the same core back. Memory that is longer stays so: all beyond is zero, and the core takes it as new. */
  restore(state: MemoryState): void {
    const above = this.call.memoryTop() >>> 0;
    this.reserve(state);
    const { bytes } = this.views;
    bytes.set(state.bytes);
    if (above > state.bytes.length) bytes.fill(0, state.bytes.length, above);
  }

  #ascii(address: number, length: number): string {
    return String.fromCharCode(...this.views.bytes.subarray(address, address + length));
  }

  /** A string constant of AssemblyScript: UTF-16, its length in bytes in the word before it. */
  #text(address: number): string {
    if (address === 0) return "";
    const data = this.views.data;
    const bytes = data.getUint32(address - 4, true);
    let text = "";
    for (let at = address; at < address + bytes; at += 2) text += String.fromCharCode(data.getUint16(at, true));
    return text;
  }

  /** Writes a NUL-terminated text to the exchange, cut to `size` bytes with its NUL. */
  writeText(offset: number, text: string, size: number): void {
    const bytes = this.views.bytes;
    const start = this.exchange + offset;
    const encoded = new TextEncoder().encode(text).subarray(0, size - 1);
    bytes.fill(0, start, start + size);
    bytes.set(encoded, start);
  }
}

/** So many bytes, of a buffer that is there if it is large enough. A new one has some more, for a state that grows. */
function roomOf(old: Uint8Array | undefined, length: number): Uint8Array {
  const buffer =
    old !== undefined && old.buffer.byteLength >= length ? old.buffer : new ArrayBuffer(length + (length >>> 3));
  return new Uint8Array(buffer, 0, length);
}
