// What send takes and refuses, and what close still carries out (netlink-core N2.7 to N2.9).

import { describe, expect, it } from "vitest";
import { FIO, MSG, NETLINK_OPTION, NetlinkLimit, SO, SOL } from "../../assembly/abi/netlink.js";
import { RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno } from "../../host/kernel/kernel.js";
import { ackOf, ask, codeOf, concat, drain, message, toHex } from "../support/messages.js";
import { monitor, setupE, setupR } from "../support/setups.js";
import { addRoute, DONE_BYTES, getLinks, LINKS_BYTES, noop } from "./requests.js";

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
