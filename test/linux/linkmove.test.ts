import { describe, expect, it } from "vitest";
import { LinuxAbi } from "../../host/linux/abi.js";
import {
  addLink,
  getLink,
  IFLA,
  ifinfomsg,
  kind,
  LINK_GROUP,
  linkNames,
  linkOf,
  named,
  peer,
  RTM,
  refusal,
  setLink,
  told,
  watched,
} from "./links.js";
import { attribute, F, openProgram, type Program, text, u32 } from "./program.js";

const ALL = 0xffffffff;
const BLUE_PID = 3000;
const ADD = F.CREATE | F.EXCL;
const toBlue = attribute(IFLA.NET_NS_PID, u32(BLUE_PID));

/** Two vnets, a program and a watcher in each. */
function twoVnets() {
  const here = watched();
  const blue = here.kernel.vnetCreate("blue");
  const program = openProgram(here.abi, blue, BLUE_PID);
  const watcher = openProgram(here.abi, blue, BLUE_PID + 1);
  watcher.socket.bind(0, LINK_GROUP);
  return { ...here, blue: { vnet: blue, program, watcher } };
}

const indexOf = (program: Program, name: string): number => getLink(program, name)?.index ?? 0;

describe("E5.7 NET_NS_PID: an interface goes to the vnet of a process", () => {
  it("with its name, its notes, its alternative names and its index", () => {
    const { program, watcher, blue } = twoVnets();
    addLink(program, "d0", kind("dummy"), attribute(IFLA.TXQLEN, u32(5)));
    const index = indexOf(program, "d0");
    const alternative = attribute(IFLA.PROP_LIST, attribute(IFLA.ALT_IFNAME, text("spare")));
    program.change(RTM.NEWLINKPROP, 0, ifinfomsg({ index }), alternative);
    watcher.messages();
    expect(setLink(program, { index }, toBlue)).toBe(0);
    expect(told(watcher)).toEqual([[RTM.DELLINK, "d0", ALL]]);
    expect(told(blue.watcher)).toEqual([[RTM.NEWLINK, "d0", ALL]]);
    expect(getLink(program, "d0")).toBeUndefined();
    const link = getLink(blue.program, "spare");
    expect(link).toMatchObject({ index, name: "d0", alternatives: ["spare"], kind: "dummy" });
    expect(link?.word(IFLA.TXQLEN)).toBe(5);
  });

  it("one named by its number keeps that name, and gives the number back", () => {
    const { vnet, program, blue } = twoVnets();
    vnet.interfaceAttach({ name: "em1" });
    expect(setLink(program, { index: indexOf(program, "eth1") }, toBlue)).toBe(0);
    expect(linkNames(blue.program)).toEqual(["lo", "eth1"]);
    blue.vnet.interfaceCreate("tap0");
    expect(linkNames(blue.program)).toEqual(["lo", "eth1", "eth2"]);
    vnet.interfaceAttach({ name: "em2" });
    expect(linkNames(program)).toEqual(["lo", "eth0", "eth1"]);
  });

  it("gets another name on the way, and what else the request asks for is done there", () => {
    const { program, blue } = twoVnets();
    addLink(program, "d0", kind("dummy"));
    const parts = [toBlue, named("uplink%d"), attribute(IFLA.MTU, u32(1400))];
    expect(setLink(program, { index: indexOf(program, "d0"), flags: 1, change: 1 }, ...parts)).toBe(0);
    const link = getLink(blue.program, "uplink0");
    expect(link?.word(IFLA.MTU)).toBe(1400);
    expect((link?.flags ?? 0) & 1).toBe(1);
  });

  it("leaves its bridge", () => {
    const { program, blue } = twoVnets();
    addLink(program, "br0", kind("bridge"));
    addLink(program, "d0", kind("dummy"), attribute(IFLA.MASTER, u32(indexOf(program, "br0"))));
    setLink(program, { index: indexOf(program, "d0") }, toBlue);
    expect(getLink(blue.program, "d0")?.word(IFLA.MASTER)).toBeUndefined();
  });

  it("EEXIST when the name is taken there, and nothing moves; EINVAL for lo", () => {
    const { program, blue } = twoVnets();
    addLink(program, "d0", kind("dummy"));
    addLink(blue.program, "d0", kind("dummy"));
    expect(setLink(program, { index: indexOf(program, "d0") }, toBlue)).toBe(-17);
    expect(linkNames(program)).toEqual(["lo", "eth0", "d0"]);
    expect(setLink(program, { index: 1 }, toBlue, named("lo9"))).toBe(-22);
  });

  it("stays where it is when that is the vnet", () => {
    const { program } = twoVnets();
    expect(setLink(program, { index: 2 }, attribute(IFLA.NET_NS_PID, u32(2125)))).toBe(0);
    expect(linkNames(program)).toEqual(["lo", "eth0"]);
  });

  it.each([
    ["a process that nobody knows", [attribute(IFLA.NET_NS_PID, u32(9))], undefined],
    ["a descriptor that nobody knows", [attribute(IFLA.NET_NS_FD, u32(4))], undefined],
    ["an id", [attribute(46, u32(0))], undefined],
    ["two at once", [toBlue, attribute(IFLA.NET_NS_FD, u32(4))], "multiple netns identifying attributes specified"],
    ["an id of what it lies on", [attribute(IFLA.LINK_NETNSID, u32(0))], "Unknown network namespace id"],
  ])("EINVAL for %s", (_, parts, said) => {
    const { program } = twoVnets();
    expect(refusal(program, RTM.NEWLINK, 0, ifinfomsg({ index: 2 }), ...parts)).toEqual([-22, said]);
  });

  it("NET_NS_FD: a descriptor of the program, for who knows descriptors", () => {
    const { kernel, vnet } = twoVnets();
    const blue = kernel.vnet("blue");
    const abi = new LinuxAbi(kernel, {
      namespaces: { ofDescriptor: (pid, descriptor) => (pid === 42 && descriptor === 7 ? blue : undefined) },
    });
    const program = openProgram(abi, vnet, 42);
    expect(setLink(program, { index: 2 }, attribute(IFLA.NET_NS_FD, u32(6)))).toBe(-22);
    expect(setLink(program, { index: 2 }, attribute(IFLA.NET_NS_FD, u32(7)))).toBe(0);
    expect(blue?.interfaceIndex("em0")).toBe(2);
  });
});

describe("links made in another vnet", () => {
  it("a dummy", () => {
    const { program, watcher, blue } = twoVnets();
    expect(addLink(program, "d0", kind("dummy"), toBlue)).toBe(0);
    expect(told(watcher)).toEqual([]);
    expect(told(blue.watcher)).toEqual([[RTM.NEWLINK, "d0", ALL]]);
  });

  it("a veth whose peer is there: each has the other's index, with a namespace's id", () => {
    const { program, watcher, blue } = twoVnets();
    expect(addLink(program, "v0", kind("veth", peer(named("v1"), toBlue)))).toBe(0);
    expect(told(watcher)).toEqual([[RTM.NEWLINK, "v0", ALL]]);
    expect(told(blue.watcher)).toEqual([[RTM.NEWLINK, "v1", ALL]]);
    const [here, there] = [getLink(program, "v0"), getLink(blue.program, "v1")];
    expect(here?.word(IFLA.LINK)).toBe(there?.index);
    expect(there?.word(IFLA.LINK)).toBe(here?.index);
    expect([here?.word(IFLA.LINK_NETNSID), there?.word(IFLA.LINK_NETNSID)]).toEqual([0, 0]);
  });

  it("a step that fails leaves nothing in either", () => {
    const { program, watcher, blue } = twoVnets();
    const bad = peer(named("v1"), toBlue, attribute(IFLA.MASTER, u32(99)));
    expect(addLink(program, "v0", kind("veth", bad))).toBe(-19);
    expect([linkNames(program), linkNames(blue.program)]).toEqual([["lo", "eth0"], ["lo"]]);
    expect([told(watcher), told(blue.watcher)]).toEqual([[], []]);
  });

  it("EEXIST for a name that is taken there, with or without NLM_F_EXCL", () => {
    const { program, blue } = twoVnets();
    addLink(blue.program, "d0", kind("dummy"));
    for (const flags of [ADD, F.CREATE]) {
      expect(program.change(RTM.NEWLINK, flags, ifinfomsg({}), named("d0"), kind("dummy"), toBlue)).toBe(-17);
    }
  });
});

describe("interfaces that move by FreeBSD's means", () => {
  it("keep their notes and the name that a program gave; else they get a number of the vnet they come to", () => {
    const { vnet, program, blue } = twoVnets();
    setLink(program, { index: 2 }, attribute(IFLA.TXQLEN, u32(5)));
    vnet.interfaceMove("em0", blue.vnet);
    expect(getLink(blue.program, "eth0")?.word(IFLA.TXQLEN)).toBe(5);
    setLink(blue.program, { index: 2 }, named("wan"));
    blue.vnet.interfaceMove("em0", vnet);
    expect(getLink(program, "wan")?.word(IFLA.TXQLEN)).toBe(5);
    expect(linkNames(program)).toEqual(["lo", "wan"]);
  });

  it("into a vnet that no Linux program has been in", () => {
    const { kernel, abi, vnet, program } = twoVnets();
    setLink(program, { index: 2 }, named("wan"));
    const green = kernel.vnetCreate("green");
    vnet.interfaceMove("em0", green);
    abi.settle();
    expect(linkNames(openProgram(abi, green, 4000))).toEqual(["lo", "wan"]);
  });

  it("through a vnet and back, before anybody looked", () => {
    const { vnet, program, watcher, blue } = twoVnets();
    setLink(program, { index: 2 }, named("wan"));
    watcher.messages();
    vnet.interfaceMove("em0", blue.vnet);
    blue.vnet.interfaceMove("em0", vnet);
    expect(told(watcher)).toEqual([
      [RTM.NEWLINK, "wan", 1], // down
      [RTM.DELLINK, "wan", ALL],
      [RTM.NEWLINK, "wan", ALL],
    ]);
    expect(linkNames(blue.program)).toEqual(["lo"]);
  });

  it("a name that is taken is lost", () => {
    const { vnet, program, blue } = twoVnets();
    setLink(program, { index: 2 }, named("wan"));
    addLink(blue.program, "wan", kind("dummy"));
    vnet.interfaceMove("em0", blue.vnet);
    expect(linkNames(blue.program)).toEqual(["lo", "wan", "eth1"]);
  });

  it("an epair's halves know each other wherever they are, also when the layer saw them apart only", () => {
    const { kernel, vnet, program, blue } = twoVnets();
    vnet.interfaceCreate("epair0");
    const [a, b] = [vnet.interfaceIndex("epair0a"), vnet.interfaceIndex("epair0b")];
    vnet.interfaceMove("epair0b", blue.vnet);
    const lower = (each: Program, name: string) => {
      const link = getLink(each, name);
      return [link?.word(IFLA.LINK), link?.word(IFLA.LINK_NETNSID)];
    };
    expect(lower(program, "epair0a")).toEqual([b, 0]);
    expect(lower(blue.program, "epair0b")).toEqual([a, 0]);
    const late = openProgram(new LinuxAbi(kernel), vnet, 5000);
    expect(lower(late, "epair0a")).toEqual([b, 0]);
  });

  it("one half that is destroyed takes the other along, in its vnet", () => {
    const { vnet, program, blue } = twoVnets();
    addLink(program, "v0", kind("veth", peer(named("v1"), toBlue)));
    blue.watcher.messages();
    vnet.interfaceDestroy("epair0a");
    const gone = blue.watcher
      .messages()
      .map(linkOf)
      .filter(({ type }) => type === RTM.DELLINK);
    expect(gone.map(({ name }) => name)).toEqual(["v1"]);
    expect(linkNames(blue.program)).toEqual(["lo"]);
  });
});
