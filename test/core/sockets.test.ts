// Opening, naming, sending and closing: what the calls of a netlink socket answer (netlink-core N1.2, N2).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, MSG, NETLINK, NETLINK_OPTION, NetlinkLimit, SO, SOCK, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno, Kernel, type Socket, type SocketOptions, type Vnet } from "../../host/kernel/kernel.js";
import { ackOf, ask, codeOf, concat, drain, errorOf, message, toHex } from "../support/messages.js";
import { monitor, openSocket, setupE, setupR } from "../support/setups.js";
import { addRoute, DONE_BYTES, deleteRoute, getLinks, LINKS_BYTES, noop } from "./requests.js";

const UNPRIVILEGED = { uid: 1001 };

function socketCode(vnet: Vnet, options: SocketOptions): string | undefined {
  return codeOf(() => vnet.socket(options).close());
}

function groupsOf(socket: Socket): number {
  return socket.getsockopt(SOL.NETLINK, NETLINK_OPTION.LIST_MEMBERSHIPS);
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
    expect(codeOf(() => socket.bind(77, 0x40, bytes))).toBe(code);
    expect(socket.getsockname().port).toBe(code === undefined ? 77 : 0);
    expect(groupsOf(socket)).toBe(code === undefined ? 0x40 : 0x1);
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
  it.each([2, 8, 12, 16, 255])(
    "[RF-CORE-8a] [RF-CORE-8b] [N2.4] connect with an address of %i bytes is EISCONN",
    (bytes) => {
      const { socket } = setupR();
      expect(codeOf(() => socket.connect(bytes))).toBe("EISCONN");
      expect(socket.getsockname().port).toBe(0);
      socket.bind(100);
      expect(codeOf(() => socket.connect(bytes))).toBe("EISCONN");
      expect(socket.getsockname().port).toBe(100);
    },
  );

  it.each([
    [1, "EINVAL"],
    [0, "EINVAL"],
    [256, "ENAMETOOLONG"],
  ])("[N2.4] connect with an address of %i bytes fails in the system-call layer: %s", (bytes, code) => {
    expect(codeOf(() => setupR().socket.connect(bytes))).toBe(code);
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
  ])("[RF-CORE-8c] [N2.6] [N14.7] %s is %s, and the socket works on", (_, code, call) => {
    const { socket } = setupR();
    expect(codeOf(() => call(socket))).toBe(code);
    expect(errorOf(ask(socket, noop()))).toBe(Errno.OK);
  });
});

describe("send", () => {
  it("[RF-CORE-10] [N2.8] does not bind: answers and stamped requests carry port 0", () => {
    const { socket } = setupR();
    const ack = ackOf(ask(socket, message({ type: 1, flags: "qa", seq: 5, pid: 999 }))[0]);
    expect([ack.pid, ack.seq, toHex(ack.request.slice(12))]).toEqual([0, 5, "00000000"]);
    expect(socket.getsockname().port).toBe(0);
  });

  it.each<[string, number, { flags?: number; control?: boolean }, string | undefined]>([
    ["control data", 16, { control: true }, "EINVAL"],
    ["MSG_OOB", 16, { flags: MSG.OOB }, "EOPNOTSUPP"],
    ["control data and MSG_OOB", 0, { control: true, flags: MSG.OOB }, "EINVAL"],
    ["MSG_OOB and no bytes", 0, { flags: MSG.OOB }, "EOPNOTSUPP"],
    ["no bytes", 0, {}, "ENOBUFS"],
    ["15 bytes", 15, {}, "ENOBUFS"],
    ["16 bytes", 16, {}, undefined],
    ["17 bytes", 17, {}, undefined],
    [
      "flags without meaning",
      16,
      { flags: MSG.EOR | MSG.DONTROUTE | MSG.NOSIGNAL | MSG.EOF | MSG.DONTWAIT },
      undefined,
    ],
  ])("[RF-CORE-11a] [N2.7] of %s (%i bytes)", (_, bytes, options, code) => {
    const { socket } = setupR();
    const request = concat(noop(), new Uint8Array(1)).subarray(0, bytes);
    expect(codeOf(() => expect(socket.send(request, options)).toBe(bytes))).toBe(code);
    expect(drain(socket)).toHaveLength(code === undefined ? 1 : 0);
  });

  it.each([
    [1, "EINVAL"],
    [2, undefined],
    [12, undefined],
    [255, undefined],
    [256, "ENAMETOOLONG"],
  ])("[RF-CORE-11b] [N2.7] looks at no byte of an address, only at its length: %i gives %s", (bytes, code) => {
    const { vnet, socket } = setupR();
    const other = vnet.socket();
    other.bind(999);
    const address = new Uint8Array(bytes).fill(0xff);
    address.set([12, 38, 0, 0, 0xe7, 3, 0, 0].slice(0, bytes));
    expect(codeOf(() => socket.send(noop(), { address }))).toBe(code);
    expect(drain(socket)).toHaveLength(code === undefined ? 1 : 0);
    expect(drain(other)).toEqual([]);
  });

  it.each([
    [NetlinkLimit.SPACE - 1, undefined],
    [NetlinkLimit.SPACE, undefined],
    [NetlinkLimit.SPACE + 1, "EMSGSIZE"],
  ])("[RF-CORE-11c] [N2.7] [N1.9] of SO_SNDBUF (65,536) bytes goes whole, one more never: %i", (bytes, code) => {
    const { socket } = setupR();
    const request = message({ type: 1, flags: "qa" }, new Uint8Array(bytes - 16));
    for (const flags of [0, MSG.DONTWAIT]) expect(codeOf(() => socket.send(request, { flags }))).toBe(code);
    expect(drain(socket)).toHaveLength(code === undefined ? 2 : 0);
  });

  it.each([
    ["q", [Errno.EOPNOTSUPP]],
    ["qa", [Errno.EOPNOTSUPP]],
    ["a", [Errno.OK]],
    ["", []],
  ])(
    "[RF-CORE-12] [N2.7] looks at nothing inside: type 0xffff, flags %j, is answered later or not at all",
    (flags, errors) => {
      const { socket } = setupR();
      expect(socket.send(message({ type: 0xffff, flags }))).toBe(16);
      expect(drain(socket).map((each) => ackOf(each).error)).toEqual(errors);
    },
  );

  it.each([
    [39, undefined],
    [40, undefined],
    [41, "EAGAIN"],
  ])(
    "[N2.7] [N2.6] takes what fits the rest of SO_SNDBUF, nothing in part: %i bytes into 40 give %s",
    (bytes, code) => {
      const { socket } = setupR({ stepped: true });
      socket.setsockopt(SOL.SOCKET, SO.SNDBUF, 100);
      socket.send(message({ type: 1 }, new Uint8Array(44)));
      expect([socket.ioctl(FIO.NWRITE), socket.ioctl(FIO.NSPACE)]).toEqual([60, 40]);
      expect(codeOf(() => socket.send(message({ type: 1 }, new Uint8Array(bytes - 16))))).toBe(code);
      const sent = code === undefined ? 60 + bytes : 60;
      expect([socket.ioctl(FIO.NWRITE), socket.ioctl(FIO.NSPACE)]).toEqual([sent, 100 - sent]);
    },
  );

  it("[N2.7] [N11.1] the room test is unsigned: with the limit lowered below what is queued there is always room", () => {
    const { kernel, socket } = setupR({ stepped: true });
    socket.send(message({ type: 1 }, new Uint8Array(984)));
    socket.setsockopt(SOL.SOCKET, SO.SNDBUF, 999);
    for (let i = 0; i < 5; i++) expect(socket.send(message({ type: 1, flags: "qa" }, new Uint8Array(983)))).toBe(999);
    expect([socket.ioctl(FIO.NWRITE), socket.ioctl(FIO.NSPACE)]).toEqual([1000 + 5 * 999, 0]);
    expect(codeOf(() => socket.send(new Uint8Array(1000)))).toBe("EMSGSIZE");
    kernel.runUntilIdle();
    expect(drain(socket)).toHaveLength(5);
    expect(socket.ioctl(FIO.NWRITE)).toBe(0);
  });

  it("[N2.6] FIONWRITE counts a send until the last of its messages is processed", () => {
    const { kernel, socket } = setupR({ stepped: true });
    socket.send(concat(noop(), noop(), noop()));
    const seen = [socket.ioctl(FIO.NWRITE)];
    while (kernel.step()) seen.push(socket.ioctl(FIO.NWRITE));
    expect(seen).toEqual([48, 48, 48, 0]);
    expect(socket.ioctl(FIO.NREAD)).toBe(3 * 36);
  });
});

describe("close", () => {
  it("[RF-CORE-14] [N2.9] carries out everything that was sent before it", () => {
    const { vnet, socket } = setupR({ stepped: true });
    const before = vnet.statistics().routes;
    socket.send(concat(...[1, 2, 3].map((n) => addRoute(`127.${n}.0.0/16`))));
    socket.send(addRoute("127.4.0.0/16"));
    socket.close();
    expect(vnet.statistics().routes).toBe(before + 4);
    expect(socket.isClosed).toBe(true);
    socket.close();
  });

  it("[N2.9] a send in the middle of its processing is carried to its end", () => {
    const { kernel, vnet, socket } = setupR({ stepped: true });
    const before = vnet.statistics().routes;
    socket.send(concat(...[1, 2, 3].map((n) => addRoute(`127.${n}.0.0/16`))));
    kernel.step();
    expect(vnet.statistics().routes).toBe(before + 1);
    socket.close();
    expect(vnet.statistics().routes).toBe(before + 3);
  });

  it.each([
    ["below", LINKS_BYTES + 1, 2],
    ["at", LINKS_BYTES, 0],
  ])("[N2.9] what was sent is dropped when the receive queue is full: %s the limit (%i)", (_, limit, executed) => {
    const { vnet, socket } = setupR({ stepped: true });
    const before = vnet.statistics().routes;
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, limit);
    socket.send(getLinks());
    socket.send(concat(addRoute("127.1.0.0/16"), addRoute("127.2.0.0/16")));
    socket.close();
    expect(vnet.statistics().routes).toBe(before + executed);
    expect(vnet.statistics().buffers).toBe(0);
  });

  it("[N2.9] the answers of a send can fill the queue: the message under way is the last", () => {
    const { vnet, socket } = setupR({ stepped: true });
    const before = vnet.statistics().routes;
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, DONE_BYTES);
    const big = Array.from({ length: 8 }, () => getLinks());
    socket.send(concat(addRoute("127.1.0.0/16"), ...big, addRoute("127.2.0.0/16")));
    socket.close();
    expect(vnet.statistics().routes).toBe(before + 1);
  });

  it("[RF-CORE-16] [N2.9] ends memberships and gives everything back", () => {
    const { vnet, socket } = setupE();
    ask(socket, noop());
    const { buffers, bufferBytes, blockBytes, sockets } = vnet.statistics();
    for (let i = 0; i < 3; i++) {
      const member = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_ROUTE, 127);
      member.bind(0);
      vnet.interfaceDown("em1");
      vnet.interfaceUp("em1");
      member.send(getLinks());
      member.close();
      expect(codeOf(() => member.recv(new Uint8Array(100)))).toBe("EBADF");
    }
    vnet.interfaceDown("em1");
    vnet.interfaceUp("em1");
    expect(drain(socket)).toEqual([]);
    expect(vnet.statistics()).toMatchObject({ buffers, bufferBytes, blockBytes, sockets });
    expect(vnet.check()).toBe(0);
  });

  it.each(["bind", "send", "recv", "poll", "ioctl", "getsockname", "setsockopt", "getsockopt", "connect"] as const)(
    "[N2.9] %s on a closed socket is EBADF",
    (name) => {
      const { socket } = setupR();
      socket.close();
      const calls: Record<typeof name, () => unknown> = {
        bind: () => socket.bind(0),
        send: () => socket.send(noop()),
        recv: () => socket.recv(new Uint8Array(1)),
        poll: () => socket.poll(),
        ioctl: () => socket.ioctl(FIO.NREAD),
        getsockname: () => socket.getsockname(),
        setsockopt: () => socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, 1),
        getsockopt: () => socket.getsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK),
        connect: () => socket.connect(),
      };
      expect(codeOf(calls[name])).toBe("EBADF");
    },
  );
});
