// What a program gets from the kernel (linux-compat L4 to L9, L12 and the worked bytes of W3 to W7).

import { describe, expect, it } from "vitest";
import { IFCAP, IFT } from "../../../assembly/abi/ifnet.js";
import { Kernel } from "../../../host/kernel/kernel.js";
import { LinuxAbi } from "../../../host/linux/abi.js";
import { linuxErrnoOf } from "../../../host/linux/errno.js";
import { plainFlagsOf } from "../../../host/linux/linkflags.js";
import { MessageReader } from "../../../host/linux/messagereader.js";
import { MessageWriter } from "../../../host/linux/messagewriter.js";
import { rebuildLink, rewriteReply } from "../../../host/linux/strict/toprogram.js";
import { ip } from "../../support/messages.js";
import {
  attribute,
  attributesOf,
  F,
  find,
  hex,
  int,
  join,
  type Message,
  nest,
  request,
  text,
  u8,
  u16,
  u32,
} from "../program.js";
import {
  ADD,
  bytes,
  CAP_ACK,
  DONE,
  DUMP,
  ERROR,
  EXT_ACK,
  FREEBSD_INET6,
  GET_STRICT_CHK,
  INET,
  INET6,
  ifaddrmsg,
  ifinfomsg,
  ndmsg,
  openStrict,
  payload,
  RTM,
  rtmsg,
  type StrictProgram,
  strictMachine,
  textOf,
} from "./strict.js";

const IFLA = {
  IFNAME: 3,
  LINK: 5,
  QDISC: 6,
  TXQLEN: 13,
  LINKINFO: 18,
  STATS64: 23,
  EXT_MASK: 29,
  FREEBSD: 64,
} as const;
const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, CACHEINFO: 6, FLAGS: 8, FREEBSD: 11 } as const;
const RTA = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  MULTIPATH: 9,
  KNH_ID: 10,
  WEIGHT: 13,
  RTFLAGS: 14,
  TABLE: 15,
  VIA: 18,
  NH_ID: 30,
} as const;
const LINK_GROUP = 1;
const EM0 = 2;
const EM1 = 3;
const SEQ = 0x6b16061a;
const EPAIRS = { modules: ["netlink"] };

function links(program: StrictProgram): Message[] {
  return program.ask(RTM.GETLINK, DUMP, ifinfomsg()).filter(({ type }) => type === RTM.NEWLINK);
}
function nameOf(link: Message | undefined): string | undefined {
  return textOf(payload(link, 16, IFLA.IFNAME));
}
function namesIn(program: StrictProgram): (string | undefined)[] {
  return links(program).map(nameOf);
}
/** One message as the kernel wrote it, rewritten. */
function rewritten(message: Uint8Array, isRoute = true): Uint8Array | undefined {
  const reader = new MessageReader(message.slice());
  reader.seek(0);
  const end = rewriteReply(reader, isRoute);
  return end < 0 ? undefined : reader.bytes.slice(0, end);
}

describe("links", () => {
  it("[RF-LINUX-6] [L12.2] [L9.1] lo0 is 340 bytes: another length and flags, name, and two attributes at the end (W3)", () => {
    const { program } = strictMachine({ modules: ["netlink"] });
    const [lo] = program.say(bytes("20000000 12000103 1a06166b 00000000 00000000 00000000 00000000 00000000"));
    // The kernel's capabilities of lo0 are the machine's own, not those of the worked example.
    const capabilities = bytes("0c00 0500 03006800 00000000  0c00 0400 03006800 00000000");
    const expected = bytes(`
      54010000 10000303 1a06166b 4d080000  0000 1800 01000000 49100000 00000000
      0700 0300 6c6f00 00
      0500 1000 06 000000
      0500 2100 01 000000
      0800 0400 00400000
      2800 4000
        2400 0300  0800 0200 ${hex(u32(IFCAP.COUNT))} ${hex(capabilities)}
      c400 1700 [192 × 00]
      0800 1e00 00000000
      0c00 1200 0700 0100 6c6f00 00
      0c00 0600 6e6f717565756500
      0800 0d00 e8030000`);
    expect(lo?.bytes.length).toBe(340);
    expect(hex(lo?.bytes as Uint8Array)).toBe(hex(expected));
  });

  it("[RF-LINUX-5] [L4.1] [L4.2] [L4.7] [X-5] [X-6] [X-7] names, types, flags and what is added; IFLA_FREEBSD stays", () => {
    const { kernel, program } = strictMachine(EPAIRS);
    kernel.vnet0.interfaceCreate("epair0");
    const all = links(program);
    expect(all.map((link) => [nameOf(link), int(link.body, 2) & 0xffff])).toEqual([
      ["lo", 24],
      ["eth0", 1],
      ["eth1", 1],
    ]);
    for (const { body } of all) {
      const types = attributesOf(body, 16).map(({ type }) => type);
      expect(types.slice(-2)).toEqual([IFLA.QDISC, IFLA.TXQLEN]);
      expect(types).toContain(IFLA.FREEBSD);
      expect(find(attributesOf(body, 16), IFLA.QDISC)).toEqual(text("noqueue"));
      expect(find(attributesOf(body, 16), IFLA.TXQLEN)).toEqual(u32(1000));
      expect(find(attributesOf(body, 16), IFLA.STATS64)).toHaveLength(192);
      // MULTICAST is there, and no LOWER_UP.
      expect(int(body, 8) & 0x11000).toBe(0x1000);
    }
  });

  it("[L4.8] [X-8] [X-51] all other attributes are the kernel's, its kinds too", () => {
    const { kernel, program } = strictMachine(EPAIRS);
    kernel.vnet0.interfaceCreate("epair0");
    const native = kernel.vnet0.socket();
    native.send(request(RTM.GETLINK, F.REQUEST, 1, ifinfomsg({ index: EM0 })));
    const into = new Uint8Array(4096);
    const plain = attributesOf(into.slice(16, native.recv(into)), 16);
    const [link] = program.ask(RTM.GETLINK, F.REQUEST, ifinfomsg({ index: EM0 }));
    const shown = attributesOf(link?.body as Uint8Array, 16);
    expect(shown.filter(({ type }) => type !== IFLA.IFNAME).slice(0, -2)).toEqual(
      plain.filter(({ type }) => type !== IFLA.IFNAME),
    );
    expect(hex(payload(link, 16, IFLA.LINKINFO) as Uint8Array)).toBe(hex(attribute(1, text("epair"))));
  });

  it.each([
    ["UP, BROADCAST, DEBUG, LOOPBACK, POINTOPOINT, RUNNING, NOARP, PROMISC, ALLMULTI", 0x3df, 0x3df],
    ["MULTICAST", 0x8000, 0x1000],
    ["OACTIVE, SIMPLEX, LINK0 to LINK2", 0x7c00, 0],
    ["what is above MULTICAST, netlink's lower-up too", 0x7fff0000, 0],
    ["0x20", 0x20, 0],
  ])("[L4.2] of %s", (_, freebsd, linux) => {
    expect(plainFlagsOf(freebsd)).toBe(linux);
  });

  it("[L12.2] a name that grows a step makes the message 24 bytes longer, one that shrinks 12", () => {
    const boot = { modules: ["netlink"], interfaces: [{ name: "em0" }, { name: "verylongname0" }] };
    const { program, rewrites } = strictMachine(boot);
    program.ask(RTM.GETLINK, DUMP, ifinfomsg());
    const grown = rewrites
      .filter(({ direction, fields }) => direction === "toProgram" && fields.length > 0)
      .map(({ before, after }) => (after[0]?.length as number) - (before?.length as number));
    expect(grown).toEqual([20, 24, 12]);
  });

  it("[L4.3] lo1 and others keep their names; so do all but lo0 with use_real_ifnames [RF-LINUX-8]", () => {
    const boot = { modules: ["netlink"], interfaces: [{ name: "em0" }] };
    for (const usesRealNames of [false, true]) {
      const { kernel, program } = strictMachine(boot, { usesRealNames });
      for (const name of ["epair0", "lo1", "tun0", "bridge0"]) kernel.vnet0.interfaceCreate(name);
      const plain = ["em0", "epair0a", "epair0b"];
      const ethernet = usesRealNames ? plain : ["eth0", "eth1", "eth2"];
      const names = namesIn(program);
      expect(names.slice(0, 4)).toEqual(["lo", ...ethernet]);
      expect(names.slice(4)).toEqual(expect.arrayContaining(["lo1", "tun0"]));
    }
  });

  it("[L4.4] an Ethernet interface has the lowest free number from its arrival on; renaming changes nothing", () => {
    const { kernel, program } = strictMachine({ modules: ["netlink"], interfaces: [{ name: "em0" }, { name: "em1" }] });
    expect(namesIn(program)).toEqual(["lo", "eth0", "eth1"]);
    kernel.vnet0.interfaceRename("em1", "uplink");
    kernel.vnet0.interfaceDetach("em0");
    expect(namesIn(program)).toEqual(["lo", "eth1"]);
    kernel.vnet0.interfaceAttach({ name: "em9" });
    expect(namesIn(program)).toEqual(["lo", "eth1", "eth0"]);
  });

  it("[L4.4] FreeBSD 14 counts those before it in the list, so numbers shift", () => {
    const boot = { modules: ["netlink"], interfaces: [{ name: "em0" }, { name: "em1" }] };
    const { kernel, program } = strictMachine(boot, { is14: true });
    kernel.vnet0.interfaceDetach("em0");
    expect(namesIn(program)).toEqual(["lo", "eth0"]);
  });

  it("[RF-LINUX-7] [L4.5] [X-2] names in requests are FreeBSD's", () => {
    const { program } = strictMachine();
    const named = (name: string): Message[] =>
      program.ask(RTM.GETLINK, F.REQUEST, ifinfomsg(), attribute(IFLA.IFNAME, text(name)));
    for (const name of ["lo", "eth0"]) expect(int(named(name)[0]?.body as Uint8Array, 0)).toBe(-19);
    expect(nameOf(named("lo0")[0])).toBe("lo");
    expect(nameOf(named("em0")[0])).toBe("eth0");
  });

  it("[L4.6] each message is named by its own index, however late it is read", () => {
    const { kernel, program } = strictMachine({ modules: ["netlink"], interfaces: [{ name: "em0" }, { name: "em1" }] });
    program.strict.bind(2125, 1 << (LINK_GROUP - 1));
    const { vnet0 } = kernel;
    vnet0.interfaceDetach("em1");
    vnet0.interfaceDetach("em0");
    vnet0.interfaceAttach({ name: "em1" });
    const told = program.messages().map((each) => `${each.type} ${nameOf(each)}`);
    const gone = told.filter((each) => each.startsWith(`${RTM.DELLINK} `));
    expect(gone).toEqual([`${RTM.DELLINK} eth1`, `${RTM.DELLINK} eth0`]);
    expect(told.at(-1)).toBe(`${RTM.NEWLINK} eth0`);
  });

  it("[RF-LINUX-9] [L4.6] [L1.7] on FreeBSD 14 a departure is never told", () => {
    const { kernel, program } = strictMachine(EPAIRS, { is14: true });
    kernel.vnet0.interfaceCreate("epair0");
    program.strict.bind(2125, 1 << (LINK_GROUP - 1));
    kernel.vnet0.interfaceDestroy("epair0a");
    expect(program.messages().map(({ type }) => type)).not.toContain(RTM.DELLINK);
    expect(program.strict.isReadable).toBe(false);
  });

  it("[L4.9] [X-9] Linux's attributes in a request are ignored by the kernel", () => {
    const { program } = strictMachine();
    const parts = [attribute(IFLA.EXT_MASK, u32(9)), attribute(10, u32(1)), attribute(IFLA.TXQLEN, u32(500))];
    expect(
      program.ask(RTM.GETLINK, DUMP, ifinfomsg(), ...parts).filter(({ type }) => type === RTM.NEWLINK),
    ).toHaveLength(3);
    expect(
      program.fails(RTM.NEWLINK, F.REQUEST | F.ACK, ifinfomsg({ index: EM0, flags: 1, change: 1 }), ...parts),
    ).toBe(0);
  });

  it("[L1.8] [X-10] SETLINK is the kernel's EOPNOTSUPP", () => {
    const { program } = strictMachine();
    expect(program.fails(RTM.SETLINK, F.REQUEST | F.ACK, ifinfomsg({ index: EM0 }))).toBe(-95);
  });

  it("[L1.7] a link without a name, or with an attribute shorter than its header, cannot be rebuilt", () => {
    const rebuild = (...parts: Uint8Array[]): boolean => {
      const reader = new MessageReader(
        request(RTM.NEWLINK, 0, 1, u8(0, 0, IFT.ETHER, 0), u32(7), u32(0), u32(0), ...parts),
      );
      reader.seek(0);
      return rebuildLink(reader, new MessageWriter(), (index) => (index === 8 ? "eth0" : undefined));
    };
    expect(rebuild(attribute(IFLA.IFNAME, text("em0")))).toBe(false);
    expect(rebuild(u8(2, 0, 0, 0), u8(0, 0, 0, 0))).toBe(false);
    expect(rebuild()).toBe(true);
  });
});

describe("addresses", () => {
  it("[L5.1] [L2.5] [X-12] the family changes, nothing else does: FreeBSD's label, no PERMANENT, no CACHEINFO for IPv4", () => {
    const { program, rewrites } = strictMachine();
    const all = program.ask(RTM.GETADDR, DUMP, ifaddrmsg(0)).filter(({ type }) => type === RTM.NEWADDR);
    const v4 = all.find(({ body }) => body[0] === INET && int(body, 4) === EM0);
    expect(textOf(payload(v4, 8, IFA.LABEL))).toBe("em0");
    expect(payload(v4, 8, IFA.CACHEINFO)).toBeUndefined();
    expect(int(payload(v4, 8, IFA.FLAGS) ?? u32(0), 0) & 0x80).toBe(0);
    expect(v4?.body[2]).toBe(0);
    const changed = rewrites.filter(({ direction }) => direction === "toProgram").flatMap(({ fields }) => fields);
    expect(new Set(changed.map(({ name, before, after }) => `${name} ${before} ${after}`))).toEqual(
      new Set([`ifa_family ${FREEBSD_INET6} ${INET6}`]),
    );
  });

  it("[L5.2] IFA_FREEBSD is there: empty for IPv4, a nest for IPv6 whose first byte reads as protocol 8", () => {
    const { program } = strictMachine();
    const all = program.ask(RTM.GETADDR, DUMP, ifaddrmsg(0)).filter(({ type }) => type === RTM.NEWADDR);
    const of = (family: number): Uint8Array | undefined =>
      payload(
        all.find(({ body }) => body[0] === family),
        8,
        IFA.FREEBSD,
      );
    expect(of(INET)).toEqual(u8());
    expect(of(INET6)?.[0]).toBe(8);
  });

  it("[L5.4] [X-13] sending what was received back as DELADDR works for IPv4, and is EINVAL for IPv6", () => {
    const { program } = strictMachine();
    const all = program
      .ask(RTM.GETADDR, DUMP, ifaddrmsg(0))
      .filter(({ type, body }) => type === RTM.NEWADDR && int(body, 4) === EM0);
    const back = (family: number): number => {
      const body = all.find(({ body }) => body[0] === family)?.body as Uint8Array;
      return program.fails(RTM.DELADDR, F.REQUEST | F.ACK, body);
    };
    expect(back(INET)).toBe(0);
    expect(back(INET6)).toBe(-22);
    expect(back(INET)).toBe(-99);
  });
});

describe("routes", () => {
  const gateway = attribute(RTA.GATEWAY, ip("198.51.100.254"));

  it("[L6.1] [L6.4] [L6.2] [L6.3] [L6.7] [RF-LINUX-13] [X-48] [X-49] a default route in a dump, with all the kernel says (W7)", () => {
    const boot = {
      modules: ["netlink"],
      interfaces: [{ name: "em0" }, { name: "em1", up: true, addresses: ["192.0.2.1/24"] }],
    };
    const { program } = strictMachine(boot);
    const parts = [
      rtmsg(INET, { protocol: 3, type: 1 }),
      attribute(RTA.DST, ip("0.0.0.0")),
      attribute(RTA.GATEWAY, ip("192.0.2.254")),
    ];
    expect(program.fails(RTM.NEWROUTE, ADD, ...parts)).toBe(0);
    const dump = program.say(bytes("1c000000 1a000103 1a06166b 00000000 02000000 00000000 00000000"));
    const found = dump.find(({ type, body }) => type === RTM.NEWROUTE && body[1] === 0);
    // The index of the nexthop and RTF_STATIC, which a protocol of 3 does not bring here, are the run's own.
    const knhId = hex(payload(found, 12, RTA.KNH_ID) as Uint8Array);
    const rtFlags = hex(payload(found, 12, RTA.RTFLAGS) as Uint8Array);
    const expected = bytes(`
      4c000000 18000303 1a06166b 4d080000  02000000 00${hex(u8(found?.body[5] as number))}0001 00000000
      0800 0f00 fe000000  0800 0100 00000000  0800 0500 c00002fe  0800 0a00 ${knhId}  0800 0e00 ${rtFlags}  0800 0400 03000000`);
    expect(hex(found?.bytes as Uint8Array)).toBe(hex(expected));
  });

  it("[L3.1] RTA_TABLE of other fibs is the fib's number", () => {
    const { program } = strictMachine({
      modules: ["netlink"],
      fibs: 3,
      interfaces: [{ name: "em0", up: true, fib: 2, addresses: ["198.51.100.1/24"] }],
    });
    const all = program.ask(RTM.GETROUTE, DUMP, rtmsg(INET), attribute(RTA.TABLE, u32(2)));
    const tables = all
      .filter(({ type }) => type === RTM.NEWROUTE)
      .map((each) => int(payload(each, 12, RTA.TABLE) as Uint8Array, 0));
    expect(new Set(tables)).toEqual(new Set([2]));
  });

  it("[L6.6] [RF-LINUX-13] [X-17] rtnh_hops is the weight, raw both ways", () => {
    const { program } = strictMachine();
    const path = (hops: number, address: string): Uint8Array => {
      const inner = attribute(RTA.GATEWAY, ip(address));
      return join(u16(8 + inner.length), u8(4, hops), u32(0), inner);
    };
    const paths = nest(RTA.MULTIPATH, path(1, "198.51.100.2"), path(5, "198.51.100.3"));
    expect(
      program.fails(
        RTM.NEWROUTE,
        ADD,
        rtmsg(INET, { dstLength: 8, type: 1 }),
        attribute(RTA.DST, ip("10.0.0.0")),
        paths,
      ),
    ).toBe(0);
    const found = program.ask(RTM.GETROUTE, DUMP, rtmsg(INET)).find((each) => payload(each, 12, RTA.MULTIPATH));
    const shown = payload(found, 12, RTA.MULTIPATH) as Uint8Array;
    const second = int(shown, 0) & 0xffff;
    expect([shown[3], shown[second + 3]]).toEqual([1, 5]);
    expect([shown[2], shown[second + 2]]).toEqual([0, 0]); // ONLINK is not kept
  });

  it("[L6.5] [L2.6] [X-50] RTA_VIA is FreeBSD's: one byte of family, then the address", () => {
    const { kernel, program } = strictMachine();
    const native = kernel.vnet0.socket();
    const via = attribute(RTA.VIA, join(u8(FREEBSD_INET6), ip("2001:db8::2")));
    native.send(
      request(RTM.NEWROUTE, ADD, 1, rtmsg(INET, { dstLength: 8, type: 1 }), attribute(RTA.DST, ip("10.0.0.0")), via),
    );
    const [found] = program.ask(
      RTM.GETROUTE,
      F.REQUEST,
      rtmsg(INET, { dstLength: 32 }),
      attribute(RTA.DST, ip("10.1.1.1")),
    );
    expect(payload(found, 12, RTA.VIA)).toEqual(join(u8(FREEBSD_INET6), ip("2001:db8::2")));
  });

  it("[L6.8] [X-4] own addresses are unicast routes of table 254 through lo", () => {
    const { program } = strictMachine();
    const all = program.ask(RTM.GETROUTE, DUMP, rtmsg(INET)).filter(({ type }) => type === RTM.NEWROUTE);
    const own = all.find((each) => hex(payload(each, 12, RTA.DST) as Uint8Array) === hex(ip("198.51.100.1")));
    expect(own?.body[7]).toBe(1);
    expect(int(payload(own, 12, RTA.TABLE) as Uint8Array, 0)).toBe(254);
    expect(int(payload(own, 12, RTA.OIF) as Uint8Array, 0)).toBe(1);
  });

  it("[L6.1] an attribute shorter than its header ends the message there; of addresses and neighbours it loses all [L1.7]", () => {
    const broken = u8(3, 0, 9, 9);
    const route = request(RTM.NEWROUTE, 0, 1, rtmsg(FREEBSD_INET6), attribute(RTA.TABLE, u32(0)), broken, gateway);
    expect(hex(rewritten(route) as Uint8Array)).toBe(
      hex(request(RTM.NEWROUTE, 0, 1, rtmsg(INET6), attribute(RTA.TABLE, u32(254)))),
    );
    expect(rewritten(request(RTM.NEWADDR, 0, 1, ifaddrmsg(INET), broken))).toBeUndefined();
    expect(rewritten(request(RTM.NEWNEIGH, 0, 1, ndmsg(INET), broken))).toBeUndefined();
  });

  it("[L12.2] padding becomes zero", () => {
    const dirty = request(RTM.NEWADDR, 0, 1, ifaddrmsg(INET), u8(6, 0, 3, 0, 65, 0, 0xaa, 0xbb));
    expect(rewritten(dirty)?.slice(-2)).toEqual(u8(0, 0));
  });
});

describe("neighbours and nexthops", () => {
  it("[L7.1] [L7.2] [L7.3] [L7.4] [L7.5] [X-22] of a neighbour the family changes; type 0, SELF and NDA_FREEBSD stay", () => {
    const { program } = strictMachine();
    const all = program.ask(RTM.GETNEIGH, DUMP, ndmsg(0)).filter(({ type }) => type === RTM.NEWNEIGH);
    expect(new Set(all.map(({ body }) => body[0]))).toEqual(new Set([INET, INET6]));
    expect(new Set(all.map(({ body }) => body[11]))).toEqual(new Set([0]));
    expect(all.some(({ body }) => ((body[10] as number) & 2) !== 0)).toBe(true);
    expect(all.every((each) => payload(each, 12, 18) !== undefined)).toBe(true);
    expect(all.every(({ body }) => (int(body, 8) & 0xffff & 0xe0) === 0)).toBe(true); // FAILED, NOARP, PERMANENT
    const flags = (value: number): Uint8Array => join(ndmsg(INET, EM0).subarray(0, 10), u8(value, 0));
    const what = [attribute(1, ip("198.51.100.9")), attribute(2, u8(2, 0, 0, 0, 0, 9))];
    expect(program.fails(RTM.NEWNEIGH, ADD, flags(0x10), ...what)).toBe(-95);
  });

  it("[L8.1] [L2.5] [X-24] nexthops pass as they are: a family from the gateway, which Linux reads as MPLS for IPv6", () => {
    const { program, rewrites } = strictMachine();
    const parts = [attribute(1, u32(7)), attribute(5, u32(EM0)), attribute(6, ip("2001:db8::2"))];
    expect(program.fails(RTM.NEWNEXTHOP, ADD, u8(INET6, 0, 3, 0), u32(0), ...parts)).toBe(0);
    const [found] = program.ask(RTM.GETNEXTHOP, F.REQUEST, u8(0, 0, 0, 0), u32(0), attribute(1, u32(7)));
    expect(found?.body[0]).toBe(FREEBSD_INET6);
    const changed = rewrites.filter(({ before }) => before?.[4] === RTM.NEWNEXTHOP).flatMap(({ fields }) => fields);
    expect(changed.every(({ name }) => name === "nlmsg_pid")).toBe(true);
  });

  it("[L8.2] weights of groups are raw, and NHA_FREEBSD is where Linux has its flags", () => {
    const { program } = strictMachine();
    const add = (...parts: Uint8Array[]): number =>
      program.fails(RTM.NEWNEXTHOP, ADD, u8(0, 0, 0, 0), u32(0), ...parts);
    const single = (id: number, address: string): Uint8Array[] => [
      attribute(1, u32(id)),
      attribute(5, u32(EM0)),
      attribute(6, ip(address)),
    ];
    expect(add(...single(7, "198.51.100.2"))).toBe(0);
    expect(add(...single(8, "198.51.100.3"))).toBe(0);
    const member = (id: number, weight: number): Uint8Array => join(u32(id), u8(weight, 0, 0, 0));
    expect(add(attribute(1, u32(9)), attribute(2, join(member(7, 1), member(8, 4))))).toBe(0);
    const [found] = program.ask(RTM.GETNEXTHOP, F.REQUEST, u8(0, 0, 0, 0), u32(0), attribute(1, u32(9)));
    const group = payload(found, 8, 2) as Uint8Array;
    expect([group[4], group[12]]).toEqual([1, 4]);
    const all = program.ask(RTM.GETNEXTHOP, DUMP, u8(0, 0, 0, 0), u32(0)).filter(({ type }) => type === RTM.NEWNEXTHOP);
    expect(all.some((each) => payload(each, 8, 14) !== undefined)).toBe(true);
  });

  it("[L8.3] [X-16] REPLACE is EEXIST, and a nexthop needs a gateway", () => {
    const { program } = strictMachine();
    const parts = [attribute(1, u32(7)), attribute(5, u32(EM0)), attribute(6, ip("198.51.100.2"))];
    expect(program.fails(RTM.NEWNEXTHOP, ADD, u8(0, 0, 0, 0), u32(0), ...parts)).toBe(0);
    const replace = F.REQUEST | F.ACK | F.CREATE | F.REPLACE;
    expect(program.fails(RTM.NEWNEXTHOP, replace, u8(0, 0, 0, 0), u32(0), ...parts)).toBe(-17);
    expect(
      program.fails(RTM.NEWNEXTHOP, ADD, u8(0, 0, 0, 0), u32(0), attribute(1, u32(8)), attribute(5, u32(EM0))),
    ).not.toBe(0);
    expect(
      program.fails(RTM.NEWNEXTHOP, ADD, u8(0, 0, 0, 0), u32(0), attribute(1, u32(8)), attribute(4, u8())),
    ).not.toBe(0);
  });

  it("[L1.8] [X-25] [X-26] [X-27] [X-28] [X-32] what FreeBSD has no handler for is EOPNOTSUPP", () => {
    const { program } = strictMachine();
    for (const type of [RTM.GETRULE, 32, 33, 38, 58, 66, 74, 82, 86, 90, 94, 114, 122]) {
      expect(program.fails(type, DUMP, u8(INET), u8(0, 0, 0), u32(0), u32(0))).toBe(-95);
    }
  });
});

describe("flags and errors", () => {
  it("[L9.1] [X-52] flags, seq and pid are the kernel's: those of the request, MULTI in dumps, 0 in DONE", () => {
    const { program } = strictMachine();
    const seq = program.send(RTM.GETLINK, DUMP, ifinfomsg());
    const dump = program.messages();
    expect(new Set(dump.slice(0, -1).map(({ flags }) => flags))).toEqual(new Set([0x303]));
    expect(dump.at(-1)?.flags).toBe(0);
    expect(dump.every((each) => each.seq === seq && each.pid === 2125)).toBe(true);
    const [single] = program.ask(RTM.GETLINK, F.REQUEST, ifinfomsg({ index: 1 }));
    expect(single?.flags).toBe(1);
  });

  it("[L9.1] [L10.10] [X-41] [X-53] notifications have those of the request that caused them, and of addresses no routes follow", () => {
    const { abi, kernel, program } = strictMachine();
    const watcher = openStrict(abi, kernel, 77);
    watcher.strict.bind(77, (1 << 6) | (1 << 4) | (1 << 3));
    const parts = [
      rtmsg(INET, { dstLength: 8, protocol: 12, type: 1 }),
      attribute(RTA.DST, ip("10.0.0.0")),
      attribute(RTA.GATEWAY, ip("198.51.100.2")),
    ];
    const seq = program.send(RTM.NEWROUTE, ADD | F.ECHO, ...parts);
    expect(program.messages()).toHaveLength(1); // ECHO is ignored
    expect(watcher.messages().map((each) => [each.type, each.flags, each.seq, each.pid])).toEqual([
      [RTM.NEWROUTE, ADD | F.ECHO, seq, 2125],
    ]);
    program.fails(RTM.NEWADDR, ADD, ifaddrmsg(INET, 24, EM1), attribute(IFA.LOCAL, ip("203.0.113.1")));
    const told = watcher.messages().map(({ type }) => type);
    expect(told.filter((type) => type === RTM.NEWADDR)).toHaveLength(1);
  });

  it("[L9.2] [RF-LINUX-12] [X-54] NLMSG_DONE keeps FreeBSD's positive errno (W6)", () => {
    const { program } = strictMachine();
    const seen = program.say(request(RTM.GETADDR, DUMP, SEQ, ifaddrmsg(0, 0, 77)));
    expect(hex(seen[0]?.bytes as Uint8Array)).toBe(hex(bytes("14000000 03000000 1a06166b 4d080000  02000000")));
  });

  it("[L9.3] [RF-LINUX-10] [X-19] an error holds Linux's errno, negative, and the request as the kernel saw it (W4)", () => {
    const { program } = strictMachine();
    const attributes = "1400 0100 20010db8000100000000000000000000  1400 0500 20010db8000000000000000000000002";
    const sent = bytes(`44000000 18000506 1a06166b 00000000  0a300000 fe030001 00000000 ${attributes}`);
    program.say(sent);
    const [error] = program.say(sent);
    expect(hex(error?.bytes as Uint8Array)).toBe(
      hex(
        bytes(
          `58000000 02000000 1a06166b 4d080000  efffffff   44000000 18000506 1a06166b 4d080000  1c300000 00030001 00000000 ${attributes}`,
        ),
      ),
    );
  });

  it("[L9.4] [L9.3] with EXT_ACK texts and offsets follow as the kernel has them (W5) [X-21] [X-46]", () => {
    const { program } = strictMachine();
    program.set(EXT_ACK, 1);
    program.set(GET_STRICT_CHK, 1);
    const [error] = program.say(bytes("20000000 10000500 1a06166b 00000000  00000000 04000000 01000000 01000000"));
    expect(hex(error?.bytes as Uint8Array)).toBe(
      hex(
        bytes(`70000000 02000002 1a06166b 4d080000  eaffffff
          20000000 10000500 1a06166b 4d080000  00000000 04000000 01000000 01000000
          3900 0100 ${hex(text("strict checking: non-zero values in ifinfomsg header"))} 000000`),
      ),
    );
  });

  it("[L9.4] with CAP_ACK an error is 36 bytes (W6)", () => {
    const { program } = strictMachine();
    program.set(CAP_ACK, 1);
    const sent = bytes(
      "28000000 15000500 1a06166b 00000000  02180000 02000000  0800 0200 cb007109  0800 0100 cb007109",
    );
    const [error] = program.say(sent);
    expect(hex(error?.bytes as Uint8Array)).toBe(
      hex(bytes("24000000 02000001 1a06166b 4d080000  9dffffff  28000000 15000500 1a06166b 4d080000")),
    );
  });

  it("[L9.4] the cookie of a created link is there without a flag", () => {
    const { program } = strictMachine();
    const kind = nest(IFLA.LINKINFO, attribute(1, text("lo")));
    const [ack] = program.ask(RTM.NEWLINK, ADD, ifinfomsg(), attribute(IFLA.IFNAME, text("lo7")), kind);
    expect(ack?.flags).toBe(F.CAPPED);
    expect(attributesOf(ack?.body as Uint8Array, 20).map(({ type }) => type)).toEqual([3]);
  });

  it("[L9.5] [X-40] [X-43] a dump has no ack besides DONE, and never DUMP_FILTERED", () => {
    const { program } = strictMachine();
    const seen = program.ask(RTM.GETADDR, DUMP | F.ACK, ifaddrmsg(INET, 0, EM0));
    expect(seen.map(({ type }) => type)).toEqual([RTM.NEWADDR, DONE]);
    expect(seen.every(({ flags }) => (flags & 0x30) === 0)).toBe(true);
  });

  it("[RF-LINUX-11] [L9.6] [L11.1] every errno, on every protocol", () => {
    for (let errno = 0; errno <= 97; errno++) {
      for (const isRoute of [true, false]) {
        const error = rewritten(request(ERROR, 0, 1, u32(errno), request(26, 1, 1)), isRoute) as Uint8Array;
        expect(int(error, 16)).toBe(errno === 0 ? 0 : -linuxErrnoOf(errno));
      }
    }
  });

  it("[RF-LINUX-15] [L1.2] [L11.1] other messages of another protocol are as they were", () => {
    for (const type of [16, 20, 24, 28]) {
      const message = request(type, 2, 1, u8(FREEBSD_INET6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), attribute(15, u32(0)));
      expect(rewritten(message, false)).toEqual(message);
    }
  });
});

describe("other members", () => {
  it("[L1.6] [RF-LINUX-1] [L1.1] a notification is rebuilt for sockets that were opened as Linux's; native ones get the original", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    const abi = new LinuxAbi(kernel, { mode: "strict" });
    const linux = openStrict(abi, kernel, 77);
    linux.strict.bind(77, 1);
    const native = kernel.vnet0.socket({ pid: 77 });
    native.bind(78, 1);
    kernel.vnet0.interfaceAttach({ name: "em0" });
    const into = new Uint8Array(8192);
    const plain = into.slice(0, native.recv(into));
    expect(nameOf(linux.messages()[0])).toBe("eth0");
    expect(textOf(find(attributesOf(plain.slice(16, int(plain, 0)), 16), IFLA.IFNAME))).toBe("em0");
  });

  it("[L12.3] number and order of messages stay", () => {
    const { kernel, program } = strictMachine();
    const native = kernel.vnet0.socket();
    const into = new Uint8Array(1 << 16);
    for (const [type, header] of [
      [RTM.GETLINK, ifinfomsg()],
      [RTM.GETADDR, ifaddrmsg(0)],
      [RTM.GETROUTE, rtmsg(0)],
      [RTM.GETNEIGH, ndmsg(0)],
    ] as const) {
      native.send(request(type, DUMP, 1, header));
      const plain: number[] = [];
      for (let at = 0, end = native.recv(into); at < end; at += int(into, at)) plain.push(int(into, at + 4) & 0xffff);
      expect(program.ask(type, DUMP, header).map((each) => each.type)).toEqual(plain);
    }
  });
});
