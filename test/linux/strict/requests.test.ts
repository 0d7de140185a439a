// What becomes of a request on its way to the kernel (linux-compat L1.3 to L1.5, L2, L3), seen at its answers and at the tap.

import { describe, expect, it } from "vitest";
import { freebsdFamilyOf } from "../../../host/linux/family.js";
import { ip } from "../../support/messages.js";
import { attribute, F, hex, int, join, request, u8, u32 } from "../program.js";
import {
  ADD,
  bytes,
  CAP_ACK,
  DONE,
  DUMP,
  ERROR,
  EXT_ACK,
  errorOf,
  FREEBSD_INET6,
  INET,
  INET6,
  ifaddrmsg,
  ifinfomsg,
  ndmsg,
  payload,
  RTM,
  rtmsg,
  strictMachine,
} from "./strict.js";

const RTA = { DST: 1, OIF: 4, GATEWAY: 5, TABLE: 15 } as const;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const NDA = { DST: 1, LLADDR: 2 } as const;
const EM0 = 2;
const SEQ = 0x6b16061a;
const EPFNOSUPPORT = -96;
const EBADMSG = -74;
const IS_14 = { is14: true };

function route(prefix: string, length: number, parts: readonly Uint8Array[], table = 254): Uint8Array[] {
  const address = ip(prefix);
  const family = address.length === 4 ? INET : INET6;
  return [rtmsg(family, { dstLength: length, table, protocol: 3, type: 1 }), attribute(RTA.DST, address), ...parts];
}

describe("families", () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 10],
    [4, 23],
    [5, 16],
    [10, 28],
    [16, 38],
    [77, 255],
    [28, 255],
    [7, 255],
  ])("[RF-LINUX-4] [L2.1] Linux's %i is FreeBSD's %i", (linux, freebsd) => {
    expect(freebsdFamilyOf(linux)).toBe(freebsd);
  });

  it.each([
    ["GETADDR", RTM.GETADDR, (family: number) => ifaddrmsg(family)],
    ["GETROUTE", RTM.GETROUTE, (family: number) => rtmsg(family)],
    ["GETNEIGH", RTM.GETNEIGH, (family: number) => ndmsg(family)],
  ])(
    "[L1.8] [L2.2] [X-1] [X-23] %s has its family mapped; one that FreeBSD lacks is EPFNOSUPPORT",
    (_, type, header) => {
      const { program, rewrites } = strictMachine();
      for (const family of [7, 17, 28, 128, 129, 255])
        expect(program.fails(type, DUMP, header(family))).toBe(EPFNOSUPPORT);
      rewrites.length = 0;
      const seen = program.ask(type, DUMP, header(INET6));
      expect(seen.at(-1)?.type).toBe(DONE);
      expect(rewrites[0]?.fields.map(({ name }) => name)).toEqual([
        "nlmsg_pid",
        { [RTM.GETADDR]: "ifa_family", [RTM.GETROUTE]: "rtm_family", [RTM.GETNEIGH]: "ndm_family" }[type],
      ]);
    },
  );

  it("[L2.2] [L1.8] GETLINK's is not looked at, so `ip link` works", () => {
    const { program } = strictMachine();
    expect(program.ask(RTM.GETLINK, DUMP, ifinfomsg({ family: 17 })).map(({ type }) => type)).toEqual([
      RTM.NEWLINK,
      RTM.NEWLINK,
      RTM.NEWLINK,
      DONE,
    ]);
  });

  it("[L2.2] FreeBSD 14 has no error: the kernel sees family 255", () => {
    const { program, rewrites } = strictMachine(undefined, IS_14);
    expect(program.ask(RTM.GETADDR, DUMP, ifaddrmsg(77)).map(({ type }) => type)).toEqual([DONE]);
    expect(rewrites[0]?.fields).toContainEqual({ name: "ifa_family", kind: "number", before: 77, after: 255 });
  });

  it("[L2.4] [L5.3] [RF-LINUX-3b] NEWADDR and DELADDR go as they are: IPv4 works, IPv6 is EINVAL, without an address EAFNOSUPPORT", () => {
    const { program } = strictMachine();
    const v4 = attribute(IFA_LOCAL, ip("198.51.100.7"));
    const v6 = attribute(IFA_ADDRESS, ip("2001:db8::7"));
    expect(program.fails(RTM.NEWADDR, ADD, ifaddrmsg(INET, 24, EM0), v4)).toBe(0);
    expect(program.fails(RTM.DELADDR, F.REQUEST | F.ACK, ifaddrmsg(INET, 24, EM0), v4)).toBe(0);
    expect(program.fails(RTM.NEWADDR, ADD, ifaddrmsg(INET6, 64, EM0), v6)).toBe(-22);
    expect(program.fails(RTM.DELADDR, F.REQUEST | F.ACK, ifaddrmsg(INET6, 64, EM0), v6)).toBe(-22);
    expect(program.fails(RTM.NEWADDR, ADD, ifaddrmsg(INET6, 64, EM0))).toBe(-97);
  });

  it("[L2.4] [L7.1] [RF-LINUX-3c] NEWNEIGH and DELNEIGH go as they are: IPv4 works, IPv6 is EINVAL and EAFNOSUPPORT", () => {
    const { program } = strictMachine();
    const lladdr = attribute(NDA.LLADDR, u8(2, 0, 0, 0, 0, 9));
    const v4 = attribute(NDA.DST, ip("198.51.100.9"));
    const v6 = attribute(NDA.DST, ip("2001:db8::9"));
    expect(program.fails(RTM.NEWNEIGH, ADD, ndmsg(INET, EM0), v4, lladdr)).toBe(0);
    expect(program.fails(RTM.DELNEIGH, F.REQUEST | F.ACK, ndmsg(INET, EM0), v4)).toBe(0);
    expect(program.fails(RTM.NEWNEIGH, ADD, ndmsg(INET6, EM0), v6, lladdr)).toBe(-22);
    expect(program.fails(RTM.DELNEIGH, F.REQUEST | F.ACK, ndmsg(INET6, EM0), v6)).toBe(-97);
  });

  it("[L2.6] [L6.5] [X-50] families inside attributes stay: an IPv6 RTA_VIA is EOPNOTSUPP, an IPv4 one another address", () => {
    const { program, rewrites } = strictMachine();
    const via = (family: number, address: string): Uint8Array => attribute(18, join(u8(family, 0), ip(address)));
    const v6 = route("10.1.0.0", 16, [via(INET6, "2001:db8::2")]);
    expect(program.fails(RTM.NEWROUTE, ADD, ...v6)).toBe(-95);
    expect(rewrites[0]?.fields.map(({ name }) => name)).toEqual(["nlmsg_pid", "rtm_table"]);
    // One byte further: 0.198.51.100.
    const v4 = route("10.2.0.0", 16, [via(INET, "198.51.100.9")]);
    expect(program.fails(RTM.NEWROUTE, ADD, ...v4)).not.toBe(0);
  });
});

describe("short requests", () => {
  it.each([
    ["GETADDR", RTM.GETADDR, 16, EBADMSG],
    ["GETADDR", RTM.GETADDR, 17, 0],
    ["GETADDR", RTM.GETADDR, 20, 0],
    ["GETNEIGH", RTM.GETNEIGH, 20, EBADMSG],
    ["GETNEIGH", RTM.GETNEIGH, 27, EBADMSG],
    ["GETNEIGH", RTM.GETNEIGH, 28, 0],
    ["GETROUTE", RTM.GETROUTE, 17, EBADMSG],
    ["GETROUTE", RTM.GETROUTE, 27, EBADMSG],
    ["GETROUTE", RTM.GETROUTE, 28, 0],
    ["NEWROUTE", RTM.NEWROUTE, 27, EBADMSG],
    ["DELROUTE", RTM.DELROUTE, 27, EBADMSG],
    ["GETLINK", RTM.GETLINK, 17, 0],
  ])("[L2.3] [X-45] %s (%i) of %i bytes answers %i", (_, type, length, errno) => {
    const { program } = strictMachine();
    const parts = Uint8Array.of(INET, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).subarray(0, length - 16);
    const seen = program.ask(type, DUMP, parts);
    if (errno === 0) expect(seen.at(-1)?.type).toBe(DONE);
    else expect(errorOf(seen)).toBe(errno);
  });

  it("[RF-LINUX-3d] [L2.3] FreeBSD 14 maps GETADDR's family in 24 bytes, and leaves it in 17: the kernel finds nothing", () => {
    const { program } = strictMachine(undefined, IS_14);
    const whole = program.ask(RTM.GETADDR, DUMP, ifaddrmsg(INET6));
    expect(new Set(whole.map(({ type, body }) => (type === RTM.NEWADDR ? body[0] : type)))).toEqual(
      new Set([INET6, DONE]),
    );
    expect(program.ask(RTM.GETADDR, DUMP, u8(INET6)).map(({ type }) => type)).toEqual([DONE]);
    expect(program.ask(RTM.GETNEIGH, DUMP, u8(INET)).at(-1)?.type).toBe(DONE);
  });

  it("[L2.3] 17 bytes of GETADDR are enough since: all IPv6 addresses", () => {
    const { program } = strictMachine();
    const families = program.ask(RTM.GETADDR, DUMP, u8(INET6)).filter(({ type }) => type === RTM.NEWADDR);
    expect(families.length).toBeGreaterThan(0);
    expect(families.every(({ body }) => body[0] === INET6)).toBe(true);
  });
});

describe("tables", () => {
  it.each([
    // rtm_table, RTA_TABLE, rtm_table of the kernel, RTA_TABLE of the kernel
    [254, undefined, 0, undefined],
    [3, undefined, 3, undefined],
    [253, undefined, 253, undefined],
    [0, 254, 0, 0],
    [254, 254, 0, 0],
    [252, 300, 0, 300],
    [255, 255, 0, 255],
    [3, 0, 0, 0],
  ])("[L3.1] [X-3] [X-49] rtm_table %i with RTA_TABLE %s is %i with %s", (header, table, headerAfter, tableAfter) => {
    const { program, rewrites } = strictMachine();
    const parts = table === undefined ? [] : [attribute(RTA.TABLE, u32(table))];
    program.ask(RTM.NEWROUTE, ADD, ...route("10.1.0.0", 16, parts, header));
    const after = rewrites[0]?.after[0] as Uint8Array;
    expect(after[20]).toBe(headerAfter);
    if (tableAfter !== undefined) expect(int(after, 40)).toBe(tableAfter);
  });

  it("[L3.1] [X-4] tables that no fib stands for are EINVAL", () => {
    const { program } = strictMachine();
    const gateway = attribute(RTA.GATEWAY, ip("198.51.100.2"));
    for (const table of [255, 253, 0xffffffff, 100]) {
      const parts = [gateway, attribute(RTA.TABLE, u32(table))];
      expect(program.fails(RTM.NEWROUTE, ADD, ...route("10.1.0.0", 16, parts))).toBe(-22);
    }
  });

  it("[L3.2] every RTA_TABLE is rewritten, and one with flag bits in its type is none", () => {
    const { program, rewrites } = strictMachine();
    const tables = [
      attribute(RTA.TABLE | 0x8000, u32(254)),
      attribute(RTA.TABLE, u32(254)),
      attribute(RTA.TABLE, u32(254)),
    ];
    program.ask(RTM.GETROUTE, DUMP, rtmsg(INET, { table: 7 }), ...tables);
    const after = rewrites[0]?.after[0] as Uint8Array;
    expect([after[20], int(after, 32), int(after, 40), int(after, 48)]).toEqual([0, 254, 0, 0]);
  });

  it("[L3.2] the scan stops at an attribute shorter than its header", () => {
    const { program, rewrites } = strictMachine();
    program.ask(RTM.GETROUTE, DUMP, rtmsg(INET), u8(2, 0, 9, 0), attribute(RTA.TABLE, u32(254)));
    expect(int(rewrites[0]?.after[0] as Uint8Array, 36)).toBe(254);
  });

  it("[L3.2] [L2.3] an RTA_TABLE of another size is EBADMSG; FreeBSD 14 stops there", () => {
    const parts = [attribute(RTA.TABLE, u8(254, 0)), attribute(RTA.TABLE, u32(254))];
    const { program, rewrites } = strictMachine();
    expect(program.fails(RTM.GETROUTE, DUMP, rtmsg(INET, { table: 254 }), ...parts)).toBe(EBADMSG);
    // What came before the fault has changed (L1.5).
    expect(rewrites[0]).toMatchObject({ direction: "toKernel", errno: 74 });
    expect(rewrites[0]?.fields.map(({ name }) => name)).toEqual(["nlmsg_pid", "rtm_table"]);
    const old = strictMachine(undefined, IS_14);
    old.program.ask(RTM.GETROUTE, DUMP, rtmsg(INET, { table: 254 }), ...parts);
    expect(int(old.rewrites[0]?.after[0] as Uint8Array, 40)).toBe(254);
  });

  it("[RF-LINUX-3a] [L2.5] GETROUTE of family 10 and table 254 gives IPv6 routes of fib 0, with RTA_TABLE 254 and rtm_table 0", () => {
    const { program } = strictMachine();
    for (const parts of [[rtmsg(INET6, { table: 254 })], [rtmsg(INET6), attribute(RTA.TABLE, u32(254))]]) {
      const routes = program.ask(RTM.GETROUTE, DUMP, ...parts).filter(({ type }) => type === RTM.NEWROUTE);
      expect(routes.length).toBeGreaterThan(0);
      for (const each of routes) {
        expect([each.body[0], each.body[4]]).toEqual([INET6, 0]);
        expect(int(payload(each, 12, RTA.TABLE) as Uint8Array, 0)).toBe(254);
      }
    }
  });
});

describe("a request that cannot be rewritten", () => {
  const bad = (seq: number, flags: number): Uint8Array => request(RTM.GETNEIGH, flags, seq, ndmsg(77));
  const good = (seq: number): Uint8Array => request(RTM.GETLINK, F.REQUEST | F.ACK, seq, ifinfomsg({ index: 1 }));

  it("[L1.3] is answered in order, with and without NLM_F_ACK, without a text", () => {
    const { program } = strictMachine();
    program.set(CAP_ACK, 1);
    program.set(EXT_ACK, 1);
    const seen = program.say(good(1), bad(2, F.REQUEST), bad(3, F.REQUEST | F.ACK), good(4));
    expect(seen.map(({ type, seq }) => [type, seq])).toEqual([
      [RTM.NEWLINK, 1],
      [ERROR, 1],
      [ERROR, 2],
      [ERROR, 3],
      [RTM.NEWLINK, 4],
      [ERROR, 4],
    ]);
    expect(seen[2]?.bytes.length).toBe(36);
    expect(seen[2]?.flags).toBe(F.CAPPED);
    expect(int(seen[2]?.body as Uint8Array, 0)).toBe(EPFNOSUPPORT);
  });

  it("[L1.5] [L9.3] [X-39] echoes what it has become, with the socket's port", () => {
    const { program } = strictMachine();
    const parts = join(rtmsg(INET6, { table: 254 }), attribute(RTA.TABLE, u8(1, 2)));
    const [error] = program.say(request(RTM.GETROUTE, DUMP, SEQ, parts));
    expect(hex(error?.body.subarray(4) as Uint8Array)).toBe(
      hex(bytes("24000000 1a000103 1a06166b 4d080000  1c000000 00000000 00000000  0600 0f00 0102 0000")),
    );
  });

  it("[L1.4] without NLM_F_REQUEST, or of a control type, is neither rewritten nor handled", () => {
    const { program, rewrites } = strictMachine();
    expect(program.fails(RTM.GETNEIGH, F.ACK, ndmsg(77))).toBe(0);
    expect(program.fails(1, F.REQUEST | F.ACK, ndmsg(77))).toBe(0);
    const told = rewrites.filter(({ direction }) => direction === "toKernel");
    expect(told.flatMap(({ fields }) => fields.map(({ name }) => name))).toEqual(["nlmsg_pid", "nlmsg_pid"]);
  });

  it("[L1.3] a length that is impossible ends the send without an answer", () => {
    const { program } = strictMachine();
    const cut = good(2);
    cut[0] = 200;
    expect(program.say(good(1), cut).map(({ seq }) => seq)).toEqual([1, 1]);
    const short = good(3);
    short[0] = 15;
    expect(program.say(short, good(4))).toEqual([]);
  });

  it("[RF-LINUX-15] [L1.2] [L11.1] on other protocols nothing is", () => {
    const { abi, kernel } = strictMachine();
    const socket = abi.socket(kernel.vnet0, { type: 3, protocol: 16, pid: 9, isPrivileged: true });
    // Type 26 is no route here: there is no such family, and its first byte is no address family.
    socket.send(request(26, F.REQUEST | F.ACK, 1, u8(77, 0, 0, 0)));
    const answer = socket.receive(4096)?.bytes as Uint8Array;
    expect(int(answer, 16)).toBe(-95);
    expect(answer[36]).toBe(77);
  });
});

describe("W1", () => {
  it("[L1.5] NEWROUTE as `ip -6 route add 2001:db8:5::/48 via fe80::1 dev v0` sends it, and as the kernel's handler sees it", () => {
    const { program, rewrites } = strictMachine();
    const attributes = `
      1400 0100 20010db8000500000000000000000000
      1400 0500 fe800000000000000000000000000001
      0800 0400 03000000`;
    program.say(bytes(`4c000000 18000506 1a06166b 00000000  0a300000 fe030001 00000000 ${attributes}`));
    const kernel = bytes(`4c000000 18000506 1a06166b 4d080000  1c300000 00030001 00000000 ${attributes}`);
    expect(hex(rewrites[0]?.after[0] as Uint8Array)).toBe(hex(kernel));
    expect(rewrites[0]?.fields).toEqual([
      { name: "nlmsg_pid", kind: "number", before: 0, after: 2125 },
      { name: "rtm_family", kind: "number", before: INET6, after: FREEBSD_INET6 },
      { name: "rtm_table", kind: "number", before: 254, after: 0 },
    ]);
  });
});
