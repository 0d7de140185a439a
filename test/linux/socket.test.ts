import { describe, expect, it } from "vitest";
import { LinuxErrno, LinuxError } from "../../host/linux/abi.js";
import { PortSource } from "../../host/linux/ports.js";
import {
  attribute,
  errorOf,
  F,
  hex,
  int,
  join,
  MACHINE,
  type Machine,
  type Message,
  machine,
  messagesOf,
  openProgram,
  type Program,
  request,
  u8,
  u32,
  withTexts,
} from "./program.js";

const RTM = {
  GETLINK: 18,
  GETNEIGH: 30,
  NEWRULE: 32,
  GETRULE: 34,
  GETADDRLABEL: 74,
  GETNETCONF: 82,
  GETNSID: 90,
  GETNEXTHOP: 106,
};
const [ERROR, DONE] = [2, 3];
const DUMP = F.REQUEST | F.DUMP;
const PID = 2125;
const RULE = u8(2, 0, 0, 0, 7, 0, 0, 1, 0, 0, 0, 0);

function errnoOf(call: () => unknown): number {
  try {
    call();
  } catch (error) {
    if (error instanceof LinuxError) return error.errno;
    throw error;
  }
  return 0;
}

/** Linux's first and last choice of a port that is not the process id (C1.1). */
function isChosen(port: number): boolean {
  return port >= 0x80000000 && port <= 0xffffefff;
}

describe("[E2.9] [C1.1] ports", () => {
  it("[RF-LINUX-17] bind of 0 takes the process id, and another socket of the process another number", () => {
    const { abi, vnet, program } = machine();
    program.socket.bind(0, 0x11);
    expect(program.socket.getsockname()).toEqual({ port: PID, groups: 0x11 });
    const second = openProgram(abi, vnet, PID);
    second.socket.bind(0, 0);
    expect(isChosen(second.socket.getsockname().port)).toBe(true);
  });

  it("[RF-LINUX-17] [X-34] an unbound socket has 0, and the first send binds it", () => {
    const { program } = machine();
    expect(program.socket.getsockname()).toEqual({ port: 0, groups: 0 });
    const [done] = program.ask(RTM.GETNSID, DUMP, u8(0, 0, 0, 0));
    expect(program.socket.getsockname().port).toBe(PID);
    expect(done?.pid).toBe(PID);
  });

  it("connect binds too, and talks to the kernel all the same", () => {
    const { program } = machine();
    program.socket.connect(0, 0);
    expect([program.socket.getsockname().port, program.socket.getpeername().port]).toEqual([PID, 0]);
  });

  it("[RF-LINUX-17] a port of the program's own; EADDRINUSE when it is taken, by whichever side", () => {
    const { abi, vnet } = machine();
    const first = openProgram(abi, vnet, 1);
    first.socket.bind(465593974, 0);
    expect(first.socket.getsockname().port).toBe(465593974);
    const second = openProgram(abi, vnet, 2);
    expect(errnoOf(() => second.socket.bind(465593974, 0))).toBe(LinuxErrno.EADDRINUSE);
    vnet.socket().bind(77);
    expect(errnoOf(() => second.socket.bind(77, 0))).toBe(LinuxErrno.EADDRINUSE);
    second.socket.bind(78, 0);
    first.socket.close();
    openProgram(abi, vnet, 3).socket.bind(465593974, 0);
  });

  it("[RF-LINUX-17] bound once, it is bound to that: EINVAL for another port, also for 0", () => {
    const { program } = machine();
    program.socket.bind(0, 0);
    for (const port of [0, 7]) expect(errnoOf(() => program.socket.bind(port, 0))).toBe(LinuxErrno.EINVAL);
    program.socket.bind(PID, 3);
    expect(program.socket.getsockname()).toEqual({ port: PID, groups: 3 });
  });

  it("a refused bind leaves the socket unbound", () => {
    const { program, vnet } = machine();
    vnet.socket().bind(77);
    expect(errnoOf(() => program.socket.bind(77, 0))).toBe(LinuxErrno.EADDRINUSE);
    expect(program.socket.getsockname().port).toBe(0);
  });

  it("what is chosen depends on the seed alone, and lies where Linux's lie", () => {
    const some = (seed: number) => [...new PortSource(seed).candidates(5)];
    expect(some(1)).toEqual(some(1));
    expect(some(1)).not.toEqual(some(2));
    expect(some(0)).toEqual(some(1));
    for (let seed = 1; seed < 200; seed++) {
      const [first, ...rest] = some(seed);
      expect([first, rest.length, rest.every(isChosen)]).toEqual([5, 16, true]);
    }
  });

  it("when all that are tried are taken: EADDRINUSE", () => {
    const { abi, vnet } = machine(MACHINE, { seed: 9 });
    for (const port of new PortSource(9).candidates(5)) vnet.socket().bind(port);
    const program = openProgram(abi, vnet, 5);
    expect(errnoOf(() => program.send(RTM.GETNSID, F.REQUEST))).toBe(LinuxErrno.EADDRINUSE);
  });
});

describe("sending", () => {
  it("[E2.10] to another program: ECONNREFUSED, for none ever listens; the socket is bound by then", () => {
    const { program } = machine();
    const send = () => program.socket.send(request(RTM.GETNSID, DUMP, 1, u8(0)), { port: 77, groups: 0 });
    expect(errnoOf(send)).toBe(LinuxErrno.ECONNREFUSED);
    expect(program.socket.getsockname().port).toBe(PID);
    expect(program.messages()).toEqual([]);
  });

  it("nothing: ENODATA", () => {
    const { program } = machine();
    expect(errnoOf(() => program.socket.send(u8()))).toBe(LinuxErrno.ENODATA);
  });

  it.each([
    [4608 - 32, 0],
    [4608 - 31, LinuxErrno.EMSGSIZE],
  ])("%i bytes with the least SO_SNDBUF: errno %i", (length, errno) => {
    const { program } = machine();
    program.socket.setsockopt(1, 7, u32(0));
    const bytes = join(request(RTM.GETNSID, DUMP, 1, u8(0)), new Uint8Array(length));
    expect(errnoOf(() => program.socket.send(bytes.subarray(0, length)))).toBe(errno);
    expect(program.messages()).toHaveLength(errno === 0 ? 1 : 0);
  });

  it.each<[string, Uint8Array]>([
    ["[RF-LINUX-28] zeros, as ip sends", new Uint8Array(128)],
    ["less than a header", new Uint8Array(15).fill(0x20)],
    ["a header that says it is shorter", join(u32(15), new Uint8Array(16))],
    ["a message that is not all there", request(RTM.GETNSID, DUMP, 2, new Uint8Array(40)).subarray(0, 40)],
  ])("[E3.1] ignores a tail: %s", (_, tail) => {
    const { program } = machine();
    const bytes = join(request(RTM.GETNSID, DUMP, 1, u8(0, 0, 0, 0)), tail);
    expect(program.socket.send(bytes)).toBe(bytes.length);
    expect(program.messages().map(({ type, seq }) => [type, seq])).toEqual([[DONE, 1]]);
  });

  it("what comes first that is no message ends the send", () => {
    const { program } = machine();
    program.socket.send(join(new Uint8Array(16), request(RTM.GETNSID, DUMP, 1, u8(0, 0, 0, 0))));
    expect(program.messages()).toEqual([]);
  });

  it("a message begins at four bytes behind one that ends between", () => {
    const { program } = machine();
    const short = request(RTM.NEWRULE, F.REQUEST, 1, u8(2));
    program.socket.send(join(short, new Uint8Array(3), request(RTM.GETNSID, DUMP, 2, u8(0, 0, 0, 0))));
    expect(program.messages().map(({ type, seq }) => [type, seq])).toEqual([
      [ERROR, 1],
      [DONE, 2],
    ]);
  });

  it("[RF-LINUX-21] [RF-LINUX-22] [E2.1] [E2.2] each request has its answer in a datagram, there when send returns", () => {
    const { program } = machine();
    const requests = [1, 2, 3].map((seq) => request(RTM.NEWRULE, F.REQUEST | F.ACK, seq, RULE));
    program.socket.send(join(...requests, request(RTM.GETNSID, F.REQUEST, 4, u8(0, 0, 0, 0))));
    const all = program.datagrams().map(messagesOf);
    expect(all.map((each) => each.map(({ type, seq }) => [type, seq]))).toEqual([
      [[ERROR, 1]],
      [[ERROR, 2]],
      [[ERROR, 3]],
      [[ERROR, 4]],
    ]);
  });

  it("[X-44] also in a kernel whose tasks wait to be run", () => {
    const { program } = machine({ ...MACHINE, stepped: true });
    expect(program.ask(RTM.GETLINK, DUMP, new Uint8Array(16)).filter(({ type }) => type === 16)).toHaveLength(3);
    const neighbour = [u8(2, 0, 0, 0, 2, 0, 0, 0, 0x80, 0, 0, 0), attribute(1, u8(198, 51, 100, 9))];
    expect(program.change(28, 0x600, ...neighbour, attribute(2, u8(2, 0, 0, 0, 0, 9)))).toBe(0);
  });
});

describe("messages that ask for nothing", () => {
  it.each<[string, number, number, number]>([
    ["without NLM_F_REQUEST", RTM.NEWRULE, 0, 0],
    ["with NLM_F_ACK alone", RTM.NEWRULE, F.ACK, 1],
    ["of a control type", 15, F.REQUEST, 0],
    ["of a control type, with NLM_F_ACK", 15, F.REQUEST | F.ACK, 1],
  ])("%s, type %i, flags %i: %i answers", (_, type, flags, count) => {
    const { program } = machine();
    const answers = program.ask(type, flags, RULE);
    expect(answers.map((each) => [each.type, each.flags, int(each.body, 0)])).toEqual(
      Array.from({ length: count }, () => [ERROR, F.CAPPED, 0]),
    );
    expect(program.ask(RTM.GETRULE, DUMP, u8(2), new Uint8Array(11))).toHaveLength(4);
  });

  it("a request without a family is nothing: acknowledged if asked, not even refused", () => {
    const { program, abi, vnet } = machine();
    expect(program.ask(RTM.NEWRULE, F.REQUEST)).toEqual([]);
    expect(errorOf(program.ask(RTM.NEWRULE, F.REQUEST | F.ACK)).errno).toBe(0);
    expect(errorOf(openProgram(abi, vnet, 77, false).ask(RTM.NEWRULE, F.REQUEST | F.ACK)).errno).toBe(0);
  });

  it("a type beyond all of Linux's is EOPNOTSUPP, also without privilege and without a family", () => {
    const { abi, vnet } = machine();
    const guest = openProgram(abi, vnet, 77, false);
    expect(errorOf(guest.ask(124, F.REQUEST)).errno).toBe(-95);
    expect(errorOf(guest.ask(120, F.REQUEST, u8(0))).errno).toBe(-1);
  });
});

describe("[E4.1] errors", () => {
  it("[RF-LINUX-30] [X-39] echo the program's own bytes, its own pid among them", () => {
    const { program } = machine();
    const bytes = request(RTM.NEWRULE, F.REQUEST | F.ACK, 7, u8(28), new Uint8Array(11));
    bytes.set(u32(4711), 12);
    program.socket.send(bytes);
    const [error] = program.messages() as [Message];
    expect([error.flags, error.seq, error.pid, int(error.body, 0)]).toEqual([0, 7, PID, -97]);
    expect(hex(error.body.subarray(4))).toBe(hex(bytes));
  });

  it("with NETLINK_CAP_ACK the header alone, also without an error", () => {
    const { program } = machine();
    const bytes = request(RTM.NEWRULE, F.REQUEST, 7, u8(28), new Uint8Array(11));
    program.socket.setsockopt(270, 10, u32(1));
    program.socket.send(bytes);
    const [error] = program.messages() as [Message];
    expect([error.flags, error.bytes.length]).toEqual([F.CAPPED, 36]);
    expect(hex(error.body.subarray(4))).toBe(hex(bytes.subarray(0, 16)));
  });

  it("[E4.2] texts are for those who asked for them, behind the echo padded to four bytes", () => {
    const { program } = withTexts();
    program.socket.send(request(RTM.NEWRULE, F.REQUEST, 7, u8(28)));
    const [error] = program.messages() as [Message];
    expect(error.flags).toBe(F.ACK_TLVS);
    expect(errorOf([error]).text).toBe("Invalid msg length");
    program.socket.setsockopt(270, 11, u32(0));
    expect(errorOf(program.ask(RTM.NEWRULE, F.REQUEST, u8(28))).text).toBeUndefined();
  });
});

/** The machine with so many rules of IPv4; each is 60 bytes, but for the first one's 52. */
function withRules(count: number): Machine {
  const made = machine();
  const requests = [];
  for (let i = 3; i < count; i++) requests.push(request(RTM.NEWRULE, F.REQUEST, i, RULE, attribute(6, u32(5))));
  while (requests.length > 0) made.program.socket.send(join(...requests.splice(0, 500)));
  return made;
}

const RULE_BYTES = 60;
const FIRST_RULE_BYTES = 52;
const DONE_BYTES = 20;
const LEAST = 3776;
const MOST = 32_448;

function dumpRules(program: Program, offer: number): Uint8Array[] {
  program.send(RTM.GETRULE, DUMP, u8(2), new Uint8Array(11));
  return program.datagrams(offer);
}

describe("[E2.3] [C2.1] sizes of datagrams of a dump", () => {
  const inOne = (limit: number) => Math.floor(limit / RULE_BYTES);

  it.each([0, 1, 3776])("[RF-LINUX-19] offers of %i bytes: 3,776 at most", (offer) => {
    const { program } = withRules(300);
    const [first, ...rest] = dumpRules(program, offer).map((each) => each.length);
    expect(first).toBe(FIRST_RULE_BYTES + inOne(LEAST - FIRST_RULE_BYTES) * RULE_BYTES);
    expect(new Set(rest.slice(0, -1))).toEqual(new Set([inOne(LEAST) * RULE_BYTES]));
    expect(rest.at(-1)).toBeLessThanOrEqual(LEAST);
  });

  it.each([
    [4096, 4096],
    [8192, 8192],
    [32_448, MOST],
    [32_768, MOST],
    [1 << 20, MOST],
  ])("[RF-LINUX-19] offers of %i bytes: the first part still 3,776, then %i", (offer, limit) => {
    const { program } = withRules(2000);
    const sizes = dumpRules(program, offer).map((each) => each.length);
    expect(sizes[0]).toBeLessThanOrEqual(LEAST);
    expect(sizes[1]).toBe(inOne(limit) * RULE_BYTES);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(limit);
  });

  it("the largest offer so far counts, on this socket alone, for the first part of the next dump too", () => {
    const { program, abi, vnet } = withRules(1000);
    dumpRules(program, 32_768);
    expect(dumpRules(program, 0)[0]?.length).toBe(inOne(MOST) * RULE_BYTES - RULE_BYTES + FIRST_RULE_BYTES);
    const other = openProgram(abi, vnet, 78);
    expect(dumpRules(other, 0)[0]?.length).toBeLessThanOrEqual(LEAST);
  });

  it("no message is cut or lost on the way", () => {
    const { program } = withRules(1000);
    for (const offer of [0, 4096, 5000, 32_768]) {
      const messages = dumpRules(program, offer).flatMap(messagesOf);
      expect(messages).toHaveLength(1001);
      expect(messages.at(-1)?.type).toBe(DONE);
    }
  });
});

describe("[E2.4] where NLMSG_DONE comes", () => {
  it("alone behind links, in the last datagram of rules", () => {
    const { program } = machine();
    program.send(RTM.GETLINK, DUMP, new Uint8Array(16));
    const links = program.datagrams().map(messagesOf);
    expect(links.at(-1)?.map(({ type }) => type)).toEqual([DONE]);
    expect(dumpRules(program, 4096).map((each) => messagesOf(each).at(-1)?.type)).toEqual([DONE]);
  });

  it.each([
    [62, [63]], // 3,712 bytes, and NLMSG_DONE's 20
    [63, [63, 1]], // 3,772 bytes: 4 are left
  ])("alone, when it does not fit any more: %i messages", (count, expected) => {
    const { program } = withRules(count);
    expect(dumpRules(program, 0).map((each) => messagesOf(each).length)).toEqual(expected);
  });

  it("its flags are MULTI, its number 0", () => {
    const { program } = machine();
    const done = dumpRules(program, 4096).flatMap(messagesOf).at(-1) as Message;
    expect([done.flags, done.bytes.length, int(done.body, 0), done.pid]).toEqual([F.MULTI, DONE_BYTES, 0, PID]);
  });
});

describe("[E2.7] one dump at a time", () => {
  it("EBUSY while another is not read to its end", () => {
    const { program } = withRules(300);
    program.send(RTM.GETRULE, DUMP, u8(2), new Uint8Array(11));
    program.send(RTM.GETNSID, DUMP, u8(0, 0, 0, 0));
    const messages = program.messages(4096);
    expect(errorOf(messages).errno).toBe(-16);
    expect(messages.filter(({ type }) => type === RTM.NEWRULE)).toHaveLength(300);
    expect(program.ask(RTM.GETNSID, DUMP, u8(0, 0, 0, 0)).map(({ type }) => type)).toEqual([DONE]);
  });

  it("what goes into one datagram is over at once", () => {
    const { program } = machine();
    for (let i = 0; i < 3; i++) program.send(RTM.GETRULE, DUMP, u8(2), new Uint8Array(11));
    expect(program.messages().filter(({ type }) => type === DONE)).toHaveLength(3);
  });

  it("other requests are answered meanwhile, and other sockets dump", () => {
    const { program, abi, vnet } = withRules(300);
    program.send(RTM.GETRULE, DUMP, u8(2), new Uint8Array(11));
    expect(program.change(RTM.NEWRULE, 0, RULE)).toBe(0);
    expect(dumpRules(openProgram(abi, vnet, 78), 4096).flatMap(messagesOf)).toHaveLength(302);
  });

  it("a socket that closes in the middle of one lets go of it", () => {
    const { program, vnet, abi } = machine();
    for (let i = 0; i < 200; i++) vnet.interfaceCreate(`epair${i}`);
    const before = abi.vnet(vnet).sockets;
    program.send(RTM.GETLINK, DUMP, new Uint8Array(16));
    program.socket.close();
    program.socket.close();
    expect(abi.vnet(vnet).sockets).toBe(before);
    expect(errnoOf(() => program.socket.receive(4096))).toBe(LinuxErrno.EBADF);
    expect(program.socket.isReadable).toBe(false);
  });

  it("[RF-LINUX-29] [E3.8] [X-40] NLM_F_ACK gives a dump no ack", () => {
    const { program } = machine();
    const types = program.ask(RTM.GETRULE, DUMP | F.ACK, u8(2), new Uint8Array(11)).map(({ type }) => type);
    expect(types).toEqual([RTM.NEWRULE, RTM.NEWRULE, RTM.NEWRULE, DONE]);
  });
});

describe("[E3.2] [X-45] short requests", () => {
  it.each([
    ["RTM_GETLINK", RTM.GETLINK, 16],
    ["RTM_GETNEIGH", RTM.GETNEIGH, 12],
    ["RTM_GETRULE", RTM.GETRULE, 12],
    ["RTM_GETADDRLABEL", RTM.GETADDRLABEL, 12],
    ["RTM_GETNETCONF", RTM.GETNETCONF, 4],
    ["RTM_GETNSID", RTM.GETNSID, 4],
    ["RTM_GETNEXTHOP", RTM.GETNEXTHOP, 8],
  ])("[RF-LINUX-28] %s of 17 and of 20 bytes is the whole dump", (_, type, header) => {
    const { program } = machine();
    const neighbour = [u8(2, 0, 0, 0, 2, 0, 0, 0, 0x80, 0, 0, 0), attribute(1, u8(198, 51, 100, 9))];
    program.change(28, 0x600, ...neighbour, attribute(2, u8(2, 0, 0, 0, 0, 9)));
    program.change(104, 0x600, u8(2, 0, 0, 0, 0, 0, 0, 0), attribute(1, u32(3)), attribute(4, u8()));
    const bodies = (...parts: Uint8Array[]) => program.ask(type, DUMP, ...parts).map(({ body }) => hex(body));
    const whole = bodies(new Uint8Array(header));
    expect(bodies(u8(0))).toEqual(whole);
    expect(bodies(u8(0, 0, 0, 0))).toEqual(whole);
    expect(whole.length).toBeGreaterThanOrEqual(1);
  });
});
