import { describe, expect, it } from "vitest";
import { attribute, attributesOf, F, find, hex, int, machine, openProgram, text, u8, u32 } from "./program.js";

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
