// What a supervisor is told, frame by frame.
import { describe, expect, it } from "vitest";
import { ProtocolError } from "../../host/node/frames.js";
import { SOCKETS_MAX } from "../../host/node/limits.js";
import { concat, message } from "../support/messages.js";
import { bench, Conversation } from "./conversation.js";
import * as wire from "./frames.js";

const LINUX = {
  EPERM: 1,
  EAGAIN: 11,
  EINVAL: 22,
  EMFILE: 24,
  ENOTTY: 25,
  EOPNOTSUPP: 95,
  ENOPROTOOPT: 92,
  EISCONN: 106,
};
const NOOP = 1;

/** Any kernel answers it with an ack of 36 bytes. */
function ping(seq: number): Uint8Array {
  return message({ type: NOOP, flags: "qa", seq });
}

function begun(domain: number, options = {}): Conversation & ReturnType<typeof bench> {
  const stage = bench(options);
  const conversation = new Conversation(stage.machine);
  conversation.hello(domain);
  return Object.assign(conversation, stage);
}

describe("HELLO", () => {
  it("is answered with limits and, where there is one, the path of a shared file", () => {
    const { machine } = bench();
    const plain = new Conversation(machine);
    const { result, body } = plain.hello(wire.LINUX);
    expect(result).toBe(0);
    expect([0, 4, 8, 12].map((at) => wire.wordAt(body, at))).toEqual([SOCKETS_MAX, 1 << 21, 0, 1 << 20]);
    expect(body.length).toBe(16);
  });

  it.each([
    ["another version", () => wire.frame(wire.HELLO, 0, 1, wire.helloBody(wire.LINUX), 2), 1, "version 2"],
    [
      "a vnet that is not there",
      () => wire.frame(wire.HELLO, 0, 1, wire.helloBody(wire.LINUX, "blue"), 1),
      2,
      'no vnet "blue"',
    ],
  ])("with %s is sent away, with a status and a reason", (_, bytes, status, reason) => {
    const { machine } = bench();
    const { session } = new Conversation(machine);
    session.handle(frameOf(bytes()));
    const [goodbye] = new wire.Listener().hear(session.out.take());
    expect(goodbye?.type).toBe(wire.GOODBYE);
    expect(wire.wordAt(goodbye?.body as Uint8Array, 0)).toBe(status);
    expect(new TextDecoder().decode(goodbye?.body.subarray(4))).toContain(reason);
    expect(session.isOver).toBe(true);
  });

  it("chooses the vnet", () => {
    const { machine, kernel } = bench();
    kernel.vnetCreate("blue");
    const conversation = new Conversation(machine);
    expect(conversation.hello(wire.FREEBSD, "blue").result).toBe(0);
    expect(conversation.open(1)).toBe(1);
    expect(kernel.vnet("blue")?.sockets.size).toBe(1);
    expect(kernel.vnet0.sockets.size).toBe(0);
  });
});

function frameOf(bytes: Uint8Array): Parameters<Conversation["session"]["handle"]>[0] {
  const [heard] = new wire.Listener().hear(bytes);
  const { type, version, socket, request, body } = heard as wire.Heard;
  return { type, version, socket, request, body: new DataView(body.buffer) };
}

describe("frames that make no sense end the conversation", () => {
  it.each<[string, (on: Conversation) => void]>([
    ["a frame before HELLO", () => new Conversation(bench().machine).say(wire.OPEN, 1, wire.words(3, 0, 1, 0))],
    ["HELLO of another domain", () => new Conversation(bench().machine).hello(17)],
    ["HELLO that is cut", () => new Conversation(bench().machine).say(wire.HELLO, 0, wire.words(16))],
    ["a routing socket of Linux's ABI", (on) => on.say(wire.OPEN_ROUTING, 1, wire.words(3, 0, 1, 0))],
    ["a second HELLO", (on) => on.hello(wire.LINUX)],
    ["an unknown type", (on) => on.say(99)],
    ["a reply", (on) => on.say(wire.REPLY, 1, wire.words(0))],
    ["socket 0", (on) => on.open(0)],
    ["a socket twice", (on) => [on.open(1), on.open(1)]],
    ["a socket that is not open", (on) => on.say(wire.SEND, 7, wire.sendBody(ping(1)))],
    ["a body that is cut", (on) => [on.open(1), on.say(wire.SEND, 1, wire.words(400, 0, 0))]],
    ["a send of nothing", (on) => [on.open(1), on.say(wire.SEND, 1)]],
    ["a half that is not there", (on) => [on.open(1), on.say(wire.PULL, 1, wire.words(1, 1, 2, 0))]],
    [
      "a forwarded receive of Linux's ABI",
      (on) => [on.open(1), on.say(wire.RECEIVE, 1, wire.words(1, 0, 0, 0, wire.NO_HALF))],
    ],
  ])("%s", (_, say) => {
    expect(() => say(begun(wire.LINUX))).toThrow(ProtocolError);
  });

  it.each([wire.PULL, wire.TAKEN])("frame %i on a socket of FreeBSD's ABI", (type) => {
    const on = begun(wire.FREEBSD);
    on.open(1);
    expect(() => on.say(type, 1, wire.words(1, 1, wire.NO_HALF, 1))).toThrow(ProtocolError);
  });
});

describe("sockets", () => {
  it(`number ${SOCKETS_MAX} at most; one more is EMFILE until one is closed`, () => {
    const on = begun(wire.FREEBSD);
    for (let socket = 1; socket <= SOCKETS_MAX; socket++) expect(on.open(socket)).toBe(1);
    expect(on.open(SOCKETS_MAX + 1)).toBe(-LINUX.EMFILE);
    on.say(wire.CLOSE, 1);
    expect(on.open(SOCKETS_MAX + 1)).toBe(1);
  });

  it("of routing are there for FreeBSD's ABI, and only they can be shut down", () => {
    const { machine, kernel } = bench();
    const on = new Conversation(machine);
    on.hello(wire.FREEBSD);
    expect(on.ask(wire.OPEN_ROUTING, 1, wire.words(3, 0, 1, 0)).result).toBe(1);
    expect(on.open(2)).toBe(1);
    expect(kernel.vnet0.hasRoutingSockets).toBe(true);
    expect(on.ask(wire.SHUTDOWN, 2, wire.words(0)).result).toBe(-LINUX.EOPNOTSUPP);
    expect(on.ask(wire.SHUTDOWN, 1, wire.words(0)).result).toBe(0);
    // The end of the file is something to read.
    expect(on.all(wire.STATE).map(({ socket, body }) => [socket, wire.wordAt(body, 0) & 1])).toEqual([[1, 1]]);
    on.session.end();
    expect(kernel.vnet0.hasRoutingSockets).toBe(false);
  });

  it("of routing give back a message that did not reach the program", () => {
    const on = begun(wire.FREEBSD);
    on.ask(wire.OPEN_ROUTING, 1, wire.words(3, 0, 1, 0));
    const { kernel } = on;
    kernel.vnet0.interfaceAttach({ name: "em7" });
    const receive = () => on.ask(wire.RECEIVE, 1, wire.words(4096, 0, 0, 16, wire.NO_HALF));
    const first = receive();
    expect(first.result).toBe(24);
    // The sender is { 2, AF_ROUTE }.
    expect([...first.body.slice(20, 22)]).toEqual([2, 17]);
    on.say(wire.UNTAKEN, 1);
    expect(receive()).toEqual(first);
    expect(receive().result).toBe(-LINUX.EAGAIN);
  });

  it("go with the client", () => {
    const { machine, kernel } = bench();
    const on = new Conversation(machine);
    on.hello(wire.FREEBSD);
    on.open(1);
    on.open(2);
    expect(kernel.vnet0.sockets.size).toBe(2);
    on.session.end();
    expect(kernel.vnet0.sockets.size).toBe(0);
  });

  it("are privileged for root and for who runs the kernel, whoever the client is", () => {
    const link = message({ type: 16, flags: "qaCX" }, new Uint8Array(16));
    const errnoOf = (uid: number): number => {
      const on = begun(wire.FREEBSD, { owner: 500 });
      on.open(1, { uid });
      on.send(1, link);
      const reply = on.ask(wire.RECEIVE, 1, wire.words(4096, 0, 0, 0, wire.NO_HALF));
      return wire.wordAt(reply.body, 20 + 16);
    };
    expect([0, 500].map(errnoOf)).not.toContain(LINUX.EPERM);
    expect(errnoOf(501)).toBe(LINUX.EPERM);
  });
});

describe.each([
  ["Linux's", wire.LINUX],
  ["FreeBSD's", wire.FREEBSD],
])("of %s ABI", (_, domain) => {
  it("bind, and the name in its form", () => {
    const on = begun(domain);
    on.open(1);
    expect(on.ask(wire.BIND, 1, wire.address(domain, 4242)).result).toBe(0);
    expect(on.ask(wire.NAME, 1, wire.words(0)).body).toEqual(wire.address(domain, 4242).subarray(4, 16));
    expect(on.ask(wire.BIND, 1, wire.address(domain, 1, 0, 11)).result).toBe(-LINUX.EINVAL);
  });

  it("a refused call is a negative errno of the host's", () => {
    const on = begun(domain);
    on.open(1);
    expect(on.ask(wire.SETOPT, 1, wire.words(270, 99, 1)).result).toBe(-LINUX.ENOPROTOOPT);
    expect(on.ask(wire.IOCTL, 1, wire.words(0x5413)).result).toBe(
      domain === wire.LINUX ? -LINUX.ENOTTY : -LINUX.EOPNOTSUPP,
    );
  });

  it("several messages in a frame are sent in order, and their number is the result", () => {
    const on = begun(domain);
    on.open(1);
    expect(on.send(1, ping(1), ping(2), ping(3))).toBe(3);
  });
});

describe("Linux's ABI", () => {
  it("brings the answer of a send before its reply", () => {
    const on = begun(wire.LINUX);
    on.open(1);
    on.say(wire.SEND, 1, wire.sendBody(ping(5)));
    expect(on.heard.map(({ type }) => type)).toEqual([wire.DATA, wire.REPLY]);
    const [record] = on.pushed(1);
    expect(record).toMatchObject({ port: 0, groups: 0, group: 0 });
    expect(wire.wordAt(record?.bytes as Uint8Array, 8)).toBe(5);
  });

  it("refuses addresses of another family, and MSG_OOB", () => {
    const on = begun(wire.LINUX);
    on.open(1);
    expect(on.ask(wire.BIND, 1, wire.address(wire.FREEBSD, 1)).result).toBe(-LINUX.EINVAL);
    expect(on.ask(wire.CONNECT, 1, wire.address(wire.LINUX, 0)).result).toBe(0);
    const outOfBand = concat(wire.words(16, 1, 0), wire.NO_ADDRESS, ping(1));
    expect(on.ask(wire.SEND, 1, outOfBand).result).toBe(-LINUX.EOPNOTSUPP);
  });
});

describe("FreeBSD's ABI", () => {
  const receive = (on: Conversation, room: number, msg = 0): { result: number; copied: number; bytes: Uint8Array } => {
    const { result, body } = on.ask(wire.RECEIVE, 1, wire.words(room, msg, 0, 12, wire.NO_HALF));
    if (result < 0) return { result, copied: 0, bytes: new Uint8Array(0) };
    const [copied, , name] = [0, 4, 8].map((at) => wire.wordAt(body, at)) as [number, number, number];
    return { result, copied, bytes: body.subarray(20 + ((name + 3) & ~3)) };
  };

  it("tells when a receive would find something, and each arrival", () => {
    const on = begun(wire.FREEBSD);
    on.open(1);
    const states = (): number[] => on.all(wire.STATE).map(({ body }) => wire.wordAt(body, 0));
    expect(states()).toEqual([]);
    on.send(1, ping(1));
    expect(states()).toEqual([7]); // readable, writable, arrived
    on.send(1, ping(2));
    expect(states()).toEqual([7]);
    receive(on, 36);
    expect(states()).toEqual([]);
    receive(on, 36);
    expect(states()).toEqual([2]);
  });

  it("gives whole messages as far as there is room, and EAGAIN when there are none", () => {
    const on = begun(wire.FREEBSD);
    on.open(1);
    on.send(1, ping(1), ping(2), ping(3));
    expect(receive(on, 80)).toMatchObject({ result: 72, copied: 72 });
    expect(receive(on, 80)).toMatchObject({ result: 36, copied: 36 });
    expect(receive(on, 80).result).toBe(-LINUX.EAGAIN);
  });

  it("gives what never reached the program once more", () => {
    const on = begun(wire.FREEBSD);
    on.open(1);
    on.send(1, ping(1), ping(2), ping(3));
    const first = receive(on, 72);
    on.say(wire.UNTAKEN, 1);
    expect(on.ask(wire.IOCTL, 1, wire.words(0x541b)).body).toEqual(wire.words(108));
    expect(receive(on, 72, 2)).toEqual(first); // MSG_PEEK leaves it
    expect(receive(on, 40)).toMatchObject({ result: 36 });
    expect(wire.wordAt(receive(on, 40).bytes, 8)).toBe(2);
    expect(wire.wordAt(receive(on, 40).bytes, 8)).toBe(3);
  });

  it("answers the interface ioctls with the kernel's names", () => {
    const on = begun(wire.FREEBSD);
    const ifreq = (name: string): Uint8Array => {
      const bytes = new Uint8Array(40);
      bytes.set(new TextEncoder().encode(name));
      return bytes;
    };
    const asked = on.ask(wire.IOCTL, 0, concat(wire.words(0x8933), ifreq("em0")));
    expect([asked.result, wire.wordAt(asked.body, 16)]).toEqual([0, 2]);
    expect(on.ask(wire.IOCTL, 0, concat(wire.words(0x8933), ifreq("eth0"))).result).toBe(-19); // ENODEV
  });

  it("counts as connected", () => {
    const on = begun(wire.FREEBSD);
    on.open(1);
    expect(on.ask(wire.CONNECT, 1, wire.address(wire.FREEBSD, 0)).result).toBe(-LINUX.EISCONN);
    expect(on.ask(wire.NAME, 1, wire.words(1)).result).toBe(-LINUX.EOPNOTSUPP);
  });
});
