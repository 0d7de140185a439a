// What the core keeps for sockets whose messages the host rewrites: failed rewrites, charges of the rewritten form, more
// scratch, and notifications that have no other form (netlink_io.c and netlink_domain.c, nl_linux).

import { describe, expect, it } from "vitest";
import { FIO, NLM_F, NLMSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno, type ForeignAbi, Kernel, type Socket } from "../../host/kernel/kernel.js";
import { multipath } from "../route/nexthops.js";
import { newRoute } from "../route/routes.js";
import { ackOf, ask, concat, drain, errorOf, message } from "../support/messages.js";
import { openSocket, type Setup, setupE6, setupR } from "../support/setups.js";
import { addRoute, getLink, getLinks, LINKS_BYTES, LO0_BYTES } from "./requests.js";

const FOREIGN: ForeignAbi = { linkGrowth: 20, ethernetNameBytes: 8, losesDepartures: false };

function foreign({ vnet }: Setup, abi: Partial<ForeignAbi> = {}): Socket {
  return openSocket(vnet, { foreign: { ...FOREIGN, ...abi } });
}

function queued(socket: Socket): number {
  return socket.ioctl(FIO.NREAD);
}

/** A request as the host hands it on when it could not be rewritten. */
function failed(errno: Errno, request: Uint8Array): Uint8Array {
  const bytes = request.slice();
  new DataView(bytes.buffer).setUint32(12, errno, true);
  return bytes;
}

describe("a request that could not be rewritten", () => {
  it("[L1.3] is answered with the errno in its nlmsg_pid, without its handler, in order, the port in its place", () => {
    const setup = setupR();
    const socket = foreign(setup);
    socket.bind(77);
    const requests = [
      getLink(1, "qa", 1),
      failed(Errno.EPFNOSUPPORT, addRoute("127.9.0.0/16", "q", 1, 2)),
      getLink(9, "qa", 3),
    ];
    const seen = ask(socket, ...requests);
    expect(seen.map(({ type, seq }) => [type, seq])).toEqual([
      [RTM.NEWLINK, 1],
      [NLMSG.ERROR, 1],
      [NLMSG.ERROR, 2],
      [NLMSG.ERROR, 3],
    ]);
    const ack = ackOf(seen[2]);
    expect(ack).toMatchObject({ error: Errno.EPFNOSUPPORT, flags: NLM_F.CAPPED, pid: 77, text: undefined });
    expect(new DataView(ack.request.buffer, ack.request.byteOffset).getUint32(12, true)).toBe(77);
    expect(errorOf(ask(openSocket(setup.vnet), addRoute("127.9.0.0/16", "qaCX")))).toBe(0); // it was not there
  });

  it("[L1.4] of a control type or without NLM_F_REQUEST is not looked at", () => {
    const socket = foreign(setupR());
    for (const request of [
      { type: NLMSG.NOOP, flags: "qa" },
      { type: RTM.GETLINK, flags: "a" },
    ]) {
      expect(errorOf(ask(socket, failed(Errno.EINVAL, message(request))))).toBe(0);
    }
  });

  it("[N5.2] on a socket of FreeBSD's ABI nlmsg_pid says nothing", () => {
    const { socket } = setupR();
    expect(errorOf(ask(socket, failed(Errno.EINVAL, getLink(1, "qa"))))).toBe(0);
  });
});

describe("the receive limit", () => {
  const boot = { interfaces: [{ name: "em0" }, { name: "verylongname0" }] };

  it("[L12.1] [N3.9] counts links as they will be: what is added, and the name of an Ethernet interface", () => {
    const setup = setupR(boot);
    const socket = foreign(setup);
    const plain = openSocket(setup.vnet);
    for (const [index, growth] of [20, 20 + 4, 20 - 8].entries()) {
      plain.send(getLink(index + 1));
      socket.send(getLink(index + 1));
      expect(queued(socket) - queued(plain)).toBe(growth);
      drain(plain);
      drain(socket);
      expect(queued(socket)).toBe(0);
    }
  });

  it("[L12.1] a name that stays counts as it is", () => {
    const setup = setupR(boot);
    const socket = foreign(setup, { ethernetNameBytes: 0 });
    socket.send(getLink(2));
    const bytes = queued(socket);
    expect(bytes - (drain(socket)[0]?.length ?? 0)).toBe(20);
  });

  it.each([
    ["is begun", 1],
    ["waits", 0],
  ])(
    "[RF-LINUX-16] [L1.6] [N4.2] a request behind a dump %s when the rewritten dump is below the limit by %i",
    (_, room) => {
      const setup = setupR();
      const socket = foreign(setup);
      socket.setsockopt(SOL.SOCKET, SO.RCVBUF, LINKS_BYTES + 20 + room);
      socket.send(getLinks());
      expect(queued(socket)).toBe(LINKS_BYTES + 20);
      socket.send(addRoute("127.9.0.0/16"));
      const isThere = errorOf(ask(openSocket(setup.vnet), addRoute("127.9.0.0/16", "qaCX"))) === Errno.EEXIST;
      expect(isThere).toBe(room > 0);
    },
  );

  it("[N3.9] reading some messages of a buffer uncharges them in their rewritten form", () => {
    const socket = foreign(setupR(boot));
    socket.send(getLinks());
    const all = queued(socket);
    expect(socket.recv(new Uint8Array(LO0_BYTES))).toBe(LO0_BYTES);
    expect(queued(socket)).toBe(all - LO0_BYTES - 20);
  });
});

describe("scratch", () => {
  it("[N1.9] [N6.6] is as much more as was sent", () => {
    const setup = setupE6();
    const gateways = Array.from({ length: 50 }, (_, i) => ({ gateway: `2001:db8::1:${i.toString(16)}` }));
    const request = newRoute("2001:db8:1::/48", { extra: [multipath(...gateways)] });
    expect(errorOf(ask(setup.socket, request))).toBe(Errno.ENOBUFS);
    expect(errorOf(ask(foreign(setup), request))).toBe(0);
  });
});

describe("the notification of a departure", () => {
  it.each([
    [false, [RTM.NEWLINK, RTM.DELLINK]],
    [true, [RTM.NEWLINK]],
  ])("[L1.7] where it can have no other form (%s) it is neither queued nor counted", (losesDepartures, types) => {
    const setup = setupR({ interfaces: [{ name: "em0" }] });
    const socket = foreign(setup, { losesDepartures });
    socket.bind(0, 1 << (RTNLGRP.LINK - 1));
    setup.vnet.interfaceDetach("em0");
    setup.vnet.interfaceAttach({ name: "em1" });
    const bytes = queued(socket);
    const seen = drain(socket);
    expect(new Set(seen.map(({ type }) => type))).toEqual(new Set(types));
    expect(bytes).toBe(seen.reduce((sum, { length }) => sum + length + 20 + 4, 0));
    expect(queued(socket)).toBe(0);
  });
});

describe("replay", () => {
  it("opens the socket as it was", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], record: true });
    const socket = kernel.vnet0.socket({ foreign: FOREIGN });
    socket.send(concat(getLinks(), failed(Errno.EBADMSG, getLink(1))));
    socket.recvmsg(new Uint8Array(100), { isLook: true });
    drain(socket);
    Kernel.replay(kernel.record());
  });
});
