// Routing messages read, written and shown (rtsock G.1, G.2, G.9). The bytes come from the kernel, or from the reference.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RTF } from "../../assembly/abi/rtnetlink.js";
import { NET_RT, ROUTE_RTM } from "../../assembly/abi/rtsock.js";
import { decodeRouting, encodeRouting, ROUTING_SCHEMAS, routeMessage } from "../../host/codec/routing.js";
import { describeRouting, explainRouting, routingToJson } from "../../host/codec/routingdescribe.js";
import type { Kernel, RoutingSocket, Vnet } from "../../host/kernel/kernel.js";
import { readBytes, request } from "../rtsock/routing.js";
import { hex } from "../support/messages.js";
import { AS_GIVEN, setupR } from "../support/setups.js";

const PID = 4242;

/** epair0a as in the worked examples, with IPv4, IPv6, a neighbour and groups. */
function stage(): { kernel: Kernel; vnet: Vnet; socket: RoutingSocket } {
  const { kernel, vnet } = setupR({
    ...AS_GIVEN,
    interfaces: [
      { name: "epair0a", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["192.0.2.2/24"] },
      { name: "ng0", pointToPoint: true, up: true },
    ],
  });
  return { kernel, vnet, socket: vnet.routingSocket({ pid: PID }) };
}

const heardBytes = (socket: RoutingSocket): Uint8Array[] => {
  const found: Uint8Array[] = [];
  for (let bytes = readBytes(socket); bytes !== undefined; bytes = readBytes(socket)) found.push(bytes);
  return found;
};

/** A message of each kind that a routing socket hears, and of each sysctl's. */
function samples(): Uint8Array[] {
  const { vnet, socket } = stage();
  const flags = RTF.UP | RTF.GATEWAY | RTF.STATIC;
  socket.write(request(ROUTE_RTM.ADD, { dst: "10.1.0.0", netmask: "255.255.0.0", gateway: "192.0.2.1", flags }));
  socket.write(request(ROUTE_RTM.GET, { dst: "10.1.2.3", ifp: new Uint8Array([56, 18, ...new Array(54).fill(0)]) }));
  vnet.addressAdd("epair0a", "2001:db8::1/64");
  vnet.addressAdd("epair0a", "fe80::7/64");
  vnet.addressAdd("ng0", "10.9.0.1/32", { peer: "10.9.0.2" });
  vnet.addressAdd("ng0", "2001:db8:9::1/128");
  vnet.interfaceSet("epair0a", { mtu: 1400 });
  vnet.interfaceAttach({ name: "em1" });
  vnet.addressDelete("epair0a", "192.0.2.2");
  const mibs = [
    [NET_RT.DUMP, 0],
    [NET_RT.IFLIST, 0],
    [NET_RT.IFLISTL, 0],
    [NET_RT.IFMALIST, 0],
  ];
  const dumps = mibs.map(([operation, argument]) =>
    vnet.sysctlNet([4, 17, 0, 0, operation as number, argument as number], { room: 65536 }),
  );
  const nexthops = vnet.sysctlNet([4, 17, 0, AF.INET, NET_RT.NHOP, 0, 0], { room: 65536 });
  return [...heardBytes(socket), ...dumps.map(({ bytes }) => bytes), nexthops.bytes];
}

/** G.9.2, whose nexthop has index 5. */
const ECHO = (() => {
  const bytes = new Uint8Array(200);
  bytes.set(hex("c8 00 05 01 02 00 00 00 43 08 00 00 07 00 00 00 92 10 00 00 01"));
  bytes.set(hex("dc 05"), 0x30);
  bytes.set([1], 0x78);
  bytes.set([5], 0x80);
  bytes.set(hex("10 02 00 00 0a 01 00 00"), 0x98);
  bytes.set(hex("10 02 00 00 c0 00 02 01"), 0xa8);
  bytes.set(hex("10 02 00 00 ff ff 00 00"), 0xb8);
  return bytes;
})();

function changed(bytes: Uint8Array, place: number, byte: number): Uint8Array {
  bytes[place] = byte;
  return bytes;
}

describe("decoding and encoding", () => {
  it("give back what the kernel wrote, byte for byte, of sockets and of sysctls", () => {
    const all = samples();
    const kinds = new Set(all.flatMap((bytes) => decodeRouting(bytes).map(({ kind }) => kind)));
    expect([...kinds].sort()).toEqual(Object.keys(ROUTING_SCHEMAS).sort());
    for (const bytes of all) expect(encodeRouting(decodeRouting(bytes))).toEqual(bytes);
  });

  it("[G.1.1] [G.1.2] [G.2.1] name header, sockaddrs and metrics of G.9.2", () => {
    expect(decodeRouting(ECHO)).toMatchObject([
      {
        kind: "route",
        header: { version: 5, type: ROUTE_RTM.ADD, index: 2, flags: 0x843, pid: PID, seq: 1, errno: 0, inits: 0n },
        sockaddrs: {
          destination: { family: AF.INET, address: "10.1.0.0" },
          gateway: { family: AF.INET, address: "192.0.2.1" },
          netmask: { family: AF.INET, address: "255.255.0.0" },
        },
      },
    ]);
    expect(decodeRouting(ECHO)[0]?.header).toMatchObject({ metrics: { mtu: 1500n, weight: 1n, nexthop: 5n } });
  });

  it("[G.9.1] write the request of the worked examples, which the kernel takes", () => {
    const message = routeMessage(
      ROUTE_RTM.ADD,
      { flags: RTF.UP | RTF.GATEWAY | RTF.STATIC, seq: 1 },
      {
        destination: { family: AF.INET, address: "10.1.0.0" },
        gateway: { family: AF.INET, address: "192.0.2.1" },
        netmask: { family: AF.INET, address: "255.255.0.0" },
      },
    );
    const bytes = encodeRouting(message);
    expect([...bytes.slice(0, 0x18)]).toEqual([
      ...hex("c8 00 05 01 00 00 00 00 03 08 00 00 07 00 00 00 00 00 00 00 01 00 00 00"),
    ]);
    expect(stage().socket.write(bytes)).toBe(200);
  });

  it("[G.2.3] keep a sockaddr of another shape as its bytes, and one of length 0 as none", () => {
    const netmask = hex("07 00 00 00 ff ff ff");
    const [message] = decodeRouting(request(ROUTE_RTM.ADD, { dst: "10.1.0.0", gateway: new Uint8Array(0), netmask }));
    expect(message?.sockaddrs).toMatchObject({ gateway: { bytes: new Uint8Array(0) }, netmask: { bytes: netmask } });
    const unclean = hex("10 02 00 00 0a 01 00 00 00 00 00 00 00 00 00 01");
    expect(decodeRouting(request(ROUTE_RTM.ADD, { dst: unclean }))[0]?.sockaddrs).toEqual({
      destination: { bytes: unclean },
    });
  });

  it.each<[string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
    ["a message of 3 bytes", () => hex("03 00 05"), /^message 1, byte 0, rtm_msglen: expected 4 bytes .*, found 3$/],
    [
      "a length beyond the bytes",
      (b) => changed(b, 0, 201),
      /^message 1, byte 0, rtm_msglen: expected 4 to 200, found 201$/,
    ],
    ["another version", (b) => changed(b, 2, 4), /rtm_version: expected 5, found 4$/],
    ["a header that is cut off", () => hex("08 00 05 01 00 00 00 00"), /rt_msghdr: expected 152 bytes/],
    [
      "a sockaddr beyond the end",
      (b) => changed(b, 0xb8, 17),
      /byte 184, netmask: expected sa_len of at most 16, found 17$/,
    ],
    [
      "a bit without a sockaddr",
      (b) => changed(b, 0x0c, 0x17),
      /byte 200, ifp: expected a sockaddr, found the end of the message$/,
    ],
  ])("%s is an error that says where", (_name, spoil, expected) => {
    const bytes = ECHO.slice();
    const spoilt = spoil(bytes);
    expect(() => decodeRouting(spoilt)).toThrow(expected);
  });

  it("refuse what does not fit a field", () => {
    const destination = { family: AF.INET, address: "10.1.0.0/16" } as const;
    expect(() => encodeRouting(routeMessage(ROUTE_RTM.ADD, {}, { destination }))).toThrow(
      'message 1, byte 156, destination: expected an IPv4 address, found "10.1.0.0/16"',
    );
    const ifp = { family: AF.LINK, length: 16, index: 1, type: 6, name: "epair0a", lladdr: "02:00" } as const;
    expect(() => encodeRouting(routeMessage(ROUTE_RTM.GET, {}, { ifp }))).toThrow(/ifp: expected sdl_len of 17 to 255/);
  });
});

describe("one line, all fields, JSON", () => {
  it("shows each kind of message in a line", () => {
    const { vnet, socket } = stage();
    vnet.addressAdd("epair0a", "2001:db8::1/64");
    vnet.interfaceAttach({ name: "em1" });
    vnet.interfaceSet("epair0a", { mtu: 1400 });
    const lines = [ECHO, ...heardBytes(socket)].map((bytes) => describeRouting(decodeRouting(bytes)[0] as never));
    expect(lines).toEqual([
      "RTM_ADD 10.1.0.0/16 via 192.0.2.1 dev 2 flags UP|GATEWAY|DONE|STATIC (200 bytes, seq 1, pid 4242)",
      "RTM_ADD 2001:db8::1 link#2 02:00:00:00:00:0a flags UP|HOST|DONE|LLDATA (240 bytes, seq 0, pid 0)",
      "RTM_NEWMADDR ff02::1:ff00:1%2 dev 2 lladdr 33:33:ff:00:00:01 (160 bytes)",
      "RTM_NEWMADDR ff02::1%2 dev 2 lladdr 33:33:00:00:00:01 (160 bytes)",
      "RTM_NEWMADDR ff01::1%2 dev 2 lladdr 33:33:00:00:00:01 (160 bytes)",
      "RTM_NEWADDR 2001:db8::1/64 dev 2 (140 bytes)",
      "RTM_ADD 2001:db8::1 link#2 dev 1 flags UP|HOST|DONE|STATIC|PINNED (240 bytes, seq 0, pid 0)",
      "RTM_ADD 2001:db8::/64 link#2 dev 2 flags UP|DONE|PINNED (232 bytes, seq 0, pid 0)",
      "RTM_IFANNOUNCE em1 arrival dev 4 (24 bytes)",
      "RTM_IFINFO dev 2 mtu 1400 link up flags UP|BROADCAST|RUNNING|SIMPLEX|MULTICAST (168 bytes)",
    ]);
  });

  it("names an errno, and a mask with gaps", () => {
    const message = routeMessage(
      ROUTE_RTM.ADD,
      { errno: 17 },
      { destination: { family: AF.INET, address: "10.0.0.0" }, netmask: { family: AF.INET, address: "255.0.255.0" } },
    );
    expect(describeRouting(message)).toBe("RTM_ADD 10.0.0.0/255.0.255.0 (184 bytes, EEXIST, seq 0, pid 0)");
  });

  it("[G.1.2] [G.1.4] shows every field and sockaddr by FreeBSD's name", () => {
    const text = explainRouting(decodeRouting(ECHO)[0] as never);
    expect(text).toMatch(/^RTM_ADD\n {2}rtm_msglen +200\n {2}rtm_version +5\n {2}rtm_type +RTM_ADD \(1\)/);
    expect(text).toMatch(/rtm_flags +0x843 \(RTF_UP\|RTF_GATEWAY\|RTF_DONE\|RTF_STATIC\)/);
    expect(text).toMatch(/rtm_addrs +0x7 \(RTA_DST\|RTA_GATEWAY\|RTA_NETMASK\)/);
    expect(text).toMatch(/rmx_nhidx +5/);
    expect(text).toMatch(/RTAX_DST +10\.1\.0\.0\n +RTAX_GATEWAY +192\.0\.2\.1\n +RTAX_NETMASK +255\.255\.0\.0$/);
  });

  it("is plain JSON", () => {
    const json = JSON.parse(JSON.stringify(routingToJson(decodeRouting(ECHO)[0] as never)));
    expect(json).toMatchObject({
      name: "RTM_ADD",
      kind: "route",
      header: { seq: 1, metrics: { mtu: "1500" } },
      sockaddrs: { destination: { address: "10.1.0.0" } },
    });
  });
});
