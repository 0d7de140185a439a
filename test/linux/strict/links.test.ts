// Links as a program gets them (linux-compat L4, W3).

import { describe, expect, it } from "vitest";
import { IFCAP, IFT } from "../../../assembly/abi/ifnet.js";
import { plainFlagsOf } from "../../../host/linux/linkflags.js";
import { MessageReader } from "../../../host/linux/messagereader.js";
import { MessageWriter } from "../../../host/linux/messagewriter.js";
import { rebuildLink } from "../../../host/linux/strict/toprogram.js";
import { attribute, attributesOf, F, find, hex, int, type Message, request, text, u8, u32 } from "../program.js";
import { bytes, DUMP, IFLA, ifinfomsg, nameOf, payload, RTM, type StrictProgram, strictMachine } from "./strict.js";

const LINK_GROUP = 1;
const EM0 = 2;
const EPAIRS = { modules: ["netlink"] };

function links(program: StrictProgram): Message[] {
  return program.ask(RTM.GETLINK, DUMP, ifinfomsg()).filter(({ type }) => type === RTM.NEWLINK);
}

function namesIn(program: StrictProgram): (string | undefined)[] {
  return links(program).map(nameOf);
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
