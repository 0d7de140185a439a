import { describe, expect, it } from "vitest";
import {
  attribute,
  attributesOf,
  errorOf,
  F,
  find,
  hex,
  int,
  join,
  type Machine,
  type Message,
  machine,
  messagesOf,
  openProgram,
  type Program,
  request,
  text,
  u8,
  u16,
  u32,
  withTexts,
} from "./program.js";

const RTM = { NEWNEIGH: 28, DELNEIGH: 29, GETNEIGH: 30 } as const;
const NDA = { DST: 1, LLADDR: 2, CACHEINFO: 3, PROBES: 4, VLAN: 5, IFINDEX: 8, MASTER: 9, PROTOCOL: 12, FLAGS_EXT: 15 };
const NUD = { REACHABLE: 2, STALE: 4, FAILED: 0x20, NOARP: 0x40, PERMANENT: 0x80 } as const;
const NTF = { USE: 1, SELF: 2, PROXY: 8, EXT_LEARNED: 0x10 } as const;
const NDMSG = 12;
const EM0 = 2;
const EM1 = 3;
const INET = 2;
const INET6 = 10;
const NEIGH = 1 << 2;
const DUMP = F.REQUEST | F.DUMP;
/** As `ip neigh add`, `change` and `replace` say it. */
const ADD = F.CREATE | F.EXCL;

function ndmsg(family: number, index = 0, state = 0, flags = 0): Uint8Array {
  return join(u8(family, 0, 0, 0), u32(index), u16(state), u8(flags, 0));
}

const ip4 = (last: number): Uint8Array => u8(198, 51, 100, last);
const ip6 = (last: number): Uint8Array => u8(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last);
const mac = (last: number): Uint8Array => u8(2, 0, 0, 0, 1, last);
const dst = (address: Uint8Array): Uint8Array => attribute(NDA.DST, address);
const lladdr = (address: Uint8Array): Uint8Array => attribute(NDA.LLADDR, address);

function add(program: Program, address: Uint8Array, state: number = NUD.PERMANENT, flags = 0): number {
  const family = address.length === 4 ? INET : INET6;
  const parts = [ndmsg(family, EM0, state, flags), dst(address), lladdr(mac(address.at(-1) as number))];
  return program.change(RTM.NEWNEIGH, ADD, ...parts);
}

function neighbours(program: Program, family = 0, ...parts: Uint8Array[]): Message[] {
  return program.ask(RTM.GETNEIGH, DUMP, ndmsg(family), ...parts).filter(({ type }) => type === RTM.NEWNEIGH);
}

function strict(program: Program): void {
  program.socket.setsockopt(270, 12, u32(1));
}

describe("[E8.1] the neighbour object", () => {
  it("[RF-LINUX-55] [X-22] is what ip neigh shows of a permanent entry, in Linux's order", () => {
    const { program } = machine();
    expect(add(program, ip4(30))).toBe(0);
    const [entry] = neighbours(program);
    expect(entry?.flags).toBe(F.MULTI);
    expect(entry?.pid).toBe(2125);
    expect(hex(entry?.body as Uint8Array)).toBe(
      hex(
        join(
          u8(INET, 0, 0, 0, EM0, 0, 0, 0, 0x80, 0, 0, 1),
          dst(ip4(30)),
          lladdr(mac(30)),
          attribute(NDA.PROBES, u32(0)),
          attribute(NDA.CACHEINFO, new Uint8Array(16)),
        ),
      ),
    );
  });

  it("hides entries of own addresses, in dumps, gets and events", () => {
    const { program, vnet } = machine();
    program.socket.bind(0, NEIGH);
    vnet.addressAdd("em0", "198.51.100.77/24");
    expect(program.messages()).toEqual([]);
    expect(neighbours(program)).toEqual([]);
    const own = program.ask(RTM.GETNEIGH, F.REQUEST, ndmsg(INET, EM0), dst(ip4(77)));
    expect(errorOf(own).errno).toBe(-2);
  });

  it.each([
    ["permanent", NUD.PERMANENT],
    ["noarp", NUD.NOARP],
    ["stale", NUD.STALE],
    ["reachable", NUD.REACHABLE],
  ])("keeps the state %s that a program gave", (_, state) => {
    const { program } = machine();
    add(program, ip4(32), state);
    add(program, ip6(0x32), state);
    expect(neighbours(program).map(({ body }) => [body[0], body[8]])).toEqual([
      [INET, state],
      [INET6, state],
    ]);
  });

  it("keeps NTF_EXT_LEARNED, NDA_PROTOCOL and NDA_FLAGS_EXT, behind what there always is", () => {
    const { program } = machine();
    const parts = [dst(ip4(33)), lladdr(mac(33)), attribute(NDA.PROTOCOL, u8(11)), attribute(NDA.FLAGS_EXT, u32(1))];
    expect(program.change(RTM.NEWNEIGH, ADD, ndmsg(INET, EM0, NUD.REACHABLE, NTF.EXT_LEARNED), ...parts)).toBe(0);
    const [{ body }] = neighbours(program) as [Message];
    expect(body[10]).toBe(NTF.EXT_LEARNED);
    expect(attributesOf(body, NDMSG).map(({ type }) => type)).toEqual([1, 2, 4, 3, 12, 15]);
    expect(find(attributesOf(body, NDMSG), NDA.PROTOCOL)).toEqual(u8(11));
  });

  it("is multicast for a multicast address", () => {
    const { program } = machine();
    const group = u8(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16);
    const answer = program.change(RTM.NEWNEIGH, ADD, ndmsg(INET6, EM0, NUD.NOARP), dst(group), lladdr(mac(1)));
    expect(answer).toBe(0);
    expect(neighbours(program).map(({ body }) => body[11])).toEqual([5]);
  });

  it("loses what a program said when the interface goes", () => {
    const { program, abi, vnet } = machine();
    add(program, ip4(34), NUD.STALE, NTF.EXT_LEARNED);
    vnet.interfaceDetach("em0");
    program.messages();
    expect(abi.vnet(vnet).notes.neighbours.size).toBe(0);
  });

  it("loses what a program said when the other host speaks for itself", () => {
    const { program, vnet } = machine();
    add(program, ip4(34), NUD.STALE, NTF.EXT_LEARNED);
    const peer = vnet.peer("em0", { address: "198.51.100.34", lladdr: "02:00:00:00:02:34", answers: true });
    peer.send({ message: "announcement" });
    const [entry] = neighbours(program) as [Message];
    expect([entry.body[8], entry.body[10]]).toEqual([NUD.REACHABLE, 0]);
    expect(find(attributesOf(entry.body, NDMSG), NDA.LLADDR)).toEqual(u8(2, 0, 0, 0, 2, 0x34));
  });
});

describe("[E3.5] dumps of neighbours", () => {
  function filled(): Machine {
    const made = machine();
    made.vnet.addressAdd("em1", "203.0.113.1/24");
    add(made.program, ip4(30));
    add(made.program, ip6(0x30));
    const other = [ndmsg(INET, EM1, NUD.PERMANENT), dst(u8(203, 0, 113, 9)), lladdr(mac(9))];
    expect(made.program.change(RTM.NEWNEIGH, ADD, ...other)).toBe(0);
    return made;
  }

  it("IPv4's table, then IPv6's, and NLMSG_DONE in the last datagram", () => {
    const { program } = filled();
    program.send(RTM.GETNEIGH, DUMP, ndmsg(0));
    const datagrams = program.datagrams();
    expect(datagrams).toHaveLength(1);
    const families = neighbours(program).map(({ body }) => body[0]);
    expect(families).toEqual([INET, INET, INET6]);
  });

  it.each([
    [INET, [INET, INET]],
    [INET6, [INET6]],
    [255, [INET, INET, INET6]],
    [77, [INET, INET, INET6]],
  ])("[E3.3] family %i", (family, expected) => {
    const { program } = filled();
    expect(neighbours(program, family).map(({ body }) => body[0])).toEqual(expected);
  });

  it("[X-23] family 7, the forwarding tables, is empty", () => {
    const { program } = filled();
    const [done, ...rest] = program.ask(RTM.GETNEIGH, DUMP, ndmsg(7));
    expect([done?.type, done?.flags, int(done?.body as Uint8Array, 0), rest.length]).toEqual([3, F.MULTI, 0, 0]);
  });

  it("a strict socket may name an interface of the forwarding tables, and no state", () => {
    const { program } = filled();
    strict(program);
    const [done] = program.ask(RTM.GETNEIGH, DUMP, ndmsg(7, EM1));
    expect([done?.type, int(done?.body as Uint8Array, 0)]).toEqual([3, 0]);
    const [error] = program.ask(RTM.GETNEIGH, DUMP, ndmsg(7, EM1, 2));
    expect([error?.type, int(error?.body as Uint8Array, 0)]).toEqual([2, -22]);
  });

  it("a strict socket filters by NDA_IFINDEX; the messages say so, NLMSG_DONE does not (recorded)", () => {
    const { program } = filled();
    strict(program);
    const answers = program.ask(RTM.GETNEIGH, DUMP, ndmsg(0), attribute(NDA.IFINDEX, u32(EM1)));
    expect(answers.map(({ type, flags }) => [type, flags])).toEqual([
      [RTM.NEWNEIGH, F.MULTI | F.DUMP_FILTERED],
      [3, F.MULTI],
    ]);
    expect(neighbours(program, 0, attribute(NDA.IFINDEX, u32(99)))).toEqual([]);
  });

  it("and by NDA_MASTER: none is a member of anything here", () => {
    const { program } = filled();
    strict(program);
    expect(neighbours(program, 0, attribute(NDA.MASTER, u32(EM1)))).toEqual([]);
    expect(neighbours(program, 0, attribute(NDA.MASTER, u32(0xffffffff)))).toHaveLength(3);
  });

  it("[E3.4] without strict checking the program filters for itself", () => {
    const { program } = filled();
    const shown = neighbours(program, 0, attribute(NDA.IFINDEX, u32(EM1)), attribute(77, u8(1)));
    expect(shown.map(({ flags }) => flags)).toEqual([F.MULTI, F.MULTI, F.MULTI]);
  });

  it.each([
    ["a short header", [u8(INET, 0, 0, 0)], "Invalid header for neighbor dump request"],
    ["padding", [u8(INET, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)], "Invalid values in header for neighbor dump request"],
    ["an interface", [ndmsg(INET, EM0)], "Invalid values in header for neighbor dump request"],
    ["a state", [ndmsg(INET, 0, NUD.STALE)], "Invalid values in header for neighbor dump request"],
    ["a flag", [ndmsg(INET, 0, 0, NTF.SELF)], "Invalid flags in header for neighbor dump request"],
    ["an attribute", [ndmsg(INET), dst(ip4(30))], "Unsupported attribute in neighbor dump request"],
  ])("strict: EINVAL for %s", (_, parts, message) => {
    const { program } = withTexts();
    strict(program);
    expect(errorOf(program.ask(RTM.GETNEIGH, DUMP, ...parts))).toEqual({ errno: -22, text: message });
  });

  it("proxies are shown to those who ask for them, and only they", () => {
    const { program } = filled();
    const parts = [ndmsg(INET, EM0, 0, NTF.PROXY), dst(ip4(99))];
    expect(program.change(RTM.NEWNEIGH, ADD, ...parts)).toBe(0);
    expect(neighbours(program)).toHaveLength(3);
    const [proxy, ...rest] = program
      .ask(RTM.GETNEIGH, DUMP, ndmsg(0, 0, 0, NTF.PROXY))
      .filter(({ type }) => type === RTM.NEWNEIGH);
    expect(rest).toEqual([]);
    expect(hex(proxy?.body as Uint8Array)).toBe(hex(join(u8(INET, 0, 0, 0, EM0, 0, 0, 0, 0, 0, 8, 1), dst(ip4(99)))));
  });
});

describe("[E8.3] one neighbour", () => {
  it("is answered with flags 0, then acknowledged if asked", () => {
    const { program } = machine();
    add(program, ip4(30));
    const [entry, ack] = program.ask(RTM.GETNEIGH, F.REQUEST | F.ACK, ndmsg(INET, EM0), dst(ip4(30)));
    expect([entry?.type, entry?.flags, entry?.pid]).toEqual([RTM.NEWNEIGH, 0, 2125]);
    expect([ack?.type, ack?.flags]).toEqual([2, F.CAPPED]);
  });

  it.each<[string, Uint8Array[], number, string]>([
    ["[RF-LINUX-56] one that is not there", [ndmsg(INET, EM0), dst(ip4(99))], -2, "Neighbour entry not found"],
    ["no proxy", [ndmsg(INET, EM0, 0, NTF.PROXY), dst(ip4(30))], -2, "Proxy neighbour entry not found"],
    ["[E3.7] no address", [ndmsg(INET, EM0)], -22, "Network address not specified"],
    ["[E3.7] no interface", [ndmsg(INET), dst(ip4(30))], -22, "No device specified"],
    ["an unknown interface", [ndmsg(INET, 99), dst(ip4(30))], -19, "Unknown device ifindex"],
    ["a long address", [ndmsg(INET, EM0), dst(ip6(1))], -22, "Invalid network address in neighbor get request"],
    ["a state", [ndmsg(INET, EM0, 2), dst(ip4(30))], -22, "Invalid values in header for neighbor get request"],
    ["a flag", [ndmsg(INET, EM0, 0, 1), dst(ip4(30))], -22, "Invalid flags in header for neighbor get request"],
    ["an attribute", [ndmsg(INET, EM0), lladdr(mac(1))], -22, "Unsupported attribute in neighbor get request"],
    ["another family", [ndmsg(0, EM0), dst(ip4(30))], -97, "Unsupported family in header for neighbor get request"],
  ])("%s", (_, parts, errno, message) => {
    const { program } = withTexts();
    add(program, ip4(30));
    expect(errorOf(program.ask(RTM.GETNEIGH, F.REQUEST, ...parts))).toEqual({ errno, text: message });
  });

  it("one bit of NLM_F_DUMP is no dump", () => {
    const { program } = machine();
    expect(errorOf(program.ask(RTM.GETNEIGH, F.REQUEST | 0x100, ndmsg(INET))).errno).toBe(-22);
  });
});

describe("[E8.2] RTM_NEWNEIGH", () => {
  it("[RF-LINUX-56] add, add again, replace, change", () => {
    const { program } = machine();
    const parts = (last: number) => [ndmsg(INET, EM0, NUD.PERMANENT), dst(ip4(30)), lladdr(mac(last))];
    expect(program.change(RTM.NEWNEIGH, F.REPLACE, ...parts(1))).toBe(-2);
    expect(program.change(RTM.NEWNEIGH, ADD, ...parts(1))).toBe(0);
    expect(program.change(RTM.NEWNEIGH, ADD, ...parts(2))).toBe(-17);
    expect(program.change(RTM.NEWNEIGH, F.CREATE | F.REPLACE, ...parts(3))).toBe(0);
    expect(program.change(RTM.NEWNEIGH, F.REPLACE, ...parts(4))).toBe(0);
    expect(program.change(RTM.NEWNEIGH, 0, ...parts(5))).toBe(0);
    const [{ body }] = neighbours(program) as [Message];
    expect(find(attributesOf(body, NDMSG), NDA.LLADDR)).toEqual(mac(5));
  });

  it("without NLM_F_REPLACE and NLM_F_EXCL an entry that is there stays, and nobody complains", () => {
    const { program } = machine();
    add(program, ip4(30), NUD.STALE);
    const parts = [ndmsg(INET, EM0, NUD.PERMANENT), dst(ip4(30)), lladdr(mac(2))];
    expect(program.change(RTM.NEWNEIGH, F.CREATE, ...parts)).toBe(0);
    const [{ body }] = neighbours(program) as [Message];
    expect(body[8]).toBe(NUD.STALE);
    expect(find(attributesOf(body, NDMSG), NDA.LLADDR)).toEqual(mac(30));
  });

  it("without a link-layer address: NTF_USE or no state is success without effect", () => {
    const { program } = machine();
    expect(program.change(RTM.NEWNEIGH, ADD, ndmsg(INET, EM0, 0, NTF.USE), dst(ip4(30)))).toBe(0);
    expect(program.change(RTM.NEWNEIGH, ADD, ndmsg(INET, EM0), dst(ip4(30)))).toBe(0);
    expect(neighbours(program)).toEqual([]);
  });

  it("takes the interface from NDA_IFINDEX too", () => {
    const { program } = machine();
    const index = attribute(NDA.IFINDEX, u32(EM0));
    const parts = [ndmsg(INET, 0, NUD.PERMANENT), dst(ip4(30)), lladdr(mac(1)), index];
    expect(program.change(RTM.NEWNEIGH, ADD, ...parts)).toBe(0);
    expect(program.change(RTM.DELNEIGH, 0, ndmsg(INET), dst(ip4(30)), index)).toBe(0);
  });

  it.each([
    [INET, ip4(30), 1200],
    [INET6, ip6(0x30), 86_400],
  ])("family %i: the kernel is given the lifetime of an entry that it resolved by itself", (_, address, seconds) => {
    const { program, vnet, kernel } = machine();
    add(program, address, NUD.REACHABLE);
    const native = vnet.socket();
    native.send(request(RTM.GETNEIGH, F.REQUEST, 1, u8(address.length === 4 ? INET : 28), new Uint8Array(11)));
    const buffer = new Uint8Array(4096);
    const answers = messagesOf(buffer.subarray(0, native.recv(buffer)));
    const entry = answers.find(({ body }) => hex(body).includes(hex(address))) as Message;
    const freebsd = find(attributesOf(entry.body, NDMSG), 18) as Uint8Array;
    expect(int(freebsd, 4)).toBe(kernel.wallClock + seconds);
  });

  it.each<[string, Uint8Array[], number, string | undefined]>([
    ["a short address", [ndmsg(INET, EM0, 128), dst(ip4(3)), lladdr(u8(2, 0, 0, 0, 1))], -22, "Invalid link address"],
    [
      "a long address",
      [ndmsg(INET, EM0, 128), dst(ip4(3)), lladdr(u8(2, 0, 0, 0, 1, 2, 3))],
      -22,
      "Invalid link address",
    ],
    ["no address", [ndmsg(INET, EM0, 128), dst(ip4(3))], -22, "No link layer address given"],
    ["no destination", [ndmsg(INET, EM0, 128), lladdr(mac(1))], -22, "Network address not specified"],
    ["a short destination", [ndmsg(INET6, EM0, 128), dst(ip4(3)), lladdr(mac(1))], -22, "Invalid network address"],
    ["no interface", [ndmsg(INET, 0, 128), dst(ip4(3)), lladdr(mac(1))], -22, "Device not specified"],
    ["an unknown interface", [ndmsg(INET, 99, 128), dst(ip4(3)), lladdr(mac(1))], -19, undefined],
    ["not on the link", [ndmsg(INET, EM0, 128), dst(u8(192, 0, 2, 1)), lladdr(mac(1))], -22, undefined],
    ["[E3.3] another family", [ndmsg(28, EM0, 128), dst(ip4(3)), lladdr(mac(1))], -97, undefined],
    ["[E3.3] a forwarding entry", [ndmsg(7, EM0, 128), lladdr(mac(1))], -95, undefined],
    ["a vlan", [ndmsg(INET, EM0, 128), dst(ip4(3)), attribute(NDA.VLAN, u16(7))], -95, undefined],
    [
      "a managed permanent entry",
      [ndmsg(INET, EM0, 128), dst(ip4(3)), lladdr(mac(1)), attribute(NDA.FLAGS_EXT, u32(1))],
      -22,
      "Invalid NTF_* flag for permanent entry",
    ],
  ])("[E4.4] refuses %s", (_, parts, errno, message) => {
    const { program } = withTexts();
    expect(errorOf(program.ask(RTM.NEWNEIGH, F.REQUEST | F.ACK | ADD, ...parts))).toEqual({ errno, text: message });
    expect(neighbours(program)).toEqual([]);
  });

  it("leaves the note of an entry that it could not change", () => {
    const { program } = machine();
    add(program, ip4(30), NUD.STALE);
    expect(add(program, ip4(30), NUD.PERMANENT)).toBe(-17);
    expect(neighbours(program).map(({ body }) => body[8])).toEqual([NUD.STALE]);
  });

  it("[E3.10] EPERM without privilege", () => {
    const { abi, vnet } = machine();
    const guest = openProgram(abi, vnet, 77, false);
    expect(add(guest, ip4(30))).toBe(-1);
  });
});

describe("RTM_DELNEIGH", () => {
  it("[RF-LINUX-56] takes an entry away; ENOENT then", () => {
    const { program } = machine();
    add(program, ip4(30));
    const parts = [ndmsg(INET, EM0, NUD.PERMANENT), dst(ip4(30))];
    expect(program.change(RTM.DELNEIGH, 0, ...parts)).toBe(0);
    expect(program.change(RTM.DELNEIGH, 0, ...parts)).toBe(-2);
  });

  it("an own address is no entry, and proxies are apart", () => {
    const { program } = machine();
    expect(program.change(RTM.DELNEIGH, 0, ndmsg(INET, EM0), dst(ip4(1)))).toBe(-2);
    program.change(RTM.NEWNEIGH, ADD, ndmsg(INET, EM0, 0, NTF.PROXY), dst(ip4(99)));
    expect(program.change(RTM.DELNEIGH, 0, ndmsg(INET, EM0), dst(ip4(99)))).toBe(-2);
    expect(program.change(RTM.DELNEIGH, 0, ndmsg(INET, EM0, 0, NTF.PROXY), dst(ip4(99)))).toBe(0);
  });

  it("ip neigh flush: what a dump showed goes back as it is, several in a send, without an ack", () => {
    const { program } = machine();
    for (let last = 40; last < 60; last++) add(program, ip4(last), last % 2 === 0 ? NUD.PERMANENT : NUD.STALE);
    add(program, ip6(0x40), NUD.REACHABLE, NTF.EXT_LEARNED);
    const shown = neighbours(program);
    expect(shown).toHaveLength(21);
    const requests = shown.map(({ bytes }) => {
      const copy = bytes.slice();
      copy.set(u16(RTM.DELNEIGH), 4);
      copy.set(u16(F.REQUEST), 6);
      return copy;
    });
    program.socket.send(join(...requests));
    expect(program.messages()).toEqual([]);
    expect(neighbours(program)).toEqual([]);
  });
});

describe("[E8.4] notifications of neighbours", () => {
  function watched() {
    const made = machine();
    const watcher = openProgram(made.abi, made.vnet, 77);
    watcher.socket.bind(0, NEIGH);
    return { ...made, watcher };
  }

  it("[E11.2] of a request: its port, sequence number 0 as recorded, flags 0, before the ack", () => {
    const { program, watcher } = watched();
    program.socket.bind(0, NEIGH);
    program.send(RTM.NEWNEIGH, F.REQUEST | F.ACK | ADD, ndmsg(INET, EM0, 128), dst(ip4(77)), lladdr(mac(0x77)));
    expect(program.messages().map(({ type }) => type)).toEqual([RTM.NEWNEIGH, 2]);
    const [event] = watcher.messages() as [Message];
    expect([event.type, event.flags, event.seq, event.pid]).toEqual([RTM.NEWNEIGH, 0, 0, 2125]);
    expect(hex(event.body.subarray(0, NDMSG))).toBe("020000000200000080000001");
  });

  it("a deletion: failed, without link-layer address, then gone", () => {
    const { program, watcher } = watched();
    add(program, ip4(30));
    watcher.messages();
    program.change(RTM.DELNEIGH, 0, ndmsg(INET, EM0), dst(ip4(30)));
    const events = watcher.messages();
    expect(events.map(({ type, body }) => [type, body[8]])).toEqual([
      [RTM.NEWNEIGH, NUD.FAILED],
      [RTM.DELNEIGH, NUD.FAILED],
    ]);
    for (const { body } of events) expect(find(attributesOf(body, NDMSG), NDA.LLADDR)).toBeUndefined();
  });

  it("a resolution by the kernel itself, and a host that does not answer", () => {
    const { vnet, kernel, watcher } = watched();
    vnet.peer("em0", { address: "198.51.100.9", lladdr: "02:00:00:00:02:09", answers: true });
    vnet.neighbourResolve("em0", "198.51.100.9");
    const [found] = watcher.messages() as [Message];
    expect([found.type, found.pid, found.body[8]]).toEqual([RTM.NEWNEIGH, 0, NUD.REACHABLE]);
    vnet.neighbourResolve("em0", "198.51.100.10");
    kernel.advance(60_000);
    const gone = watcher.messages();
    expect(gone.map(({ type, body }) => [type, body[8]])).toEqual([
      [RTM.NEWNEIGH, NUD.FAILED],
      [RTM.DELNEIGH, NUD.FAILED],
    ]);
  });

  it("an entry that is only old is gone as it was", () => {
    const { vnet, kernel, watcher } = watched();
    vnet.peer("em0", { address: "2001:db8::9", lladdr: "02:00:00:00:02:09", answers: true });
    vnet.neighbourResolve("em0", "2001:db8::9");
    watcher.messages();
    kernel.advance(90_000_000);
    expect(watcher.messages().map(({ type, body }) => [type, body[8]])).toEqual([[RTM.DELNEIGH, NUD.STALE]]);
  });

  it("proxies are not told of", () => {
    const { program, watcher } = watched();
    program.change(RTM.NEWNEIGH, ADD, ndmsg(INET, EM0, 0, NTF.PROXY), dst(ip4(99)));
    program.change(RTM.DELNEIGH, 0, ndmsg(INET, EM0, 0, NTF.PROXY), dst(ip4(99)));
    expect(watcher.messages()).toEqual([]);
  });

  it("[E3.9] NLM_F_ECHO: the requester has it once, with its sequence number", () => {
    const { program } = watched();
    program.socket.bind(0, NEIGH);
    const seq = program.send(
      RTM.NEWNEIGH,
      F.REQUEST | F.ACK | F.ECHO | ADD,
      ndmsg(INET, EM0, 128),
      dst(ip4(30)),
      lladdr(mac(1)),
    );
    const [event, ...rest] = program.messages();
    expect([event?.type, event?.seq, event?.pid]).toEqual([RTM.NEWNEIGH, seq, 2125]);
    expect(rest.map(({ type }) => type)).toEqual([2]);
  });
});

describe("what recordings have of the same commands", () => {
  it("ip neigh get of an absent entry (linux-iproute2-a-113): the whole error", () => {
    const { program } = withTexts();
    program.send(RTM.GETNEIGH, F.REQUEST, ndmsg(INET, EM0), dst(ip4(99)));
    const [error] = program.messages() as [Message];
    expect(error.bytes.length).toBe(88);
    expect(error.flags).toBe(F.ACK_TLVS);
    expect(hex(error.body.subarray(-32))).toBe(hex(attribute(1, text("Neighbour entry not found"))));
  });
});
