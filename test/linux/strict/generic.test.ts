// Generic netlink as FreeBSD's own layer has it (sys/compat/linux/linux_netlink.c): every message passes, errors get Linux's
// numbers.

import { describe, expect, it } from "vitest";
import { NETLINK } from "../../../assembly/abi/netlink.js";
import { Kernel } from "../../../host/kernel/kernel.js";
import { LinuxAbi, type StrictSocket } from "../../../host/linux/abi.js";
import { byId, byName, genl, getFamily, openGeneric } from "../../generic/families.js";
import { dummyFile } from "../../module/modules.js";
import { ask, type Seen, toHex } from "../../support/messages.js";
import { errorOf, messagesOf, u32 } from "../program.js";

const DONE = 3;
const ROOM = 1 << 16;

interface Strict {
  readonly kernel: Kernel;
  readonly socket: StrictSocket;
}

function start(): Strict {
  const kernel = Kernel.boot({ modules: ["netlink"], interfaces: [] });
  kernel.kldload("dummy", dummyFile());
  const abi = new LinuxAbi(kernel, { mode: "strict" });
  const socket = abi.socket(kernel.vnet0, { type: 3, protocol: NETLINK.GENERIC, pid: 100, isPrivileged: true });
  return { kernel, socket: socket as StrictSocket };
}

/** What a program reads, until there is nothing. */
function read(socket: StrictSocket): ReturnType<typeof messagesOf> {
  const messages: ReturnType<typeof messagesOf> = [];
  while (socket.isReadable) {
    messages.push(...messagesOf(socket.receiveMessages({ room: ROOM, flags: 0, name: 12 }).bytes.slice()));
  }
  return messages;
}

function told(socket: StrictSocket, request: Uint8Array): ReturnType<typeof messagesOf> {
  socket.send(request);
  return read(socket);
}

/** The same of a client on FreeBSD's own ABI. */
function native({ kernel }: Strict, request: Uint8Array): Seen[] {
  const socket = openGeneric(kernel.vnet0);
  socket.bind(100);
  try {
    return ask(socket, request);
  } finally {
    socket.close();
  }
}

describe("[L11.1] [X-42] a message of generic netlink", () => {
  it.each([
    ["GETFAMILY by name", getFamily("q", byName("nlctrl"))],
    ["GETFAMILY by id", getFamily("q", byId(17))],
    ["GETFAMILY of neither, which is a dump", getFamily("q")],
    ["a command of a module's family", genl(17, 2, "q")],
  ])("[L1.2] %s passes byte for byte both ways", (_what, request) => {
    const machine = start();
    const other = start();
    const answers = told(machine.socket, request).map(
      ({ bytes }) => toHex(bytes.slice(0, 12)) + toHex(bytes.slice(16)),
    );
    const expected = native(other, request).map(({ bytes }) => toHex(bytes.slice(0, 12)) + toHex(bytes.slice(16)));
    expect(answers).toEqual(expected);
    expect(answers.length).toBeGreaterThan(0);
  });

  it("[L9.3] [RF-LINUX-15] is refused with Linux's numbers", () => {
    const { socket } = start();
    expect(errorOf(told(socket, getFamily("q", byName("nosuch")))).errno).toBe(-2);
    expect(errorOf(told(socket, genl(35, 1, "q"))).errno).toBe(-95);
    expect(errorOf(told(socket, genl(17, 200, "q"))).errno).toBe(-95);
    expect(errorOf(told(socket, genl(17, 1, "q"))).errno).toBe(-22);
  });

  it("of a dump ends with NLMSG_DONE, though NLM_F_DUMP is not there", () => {
    const messages = told(start().socket, getFamily("qa"));
    expect(messages.map(({ type }) => type)).toEqual([16, 16, DONE]);
  });

  it("of a group comes to who joined FreeBSD's number, and not Linux's", () => {
    const { kernel, socket } = start();
    socket.setsockopt(270, 1, u32(16));
    kernel.kldunload("dummy");
    expect(read(socket)).toEqual([]);
    socket.setsockopt(270, 1, u32(48));
    kernel.kldload("dummy", dummyFile());
    expect(read(socket).map(({ type, body }) => [type, body[0]])).toEqual([[16, 1]]);
  });
});
