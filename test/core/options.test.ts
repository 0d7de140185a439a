// What setsockopt and getsockopt take and give, what the sysctls set, and who may join a group (netlink-core N1.6 to N1.8, N8).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, NETLINK_OPTION, NetlinkLimit, SO, SOCK, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno, Kernel } from "../../host/kernel/kernel.js";
import { ask, codeOf, concat, drain, errorOf, ifinfomsg, message, u32 } from "../support/messages.js";
import { monitor, setupE, setupR } from "../support/setups.js";
import { get, getLinks, noop, set, setCode } from "./requests.js";

const { ADD_MEMBERSHIP, DROP_MEMBERSHIP, LIST_MEMBERSHIPS, CAP_ACK, EXT_ACK, GET_STRICT_CHK, MSG_INFO } =
  NETLINK_OPTION;
const SWITCHES = [CAP_ACK, EXT_ACK, GET_STRICT_CHK, MSG_INFO].map(
  (option) => [NETLINK_OPTION[option], option] as const,
);
const UNKNOWN = [
  ...(["PKTINFO", "BROADCAST_ERROR", "NO_ENOBUFS", "RX_RING", "TX_RING", "LISTEN_ALL_NSID"] as const).map(
    (name) => [name, NETLINK_OPTION[name] as number] as const,
  ),
  ["99", 99] as const,
  ["0", 0] as const,
  ["13", 13] as const,
  ["256", 256] as const,
  ["258", 258] as const,
];

describe("options of SOL_NETLINK", () => {
  it.each(SWITCHES)("[RF-CORE-17a] [N1.6] %s is off at first; 0 turns it off, everything else on", (_, option) => {
    const socket = setupR().vnet.socket();
    const seen = [get(socket, option)];
    for (const value of [0, 1, 7, 0, -1, 0x10000]) {
      set(socket, option, value);
      seen.push(get(socket, option));
    }
    expect(seen).toEqual([0, 0, 1, 1, 0, 1, 1]);
  });

  it.each(SWITCHES)("[N1.6] turning %s leaves the others as they are", (_, option) => {
    const socket = setupR().vnet.socket();
    set(socket, option, 1);
    const on = SWITCHES.filter(([, each]) => get(socket, each) === 1).map(([, each]) => each);
    expect(on).toEqual([option]);
  });

  it.each([...SWITCHES, ["ADD_MEMBERSHIP", ADD_MEMBERSHIP] as const, ["DROP_MEMBERSHIP", DROP_MEMBERSHIP] as const])(
    "[RF-CORE-17b] [N1.6] %s takes an int: of a longer value the first 4 bytes count, a shorter one is EINVAL",
    (_, option) => {
      const { socket } = setupR();
      const lengths = [0, 1, 2, 3].map((bytes) => setCode(socket, option, new Uint8Array(bytes).fill(1)));
      expect(lengths).toEqual(["EINVAL", "EINVAL", "EINVAL", "EINVAL"]);
      for (const bytes of [4, 5, 8]) {
        const value = new Uint8Array(bytes).fill(0xff);
        value.set([1, 0, 0, 0]);
        expect(setCode(socket, option, value)).toBeUndefined();
      }
    },
  );

  it("[N1.6] what lies behind the first 4 bytes of a value does not turn a switch on", () => {
    const { socket } = setupR();
    set(socket, CAP_ACK, Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1));
    expect(get(socket, CAP_ACK)).toBe(0);
    set(socket, CAP_ACK, Uint8Array.of(0, 0, 0, 1));
    expect(get(socket, CAP_ACK)).toBe(1);
  });

  it.each([
    ["ADD_MEMBERSHIP", ADD_MEMBERSHIP],
    ["DROP_MEMBERSHIP", DROP_MEMBERSHIP],
  ])("[RF-CORE-17c] [N1.6] %s cannot be read", (_, option) => {
    expect(codeOf(() => get(setupR().socket, option))).toBe("ENOPROTOOPT");
  });

  it("[RF-CORE-17c] [N1.6] LIST_MEMBERSHIPS cannot be set, whatever the length of the value", () => {
    const { socket } = setupR();
    expect(setCode(socket, LIST_MEMBERSHIPS, 1)).toBe("ENOPROTOOPT");
    expect(setCode(socket, LIST_MEMBERSHIPS, Uint8Array.of(1))).toBe("ENOPROTOOPT");
  });

  it.each(UNKNOWN)("[RF-CORE-17d] [N1.6] option %s is ENOPROTOOPT to set and to get", (_, option) => {
    const { socket } = setupR();
    expect([setCode(socket, option, 1), codeOf(() => get(socket, option))]).toEqual(["ENOPROTOOPT", "ENOPROTOOPT"]);
  });

  it.each([0, 1, 6, 269, 270, 271, 0xfffe, 0x10000, -1])(
    "[RF-CORE-17d] [N1.6] [N11.1] the level is not looked at: %i reaches the same options",
    (level) => {
      const socket = setupR().vnet.socket();
      socket.setsockopt(level, EXT_ACK, 1);
      socket.setsockopt(level, ADD_MEMBERSHIP, 3);
      expect([socket.getsockopt(level, EXT_ACK), get(socket, EXT_ACK)]).toEqual([1, 1]);
      expect(socket.getsockopt(level, LIST_MEMBERSHIPS)).toBe(4);
      expect(codeOf(() => socket.setsockopt(level, 270, 1))).toBe("ENOPROTOOPT");
      expect(codeOf(() => socket.getsockopt(level, 270))).toBe("ENOPROTOOPT");
    },
  );

  it.each(SWITCHES)("[N1.6] level SOL_SOCKET is another: %s is unknown there", (_, option) => {
    const { socket } = setupR();
    expect(codeOf(() => socket.setsockopt(SOL.SOCKET, option, 1))).toBe("ENOPROTOOPT");
    expect(codeOf(() => socket.getsockopt(SOL.SOCKET, option))).toBe("ENOPROTOOPT");
  });

  it("[N1.6] CAP_ACK and EXT_ACK act on requests that were queued before", () => {
    const { kernel, vnet } = setupR({ stepped: true });
    const socket = vnet.socket();
    const unknown = message({ type: 255, flags: "q" }, u32(7));
    socket.send(concat(unknown, unknown, unknown));
    const sizes: number[] = [];
    for (const option of [0, EXT_ACK, CAP_ACK]) {
      if (option !== 0) set(socket, option, 1);
      kernel.step();
    }
    for (const each of drain(socket)) sizes.push(each.length);
    // "unknown message type: 255" takes 32 bytes of TLV, the rest of the request 4.
    expect(sizes).toEqual([40, 40 + 32, 36 + 32]);
  });

  it("[N1.6] GET_STRICT_CHK is sampled once for each send", () => {
    const { kernel, socket } = setupR({ stepped: true });
    const loose = message({ type: RTM.GETLINK, flags: "q" }, ifinfomsg({ index: 1, pad: 1 }));
    socket.send(concat(loose, loose));
    socket.send(loose);
    kernel.step();
    set(socket, GET_STRICT_CHK, 1);
    kernel.runUntilIdle();
    const answers = drain(socket);
    expect(answers.map((each) => each.type)).toEqual([RTM.NEWLINK, RTM.NEWLINK, 2]);
    expect(errorOf(answers)).toBe(Errno.EINVAL);
  });

  it("[N1.6] MSG_INFO acts on messages that were queued before", () => {
    const { socket } = setupR();
    socket.send(noop());
    set(socket, MSG_INFO, 1);
    expect(socket.recvmsg(new Uint8Array(100), { control: 64 }).control).toHaveLength(32);
  });
});

describe("options of SOL_SOCKET", () => {
  it.each([
    ["RAW", SOCK.RAW],
    ["DGRAM", SOCK.DGRAM],
  ])("[N1.7] a %s socket tells its type, domain 38, protocol 0 and no error", (_, type) => {
    const socket = setupR().vnet.socket({ type });
    const told = [SO.TYPE, SO.DOMAIN, SO.PROTOCOL, SO.ERROR].map((option) => socket.getsockopt(SOL.SOCKET, option));
    expect(told).toEqual([type, AF.NETLINK, 0, 0]);
  });

  it("[N1.7] [N1.8] [N3.10] limits and low-water marks of a new socket", () => {
    const { socket } = setupR();
    const told = [SO.SNDBUF, SO.RCVBUF, SO.SNDLOWAT, SO.RCVLOWAT].map((each) => socket.getsockopt(SOL.SOCKET, each));
    expect(told).toEqual([65536, 65536, 2048, 1]);
  });

  it.each([
    [-1, "EINVAL"],
    [0, "EINVAL"],
    [1, undefined],
    [1_864_134, undefined],
    [1_864_135, undefined],
    [1_864_136, "ENOBUFS"],
    [2 ** 31 - 1, "ENOBUFS"],
  ])("[N1.7] SO_SNDBUF %i gives %s, whoever asks", (value, code) => {
    for (const uid of [0, 1001]) {
      const socket = setupR().vnet.socket({ cred: { uid } });
      expect(codeOf(() => socket.setsockopt(SOL.SOCKET, SO.SNDBUF, value))).toBe(code);
      expect(socket.getsockopt(SOL.SOCKET, SO.SNDBUF)).toBe(code === undefined ? value : 65536);
    }
  });

  it.each([
    ["SNDLOWAT", SO.SNDLOWAT],
    ["RCVLOWAT", SO.RCVLOWAT],
  ])("[N1.7] [N3.10] SO_%s is at least 1 and cut to the limit", (_, option) => {
    const { socket } = setupR();
    for (const value of [-1, 0]) {
      expect(codeOf(() => socket.setsockopt(SOL.SOCKET, option, value))).toBe("EINVAL");
    }
    const seen = [1, 65535, 65536, 65537, 2 ** 31 - 1].map((value) => {
      socket.setsockopt(SOL.SOCKET, option, value);
      return socket.getsockopt(SOL.SOCKET, option);
    });
    expect(seen).toEqual([1, 65535, 65536, 65536, 65536]);
  });

  it.each([
    ["SNDBUF", SO.SNDBUF, SO.SNDLOWAT],
    ["RCVBUF", SO.RCVBUF, SO.RCVLOWAT],
  ])("[N1.7] [N3.10] lowering SO_%s lowers the low-water mark with it", (_, limit, lowWater) => {
    const { socket } = setupR();
    socket.setsockopt(SOL.SOCKET, lowWater, 2000);
    const seen = [2001, 2000, 1999, 65536].map((value) => {
      socket.setsockopt(SOL.SOCKET, limit, value);
      return socket.getsockopt(SOL.SOCKET, lowWater);
    });
    expect(seen).toEqual([2000, 2000, 1999, 1999]);
  });

  it.each([
    ["SNDBUF", SO.SNDBUF],
    ["RCVBUF", SO.RCVBUF],
    ["SNDLOWAT", SO.SNDLOWAT],
    ["RCVLOWAT", SO.RCVLOWAT],
  ])("[N1.7] SO_%s takes an int of 4 bytes", (_, option) => {
    const { socket } = setupR();
    expect(codeOf(() => socket.setsockopt(SOL.SOCKET, option, Uint8Array.of(9, 0, 0)))).toBe("EINVAL");
    socket.setsockopt(SOL.SOCKET, option, Uint8Array.of(9, 0, 0, 0, 1));
    expect(socket.getsockopt(SOL.SOCKET, option)).toBe(9);
  });

  it.each([
    ["a stranger", 1001, 1_864_134, undefined],
    ["a stranger", 1001, 1_864_135, undefined],
    ["a stranger", 1001, 1_864_136, "EPERM"],
    ["a stranger", 1001, 477_218_589, "EPERM"],
    ["a stranger", 1001, -1, "EPERM"],
    ["a stranger", 1001, -(2 ** 31), "EPERM"],
    ["a stranger", 1001, 0, undefined],
    ["root", 0, 1_864_136, undefined],
    ["root", 0, 477_218_587, undefined],
    ["root", 0, 477_218_588, undefined],
    ["root", 0, 477_218_589, "ENOBUFS"],
    ["root", 0, -1, "ENOBUFS"],
    ["root", 0, 0, undefined],
  ])("[RF-CORE-13] [N1.7] [N1.9] SO_RCVBUF asked by %s (uid %i): %i gives %s", (_, uid, value, code) => {
    const socket = setupR().vnet.socket({ cred: { uid } });
    expect(codeOf(() => socket.setsockopt(SOL.SOCKET, SO.RCVBUF, value))).toBe(code);
    expect(socket.getsockopt(SOL.SOCKET, SO.RCVBUF)).toBe(code === undefined ? value : 65536);
  });

  it("[RF-CORE-13] [N1.7] SO_RCVBUF 0 makes the socket deaf until it is raised and asked again", () => {
    const { vnet } = setupE();
    const socket = monitor(vnet, RTNLGRP.LINK);
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 0);
    expect(ask(socket, getLinks())).toEqual([]);
    vnet.interfaceDown("em1");
    expect(drain(socket)).toEqual([]);
    expect([socket.ioctl(FIO.NREAD), socket.ioctl(FIO.NWRITE)]).toEqual([0, 32]);
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 1);
    expect(socket.ioctl(FIO.NREAD)).toBe(0);
    // The task is scheduled by the next send; the request of before is answered first.
    socket.send(noop("qa", 9));
    expect(drain(socket).map((each) => each.seq)).toEqual([1, 1, 1, 1, 9]);
  });

  it("[N1.7] a smaller SO_RCVBUF drops nothing that is queued and counts for what comes", () => {
    const { vnet } = setupE();
    const socket = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceDown("em1");
    const event = socket.ioctl(FIO.NREAD);
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, event);
    vnet.interfaceUp("em1");
    expect(socket.ioctl(FIO.NREAD)).toBe(event);
    expect(drain(socket)).toHaveLength(1);
  });

  it.each([
    ["SO_REUSEADDR", 0x4],
    ["SO_TYPE", SO.TYPE],
    ["SO_ERROR", SO.ERROR],
    ["SO_DOMAIN", SO.DOMAIN],
    ["SO_PROTOCOL", SO.PROTOCOL],
  ])("[N1.7] %s is no limit: setting it leaves all of them as they are", (_, option) => {
    const { socket } = setupR();
    codeOf(() => socket.setsockopt(SOL.SOCKET, option, 5));
    const told = [SO.SNDBUF, SO.RCVBUF, SO.SNDLOWAT, SO.RCVLOWAT, SO.TYPE].map((each) =>
      socket.getsockopt(SOL.SOCKET, each),
    );
    expect(told).toEqual([65536, 65536, 2048, 1, SOCK.RAW]);
  });
});

describe("sysctls", () => {
  it("[N1.8] have their defaults, with the module loaded or not", () => {
    for (const { kernel } of [setupR(), { kernel: Kernel.boot() }]) {
      const values = ["sendspace", "recvspace", "nl_maxsockbuf"].map((name) => kernel.sysctl(`net.netlink.${name}`));
      expect(values).toEqual([65536, 65536, 536870912]);
    }
  });

  it.each([
    ["sendspace", SO.SNDBUF],
    ["recvspace", SO.RCVBUF],
  ])("[N1.8] net.netlink.%s is the limit of new sockets, in all vnets", (name, option) => {
    const { kernel, vnet, socket } = setupR();
    expect(kernel.sysctl(`net.netlink.${name}`, 4000)).toBe(4000);
    expect(socket.getsockopt(SOL.SOCKET, option)).toBe(65536);
    for (const each of [vnet, kernel.vnetCreate("late")])
      expect(each.socket().getsockopt(SOL.SOCKET, option)).toBe(4000);
  });

  it.each([
    ["sendspace", 1_864_135, undefined],
    ["sendspace", 1_864_136, "ENOBUFS"],
    ["recvspace", 1_864_135, undefined],
    ["recvspace", 1_864_136, "ENOBUFS"],
    ["recvspace", 4_294_967_295, "ENOBUFS"],
  ])("[N1.8] [N2.1] with net.netlink.%s at %i socket(2) gives %s, after the protocol's check", (name, value, code) => {
    const { kernel, vnet } = setupR();
    kernel.sysctl(`net.netlink.${name}`, value);
    expect(codeOf(() => vnet.socket())).toBe(code);
    expect(codeOf(() => vnet.socket({ protocol: 20 }))).toBe("EINVAL");
    expect(codeOf(() => vnet.socket({ protocol: 1 }))).toBe("EPROTONOSUPPORT");
  });

  it.each([
    [0, "EINVAL"],
    [2303, "EINVAL"],
    [2304, undefined],
    [2305, undefined],
  ])("[N1.8] net.netlink.nl_maxsockbuf %i gives %s", (value, code) => {
    const { kernel } = setupR();
    expect(codeOf(() => kernel.sysctl("net.netlink.nl_maxsockbuf", value))).toBe(code);
    expect(kernel.sysctl("net.netlink.nl_maxsockbuf")).toBe(code === undefined ? value : NetlinkLimit.MAXSOCKBUF);
  });

  it("[N1.7] [N1.8] nl_maxsockbuf · 2048/2304, rounded down, is what SO_RCVBUF may reach with privilege", () => {
    const { kernel, socket } = setupR();
    kernel.sysctl("net.netlink.nl_maxsockbuf", 4_000_000);
    expect(codeOf(() => socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 3_555_555))).toBeUndefined();
    expect(codeOf(() => socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 3_555_556))).toBe("ENOBUFS");
  });

  it.each(["nl_domain", "nl_io", "nl_writer", "nl_parser", "nl_mod", "nl_route_core"])(
    "[N1.8] net.netlink.debug.%s_debug_level is 6 and can be set",
    (unit) => {
      const { kernel } = setupR();
      const name = `net.netlink.debug.${unit}_debug_level`;
      expect(kernel.sysctl(name)).toBe(6);
      expect(kernel.sysctl(name, 9)).toBe(9);
    },
  );

  it("[N1.8] kern.features.netlink is there while the module is loaded", () => {
    const { kernel, socket } = setupR();
    expect(kernel.sysctl("kern.features.netlink")).toBe(1);
    socket.close();
    kernel.kldunload("netlink");
    expect(codeOf(() => kernel.sysctl("kern.features.netlink"))).toBe("ENOENT");
  });

  it("[N1.8] a name that is none is ENOENT", () => {
    const { kernel } = setupR();
    expect(codeOf(() => kernel.sysctl("net.netlink.sendspaces"))).toBe("ENOENT");
    expect(codeOf(() => kernel.sysctl("net.netlink.sendspaces", 1))).toBe("ENOENT");
  });
});
