// What comes with a message, and when a reader or a writer is woken (netlink-core N3.4 to N3.6, N3.9, N3.10).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, MSG, NETLINK_OPTION, NLM_F, NLMSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { message, numberAt, toHex } from "../support/messages.js";
import { monitor, setupR } from "../support/setups.js";
import { ACK_BYTES, addRoute, getLink, getLinks, LINKS_BYTES, LO0_BYTES, noop } from "./requests.js";

const PEEK_TRUNC = MSG.PEEK | MSG.TRUNC;

function queued(socket: Socket): number {
  return socket.ioctl(FIO.NREAD);
}

describe("flags, name and control data", () => {
  it.each([0, MSG.PEEK, MSG.TRUNC, PEEK_TRUNC, MSG.WAITALL, MSG.DONTWAIT | MSG.OOB, MSG.CTRUNC])(
    "[N3.4] flags that go in (%i) come out again",
    (flags) => {
      const { socket } = setupR();
      socket.send(noop());
      expect(socket.recvmsg(new Uint8Array(100), { flags }).flags).toBe(flags);
    },
  );

  it.each([
    [1, true],
    [31, true],
    [32, false],
    [33, false],
    [64, false],
  ])("[N3.4] [N1.10] control data of 32 bytes into room for %i: MSG_CTRUNC is %s", (control, isCut) => {
    const { socket } = setupR();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.MSG_INFO, 1);
    socket.send(noop());
    const received = socket.recvmsg(new Uint8Array(100), { control });
    expect(received.flags).toBe(isCut ? MSG.CTRUNC : 0);
    expect(received.control).toHaveLength(Math.min(control, 32));
  });

  it("[N1.10] [N12.9] [N3.6] the control message tells process 1234 and port 0x64 of the reader", () => {
    const { vnet } = setupR();
    const socket = vnet.socket({ pid: 1234 });
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.MSG_INFO, 1);
    socket.bind(0x64);
    socket.send(noop());
    const { control } = socket.recvmsg(new Uint8Array(100), { control: 64 });
    expect(toHex(control)).toBe("200000000e010000010100000000000008000100d20400000800020064000000");
  });

  it("[RF-CORE-25] [N3.6] there is none without NETLINK_MSG_INFO", () => {
    const { socket } = setupR();
    socket.send(noop());
    const { control, flags } = socket.recvmsg(new Uint8Array(100), { control: 64 });
    expect([control.length, flags]).toEqual([0, 0]);
  });

  it("[N3.6] one comes with each receive, whatever it reads: PEEK, nothing, cut, many messages", () => {
    const { socket } = setupR();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.MSG_INFO, 1);
    for (let i = 0; i < 3; i++) socket.send(getLinks());
    const reads = [
      [0, 0],
      [0, PEEK_TRUNC],
      [100, MSG.PEEK],
      [100, 0],
      [4000, 0],
    ] as const;
    for (const [room, flags] of reads) {
      expect(socket.recvmsg(new Uint8Array(room), { flags, control: 200 }).control).toHaveLength(32);
    }
  });

  it("[N3.6] [N11.1] a notification's control data is of the reader, not of who caused it", () => {
    const { vnet } = setupR();
    const reader = vnet.socket({ pid: 7 });
    reader.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.IPV4_ROUTE);
    reader.setsockopt(SOL.NETLINK, NETLINK_OPTION.MSG_INFO, 1);
    const writer = vnet.socket({ pid: 8 });
    writer.bind(88);
    writer.send(addRoute("127.9.0.0/16"));
    const { control } = reader.recvmsg(new Uint8Array(200), { control: 64 });
    expect([numberAt(control, 20, 4), numberAt(control, 28, 4)]).toEqual([7, 0]);
  });

  it.each([0, 1, 2, 11, 12, 13, 128])("[N3.5] the name is the kernel's, cut to %i bytes", (name) => {
    const { vnet, socket } = setupR();
    socket.bind(100);
    const reader = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    socket.send(addRoute("127.9.0.0/16", "qaCX"));
    const kernel = [12, AF.NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].slice(0, name);
    for (const each of [socket, reader]) {
      expect([...each.recvmsg(new Uint8Array(200), { name }).name]).toEqual(kernel);
    }
  });
});

describe("readiness", () => {
  it.each([
    [LINKS_BYTES - 1, true],
    [LINKS_BYTES, true],
    [LINKS_BYTES + 1, false],
  ])("[N3.10] with 340 bytes queued and SO_RCVLOWAT %i readable is %s", (lowWater, readable) => {
    const { socket } = setupR();
    socket.setsockopt(SOL.SOCKET, SO.RCVLOWAT, lowWater);
    expect(socket.poll().readable).toBe(false);
    socket.send(getLinks());
    expect(socket.poll().readable).toBe(readable);
    // What is below the mark can be read all the same.
    expect(socket.recv(new Uint8Array(1000))).toBe(LINKS_BYTES);
    expect(socket.poll().readable).toBe(false);
  });

  it.each([
    [2047, false],
    [2048, true],
    [2049, true],
  ])("[N3.10] with %i bytes of send space and the default low-water mark writable is %s", (free, writable) => {
    const { kernel, socket } = setupR({ stepped: true });
    socket.send(message({ type: NLMSG.NOOP, flags: NLM_F.REQUEST }, new Uint8Array(65536 - free - 16)));
    expect(socket.ioctl(FIO.NSPACE)).toBe(free);
    expect(socket.poll().writable).toBe(writable);
    kernel.runUntilIdle();
    expect(socket.poll().writable).toBe(true);
  });

  it.each([
    [99, true],
    [100, true],
    [101, false],
  ])("[N3.10] with 100 bytes of send space and SO_SNDLOWAT %i writable is %s", (lowWater, writable) => {
    const { socket } = setupR({ stepped: true });
    socket.setsockopt(SOL.SOCKET, SO.SNDLOWAT, lowWater);
    socket.send(message({ type: NLMSG.NOOP }, new Uint8Array(65536 - 100 - 16)));
    expect(socket.poll().writable).toBe(writable);
  });

  it("[N3.9] charged are the bytes of messages, nothing else", () => {
    const { socket } = setupR();
    const bytes = [noop(), getLink(1, "qa"), getLinks()].map((request) => {
      const before = queued(socket);
      socket.send(request);
      return queued(socket) - before;
    });
    expect(bytes).toEqual([ACK_BYTES, LO0_BYTES + ACK_BYTES, LINKS_BYTES]);
  });

  it.each([
    [LINKS_BYTES - 1, 1],
    [LINKS_BYTES, 1],
    [LINKS_BYTES + 1, 2],
  ])("[N3.9] full means used ≥ limit: with SO_RCVBUF %i, of two requests %i are answered", (limit, answered) => {
    const { socket } = setupR();
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, limit);
    for (let i = 0; i < 2; i++) socket.send(getLinks());
    expect(queued(socket)).toBe(answered * LINKS_BYTES);
  });
});
