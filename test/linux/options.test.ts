import { describe, expect, it } from "vitest";
import { LinuxErrno, LinuxError } from "../../host/linux/abi.js";
import { SocketOptionTable } from "../../host/linux/options.js";
import { join, type Machine, machine, openProgram, u8, u16, u32 } from "./program.js";

const SOL_SOCKET = 1;
const SOL_NETLINK = 270;
const SO = {
  DEBUG: 1,
  TYPE: 3,
  ERROR: 4,
  SNDBUF: 7,
  RCVBUF: 8,
  PRIORITY: 12,
  PASSCRED: 16,
  RCVTIMEO: 20,
  SNDTIMEO: 21,
  ATTACH_FILTER: 26,
  TIMESTAMP: 29,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
  MARK: 36,
  PROTOCOL: 38,
  DOMAIN: 39,
};
const NETLINK = {
  ADD_MEMBERSHIP: 1,
  DROP_MEMBERSHIP: 2,
  PKTINFO: 3,
  BROADCAST_ERROR: 4,
  NO_ENOBUFS: 5,
  RX_RING: 6,
  TX_RING: 7,
  LISTEN_ALL_NSID: 8,
  LIST_MEMBERSHIPS: 9,
  CAP_ACK: 10,
  EXT_ACK: 11,
  GET_STRICT_CHK: 12,
};
const I32_MAX = 0x7fffffff;

function table(isPrivileged = true): SocketOptionTable {
  return new SocketOptionTable(3, 0, isPrivileged);
}

function errnoOf(call: () => void): number {
  try {
    call();
  } catch (error) {
    if (error instanceof LinuxError) return error.errno;
    throw error;
  }
  return 0;
}

function word(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}

describe("[E2.11] memberships", () => {
  it.each([
    [0, LinuxErrno.EINVAL],
    [1, 0],
    [39, 0],
    [40, LinuxErrno.EINVAL],
    [0xffffffff, LinuxErrno.EINVAL],
  ])("[RF-LINUX-27] [X-41] group %i: errno %i to join, and to leave", (group, errno) => {
    for (const option of [NETLINK.ADD_MEMBERSHIP, NETLINK.DROP_MEMBERSHIP]) {
      expect(errnoOf(() => table().set(SOL_NETLINK, option, u32(group)))).toBe(errno);
    }
  });

  it("joined twice is joined once, left twice is left", () => {
    const options = table();
    for (const option of [1, 1, 2, 2]) options.set(SOL_NETLINK, option, u32(7));
    expect([...options.groups]).toEqual([]);
  });

  it("[RF-LINUX-27] LIST_MEMBERSHIPS: a bit for each group, eight bytes whatever room there is", () => {
    const options = table();
    for (const group of [1, 32, 33, 39]) options.set(SOL_NETLINK, NETLINK.ADD_MEMBERSHIP, u32(group));
    for (const room of [0, 4, 64]) {
      expect(options.get(SOL_NETLINK, NETLINK.LIST_MEMBERSHIPS, room)).toEqual(join(u32(0x80000001), u32(0x41)));
    }
  });

  it("bind's mask sets groups 1 … 32 to exactly these and leaves the others", () => {
    const options = table();
    for (const group of [2, 36]) options.set(SOL_NETLINK, NETLINK.ADD_MEMBERSHIP, u32(group));
    options.setGroupMask(0x80000001);
    expect([...options.groups].sort((a, b) => a - b)).toEqual([1, 32, 36]);
    expect(options.groupMask).toBe(0x80000001);
  });
});

describe("[E2.11] flags of level SOL_NETLINK", () => {
  const FLAGS = [
    ["PKTINFO", NETLINK.PKTINFO],
    ["BROADCAST_ERROR", NETLINK.BROADCAST_ERROR],
    ["NO_ENOBUFS", NETLINK.NO_ENOBUFS],
    ["LISTEN_ALL_NSID", NETLINK.LISTEN_ALL_NSID],
    ["CAP_ACK", NETLINK.CAP_ACK],
    ["EXT_ACK", NETLINK.EXT_ACK],
    ["GET_STRICT_CHK", NETLINK.GET_STRICT_CHK],
  ] as const;

  it.each(FLAGS)("%s is off, on for anything but 0, and off for fewer than four bytes", (_, option) => {
    const options = table();
    const read = () => word(options.get(SOL_NETLINK, option, 4));
    expect(read()).toBe(0);
    options.set(SOL_NETLINK, option, u32(0xffffffff));
    expect([read(), options.isOn(option)]).toEqual([1, true]);
    options.set(SOL_NETLINK, option, u8(1, 0, 0));
    expect([read(), options.isOn(option)]).toEqual([0, false]);
  });

  it.each(FLAGS)("%s needs four bytes of room to be read", (_, option) => {
    expect(errnoOf(() => table().get(SOL_NETLINK, option, 3))).toBe(LinuxErrno.EINVAL);
    expect(table().get(SOL_NETLINK, option, 64)).toHaveLength(4);
  });

  it.each([0, NETLINK.RX_RING, NETLINK.TX_RING, NETLINK.LIST_MEMBERSHIPS, 13, 257])(
    "%i is ENOPROTOOPT to set",
    (option) => {
      expect(errnoOf(() => table().set(SOL_NETLINK, option, u32(1)))).toBe(LinuxErrno.ENOPROTOOPT);
    },
  );

  it.each([0, NETLINK.ADD_MEMBERSHIP, NETLINK.DROP_MEMBERSHIP, NETLINK.RX_RING, NETLINK.TX_RING, 13])(
    "%i is ENOPROTOOPT to get",
    (option) => {
      expect(errnoOf(() => table().get(SOL_NETLINK, option, 4))).toBe(LinuxErrno.ENOPROTOOPT);
    },
  );
});

describe("[E2.6] [E2.11] sizes of buffers", () => {
  const MAX = 212_992;
  const read = (options: SocketOptionTable, option: number) => word(options.get(SOL_SOCKET, option, 4));

  it("212,992 each at first", () => {
    expect([read(table(), SO.RCVBUF), read(table(), SO.SNDBUF)]).toEqual([MAX, MAX]);
  });

  it.each([
    // set,     SO_RCVBUF,  SO_SNDBUF
    [0, 2304, 4608],
    [1151, 2304, 4608],
    [1152, 2304, 4608],
    [1153, 2306, 4608],
    [2304, 4608, 4608],
    [2305, 4610, 4610],
    [32_768, 65_536, 65_536],
    [MAX - 1, 2 * MAX - 2, 2 * MAX - 2],
    [MAX, 2 * MAX, 2 * MAX],
    [MAX + 1, 2 * MAX, 2 * MAX],
    [0xffffffff, 2 * MAX, 2 * MAX],
  ])("[RF-LINUX-23] %i: twice as much, within limits", (value, receive, send) => {
    const options = table(false);
    options.set(SOL_SOCKET, SO.RCVBUF, u32(value));
    options.set(SOL_SOCKET, SO.SNDBUF, u32(value));
    expect([read(options, SO.RCVBUF), read(options, SO.SNDBUF)]).toEqual([receive, send]);
    expect([options.receiveLimit, options.sendLimit]).toEqual([receive, send]);
  });

  it.each([
    [0, 2304, 4608],
    [4_194_304, 8_388_608, 8_388_608],
    [0x3fffffff, 0x7ffffffe, 0x7ffffffe],
    [I32_MAX, 0x7ffffffe, 0x7ffffffe],
    [0xffffffff, 2304, 4608],
  ])("…FORCE %i knows no upper limit, and takes less than 0 for 0", (value, receive, send) => {
    const options = table();
    options.set(SOL_SOCKET, SO.RCVBUFFORCE, u32(value));
    options.set(SOL_SOCKET, SO.SNDBUFFORCE, u32(value));
    expect([options.receiveLimit, options.sendLimit]).toEqual([receive, send]);
  });

  it("…FORCE needs privilege", () => {
    for (const option of [SO.RCVBUFFORCE, SO.SNDBUFFORCE]) {
      expect(errnoOf(() => table(false).set(SOL_SOCKET, option, u32(9)))).toBe(LinuxErrno.EPERM);
    }
  });

  it("fewer than four bytes are EINVAL", () => {
    for (const option of [SO.RCVBUF, SO.SNDBUF, SO.RCVBUFFORCE, SO.SNDBUFFORCE, SO.PASSCRED]) {
      expect(errnoOf(() => table().set(SOL_SOCKET, option, u8(1, 0, 0)))).toBe(LinuxErrno.EINVAL);
    }
  });
});

describe("[E2.11] other options of level SOL_SOCKET", () => {
  it("tell what the socket is", () => {
    const options = new SocketOptionTable(2, 15, false);
    const read = (option: number) => word(options.get(SOL_SOCKET, option, 4));
    expect([read(SO.TYPE), read(SO.DOMAIN), read(SO.PROTOCOL)]).toEqual([2, 16, 15]);
  });

  it.each([
    ["DEBUG", SO.DEBUG, 1],
    ["PASSCRED", SO.PASSCRED, 1],
    ["TIMESTAMP", SO.TIMESTAMP, 1],
    ["PRIORITY", SO.PRIORITY, 5],
    ["MARK", SO.MARK, 5],
  ])("%s is taken and given back", (_, option, shown) => {
    const options = table(false);
    expect(word(options.get(SOL_SOCKET, option, 4))).toBe(0);
    options.set(SOL_SOCKET, option, u32(5));
    expect(options.get(SOL_SOCKET, option, 4)).toEqual(u32(shown));
    options.set(SOL_SOCKET, option, u32(0));
    expect(options.get(SOL_SOCKET, option, 4)).toEqual(u32(0));
  });

  it.each([
    ["RCVTIMEO", SO.RCVTIMEO],
    ["SNDTIMEO", SO.SNDTIMEO],
  ])("%s is a timeval", (_, option) => {
    const options = table();
    const time = join(u32(3), u32(0), u32(500_000), u32(0));
    expect(options.get(SOL_SOCKET, option, 16)).toEqual(new Uint8Array(16));
    expect(errnoOf(() => options.set(SOL_SOCKET, option, time.subarray(0, 15)))).toBe(LinuxErrno.EINVAL);
    options.set(SOL_SOCKET, option, time);
    expect(options.get(SOL_SOCKET, option, 16)).toEqual(time);
  });

  it.each([SO.TYPE, SO.ERROR, SO.DOMAIN, SO.PROTOCOL, 2, 9, 50])("%i is ENOPROTOOPT to set", (option) => {
    expect(errnoOf(() => table().set(SOL_SOCKET, option, u32(1)))).toBe(LinuxErrno.ENOPROTOOPT);
  });

  it.each([SO.RCVBUFFORCE, SO.SNDBUFFORCE, SO.ATTACH_FILTER, 2, 9, 50])("%i is ENOPROTOOPT to get", (option) => {
    expect(errnoOf(() => table().get(SOL_SOCKET, option, 4))).toBe(LinuxErrno.ENOPROTOOPT);
  });

  it.each([0, 6, 41, 269, 271])("level %i is ENOPROTOOPT", (level) => {
    expect(errnoOf(() => table().set(level, 1, u32(1)))).toBe(LinuxErrno.ENOPROTOOPT);
    expect(errnoOf(() => table().get(level, 1, 4))).toBe(LinuxErrno.ENOPROTOOPT);
  });
});

describe("options of a socket", () => {
  const RULE = u8(2, 0, 0, 0, 7, 0, 0, 1, 0, 0, 0, 0);
  function watched(): Machine & { watcher: ReturnType<typeof openProgram> } {
    const made = machine();
    const watcher = openProgram(made.abi, made.vnet, 77);
    watcher.socket.bind(0, 1 << 7);
    return { ...made, watcher };
  }

  it("[RF-LINUX-25] [RF-LINUX-26] [E2.8] a notification tells its group, and as a bit up to 32; a reply 0", () => {
    const { program, watcher } = watched();
    watcher.socket.setsockopt(SOL_NETLINK, NETLINK.ADD_MEMBERSHIP, u32(32));
    program.change(32, 0x400, RULE);
    const blackhole = join(u8(2, 0, 0, 0), u32(0), u16(8), u16(1), u32(3), u16(4), u16(4));
    program.change(104, 0x600, blackhole);
    const told = [watcher.socket.receive(4096), watcher.socket.receive(4096)];
    expect(told.map((each) => [each?.port, each?.group, each?.groups])).toEqual([
      [0, 8, 0x80],
      [0, 32, 0x80000000],
    ]);
    program.send(90, 1, u8(0, 0, 0, 0));
    const reply = program.socket.receive(4096);
    expect([reply?.port, reply?.group, reply?.groups]).toEqual([0, 0, 0]);
  });

  it("SO_ERROR is ENOBUFS once after a loss, and takes it away", () => {
    const { program, watcher } = watched();
    watcher.socket.setsockopt(SOL_SOCKET, SO.RCVBUF, u32(0));
    for (let i = 0; i < 20; i++) program.change(32, 0x400, RULE);
    expect(word(watcher.socket.getsockopt(SOL_SOCKET, SO.ERROR, 4))).toBe(LinuxErrno.ENOBUFS);
    expect(word(watcher.socket.getsockopt(SOL_SOCKET, SO.ERROR, 4))).toBe(0);
    expect(watcher.messages().length).toBeGreaterThan(0);
  });

  it("EBADF when it is closed", () => {
    const { watcher } = watched();
    watcher.socket.close();
    expect(errnoOf(() => watcher.socket.setsockopt(SOL_SOCKET, SO.RCVBUF, u32(0)))).toBe(LinuxErrno.EBADF);
    expect(errnoOf(() => watcher.socket.getsockopt(SOL_SOCKET, SO.RCVBUF, 4))).toBe(LinuxErrno.EBADF);
  });
});
