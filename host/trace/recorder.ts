// Writes a trace while a kernel runs: one pcapng section. Messages are packets of LINKTYPE_NETLINK, each vnet and ABI an
// interface, times the kernel's; every event has a custom block, behind its packet where it has one (traceblock.ts).
//   watch   the kernel that runs, for snapshots on the way
//   goOn    the run goes on from a snapshot, in a kernel that was made of it
//   note    an event, from the boot or the snapshot on: what Kernel.boot and the like call
//   flush   hands over what is complete
//   end     the run is over: without it a trace is one of a run that was cut off
// Whole blocks are handed over, when there are 256 KiB of them, and at a flush. What was handed over is a trace that can be
// read, whatever happens to the process afterwards.

import { NETLINK } from "../../assembly/abi/netlink.js";
import { coreHash } from "../kernel/core.js";
import { hashBytes } from "../kernel/hash.js";
import type { Kernel } from "../kernel/kernel.js";
import type { EventSink, KernelEvent } from "../kernel/log.js";
import type { CompleteBootOptions } from "../kernel/options.js";
import type { Snapshot } from "../kernel/snapshot.js";
import { socketsIn } from "../linux/abi.js";
import { ByteWriter } from "./bytewriter.js";
import { writeCbor } from "./cborwriter.js";
import { Chain } from "./chain.js";
import { cookedHead } from "./cooked.js";
import { type EventMessage, messageOf, writeEvent } from "./eventcode.js";
import { CUSTOM_HEAD_BYTES, type Direction, LINKTYPE_NETLINK } from "./pcapng/format.js";
import { BlockWriter, packetOptions } from "./pcapng/writer.js";
import { encodeSnapshot } from "./snapshotfile.js";
import { type Stretch, stretchName, stretchOf } from "./stretch.js";
import { CHECKSUM_BYTES, TRACE_HEAD_BYTES, TRACE_MAGIC, TRACE_PEN, TRACE_VERSION, TraceKind } from "./traceblock.js";

export interface RecorderOptions {
  /** What records, for whoever opens the file: "netlink-vm 1.0". */
  readonly application?: string;
  /** Events between two snapshots in the trace, of a kernel that it watches. Default: none. */
  readonly snapshotEvery?: number | undefined;
}

/** What packets of a socket have in common. */
interface SocketPackets {
  readonly interface: number;
  readonly protocol: number;
  /** "socket 3" */
  readonly name: string;
  readonly directions: Readonly<Record<Direction, DirectionPackets>>;
}

/** What packets of a socket in one direction have in common, and the last one's options: the next one's are often the same. */
interface DirectionPackets {
  readonly head: Uint8Array;
  options: Uint8Array;
  type: number;
  command: number;
  /** 0 where the next options are not to be these. */
  count: number;
}

/** Messages in a packet: Wireshark dissects no more than 498 of them (gui_max_tree_depth). */
const PACKET_MESSAGES = 256;
/** Bytes that are handed over at once: few enough to be in the processor's cache still when they are written to a file. */
const BUFFER_BYTES = 1 << 18;
/** Time stamps in milliseconds, as the kernel's clock goes. */
const RESOLUTION = 3;
const LENGTH_BYTES = 4;

export class Recorder implements EventSink {
  readonly #write: (blocks: Uint8Array) => void;
  readonly #chain = new Chain();
  readonly #out = new ByteWriter(this.#chain);
  readonly #blocks = new BlockWriter(this.#out);
  /** Where the first block begins that is not in the chain yet. */
  #unchained = 0;
  readonly #snapshotEvery: number;
  #kernel: Kernel | undefined;
  /** Events before the last snapshot, which is given to be used again. */
  #snapshotAt = 0;
  #snapshot: Snapshot | undefined;
  /** Milliseconds since 1970. */
  #now = 0;
  #events = 0;
  /** Of each ABI, the interface of a vnet. */
  readonly #interfaces = new Map<string, number>();
  /** By number, those of Linux programs by its negative. */
  readonly #sockets = new Map<number, SocketPackets>();

  /** @param write - gets whole blocks, which are its own only until it returns */
  constructor(write: (blocks: Uint8Array) => void, options: RecorderOptions = {}) {
    const { application = "netlink-vm", snapshotEvery = Number.POSITIVE_INFINITY } = options;
    this.#write = write;
    this.#snapshotEvery = snapshotEvery;
    this.#blocks.section({ application, os: "FreeBSD netlink, emulated" });
    const start = this.#begin(TraceKind.BEGIN, 0);
    writeCbor(this.#out, { version: TRACE_VERSION, core: coreHash() });
    this.#end(start);
  }

  /** @param kernel - whose events it gets */
  watch(kernel: Kernel): void {
    this.#kernel = kernel;
  }

  /** See EventSink: where enough events have come since the last snapshot, there is another one. */
  before(place: number): void {
    if (this.#kernel === undefined || place - this.#snapshotAt < this.#snapshotEvery) return;
    this.#snapshotAt = place;
    this.#snapshot = this.#kernel.snapshot(this.#snapshot);
    this.#putSnapshot(this.#snapshot, place);
  }

  #putSnapshot(snapshot: Snapshot, place: number): void {
    const bytes = encodeSnapshot(snapshot);
    const start = this.#begin(TraceKind.SNAPSHOT, place);
    this.#out.put(bytes);
    this.#end(start);
  }

  /** @param kernel - as the snapshot is, with nothing done since; to be called before its first event */
  goOn(snapshot: Snapshot, kernel: Kernel): void {
    this.#putSnapshot(snapshot, snapshot.position);
    this.#snapshotAt = snapshot.position;
    this.#events = snapshot.position;
    this.#now = kernel.wallClock * 1000 + (kernel.uptime % 1000);
    for (const socket of kernel.sockets) {
      if (!socket.isClosed) this.#opened("freebsd", socket.vnet, socket.number, socket);
    }
    for (const socket of socketsIn(snapshot)) this.#opened("linux", socket.vnet, socket.number, socket);
  }

  /** The place of the next event. */
  get events(): number {
    return this.#events;
  }

  note(event: KernelEvent, place: number): void {
    this.#follow(event);
    const message = messageOf(event);
    const packets = message === undefined ? 0 : this.#packets(event, message);
    const start = this.#begin(TraceKind.EVENT, place);
    writeEvent(this.#out, event, message?.bytes, packets);
    this.#end(start);
    this.#events = place + 1;
    if (this.#out.length >= BUFFER_BYTES) this.flush();
  }

  flush(): void {
    if (this.#out.length === 0) return;
    this.#write(this.#out.from(0));
    this.#out.clear();
    this.#unchained = 0;
  }

  /** @param kernel - as it stands after the last event */
  end(kernel: Pick<Kernel, "vnets">): void {
    const memory = Object.fromEntries(kernel.vnets.map((vnet) => [vnet.name, hashBytes(vnet.memory)]));
    const start = this.#begin(TraceKind.END, this.#events);
    writeCbor(this.#out, { memory });
    this.#end(start);
    this.flush();
  }

  /** Keeps up with what packets need: the time, and the protocols of sockets. */
  #follow({ call, target, arguments: given, outcome }: KernelEvent): void {
    if ("errno" in outcome) return;
    if (call === "boot") this.#now = (given[0] as CompleteBootOptions).wallClock * 1000;
    else if (call === "advance") this.#now += given[0] as number;
    else if (call === "socket") this.#opened("freebsd", target.vnet, outcome.value as number, given[0]);
    else if (call === "linux.socket") this.#opened("linux", target.vnet, outcome.value as number, given[0]);
  }

  #opened(abi: string, vnet = "", number: number, options: unknown): void {
    const { protocol = NETLINK.ROUTE } = options as { protocol?: number };
    const name = `${vnet}.${abi}`;
    let place = this.#interfaces.get(name);
    if (place === undefined) {
      const description = `netlink sockets of ${abi === "linux" ? "Linux programs" : "FreeBSD's ABI"} in ${vnet}`;
      place = this.#blocks.interface({ linkType: LINKTYPE_NETLINK, name, description, resolution: RESOLUTION });
      this.#interfaces.set(name, place);
      this.#chainUp();
    }
    const packets = (direction: Direction): DirectionPackets => ({
      head: cookedHead(direction, protocol),
      options: new Uint8Array(0),
      type: 0,
      command: 0,
      count: 0,
    });
    const directions = { inbound: packets("inbound"), outbound: packets("outbound") };
    this.#sockets.set(keyOf(abi === "linux", number), {
      interface: place,
      protocol,
      name: `socket ${number}`,
      directions,
    });
  }

  /** @returns how many there are */
  #packets({ call, target, outcome }: KernelEvent, { direction, bytes }: EventMessage): number {
    const socket = this.#sockets.get(keyOf(call.startsWith("linux."), target.socket ?? 0));
    if (socket === undefined) throw new Error(`${call} on socket ${target.socket}, which the recorder saw nobody open`);
    const errno = "errno" in outcome ? outcome.errno : 0;
    let packets = 0;
    for (let at = 0; at < bytes.length; packets++) {
      const stretch = stretchOf(bytes, at, PACKET_MESSAGES);
      this.#blocks.packet({
        interface: socket.interface,
        timestamp: this.#now,
        head: socket.directions[direction].head,
        bytes: at === 0 && stretch.end === bytes.length ? bytes : bytes.subarray(at, stretch.end),
        options: optionsOf(socket, direction, stretch, errno),
      });
      this.#chainUp();
      at = stretch.end;
    }
    return packets;
  }

  /** Begins a block of ours: its payload is what is written until `#end`. @returns what to give to it */
  #begin(kind: number, number: number): number {
    this.#chainUp();
    const out = this.#out;
    const start = this.#blocks.beginCustom(TRACE_PEN);
    out.u32(TRACE_MAGIC);
    out.u32(kind);
    out.u32(number);
    out.u32(0);
    return start;
  }

  #end(start: number): void {
    const out = this.#out;
    const payload = start + CUSTOM_HEAD_BYTES + TRACE_HEAD_BYTES;
    out.patchU32(payload - LENGTH_BYTES, out.length - payload);
    out.pad();
    out.zeros(CHECKSUM_BYTES);
    this.#blocks.endCustom(start);
    const end = out.length - LENGTH_BYTES;
    this.#chain.add(this.#unchained, end - CHECKSUM_BYTES);
    out.patchU32(end - 8, this.#chain.low);
    out.patchU32(end - 4, this.#chain.high);
    this.#unchained = out.length;
  }

  /** Every block is added by itself, as a reader comes upon it. */
  #chainUp(): void {
    if (this.#unchained === this.#out.length) return;
    this.#chain.add(this.#unchained, this.#out.length);
    this.#unchained = this.#out.length;
  }
}

/** Sockets of the two ABIs are numbered by themselves. */
function keyOf(isLinux: boolean, number: number): number {
  return isLinux ? -number : number;
}

/** Direction and a comment, "socket 3 > RTM_NEWROUTE", with what it was refused with. */
function optionsOf(socket: SocketPackets, direction: Direction, stretch: Stretch, errno: number): Uint8Array {
  const last = socket.directions[direction];
  const isSame = last.count === stretch.count && last.type === stretch.type && last.command === stretch.command;
  if (errno === 0 && isSame) return last.options;
  const arrow = direction === "outbound" ? ">" : "<";
  const refused = errno === 0 ? "" : `, refused with ${errno}`;
  const comment = `${socket.name} ${arrow} ${stretchName(stretch, socket.protocol)}${refused}`;
  last.options = packetOptions({ direction, comment });
  last.type = stretch.type;
  last.command = stretch.command;
  last.count = errno === 0 ? stretch.count : 0;
  return last.options;
}
