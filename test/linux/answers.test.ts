// Requests that FreeBSD has no counterpart of (linux-compat E10), but for rules, which are in rule.test.ts.

import { describe, expect, it } from "vitest";
import { LinuxError } from "../../host/linux/abi.js";
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
  u8,
  u32,
  withTexts,
} from "./program.js";

const DUMP = F.REQUEST | F.DUMP;

describe("RTM_GETNETCONF", () => {
  const GETNETCONF = 82;
  const NEWNETCONF = 80;
  function netconf(program: Program, ...parts: Uint8Array[]): Message[] {
    return program.ask(GETNETCONF, DUMP, ...parts).filter(({ type }) => type === NEWNETCONF);
  }

  it("[X-28] IPv4, then IPv6: each interface, all of them, those to come (linux-iproute2-a-168)", () => {
    const { program } = machine();
    const shown = netconf(program, u8(0, 0, 0, 0));
    const indices = shown.map(({ body }) => int(find(attributesOf(body, 4), 1) as Uint8Array, 0));
    expect(indices).toEqual([1, 2, 3, -1, -2, 1, 2, 3, -1, -2]);
    const types = shown.map(({ body }) => attributesOf(body, 4).map(({ type }) => type));
    expect(types[0]).toEqual([1, 2, 3, 4, 8, 5, 6]);
    expect(types[5]).toEqual([1, 2, 4, 5, 6]);
    expect(shown.map(({ bytes }) => bytes.length)).toEqual([76, 76, 76, 76, 76, 60, 60, 60, 60, 60]);
    expect(shown.every(({ flags }) => flags === F.MULTI)).toBe(true);
  });

  it("zebra's request has one byte of header; DONE is a datagram of its own, as recorded", () => {
    const { program } = machine();
    program.send(GETNETCONF, DUMP, u8(0));
    expect(program.datagrams().map((each) => each.length)).toEqual([5 * 76 + 5 * 60, 20]);
  });

  it.each([
    [2, [2]],
    [10, [10]],
    [77, [2, 10]],
  ])("family %i", (family, expected) => {
    const { program } = machine();
    expect([...new Set(netconf(program, u8(family, 0, 0, 0)).map(({ body }) => body[0]))]).toEqual(expected);
  });

  it("one interface", () => {
    const { program } = machine();
    const ask = (family: number, index: number) =>
      program.ask(GETNETCONF, F.REQUEST, u8(family, 0, 0, 0), attribute(1, u32(index)));
    expect(ask(10, 2).map(({ type, flags, bytes }) => [type, flags, bytes.length])).toEqual([[NEWNETCONF, 0, 60]]);
    expect(ask(2, 0xffffffff)).toHaveLength(1);
    expect(errorOf(ask(2, 99)).errno).toBe(-22);
    expect(errorOf(ask(2, 0)).errno).toBe(-22);
    expect(errorOf(ask(0, 2)).errno).toBe(-95);
  });

  it("strict: nothing behind the header of a dump, nothing but the interface otherwise", () => {
    const { program } = withTexts();
    program.socket.setsockopt(270, 12, u32(1));
    const dumped = program.ask(GETNETCONF, DUMP, u8(10, 0, 0, 0), attribute(1, u32(2)));
    expect(errorOf(dumped).text).toBe("ipv6: Invalid data after header in netconf dump request");
    const asked = program.ask(GETNETCONF, F.REQUEST, u8(2, 0, 0, 0), attribute(2, u32(2)));
    expect(errorOf(asked).text).toBe("ipv4: Unsupported attribute in netconf get request");
  });
});

describe("RTM_GETNSID", () => {
  const GETNSID = 90;
  it("−1: no vnet has an id for another", () => {
    const { program } = machine();
    const [answer, ...rest] = program.ask(GETNSID, F.REQUEST, u8(0, 0, 0, 0), attribute(3, u32(5)));
    expect([answer?.type, answer?.flags, rest.length]).toEqual([88, 0, 0]);
    expect(hex(answer?.body as Uint8Array)).toBe("0000000008000100ffffffff");
  });

  it("a dump is empty; without a namespace EINVAL", () => {
    const { program } = withTexts();
    expect(program.ask(GETNSID, DUMP, u8(0, 0, 0, 0)).map(({ type }) => type)).toEqual([3]);
    const answers = program.ask(GETNSID, F.REQUEST, u8(0, 0, 0, 0));
    expect(errorOf(answers)).toEqual({ errno: -22, text: "Peer netns reference is missing" });
  });
});

describe("RTM_GETADDRLABEL", () => {
  const GETADDRLABEL = 74;
  const header = (family: number, bits = 0, index = 0, seq = 0): Uint8Array =>
    join(u8(family, 0, bits, 0), u32(index), u32(seq));

  it("the ten labels of RFC 6724 as recorded (linux-iproute2-a-176), DONE in the same datagram", () => {
    const { program } = machine();
    program.send(GETADDRLABEL, DUMP, header(10));
    expect(program.datagrams()).toHaveLength(1);
    const shown = program.ask(GETADDRLABEL, DUMP, header(10)).filter(({ type }) => type === 72);
    expect(shown.map(({ body }) => [body[2], int(find(attributesOf(body, 12), 2) as Uint8Array, 0)])).toEqual([
      [128, 0],
      [96, 3],
      [96, 4],
      [32, 6],
      [28, 7],
      [16, 12],
      [16, 2],
      [10, 11],
      [7, 5],
      [0, 1],
    ]);
    expect(hex((shown[2] as Message).bytes.subarray(16))).toBe(
      "0a006000000000000a0000001400010000000000000000000000ffff000000000800020004000000",
    );
    expect(shown.every(({ bytes }) => bytes.length === 56)).toBe(true);
  });

  it.each([
    ["2002::1", [0x20, 0x02], 2],
    ["fd00::1", [0xfd], 5],
    ["2001:db8::1", [0x20, 0x01, 0x0d, 0xb8], 1],
    ["2001:0:1::", [0x20, 0x01, 0, 0, 0, 1], 6],
  ])("of one address, %s", (_, first, label) => {
    const { program } = machine();
    const bytes = new Uint8Array(16);
    bytes.set(first);
    const [answer] = program.ask(GETADDRLABEL, F.REQUEST, header(10, 128), attribute(1, bytes)) as [Message];
    expect(answer.flags).toBe(0);
    expect(int(find(attributesOf(answer.body, 12), 2) as Uint8Array, 0)).toBe(label);
  });

  it("EINVAL for a prefix, no address, another family, an unknown interface", () => {
    const { program } = machine();
    const whole = attribute(1, new Uint8Array(16));
    for (const parts of [
      [header(10, 64), whole],
      [header(10, 128)],
      [header(2, 128), whole],
      [header(10, 128, 99), whole],
    ]) {
      expect(errorOf(program.ask(GETADDRLABEL, F.REQUEST, ...parts)).errno).toBe(-22);
    }
  });

  it.each<[string, number, Uint8Array[], string]>([
    ["a short header", DUMP, [u8(10)], "ipv6: Invalid header for address label dump request"],
    ["a value", DUMP, [header(10, 0, 0, 1)], "ipv6: Invalid values in header for address label dump request"],
    [
      "an attribute",
      DUMP,
      [header(10), attribute(1, u8())],
      "ipv6: Invalid data after header for address label dump request",
    ],
    ["a short header", F.REQUEST, [u8(10)], "ipv6: Invalid header for addrlabel get request"],
    ["a value", F.REQUEST, [header(10, 128, 0, 1)], "ipv6: Invalid values in header for addrlabel get request"],
    [
      "an attribute",
      F.REQUEST,
      [header(10, 128), attribute(2, u8())],
      "ipv6: Unsupported attribute in addrlabel get request",
    ],
  ])("strict: EINVAL for %s, flags %i", (_, flags, parts, text) => {
    const { program } = withTexts();
    program.socket.setsockopt(270, 12, u32(1));
    expect(errorOf(program.ask(GETADDRLABEL, flags, ...parts))).toEqual({ errno: -22, text });
  });
});

describe("[X-27] what is empty", () => {
  it.each([
    ["GETQDISC", 38],
    ["GETTCLASS", 42],
    ["GETTFILTER", 46],
    ["GETMULTICAST", 58],
    ["GETANYCAST", 62],
    ["GETNEIGHTBL", 66],
    ["GETMDB", 86],
    ["GETCHAIN", 102],
    ["GETVLAN", 114],
  ])("[RF-LINUX-58] RTM_%s", (_, type) => {
    const { program } = machine();
    const [done, ...rest] = program.ask(type, DUMP, new Uint8Array(20));
    expect([done?.type, done?.flags, int(done?.body as Uint8Array, 0), rest.length]).toEqual([3, F.MULTI, 0, 0]);
    expect(errorOf(program.ask(type, F.REQUEST, new Uint8Array(20))).errno).toBe(-95);
  });
});

describe("[X-32] what is refused: EOPNOTSUPP", () => {
  it.each([
    ["NEWADDRLABEL", 72],
    ["DELADDRLABEL", 73],
    ["GETDCB", 78],
    ["NEWNSID", 88],
    ["DELNSID", 89],
    ["GETSTATS", 94],
    ["NEWQDISC", 36],
    ["NEWTFILTER", 44],
    ["NEWVLAN", 112],
    ["GETTUNNEL", 122],
    ["no type that Linux has", 123],
  ])("[RF-LINUX-58] RTM_%s (%i), with NLM_F_DUMP and without", (_, type) => {
    const { program } = machine();
    for (const flags of [F.REQUEST, DUMP]) {
      expect(errorOf(program.ask(type, flags, new Uint8Array(20))).errno).toBe(-95);
    }
  });

  it("[X-38] [E3.10] a change is EPERM first, without privilege", () => {
    const { abi, vnet } = machine();
    const guest = openProgram(abi, vnet, 77, false);
    expect(errorOf(guest.ask(36, F.REQUEST, new Uint8Array(20))).errno).toBe(-1);
    expect(errorOf(guest.ask(94, F.REQUEST, new Uint8Array(20))).errno).toBe(-95);
  });
});

describe("[E10.2] [X-33] other protocols", () => {
  it.each([2, 4, 6, 7, 9, 10, 11, 12, 21])("[RF-LINUX-32] %i is EPROTONOSUPPORT", (protocol) => {
    const { abi, vnet } = machine();
    const open = () => abi.socket(vnet, { type: 3, protocol, pid: 1, isPrivileged: true });
    expect(open).toThrow(LinuxError);
    expect(open).toThrow("EPROTONOSUPPORT");
  });

  it("KOBJECT_UEVENT is a socket that joins groups 1 and 2, and hears nothing", () => {
    const { abi, vnet } = machine();
    const socket = abi.socket(vnet, { type: 3, protocol: 15, pid: 5, isPrivileged: true });
    socket.bind(0, 3);
    expect(socket.getsockname()).toEqual({ port: 5, groups: 3 });
    vnet.interfaceCreate("epair0");
    vnet.addressAdd("em0", "198.51.100.9/24");
    expect(socket.isReadable).toBe(false);
    expect(socket.receive(4096)).toBeUndefined();
  });
});
