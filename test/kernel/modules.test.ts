import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NETLINK, NETLINK_OPTION, NLMSG, SOCK, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno, Kernel, type Socket, type Vnet } from "../../host/kernel/kernel.js";
import { familyOf, getFamily, openGeneric } from "../generic/families.js";
import { addressTexts, events, getLink, inWords, links } from "../route/links.js";
import { aboutNeighbour, lladdrOf, neighbours } from "../route/neighbours.js";
import { getNexthop, made, succeed } from "../route/nexthops.js";
import { added, dump, newRoute, routeTo } from "../route/routes.js";
import { ask, codeOf, concat, drain, errorOf } from "../support/messages.js";
import { monitor, openSocket, setupE, setupR } from "../support/setups.js";

const GROUPS = Array.from({ length: 127 }, (_, i) => i + 1);

function moduleNames(kernel: Kernel): string[] {
  return kernel.kldstat().map((each) => each.name);
}

/** What memory holds, without what only ever grows. */
function inUse(vnet: Vnet): Omit<ReturnType<Vnet["statistics"]>, "bufferHighWater"> {
  const { bufferHighWater: _, ...rest } = vnet.statistics();
  return rest;
}

describe("kldstat, kldload, kldunload", () => {
  it("[FB-107] what is loaded is found with an id, and nothing else is", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    const found = kernel.kldstat().find((each) => each.name === "netlink");
    expect(found?.id).toBeGreaterThan(0);
    expect(kernel.kldstat().find((each) => each.name === "nosuch")).toBeUndefined();
    expect(codeOf(() => kernel.kldunload("nosuch"))).toBe("ENOENT");
    expect(codeOf(() => kernel.kldload("nosuch"))).toBe("ENOENT");
    expect(moduleNames(kernel)).toEqual(["kernel", "netlink"]);
  });

  it("[N9.3] [RF-MOD-12] netlink is named with its references while it is loaded, and not when it is not", () => {
    const kernel = Kernel.boot();
    expect(moduleNames(kernel)).toEqual(["kernel"]);
    kernel.kldload("netlink");
    const [base, netlink] = kernel.kldstat();
    expect(netlink).toMatchObject({ name: "netlink", references: 1 });
    expect(netlink?.id).not.toBe(base?.id);
    kernel.kldunload("netlink");
    expect(moduleNames(kernel)).toEqual(["kernel"]);
  });

  it("[N9.1] [FC-MOD-2] a second load is EEXIST, and the module goes on", () => {
    const { kernel, socket } = setupE();
    expect(codeOf(() => kernel.kldload("netlink"))).toBe("EEXIST");
    expect(links(socket)).toHaveLength(3);
    expect(moduleNames(kernel)).toEqual(["kernel", "netlink"]);
  });

  it("[N9.3] unloading what is not loaded is ENOENT", () => {
    expect(codeOf(() => Kernel.boot().kldunload("netlink"))).toBe("ENOENT");
  });

  it("[N2.1] [FC-MOD-1] programs' order: socket fails, no module, kldload, socket works", () => {
    const kernel = Kernel.boot();
    expect(codeOf(() => kernel.vnet0.socket())).toBe("EAFNOSUPPORT");
    expect(moduleNames(kernel)).not.toContain("netlink");
    kernel.kldload("netlink");
    expect(links(kernel.vnet0.socket())).toHaveLength(1);
  });
});

describe("the module is not there", () => {
  it.each<[string, Parameters<Vnet["socket"]>[0]]>([
    ["ROUTE", { protocol: NETLINK.ROUTE }],
    ["GENERIC", { protocol: NETLINK.GENERIC }],
    ["a protocol without handler", { protocol: NETLINK.XFRM }],
    ["a protocol out of range", { protocol: 99 }],
    ["a type that netlink does not have", { type: SOCK.STREAM }],
    ["capability mode", { cred: { capabilityMode: true } }],
  ])("[N2.1] [RF-MOD-1] socket for %s: EAFNOSUPPORT comes first", (_, options) => {
    expect(codeOf(() => Kernel.boot().vnet0.socket(options))).toBe("EAFNOSUPPORT");
  });

  it("[N9.5] [N9.6] [RF-MOD-3] the stack works; nothing is queued anywhere", () => {
    const kernel = Kernel.boot();
    const { vnet0 } = kernel;
    vnet0.interfaceAttach({ name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] });
    vnet0.interfaceAttach({ name: "em1" });
    vnet0.interfaceDown("em0");
    vnet0.interfaceUp("em0");
    vnet0.addressAdd("em0", "198.51.100.1/24");
    vnet0.addressDelete("em0", "198.51.100.1");
    vnet0.interfaceDetach("em1");
    expect(vnet0.statistics()).toMatchObject({ interfaces: 2, addresses: 6, buffers: 0, bufferBytes: 0, runnable: 0 });
    expect(vnet0.statistics().bufferHighWater).toBe(0);
    expect(kernel.runUntilIdle()).toBe(0);
  });

  it("[N9.2] [N9.5] [RF-MOD-4] then it is loaded: earlier changes are never announced, dumps show them", () => {
    const kernel = Kernel.boot();
    const { vnet0 } = kernel;
    vnet0.interfaceAttach({ name: "em0", up: true, addresses: ["192.0.2.1/24"] });
    kernel.kldload("netlink");
    const group = monitor(vnet0, ...GROUPS);
    expect(drain(group)).toEqual([]);
    expect(links(group).map((link) => link.name)).toEqual(["lo0", "em0"]);
    expect(addressTexts(group, { index: 2 })).toEqual(["192.0.2.1/24"]);
    expect(routeTo(group, "192.0.2.0/24").oif).toBe(2);
    vnet0.interfaceDown("em0");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24", "NEWLINK em0 0x1"]);
  });
});

describe("unloading", () => {
  it("[N9.3] [RF-MOD-2a] with a socket open: EBUSY, nothing changes, the socket works on", () => {
    const { kernel, vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.LINK);
    for (const idle of [false, true]) {
      if (idle) socket.bind(5);
      expect(codeOf(() => kernel.kldunload("netlink"))).toBe("EBUSY");
    }
    expect(moduleNames(kernel)).toEqual(["kernel", "netlink"]);
    expect(links(socket)).toHaveLength(3);
    vnet.interfaceDown("em1");
    expect(events(group)).toEqual(["NEWLINK em1 0x1"]);
    expect(links(vnet.socket())).toHaveLength(3);
  });

  it("[N9.3] [RF-MOD-2b] a socket in another vnet: EBUSY, and no vnet loses the module", () => {
    const { kernel, vnet, socket } = setupR();
    const other = kernel.vnetCreate("other");
    const last = kernel.vnetCreate("last");
    const open = other.socket();
    socket.close();
    expect(codeOf(() => kernel.kldunload("netlink"))).toBe("EBUSY");
    for (const each of [vnet, other, last]) {
      const probe = each.socket();
      expect(links(probe).length).toBeGreaterThan(0);
      probe.close();
    }
    open.close();
    kernel.kldunload("netlink");
    expect(moduleNames(kernel)).toEqual(["kernel"]);
  });

  it("[N9.3] [RF-MOD-2c] all closed: success; EAFNOSUPPORT from then on, in every vnet", () => {
    const { kernel, vnet, socket } = setupR();
    const other = kernel.vnetCreate("other");
    socket.close();
    kernel.kldunload("netlink");
    for (const each of [vnet, other, kernel.vnetCreate("later")]) {
      expect(codeOf(() => each.socket())).toBe("EAFNOSUPPORT");
      expect(codeOf(() => each.socket({ protocol: NETLINK.GENERIC }))).toBe("EAFNOSUPPORT");
    }
  });

  it("[N9.5] interfaces, addresses and routes stay; memberships, ports and options are those of new sockets", () => {
    const { kernel, vnet, socket } = setupE();
    added(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    added(socket, "10.2.0.0/16", { oif: 3 });
    const group = monitor(vnet, RTNLGRP.LINK);
    group.bind(100, 1);
    const before = [links(socket), addressTexts(socket), dump(socket, AF.UNSPEC)];
    const seen = (found: typeof before): string => JSON.stringify(found);
    group.close();
    socket.close();
    kernel.kldunload("netlink");
    vnet.interfaceDown("em1");
    vnet.interfaceUp("em1");
    kernel.kldload("netlink");
    const again = openSocket(vnet);
    expect(seen([links(again), addressTexts(again), dump(again, AF.UNSPEC)])).toBe(seen(before));
    expect(drain(again)).toEqual([]);
    const successor = vnet.socket();
    successor.bind(100);
    expect(successor.getsockopt(SOL.NETLINK, NETLINK_OPTION.LIST_MEMBERSHIPS)).toBe(0);
    vnet.interfaceDown("em1");
    expect(drain(successor)).toEqual([]);
  });

  it("[N9.5] [RF-MOD-5a] the stack's tables stay; user nexthops, their groups and families are gone", () => {
    const { kernel, vnet, socket } = setupE();
    succeed(socket, newRoute("10.1.0.0/16", { gateway: "192.0.2.254" }));
    succeed(
      socket,
      aboutNeighbour(RTM.NEWNEIGH, "qaC", "192.0.2.7", { index: 2, state: 2 }, lladdrOf("02:00:00:00:00:07")),
    );
    made(socket, { id: 1, gateway: "192.0.2.254", oif: 2 }, { id: 2, gateway: "192.0.2.253", oif: 2 });
    made(socket, {
      id: 10,
      group: [
        [1, 1],
        [2, 1],
      ],
    });
    kernel.generic.registerFamily({ name: "own" });
    const seen = (of: Socket): string =>
      JSON.stringify([links(of), addressTexts(of), dump(of, AF.UNSPEC), neighbours(of).map(({ lladdr }) => lladdr)]);
    const before = seen(socket);
    expect(before).toContain("02:00:00:00:00:07");
    socket.close();
    kernel.kldunload("netlink");
    kernel.kldload("netlink");
    const again = openSocket(vnet);
    expect(seen(again)).toBe(before);
    expect(errorOf(ask(again, getNexthop({}, "qaD")))).toBe(Errno.ESRCH);
    for (const id of [1, 2, 10]) expect(errorOf(ask(again, getNexthop({ id })))).toBe(Errno.ESRCH);
    const generic = openGeneric(vnet);
    expect(
      ask(generic, getFamily("qD")).flatMap((each) => (each.type === NLMSG.DONE ? [] : familyOf(each).name)),
    ).toEqual(["nlctrl"]);
  });

  it("[N9.3] [RF-MOD-6b] while the Linux ABI is loaded: EBUSY, and nothing changes", () => {
    const kernel = Kernel.boot({ modules: ["netlink", "linux_common"] });
    expect(codeOf(() => kernel.kldunload("netlink"))).toBe("EBUSY");
    expect(moduleNames(kernel)).toEqual(["kernel", "netlink", "linux_common"]);
    kernel.kldunload("linux_common");
    kernel.kldunload("netlink");
    expect(moduleNames(kernel)).toEqual(["kernel"]);
  });

  it("[N9.5] after a reload events come again", () => {
    const { kernel, vnet, socket } = setupE();
    socket.close();
    kernel.kldunload("netlink");
    kernel.kldload("netlink");
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR);
    vnet.addressDelete("em0", "192.0.2.1");
    vnet.interfaceDown("em0");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24", "NEWLINK em0 0x1"]);
  });

  it("[N2.9] [N9.3] [RF-MOD-7a] a dump half read: close, then it unloads at once, and no buffer leaks", () => {
    const { kernel, vnet, socket } = setupE();
    for (let i = 0; i < 500; i++) {
      ask(socket, newRoute(`10.${i >> 8}.${i & 255}.0/24`, { gateway: "192.0.2.254" }));
    }
    const before = inUse(vnet);
    const reader = vnet.socket();
    reader.send(newRoute("10.200.0.0/16", { gateway: "192.0.2.254" }));
    reader.send(concat(getLink(), getLink(), getLink()));
    reader.recv(new Uint8Array(400));
    reader.close();
    socket.close();
    kernel.kldunload("netlink");
    const after = inUse(vnet);
    expect(after).toMatchObject({ buffers: 0, bufferBytes: 0, sockets: 0, walks: 0, runnable: 0 });
    expect(after.routes).toBe(before.routes + 1);
    expect(vnet.check()).toBe(0);
  });

  it("[N2.9] [RF-MOD-7b] requests that were queued and not processed are executed by close; then it unloads", () => {
    const { kernel, vnet, socket } = setupE({ stepped: true });
    const { routes } = vnet.statistics();
    socket.send(concat(newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }), newRoute("10.2.0.0/16", { oif: 3 })));
    socket.send(newRoute("10.3.0.0/16", { gateway: "192.0.2.9" }));
    expect(vnet.statistics().routes).toBe(routes);
    expect(codeOf(() => kernel.kldunload("netlink"))).toBe("EBUSY");
    socket.close();
    expect(vnet.statistics().routes).toBe(routes + 3);
    kernel.kldunload("netlink");
    expect(kernel.runUntilIdle()).toBe(0);
  });

  it("[N9.3] [RF-MOD-8] load and unload 1,000 times with sockets in between: memory is back at the start", () => {
    const kernel = Kernel.boot({ interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }] });
    const { vnet0 } = kernel;
    const cycle = (): void => {
      kernel.kldload("netlink");
      const group = monitor(vnet0, RTNLGRP.LINK);
      group.bind(0, 1);
      vnet0.interfaceDown("em0");
      vnet0.interfaceUp("em0");
      expect(ask(group, getLink({ index: 2 }, "q")).map(inWords)).toEqual([
        "NEWLINK em0 0x1",
        "NEWLINK em0 0x1",
        "NEWLINK em0 0x0",
      ]);
      group.close();
      kernel.kldunload("netlink");
    };
    cycle();
    const before = inUse(vnet0);
    for (let i = 0; i < 1000; i++) cycle();
    expect(inUse(vnet0)).toEqual(before);
    expect(vnet0.check()).toBe(0);
  });
});

describe("modules and vnets", () => {
  it("[N8.5] [N9.2] [RF-MOD-11a] loading reaches every vnet: each has sockets and ports of its own", () => {
    const kernel = Kernel.boot();
    const other = kernel.vnetCreate("other");
    kernel.kldload("netlink");
    const [here, there] = [kernel.vnet0.socket(), other.socket()];
    here.bind(100);
    there.bind(100);
    expect([here, there].map((each) => each.getsockname().port)).toEqual([100, 100]);
    expect([kernel.vnet0, other].map((vnet) => vnet.statistics().sockets)).toEqual([1, 1]);
  });

  it("[N8.5] [N9.2] [RF-MOD-11b] a vnet made after the load has it", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    expect(links(kernel.vnetCreate("later").socket()).map((link) => link.name)).toEqual(["lo0"]);
  });

  it("[N1.8] [N9.1] the sysctls are the glue's: they are there without the module and reach vnets made later", () => {
    const kernel = Kernel.boot();
    kernel.sysctl("net.netlink.recvspace", 100_000);
    const later = kernel.vnetCreate("later");
    kernel.kldload("netlink");
    for (const vnet of [kernel.vnet0, later]) expect(vnet.socket().getsockopt(SOL.SOCKET, 0x1002)).toBe(100_000);
    kernel.sysctl("net.netlink.recvspace", 50_000);
    for (const vnet of [kernel.vnet0, later]) expect(vnet.socket().getsockopt(SOL.SOCKET, 0x1002)).toBe(50_000);
  });
});
