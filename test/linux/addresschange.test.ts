import { describe, expect, it } from "vitest";
import { addressOf, addressText, cacheinfo, getAddr, IFA, ifaddrmsg, inet, inet6, RTM } from "./addresses.js";
import {
  attribute,
  F,
  int,
  type Machine,
  type Message,
  machine,
  openProgram,
  type Program,
  text,
  u8,
  u32,
} from "./program.js";

const EM0 = 2;
const GROUP = { IPV4: 1 << 4, IPV6: 1 << 8 } as const;
const ADD = F.CREATE | F.EXCL;
const REPLACE = F.CREATE | F.REPLACE;
const DUMP = F.REQUEST | F.DUMP;

/** `ip addr add ADDRESS/LENGTH dev eth0`, as iproute2 writes it. */
function parts(address: string, prefixLength: number, ...rest: readonly Uint8Array[]): Uint8Array[] {
  const is4 = address.includes(".");
  const bytes = is4 ? inet(address) : inet6(address);
  const header = ifaddrmsg({ family: is4 ? 2 : 10, prefixLength, index: EM0 });
  return [header, attribute(IFA.LOCAL, bytes), ...rest, attribute(IFA.ADDRESS, bytes)];
}

function add(program: Program, address: string, prefixLength: number, ...rest: readonly Uint8Array[]): number {
  return program.change(RTM.NEWADDR, ADD, ...parts(address, prefixLength, ...rest));
}

function shown(program: Program, address: string) {
  const found = getAddr(program, DUMP).filter(
    (each) => each.type === RTM.NEWADDR && ` ${addressText(each)}`.includes(` ${EM0} ${address}/`),
  );
  return found.map(addressOf)[0];
}

/** Bare em0, and a program that watches both groups of addresses. */
function watched(): Machine & { watcher: Program } {
  const all = machine({
    modules: ["netlink"],
    interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:01", up: true }],
    sysctls: { "net.inet6.ip6.dad_count": 0 },
  });
  const watcher = openProgram(all.abi, all.vnet, 77);
  watcher.socket.bind(0, GROUP.IPV4 | GROUP.IPV6);
  return { ...all, watcher };
}

/** An error with a text, by its number and text. */
function refusal(program: Program, type: number, flags: number, ...rest: readonly Uint8Array[]): [number, string] {
  program.socket.setsockopt(270, 11, u32(1));
  const [error] = program.ask(type, F.REQUEST | F.ACK | flags, ...rest);
  const said = new TextDecoder().decode(error?.body).match(/ipv[46]: [ -~]+/)?.[0] ?? "";
  return [int(error?.body as Uint8Array, 0), said];
}

describe("RTM_NEWADDR of IPv4 (E6.2)", () => {
  it("gives the address, which reads back as given", () => {
    const { program } = watched();
    expect(add(program, "192.0.2.2", 24)).toBe(0);
    const { address, local, label, flags, cacheinfo: lifetimes, broadcast } = shown(program, "192.0.2.2") ?? {};
    expect([address, local, label, flags, broadcast]).toEqual(["192.0.2.2", "192.0.2.2", "eth0", 0x80, undefined]);
    expect(lifetimes?.slice(0, 2)).toEqual([0xffffffff, 0xffffffff]);
  });

  it.each([IFA.LOCAL, IFA.ADDRESS])("one of IFA_LOCAL and IFA_ADDRESS is enough: %i", (type) => {
    const { program } = watched();
    const header = ifaddrmsg({ family: 2, prefixLength: 24, index: EM0 });
    expect(program.change(RTM.NEWADDR, ADD, header, attribute(type, inet("192.0.2.2")))).toBe(0);
    expect(shown(program, "192.0.2.2")).toMatchObject({ address: "192.0.2.2", local: "192.0.2.2" });
  });

  it("shows the broadcast address that a program sets", () => {
    const { program } = watched();
    add(program, "198.18.0.1", 30, attribute(IFA.BROADCAST, inet("198.18.0.3")));
    expect(shown(program, "198.18.0.1")?.broadcast).toBe("198.18.0.3");
  });

  it("keeps the peer on a broadcast interface, which the kernel ignores", () => {
    const { program } = watched();
    const header = ifaddrmsg({ family: 2, prefixLength: 32, index: EM0 });
    const local = attribute(IFA.LOCAL, inet("198.18.1.1"));
    expect(program.change(RTM.NEWADDR, ADD, header, local, attribute(IFA.ADDRESS, inet("198.18.1.2")))).toBe(0);
    expect(shown(program, "198.18.1.1")).toMatchObject({
      address: "198.18.1.2",
      local: "198.18.1.1",
      prefixLength: 32,
    });
  });

  it.each([
    ["v0:x", -22],
    ["eth0:x", 0],
    ["eth0", 0],
    ["eth0:waytoolong567", -22],
  ])("a label begins with the interface's name: %s gives %i", (label, errno) => {
    const { program } = watched();
    expect(add(program, "198.18.2.1", 24, attribute(IFA.LABEL, text(label)))).toBe(errno);
    if (errno === 0) expect(shown(program, "198.18.2.1")?.label).toBe(label);
  });

  it("keeps NOPREFIXROUTE, metric and protocol", () => {
    const { program } = watched();
    const flags = attribute(IFA.FLAGS, u32(0x200));
    add(program, "192.0.2.2", 24, flags, attribute(IFA.PRIORITY, u32(50)), attribute(IFA.PROTO, u8(7)));
    expect(shown(program, "192.0.2.2")).toMatchObject({ flags: 0x280, priority: 50, protocol: 7 });
  });

  it("counts lifetimes down, and takes the address when they are over", () => {
    const { kernel, program, watcher } = watched();
    add(program, "192.0.2.2", 24, cacheinfo(50, 100));
    expect(shown(program, "192.0.2.2")).toMatchObject({ flags: 0 });
    kernel.advance(20_000);
    expect(shown(program, "192.0.2.2")?.cacheinfo.slice(0, 2)).toEqual([30, 80]);
    kernel.advance(40_000);
    expect(shown(program, "192.0.2.2")).toMatchObject({ flags: 0x20 }); // DEPRECATED
    watcher.messages();
    kernel.advance(40_000);
    expect(watcher.messages().map(({ type, pid }) => [type, pid])).toEqual([[RTM.DELADDR, 0]]);
    expect(shown(program, "192.0.2.2")).toBeUndefined();
  });

  it("a lifetime given anew keeps it", () => {
    const { kernel, program } = watched();
    add(program, "192.0.2.2", 24, cacheinfo(50, 100));
    program.change(RTM.NEWADDR, REPLACE, ...parts("192.0.2.2", 24, cacheinfo(500, 1000)));
    kernel.advance(400_000);
    expect(shown(program, "192.0.2.2")?.cacheinfo.slice(0, 2)).toEqual([100, 600]);
  });
});

describe("RTM_NEWADDR of IPv6 (E6.2)", () => {
  it("[RF-LINUX-43] without IFA_CACHEINFO it is there for ever", () => {
    const { kernel, program } = watched();
    expect(add(program, "2001:db8::2", 64, attribute(IFA.FLAGS, u32(2)))).toBe(0);
    kernel.advance(100_000);
    expect(shown(program, "2001:db8::2")).toMatchObject({ flags: 0x82, local: undefined, protocol: undefined });
    expect(shown(program, "2001:db8::2")?.cacheinfo.slice(0, 2)).toEqual([0xffffffff, 0xffffffff]);
  });

  it("a link-local address that a program gives is not the kernel's own", () => {
    const { program } = watched();
    add(program, "fe80::77", 64);
    const answers = getAddr(program, DUMP, 10).filter(({ type }) => type === RTM.NEWADDR);
    const given = answers.map(addressOf).find(({ address }) => address === "fe80::77");
    expect(given).toMatchObject({ protocol: undefined, scope: 253 });
  });

  it("keeps MANAGETEMPADDR, which asks for a prefix of 64", () => {
    const { program } = watched();
    expect(add(program, "2001:db8::2", 64, attribute(IFA.FLAGS, u32(0x102)))).toBe(0);
    expect(shown(program, "2001:db8::2")).toMatchObject({ flags: 0x182 });
    expect(add(program, "2001:db8::3", 96, attribute(IFA.FLAGS, u32(0x100)))).toBe(-22);
  });
});

describe("[RF-LINUX-44] an address that is there", () => {
  it.each([
    ["192.0.2.2", 24, "ipv4: Address already assigned"],
    ["2001:db8::2", 64, "ipv6: address already assigned"],
  ])("%s: EEXIST without NLM_F_REPLACE, and with NLM_F_EXCL", (address, length, said) => {
    const { program } = watched();
    add(program, address, length);
    for (const flags of [ADD, F.CREATE, REPLACE | F.EXCL]) {
      expect(refusal(program, RTM.NEWADDR, flags, ...parts(address, length))).toEqual([-17, said]);
    }
  });

  it("IPv4 with NLM_F_REPLACE: lifetimes and label change, nothing is taken away", () => {
    const { program, watcher } = watched();
    add(program, "192.0.2.2", 24, attribute(IFA.LABEL, text("eth0:a")));
    add(program, "192.0.2.3", 24);
    watcher.messages();
    expect(program.change(RTM.NEWADDR, REPLACE, ...parts("192.0.2.2", 24, cacheinfo(50, 100)))).toBe(0);
    const told = watcher.messages();
    expect(told.map(({ type, pid }) => [type, pid])).toEqual([[RTM.NEWADDR, 2125]]);
    expect(addressOf(told[0] as Message)).toMatchObject({ flags: 0, label: "eth0:a" });
    // It is still the first of its network.
    expect(shown(program, "192.0.2.3")).toMatchObject({ flags: 0x81 });
  });

  it("IPv6 with NLM_F_REPLACE: lifetimes change, it keeps its prefix length, and members are told", () => {
    const { program, watcher } = watched();
    add(program, "2001:db8::2", 64);
    watcher.messages();
    expect(program.change(RTM.NEWADDR, F.REPLACE, ...parts("2001:db8::2", 48, cacheinfo(50, 100)))).toBe(0);
    expect(watcher.messages().map(addressOf)).toMatchObject([
      { prefixLength: 64, cacheinfo: [50, 100, expect.anything(), expect.anything()] },
    ]);
  });

  it("IPv4 with NLM_F_REPLACE and another prefix or broadcast address is replaced", () => {
    const { program, watcher } = watched();
    add(program, "192.0.2.2", 24);
    watcher.messages();
    program.change(RTM.NEWADDR, REPLACE, ...parts("192.0.2.2", 25));
    expect(watcher.messages().map((each) => [each.type, addressText(each)])).toEqual([
      [RTM.DELADDR, "2 192.0.2.2/24"],
      [RTM.NEWADDR, "2 192.0.2.2/25"],
    ]);
    const broadcast = attribute(IFA.BROADCAST, inet("192.0.2.99"));
    program.change(RTM.NEWADDR, REPLACE, ...parts("192.0.2.2", 25, broadcast));
    expect(shown(program, "192.0.2.2")).toMatchObject({ prefixLength: 25, broadcast: "192.0.2.99" });
  });

  it("NLM_F_REPLACE alone gives an address that is not there", () => {
    const { program } = watched();
    expect(program.change(RTM.NEWADDR, F.REPLACE, ...parts("192.0.2.2", 24))).toBe(0);
  });

  it("an address that went while another took its network over is not there", () => {
    const { vnet, program, watcher } = watched();
    add(program, "192.0.2.2", 24);
    add(program, "192.0.2.3", 24);
    watcher.messages();
    vnet.addressDelete("em0", "192.0.2.2"); // the kernel tells nobody
    expect(watcher.messages()).toEqual([]);
    expect(add(program, "192.0.2.2", 24)).toBe(0);
    expect(watcher.messages().map((each) => [each.type, addressText(each)])).toEqual([
      [RTM.DELADDR, "2 192.0.2.2/24"],
      [RTM.NEWADDR, "2 192.0.2.2/24"],
    ]);
  });
});

describe("E4.4 RTM_NEWADDR that is refused", () => {
  const header = (more: object): Uint8Array => ifaddrmsg({ family: 2, prefixLength: 24, index: EM0, ...more });
  const local = attribute(IFA.LOCAL, inet("192.0.2.2"));
  const local6 = attribute(IFA.LOCAL, inet6("2001:db8::2"));

  it.each([
    ["no such interface", header({ index: 99 }), [local], -19, "ipv4: Device not found"],
    ["no such interface, IPv6", header({ family: 10, index: 99 }), [local6], -19, "ipv6: Unable to find the interface"],
    ["a prefix of 33", header({ prefixLength: 33 }), [local], -22, "ipv4: Invalid prefix length"],
    ["a prefix of 129", header({ family: 10, prefixLength: 129 }), [local6], -22, "ipv6: Invalid prefix length"],
    ["no address", header({}), [], -22, "ipv4: Local address is not supplied"],
    ["an address of the other family", header({}), [local6], -22, ""],
    ["valid for 0 s", header({}), [local, cacheinfo(0, 0)], -22, "ipv4: address lifetime invalid"],
    [
      "preferred beyond valid",
      header({ family: 10 }),
      [local6, cacheinfo(9, 8)],
      -22,
      "ipv6: address lifetime invalid",
    ],
    ["family 7", header({ family: 7 }), [local], -95, ""],
    ["family 28", header({ family: 28 }), [local6], -97, ""],
    ["no family", header({ family: 0 }), [local], -97, ""],
  ])("%s", (_, ifa, rest, errno, said) => {
    const { program } = watched();
    expect(refusal(program, RTM.NEWADDR, ADD, ifa, ...rest)).toEqual([errno, said]);
    expect(getAddr(program, DUMP).filter(({ type }) => type === RTM.NEWADDR)).toHaveLength(3); // lo's
  });

  it("a note of what was refused does not stay", () => {
    const { program } = watched();
    const peer = attribute(IFA.ADDRESS, inet6("2001:db8::9"));
    // FreeBSD has no peers of IPv6 here.
    expect(program.change(RTM.NEWADDR, ADD, header({ family: 10, prefixLength: 128 }), local6, peer)).toBe(-22);
    expect(add(program, "2001:db8::2", 64)).toBe(0);
    expect(shown(program, "2001:db8::2")).toMatchObject({ address: "2001:db8::2" });
  });

  it("E3.10: EPERM without privilege, before anything is looked at", () => {
    const { abi, vnet } = watched();
    const user = openProgram(abi, vnet, 99, false);
    expect(user.change(RTM.NEWADDR, ADD, header({ family: 7 }))).toBe(-1);
    expect(user.change(RTM.DELADDR, 0, header({ family: 7 }))).toBe(-1);
  });
});

describe("RTM_DELADDR (E6.3)", () => {
  it("[RF-LINUX-45] takes back what a dump showed, without NLM_F_ACK, as ip addr flush does", () => {
    const { program } = watched();
    add(program, "192.0.2.2", 24, attribute(IFA.LABEL, text("eth0:a")), cacheinfo(50, 100));
    add(program, "198.18.1.1", 32);
    add(program, "2001:db8::2", 64);
    const listed = getAddr(program, DUMP).filter(({ type, body }) => type === RTM.NEWADDR && body[4] === EM0);
    expect(listed).toHaveLength(4);
    for (const { body } of listed) program.send(RTM.DELADDR, F.REQUEST, body);
    expect(program.messages()).toEqual([]);
    expect(getAddr(program, DUMP).filter(({ type, body }) => type === RTM.NEWADDR && body[4] === EM0)).toEqual([]);
  });

  it.each([
    ["another address", parts("192.0.2.77", 24), "ipv4: Address not found"],
    ["another prefix length", parts("192.0.2.2", 25), "ipv4: Address not found"],
    ["another label", parts("192.0.2.2", 24, attribute(IFA.LABEL, text("eth0:b"))), "ipv4: Address not found"],
    ["IPv6, another address", parts("2001:db8::77", 64), "ipv6: address not found"],
    ["IPv6, another prefix length", parts("2001:db8::2", 65), "ipv6: address not found"],
  ])("EADDRNOTAVAIL for %s", (_, rest, said) => {
    const { program } = watched();
    add(program, "192.0.2.2", 24, attribute(IFA.LABEL, text("eth0:a")));
    add(program, "2001:db8::2", 64);
    expect(refusal(program, RTM.DELADDR, 0, ...rest)).toEqual([-99, said]);
    expect(shown(program, "192.0.2.2")).toBeDefined();
  });

  it("by the peer's address", () => {
    const { program } = watched();
    const header = ifaddrmsg({ family: 2, prefixLength: 32, index: EM0 });
    const peer = attribute(IFA.ADDRESS, inet("198.18.1.2"));
    program.change(RTM.NEWADDR, ADD, header, attribute(IFA.LOCAL, inet("198.18.1.1")), peer);
    expect(program.change(RTM.DELADDR, 0, header, attribute(IFA.ADDRESS, inet("198.18.1.1")))).toBe(-99);
    expect(program.change(RTM.DELADDR, 0, header, peer)).toBe(0);
  });

  it("ENODEV for an interface that is not there", () => {
    const { program } = watched();
    const header = ifaddrmsg({ family: 2, prefixLength: 24, index: 99 });
    const local = attribute(IFA.LOCAL, inet("192.0.2.2"));
    expect(refusal(program, RTM.DELADDR, 0, header, local)).toEqual([-19, "ipv4: Device not found"]);
  });

  it("recorded: DELADDR of 192.0.2.77, 88 bytes with its text", () => {
    const { program } = watched();
    program.socket.setsockopt(270, 11, u32(1));
    const [error] = program.ask(RTM.DELADDR, 5, ...parts("192.0.2.77", 24));
    expect([error?.bytes.length, error?.flags]).toEqual([88, F.ACK_TLVS]);
  });
});
