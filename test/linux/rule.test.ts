import { describe, expect, it } from "vitest";
import {
  attribute,
  attributesOf,
  errorOf,
  F,
  find,
  hex,
  int,
  join,
  type Message,
  machine,
  openProgram,
  type Program,
  text,
  u8,
  u16,
  u32,
  withTexts,
} from "./program.js";

const RTM = { NEWRULE: 32, DELRULE: 33, GETRULE: 34 } as const;
const FRA = {
  DST: 1,
  SRC: 2,
  IIFNAME: 3,
  GOTO: 4,
  PRIORITY: 6,
  FWMARK: 10,
  SUPPRESS_IFGROUP: 13,
  SUPPRESS_PREFIXLEN: 14,
  TABLE: 15,
  FWMASK: 16,
  OIFNAME: 17,
  L3MDEV: 19,
  UID_RANGE: 20,
  PROTOCOL: 21,
  IP_PROTO: 22,
  SPORT_RANGE: 23,
  DPORT_RANGE: 24,
  DSCP: 25,
  FLOWLABEL: 26,
};
const HEADER = 12;
const INET = 2;
const INET6 = 10;
const ADD = F.CREATE | F.EXCL;
const DUMP = F.REQUEST | F.DUMP;
const TO_TABLE = 1;
const GOTO = 2;
const BLACKHOLE = 6;
const IPV4_RULE = 1 << 7;
const IPV6_RULE = 1 << 18;

interface Header {
  readonly table?: number;
  readonly action?: number;
  readonly sourceBits?: number;
  readonly destinationBits?: number;
  readonly tos?: number;
  readonly flags?: number;
}

function hdr(family: number, { table = 0, action = TO_TABLE, tos = 0, flags = 0, ...bits }: Header = {}): Uint8Array {
  const { destinationBits = 0, sourceBits = 0 } = bits;
  return join(u8(family, destinationBits, sourceBits, tos, table, 0, 0, action), u32(flags));
}

const priority = (value: number): Uint8Array => attribute(FRA.PRIORITY, u32(value));
const source = (...bytes: number[]): Uint8Array => attribute(FRA.SRC, u8(...bytes));

function rules(program: Program, family: number): Message[] {
  return program.ask(RTM.GETRULE, DUMP, hdr(family, { action: 0 })).filter(({ type }) => type === RTM.NEWRULE);
}

function priorities(program: Program, family = INET): number[] {
  return rules(program, family).map(({ body }) => {
    const payload = find(attributesOf(body, HEADER), FRA.PRIORITY);
    return payload === undefined ? 0 : int(payload, 0);
  });
}

function add(program: Program, ...parts: readonly Uint8Array[]): number {
  return program.change(RTM.NEWRULE, ADD, ...parts);
}

/** What is wrong with a rule. */
function refusalOf(...parts: readonly Uint8Array[]) {
  const { program } = withTexts();
  const answer = errorOf(program.ask(RTM.NEWRULE, F.REQUEST | F.ACK | ADD, ...parts));
  expect(priorities(program)).toHaveLength(3);
  return answer;
}

describe("[E10.1] the rules there are from the start", () => {
  it("[RF-LINUX-58] [X-25] three of IPv4, as recorded (linux-iproute2-a-162)", () => {
    const { program } = machine();
    expect(rules(program, INET).map(({ flags, body }) => [flags, hex(body)])).toEqual([
      [F.MULTI, "02000000ff0000010000000008000f00ff00000008000e00ffffffff0500150002000000"],
      [F.MULTI, "02000000fe0000010000000008000f00fe00000008000e00ffffffff050015000200000008000600fe7f0000"],
      [F.MULTI, "02000000fd0000010000000008000f00fd00000008000e00ffffffff050015000200000008000600ff7f0000"],
    ]);
  });

  it("two of IPv6 (linux-iproute2-a-163), and of no family IPv4's before them, DONE in the same datagram", () => {
    const { program } = machine();
    expect(priorities(program, INET6)).toEqual([0, 32_766]);
    program.send(RTM.GETRULE, DUMP, hdr(0, { action: 0 }));
    expect(program.datagrams()).toHaveLength(1);
    expect(rules(program, 0).map(({ body }) => body[0])).toEqual([INET, INET, INET, INET6, INET6]);
    expect(rules(program, 255)).toHaveLength(5);
  });

  it("pyroute2's flags 0x501, with a priority that does not count, and libnl's 20 bytes", () => {
    const { program } = machine();
    expect(program.ask(RTM.GETRULE, 0x501, hdr(0, { action: 0 }), priority(32_000))).toHaveLength(6);
    expect(program.ask(RTM.GETRULE, 0x305, u8(0, 0, 0, 0))).toHaveLength(6);
  });

  it("without a bit of NLM_F_DUMP there is nothing to ask for", () => {
    const { program } = machine();
    expect(errorOf(program.ask(RTM.GETRULE, F.REQUEST, hdr(INET))).errno).toBe(-95);
  });

  it.each<[string, Uint8Array[], string]>([
    ["a short header", [u8(INET, 0, 0, 0)], "Invalid header for fib rule dump request"],
    ["a table", [hdr(INET, { action: 0, table: 254 })], "Invalid values in header for fib rule dump request"],
    ["a flag", [hdr(INET, { action: 0, flags: 2 })], "Invalid values in header for fib rule dump request"],
    ["an attribute", [hdr(INET, { action: 0 }), priority(1)], "Invalid data after header in fib rule dump request"],
  ])("[E3.5] strict: EINVAL for %s", (_, parts, message) => {
    const { program } = withTexts();
    program.socket.setsockopt(270, 12, u32(1));
    expect(errorOf(program.ask(RTM.GETRULE, DUMP, ...parts))).toEqual({ errno: -22, text: message });
  });
});

describe("[X-26] [X-56] rules of programs are stored", () => {
  it("in order of priority, as recorded of a rule from a prefix (linux-iproute2-c-53)", () => {
    const { program } = machine();
    const from = (last: number) => [hdr(INET, { table: 100 + last, sourceBits: 24 }), source(10, last, 0, 0)];
    expect(add(program, ...from(2), priority(1002))).toBe(0);
    expect(add(program, ...from(1), priority(1001))).toBe(0);
    expect(priorities(program)).toEqual([0, 1001, 1002, 32_766, 32_767]);
    expect(hex((rules(program, INET)[1] as Message).body)).toBe(
      "02001800650000010000000008000f006500000008000e00ffffffff050015000000000008000600e9030000080002000a010000",
    );
  });

  it("behind those of the same priority", () => {
    const { program } = machine();
    for (const table of [7, 8, 9]) add(program, hdr(INET, { table }), priority(50));
    expect(rules(program, INET).map(({ body }) => body[4])).toEqual([255, 7, 8, 9, 254, 253]);
  });

  it("without a priority each comes before the last one that came so", () => {
    const { program } = machine();
    for (const table of [7, 8, 9]) expect(add(program, hdr(INET, { table }))).toBe(0);
    expect(priorities(program)).toEqual([0, 32_763, 32_764, 32_765, 32_766, 32_767]);
    expect(rules(program, INET).map(({ body }) => body[4])).toEqual([255, 9, 8, 7, 254, 253]);
  });

  it("with all that they say, in Linux's order", () => {
    const { program } = machine();
    const parts = [
      attribute(FRA.DST, u8(10, 0, 0, 0)),
      source(10, 1, 0, 0),
      attribute(FRA.IP_PROTO, u8(6)),
      attribute(FRA.DPORT_RANGE, join(u16(80), u16(90))),
      attribute(FRA.SPORT_RANGE, join(u16(1024), u16(2048))),
      attribute(FRA.UID_RANGE, join(u32(0), u32(0))),
      attribute(FRA.FWMARK, u32(5)),
      attribute(FRA.OIFNAME, text("eth1")),
      attribute(FRA.IIFNAME, text("eth0")),
      attribute(FRA.SUPPRESS_PREFIXLEN, u32(0)),
      attribute(FRA.SUPPRESS_IFGROUP, u32(1)),
      attribute(FRA.PROTOCOL, u8(4)),
      attribute(FRA.TABLE, u32(1000)),
      priority(77),
    ];
    expect(add(program, hdr(INET, { sourceBits: 16, destinationBits: 8, tos: 0x10, flags: 2 }), ...parts)).toBe(0);
    const { body } = rules(program, INET)[1] as Message;
    expect(hex(body.subarray(0, HEADER))).toBe("02081010fc00000102000000");
    expect(attributesOf(body, HEADER).map(({ type }) => type)).toEqual([
      15, 14, 21, 3, 17, 6, 10, 16, 20, 23, 24, 22, 13, 1, 2,
    ]);
    expect(find(attributesOf(body, HEADER), FRA.FWMASK)).toEqual(u32(0xffffffff));
    expect(find(attributesOf(body, HEADER), FRA.TABLE)).toEqual(u32(1000));
    expect(find(attributesOf(body, HEADER), FRA.SUPPRESS_PREFIXLEN)).toEqual(u32(0));
  });

  it("flags tell of interfaces that are not there, and of a target that is missing", () => {
    const { program, vnet } = machine();
    add(program, hdr(INET, { table: 7 }), priority(1), attribute(FRA.IIFNAME, text("eth1")));
    add(program, hdr(INET, { table: 7 }), priority(2), attribute(FRA.OIFNAME, text("nope")));
    add(program, hdr(INET, { action: GOTO }), priority(3), attribute(FRA.GOTO, u32(900)));
    const flags = () =>
      rules(program, INET)
        .slice(1, 4)
        .map(({ body }) => int(body, 8));
    expect(flags()).toEqual([0, 0x10, 4]);
    vnet.interfaceDetach("em1");
    add(program, hdr(INET, { table: 7 }), priority(900));
    expect(flags()).toEqual([8, 0x10, 0]);
  });

  it("IPv4 rules that name no table get a table of their own", () => {
    const { program } = machine();
    add(program, hdr(INET), priority(10));
    add(program, hdr(INET), priority(11));
    const tables = rules(program, INET).map(({ body }) =>
      int(find(attributesOf(body, HEADER), FRA.TABLE) as Uint8Array, 0),
    );
    expect(new Set(tables).size).toBe(5);
    expect(add(program, hdr(INET6), priority(10))).toBe(-22);
  });

  it("C8: EEXIST for one that is there (linux-iproute2-c-133), which addresses left open do not tell apart", () => {
    const { program } = machine();
    const rule = hdr(INET, { action: BLACKHOLE, sourceBits: 16 });
    expect(add(program, rule, source(10, 9, 0, 0), priority(1501))).toBe(0);
    expect(add(program, rule, source(10, 9, 0, 0), priority(1501))).toBe(-17);
    expect(add(program, hdr(INET, { action: BLACKHOLE }), priority(1501))).toBe(-17);
    expect(add(program, rule, source(10, 8, 0, 0), priority(1501))).toBe(0);
    expect(program.change(RTM.NEWRULE, F.CREATE, rule, source(10, 9, 0, 0), priority(1501))).toBe(0);
    expect(priorities(program)).toEqual([0, 1501, 1501, 1501, 32_766, 32_767]);
  });

  it.each<[string, Uint8Array[]]>([
    ["the table", [hdr(INET, { action: 0, table: 101 })]],
    ["FRA_TABLE", [hdr(INET, { action: 0 }), attribute(FRA.TABLE, u32(101))]],
    ["the prefix", [hdr(INET, { action: 0, sourceBits: 24 }), source(10, 1, 0, 0)]],
    ["the priority", [hdr(INET, { action: 0 }), priority(1001)]],
    ["the interface", [hdr(INET, { action: 0 }), attribute(FRA.IIFNAME, text("eth0"))]],
    ["the mark", [hdr(INET, { action: 0 }), attribute(FRA.FWMARK, u32(5))]],
    ["the protocol", [hdr(INET, { action: 0 }), attribute(FRA.PROTOCOL, u8(4))]],
    ["all of it", [hdr(INET, { table: 101, sourceBits: 24 }), source(10, 1, 0, 0), priority(1001)]],
  ])("RTM_DELRULE finds one by %s", (_, parts) => {
    const { program } = machine();
    add(
      program,
      hdr(INET, { table: 101, sourceBits: 24 }),
      source(10, 1, 0, 0),
      priority(1001),
      attribute(FRA.IIFNAME, text("eth0")),
      attribute(FRA.FWMARK, u32(5)),
      attribute(FRA.PROTOCOL, u8(4)),
    );
    expect(program.change(RTM.DELRULE, 0, ...parts)).toBe(0);
    expect(priorities(program)).toEqual([0, 32_766, 32_767]);
  });

  it.each<[string, Uint8Array[]]>([
    ["another table", [hdr(INET, { action: 0, table: 102 })]],
    ["another prefix", [hdr(INET, { action: 0, sourceBits: 24 }), source(10, 2, 0, 0)]],
    ["another length", [hdr(INET, { action: 0, sourceBits: 16 }), source(10, 1, 0, 0)]],
    ["another priority", [hdr(INET, { action: 0 }), priority(1002)]],
    ["another action", [hdr(INET, { action: BLACKHOLE })]],
    ["an interface", [hdr(INET, { action: 0 }), attribute(FRA.IIFNAME, text("eth0"))]],
    ["the other family", [hdr(INET6, { action: 0 }), priority(1001)]],
  ])("C8: ENOENT for %s (linux-iproute2-a-166, c-130)", (_, parts) => {
    const { program } = machine();
    add(program, hdr(INET, { table: 101, sourceBits: 24 }), source(10, 1, 0, 0), priority(1001));
    expect(program.change(RTM.DELRULE, 0, ...parts)).toBe(-2);
    expect(priorities(program)).toEqual([0, 1001, 32_766, 32_767]);
  });

  it("those from the start can go too; a permanent one cannot", () => {
    const { program } = machine();
    expect(program.change(RTM.DELRULE, 0, hdr(INET, { action: 0 }), priority(32_766))).toBe(0);
    expect(priorities(program)).toEqual([0, 32_767]);
    add(program, hdr(INET, { table: 7, flags: 1 }), priority(5));
    expect(program.change(RTM.DELRULE, 0, hdr(INET, { action: 0 }), priority(5))).toBe(-1);
  });
});

describe("what a rule cannot be", () => {
  const inet = hdr(INET, { table: 7 });
  it.each<[string, Uint8Array[], number, string | undefined]>([
    ["a short header", [u8(INET, 0, 0, 0)], -22, "Invalid msg length"],
    ["[E3.3] of another family", [hdr(28, { table: 7 })], -97, "Rule family not supported"],
    ["[E3.3] of family 7", [hdr(7, { table: 7 })], -95, undefined],
    ["a length without an address", [hdr(INET, { table: 7, sourceBits: 24 })], -22, "Invalid source address"],
    ["too long a prefix", [hdr(INET, { table: 7, sourceBits: 33 }), source(1, 2, 3, 4)], -22, "Invalid source address"],
    [
      "an address of the other family",
      [hdr(INET6, { table: 7, sourceBits: 8 }), source(1, 2, 3, 4)],
      -22,
      "Invalid source address",
    ],
    ["no destination", [hdr(INET, { table: 7, destinationBits: 8 })], -22, "Invalid dst address"],
    ["a goto that goes nowhere", [hdr(INET, { action: GOTO })], -22, "Missing goto target for action goto"],
    ["a target without a goto", [inet, attribute(FRA.GOTO, u32(9))], -22, "Unexpected goto"],
    [
      "a goto back",
      [hdr(INET, { action: GOTO }), priority(9), attribute(FRA.GOTO, u32(9))],
      -22,
      "Backward goto not supported",
    ],
    ["l3mdev and a table", [inet, attribute(FRA.L3MDEV, u8(1))], -22, "l3mdev and table are mutually exclusive"],
    ["users backwards", [inet, attribute(FRA.UID_RANGE, join(u32(9), u32(8)))], -22, "Invalid uid range"],
    ["ports backwards", [inet, attribute(FRA.SPORT_RANGE, join(u16(9), u16(8)))], -22, "Invalid sport range"],
    ["port 0", [inet, attribute(FRA.DPORT_RANGE, join(u16(0), u16(8)))], -22, "Invalid dport range"],
    ["ECN bits", [hdr(INET, { table: 7, tos: 1 })], -22, "Invalid dsfield (tos): ECN bits must be 0"],
    [
      "both TOS and DSCP",
      [hdr(INET, { table: 7, tos: 4 }), attribute(FRA.DSCP, u8(1))],
      -22,
      "Cannot specify both TOS and DSCP",
    ],
    [
      "a flow label of IPv4",
      [inet, attribute(FRA.FLOWLABEL, u32(1))],
      -22,
      "Flow label cannot be specified for IPv4 FIB rules",
    ],
    ["no table of IPv6", [hdr(INET6)], -22, "Invalid table"],
    ["a short number", [inet, attribute(FRA.FWMARK, u16(1))], -34, "Attribute failed policy validation"],
    [
      "a long name",
      [inet, attribute(FRA.IIFNAME, text("a234567890123456"))],
      -34,
      "Attribute failed policy validation",
    ],
  ])("refuses %s", (_, parts, errno, message) => {
    expect(refusalOf(...parts)).toEqual({ errno, text: message });
  });

  it("[E3.10] EPERM without privilege", () => {
    const { abi, vnet } = machine();
    expect(add(openProgram(abi, vnet, 77, false), inet)).toBe(-1);
  });
});

describe("[X-56] the switch refuses rules", () => {
  it("with a text, and lists those from the start", () => {
    const { program } = withTexts({ rules: "refuse" });
    const answers = program.ask(RTM.NEWRULE, F.REQUEST | F.ACK | ADD, hdr(INET, { table: 7 }));
    expect(errorOf(answers)).toEqual({ errno: -95, text: "policy rules are not supported" });
    expect(program.change(RTM.DELRULE, 0, hdr(INET, { action: 0 }), priority(32_766))).toBe(-95);
    expect(priorities(program)).toEqual([0, 32_766, 32_767]);
  });
});

describe("[E11.1] notifications of rules", () => {
  it("go to group 8 or 19, with port and sequence number of the request and flags 0", () => {
    const { program, abi, vnet } = machine();
    const watcher = openProgram(abi, vnet, 77);
    watcher.socket.bind(0, IPV4_RULE);
    const other = openProgram(abi, vnet, 78);
    other.socket.bind(0, IPV6_RULE);
    const seq = program.send(RTM.NEWRULE, F.REQUEST | F.ACK | ADD, hdr(INET, { table: 7 }), priority(5));
    program.change(RTM.DELRULE, 0, hdr(INET, { action: 0 }), priority(5));
    add(program, hdr(INET6, { table: 7 }), priority(6));
    const events = watcher.messages();
    expect(events.map((each) => [each.type, each.flags, each.pid])).toEqual([
      [RTM.NEWRULE, 0, 2125],
      [RTM.DELRULE, 0, 2125],
    ]);
    expect(events[0]?.seq).toBe(seq);
    expect(other.messages().map(({ type, body }) => [type, body[0]])).toEqual([[RTM.NEWRULE, INET6]]);
  });

  it("every vnet has its own", () => {
    const { program, kernel, abi } = machine();
    add(program, hdr(INET, { table: 7 }), priority(5));
    const inside = openProgram(abi, kernel.vnetCreate("blue"), 78);
    expect(priorities(inside)).toEqual([0, 32_766, 32_767]);
  });
});
