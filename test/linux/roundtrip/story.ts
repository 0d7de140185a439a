// Round trips: what a program of either ABI writes, programs of both ABIs read, each in its own form. A story is one object
// and what it says, as rows: the field, its value for Linux programs, its value for native ones.

import { type BootOptions, Kernel, type Socket, type Vnet } from "../../../host/kernel/kernel.js";
import { LinuxAbi, type Mode } from "../../../host/linux/abi.js";
import { fieldsOf, type NamedField } from "../../../host/linux/fields.js";
import { ask as askNative, errorOf as errorIn, split } from "../../support/messages.js";
import { F, int, openProgram, type Program, request } from "../program.js";

/** What a field holds; undefined: it is not there. A text has its NUL. */
export type Value = number | string | Uint8Array | undefined | ((value: Uint8Array | number | undefined) => boolean);

export interface Row {
  /** As fields.ts names it; a pair where the number has one name on Linux and another on FreeBSD. */
  readonly field: string | readonly [linux: string, freebsd: string];
  /** What Linux programs read, the same in both modes or not. */
  readonly linux: Value | Readonly<Record<Mode, Value>>;
  readonly freebsd: Value;
  /** Only what a Linux program wrote reads back so: native ones cannot say it. */
  readonly isLinuxOnly?: boolean;
}

/** How objects of a kind are written and found. */
export interface Kind {
  readonly name: "link" | "address" | "route" | "neighbour" | "nexthop";
  /** Message types that make, and that list. */
  readonly makes: number;
  readonly lists: number;
  /** Family header of the request for all of them. */
  readonly all: Uint8Array;
}

export interface Story {
  readonly kind: Kind;
  readonly title: string;
  readonly boot?: BootOptions;
  /** What both need before, by native requests: type and parts. */
  readonly before?: readonly (readonly [type: number, ...parts: Uint8Array[]])[];
  /** Header and attributes as a Linux program writes them; modes in which it cannot are left out. */
  readonly linux?: Partial<Record<Mode, readonly Uint8Array[]>>;
  /** As a native one does; undefined: it cannot. */
  readonly native?: readonly Uint8Array[];
  /** NLM_F bits; CREATE and EXCL by default. */
  readonly flags?: number;
  /** Family header and attributes of the request for all of them, where the kind's will not do. */
  readonly all?: Uint8Array;
  /** Which of all objects it is, by its fields on either side. */
  readonly isIt: (value: (field: string) => number | Uint8Array | undefined) => boolean;
  readonly rows: readonly Row[];
}

export type Writer = "a Linux program" | "a native program" | "nobody";

export const BOOT: BootOptions = {
  modules: ["netlink"],
  fibs: 3,
  interfaces: [
    { name: "em0", lladdr: "02:00:00:00:00:01", up: true, addresses: ["198.51.100.1/24", "2001:db8::1/64"] },
    { name: "em1", lladdr: "02:00:00:00:00:02", up: true },
  ],
  sysctls: { "net.inet6.ip6.dad_count": 0 },
};
export const EM0 = 2;
export const EM1 = 3;

/** Who can tell the story in a mode. */
export function writersOf(story: Story, mode: Mode): Writer[] {
  if (story.linux === undefined && story.native === undefined) return ["nobody"];
  const writers: Writer[] = [];
  if (story.linux?.[mode] !== undefined) writers.push("a Linux program");
  if (story.native !== undefined) writers.push("a native program");
  return writers;
}

/** What both sides read of the object. */
export interface Readings {
  readonly linux: readonly NamedField[];
  readonly freebsd: readonly NamedField[];
}

/** Tells the story on a new kernel. @throws Error when somebody refuses, or the object is not found */
export function tell(story: Story, mode: Mode, writer: Writer): Readings {
  const kernel = Kernel.boot(story.boot ?? BOOT);
  const native = kernel.vnet0.socket();
  const abi = new LinuxAbi(kernel, { mode });
  const program = openProgram(abi, kernel.vnet0);
  const flags = F.REQUEST | F.ACK | (story.flags ?? F.CREATE | F.EXCL);
  for (const [type, ...parts] of story.before ?? [])
    writeNatively(native, type, F.REQUEST | F.ACK | F.CREATE | F.EXCL, parts);
  if (writer === "a Linux program") writeAsLinux(program, story.kind.makes, flags, story.linux?.[mode] ?? []);
  if (writer === "a native program") writeNatively(native, story.kind.makes, flags, story.native ?? []);
  return { linux: readAsLinux(program, story), freebsd: readNatively(kernel.vnet0, story) };
}

function writeNatively(socket: Socket, type: number, flags: number, parts: readonly Uint8Array[]): void {
  const errno = errorIn(askNative(socket, request(type, flags, 1, ...parts)));
  if (errno !== 0) throw new Error(`a native program's write: ${errno}`);
}

function writeAsLinux(program: Program, type: number, flags: number, parts: readonly Uint8Array[]): void {
  const answers = program.ask(type, flags, ...parts);
  const errno = int(answers.at(-1)?.body as Uint8Array, 0);
  if (errno !== 0) throw new Error(`a Linux program's write: ${errno}`);
}

function readAsLinux(program: Program, { kind, all, isIt }: Story): readonly NamedField[] {
  const messages = program.ask(kind.lists, F.REQUEST | F.DUMP, all ?? kind.all).map(({ bytes }) => bytes);
  return findIn(messages, kind.makes, "program", isIt);
}

function readNatively(vnet: Vnet, { kind, all, isIt }: Story): readonly NamedField[] {
  const socket = vnet.socket();
  socket.send(request(kind.lists, F.REQUEST | F.DUMP, 1, all ?? kind.all));
  const into = new Uint8Array(1 << 18);
  const messages = split(into.slice(0, socket.recv(into))).map(({ bytes }) => bytes);
  return findIn(messages, kind.makes, "kernel", isIt);
}

function findIn(
  messages: readonly Uint8Array[],
  type: number,
  side: "kernel" | "program",
  isIt: Story["isIt"],
): readonly NamedField[] {
  for (const message of messages) {
    if (message[4] !== type) continue;
    const fields = fieldsOf(message, side);
    if (isIt((name) => fields.find((each) => each.name === name)?.value)) return fields;
  }
  throw new Error(`the ${side} shows no such object`);
}

/** Whether a field has a value. */
export function holds(fields: readonly NamedField[], name: string, expected: Value): boolean {
  const value = fields.find((each) => each.name === name)?.value;
  if (typeof expected === "function") return expected(value);
  if (expected === undefined || value === undefined) return expected === value;
  if (typeof expected === "number") return numberOf(value) === expected;
  const bytes = typeof expected === "string" ? new TextEncoder().encode(`${expected}\0`) : expected;
  return typeof value !== "number" && value.length === bytes.length && value.every((byte, i) => byte === bytes[i]);
}

export function numberOf(value: number | Uint8Array | undefined): number | undefined {
  if (value === undefined || typeof value === "number") return value;
  return value.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

/** The value that Linux programs read in a mode. */
export function linuxValue({ linux }: Row, mode: Mode): Value {
  const isByMode = typeof linux === "object" && !(linux instanceof Uint8Array);
  return isByMode ? linux[mode] : linux;
}

/** Alike for both. */
export function same(field: string, value: Value): Row {
  return { field, linux: value, freebsd: value };
}
