// The tap: each rewrite before and after, and what changed, by name; and its lines of text.

import { describe, expect, it } from "vitest";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { type LinuxAbiOptions, linesOf, type Rewrite } from "../../host/linux/abi.js";
import { compareMessages, fieldsOf } from "../../host/linux/fields.js";
import { ip } from "../support/messages.js";
import {
  attribute,
  F,
  hex,
  join,
  type Machine,
  machine,
  nest,
  openProgram,
  request,
  text,
  u8,
  u16,
  u32,
} from "./program.js";

const RTM = {
  NEWLINK: 16,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  NEWROUTE: 24,
  GETROUTE: 26,
  GETNEIGH: 28 + 2,
  NEWNEXTHOP: 104,
} as const;
const GET = F.REQUEST;
const ifinfomsg = (index = 0): Uint8Array => join(u32(0), u32(index), u32(0), u32(0));
const rtmsg = (family: number, table = 0): Uint8Array => u8(family, 24, 0, 0, table, 3, 0, 1, 0, 0, 0, 0);

function tapped(options: LinuxAbiOptions = {}): Machine & { readonly rewrites: Rewrite[] } {
  const rewrites: Rewrite[] = [];
  const all = machine({ modules: ["netlink"] }, { tap: (rewrite) => rewrites.push(rewrite), ...options });
  all.program.socket.bind(2125, 0);
  return { ...all, rewrites };
}

/** "toProgram 16 16": direction, type before and after. */
function told({ direction, before, after }: Rewrite): string {
  const types = [before, ...after].map((message) => (message === undefined ? "-" : message[4]));
  return `${direction} ${types.join(" ")}`;
}

describe("in the mode strict", () => {
  it("tells of a request, its reply and its ack, and what changed in each", () => {
    const { program, rewrites } = tapped({ mode: "strict" });
    program.ask(RTM.GETLINK, F.REQUEST | F.ACK, ifinfomsg(1));
    expect(rewrites.map(told)).toEqual(["toKernel 18 18", "toProgram 16 16", "toProgram 2 2"]);
    expect(rewrites.map(({ vnet, port, protocol }) => [vnet, port, protocol])).toEqual(
      new Array(3).fill(["vnet0", 2125, NETLINK.ROUTE]),
    );
    expect(rewrites[0]?.fields).toEqual([{ name: "nlmsg_pid", kind: "number", before: 0, after: 2125 }]);
    expect(rewrites[1]?.fields).toEqual([
      { name: "nlmsg_len", kind: "number", before: 320, after: 340 },
      { name: "ifi_flags", kind: "number", before: 0x1008049, after: 0x1049 },
      { name: "IFLA_IFNAME", kind: "text", before: text("lo0"), after: text("lo") },
      { name: "IFLA_QDISC", kind: "text", before: undefined, after: text("noqueue") },
      { name: "IFLA_TXQLEN", kind: "number", before: undefined, after: u32(1000) },
    ]);
    expect(rewrites[2]?.fields).toEqual([]);
  });

  it("tells of a request that the layer refuses", () => {
    const { program, rewrites } = tapped({ mode: "strict" });
    program.ask(RTM.GETROUTE, F.REQUEST | F.DUMP, rtmsg(77));
    expect(rewrites[0]).toMatchObject({ direction: "toKernel", errno: 96 });
    expect(rewrites[1]?.fields).toEqual([{ name: "error", kind: "number", before: 46, after: -96 }]);
  });

  it("tells of what is read once, however often it was looked at", () => {
    const { abi, vnet, rewrites } = tapped({ mode: "strict" });
    const { socket } = openProgram(abi, vnet, 9);
    if (!("receiveMessages" in socket)) throw new Error("not strict");
    socket.send(request(RTM.GETLINK, F.REQUEST | F.DUMP, 1, ifinfomsg()));
    for (const flags of [0x2, 0x22, 0x2]) socket.receiveMessages({ room: 100, flags, name: 0 });
    expect(rewrites.filter(({ direction }) => direction === "toProgram")).toEqual([]);
    socket.receiveMessages({ room: 350, flags: 0, name: 0 });
    socket.receiveMessages({ room: 10, flags: 0, name: 0 });
    expect(rewrites.filter(({ direction }) => direction === "toProgram").map(told)).toEqual([
      "toProgram 16 16",
      "toProgram 3 3",
    ]);
  });
});

describe("in the mode extended", () => {
  it("tells of a single reply and its ack, which the layer makes", () => {
    const { program, rewrites } = tapped();
    program.ask(RTM.GETLINK, F.REQUEST | F.ACK, ifinfomsg(1));
    expect(rewrites.map(told)).toEqual(["toKernel 18 18", "toProgram 16 16", "toProgram - 2"]);
    const names = rewrites[1]?.fields.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["nlmsg_len", "ifi_type", "ifi_flags", "IFLA_IFNAME", "IFLA_FREEBSD", "IFLA_XDP"]),
    );
    expect(names).not.toContain("IFLA_MTU");
  });

  it("tells of each message of a dump, and of its end", () => {
    const { program, rewrites } = tapped();
    program.ask(RTM.GETLINK, F.REQUEST | F.DUMP, ifinfomsg());
    expect(rewrites.map(told)).toEqual(["toKernel 18 18", "toProgram 16 16", "toProgram - 3"]);
  });

  it("tells of a request that the kernel never sees", () => {
    const { program, rewrites } = tapped();
    program.ask(RTM.GETLINK, GET, ifinfomsg(99));
    expect(rewrites.map(told)).toEqual(["toKernel 18", "toProgram - 2"]);
    expect(rewrites[0]?.errno).toBe(19);
  });

  it("tells of a notification once for each member", () => {
    const { abi, vnet, rewrites } = tapped();
    for (const pid of [7, 8]) openProgram(abi, vnet, pid).socket.bind(pid, 1);
    vnet.interfaceAttach({ name: "em0" });
    abi.settle();
    const first = rewrites.slice(0, 2);
    expect(first.map(told)).toEqual(["toProgram 16 16", "toProgram 16 16"]);
    expect(first.map(({ port }) => port).sort()).toEqual([7, 8]);
  });
});

describe("an observer", () => {
  it("can be taken away and set again, also for vnets that are known", () => {
    const { abi, program, rewrites } = tapped();
    abi.tap = undefined;
    program.ask(RTM.GETLINK, GET, ifinfomsg(1));
    expect(rewrites).toEqual([]);
    abi.tap = (rewrite) => rewrites.push(rewrite);
    program.ask(RTM.GETLINK, GET, ifinfomsg(1));
    expect(rewrites).toHaveLength(2);
  });

  it("gets bytes that nobody changes any more", () => {
    const { program, rewrites } = tapped({ mode: "strict" });
    program.ask(RTM.GETLINK, GET, ifinfomsg(1));
    const before = rewrites.map(({ after }) => after.map(hex));
    program.ask(RTM.GETLINK, GET, ifinfomsg(77));
    expect(rewrites.slice(0, 2).map(({ after }) => after.map(hex))).toEqual(before);
  });
});

describe("fields", () => {
  const path = (hops: number, ...inner: Uint8Array[]): Uint8Array => {
    const attributes = join(...inner);
    return join(u16(8 + attributes.length), u8(0, hops), u32(2), attributes);
  };

  it("are named in nests, records and repetitions", () => {
    const message = request(
      RTM.NEWROUTE,
      0,
      1,
      rtmsg(2),
      attribute(8, attribute(2, u32(1400))),
      attribute(9, join(path(0, attribute(5, ip("192.0.2.1"))), path(3))),
      attribute(99, u8(1)),
      attribute(99, u8(2)),
    );
    expect(fieldsOf(message, "program").map(({ name }) => name)).toEqual([
      "nlmsg_len",
      "nlmsg_type",
      "nlmsg_flags",
      "nlmsg_seq",
      "nlmsg_pid",
      "rtm_family",
      "rtm_dst_len",
      "rtm_src_len",
      "rtm_tos",
      "rtm_table",
      "rtm_protocol",
      "rtm_scope",
      "rtm_type",
      "rtm_flags",
      "RTA_METRICS.RTAX_MTU",
      "RTA_MULTIPATH[0].rtnh_len",
      "RTA_MULTIPATH[0].rtnh_flags",
      "RTA_MULTIPATH[0].rtnh_hops",
      "RTA_MULTIPATH[0].rtnh_ifindex",
      "RTA_MULTIPATH[0].RTA_GATEWAY",
      "RTA_MULTIPATH[1].rtnh_len",
      "RTA_MULTIPATH[1].rtnh_flags",
      "RTA_MULTIPATH[1].rtnh_hops",
      "RTA_MULTIPATH[1].rtnh_ifindex",
      "RTA_99",
      "RTA_99#2",
    ]);
  });

  it("have the name of the side whose message it is, and are one under a number that both have", () => {
    const kernel = request(RTM.NEWROUTE, 0, 1, rtmsg(2), attribute(10, u32(7)), attribute(14, u32(0x802)));
    const program = request(RTM.NEWROUTE, 0, 1, rtmsg(2), attribute(14, u32(0x802)));
    expect(compareMessages(kernel, program, "kernel").map(({ name }) => name)).toEqual(["nlmsg_len", "RTA_KNH_ID"]);
    expect(compareMessages(program, kernel, "program")).toContainEqual({
      name: "RTA_KNH_ID",
      kind: "number",
      before: undefined,
      after: u32(7),
    });
    expect(fieldsOf(kernel, "program").map(({ name }) => name)).toContain("RTA_MP_ALGO");
  });

  it("of a nexthop's group are its members", () => {
    const group = (weight: number): Uint8Array =>
      request(RTM.NEWNEXTHOP, 0, 1, u8(0, 0, 0, 0), u32(0), attribute(2, join(u32(7), u8(weight, 0, 0, 0))));
    expect(compareMessages(group(0), group(1), "program")).toEqual([
      { name: "NHA_GROUP[0].weight", kind: "number", before: 0, after: 1 },
    ]);
  });

  it("of other protocols are the header's, and one for the rest", () => {
    const message = request(24, 0, 1, u8(1, 2, 3, 4));
    expect(fieldsOf(message, "program", NETLINK.KOBJECT_UEVENT).at(-1)).toEqual({
      name: "payload",
      value: u8(1, 2, 3, 4),
      kind: "bytes",
    });
  });

  it.each([0, 3, 16, 17, 20, 28, 30, 31, 40])("of a message cut to %i bytes are those that are there", (length) => {
    const whole = request(RTM.NEWROUTE, 0, 1, rtmsg(2), attribute(9, path(1)));
    const all = fieldsOf(whole, "kernel").map(({ name }) => name);
    const some = fieldsOf(whole.subarray(0, length), "kernel").map(({ name }) => name);
    expect(all).toEqual(expect.arrayContaining(some));
  });
});

describe("lines of text", () => {
  it("name the message, then each field that changed", () => {
    const { program, rewrites } = tapped({ mode: "strict" });
    const seq = program.send(RTM.GETLINK, F.REQUEST | F.ACK, ifinfomsg(1));
    program.messages();
    expect(rewrites.flatMap(linesOf)).toEqual([
      `vnet0 2125 > RTM_GETLINK seq ${seq}, 32 bytes`,
      "  nlmsg_pid 0 > 2125",
      `vnet0 2125 < RTM_NEWLINK seq ${seq}, 320 > 340 bytes`,
      "  nlmsg_len 320 > 340",
      "  ifi_flags 0x1008049 > 0x1049",
      '  IFLA_IFNAME "lo0" > "lo"',
      '  + IFLA_QDISC "noqueue"',
      "  + IFLA_TXQLEN 1000",
      `vnet0 2125 < NLMSG_ERROR seq ${seq}, 36 bytes`,
    ]);
  });

  it("tell what the layer made, kept or refused", () => {
    const { program, rewrites } = tapped();
    const seq = program.send(RTM.GETLINK, GET, ifinfomsg(99));
    program.messages();
    expect(rewrites.flatMap(linesOf)).toEqual([
      `vnet0 2125 > RTM_GETLINK seq ${seq}, 32 > none bytes, refused with 19`,
      `vnet0 2125 < NLMSG_ERROR seq ${seq}, 52 bytes, made here`,
    ]);
  });

  it("show addresses, texts, numbers, and bytes in hexadecimal", () => {
    const of = (...parts: Uint8Array[]): Uint8Array => request(RTM.NEWROUTE, 0, 1, rtmsg(2), ...parts);
    const before = of(
      attribute(1, ip("10.0.0.0")),
      attribute(5, ip("2001:db8::1")),
      attribute(18, u8(10, 0, 1)),
      attribute(99, u8()),
    );
    const lines = linesOf({
      direction: "toKernel",
      vnet: "blue",
      port: 7,
      protocol: NETLINK.ROUTE,
      before,
      after: [of()],
      fields: compareMessages(before, of(), "program"),
    });
    expect(lines.slice(2)).toEqual([
      "  - RTA_DST 10.0.0.0",
      "  - RTA_GATEWAY 2001:db8::1",
      "  - RTA_VIA 0a0001",
      "  - RTA_99 (empty)",
    ]);
  });
});

describe("names", () => {
  it("of a kind inside IFLA_LINKINFO are those of its space", () => {
    const message = request(RTM.NEWLINK, 0, 1, ifinfomsg(1), nest(18, attribute(1, text("epair"))));
    expect(fieldsOf(message, "kernel").at(-1)).toEqual({
      name: "IFLA_LINKINFO.IFLA_INFO_KIND",
      value: text("epair"),
      kind: "text",
    });
  });
});
