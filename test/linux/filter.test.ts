import { describe, expect, it } from "vitest";
import { LinuxError } from "../../host/linux/abi.js";
import { Filter } from "../../host/linux/filter.js";
import { F, join, type Message, machine, openProgram, request, u8, u16, u32 } from "./program.js";

/** [code, jt, jf, k], as tcpdump -dd prints them. */
type Instruction = readonly [number, number, number, number];

function program(...instructions: readonly Instruction[]): Uint8Array {
  return join(...instructions.map(([code, jt, jf, k]) => join(u16(code), u8(jt, jf), u32(k))));
}

/** What a program that ends with "return A" makes of a datagram. */
function run(datagram: Uint8Array, ...instructions: readonly Instruction[]): number {
  return new Filter(program(...instructions, [0x16, 0, 0, 0])).run(datagram);
}

const NOTHING = new Uint8Array(0);
const SIXTEEN = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i);
/** A = k; X = k; ret k. */
const ld = (k: number): Instruction => [0x00, 0, 0, k];
const ldx = (k: number): Instruction => [0x01, 0, 0, k];
const ret = (k: number): Instruction => [0x06, 0, 0, k];
const TAX: Instruction = [0x07, 0, 0, 0];
const TXA: Instruction = [0x87, 0, 0, 0];

describe("loads", () => {
  it.each<[string, number, Instruction[]]>([
    ["ld #k", 5, [ld(5)]],
    ["ld [k], big endian", 0xf1f2f3f4, [[0x20, 0, 0, 1]]],
    ["ldh [k]", 0xf1f2, [[0x28, 0, 0, 1]]],
    ["ldb [k]", 0xf1, [[0x30, 0, 0, 1]]],
    ["ld [x + k]", 0xf3f4f5f6, [ldx(2), [0x40, 0, 0, 1]]],
    ["ldh [x + k]", 0xf3f4, [ldx(2), [0x48, 0, 0, 1]]],
    ["ldb [x + k]", 0xf3, [ldx(2), [0x50, 0, 0, 1]]],
    ["ldb [x + k], around", 0xf1, [ldx(0xffffffff), [0x50, 0, 0, 2]]],
    ["ld len", 16, [[0x80, 0, 0, 0]]],
    ["ldx #k", 7, [ldx(7), TXA]],
    ["ldx len", 16, [[0x81, 0, 0, 0], TXA]],
    ["ldxb 4*([k]&0xf)", 4 * 3, [[0xb1, 0, 0, 3], TXA]],
    ["st, ld M[k]", 9, [ld(9), [0x02, 0, 0, 15], ld(0), [0x60, 0, 0, 15]]],
    ["stx, ldx M[k]", 8, [ldx(8), [0x03, 0, 0, 0], ldx(0), [0x61, 0, 0, 0], TXA]],
    ["tax, txa", 6, [ld(6), TAX, ld(0), TXA]],
    ["A and X at first", 0, [TXA]],
  ])("%s", (_, expected, instructions) => {
    expect(run(SIXTEEN, ...instructions)).toBe(expected);
  });

  it.each<[string, Instruction[]]>([
    ["a word", [[0x20, 0, 0, 13]]],
    ["half a word", [[0x28, 0, 0, 15]]],
    ["a byte", [[0x30, 0, 0, 16]]],
    ["a byte from X on", [ldx(10), [0x50, 0, 0, 6]]],
    ["a header length", [[0xb1, 0, 0, 16]]],
  ])("%s beyond the end drops the datagram", (_, instructions) => {
    expect(new Filter(program(...instructions, ret(99))).run(SIXTEEN)).toBe(0);
  });

  it("at the end they reach to it", () => {
    expect(run(SIXTEEN, [0x20, 0, 0, 12])).toBe(0xfcfdfeff);
    expect(run(SIXTEEN, [0x30, 0, 0, 15])).toBe(0xff);
  });
});

describe("arithmetic, with a constant and with X", () => {
  it.each([
    ["add", 0x00, 0xffffffff, 2, 1],
    ["sub", 0x10, 1, 2, 0xffffffff],
    ["mul", 0x20, 0x10001, 0x10001, 0x20001],
    ["div", 0x30, 0xffffffff, 2, 0x7fffffff],
    ["or", 0x40, 0x80000000, 1, 0x80000001],
    ["and", 0x50, 0xf0000001, 0xff000000, 0xf0000000],
    ["lsh", 0x60, 0x80000001, 4, 0x10],
    ["rsh", 0x70, 0x80000000, 31, 1],
    ["mod", 0x90, 0xffffffff, 16, 15],
    ["xor", 0xa0, 0xffffffff, 0x0f, 0xfffffff0],
  ])("%s", (_, code, a, operand, expected) => {
    expect(run(NOTHING, ld(a), [0x04 | code, 0, 0, operand])).toBe(expected);
    expect(run(NOTHING, ld(a), ldx(operand), [0x0c | code, 0, 0, 0])).toBe(expected);
  });

  it("neg", () => {
    expect(run(NOTHING, ld(1), [0x84, 0, 0, 0])).toBe(0xffffffff);
    expect(run(NOTHING, [0x84, 0, 0, 0])).toBe(0);
  });

  it.each([0x3c, 0x9c])("a division by X = 0 drops the datagram (%i)", (code) => {
    expect(new Filter(program(ld(1), [code, 0, 0, 0], ret(99))).run(NOTHING)).toBe(0);
  });

  it("a shift by X goes by its low five bits", () => {
    expect(run(NOTHING, ld(1), ldx(33), [0x6c, 0, 0, 0])).toBe(2);
    expect(run(NOTHING, ld(4), ldx(33), [0x7c, 0, 0, 0])).toBe(2);
  });
});

describe("jumps", () => {
  it("ja", () => {
    expect(run(NOTHING, ld(1), [0x05, 0, 0, 1], ld(2), TAX)).toBe(1);
  });

  it.each([
    ["jeq", 0x10, 7, 7, 8],
    ["jgt", 0x20, 0x80000000, 0x7fffffff, 0x80000000],
    ["jge", 0x30, 0x80000000, 0x80000000, 0x80000001],
    ["jset", 0x40, 0x80000001, 0x80000000, 0x7ffffffe],
  ])("%s, taken and not, with a constant and with X", (_, code, a, taken, left) => {
    const outcome = (...test: readonly Instruction[]) =>
      new Filter(program(ld(a), ...test, ret(1), ret(2))).run(NOTHING);
    expect(outcome([0x05 | code, 1, 0, taken])).toBe(2);
    expect(outcome([0x05 | code, 1, 0, left])).toBe(1);
    expect(outcome(ldx(taken), [0x0d | code, 1, 0, 0])).toBe(2);
    expect(outcome(ldx(left), [0x0d | code, 0, 1, 0])).toBe(2);
  });
});

describe("what is about the datagram, not in it", () => {
  const ATTRIBUTES = join(u32(0), u16(5), u16(1), u8(9, 0, 0, 0), u16(12), u16(0x8002), u16(8), u16(3), u32(7));
  const SKF = 0xfffff000;
  it.each([
    ["an attribute", 4, 2, 12],
    ["of its own type", 4, 1, 4],
    ["none", 4, 3, 0],
    ["from nowhere", 99, 1, 0],
  ])("NLATTR finds %s", (_, a, x, expected) => {
    expect(run(ATTRIBUTES, ldx(x), ld(a), [0x20, 0, 0, SKF + 12])).toBe(expected);
  });

  it("NLATTR_NEST looks inside the attribute at A", () => {
    expect(run(ATTRIBUTES, ldx(3), ld(12), [0x20, 0, 0, SKF + 16])).toBe(16);
    expect(run(ATTRIBUTES, ldx(1), ld(12), [0x20, 0, 0, SKF + 16])).toBe(0);
    expect(run(ATTRIBUTES, ldx(1), ld(99), [0x20, 0, 0, SKF + 16])).toBe(0);
  });

  it("A xor X, 0 for a mark, and no interface", () => {
    expect(run(NOTHING, ldx(5), ld(6), [0x20, 0, 0, SKF + 40])).toBe(3);
    expect(run(NOTHING, ld(6), [0x20, 0, 0, SKF + 20])).toBe(0);
    expect(new Filter(program([0x20, 0, 0, SKF + 8], ret(9))).run(SIXTEEN)).toBe(0);
  });
});

describe("programs that are none: EINVAL", () => {
  it.each<[string, Uint8Array]>([
    ["no instruction", NOTHING],
    ["half an instruction", program(ret(1)).subarray(0, 4)],
    ["4,097 instructions", program(...Array.from({ length: 4097 }, () => ret(1)))],
    ["no return at the end", program(ret(1), ld(1))],
    ["return X", program([0x0e, 0, 0, 0])],
    ["ldh #k", program([0x08, 0, 0, 0], ret(1))],
    ["ldx [k]", program([0x21, 0, 0, 0], ret(1))],
    ["ldxw 4*([k]&0xf)", program([0xa1, 0, 0, 0], ret(1))],
    ["an operation that is not there", program([0xb4, 0, 0, 0], ret(1))],
    ["neg X", program([0x8c, 0, 0, 0], ret(1))],
    ["a condition that is not there", program([0x55, 0, 0, 0], ret(1))],
    ["a code above a byte", program([0x106, 0, 0, 0], ret(1))],
    ["a jump past the end", program([0x05, 0, 0, 1], ret(1))],
    ["a condition past the end", program([0x15, 0, 1, 0], ret(1))],
    ["a division by 0", program([0x34, 0, 0, 0], ret(1))],
    ["a remainder by 0", program([0x94, 0, 0, 0], ret(1))],
    ["a shift by 32", program([0x64, 0, 0, 32], ret(1))],
    ["scratch word 16", program([0x02, 0, 0, 16], ret(1))],
    ["a load of scratch word 16", program([0x60, 0, 0, 16], ret(1))],
    ["a scratch word that was not written", program([0x60, 0, 0, 3], ret(1))],
    ["one written on one of two ways", program([0x15, 0, 1, 0], [0x02, 0, 0, 3], [0x60, 0, 0, 3], ret(1))],
    ["something that is not about a datagram", program([0x20, 0, 0, 0xfffff000 + 64], ret(1))],
  ])("%s", (_, bytes) => {
    expect(() => new Filter(bytes)).toThrow(LinuxError);
    expect(() => new Filter(bytes)).toThrow("EINVAL");
  });

  it("4,096 instructions are a program, and a word written on both ways", () => {
    expect(new Filter(program(...Array.from({ length: 4096 }, () => ret(1)))).run(NOTHING)).toBe(1);
    const both = program([0x15, 0, 2, 1], [0x02, 0, 0, 3], [0x05, 0, 0, 1], [0x03, 0, 0, 3], [0x61, 0, 0, 3], ret(4));
    expect(new Filter(both).run(NOTHING)).toBe(4);
  });
});

/** What zebra attaches (linux-clients-17): drops what its own two sockets did, but for addresses and netconf. */
const ZEBRA: readonly Instruction[] = [
  [32, 0, 0, 12],
  [21, 1, 0, 1092831457],
  [21, 0, 6, 1663166409],
  [40, 0, 0, 4],
  [21, 4, 0, 5120],
  [21, 3, 0, 5376],
  [21, 2, 0, 20480],
  [21, 1, 0, 20736],
  [6, 0, 0, 0],
  [6, 0, 0, 65535],
];
/** Ports of its command socket and its data plane, which the constants are in network order. */
const COMMAND = 3779601217;
const DATAPLANE = 3387367779;

describe("[C1.2] zebra's filter", () => {
  const filter = new Filter(program(...ZEBRA));
  function message(type: number, pid: number): Uint8Array {
    const bytes = request(type, 0, 1, new Uint8Array(12));
    bytes.set(u32(pid), 12);
    return bytes;
  }

  it.each([24, 25, 28, 104, 16])("drops type %i of its own", (type) => {
    expect(filter.run(message(type, COMMAND))).toBe(0);
    expect(filter.run(message(type, DATAPLANE))).toBe(0);
    expect(filter.run(message(type, 77))).toBe(65535);
  });

  it.each([20, 21, 80, 81])("keeps type %i of its own", (type) => {
    expect(filter.run(message(type, COMMAND))).toBe(65535);
  });
});

describe("[RF-LINUX-24] [X-37] a filter on a socket", () => {
  const SOL_SOCKET = 1;
  const [ATTACH, DETACH] = [26, 27];
  const RULE = 1 << 7;
  const rule = (table: number) => u8(2, 0, 0, 0, table, 0, 0, 1, 0, 0, 0, 0);
  /** Drops what a port did. */
  const own = (port: number) => program([0x20, 0, 0, 12], [0x15, 0, 1, port], ret(0), ret(0xffff));
  const swap = (port: number) => new DataView(u32(port).buffer).getUint32(0, false);

  it("drops notifications by port in Linux's form, until it is detached", () => {
    const { abi, vnet, program: first } = machine();
    const second = openProgram(abi, vnet, 78);
    const watcher = openProgram(abi, vnet, 77);
    watcher.socket.bind(0, RULE);
    watcher.socket.setsockopt(SOL_SOCKET, ATTACH, own(swap(2125)));
    const tables = () => watcher.messages().map(({ body }) => body[4]);
    first.change(32, F.CREATE, rule(7));
    second.change(32, F.CREATE, rule(8));
    expect(tables()).toEqual([8]);
    watcher.socket.setsockopt(SOL_SOCKET, DETACH, u32(0));
    first.change(32, F.CREATE, rule(9));
    expect(tables()).toEqual([9]);
    expect(() => watcher.socket.setsockopt(SOL_SOCKET, DETACH, u32(0))).toThrow("ENOENT");
  });

  it("drops replies and parts of dumps too, and keeps as many bytes as it returns", () => {
    const { program: asker } = machine();
    asker.socket.setsockopt(SOL_SOCKET, ATTACH, program(ret(0)));
    expect(asker.ask(34, F.REQUEST | F.DUMP, rule(0))).toEqual([]);
    asker.socket.setsockopt(SOL_SOCKET, ATTACH, program(ret(20)));
    expect(asker.ask(34, F.REQUEST | 0x300, new Uint8Array(12)).map(({ bytes }: Message) => bytes.length)).toEqual([
      20,
    ]);
  });

  it("one that is none leaves the one before", () => {
    const { program: asker } = machine();
    asker.socket.setsockopt(SOL_SOCKET, ATTACH, program(ret(0)));
    expect(() => asker.socket.setsockopt(SOL_SOCKET, ATTACH, program(ld(0)))).toThrow("EINVAL");
    expect(asker.ask(34, F.REQUEST | F.DUMP, new Uint8Array(12))).toEqual([]);
  });
});
