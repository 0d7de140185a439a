import { describe, expect, it } from "vitest";
import { Client } from "../../host/client/client.js";
import { Kernel } from "../../host/kernel/kernel.js";
import { LinuxAbi } from "../../host/linux/abi.js";
import {
  ADD,
  addGateway,
  addGroup,
  blackhole,
  dump,
  EM0,
  EM1,
  gateway,
  group,
  INET,
  INET6,
  id,
  idOf,
  ip4,
  ip6,
  membersOf,
  NEXTHOP_GROUP,
  NHA,
  NHMSG,
  nhmsg,
  oif,
  REPLACE,
  RTM,
  remove,
} from "./nexthops.js";
import {
  attribute,
  errorOf,
  F,
  hex,
  join,
  MACHINE,
  type Machine,
  type Message,
  machine,
  openProgram,
  u8,
  u16,
  u32,
  withTexts,
} from "./program.js";

describe("[E9.1] the nexthop object", () => {
  it("[X-24] is what ip nexthop shows, byte for byte as recorded (linux-iproute2-a-91)", () => {
    const { program } = machine();
    expect(addGateway(program, 1, ip4(20))).toBe(0);
    expect(program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(3), blackhole)).toBe(0);
    addGateway(program, 2, ip4(22));
    expect(addGroup(program, 10, [1, 0], [2, 0])).toBe(0);
    expect(addGateway(program, 30, ip6(2))).toBe(0);
    expect(dump(program).map(({ flags, body }) => [flags, hex(body)])).toEqual([
      [F.MULTI, "02fd000000000000080001000100000008000500020000000800060" + "0c6336414"],
      [F.MULTI, "02fd000000000000080001000200000008000500020000000800060" + "0c6336416"],
      [F.MULTI, "0200000000000000080001000300000004000400"],
      [
        F.MULTI,
        "0000000000000000080001000a00000006000300000000001400020001000000000000000200000000000000" + "08000e0000000080",
      ],
      [F.MULTI, `0afd000000000000080001001e000000080005000200000014000600${hex(ip6(2))}`],
    ]);
  });

  it("one without a gateway: scope host of IPv4, link of IPv6, with the protocol that was said", () => {
    const { program } = machine();
    expect(program.change(RTM.NEWNEXTHOP, REPLACE, nhmsg(INET, 11), id(4), oif(EM0))).toBe(0);
    expect(program.change(RTM.NEWNEXTHOP, REPLACE, nhmsg(INET6, 11), id(6), oif(EM0))).toBe(0);
    expect(dump(program).map(({ body }) => hex(body))).toEqual([
      "02fe0b000000000008000100040000000800050002000000",
      "0afd0b000000000008000100060000000800050002000000",
    ]);
  });

  it("keeps ONLINK, which spares the gateway the check (linux-iproute2-c-84)", () => {
    const { program } = machine();
    const parts = [id(46), gateway(ip6(9)), oif(EM0)];
    expect(program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET6, 0, 4), ...parts)).toBe(0);
    const [shown] = dump(program) as [Message];
    expect(hex(shown.body.subarray(0, NHMSG))).toBe("0afd000004000000");
    expect(remove(program, 46)).toBe(0);
    expect(addGateway(program, 46, ip6(9))).toBe(0);
    expect(hex((dump(program)[0] as Message).body.subarray(0, NHMSG))).toBe("0afd000000000000");
  });

  it("[E9.2] weights are one less on Linux, both ways", () => {
    const { program, vnet } = machine();
    addGateway(program, 1, ip4(2));
    addGateway(program, 2, ip4(3));
    expect(addGroup(program, 10, [1, 4], [2, 254])).toBe(0);
    expect(membersOf(dump(program)[2] as Message)).toEqual([
      [1, 4],
      [2, 254],
    ]);
    const native = new Client(vnet.socket()).nexthops().find((each) => each.id === 10);
    expect(native?.group?.map(({ weight }) => weight)).toEqual([5, 255]);
  });
});

describe("[E9.5] dumps of nexthops", () => {
  function filled(): Machine {
    const made = machine();
    const { program, vnet } = made;
    vnet.addressAdd("em1", "203.0.113.1/24");
    for (const number of [20, 3, 17]) addGateway(program, number, ip4(number));
    program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(5), blackhole);
    program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET6), id(4), oif(EM1));
    addGateway(program, 30, ip6(2));
    addGroup(program, 10, [3, 0], [20, 0]);
    return made;
  }

  it("[RF-LINUX-57] before there is any: NLMSG_DONE alone", () => {
    const { program } = machine();
    const [done, ...rest] = program.ask(RTM.GETNEXTHOP, F.REQUEST | F.DUMP, nhmsg());
    expect([done?.type, done?.flags, rest.length]).toEqual([3, F.MULTI, 0]);
  });

  it("ascending ids, the kernel's and the layer's own together, DONE in the last datagram", () => {
    const { program } = filled();
    program.send(RTM.GETNEXTHOP, F.REQUEST | F.DUMP, nhmsg());
    expect(program.datagrams()).toHaveLength(1);
    expect(dump(program).map(idOf)).toEqual([3, 4, 5, 10, 17, 20, 30]);
  });

  it.each<[string, Uint8Array[], number[]]>([
    ["NHA_GROUPS", [nhmsg(), attribute(NHA.GROUPS, u8())], [10]],
    ["NHA_OIF", [nhmsg(), oif(EM0)], [3, 17, 20, 30]],
    ["NHA_OIF of none", [nhmsg(), oif(99)], []],
    ["NHA_MASTER", [nhmsg(), attribute(NHA.MASTER, u32(EM1))], []],
    ["NHA_FDB", [nhmsg(), attribute(NHA.FDB, u8())], []],
    ["the family", [nhmsg(INET)], [3, 5, 17, 20]],
    ["the other family", [nhmsg(INET6)], [4, 30]],
  ])("[E3.5] filter by %s, and nothing says so (recorded)", (_, parts, expected) => {
    const { program } = filled();
    const shown = dump(program, ...parts);
    expect(shown.map(idOf)).toEqual(expected);
    expect(shown.every(({ flags }) => flags === F.MULTI)).toBe(true);
  });

  it.each<[string, Uint8Array[], string]>([
    ["a flag", [nhmsg(0, 0, 4)], "Invalid values in header for nexthop dump request"],
    ["a protocol", [nhmsg(0, 11)], "Invalid values in header for nexthop dump request"],
    ["a scope", [nhmsg(0, 0, 0, 253)], "Invalid values in header for nexthop dump request"],
    ["an interface", [nhmsg(), oif(0x8000_0000)], "Invalid device index"],
    ["a master", [nhmsg(), attribute(NHA.MASTER, u32(0x8000_0000))], "Invalid master device index"],
    ["an id", [nhmsg(), id(3)], "Unsupported attribute"],
  ])("always refuse %s", (_, parts, text) => {
    const { program } = withTexts();
    expect(errorOf(program.ask(RTM.GETNEXTHOP, F.REQUEST | F.DUMP, ...parts))).toEqual({ errno: -22, text });
  });

  it("[E3.2] take a short header, but not from a strict socket", () => {
    const { program } = filled();
    expect(dump(program, u8(0))).toHaveLength(7);
    program.socket.setsockopt(270, 12, u32(1));
    expect(errorOf(program.ask(RTM.GETNEXTHOP, F.REQUEST | F.DUMP, u8(0))).errno).toBe(-22);
  });
});

describe("one nexthop", () => {
  it("is answered with flags 0", () => {
    const { program } = machine();
    addGateway(program, 1, ip4(2));
    const [shown, ...rest] = program.ask(RTM.GETNEXTHOP, F.REQUEST, nhmsg(), id(1));
    expect([shown?.type, shown?.flags, rest.length]).toEqual([RTM.NEWNEXTHOP, 0, 0]);
  });

  it.each<[string, number, Uint8Array[], number, string | undefined]>([
    ["an unknown id", RTM.GETNEXTHOP, [nhmsg(), id(77)], -2, undefined],
    ["no id", RTM.GETNEXTHOP, [nhmsg()], -22, "Nexthop id is missing"],
    ["id 0", RTM.GETNEXTHOP, [nhmsg(), id(0)], -22, "Invalid nexthop id"],
    ["a protocol", RTM.GETNEXTHOP, [nhmsg(0, 11), id(1)], -22, "Invalid values in header"],
    ["a flag", RTM.GETNEXTHOP, [nhmsg(0, 0, 4), id(1)], -22, "Invalid values in header"],
    ["[E4.4] an unknown id to delete, before any exists", RTM.DELNEXTHOP, [nhmsg(), id(77)], -2, undefined],
    ["no id to delete", RTM.DELNEXTHOP, [nhmsg()], -22, "Nexthop id is missing"],
    ["a bucket of an unknown id", RTM.GETNEXTHOPBUCKET, [nhmsg(), id(77)], -2, undefined],
  ])("refuses %s", (_, type, parts, errno, text) => {
    const { program } = withTexts();
    expect(errorOf(program.ask(type, F.REQUEST, ...parts))).toEqual({ errno, text });
  });

  it("RTM_GETNEXTHOPBUCKET is an empty dump, and no group is resilient", () => {
    const { program } = withTexts();
    addGateway(program, 1, ip4(2));
    addGroup(program, 10, [1, 0]);
    const ask = (...parts: Uint8Array[]) => program.ask(RTM.GETNEXTHOPBUCKET, F.REQUEST | F.DUMP, nhmsg(), ...parts);
    expect(ask().map(({ type }) => type)).toEqual([3]);
    expect(errorOf(ask(id(1)))).toEqual({ errno: -22, text: "Not a nexthop group" });
    expect(errorOf(ask(id(10)))).toEqual({ errno: -22, text: "Nexthop group not of type resilient" });
  });
});

describe("RTM_NEWNEXTHOP", () => {
  it("EEXIST for an id in use, also one of the layer's own, and from either side", () => {
    const { program, vnet } = machine();
    expect(addGateway(program, 2, ip4(21))).toBe(0);
    expect(addGateway(program, 2, ip4(22))).toBe(-17);
    expect(program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(2), blackhole)).toBe(-17);
    expect(program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(3), blackhole)).toBe(0);
    expect(addGateway(program, 3, ip4(22))).toBe(-17);
    expect(addGateway(program, 3, ip4(22), 0)).toBe(-17);
    // The kernel does not know the blackhole: who asks it gets the id, and both sides see that from then on.
    new Client(vnet.socket()).nexthopAdd(3, { gateway: "198.51.100.9", oif: EM0 });
    expect(dump(program).map(idOf)).toEqual([2, 3]);
    expect(hex((dump(program)[1] as Message).body)).toContain("c6336409");
  });

  it("without an id takes one from where the kernel does", () => {
    const { program } = machine();
    for (const part of [blackhole, join(gateway(ip4(2)), oif(EM0))]) {
      expect(program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), part)).toBe(0);
    }
    expect(dump(program).map(idOf)).toEqual([262_144, 262_145]);
  });

  const device = oif(EM0);
  it.each<[string, number, Uint8Array[], number, string | undefined]>([
    ["a scope", ADD, [nhmsg(INET, 0, 0, 253), id(1), device], -22, "Invalid values in ancillary header"],
    ["a flag", ADD, [nhmsg(INET, 0, 1), id(1), device], -22, "Invalid nexthop flags in ancillary header"],
    ["[E3.3] a family", ADD, [nhmsg(28), id(1), device], -97, "Invalid address family"],
    ["[E3.3] no family", ADD, [nhmsg(0), id(1), device], -97, "Invalid address family"],
    ["[E3.3] family 7", ADD, [nhmsg(7), id(1), device], -95, undefined],
    ["fdb", ADD, [nhmsg(INET), id(1), attribute(NHA.FDB, u8())], -95, "Fdb nexthops are not supported"],
    [
      "a blackhole over an interface",
      ADD,
      [nhmsg(INET), id(1), blackhole, device],
      -22,
      "Blackhole attribute can not be used with gateway, oif, encap or fdb",
    ],
    [
      "no interface (linux-iproute2-c-82)",
      ADD,
      [nhmsg(INET), id(1), gateway(ip4(2))],
      -22,
      "Device attribute required for non-blackhole and non-fdb nexthops",
    ],
    ["an unknown interface", ADD, [nhmsg(INET), id(1), oif(99)], -22, "Invalid device index"],
    ["a gateway of another length", ADD, [nhmsg(INET), id(1), device, gateway(ip6(2))], -22, "Invalid gateway"],
    [
      "ONLINK without a gateway",
      ADD,
      [nhmsg(INET, 0, 4), id(1), device],
      -22,
      "ONLINK flag can not be set for nexthop without a gateway",
    ],
    [
      "a gateway that is not on the link (linux-iproute2-c-81)",
      ADD,
      [nhmsg(INET), id(1), device, gateway(u8(10, 77, 0, 1))],
      -101,
      "Nexthop has invalid gateway",
    ],
    [
      "an IPv6 gateway that is not on the link",
      ADD,
      [nhmsg(INET6), id(1), device, gateway(u8(0x20, 1, 0xd, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))],
      -113,
      "Nexthop has invalid gateway",
    ],
    [
      "an own IPv6 address",
      ADD,
      [nhmsg(INET6), id(1), device, gateway(ip6(1))],
      -22,
      "Gateway can not be a local address",
    ],
    [
      "encapsulation",
      ADD,
      [nhmsg(INET), id(1), device, attribute(NHA.ENCAP, u8()), attribute(NHA.ENCAP_TYPE, u16(1))],
      -95,
      "lwt encapsulation type not supported",
    ],
    [
      "encapsulation of no type",
      ADD,
      [nhmsg(INET), id(1), device, attribute(NHA.ENCAP, u8())],
      -22,
      "LWT encapsulation type is missing",
    ],
    [
      "a type of no encapsulation",
      ADD,
      [nhmsg(INET), id(1), device, attribute(NHA.ENCAP_TYPE, u16(1))],
      -22,
      "LWT encapsulation attribute is missing",
    ],
    ["replace without an id", REPLACE, [nhmsg(INET), device], -22, "Replace requires nexthop id"],
    [
      "change of none",
      F.REPLACE,
      [nhmsg(INET), id(1), device],
      -2,
      "Replace specified without create and no entry exists",
    ],
  ])("refuses %s", (_, flags, parts, errno, text) => {
    const { program } = withTexts();
    const answers = program.ask(RTM.NEWNEXTHOP, F.REQUEST | F.ACK | flags, ...parts);
    expect(errorOf(answers)).toEqual({ errno, text });
    expect(dump(program)).toEqual([]);
  });

  it("C8: refuses an interface that is down, or has no carrier (linux-clients-17, answer 60)", () => {
    const { program, vnet } = withTexts();
    const refusal = () => errorOf(program.ask(RTM.NEWNEXTHOP, F.REQUEST | F.ACK | ADD, nhmsg(INET), id(1), oif(EM1)));
    vnet.interfaceDown("em1");
    expect(refusal()).toEqual({ errno: -100, text: "Nexthop device is not up" });
    vnet.interfaceUp("em1");
    vnet.interfaceSet("em1", { carrier: false });
    expect(refusal()).toEqual({ errno: -100, text: "Carrier for nexthop device is down" });
    vnet.interfaceSet("em1", { carrier: true });
    expect(refusal()).toEqual({ errno: 0, text: undefined });
  });

  it.each<[string, Uint8Array[], number, string]>([
    ["an unknown member", [nhmsg(), group([99, 0])], -22, "Invalid nexthop id"],
    ["a member twice", [nhmsg(), group([1, 0], [1, 0])], -22, "Nexthop id can not be used twice in a group"],
    ["a group inside", [nhmsg(), group([20, 0])], -22, "Hash-threshold group can not be a nexthop within a group"],
    [
      "a blackhole with others",
      [nhmsg(), group([31, 0], [1, 0])],
      -22,
      "Blackhole nexthop can not be used in a group with more than 1 path",
    ],
    ["a family", [nhmsg(INET), group([1, 0])], -22, "Invalid family for group"],
    ["no members", [nhmsg(), attribute(NHA.GROUP, u8())], -22, "Invalid length for nexthop group attribute"],
    ["half a member", [nhmsg(), attribute(NHA.GROUP, u32(1))], -22, "Invalid length for nexthop group attribute"],
    ["[E9.2] weight 255", [nhmsg(), group([1, 255])], -22, "Invalid value for weight"],
    [
      "what is reserved",
      [nhmsg(), attribute(NHA.GROUP, u8(1, 0, 0, 0, 0, 1, 0, 0))],
      -22,
      "Reserved fields in nexthop_grp must be 0",
    ],
    ["a resilient one", [nhmsg(), group([1, 0]), attribute(NHA.GROUP_TYPE, u16(1))], -95, RESILIENT],
    ["what resilient ones have", [nhmsg(), group([1, 0]), attribute(NHA.RES_GROUP, u8())], -95, RESILIENT],
    ["a type", [nhmsg(), group([1, 0]), attribute(NHA.GROUP_TYPE, u16(2))], -22, "Invalid group type"],
    ["an interface", [nhmsg(), group([1, 0]), oif(EM0)], -22, "No other attributes can be set in nexthop groups"],
  ])("[E4.4] C8: refuses a group with %s", (_, parts, errno, text) => {
    const { program } = withTexts();
    addGateway(program, 1, ip4(2));
    addGroup(program, 20, [1, 0]);
    program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(31), blackhole);
    const answers = program.ask(RTM.NEWNEXTHOP, F.REQUEST | F.ACK | ADD, ...parts, id(40));
    expect(errorOf(answers)).toEqual({ errno, text });
    expect(dump(program).map(idOf)).toEqual([1, 20, 31]);
  });

  it("a group of devices is the layer's own, as its members are", () => {
    const { program, vnet } = machine();
    program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(4), oif(EM0));
    addGateway(program, 1, ip4(2));
    expect(addGroup(program, 10, [1, 0], [4, 1])).toBe(0);
    expect(new Client(vnet.socket()).nexthops().map((each) => each.id)).toEqual([1]);
    expect(membersOf(dump(program)[2] as Message)).toEqual([
      [1, 0],
      [4, 1],
    ]);
  });

  it("[E3.10] EPERM without privilege; whoever may not change may look", () => {
    const { abi, vnet, program } = machine();
    addGateway(program, 1, ip4(2));
    const guest = openProgram(abi, vnet, 77, false);
    expect(addGateway(guest, 2, ip4(3))).toBe(-1);
    expect(remove(guest, 1)).toBe(-1);
    expect(dump(guest).map(idOf)).toEqual([1]);
  });
});

const RESILIENT = "Resilient nexthop groups are not supported";

describe("notifications of nexthops", () => {
  it("[E11.2] carry port, sequence number and flags of the request (C6), to groups joined either way", () => {
    const { program, abi, vnet } = machine();
    const bound = openProgram(abi, vnet, 77);
    bound.socket.bind(0, NEXTHOP_GROUP);
    const joined = openProgram(abi, vnet, 78);
    joined.socket.setsockopt(270, 1, u32(32));
    const seq = program.send(RTM.NEWNEXTHOP, F.REQUEST | F.ACK | ADD, nhmsg(INET), id(3), blackhole);
    const gone = program.send(RTM.DELNEXTHOP, F.REQUEST | F.ACK, nhmsg(), id(3));
    for (const watcher of [bound, joined]) {
      const events = watcher.messages();
      expect(events.map(({ type, flags, pid }) => [type, flags, pid])).toEqual([
        [RTM.NEWNEXTHOP, 0x605, 2125],
        [RTM.DELNEXTHOP, 0x5, 2125],
      ]);
      expect(events.map((event) => event.seq)).toEqual([seq, gone]);
    }
  });

  it("come to the one who asked too, before the ack", () => {
    const { program } = machine();
    program.socket.bind(0, NEXTHOP_GROUP);
    program.send(RTM.NEWNEXTHOP, F.REQUEST | F.ACK | ADD, nhmsg(INET), id(1), gateway(ip4(2)), oif(EM0));
    expect(program.messages().map(({ type }) => type)).toEqual([RTM.NEWNEXTHOP, 2]);
  });

  it("of another program name nobody", () => {
    const { program, vnet } = machine();
    program.socket.bind(0, NEXTHOP_GROUP);
    const native = new Client(vnet.socket());
    native.nexthopAdd(7, { gateway: "198.51.100.9", oif: EM0 });
    native.nexthopDelete(7);
    expect(program.messages().map(({ type, seq, pid }) => [type, seq, pid])).toEqual([
      [RTM.NEWNEXTHOP, 0, 0],
      [RTM.DELNEXTHOP, 0, 0],
    ]);
    expect(dump(program)).toEqual([]);
  });
});

it("nexthops that were there before the layer are known to it", () => {
  const kernel = Kernel.boot(MACHINE);
  new Client(kernel.vnet0.socket()).nexthopAdd(7, { gateway: "198.51.100.9", oif: EM0 });
  const program = openProgram(new LinuxAbi(kernel), kernel.vnet0);
  expect(dump(program).map(idOf)).toEqual([7]);
  expect(addGateway(program, 7, ip4(2))).toBe(-17);
});
