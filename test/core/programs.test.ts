// What FreeBSD's own tests assert of netlink sockets, and what its programs rely on.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, MSG, NETLINK, NETLINK_OPTION, NLM_F, NLMSG, SO, SOCK, SOL } from "../../assembly/abi/netlink.js";
import { RTA, RTM, RTN, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno, type Socket, type Vnet } from "../../host/kernel/kernel.js";
import {
  ackOf,
  ask,
  attribute,
  attributes,
  codeOf,
  concat,
  doneOf,
  drain,
  ifaddrmsg,
  ifinfomsg,
  ip,
  message,
  numberAt,
  payloadOf,
  rtmsg,
  split,
  text,
  u32,
} from "../support/messages.js";
import { AS_GIVEN, monitor, openSocket, setupE, setupR } from "../support/setups.js";
import { addRoute, deleteRoute, getLink, getLinks, LINKS_BYTES, LO0_BYTES, noop } from "./requests.js";

/** A request that no handler knows: ifinfomsg, and attribute 143 with a string. */
const UNKNOWN = message({ type: 255, flags: "qa", seq: 7 }, ifinfomsg(), attribute(143, text("hello")));

function queued(socket: Socket): number {
  return socket.ioctl(FIO.NREAD);
}

function plainSocket(vnet: Vnet, options: { capAck: number; extAck: number }): Socket {
  const socket = vnet.socket();
  socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, options.capAck);
  socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, options.extAck);
  return socket;
}

describe("opening", () => {
  it.each([
    ["RAW", SOCK.RAW],
    ["DGRAM", SOCK.DGRAM],
  ])("[FB-1] [N13.1] [N2.1] SOCK_%s works without privilege", (_, type) => {
    const { vnet } = setupR();
    for (const uid of [0, 1001]) expect(codeOf(() => vnet.socket({ type, cred: { uid } }))).toBeUndefined();
  });

  it.each([
    ["STREAM", SOCK.STREAM],
    ["RDM", SOCK.RDM],
    ["SEQPACKET", SOCK.SEQPACKET],
  ])("[FB-2] [N13.1] [N2.1] SOCK_%s is EPROTOTYPE", (_, type) => {
    const { vnet } = setupR();
    expect(codeOf(() => vnet.socket({ type, protocol: NETLINK.ROUTE }))).toBe("EPROTOTYPE");
  });

  it("[FC-CORE-2] [N13.8] EXT_ACK can be set before any bind", () => {
    const socket = setupR().vnet.socket();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, 1);
    expect(socket.getsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK)).toBe(1);
  });
});

describe("overflow", () => {
  /** Sends bare GETLINKs and reads nothing, until a send is refused. */
  function overflow(socket: Socket): { sent: number; code: string | undefined } {
    const request = message({ type: RTM.GETLINK, flags: "qa" });
    let sent = 0;
    while (sent < 1 << 20) {
      const code = codeOf(() => socket.send(request, { flags: MSG.DONTWAIT }));
      if (code !== undefined) return { sent, code };
      sent += request.length;
    }
    return { sent, code: undefined };
  }

  it("[FB-3] [N13.2] sends fail with EAGAIN once both queues are full, and only then", () => {
    const { socket } = setupR();
    const { sent, code } = overflow(socket);
    const [receiveLimit, sendLimit] = [SO.RCVBUF, SO.SNDBUF].map((each) => socket.getsockopt(SOL.SOCKET, each));
    expect(code).toBe("EAGAIN");
    expect(sent).toBeGreaterThan(sendLimit ?? 0);
    for (let i = 0; i < 3; i++) {
      expect(queued(socket)).toBeGreaterThan((receiveLimit ?? 0) - LINKS_BYTES);
      expect(socket.ioctl(FIO.NWRITE)).toBeGreaterThan((sendLimit ?? 0) - 16);
      expect(codeOf(() => socket.send(noop(), { flags: MSG.DONTWAIT }))).toBe("EAGAIN");
    }
  });

  it("[FB-4] [N13.2] [N2.7] a send stays refused until something is read; then one of 16 bytes goes through", () => {
    const { socket } = setupR();
    overflow(socket);
    expect(codeOf(() => socket.send(noop()))).toBe("EAGAIN");
    expect(socket.recv(new Uint8Array(1000))).toBeGreaterThan(16);
    expect(socket.send(noop())).toBe(16);
    expect(drain(socket).at(-1)?.type).toBe(NLMSG.ERROR);
  });
});

describe("peek and sizes", () => {
  it("[FB-5] [N13.3] [N3.3] a peek of 0 bytes with TRUNC tells the length, a read of that length gives the message", () => {
    const { socket } = setupR();
    socket.send(getLinks());
    const length = socket.recv(new Uint8Array(0), MSG.WAITALL | MSG.PEEK | MSG.TRUNC);
    expect(length).toBe(LO0_BYTES);
    const into = new Uint8Array(length);
    expect(socket.recv(into, MSG.WAITALL)).toBe(length);
    expect(split(into).map((each) => [each.type, each.length])).toEqual([[RTM.NEWLINK, length]]);
    expect(drain(socket).map((each) => each.type)).toEqual([NLMSG.DONE]);
  });

  it("[FB-6] [N13.4] [N3.3] a peek of 16 bytes gives 16 and leaves FIONREAD at the whole answer", () => {
    const { socket } = setupR();
    socket.send(getLinks());
    expect(queued(socket)).toBe(LINKS_BYTES);
    const into = new Uint8Array(16);
    expect(socket.recv(into, MSG.WAITALL | MSG.PEEK)).toBe(16);
    expect(numberAt(into, 0, 4)).toBe(LO0_BYTES);
    expect(queued(socket)).toBe(LINKS_BYTES);
  });

  it.each([
    ["peeking", 16, MSG.PEEK | MSG.TRUNC],
    ["peeking at nothing", 0, MSG.PEEK],
    ["truncated", 16, 0],
    ["large", 20_480, 0],
  ])(
    "[FB-7] [FC-CORE-8] [N13.4] [N3.6] MSG_INFO, set after data was queued, gives one control message: %s",
    (_, room, flags) => {
      const socket = setupR().vnet.socket({ pid: 1234 });
      for (let i = 0; i < 6; i++) socket.send(getLinks());
      socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.MSG_INFO, 1);
      const received = socket.recvmsg(new Uint8Array(room), { flags, control: 64 });
      expect(received.control).toHaveLength(32);
      expect([0, 4, 8].map((at) => numberAt(received.control, at, 4))).toEqual([32, 270, 257]);
      expect(attributes(received.control.slice(16))).toEqual([
        [1, u32(1234)],
        [2, u32(0)],
      ]);
      expect(received.flags & MSG.CTRUNC).toBe(0);
    },
  );

  it("[FB-8] [N13.4] [N3.3] a read of 0 bytes gives 0 and leaves FIONREAD as it was", () => {
    const { socket } = setupR();
    socket.send(getLinks());
    expect(socket.recv(new Uint8Array(0))).toBe(0);
    expect(queued(socket)).toBe(LINKS_BYTES);
  });

  it("[FB-9] [N13.4] [N3.3] [N3.9] a read of 16 bytes is truncated, and FIONREAD falls by the whole message", () => {
    const { socket } = setupR();
    for (let i = 0; i < 6; i++) socket.send(getLinks());
    expect(socket.recvmsg(new Uint8Array(16))).toMatchObject({ length: 16, copied: 16, flags: MSG.TRUNC });
    expect(queued(socket)).toBe(6 * LINKS_BYTES - LO0_BYTES);
  });

  it.each([
    ["few", 0],
    ["many", 20],
  ])("[FB-10] [N13.4] [N3.1] a large read gives several messages, with one control message: %s links", (_, count) => {
    const interfaces = Array.from({ length: count }, (_each, i) => ({ name: `em${i}` }));
    const { socket } = setupR({ interfaces });
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.MSG_INFO, 1);
    for (let i = 0; i < 6; i++) socket.send(getLinks());
    const all = queued(socket);
    expect(all > 20_480).toBe(count > 0);
    const into = new Uint8Array(Math.min(20_480, all));
    const { length, control } = socket.recvmsg(into, { control: 64 });
    expect(length === all || length > 18_432).toBe(true);
    expect(split(into.slice(0, length)).length).toBeGreaterThan(1);
    expect(control).toHaveLength(32);
    expect(queued(socket)).toBe(all - length);
  });

  it.each([0, 1, 5, 40])(
    "[FB-61] [N3.9] [N4.4] %i + 1 equal requests unread: FIONREAD is so many times one answer",
    (n) => {
      const { socket } = setupE();
      socket.send(getLinks());
      const one = queued(socket);
      for (let i = 0; i < n; i++) socket.send(getLinks());
      expect(queued(socket)).toBe((n + 1) * one);
    },
  );

  it("[FB-62] [N3.2] MSG_WAITALL does not wait for more than is there", () => {
    const { socket } = setupR();
    socket.send(getLinks());
    expect(socket.recv(new Uint8Array(5000), MSG.WAITALL)).toBe(LINKS_BYTES);
    expect(codeOf(() => socket.recv(new Uint8Array(5000), MSG.WAITALL))).toBe("EAGAIN");
  });

  it("[FC-CORE-1] [N13.8] [N1.7] a buffer of SO_RCVBUF bytes holds every message; its default is 65,536", () => {
    const { socket } = setupE();
    const room = socket.getsockopt(SOL.SOCKET, SO.RCVBUF);
    expect(room).toBe(65_536);
    socket.send(concat(getLinks(), message({ type: RTM.GETROUTE, flags: "qD" }, rtmsg({ family: 0 }))));
    const received = socket.recvmsg(new Uint8Array(room));
    expect(received.flags).toBe(0);
    expect(queued(socket)).toBe(0);
  });
});

describe("membership", () => {
  it("[FB-11] [N13.5] [N4.5] a member reads the notification of its own route, added and deleted without ACK", () => {
    const { socket } = setupR();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.IPV4_ROUTE);
    for (const [request, type] of [
      [addRoute("127.0.0.127/32"), RTM.NEWROUTE],
      [deleteRoute("127.0.0.127/32"), RTM.DELROUTE],
    ] as const) {
      socket.send(request);
      const into = new Uint8Array(44);
      expect(socket.recv(into)).toBe(44);
      expect(numberAt(into, 4, 2)).toBe(type);
      expect([into[16], into[17], into[23]]).toEqual([AF.INET, 32, RTN.UNICAST]);
      expect(attributes(into.slice(28))).toEqual([
        [RTA.TABLE, u32(0)],
        [RTA.DST, ip("127.0.0.127")],
      ]);
      expect(queued(socket)).toBe(0);
    }
  });

  it("[FC-CORE-9] [N8.1] one socket joins group after group and hears of every kind of change", () => {
    const { vnet, socket } = setupE(AS_GIVEN);
    const groups = [
      RTNLGRP.LINK,
      RTNLGRP.NEIGH,
      RTNLGRP.NEXTHOP,
      RTNLGRP.IPV4_IFADDR,
      RTNLGRP.IPV4_ROUTE,
      RTNLGRP.IPV6_IFADDR,
      RTNLGRP.IPV6_ROUTE,
    ];
    const reader = monitor(vnet, ...groups);
    const heard = (change: () => unknown): string[] => {
      change();
      return drain(reader)
        .filter((each) => each.type < RTM.NEWNEIGH)
        .map((each) => `${RTM[each.type]} ${each.type < RTM.NEWADDR ? 0 : each.body[0]}`);
    };
    expect(heard(() => vnet.addressAdd("em1", "198.51.100.1/24"))).toEqual(["NEWADDR 2"]);
    expect(heard(() => vnet.addressAdd("em1", "2001:db8:1::1/64"))).toEqual(["NEWADDR 28"]);
    expect(heard(() => ask(socket, addRoute("127.9.0.0/16")))).toEqual(["NEWROUTE 2"]);
    expect(heard(() => ask(socket, addRoute("fd00:9::/32")))).toEqual(["NEWROUTE 28"]);
    expect(heard(() => ask(socket, deleteRoute("127.9.0.0/16")))).toEqual(["DELROUTE 2"]);
    expect(heard(() => ask(socket, deleteRoute("fd00:9::/32")))).toEqual(["DELROUTE 28"]);
    expect(heard(() => vnet.addressDelete("em1", "2001:db8:1::1"))).toEqual(["DELADDR 28"]);
    expect(heard(() => vnet.addressDelete("em1", "198.51.100.1"))).toEqual(["DELADDR 2"]);
    expect(heard(() => vnet.interfaceDown("em1"))).toContain("NEWLINK 0");
    expect(heard(() => vnet.interfaceDetach("em1"))).toContain("DELLINK 0");
  });

  it("[FC-CORE-10] [N3.10] poll wakes when an event is queued, and sleeps again when it is read", () => {
    const { vnet } = setupE();
    const reader = monitor(vnet, RTNLGRP.LINK);
    expect(reader.poll()).toEqual({ readable: false, writable: true });
    vnet.interfaceDown("em1");
    expect(reader.poll()).toEqual({ readable: true, writable: true });
    drain(reader);
    expect(reader.poll()).toEqual({ readable: false, writable: true });
  });

  it("[FC-CORE-3] [N3.5] recvmsg fills a name of 12 bytes with the kernel's address", () => {
    const { socket } = setupR();
    socket.bind(100, 0x40);
    socket.send(noop());
    expect([...socket.recvmsg(new Uint8Array(100), { name: 12 }).name]).toEqual([12, 38, ...new Array(10).fill(0)]);
  });
});

describe("errors", () => {
  it("[FB-12] [N13.6] [N5.4] capped without EXT_ACK the ack is 36 bytes, and its header the request's", () => {
    const { vnet } = setupR();
    const [seen] = ask(plainSocket(vnet, { capAck: 1, extAck: 0 }), UNKNOWN);
    const ack = ackOf(seen);
    expect(seen?.length).toBe(36);
    expect(ack).toMatchObject({ error: Errno.EOPNOTSUPP, flags: NLM_F.CAPPED, text: undefined });
    expect(ack.request).toEqual(UNKNOWN.slice(0, 16));
  });

  it("[FB-13] [N13.6] [N5.4] capped with EXT_ACK it has a text", () => {
    const { vnet } = setupR();
    const ack = ackOf(ask(plainSocket(vnet, { capAck: 1, extAck: 1 }), UNKNOWN)[0]);
    expect(ack).toMatchObject({ error: Errno.EOPNOTSUPP, flags: NLM_F.CAPPED | NLM_F.ACK_TLVS });
    expect(ack.request).toEqual(UNKNOWN.slice(0, 16));
    expect(ack.text).toBe("unknown message type: 255");
  });

  it("[FB-14] [N13.6] [N5.4] uncapped it holds the whole request, byte for byte, then the text", () => {
    const { vnet } = setupR();
    const [seen] = ask(plainSocket(vnet, { capAck: 0, extAck: 1 }), UNKNOWN);
    expect(seen?.body.slice(4, 4 + UNKNOWN.length)).toEqual(UNKNOWN);
    expect(ackOf(seen)).toMatchObject({ flags: NLM_F.ACK_TLVS, text: "unknown message type: 255" });
  });

  it.each([0, 1, 2, 3, 4])(
    "[FC-CORE-6] [N1.5] [N5.4] uncapped, TLVs begin behind the aligned request: %i bytes over",
    (extra) => {
      const { vnet } = setupR();
      const request = message({ type: 255, flags: "qa" }, new Uint8Array(8 + extra).fill(9));
      const [seen] = ask(plainSocket(vnet, { capAck: 0, extAck: 1 }), request);
      expect((seen?.flags ?? 0) & NLM_F.CAPPED).toBe(0);
      const tlvs = seen?.bytes.slice(16 + 4 + ((request.length + 3) & ~3)) ?? new Uint8Array(0);
      expect(attributes(tlvs)).toEqual([[1, text("unknown message type: 255")]]);
    },
  );

  it.each([0, 1])("[FC-CORE-7] [N5.4] a success ack is capped with CAP_ACK at %i, so TLVs begin at 36", (capAck) => {
    const { vnet } = setupR();
    const [seen] = ask(plainSocket(vnet, { capAck, extAck: 1 }), noop());
    expect([seen?.length, seen?.flags, ackOf(seen).error]).toEqual([36, NLM_F.CAPPED, 0]);
  });

  it("[FC-CORE-13] [N5.4] a text ends with its only NUL, which its nla_len counts", () => {
    const { socket } = setupR();
    const [seen] = ask(socket, UNKNOWN);
    const payload = payloadOf(seen?.bytes.slice(36) ?? new Uint8Array(0), 1);
    expect(payload?.indexOf(0)).toBe((payload?.length ?? 0) - 1);
    expect(payload).toEqual(text("unknown message type: 255"));
  });
});

describe("requests and answers", () => {
  it("[FB-15] [N13.8] a GETLINK of zeros without DUMP lists the links, then NLMSG_DONE", () => {
    const { socket } = setupE();
    const answer = ask(socket, getLinks("qa"));
    expect(answer.slice(0, -1).map((each) => each.type)).toEqual([RTM.NEWLINK, RTM.NEWLINK, RTM.NEWLINK]);
    expect(doneOf(answer.at(-1))).toBe(0);
  });

  const DUMPS = [
    ["GETLINK", message({ type: RTM.GETLINK, flags: "qaD", seq: 50 }, ifinfomsg())],
    ["GETADDR", message({ type: RTM.GETADDR, flags: "qaD", seq: 50 }, ifaddrmsg())],
    ["GETROUTE", message({ type: RTM.GETROUTE, flags: "qaD", seq: 50 }, rtmsg({ family: 0 }))],
  ] as const;

  it.each(DUMPS)(
    "[FB-60] [N5.3] no ack follows the NLMSG_DONE of %s: the next message is the next request's",
    (_, dump) => {
      const { socket } = setupE();
      const answers = [...ask(socket, dump), ...ask(socket, noop("qa", 51))];
      const done = answers.findIndex((each) => each.type === NLMSG.DONE);
      expect(done).toBeGreaterThan(0);
      expect(answers.slice(0, done + 1).every((each) => each.seq === 50)).toBe(true);
      expect(answers.slice(done + 1).map((each) => [each.seq, each.type])).toEqual([[51, NLMSG.ERROR]]);
      expect(
        ask(socket, dump, noop("qa", 51))
          .slice(done + 1)
          .map((each) => each.seq),
      ).toEqual([51]);
    },
  );

  it.each(DUMPS)("[FC-CORE-11] a dump of %s without ACK is a dump all the same", (_, dump) => {
    const { socket } = setupE();
    const plain = dump.slice();
    plain[6] = NLM_F.REQUEST;
    const [asked, unasked] = [ask(socket, dump), ask(socket, plain)];
    expect(unasked.map((each) => [each.type, each.length])).toEqual(asked.map((each) => [each.type, each.length]));
    const flags = NLM_F.REQUEST | NLM_F.DUMP | NLM_F.MULTI;
    expect(unasked.map((each) => each.flags)).toEqual([...new Array(unasked.length - 1).fill(flags), 0]);
    expect(doneOf(unasked.at(-1))).toBe(0);
  });

  it.each([29, 30, 31, 32])("[FC-CORE-4] [N5.1] a length of %i, sent with its padding, is processed once", (length) => {
    const { socket } = setupR();
    const request = message({ type: RTM.GETLINK, flags: "qa", length }, ifinfomsg({ index: 1 }));
    expect(socket.send(request.slice(0, (length + 3) & ~3))).toBe(32);
    expect(drain(socket).map((each) => each.type)).toEqual([RTM.NEWLINK, NLMSG.ERROR]);
  });

  it("[FC-CORE-5] [N2.8] [N8.7] an unbound client finds its answers by sequence; events carry 0", () => {
    const { vnet, socket } = setupE();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.LINK);
    vnet.interfaceDown("em1");
    socket.send(getLink(1, "qa", 1));
    vnet.interfaceUp("em1");
    socket.send(getLink(2, "qa", 2));
    const seen = drain(socket).map((each) => [each.seq, each.pid, each.type]);
    expect(seen).toEqual([
      [0, 0, RTM.NEWLINK],
      [1, 0, RTM.NEWLINK],
      [1, 0, NLMSG.ERROR],
      [0, 0, RTM.NEWLINK],
      [2, 0, RTM.NEWLINK],
      [2, 0, NLMSG.ERROR],
    ]);
  });

  it("[FC-CORE-12] [N4.1] of two sockets of one process neither sees the other's answers", () => {
    const { kernel, vnet } = setupE({ stepped: true });
    const [dumping, asking] = [openSocket(vnet), openSocket(vnet)];
    const seen: number[][] = [[], []];
    for (let i = 0; i < 5; i++) {
      dumping.send(getLinks("q", 100));
      asking.send(getLink(1, "q", 200 + i));
      kernel.step();
      asking.send(getLink(2, "q", 300 + i));
      kernel.runUntilIdle();
      seen[0]?.push(...drain(dumping).map((each) => each.seq));
      seen[1]?.push(...drain(asking).map((each) => each.seq));
    }
    expect(seen[0]).toEqual(new Array(5 * 4).fill(100));
    expect(seen[1]).toEqual([0, 1, 2, 3, 4].flatMap((i) => [200 + i, 300 + i]));
  });
});
