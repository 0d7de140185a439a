import { describe, expect, it } from "vitest";
import { addLink, getLink, kind, linkOf, named, peer, setLink } from "./links.js";
import {
  attribute,
  attributesOf,
  F,
  find,
  hex,
  int,
  type Message,
  machine,
  openProgram,
  type Program,
  text,
  u8,
  u32,
} from "./program.js";

const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18 } as const;
const IFINFOMSG = 16;
const DUMP = F.REQUEST | F.DUMP;
const ifinfomsg = (family = 0, index = 0): Uint8Array => u8(family, 0, 0, 0, index, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

describe("W3, a dump's entry of lo0", () => {
  const { program } = machine();
  const seq = program.send(RTM.GETLINK, DUMP, ifinfomsg());
  const [lo] = program.messages();

  it("is 636 bytes with type LOOPBACK and LOWER_UP", () => {
    expect(lo?.bytes.length).toBe(636);
    expect(lo?.flags).toBe(F.MULTI);
    expect(lo?.seq).toBe(seq);
    expect(lo?.pid).toBe(2125);
    expect(hex(lo?.body.subarray(0, 16) as Uint8Array)).toBe("00000403010000004910010000000000");
  });

  it("has Linux's attributes in Linux's order", () => {
    const types = attributesOf(lo?.body as Uint8Array, IFINFOMSG).map(({ type }) => type);
    expect(types).toEqual([
      3, 13, 16, 17, 4, 50, 51, 27, 30, 61, 31, 40, 41, 58, 63, 64, 59, 60, 32, 33, 35, 47, 48, 39, 1, 2, 23, 7, 43, 6,
      26, 14,
    ]);
  });
});

describe("E5.4 names", () => {
  it("lo, then ethN in order of arrival", () => {
    const { program } = machine();
    const names = program
      .ask(RTM.GETLINK, DUMP, ifinfomsg(17))
      .filter(({ type }) => type === RTM.NEWLINK)
      .map(({ body }) => new TextDecoder().decode(find(attributesOf(body, IFINFOMSG), 3)));
    expect(names).toEqual(["lo\0", "eth0\0", "eth1\0"]);
  });

  it.each(["eth1", "em1"])("finds %s", (name) => {
    const { program } = machine();
    const [link] = program.ask(RTM.GETLINK, F.REQUEST, ifinfomsg(), attribute(29, u32(9)), attribute(3, text(name)));
    expect(link?.type).toBe(RTM.NEWLINK);
    expect(link?.flags).toBe(0);
    expect(int(link?.body as Uint8Array, 4)).toBe(3);
  });

  it("ENODEV for a name that nobody has, with the request as sent", () => {
    const { program } = machine();
    const [error] = program.ask(RTM.GETLINK, F.REQUEST, ifinfomsg(), attribute(3, text("nope")));
    expect(error?.type).toBe(2);
    expect(error?.flags).toBe(0);
    expect(int(error?.body as Uint8Array, 0)).toBe(-19);
    expect(error?.bytes.length).toBe(20 + 16 + 16 + 12);
    expect(int(error?.body as Uint8Array, 16)).toBe(0); // its own nlmsg_pid, not the port
  });
});

describe("E11.2 notifications of links", () => {
  it("an arrival is told to members, with change all ones, pid and seq 0", () => {
    const { abi, vnet } = machine();
    const watcher = openProgram(abi, vnet, 77);
    watcher.socket.bind(0, 1);
    vnet.interfaceCreate("epair0");
    const [a, b] = watcher.messages();
    expect([a?.type, a?.flags, a?.seq, a?.pid]).toEqual([RTM.NEWLINK, 0, 0, 0]);
    expect(int(a?.body as Uint8Array, 12)).toBe(-1);
    expect(find(attributesOf(b?.body as Uint8Array, IFINFOMSG), 3)).toEqual(text("eth3"));
  });

  it("a departure too, under the name it had", () => {
    const { abi, vnet } = machine();
    const watcher = openProgram(abi, vnet, 77);
    watcher.socket.bind(0, 1);
    vnet.interfaceDetach("em0");
    const gone = watcher.messages().find(({ type }) => type === RTM.DELLINK);
    expect(find(attributesOf(gone?.body as Uint8Array, IFINFOMSG), 3)).toEqual(text("eth0"));
  });
});

describe("[RF-LINUX-35] a link's attributes, in the order recorded", () => {
  it("a member of a bridge with an alias", () => {
    const { program } = machine();
    addLink(program, "br0", kind("bridge"));
    const { index } = getLink(program, "br0") as { index: number };
    addLink(program, "v0", kind("veth", peer(named("v1"))), attribute(10, u32(index)), attribute(20, text("uplink")));
    const types = getLink(program, "v0")?.attributes.map(({ type }) => type);
    expect(types).toEqual([
      3, 13, 16, 17, 4, 50, 51, 27, 30, 61, 31, 40, 41, 58, 63, 64, 59, 60, 32, 10, 33, 20, 35, 47, 48, 39, 1, 2, 23, 7,
      43, 18, 5, 6, 26, 14,
    ]);
  });

  it("hardware has the address that it came with, and no kind", () => {
    const { vnet, program } = machine();
    vnet.interfaceSet("em0", { lladdr: "02:00:00:00:00:77" });
    const link = getLink(program, "eth0");
    expect(link?.kind).toBeUndefined();
    expect(link?.address).toBe("2:0:0:0:0:119");
    expect(link?.attributes.find(({ type }) => type === 54)?.payload.join(":")).toBe("2:0:0:0:0:1");
  });
});

describe("[RF-LINUX-34] lo and names", () => {
  it("ARPHRD 772, zeros as addresses", () => {
    const { program } = machine();
    const link = getLink(program, "lo");
    expect(link).toMatchObject({ index: 1, hardware: 772, address: "0:0:0:0:0:0" });
    expect(link?.attributes.find(({ type }) => type === 2)?.payload.join(":")).toBe("0:0:0:0:0:0");
  });

  it("each name is found: Linux's, FreeBSD's, one that a program gave", () => {
    const { vnet, program } = machine();
    vnet.interfaceCreate("epair0");
    const index = vnet.interfaceIndex("epair0a") as number;
    for (const name of ["eth2", "epair0a"]) expect(getLink(program, name)?.index).toBe(index);
    setLink(program, { index }, named("wan"));
    for (const name of ["wan", "epair0a"]) expect(getLink(program, name)).toMatchObject({ index, name: "wan" });
    expect(getLink(program, "lo0")?.name).toBe("lo");
  });
});

describe("E3.5 a dump's filters", () => {
  const answer = (program: Program, ...filters: Uint8Array[]) =>
    program.ask(RTM.GETLINK, DUMP, ifinfomsg(), ...filters).filter(({ type }) => type === RTM.NEWLINK);

  it("by kind, compared with Linux's, DUMP_FILTERED", () => {
    const { program } = machine();
    addLink(program, "d0", kind("dummy"));
    addLink(program, "s0", kind("sit"));
    for (const [type, name] of [
      ["dummy", "d0"],
      ["sit", "s0"],
    ] as const) {
      const [link, ...more] = answer(program, kind(type));
      expect([linkOf(link as Message).name, link?.flags, more.length]).toEqual([name, F.MULTI | F.DUMP_FILTERED, 0]);
    }
    expect(answer(program, kind("ipip"))).toEqual([]);
  });

  it("recorded: a kind that the kernel does not know filters nothing", () => {
    const { program } = machine();
    const links = answer(program, kind("vrf"));
    expect(links.map(({ flags }) => flags)).toEqual([F.MULTI, F.MULTI, F.MULTI]);
  });

  it("by master, and those without one", () => {
    const { program } = machine();
    addLink(program, "br0", kind("bridge"));
    const { index } = getLink(program, "br0") as { index: number };
    setLink(program, { index: 2 }, attribute(10, u32(index)));
    expect(answer(program, attribute(10, u32(index))).map((each) => linkOf(each).name)).toEqual(["eth0"]);
    const names = answer(program, attribute(10, u32(0xffffffff))).map((each) => linkOf(each).name);
    expect(names).toEqual(["lo", "eth1", "br0"]);
  });
});

describe("W5", () => {
  it("`ip link set v1 up` on a strict socket is a success of 36 bytes", () => {
    const { program } = machine();
    for (const option of [11, 12]) program.socket.setsockopt(270, option, u32(1));
    const header = u8(0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0);
    const [ack, ...rest] = program.ask(RTM.NEWLINK, 5, header);
    expect([ack?.bytes.length, ack?.flags, int(ack?.body as Uint8Array, 0), rest]).toEqual([36, F.CAPPED, 0, []]);
  });
});
