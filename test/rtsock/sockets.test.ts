// The life of a routing socket, and who hears what (rtsock G.3).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { MSG, SO, SOCK, SOL } from "../../assembly/abi/netlink.js";
import { RTF } from "../../assembly/abi/rtnetlink.js";
import { ROUTE_RTM, ROUTE_SO, SHUT } from "../../assembly/abi/rtsock.js";
import { Errno, Kernel } from "../../host/kernel/kernel.js";
import { newRoute } from "../route/routes.js";
import { ask } from "../support/messages.js";
import { AS_GIVEN, setupE } from "../support/setups.js";
import { errnoOf, heard, readAll, request } from "./routing.js";

const GET = request(ROUTE_RTM.GET, { dst: "192.0.2.1" });
const NOBODY = { uid: 1001 };

describe("socket(PF_ROUTE)", () => {
  it("[RF-RTSOCK-1a] takes SOCK_RAW alone, whatever the protocol, and needs no module and no privilege", () => {
    const { vnet0: vnet } = Kernel.boot();
    vnet.routingSocket({ cred: NOBODY });
    vnet.routingSocket({ protocol: AF.INET });
    vnet.routingSocket({ protocol: 0x1234 });
    expect(errnoOf(() => vnet.routingSocket({ type: SOCK.DGRAM }))).toBe(Errno.EPROTOTYPE);
    expect(errnoOf(() => vnet.routingSocket({ type: SOCK.DGRAM, protocol: 2 }))).toBe(Errno.EPROTONOSUPPORT);
  });

  it("[RF-RTSOCK-1b] of a family hears neither the other family nor interfaces", () => {
    const { vnet, socket: netlink } = setupE(AS_GIVEN);
    const inet = vnet.routingSocket({ protocol: AF.INET });
    const inet6 = vnet.routingSocket({ protocol: 0x100 + AF.INET6 });
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }));
    vnet.interfaceSet("em0", { mtu: 1400 });
    expect(heard(inet)).toHaveLength(1);
    expect(heard(inet6)).toEqual([]);
  });

  it("keeps its vnet in place, and a closed one knows nothing", () => {
    const kernel = Kernel.boot();
    const socket = kernel.vnetCreate("blue").routingSocket();
    expect(errnoOf(() => kernel.vnetDestroy("blue"))).toBe(Errno.EBUSY);
    socket.close();
    socket.close();
    expect(errnoOf(() => socket.poll())).toBe(Errno.EBADF);
    kernel.vnetDestroy("blue");
  });
});

describe("options and calls of a routing socket", () => {
  it("[RF-RTSOCK-2] SO_SETFIB knows the fibs that there are; unknown options are ENOPROTOOPT", () => {
    const socket = Kernel.boot({ fibs: 2 }).vnet0.routingSocket();
    const set = (level: number, option: number, value: number) =>
      errnoOf(() => socket.setsockopt(level, option, value));
    expect([-1, 0, 1, 2].map((fib) => set(SOL.SOCKET, ROUTE_SO.SETFIB, fib))).toEqual([22, 0, 0, 22]);
    expect(set(SOL.SOCKET, 0x7777, 1)).toBe(Errno.ENOPROTOOPT);
    expect(set(SOL.NETLINK, 1, 1)).toBe(Errno.ENOPROTOOPT);
  });

  it("[RF-RTSOCK-3] bind, connect, listen and the names are refused", () => {
    const socket = Kernel.boot().vnet0.routingSocket();
    const calls = [socket.bind, socket.connect, socket.listen, socket.getsockname, socket.getpeername];
    expect(calls.map((call) => errnoOf(() => call.call(socket)))).toEqual([
      Errno.EOPNOTSUPP,
      Errno.EISCONN,
      Errno.EOPNOTSUPP,
      Errno.EOPNOTSUPP,
      Errno.EOPNOTSUPP,
    ]);
  });

  it("[RF-RTSOCK-4] shut down for reading it gives the end of file, for writing EPIPE", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.interfaceSet("em0", { mtu: 1400 });
    socket.shutdown(SHUT.RD);
    vnet.interfaceSet("em0", { mtu: 1300 });
    expect(socket.read(new Uint8Array(200))).toBe(0);
    expect(socket.poll()).toEqual({ readable: true, writable: true });
    expect(socket.write(GET)).toBe(GET.length);
    socket.shutdown(SHUT.WR);
    expect(errnoOf(() => socket.write(GET))).toBe(Errno.EPIPE);
    expect(errnoOf(() => socket.shutdown(3))).toBe(Errno.EINVAL);
  });

  it("[RF-RTSOCK-5] a read gives one message, cut to its room, from { 2, AF_ROUTE }", () => {
    const { vnet, socket: netlink } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }));
    ask(netlink, newRoute("10.2.0.0/16", { gateway: "192.0.2.9" }));
    const name = Uint8Array.of(2, AF.ROUTE);
    expect(socket.recvmsg(new Uint8Array(100))).toEqual({ length: 100, flags: MSG.TRUNC, name });
    expect(socket.recvmsg(new Uint8Array(1000))).toEqual({ length: 200, flags: 0, name });
    expect(errnoOf(() => socket.read(new Uint8Array(10)))).toBe(Errno.EAGAIN);
  });

  it("[RF-RTSOCK-6] what does not fit the receive space is lost; with SO_RERROR that is told once", () => {
    const { vnet } = setupE(AS_GIVEN);
    const [quiet, loud] = [vnet.routingSocket(), vnet.routingSocket()];
    loud.setsockopt(SOL.SOCKET, ROUTE_SO.RERROR, 1);
    // A message of 168 bytes counts 2 more for its sender: two fit 340, not 339.
    quiet.setsockopt(SOL.SOCKET, SO.RCVBUF, 340);
    loud.setsockopt(SOL.SOCKET, SO.RCVBUF, 339);
    for (const mtu of [1400, 1300, 1200]) vnet.interfaceSet("em0", { mtu });
    expect(readAll(quiet)).toHaveLength(2);
    expect(errnoOf(() => quiet.read(new Uint8Array(200)))).toBe(Errno.EAGAIN);
    expect(loud.read(new Uint8Array(200))).toBe(168);
    expect(errnoOf(() => loud.read(new Uint8Array(200)))).toBe(Errno.ENOBUFS);
    expect(errnoOf(() => loud.read(new Uint8Array(200)))).toBe(Errno.EAGAIN);
  });

  it("[RF-RTSOCK-7] [RF-RTSOCK-11a] a request beyond the send space, with control data, MSG_OOB, or of 7 bytes", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    socket.setsockopt(SOL.SOCKET, SO.SNDBUF, GET.length);
    expect(socket.write(GET)).toBe(GET.length);
    readAll(socket);
    expect(errnoOf(() => socket.write(new Uint8Array(GET.length + 1)))).toBe(Errno.EMSGSIZE);
    expect(errnoOf(() => socket.write(GET, { control: true }))).toBe(Errno.EOPNOTSUPP);
    expect(errnoOf(() => socket.write(GET, { flags: MSG.OOB }))).toBe(Errno.EOPNOTSUPP);
    expect(errnoOf(() => socket.write(new Uint8Array(0)))).toBe(Errno.ENOBUFS);
    expect(errnoOf(() => socket.write(new Uint8Array(7)))).toBe(Errno.ENOBUFS);
    expect(heard(socket)).toEqual([]);
  });
});

describe("who hears what", () => {
  it("[RF-RTSOCK-8] echoes stay in the fib of the socket, interfaces concern all", () => {
    const { vnet } = setupE({ ...AS_GIVEN, fibs: 2 });
    const [first, second] = [vnet.routingSocket(), vnet.routingSocket({ fib: 1 })];
    first.write(GET);
    expect(errnoOf(() => second.write(GET))).toBe(Errno.ESRCH);
    vnet.interfaceSet("em0", { mtu: 1400 });
    expect(readAll(first).map(({ errno, type }) => [type, errno])).toEqual([
      ["GET", 0],
      ["IFINFO", 0],
    ]);
    expect(readAll(second).map(({ errno, type }) => [type, errno])).toEqual([
      ["GET", Errno.ESRCH],
      ["IFINFO", 0],
    ]);
  });

  it("[RF-RTSOCK-9] without SO_USELOOPBACK the only socket hears no echo; of two both do", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    socket.setsockopt(SOL.SOCKET, ROUTE_SO.USELOOPBACK, 0);
    socket.write(GET);
    expect(heard(socket)).toEqual([]);
    const other = vnet.routingSocket();
    socket.write(GET);
    expect([heard(socket).length, heard(other).length]).toEqual([1, 1]);
  });

  it("[RF-RTSOCK-10] privilege is the writer's, and only RTM_GET needs none", () => {
    const { vnet } = setupE(AS_GIVEN);
    const add = request(ROUTE_RTM.ADD, { dst: "10.0.0.1", gateway: "192.0.2.9", flags: 2 });
    const socket = vnet.routingSocket({ cred: NOBODY });
    expect(errnoOf(() => socket.write(add))).toBe(Errno.EPERM);
    expect(errnoOf(() => socket.write(request(ROUTE_RTM.LOCK, { dst: "10.0.0.1" })))).toBe(Errno.EPERM);
    expect(errnoOf(() => socket.write(GET))).toBe(Errno.OK);
    expect(errnoOf(() => socket.write(add, { cred: {} }))).toBe(Errno.OK);
    expect(errnoOf(() => vnet.routingSocket().write(add, { cred: { jail: { vnet: false } } }))).toBe(Errno.EPERM);
  });

  it("a jail without a vnet gets the routes of its own addresses only", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket({ cred: { jail: { vnet: false, addresses: ["192.0.2.1"] } } });
    expect(errnoOf(() => socket.write(GET))).toBe(Errno.OK);
    expect(errnoOf(() => socket.write(request(ROUTE_RTM.GET, { dst: "192.0.2.7" })))).toBe(Errno.ESRCH);
  });
});

describe("the event log", () => {
  it("replays routing sockets to the same memory", () => {
    const kernel = Kernel.boot({ record: true, interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }] });
    const socket = kernel.vnet0.routingSocket({ pid: 4242 });
    socket.setsockopt(SOL.SOCKET, ROUTE_SO.RERROR, 1);
    socket.write(GET);
    errnoOf(() => socket.write(request(ROUTE_RTM.ADD, { dst: "10.0.0.1" })));
    readAll(socket);
    socket.shutdown(SHUT.WR);
    kernel.vnet0.interfaceDown("em0");
    socket.close();
    errnoOf(() => socket.write(GET));
    expect(Kernel.replay(kernel.record()).vnet0.check()).toBe(0);
  });
});

describe("a vnet without lo0", () => {
  const bare = () =>
    Kernel.boot({
      ...AS_GIVEN,
      loopback: false,
      interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }],
    }).vnet0;

  it("[RF-RTSOCK-29] [G.3.8] delivers nothing, and its requests work", () => {
    const vnet = bare();
    const socket = vnet.routingSocket();
    const flags = RTF.UP | RTF.GATEWAY | RTF.STATIC;
    expect(socket.write(request(ROUTE_RTM.ADD, { dst: "10.0.0.1", gateway: "192.0.2.9", flags }))).toBe(184);
    expect(errnoOf(() => socket.write(request(ROUTE_RTM.GET, { dst: "10.0.0.2" })))).toBe(Errno.ESRCH);
    socket.write(request(ROUTE_RTM.GET, { dst: "10.0.0.1" }));
    vnet.interfaceDown("em0");
    vnet.addressDelete("em0", "192.0.2.1");
    vnet.interfaceAttach({ name: "em1" });
    vnet.membershipAdd("em1", "224.0.0.9");
    expect(socket.poll().readable).toBe(false);
    expect(heard(socket)).toEqual([]);
  });

  it("[RF-RTSOCK-16] refuses a blackhole and takes addresses", () => {
    const vnet = bare();
    const socket = vnet.routingSocket();
    vnet.addressAdd("em0", "2001:db8::1/64");
    vnet.addressAdd("em0", "198.51.100.7/32");
    const flags = RTF.UP | RTF.BLACKHOLE;
    const add = request(ROUTE_RTM.ADD, { dst: "10.0.0.1", gateway: "192.0.2.9", flags });
    expect(errnoOf(() => socket.write(add))).toBe(Errno.EOPNOTSUPP);
    expect(vnet.check()).toBe(0);
  });
});
