// The calls on a socket (linux-compat L10): addresses, ports, options, and what comes with a send.

import { describe, expect, it } from "vitest";
import { Kernel } from "../../../host/kernel/kernel.js";
import { LinuxAbi, LinuxError, type StrictSocket } from "../../../host/linux/abi.js";
import { F, hex, join, messagesOf, request, u8, u16, u32 } from "../program.js";
import { DUMP, ifaddrmsg, ifinfomsg, RTM, SOL_NETLINK, strictMachine } from "./strict.js";

const SOL_SOCKET = 1;
const SO = {
  DEBUG: 1,
  REUSEADDR: 2,
  TYPE: 3,
  ERROR: 4,
  SNDBUF: 7,
  RCVBUF: 8,
  PASSCRED: 16,
  RCVLOWAT: 18,
  RCVTIMEO: 20,
  ATTACH_FILTER: 26,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
  PROTOCOL: 38,
  DOMAIN: 39,
} as const;
const OPEN = { type: 3, protocol: 0, pid: 2125, isPrivileged: true } as const;
const MODULES = { modules: ["netlink"] };

function open(options: Partial<Parameters<LinuxAbi["socket"]>[1]> = {}): {
  abi: LinuxAbi;
  kernel: Kernel;
  socket: StrictSocket;
} {
  const kernel = Kernel.boot(MODULES);
  const abi = new LinuxAbi(kernel, { mode: "strict" });
  return { abi, kernel, socket: abi.socket(kernel.vnet0, { ...OPEN, ...options }) as StrictSocket };
}

/** The code that a call is refused with; undefined when it succeeds. */
function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof LinuxError) return error.code;
    throw error;
  }
}

function sockaddr(family: number, port: number, groups: number, length = 12): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(join(u16(family), u16(0), u32(port), u32(groups)).subarray(0, length));
  return bytes;
}

describe("socket", () => {
  it.each([
    // type, protocol
    [3, 0, undefined],
    [2, 0, undefined],
    [3, 16, undefined],
    [3 | 0x80000 | 0x800, 0, undefined],
    [3 | 0x100000, 0, "EINVAL"],
    [11, 0, "EINVAL"],
    [1, 0, "EPROTOTYPE"],
    [5, 16, "EPROTONOSUPPORT"],
    [3, 4, "EPROTONOSUPPORT"],
    [3, 15, "EPROTONOSUPPORT"],
    [3, -1, "EINVAL"],
    [3, 20, "EINVAL"],
  ])("[L10.2] [X-33] type %i, protocol %i: %s", (type, protocol, code) => {
    expect(codeOf(() => open({ type, protocol }))).toBe(code);
  });

  it("one layer opens both modes, as each socket asks", () => {
    const kernel = Kernel.boot(MODULES);
    const abi = new LinuxAbi(kernel);
    const answers = (["strict", "extended"] as const).map((mode) => {
      const socket = abi.socket(kernel.vnet0, { ...OPEN, pid: 9, mode });
      socket.send(request(RTM.GETLINK, F.REQUEST, 1, ifinfomsg({ index: 1 })));
      const length = socket.receive(4096)?.bytes.length;
      socket.close();
      return length;
    });
    expect(answers).toEqual([340, 636]);
  });

  it("[L1.1] while one is open the layer stays", () => {
    const { kernel, socket } = open();
    expect(() => kernel.kldunload("linux_common")).toThrow(/EBUSY/);
    socket.close();
    kernel.kldunload("linux_common");
  });
});

describe("addresses", () => {
  it.each([
    ["a sockaddr_nl", sockaddr(16, 5, 0), undefined],
    ["a longer one, which is cut", sockaddr(16, 5, 0, 100), undefined],
    ["one too short", sockaddr(16, 5, 0, 11), "EINVAL"],
    ["one byte", u8(16), "EINVAL"],
    ["256 bytes", sockaddr(16, 5, 0, 256), "EINVAL"],
    ["a family that FreeBSD lacks", sockaddr(77, 5, 0), "EAFNOSUPPORT"],
    ["a family above 255", sockaddr(0x110, 5, 0), "EAFNOSUPPORT"],
    ["another family of the same length, which nobody looks at", sockaddr(10, 5, 0), undefined],
    ["a sockaddr_in, whose length is another", sockaddr(2, 5, 0, 16), "EINVAL"],
  ])("[L10.1] bind to %s", (_, address, code) => {
    const { socket } = open();
    expect(codeOf(() => socket.bind(address))).toBe(code);
    expect(socket.getsockname().port).toBe(code === undefined ? 5 : 0);
  });

  it("[L10.1] [L10.7] connect and send convert theirs too, and make nothing of it", () => {
    const { socket } = open();
    expect(codeOf(() => socket.connect(sockaddr(77, 0, 0)))).toBe("EAFNOSUPPORT");
    expect(codeOf(() => socket.connect(sockaddr(16, 99, 1)))).toBeUndefined();
    const noop = request(1, F.ACK, 1);
    expect(codeOf(() => socket.send(noop, { address: sockaddr(16, 0, 0, 3) }))).toBe("EINVAL");
    expect(socket.send(noop, { address: sockaddr(16, 4711, 1) })).toBe(16);
    expect(socket.send(noop, { port: 4711, groups: 0 })).toBe(16);
    expect(messagesOf(socket.receive(100)?.bytes as Uint8Array)).toHaveLength(2);
  });
});

describe("ports and groups", () => {
  it("[L10.3] bind to 0 takes the process id, then one of 262,144 … 327,679; a port in use is EADDRINUSE, another one EINVAL", () => {
    const { abi, kernel, socket } = open();
    socket.bind(0);
    expect(socket.getsockname().port).toBe(2125);
    const second = abi.socket(kernel.vnet0, OPEN) as StrictSocket;
    expect(codeOf(() => second.bind(2125))).toBe("EADDRINUSE");
    second.bind(0);
    const { port } = second.getsockname();
    expect(port).toBeGreaterThanOrEqual(262_144);
    expect(port).toBeLessThanOrEqual(327_679);
    expect(codeOf(() => second.bind(port + 1))).toBe("EINVAL");
    second.bind(port);
  });

  it("[L10.3] [X-34] connect binds to the process id or the first free number after it, of ten, and keeps the groups", () => {
    const { abi, kernel, socket } = open();
    const all = [socket, ...Array.from({ length: 10 }, () => abi.socket(kernel.vnet0, OPEN) as StrictSocket)];
    all[1]?.setsockopt(SOL_NETLINK, 1, u32(1));
    const codes = all.map((each) => codeOf(() => each.connect(0)));
    expect(codes).toEqual([...new Array(10).fill(undefined), "EADDRINUSE"]);
    expect(all.slice(0, 3).map((each) => each.getsockname().port)).toEqual([2125, 2126, 2127]);
    expect(codeOf(() => all[0]?.connect(77))).toBeUndefined();
    kernel.vnet0.interfaceAttach({ name: "em0" });
    expect(all.map((each) => each.isReadable)).toEqual(all.map((_, i) => i === 1));
  });

  it("[L10.3] [X-34] send does not bind: answers have pid 0", () => {
    const { socket } = open();
    socket.send(request(1, F.ACK, 1));
    expect(messagesOf(socket.receive(100)?.bytes as Uint8Array)[0]?.pid).toBe(0);
    expect(socket.getsockname()).toEqual({ port: 0, groups: 0 });
  });

  it("[L10.3] [L10.4] bind replaces groups 1 to 32; getsockname never shows them, and there is no peer", () => {
    const { kernel, socket } = open();
    socket.bind(5, 1);
    socket.bind(5, 2);
    kernel.vnet0.interfaceAttach({ name: "em0" });
    expect(socket.isReadable).toBe(false);
    expect(socket.getsockname()).toEqual({ port: 5, groups: 0 });
    expect(codeOf(() => socket.getpeername())).toBe("EOPNOTSUPP");
  });
});

describe("options of level SOL_NETLINK", () => {
  it.each([
    [1, u32(1), undefined],
    [1, u32(127), undefined],
    [1, u32(0), "ERANGE"],
    [1, u32(128), "ERANGE"],
    [2, u32(0xffffffff), "ERANGE"],
    [1, u16(1), "EINVAL"],
    [10, u32(1), undefined],
    [11, u32(1), undefined],
    [12, u32(1), undefined],
    [12, u8(1), "EINVAL"],
    [257, u32(1), "EINVAL"],
    [3, u32(1), "ENOPROTOOPT"],
    [4, u32(1), "ENOPROTOOPT"],
    [5, u32(1), "ENOPROTOOPT"],
    [6, u32(1), "ENOPROTOOPT"],
    [8, u32(1), "ENOPROTOOPT"],
    [99, u32(1), "ENOPROTOOPT"],
  ])("[L10.5] [RF-LINUX-2] [X-37] [X-41] option %i set to %o: %s", (option, value, code) => {
    const { socket } = open({ isPrivileged: false });
    expect(codeOf(() => socket.setsockopt(SOL_NETLINK, option, value))).toBe(code);
    expect(codeOf(() => socket.getsockopt(SOL_NETLINK, option, 4))).toBe("EINVAL");
  });
});

describe("options of level SOL_SOCKET", () => {
  it.each([
    ["SO_TYPE", SO.TYPE, u32(3)],
    ["SO_DOMAIN", SO.DOMAIN, u32(16)],
    ["SO_PROTOCOL", SO.PROTOCOL, u32(0)],
    ["SO_ERROR", SO.ERROR, u32(0)],
    ["SO_SNDBUF", SO.SNDBUF, u32(65_536)],
    ["SO_RCVBUF", SO.RCVBUF, u32(65_536)],
    ["SO_RCVLOWAT", SO.RCVLOWAT, u32(1)],
    ["SO_RCVTIMEO", SO.RCVTIMEO, new Uint8Array(16)],
  ])("[L10.6] %s is there", (_, option, value) => {
    const { socket } = open();
    expect(socket.getsockopt(SOL_SOCKET, option, 100)).toEqual(value);
    expect(socket.getsockopt(SOL_SOCKET, option, 2)).toEqual(value.subarray(0, 2));
  });

  it.each([
    ["SO_RCVBUFFORCE", SO.RCVBUFFORCE],
    ["SO_SNDBUFFORCE", SO.SNDBUFFORCE],
    ["SO_ATTACH_FILTER", SO.ATTACH_FILTER],
    ["SO_PASSCRED", SO.PASSCRED],
  ])("[L10.6] [X-37] %s cannot be set", (_, option) => {
    expect(codeOf(() => open().socket.setsockopt(SOL_SOCKET, option, u32(1)))).toBe("ENOPROTOOPT");
  });

  it("[L10.6] a receive limit above the system's needs privilege", () => {
    const value = u32(1_864_136);
    expect(codeOf(() => open({ isPrivileged: false }).socket.setsockopt(SOL_SOCKET, SO.RCVBUF, value))).toBe("EPERM");
    expect(codeOf(() => open().socket.setsockopt(SOL_SOCKET, SO.RCVBUF, value))).toBeUndefined();
  });

  it("[L10.6] flags of any socket are kept, and read as FreeBSD's bit; timeouts are kept too", () => {
    const { socket } = open();
    socket.setsockopt(SOL_SOCKET, SO.REUSEADDR, u32(1));
    expect(socket.getsockopt(SOL_SOCKET, SO.REUSEADDR, 4)).toEqual(u32(4));
    socket.setsockopt(SOL_SOCKET, SO.REUSEADDR, u32(0));
    expect(socket.getsockopt(SOL_SOCKET, SO.REUSEADDR, 4)).toEqual(u32(0));
    expect(codeOf(() => socket.setsockopt(SOL_SOCKET, SO.DEBUG, u8(1)))).toBe("EINVAL");
    const twoSeconds = join(u32(2), u32(0), u32(500), u32(0));
    socket.setsockopt(SOL_SOCKET, SO.RCVTIMEO, twoSeconds);
    expect(socket.getsockopt(SOL_SOCKET, SO.RCVTIMEO, 16)).toEqual(twoSeconds);
    const noTime = join(u32(0), u32(0), u32(1_000_000), u32(0));
    expect(codeOf(() => socket.setsockopt(SOL_SOCKET, SO.RCVTIMEO, noTime))).toBe("EDOM");
  });

  it("[L10.5] no other level has any", () => {
    const { socket } = open();
    expect(codeOf(() => socket.setsockopt(6, 1, u32(1)))).toBe("ENOPROTOOPT");
    expect(codeOf(() => socket.getsockopt(6, 1, 4))).toBe("EINVAL");
    expect(codeOf(() => socket.getsockopt(SOL_SOCKET, SO.PASSCRED, 4))).toBe("ENOPROTOOPT");
    expect(codeOf(() => socket.getsockopt(SOL_SOCKET, SO.RCVBUFFORCE, 4))).toBe("EINVAL");
  });
});

describe("send", () => {
  const noop = request(1, F.ACK, 1);

  it("[L10.7] of fewer than 16 bytes is ENOBUFS; MSG_OOB EOPNOTSUPP; more than the buffer holds EMSGSIZE or EAGAIN", () => {
    const { socket } = open();
    expect(codeOf(() => socket.send(new Uint8Array(15)))).toBe("ENOBUFS");
    expect(codeOf(() => socket.send(noop, { flags: 1 }))).toBe("EOPNOTSUPP");
    expect(codeOf(() => socket.send(new Uint8Array(65_537)))).toBe("EMSGSIZE");
    const { kernel, program } = strictMachine({ ...MODULES, stepped: true });
    program.strict.send(new Uint8Array(65_536));
    expect(codeOf(() => program.strict.send(noop))).toBe("EAGAIN");
    expect(program.strict.isWritable).toBe(false);
    kernel.runUntilIdle();
    expect(program.strict.send(noop)).toBe(16);
  });

  it.each([
    // length, level, type
    ["credentials", [28, 1, 2], undefined],
    ["rights", [20, 1, 1], undefined],
    ["a type that FreeBSD lacks", [20, 1, 3], "EINVAL"],
    ["another level", [20, 270, 2], "EINVAL"],
    ["a length below its header", [15, 1, 2], "EINVAL"],
    ["a length beyond the end", [100, 1, 2], "EINVAL"],
  ])("[L10.7] control data: %s", (_, [length, level, type], code) => {
    const { socket } = open();
    const control = new Uint8Array(32);
    control.set(join(u32(length as number), u32(0), u32(level as number), u32(type as number)));
    expect(codeOf(() => socket.send(noop, { control }))).toBe(code);
    expect(codeOf(() => socket.send(noop, { control: new Uint8Array(15) }))).toBeUndefined();
  });

  it("[L10.7] a refused send changes nothing that is told", () => {
    const { program, rewrites } = strictMachine({ ...MODULES, stepped: true });
    program.strict.send(new Uint8Array(65_536));
    expect(codeOf(() => program.send(RTM.GETADDR, DUMP, ifaddrmsg(0)))).toBe("EAGAIN");
    expect(rewrites).toEqual([]);
  });

  it("what was sent is not changed in the program's own bytes", () => {
    const { socket } = open();
    const message = request(RTM.GETADDR, DUMP, 1, ifaddrmsg(10));
    const before = hex(message);
    socket.send(message);
    expect(hex(message)).toBe(before);
  });
});

describe("other calls", () => {
  it("[L10.10] FIONREAD counts bytes in their rewritten form; others are EOPNOTSUPP", () => {
    const { socket } = open();
    socket.send(request(RTM.GETLINK, DUMP, 1, ifinfomsg()));
    expect(socket.ioctl(0x541b)).toBe(360);
    expect(codeOf(() => socket.ioctl(0x5411))).toBe("EOPNOTSUPP");
  });

  it("a closed socket refuses them, and a second close does nothing", () => {
    const { socket } = open();
    socket.close();
    socket.close();
    expect(codeOf(() => socket.bind(0))).toBe("EBADF");
    expect(codeOf(() => socket.send(request(1, F.ACK, 1)))).toBe("EBADF");
    expect(codeOf(() => socket.receiveMessages({ room: 1, flags: 0, name: 0 }))).toBe("EBADF");
    expect([socket.isReadable, socket.isWritable]).toEqual([false, false]);
  });
});
