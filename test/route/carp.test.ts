// Addresses of virtual hosts: FreeBSD's netinet/in.c, netinet6/in6.c and netinet/ip_carp.c.

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { IFA, IFAF } from "../../assembly/abi/rtnetlink.js";
import { IfData, IfMsgHdr, NET_RT, ROUTE_RTM } from "../../assembly/abi/rtsock.js";
import { type CarpSetup, setCarp, setupCarp, virtualHosts } from "../generic/carprequests.js";
import { ask, drain, errorOf, numberAt, payloadOf } from "../support/messages.js";
import { monitor } from "../support/setups.js";
import { type AddressFields, delAddr, newAddr, PERMANENT } from "./addressrequests.js";
import { addresses, addressTexts } from "./links.js";

const VHID = 77;

/** em0 has a virtual host. */
function setupVirtual(): CarpSetup {
  const setup = setupCarp();
  expect(errorOf(ask(setup.generic, setCarp(setup.id, { vhid: VHID, index: 2 })))).toBe(0);
  return setup;
}

/** IFAF_VHID of an address of em0. */
function vhidOf({ socket }: CarpSetup, address: string): number | undefined {
  const found = addresses(socket, { index: 2 }).find((each) => each.address === address);
  const vhid = payloadOf(found?.payload(IFA.FREEBSD) ?? new Uint8Array(0), IFAF.VHID);
  return vhid && numberAt(vhid, 0, 4);
}

describe("RTM_NEWADDR with IFAF_VHID", () => {
  it.each<[string, string, AddressFields]>([
    ["IPv4", "198.51.100.1/24", {}],
    ["IPv6", "2001:db8::1/64", { lifetimes: PERMANENT }],
  ])("[FB-33] attaches an %s address, which shows it", (_, own, fields) => {
    const setup = setupVirtual();
    expect(errorOf(ask(setup.socket, newAddr(own, { ...fields, vhid: VHID })))).toBe(0);
    expect(vhidOf(setup, own.replace(/\/.*/, ""))).toBe(VHID);
  });

  it.each<[string, AddressFields, Errno]>([
    ["an interface without virtual hosts", { vhid: VHID, index: 3 }, Errno.ENOPROTOOPT],
    ["another vhid", { vhid: 5 }, Errno.ENOENT],
    ["a vhid beyond 255", { vhid: 256 + VHID }, Errno.ENOENT],
  ])("of %s is refused, and the address is not there", (_, fields, errno) => {
    const { socket } = setupVirtual();
    const before = addressTexts(socket);
    expect(errorOf(ask(socket, newAddr("198.51.100.1/24", fields)))).toBe(errno);
    expect(errorOf(ask(socket, newAddr("2001:db8::1/64", { ...fields, lifetimes: PERMANENT })))).toBe(errno);
    expect(addressTexts(socket)).toEqual(before);
  });

  it("that is negative counts for IPv4 alone", () => {
    const { socket } = setupVirtual();
    expect(errorOf(ask(socket, newAddr("198.51.100.1/24", { vhid: -1 })))).toBe(Errno.ENOENT);
    expect(errorOf(ask(socket, newAddr("2001:db8::1/64", { vhid: -1, lifetimes: PERMANENT })))).toBe(0);
  });

  it("that is refused costs the IPv4 address that was there", () => {
    const { socket } = setupVirtual();
    expect(errorOf(ask(socket, newAddr("192.0.2.1/24", { vhid: 5 })))).toBe(Errno.ENOENT);
    expect(addressTexts(socket, { index: 2 })).toEqual([]);
  });

  it("given again without one detaches the address, and the virtual host stays", () => {
    const setup = setupVirtual();
    for (const own of ["198.51.100.1/24", "2001:db8::1/64"]) {
      ask(setup.socket, newAddr(own, { vhid: VHID, lifetimes: PERMANENT }));
      ask(setup.socket, newAddr(own, { lifetimes: PERMANENT }));
      expect(vhidOf(setup, own.replace(/\/.*/, ""))).toBeUndefined();
    }
    expect(virtualHosts(setup, { name: "em0" })).toMatchObject([{ vhid: VHID, state: 0 }]);
  });
});

describe("RTM_DELADDR of a virtual address", () => {
  it.each(["198.51.100.1/24", "2001:db8::1/64"])("%s: with the last one the virtual host goes", (own) => {
    const setup = setupVirtual();
    ask(setup.socket, newAddr(own, { vhid: VHID, lifetimes: PERMANENT }));
    const links = monitor(setup.vnet, 1);
    expect(errorOf(ask(setup.socket, delAddr(own)))).toBe(0);
    expect(virtualHosts(setup, { name: "em0" })).toEqual([]);
    // The interface is no longer promiscuous.
    expect(drain(links)).toHaveLength(1);
    setup.kernel.kldunload("carp");
  });
});

describe("NET_RT_IFLISTL", () => {
  it("has the vhid in the if_data of an address", () => {
    const { vnet, socket } = setupVirtual();
    ask(socket, newAddr("198.51.100.1/24", { vhid: VHID }));
    const { bytes } = vnet.sysctlNet([4, 17, 0, AF.INET, NET_RT.IFLISTL, 2], { room: 65536 });
    const vhids: (number | undefined)[] = [];
    for (let at = 0; at < bytes.length; at += numberAt(bytes, at, 2)) {
      const data = at + numberAt(bytes, at + IfMsgHdr.DATA_OFF, 2);
      if (bytes[at + 3] === ROUTE_RTM.NEWADDR) vhids.push(bytes[data + IfData.VHID]);
    }
    expect(vhids).toEqual([0, VHID]);
  });
});
