// What a receive gives a program: the rules of FreeBSD's sockets (netlink-core N3.3), applied to messages in their rewritten
// form (linux-compat L10.8, L10.9).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MSG } from "../../../assembly/abi/netlink.js";
import { Kernel } from "../../../host/kernel/kernel.js";
import { LinuxAbi, LinuxError, type StrictSocket } from "../../../host/linux/abi.js";
import { cutAsWritten, ReceiveModel } from "../../core/receivemodel.js";
import { concat, split } from "../../support/messages.js";
import { F, hex, messagesOf, request, u32 } from "../program.js";
import { DUMP, INET, ifaddrmsg, ifinfomsg, ndmsg, openStrict, RTM, rtmsg, strictMachine } from "./strict.js";

const PEEK = 0x2;
const TRUNC = 0x20;
const BOOT = {
  modules: ["netlink"],
  interfaces: [{ name: "em0" }, { name: "em1" }, { name: "verylongname0" }, { name: "a0" }],
};
const RCVBUF = 8;

/** Each is a send. */
const SENDS: readonly (readonly Uint8Array[])[] = [
  [request(RTM.GETLINK, F.REQUEST, 1, ifinfomsg({ index: 2 }))],
  [request(RTM.GETLINK, DUMP, 2, ifinfomsg())],
  [request(1, F.ACK, 3)],
  [request(RTM.GETADDR, DUMP, 4, ifaddrmsg(0)), request(RTM.GETLINK, F.REQUEST | F.ACK, 5, ifinfomsg({ index: 4 }))],
  [request(RTM.GETROUTE, DUMP, 6, rtmsg(0)), request(RTM.GETNEIGH, F.REQUEST, 7, ndmsg(77))],
  [request(RTM.GETNEXTHOP, F.REQUEST | F.ACK, 8, new Uint8Array(40))],
];

function receive(socket: StrictSocket, room: number, flags = 0): { result: number; bytes: string } {
  const { result, bytes } = socket.receiveMessages({ room, flags, name: 12 });
  return { result, bytes: hex(bytes) };
}

describe("any receives of any answers", () => {
  const room = fc.oneof(fc.nat(60), fc.nat(700), fc.nat(8000), fc.constantFrom(0, 16, 20, 36, 320, 340, 356, 364));
  const reads = fc.array(fc.tuple(room, fc.constantFrom(0, PEEK, TRUNC, PEEK | TRUNC)), { maxLength: 30 });
  const sends = fc.array(fc.nat(SENDS.length - 1), { minLength: 1, maxLength: 4 });

  it("[L10.8] [RF-LINUX-14] [X-35] [N3.3] give what the rules give for the rewritten messages", () => {
    const kernel = Kernel.boot(BOOT);
    const abi = new LinuxAbi(kernel, { mode: "strict" });
    fc.assert(
      fc.property(sends, reads, (plan, steps) => {
        const { strict } = openStrict(abi, kernel);
        const native = kernel.vnet0.socket({ pid: 1 });
        const rewritten: Uint8Array[][] = [];
        for (const i of plan) {
          const each = SENDS[i] as readonly Uint8Array[];
          // The writer cuts the kernel's messages into buffers; the native socket answers the same, but for the failing
          // request, whose error is as long.
          native.send(concat(...each.map(asNative)));
          const into = new Uint8Array(1 << 16);
          const plain = split(into.slice(0, native.recv(into))).map(({ bytes }) => bytes);
          strict.send(concat(...each));
          const all = strict.receiveMessages({ room: 1 << 20, flags: 0, name: 0 }).bytes.slice();
          const messages = messagesOf(all).map(({ bytes }) => bytes);
          expect(messages).toHaveLength(plain.length);
          const next = messages[Symbol.iterator]();
          rewritten.push(...cutAsWritten(plain).map((buffer) => buffer.map(() => next.next().value as Uint8Array)));
        }
        for (const i of plan) strict.send(concat(...(SENDS[i] as readonly Uint8Array[])));
        const model = new ReceiveModel(rewritten);
        expect(strict.queuedBytes).toBe(model.used);
        for (const [size, flags] of steps) {
          if (model.count === 0) break;
          const native = (flags & PEEK ? MSG.PEEK : 0) | (flags & TRUNC ? MSG.TRUNC : 0);
          const { length, copied } = model.read(size, native);
          expect(receive(strict, size, flags)).toEqual({ result: length, bytes: hex(copied) });
          expect(strict.queuedBytes).toBe(model.used);
        }
        strict.close();
        native.close();
      }),
      { seed: 14, numRuns: 120 },
    );
    expect(kernel.vnet0.check()).toBe(0);
    expect(kernel.vnet0.statistics().buffers).toBe(0);
  });

  /** The family that the layer refuses is one that the kernel knows no table for; the error of both is as long. */
  function asNative(message: Uint8Array): Uint8Array {
    const bytes = message.slice();
    if (bytes[4] === RTM.GETNEIGH) bytes[4] = 200;
    return bytes;
  }
});

describe("a receive", () => {
  it("[RF-LINUX-14] [L10.8] knows no boundaries between answers of several sends", () => {
    const { program } = strictMachine();
    program.send(RTM.GETLINK, DUMP, ifinfomsg());
    program.send(RTM.GETADDR, DUMP, ifaddrmsg(INET));
    program.send(1, F.ACK);
    expect(program.datagrams()).toHaveLength(1);
  });

  it("[L10.8] of 0 bytes with PEEK and TRUNC tells the first message's length, and 32 KiB then take all", () => {
    const { program } = strictMachine({ modules: ["netlink"] });
    program.send(RTM.GETLINK, DUMP, ifinfomsg());
    expect(receive(program.strict, 0, PEEK | TRUNC)).toEqual({ result: 340, bytes: "" });
    expect(receive(program.strict, 32_768).result).toBe(360);
  });

  it("[L10.9] [X-55] gives back its own flags, the kernel's name with groups 0, and no control data", () => {
    const { abi, kernel, program } = strictMachine({ modules: ["netlink"] });
    const watcher = openStrict(abi, kernel, 77).strict;
    watcher.bind(77, 1);
    kernel.vnet0.interfaceAttach({ name: "em0" });
    const told = watcher.receiveMessages({ room: 10, flags: TRUNC | 0x40, control: 100, name: 12 });
    expect(told.flags).toBe(TRUNC | 0x40); // although it was cut
    expect(hex(told.name)).toBe("100000000000000000000000");
    expect(told.control).toHaveLength(0);
    program.send(1, F.ACK);
    expect(hex(program.strict.receiveMessages({ room: 100, flags: 0, name: 5 }).name)).toBe("1000000000");
  });

  it("[L10.8] with nothing queued is EAGAIN, and undefined from receive", () => {
    const { program } = strictMachine();
    for (const flags of [0, PEEK, TRUNC]) {
      for (const room of [0, 20, 4096]) expect(() => receive(program.strict, room, flags)).toThrow(/EAGAIN/);
    }
    expect(program.strict.receive(4096)).toBeUndefined();
  });

  it("[L10.8] links that wait when their group is left are rewritten as before", () => {
    const { kernel, program } = strictMachine(BOOT);
    program.strict.bind(2125, 1);
    kernel.vnet0.interfaceAttach({ name: "em7" });
    program.strict.bind(2125, 0);
    const queued = program.strict.queuedBytes;
    expect(receive(program.strict, 1 << 16).result).toBe(queued);
  });
});

describe("what a receive took and the program never got", () => {
  it("comes again before all else, as far as its messages fit", () => {
    const { program } = strictMachine();
    program.send(RTM.GETADDR, DUMP, ifaddrmsg(0));
    const first = receive(program.strict, 200);
    expect(first.result).toBeGreaterThan(0);
    program.strict.untake();
    expect(program.strict.isReadable).toBe(true);
    expect(receive(program.strict, 4096, PEEK)).toEqual(first);
    const one = receive(program.strict, 100);
    expect(first.bytes.startsWith(one.bytes)).toBe(true);
    const rest = receive(program.strict, 4096);
    expect(one.bytes + rest.bytes).toBe(first.bytes);
    expect(receive(program.strict, 4096).result).toBeGreaterThan(0);
  });

  it("comes before what waits already", () => {
    const { program } = strictMachine();
    program.send(RTM.GETADDR, DUMP, ifaddrmsg(0));
    const all = receive(program.strict, 4096);
    program.strict.untake();
    const first = receive(program.strict, 100);
    program.strict.untake();
    expect(program.strict.queuedBytes).toBe(all.result);
    const rest = [receive(program.strict, 4096), receive(program.strict, 4096)];
    expect(rest[0]).toEqual(first);
    expect(rest.map(({ bytes }) => bytes).join("")).toBe(all.bytes);
    expect(() => receive(program.strict, 4096)).toThrow(LinuxError);
  });

  it("of a message that was cut is its head alone, whole or in part", () => {
    const { program } = strictMachine();
    program.send(RTM.GETLINK, DUMP, ifinfomsg());
    const head = receive(program.strict, 100);
    program.strict.untake();
    expect(receive(program.strict, 40, TRUNC)).toEqual({ result: 100, bytes: head.bytes.slice(0, 80) });
    program.strict.untake();
    expect(receive(program.strict, 4096)).toEqual({ result: 40, bytes: head.bytes.slice(0, 80) });
    expect(messagesOf(program.strict.receive(4096)?.bytes as Uint8Array).at(-1)?.type).toBe(3);
  });

  it("is nothing after a receive that gave nothing, or when there was none", () => {
    const { program } = strictMachine();
    program.strict.untake();
    program.send(RTM.GETLINK, DUMP, ifinfomsg());
    receive(program.strict, 0);
    program.strict.untake();
    program.strict.untake();
    expect(receive(program.strict, 0, PEEK | TRUNC).result).toBe(340);
  });
});

describe("the receive limit", () => {
  it("[RF-LINUX-16] [L10.10] [X-36] counts rewritten messages: what does not fit is not told, and no error says so", () => {
    const { abi, kernel } = strictMachine({ modules: ["netlink"] });
    const { strict } = openStrict(abi, kernel, 77);
    strict.bind(77, 1);
    kernel.vnet0.interfaceAttach({ name: "em0" });
    const one = strict.queuedBytes;
    expect(receive(strict, 1 << 16).result).toBe(one);
    strict.setsockopt(1, RCVBUF, u32(2 * one));
    for (const name of ["em1", "em2", "em3", "em4"]) kernel.vnet0.interfaceAttach({ name });
    expect(strict.queuedBytes).toBe(2 * one);
    expect(receive(strict, 1 << 16).result).toBe(2 * one);
    expect(() => receive(strict, 1)).toThrow(/EAGAIN/);
  });

  it("[L10.10] a full queue stops further requests until it is read", () => {
    const { kernel, program } = strictMachine({ modules: ["netlink"] });
    program.strict.setsockopt(1, RCVBUF, u32(300));
    program.send(RTM.GETLINK, DUMP, ifinfomsg());
    program.send(1, F.ACK);
    expect(program.strict.queuedBytes).toBe(360);
    receive(program.strict, 340);
    expect(program.strict.queuedBytes).toBe(20 + 36);
    expect(kernel.vnet0.check()).toBe(0);
  });
});

describe("a stepped kernel", () => {
  it("[L10.11] [X-44] processes requests later: a receive right after a send is EAGAIN", () => {
    const { kernel, program } = strictMachine({ modules: ["netlink"], stepped: true });
    program.send(RTM.GETLINK, DUMP, ifinfomsg());
    expect(program.strict.receive(4096)).toBeUndefined();
    kernel.runUntilIdle();
    expect(program.messages()).toHaveLength(2);
  });
});
