// Masks with gaps (rtsock G.4.3): routes that only a routing socket can make, beside those of prefixes.

import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RTF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { NET_RT, ROUTE_RTM, RTV } from "../../assembly/abi/rtsock.js";
import { Errno, Kernel, type RoutingSocket, type Vnet } from "../../host/kernel/kernel.js";
import { delRoute, dumpRequest, getRoute, newRoute, routesIn, dump as routesOf } from "../route/routes.js";
import { ask as askNetlink, drain, errorOf, split } from "../support/messages.js";
import { AS_GIVEN, monitor, openSocket, setupE } from "../support/setups.js";
import { decode, errnoOf, type RequestFields, type Routing, readAll, request } from "./routing.js";

const VIA = RTF.UP | RTF.GATEWAY | RTF.STATIC;
const GAPS: RequestFields = { dst: "10.0.1.0", netmask: "255.0.255.0", gateway: "192.0.2.9", flags: VIA };

function stage() {
  const setup = setupE({ ...AS_GIVEN, record: true });
  return { ...setup, routing: setup.vnet.routingSocket({ pid: 42 }) };
}

/** Writes a request; its echo. */
function ask(socket: RoutingSocket, type: ROUTE_RTM, fields: RequestFields): Routing {
  readAll(socket);
  const error = errnoOf(() => socket.write(request(type, fields)));
  const [echo] = readAll(socket);
  expect(echo?.errno).toBe(error);
  return echo as Routing;
}

function dump(vnet: Vnet, family: number): Routing[] {
  const { bytes } = vnet.sysctlNet([4, 17, 0, family, NET_RT.DUMP, 0], { room: 1 << 20 });
  const found: Routing[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint16(0, true);
    found.push(decode(bytes.slice(at, at + length)));
    at += length;
  }
  return found;
}

const name = ({ dst, netmask }: Routing): string => `${dst}${netmask === undefined ? "" : `/${netmask}`}`;
const found = (socket: RoutingSocket, dst: string): string => {
  const echo = ask(socket, ROUTE_RTM.GET, { dst });
  return echo.errno === Errno.OK ? name(echo) : String(Errno[echo.errno]);
};

describe("a mask with gaps", () => {
  it("[RF-RTSOCK-13c] is accepted, and echoed as it was given, with the address masked", () => {
    const { vnet, routing } = stage();
    const expected = { errno: 0, dst: "10.0.1.0", netmask: "255.0.255.0", gateway: "192.0.2.9" };
    expect(ask(routing, ROUTE_RTM.ADD, { ...GAPS, dst: "10.7.1.7" })).toMatchObject({ type: "ADD", ...expected });
    expect(ask(routing, ROUTE_RTM.GET, { dst: "10.9.1.9", netmask: "255.0.255.0" })).toMatchObject(expected);
    expect(found(routing, "10.200.1.200")).toBe("10.0.1.0/255.0.255.0");
    expect(found(routing, "10.200.2.200")).toBe("ESRCH");
    expect(vnet.check()).toBe(0);
  });

  it("[RF-RTSOCK-13c] is one of its own: EEXIST the second time, ESRCH where it is not, another beside it", () => {
    const { vnet, routing } = stage();
    const errno = (type: ROUTE_RTM, fields: RequestFields) => ask(routing, type, { ...GAPS, ...fields }).errno;
    expect(errno(ROUTE_RTM.DELETE, {})).toBe(Errno.ESRCH);
    expect(errno(ROUTE_RTM.CHANGE, {})).toBe(Errno.ESRCH);
    expect(errno(ROUTE_RTM.ADD, {})).toBe(Errno.OK);
    expect(errno(ROUTE_RTM.ADD, {})).toBe(Errno.EEXIST);
    expect(errno(ROUTE_RTM.ADD, { netmask: "255.255.0.255", dst: "10.0.0.0" })).toBe(Errno.OK);
    expect(errno(ROUTE_RTM.GET, { netmask: "255.0.254.0" })).toBe(Errno.ESRCH);
    expect(errno(ROUTE_RTM.DELETE, { gateway: "192.0.2.10" })).toBe(Errno.ESRCH);
    expect(errno(ROUTE_RTM.DELETE, {})).toBe(Errno.OK);
    expect(errno(ROUTE_RTM.GET, {})).toBe(Errno.ESRCH);
    expect(errno(ROUTE_RTM.DELETE, { netmask: "255.255.0.255", dst: "10.0.0.0" })).toBe(Errno.OK);
    expect(vnet.check()).toBe(0);
  });

  it("[RF-RTSOCK-13c] CHANGE gives it another gateway and mtu", () => {
    const { vnet, routing } = stage();
    ask(routing, ROUTE_RTM.ADD, GAPS);
    ask(routing, ROUTE_RTM.CHANGE, { ...GAPS, gateway: "192.0.2.10", inits: RTV.MTU, mtu: 1400 });
    const expected = { dst: "10.0.1.0", netmask: "255.0.255.0", gateway: "192.0.2.10", mtu: 1400 };
    expect(ask(routing, ROUTE_RTM.GET, { dst: "10.3.1.3" })).toMatchObject(expected);
    expect(vnet.check()).toBe(0);
  });

  it("[RF-RTSOCK-13c] IPv6 has them too", () => {
    const { vnet, routing } = stage();
    vnet.addressAdd("em0", "2001:db8::1/64");
    const route = { dst: "2001:dead:0:7::", netmask: "ffff:ffff:0:ffff::", gateway: "2001:db8::9", flags: VIA };
    expect(ask(routing, ROUTE_RTM.ADD, route).errno).toBe(Errno.OK);
    expect(found(routing, "2001:dead:99:7::1")).toBe("2001:dead:0:7::/ffff:ffff:0:ffff::");
    expect(found(routing, "2001:dead:99:8::1")).toBe("ESRCH");
    expect(dump(vnet, AF.INET6).map(name)).toContain("2001:dead:0:7::/ffff:ffff:0:ffff::");
    expect(vnet.check()).toBe(0);
  });

  it("[RF-RTSOCK-13c] stands in a dump at its address, before the prefixes that its first bits are", () => {
    const { vnet, routing } = stage();
    const add = (dst: string, netmask: string) => ask(routing, ROUTE_RTM.ADD, { ...GAPS, dst, netmask });
    add("10.0.0.0", "255.0.0.0");
    add("10.0.0.0", "255.0.255.0");
    add("10.0.0.0", "255.255.0.0");
    add("10.0.1.0", "255.0.255.0");
    add("11.0.0.0", "255.0.0.0");
    const shown = ["10.0.0.0/255.255.0.0", "10.0.0.0/255.0.255.0", "10.0.0.0/255.0.0.0", "10.0.1.0/255.0.255.0"];
    const all = dump(vnet, AF.INET).map(name);
    expect(all.filter((each) => /^1[01]\./.test(each))).toEqual([...shown, "11.0.0.0/255.0.0.0"]);
  });

  it("[RF-RTSOCK-13c] netlink hears of it with the number of ones as its length", () => {
    const { vnet, routing } = stage();
    const listener = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    ask(routing, ROUTE_RTM.ADD, GAPS);
    ask(routing, ROUTE_RTM.DELETE, GAPS);
    const heard = drain(listener);
    expect(heard.map((message) => message.type)).toEqual([RTM.NEWROUTE, RTM.DELROUTE]);
    for (const { body } of heard) expect([body[0], body[1]]).toEqual([AF.INET, 16]);
  });

  it("[RF-RTSOCK-13c] netlink finds it by an address and lists it, and cannot name it", () => {
    const { vnet, socket, routing } = stage();
    ask(routing, ROUTE_RTM.ADD, GAPS);
    expect(routesIn(askNetlink(socket, getRoute("10.200.1.7")))).toMatchObject([{ prefix: "10.0.1.0/16" }]);
    expect(routesOf(socket, AF.INET).map(({ prefix }) => prefix)).toContain("10.0.1.0/16");
    expect(errorOf(askNetlink(socket, delRoute("10.0.1.0/16")))).toBe(Errno.ESRCH);
    expect(vnet.check()).toBe(0);
  });

  it("[RF-RTSOCK-13c] a dump under way shows what there was when it began, whichever kind changes", () => {
    const { vnet, socket, routing } = stage();
    const change = (message: Uint8Array) => expect(errorOf(askNetlink(socket, message))).toBe(0);
    const hop = { gateway: "192.0.2.9" };
    for (let i = 0; i < 1000; i++) change(newRoute(`10.${i >> 8}.${i & 255}.128/25`, hop));
    for (const prefix of ["10.0.250.0/24", "10.0.251.0/24", "10.0.0.0/8"]) change(newRoute(prefix, hop));
    for (const dst of ["10.0.250.0", "10.0.252.0"]) ask(routing, ROUTE_RTM.ADD, { ...GAPS, dst });
    const prefixes = () => routesOf(socket, AF.INET).map(({ prefix }) => prefix);
    const before = prefixes();
    const other = openSocket(vnet);
    other.send(dumpRequest(AF.INET));
    const into = new Uint8Array(8192);
    const begun = split(into.slice(0, other.recv(into)));
    change(delRoute("10.0.250.0/24"));
    change(newRoute("10.0.250.0/23", hop));
    const read = split(into.slice(0, other.recv(into)));
    ask(routing, ROUTE_RTM.DELETE, { ...GAPS, dst: "10.0.250.0" });
    ask(routing, ROUTE_RTM.ADD, { ...GAPS, dst: "10.0.251.0" });
    expect(routesIn([...begun, ...read, ...drain(other)]).map(({ prefix }) => prefix)).toEqual(before);
    expect(prefixes().filter((prefix) => prefix.endsWith("/16"))).toEqual(["10.0.251.0/16", "10.0.252.0/16"]);
    expect(vnet.check()).toBe(0);
  });

  it("[RF-RTSOCK-13c] goes with its interface", () => {
    const { kernel, vnet, routing } = stage();
    ask(routing, ROUTE_RTM.ADD, GAPS);
    vnet.interfaceDetach("em0");
    expect(found(routing, "10.0.1.1")).toBe("ESRCH");
    expect(vnet.check()).toBe(0);
    expect(Kernel.replay(kernel.record()).vnet0.check()).toBe(0);
  });

  it("[RF-RTSOCK-13c] when it expires routing sockets are told its mask, and of the next one its own", () => {
    const { kernel, vnet, routing } = stage();
    const expiring = { ...GAPS, inits: RTV.EXPIRE, expire: kernel.wallClock - 1 };
    ask(routing, ROUTE_RTM.ADD, expiring);
    ask(routing, ROUTE_RTM.ADD, { ...expiring, dst: "10.0.0.0", netmask: "255.255.0.0" });
    kernel.advance(1);
    const told = ["10.0.0.0/255.255.0.0", "10.0.1.0/255.0.255.0"];
    expect(readAll(routing).map((message) => `${message.type} ${name(message)}`)).toEqual(
      told.map((each) => `DELETE ${each}`),
    );
    ask(routing, ROUTE_RTM.ADD, { ...expiring, dst: "10.0.0.0", netmask: "255.255.0.0" });
    kernel.advance(2);
    expect(readAll(routing).map(name)).toEqual(["10.0.0.0/255.255.0.0"]);
    expect(vnet.check()).toBe(0);
  });

  it("[RF-RTSOCK-13c] ENOMEM at any allocation leaves nothing of it", () => {
    for (let n = 1; ; n++) {
      const { vnet, routing } = stage();
      vnet.failAllocation(n);
      const error = errnoOf(() => routing.write(request(ROUTE_RTM.ADD, GAPS)));
      vnet.failAllocation(0);
      expect(vnet.check()).toBe(0);
      if (error === Errno.OK) break;
      expect([Errno.ENOMEM, Errno.ENOBUFS]).toContain(error);
      expect(found(routing, "10.0.1.1")).toBe("ESRCH");
    }
  });
});

// ---- a model: the trie of radix.c, with the masks of leaves lifted to nodes

interface ModelRoute {
  readonly key: number;
  readonly mask: number;
}
interface Leaf {
  readonly key: number;
  readonly chain: readonly ModelRoute[];
}
interface Node {
  readonly bit: number;
  readonly zero: Leaf | Node;
  readonly one: Leaf | Node;
  readonly lifted: ModelRoute[];
}

const isNode = (at: Leaf | Node): at is Node => "bit" in at;
const bitOf = (key: number, bit: number): number => (key >>> (31 - bit)) & 1;
const indexOf = (mask: number): number => Math.clz32(~mask);
const hasGaps = (mask: number): boolean => indexOf(mask) < 32 && mask << indexOf(mask) !== 0;
const matches = (route: ModelRoute, key: number): boolean => ((key ^ route.key) & route.mask) === 0;
const text = (word: number): string => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join(".");
const wordOf = (address: string): number =>
  address.split(".").reduce((word, byte) => (word << 8) | Number(byte), 0) >>> 0;

/** Bytes of a mask without its last zeros. */
function bytesOf(mask: number): number {
  let bytes = 4;
  while (bytes > 0 && ((mask >>> (8 * (4 - bytes))) & 255) === 0) bytes--;
  return bytes;
}

/** The order of masks at one key or node; where arrival counts in FreeBSD, the order here (gappedroutes.ts). */
function better(left: ModelRoute, right: ModelRoute): number {
  return (
    indexOf(right.mask) - indexOf(left.mask) ||
    Number(hasGaps(right.mask)) - Number(hasGaps(left.mask)) ||
    bytesOf(right.mask) - bytesOf(left.mask) ||
    (right.mask >>> 0) - (left.mask >>> 0)
  );
}

function trie(routes: readonly ModelRoute[]): Leaf | Node {
  const build = (keys: readonly number[], bit: number): Leaf | Node => {
    if (keys.length === 1) {
      const key = keys[0] as number;
      return { key, chain: routes.filter((route) => route.key === key).sort(better) };
    }
    const [zero, one] = [0, 1].map((side) => keys.filter((key) => bitOf(key, bit) === side)) as [number[], number[]];
    if (zero.length === 0 || one.length === 0) return build(keys, bit + 1);
    return { bit, zero: build(zero, bit + 1), one: build(one, bit + 1), lifted: [] };
  };
  const root = build([...new Set([0, 0xffffffff, ...routes.map((route) => route.key)])], 0);
  for (const route of routes) {
    const highest = pathTo(root, route.key).find((at) => isNode(at) && at.bit >= indexOf(route.mask));
    if (highest !== undefined) (highest as Node).lifted.push(route);
  }
  return root;
}

function pathTo(root: Leaf | Node, key: number): (Leaf | Node)[] {
  const path = [root];
  for (let at = root; isNode(at); path.push(at)) at = bitOf(key, at.bit) === 1 ? at.one : at.zero;
  return path;
}

/** rn_match: the leaf's own routes, then what was lifted to the nodes above it. */
function match(root: Leaf | Node, key: number): ModelRoute | undefined {
  for (const at of pathTo(root, key).reverse()) {
    const list = isNode(at) ? [...at.lifted].sort(better) : at.chain;
    const hit = list.find((route) => matches(route, key));
    if (hit !== undefined) return hit;
  }
  return undefined;
}

/** Where the model's 32 bits stand in an address of a family: in IPv6 behind 48 bits, on both sides of the middle. */
interface Placement {
  readonly name: string;
  readonly family: number;
  readonly gateway: string;
  readonly inModel: (address: string) => boolean;
  readonly address: (word: number) => string;
  readonly mask: (word: number) => string;
  readonly word: (address: string) => number;
}

const groups = (first: string, word: number): string =>
  new ipaddr.IPv6([
    ...first.split(":").flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
    ...[24, 16, 8, 0].map((shift) => (word >>> shift) & 255),
    ...new Array(6).fill(0),
  ]).toRFC5952String();

const PLACEMENTS: readonly Placement[] = [
  {
    name: "IPv4",
    family: AF.INET,
    gateway: "192.0.2.9",
    inModel: () => true,
    address: text,
    mask: text,
    word: wordOf,
  },
  {
    name: "IPv6",
    family: AF.INET6,
    gateway: "2001:db8::9",
    inModel: (address) => address.startsWith("2001:dead:beef:"),
    address: (word) => groups("2001:dead:beef", word),
    mask: (word) => groups("ffff:ffff:ffff", word),
    word: (address) =>
      ipaddr.IPv6.parse(address)
        .toByteArray()
        .slice(6, 10)
        .reduce((word, byte) => word * 256 + byte, 0),
  },
];

const CASES = PLACEMENTS.flatMap((placement) => [1, 2, 3, 4, 5, 6].map((seed) => ({ ...placement, seed })));
const MASKS = [0xff00ff00, 0xffff00ff, 0xff0000ff, 0xfffdff00, 0xff01ff00, 0xff00ffff, 0xff000100, 0xff020001];

function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe("lookups among masks of all kinds", () => {
  it.each(CASES)("[RF-RTSOCK-13c] are the radix tree's ($name, seed $seed)", ({ seed, ...at }) => {
    const random = generator(seed);
    const { vnet, routing } = stage();
    vnet.addressAdd("em0", "2001:db8::1/64");
    const add = (key: number, mask: number, type = ROUTE_RTM.ADD) =>
      ask(routing, type, { dst: at.address(key), netmask: at.mask(mask), gateway: at.gateway, flags: VIA });
    // In IPv6 too the trie's ends are keys of the model.
    for (const end of [0, 0xffffffff]) add(end, 0xffffffff);
    // Few bits vary, so that keys and masks meet.
    const key = () => (0x0a000000 | (random(4) << 16) | (random(4) << 8) | random(4)) >>> 0;
    for (let i = 0; i < 24; i++) {
      const mask = random(3) === 0 ? (-1 << (32 - (8 + random(25)))) >>> 0 : (MASKS[random(8)] as number);
      add(key(), mask, random(4) === 0 ? ROUTE_RTM.DELETE : ROUTE_RTM.ADD);
    }
    expect(vnet.check()).toBe(0);
    const routes = dump(vnet, at.family).filter(({ dst = "" }) => at.inModel(dst));
    const root = trie(
      routes.map(({ dst = "", netmask }) => ({
        key: at.word(dst),
        mask: netmask === undefined ? 0xffffffff : at.word(netmask),
      })),
    );
    for (let i = 0; i < 200; i++) {
      const sought = i < 150 ? key() : key() ^ (1 << random(24));
      const expected = match(root, sought);
      const isHost = expected?.mask === 0xffffffff && at.family === AF.INET;
      const shown = expected && at.address(expected.key) + (isHost ? "" : `/${at.mask(expected.mask)}`);
      expect([at.address(sought), found(routing, at.address(sought))]).toEqual([at.address(sought), shown ?? "ESRCH"]);
    }
  });
});
