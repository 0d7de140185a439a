// Numbers and layouts of routing messages (rtsock G.1, G.2), as the kernel writes and takes them.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { SO, SOCK, SOL } from "../../assembly/abi/netlink.js";
import { RTF } from "../../assembly/abi/rtnetlink.js";
import { NET_RT, ROUTE_RTM, ROUTE_SO, RTV } from "../../assembly/abi/rtsock.js";
import { Errno, Kernel } from "../../host/kernel/kernel.js";
import { AS_GIVEN, setupE } from "../support/setups.js";
import { decode, errnoOf, inet, type Routing, readAll, readBytes, request } from "./routing.js";

const VIA = RTF.UP | RTF.GATEWAY | RTF.STATIC;

function stage() {
  const { vnet, kernel } = setupE(AS_GIVEN);
  vnet.addressAdd("em0", "fe80::1/64");
  vnet.addressAdd("em1", "fe80::2/64");
  return { vnet, kernel, socket: vnet.routingSocket() };
}

describe("metrics", () => {
  it("[G.1.3] of all metrics only MTU, expiry and weight count; the bits come back as they were sent", () => {
    const { socket, kernel } = stage();
    const bits = {
      MTU: 0x1,
      HOPCOUNT: 0x2,
      EXPIRE: 0x4,
      RPIPE: 0x8,
      SPIPE: 0x10,
      SSTHRESH: 0x20,
      RTT: 0x40,
      RTTVAR: 0x80,
    };
    expect(RTV).toMatchObject({ ...bits, WEIGHT: 0x100 });
    const expire = kernel.wallClock + 60;
    const fields = { flags: VIA, inits: 0x1ff, mtu: 1400, expire, weight: 3 };
    const bytes = request(ROUTE_RTM.ADD, { dst: "10.0.0.1", gateway: "192.0.2.9", ...fields });
    const sent = new DataView(bytes.buffer);
    // Locks, hop count, both pipes, threshold, round trip time and its variance.
    for (const at of [40, 56, 72, 80, 88, 96, 104]) sent.setBigUint64(at, 77n, true);
    socket.write(bytes);
    const echo = readBytes(socket) as Uint8Array;
    const shown = new DataView(echo.buffer);
    expect([32, 48, 64, 120].map((at) => Number(shown.getBigUint64(at, true)))).toEqual([0x1ff, 1400, expire, 3]);
    for (const at of [40, 56, 72, 80, 88, 96, 104]) expect(shown.getBigUint64(at, true)).toBe(0n);
    expect(decode(echo).flags & RTF.FIXEDMTU).toBe(RTF.FIXEDMTU);
  });
});

describe("sockets and sysctls", () => {
  it("[G.1.5] have these numbers, and no filters but the family and the fib", () => {
    const socket = Kernel.boot().vnet0.routingSocket();
    expect([AF.ROUTE, SOCK.RAW, SOL.SOCKET]).toEqual([17, 3, 0xffff]);
    expect(ROUTE_SO).toMatchObject({ USELOOPBACK: 0x40, SETFIB: 0x1014, RERROR: 0x20000 });
    expect(socket.getsockopt(SOL.SOCKET, ROUTE_SO.USELOOPBACK)).toBe(0x40);
    expect(socket.getsockopt(SOL.SOCKET, ROUTE_SO.RERROR)).toBe(0);
    expect([SO.TYPE, SO.DOMAIN].map((option) => socket.getsockopt(SOL.SOCKET, option))).toEqual([3, 17]);
    expect(errnoOf(() => socket.getsockopt(SOL.SOCKET, 0x7777))).toBe(Errno.ENOPROTOOPT);
    // ROUTE_MSGFILTER and ROUTE_TABLEFILTER of other systems, of the level AF_ROUTE.
    for (const option of [1, 2]) {
      expect(errnoOf(() => socket.setsockopt(AF.ROUTE, option, 0))).toBe(Errno.ENOPROTOOPT);
      expect(errnoOf(() => socket.getsockopt(AF.ROUTE, option))).toBe(Errno.ENOPROTOOPT);
    }
  });

  it("[G.1.6] have these operations, tunables and defaults; a queue of no message is EINVAL", () => {
    const operations = { DUMP: 1, FLAGS: 2, IFLIST: 3, IFMALIST: 4, IFLISTL: 5, NHOP: 6, NHGRP: 7 };
    expect(NET_RT).toMatchObject(operations);
    const { vnet0: vnet } = Kernel.boot();
    const defaults = {
      "net.rtsock.sendspace": 8192,
      "net.rtsock.recvspace": 8192,
      "net.route.netisr_maxqlen": 256,
      "net.route.multipath": 1,
      "net.route.ipv6_nexthop": 1,
      "net.add_addr_allfibs": 0,
    };
    for (const [name, value] of Object.entries(defaults)) expect([name, vnet.sysctl(name)]).toEqual([name, value]);
    expect(errnoOf(() => vnet.sysctl("net.route.netisr_maxqlen", 0))).toBe(Errno.EINVAL);
    vnet.sysctl("net.rtsock.recvspace", 4096);
    expect(vnet.routingSocket().getsockopt(SOL.SOCKET, SO.RCVBUF)).toBe(4096);
  });
});

describe("layouts", () => {
  it("[G.2.2] if_data: kind, lengths, link state, MTU, and when it came and changed", () => {
    const { vnet, kernel, socket } = stage();
    kernel.advance(2500);
    vnet.interfaceSet("em0", { mtu: 1400 });
    const bytes = readBytes(socket) as Uint8Array;
    const data = new DataView(bytes.buffer, 16);
    expect([bytes.length, data.byteLength]).toEqual([168, 152]);
    // IFT_ETHER, no other medium, 6 bytes of address, 18 of header with a vlan's tag, up, no vhid.
    expect([...bytes.slice(16, 22)]).toEqual([6, 0, 6, 18, 2, 0]);
    expect([data.getUint16(6, true), data.getUint32(8, true), data.getUint32(12, true)]).toEqual([152, 1400, 0]);
    const seconds = [data.getBigUint64(128, true), data.getBigUint64(136, true), data.getBigUint64(144, true)];
    expect(seconds.map(Number)).toEqual([1, kernel.wallClock, 500_000]);
    const lo0 = vnet.sysctlNet([4, 17, 0, 0, NET_RT.IFLIST, 1], { room: 224 }).bytes;
    expect([...lo0.slice(16, 20)]).toEqual([24, 0, 0, 0]);
  });

  it("[G.2.4] a scope id and a zone within the address mean the same, and come back as scope id", () => {
    const { socket } = stage();
    const embedded = inet("fe80::9");
    embedded.set([0, 3], 10);
    for (const gateway of ["fe80::9%3", embedded]) {
      socket.write(request(ROUTE_RTM.ADD, { dst: "2001:db8:5::1", gateway, flags: VIA }));
      expect(readAll(socket)).toMatchObject([{ errno: 0, index: 3, gateway: "fe80::9%3" }]);
      socket.write(request(ROUTE_RTM.DELETE, { dst: "2001:db8:5::1" }));
      readAll(socket);
    }
  });

  it("[G.2.4] of multicast it is so for groups of an interface and of a link; masks never have a zone", () => {
    const { vnet, socket } = stage();
    for (const group of ["ff01::7", "ff02::7", "ff05::7"]) vnet.membershipAdd("em1", group);
    expect(readAll(socket).map(({ ifa }) => ifa)).toEqual(["ff01::7%3", "ff02::7%3", "ff05::7"]);
    socket.write(
      request(ROUTE_RTM.ADD, { dst: "2001:db8::", netmask: "ffff:ffff::", gateway: "fe80::9%2", flags: VIA }),
    );
    expect(readAll(socket)).toMatchObject([{ netmask: "ffff:ffff::", gateway: "fe80::9%2", errno: 0 }]);
  });

  it("[G.2.4] a zone that there is not is no error", () => {
    const { socket } = stage();
    expect(errnoOf(() => socket.write(request(ROUTE_RTM.GET, { dst: "fe80::1%99" })))).toBe(Errno.ESRCH);
  });

  it("[G.2.5] broadcasts have the length that they have, sysctls' messages are rounded up to 8", () => {
    const { vnet, socket } = stage();
    vnet.addressAdd("em1", "198.51.100.1/24");
    const told = readAll(socket).find(({ type }) => type === "NEWADDR") as Routing;
    expect([told.length, told.addrs]).toEqual([20 + 16 + 56 + 16 + 16, 0xb4]);
    const { bytes } = vnet.sysctlNet([4, 17, 0, AF.INET, NET_RT.IFLIST, 3], { room: 4096 });
    expect(new DataView(bytes.buffer, bytes.byteOffset).getUint16(224, true)).toBe(72);
    expect([...bytes.slice(224 + 68)]).toEqual([0, 0, 0, 0]);
  });
});
