// Addresses, routes, neighbours and nexthops as a program gets them (linux-compat L5 to L8, W7).

import { describe, expect, it } from "vitest";
import { ip } from "../../support/messages.js";
import { attribute, F, hex, int, join, nest, request, u8, u16, u32 } from "../program.js";
import {
  ADD,
  bytes,
  DUMP,
  FREEBSD_INET6,
  IFA,
  INET,
  INET6,
  ifaddrmsg,
  ndmsg,
  payload,
  RTA,
  RTM,
  rewritten,
  rtmsg,
  strictMachine,
  textOf,
} from "./strict.js";

const EM0 = 2;

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
