// Multicast memberships of interfaces: what routing sockets hear of them, and NET_RT_IFMALIST (rtsock G.5.7, G.6.7).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NET_RT } from "../../assembly/abi/rtsock.js";
import { Errno, Kernel, type Vnet } from "../../host/kernel/kernel.js";
import { AS_GIVEN, setupE, setupR } from "../support/setups.js";
import { decode, errnoOf, heard, type Routing, readAll } from "./routing.js";

const GROUPS_OF = (vnet: Vnet, family = 0, index = 0): Routing[] => {
  const { bytes } = vnet.sysctlNet([4, 17, 0, family, NET_RT.IFMALIST, index], { room: 65536 });
  const found: Routing[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint16(0, true);
    found.push(decode(bytes.slice(at, at + length)));
    at += length;
  }
  return found;
};

/** E without addresses on em0 and em1, so without groups. */
function bare(): Vnet {
  return setupR({
    ...AS_GIVEN,
    interfaces: [
      { name: "em0", lladdr: "02:00:00:00:00:0a", up: true },
      { name: "em1", lladdr: "02:00:00:00:00:0b", up: true },
    ],
  }).vnet;
}

describe("groups that programs join", () => {
  it("[RF-RTSOCK-28] [G.5.7] the first join is NEWMADDR, the last leave DELMADDR, all between are silent", () => {
    const vnet = bare();
    const socket = vnet.routingSocket();
    vnet.membershipAdd("em0", "224.0.0.251");
    expect(heard(socket)).toEqual(["NEWMADDR 224.0.0.251 0x0 of 2"]);
    vnet.membershipAdd("em0", "224.0.0.251");
    vnet.membershipRemove("em0", "224.0.0.251");
    expect(heard(socket)).toEqual([]);
    vnet.membershipRemove("em0", "224.0.0.251");
    expect(heard(socket)).toEqual(["DELMADDR 224.0.0.251 0x0 of 2"]);
    expect(GROUPS_OF(vnet, 0, 2)).toEqual([]);
  });

  it("[RF-RTSOCK-24] [RF-RTSOCK-28] shows the Ethernet group, the interface and the group: 144 and 160 bytes", () => {
    const vnet = bare();
    const socket = vnet.routingSocket();
    vnet.membershipAdd("em0", "239.129.2.3");
    vnet.membershipAdd("em0", "ff02::fb");
    const [inet, inet6] = readAll(socket);
    const ifp = "link#2 em0 02:00:00:00:00:0a";
    expect(inet).toMatchObject({ type: "NEWMADDR", length: 144, addrs: 0x32, flags: 0, index: 2, ifp });
    // Of an IPv4 group 23 bits are mapped.
    expect(inet).toMatchObject({ ifa: "239.129.2.3", gateway: "link#2 01:00:5e:01:02:03" });
    expect(inet6).toMatchObject({ length: 160, addrs: 0x32, ifa: "ff02::fb%2", gateway: "link#2 33:33:00:00:00:fb" });
  });

  it("a link that maps no groups shows none", () => {
    const { vnet } = setupR(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.membershipAdd("lo0", "224.0.0.9");
    expect(readAll(socket)).toMatchObject([{ addrs: 0x30, length: 16 + 56 + 16 }]);
  });

  it("a group of a larger scope than a link's has no zone", () => {
    const vnet = bare();
    const socket = vnet.routingSocket();
    vnet.membershipAdd("em0", "ff05::2");
    expect(readAll(socket)[0]?.ifa).toBe("ff05::2");
  });

  it("go to sockets of the group's family and to those of all families, of whatever fib", () => {
    const { vnet } = setupR({ ...AS_GIVEN, fibs: 2, interfaces: [{ name: "em0", up: true }] });
    const [all, inet, inet6] = [0, AF.INET, AF.INET6].map((protocol) => vnet.routingSocket({ protocol, fib: 1 }));
    vnet.membershipAdd("em0", "224.0.0.9");
    expect([all, inet, inet6].map((socket) => heard(socket as never).length)).toEqual([1, 1, 0]);
  });

  it("an interface that leaves takes memberships along, each told of before its departure", () => {
    const vnet = bare();
    vnet.membershipAdd("em0", "224.0.0.9");
    vnet.membershipAdd("em0", "224.0.0.9");
    const socket = vnet.routingSocket();
    vnet.interfaceDetach("em0");
    expect(heard(socket).slice(-2)).toEqual(["DELMADDR 224.0.0.9 0x0 of 2", "IFANNOUNCE 1 em0 of 2"]);
  });

  it("what is no group, not joined, or on no such interface is refused", () => {
    const vnet = bare();
    expect(errnoOf(() => vnet.membershipAdd("em0", "192.0.2.1"))).toBe(Errno.EINVAL);
    expect(errnoOf(() => vnet.membershipAdd("em0", "fe80::1"))).toBe(Errno.EINVAL);
    expect(errnoOf(() => vnet.membershipRemove("em0", "192.0.2.1"))).toBe(Errno.EINVAL);
    expect(errnoOf(() => vnet.membershipRemove("em0", "224.0.0.9"))).toBe(Errno.EADDRNOTAVAIL);
    expect(errnoOf(() => vnet.membershipAdd("em9", "224.0.0.9"))).toBe(Errno.ENXIO);
  });

  it("a program cannot leave what the kernel itself joined", () => {
    const { vnet } = setupE(AS_GIVEN);
    expect(errnoOf(() => vnet.membershipRemove("em0", "224.0.0.1"))).toBe(Errno.EADDRNOTAVAIL);
    vnet.membershipAdd("em0", "224.0.0.1");
    vnet.membershipRemove("em0", "224.0.0.1");
    expect(GROUPS_OF(vnet, AF.INET, 2)).toHaveLength(1);
  });

  it("without memory nothing is joined and nothing is left behind", () => {
    const vnet = bare();
    for (let n = 1; ; n++) {
      vnet.failAllocation(n);
      const errno = errnoOf(() => vnet.membershipAdd("em0", "224.0.0.9"));
      vnet.failAllocation(0);
      if (errno === Errno.OK) break;
      expect(errno).toBe(Errno.ENOMEM);
      expect(GROUPS_OF(vnet, 0, 2)).toEqual([]);
    }
    expect(GROUPS_OF(vnet, 0, 2)).toHaveLength(2);
  });

  it("joins and leaves are events of the log, which a replay repeats", () => {
    const kernel = Kernel.boot({ record: true, interfaces: [{ name: "em0" }] });
    kernel.vnet0.membershipAdd("em0", "224.0.0.9");
    kernel.vnet0.membershipAdd("em0", "ff02::9");
    kernel.vnet0.membershipRemove("em0", "224.0.0.9");
    const again = Kernel.replay(kernel.record());
    expect(GROUPS_OF(again.vnet0, 0, 2).map(({ ifa }) => ifa)).toEqual(["ff02::9%2", "link#2 33:33:00:00:00:09"]);
  });
});

describe("groups that addresses bring", () => {
  it("[RF-RTSOCK-28] an interface's first IPv4 address joins all hosts, its last one leaves", () => {
    const vnet = bare();
    const socket = vnet.routingSocket();
    const groups = () => heard(socket).filter((line) => line.includes("MADDR"));
    vnet.addressAdd("em0", "192.0.2.1/24");
    expect(groups()).toEqual(["NEWMADDR 224.0.0.1 0x0 of 2"]);
    vnet.addressAdd("em0", "198.51.100.1/24");
    vnet.addressDelete("em0", "192.0.2.1");
    expect(groups()).toEqual([]);
    vnet.addressDelete("em0", "198.51.100.1");
    expect(groups()).toEqual(["DELMADDR 224.0.0.1 0x0 of 2"]);
  });

  it("[RF-RTSOCK-28] an IPv6 address joins its solicited-node group and all nodes of link and interface", () => {
    const vnet = bare();
    const socket = vnet.routingSocket();
    const groups = () => heard(socket).filter((line) => line.includes("MADDR"));
    vnet.addressAdd("em0", "2001:db8::12:3456/64");
    expect(groups()).toEqual([
      "NEWMADDR ff02::1:ff12:3456%2 0x0 of 2",
      "NEWMADDR ff02::1%2 0x0 of 2",
      "NEWMADDR ff01::1%2 0x0 of 2",
    ]);
    vnet.addressAdd("em0", "2001:db9::12:3456/64");
    expect(groups()).toEqual([]);
    vnet.addressAdd("em0", "2001:db9::1/64");
    expect(groups()).toEqual(["NEWMADDR ff02::1:ff00:1%2 0x0 of 2"]);
    vnet.addressDelete("em0", "2001:db9::1");
    vnet.addressDelete("em0", "2001:db8::12:3456");
    expect(groups()).toEqual(["DELMADDR ff02::1:ff00:1%2 0x0 of 2"]);
  });

  it("an address that was refused or lacked memory leaves no group behind", () => {
    const vnet = bare();
    for (let n = 1; ; n++) {
      vnet.failAllocation(n);
      const errno = errnoOf(() => vnet.addressAdd("em0", "2001:db8::1/64"));
      vnet.failAllocation(0);
      if (errno === Errno.OK) break;
      expect(GROUPS_OF(vnet, 0, 2)).toEqual([]);
      expect(vnet.check()).toBe(0);
    }
    // Two of the three groups map to one of Ethernet's.
    expect(GROUPS_OF(vnet, 0, 2)).toHaveLength(5);
  });
});

describe("NET_RT_IFMALIST", () => {
  it("[RF-RTSOCK-33] [G.6.7] lists the newest membership first, link-level groups as entries of their own", () => {
    const { vnet } = setupE(AS_GIVEN);
    vnet.membershipAdd("em0", "ff02::fb");
    const all = GROUPS_OF(vnet, 0, 2);
    expect(all.map(({ ifa, gateway, length, addrs }) => [ifa, gateway, length, addrs])).toEqual([
      ["ff02::fb%2", "link#2 33:33:00:00:00:fb", 160, 0x32],
      ["link#2 33:33:00:00:00:fb", undefined, 128, 0x30],
      ["224.0.0.1", "link#2 01:00:5e:00:00:01", 144, 0x32],
      ["link#2 01:00:5e:00:00:01", undefined, 128, 0x30],
    ]);
    expect(all.map(({ type, flags, index }) => [type, flags, index])).toEqual(new Array(4).fill(["NEWMADDR", 0, 2]));
  });

  it("[G.6.7] the family filters groups, the argument interfaces", () => {
    const { vnet } = setupE(AS_GIVEN);
    vnet.membershipAdd("em1", "224.0.0.9");
    expect(GROUPS_OF(vnet, AF.INET).map(({ ifa, index }) => [ifa, index])).toEqual([
      ["224.0.0.1", 1],
      ["224.0.0.1", 2],
      ["224.0.0.9", 3],
    ]);
    expect(GROUPS_OF(vnet, AF.LINK, 3)).toHaveLength(1);
    expect(GROUPS_OF(vnet, 0, 9)).toEqual([]);
  });

  it("a jail without a vnet sees none but those it could have as an address", () => {
    const { vnet } = setupE(AS_GIVEN);
    const cred = { jail: { vnet: false, addresses: ["192.0.2.1"] } };
    expect(vnet.sysctlNet([4, 17, 0, 0, NET_RT.IFMALIST, 0], { cred }).length).toBe(0);
  });
});
