import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { IF_OPER, IFCAP, IFF, IFT } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NETLINK_OPTION, NLM_F, SOL } from "../../assembly/abi/netlink.js";
import {
  HeaderSize,
  IFLA,
  IFLA_INFO,
  IFLAF,
  IfInfoMsg,
  NLA_BITSET,
  RTM,
  RTNLGRP,
} from "../../assembly/abi/rtnetlink.js";
import type { Kernel, Socket } from "../../host/kernel/kernel.js";
import {
  ackOf,
  ask,
  attribute,
  attributes,
  doneOf,
  drain,
  errorOf,
  flags,
  ifinfomsg,
  message,
  numberAt,
  type Seen,
  text,
  toHex,
  u8,
  u32,
} from "../support/messages.js";
import { AS_GIVEN, monitor, openSocket, setupE, setupR } from "../support/setups.js";
import { events, getLink, indexOf, inWords, type Link, linkNamed, linkOf, links } from "./links.js";

/** The order of an Ethernet link's attributes, with a description. */
const ETHER_ORDER = [
  IFLA.IFNAME,
  IFLA.OPERSTATE,
  IFLA.CARRIER,
  IFLA.ADDRESS,
  IFLA.BROADCAST,
  IFLA.MTU,
  IFLA.IFALIAS,
  IFLA.FREEBSD,
  IFLA.STATS64,
  IFLA.PROMISCUITY,
];
const WITHOUT_ALIAS = ETHER_ORDER.filter((type) => type !== IFLA.IFALIAS);

function payloadHex(link: Link, type: number): string {
  const bytes = link.payload(type);
  if (bytes === undefined) throw new Error(`no attribute ${IFLA[type]}`);
  return toHex(bytes);
}

/** The members of IFLA_FREEBSD. */
function freebsdOf(link: Link): [number, Uint8Array][] {
  return attributes(link.payload(IFLA.FREEBSD) ?? new Uint8Array());
}

/** The members of IFLAF_CAPS. */
function capabilitiesOf(link: Link): [number, Uint8Array][] {
  return attributes(freebsdOf(link).find(([type]) => type === IFLAF.CAPS)?.[1] ?? new Uint8Array());
}

describe("the link object", () => {
  it("[B.1.1] [B.1.2] [B.1.6] [RF-LINK-1] lo0 is these 320 bytes", () => {
    const { socket } = setupE();
    // net/if_loop.c: RXCSUM, TXCSUM, LINKSTATE and the two of IPv6, all switched on.
    const capabilities = [u32(0x680003), u32(0)];
    const [reply] = ask(socket, getLink({ index: 1 }, "q"));
    const expected = message(
      { type: RTM.NEWLINK, flags: "q" },
      ifinfomsg({ type: IFT.LOOP, index: 1, flags: 0x01008049, change: 0 }),
      attribute(IFLA.IFNAME, text("lo0")),
      attribute(IFLA.OPERSTATE, u8(IF_OPER.UP)),
      attribute(IFLA.CARRIER, u8(1)),
      attribute(IFLA.MTU, u32(16384)),
      attribute(
        IFLA.FREEBSD,
        attribute(
          IFLAF.CAPS,
          attribute(NLA_BITSET.SIZE, u32(35)),
          attribute(NLA_BITSET.MASK, ...capabilities),
          attribute(NLA_BITSET.VALUE, ...capabilities),
        ),
      ),
      attribute(IFLA.STATS64, new Uint8Array(192)),
      attribute(IFLA.PROMISCUITY, u32(0)),
      attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, text("lo"))),
    );
    expect(expected).toHaveLength(320);
    expect(toHex(reply?.bytes ?? u8(0))).toBe(toHex(expected));
  });

  it("[B.1.1] [B.1.2] [RF-LINK-2a] an Ethernet link has its address and ff×6 between CARRIER and MTU", () => {
    const link = linkNamed(setupE().socket, "em0");
    expect(link.order).toEqual(WITHOUT_ALIAS);
    expect(payloadHex(link, IFLA.ADDRESS)).toBe("02000000000a");
    expect(payloadHex(link, IFLA.BROADCAST)).toBe("ffffffffffff");
    expect(link).toMatchObject({ type: IFT.ETHER, index: 2, change: 0, mtu: 1500, carrier: 1, operState: IF_OPER.UP });
    expect(link.flags & 0xffff).toBe(IFF.UP | IFF.BROADCAST | IFF.RUNNING | IFF.SIMPLEX | IFF.MULTICAST);
    expect([numberAt(link.seen.body, IfInfoMsg.FAMILY, 1), numberAt(link.seen.body, IfInfoMsg.PAD, 1)]).toEqual([0, 0]);
  });

  it("[B.1.2] the description stands behind MTU; without one there is no IFALIAS", () => {
    const { socket } = setupR({
      interfaces: [
        { name: "em0", description: "uplink to the world", mtu: 9000 },
        { name: "em1", description: "" },
      ],
    });
    const [described, plain] = [linkNamed(socket, "em0"), linkNamed(socket, "em1")];
    expect(described).toMatchObject({ alias: "uplink to the world", order: ETHER_ORDER, mtu: 9000 });
    expect(plain).toMatchObject({ alias: undefined, order: WITHOUT_ALIAS, mtu: 1500 });
  });

  it("[B.1.2] a name of 15 and a description of 63 bytes come whole", () => {
    const name = "longdriver12345";
    const description = "d".repeat(63);
    const { socket } = setupR({ interfaces: [{ name, description }] });
    expect(linkNamed(socket, name)).toMatchObject({ name, alias: description });
  });

  it("[B.1.3] lo0's state follows UP, and the bit 0x1000000 with it", () => {
    const { vnet, socket } = setupR();
    vnet.interfaceDown("lo0");
    const down = linkNamed(socket, "lo0");
    expect(down).toMatchObject({ operState: IF_OPER.DOWN, carrier: 0 });
    expect(down.flags & (IFF.LOWER_UP | IFF.UP)).toBe(0);
    vnet.interfaceUp("lo0");
    const up = linkNamed(socket, "lo0");
    expect(up).toMatchObject({ operState: IF_OPER.UP, carrier: 1, flags: 0x01008049 });
  });

  it("[B.1.3] [RF-LINK-3c] an Ethernet link's state follows its media, not UP", () => {
    const { vnet, socket } = setupR({ interfaces: [{ name: "em0" }] });
    const never = linkNamed(socket, "em0");
    expect(never).toMatchObject({ operState: IF_OPER.UP, carrier: 1 });
    expect(never.flags & (IFF.LOWER_UP | IFF.UP)).toBe(IFF.LOWER_UP);
    vnet.interfaceUp("em0");
    expect(linkNamed(socket, "em0").flags & (IFF.LOWER_UP | IFF.UP)).toBe(IFF.LOWER_UP | IFF.UP);
    vnet.interfaceDown("em0");
    const down = linkNamed(socket, "em0");
    expect(down).toMatchObject({ operState: IF_OPER.UP, carrier: 1 });
    expect(down.flags & (IFF.LOWER_UP | IFF.UP)).toBe(IFF.LOWER_UP);
  });

  it("[B.1.4] [RF-LINK-4a] lo0's IFLA_FREEBSD has only CAPS: SIZE 35, then MASK, then VALUE", () => {
    const link = linkNamed(setupE().socket, "lo0");
    expect(freebsdOf(link).map(([type]) => type)).toEqual([IFLAF.CAPS]);
    expect(capabilitiesOf(link).map(([type, bytes]) => [type, bytes.length])).toEqual([
      [NLA_BITSET.SIZE, 4],
      [NLA_BITSET.MASK, 8],
      [NLA_BITSET.VALUE, 8],
    ]);
    expect(IFCAP.COUNT).toBe(35);
  });

  it("[B.1.4] [RF-LINK-4b] the recorded hardware address comes before CAPS", () => {
    const link = linkNamed(setupE().socket, "em1");
    const [original, capabilities] = freebsdOf(link);
    expect([original?.[0], capabilities?.[0]]).toEqual([IFLAF.ORIG_HWADDR, IFLAF.CAPS]);
    expect(toHex(original?.[1] ?? u8(0))).toBe("02000000000b");
  });

  it("[B.1.4] [FC-LINK-4] MASK, the enabled ones, lies within VALUE, the supported ones; each fills SIZE rounded up", () => {
    for (const link of links(setupE().socket)) {
      const found = new Map(capabilitiesOf(link));
      const size = numberAt(found.get(NLA_BITSET.SIZE) ?? u8(0), 0, 4);
      const mask = found.get(NLA_BITSET.MASK) ?? u8(0);
      const value = found.get(NLA_BITSET.VALUE) ?? u8(0);
      expect([mask.length, value.length]).toEqual([Math.ceil(size / 32) * 4, Math.ceil(size / 32) * 4]);
      expect([...mask].map((byte, i) => byte & ~(value[i] ?? 0))).toEqual(new Array(mask.length).fill(0));
    }
  });

  it("[B.1.5] LINKINFO names the driver where a cloner of that name exists, and is absent elsewhere", () => {
    const { vnet, socket } = setupE();
    vnet.interfaceAttach({ name: "lo7" });
    const kinds = links(socket).map((link) => [
      link.name,
      link.payload(IFLA.LINKINFO) === undefined ? undefined : payloadHex(link, IFLA.LINKINFO),
    ]);
    const loKind = toHex(attribute(IFLA_INFO.KIND, text("lo")));
    expect(kinds).toEqual([
      ["lo0", loKind],
      ["em0", undefined],
      ["em1", undefined],
      ["lo7", loKind],
    ]);
  });

  it("[B.1.2] LINK, MASTER, GROUP, TXQLEN, QDISC, LINKMODE, queues, MTU bounds, AF_SPEC, STATS, MAP, counts: never", () => {
    const { vnet, socket } = setupE();
    vnet.interfaceAttach({ name: "em2", description: "x" });
    const known = new Set<number>([...ETHER_ORDER, IFLA.LINKINFO]);
    for (const link of links(socket)) expect(link.order.filter((type) => !known.has(type))).toEqual([]);
  });

  it("[0.8] nested attributes carry their plain type", () => {
    for (const link of links(setupE().socket)) {
      const types = [
        ...link.order,
        ...freebsdOf(link).map(([type]) => type),
        ...capabilitiesOf(link).map(([type]) => type),
        ...attributes(link.payload(IFLA.LINKINFO) ?? new Uint8Array()).map(([type]) => type),
      ];
      for (const type of types) expect(type).toBeLessThan(0x4000);
    }
  });

  it("[B.1.2] [FC-LINK-9] STATS64 is 192 bytes, zeros on an interface that saw no packet", () => {
    for (const link of links(setupE().socket)) expect(payloadHex(link, IFLA.STATS64)).toBe("00".repeat(192));
  });

  it("[FC-LINK-3] [FC-LINK-5] a listing in the order of the messages; lo0 has no ADDRESS", () => {
    const all = links(setupE().socket);
    expect(all.map(({ index, type, mtu, name }) => [index, type, mtu, name])).toEqual([
      [1, IFT.LOOP, 16384, "lo0"],
      [2, IFT.ETHER, 1500, "em0"],
      [3, IFT.ETHER, 1500, "em1"],
    ]);
    expect(all.map((link) => link.payload(IFLA.ADDRESS)?.length)).toEqual([undefined, 6, 6]);
  });

  it("[B.6.2] [FC-LINK-6] indices go beyond 32 and none is 0", () => {
    const interfaces = Array.from({ length: 300 }, (_, i) => ({ name: `em${i}` }));
    const all = links(setupR({ interfaces }).socket);
    expect(all.map((link) => link.index)).toEqual(Array.from({ length: 301 }, (_, i) => i + 1));
  });
});

describe("RTM_GETLINK of one link", () => {
  /** The links and acks of an answer. */
  function answer(socket: Socket, request: Uint8Array): string[] {
    return ask(socket, request).map(inWords);
  }

  it("[0.5] [B.2.3] [RF-LINK-8] an index makes it single: DUMP is ignored, the request's flags return, then the ack", () => {
    const { socket } = setupE();
    const seen = ask(socket, getLink({ index: 2 }, "qaD"));
    expect(seen.map(inWords)).toEqual(["NEWLINK em0 0x0", "ERROR"]);
    expect(seen[0]).toMatchObject({ flags: flags("qaD"), seq: 1, pid: 0 });
    expect(ackOf(seen[1]).error).toBe(Errno.OK);
  });

  it("[B.2.3] [FC-LINK-1] by index with ACK: one NEWLINK without MULTI, then the ack", () => {
    const { socket } = setupE();
    socket.bind(77);
    const seen = ask(socket, getLink({ index: 3 }, "qa"));
    expect(seen.map(inWords)).toEqual(["NEWLINK em1 0x0", "ERROR"]);
    expect(seen[0]).toMatchObject({ flags: NLM_F.REQUEST | NLM_F.ACK, pid: 77 });
  });

  it("[B.2.3] without ACK the link comes alone", () => {
    expect(answer(setupE().socket, getLink({ index: 3 }, "q"))).toEqual(["NEWLINK em1 0x0"]);
  });

  it("[B.2.1] [B.2.3] [FC-LINK-2] by IFLA_IFNAME one NEWLINK; an unknown name is an ERROR", () => {
    const { socket } = setupE();
    expect(answer(socket, getLink({}, "qa", attribute(IFLA.IFNAME, text("em1"))))).toEqual([
      "NEWLINK em1 0x0",
      "ERROR",
    ]);
    expect(errorOf(ask(socket, getLink({}, "qa", attribute(IFLA.IFNAME, text("em9")))))).toBe(Errno.ENODEV);
  });

  it("[B.2.1] [RF-LINK-9] by IFLA_ALT_IFNAME too; the last of both counts", () => {
    const { socket } = setupE();
    expect(answer(socket, getLink({}, "qD", attribute(IFLA.ALT_IFNAME, text("em0"))))).toEqual(["NEWLINK em0 0x0"]);
    const both = [attribute(IFLA.IFNAME, text("em0")), attribute(IFLA.ALT_IFNAME, text("em1"))];
    expect(answer(socket, getLink({}, "q", ...both))).toEqual(["NEWLINK em1 0x0"]);
    expect(answer(socket, getLink({}, "q", ...both.toReversed()))).toEqual(["NEWLINK em0 0x0"]);
  });

  const name = (value: string): Uint8Array => attribute(IFLA.IFNAME, text(value));
  it.each<[string, Parameters<typeof ifinfomsg>[0], Uint8Array[]]>([
    ["[FB-17] a missing name", {}, [name("lo10")]],
    ["[FB-18] index 2147483647", { index: 2147483647 }, []],
    ["an index just beyond the last", { index: 4 }, []],
    ["a negative index", { index: 0xffffffff }, []],
    ["an empty name", {}, [name("")]],
    ["the beginning of a name", {}, [name("em")]],
    ["a name and more", {}, [name("em00")]],
    ["[RF-LINK-10a] index 2 with the name lo0", { index: 2 }, [name("lo0")]],
    ["[RF-LINK-10b] index 2 with ifi_type 24", { index: 2, type: IFT.LOOP }, []],
    ["the name em0 with ifi_type 24", { type: IFT.LOOP }, [name("em0")]],
  ])("[B.2.3] %s: ENODEV and no link", (_, header, parts) => {
    const { socket } = setupE();
    const seen = ask(socket, getLink(header, "qaD", ...parts));
    expect(seen).toHaveLength(1);
    expect(errorOf(seen)).toBe(Errno.ENODEV);
    // An error is told without ACK as well.
    expect(errorOf(ask(socket, getLink(header, "q", ...parts)))).toBe(Errno.ENODEV);
  });

  it("[B.2.3] index, name and type that agree find the link", () => {
    const request = getLink({ index: 2, type: IFT.ETHER }, "q", name("em0"));
    expect(answer(setupE().socket, request)).toEqual(["NEWLINK em0 0x0"]);
  });

  it.each([2, 28, 99])("[B.2.1] [RF-LINK-13] ifi_family %i is ignored", (family) => {
    const { socket } = setupE();
    const seen = ask(socket, getLink({ family, index: 2 }, "q"));
    expect(seen.map(inWords)).toEqual(["NEWLINK em0 0x0"]);
    expect(numberAt(seen[0]?.body ?? u8(9), IfInfoMsg.FAMILY, 1)).toBe(0);
    expect(ask(socket, getLink({ family })).map(inWords)).toHaveLength(4);
  });

  it("[B.2.1] [RF-LINK-16] EXT_MASK, GROUP, MTU and flags select nothing", () => {
    const parts = [
      attribute(IFLA.EXT_MASK, u32(1)),
      attribute(IFLA.GROUP, u32(5)),
      attribute(IFLA.MTU, u32(68)),
      attribute(IFLA.LINK, u32(1)),
      attribute(IFLA.IFALIAS, text("other")),
      attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, text("bridge"))),
    ];
    const { socket } = setupE();
    expect(answer(socket, getLink({ index: 2, flags: IFF.LOOPBACK, change: 1 }, "q", ...parts))).toEqual([
      "NEWLINK em0 0x0",
    ]);
    expect(answer(socket, getLink({}, "qD", ...parts))).toHaveLength(4);
  });

  it("[0.6] a request of header alone, or of part of it, reads the rest as 0", () => {
    const { socket } = setupE();
    for (const bytes of [0, 1, 4, 15]) {
      const request = message({ type: RTM.GETLINK, flags: "qD" }, new Uint8Array(bytes));
      expect(answer(socket, request)).toEqual(["NEWLINK lo0 0x0", "NEWLINK em0 0x0", "NEWLINK em1 0x0", "DONE 0"]);
    }
  });
});

describe("RTM_GETLINK of all links", () => {
  it.each(["qD", "q", "qa", "qaD"])(
    "[0.4] [B.2.4] [RF-LINK-11] flags %s: a dump, each link with MULTI, DONE without flags, no ack",
    (letters) => {
      const { socket } = setupE();
      socket.bind(77);
      const seen = ask(socket, getLink({}, letters));
      expect(seen.map(inWords)).toEqual(["NEWLINK lo0 0x0", "NEWLINK em0 0x0", "NEWLINK em1 0x0", "DONE 0"]);
      const multi = flags(letters) | NLM_F.MULTI;
      expect(seen.map((each) => each.flags)).toEqual([multi, multi, multi, 0]);
      for (const each of seen) expect(each).toMatchObject({ seq: 1, pid: 77 });
      expect(seen.at(-1)?.length).toBe(20);
    },
  );

  it("[B.2.5] [RF-LINK-12] any ifi_type makes it empty, the right one too", () => {
    const { socket } = setupE();
    for (const type of [IFT.ETHER, IFT.LOOP, 1]) {
      const seen = ask(socket, getLink({ type }));
      expect(seen).toHaveLength(1);
      expect(doneOf(seen[0])).toBe(Errno.OK);
    }
  });

  it("[B.2.4] [B.6.2] [RF-LINK-15] [RF-LINK-41a] the order is that of attachment; the lowest free index is used again", () => {
    const { vnet, socket } = setupE();
    vnet.interfaceAttach({ name: "lo5" });
    vnet.interfaceDetach("em0");
    expect(vnet.interfaceAttach({ name: "em9" })).toBe(2);
    expect(vnet.interfaceAttach({ name: "em0" })).toBe(5);
    expect(links(socket).map(({ name, index }) => [name, index])).toEqual([
      ["lo0", 1],
      ["em1", 3],
      ["lo5", 4],
      ["em9", 2],
      ["em0", 5],
    ]);
  });

  it("[B.2.6] no privilege is needed, and in a jail without a vnet all links are visible", () => {
    const { vnet, socket } = setupE();
    const all = ask(socket, getLink()).map((each) => toHex(each.bytes));
    for (const cred of [{ uid: 1001 }, { jail: { vnet: false, addresses: ["192.0.2.1"] } }]) {
      const other = openSocket(vnet, { cred });
      expect(ask(other, getLink()).map((each) => toHex(each.bytes))).toEqual(all);
      expect(ask(other, getLink({ index: 3 }, "q")).map(inWords)).toEqual(["NEWLINK em1 0x0"]);
    }
  });

  it("[B.2.4] a dump larger than any one buffer has every link once", () => {
    const interfaces = Array.from({ length: 200 }, (_, i) => ({ name: `em${i}`, description: `port ${i}` }));
    const { socket } = setupR({ interfaces });
    expect(
      links(socket)
        .slice(1)
        .map(({ name, alias }) => [name, alias]),
    ).toEqual(interfaces.map(({ name, description }) => [name, description]));
  });
});

describe("strict checking", () => {
  function strictSocket(): Socket {
    const { socket } = setupE();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 1);
    return socket;
  }

  it.each<[string, Parameters<typeof ifinfomsg>[0]]>([
    ["pad", { pad: 1 }],
    ["ifi_type", { type: IFT.ETHER }],
    ["ifi_flags", { flags: 1 }],
    ["ifi_change", { change: 0x80000000 }],
  ])("[B.2.2] [RF-LINK-14] a non-zero %s is EINVAL, in a dump and for one link", (_, header) => {
    const socket = strictSocket();
    for (const index of [0, 2]) {
      const seen = ask(socket, getLink({ ...header, index }, "qD"));
      expect(seen).toHaveLength(1);
      expect(errorOf(seen)).toBe(Errno.EINVAL);
    }
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 0);
    expect(errorOf(ask(socket, getLink({ ...header, index: 2 }, "qa")))).toBe(Errno.OK);
  });

  it("[B.2.2] family and index may be set", () => {
    const socket = strictSocket();
    expect(ask(socket, getLink({ family: AF.INET, index: 2 }, "q")).map(inWords)).toEqual(["NEWLINK em0 0x0"]);
    expect(ask(socket, getLink({ family: AF.INET6 }))).toHaveLength(4);
  });
});

describe("link events", () => {
  /** What a monitor of group LINK gets while an action runs. */
  function watch(action: (vnet: Kernel["vnet0"]) => void): Seen[] {
    const { vnet } = setupE();
    const group = monitor(vnet, RTNLGRP.LINK);
    action(vnet);
    return drain(group);
  }

  it("[B.6] arrival: NEWLINK, change 0, with the complete object", () => {
    const { vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.LINK);
    const index = vnet.interfaceAttach({ name: "em7", lladdr: "02:00:00:00:00:77", description: "new", mtu: 1400 });
    const seen = drain(group);
    expect(seen.map(inWords)).toEqual(["NEWLINK em7 0x0"]);
    const [asked] = ask(socket, getLink({ index }, "q"));
    expect(toHex(seen[0]?.body ?? u8(0))).toBe(toHex(asked?.body ?? u8(1)));
    expect(linkOf(seen[0]).flags & IFF.UP).toBe(0);
  });

  it("[0.7] pid, sequence and flags are 0, on a bound socket too", () => {
    const { vnet } = setupE();
    const group = openSocket(vnet);
    group.bind(4711, 1);
    vnet.interfaceDown("em0");
    const seen = drain(group);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ type: RTM.NEWLINK, flags: 0, seq: 0, pid: 0 });
  });

  it("[B.6] an interface that is attached up: arrival without UP, then the change", () => {
    const seen = watch((vnet) => vnet.interfaceAttach({ name: "em7", up: true }));
    expect(seen.map(inWords)).toEqual(["NEWLINK em7 0x0", "NEWLINK em7 0x1"]);
    expect(seen.map((each) => linkOf(each).flags & IFF.UP)).toEqual([0, IFF.UP]);
  });

  it("[B.6] [FC-LINK-7] down and up: NEWLINK, change 0x1, the flag as it is then", () => {
    const seen = watch((vnet) => {
      vnet.interfaceDown("em1");
      vnet.interfaceUp("em1");
    });
    expect(seen.map(inWords)).toEqual(["NEWLINK em1 0x1", "NEWLINK em1 0x1"]);
    expect(seen.map((each) => linkOf(each).flags & IFF.UP)).toEqual([0, IFF.UP]);
    for (const { operState, mtu } of seen.map(linkOf)) {
      expect(operState).toBeGreaterThanOrEqual(IF_OPER.UNKNOWN);
      expect(operState).toBeLessThanOrEqual(IF_OPER.UP);
      expect(mtu).toBeGreaterThan(0);
    }
  });

  it("[B.6] [B.6.1] departure: down, then DELLINK with every attribute, both IFF_DYING", () => {
    const { vnet, socket } = setupR({ interfaces: [{ name: "em0", description: "leaving", up: true }] });
    const before = linkNamed(socket, "em0");
    const group = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceDetach("em0");
    const seen = drain(group);
    expect(seen.map(inWords)).toEqual(["NEWLINK em0 0x1", "DELLINK em0 0x0"]);
    const left = linkOf(seen[1]);
    expect(left).toMatchObject({ order: before.order, index: before.index, alias: "leaving" });
    for (const link of seen.map(linkOf)) expect(link.flags & (IFF.UP | IFF.DYING)).toBe(IFF.DYING);
    expect(seen[1]?.body.slice(HeaderSize.IFINFOMSG)).toEqual(before.seen.body.slice(HeaderSize.IFINFOMSG));
  });

  it("[B.6.1] departure of one that was not up tells of its going down all the same", () => {
    const seen = watch((vnet) => {
      vnet.interfaceDown("em1");
      vnet.interfaceDetach("em1");
    });
    expect(seen.map(inWords)).toEqual(["NEWLINK em1 0x1", "NEWLINK em1 0x1", "DELLINK em1 0x0"]);
  });

  it("[B.6.1] with addresses: DELADDR of the interface going down, NEWLINK, each address's DELADDR, DELLINK last", () => {
    const { vnet } = setupE(AS_GIVEN);
    vnet.addressAdd("em0", "2001:db8::1/64");
    vnet.addressAdd("em0", "198.51.100.1/24");
    const all = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR);
    vnet.interfaceDetach("em0");
    expect(events(all)).toEqual([
      "DELADDR 192.0.2.1/24",
      "DELADDR 198.51.100.1/24",
      "NEWLINK em0 0x1",
      "DELADDR 192.0.2.1/24",
      "DELADDR 2001:db8::1/64",
      "DELADDR 198.51.100.1/24",
      "DELLINK em0 0x0",
    ]);
  });

  it("[B.2.3] what has left is not found by index or name", () => {
    const { vnet, socket } = setupE();
    vnet.interfaceDetach("em0");
    expect(errorOf(ask(socket, getLink({ index: 2 }, "q")))).toBe(Errno.ENODEV);
    expect(errorOf(ask(socket, getLink({}, "q", attribute(IFLA.IFNAME, text("em0")))))).toBe(Errno.ENODEV);
    expect(links(socket).map((link) => link.name)).toEqual(["lo0", "em1"]);
  });

  it("[FC-LINK-8] the index of an event is found by GETLINK, also of an address's event", () => {
    const { vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR);
    vnet.interfaceDown("em1");
    vnet.interfaceUp("em1");
    vnet.addressAdd("em1", "198.51.100.1/24");
    const seen = drain(group);
    expect(seen.at(-1)?.type).toBe(RTM.NEWADDR);
    for (const each of seen) {
      const index = numberAt(each.body, IfInfoMsg.INDEX, 4);
      expect(index).toBe(indexOf(vnet, "em1"));
      expect(ask(socket, getLink({ index }, "q")).map(inWords)).toEqual(["NEWLINK em1 0x0"]);
    }
  });

  it("[B.6] only group LINK gets them", () => {
    const { vnet } = setupE();
    const others = Array.from({ length: 33 }, (_, i) => i + 1).filter((group) => group !== RTNLGRP.LINK);
    const group = monitor(vnet, ...others);
    vnet.interfaceDown("em1");
    vnet.interfaceAttach({ name: "em7", up: true });
    vnet.interfaceDetach("em7");
    expect(events(group)).toEqual([]);
  });

  it("[B.6] a refused attachment tells nobody", () => {
    const { vnet } = setupE();
    const group = monitor(vnet, RTNLGRP.LINK);
    expect(() => vnet.interfaceAttach({ name: "em0" })).toThrow(/EEXIST/);
    expect(events(group)).toEqual([]);
    expect(vnet.interfaceAttach({ name: "em2" })).toBe(4);
  });

  it("[B.5.1] lo0 does not leave", () => {
    const { vnet, socket } = setupE();
    expect(() => vnet.interfaceDetach("lo0")).toThrow(/EINVAL/);
    expect(() => vnet.interfaceDetach("em9")).toThrow(/ENXIO/);
    expect(links(socket).map((link) => link.name)).toEqual(["lo0", "em0", "em1"]);
  });
});
