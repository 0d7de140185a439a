// Events of group LINK that no request causes (rtnetlink B.6).

import { describe, expect, it } from "vitest";
import { IF_OPER, IFF } from "../../assembly/abi/ifnet.js";
import { IFLA, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { codeOf, drain, toHex, u8 } from "../support/messages.js";
import { monitor, setupR } from "../support/setups.js";
import { made, setupPair, vlanData } from "./linkrequests.js";
import { addressTexts, events, linkNamed, linkOf } from "./links.js";

describe("the carrier", () => {
  it("[B.6] [RF-LINK-42a] that goes is told twice with change 0; its other end loses it too", () => {
    const { socket, vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceSet("epair0a", { carrier: false });
    const seen = drain(watcher).map(linkOf);
    expect(seen.map(({ name, change }) => [name, change])).toEqual([
      ["epair0a", 0],
      ["epair0a", 0],
      ["epair0b", 0],
      ["epair0b", 0],
    ]);
    expect(seen.every((link) => link.operState === IF_OPER.DOWN)).toBe(true);
    vnet.interfaceSet("epair0a", { carrier: false });
    expect(events(watcher)).toEqual([]);
    vnet.interfaceSet("epair0b", { carrier: true });
    expect(events(watcher)).toHaveLength(4);
    expect(linkNamed(socket, "epair0a")).toMatchObject({ operState: IF_OPER.UP, carrier: 1 });
  });

  it("[B.6] of a parent is its vlans' as well, down to the last", () => {
    const { socket, vnet } = setupPair();
    const vlan5 = made(socket, "vlan5", { header: { index: 2 }, data: vlanData(5) }).index;
    made(socket, "vlan6", { header: { index: vlan5 }, data: vlanData(6) });
    const watcher = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceSet("epair0a", { carrier: false });
    const names = drain(watcher).map((each) => linkOf(each).name);
    expect(names).toEqual(["epair0a", "epair0a", "vlan5", "vlan5", "vlan6", "vlan6", "epair0b", "epair0b"]);
    expect(linkNamed(socket, "vlan6").operState).toBe(IF_OPER.DOWN);
  });

  it("[B.6] of a tap comes and goes with who has its device open; a close takes its addresses", () => {
    const { socket, vnet } = setupR();
    vnet.interfaceCreate("tap0");
    vnet.deviceOpen("tap0");
    vnet.addressAdd("tap0", "192.0.2.9/24");
    const watcher = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR);
    vnet.deviceClose("tap0");
    expect(events(watcher)).toEqual([
      "DELADDR 192.0.2.9/24",
      "NEWLINK tap0 0x1",
      "DELADDR 192.0.2.9/24",
      "NEWLINK tap0 0x0",
      "NEWLINK tap0 0x0",
    ]);
    expect(addressTexts(socket)).toEqual(["127.0.0.1/8", "::1/128", "fe80::1/64"]);
    expect(linkNamed(socket, "tap0").flags & (IFF.UP | IFF.RUNNING)).toBe(0);
  });
});

describe("a rename", () => {
  it("[B.6] [RF-LINK-42b] is DELLINK with the old name and NEWLINK with the new one, of one index", () => {
    const { socket, vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceRename("epair0a", "wan");
    const seen = drain(watcher);
    expect(seen.map(linkOf).map(({ name, index, change }) => [name, index, change])).toEqual([
      ["epair0a", 2, 0],
      ["wan", 2, 0],
    ]);
    expect(seen.map((each) => each.type)).toEqual([17, 16]);
    const link = linkNamed(socket, "wan");
    // The kind is the driver's name, which a rename leaves.
    expect(toHex(link.payload(IFLA.LINKINFO) ?? u8(0))).toBe("0a0001006570616972000000");
    expect(addressTexts(socket, { index: 2 })).toEqual(["192.0.2.1/24"]);
  });

  it("[B.6.3] [RF-LINK-43] to the empty name EINVAL, to one in use EEXIST, to its own nothing", () => {
    const { vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    expect(codeOf(() => vnet.interfaceRename("epair0a", ""))).toBe("EINVAL");
    expect(codeOf(() => vnet.interfaceRename("epair0a", "lo0"))).toBe("EEXIST");
    expect(codeOf(() => vnet.interfaceRename("nope", "x"))).toBe("ENXIO");
    expect(codeOf(() => vnet.interfaceRename("epair0a", "x".repeat(16)))).toBe("ENAMETOOLONG");
    expect(codeOf(() => vnet.interfaceRename("epair0a", "epair0a"))).toBeUndefined();
    expect(events(watcher)).toEqual([]);
  });
});

describe("references and what is not told", () => {
  it("[B.6] [RF-LINK-44a] a description, capabilities, a link-level address: no event", () => {
    const { vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceSet("epair0a", { description: "x", capabilities: [], lladdr: "02:00:00:00:00:99" });
    expect(events(watcher)).toEqual([]);
  });

  it("[B.6] [RF-LINK-44b] ALLMULTI and PROMISC: the first reference and the last", () => {
    const { vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    for (const [reference, bit] of [
      ["allMulticast", "0x200"],
      ["promiscuous", "0x100"],
    ] as const) {
      const seen = [true, true, false, false].map((isOn) => {
        vnet.interfaceSet("epair0a", { [reference]: isOn });
        return events(watcher);
      });
      expect(seen).toEqual([[`NEWLINK epair0a ${bit}`], [], [], [`NEWLINK epair0a ${bit}`]]);
    }
  });

  it("[B.6] PROMISC of a vlan is a reference on its parent too, until it leaves", () => {
    const { socket, vnet } = setupPair();
    made(socket, "vlan5", { header: { index: 2, change: 0x80000000 }, data: vlanData(5) });
    const watcher = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceSet("vlan5", { promiscuous: true });
    expect(events(watcher)).toEqual(["NEWLINK epair0a 0x100", "NEWLINK vlan5 0x100"]);
    vnet.interfaceDestroy("vlan5");
    expect(events(watcher)).toEqual(["NEWLINK vlan5 0x1", "DELLINK vlan5 0x0", "NEWLINK epair0a 0x100"]);
    expect(linkNamed(socket, "epair0a").flags & IFF.PROMISC).toBe(0);
  });

  it("[B.6] PPROMISC keeps PROMISC on, whatever references come and go", () => {
    const { socket, vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceSet("epair0a", { flags: { on: IFF.PPROMISC } });
    vnet.interfaceSet("epair0a", { promiscuous: true });
    vnet.interfaceSet("epair0a", { promiscuous: false });
    expect(events(watcher)).toEqual([]);
    expect(linkNamed(socket, "epair0a").flags & IFF.PROMISC).toBe(IFF.PROMISC);
    vnet.interfaceSet("epair0a", { flags: { off: IFF.PPROMISC } });
    expect(linkNamed(socket, "epair0a").flags & IFF.PROMISC).toBe(0);
  });

  it("[B.6] an MTU set by the host is told with change 0; one out of range is EINVAL", () => {
    const { vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceSet("epair0a", { mtu: 1400 });
    expect(events(watcher)).toEqual(["NEWLINK epair0a 0x0"]);
    expect(codeOf(() => vnet.interfaceSet("epair0a", { mtu: 71 }))).toBe("EINVAL");
    expect(events(watcher)).toEqual([]);
  });

  it("[B.6] a parent's link-level address is its vlans'", () => {
    const { socket, vnet } = setupPair();
    made(socket, "vlan5", { header: { index: 2 }, data: vlanData(5) });
    vnet.interfaceSet("epair0a", { lladdr: "02:00:00:00:00:99" });
    expect(toHex(linkNamed(socket, "vlan5").payload(IFLA.ADDRESS) ?? u8(0))).toBe("020000000099");
  });
});
