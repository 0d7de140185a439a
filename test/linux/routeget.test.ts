import { describe, expect, it } from "vitest";
import { Client } from "../../host/client/client.js";
import { attribute, F, find, hex, int, MACHINE, machine, nest, type Program, u32 } from "./program.js";
import {
  ADD,
  dev,
  INET,
  INET6,
  ip,
  metric,
  path,
  paths,
  RTA,
  RTM,
  refused,
  route,
  rtmsg,
  type Shown,
  shown,
  strict,
  via,
  word,
} from "./routes.js";

const LOOKUP_TABLE = 0x1000;
const FIB_MATCH = 0x2000;

function add(program: Program, ...parts: readonly Uint8Array[]): void {
  expect(program.change(RTM.NEWROUTE, ADD, ...parts)).toBe(0);
}

/** As `ip route get` asks, on a strict socket. */
function get(program: Program, address: string, more: readonly Uint8Array[] = [], { flags = 0, srcBits = 0 } = {}) {
  strict(program);
  const bytes = ip(address);
  const isInet = bytes.length === 4;
  const header = rtmsg(isInet ? INET : INET6, {
    bits: bytes.length * 8,
    srcBits,
    flags: (isInet ? LOOKUP_TABLE : 0) | flags,
  });
  return program.ask(RTM.GETROUTE, F.REQUEST, header, attribute(RTA.DST, bytes), ...more);
}

function found(...asked: Parameters<typeof get>): Shown {
  const [message, ...rest] = get(...asked);
  expect([message?.type, rest.length]).toEqual([RTM.NEWROUTE, 0]);
  return shown(message as never);
}

function errnoOf(...asked: Parameters<typeof get>): number {
  const [error] = get(...asked);
  expect(error?.type).toBe(2);
  return int(error?.body as Uint8Array, 0);
}

const address = (route: Shown, type: number) => {
  const payload = find(route.attributes, type);
  return payload === undefined ? undefined : hex(payload);
};
const CACHEINFO = `02000000${"00".repeat(28)}`;

function loaded() {
  const all = machine({
    ...MACHINE,
    interfaces: [
      ...(MACHINE.interfaces ?? []).slice(0, 1),
      { name: "em1", lladdr: "02:00:00:00:00:02", up: true, addresses: ["203.0.113.1/24"] },
    ],
  });
  const { program } = all;
  add(program, rtmsg(INET, { table: 254, protocol: 3, type: 1 }), via("198.51.100.254"));
  add(program, ...route("10.1.0.0/16", { protocol: 12 }), via("198.51.100.2"), metric(32));
  add(program, ...route("10.2.0.0/16"), paths(path("198.51.100.3"), path("203.0.113.3")));
  add(program, ...route("10.3.0.0/16"), via("203.0.113.2"), attribute(RTA.PREFSRC, ip("198.51.100.1")));
  add(
    program,
    ...route("10.4.0.0/16"),
    via("198.51.100.2"),
    nest(RTA.METRICS, attribute(2, u32(1400)), attribute(8, u32(1200))),
  );
  for (const type of [6, 7, 8]) {
    add(program, ...route(`10.${10 + type}.0.0/16`, { type }));
    add(program, ...route(`2001:db8:${type}::/48`, { type }));
  }
  add(program, ...route("2001:db8:11::/48", { protocol: 12 }), via("2001:db8::2"), metric(32));
  return all;
}

describe("[RF-LINUX-52] E7.9 route get, IPv4", () => {
  const { program } = loaded();

  it("on the link: 104 bytes, as recorded", () => {
    const way = found(program, "198.51.100.9");
    expect(way).toMatchObject({ length: 104, flags: 0, bits: 32, table: 254, protocol: 0, scope: 0, routeType: 1 });
    expect(way).toMatchObject({ routeFlags: 0x200, order: [15, 1, 4, 7, 25, 12] });
    expect(way.message.pid).toBe(2125);
    expect([address(way, RTA.DST), address(way, RTA.PREFSRC)]).toEqual(["c6336409", "c6336401"]);
    expect([word(way, RTA.OIF), word(way, RTA.UID), address(way, RTA.CACHEINFO)]).toEqual([2, 0, CACHEINFO]);
  });

  it("over a gateway: 112 bytes with GATEWAY, as recorded", () => {
    const way = found(program, "8.8.8.8");
    expect(way).toMatchObject({ length: 112, routeType: 1, order: [15, 1, 4, 7, 5, 25, 12] });
    expect([address(way, RTA.DST), address(way, RTA.GATEWAY)]).toEqual(["08080808", "c63364fe"]);
  });

  it.each([
    ["198.51.100.1", 2, 0x80000200, 1, "c6336401"],
    ["127.0.0.1", 2, 0x80000200, 1, "7f000001"],
    ["127.9.9.9", 2, 0x80000200, 1, "7f090909"],
    ["198.51.100.255", 3, 0x90000200, 2, "c6336401"],
    ["224.0.0.5", 5, 0x20000200, 2, "c6336401"],
    ["255.255.255.255", 3, 0x90000200, 2, "c6336401"],
  ])("%s is of type %i, from its own or the interface's address", (asked, routeType, routeFlags, oif, source) => {
    const way = found(program, asked);
    expect(way).toMatchObject({ routeType, routeFlags });
    expect([word(way, RTA.OIF), address(way, RTA.PREFSRC)]).toEqual([oif, source]);
  });

  it("PREFSRC as the route says, and metrics behind the gateway", () => {
    expect(address(found(program, "10.3.0.1"), RTA.PREFSRC)).toBe("c6336401");
    const way = found(program, "10.4.0.1");
    expect(way.order).toEqual([15, 1, 4, 7, 5, 8, 25, 12]);
    expect(address(way, RTA.METRICS)).toBe("080002007805000008000800b0040000");
  });

  it("of several paths one", () => {
    const way = found(program, "10.2.0.1");
    expect(way.order).toEqual([15, 1, 4, 7, 5, 25, 12]);
    expect(way.bits).toBe(32);
  });

  it("with a source: SRC in PREFSRC's place, as recorded", () => {
    const way = found(program, "10.1.0.1", [attribute(RTA.SRC, ip("198.51.100.1"))], { srcBits: 32 });
    expect(way.order).toEqual([15, 1, 2, 4, 5, 25, 12]);
    expect(way.message.body[2]).toBe(32);
  });

  it("with an incoming interface: IIF in UID's place, as recorded", () => {
    const more = [attribute(RTA.SRC, ip("198.51.100.7")), attribute(RTA.IIF, u32(3))];
    const way = found(program, "10.1.0.1", more, { srcBits: 32 });
    expect(way.order).toEqual([15, 1, 2, 4, 5, 3, 12]);
  });

  it("MARK and UID come back, as recorded", () => {
    const way = found(program, "10.1.0.1", [attribute(RTA.MARK, u32(7)), attribute(RTA.UID, u32(1000))]);
    expect(way).toMatchObject({ length: 120, order: [15, 1, 4, 7, 5, 16, 25, 12] });
    expect([word(way, RTA.MARK), word(way, RTA.UID)]).toEqual([7, 1000]);
  });

  it("the route itself with RTM_F_FIB_MATCH, as recorded", () => {
    const match = found(program, "10.1.0.1", [], { flags: FIB_MATCH });
    expect(match).toMatchObject({
      length: 68,
      flags: 0,
      bits: 16,
      protocol: 12,
      routeFlags: 0,
      order: [15, 1, 6, 5, 4],
    });
    expect(found(program, "10.2.0.1", [], { flags: FIB_MATCH }).order).toEqual([15, 1, 9]);
    expect(found(program, "198.51.100.1", [], { flags: FIB_MATCH })).toMatchObject({
      table: 255,
      routeType: 2,
      bits: 32,
    });
  });

  it("RTA_OIF must be the way out", () => {
    expect(found(program, "10.1.0.1", [dev(2)]).routeType).toBe(1);
    expect(errnoOf(program, "10.1.0.1", [dev(3)])).toBe(-101);
    expect(found(program, "198.51.100.1", [dev(2)]).routeType).toBe(2);
    expect(found(program, "198.51.100.1", [dev(1)]).routeType).toBe(2);
    expect(errnoOf(program, "198.51.100.1", [dev(3)])).toBe(-101);
    expect(errnoOf(program, "10.1.0.1", [dev(77)])).toBe(-19);
    expect(errnoOf(program, "10.1.0.1", [attribute(RTA.IIF, u32(77))])).toBe(-19);
  });

  it.each([
    ["10.16.0.1", 22],
    ["10.17.0.1", 113],
    ["10.18.0.1", 13],
    ["2001:db8:6::1", 22],
    ["2001:db8:7::1", 113],
    ["2001:db8:8::1", 13],
    ["2001:db8:99::1", 101],
  ])("%s is errno %i", (asked, errno) => {
    expect(errnoOf(program, asked)).toBe(-errno);
  });

  it("no route at all is ENETUNREACH", () => {
    const { program: other } = machine();
    expect(errnoOf(other, "203.0.113.1")).toBe(-101);
  });

  it("with NLM_F_ACK the route, then the ack, as nl-route-get has it", () => {
    const header = rtmsg(INET, { bits: 32 });
    const answers = program.ask(RTM.GETROUTE, F.REQUEST | F.ACK, header, attribute(RTA.DST, ip("10.1.0.1")));
    expect(answers.map(({ type, flags }) => [type, flags])).toEqual([
      [RTM.NEWROUTE, 0],
      [2, F.CAPPED],
    ]);
  });

  it("a native program's route is found like any other", () => {
    const { program: other, vnet } = machine();
    new Client(vnet.socket()).routeAdd("10.1.0.0/16", { gateway: "198.51.100.9" });
    expect(address(found(other, "10.1.2.3"), RTA.GATEWAY)).toBe("c6336409");
  });
});

describe("[RF-LINUX-52] E7.9 route get, IPv6", () => {
  const { program } = loaded();
  const ZERO = "00".repeat(16);

  it("on the link: 156 bytes, as recorded", () => {
    const way = found(program, "2001:db8::9");
    expect(way).toMatchObject({ length: 156, flags: 0, bits: 128, table: 254, protocol: 2, scope: 0, routeType: 1 });
    expect(way).toMatchObject({ routeFlags: 0, order: [15, 1, 2, 7, 6, 4, 12, 20] });
    expect([way.message.body[2], address(way, RTA.SRC), word(way, RTA.PRIORITY)]).toEqual([128, ZERO, 256]);
    expect([address(way, RTA.PREFSRC), address(way, RTA.CACHEINFO)]).toEqual([hex(ip("2001:db8::1")), CACHEINFO]);
  });

  it("over a gateway: 176 bytes, as recorded, with the route's protocol and metric", () => {
    const way = found(program, "2001:db8:11::1");
    expect(way).toMatchObject({ length: 176, protocol: 12, order: [15, 1, 2, 7, 6, 5, 4, 12, 20] });
    expect(word(way, RTA.PRIORITY)).toBe(32);
  });

  it("an own address: table local over lo, from itself", () => {
    const way = found(program, "2001:db8::1");
    expect(way).toMatchObject({ table: 255, protocol: 2, routeType: 2 });
    expect([word(way, RTA.OIF), word(way, RTA.PRIORITY), address(way, RTA.PREFSRC)]).toEqual([
      1,
      0,
      hex(ip("2001:db8::1")),
    ]);
  });

  it("multicast: table local over the interface asked for, from its link-local address, as recorded", () => {
    const way = found(program, "ff02::1", [dev(2)]);
    expect(way).toMatchObject({ length: 156, table: 255, protocol: 2, routeType: 5 });
    expect([word(way, RTA.OIF), word(way, RTA.PRIORITY)]).toEqual([2, 256]);
    expect(address(way, RTA.PREFSRC)).toBe(hex(ip("fe80::ff:fe00:1")));
  });

  it("the route itself with RTM_F_FIB_MATCH, as recorded", () => {
    const match = found(program, "2001:db8:11::1", [], { flags: FIB_MATCH });
    expect(match).toMatchObject({ length: 136, bits: 48, order: [15, 1, 6, 5, 4, 12, 20] });
  });
});

describe("E3.4 a strict route get", () => {
  const { program } = machine();
  strict(program);

  it.each([
    ["ipv4: Invalid values in header for route get request", rtmsg(INET, { bits: 24 }), []],
    ["ipv4: Invalid values in header for route get request", rtmsg(INET, { bits: 32, table: 254 }), []],
    ["ipv4: Unsupported rtm_flags for route get request", rtmsg(INET, { bits: 32, flags: 0x200 }), []],
    ["ipv4: rtm_src_len and rtm_dst_len must be 32 for IPv4", rtmsg(INET), []],
    ["ipv4: Unsupported attribute in route get request", rtmsg(INET, { bits: 32 }), [metric(5)]],
    ["ipv6: Invalid values in header for get route request", rtmsg(INET6, { bits: 128, protocol: 2 }), []],
    ["ipv6: Invalid flags for get route request", rtmsg(INET6, { bits: 128, flags: LOOKUP_TABLE }), []],
    ["ipv6: rtm_src_len and rtm_dst_len must be 128 for IPv6", rtmsg(INET6), []],
    ["ipv6: Unsupported attribute in get route request", rtmsg(INET6, { bits: 128 }), [metric(5)]],
  ])("%s", (text, header, more) => {
    const destination = attribute(RTA.DST, header[0] === INET ? ip("10.0.0.1") : ip("2001:db8::1"));
    expect(refused(program, RTM.GETROUTE, 0, header, destination, ...more)).toEqual([22, text]);
  });

  it("a plain socket's is not looked at so closely", () => {
    const { program: plain } = machine();
    const [answer] = plain.ask(
      RTM.GETROUTE,
      F.REQUEST,
      rtmsg(INET, { table: 254, bits: 8 }),
      attribute(RTA.DST, ip("127.0.0.1")),
    );
    expect(answer?.type).toBe(RTM.NEWROUTE);
  });

  it("without destination it is 0.0.0.0", () => {
    const { program: plain } = machine();
    add(plain, rtmsg(INET, { table: 254, protocol: 3, type: 1 }), via("198.51.100.254"));
    const [answer] = plain.ask(RTM.GETROUTE, F.REQUEST, rtmsg(INET));
    expect(address(shown(answer as never), RTA.DST)).toBe("00000000");
  });

  it.each([
    [0, 95],
    [255, 95],
  ])("family %i is errno %i", (family, errno) => {
    const [error] = program.ask(RTM.GETROUTE, F.REQUEST, rtmsg(family));
    expect(int(error?.body as Uint8Array, 0)).toBe(-errno);
  });
});
