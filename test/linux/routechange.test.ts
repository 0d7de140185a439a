import { describe, expect, it } from "vitest";
import { Client } from "../../host/client/client.js";
import { MessageReader } from "../../host/linux/messagereader.js";
import { MessageWriter } from "../../host/linux/messagewriter.js";
import { noteOf, writeNewRoute } from "../../host/linux/routechange.js";
import { parseRoute } from "../../host/linux/routerequest.js";
import type { LinuxVnet } from "../../host/linux/vnet.js";
import {
  attribute,
  F,
  find,
  hex,
  join,
  MACHINE,
  machine,
  nest,
  type Program,
  request,
  u8,
  u16,
  u32,
} from "./program.js";
import {
  ADD,
  APPEND,
  CHANGE,
  deletion,
  dev,
  INET,
  INET6,
  ip,
  listed,
  metric,
  path,
  paths,
  REPLACE,
  RTA,
  RTM,
  refused,
  route,
  rtmsg,
  via,
  word,
} from "./routes.js";

const add = (program: Program, ...parts: readonly Uint8Array[]) => program.change(RTM.NEWROUTE, ADD, ...parts);

/** Only routes through nexthop objects look at the vnet. */
const NO_VNET = undefined as unknown as LinuxVnet;

/** What the kernel is sent for RTM_NEWROUTE with these bytes. */
function forKernel(sent: Uint8Array): string {
  const message = new MessageReader(sent);
  message.seek(0);
  const writer = new MessageWriter();
  const change = { fib: 0, flags: message.flags, seq: message.seq, now: 0, nexthop: undefined };
  writeNewRoute(NO_VNET, writer, parseRoute(message), change);
  return hex(writer.written);
}

describe("the kernel's form", () => {
  const SEQ = 0x6b16061a;

  it("W1: an IPv6 route over a link-local gateway", () => {
    const sent = request(24, 0x605 & ~F.ACK, SEQ, ...route("2001:db8:5::/48"), via("fe80::1"), dev(3));
    expect(sent.length).toBe(76);
    expect(forKernel(sent)).toBe(
      "54000000180001061a06166b00000000" +
        "1c3000000003000100000000" +
        "1400010020010db8000500000000000000000000" +
        "14000500fe800000000000000000000000000001" +
        "0800040003000000" +
        "08000e0000080000",
    );
  });

  it("W2: a default route over an IPv6 gateway, with a metric", () => {
    const gateway = attribute(RTA.VIA, join(u16(INET6), ip("2001:db8::2")));
    const sent = request(
      24,
      0x601,
      SEQ,
      rtmsg(INET, { table: 254, protocol: 3, type: 1 }),
      gateway,
      dev(3),
      metric(100),
    );
    expect(sent.length).toBe(68);
    expect(forKernel(sent)).toBe(
      "54000000180001061a06166b00000000" +
        "020000000003000100000000" +
        "150012001c20010db8000000000000000000000002000000" +
        "0800040003000000" +
        "0800060064000000" +
        "0800010000000000" +
        "08000e0000080000",
    );
  });

  it("protocols above 4 are the kernel's, and bring no flag", () => {
    expect(forKernel(request(24, 1, 1, ...route("10.0.0.0/8", { protocol: 12 }), via("198.51.100.2")))).not.toContain(
      "08000e00",
    );
  });

  it("[X-51] numbers that mean something else to the kernel do not reach it", () => {
    const own = [10, 13, 14].map((type) => attribute(type, u32(0x100000)));
    const sent = forKernel(request(24, 1, 1, ...route("10.0.0.0/8", { protocol: 12 }), via("198.51.100.2"), ...own));
    for (const header of ["08000a00", "08000d00", "08000e00"]) expect(sent).not.toContain(header);
  });

  it.each([6, 7, 8])("type %i goes without gateway and interface", (type) => {
    const sent = forKernel(
      request(24, 1, 1, ...route("10.0.0.0/8", { type, protocol: 12 }), via("198.51.100.2"), dev(2)),
    );
    expect(sent).toBe(`2400000018000100010000000000000002080000000c000${type}00000000080001000a000000`);
  });

  it("rtnh_hops is one more", () => {
    const multipath = paths(path("198.51.100.2", { hops: 254, flags: 4, index: 2 }, attribute(RTA.FLOW, u32(5))));
    expect(forKernel(request(24, 1, 1, ...route("10.0.0.0/8", { protocol: 12 }), multipath))).toContain(
      "14000900" + "100000ff02000000" + "08000500c6336402",
    );
  });
});

describe("noteOf", () => {
  const parsed = (...parts: readonly Uint8Array[]) => {
    const message = new MessageReader(request(24, 1, 1, ...parts));
    message.seek(0);
    return parseRoute(message);
  };

  it("an unspecified protocol is BOOT", () => {
    expect(noteOf(parsed(...route("10.0.0.0/8", { protocol: 0 })), 0).protocol).toBe(3);
  });

  it("IPv6's default metric is none", () => {
    expect(noteOf(parsed(...route("2001:db8::/48"), metric(1024)), 0).priority).toBe(0);
    expect(noteOf(parsed(...route("10.0.0.0/8"), metric(1024)), 0).priority).toBe(1024);
  });

  it("metrics of 0 say nothing", () => {
    const metrics = nest(RTA.METRICS, attribute(8, u32(0)), attribute(2, u32(1400)));
    expect(noteOf(parsed(...route("10.0.0.0/8"), via("10.0.0.1"), metrics), 0).metrics).toBeUndefined();
  });
});

describe("[RF-LINUX-48] E7.7 metrics", () => {
  it.each([32, 20, 1024])("%i reads back", (priority) => {
    const { program } = machine();
    expect(add(program, ...route("10.1.0.0/16"), via("198.51.100.2"), metric(priority))).toBe(0);
    expect(word(listed(program, "10.1.0.0/16") as never, RTA.PRIORITY)).toBe(priority);
  });

  it("IPv6 too", () => {
    const { program } = machine();
    expect(add(program, ...route("2001:db8:1::/48"), via("2001:db8::2"), metric(20))).toBe(0);
    expect(word(listed(program, "2001:db8:1::/48") as never, RTA.PRIORITY)).toBe(20);
  });

  it("a deletion with another is ESRCH, with the same or none succeeds", () => {
    const { program } = machine();
    for (const priority of [[metric(50)], [], [metric(0)]]) {
      expect(add(program, ...route("10.1.0.0/16"), via("198.51.100.2"), metric(50))).toBe(0);
      expect(program.change(RTM.DELROUTE, 0, ...deletion("10.1.0.0/16"), metric(60))).toBe(-3);
      expect(program.change(RTM.DELROUTE, 0, ...deletion("10.1.0.0/16"), ...priority)).toBe(0);
    }
  });

  it("a second one for a prefix is EEXIST with the text, unless it replaces", () => {
    const { program } = machine();
    add(program, ...route("10.1.0.0/16"), via("198.51.100.2"), metric(50));
    const second = [...route("10.1.0.0/16"), via("198.51.100.3"), metric(60)];
    expect(refused(program, RTM.NEWROUTE, ADD, ...second)).toEqual([
      17,
      "One route per prefix: metric 50 is installed",
    ]);
    expect(refused(program, RTM.NEWROUTE, APPEND, ...second)).toEqual([
      17,
      "One route per prefix: metric 50 is installed",
    ]);
    expect(refused(program, RTM.NEWROUTE, ADD, ...route("10.1.0.0/16"), via("198.51.100.3"), metric(50))).toEqual([
      17,
      "",
    ]);
    expect(program.change(RTM.NEWROUTE, REPLACE, ...second)).toBe(0);
    expect(word(listed(program, "10.1.0.0/16") as never, RTA.PRIORITY)).toBe(60);
  });

  it("an interface's route has metric 0, IPv6's 256", () => {
    const { program } = machine();
    const texts = [
      refused(program, RTM.NEWROUTE, ADD, ...route("198.51.100.0/24"), dev(2), metric(32)),
      refused(program, RTM.NEWROUTE, ADD, ...route("2001:db8::/64"), dev(2), metric(32)),
    ];
    expect(texts).toEqual([
      [17, "One route per prefix: metric 0 is installed"],
      [17, "One route per prefix: metric 256 is installed"],
    ]);
  });
});

describe("[RF-LINUX-49] E4.4 errors of RTM_NEWROUTE", () => {
  const { program } = machine();
  program.change(RTM.NEWROUTE, ADD, ...route("10.1.0.0/16"), via("198.51.100.2"));
  const rows: [what: string, flags: number, parts: Uint8Array[], expected: [number, string]][] = [
    ["add, it is there", ADD, [...route("10.1.0.0/16"), via("198.51.100.2")], [17, ""]],
    ["change, it is not there", CHANGE, [...route("10.2.0.0/16"), via("198.51.100.2")], [2, ""]],
    ["no flags, it is not there", 0, [...route("10.2.0.0/16"), via("198.51.100.2")], [2, ""]],
    ["gateway unreachable", ADD, [...route("10.2.0.0/16"), via("203.0.113.77")], [101, "Nexthop has invalid gateway"]],
    [
      "gateway not on its link",
      ADD,
      [...route("10.2.0.0/16"), via("203.0.113.77"), dev(2)],
      [101, "Nexthop has invalid gateway"],
    ],
    [
      "gateway on another link",
      ADD,
      [...route("10.2.0.0/16"), via("198.51.100.2"), dev(3)],
      [101, "Nexthop has invalid gateway"],
    ],
    [
      "an own address for a gateway",
      ADD,
      [...route("10.2.0.0/16"), via("198.51.100.1"), dev(2)],
      [101, "Nexthop has invalid gateway"],
    ],
    ["IPv6 gateway not on its link", ADD, [...route("2001:db8:2::/48"), via("2001:db8:ffff::1"), dev(2)], [113, ""]],
    [
      "a path's gateway not on its link",
      ADD,
      [...route("10.2.0.0/16"), paths(path("198.51.100.2"), path("203.0.113.77", { index: 2 }))],
      [101, "Nexthop has invalid gateway"],
    ],
    [
      "a gateway over an interface that is not there",
      ADD,
      [...route("10.2.0.0/16"), via("198.51.100.2"), dev(77)],
      [19, ""],
    ],
    ["IPv6 gateway unreachable", ADD, [...route("2001:db8:2::/48"), via("2001:db8:ffff::1")], [113, ""]],
    [
      "onlink that is not",
      ADD,
      [...route("10.2.0.0/16", { flags: 4 }), via("203.0.113.1"), dev(3)],
      [101, "Nexthop has invalid gateway"],
    ],
    [
      "link-local gateway alone",
      ADD,
      [...route("2001:db8:3::/48"), via("fe80::1")],
      [22, "Egress device not specified"],
    ],
    ["host bits", ADD, [...route("10.2.0.1/16"), dev(2)], [22, "Invalid prefix for given prefix length"]],
    ["prefix too long", ADD, [...route("10.2.0.1/33"), dev(2)], [22, "Invalid prefix length"]],
    [
      "unknown nexthop",
      ADD,
      [...route("10.2.0.0/16"), attribute(RTA.NH_ID, u32(77))],
      [22, "Nexthop id does not exist"],
    ],
    ["unknown interface", ADD, [...route("10.2.0.0/16"), dev(77)], [19, ""]],
    ["nowhere", ADD, route("10.2.0.0/16"), [19, ""]],
    ["type throw", ADD, route("10.2.0.0/16", { type: 9 }), [22, "Route type not supported"]],
    ["type local, elsewhere", ADD, [...route("10.2.0.1/32", { type: 2 }), dev(2)], [22, "Route type not supported"]],
    ["a source", ADD, [...route("10.2.0.0/16", { srcBits: 24 }), dev(2)], [22, "Source routes are not supported"]],
    ["tos", ADD, [...route("10.2.0.0/16", { tos: 16 }), dev(2)], [22, "Routes by type of service are not supported"]],
    [
      "an input interface",
      ADD,
      [...route("10.2.0.0/16"), dev(2), attribute(RTA.IIF, u32(2))],
      [22, "Routes by input interface are not supported"],
    ],
    [
      "an encapsulation",
      ADD,
      [...route("10.2.0.0/16"), via("198.51.100.2"), attribute(RTA.ENCAP_TYPE, u16(1))],
      [95, "lwt encapsulation type not supported"],
    ],
    ["a label", ADD, [...route("10.2.0.0/16"), dev(2), attribute(RTA.NEWDST, u32(1))], [95, ""]],
    [
      "a source address of nobody",
      ADD,
      [...route("10.2.0.0/16"), dev(2), attribute(RTA.PREFSRC, ip("10.0.0.1"))],
      [22, "Invalid prefsrc address"],
    ],
    ["a table without fib", ADD, [...route("10.2.0.0/16", { table: 100 }), dev(2)], [22, "No free fib for this table"]],
    ["table local", ADD, [...route("10.2.0.0/16", { table: 255 }), dev(2)], [22, "No free fib for this table"]],
    [
      "VIA for IPv6",
      ADD,
      [...route("2001:db8:2::/48"), attribute(RTA.VIA, join(u16(INET), ip("198.51.100.2")))],
      [22, "IPv6 does not support RTA_VIA attribute"],
    ],
    [
      "GATEWAY and VIA",
      ADD,
      [...route("10.2.0.0/16"), via("198.51.100.2"), attribute(RTA.VIA, join(u16(INET6), ip("2001:db8::2")))],
      [22, "Nexthop configuration can not contain both GATEWAY and VIA"],
    ],
    [
      "a nexthop and a gateway",
      ADD,
      [...route("10.2.0.0/16"), via("198.51.100.2"), attribute(RTA.NH_ID, u32(1))],
      [22, "Nexthop specification and nexthop id are mutually exclusive"],
    ],
    [
      "a path without gateway",
      ADD,
      [...route("10.2.0.0/16"), paths(u8(8, 0, 0, 0, 2, 0, 0, 0))],
      [22, "Nexthop without gateway not supported"],
    ],
    [
      "a damaged path",
      ADD,
      [...route("10.2.0.0/16"), paths(u8(7, 0, 0, 0, 2, 0, 0, 0))],
      [22, "Invalid nexthop configuration - extra data after nexthops"],
    ],
    [
      "a path that weighs too much",
      ADD,
      [...route("10.2.0.0/16"), paths(path("198.51.100.2", { hops: 255 }))],
      [22, "Nexthop weight not supported"],
    ],
    [
      "an unknown metric",
      ADD,
      [...route("10.2.0.0/16"), dev(2), nest(RTA.METRICS, attribute(18, u32(1)))],
      [22, "Invalid metric type"],
    ],
  ];

  it.each(rows)("%s", (_, flags, parts, expected) => {
    expect(refused(program, RTM.NEWROUTE, flags, ...parts)).toEqual(expected);
    expect(listed(program, "10.2.0.0/16")).toBeUndefined();
  });

  it.each([
    [7, 95],
    [0, 97],
    [28, 97],
    [255, 97],
  ])("family %i is errno %i, of a change of either kind", (family, errno) => {
    for (const type of [RTM.NEWROUTE, RTM.DELROUTE]) {
      expect(program.change(type, ADD, rtmsg(family, { table: 254, type: 1 }))).toBe(-errno);
    }
  });

  it("without privilege EPERM, before anything is looked at", () => {
    const { abi, vnet } = machine();
    const socket = abi.socket(vnet, { type: 3, protocol: 0, pid: 9, isPrivileged: false });
    socket.send(request(RTM.NEWROUTE, F.REQUEST, 1, u8(77)));
    expect(hex(socket.receive(4096)?.bytes.subarray(16, 20) as Uint8Array)).toBe("ffffffff");
  });

  it("the echo is the program's own bytes", () => {
    const sent = [...route("2001:db8:1::/48"), via("2001:db8:ffff::1")];
    const [error] = program.ask(RTM.NEWROUTE, F.REQUEST | F.ACK | ADD, ...sent);
    expect(hex(error?.body.subarray(20) as Uint8Array)).toBe(hex(join(...sent)));
  });
});

describe("[RF-LINUX-51] types that lead nowhere", () => {
  it.each([6, 7, 8])("type %i reads back, IPv6 over lo", (type) => {
    const { program } = machine();
    expect(add(program, ...route("10.1.0.0/16", { type }))).toBe(0);
    expect(add(program, ...route("2001:db8:1::/48", { type }))).toBe(0);
    expect(listed(program, "10.1.0.0/16")).toMatchObject({ routeType: type, length: 44, scope: 0 });
    const inet6 = listed(program, "2001:db8:1::/48");
    expect(inet6).toMatchObject({ routeType: type, length: 116 });
    expect(word(inet6 as never, RTA.OIF)).toBe(1);
    expect(hex(find(inet6?.attributes ?? [], RTA.CACHEINFO) as Uint8Array)).toBe("00".repeat(32));
  });
});

describe("[RF-LINUX-54] RTA_VIA", () => {
  it("is 18 bytes on Linux, 17 for the kernel", () => {
    const { program, vnet } = machine();
    const gateway = attribute(RTA.VIA, join(u16(INET6), ip("2001:db8::2")));
    expect(add(program, ...route("10.1.0.0/16"), gateway, dev(2))).toBe(0);
    const found = listed(program, "10.1.0.0/16");
    expect(found).toMatchObject({ length: 76, order: [15, 1, 18, 4] });
    expect(hex(find(found?.attributes ?? [], RTA.VIA) as Uint8Array)).toBe(`0a00${hex(ip("2001:db8::2"))}`);
    expect(new Client(vnet.socket()).route("10.1.0.1").via).toBe("2001:db8::2");
  });

  it("of IPv4 is a gateway like any other", () => {
    const { program } = machine();
    const gateway = attribute(RTA.VIA, join(u16(INET), ip("198.51.100.2")));
    expect(add(program, ...route("10.1.0.0/16"), gateway)).toBe(0);
    expect(listed(program, "10.1.0.0/16")?.order).toEqual([15, 1, 5, 4]);
  });

  it("in a path", () => {
    const { program } = machine();
    const one = (last: number) => {
      const gateway = attribute(RTA.VIA, join(u16(INET6), ip(`2001:db8::${last}`)));
      return join(u16(8 + gateway.length), u8(0, 0), u32(2), gateway);
    };
    expect(add(program, ...route("10.1.0.0/16"), paths(one(2), one(3)))).toBe(0);
    const multipath = find(listed(program, "10.1.0.0/16")?.attributes ?? [], RTA.MULTIPATH) as Uint8Array;
    expect(hex(multipath.subarray(8, 14))).toBe("160012000a00");
  });
});

describe("what the kernel has no place for is noted and shown", () => {
  it.each([
    [0, 3],
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
    [12, 12],
    [196, 196],
  ])("protocol %i reads back as %i", (protocol, shown) => {
    const { program } = machine();
    expect(add(program, ...route("10.1.0.0/16", { protocol }), via("198.51.100.2"))).toBe(0);
    expect(listed(program, "10.1.0.0/16")?.protocol).toBe(shown);
  });

  it("native programs see a static route where Linux's protocol has no number of its own", () => {
    const { program, vnet } = machine();
    add(program, ...route("10.1.0.0/16", { protocol: 3 }), via("198.51.100.2"));
    expect(new Client(vnet.socket()).route("10.1.0.1").protocol).toBe(4);
  });

  it("PREFSRC, ONLINK, FLOW and PREF", () => {
    const { program } = machine();
    const source = attribute(RTA.PREFSRC, ip("198.51.100.1"));
    const flow = attribute(RTA.FLOW, u32(5));
    expect(add(program, ...route("10.1.0.0/16", { flags: 4 }), via("198.51.100.2"), source, flow)).toBe(0);
    expect(listed(program, "10.1.0.0/16")).toMatchObject({ routeFlags: 4, order: [15, 1, 7, 5, 4, 11] });
    expect(add(program, ...route("2001:db8:1::/48"), via("2001:db8::2"), attribute(RTA.PREF, u8(3)))).toBe(0);
    expect(find(listed(program, "2001:db8:1::/48")?.attributes ?? [], RTA.PREF)).toEqual(u8(3));
  });

  it("ONLINK lets a gateway be anywhere", () => {
    const { program } = machine();
    expect(add(program, ...route("10.1.0.0/16", { flags: 4 }), via("203.0.113.77"), dev(2))).toBe(0);
    expect(listed(program, "10.1.0.0/16")).toMatchObject({ routeFlags: 4, length: 60 });
  });

  it("FLOW of a route over an interface, and ONLINK and FLOW of paths", () => {
    const { program } = machine();
    expect(add(program, ...route("10.1.0.0/16"), dev(2), attribute(RTA.FLOW, u32(5)))).toBe(0);
    expect(listed(program, "10.1.0.0/16")?.order).toEqual([15, 1, 4, 11]);
    const two = paths(path("198.51.100.2", { flags: 4 }), path("198.51.100.3", {}, attribute(RTA.FLOW, u32(6))));
    expect(add(program, ...route("10.2.0.0/16"), two)).toBe(0);
    expect(hex(find(listed(program, "10.2.0.0/16")?.attributes ?? [], RTA.MULTIPATH) as Uint8Array)).toBe(
      "1000040002000000" + "08000500c6336402" + "1800000002000000" + "08000500c6336403" + "08000b0006000000",
    );
  });

  it("the MTU of a multipath route, which the kernel does not keep", () => {
    const { program } = machine();
    const metrics = nest(RTA.METRICS, attribute(2, u32(1300)));
    const two = paths(path("198.51.100.2"), path("198.51.100.3"));
    expect(add(program, ...route("10.2.0.0/16"), two, metrics)).toBe(0);
    expect(word(listed(program, "10.2.0.0/16") as never, RTA.METRICS)).toBe(0x00020008);
  });

  it("an expiry is relative, and counts down in CACHEINFO in hundredths", () => {
    const { program, kernel } = machine();
    expect(add(program, ...route("2001:db8:1::/48"), via("2001:db8::2"), attribute(RTA.EXPIRES, u32(60)))).toBe(0);
    const expires = () => {
      const cacheinfo = find(listed(program, "2001:db8:1::/48")?.attributes ?? [], RTA.CACHEINFO) as Uint8Array;
      return new DataView(cacheinfo.buffer, cacheinfo.byteOffset).getUint32(8, true);
    };
    expect(expires()).toBe(6000);
    kernel.advance(10_000);
    expect(expires()).toBe(5000);
    kernel.advance(60_000);
    expect(listed(program, "2001:db8:1::/48")).toBeUndefined();
  });
});

describe("[X-16] several routes to one prefix", () => {
  it("append joins IPv4 routes of one metric", () => {
    const { program } = machine();
    add(program, ...route("10.1.0.0/16", { protocol: 12 }), via("198.51.100.2"), metric(32));
    const second = [...route("10.1.0.0/16", { protocol: 12, flags: 4 }), via("198.51.100.3"), metric(32)];
    expect(program.change(RTM.NEWROUTE, APPEND, ...second)).toBe(0);
    const found = listed(program, "10.1.0.0/16");
    expect(found).toMatchObject({ protocol: 12, order: [15, 1, 6, 9] });
    expect(find(found?.attributes ?? [], RTA.MULTIPATH)?.[16 + 2]).toBe(4);
  });

  it("CREATE alone is EEXIST for IPv4, one more path for IPv6, as zebra wants it", () => {
    const { program } = machine();
    add(program, ...route("10.1.0.0/16"), via("198.51.100.2"));
    add(program, ...route("2001:db8:1::/48"), via("2001:db8::2"), metric(20));
    expect(program.change(RTM.NEWROUTE, F.CREATE, ...route("10.1.0.0/16"), via("198.51.100.3"))).toBe(-17);
    const second = [...route("2001:db8:1::/48"), metric(20)];
    expect(program.change(RTM.NEWROUTE, F.CREATE, ...second, via("2001:db8::3"))).toBe(0);
    expect(program.change(RTM.NEWROUTE, F.CREATE, ...second, via("2001:db8::3"))).toBe(-17);
    expect(program.change(RTM.NEWROUTE, F.CREATE, ...route("2001:db8:1::/48"), via("2001:db8::4"))).toBe(-17);
    expect(listed(program, "2001:db8:1::/48")?.order).toEqual([15, 1, 6, 9, 12, 20]);
  });

  it("replace takes the place of all of it, and of what was said", () => {
    const { program } = machine();
    const source = attribute(RTA.PREFSRC, ip("198.51.100.1"));
    add(program, ...route("10.1.0.0/16", { type: 7 }), metric(9));
    expect(program.change(RTM.NEWROUTE, CHANGE, ...route("10.1.0.0/16"), via("198.51.100.3"), source)).toBe(0);
    expect(listed(program, "10.1.0.0/16")).toMatchObject({ routeType: 1, order: [15, 1, 7, 5, 4] });
  });
});

describe("[X-3] E7.1 tables", () => {
  const boot = { ...MACHINE, fibs: 4 };

  it("a small id is the fib of that number, in the header or the attribute", () => {
    const { program, vnet } = machine(boot);
    expect(add(program, ...route("10.1.0.0/16", { table: 2, type: 6 }))).toBe(0);
    expect(add(program, ...route("10.2.0.0/16", { table: 0, type: 6 }), attribute(RTA.TABLE, u32(2)))).toBe(0);
    const client = new Client(vnet.socket());
    expect(client.routes({ fib: 2 }).map(({ destination }) => destination)).toEqual(["10.1.0.0", "10.2.0.0"]);
    expect(listed(program, "10.1.0.0/16", 2)?.table).toBe(2);
    expect(listed(program, "10.1.0.0/16")).toBeUndefined();
  });

  it("a large one takes the highest free fib and keeps it", () => {
    const { program, vnet } = machine(boot);
    const client = new Client(vnet.socket());
    client.routeAdd("10.9.0.0/16", { fib: 3, type: 6 });
    expect(add(program, ...route("10.1.0.0/16", { table: 0, type: 6 }), attribute(RTA.TABLE, u32(999_999)))).toBe(0);
    expect(client.routes({ fib: 2 }).map(({ destination }) => destination)).toEqual(["10.1.0.0"]);
    const found = listed(program, "10.1.0.0/16", 999_999);
    expect(found?.table).toBe(252);
    expect(word(found as never, RTA.TABLE)).toBe(999_999);
    // Its number is no table of its own any more.
    expect(listed(program, "10.1.0.0/16", 2)).toBeUndefined();
    expect(
      program.change(RTM.DELROUTE, 0, ...deletion("10.1.0.0/16", { table: 0 }), attribute(RTA.TABLE, u32(999_999))),
    ).toBe(0);
    expect(client.routes({ fib: 2 })).toEqual([]);
  });

  it("a route that is refused gives its table no fib", () => {
    const { program, vnet } = machine(boot);
    const large = attribute(RTA.TABLE, u32(1_000_000));
    expect(add(program, ...route("10.1.0.0/16", { table: 0 }), via("203.0.113.1"), large)).toBe(-101);
    for (const table of [1, 2, 3]) expect(add(program, ...route("10.1.0.0/16", { table, type: 6 }))).toBe(0);
    expect(new Client(vnet.socket()).routes({ fib: 3 })).toHaveLength(1);
    expect(refused(program, RTM.NEWROUTE, ADD, ...route("10.2.0.0/16", { table: 0, type: 6 }), large)).toEqual([
      22,
      "No free fib for this table",
    ]);
  });

  it("gateways are found from the main table too, as on Linux", () => {
    const { program } = machine(boot);
    const two = paths(path("198.51.100.2"), path("198.51.100.3"));
    expect(add(program, ...route("0.0.0.0/0", { table: 2 }), via("198.51.100.2"))).toBe(0);
    expect(add(program, ...route("10.1.0.0/16", { table: 2 }), two)).toBe(0);
    expect(add(program, ...route("2001:db8:1::/48", { table: 2 }), via("2001:db8::2"))).toBe(0);
    expect(word(listed(program, "0.0.0.0/0", 2) as never, RTA.OIF)).toBe(2);
    expect(add(program, ...route("10.2.0.0/16", { table: 2 }), via("203.0.113.1"))).toBe(-101);
    // A route over an interface makes a gateway reachable, wherever it is.
    expect(add(program, ...route("203.0.113.0/24", { table: 2 }), dev(2))).toBe(0);
    expect(add(program, ...route("10.2.0.0/16", { table: 2 }), via("203.0.113.1"))).toBe(0);
    expect(add(program, ...route("203.0.113.0/24"), dev(2))).toBe(0);
    expect(add(program, ...route("10.2.0.0/16"), via("203.0.113.1"), dev(2))).toBe(0);
  });

  it("what table 255 has anyway is taken as made", () => {
    const { program } = machine();
    expect(add(program, ...route("198.51.100.1/32", { table: 255, type: 2, scope: 254 }), dev(2))).toBe(0);
    expect(add(program, ...route("198.51.100.255/32", { table: 255, type: 3, scope: 253 }), dev(2))).toBe(0);
    expect(add(program, ...route("198.51.100.7/32", { table: 255, type: 2, scope: 254 }), dev(2))).toBe(-22);
  });
});

describe("[X-48] the default route", () => {
  it("comes and goes without RTA_DST", () => {
    const { program, vnet } = machine();
    for (const [family, gateway] of [
      [INET, "198.51.100.254"],
      [INET6, "2001:db8::fe"],
    ] as const) {
      expect(add(program, rtmsg(family, { table: 254, protocol: 3, type: 1 }), via(gateway))).toBe(0);
      expect(new Client(vnet.socket()).route(family === INET ? "8.8.8.8" : "2001:db8:77::1").gateway).toBe(gateway);
      expect(program.change(RTM.DELROUTE, 0, rtmsg(family, { table: 254, scope: 255 }))).toBe(0);
    }
  });
});
