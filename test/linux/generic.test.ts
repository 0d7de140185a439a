// Generic netlink for Linux programs: the controller, families of modules, their groups.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { Kernel } from "../../host/kernel/kernel.js";
import { LinuxAbi, linesOf, type Rewrite } from "../../host/linux/abi.js";
import { fieldsOf } from "../../host/linux/fields.js";
import { messageName } from "../../host/linux/messagename.js";
import { LINUX_PLAYER } from "../../host/linux/replay.js";
import { dummyFile } from "../module/modules.js";
import {
  attribute,
  attributesOf,
  errorOf,
  F,
  find,
  hex,
  int,
  type Machine,
  type Message,
  machine,
  messagesOf,
  Program,
  request,
  text,
  u8,
  u16,
  u32,
} from "./program.js";

const CTRL = 16;
const DONE = 3;
const NEWFAMILY = 1;
const DELFAMILY = 2;
const GETFAMILY = 3;
const GETPOLICY = 10;
const ATTR = { ID: 1, NAME: 2 } as const;
const SOL_NETLINK = 270;
const OPTION = { ADD_MEMBERSHIP: 1, DROP_MEMBERSHIP: 2, LIST_MEMBERSHIPS: 9, EXT_ACK: 11 } as const;

/** What FreeBSD says of nlctrl, behind the nlmsghdr (netlink-core N12). */
const NLCTRL = `
  01020000 0b000200 6e6c6374 726c0000 06000100 10000000 08000300 02000000 08000400 00000000 08000500 0a000000
  18000600 14000100 08000100 03000000 08000200 0e000000
  1c000700 18000100 08000200 30000000 0b000100 6e6f7469 66790000`;

const genl = (command: number, version = 1): Uint8Array => u8(command, version, 0, 0);
const byName = (name: string): Uint8Array => attribute(ATTR.NAME, text(name));
const byId = (id: number): Uint8Array => attribute(ATTR.ID, u16(id));

interface Generic extends Machine {
  readonly generic: Program;
}

function openGeneric({ abi, vnet }: Machine, isPrivileged = true, pid = 77): Program {
  const program = new Program(abi.socket(vnet, { type: 3, protocol: NETLINK.GENERIC, pid, isPrivileged }));
  program.socket.setsockopt(SOL_NETLINK, OPTION.EXT_ACK, u32(1));
  return program;
}

function start(...modules: string[]): Generic {
  const made = machine();
  for (const name of modules) made.kernel.kldload(name, name === "dummy" ? dummyFile() : undefined);
  return { ...made, generic: openGeneric(made) };
}

function join(program: Program, group: number): void {
  program.socket.setsockopt(SOL_NETLINK, OPTION.ADD_MEMBERSHIP, u32(group));
}

/** Command and name of a family that the controller tells of. */
function told({ type, body }: Message): [number, number, string] {
  const name = find(attributesOf(body, 4), ATTR.NAME) as Uint8Array;
  return [type, body[0] as number, new TextDecoder().decode(name.slice(0, -1))];
}

describe("[E10.2] [X-42] CTRL_CMD_GETFAMILY", () => {
  it.each([
    ["by name", byName("nlctrl")],
    ["by id", byId(CTRL)],
  ])("%s gives the family as FreeBSD writes it, without flags, and an ack only when asked", (_how, which) => {
    const { generic } = start();
    const [family, ...more] = generic.ask(CTRL, F.REQUEST, genl(GETFAMILY), which);
    expect(more).toEqual([]);
    expect(family).toMatchObject({ type: CTRL, flags: 0, pid: 77 });
    expect(hex(family?.body as Uint8Array)).toBe(NLCTRL.replaceAll(/\s/g, ""));
    const answers = generic.ask(CTRL, F.REQUEST | F.ACK, genl(GETFAMILY), which);
    expect(answers.map(({ type }) => type)).toEqual([CTRL, 2]);
    expect(errorOf(answers).errno).toBe(0);
  });

  it.each<[string, Uint8Array[], number, string | undefined]>([
    ["an unknown name", [byName("nl80211")], -2, undefined],
    ["an unknown id", [byId(99)], -2, undefined],
    ["id 0", [byId(0)], -2, undefined],
    ["neither, without NLM_F_DUMP", [], -22, undefined],
    ["a name without NUL", [attribute(ATTR.NAME, u8(110, 108))], -22, "Attribute failed policy validation"],
    ["a name of 16 characters", [byName("a".repeat(16))], -22, "Attribute failed policy validation"],
    ["an id of one byte", [attribute(ATTR.ID, u8(16))], -34, "Attribute failed policy validation"],
  ])("[RF-LINUX-15] of %s is refused as on Linux", (_what, which, errno, why) => {
    expect(errorOf(start().generic.ask(CTRL, F.REQUEST, genl(GETFAMILY), ...which))).toEqual({ errno, text: why });
  });

  it("takes the name when there is an id as well", () => {
    const [family] = start().generic.ask(CTRL, F.REQUEST, genl(GETFAMILY), byId(99), byName("nlctrl"));
    expect(family && told(family)).toEqual([CTRL, NEWFAMILY, "nlctrl"]);
  });

  it("[E2.4] dumps all families with MULTI in one datagram, and NLMSG_DONE at its end, without an ack", () => {
    const { generic } = start("nlsysevent", "dummy");
    generic.send(CTRL, F.REQUEST | F.DUMP | F.ACK, genl(GETFAMILY), byName("dummy"));
    const datagrams = generic.datagrams().map(messagesOf);
    expect(datagrams).toHaveLength(1);
    const messages = datagrams[0] as Message[];
    expect(messages.map(({ type, flags }) => [type, flags])).toEqual([
      [CTRL, F.MULTI],
      [CTRL, F.MULTI],
      [CTRL, F.MULTI],
      [DONE, F.MULTI],
    ]);
    expect(messages.slice(0, -1).map((each) => told(each)[2])).toEqual(["nlctrl", "nlsysevent", "dummy"]);
  });
});

describe("[X-42] what no family answers", () => {
  it("is ENOENT for a family that is not there, also without a genlmsghdr", () => {
    const { generic } = start();
    expect(errorOf(generic.ask(17, F.REQUEST, genl(1))).errno).toBe(-2);
    expect(errorOf(generic.ask(999, F.REQUEST, genl(1))).errno).toBe(-2);
    expect(errorOf(generic.ask(17, F.REQUEST)).errno).toBe(-2);
  });

  it("is EINVAL for a message without a genlmsghdr, EOPNOTSUPP for a command that the family does not have", () => {
    const { generic } = start("dummy");
    expect(errorOf(generic.ask(CTRL, F.REQUEST)).errno).toBe(-22);
    expect(errorOf(generic.ask(17, F.REQUEST)).errno).toBe(-22);
    expect(errorOf(generic.ask(CTRL, F.REQUEST | F.DUMP, genl(GETPOLICY))).errno).toBe(-95);
    expect(errorOf(generic.ask(17, F.REQUEST, genl(200))).errno).toBe(-95);
  });
});

describe("a family of a module", () => {
  const ECHO = 1;
  const COUNT = 2;
  const RESET = 3;
  const DUMP = 4;

  it("answers a program byte for byte as a client of FreeBSD's", () => {
    const { generic } = start("dummy");
    const data = attribute(1, u8(1, 2, 3));
    const answers = generic.ask(17, F.REQUEST | F.ACK, genl(ECHO), data);
    expect(answers.map(({ type }) => type)).toEqual([17, 2]);
    expect(hex(answers[0]?.body as Uint8Array)).toBe(`01010000${hex(data)}`);
    expect(answers[0]).toMatchObject({ seq: answers[1]?.seq, pid: 77 });
  });

  it("dumps in datagrams of Linux's size, and ends with NLMSG_DONE", () => {
    const { generic } = start("dummy");
    generic.send(17, F.REQUEST | F.DUMP, genl(DUMP), attribute(3, u32(20_000)));
    const datagrams = generic.datagrams();
    expect(datagrams.length).toBeGreaterThan(1);
    expect(Math.max(...datagrams.map(({ length }) => length))).toBeLessThanOrEqual(32_448);
    const messages = datagrams.flatMap(messagesOf);
    expect(messages).toHaveLength(20_001);
    expect(messages[20_000]).toMatchObject({ type: DONE, flags: F.MULTI });
    expect(messages.slice(0, -1).map(({ body }) => int(body, 8))).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
  });

  it("[L9.3] refuses with Linux's number, the family's own text, and the program's own message", () => {
    const { generic } = start("dummy");
    expect(errorOf(generic.ask(17, F.REQUEST, genl(ECHO)))).toEqual({ errno: -22, text: "DATA is missing" });
    const [error] = generic.ask(17, F.REQUEST | F.DUMP, genl(DUMP), attribute(3, u32(100_001)));
    expect(errorOf([error as Message])).toEqual({ errno: -22, text: "COUNT is above 100000" });
    expect(int(error?.body as Uint8Array, 4)).toBe(28);
  });

  it("[RF-GENL-4] asks for privilege where FreeBSD's family does", () => {
    const made = start("dummy");
    const guest = openGeneric(made, false, 78);
    expect(guest.change(17, 0, genl(RESET))).toBe(-1);
    expect(guest.change(17, 0, genl(COUNT))).toBe(0);
    expect(made.generic.change(17, 0, genl(RESET))).toBe(0);
  });
});

describe("whatever a program sends", () => {
  it("is answered or ignored, and the next request is served", () => {
    const { generic } = start("nlsysevent", "dummy");
    const type = fc.constantFrom(CTRL, 17, 18, 19, 999);
    const flags = fc.constantFrom(F.REQUEST, F.REQUEST | F.ACK, F.REQUEST | F.DUMP, 0);
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(fc.nat(12), fc.nat(12), fc.uint8Array({ maxLength: 24 })).map(([command, attr, bytes]) => {
        return Uint8Array.from([...genl(command), ...attribute(attr, bytes)]);
      }),
    );
    fc.assert(
      fc.property(type, flags, body, (family, flag, bytes) => {
        generic.ask(family, flag, bytes);
        const [nlctrl] = generic.ask(CTRL, F.REQUEST, genl(GETFAMILY), byName("nlctrl"));
        expect(nlctrl && told(nlctrl)).toEqual([CTRL, NEWFAMILY, "nlctrl"]);
      }),
      { numRuns: 300 },
    );
  });

  it("is recorded, and runs again to the same answers", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], record: true });
    kernel.kldload("dummy", dummyFile());
    const abi = new LinuxAbi(kernel);
    const socket = abi.socket(kernel.vnet0, { type: 3, protocol: NETLINK.GENERIC, pid: 77, isPrivileged: true });
    const generic = new Program(socket);
    join(generic, 16);
    join(generic, 49);
    generic.ask(17, F.REQUEST | F.DUMP, genl(4), attribute(3, u32(100)));
    generic.change(17, 0, genl(5), attribute(6, u32(100)));
    kernel.advance(250);
    expect(generic.messages()).toHaveLength(2);
    kernel.kldunload("dummy");
    expect(generic.messages()).toHaveLength(1);
    socket.close();
    expect(() => Kernel.replay(kernel.record(), undefined, LINUX_PLAYER)).not.toThrow();
  });

  it("is shown to an observer, both ways, and so is what the kernel tells", () => {
    const rewrites: Rewrite[] = [];
    const made = machine(undefined, { tap: (each) => rewrites.push(each) });
    const generic = openGeneric(made);
    generic.ask(CTRL, F.REQUEST, genl(GETFAMILY), byName("nlctrl"));
    join(generic, 16);
    made.kernel.kldload("dummy", dummyFile());
    expect(generic.messages()).toHaveLength(1);
    expect(
      rewrites.map(({ direction, protocol, before, after }) => [direction, protocol, before?.[4], after.length]),
    ).toEqual([
      ["toKernel", NETLINK.GENERIC, CTRL, 1],
      ["toProgram", NETLINK.GENERIC, CTRL, 1],
      ["toProgram", NETLINK.GENERIC, CTRL, 1],
    ]);
  });
});

describe("groups", () => {
  it.each([
    ["16, as on Linux", 16],
    ["48, as the controller says", 48],
  ])("[RF-GENL-6] %s, is the controller's: families come and go", (_name, group) => {
    const { kernel, generic } = start();
    join(generic, group);
    kernel.kldload("dummy", dummyFile());
    kernel.kldunload("dummy");
    const datagrams = generic.datagrams();
    expect(datagrams).toHaveLength(2);
    expect(datagrams.flatMap(messagesOf).map(told)).toEqual([
      [CTRL, NEWFAMILY, "dummy"],
      [CTRL, DELFAMILY, "dummy"],
    ]);
    generic.socket.setsockopt(SOL_NETLINK, OPTION.DROP_MEMBERSHIP, u32(group));
    kernel.kldload("dummy", dummyFile());
    expect(generic.messages()).toEqual([]);
  });

  it("of the bind mask are joined, too, and the sender's address has the group's bit", () => {
    const { kernel, generic } = start();
    generic.socket.bind(0, 1 << 15);
    kernel.kldload("dummy", dummyFile());
    const told = (generic.socket as { receive(offer: number): { groups: number; group: number } | undefined }).receive(
      4096,
    );
    expect(told).toMatchObject({ groups: 1 << 15, group: 16 });
    generic.socket.bind(77, 0);
    kernel.kldunload("dummy");
    expect(generic.messages()).toEqual([]);
  });

  it("of a module are told as its events come", () => {
    const { kernel, generic } = start("dummy");
    join(generic, 49);
    generic.change(17, 0, genl(5), attribute(6, u32(100)));
    expect(generic.socket.isReadable).toBe(false);
    kernel.advance(250);
    expect(generic.socket.isReadable).toBe(true);
    const ticks = generic.messages();
    expect(ticks.map(({ type, seq, pid, body }) => [type, seq, pid, body[0], int(body, 8)])).toEqual([
      [17, 0, 0, 6, 1],
      [17, 0, 0, 6, 2],
    ]);
  });

  it("of nlsysevent hear what devctl is told", () => {
    const { vnet, generic } = start("nlsysevent");
    join(generic, 59);
    vnet.interfaceCreate("epair0");
    expect(generic.messages().length).toBeGreaterThan(0);
  });

  it("are 1 to 127, and listed", () => {
    const { generic } = start();
    const { socket } = generic;
    for (const group of [0, 128]) expect(() => join(generic, group)).toThrow("EINVAL");
    for (const group of [1, 16, 127]) join(generic, group);
    const words = new Uint32Array(socket.getsockopt(SOL_NETLINK, OPTION.LIST_MEMBERSHIPS, 16).slice().buffer);
    expect([...words]).toEqual([0x8001, 0, 0, 0x4000_0000]);
  });

  it("of another protocol have nothing to do with them", () => {
    const { kernel, program, generic, vnet } = start("nlsysevent");
    join(program, 16);
    join(generic, 1);
    kernel.kldload("dummy", dummyFile());
    vnet.interfaceCreate("epair0");
    expect(program.messages()).toEqual([]);
    expect(generic.messages()).toEqual([]);
  });

  it("[E2.6] a notification without room is ENOBUFS, once", () => {
    const { kernel, generic } = start("dummy");
    generic.socket.setsockopt(1, 8, u32(1024));
    join(generic, 49);
    generic.change(17, 0, genl(5), attribute(6, u32(10)));
    kernel.advance(1000);
    expect(() => generic.messages()).toThrow("ENOBUFS");
    expect(generic.messages().length).toBeGreaterThan(0);
  });

  it("end with their socket", () => {
    const made = start();
    join(made.generic, 16);
    made.generic.socket.close();
    made.program.socket.close();
    made.kernel.kldunload("linux_common");
    made.kernel.kldunload("netlink");
    expect(made.kernel.isLoaded("netlink")).toBe(false);
  });
});

describe("messages of generic netlink, shown", () => {
  const reply = request(CTRL, 0, 7, Uint8Array.from(Buffer.from(NLCTRL.replace(/\s/g, ""), "hex")));
  const said = (message: Uint8Array): [string, unknown][] =>
    fieldsOf(message, "program", NETLINK.GENERIC)
      .filter(({ name }) => !name.startsWith("nlmsg_"))
      .map(({ name, value }) => [name, typeof value === "number" ? value : hex(value)]);

  it("have the controller's commands and attributes by name, lists by place", () => {
    expect(said(reply)).toEqual([
      ["cmd", NEWFAMILY],
      ["version", 2],
      ["reserved", 0],
      ["CTRL_ATTR_FAMILY_NAME", hex(text("nlctrl"))],
      ["CTRL_ATTR_FAMILY_ID", "1000"],
      ["CTRL_ATTR_VERSION", "02000000"],
      ["CTRL_ATTR_HDRSIZE", "00000000"],
      ["CTRL_ATTR_MAXATTR", "0a000000"],
      ["CTRL_ATTR_OPS.1.CTRL_ATTR_OP_ID", "03000000"],
      ["CTRL_ATTR_OPS.1.CTRL_ATTR_OP_FLAGS", "0e000000"],
      ["CTRL_ATTR_MCAST_GROUPS.1.CTRL_ATTR_MCAST_GRP_ID", "30000000"],
      ["CTRL_ATTR_MCAST_GROUPS.1.CTRL_ATTR_MCAST_GRP_NAME", hex(text("notify"))],
    ]);
  });

  it("of other families have their command, and the rest as one field", () => {
    const message = request(CTRL + 1, 0, 7, genl(5), attribute(1, u32(9)));
    expect(said(message)).toEqual([
      ["cmd", 5],
      ["version", 1],
      ["reserved", 0],
      ["payload", "0800010009000000"],
    ]);
  });

  it("are called by their commands", () => {
    const name = (type: number, ...parts: Uint8Array[]): string =>
      messageName(request(type, 0, 7, ...parts), NETLINK.GENERIC);
    expect(name(CTRL, genl(GETFAMILY), byName("nlctrl"))).toBe("CTRL_CMD_GETFAMILY");
    expect(name(CTRL, genl(99))).toBe("type 16, command 99");
    expect(name(CTRL + 1, genl(5))).toBe("type 17, command 5");
    expect(name(CTRL + 1)).toBe("type 17, command 0");
    expect(name(DONE)).toBe("NLMSG_DONE");
    expect(messageName(u8(1, 2, 3), NETLINK.GENERIC)).toBe("3 bytes");
  });

  it("are traced so", () => {
    const rewrites: Rewrite[] = [];
    const generic = openGeneric(machine(undefined, { tap: (each) => rewrites.push(each) }));
    generic.ask(CTRL, F.REQUEST, genl(GETFAMILY), byName("nlctrl"));
    expect(rewrites.map((each) => linesOf(each)[0]?.replace(/ seq.*/, ""))).toEqual([
      expect.stringMatching(/ > CTRL_CMD_GETFAMILY$/),
      expect.stringMatching(/ < CTRL_CMD_NEWFAMILY$/),
    ]);
  });
});
