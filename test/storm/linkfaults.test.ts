// Requests that make, change and destroy links, and the host's calls for them, whose n-th allocation fails (the letters are
// those of failures.ts).

import { describe, expect, it } from "vitest";
import { IFF } from "../../assembly/abi/ifnet.js";
import { IFLA_GRE, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Endpoints, Vnet } from "../../host/kernel/kernel.js";
import { create, deleteLink, newLink, vlanData } from "../route/linkrequests.js";
import { ask, attribute, concat, ip, u32 } from "../support/messages.js";
import { ofCall, ofRequest, type Preparation, prepare } from "./attempts.js";
import { eachFailure } from "./failures.js";

/** What is made gets the lowest free index after em0 and em1. */
const NEXT = 4;
const groups = [RTNLGRP.LINK];
const OTHER = 0x80000000;

const TUNNEL_DATA: Preparation = { boot: { switches: { tunnelData: true } } };
const INET: Endpoints = { local: "192.0.2.1", remote: "192.0.2.2" };
const OTHERS: Endpoints = { local: "2001:db8::1", remote: "2001:db8::2" };

/** IFLA_INFO_DATA with endpoints and a key. */
function tunnelData(local: string, remote: string): Uint8Array {
  return concat(
    attribute(IFLA_GRE.LOCAL, ip(local)),
    attribute(IFLA_GRE.REMOTE, ip(remote)),
    attribute(IFLA_GRE.OKEY, u32(7)),
  );
}

/** Made once before, so that the tables that a first interface of a kind makes grow are there. */
function once(...names: readonly string[]): (vnet: Vnet) => void {
  return (vnet) => {
    for (const name of names) vnet.interfaceDestroy(vnet.interfaceCreate(name));
  };
}

describe("a link whose n-th allocation fails", () => {
  const vlan = create("vlan5", { header: { index: 2, change: OTHER }, data: vlanData(5) });
  const plain = create("lo7", { header: { change: OTHER } });

  it.each<[string, RegExp, Preparation, Uint8Array]>([
    ["lo7", /^R+S+E+L+$/, {}, plain],
    ["lo7 with a member", /^R+S+E+N+L+$/, { groups }, plain],
    ["lo7 that comes up", /^R+S+E+L+$/, {}, create("lo7", { header: { flags: IFF.UP, change: IFF.UP } })],
    ["an epair", /^R+S+E+L+$/, {}, create("epair", { header: { change: OTHER } })],
    ["an epair with a member", /^R+S+E+N+L+$/, { groups }, create("epair", { header: { change: OTHER } })],
    ["a vlan", /^R+S+E+L+$/, {}, vlan],
  ])("[B.3.2] [N5.1] [N7.4] %s is made or not made, ENOMEM means not", (_, outcomes, preparation, request) => {
    const setUp = once("lo", "epair", "vlan");
    expect(ofRequest({ ...preparation, setUp }, request, deleteLink(NEXT))).toMatch(outcomes);
  });

  it.each<[string, RegExp, Preparation]>([
    ["without members", /^R+S+L+$/, {}],
    ["with a member", /^R+S+N+L+$/, { groups }],
  ])("[B.5.1] [N5.1] [N7.4] lo7 goes or does not go, %s", (_, outcomes, preparation) => {
    const setUp = (vnet: Vnet): void => void vnet.interfaceCreate("lo7");
    expect(
      ofRequest({ ...preparation, setUp }, deleteLink(NEXT), create("lo7", { header: { change: OTHER } })),
    ).toMatch(outcomes);
  });

  it("[B.4.3] [N5.1] a change is made wholly or, with ENOMEM, not at all", () => {
    const setUp = (vnet: Vnet): void => vnet.interfaceDown("em0");
    const up = newLink({ header: { index: 2, flags: IFF.UP, change: IFF.UP }, alias: "x", mtu: 1400 });
    const down = newLink({ header: { index: 2, flags: 0, change: IFF.UP }, alias: "", mtu: 1500 });
    expect(ofRequest({ setUp }, up, down)).toMatch(/^R+S+E+L+$/);
  });

  it.each<[string, RegExp, Preparation]>([
    ["without members", /^R+S+E+L+$/, TUNNEL_DATA],
    ["with a member", /^R+S+E+N+L+$/, { ...TUNNEL_DATA, groups }],
  ])("a gre is made with its endpoints or not made, %s", (_, outcomes, preparation) => {
    const request = create("gre5", { header: { change: OTHER }, data: tunnelData("192.0.2.1", "192.0.2.2") });
    expect(ofRequest({ ...preparation, setUp: once("gre") }, request, deleteLink(NEXT))).toMatch(outcomes);
  });

  it("a gre is changed wholly or, with ENOMEM, not at all, its endpoints and key neither", () => {
    const prepared = prepare({ ...TUNNEL_DATA, setUp: (vnet) => void vnet.interfaceCreate("gre5") });
    const request = newLink({
      header: { index: NEXT, flags: IFF.UP, change: IFF.UP },
      ...{ alias: "x", mtu: 1400, data: tunnelData("192.0.2.1", "192.0.2.2") },
    });
    const undo = (): void => {
      prepared.vnet.interfaceSet("gre5", { mtu: 1476, description: "", tunnel: { key: 0, endpoints: null } });
      prepared.vnet.interfaceDown("gre5");
    };
    expect(eachFailure({ ...prepared, act: (socket) => ask(socket, request), undo })).toMatch(/^R+S+E+L+$/);
  });

  it("[B.6.1] an epair with addresses goes with both halves or stays, whatever dump waits meanwhile", () => {
    const make = (vnet: Vnet): void => {
      vnet.interfaceCreate("epair3");
      vnet.addressAdd("epair3a", "198.51.100.1/24");
      vnet.addressAdd("epair3b", "203.0.113.1/24");
    };
    const preparation: Preparation = { setUp: make, hostRoutes: 2000, isDumpWaiting: true, groups };
    const outcomes = ofCall(preparation, (vnet) => vnet.interfaceDestroy("epair3b"), make);
    expect(outcomes).toMatch(/^M+N+$/);
  });

  it.each<[string, (vnet: Vnet) => unknown, (vnet: Vnet) => unknown]>([
    ["interfaceCreate", (vnet) => vnet.interfaceCreate("tap3"), (vnet) => vnet.interfaceDestroy("tap3")],
    [
      "interfaceCreate of an epair",
      (vnet) => vnet.interfaceCreate("epair3"),
      (vnet) => vnet.interfaceDestroy("epair3b"),
    ],
    [
      "interfaceCreate of a vlan",
      (vnet) => vnet.interfaceCreate("vlan3", { parent: "em0", vid: 3 }),
      (vnet) => vnet.interfaceDestroy("vlan3"),
    ],
  ])("%s is refused with ENOMEM, and nothing is left", (_, call, inverse) => {
    expect(ofCall({ setUp: once("tap", "epair", "vlan") }, call, inverse)).toMatch(/^M+$/);
  });

  it("the first endpoints of a gif are refused with ENOMEM, and nothing is left; others take no memory", () => {
    const setUp = (vnet: Vnet): void => void vnet.interfaceCreate("gif0");
    const from = (endpoints: Endpoints | null) => (vnet: Vnet) => vnet.interfaceSet("gif0", { tunnel: { endpoints } });
    expect(ofCall({ ...TUNNEL_DATA, setUp }, from(INET), from(null))).toMatch(/^M+$/);
    const setUpWith = (vnet: Vnet): void => {
      setUp(vnet);
      from(INET)(vnet);
    };
    expect(ofCall({ ...TUNNEL_DATA, setUp: setUpWith }, from(OTHERS), from(INET))).toBe("");
  });
});
