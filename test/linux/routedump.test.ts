import { describe, expect, it } from "vitest";
import { attribute, F, find, hex, int, machine, nest, type Program, u8, u32 } from "./program.js";
import {
  ADD,
  DUMP,
  dev,
  dumped,
  INET,
  INET6,
  ip,
  listed,
  metric,
  path,
  paths,
  RTA,
  RTM,
  route,
  rtmsg,
  shown,
  strict,
  via,
  wantsTexts,
  word,
} from "./routes.js";

function add(program: Program, ...parts: readonly Uint8Array[]): void {
  expect(program.change(RTM.NEWROUTE, ADD, ...parts)).toBe(0);
}

describe("[RF-LINUX-46] E7.3, a dump of table main", () => {
  const { program } = machine();
  add(program, ...route("198.51.100.128/25"), via("198.51.100.2"));
  add(program, rtmsg(INET, { table: 254, protocol: 3, type: 1 }), via("198.51.100.254"));
  add(program, ...route("203.0.113.0/24", { scope: 253 }), dev(2));
  add(program, ...route("10.1.0.0/16", { type: 6 }));
  add(program, ...route("2001:db8:1::/48"), via("2001:db8::2"));
  add(program, ...route("2001:db8:2::/48"), dev(2), metric(5));
  add(program, ...route("10.2.0.0/16"), paths(path("198.51.100.10"), path("198.51.100.11", { hops: 1 })));

  it.each([
    // prefix                bytes  scope  protocol  type  attributes
    ["0.0.0.0/0", 52, 0, 3, 1, [15, 5, 4]],
    ["198.51.100.128/25", 60, 0, 3, 1, [15, 1, 5, 4]],
    ["203.0.113.0/24", 52, 253, 3, 1, [15, 1, 4]],
    ["198.51.100.0/24", 60, 253, 2, 1, [15, 1, 7, 4]],
    ["10.1.0.0/16", 44, 0, 3, 6, [15, 1]],
    ["10.2.0.0/16", 80, 0, 3, 1, [15, 1, 9]],
    ["2001:db8:1::/48", 136, 0, 3, 1, [15, 1, 6, 5, 4, 12, 20]],
    ["2001:db8:2::/48", 116, 0, 3, 1, [15, 1, 6, 4, 12, 20]],
    ["2001:db8::/64", 116, 0, 2, 1, [15, 1, 6, 4, 12, 20]],
  ])("%s takes %i bytes, as recorded", (prefix, length, scope, protocol, routeType, order) => {
    const found = listed(program, prefix);
    expect(found).toMatchObject({ length, scope, protocol, routeType, order, table: 254, routeFlags: 0 });
    expect(word(found as never, RTA.TABLE)).toBe(254);
  });

  it("PREFSRC of a network's route is the interface's first address in it", () => {
    expect(find(listed(program, "198.51.100.0/24")?.attributes ?? [], RTA.PREFSRC)).toEqual(ip("198.51.100.1"));
  });

  it("PRIORITY of IPv6 is 1024, 256 for the kernel's, or as asked for", () => {
    const metrics = ["2001:db8:1::/48", "2001:db8::/64", "2001:db8:2::/48"].map((prefix) =>
      word(listed(program, prefix) as never, RTA.PRIORITY),
    );
    expect(metrics).toEqual([1024, 256, 5]);
  });

  it("has no route of an own address, and no attribute of FreeBSD's alone", () => {
    for (const family of [INET, INET6]) {
      for (const each of dumped(program, family)) {
        expect(each.bits).not.toBe(family === INET ? 32 : 128);
        for (const type of [10, 13, 14, 23]) expect(each.order).not.toContain(type);
      }
    }
  });
});

describe("W7, the default route of a strict dump", () => {
  it("byte by byte", () => {
    const { program } = machine();
    add(program, rtmsg(INET, { table: 254, protocol: 3, type: 1 }), via("198.51.100.254"));
    const [first] = dumped(program);
    expect(hex(first?.message.bytes.subarray(0, 8) as Uint8Array)).toBe("3400000018002200");
    expect(hex(first?.message.body as Uint8Array)).toBe(
      "02000000fe0300010000000008000f00fe00000008000500c63364fe0800040002000000",
    );
  });
});

describe("a dump of many routes is the same message by message", () => {
  /** Routes that are copied word by word, and the same with a note, which are not. */
  it.each([INET, INET6])("family %i", (family) => {
    const { program } = machine();
    const prefix = family === INET ? "10.9.0.0/16" : "2001:db8:9::/48";
    const gateway = via(family === INET ? "198.51.100.2" : "2001:db8::2");
    add(program, ...route(prefix, { protocol: 12 }), gateway);
    const plain = listed(program, prefix)?.message.body as Uint8Array;
    expect(
      program.change(
        RTM.NEWROUTE,
        F.CREATE | F.REPLACE,
        ...route(prefix, { protocol: 12 }),
        gateway,
        attribute(RTA.FLOW, u32(0)),
        attribute(RTA.PREF, u8(0)),
      ),
    ).toBe(0);
    // A filter takes the long way.
    const [filtered] = program.ask(RTM.GETROUTE, DUMP, rtmsg(family, { protocol: 12 }), attribute(RTA.TABLE, u32(254)));
    expect(hex(filtered?.body as Uint8Array)).toBe(hex(plain));
  });

  it.each([
    ["a metric", metric(32)],
    ["a protocol", new Uint8Array(0)],
  ])("with %s noted", (_, more) => {
    const { program } = machine();
    add(program, ...route("10.9.0.0/16"), via("198.51.100.2"), more);
    add(program, ...route("2001:db8:9::/48"), via("2001:db8::2"), more);
    for (const family of [INET, INET6]) {
      const plain = dumped(program, family).find(({ protocol }) => protocol === 3);
      const [filtered] = program.ask(
        RTM.GETROUTE,
        DUMP,
        rtmsg(family, { protocol: 3 }),
        attribute(RTA.TABLE, u32(254)),
      );
      expect(hex(filtered?.body as Uint8Array)).toBe(hex(plain?.message.body as Uint8Array));
    }
  });
});

describe("[RF-LINUX-47] E7.6, table local", () => {
  const { program } = machine();

  it("IPv4: own addresses, loopback's network, broadcast addresses, by address", () => {
    const rows = dumped(program, INET, 255).map((each) => [
      find(each.attributes, RTA.DST)?.join("."),
      each.bits,
      each.routeType,
      each.scope,
      find(each.attributes, RTA.PREFSRC)?.join("."),
      word(each, RTA.OIF),
    ]);
    expect(rows).toEqual([
      ["127.0.0.0", 8, 2, 254, "127.0.0.1", 1],
      ["127.0.0.1", 32, 2, 254, "127.0.0.1", 1],
      ["127.255.255.255", 32, 3, 253, "127.0.0.1", 1],
      ["198.51.100.1", 32, 2, 254, "198.51.100.1", 2],
      ["198.51.100.255", 32, 3, 253, "198.51.100.1", 2],
    ]);
  });

  it("each takes 60 bytes with TABLE, DST, PREFSRC, OIF, as recorded", () => {
    for (const each of dumped(program, INET, 255)) {
      expect(each).toMatchObject({ length: 60, order: [15, 1, 7, 4], table: 255, protocol: 2 });
    }
  });

  it("IPv6: own addresses of PRIORITY 0, then multicast over each interface", () => {
    const rows = dumped(program, INET6, 255).map((each) => [
      hex(find(each.attributes, RTA.DST) as Uint8Array),
      each.bits,
      each.routeType,
      word(each, RTA.PRIORITY),
      word(each, RTA.OIF),
    ]);
    expect(rows).toEqual([
      [hex(ip("::1")), 128, 2, 0, 1],
      [hex(ip("2001:db8::1")), 128, 2, 0, 2],
      [hex(ip("fe80::1")), 128, 2, 0, 1],
      [hex(ip("fe80::ff:fe00:1")), 128, 2, 0, 2],
      [hex(ip("ff00::")), 8, 5, 256, 2],
    ]);
  });

  it("a second address of a network has the first as PREFSRC, and no broadcast entry of its own", () => {
    const { program: other, vnet } = machine();
    vnet.addressAdd("em0", "198.51.100.9/24");
    const added = dumped(other, INET, 255).filter((each) => find(each.attributes, RTA.DST)?.[3] === 9);
    expect(added.map((each) => find(each.attributes, RTA.PREFSRC)?.join("."))).toEqual(["198.51.100.1"]);
    expect(dumped(other, INET, 255).filter(({ routeType }) => routeType === 3)).toHaveLength(2);
  });

  it("a dump of all tables has main, then local, of IPv4, then of IPv6", () => {
    const tables = dumped(program, 0, 0).map(({ family, table }) => `${family} ${table}`);
    expect([...new Set(tables)]).toEqual(["2 254", "2 255", "10 254", "10 255"]);
  });
});

describe("[RF-LINUX-53] E3.4, E3.5 strict dumps", () => {
  const { program } = machine();
  strict(program);
  wantsTexts(program);
  add(program, ...route("10.1.0.0/16", { protocol: 12 }), via("198.51.100.2"), metric(32));
  add(program, ...route("10.2.0.0/16", { type: 7 }));
  add(program, ...route("10.3.0.0/16", { protocol: 12 }), paths(path("198.51.100.3"), path("198.51.100.4")));

  const dump = (header: Uint8Array, ...attributes: readonly Uint8Array[]) =>
    program.ask(RTM.GETROUTE, DUMP, header, attribute(RTA.TABLE, u32(254)), ...attributes);
  const prefixes = (header: Uint8Array, ...attributes: readonly Uint8Array[]) =>
    dump(header, ...attributes)
      .filter(({ type }) => type === RTM.NEWROUTE)
      .map((message) => find(shown(message).attributes, RTA.DST)?.join("."));

  it.each([
    ["protocol 12", rtmsg(INET, { protocol: 12 }), [], ["10.1.0.0", "10.3.0.0"]],
    ["the kernel's", rtmsg(INET, { protocol: 2 }), [], ["198.51.100.0"]],
    ["type unreachable", rtmsg(INET, { type: 7 }), [], ["10.2.0.0"]],
    ["type prohibit, which the kernel has it for", rtmsg(INET, { type: 8 }), [], []],
    ["an interface", rtmsg(INET), [dev(2)], ["10.1.0.0", "10.3.0.0", "198.51.100.0"]],
    ["another interface", rtmsg(INET), [dev(3)], []],
  ])("by %s", (_, header, attributes, expected) => {
    expect(prefixes(header, ...attributes)).toEqual(expected);
  });

  it("say so in every message and in NLMSG_DONE", () => {
    const flags = dump(rtmsg(INET)).map((each) => each.flags);
    expect(flags.length).toBeGreaterThan(2);
    expect(new Set(flags)).toEqual(new Set([F.MULTI | F.DUMP_FILTERED]));
  });

  it("of all tables say so in every message, but not in NLMSG_DONE, as recorded", () => {
    const all = program.ask(RTM.GETROUTE, DUMP, rtmsg(0));
    expect(all.at(-1)?.flags).toBe(F.MULTI);
    expect(new Set(all.slice(0, -1).map((each) => each.flags))).toEqual(new Set([F.MULTI | F.DUMP_FILTERED]));
  });

  it("rtm_table is a filter, as BIRD has it", () => {
    const found = program.ask(RTM.GETROUTE, DUMP, rtmsg(INET, { table: 255 })).filter(({ type }) => type === 24);
    expect(found.map((message) => shown(message).table)).toEqual([255, 255, 255, 255, 255]);
  });

  it.each([
    ["dst_len", rtmsg(INET, { bits: 24 }), [], "Invalid values in header for FIB dump request"],
    ["src_len", rtmsg(INET, { srcBits: 24 }), [], "Invalid values in header for FIB dump request"],
    ["tos", rtmsg(INET, { tos: 16 }), [], "Invalid values in header for FIB dump request"],
    ["scope", rtmsg(INET, { scope: 253 }), [], "Invalid values in header for FIB dump request"],
    ["other flags", rtmsg(INET, { flags: 0x1000 }), [], "Invalid flags for FIB dump request"],
    ["a gateway", rtmsg(INET), [via("198.51.100.2")], "Unsupported attribute in dump request"],
    ["a short header", u8(INET, 0, 0, 0), [], "Invalid header for FIB dump request"],
  ])("with %s is EINVAL with Linux's text", (_, header, attributes, text) => {
    const [error] = program.ask(RTM.GETROUTE, DUMP, header, ...attributes);
    expect([error?.type, int(error?.body as Uint8Array, 0)]).toEqual([2, -22]);
    expect(new TextDecoder().decode(error?.bytes)).toContain(text);
  });

  it("an interface that is not there is ENODEV", () => {
    const [error] = dump(rtmsg(INET), dev(77));
    expect([error?.type, int(error?.body as Uint8Array, 0)]).toEqual([2, -19]);
  });

  it("the route cache is empty", () => {
    const all = dump(rtmsg(INET, { flags: 0x200 }));
    expect(all.map(({ type, flags }) => [type, flags])).toEqual([[3, F.MULTI | F.DUMP_FILTERED]]);
  });

  it.each([
    [INET, 56, "ipv4: FIB table does not exist\0"],
    [INET6, 56, "ipv6: FIB table does not exist\0"],
  ])("an unknown table of family %i ends with ENOENT in NLMSG_DONE, %i bytes as recorded", (family, length, text) => {
    const [done, ...rest] = program.ask(RTM.GETROUTE, DUMP, rtmsg(family), attribute(RTA.TABLE, u32(100)));
    expect(rest).toEqual([]);
    expect([done?.type, done?.flags, done?.bytes.length]).toEqual([3, 0x222, length]);
    expect(hex(done?.body.subarray(0, 8) as Uint8Array)).toBe("feffffff23000100");
    expect(new TextDecoder().decode(done?.body.subarray(8, 8 + text.length))).toBe(text);
  });

  it("an unknown table of all families, and 253, are empty", () => {
    for (const [family, table] of [
      [0, 100],
      [INET, 253],
    ] as const) {
      const all = program.ask(RTM.GETROUTE, DUMP, rtmsg(family), attribute(RTA.TABLE, u32(table)));
      expect(all.map(({ type, body }) => [type, int(body, 0)])).toEqual([[3, 0]]);
    }
  });
});

describe("E3.2 to E3.4 dumps of a plain socket", () => {
  it.each([
    ["17 bytes", u8(INET)],
    ["20 bytes", u8(INET, 0, 0, 0)],
    ["another table in the header", rtmsg(INET, { table: 100 })],
    ["filters", rtmsg(INET, { protocol: 77, type: 9, bits: 8 })],
  ])("%s give all tables of the family", (_, header) => {
    const { program } = machine();
    const all = program.ask(RTM.GETROUTE, DUMP, header);
    expect(all.at(-1)?.type).toBe(3);
    expect(new Set(all.slice(0, -1).map((each) => shown(each).table))).toEqual(new Set([254, 255]));
    expect(new Set(all.map(({ flags }) => flags))).toEqual(new Set([F.MULTI]));
  });

  it.each([0, 255, 7, 77])("family %i is every family", (family) => {
    const { program } = machine();
    const families = program
      .ask(RTM.GETROUTE, DUMP, rtmsg(family))
      .slice(0, -1)
      .map((each) => shown(each).family);
    expect(new Set(families)).toEqual(new Set([INET, INET6]));
  });

  it.each([28, 128, 129])("family %i has no routes", (family) => {
    const { program } = machine();
    expect(program.ask(RTM.GETROUTE, DUMP, rtmsg(family)).map(({ type }) => type)).toEqual([3]);
  });

  it("with NLM_F_ACK has one NLMSG_DONE and no ack", () => {
    const { program } = machine();
    const types = program.ask(RTM.GETROUTE, DUMP | F.ACK, rtmsg(INET)).map(({ type }) => type);
    expect(types.filter((type) => type < 16)).toEqual([3]);
  });
});

describe("[RF-LINUX-50] X-17 weights", () => {
  it("rtnh_hops is one less than the kernel's weight, both ways", () => {
    const { program, vnet } = machine();
    add(program, ...route("10.2.0.0/16"), paths(path("198.51.100.10"), path("198.51.100.11", { hops: 4 })));
    const found = listed(program, "10.2.0.0/16");
    const multipath = find(found?.attributes ?? [], RTA.MULTIPATH) as Uint8Array;
    expect([multipath[3], multipath[16 + 3]]).toEqual([0, 4]);
    expect(multipath.length).toBe(32);
    expect(vnet.sysctl("net.route.multipath")).toBe(1);
  });
});

describe("E7.1 tables and fibs", () => {
  it("a table of a fib is there though it is empty", () => {
    const { program } = machine({ modules: ["netlink"], fibs: 4 });
    strict(program);
    const all = program.ask(RTM.GETROUTE, DUMP, rtmsg(INET), attribute(RTA.TABLE, u32(3)));
    expect(all.map(({ type, body }) => [type, int(body, 0)])).toEqual([[3, 0]]);
  });

  it("is in Linux's order of lists: 3, 254, 255, and 1000000 by its low byte", () => {
    const { program } = machine({
      modules: ["netlink"],
      fibs: 6,
      interfaces: [{ name: "em0", up: true, addresses: ["198.51.100.1/24"] }],
    });
    for (const table of [3, 254, 1_000_000]) {
      add(program, ...route("10.0.0.0/8", { type: 6, table: 0 }), attribute(RTA.TABLE, u32(table)));
    }
    const tables = dumped(program, INET, 0).map((each) => word(each, RTA.TABLE));
    expect([...new Set(tables)]).toEqual([3, 1_000_000, 254, 255]);
    expect(listed(program, "10.0.0.0/8", 1_000_000)?.table).toBe(252);
  });
});

describe("nested attributes", () => {
  it("metrics are ascending and include the kernel's MTU, as recorded", () => {
    const { program } = machine();
    const metrics = nest(RTA.METRICS, attribute(8, u32(1200)), attribute(3, u32(4000)), attribute(2, u32(1300)));
    add(program, ...route("10.7.0.0/16"), via("198.51.100.2"), metrics);
    const found = listed(program, "10.7.0.0/16");
    expect(found?.order).toEqual([15, 1, 8, 5, 4]);
    expect(hex(find(found?.attributes ?? [], RTA.METRICS) as Uint8Array)).toBe(
      "080002001405000008000300a00f000008000800b0040000",
    );
  });
});
