// Interfaces of several vnets: moves, the halves of an epair in different vnets, one table of indices.

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { IF_OPER, IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Kernel, type Vnet } from "../../host/kernel/kernel.js";
import { addPair, create, deleteLink, errno, made, setupPair, vlanData } from "../route/linkrequests.js";
import { addressTexts, events, linkNamed, links } from "../route/links.js";
import { added, dump, newRoute } from "../route/routes.js";
import { ask, codeOf, drain, errorOf } from "../support/messages.js";
import { monitor, openSocket, type Setup } from "../support/setups.js";

interface Two extends Setup {
  readonly other: Vnet;
}

/** E, and a vnet v beside it. */
function setupTwo(): Two {
  const setup = setupPair();
  return { ...setup, other: setup.kernel.vnetCreate("v") };
}

function names(vnet: Vnet): string[] {
  const socket = openSocket(vnet);
  const found = links(socket).map(({ name, index }) => `${name} ${index}`);
  socket.close();
  return found;
}

describe("a move", () => {
  it("[B.6] [B.6.1] [B.2.4] [RF-VNET-1] [FB-109] is a departure here, an arrival at the tail there", () => {
    const { vnet, other } = setupTwo();
    const [here, there] = [vnet, other].map((each) => monitor(each, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR)) as never[];
    vnet.interfaceMove("epair0a", other);
    expect(events(here as never)).toEqual([
      "DELADDR 192.0.2.1/24",
      "NEWLINK epair0a 0x1",
      "DELADDR 192.0.2.1/24",
      "DELLINK epair0a 0x0",
    ]);
    expect(events(there as never)).toEqual(["NEWLINK epair0a 0x0"]);
    // net/if.c, if_vmove: the index is that of the ifnet, and goes along.
    expect([names(vnet), names(other)]).toEqual([
      ["lo0 1", "epair0b 3"],
      ["lo0 4", "epair0a 2"],
    ]);
  });

  it("[B.6.1] a moved link does not die, it only goes down", () => {
    const { vnet, other } = setupTwo();
    vnet.interfaceSet("epair0a", { description: "uplink", mtu: 9000 });
    vnet.interfaceMove("epair0a", other);
    const link = linkNamed(openSocket(other), "epair0a");
    expect(link).toMatchObject({ alias: "uplink", mtu: 9000, operState: IF_OPER.UP });
    expect(link.flags & (IFF.DYING | IFF.UP | IFF.RUNNING)).toBe(IFF.RUNNING);
  });

  it("[B.6.1] [C.6] [RF-VNET-2] its addresses and routes are gone on both sides", () => {
    const { vnet, socket, other } = setupTwo();
    added(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    vnet.interfaceMove("epair0a", other);
    expect(dump(socket, AF.INET).map((route) => route.prefix)).toEqual(["127.0.0.1/32"]);
    const there = openSocket(other);
    expect([addressTexts(there), dump(there, AF.UNSPEC)]).toEqual([[], []]);
    other.addressAdd("epair0a", "198.51.100.1/24");
    expect(addressTexts(there)).toEqual(["198.51.100.1/24"]);
    expect(errorOf(ask(there, newRoute("10.1.0.0/16", { gateway: "198.51.100.9" })))).toBe(0);
  });

  it("[N8.5] [RF-VNET-3a] of a missing link, to a vnet that has the name, and of lo0 is refused; nothing changes", () => {
    const { vnet, other, kernel } = setupTwo();
    other.interfaceAttach({ name: "epair0a" });
    const before = [names(vnet), names(other)];
    expect(codeOf(() => vnet.interfaceMove("nope", other))).toBe("ENXIO");
    expect(codeOf(() => vnet.interfaceMove("epair0a", other))).toBe("EEXIST");
    expect(codeOf(() => vnet.interfaceMove("epair0a", vnet))).toBe("EEXIST");
    expect(codeOf(() => vnet.interfaceMove("lo0", other))).toBe("EEXIST");
    const empty = kernel.vnetCreate("w");
    empty.interfaceRename("lo0", "loop");
    expect(codeOf(() => empty.interfaceMove("loop", other))).toBe("EINVAL");
    expect([names(vnet), names(other)]).toEqual(before);
    expect([vnet, other].map((each) => each.check())).toEqual([0, 0]);
  });

  it("[RF-LINK-15] [B.2.4] and back: it is the last in the list", () => {
    const { vnet, socket, other } = setupTwo();
    made(socket, "lo5");
    vnet.interfaceMove("epair0a", other);
    other.interfaceMove("epair0a", vnet);
    expect(links(socket).map((link) => link.name)).toEqual(["lo0", "epair0b", "lo5", "epair0a"]);
  });

  it("without memory on either side does not happen", () => {
    const { vnet, other } = setupTwo();
    const before = [names(vnet), names(other)];
    let refusals = 0;
    for (const failing of [other, vnet]) {
      for (let n = 1; n < 20; n++) {
        failing.failAllocation(n);
        const code = codeOf(() => vnet.interfaceMove("epair0a", other));
        failing.failAllocation(0);
        if (code === undefined) {
          other.interfaceMove("epair0a", vnet);
          break;
        }
        expect(code).toBe("ENOMEM");
        expect([names(vnet), names(other)]).toEqual(before);
        refusals++;
      }
    }
    expect(refusals).toBeGreaterThan(0);
    expect([vnet, other].map((each) => each.check())).toEqual([0, 0]);
  });
});

describe("the halves of an epair in two vnets", () => {
  it("[FB-112] each vnet lists its own", () => {
    const { kernel, vnet } = setupPair();
    const [v, w] = ["v", "w"].map((name) => kernel.vnetCreate(name)) as [Vnet, Vnet];
    vnet.interfaceMove("epair0a", v);
    vnet.interfaceMove("epair0b", w);
    v.addressAdd("epair0a", "192.0.2.1/24");
    w.addressAdd("epair0b", "192.0.2.2/24");
    expect([vnet, v, w].map(names)).toEqual([["lo0 1"], ["lo0 4", "epair0a 2"], ["lo0 5", "epair0b 3"]]);
    expect([v, w].map((each) => addressTexts(openSocket(each)))).toEqual([["192.0.2.1/24"], ["192.0.2.2/24"]]);
  });

  it("[B.6] the carrier of one is that of the other", () => {
    const { vnet, socket, other } = setupTwo();
    vnet.interfaceMove("epair0b", other);
    const watcher = monitor(other, RTNLGRP.LINK);
    vnet.interfaceSet("epair0a", { carrier: false });
    expect(events(watcher)).toEqual(new Array(2).fill("NEWLINK epair0b 0x0"));
    expect(linkNamed(openSocket(other), "epair0b").operState).toBe(IF_OPER.DOWN);
    other.interfaceSet("epair0b", { carrier: true });
    expect(linkNamed(socket, "epair0a").operState).toBe(IF_OPER.UP);
  });

  it.each([
    ["at home, by RTM_DELLINK", (two: Two) => void errno(two.socket, deleteLink(2))],
    ["at home, by the host", (two: Two) => two.vnet.interfaceDestroy("epair0a")],
    ["away, by RTM_DELLINK", (two: Two) => void errno(openSocket(two.other), deleteLink(3))],
    ["away, by the host", (two: Two) => two.other.interfaceDestroy("epair0b")],
  ])("[FB-70] [RF-VNET-10] [B.5.2] one destroyed %s takes the other along, with all events", (_, destroy) => {
    const two = setupTwo();
    const { vnet, socket, other } = two;
    vnet.interfaceMove("epair0b", other);
    other.interfaceUp("epair0b");
    other.addressAdd("epair0b", "198.51.100.1/24");
    const watcher = monitor(other, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR);
    destroy(two);
    expect(events(watcher)).toEqual([
      "NEWLINK epair0b 0x0",
      "NEWLINK epair0b 0x0",
      "DELADDR 198.51.100.1/24",
      "NEWLINK epair0b 0x1",
      "DELADDR 198.51.100.1/24",
      "DELLINK epair0b 0x0",
    ]);
    expect([names(vnet), names(other)]).toEqual([["lo0 1"], ["lo0 4"]]);
    // Unit and indices are free again.
    expect(made(socket, "epair")).toEqual({ index: 2, name: "epair0a" });
    expect([vnet, other].map((each) => each.check())).toEqual([0, 0]);
  });

  it("[FB-70] also when memory is short in the other vnet", () => {
    const { vnet, other } = setupTwo();
    vnet.interfaceMove("epair0b", other);
    other.addressAdd("epair0b", "198.51.100.1/24");
    other.failAllocation(1, true);
    vnet.interfaceDestroy("epair0a");
    other.failAllocation(0);
    expect(names(other)).toEqual(["lo0 4"]);
  });

  it("both in another vnet: their unit is free at home after the second", () => {
    const { vnet, socket, other } = setupTwo();
    for (const name of ["epair0a", "epair0b"]) vnet.interfaceMove(name, other);
    expect(errno(socket, create("epair0"))).toBe(Errno.EEXIST);
    expect(made(socket, "epair").name).toBe("epair1a");
    other.interfaceDestroy("epair0b");
    expect(names(other)).toEqual(["lo0 4"]);
    expect(made(socket, "epair").name).toBe("epair0a");
  });
});

describe("a vlan and its parent in two vnets", () => {
  it("follows the carrier, and loses its parent when that goes", () => {
    const { vnet, socket, other } = setupTwo();
    made(socket, "vlan5", { header: { index: 2 }, data: vlanData(5) });
    vnet.interfaceMove("vlan5", other);
    const there = openSocket(other);
    vnet.interfaceSet("epair0a", { carrier: false });
    expect(linkNamed(there, "vlan5").operState).toBe(IF_OPER.DOWN);
    vnet.interfaceSet("epair0a", { carrier: true });
    expect(linkNamed(there, "vlan5").operState).toBe(IF_OPER.UP);
    vnet.interfaceDestroy("epair0a");
    expect(linkNamed(there, "vlan5").operState).toBe(IF_OPER.UNKNOWN);
    expect(errno(there, deleteLink(linkNamed(there, "vlan5").index))).toBe(0);
    expect([vnet, other].map((each) => each.check())).toEqual([0, 0]);
  });

  it("[B.5.1] a vlan with vlans elsewhere is EBUSY until they are gone", () => {
    const { vnet, socket, other } = setupTwo();
    const vlan5 = made(socket, "vlan5", { header: { index: 2 }, data: vlanData(5) }).index;
    made(socket, "vlan6", { header: { index: vlan5 }, data: vlanData(6) });
    vnet.interfaceMove("vlan6", other);
    expect(errno(socket, deleteLink(vlan5))).toBe(Errno.EBUSY);
    other.interfaceDestroy("vlan6");
    expect(errno(socket, deleteLink(vlan5))).toBe(0);
    expect(made(socket, "vlan6", { header: { index: 2 }, data: vlanData(6) }).name).toBe("vlan6");
  });

  it("a parent that moves leaves its vlans behind", () => {
    const { vnet, socket, other } = setupTwo();
    made(socket, "vlan5", { header: { index: 2 }, data: vlanData(5) });
    vnet.interfaceMove("epair0a", other);
    expect(linkNamed(socket, "vlan5").operState).toBe(IF_OPER.UNKNOWN);
    expect(errno(socket, deleteLink(linkNamed(socket, "vlan5").index))).toBe(0);
  });
});

describe("a vnet that ends", () => {
  it("[N8.5] [RF-VNET-3b] gives back what was moved in, at the tail; what was made inside is gone", () => {
    const { kernel, vnet, socket, other } = setupTwo();
    vnet.interfaceMove("epair0a", other);
    vnet.interfaceAttach({ name: "em9" });
    vnet.interfaceMove("em9", other);
    other.interfaceCreate("tap3");
    other.interfaceAttach({ name: "em5" });
    const watcher = monitor(vnet, RTNLGRP.LINK);
    kernel.vnetDestroy("v");
    expect(events(watcher)).toEqual(["NEWLINK epair0a 0x0", "NEWLINK em9 0x0"]);
    expect(links(socket).map((link) => link.name)).toEqual(["lo0", "epair0b", "epair0a", "em9"]);
    expect(names(kernel.vnetCreate("v"))).toEqual(["lo0 4"]);
    expect(errno(socket, deleteLink(2))).toBe(0);
    expect(made(socket, "epair").name).toBe("epair0a");
  });

  it("[N8.5] takes the other half of its own epair along, and its own links that are elsewhere", () => {
    const { kernel, vnet, other } = setupTwo();
    addPair(other);
    other.interfaceRename("epair0b", "theirs");
    other.interfaceMove("theirs", vnet);
    other.interfaceCreate("tap3");
    other.interfaceMove("tap3", vnet);
    other.interfaceAttach({ name: "em9" });
    other.interfaceMove("em9", vnet);
    expect(names(vnet)).toHaveLength(6);
    const watcher = monitor(vnet, RTNLGRP.LINK);
    kernel.vnetDestroy("v");
    const gone = events(watcher).filter((event) => event.startsWith("DELLINK"));
    expect(gone.map((event) => event.split(" ")[1]).sort()).toEqual(["em9", "tap3", "theirs"]);
    expect(names(vnet)).toEqual(["lo0 1", "epair0a 2", "epair0b 3"]);
    expect(names(kernel.vnetCreate("w"))).toEqual(["lo0 4"]);
    expect(vnet.check()).toBe(0);
  });

  it("[FB-114] with links of each kind, made inside or moved in and destroyed there, leaves nothing", () => {
    const { kernel, vnet } = setupPair();
    const round = (): void => {
      const v = kernel.vnetCreate("v");
      for (const kind of ["epair", "gif", "lo", "tun"]) {
        const inside = v.interfaceCreate(kind);
        const moved = vnet.interfaceCreate(kind);
        vnet.interfaceRename(moved, `in-${kind}`);
        vnet.interfaceMove(`in-${kind}`, v);
        v.interfaceDestroy(inside);
        v.interfaceDestroy(`in-${kind}`);
      }
      expect(v.statistics().interfaces).toBe(1);
      kernel.vnetDestroy("v");
    };
    round();
    const before = vnet.statistics();
    for (let n = 0; n < 5; n++) round();
    expect(vnet.statistics()).toEqual(before);
    expect(names(vnet)).toEqual(["lo0 1", "epair0a 2", "epair0b 3"]);
  });

  it("[FB-110] the lo0 of a new vnet is down and has no address; it takes 127.0.0.1/8 and comes up", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    const vnet = kernel.vnetCreate("v");
    const socket = openSocket(vnet);
    expect([linkNamed(socket, "lo0").flags & IFF.UP, addressTexts(socket)]).toEqual([0, []]);
    vnet.addressAdd("lo0", "127.0.0.1/8");
    expect([linkNamed(socket, "lo0").flags & IFF.UP, addressTexts(socket)]).toEqual([IFF.UP, ["127.0.0.1/8"]]);
  });

  it("[FB-111] a socket belongs to the vnet it was opened in", () => {
    const { vnet, socket, other } = setupTwo();
    const there = openSocket(other);
    vnet.interfaceMove("epair0a", other);
    expect(links(socket).map((link) => link.name)).toEqual(["lo0", "epair0b"]);
    for (const each of [there, openSocket(other)]) {
      expect(links(each).map((link) => link.name)).toEqual(["lo0", "epair0a"]);
    }
  });
});

describe("indices of links that requests make", () => {
  it("[B.6.2] [RF-LINK-41b] [RF-VNET-12] come from one table: the lowest free one, in whatever vnet", () => {
    const { kernel, socket, other } = setupTwo();
    const there = openSocket(other);
    expect(made(socket, "lo1").index).toBe(5);
    expect(made(there, "lo1").index).toBe(6);
    expect(made(socket, "epair").index).toBe(7);
    expect(made(there, "epair").index).toBe(9);
    expect(errno(socket, deleteLink(5))).toBe(0);
    expect(made(there, "tap").index).toBe(5);
    expect(errno(there, deleteLink(6))).toBe(0);
    expect(made(socket, "tap").index).toBe(6);
    expect(names(kernel.vnetCreate("w"))).toEqual(["lo0 11"]);
  });

  it("[B.6.2] also when nothing runs until it is told to, and sockets of several vnets wait", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], stepped: true });
    const vnets = ["a", "b"].map((name) => kernel.vnetCreate(name));
    const sockets = [kernel.vnet0, ...vnets].map((vnet) => openSocket(vnet));
    for (const socket of sockets) socket.send(create("lo7"));
    for (const socket of sockets) socket.send(create("tap7"));
    kernel.runUntilIdle();
    for (const socket of sockets) expect(drain(socket)).toHaveLength(2);
    const all = [kernel.vnet0, ...vnets].flatMap((vnet) =>
      ["lo0", "lo7", "tap7"].map((name) => vnet.interfaceIndex(name)),
    );
    expect(all).toEqual([1, 4, 5, 2, 6, 7, 3, 8, 9]);
  });

  it("300 vnets that each make links: no index twice, and all free afterwards", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    const seen = new Set<number>();
    const made300 = Array.from({ length: 300 }, (_, n) => {
      const vnet = kernel.vnetCreate(`v${n}`);
      const socket = openSocket(vnet);
      seen.add(made(socket, "epair").index).add(made(socket, "tap").index);
      return { vnet, socket };
    });
    expect(seen.size).toBe(600);
    for (const { vnet, socket } of made300) {
      socket.close();
      kernel.vnetDestroy(vnet.name);
    }
    expect(kernel.vnet0.interfaceAttach({ name: "em0" })).toBe(2);
  });
});

describe("[RF-VNET-8] fibs", () => {
  it("[E.2] are each vnet's own tables", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], fibs: 2 });
    const other = kernel.vnetCreate("v");
    for (const vnet of [kernel.vnet0, other]) {
      vnet.interfaceAttach({ name: "em0", addresses: ["192.0.2.1/24"] });
      const socket = openSocket(vnet);
      expect(errorOf(ask(socket, newRoute("10.1.0.0/16", { gateway: "192.0.2.9", table: 2 })))).toBe(Errno.EINVAL);
      expect(errorOf(ask(socket, newRoute("10.1.0.0/16", { oif: vnet.interfaceIndex("em0") ?? 0, table: 1 })))).toBe(0);
      expect(codeOf(() => vnet.interfaceSet("em0", { fib: 1 }))).toBe("EBUSY");
      vnet.interfaceAttach({ name: "tap", kind: "tap", fib: 1, addresses: ["198.51.100.1/24"] });
      expect(dump(socket, AF.INET, { table: 1 }).map((route) => route.prefix)).toContain("198.51.100.0/24");
      expect(codeOf(() => vnet.interfaceSet("lo0", { fib: 2 }))).toBe("EINVAL");
    }
  });
});

describe("a run with moves and clones", () => {
  it("replays to the same outcomes and memory", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], record: true });
    const v = kernel.vnetCreate("v");
    addPair(kernel.vnet0);
    kernel.vnet0.interfaceMove("epair0b", v);
    const socket = openSocket(v);
    made(socket, "lo3");
    kernel.vnet0.interfaceCreate("tap");
    kernel.vnet0.deviceOpen("tap0");
    kernel.vnet0.interfaceSet("tap0", { mtu: 1400, promiscuous: true, counters: { rxBytes: 5 } });
    kernel.vnet0.interfaceCreate("vlan5", { parent: "epair0a", vid: 5 });
    kernel.vnet0.interfaceRename("vlan5", "five");
    kernel.vnet0.deviceClose("tap0");
    kernel.vnet0.interfaceDestroy("epair0a");
    socket.close();
    expect(codeOf(() => kernel.vnet0.interfaceDestroy("epair0a"))).toBe("ENXIO");
    kernel.vnetDestroy("v");
    const log = kernel.record();
    expect(Kernel.replay(log).record().memory).toEqual(log.memory);
  });
});
