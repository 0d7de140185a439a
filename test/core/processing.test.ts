// What happens to a message before a handler sees it, and how it is answered (netlink-core N5; rtnetlink 0.1 … 0.9).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, NETLINK_OPTION, NLM_F, NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { RTA, RTM, RTN, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Cred, Socket } from "../../host/kernel/kernel.js";
import {
  ackOf,
  ask,
  attribute,
  attributes,
  concat,
  doneOf,
  drain,
  errorOf,
  ifaddrmsg,
  ifinfomsg,
  ip,
  message,
  numberAt,
  rtmsg,
  type Seen,
  toHex,
  u16,
  u32,
} from "../support/messages.js";
import { monitor, openSocket, setupE, setupR } from "../support/setups.js";
import { ACK_BYTES, addRoute, deleteRoute, getLink, getLinks, noop } from "./requests.js";

const USER: Cred = { uid: 1001 };
const JAILED: Cred = { uid: 0, jail: { vnet: false, addresses: ["127.0.0.1"] } };

/** Type and sequence number of each. */
function told(seen: readonly Seen[]): string[] {
  return seen.map((each) => `${RTM[each.type] ?? NLMSG[each.type]} ${each.seq}`);
}

function option(socket: Socket, which: NETLINK_OPTION, value: number): void {
  socket.setsockopt(SOL.NETLINK, which, value);
}

/** A message whose nlmsg_len differs from its bytes. */
function withLength(length: number, seq: number, bytes = 16): Uint8Array {
  return concat(message({ type: NLMSG.NOOP, flags: "qa", seq, length }), new Uint8Array(bytes - 16));
}

describe("a send buffer", () => {
  it.each([0, 1, 4, 12, 15])("[RF-CORE-34a] [N5.2] nlmsg_len %i drops it and the rest without an answer", (length) => {
    const { socket } = setupR();
    expect(ask(socket, withLength(length, 1), noop("qa", 2))).toEqual([]);
    expect(socket.ioctl(FIO.NWRITE)).toBe(0);
    expect(told(ask(socket, noop("qa", 3)))).toEqual(["ERROR 3"]);
  });

  it.each([
    ["one more than is left", 49],
    ["far beyond", 0x10000],
    ["2^31", 0x80000000],
    ["all ones", 0xffffffff],
    ["all ones but two bits", 0xfffffffc],
  ])("[RF-CORE-34b] [N5.2] a length %s drops the rest; what came before is answered and stays done", (_, length) => {
    const { vnet, socket } = setupR();
    const before = vnet.statistics().routes;
    const seen = ask(socket, addRoute("127.1.0.0/16", "qaCX", 1, 1), withLength(length, 2, 32), noop("qa", 3));
    expect(told(seen)).toEqual(["ERROR 1"]);
    expect(vnet.statistics().routes).toBe(before + 1);
  });

  it.each([
    ["the rest exactly", 32, ["ERROR 1", "ERROR 2"]],
    ["one byte more than the rest", 33, ["ERROR 1"]],
  ])("[RF-CORE-34b] [N5.2] the last message may have %s (%i)", (_, length, expected) => {
    const { socket } = setupR();
    expect(told(ask(socket, noop("qa", 1), withLength(length, 2, 32)))).toEqual(expected);
  });

  it.each([16, 17, 18, 19, 20])(
    "[RF-CORE-34c] [N5.1] [N1.3] the next message follows a message of %i bytes at a multiple of 4",
    (bytes) => {
      const { socket } = setupR();
      const first = message({ type: RTM.GETADDR, flags: "q", seq: 1 }, new Uint8Array(bytes - 16));
      const seen = ask(socket, first, new Uint8Array(-bytes & 3), noop("qa", 2));
      expect(told(seen.slice(-2))).toEqual(["DONE 1", "ERROR 2"]);
    },
  );

  it.each([17, 18, 19])("[N5.1] the padding of the last message, here of %i bytes, may be missing", (bytes) => {
    const { socket } = setupR();
    const last = message({ type: RTM.GETADDR, flags: "q", seq: 2 }, new Uint8Array(bytes - 16));
    expect(told(ask(socket, noop("qa", 1), last)).filter((each) => !each.startsWith("NEWADDR"))).toEqual([
      "ERROR 1",
      "DONE 2",
    ]);
  });

  it.each([1, 2, 3, 4, 8, 12, 15])("[RF-CORE-34d] [N5.1] a tail of %i bytes is ignored", (bytes) => {
    const { socket } = setupR();
    expect(told(ask(socket, noop("qa", 1), new Uint8Array(bytes).fill(0xff)))).toEqual(["ERROR 1"]);
    expect(socket.ioctl(FIO.NWRITE)).toBe(0);
  });

  it("[N5.1] [N7.4] without memory for the writer the whole send is dropped without an answer", () => {
    const { kernel, vnet, socket } = setupR({ stepped: true });
    const before = vnet.statistics().routes;
    socket.send(concat(addRoute("127.1.0.0/16", "qaCX", 1, 1), noop("qa", 2)));
    socket.send(noop("qa", 3));
    vnet.failAllocation(1);
    kernel.runUntilIdle();
    expect(told(drain(socket))).toEqual(["ERROR 3"]);
    expect(vnet.statistics()).toMatchObject({ routes: before, allocationFailures: 1 });
    expect(socket.ioctl(FIO.NWRITE)).toBe(0);
  });

  it("[N5.1] [N6.3] text, offset and the suppressed ack of one message are gone at the next", () => {
    const { socket } = setupR();
    const bad = message({ type: RTM.NEWROUTE, flags: "qa", seq: 1 }, rtmsg(), attribute(RTA.OIF, u16(1)));
    const seen = ask(socket, bad, getLink(99, "qa", 2), getLinks("qa", 3), noop("qa", 4), getLink(99, "qa", 5));
    expect(ackOf(seen[0])).toMatchObject({ error: Errno.EINVAL, text: "nla type 4 size(2) is not uint32", offset: 28 });
    expect(ackOf(seen[1])).toMatchObject({ error: Errno.ENODEV, text: undefined, offset: undefined, seq: 2 });
    expect(told(seen.slice(3))).toEqual(["DONE 3", "ERROR 4", "ERROR 5"]);
  });

  it("[N5.1] [N1.6] the strict flag is taken once for each send, the others at each ack", () => {
    const { kernel, socket } = setupR({ stepped: true });
    const short = (seq: number): Uint8Array => message({ type: RTM.GETLINK, flags: "qa", seq }, new Uint8Array(4));
    const failing = getLink(99, "qa", 3);
    socket.send(concat(noop("q", 1), short(2), failing));
    socket.send(short(4));
    kernel.step();
    option(socket, NETLINK_OPTION.GET_STRICT_CHK, 1);
    option(socket, NETLINK_OPTION.CAP_ACK, 0);
    kernel.runUntilIdle();
    const seen = drain(socket);
    expect(told(seen)).toEqual(["NEWLINK 2", "DONE 2", "ERROR 3", "ERROR 4"]);
    expect(seen[2]?.length).toBe(20 + failing.length);
    expect(ackOf(seen[3])).toMatchObject({ error: Errno.EINVAL, text: "header too short: expected 16, got 4" });
  });
});

describe("a message", () => {
  it.each([
    ["bound to 100", 100],
    ["unbound", 0],
  ])("[RF-CORE-35] [N5.2] [N2.8] nlmsg_pid becomes the own port: %s", (_, port) => {
    const { socket } = setupR();
    if (port !== 0) socket.bind(port);
    const request = message({ type: NLMSG.NOOP, flags: "qa", seq: 1, pid: 7 });
    const [seen] = ask(socket, request);
    expect(seen?.pid).toBe(port);
    expect(numberAt(ackOf(seen).request, 12, 4)).toBe(port);
    const [link] = ask(socket, message({ type: RTM.GETLINK, flags: "q", pid: 7 }, ifinfomsg({ index: 1 })));
    expect(link?.pid).toBe(port);
  });

  it.each([
    [RTM.GETLINK, "a", true],
    [RTM.GETLINK, "", false],
    [RTM.NEWROUTE, "aCX", true],
    [0xffff, "a", true],
    [0xffff, "", false],
    [NLMSG.DONE, "", false],
    [NLMSG.DONE, "a", true],
  ])(
    "[RF-CORE-36a] [N5.3] type %i with flags %j, without REQUEST, does nothing; with ACK it is acked",
    (type, letters, isAcked) => {
      const { vnet, socket } = setupR();
      const before = vnet.statistics().routes;
      const body = addRoute("127.1.0.0/16").slice(16);
      const seen = ask(socket, message({ type, flags: letters }, body));
      expect(seen.map((each) => ackOf(each).error)).toEqual(isAcked ? [0] : []);
      expect(vnet.statistics().routes).toBe(before);
    },
  );

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])(
    "[RF-CORE-36b] [RF-CORE-36c] [N5.3] [N1.4] control type %i does nothing; with ACK it is acked",
    (type) => {
      const { socket } = setupR();
      expect(ask(socket, message({ type, flags: "q" }))).toEqual([]);
      const seen = ask(socket, message({ type, flags: "qa", seq: 4 }));
      expect(seen.map((each) => ackOf(each).error)).toEqual([0]);
      expect(numberAt(ackOf(seen[0]).request, 4, 2)).toBe(type);
    },
  );

  it.each([
    ["a failing request", addRoute("127.0.0.1/8", "q", 1, 1), Errno.ESRCH],
    ["a failing lookup", getLink(99, "q"), Errno.ENODEV],
    ["a success", addRoute("127.1.0.0/16", "qCX"), undefined],
  ])("[RF-CORE-37] [N5.2] [N5.3] %s without ACK is answered only when it fails", (_, request, error) => {
    const { socket } = setupR();
    expect(ask(socket, request).map((each) => ackOf(each).error)).toEqual(error === undefined ? [] : [error]);
  });

  it.each(["q", "qa"])(
    "[N5.3] [0.5] [N7.5] flags %j: a reply comes with the request's flags, then an ack if asked for",
    (letters) => {
      const { socket } = setupR();
      const extra = NLM_F.ECHO | NLM_F.DUMP_FILTERED | NLM_F.DUMP;
      const bits = NLM_F.REQUEST | (letters === "qa" ? NLM_F.ACK : 0) | extra;
      const seen = ask(socket, message({ type: RTM.GETLINK, flags: bits, seq: 77 }, ifinfomsg({ index: 1 })));
      expect(seen[0]).toMatchObject({ type: RTM.NEWLINK, flags: bits, seq: 77 });
      expect(told(seen.slice(1))).toEqual(letters === "qa" ? ["ERROR 77"] : []);
    },
  );

  it.each([NLM_F.ECHO, NLM_F.ATOMIC, NLM_F.DUMP_INTR, NLM_F.DUMP_FILTERED, 0xf000])(
    "[N5.3] flag 0x%x means nothing to the core",
    (flag) => {
      const { socket } = setupR();
      const seen = ask(socket, message({ type: RTM.GETADDR, flags: NLM_F.REQUEST | NLM_F.ACK | flag }, ifaddrmsg()));
      expect(doneOf(seen.at(-1))).toBe(0);
      const failing = message({ type: RTM.GETLINK, flags: NLM_F.REQUEST | flag }, ifinfomsg({ index: 99 }));
      expect(ask(socket, failing).map((each) => ackOf(each).error)).toEqual([Errno.ENODEV]);
    },
  );

  it("[N5.7] [0.3] errors are positive in NLMSG_ERROR and NLMSG_DONE", () => {
    const { socket } = setupR();
    expect(toHex(ask(socket, getLink(99))[0]?.body.slice(0, 4) ?? u32(0))).toBe("13000000");
    const done = ask(socket, message({ type: RTM.GETADDR, flags: "q" }, ifaddrmsg({ index: 99 })));
    expect(toHex(done[0]?.body ?? u32(0))).toBe("02000000");
  });
});

describe("the end of a dump", () => {
  it.each([
    ["links", RTM.GETLINK, ifinfomsg()],
    ["addresses", RTM.GETADDR, ifaddrmsg()],
    ["routes", RTM.GETROUTE, rtmsg({ family: 0 })],
  ])(
    "[RF-CORE-40] [N7.6] [0.4] NLMSG_DONE of %s: 20 bytes, flags 0, port and sequence of the request",
    (_, type, body) => {
      const { socket } = setupR();
      socket.bind(0x64);
      for (const letters of ["qD", "qaD"]) {
        const seen = ask(socket, message({ type, flags: letters, seq: 7 }, body));
        expect(toHex(seen.at(-1)?.bytes ?? u32(0))).toBe("1400000003000000070000006400000000000000");
        expect(seen.length).toBeGreaterThan(1);
        for (const each of seen.slice(0, -1)) {
          expect(each).toMatchObject({ flags: letters === "qaD" ? 0x307 : 0x303, seq: 7, pid: 0x64 });
        }
      }
    },
  );

  it.each([
    ["addresses of an unknown interface", RTM.GETADDR, ifaddrmsg({ index: 999 }), Errno.ENOENT],
    ["routes of a family without table", RTM.GETROUTE, rtmsg({ family: AF.LINK }), Errno.ESRCH],
    ["addresses of a family that has none", RTM.GETADDR, ifaddrmsg({ family: AF.LINK }), Errno.OK],
  ])(
    "[RF-CORE-41] [N5.3] [N7.6] [0.4] a dump of %s ends with its errno in NLMSG_DONE, without ERROR and ack",
    (_, type, body, error) => {
      const { socket } = setupR();
      for (const letters of ["qD", "qaD"]) {
        const seen = ask(socket, message({ type, flags: letters, seq: 3 }, body), noop("qa", 4));
        expect(told(seen)).toEqual(["DONE 3", "ERROR 4"]);
        expect(doneOf(seen[0])).toBe(error);
      }
    },
  );
});

describe("the ack", () => {
  const broken = message({ type: RTM.NEWROUTE, flags: "qaCX", seq: 9 }, rtmsg(), attribute(RTA.OIF, u16(1)));
  const mute = getLink(99, "qa", 9);

  it.each([
    // CAP_ACK, EXT_ACK, request, error, length, flags, text and offset
    [0, 0, "success", 0, 36, 0x100, false],
    [1, 0, "success", 0, 36, 0x100, false],
    [0, 1, "success", 0, 36, 0x100, false],
    [1, 1, "success", 0, 36, 0x100, false],
    [0, 0, "mute", Errno.ENODEV, 52, 0, false],
    [1, 0, "mute", Errno.ENODEV, 36, 0x100, false],
    [0, 1, "mute", Errno.ENODEV, 52, 0, false],
    [1, 1, "mute", Errno.ENODEV, 36, 0x100, false],
    [0, 0, "broken", Errno.EINVAL, 56, 0, false],
    [1, 0, "broken", Errno.EINVAL, 36, 0x100, false],
    [0, 1, "broken", Errno.EINVAL, 56 + 48, 0x200, true],
    [1, 1, "broken", Errno.EINVAL, 36 + 48, 0x300, true],
  ] as const)(
    "[RF-CORE-38] [N5.4] [N1.5] with CAP_ACK %i and EXT_ACK %i a %s request is answered %i in %i bytes, flags 0x%x",
    (cap, ext, kind, error, length, bits, hasText) => {
      const { socket } = setupR();
      option(socket, NETLINK_OPTION.CAP_ACK, cap);
      option(socket, NETLINK_OPTION.EXT_ACK, ext);
      const request = { success: noop("qa", 9), mute, broken }[kind];
      const [seen, ...more] = ask(socket, request);
      expect(more).toEqual([]);
      expect(seen).toMatchObject({ type: NLMSG.ERROR, length, flags: bits, seq: 9 });
      expect(seen?.length).toBe(seen?.bytes.length);
      const ack = ackOf(seen);
      expect(ack).toMatchObject({
        error,
        cookie: undefined,
        text: hasText ? "nla type 4 size(2) is not uint32" : undefined,
      });
      expect(ack.offset).toBe(hasText ? 28 : undefined);
      expect(toHex(ack.request)).toBe(toHex(request.slice(0, 16)));
      if ((bits & 0x100) === 0) expect(toHex(seen?.body.slice(4, 4 + request.length) ?? u32(0))).toBe(toHex(request));
    },
  );

  it("[N5.4] [N1.5] TLVs come in order: text, then offset", () => {
    const { socket } = setupR();
    expect(attributes(ask(socket, broken)[0]?.body.slice(20) ?? u32(0)).map(([type]) => type)).toEqual([1, 2]);
  });

  it.each([
    ["text without offset", message({ type: RTM.SETLINK, flags: "q" }), "unknown message type: 19", undefined, 0x300],
    [
      "offset without text",
      message({ type: RTM.NEWROUTE, flags: "q" }, rtmsg(), attribute(RTA.VIA, Uint8Array.of(AF.INET, 1))),
      undefined,
      28,
      0x300,
    ],
    ["neither", getLink(99), undefined, undefined, 0x100],
  ])("[RF-CORE-38d] [N5.4] ACK_TLVS tells of a text or an offset: %s", (_, request, text, offset, bits) => {
    const { socket } = setupR();
    const [seen] = ask(socket, request);
    expect(seen?.flags).toBe(bits);
    expect(ackOf(seen)).toMatchObject({ text, offset });
  });

  it.each([29, 30, 31, 32, 33])("[N5.4] [N1.5] an echoed request of %i bytes is padded with zeros", (bytes) => {
    const { socket } = setupR();
    option(socket, NETLINK_OPTION.CAP_ACK, 0);
    // An unknown type: the body is not looked at. Memory that was used before must not show in the padding.
    ask(socket, message({ type: 0x7ffe, flags: "q" }, new Uint8Array(60).fill(0xee)));
    const request = message({ type: 0x7fff, flags: "q" }, new Uint8Array(bytes - 16).fill(0xee));
    const body = ask(socket, request)[0]?.body ?? u32(0);
    const padded = (bytes + 3) & ~3;
    expect(toHex(body.slice(4, 4 + bytes))).toBe(toHex(request));
    expect(toHex(body.slice(4 + bytes, 4 + padded))).toBe("00".repeat(padded - bytes));
    expect(ackOf(ask(socket, request)[0]).text).toBe("unknown message type: 32767");
  });

  it("[N5.4] [E.3.2] the echoed header is as the handler left it: a single GETROUTE's type is NEWROUTE", () => {
    const { socket } = setupE();
    const request = message({ type: RTM.GETROUTE, flags: "qa", seq: 6 }, rtmsg(), attribute(RTA.DST, ip("192.0.2.7")));
    const seen = ask(socket, request);
    expect(told(seen)).toEqual(["NEWROUTE 6", "ERROR 6"]);
    expect(numberAt(ackOf(seen[1]).request, 4, 2)).toBe(RTM.NEWROUTE);
  });

  it.each([
    ["a create", "qaC", false, 0x605],
    ["a replace", "qaP", true, 0x105],
    ["a create or replace that replaces", "qaCP", true, 0x105],
    ["a create or replace that creates", "qaCP", false, 0x605],
  ])("[N5.4] [E.7.1] the echoed header is as the handler left it: flags of %s (%s)", (_, letters, exists, bits) => {
    const { socket } = setupR();
    if (exists) ask(socket, addRoute("127.1.0.0/16", "qC"));
    const ack = ackOf(ask(socket, addRoute("127.1.0.0/16", letters)).at(-1));
    expect(ack.error).toBe(0);
    expect(numberAt(ack.request, 6, 2)).toBe(bits);
  });

  it("[N5.4] flags of the request do not show in the ack's", () => {
    const { socket } = setupR();
    const [seen] = ask(socket, message({ type: NLMSG.NOOP, flags: 0xffff }));
    expect(seen?.flags).toBe(NLM_F.CAPPED);
    expect(numberAt(ackOf(seen).request, 6, 2)).toBe(0xffff);
  });
});

/** Every type that the route family of FreeBSD answers (rtnetlink 0.9). */
const HANDLED = new Set<number>([
  RTM.NEWLINK,
  RTM.DELLINK,
  RTM.GETLINK,
  RTM.NEWADDR,
  RTM.DELADDR,
  RTM.GETADDR,
  RTM.NEWROUTE,
  RTM.DELROUTE,
  RTM.GETROUTE,
  RTM.NEWNEIGH,
  RTM.DELNEIGH,
  RTM.GETNEIGH,
  RTM.NEWNEXTHOP,
  RTM.DELNEXTHOP,
  RTM.GETNEXTHOP,
]);

describe("dispatch of the route family", () => {
  const ROOT: Cred = { uid: 0 };

  it.each([
    ["root", ROOT],
    ["a user", USER],
    ["a jail without vnet", JAILED],
  ])(
    "[RF-CORE-42a] [RF-CORE-45] [N5.5] [N5.6] [0.1] [0.2] [0.9] for %s each type below 117 without handler is ENOTSUP with a text and no offset",
    (_, cred) => {
      const socket = openSocket(setupR().vnet, { cred });
      const types = Array.from({ length: 117 - 16 }, (_each, i) => i + 16).filter((type) => !HANDLED.has(type));
      expect(types).toEqual(expect.arrayContaining([19, 32, 34, 38, 66, 82, 94, 107, 116]));
      for (const type of types) {
        expect(ackOf(ask(socket, message({ type, flags: "q", seq: type }))[0])).toMatchObject({
          error: Errno.EOPNOTSUPP,
          seq: type,
          text: `unknown message type: ${type}`,
          offset: undefined,
        });
      }
    },
  );

  it.each([117, 118, 255, 256, 0x7fff, 0x8010, 0xffff])(
    "[RF-CORE-42b] [N5.5] [0.1] type %i is beyond the table: ENOTSUP with a text",
    (type) => {
      const { socket } = setupR();
      expect(ackOf(ask(socket, message({ type, flags: "q" }))[0])).toMatchObject({
        error: Errno.EOPNOTSUPP,
        text: `unknown message type: ${type}`,
        offset: undefined,
      });
    },
  );

  it.each([
    ["NEWROUTE", RTM.NEWROUTE],
    ["DELROUTE", RTM.DELROUTE],
  ])("[RF-CORE-43] [N5.5] [0.2] [0.9] without privilege %s is EPERM, whatever is wrong inside", (_, type) => {
    const { vnet } = setupR();
    const before = vnet.statistics().routes;
    const bad = message({ type, flags: "qaC" }, rtmsg(), u16(2), u16(RTA.DST));
    for (const cred of [USER, JAILED]) {
      const socket = openSocket(vnet, { cred });
      expect(ackOf(ask(socket, bad)[0])).toMatchObject({ error: Errno.EPERM, text: undefined, offset: undefined });
      expect(errorOf(ask(socket, message({ type, flags: "qaC" })))).toBe(Errno.EPERM);
      expect(errorOf(ask(socket, addRoute("127.1.0.0/16", "qaC")))).toBe(Errno.EPERM);
    }
    const root = openSocket(vnet);
    expect(ackOf(ask(root, bad)[0])).toMatchObject({ error: Errno.EINVAL, offset: 28 });
    expect(vnet.statistics().routes).toBe(before);
  });

  it.each([
    ["GETLINK", getLinks("qa")],
    ["GETADDR", message({ type: RTM.GETADDR, flags: "qa" }, ifaddrmsg())],
    ["GETROUTE", message({ type: RTM.GETROUTE, flags: "qaD" }, rtmsg({ family: 0 }))],
  ])("[RF-CORE-44] [0.9] %s needs no privilege and is answered in a jail without vnet", (_, request) => {
    const { vnet } = setupR();
    for (const cred of [USER, JAILED]) {
      const seen = ask(openSocket(vnet, { cred }), request);
      expect(doneOf(seen.at(-1))).toBe(0);
      expect(seen.length).toBeGreaterThan(1);
    }
  });

  it("[RF-CORE-44] [0.9] [0.2] a jail without vnet cannot change routes", () => {
    const { vnet } = setupR();
    const socket = openSocket(vnet, { cred: JAILED });
    expect(errorOf(ask(socket, addRoute("127.1.0.0/16", "qaCX")))).toBe(Errno.EPERM);
    expect(errorOf(ask(socket, deleteRoute("127.0.0.1/32", "qa")))).toBe(Errno.EPERM);
  });

  it("[N5.5] the core asks for no privilege to send, receive and join", () => {
    const { vnet } = setupR();
    const user = openSocket(vnet, { cred: USER });
    user.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.IPV4_ROUTE);
    expect(errorOf(ask(user, noop()))).toBe(0);
    ask(openSocket(vnet), addRoute("127.1.0.0/16"));
    expect(told(drain(user))).toEqual(["NEWROUTE 1"]);
  });

  it("[N5.5] [N4.8] each message of a send is judged and acted on for itself", () => {
    const { vnet, socket } = setupR();
    const watcher = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    const blackhole = message(
      { type: RTM.NEWROUTE, flags: "qaCX", seq: 3 },
      rtmsg({ dstLength: 32, type: RTN.BLACKHOLE }),
      attribute(RTA.DST, ip("192.0.2.1")),
    );
    const seen = ask(socket, addRoute("127.1.0.0/16", "qaCX", 1, 1), addRoute("127.1.0.0/16", "qaCX", 1, 2), blackhole);
    expect(seen.map((each) => ackOf(each).error)).toEqual([0, Errno.EEXIST, 0]);
    expect(seen.map((each) => each.length)).toEqual([ACK_BYTES, ACK_BYTES, ACK_BYTES]);
    expect(told(drain(watcher))).toEqual(["NEWROUTE 1", "NEWROUTE 3"]);
  });
});
