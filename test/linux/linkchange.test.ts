import { describe, expect, it } from "vitest";
import {
  ADD,
  addLink,
  getLink,
  IFF,
  IFLA,
  ifinfomsg,
  kind,
  linkNames,
  linkOf,
  named,
  RTM,
  refusal,
  setLink,
  told,
  watched,
} from "./links.js";
import { attribute, attributesOf, F, hex, int, nest, openProgram, request, text, u8, u32 } from "./program.js";

const EM0 = 2;
const ALL = 0xffffffff;

describe("E3.11 the probe of iproute2", () => {
  it("[RF-LINUX-33] NEWLINK with nothing is ENODEV, 52 bytes as recorded", () => {
    const { program } = watched();
    const [error] = program.ask(RTM.NEWLINK, 5, ifinfomsg({}));
    expect([error?.bytes.length, error?.flags, int(error?.body as Uint8Array, 0)]).toEqual([52, 0, -19]);
  });

  it("SETLINK with nothing is EINVAL, as DELLINK", () => {
    const { program } = watched();
    expect(program.change(RTM.SETLINK, 0, ifinfomsg({}))).toBe(-22);
    expect(program.change(RTM.DELLINK, 0, ifinfomsg({}))).toBe(-22);
  });
});

describe.each([RTM.NEWLINK, RTM.SETLINK])("[RF-LINUX-37] message type %i (E5.5, E5.7)", (type) => {
  it("MTU, told of with change 0", () => {
    const { program, watcher } = watched();
    expect(program.change(type, 0, ifinfomsg({ index: EM0 }), attribute(IFLA.MTU, u32(1400)))).toBe(0);
    expect(getLink(program, "eth0")?.word(IFLA.MTU)).toBe(1400);
    expect(told(watcher)).toEqual([[RTM.NEWLINK, "eth0", 0]]);
  });

  it("[RF-LINUX-38] a change without flags leaves the interface up", () => {
    const { program } = watched();
    program.change(type, 0, ifinfomsg({ index: EM0 }), attribute(IFLA.MTU, u32(1400)));
    expect((getLink(program, "eth0")?.flags ?? 0) & IFF.UP).toBe(IFF.UP);
  });

  it("ADDRESS, which the kernel tells nobody of", () => {
    const { program, watcher } = watched();
    const address = u8(2, 0, 0, 0, 0xaa, 1);
    expect(program.change(type, 0, ifinfomsg({ index: EM0 }), attribute(IFLA.ADDRESS, address))).toBe(0);
    const [message] = watcher.messages().map(linkOf);
    expect(message).toMatchObject({ type: RTM.NEWLINK, change: 0, address: "2:0:0:0:170:1" });
  });

  it("IFALIAS without a NUL, and empty for none", () => {
    const { program, watcher } = watched();
    const header = ifinfomsg({ index: EM0 });
    expect(program.change(type, 0, header, attribute(IFLA.IFALIAS, new TextEncoder().encode("uplink")))).toBe(0);
    expect(getLink(program, "eth0")?.alias).toBe("uplink");
    const long = "x".repeat(200);
    expect(program.change(type, 0, header, attribute(IFLA.IFALIAS, text(long)))).toBe(0);
    expect(getLink(program, "eth0")?.alias).toBe(long);
    expect(program.change(type, 0, header, attribute(IFLA.IFALIAS, u8()))).toBe(0);
    expect(getLink(program, "eth0")?.alias).toBeUndefined();
    expect(told(watcher)).toEqual(Array(3).fill([RTM.NEWLINK, "eth0", 0]));
    expect(program.change(type, 0, header, attribute(IFLA.IFALIAS, text("x".repeat(256))))).toBe(-22);
  });

  it("IFNAME with the index is another name", () => {
    const { program, watcher } = watched();
    expect(program.change(type, 0, ifinfomsg({ index: EM0 }), named("wan"))).toBe(0);
    expect(told(watcher)).toEqual([[RTM.NEWLINK, "wan", 0]]);
    expect(getLink(program, "wan")?.index).toBe(EM0);
    expect(getLink(program, "em0")?.name).toBe("wan");
    expect(getLink(program, "eth0")).toBeUndefined();
  });

  it("TXQLEN, GROUP, LINKMODE, PROTO_DOWN, GSO, queues are shown back", () => {
    const { program, watcher } = watched();
    const words: [number, number][] = [
      [IFLA.TXQLEN, 17],
      [IFLA.GROUP, 5],
      [IFLA.GSO_MAX_SIZE, 30_000],
      [IFLA.NUM_TX_QUEUES, 4],
      [IFLA.NUM_RX_QUEUES, 3],
      [63, 40_000],
    ];
    const bytes: [number, number][] = [
      [IFLA.LINKMODE, 1],
      [IFLA.PROTO_DOWN, 1],
      [IFLA.OPERSTATE, 5],
    ];
    const attributes = [
      ...words.map(([each, value]) => attribute(each, u32(value))),
      ...bytes.map(([each, value]) => attribute(each, u8(value))),
    ];
    expect(program.change(type, 0, ifinfomsg({ index: EM0 }), ...attributes)).toBe(0);
    const link = getLink(program, "eth0");
    for (const [each, value] of [...words, ...bytes]) expect([each, link?.word(each)]).toEqual([each, value]);
    // One for the queue's length, one for the rest.
    expect(told(watcher)).toEqual(Array(2).fill([RTM.NEWLINK, "eth0", 0]));
  });

  it("by name, in any form; ENODEV for one that nobody has", () => {
    const { program } = watched();
    for (const name of ["eth0", "em0"]) {
      expect(program.change(type, 0, ifinfomsg({}), named(name), attribute(IFLA.TXQLEN, u32(1)))).toBe(0);
    }
    expect(program.change(type, 0, ifinfomsg({}), attribute(IFLA.ALT_IFNAME, text("eth0")))).toBe(0);
    expect(program.change(type, 0, ifinfomsg({}), named("nope"))).toBe(-19);
    expect(program.change(type, 0, ifinfomsg({ index: 99 }))).toBe(-19);
  });

  it("AF_SPEC and attributes that change nothing are accepted", () => {
    const { program } = watched();
    const spec = nest(IFLA.AF_SPEC, nest(10, attribute(8, u8(1))));
    expect(program.change(type, 0, ifinfomsg({ index: EM0 }), spec, attribute(15, u32(1)))).toBe(0);
    // Linux's number of GRO_IPV4_MAX_SIZE is FreeBSD's IFLA_FREEBSD: it does not reach the kernel (E1.5).
    expect(program.change(type, 0, ifinfomsg({ index: EM0 }), attribute(64, u32(50_000)))).toBe(0);
    expect(getLink(program, "eth0")?.word(64)).toBe(50_000);
  });

  it.each([
    ["VF attributes", IFLA.VFINFO_LIST],
    ["XDP", IFLA.XDP],
    ["a map", 14],
    ["the carrier", 33],
  ])("EOPNOTSUPP for %s, and nothing is done", (_, attributeType) => {
    const { program } = watched();
    const parts = [attribute(IFLA.MTU, u32(1400)), attribute(attributeType, new Uint8Array(8))];
    expect(program.change(type, 0, ifinfomsg({ index: EM0 }), ...parts)).toBe(-95);
    expect(getLink(program, "eth0")?.word(IFLA.MTU)).toBe(1500);
  });
});

describe("E5.6 flags", () => {
  it("up and down with a mask; what is so already is told to nobody", () => {
    const { program, watcher } = watched();
    expect(setLink(program, { index: EM0, flags: 0, change: IFF.UP })).toBe(0);
    expect(getLink(program, "eth0")?.flags).toBe(0x1002);
    expect(setLink(program, { index: EM0, flags: 0, change: IFF.UP })).toBe(0);
    expect(setLink(program, { index: EM0, flags: IFF.UP, change: IFF.UP })).toBe(0);
    expect(told(watcher)).toEqual(Array(2).fill([RTM.NEWLINK, "eth0", IFF.UP]));
  });

  it("[RF-LINUX-36] LOWER_UP and RUNNING of one that is up, neither of one that is down", () => {
    const { program } = watched();
    addLink(program, "v0", kind("veth", nest(1, ifinfomsg({}), named("v1"))));
    const { index, flags } = getLink(program, "v0") ?? { index: 0, flags: 0 };
    expect(flags & (IFF.UP | IFF.LOWER_UP | IFF.RUNNING)).toBe(0);
    setLink(program, { index, flags: IFF.UP, change: IFF.UP });
    expect(getLink(program, "v0")?.flags).toBe(0x11043);
  });

  it("flags without a mask are all of them", () => {
    const { program } = watched();
    setLink(program, { index: EM0, flags: IFF.UP | IFF.PROMISC });
    expect(getLink(program, "eth0")?.flags).toBe(0x10143); // MULTICAST is switched off too
  });

  it("PROMISC is the kernel's", () => {
    const { program, watcher } = watched();
    expect(setLink(program, { index: EM0, flags: IFF.PROMISC, change: IFF.PROMISC })).toBe(0);
    const link = getLink(program, "eth0");
    expect([(link?.flags ?? 0) & IFF.PROMISC, link?.word(30)]).toEqual([IFF.PROMISC, 1]);
    expect(told(watcher)).toEqual([[RTM.NEWLINK, "eth0", IFF.PROMISC]]);
  });

  it.each([
    ["arp off", IFF.NOARP, IFF.NOARP],
    ["multicast off", 0, IFF.MULTICAST],
    ["allmulticast on", IFF.ALLMULTI, IFF.ALLMULTI],
    ["debug", IFF.DEBUG, IFF.DEBUG],
  ])("%s is shown, and told of with its bit", (_, flags, change) => {
    const { program, watcher } = watched();
    expect(setLink(program, { index: EM0, flags, change })).toBe(0);
    const link = getLink(program, "eth0");
    expect((link?.flags ?? 0) & change).toBe(flags);
    expect((link?.flags ?? 0) & IFF.UP).toBe(IFF.UP);
    if (change === IFF.ALLMULTI) expect(link?.word(IFLA.ALLMULTI)).toBe(1);
    expect(told(watcher)).toEqual([[RTM.NEWLINK, "eth0", change]]);
    setLink(program, { index: EM0, flags: ~flags & change, change });
    expect((getLink(program, "eth0")?.flags ?? 0) & change).toBe(~flags & change);
  });
});

describe("E4.4 changes that are refused", () => {
  it("[RF-LINUX-41] an MTU of 71, and what Linux says of those out of range", () => {
    const { program } = watched();
    const mtu = (value: number) =>
      refusal(program, RTM.NEWLINK, 0, ifinfomsg({ index: EM0 }), attribute(IFLA.MTU, u32(value)));
    for (const value of [0, 9, 71]) expect(mtu(value)).toEqual([-22, "mtu less than device minimum"]);
    expect(mtu(65_536)).toEqual([-22, "mtu greater than device maximum"]);
    expect(mtu(72)).toEqual([0, undefined]);
  });

  it("recorded: the answer to MTU 9 is 96 bytes", () => {
    const { program } = watched();
    program.socket.setsockopt(270, 11, u32(1));
    const [error] = program.ask(RTM.NEWLINK, 5, ifinfomsg({ index: EM0 }), attribute(IFLA.MTU, u32(9)));
    expect([error?.bytes.length, error?.flags]).toEqual([96, F.ACK_TLVS]);
  });

  it.each([
    ["a group's address", u8(1, 0, 0, 0, 0, 1), -99],
    ["the zero address", u8(0, 0, 0, 0, 0, 0), -99],
    ["a short address", u8(2, 0, 0, 0), -22],
  ])("%s", (_, address, errno) => {
    const { program } = watched();
    expect(setLink(program, { index: EM0 }, attribute(IFLA.ADDRESS, address))).toBe(errno);
  });

  it("an address of an interface that has none", () => {
    const { program } = watched();
    expect(setLink(program, { index: 1 }, attribute(IFLA.ADDRESS, u8(2, 0, 0, 0, 0, 1)))).toBe(-95);
  });

  it.each([
    ["somebody's", "eth1", -17],
    ["somebody's FreeBSD name", "em1", -17],
    ["lo", "lo", -17],
    ["empty", "", -22],
    ["of 16 characters", "a".repeat(16), -22],
    ["with a slash", "a/b", -22],
    ["with a space", "a b", -22],
    ["with a colon", "a:b", -22],
    ["dots", "..", -22],
    ["of 15 characters", "a".repeat(15), 0],
    ["its own", "eth0", 0],
    ["its own FreeBSD name", "em0", 0],
    ["with a number to choose", "wan%d", 0],
  ])("E5.4: a name %s", (_, name, errno) => {
    const { vnet, program } = watched();
    vnet.interfaceAttach({ name: "em1" });
    expect(setLink(program, { index: EM0 }, named(name))).toBe(errno);
    if (name === "wan%d") expect(getLink(program, "wan0")?.index).toBe(EM0);
  });

  it("recorded: EEXIST of a name is 60 bytes without text", () => {
    const { program } = watched();
    addLink(program, "br0", kind("bridge"));
    program.socket.setsockopt(270, 11, u32(1));
    const [error] = program.ask(RTM.NEWLINK, 5, ifinfomsg({ index: EM0 }), named("br0"));
    expect([error?.bytes.length, error?.flags, int(error?.body as Uint8Array, 0)]).toEqual([60, 0, -17]);
  });

  it("the first error ends it, and what was done stays and is told of", () => {
    const { program, watcher } = watched();
    const parts = [attribute(IFLA.GROUP, u32(3)), named("wan"), attribute(IFLA.MASTER, u32(99))];
    expect(setLink(program, { index: EM0 }, ...parts)).toBe(-19);
    expect(told(watcher)).toEqual([[RTM.NEWLINK, "wan", 0]]);
  });

  it("family 7 is EOPNOTSUPP, a negative index EINVAL", () => {
    const { program } = watched();
    for (const type of [RTM.NEWLINK, RTM.SETLINK, RTM.DELLINK]) {
      expect(program.change(type, 0, ifinfomsg({ family: 7, index: EM0 }))).toBe(-95);
    }
    expect(refusal(program, RTM.NEWLINK, 0, ifinfomsg({ index: ALL }))).toEqual([-22, "ifindex can't be negative"]);
  });

  it("[RF-LINUX-40] EXCL of what is there is EEXIST, REPLACE EOPNOTSUPP, CREATE alone changes it", () => {
    const { program } = watched();
    expect(program.change(RTM.NEWLINK, ADD, ifinfomsg({}), named("eth0"), kind("dummy"))).toBe(-17);
    expect(program.change(RTM.NEWLINK, F.REPLACE, ifinfomsg({}), named("eth0"))).toBe(-95);
    const mtu = attribute(IFLA.MTU, u32(1400));
    expect(program.change(RTM.NEWLINK, F.CREATE, ifinfomsg({}), named("eth0"), mtu)).toBe(0);
    expect(getLink(program, "eth0")?.word(IFLA.MTU)).toBe(1400);
  });

  it("E3.10: EPERM without privilege", () => {
    const { abi, vnet } = watched();
    const user = openProgram(abi, vnet, 99, false);
    const header = ifinfomsg({ index: EM0 });
    const types = [RTM.NEWLINK, RTM.SETLINK, RTM.DELLINK, RTM.NEWLINKPROP, RTM.DELLINKPROP];
    for (const type of types) expect(user.change(type, 0, header)).toBe(-1);
  });
});

describe("E5.7 MASTER", () => {
  it("joins a bridge, is shown, and leaves it", () => {
    const { program, watcher } = watched();
    addLink(program, "br0", kind("bridge"));
    const { index } = getLink(program, "br0") ?? { index: 0 };
    watcher.messages();
    expect(setLink(program, { index: EM0 }, attribute(IFLA.MASTER, u32(index)))).toBe(0);
    expect(getLink(program, "eth0")).toMatchObject({ slaveKind: "bridge" });
    expect(getLink(program, "eth0")?.word(IFLA.MASTER)).toBe(index);
    const filtered = program.ask(RTM.GETLINK, F.REQUEST | F.DUMP, ifinfomsg({}), attribute(IFLA.MASTER, u32(index)));
    expect(filtered.map(({ type, flags }) => [type, flags])).toEqual([
      [RTM.NEWLINK, F.MULTI | F.DUMP_FILTERED],
      [3, F.MULTI], // recorded: NLMSG_DONE has not the flag
    ]);
    expect(setLink(program, { index: EM0 }, attribute(IFLA.MASTER, u32(0)))).toBe(0);
    expect(getLink(program, "eth0")?.word(IFLA.MASTER)).toBeUndefined();
    expect(told(watcher)).toEqual(Array(2).fill([RTM.NEWLINK, "eth0", 0]));
  });

  it("a bond's member has SLAVE, the bond MASTER", () => {
    const { program } = watched();
    addLink(program, "bond0", kind("bond"));
    const { index, flags } = getLink(program, "bond0") ?? { index: 0, flags: 0 };
    expect(flags & IFF.MASTER).toBe(IFF.MASTER);
    setLink(program, { index: EM0 }, attribute(IFLA.MASTER, u32(index)));
    expect((getLink(program, "eth0")?.flags ?? 0) & IFF.SLAVE).toBe(IFF.SLAVE);
    expect(getLink(program, "eth0")?.slaveKind).toBe("bond");
  });

  it("members of a bridge that goes are released, before it is told as gone", () => {
    const { program, watcher } = watched();
    addLink(program, "br0", kind("bridge"));
    const { index } = getLink(program, "br0") ?? { index: 0 };
    setLink(program, { index: EM0 }, attribute(IFLA.MASTER, u32(index)));
    watcher.messages();
    expect(program.change(RTM.DELLINK, 0, ifinfomsg({ index }))).toBe(0);
    expect(told(watcher).slice(-2)).toEqual([
      [RTM.NEWLINK, "eth0", 0],
      [RTM.DELLINK, "br0", ALL],
    ]);
    expect(getLink(program, "eth0")?.word(IFLA.MASTER)).toBeUndefined();
  });

  it.each([
    ["nobody", 99, EM0, -19],
    ["hardware", EM0, 3, -95],
    ["lo as a member", 3, 1, -22],
    ["a bridge in a bridge", 3, 4, -40],
  ])("%s", (_, master, index, errno) => {
    const { program } = watched();
    addLink(program, "br0", kind("bridge"));
    addLink(program, "br1", kind("bridge"));
    expect(setLink(program, { index }, attribute(IFLA.MASTER, u32(master)))).toBe(errno);
  });

  it("settings of a member are kept while it is one", () => {
    const { program } = watched();
    const cost = nest(IFLA.LINKINFO, nest(5, attribute(3, u32(7))));
    expect(setLink(program, { index: EM0 }, cost)).toBe(-95);
    addLink(program, "br0", kind("bridge"));
    setLink(program, { index: EM0 }, attribute(IFLA.MASTER, u32(3)));
    expect(setLink(program, { index: EM0 }, cost)).toBe(0);
    const info = getLink(program, "eth0")?.attributes.find(({ type }) => type === IFLA.LINKINFO);
    expect(attributesOf(info?.payload as Uint8Array, 0).map(({ type }) => type)).toEqual([4, 5]);
  });
});

describe("settings of a kind", () => {
  it("change those of a bridge one by one", () => {
    const { program } = watched();
    addLink(program, "br0", kind("bridge", attribute(5, u32(1))));
    expect(setLink(program, { index: 3 }, kind("bridge", attribute(7, u8(1)), attribute(1, u32(1500))))).toBe(0);
    const data = getLink(program, "br0")?.data ?? [];
    expect(data.map(({ type, payload }) => [type, hex(payload)])).toEqual([
      [7, "01"],
      [5, "01000000"],
      [1, "dc050000"],
    ]);
  });

  it.each([
    ["another kind", kind("bond", attribute(1, u8(1)))],
    ["no kind", nest(IFLA.LINKINFO, nest(2, attribute(1, u8(1))))],
  ])("EOPNOTSUPP with %s", (_, info) => {
    const { program } = watched();
    addLink(program, "br0", kind("bridge"));
    expect(setLink(program, { index: 3 }, info)).toBe(-95);
  });
});

describe("groups", () => {
  it("without index and name a group's members are changed, or deleted", () => {
    const { program } = watched();
    for (const name of ["d0", "d1", "d2"]) {
      addLink(program, name, kind("dummy"), attribute(IFLA.GROUP, u32(name === "d2" ? 9 : 5)));
    }
    const group = attribute(IFLA.GROUP, u32(5));
    expect(setLink(program, { flags: IFF.UP, change: IFF.UP }, group)).toBe(0);
    expect(["d0", "d1", "d2"].map((name) => (getLink(program, name)?.flags ?? 0) & IFF.UP)).toEqual([1, 1, 0]);
    expect(program.change(RTM.DELLINK, 0, ifinfomsg({}), group)).toBe(0);
    expect(linkNames(program)).toEqual(["lo", "eth0", "d2"]);
    expect(program.change(RTM.DELLINK, 0, ifinfomsg({}), group)).toBe(-19);
    expect(program.change(RTM.DELLINK, 0, ifinfomsg({}), attribute(IFLA.GROUP, u32(0)))).toBe(-1);
  });
});

describe("RTM_DELLINK", () => {
  it("by name, told as gone with change all ones", () => {
    const { program, watcher } = watched();
    addLink(program, "d0", kind("dummy"));
    watcher.messages();
    expect(program.change(RTM.DELLINK, 0, ifinfomsg({}), named("d0"))).toBe(0);
    const [gone] = watcher.messages().map(linkOf);
    expect(gone).toMatchObject({ type: RTM.DELLINK, name: "d0", change: ALL, pid: 0, seq: 0, kind: "dummy" });
  });

  it.each([
    ["lo", "lo", -95],
    ["hardware", "eth0", -95],
    ["nobody", "nope", -19],
  ])("%s", (_, name, errno) => {
    const { program } = watched();
    expect(program.change(RTM.DELLINK, 0, ifinfomsg({}), named(name))).toBe(errno);
  });

  it("recorded: EOPNOTSUPP of lo is 52 bytes without text", () => {
    const { program } = watched();
    program.socket.setsockopt(270, 11, u32(1));
    const [error] = program.ask(RTM.DELLINK, 5, ifinfomsg({ index: 1 }));
    expect([error?.bytes.length, error?.flags, int(error?.body as Uint8Array, 0)]).toEqual([52, 0, -95]);
  });

  it("what was noted goes with it: the next interface of that index begins afresh", () => {
    const { program } = watched();
    addLink(program, "d0", kind("dummy"), attribute(IFLA.TXQLEN, u32(5)));
    const before = getLink(program, "d0")?.index;
    program.change(RTM.DELLINK, 0, ifinfomsg({}), named("d0"));
    addLink(program, "d1", kind("dummy"));
    expect(getLink(program, "d1")?.index).toBe(before);
    expect(getLink(program, "d1")?.word(IFLA.TXQLEN)).toBe(1000);
  });
});

describe("E10 alternative names", () => {
  const list = (...names: string[]) =>
    nest(IFLA.PROP_LIST, ...names.map((name) => attribute(IFLA.ALT_IFNAME, text(name))));

  it("are added, shown behind IFLA_MAP, found, and removed", () => {
    const { program, watcher } = watched();
    const long = "a-name-of-more-than-fifteen-characters";
    expect(
      program.change(RTM.NEWLINKPROP, F.CREATE | F.EXCL | F.APPEND, ifinfomsg({ index: EM0 }), list("wan", long)),
    ).toBe(0);
    const link = getLink(program, "wan");
    expect(link).toMatchObject({ index: EM0, name: "eth0", alternatives: ["wan", long] });
    expect(link?.attributes.slice(-2).map(({ type }) => type)).toEqual([14, IFLA.PROP_LIST]);
    const [found] = program.ask(RTM.GETLINK, F.REQUEST, ifinfomsg({}), attribute(IFLA.ALT_IFNAME, text(long)));
    expect(found?.type).toBe(RTM.NEWLINK);
    expect(program.change(RTM.DELLINKPROP, 0, ifinfomsg({}), named("eth0"), list("wan"))).toBe(0);
    expect(getLink(program, "wan")).toBeUndefined();
    expect(told(watcher)).toEqual(Array(2).fill([RTM.NEWLINK, "eth0", 0]));
  });

  it.each([
    ["one that somebody has", RTM.NEWLINKPROP, "lo", -17],
    ["its own name", RTM.NEWLINKPROP, "eth0", -17],
    ["none", RTM.NEWLINKPROP, "", -22],
    ["one of 128 characters", RTM.NEWLINKPROP, "a".repeat(128), -22],
    ["one that it has not", RTM.DELLINKPROP, "wan", -2],
  ])("%s", (_, type, name, errno) => {
    const { program } = watched();
    expect(program.change(type, 0, ifinfomsg({ index: EM0 }), list(name))).toBe(errno);
  });

  it("ENODEV and EINVAL of an interface that is not there, or not named; success without names", () => {
    const { program } = watched();
    expect(program.change(RTM.NEWLINKPROP, 0, ifinfomsg({ index: 99 }), list("wan"))).toBe(-19);
    expect(program.change(RTM.NEWLINKPROP, 0, ifinfomsg({}), list("wan"))).toBe(-22);
    expect(program.change(RTM.NEWLINKPROP, 0, ifinfomsg({ index: EM0 }))).toBe(0);
  });
});

describe("what ifconfig does", () => {
  it("L4.4: a new FreeBSD name leaves the number, the notes and the name that a program gave", () => {
    const { vnet, program, watcher } = watched();
    setLink(program, { index: EM0 }, attribute(IFLA.TXQLEN, u32(5)));
    watcher.messages();
    vnet.interfaceRename("em0", "wan0");
    expect(told(watcher)).toEqual([[RTM.NEWLINK, "eth0", 0]]);
    expect(getLink(program, "wan0")).toMatchObject({ index: EM0, name: "eth0" });
    expect(getLink(program, "em0")).toBeUndefined();
    expect(getLink(program, "eth0")?.word(IFLA.TXQLEN)).toBe(5);
    setLink(program, { index: EM0 }, named("mine"));
    vnet.interfaceRename("wan0", "em0");
    expect(getLink(program, "em0")?.name).toBe("mine");
  });

  it("a bridge that it makes has FreeBSD's name from the beginning, and takes no number", () => {
    const { vnet, program, watcher } = watched();
    vnet.interfaceCreate("bridge0");
    vnet.interfaceCreate("tap0");
    expect(told(watcher).map(([, name]) => name)).toEqual(["bridge0", "eth1"]);
    expect(linkNames(program)).toEqual(["lo", "eth0", "bridge0", "eth1"]);
  });

  it("a number is not given to an interface while another has its name", () => {
    const { vnet, program } = watched();
    addLink(program, "eth1", kind("bridge"));
    vnet.interfaceCreate("tap0");
    expect(linkNames(program)).toEqual(["lo", "eth0", "eth1", "eth2"]);
  });
});

describe("a send with several requests", () => {
  it("is answered one by one, in order", () => {
    const { program } = watched();
    const up = request(RTM.NEWLINK, 5, 1, ifinfomsg({ index: EM0 }), attribute(IFLA.MTU, u32(9)));
    const probe = request(RTM.NEWLINK, 5, 2, ifinfomsg({}));
    program.socket.send(Uint8Array.of(...up, ...probe));
    expect(program.messages().map(({ seq, body }) => [seq, int(body, 0)])).toEqual([
      [1, -22],
      [2, -19],
    ]);
  });
});
