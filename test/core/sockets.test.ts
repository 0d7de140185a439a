// Opening, naming, sending and closing: what the calls of a netlink socket answer (netlink-core N1.2, N2).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, NETLINK, NETLINK_OPTION, SO, SOCK, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno, Kernel, type Socket, type SocketOptions, type Vnet } from "../../host/kernel/kernel.js";
import { ackOf, ask, codeOf, concat, drain, errorOf, toHex, u8, u16, u32 } from "../support/messages.js";
import { openSocket, setupE, setupR } from "../support/setups.js";
import { addRoute, deleteRoute, getLinks, noop } from "./requests.js";

const UNPRIVILEGED = { uid: 1001 };

function socketCode(vnet: Vnet, options: SocketOptions): string | undefined {
  return codeOf(() => vnet.socket(options).close());
}

function groupsOf(socket: Socket): number {
  return socket.getsockopt(SOL.NETLINK, NETLINK_OPTION.LIST_MEMBERSHIPS);
}

/** A sockaddr_nl of port and groups, cut or filled up to a length. */
function sockaddr(port: number, groups: number, length = 12, nlLength = 12, family: number = AF.NETLINK): Uint8Array {
  const address = new Uint8Array(length);
  address.set(concat(u8(nlLength), u8(family), u16(0), u32(port), u32(groups)).subarray(0, length));
  return address;
}

/** The errno of adding a route on a socket. */
function addingRoute(socket: Socket, prefix: string): number {
  return errorOf(ask(socket, addRoute(prefix, "qaCX")));
}

describe("socket(2)", () => {
  it.each([
    ["RAW", SOCK.RAW, 0],
    ["DGRAM", SOCK.DGRAM, 0],
    ["RAW", SOCK.RAW, 1001],
    ["DGRAM", SOCK.DGRAM, 1001],
  ])(
    "[N1.1] [N2.1] [RF-CORE-2] a %s socket opens and asks for links without privilege (type %i, uid %i)",
    (_, type, uid) => {
      const socket = setupR().vnet.socket({ type, cred: { uid } });
      const answer = ask(socket, getLinks());
      expect(answer.map((each) => each.type)).toEqual([RTM.NEWLINK, 3]);
      expect(socket.getsockopt(SOL.SOCKET, SO.TYPE)).toBe(type);
    },
  );

  it("[RF-CORE-1a] [N2.1] without the module the domain is unknown, before and after it was loaded", () => {
    const { kernel, vnet, socket } = setupR();
    socket.close();
    kernel.kldunload("netlink");
    expect(socketCode(vnet, {})).toBe("EAFNOSUPPORT");
    kernel.kldload("netlink");
    expect(socketCode(vnet, {})).toBeUndefined();
    expect(socketCode(Kernel.boot().vnet0, {})).toBe("EAFNOSUPPORT");
  });

  it.each([
    [0, undefined],
    [-1, "EINVAL"],
    [19, "EPROTONOSUPPORT"],
    [20, "EINVAL"],
    [255, "EINVAL"],
    [-(2 ** 31), "EINVAL"],
    [2 ** 31 - 1, "EINVAL"],
  ])("[RF-CORE-1b] [N2.1] [N1.1] [N1.9] of protocols 0…19 the table has places: %i gives %s", (protocol, code) => {
    expect(socketCode(setupR().vnet, { protocol })).toBe(code);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19])(
    "[RF-CORE-1c] [N2.1] [N1.1] protocol %i has a place but no handler",
    (protocol) => {
      expect(socketCode(setupR().vnet, { protocol })).toBe("EPROTONOSUPPORT");
    },
  );

  it.each([
    [SOCK.STREAM, NETLINK.ROUTE, "EPROTOTYPE"],
    [SOCK.RDM, NETLINK.ROUTE, "EPROTOTYPE"],
    [SOCK.SEQPACKET, NETLINK.ROUTE, "EPROTOTYPE"],
    [0, NETLINK.ROUTE, "EPROTOTYPE"],
    [6, NETLINK.ROUTE, "EPROTOTYPE"],
    [SOCK.STREAM, NETLINK.GENERIC, "EPROTONOSUPPORT"],
    [SOCK.STREAM, 99, "EPROTONOSUPPORT"],
    [SOCK.STREAM, -1, "EPROTONOSUPPORT"],
  ])(
    "[RF-CORE-1d] [N2.1] type %i with protocol %i is %s: type errors win over protocol errors",
    (type, protocol, code) => {
      expect(socketCode(setupR().vnet, { type, protocol })).toBe(code);
    },
  );

  it.each<[string, SocketOptions, string]>([
    ["another domain over a wrong type", { type: SOCK.STREAM, domain: AF.INET }, "EAFNOSUPPORT"],
    ["a wrong type over capability mode", { type: SOCK.STREAM, cred: { capabilityMode: true } }, "EPROTOTYPE"],
    ["capability mode over a wrong protocol", { protocol: 20, cred: { capabilityMode: true } }, "ECAPMODE"],
    ["capability mode, though root", { cred: { capabilityMode: true } }, "ECAPMODE"],
  ])("[N2.1] the checks have an order: %s", (_, options, code) => {
    expect(socketCode(setupR().vnet, options)).toBe(code);
  });

  it("[N2.1] a missing module is found before a wrong type and capability mode", () => {
    expect(socketCode(Kernel.boot().vnet0, { type: SOCK.STREAM, cred: { capabilityMode: true } })).toBe("EAFNOSUPPORT");
  });

  it("[N2.1] a jail without a vnet may open netlink sockets", () => {
    expect(socketCode(setupR().vnet, { cred: { jail: { vnet: false } } })).toBeUndefined();
  });

  it("[N2.2] a new socket has no port, no groups, all options off and the default limits", () => {
    const socket = setupR().vnet.socket({ pid: 4321 });
    const options = ["CAP_ACK", "EXT_ACK", "GET_STRICT_CHK", "MSG_INFO"] as const;
    expect(options.map((option) => socket.getsockopt(SOL.NETLINK, NETLINK_OPTION[option]))).toEqual([0, 0, 0, 0]);
    expect(groupsOf(socket)).toBe(0);
    expect(socket.getsockname().port).toBe(0);
    expect(socket.poll()).toEqual({ readable: false, writable: true });
    expect([FIO.NREAD, FIO.NWRITE, FIO.NSPACE].map((request) => socket.ioctl(request))).toEqual([0, 0, 65536]);
  });

  it("[N2.2] [N2.10] [RF-CORE-15] a message is judged by the credentials that its socket was opened with", () => {
    const { vnet, socket } = setupR();
    const stranger = openSocket(vnet, { cred: UNPRIVILEGED });
    expect(addingRoute(stranger, "127.9.0.0/16")).toBe(Errno.EPERM);
    expect(addingRoute(socket, "127.9.0.0/16")).toBe(Errno.OK);
    expect(errorOf(ask(stranger, deleteRoute("127.9.0.0/16", "qa")))).toBe(Errno.EPERM);
  });

  it("[N2.10] a socket of a vnet jail sees that vnet only", () => {
    const { kernel, vnet, socket } = setupR();
    const jailed = openSocket(kernel.vnetCreate("jail"), { cred: { jail: { vnet: true } } });
    jailed.send(addRoute("10.9.0.0/16", "qaCX", 99));
    expect(errorOf(drain(jailed))).toBe(Errno.ENOENT);
    expect(addingRoute(socket, "127.9.0.0/16")).toBe(Errno.OK);
    expect([vnet.statistics().sockets, kernel.vnet("jail")?.statistics().sockets]).toEqual([1, 1]);
    expect(kernel.vnet("jail")?.statistics().routes).toBe(0);
  });
});

describe("bind", () => {
  it("[RF-CORE-3] [N1.2] [N2.6] getsockname of a fresh socket is the kernel's family, port 0, no groups", () => {
    const { socket } = setupR();
    expect(toHex(socket.getsockname().bytes)).toBe("0c2600000000000000000000");
  });

  it("[N12.11] [N2.6] getsockname shows port 0x64 and never groups", () => {
    const { socket } = setupR();
    socket.bind(0x64, 0xffffffff);
    expect(toHex(socket.getsockname().bytes)).toBe("0c2600006400000000000000");
    expect(groupsOf(socket)).toBe(0xffffffff);
  });

  it.each([
    [0, "EINVAL"],
    [1, "EINVAL"],
    [2, "EINVAL"],
    [8, "EINVAL"],
    [11, "EINVAL"],
    [12, undefined],
    [13, "EINVAL"],
    [16, "EINVAL"],
    [255, "EINVAL"],
    [256, "ENAMETOOLONG"],
  ])("[RF-CORE-4a] [N2.3] an address of %i bytes gives %s, and on an error nothing changes", (bytes, code) => {
    const { socket } = setupR();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.LINK);
    expect(codeOf(() => socket.bind(sockaddr(77, 0x40, bytes)))).toBe(code);
    expect(socket.getsockname().port).toBe(code === undefined ? 77 : 0);
    expect(groupsOf(socket)).toBe(code === undefined ? 0x40 : 0x1);
  });

  it.each([
    ["nl_len 0", 0, AF.NETLINK],
    ["nl_len 255", 255, AF.NETLINK],
    ["family 0", 12, AF.UNSPEC],
    ["family 16", 12, 16],
  ])("[RF-CORE-4b] [N2.3] of an address of 12 bytes %s is not looked at", (_, nlLength, family) => {
    const { socket } = setupR();
    socket.bind(sockaddr(77, 0x40, 12, nlLength, family));
    expect(socket.getsockname().port).toBe(77);
    expect(groupsOf(socket)).toBe(0x40);
  });

  it("[RF-CORE-4c] [N2.5] port 0 gives the process id", () => {
    const { vnet } = setupR();
    const socket = vnet.socket({ pid: 4321 });
    socket.bind(0);
    expect(socket.getsockname().port).toBe(4321);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "[RF-CORE-5] [N2.5] with the process id taken, port 0 draws from 262,144…327,679; the seed (%i) decides",
    (seed) => {
      const draws = Array.from({ length: 2 }, () => {
        const { vnet } = setupR({ seed });
        return Array.from({ length: 9 }, () => {
          const socket = vnet.socket({ pid: 4321 });
          socket.bind(0);
          return socket.getsockname().port;
        });
      });
      const [own, ...drawn] = draws[0] ?? [];
      expect(own).toBe(4321);
      expect(drawn.every((port) => port >= 262_144 && port <= 327_679)).toBe(true);
      expect(new Set(drawn).size).toBe(8);
      expect(draws[1]).toEqual(draws[0]);
    },
  );

  it.each([
    [15, undefined],
    [16, "EADDRINUSE"],
  ])("[RF-CORE-9] [N2.5] sixteen ports are drawn: with the first %i of them taken, bind gives %s", (taken, code) => {
    const first = setupR({ seed: 9 }).vnet;
    const drawn = Array.from({ length: 17 }, () => {
      const socket = first.socket();
      socket.bind(0);
      return socket.getsockname().port;
    }).slice(1);
    expect(new Set(drawn).size).toBe(16);

    const { vnet } = setupR({ seed: 9 });
    vnet.socket().bind(0);
    for (const port of drawn.slice(0, taken)) vnet.socket({ pid: 2 }).bind(port);
    const late = vnet.socket();
    expect(codeOf(() => late.bind(0))).toBe(code);
    expect(late.getsockname().port).toBe(code === undefined ? drawn[15] : 0);
  });

  it("[N2.5] [N2.3] a process's second socket takes the process id again once the first is closed", () => {
    const { vnet } = setupR();
    const [first, second] = [vnet.socket({ pid: 4321 }), vnet.socket({ pid: 4321 })];
    first.bind(0);
    first.close();
    second.bind(0);
    expect(second.getsockname().port).toBe(4321);
  });

  it("[RF-CORE-6a] [N2.3] a bind to the own port replaces groups 1…32", () => {
    const { socket } = setupR();
    socket.bind(100, 0x80000041);
    expect(groupsOf(socket)).toBe(0x80000041);
    socket.bind(100, 0x3);
    expect(groupsOf(socket)).toBe(0x3);
    socket.bind(100);
    expect(groupsOf(socket)).toBe(0);
  });

  it.each([101, 99, 0])(
    "[RF-CORE-6b] [N2.3] a bound socket cannot be bound to port %i, and keeps its groups",
    (port) => {
      const { socket } = setupR();
      socket.bind(100, 0x1);
      expect(codeOf(() => socket.bind(port, 0x40))).toBe("EINVAL");
      expect(socket.getsockname().port).toBe(100);
      expect(groupsOf(socket)).toBe(0x1);
    },
  );

  it("[RF-CORE-6c] [N2.3] [N2.9] a port is one socket's until that is closed; the loser joins nothing", () => {
    const { vnet, socket } = setupR();
    const second = vnet.socket();
    socket.bind(100);
    expect(codeOf(() => second.bind(100, 0x1))).toBe("EADDRINUSE");
    expect([second.getsockname().port, groupsOf(second)]).toEqual([0, 0]);
    socket.close();
    second.bind(100, 0x1);
    expect([second.getsockname().port, groupsOf(second)]).toEqual([100, 1]);
  });

  it("[RF-CORE-6d] [N2.3] [N2.5] the same port is free in another vnet", () => {
    const { kernel, socket } = setupR();
    socket.bind(100);
    const other = kernel.vnetCreate("jail").socket({ cred: { jail: { vnet: true } } });
    other.bind(100);
    expect([socket.getsockname().port, other.getsockname().port]).toEqual([100, 100]);
  });

  it.each([1, 0xffffffff])("[N2.3] port %i can be bound like any other", (port) => {
    const { socket } = setupR();
    socket.bind(port);
    expect(socket.getsockname().port).toBe(port);
    expect(ackOf(ask(socket, noop())[0]).pid).toBe(port);
  });

  it("[RF-CORE-7] [N2.3] the mask sets groups 1…32 and leaves higher ones alone", () => {
    const { vnet, socket } = setupE();
    for (const group of [1, 40]) socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, group);
    socket.bind(100, 0x40);
    expect(groupsOf(socket)).toBe(0x40);
    vnet.interfaceDown("em1");
    expect(drain(socket)).toEqual([]);
    ask(vnet.socket(), addRoute("127.9.0.0/16"));
    expect(drain(socket).map((each) => each.type)).toEqual([RTM.NEWROUTE]);
  });
});

describe("calls that a netlink socket does not know", () => {
  it("[RF-CORE-8b] [N2.4] connect with AF_UNSPEC is EISCONN", () => {
    expect(codeOf(() => setupR().socket.connect(sockaddr(0, 0, 12, 12, AF.UNSPEC)))).toBe("EISCONN");
  });

  it.each([2, 8, 12, 16, 255])("[RF-CORE-8a] [N2.4] connect with an address of %i bytes is EISCONN", (bytes) => {
    const { socket } = setupR();
    expect(codeOf(() => socket.connect(new Uint8Array(bytes)))).toBe("EISCONN");
    expect(socket.getsockname().port).toBe(0);
    socket.bind(100);
    expect(codeOf(() => socket.connect(new Uint8Array(bytes)))).toBe("EISCONN");
    expect(socket.getsockname().port).toBe(100);
  });

  it.each([
    [1, "EINVAL"],
    [0, "EINVAL"],
    [256, "ENAMETOOLONG"],
  ])("[N2.4] connect with an address of %i bytes fails in the system-call layer: %s", (bytes, code) => {
    expect(codeOf(() => setupR().socket.connect(new Uint8Array(bytes)))).toBe(code);
  });

  it.each<[string, string, (socket: Socket) => unknown]>([
    ["getpeername", "EOPNOTSUPP", (socket) => socket.getpeername()],
    ["listen", "EOPNOTSUPP", (socket) => socket.listen()],
    ["accept", "EINVAL", (socket) => socket.accept()],
    ["shutdown(-1)", "EINVAL", (socket) => socket.shutdown(-1)],
    ["shutdown(0)", "EOPNOTSUPP", (socket) => socket.shutdown(0)],
    ["shutdown(1)", "EOPNOTSUPP", (socket) => socket.shutdown(1)],
    ["shutdown(2)", "EOPNOTSUPP", (socket) => socket.shutdown(2)],
    ["shutdown(3)", "EINVAL", (socket) => socket.shutdown(3)],
    ["an unknown ioctl", "EOPNOTSUPP", (socket) => socket.ioctl(0x20006601)],
  ])("[RF-CORE-8c] [N2.6] %s is %s, and the socket works on", (_, code, call) => {
    const { socket } = setupR();
    expect(codeOf(() => call(socket))).toBe(code);
    expect(errorOf(ask(socket, noop()))).toBe(Errno.OK);
  });
});
