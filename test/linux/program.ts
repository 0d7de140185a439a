// A Linux program on one netlink socket: what it sends is written out by hand, what it reads is taken apart here, both
// independent of the layer's own readers.

import { type BootOptions, Kernel, type Vnet } from "../../host/kernel/kernel.js";
import { LinuxAbi, type LinuxAbiOptions, type ProgramSocket } from "../../host/linux/abi.js";

export interface Attribute {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** A message that was read, with Linux's numbers. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly pid: number;
  /** Behind the nlmsghdr. */
  readonly body: Uint8Array;
  readonly bytes: Uint8Array;
}

export const F = {
  REQUEST: 1,
  MULTI: 2,
  ACK: 4,
  ECHO: 8,
  DUMP_FILTERED: 0x20,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
} as const;

/** em0 with an address of each family, em1 without one. */
export const MACHINE: BootOptions = {
  modules: ["netlink"],
  interfaces: [
    { name: "em0", lladdr: "02:00:00:00:00:01", up: true, addresses: ["198.51.100.1/24", "2001:db8::1/64"] },
    { name: "em1", lladdr: "02:00:00:00:00:02", up: true },
  ],
  sysctls: { "net.inet6.ip6.dad_count": 0 },
};

const OFFER = 32_768;
const PID = 2125;
const SOL_NETLINK = 270;
const EXT_ACK = 11;

export class Program {
  readonly socket: ProgramSocket;
  #seq = 0x6b16061a;

  constructor(socket: ProgramSocket) {
    this.socket = socket;
  }

  /** Sends one request with the next sequence number. @returns the sequence number */
  send(type: number, flags: number, ...parts: readonly Uint8Array[]): number {
    const seq = ++this.#seq;
    this.socket.send(request(type, flags, seq, ...parts));
    return seq;
  }

  /** All that is queued, datagram by datagram. */
  datagrams(offer = OFFER): Uint8Array[] {
    const all: Uint8Array[] = [];
    for (let each = this.socket.receive(offer); each !== undefined; each = this.socket.receive(offer)) {
      all.push(each.bytes.slice());
      this.socket.taken(each.bytes.length);
    }
    return all;
  }

  messages(offer = OFFER): Message[] {
    return this.datagrams(offer).flatMap(messagesOf);
  }

  /** Sends a request and reads the answer. */
  ask(type: number, flags: number, ...parts: readonly Uint8Array[]): Message[] {
    this.send(type, flags, ...parts);
    return this.messages();
  }

  /** A change with NLM_F_ACK. @returns the number in the ack, negative for an error */
  change(type: number, flags: number, ...parts: readonly Uint8Array[]): number {
    const answers = this.ask(type, F.REQUEST | F.ACK | flags, ...parts);
    const ack = answers.find((each) => each.type === 2);
    if (ack === undefined) throw new Error("no ack");
    return int(ack.body, 0);
  }
}

export interface Machine {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  readonly abi: LinuxAbi;
  readonly program: Program;
}

/** Boots a kernel with one Linux program. */
export function machine(boot: BootOptions = MACHINE, options: LinuxAbiOptions = {}): Machine {
  const kernel = Kernel.boot(boot);
  const abi = new LinuxAbi(kernel, options);
  return { kernel, vnet: kernel.vnet0, abi, program: openProgram(abi, kernel.vnet0) };
}

/** Another program, as root unless it says otherwise. */
export function openProgram(abi: LinuxAbi, vnet: Vnet, pid = PID, isPrivileged = true): Program {
  return new Program(abi.socket(vnet, { type: 3, protocol: 0, pid, isPrivileged }));
}

/** The machine with a program that gets texts. */
export function withTexts(options: LinuxAbiOptions = {}): Machine {
  const made = machine(MACHINE, options);
  made.program.socket.setsockopt(SOL_NETLINK, EXT_ACK, u32(1));
  return made;
}

/** What an NLMSG_ERROR among answers says. */
export function errorOf(answers: readonly Message[]): { errno: number; text: string | undefined } {
  const error = answers.find(({ type }) => type === 2);
  if (error === undefined) throw new Error("no NLMSG_ERROR");
  const isCapped = (error.flags & F.CAPPED) !== 0;
  const tlvs = attributesOf(error.body, 4 + (isCapped ? 16 : (int(error.body, 4) + 3) & ~3));
  const message = error.flags & F.ACK_TLVS ? find(tlvs, 1) : undefined;
  return { errno: int(error.body, 0), text: message && new TextDecoder().decode(message.slice(0, -1)) };
}

// ---- bytes

export function u8(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}
export function u16(value: number): Uint8Array {
  return u8(value & 0xff, value >>> 8);
}
export function u32(value: number): Uint8Array {
  return u8(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
export function text(value: string): Uint8Array {
  return join(new TextEncoder().encode(value), u8(0));
}
function padded(bytes: Uint8Array): Uint8Array {
  return join(bytes, new Uint8Array(-bytes.length & 3));
}

/** An attribute with its padding. */
export function attribute(type: number, payload: Uint8Array): Uint8Array {
  return padded(join(u16(payload.length + 4), u16(type), payload));
}
export function nest(type: number, ...inner: readonly Uint8Array[]): Uint8Array {
  return attribute(type, join(...inner));
}

export function request(type: number, flags: number, seq: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = join(...parts);
  return join(u32(16 + body.length), u16(type), u16(flags), u32(seq), u32(0), body);
}

/** The int at an offset. */
export function int(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(at, true);
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function messagesOf(datagram: Uint8Array): Message[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const messages: Message[] = [];
  for (let at = 0; at < datagram.length; ) {
    const length = view.getUint32(at, true);
    const bytes = datagram.subarray(at, at + length);
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      seq: view.getUint32(at + 8, true),
      pid: view.getUint32(at + 12, true),
      body: bytes.subarray(16),
      bytes,
    });
    at += (length + 3) & ~3;
  }
  return messages;
}

/** Attributes behind a family header, or inside a nest. @param from - bytes of the header */
export function attributesOf(body: Uint8Array, from: number): Attribute[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const attributes: Attribute[] = [];
  for (let at = from; at + 4 <= body.length; ) {
    const length = view.getUint16(at, true);
    attributes.push({ type: view.getUint16(at + 2, true), payload: body.subarray(at + 4, at + length) });
    at += (length + 3) & ~3;
  }
  return attributes;
}

export function find(attributes: readonly Attribute[], type: number): Uint8Array | undefined {
  return attributes.find((each) => each.type === type)?.payload;
}
