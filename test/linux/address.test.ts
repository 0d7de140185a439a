import { describe, expect, it } from "vitest";
import type { BootOptions } from "../../host/kernel/kernel.js";
import { addressOf, addressText, getAddr, IFADDRMSG, ifaddrmsg, inet, inet6, RTM } from "./addresses.js";
import { attribute, attributesOf, F, find, hex, int, type Message, machine, u32 } from "./program.js";

const DUMP = F.REQUEST | F.DUMP;
const addressesIn = (answers: readonly Message[]): Message[] => answers.filter(({ type }) => type === RTM.NEWADDR);
const EXT_ACK = 11;
const STRICT = 12;
const NETLINK = 270;

/** lo, and em0 with two IPv4 networks, one of them twice, and IPv6. */
const MANY: BootOptions = {
  modules: ["netlink"],
  interfaces: [
    {
      name: "em0",
      up: true,
      addresses: ["192.0.2.1/24", "2001:db8::1/64", "192.0.2.9/24", "198.18.0.1/30", "2001:db8::2/64"],
    },
    { name: "em1", up: true, addresses: ["198.51.100.1/24"] },
  ],
  sysctls: { "net.inet6.ip6.dad_count": 0 },
};

describe("[RF-LINUX-42] RTM_GETADDR, the dump", () => {
  const { program } = machine(MANY);
  const answers = getAddr(program, DUMP);
  const all = addressesIn(answers);

  it("E6.4: IPv4 of all interfaces, then IPv6, secondary ones last and newer IPv6 ones first, in one NLMSG_DONE", () => {
    expect(all.map(addressText)).toEqual([
      "1 127.0.0.1/8",
      "2 192.0.2.1/24",
      "2 198.18.0.1/30",
      "2 192.0.2.9/24",
      "3 198.51.100.1/24",
      "1 fe80::1/64",
      "1 ::1/128",
      "2 2001:db8::2/64",
      "2 2001:db8::1/64",
      "2 fe80::/64",
    ]);
    expect(answers.filter(({ type }) => type === 3)).toHaveLength(1);
    expect(answers.at(-1)?.type).toBe(3);
  });

  it("E3.6: every message has NLM_F_MULTI alone", () => {
    expect(new Set(answers.map(({ flags }) => flags))).toEqual(new Set([F.MULTI]));
  });

  it("E6.1 IPv4: ADDRESS, LOCAL, LABEL, FLAGS, CACHEINFO, for lo 76 bytes as recorded", () => {
    expect(all[0]?.bytes.length).toBe(76);
    expect(hex((all[0] as Message).body.subarray(0, IFADDRMSG))).toBe("020880fe01000000");
    const message = all[1] as Message;
    expect(message.bytes.length).toBe(80); // "eth0" needs a step more
    expect(hex(message.body.subarray(0, IFADDRMSG))).toBe("0218800002000000");
    expect(attributesOf(message.body, IFADDRMSG).map(({ type, payload }) => [type, hex(payload)])).toEqual([
      [1, "c0000201"],
      [2, "c0000201"],
      [3, "6574683000"],
      [8, "80000000"],
      [6, expect.stringMatching(/^f{16}[0-9a-f]{16}$/)],
    ]);
  });

  it("E6.1 IPv6: ADDRESS, CACHEINFO, FLAGS of 72 bytes, without LOCAL and LABEL", () => {
    const message = all[7] as Message;
    expect(message.bytes.length).toBe(72);
    expect(hex(message.body.subarray(0, IFADDRMSG))).toBe("0a40800002000000");
    const attributes = attributesOf(message.body, IFADDRMSG);
    expect(attributes.map(({ type }) => type)).toEqual([1, 6, 8]);
    expect(hex(find(attributes, 8) as Uint8Array)).toBe("80000000");
    expect(hex((find(attributes, 6) as Uint8Array).subarray(0, 8))).toBe("ffffffffffffffff");
  });

  it("E6.1: SECONDARY for a later address of a network, in ifa_flags and IFA_FLAGS", () => {
    const second = all[3] as Message;
    expect(second.body[2]).toBe(0x81);
    expect(hex(find(attributesOf(second.body, IFADDRMSG), 8) as Uint8Array)).toBe("81000000");
  });

  it("E6.1: IFA_PROTO 1 for ::1, 3 for the kernel's link-local addresses, and FreeBSD's attribute 11 for none", () => {
    const protocols = all.map((message) => find(attributesOf(message.body, IFADDRMSG), 11)?.[0]);
    expect(protocols).toEqual([...Array(5).fill(undefined), 3, 1, undefined, undefined, 3]);
    expect(find(attributesOf((all[6] as Message).body, IFADDRMSG), 11)).toHaveLength(1);
  });

  it("E6.1: no IFA_BROADCAST of FreeBSD's own", () => {
    expect(all.some((message) => find(attributesOf(message.body, IFADDRMSG), 4) !== undefined)).toBe(false);
  });
});

describe("RTM_GETADDR, families and filters", () => {
  it.each([
    [2, 5],
    [10, 5],
    [0, 10],
    [17, 10],
    [255, 10],
  ])("E3.3: family %i gives %i addresses", (family, count) => {
    const { program } = machine(MANY);
    expect(addressesIn(getAddr(program, DUMP, family))).toHaveLength(count);
  });

  it.each([[[2]], [[10, 0, 0, 0]]])("E3.2: a header of %j is enough", (header) => {
    const { program } = machine(MANY);
    expect(addressesIn(program.ask(RTM.GETADDR, DUMP, Uint8Array.from(header)))).toHaveLength(5);
  });

  it("E2.4: NLMSG_DONE is a datagram of its own, and behind the last addresses of IPv6 alone (recorded)", () => {
    const { program } = machine(MANY);
    for (const [family, count] of [
      [0, 2],
      [2, 2],
      [10, 1],
    ] as const) {
      program.send(RTM.GETADDR, DUMP, ifaddrmsg({ family }));
      expect(program.datagrams()).toHaveLength(count);
    }
  });

  it("E3.4: without strict checking ifa_index filters nothing", () => {
    const { program } = machine(MANY);
    expect(addressesIn(getAddr(program, DUMP, 0, 2))).toHaveLength(10);
  });

  it("E3.5: with it the interface's alone, DUMP_FILTERED in all messages", () => {
    const { program } = machine(MANY);
    program.socket.setsockopt(NETLINK, STRICT, u32(1));
    const answers = getAddr(program, DUMP, 0, 2);
    expect(addressesIn(answers).map(addressText)).toEqual([
      "2 192.0.2.1/24",
      "2 198.18.0.1/30",
      "2 192.0.2.9/24",
      "2 2001:db8::2/64",
      "2 2001:db8::1/64",
      "2 fe80::/64",
    ]);
    expect(new Set(answers.map(({ flags }) => flags))).toEqual(new Set([F.MULTI | F.DUMP_FILTERED]));
  });

  it("E3.5: an interface that is not there is ENODEV in NLMSG_DONE", () => {
    const { program } = machine(MANY);
    program.socket.setsockopt(NETLINK, STRICT, u32(1));
    const answers = getAddr(program, DUMP, 0, 99);
    expect(answers.map(({ type, body }) => [type, int(body, 0)])).toEqual([[3, -19]]);
  });

  it.each([
    ["prefix length", ifaddrmsg({ prefixLength: 24 }), [], "ipv4: Invalid values in header for address dump request"],
    ["flags", ifaddrmsg({ flags: 1 }), [], "ipv4: Invalid values in header for address dump request"],
    ["scope", ifaddrmsg({ family: 10, scope: 1 }), [], "ipv6: Invalid values in header for address dump request"],
    ["an attribute", ifaddrmsg({}), [attribute(1, inet("192.0.2.1"))], "ipv4: Unsupported attribute in dump request"],
    ["half a header", Uint8Array.of(2, 0, 0, 0), [], "ipv4: Invalid header for address dump request"],
  ])("E3.4: a strict socket refuses %s", (_, header, rest, text) => {
    const { program } = machine(MANY);
    program.socket.setsockopt(NETLINK, STRICT, u32(1));
    program.socket.setsockopt(NETLINK, EXT_ACK, u32(1));
    const [error] = program.ask(RTM.GETADDR, DUMP, header, ...rest);
    expect(int(error?.body as Uint8Array, 0)).toBe(-22);
    expect(new TextDecoder().decode(error?.body)).toContain(text);
  });
});

describe("E3.7 RTM_GETADDR without NLM_F_DUMP", () => {
  it("EOPNOTSUPP for IPv4 and for no family", () => {
    const { program } = machine(MANY);
    for (const family of [0, 2]) {
      const [error] = getAddr(program, F.REQUEST, family);
      expect(int(error?.body as Uint8Array, 0)).toBe(-95);
    }
  });

  it("IPv6: the object, with flags 0, then an ack", () => {
    const { program } = machine(MANY);
    const wanted = attribute(1, inet6("2001:db8::1"));
    const [address, ack] = program.ask(RTM.GETADDR, F.REQUEST | F.ACK, ifaddrmsg({ family: 10 }), wanted);
    expect(addressText(address as Message)).toBe("2 2001:db8::1/64");
    expect(address?.flags).toBe(0);
    expect(int(ack?.body as Uint8Array, 0)).toBe(0);
  });

  it.each([
    ["without an address", -22, []],
    ["of one that nobody has", -99, [attribute(1, inet6("2001:db8::99"))]],
  ])("IPv6 %s: %i", (_, errno, rest) => {
    const { program } = machine(MANY);
    const [error] = program.ask(RTM.GETADDR, F.REQUEST, ifaddrmsg({ family: 10 }), ...rest);
    expect(int(error?.body as Uint8Array, 0)).toBe(errno);
  });
});

describe("E6.1 lifetimes", () => {
  it("IPv6: what is left, counted from the kernel's stamp, with stamps in 1/100 s", () => {
    const { kernel, vnet, program } = machine({ ...MANY, interfaces: [{ name: "em0", up: true }] });
    kernel.advance(4000);
    vnet.addressAdd("em0", "2001:db8::7/64", { preferred: 100, valid: 200 });
    kernel.advance(30_000);
    const [address] = addressesIn(getAddr(program, DUMP, 10)).filter((each) => addressText(each).includes("::7"));
    const { flags, cacheinfo } = addressOf(address as Message);
    expect(cacheinfo).toEqual([70, 170, 500, 500]);
    expect(flags & 0x80).toBe(0);
  });
});

describe("E6.1 addresses of IPv6 while they are checked, and peers", () => {
  it("TENTATIVE, then DADFAILED when another host has the address", () => {
    const { kernel, vnet, program } = machine({ ...MANY, sysctls: {} });
    vnet.addressAdd("em0", "2001:db8::7/64");
    const flags = (): number => {
      const answers = addressesIn(getAddr(program, DUMP, 10));
      return addressOf(answers.find((each) => addressText(each).includes("::7")) as Message).flags;
    };
    expect(flags()).toBe(0xc0);
    vnet.addressDuplicate("em0", "2001:db8::7");
    kernel.advance(2000);
    expect(flags() & 0x8).toBe(0x8);
  });

  it("a tunnel's: IFA_ADDRESS is the peer, IFA_LOCAL its own, of both families", () => {
    const { vnet, program } = machine(MANY);
    vnet.interfaceCreate("gif0");
    const index = vnet.interfaceIndex("gif0") as number;
    const give = (family: number, prefixLength: number, local: Uint8Array, peer: Uint8Array): number =>
      program.change(
        RTM.NEWADDR,
        F.CREATE | F.EXCL,
        ifaddrmsg({ family, prefixLength, index }),
        attribute(2, local),
        attribute(1, peer),
      );
    expect(give(2, 32, inet("10.0.0.1"), inet("10.0.0.2"))).toBe(0);
    expect(give(10, 128, inet6("2001:db8:1::1"), inet6("2001:db8:1::2"))).toBe(0);
    const given = addressesIn(getAddr(program, DUMP)).filter(({ body }) => body[4] === index);
    const ends = given.map((each) => [addressOf(each).local, addressOf(each).address]);
    expect(ends).toContainEqual(["10.0.0.1", "10.0.0.2"]);
    expect(ends).toContainEqual(["2001:db8:1::1", "2001:db8:1::2"]);
    const six = given.find(({ body }) => body[0] === 10 && body[3] === 0) as Message;
    expect(attributesOf(six.body, IFADDRMSG).map(({ type }) => type)).toEqual([2, 1, 6, 8]);
  });
});
