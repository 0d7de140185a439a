// Writing: attributes and nests as they lie in memory, how reply buffers grow and where they are cut, and what is left
// of an answer when memory fails (netlink-core N7; rtnetlink 0.5, 0.8).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, NETLINK_OPTION, NLA_F, NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFA, IFLA, IFLA_INFO, IFLAF, RTA, RTAX, RTM } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import {
  ackOf,
  ask,
  attribute,
  attributes,
  concat,
  doneOf,
  drain,
  errorOf,
  ifaddrmsg,
  ip,
  message,
  numberAt,
  payloadOf,
  rtmsg,
  type Seen,
  toHex,
  u32,
} from "../support/messages.js";
import { openSocket, type Setup, setupR } from "../support/setups.js";
import { ACK_BYTES, addRoute, DONE_BYTES, getLink, getLinks, noop } from "./requests.js";
import { buffersOf, cut, type Written } from "./writermodel.js";

const ROUTE_BYTES = 68;

function getAddresses(family = 0): Uint8Array {
  return message({ type: RTM.GETADDR, flags: "q" }, ifaddrmsg({ family }));
}

function getRoutes(family: number, flags = "qD"): Uint8Array {
  return message({ type: RTM.GETROUTE, flags }, rtmsg({ family }));
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** R with names, descriptions and addresses of many lengths, and routes with a metric. */
function setupOdd(count = 12): Setup {
  const setup = setupR({
    interfaces: numbers(count).map((n) => ({
      name: `${"abcdefghijklm".slice(0, n % 13 || 13)}${n}`,
      lladdr: "02:ff:ff:ff:ff:ff",
      description: "x".repeat(n % 9),
      up: true,
      addresses: [`10.${n}.0.1/16`, `2001:db8:${n}::1/64`],
    })),
  });
  const withMetric = message(
    { type: RTM.NEWROUTE, flags: "qaC" },
    rtmsg({ dstLength: 16 }),
    attribute(RTA.DST, ip("127.1.0.0")),
    attribute(RTA.OIF, u32(1)),
    attribute(RTA.METRICS, attribute(RTAX.MTU, u32(1000))),
  );
  expect(errorOf(ask(setup.socket, withMetric))).toBe(0);
  return setup;
}

/** Leaves non-zero bytes in the memory that buffers are made of. */
function soil(socket: Socket): void {
  const dirt = (bytes: number): Uint8Array =>
    message({ type: NLMSG.NOOP, flags: "" }, new Uint8Array(bytes).fill(0xee));
  ask(socket, ...[48, 112, 240, 1000, 2000, 4000].map(dirt));
  for (const bytes of [112, 1000, 2030, 4000, 8000, 16000, 32000]) ask(socket, dirt(bytes));
}

/** The attributes that are nests, by message and by what they are in. */
const NESTS: Readonly<Record<number, Readonly<Record<number, Readonly<Record<number, object>>>>>> = {
  [RTM.NEWLINK]: { [IFLA.FREEBSD]: { [IFLAF.CAPS]: {} }, [IFLA.LINKINFO]: {} },
  [RTM.NEWADDR]: { [IFA.FREEBSD]: {} },
  [RTM.NEWROUTE]: { [RTA.METRICS]: {} },
};

const HEADERS: Readonly<Record<number, number>> = {
  [RTM.NEWLINK]: HeaderSize.IFINFOMSG,
  [RTM.NEWADDR]: HeaderSize.IFADDRMSG,
  [RTM.NEWROUTE]: HeaderSize.RTMSG,
};

/** Checks attributes that fill bytes to the last, and those inside; the number of padding bytes. */
function checkAttributes(bytes: Uint8Array, nests: Readonly<Record<number, object>>): number {
  let padding = 0;
  let at = 0;
  for (const [type, payload] of attributes(bytes)) {
    expect(type & ~NLA_F.TYPE_MASK).toBe(0);
    const end = at + 4 + payload.length;
    at = (end + 3) & ~3;
    expect([...bytes.slice(end, at)]).toEqual(new Array(at - end).fill(0));
    padding += at - end;
    const inner = nests[type];
    if (inner === undefined) continue;
    expect(payload.length % 4).toBe(0);
    padding += checkAttributes(payload, inner as Readonly<Record<number, object>>);
  }
  expect(at).toBe(bytes.length);
  return padding;
}

describe("messages and attributes", () => {
  it.each([
    ["links", getLinks("qD"), RTM.NEWLINK],
    ["addresses", getAddresses(), RTM.NEWADDR],
    ["routes", getRoutes(0), RTM.NEWROUTE],
  ])(
    "[RF-CORE-57] [N7.5] [0.8] [N1.3] padding of %s is zero, nests have no NESTED bit, attributes fill the message",
    (_, request, type) => {
      const { socket } = setupOdd();
      soil(socket);
      const seen = ask(socket, request);
      let padding = 0;
      for (const each of seen.filter((one) => one.type === type)) {
        expect(each.length % 4).toBe(0);
        padding += checkAttributes(each.body.slice(HEADERS[type]), NESTS[type] ?? {});
      }
      expect(seen.length).toBeGreaterThan(13);
      // Routes have no odd attribute.
      expect(padding > 0).toBe(type !== RTM.NEWROUTE);
    },
  );

  it("[N7.5] nla_len leaves the padding out: a string counts its NUL, a u8 has 5, a u32 has 8", () => {
    const { socket } = setupOdd();
    for (const link of ask(socket, getLinks())) {
      if (link.type !== RTM.NEWLINK) continue;
      const found = attributes(link.body.slice(HeaderSize.IFINFOMSG));
      const length = (type: IFLA): number | undefined => found.find(([each]) => each === type)?.[1].length;
      expect([length(IFLA.OPERSTATE), length(IFLA.CARRIER), length(IFLA.MTU), length(IFLA.PROMISCUITY)]).toEqual([
        1, 1, 4, 4,
      ]);
      const name = found.find(([each]) => each === IFLA.IFNAME)?.[1] ?? new Uint8Array(0);
      expect([...name].indexOf(0)).toBe(name.length - 1);
      const alias = found.find(([each]) => each === IFLA.IFALIAS)?.[1];
      if (alias !== undefined) expect(new TextDecoder().decode(alias)).toMatch(/^x+\0$/);
    }
  });

  it("[N7.5] a nest's length counts the padding of its last member; an empty one has 4", () => {
    const { socket } = setupR();
    const [link] = ask(socket, getLink(1));
    const info = payloadOf(link?.body.slice(HeaderSize.IFINFOMSG) ?? u32(0), IFLA.LINKINFO);
    expect(toHex(info ?? u32(0))).toBe(toHex(attribute(IFLA_INFO.KIND, new TextEncoder().encode("lo\0"))));
    const [address] = ask(socket, getAddresses(AF.INET));
    expect(payloadOf(address?.body.slice(HeaderSize.IFADDRMSG) ?? u32(0), IFA.FREEBSD)?.length).toBe(0);
    expect(toHex(address?.bytes.slice(-4) ?? u32(0))).toBe("04000b00");
  });

  it.each(["q", "qa"])(
    "[N7.5] [0.5] a single reply to flags %j has port, sequence and flags of the request",
    (letters) => {
      const { socket } = setupR();
      socket.bind(0x64);
      const request = message(
        { type: RTM.GETROUTE, flags: letters, seq: 0xfedcba98 },
        rtmsg(),
        attribute(RTA.DST, ip("127.0.0.1")),
      );
      const [seen] = ask(socket, request);
      expect(seen).toMatchObject({ type: RTM.NEWROUTE, seq: 0xfedcba98, pid: 0x64, flags: letters === "q" ? 1 : 5 });
    },
  );

  it("[N7.5] a writer without a message sends nothing, and wakes nobody", () => {
    const { socket } = setupR();
    socket.send(concat(noop("q"), addRoute("127.1.0.0/16")));
    expect(socket.ioctl(FIO.NREAD)).toBe(0);
    expect(socket.poll().readable).toBe(false);
  });
});

describe("reply buffers", () => {
  const small: Written = { opened: ACK_BYTES };
  /** A refused message of so many bytes, and the ack that echoes it; text and offset off. */
  const refused = (bytes: number): Uint8Array => message({ type: 0x7fff, flags: "q" }, new Uint8Array(bytes - 16));
  const echo = (bytes: number): Written => ({ opened: 20 + bytes });

  function setupEcho(ext = 0): Socket {
    const { socket } = setupR();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, 0);
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, ext);
    return socket;
  }

  it("[N7.2] [N7.1] [N1.9] acks: the first buffer has 128 bytes, the next 2,048", () => {
    const { socket } = setupR();
    socket.send(concat(...numbers(120).map((seq) => noop("qa", seq))));
    const buffers = buffersOf(socket);
    expect(buffers.map((each) => each.length)).toEqual([3, 56, 56, 5]);
    expect(buffers).toEqual(cut(numbers(120).map(() => small)));
  });

  it.each([
    // requests, capacities as the rule gives them
    ["one of 5,000 first: 8,192 at once, and from then on", [5000, ...numbers(400).map(() => 0)]],
    ["one of 5,000 behind a small one: 8,192", [0, 5000, ...numbers(400).map(() => 0)]],
    ["three of 3,000: 4,096, then 8,192", [3000, 3000, 3000, 0]],
    ["five of 3,000: doubled at each cut", [3000, 3000, 3000, 3000, 3000]],
    ["of 2,028 fits 2,048 exactly", [2028, 2028, 0]],
    ["of 2,032 takes 4,096", [2032, 2032, 0]],
    ["of 108 fits 128 exactly", [108, 108, 108]],
    ["of 112 takes 2,048", [112, 112, 112]],
    ["small, large, small", [0, 0, 0, 20000, 0, 0, 4000, 0]],
    ["one of 60,000", [60000, 0]],
  ])("[N7.2] [N7.3] acks that echo their requests: %s", (_, lengths) => {
    const socket = setupEcho();
    socket.send(concat(...lengths.map((bytes) => (bytes === 0 ? noop() : refused(bytes)))));
    expect(buffersOf(socket)).toEqual(cut(lengths.map((bytes) => (bytes === 0 ? small : echo(bytes)))));
  });

  it.each([1800, 2000, 2027, 2028, 4000, 4075])(
    "[N7.2] an open message that grows stays whole: an echo of %i bytes and its text",
    (bytes) => {
      const socket = setupEcho(1);
      const text = 4 + "unknown message type: 32767".length + 1;
      const padded = (bytes + 3) & ~3;
      const request = concat(refused(bytes), new Uint8Array(padded - bytes));
      const sent = concat(noop("qa", 1), request, noop("qa", 2), request, request);
      socket.send(sent);
      const grown: Written = { opened: 20 + padded, added: [(text + 3) & ~3] };
      expect(buffersOf(socket)).toEqual(cut([small, grown, small, grown, grown]));
      const acks = ask(socket, sent);
      expect(acks.map((each) => ackOf(each).text)).toEqual(
        [undefined, 1, undefined, 1, 1].map((each) => (each === undefined ? undefined : "unknown message type: 32767")),
      );
      expect(toHex(acks[1]?.body.slice(4, 4 + bytes) ?? u32(0))).toBe(toHex(refused(bytes)));
    },
  );

  it("[N7.2] [N7.3] the ack of a request as large as SO_SNDBUF is one whole message", () => {
    const socket = setupEcho();
    const request = refused(65536);
    request.fill(0x5a, 16);
    const [seen, ...more] = ask(socket, request);
    expect(more).toEqual([]);
    expect(seen?.length).toBe(65536 + 20);
    expect(toHex(seen?.body.slice(4) ?? u32(0)) === toHex(request)).toBe(true);
  });

  it("[N7.2] a dump of links is cut where the next does not fit", () => {
    const { socket } = setupOdd(40);
    socket.send(concat(noop(), getLinks()));
    const lengths = ask(openSocket(setupOdd(40).vnet), getLinks()).map((each) => each.length);
    const buffers = buffersOf(socket);
    expect(buffers).toEqual(cut([small, ...lengths.map((opened) => ({ opened }))]));
    expect(buffers.length).toBeGreaterThan(6);
  });

  it.each([
    ["20 routes", 20, 1, 0],
    ["20 routes, between other messages", 20, 3, 4],
    ["800 routes", 800, 0, 0],
    ["800 routes behind an ack", 800, 1, 0],
    ["800 routes behind three acks", 800, 3, 0],
    ["800 routes behind 61 acks", 800, 61, 0],
    ["800 routes before an ack", 800, 0, 1],
    ["800 routes between other messages", 800, 2, 5],
  ])("[N7.2] a dump of routes is cut the same, written at once or as it is read: %s", (_, count, before, after) => {
    const { vnet, socket } = setupR();
    const writer = openSocket(vnet);
    for (let i = 0; i < count; i += 200) {
      ask(writer, ...numbers(Math.min(200, count)).map((n) => addRoute(`127.${(i + n) >> 8}.${(i + n) & 255}.0/24`)));
    }
    const acks = (many: number): Uint8Array[] => numbers(many).map(() => noop());
    socket.send(concat(...acks(before), getRoutes(AF.INET), ...acks(after)));
    const buffers = buffersOf(socket);
    const routes = buffers.flat().filter((length) => length === ROUTE_BYTES).length;
    expect(routes).toBeGreaterThanOrEqual(count);
    expect(buffers).toEqual(
      cut([
        ...numbers(before).map(() => small),
        ...numbers(routes).map(() => ({ opened: ROUTE_BYTES })),
        { opened: DONE_BYTES },
        ...numbers(after).map(() => small),
      ]),
    );
    expect(vnet.check()).toBe(0);
  });
});

describe("without memory", () => {
  /**
   * Lets the first, second, n-th allocation fail while a send is processed, until none fails, and gives what was
   * answered each time.
   */
  function sweep(setup: Setup, sent: Uint8Array): Seen[][] {
    const { kernel, vnet } = setup;
    const answers: Seen[][] = [];
    const { bufferBytes } = vnet.statistics();
    for (let n = 1; ; n++) {
      const socket = openSocket(vnet);
      socket.send(sent);
      const failures = vnet.statistics().allocationFailures;
      vnet.failAllocation(n);
      kernel.runUntilIdle();
      vnet.failAllocation(0);
      expect(vnet.check()).toBe(0);
      const seen = drain(socket);
      kernel.runUntilIdle();
      expect(socket.ioctl(FIO.NWRITE)).toBe(0);
      // The next request works.
      socket.send(getLink(1, "qa", 99));
      kernel.runUntilIdle();
      expect(drain(socket).map((each) => [each.type, each.seq])).toEqual([
        [RTM.NEWLINK, 99],
        [NLMSG.ERROR, 99],
      ]);
      socket.close();
      expect(vnet.statistics().bufferBytes).toBe(bufferBytes);
      if (vnet.statistics().allocationFailures === failures) return answers;
      answers.push(seen);
    }
  }

  function whole(setup: Setup, sent: Uint8Array): Seen[] {
    const socket = openSocket(setup.vnet);
    socket.send(sent);
    setup.kernel.runUntilIdle();
    const seen = drain(socket);
    socket.close();
    return seen;
  }

  function hex(seen: readonly Seen[]): string[] {
    return seen.map((each) => toHex(each.bytes));
  }

  function setupMany(): Setup {
    return setupR({
      stepped: true,
      interfaces: numbers(30).map((n) => ({ name: `em${n}`, addresses: [`10.${n}.0.1/16`, `2001:db8:${n}::1/64`] })),
    });
  }

  it.each([
    ["links", getLinks("q", 1)],
    ["addresses", getAddresses()],
    ["routes", getRoutes(0)],
  ])(
    "[RF-CORE-58] [N7.4] a dump of %s loses what follows the failure and no more; it, DONE and the later ack are lost together",
    (_, dump) => {
      const setup = setupMany();
      const sent = concat(dump, noop("qa", 2));
      const all = hex(whole(setup, sent));
      const answers = sweep(setup, sent);
      expect(answers.length).toBeGreaterThan(4);
      for (const answer of answers) {
        expect(hex(answer)).toEqual(all.slice(0, answer.length));
        expect(answer.some((each) => each.type === NLMSG.DONE)).toBe(answer.length === all.length);
      }
      // Each failure costs something else: from nothing at all to the last buffer alone.
      const lengths = new Set(answers.map((each) => each.length));
      expect(lengths).toContain(0);
      expect(lengths.size).toBeGreaterThan(3);
    },
  );

  it("[RF-CORE-58] [N7.4] [N7.6] a dump that the reader pulls is whole, or ended by its errno, or not there", () => {
    const setup = setupMany();
    const { kernel, vnet } = setup;
    const writer = openSocket(vnet);
    for (let i = 0; i < 800; i += 200) {
      writer.send(concat(...numbers(200).map((n) => addRoute(`127.${(i + n) >> 8}.${(i + n) & 255}.0/24`))));
      kernel.runUntilIdle();
    }
    const sent = getRoutes(0);
    const all = hex(whole(setup, sent));
    const outcomes = sweep(setup, sent).map((answer) => {
      if (answer.length === all.length) expect(hex(answer)).toEqual(all);
      else if (answer.length > 0) expect(answer.map(doneOf)).toEqual([Errno.ENOMEM]);
      return answer.length;
    });
    expect(outcomes).toContain(0);
    expect(outcomes).toContain(1);
  });

  it("[N7.4] [N5.4] an ack without memory is lost, with every later message of the send, though they would fit", () => {
    const setup = setupR({ stepped: true });
    setup.socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, 0);
    const big = message({ type: 0x7fff, flags: "q", seq: 2 }, new Uint8Array(4000));
    const { kernel, vnet, socket } = setup;
    // The queues of the socket have their memory by now.
    socket.send(noop());
    kernel.runUntilIdle();
    drain(socket);
    kernel.runUntilIdle();
    socket.send(concat(noop("qa", 1), big, addRoute("127.1.0.0/16", "qaCX", 1, 3), noop("qa", 4)));
    const before = vnet.statistics().routes;
    kernel.step();
    vnet.failAllocation(1);
    kernel.runUntilIdle();
    expect(drain(socket).map((each) => each.seq)).toEqual([1]);
    expect(vnet.statistics()).toMatchObject({ routes: before + 1, allocationFailures: 1 });
    kernel.runUntilIdle();
    socket.send(noop("qa", 5));
    kernel.runUntilIdle();
    expect(drain(socket).map((each) => each.seq)).toEqual([5]);
  });

  it("[N7.4] memory that comes back during a send does not bring its writer back", () => {
    const { kernel, vnet, socket } = setupR({ stepped: true });
    socket.send(concat(getLink(1, "q", 1), getLink(1, "q", 2), noop("qa", 3)));
    kernel.run(0);
    // The writer's buffer record and block come first, then those of its growth.
    vnet.failAllocation(3);
    kernel.runUntilIdle();
    expect(vnet.statistics().allocationFailures).toBe(1);
    expect(drain(socket)).toEqual([]);
  });

  it("[N7.6] [0.4] NLMSG_DONE carries ENOMEM where a dump fails before it is queued", () => {
    const setup = setupMany();
    const { kernel, vnet } = setup;
    const writer = openSocket(vnet);
    writer.send(concat(...numbers(255).map((n) => addRoute(`127.9.${n}.0/24`))));
    writer.send(concat(...numbers(255).map((n) => addRoute(`127.8.${n}.0/24`))));
    kernel.runUntilIdle();
    const dones = sweep(setup, getRoutes(AF.INET, "qaD")).filter((answer) => answer.length === 1);
    expect(dones.length).toBeGreaterThan(0);
    for (const [done] of dones) {
      expect(done).toMatchObject({ length: DONE_BYTES, flags: 0, seq: 1 });
      expect(numberAt(done?.body ?? u32(0), 0, 4)).toBe(Errno.ENOMEM);
    }
  });
});
