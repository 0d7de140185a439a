import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, SO, SOL } from "../../assembly/abi/netlink.js";
import { IFA_F, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { type InterfaceOptions, Kernel, type Peer, type Socket, type Vnet } from "../../host/kernel/kernel.js";
import { newAddr } from "../route/addressrequests.js";
import {
  type Address,
  addresses,
  addressOf,
  addressTexts,
  events,
  getLink,
  indexOf,
  inWords,
  links,
} from "../route/links.js";
import { added, delRoute, dump, dumpRequest, find, getRoute, newRoute, routeTo } from "../route/routes.js";
import { ask, codeOf, concat, drain, errorOf, toHex } from "../support/messages.js";
import { monitor, openSocket, setupE, setupR } from "../support/setups.js";

const EM0 = { name: "em0", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["192.0.2.1/24"] } as const;

const DAD_COUNT = "net.inet6.ip6.dad_count";

/** Whether two memories are the same, byte for byte; the offset of the first byte that differs, else -1. */
function firstDifference(left: Uint8Array, right: Uint8Array): number {
  if (left.length !== right.length) return Math.min(left.length, right.length);
  return Buffer.compare(left, right) === 0 ? -1 : left.findIndex((byte, i) => byte !== right[i]);
}

/** Takes much of a vnet: interfaces, addresses, routes, sockets, ports, memberships, queued messages. */
function fill(vnet: Vnet): Socket[] {
  const sockets = Array.from({ length: 40 }, (_, i) => {
    const socket = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV4_IFADDR);
    socket.bind(1000 + i);
    return socket;
  });
  for (let i = 0; i < 100; i++) vnet.addressAdd("em0", `10.${i}.0.1/24`);
  vnet.interfaceDown("em0");
  vnet.interfaceUp("em0");
  const writer = openSocket(vnet);
  const oif = indexOf(vnet, "em0");
  for (let i = 0; i < 2000; i += 100) {
    const batch = Array.from({ length: 100 }, (_, j) => newRoute(`172.16.${i / 100}.${j}/32`, { oif }, "qC"));
    writer.send(concat(...batch));
    added(writer, `172.20.${i / 100}.0/24`, { gateway: "192.0.2.254" });
  }
  writer.send(dumpRequest(AF.UNSPEC));
  return [...sockets, writer];
}

describe("two vnets share nothing", () => {
  it("[N8.5] filling one leaves every byte of the others' memory as it was", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], interfaces: [EM0] });
    const [filled, other] = ["filled", "other"].map((name) => kernel.vnetCreate(name, { interfaces: [EM0] })) as [
      Vnet,
      Vnet,
    ];
    const witness = monitor(other, RTNLGRP.LINK, RTNLGRP.IPV4_ROUTE);
    const before = [other.memory.slice(), kernel.vnet0.memory.slice()] as const;
    const sockets = fill(filled);
    expect(firstDifference(other.memory, before[0])).toBe(-1);
    expect(firstDifference(kernel.vnet0.memory, before[1])).toBe(-1);
    expect(filled.statistics().routes).toBeGreaterThan(other.statistics().routes + 2100);
    for (const socket of sockets) socket.close();
    kernel.vnetDestroy("filled");
    expect(firstDifference(other.memory, before[0])).toBe(-1);
    expect(drain(witness)).toEqual([]);
  });

  it("[N2.3] [N8.5] [RF-VNET-4] the same interface, address, route, port and group in both, each its own", () => {
    const { kernel, vnet, socket } = setupE();
    const other = kernel.vnetCreate("other", { interfaces: [EM0] });
    const there = openSocket(other);
    for (const each of [socket, there]) {
      each.bind(100, 0x40);
      added(each, "10.1.0.0/16", { gateway: "192.0.2.254" });
    }
    expect([socket, there].map((each) => each.getsockname().port)).toEqual([100, 100]);
    expect(codeOf(() => openSocket(other).bind(100))).toBe("EADDRINUSE");
    expect(errorOf(ask(there, delRoute("10.1.0.0/16")))).toBe(0);
    expect(find(there, "10.1.0.0/16")).toBeUndefined();
    expect(routeTo(socket, "10.1.0.0/16").oif).toBe(vnet.interfaceIndex("em0"));
    other.addressDelete("em0", "192.0.2.1");
    expect(addressTexts(socket, { family: AF.INET })).toEqual(["127.0.0.1/8", "192.0.2.1/24"]);
    socket.close();
    expect(there.getsockname().port).toBe(100);
  });

  it("[N8.4] [N8.5] [RF-VNET-5] a change in one is no event in the other", () => {
    const { kernel, vnet, socket } = setupE();
    const other = kernel.vnetCreate("other", { interfaces: [EM0] });
    const groups = Array.from({ length: 33 }, (_, i) => i + 1);
    const [here, there] = [monitor(vnet, ...groups), monitor(other, ...groups)];
    vnet.interfaceDown("em1");
    vnet.addressAdd("em1", "198.51.100.1/24");
    added(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    vnet.interfaceDetach("em1");
    expect(drain(here).length).toBeGreaterThan(4);
    expect(drain(there)).toEqual([]);
    other.interfaceDown("em0");
    expect(events(there)).toEqual(["DELADDR 192.0.2.1/24", "NEWLINK em0 0x1"]);
    expect(drain(here)).toEqual([]);
  });

  it("[N8.5] memory that runs out in one is there in the other", () => {
    const { kernel, vnet, socket } = setupE();
    const other = kernel.vnetCreate("other", { interfaces: [EM0] });
    vnet.failAllocation(1, true);
    expect(codeOf(() => vnet.socket())).toBe("ENOBUFS");
    expect(links(openSocket(other))).toHaveLength(2);
    vnet.failAllocation(0);
    expect(links(socket)).toHaveLength(3);
  });

  it("[RF-VNET-13] the same calls with the same seed give the same bytes in both", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], seed: 77, policy: "seeded" });
    const run = (name: string): { bytes: string[]; memory: Uint8Array } => {
      const vnet = kernel.vnetCreate(name, { interfaces: [EM0, { name: "em1" }] });
      const sockets = Array.from({ length: 5 }, () => monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_ROUTE));
      const bytes: string[] = [];
      for (const socket of sockets) {
        socket.bind(0);
        bytes.push(toHex(socket.getsockname().bytes));
      }
      const [first] = sockets as [Socket];
      for (let i = 0; i < 50; i++) first.send(newRoute(`10.${i}.0.0/16`, { gateway: `192.0.2.${100 + (i % 7)}` }));
      vnet.interfaceUp("em1");
      first.send(dumpRequest(AF.UNSPEC));
      for (const socket of sockets) bytes.push(...drain(socket).map((each) => toHex(each.bytes)));
      const memory = vnet.memory.slice();
      for (const socket of sockets) socket.close();
      kernel.vnetDestroy(name);
      return { bytes, memory };
    };
    const [left, right] = [run("left"), run("right")];
    expect(left.bytes.length).toBeGreaterThan(100);
    // Ports beyond the first are drawn at random.
    expect(new Set(left.bytes.slice(0, 5)).size).toBe(5);
    expect(right.bytes).toEqual(left.bytes);
    expect(firstDifference(right.memory, left.memory)).toBe(-1);
  });
});

describe("what a vnet begins with, and how it ends", () => {
  it("lo0, down and without addresses, and no routes; then what it was asked for", () => {
    const { kernel } = setupR();
    const plain = openSocket(kernel.vnetCreate("plain"));
    expect(links(plain).map(({ name, flags }) => [name, flags & 1])).toEqual([["lo0", 0]]);
    expect([addressTexts(plain), dump(plain, AF.UNSPEC)]).toEqual([[], []]);
    const asked = openSocket(kernel.vnetCreate("asked", { interfaces: [EM0] }));
    expect(links(asked).map((link) => link.name)).toEqual(["lo0", "em0"]);
    expect(addressTexts(asked)).toEqual(["192.0.2.1/24"]);
    expect(kernel.vnets.map((vnet) => vnet.name)).toEqual(["vnet0", "plain", "asked"]);
    expect(kernel.vnet("asked")?.name).toBe("asked");
    expect(kernel.vnet("nosuch")).toBeUndefined();
  });

  it("a name in use is EEXIST, an empty one EINVAL, an unknown one ENOENT; vnet0 stays", () => {
    const { kernel } = setupR();
    kernel.vnetCreate("a");
    expect(codeOf(() => kernel.vnetCreate("a"))).toBe("EEXIST");
    expect(codeOf(() => kernel.vnetCreate("vnet0"))).toBe("EEXIST");
    expect(codeOf(() => kernel.vnetCreate(""))).toBe("EINVAL");
    expect(codeOf(() => kernel.vnetDestroy("nosuch"))).toBe("ENOENT");
    expect(codeOf(() => kernel.vnetDestroy("vnet0"))).toBe("EBUSY");
    kernel.vnetDestroy("a");
    expect(codeOf(() => kernel.vnetDestroy("a"))).toBe("ENOENT");
    expect(kernel.vnets.map((vnet) => vnet.name)).toEqual(["vnet0"]);
  });

  it("a vnet whose interfaces cannot be made does not come into being", () => {
    const { kernel } = setupR();
    const interfaces = [EM0, EM0];
    expect(() => kernel.vnetCreate("broken", { interfaces })).toThrow(/EEXIST/);
    expect(kernel.vnet("broken")).toBeUndefined();
    const vnet = kernel.vnetCreate("broken", { interfaces: [EM0] });
    expect(["lo0", "em0"].map((name) => vnet.interfaceIndex(name))).toEqual([2, 3]);
  });

  it.each<[string, InterfaceOptions]>([
    ["name", { name: "em 1" }],
    ["mtu", { name: "em1", mtu: 71 }],
    ["fib", { name: "em1", fib: 1 }],
    ["lladdr", { name: "em1", lladdr: "02:00" }],
    ["address", { name: "em1", addresses: ["192.0.2.1/33"] }],
    ["description", { name: "em1", description: "d".repeat(64) }],
    ["lladdr of a cloner's", { name: "tap", kind: "tap", lladdr: "02:00" }],
  ])("is not begun when an interface's %s is wrong: no other vnet hears of it, and the log replays", (_, wrong) => {
    const kernel = Kernel.boot({ modules: ["netlink"], record: true, interfaces: [EM0] });
    const before = kernel.vnet0.memory.slice();
    // vnet0 knows the indices of all vnets, in a table that grows with them and stays as large when they are given back.
    const many = Array.from({ length: 500 }, (_, i) => ({ name: `ix${i}` }));
    expect(() => kernel.vnetCreate("broken", { interfaces: [...many, wrong] })).toThrow();
    expect(firstDifference(kernel.vnet0.memory, before)).toBe(-1);
    expect(kernel.vnets).toEqual([kernel.vnet0]);
    expect(indexOf(kernel.vnetCreate("broken", { interfaces: [EM0] }), "em0")).toBe(4);
    const log = kernel.record();
    expect(Kernel.replay(log).record()).toEqual(log);
  });

  it("[N2.10] [N8.5] [RF-VNET-9a] with open sockets it stays, and all goes on; without it goes", () => {
    const { kernel } = setupR();
    const vnet = kernel.vnetCreate("a", { interfaces: [EM0] });
    const socket = openSocket(vnet);
    expect(codeOf(() => kernel.vnetDestroy("a"))).toBe("EBUSY");
    added(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    expect(links(socket)).toHaveLength(2);
    socket.close();
    kernel.vnetDestroy("a");
    expect(kernel.vnet("a")).toBeUndefined();
    expect(openSocket(kernel.vnetCreate("a")).getsockname().port).toBe(0);
  });

  describe("once destroyed refuses with ENXIO, and nothing of it gets into the log", () => {
    const refused = (act: (vnet: Vnet, socket: Socket, peer: Peer, kernel: Kernel) => unknown): void => {
      const kernel = Kernel.boot({ modules: ["netlink"], record: true });
      const vnet = kernel.vnetCreate("gone", { interfaces: [EM0] });
      const peer = vnet.peer("em0", { address: "192.0.2.7", lladdr: "02:00:00:00:00:07" });
      const socket = vnet.socket();
      socket.close();
      kernel.vnetDestroy("gone");
      const { events } = kernel.record();
      expect(codeOf(() => act(vnet, socket, peer, kernel))).toBe("ENXIO");
      // A vnet that has the name now is another one.
      const heir = kernel.vnetCreate("gone", { interfaces: [EM0] });
      const before = heir.memory.slice();
      expect(codeOf(() => act(vnet, socket, peer, kernel))).toBe("ENXIO");
      expect(firstDifference(heir.memory, before)).toBe(-1);
      const log = kernel.record();
      expect(log.events.slice(events.length).map(({ call }) => call)).toEqual(["vnetCreate"]);
      expect(Kernel.replay(log).record()).toEqual(log);
    };

    it.each<[string, (vnet: Vnet) => unknown]>([
      ["socket", (vnet) => vnet.socket()],
      ["interfaceAttach", (vnet) => vnet.interfaceAttach({ name: "em1" })],
      ["interfaceCreate", (vnet) => vnet.interfaceCreate("tap")],
      ["interfaceDestroy", (vnet) => vnet.interfaceDestroy("em0")],
      ["interfaceRename", (vnet) => vnet.interfaceRename("em0", "em1")],
      ["interfaceSet", (vnet) => vnet.interfaceSet("em0", { mtu: 1400 })],
      ["interfaceDetach", (vnet) => vnet.interfaceDetach("em0")],
      ["interfaceUp", (vnet) => vnet.interfaceUp("em0")],
      ["interfaceDown", (vnet) => vnet.interfaceDown("em0")],
      ["interfaceInet6", (vnet) => vnet.interfaceInet6("em0", true)],
      ["interfaceIndex", (vnet) => vnet.interfaceIndex("em0")],
      ["deviceOpen", (vnet) => vnet.deviceOpen("em0")],
      ["deviceClose", (vnet) => vnet.deviceClose("em0")],
      ["addressAdd", (vnet) => vnet.addressAdd("em0", "192.0.2.2/24")],
      ["addressDelete", (vnet) => vnet.addressDelete("em0", "192.0.2.1")],
      ["addressDuplicate", (vnet) => vnet.addressDuplicate("em0", "192.0.2.1")],
      ["sysctl, read", (vnet) => vnet.sysctl("net.route.multipath")],
      ["sysctl, written", (vnet) => vnet.sysctl("net.route.multipath", 0)],
      ["sysctl that there is not", (vnet) => vnet.sysctl("net.nosuch")],
      ["neighbourResolve", (vnet) => vnet.neighbourResolve("em0", "192.0.2.7")],
      ["peer", (vnet) => vnet.peer("em0", { address: "192.0.2.8", lladdr: "02:00:00:00:00:08" })],
      ["traffic", (vnet) => vnet.neighbours.traffic()],
      ["failAllocation", (vnet) => vnet.failAllocation(1)],
      ["forgetHighWater", (vnet) => vnet.forgetHighWater()],
      ["check", (vnet) => vnet.check()],
      ["statistics", (vnet) => vnet.statistics()],
      ["memory", (vnet) => vnet.memory],
    ])("a vnet: %s", (_, act) => refused(act));

    it("an interface that leaves it, or would move to it", () => {
      refused((vnet, _, __, kernel) => vnet.interfaceMove("em0", kernel.vnet0));
      refused((vnet, _, __, kernel) => kernel.vnet0.interfaceMove("lo0", vnet));
    });

    it.each<[string, (socket: Socket) => unknown]>([
      ["bind", (socket) => socket.bind(0)],
      ["connect", (socket) => socket.connect()],
      ["getsockname", (socket) => socket.getsockname()],
      ["getpeername", (socket) => socket.getpeername()],
      ["listen", (socket) => socket.listen()],
      ["accept", (socket) => socket.accept()],
      ["shutdown", (socket) => socket.shutdown(2)],
      ["setsockopt", (socket) => socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 4000)],
      ["getsockopt", (socket) => socket.getsockopt(SOL.SOCKET, SO.RCVBUF)],
      ["send", (socket) => socket.send(new Uint8Array(16))],
      ["recv", (socket) => socket.recv(new Uint8Array(16))],
      ["recvmsg", (socket) => socket.recvmsg(new Uint8Array(16))],
      ["poll", (socket) => socket.poll()],
      ["ioctl", (socket) => socket.ioctl(FIO.NREAD)],
    ])("its sockets: %s", (_, act) => refused((__, socket) => act(socket)));

    it.each<[string, (peer: Peer) => unknown]>([
      ["change", (peer) => peer.change({ answers: false })],
      ["send", (peer) => peer.send({ message: "announcement" })],
      ["remove", (peer) => peer.remove()],
    ])("the other hosts of its links: %s", (_, act) => refused((__, ___, peer) => act(peer)));
  });

  it("a second close of a socket does nothing, in a destroyed vnet too", () => {
    const { kernel } = setupR();
    const socket = kernel.vnetCreate("a").socket();
    socket.close();
    kernel.vnetDestroy("a");
    socket.close();
    expect(socket.isClosed).toBe(true);
  });

  it("[N8.5] [RF-VNET-9b] 200 vnets, one socket and one route each: all answer, and removed they leave nothing", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    const round = (): void => {
      const made = Array.from({ length: 200 }, (_, i) => {
        const vnet = kernel.vnetCreate(`v${i}`, { interfaces: [EM0] });
        const socket = openSocket(vnet);
        added(socket, `10.${i}.0.0/16`, { gateway: "192.0.2.254" });
        return { vnet, socket };
      });
      made.forEach(({ vnet, socket }, i) => {
        const own = dump(socket, AF.INET).filter((route) => route.gateway !== undefined);
        expect(own.map((route) => [route.prefix, route.oif])).toEqual([[`10.${i}.0.0/16`, vnet.interfaceIndex("em0")]]);
      });
      made.forEach(({ vnet, socket }) => {
        socket.close();
        kernel.vnetDestroy(vnet.name);
      });
    };
    const start = kernel.vnet0.statistics();
    round();
    expect(kernel.vnets).toHaveLength(1);
    const { interfaces, sockets, routes } = kernel.vnet0.statistics();
    expect({ interfaces, sockets, routes }).toEqual({
      interfaces: start.interfaces,
      sockets: start.sockets,
      routes: start.routes,
    });
    // The set of interface indices keeps the size it once had; from then on every byte is as it was.
    const memory = kernel.vnet0.memory.slice();
    round();
    expect(firstDifference(kernel.vnet0.memory, memory)).toBe(-1);
    expect(kernel.vnet0.interfaceAttach({ name: "em0" })).toBe(2);
  });
});

describe("the sockets that a kernel knows by number", () => {
  it("a closed one is let go, and its number is not given again", () => {
    const { kernel, vnet } = setupR();
    const other = kernel.vnetCreate("other");
    const sockets = [vnet, other, vnet].map((each) => each.socket());
    const numbers = sockets.map((socket) => socket.number);
    const [first, second, third] = numbers as [number, number, number];
    expect(numbers.map((number) => kernel.socketByNumber(number))).toEqual(sockets);
    sockets[1]?.close();
    expect(kernel.socketByNumber(second)).toBeUndefined();
    expect([first, third].map((number) => kernel.socketByNumber(number)?.isClosed)).toEqual([false, false]);
    expect(vnet.socket().number).toBe(third + 1);
  });

  it("while the kernel records a closed one stays: calls on it are in the log, and replayed", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], record: true });
    const socket = kernel.vnet0.socket();
    socket.close();
    expect(codeOf(() => socket.bind(0))).toBe("EBADF");
    expect(kernel.socketByNumber(socket.number)).toBe(socket);
    const log = kernel.record();
    expect(log.events.at(-1)?.outcome).toEqual({ errno: Errno.EBADF });
    expect(Kernel.replay(log).record()).toEqual(log);
  });
});

describe("interface indices", () => {
  it("[B.6.2] [RF-VNET-12] [RF-LINK-41b] one table for all vnets, the lowest free first", () => {
    const { kernel, vnet } = setupE();
    const a = kernel.vnetCreate("a", { interfaces: [EM0] });
    const b = kernel.vnetCreate("b");
    const of = (each: Vnet, ...names: string[]) => names.map((name) => each.interfaceIndex(name));
    expect([of(vnet, "lo0", "em0", "em1"), of(a, "lo0", "em0"), of(b, "lo0")]).toEqual([[1, 2, 3], [4, 5], [6]]);
    vnet.interfaceDetach("em0");
    expect(b.interfaceAttach({ name: "em0" })).toBe(2);
    kernel.vnetDestroy("a");
    expect(vnet.interfaceAttach({ name: "em0" })).toBe(4);
    expect(b.interfaceAttach({ name: "em1" })).toBe(5);
    expect(b.interfaceAttach({ name: "em2" })).toBe(7);
  });

  it("[B.6.2] an attachment that fails takes no index", () => {
    const { kernel, vnet } = setupE();
    const other = kernel.vnetCreate("other");
    expect(codeOf(() => vnet.interfaceAttach({ name: "em0" }))).toBe("EEXIST");
    expect(codeOf(() => other.interfaceAttach({ name: "0" }))).toBe("EINVAL");
    expect(other.interfaceAttach({ name: "em0" })).toBe(5);
  });

  it("[B.2.3] [N8.5] the index of another vnet's interface is unknown", () => {
    const { kernel, socket } = setupE();
    const other = kernel.vnetCreate("other", { interfaces: [EM0] });
    const index = other.interfaceIndex("em0") ?? 0;
    expect(errorOf(ask(socket, getLink({ index }, "q")))).toBe(Errno.ENODEV);
    expect(errorOf(ask(socket, newRoute("10.1.0.0/16", { oif: index })))).toBe(Errno.ENOENT);
    expect(ask(openSocket(other), getLink({ index }, "q")).map(inWords)).toEqual(["NEWLINK em0 0x0"]);
  });

  it("[B.5.1] [RF-VNET-11] a vnet's lo0 does not leave", () => {
    const { kernel } = setupR();
    const vnet = kernel.vnetCreate("a");
    expect(codeOf(() => vnet.interfaceDetach("lo0"))).toBe("EINVAL");
    expect(links(openSocket(vnet)).map((link) => link.name)).toEqual(["lo0"]);
  });
});

describe("jails", () => {
  it("[0.9] [RF-VNET-6a] root of a vnet jail changes routes", () => {
    const { kernel } = setupR();
    const vnet = kernel.vnetCreate("v", { interfaces: [EM0] });
    const socket = openSocket(vnet, { cred: { jail: { vnet: true } } });
    expect(errorOf(ask(socket, newRoute("10.1.0.0/16", { gateway: "192.0.2.254" })))).toBe(0);
    expect(errorOf(ask(socket, delRoute("10.1.0.0/16")))).toBe(0);
    expect(addressTexts(socket)).toEqual(["192.0.2.1/24"]);
  });

  it("[0.2] [0.9] [RF-VNET-6b] a jail without a vnet, and another user, get EPERM, whatever is wrong besides", () => {
    const { vnet, socket } = setupE();
    const creds = [{ jail: { vnet: false, addresses: ["192.0.2.1"] } }, { uid: 1001 }];
    const { routes } = vnet.statistics();
    for (const cred of creds) {
      const other = openSocket(vnet, { cred });
      for (const request of [
        newRoute("10.1.0.0/16", { gateway: "192.0.2.254" }),
        newRoute(undefined),
        delRoute("192.0.2.0/24"),
        delRoute("10.99.0.0/16"),
      ]) {
        expect(errorOf(ask(other, request))).toBe(Errno.EPERM);
      }
    }
    expect(vnet.statistics().routes).toBe(routes);
    expect(routeTo(socket, "192.0.2.0/24").oif).toBe(2);
  });

  it("[C.2.4] [E.3.3] [RF-VNET-7] a jail without a vnet sees its own addresses and their host routes", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    vnet.addressAdd("em1", "2001:db8::1/64");
    added(socket, "0.0.0.0/0", { gateway: "192.0.2.254" });
    added(socket, "203.0.113.9/32", { gateway: "192.0.2.254" });
    const jailed = openSocket(vnet, { cred: { jail: { vnet: false, addresses: ["198.51.100.1", "2001:db8::1"] } } });
    expect(addressTexts(jailed)).toEqual(["198.51.100.1/24", "2001:db8::1/64"]);
    expect(dump(jailed, AF.UNSPEC).map((route) => route.prefix)).toEqual(["198.51.100.1/32", "2001:db8::1/128"]);
    expect(ask(jailed, getRoute("198.51.100.1/32", {}, "q"))[0]?.type).toBe(24);
    for (const hidden of ["198.51.100.7/32", "192.0.2.1/32", "203.0.113.9/32", "8.8.8.8/32", "2001:db8::9/128"]) {
      expect(errorOf(ask(jailed, getRoute(hidden, {}, "q")))).toBe(Errno.ESRCH);
    }
    expect(dump(openSocket(vnet, { cred: { jail: { vnet: false } } }), AF.UNSPEC)).toEqual([]);
  });
});

describe("fibs", () => {
  it("[N8.5] each vnet has its own tables; a table beyond net.fibs is EINVAL", () => {
    const { kernel, socket } = setupE({ fibs: 2 });
    const there = openSocket(kernel.vnetCreate("other", { interfaces: [EM0] }));
    for (const each of [socket, there]) {
      expect(errorOf(ask(each, newRoute("10.1.0.0/16", { type: 6, table: 2 })))).toBe(Errno.EINVAL);
    }
    added(socket, "10.1.0.0/16", { oif: 2, table: 1 });
    expect(routeTo(socket, "10.1.0.0/16", { table: 1 }).table).toBe(1);
    expect(dump(there, AF.UNSPEC, { table: 1 })).toEqual([]);
    expect(find(there, "10.1.0.0/16")).toBeUndefined();
  });
});

describe("duplicate address detection", () => {
  it("[FB-113] [C.5.3] with dad_count 0 in one vnet its addresses are never tentative; the host's are, as before", () => {
    const { kernel, vnet: host, socket } = setupE();
    const jail = kernel.vnetCreate("v", { interfaces: [EM0] });
    const inside = openSocket(jail);
    const [hostTold, told] = [monitor(host, RTNLGRP.IPV6_IFADDR), monitor(jail, RTNLGRP.IPV6_IFADDR)];
    const count = host.sysctl(DAD_COUNT);
    expect(count).toBeGreaterThan(0);
    expect(jail.sysctl(DAD_COUNT, 0)).toBe(0);
    expect([host.sysctl(DAD_COUNT), jail.sysctl(DAD_COUNT)]).toEqual([count, 0]);

    // IPv6 is off on an interface until its first address, which is not detected anywhere: the second tells.
    const index = indexOf(jail, "em0");
    for (const own of ["2001:db8::1/64", "2001:db8::2/64"]) {
      expect(errorOf(ask(inside, newAddr(own, { index })))).toBe(Errno.OK);
      expect(errorOf(ask(socket, newAddr(own, { index: indexOf(host, "em0") })))).toBe(Errno.OK);
    }
    const isTentative = (each: Address): boolean => (each.flags & IFA_F.TENTATIVE) !== 0;
    const tentative = (from: Socket): (string | undefined)[] =>
      addresses(from)
        .filter(isTentative)
        .map((each) => each.address);
    const toldTentative = (from: Socket): (string | undefined)[] =>
      drain(from)
        .map(addressOf)
        .filter(isTentative)
        .map((each) => each.address);
    expect(toldTentative(told)).toEqual([]);
    expect(tentative(inside)).toEqual([]);
    expect(toldTentative(hostTold)).toContain("2001:db8::2");
    expect(tentative(socket)).toContain("2001:db8::2");
    // A link-local address that comes of itself waits up to a second before its probes.
    kernel.advance(1000 * (count + 1));
    expect([tentative(inside), tentative(socket)]).toEqual([[], []]);
    expect(host.sysctl(DAD_COUNT)).toBe(count);
  });
});
