// The settings of gif and gre interfaces as ioctls set them (ifconfig's tunnel, deletetunnel, grekey, …), and what an
// interface is with them (net/if_gif.c, net/if_gre.c; netinet/in_gif.c, ip_gre.c and their likes of IPv6).

import { describe, expect, it } from "vitest";
import { GIF, GRE, IF_OPER, IFF } from "../../assembly/abi/ifnet.js";
import { IFA_F, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Kernel, type TunnelChanges, type Vnet } from "../../host/kernel/kernel.js";
import { create, errno } from "../route/linkrequests.js";
import { addresses, events, linkNamed, links } from "../route/links.js";
import { codeOf } from "../support/messages.js";
import { AS_GIVEN, monitor, openSocket, setupR } from "../support/setups.js";

const INET = { local: "192.0.2.1", remote: "192.0.2.2" };
const INET6 = { local: "2001:db8::1", remote: "2001:db8::2" };

function setup(...names: readonly string[]) {
  const here = setupR({ ...AS_GIVEN, record: true, interfaces: [{ name: "em0", up: true }] });
  for (const name of names) here.vnet.interfaceCreate(name);
  return here;
}

function set(vnet: Vnet, name: string, tunnel: TunnelChanges): string | undefined {
  return codeOf(() => vnet.interfaceSet(name, { tunnel }));
}

function isRunning(vnet: Vnet, name: string): boolean {
  const socket = openSocket(vnet);
  const { flags } = linkNamed(socket, name);
  socket.close();
  return (flags & IFF.RUNNING) !== 0;
}

describe("settings", () => {
  it("are read as they were set, endpoints apart from the rest", () => {
    const { vnet } = setup("gif0", "gre0");
    expect(vnet.tunnel("gif0")).toEqual({ flags: 0, key: 0, port: 0 });
    vnet.interfaceSet("gif0", { tunnel: { endpoints: INET6, flags: GIF.IGNORE_SOURCE } });
    expect(vnet.tunnel("gif0")).toEqual({ endpoints: INET6, flags: GIF.IGNORE_SOURCE, key: 0, port: 0 });
    const flags = GRE.ENABLE_CSUM | GRE.UDPENCAP;
    vnet.interfaceSet("gre0", { tunnel: { endpoints: INET, flags, key: 0xffffffff, port: 65535 } });
    expect(vnet.tunnel("gre0")).toEqual({ endpoints: INET, flags, key: 0xffffffff, port: 65535 });
    vnet.interfaceSet("gre0", { tunnel: { endpoints: null, key: 0 } });
    expect(vnet.tunnel("gre0")).toEqual({ flags, key: 0, port: 65535 });
    expect(vnet.tunnel("em0")).toBeUndefined();
  });

  it("of an interface made with them, whatever the switches", () => {
    const kernel = Kernel.boot({
      modules: ["netlink"],
      interfaces: [{ name: "gre3", kind: "gre", tunnel: { endpoints: INET, key: 7 } }],
    });
    expect(kernel.vnet0.tunnel("gre3")).toEqual({ endpoints: INET, flags: 0, key: 7, port: 0 });
  });

  it("come back when the run is replayed", () => {
    const { vnet, kernel } = setup("gif0");
    vnet.interfaceSet("gif0", { tunnel: { endpoints: { local: "fe80::1%em0", remote: "fe80::2%em0" } } });
    const again = Kernel.replay(kernel.record());
    expect(again.vnet0.tunnel("gif0")).toEqual(vnet.tunnel("gif0"));
  });

  it("go with the interface: another of its name has none, and its endpoints are free", () => {
    const { vnet } = setup("gre0");
    vnet.interfaceSet("gre0", { tunnel: { endpoints: INET, key: 9 } });
    vnet.interfaceDestroy("gre0");
    for (const name of ["gre0", "gre1"]) vnet.interfaceCreate(name);
    expect(vnet.tunnel("gre0")).toEqual({ flags: 0, key: 0, port: 0 });
    expect(set(vnet, "gre1", { endpoints: INET })).toBeUndefined();
    expect(vnet.check()).toBe(0);
  });
});

describe("what is refused", () => {
  it.each<[string, string, TunnelChanges, string]>([
    ["endpoints of hardware", "em0", { endpoints: INET }, "EINVAL"],
    ["no endpoints of hardware", "em0", { endpoints: null }, "EINVAL"],
    ["flags of hardware", "em0", { flags: 0 }, "EINVAL"],
    ["the key of a gif", "gif0", { key: 1 }, "EINVAL"],
    ["the port of a gif", "gif0", { port: 50000 }, "EINVAL"],
    ["a flag that gif does not have", "gif0", { flags: GRE.UDPENCAP }, "EINVAL"],
    ["a flag that gre does not have", "gre0", { flags: 8 }, "EINVAL"],
    ["a low port", "gre0", { port: 49151 }, "EINVAL"],
    ["no local address", "gre0", { endpoints: { local: "0.0.0.0", remote: "192.0.2.2" } }, "EADDRNOTAVAIL"],
    ["no remote address", "gif0", { endpoints: { local: "::1", remote: "::" } }, "EADDRNOTAVAIL"],
    ["an interface that is not there", "gif7", { endpoints: INET }, "ENXIO"],
    ["a zone that is not there", "gif0", { endpoints: { local: "fe80::1%em9", remote: "fe80::2%em0" } }, "ENXIO"],
  ])("%s", (_, name, tunnel, code) => {
    const { vnet } = setup("gif0", "gre0");
    expect(set(vnet, name, tunnel)).toBe(code);
    for (const each of ["gif0", "gre0"]) expect(vnet.tunnel(each)).toEqual({ flags: 0, key: 0, port: 0 });
  });

  it.each<[TunnelChanges, RegExp]>([
    [{ endpoints: { local: "here", remote: "192.0.2.2" } }, /"here"/],
    [{ endpoints: { local: "::1", remote: "192.0.2.2" } }, /one family/],
    [{ endpoints: { local: "fe80::1%", remote: "fe80::2" } }, /one name behind the %/],
    [{ flags: -1 }, /tunnel: flags/],
    [{ key: 2 ** 32 }, /tunnel: key/],
    [{ port: 65536 }, /tunnel: port/],
  ])("%o, before anything is done", (tunnel, reason) => {
    const { vnet } = setup("gre0");
    expect(() => vnet.interfaceSet("gre0", { mtu: 1000, tunnel })).toThrow(RangeError);
    expect(() => vnet.interfaceSet("gre0", { mtu: 1000, tunnel })).toThrow(reason);
    expect(() => vnet.interfaceAttach({ name: "gre1", tunnel })).toThrow(reason);
    expect(linkNamed(openSocket(vnet), "gre0").mtu).toBe(1476);
  });

  it("a tunnel of hardware that is attached, which is not there then", () => {
    const { vnet } = setup();
    expect(codeOf(() => vnet.interfaceAttach({ name: "em1", tunnel: { endpoints: INET } }))).toBe("EINVAL");
    expect(vnet.interfaceIndex("em1")).toBeUndefined();
  });

  it("the endpoints of another tunnel of the driver", () => {
    const { vnet } = setup("gif0", "gif1", "gre0");
    for (const name of ["gif0", "gre0"]) expect(set(vnet, name, { endpoints: INET })).toBeUndefined();
    expect(set(vnet, "gif1", { endpoints: INET })).toBe("EADDRNOTAVAIL");
    expect(set(vnet, "gif0", { endpoints: null })).toBeUndefined();
    expect(set(vnet, "gif1", { endpoints: INET })).toBeUndefined();
  });

  it("an encapsulation that another gre with the endpoints has", () => {
    const { vnet } = setup("gre0", "gre1");
    expect(set(vnet, "gre0", { flags: GRE.UDPENCAP, endpoints: INET })).toBeUndefined();
    expect(set(vnet, "gre1", { endpoints: INET })).toBeUndefined();
    expect(set(vnet, "gre1", { flags: GRE.UDPENCAP })).toBe("EEXIST");
  });
});

describe("the carrier", () => {
  it("comes with endpoints, goes with them, and is told of like that of hardware", () => {
    const { vnet } = setup("gif0");
    const listener = monitor(vnet, RTNLGRP.LINK);
    // A state that is another is told twice, one that is the same not at all.
    const told = [INET, INET, INET6, null, null, INET].map((endpoints) => {
      vnet.interfaceSet("gif0", { tunnel: { endpoints } });
      return events(listener);
    });
    const twice = ["NEWLINK gif0 0x0", "NEWLINK gif0 0x0"];
    expect(told).toEqual([twice, [], [], twice, [], twice]);
  });

  it("is not that of one that had none when they are taken away", () => {
    const { vnet } = setup("gre0");
    const listener = monitor(vnet, RTNLGRP.LINK);
    expect(set(vnet, "gre0", { endpoints: null })).toBeUndefined();
    expect(events(listener)).toEqual([]);
  });
});

describe("RUNNING", () => {
  it.each([
    ["gif0", INET, "192.0.2.1/24"],
    ["gre0", INET, "192.0.2.1/24"],
    ["gif0", INET6, "2001:db8::1/64"],
    ["gre0", INET6, "2001:db8::1/64"],
    ["gif0", { local: "fe80::1%em0", remote: "fe80::2%em0" }, "fe80::1/64"],
  ])("%s from %o runs while the vnet has %s", (name, endpoints, address) => {
    const { vnet } = setup(name);
    vnet.interfaceSet(name, { tunnel: { endpoints } });
    const seen = [isRunning(vnet, name)];
    vnet.addressAdd("em0", address);
    seen.push(isRunning(vnet, name));
    vnet.addressDelete("em0", address.replace(/\/.*/, ""));
    seen.push(isRunning(vnet, name));
    expect(seen).toEqual([false, true, false]);
  });

  it("while any interface has it, and at once when it is there already", () => {
    const { vnet } = setup("lo1", "gif0");
    for (const name of ["em0", "lo1"]) vnet.addressAdd(name, "192.0.2.1/32");
    vnet.interfaceSet("gif0", { tunnel: { endpoints: INET } });
    const seen = [isRunning(vnet, "gif0")];
    vnet.addressDelete("em0", "192.0.2.1");
    seen.push(isRunning(vnet, "gif0"));
    vnet.interfaceDestroy("lo1");
    expect([...seen, isRunning(vnet, "gif0")]).toEqual([true, true, false]);
  });

  it("follows the endpoints to others, and ends with them", () => {
    const { vnet } = setup("gre0");
    vnet.addressAdd("em0", "192.0.2.1/24");
    const seen = [INET, INET6, INET, null].map((endpoints) => {
      vnet.interfaceSet("gre0", { tunnel: { endpoints } });
      return isRunning(vnet, "gre0");
    });
    expect(seen).toEqual([true, false, true, false]);
  });

  it("an address on another link than the endpoint's is not it", () => {
    const { vnet } = setup("lo1", "gif0");
    vnet.interfaceSet("gif0", { tunnel: { endpoints: { local: "fe80::1%lo1", remote: "fe80::2%lo1" } } });
    vnet.addressAdd("em0", "fe80::1/64");
    expect(isRunning(vnet, "gif0")).toBe(false);
    vnet.addressAdd("lo1", "fe80::1/64");
    expect(isRunning(vnet, "gif0")).toBe(true);
  });

  it("tells nobody, and neither the MTU nor UP change with it", () => {
    const { vnet, socket } = setup("gif0", "gre0");
    const before = ["gif0", "gre0"].map((name) => linkNamed(socket, name).mtu);
    const listener = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceSet("gif0", { tunnel: { endpoints: INET6 } });
    vnet.interfaceSet("gre0", { tunnel: { endpoints: INET6, key: 1, flags: GRE.UDPENCAP } });
    events(listener);
    vnet.addressAdd("em0", "2001:db8::1/64");
    expect(events(listener)).toEqual([]);
    expect(["gif0", "gre0"].map((name) => linkNamed(socket, name).mtu)).toEqual(before);
    expect(links(socket).map(({ flags }) => flags & IFF.UP)).toEqual([IFF.UP, IFF.UP, 0, 0]);
  });

  it("an IPv6 address of a tunnel that stops running is tentative again, until it runs (nd6_timer)", () => {
    const { vnet, socket, kernel } = setupR({
      interfaces: [
        { name: "em0", addresses: ["192.0.2.1/24"] },
        { name: "gif0", kind: "gif", up: true, tunnel: { endpoints: INET }, addresses: ["2001:db8:7::1/64"] },
      ],
    });
    const isTentative = (): boolean => {
      kernel.advance(5000);
      const found = addresses(socket).find(({ address }) => address === "2001:db8:7::1");
      return ((found?.flags ?? 0) & IFA_F.TENTATIVE) !== 0;
    };
    const seen = [isTentative()];
    vnet.addressDelete("em0", "192.0.2.1");
    seen.push(isTentative());
    vnet.addressAdd("em0", "192.0.2.1/24");
    expect([...seen, isTentative()]).toEqual([false, true, false]);
  });
});

describe("a zone", () => {
  const ON_EM0 = { local: "fe80::1%em0", remote: "fe80::2%em0" };

  it("is read by the name of its interface, by its index once that is gone", () => {
    const { vnet } = setup("gif0");
    vnet.interfaceSet("gif0", { tunnel: { endpoints: ON_EM0 } });
    expect(vnet.tunnel("gif0")?.endpoints).toEqual(ON_EM0);
    vnet.interfaceRename("em0", "uplink");
    expect(vnet.tunnel("gif0")?.endpoints).toEqual({ local: "fe80::1%uplink", remote: "fe80::2%uplink" });
    vnet.interfaceDetach("uplink");
    expect(vnet.tunnel("gif0")?.endpoints).toEqual({ local: "fe80::1%2", remote: "fe80::2%2" });
  });

  it("means nothing of an address that is valid everywhere; without one it is that of no interface", () => {
    const { vnet } = setup("gif0", "gif1");
    vnet.interfaceSet("gif0", { tunnel: { endpoints: { local: "2001:db8::1%em0", remote: "fe80::2" } } });
    expect(vnet.tunnel("gif0")?.endpoints).toEqual({ local: "2001:db8::1", remote: "fe80::2" });
    expect(set(vnet, "gif1", { endpoints: { local: "2001:db8::1", remote: "fe80::2%em0" } })).toBeUndefined();
  });
});

describe("a move to another vnet", () => {
  function moved(name: string, tunnel: TunnelChanges) {
    const { vnet, kernel } = setup(name);
    vnet.interfaceSet(name, { tunnel });
    const other = kernel.vnetCreate("v");
    const listener = monitor(other, RTNLGRP.LINK);
    vnet.interfaceMove(name, other);
    return { vnet, other, listener };
  }

  it("takes the endpoints and the carrier away, what else is set goes along (gre_reassign)", () => {
    const flags = GRE.ENABLE_SEQ | GRE.UDPENCAP;
    const { vnet, other, listener } = moved("gre0", { endpoints: INET, flags, key: 7, port: 50000 });
    expect(other.tunnel("gre0")).toEqual({ flags, key: 7, port: 50000 });
    expect(linkNamed(openSocket(other), "gre0")).toMatchObject({ operState: IF_OPER.DOWN });
    // The arrival, and the carrier twice.
    expect(events(listener)).toEqual(["NEWLINK gre0 0x0", "NEWLINK gre0 0x0", "NEWLINK gre0 0x0"]);
    // The endpoints are free in the vnet that it left, and there.
    vnet.interfaceCreate("gre1");
    expect(set(vnet, "gre1", { endpoints: INET })).toBeUndefined();
    expect(set(other, "gre0", { endpoints: INET })).toBeUndefined();
    expect([vnet, other].map((each) => each.check())).toEqual([0, 0]);
  });

  it("of a gif leaves it without RUNNING; it runs again by an address of the new vnet", () => {
    const { vnet, kernel } = setup("gif0");
    vnet.addressAdd("em0", "192.0.2.1/24");
    vnet.interfaceSet("gif0", { tunnel: { endpoints: INET, flags: GIF.NOCLAMP | GIF.IGNORE_SOURCE } });
    const other = kernel.vnetCreate("v");
    vnet.interfaceMove("gif0", other);
    expect([isRunning(other, "gif0"), other.tunnel("gif0")?.flags]).toEqual([false, 3]);
    other.interfaceSet("gif0", { tunnel: { endpoints: INET } });
    expect(isRunning(other, "gif0")).toBe(false);
    other.addressAdd("lo0", "192.0.2.1/32");
    expect(isRunning(other, "gif0")).toBe(true);
    other.interfaceMove("gif0", vnet);
    expect([isRunning(vnet, "gif0"), vnet.tunnel("gif0")]).toEqual([false, { flags: 3, key: 0, port: 0 }]);
  });

  it("and the end of a vnet, which sends it home, do no harm to others", () => {
    const { kernel, vnet } = setup("gif0");
    const other = kernel.vnetCreate("v");
    vnet.interfaceMove("gif0", other);
    other.interfaceSet("gif0", { tunnel: { endpoints: INET } });
    other.interfaceCreate("gif1");
    kernel.vnetDestroy("v");
    expect(vnet.tunnel("gif0")).toEqual({ flags: 0, key: 0, port: 0 });
    expect(vnet.check()).toBe(0);
  });
});

it("one made by netlink without the switch is set by the host as any other", () => {
  const { vnet, socket } = setup();
  expect(errno(socket, create("gre5"))).toBe(0);
  expect(set(vnet, "gre5", { endpoints: INET, key: 5 })).toBeUndefined();
  expect(vnet.tunnel("gre5")).toMatchObject({ endpoints: INET, key: 5 });
});
