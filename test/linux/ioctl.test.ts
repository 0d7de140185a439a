import { describe, expect, it } from "vitest";
import { Kernel } from "../../host/kernel/kernel.js";
import { LINUX_MODULE, LinuxAbi, LinuxError } from "../../host/linux/abi.js";
import { IFA, ifaddrmsg, inet } from "./addresses.js";
import { addLink, IFLA, kind, named, peer, setLink, watched } from "./links.js";
import { attribute, F, hex, machine, text, u8, u32 } from "./program.js";

const SIOC = {
  GIFNAME: 0x8910,
  GIFCONF: 0x8912,
  GIFFLAGS: 0x8913,
  GIFADDR: 0x8915,
  GIFDSTADDR: 0x8917,
  GIFBRDADDR: 0x8919,
  GIFNETMASK: 0x891b,
  GIFMTU: 0x8921,
  GIFHWADDR: 0x8927,
  GIFINDEX: 0x8933,
  GIFTXQLEN: 0x8942,
  ETHTOOL: 0x8946,
} as const;

/** struct ifreq. */
function ifreq(name: string, value: Uint8Array = new Uint8Array(24)): Uint8Array {
  const bytes = new Uint8Array(40);
  bytes.set(text(name).subarray(0, 16));
  bytes.set(value, 16);
  return bytes;
}

function errnoOf(call: () => unknown): number {
  try {
    call();
  } catch (error) {
    if (error instanceof LinuxError) return error.errno;
    throw error;
  }
  return 0;
}

const nameIn = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
const value = (bytes: Uint8Array, length: number): string => hex(bytes.subarray(16, 16 + length));

/** em0 with two networks, the second with a label and a broadcast address. */
function labelled() {
  const all = machine({
    modules: ["netlink"],
    interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:01", up: true, addresses: ["192.0.2.1/24"] }],
  });
  const header = ifaddrmsg({ family: 2, prefixLength: 28, index: 2 });
  const parts = [
    attribute(IFA.LOCAL, inet("198.18.0.1")),
    attribute(IFA.BROADCAST, inet("198.18.0.15")),
    attribute(IFA.LABEL, text("eth0:9")),
    attribute(IFA.ADDRESS, inet("198.18.0.1")),
  ];
  all.program.change(20, F.CREATE | F.EXCL, header, ...parts);
  const ask = (request: number, name: string, given?: Uint8Array) =>
    all.abi.interfaceIoctl(all.vnet, request, ifreq(name, given));
  return { ...all, ask };
}

describe("ioctls on an interface agree with netlink (linux-clients C5)", () => {
  it.each(["eth0", "em0"])("SIOCGIFINDEX of %s", (name) => {
    const { ask } = labelled();
    const answer = ask(SIOC.GIFINDEX, name);
    expect([nameIn(answer), value(answer, 8)]).toEqual([name, "0200000000000000"]);
  });

  it("SIOCGIFNAME, with the name that a program gave", () => {
    const { ask, program } = labelled();
    expect(nameIn(ask(SIOC.GIFNAME, "", u32(1)))).toBe("lo");
    setLink(program, { index: 2 }, named("fifteen-letters"));
    expect(nameIn(ask(SIOC.GIFNAME, "", u32(2)))).toBe("fifteen-letters");
    expect(errnoOf(() => ask(SIOC.GIFNAME, "", u32(99)))).toBe(19);
  });

  it("SIOCGIFFLAGS: the low half of the flags", () => {
    const { ask } = labelled();
    expect(value(ask(SIOC.GIFFLAGS, "lo"), 4)).toBe("49100000");
    expect(value(ask(SIOC.GIFFLAGS, "eth0"), 4)).toBe("43100000");
  });

  it("SIOCGIFMTU, SIOCGIFTXQLEN", () => {
    const { ask, program } = labelled();
    setLink(program, { index: 2 }, attribute(IFLA.MTU, u32(1400)), attribute(IFLA.TXQLEN, u32(7)));
    expect([value(ask(SIOC.GIFMTU, "eth0"), 4), value(ask(SIOC.GIFTXQLEN, "eth0"), 4)]).toEqual([
      "78050000",
      "07000000",
    ]);
    expect(value(ask(SIOC.GIFTXQLEN, "lo"), 4)).toBe("e8030000");
  });

  it("SIOCGIFHWADDR: ARPHRD and the address as it is, which the kernel does not tell when it changes", () => {
    const { ask, vnet } = labelled();
    expect(value(ask(SIOC.GIFHWADDR, "eth0"), 8)).toBe("0100020000000001");
    vnet.interfaceSet("em0", { lladdr: "02:00:00:00:00:77" });
    expect(value(ask(SIOC.GIFHWADDR, "eth0"), 8)).toBe("0100020000000077");
    expect(value(ask(SIOC.GIFHWADDR, "lo"), 8)).toBe("0403000000000000");
  });

  it("SIOCGIFADDR and its kin, by label", () => {
    const { ask } = labelled();
    const sockaddr = (address: string) => `02000000${address}`;
    expect(value(ask(SIOC.GIFADDR, "eth0"), 8)).toBe(sockaddr("c0000201"));
    expect(value(ask(SIOC.GIFADDR, "eth0:9"), 8)).toBe(sockaddr("c6120001"));
    expect(value(ask(SIOC.GIFNETMASK, "eth0"), 8)).toBe(sockaddr("ffffff00"));
    expect(value(ask(SIOC.GIFNETMASK, "eth0:9"), 8)).toBe(sockaddr("fffffff0"));
    expect(value(ask(SIOC.GIFBRDADDR, "eth0:9"), 8)).toBe(sockaddr("c612000f"));
    expect(value(ask(SIOC.GIFBRDADDR, "eth0"), 8)).toBe(sockaddr("00000000"));
    expect(value(ask(SIOC.GIFDSTADDR, "eth0"), 8)).toBe(sockaddr("c0000201"));
    expect(errnoOf(() => ask(SIOC.GIFADDR, "eth0:8"))).toBe(99);
  });

  it("SIOCGIFNETMASK of the address that is given too", () => {
    const { ask, vnet } = labelled();
    vnet.addressAdd("em0", "203.0.113.1/30");
    const given = u8(2, 0, 0, 0, 203, 0, 113, 1);
    expect(value(ask(SIOC.GIFNETMASK, "eth0", given), 8)).toBe("02000000fffffffc");
  });

  it("SIOCGIFCONF: an ifreq of 40 bytes for each IPv4 address, by its label", () => {
    const { abi, vnet } = labelled();
    const list = abi.interfaceIoctl(vnet, SIOC.GIFCONF, new Uint8Array(16));
    expect(list.length).toBe(3 * 40);
    const entries = [0, 40, 80].map((at) => list.subarray(at, at + 40));
    expect(entries.map((each) => [nameIn(each), value(each, 8)])).toEqual([
      ["lo", "020000007f000001"],
      ["eth0", "02000000c0000201"],
      ["eth0:9", "02000000c6120001"],
    ]);
  });

  it.each([
    ["SIOCETHTOOL", SIOC.ETHTOOL, "eth0", 95],
    ["SIOCETHTOOL of nobody", SIOC.ETHTOOL, "nope", 19],
    ["SIOCGIFINDEX of nobody", SIOC.GIFINDEX, "nope", 19],
    ["SIOCGIFADDR of nobody", SIOC.GIFADDR, "nope", 19],
    ["SIOCGIFADDR of one without", SIOC.GIFADDR, "d0", 99],
    ["another ioctl", 0x5401, "eth0", 25],
  ])("%s", (_, request, name, errno) => {
    const { ask, program } = labelled();
    addLink(program, "d0", kind("dummy"));
    expect(errnoOf(() => ask(request, name))).toBe(errno);
  });

  it("EFAULT for an ifreq that is too short, EAFNOSUPPORT once the layer is unloaded", () => {
    const { abi, vnet } = labelled();
    expect(errnoOf(() => abi.interfaceIoctl(vnet, SIOC.GIFMTU, new Uint8Array(39)))).toBe(14);
    const kernel = Kernel.boot();
    const layer = new LinuxAbi(kernel);
    expect(errnoOf(() => layer.interfaceIoctl(kernel.vnet0, SIOC.GIFMTU, ifreq("lo")))).toBe(0);
    kernel.kldunload(LINUX_MODULE);
    expect(errnoOf(() => layer.interfaceIoctl(kernel.vnet0, SIOC.GIFMTU, ifreq("lo")))).toBe(97);
  });

  it("of links that a program has just made", () => {
    const { abi, vnet, program } = watched();
    addLink(program, "v0", kind("veth", peer(named("v1"))));
    expect(value(abi.interfaceIoctl(vnet, SIOC.GIFINDEX, ifreq("v1")), 4)).toBe("04000000");
  });
});
