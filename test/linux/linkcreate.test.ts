import { describe, expect, it } from "vitest";
import {
  addLink,
  getLink,
  IFF,
  IFLA,
  ifinfomsg,
  kind,
  linkNames,
  linkOf,
  named,
  peer,
  RTM,
  refusal,
  told,
  watched,
} from "./links.js";
import { attribute, F, hex, type Message, nest, u8, u16, u32 } from "./program.js";

const EM0 = 2;
const ALL = 0xffffffff;
const ADD = F.CREATE | F.EXCL;
const hexOf = (data: readonly { type: number; payload: Uint8Array }[] | undefined) =>
  data?.map(({ type, payload }) => [type, hex(payload)]);

describe("[RF-LINUX-39] kinds of interface (E5.8)", () => {
  it.each([
    // kind, FreeBSD's name, hardware type
    ["dummy", "edsc0", 1],
    ["bridge", "bridge0", 1],
    ["vxlan", "vxlan0", 1],
    ["bond", "lagg0", 1],
    ["ipip", "gif0", 768],
    ["sit", "gif0", 776],
    ["ip6tnl", "gif0", 769],
    ["gre", "gre0", 778],
    ["wireguard", "wg0", 65534],
  ])("%s is made by FreeBSD as %s, and reads back with the name asked for", (type, real, hardware) => {
    const { vnet, program, watcher } = watched();
    expect(addLink(program, "mine", kind(type))).toBe(0);
    expect(vnet.interfaceIndex(real)).toBe(3);
    expect(getLink(program, "mine")).toMatchObject({ index: 3, kind: type, hardware });
    expect(told(watcher)).toEqual([[RTM.NEWLINK, "mine", ALL]]);
    expect(program.change(RTM.DELLINK, 0, ifinfomsg({}), named("mine"))).toBe(0);
    expect(linkNames(program)).toEqual(["lo", "eth0"]);
  });

  it.each([
    ["bridge", "bridge7"],
    ["bond", "lagg3"],
    ["dummy", "edsc4"],
    ["vxlan", "vxlan5"],
    ["ipip", "gif2"],
    ["wireguard", "wg1"],
  ])("a name of FreeBSD's own form is FreeBSD's name too: %s %s", (type, name) => {
    const { vnet, program } = watched();
    expect(addLink(program, name, kind(type))).toBe(0);
    expect(vnet.interfaceIndex(name)).toBe(3);
    expect(getLink(program, name)?.name).toBe(name);
  });

  it("one whose unit is in use gets another in FreeBSD, and the name in Linux", () => {
    const { kernel, vnet, program } = watched();
    vnet.interfaceCreate("bridge0");
    vnet.interfaceMove("bridge0", kernel.vnetCreate("blue"));
    expect(addLink(program, "bridge0", kind("bridge"))).toBe(0);
    expect(vnet.interfaceIndex("bridge1")).toBe(getLink(program, "bridge0")?.index);
  });

  it.each(["tun", "geneve", "gretap", "ip6gre", "vrf", "macvlan", "ifb", "foo", ""])("%s: EOPNOTSUPP", (type) => {
    const { program, watcher } = watched();
    const parts = [ifinfomsg({}), named("x0"), kind(type)];
    expect(refusal(program, RTM.NEWLINK, ADD, ...parts)).toEqual([-95, "Unknown device type"]);
    expect(linkNames(program)).toEqual(["lo", "eth0"]);
    expect(watcher.messages()).toEqual([]);
  });

  it("recorded: the answer to `ip link add x0 type nosuchkind` is 104 bytes", () => {
    const { program } = watched();
    program.socket.setsockopt(270, 11, u32(1));
    const [error] = program.ask(RTM.NEWLINK, 0x605, ifinfomsg({}), named("x0"), kind("nosuchkind"));
    expect([error?.bytes.length, error?.flags]).toEqual([104, F.ACK_TLVS]);
  });

  it("without a kind EOPNOTSUPP, without a name the kernel's choice", () => {
    const { program } = watched();
    expect(addLink(program, "x0")).toBe(-95);
    expect(program.change(RTM.NEWLINK, ADD, ifinfomsg({}), kind("dummy"))).toBe(0);
    expect(program.change(RTM.NEWLINK, ADD, ifinfomsg({}), kind("bridge"))).toBe(0);
    expect(linkNames(program)).toEqual(["lo", "eth0", "eth1", "bridge0"]);
  });

  it("%d in a name is the lowest number that is free", () => {
    const { program } = watched();
    for (const name of ["d0", "d2", "d%d", "d%d"]) expect(addLink(program, name, kind("dummy"))).toBe(0);
    expect(linkNames(program)).toEqual(["lo", "eth0", "d0", "d2", "d1", "d3"]);
  });

  it("no index can be chosen, and no map or protocol's settings given", () => {
    const { program } = watched();
    expect(program.change(RTM.NEWLINK, ADD, ifinfomsg({ index: 9 }), named("d0"), kind("dummy"))).toBe(-95);
    expect(addLink(program, "d0", kind("dummy"), nest(12))).toBe(-95);
  });

  it("with address, MTU, flags, alias, queue length and group at once", () => {
    const { program, watcher } = watched();
    const header = ifinfomsg({ flags: IFF.UP, change: IFF.UP });
    const parts = [
      attribute(IFLA.ADDRESS, u8(2, 0, 0, 0, 0, 9)),
      attribute(IFLA.MTU, u32(1400)),
      attribute(IFLA.IFALIAS, new TextEncoder().encode("spare")),
      attribute(IFLA.TXQLEN, u32(7)),
      attribute(IFLA.GROUP, u32(4)),
    ];
    expect(program.change(RTM.NEWLINK, ADD, header, named("d0"), kind("dummy"), ...parts)).toBe(0);
    const link = getLink(program, "d0");
    expect(link).toMatchObject({ address: "2:0:0:0:0:9", alias: "spare" });
    expect([IFLA.MTU, IFLA.TXQLEN, IFLA.GROUP].map((type) => link?.word(type))).toEqual([1400, 7, 4]);
    expect((link?.flags ?? 0) & (IFF.UP | IFF.RUNNING | IFF.LOWER_UP)).toBe(IFF.UP | IFF.RUNNING | IFF.LOWER_UP);
    // It arrives complete, then comes up.
    expect(told(watcher)).toEqual([
      [RTM.NEWLINK, "d0", ALL],
      [RTM.NEWLINK, "d0", IFF.UP],
    ]);
  });
});

describe("settings that FreeBSD's cloners do not take are kept (E5.1, E5.8)", () => {
  it.each([
    ["vxlan", [attribute(1, u32(42)), attribute(4, u8(192, 0, 2, 1)), attribute(15, u8(0x12, 0xb5))]],
    ["bond", [attribute(1, u8(1)), attribute(3, u32(100))]],
    ["gre", [attribute(6, u8(192, 0, 2, 1)), attribute(7, u8(192, 0, 2, 2))]],
  ])("%s", (type, data) => {
    const { program } = watched();
    expect(addLink(program, "x0", kind(type, ...data))).toBe(0);
    const given = data.map((each) => [each[2], hex(each.subarray(4, (each[0] as number) | 0))]);
    expect(hexOf(getLink(program, "x0")?.data)).toEqual(given);
  });

  it("a bridge shows its VLAN filtering, which BIRD reads, whether or not it is given", () => {
    const { program } = watched();
    addLink(program, "br0", kind("bridge"));
    addLink(program, "br1", kind("bridge", attribute(5, u32(1))));
    addLink(program, "br2", kind("bridge", attribute(7, u8(1))));
    const data = ["br0", "br1", "br2"].map((name) => hexOf(getLink(program, name)?.data));
    expect(data).toEqual([
      [[7, "00"]],
      [
        [7, "00"],
        [5, "01000000"],
      ],
      [[7, "01"]],
    ]);
  });

  it("a tunnel's ends are its addresses", () => {
    const { program } = watched();
    addLink(program, "t0", kind("ipip", attribute(2, u8(192, 0, 2, 1)), attribute(3, u8(198, 51, 100, 1))));
    const link = getLink(program, "t0");
    expect(link?.address).toBe("192:0:2:1");
    expect(link?.attributes.find(({ type }) => type === IFLA.BROADCAST)?.payload.join(".")).toBe("198.51.100.1");
    addLink(program, "t1", kind("ipip"));
    expect(getLink(program, "t1")?.address).toBeUndefined();
  });
});

describe("veth", () => {
  it("both halves with the names asked for, each linked to the other; the peer is told of first", () => {
    const { vnet, program, watcher } = watched();
    const address = attribute(IFLA.ADDRESS, u8(2, 0, 0, 0, 0, 8));
    const mtu = attribute(IFLA.MTU, u32(1400));
    expect(addLink(program, "v0", kind("veth", peer(named("v1"), address, mtu)))).toBe(0);
    expect(told(watcher)).toEqual([
      [RTM.NEWLINK, "v1", ALL],
      [RTM.NEWLINK, "v0", ALL],
    ]);
    const [a, b] = [getLink(program, "v0"), getLink(program, "v1")];
    expect([a?.index, b?.index]).toEqual([vnet.interfaceIndex("epair0a"), vnet.interfaceIndex("epair0b")]);
    expect([a?.word(IFLA.LINK), b?.word(IFLA.LINK)]).toEqual([b?.index, a?.index]);
    expect([a?.kind, b?.kind, a?.word(IFLA.MTU), b?.word(IFLA.MTU)]).toEqual(["veth", "veth", 1500, 1400]);
    expect(b?.address).toBe("2:0:0:0:0:8");
    expect(a?.word(IFLA.LINK_NETNSID)).toBeUndefined();
  });

  it("without a peer's name, and without a peer", () => {
    const { program } = watched();
    expect(addLink(program, "v0", kind("veth", peer()))).toBe(0);
    expect(addLink(program, "v1", kind("veth"))).toBe(0);
    expect(linkNames(program)).toEqual(["lo", "eth0", "v0", "eth2", "v1", "eth4"]);
  });

  it("FreeBSD's own names", () => {
    const { vnet, program } = watched();
    expect(addLink(program, "epair4a", kind("veth", peer(named("epair4b"))))).toBe(0);
    expect(addLink(program, "epair6a", kind("veth", peer(named("epair7b"))))).toBe(0);
    expect(vnet.interfaceIndex("epair4a")).toBe(getLink(program, "epair4a")?.index);
    expect(vnet.interfaceIndex("epair0b")).toBe(getLink(program, "epair7b")?.index);
  });

  it("deleting one deletes both: two DELLINKs", () => {
    const { program, watcher } = watched();
    addLink(program, "v0", kind("veth", peer(named("v1"))));
    watcher.messages();
    expect(program.change(RTM.DELLINK, 0, ifinfomsg({}), named("v1"))).toBe(0);
    const gone = told(watcher).filter(([type]) => type === RTM.DELLINK);
    expect(gone.map(([, name]) => name).sort()).toEqual(["v0", "v1"]);
    expect(linkNames(program)).toEqual(["lo", "eth0"]);
  });

  it("recorded: EEXIST of the peer's name is 104 bytes without text", () => {
    const { program } = watched();
    addLink(program, "e0", kind("dummy"));
    program.socket.setsockopt(270, 11, u32(1));
    // `ip link add e4 type veth peer name e0`, its attributes as sent.
    const sent =
      "07000300653400002c0012000800010076657468200002001c000100000000000000000000000000000000000700030065300000";
    const attributes = Uint8Array.from(Buffer.from(sent, "hex"));
    const [error] = program.ask(RTM.NEWLINK, 0x605, ifinfomsg({}), attributes);
    expect([error?.bytes.length, error?.flags, hex((error as Message).body.subarray(0, 4))]).toEqual([
      104,
      0,
      "efffffff",
    ]);
    expect(linkNames(program)).toEqual(["lo", "eth0", "e0"]);
  });

  it("EEXIST when both are to have one name, EINVAL for a name that is none", () => {
    const { program } = watched();
    expect(addLink(program, "v0", kind("veth", peer(named("v0"))))).toBe(-17);
    expect(addLink(program, "v0", kind("veth", peer(named("a/b"))))).toBe(-22);
    expect(addLink(program, "v0", kind("veth", nest(1, u8(0, 0, 0, 0))))).toBe(-22);
  });
});

describe("vlan", () => {
  const id = (vid: number) => attribute(1, u16(vid));
  const on = (index: number) => attribute(IFLA.LINK, u32(index));

  it("on its parent, with the id, the protocol big-endian and the flags that Linux has", () => {
    const { vnet, program } = watched();
    expect(addLink(program, "eth0.10", on(EM0), kind("vlan", id(10), attribute(5, u8(0x88, 0xa8))))).toBe(0);
    expect(vnet.interfaceIndex("vlan0")).toBe(3);
    const link = getLink(program, "eth0.10");
    expect(link).toMatchObject({ kind: "vlan", hardware: 1 });
    expect(link?.word(IFLA.LINK)).toBe(EM0);
    expect(hexOf(link?.data)).toEqual([
      [5, "88a8"],
      [1, "0a00"],
      [2, "01000000ffffffff"],
    ]);
  });

  it("loses its parent when that goes", () => {
    const { vnet, program } = watched();
    vnet.interfaceAttach({ name: "em1" });
    addLink(program, "v10", on(3), kind("vlan", id(10)));
    vnet.interfaceDetach("em1");
    expect(getLink(program, "v10")?.word(IFLA.LINK)).toBeUndefined();
  });

  it.each([
    ["no settings", [on(EM0), kind("vlan")], -22, "8021q: VLAN properties not specified"],
    ["no id", [on(EM0), kind("vlan", attribute(5, u8(0x81, 0)))], -22, "8021q: VLAN id not specified"],
    ["an id of 4095", [on(EM0), kind("vlan", id(4095))], -34, "8021q: Invalid VLAN id"],
    ["another protocol", [on(EM0), kind("vlan", id(1), attribute(5, u8(8, 0)))], -93, "8021q: Invalid VLAN protocol"],
    ["no parent", [kind("vlan", id(10))], -22, "8021q: link not specified"],
    ["an unknown parent", [on(99), kind("vlan", id(10))], -19, "8021q: link does not exist"],
    ["a parent without vlans", [on(1), kind("vlan", id(10))], -95, "8021q: VLANs not supported on device"],
  ])("%s", (_, rest, errno, said) => {
    const { program, watcher } = watched();
    expect(refusal(program, RTM.NEWLINK, ADD, ifinfomsg({}), named("v10"), ...rest)).toEqual([errno, said]);
    expect(watcher.messages()).toEqual([]);
    expect(linkNames(program)).toEqual(["lo", "eth0"]);
  });

  it("an id that the parent has", () => {
    const { program } = watched();
    addLink(program, "a", on(EM0), kind("vlan", id(10)));
    const parts = [ifinfomsg({}), named("b"), on(EM0), kind("vlan", id(10))];
    expect(refusal(program, RTM.NEWLINK, ADD, ...parts)).toEqual([-17, "8021q: VLAN device already exists"]);
  });
});

describe("[RF-LINUX-39] a step that fails leaves nothing", () => {
  it.each([
    ["an MTU", [kind("dummy"), attribute(IFLA.MTU, u32(9))], -22],
    ["an address", [kind("dummy"), attribute(IFLA.ADDRESS, u8(1, 0, 0, 0, 0, 0))], -99],
    ["a master that is not there", [kind("dummy"), attribute(IFLA.MASTER, u32(99))], -19],
    ["the peer's MTU", [kind("veth", peer(named("v1"), attribute(IFLA.MTU, u32(9))))], -22],
    ["the peer's master", [kind("veth", peer(named("v1"), attribute(IFLA.MASTER, u32(1))))], -95],
  ])("%s", (_, rest, errno) => {
    const { vnet, program, watcher } = watched();
    expect(addLink(program, "x0", ...rest)).toBe(errno);
    expect(watcher.messages()).toEqual([]);
    expect(linkNames(program)).toEqual(["lo", "eth0"]);
    for (const name of ["edsc0", "epair0a", "epair0b"]) expect(vnet.interfaceIndex(name)).toBeUndefined();
    // The name is free, and the next one begins afresh.
    expect(addLink(program, "x0", kind("dummy"))).toBe(0);
  });

  it("nor does a kernel without memory, at whichever allocation", () => {
    for (let n = 1; n < 200; n++) {
      const { vnet, program, watcher } = watched();
      program.ask(RTM.NEWLINK, F.REQUEST, ifinfomsg({})); // it is bound
      vnet.failAllocation(n);
      const errno = addLink(program, "v0", kind("veth", peer(named("v1"))));
      vnet.failAllocation(0);
      const names = linkNames(program);
      if (errno === 0) {
        expect(names).toEqual(["lo", "eth0", "v0", "v1"]);
        if (n > 20) return;
      } else {
        expect(names).toEqual(["lo", "eth0"]);
        expect(watcher.messages()).toEqual([]);
      }
    }
  });
});

describe("E3.9, C6 who is told", () => {
  it("links name no cause, unless the program asks for its own echo", () => {
    const { program, watcher } = watched();
    addLink(program, "d0", kind("dummy"));
    expect(watcher.messages().map(({ seq, pid }) => [seq, pid])).toEqual([[0, 0]]);
    const flags = F.REQUEST | F.ACK | F.ECHO | ADD;
    const answers = program.ask(RTM.NEWLINK, flags, ifinfomsg({}), named("d1"), kind("dummy"));
    expect(answers.map(({ type, pid }) => [type, pid])).toEqual([
      [RTM.NEWLINK, 2125],
      [2, 2125],
    ]);
    const echo = linkOf(answers[0] as Message);
    expect(echo).toMatchObject({ name: "d1", change: ALL, seq: answers[1]?.seq });
    const gone = program.ask(RTM.DELLINK, F.REQUEST | F.ACK | F.ECHO, ifinfomsg({}), named("d1"));
    expect(gone.map(({ type }) => type)).toEqual([RTM.DELLINK, 2]);
  });
});
