// Flags, acks and errors as a program gets them, and who else gets what (linux-compat L9, L12, W4 to W6).

import { describe, expect, it } from "vitest";
import { Kernel } from "../../../host/kernel/kernel.js";
import { LinuxAbi } from "../../../host/linux/abi.js";
import { linuxErrnoOf } from "../../../host/linux/errno.js";
import { ip } from "../../support/messages.js";
import { attribute, attributesOf, F, find, hex, int, nest, request, text, u8, u32 } from "../program.js";
import {
  ADD,
  bytes,
  CAP_ACK,
  DONE,
  DUMP,
  ERROR,
  EXT_ACK,
  FREEBSD_INET6,
  GET_STRICT_CHK,
  IFA,
  IFLA,
  INET,
  ifaddrmsg,
  ifinfomsg,
  nameOf,
  ndmsg,
  openStrict,
  RTA,
  RTM,
  rewritten,
  rtmsg,
  strictMachine,
  textOf,
} from "./strict.js";

const EM0 = 2;
const EM1 = 3;
const SEQ = 0x6b16061a;

describe("flags and errors", () => {
  it("[L9.1] [X-52] flags, seq and pid are the kernel's: those of the request, MULTI in dumps, 0 in DONE", () => {
    const { program } = strictMachine();
    const seq = program.send(RTM.GETLINK, DUMP, ifinfomsg());
    const dump = program.messages();
    expect(new Set(dump.slice(0, -1).map(({ flags }) => flags))).toEqual(new Set([0x303]));
    expect(dump.at(-1)?.flags).toBe(0);
    expect(dump.every((each) => each.seq === seq && each.pid === 2125)).toBe(true);
    const [single] = program.ask(RTM.GETLINK, F.REQUEST, ifinfomsg({ index: 1 }));
    expect(single?.flags).toBe(1);
  });

  it("[L9.1] [L10.10] [X-41] [X-53] notifications have those of the request that caused them, and of addresses no routes follow", () => {
    const { abi, kernel, program } = strictMachine();
    const watcher = openStrict(abi, kernel, 77);
    watcher.strict.bind(77, (1 << 6) | (1 << 4) | (1 << 3));
    const parts = [
      rtmsg(INET, { dstLength: 8, protocol: 12, type: 1 }),
      attribute(RTA.DST, ip("10.0.0.0")),
      attribute(RTA.GATEWAY, ip("198.51.100.2")),
    ];
    const seq = program.send(RTM.NEWROUTE, ADD | F.ECHO, ...parts);
    expect(program.messages()).toHaveLength(1); // ECHO is ignored
    expect(watcher.messages().map((each) => [each.type, each.flags, each.seq, each.pid])).toEqual([
      [RTM.NEWROUTE, ADD | F.ECHO, seq, 2125],
    ]);
    program.fails(RTM.NEWADDR, ADD, ifaddrmsg(INET, 24, EM1), attribute(IFA.LOCAL, ip("203.0.113.1")));
    const told = watcher.messages().map(({ type }) => type);
    expect(told.filter((type) => type === RTM.NEWADDR)).toHaveLength(1);
  });

  it("[L9.2] [RF-LINUX-12] [X-54] NLMSG_DONE keeps FreeBSD's positive errno (W6)", () => {
    const { program } = strictMachine();
    const seen = program.say(request(RTM.GETADDR, DUMP, SEQ, ifaddrmsg(0, 0, 77)));
    expect(hex(seen[0]?.bytes as Uint8Array)).toBe(hex(bytes("14000000 03000000 1a06166b 4d080000  02000000")));
  });

  it("[L9.3] [RF-LINUX-10] [X-19] an error holds Linux's errno, negative, and the request as the kernel saw it (W4)", () => {
    const { program } = strictMachine();
    const attributes = "1400 0100 20010db8000100000000000000000000  1400 0500 20010db8000000000000000000000002";
    const sent = bytes(`44000000 18000506 1a06166b 00000000  0a300000 fe030001 00000000 ${attributes}`);
    program.say(sent);
    const [error] = program.say(sent);
    expect(hex(error?.bytes as Uint8Array)).toBe(
      hex(
        bytes(
          `58000000 02000000 1a06166b 4d080000  efffffff   44000000 18000506 1a06166b 4d080000  1c300000 00030001 00000000 ${attributes}`,
        ),
      ),
    );
  });

  it("[L9.4] [L9.3] with EXT_ACK texts and offsets follow as the kernel has them (W5) [X-21] [X-46]", () => {
    const { program } = strictMachine();
    program.set(EXT_ACK, 1);
    program.set(GET_STRICT_CHK, 1);
    const [error] = program.say(bytes("20000000 10000500 1a06166b 00000000  00000000 04000000 01000000 01000000"));
    expect(hex(error?.bytes as Uint8Array)).toBe(
      hex(
        bytes(`70000000 02000002 1a06166b 4d080000  eaffffff
          20000000 10000500 1a06166b 4d080000  00000000 04000000 01000000 01000000
          3900 0100 ${hex(text("strict checking: non-zero values in ifinfomsg header"))} 000000`),
      ),
    );
  });

  it("[L9.4] with CAP_ACK an error is 36 bytes (W6)", () => {
    const { program } = strictMachine();
    program.set(CAP_ACK, 1);
    const sent = bytes(
      "28000000 15000500 1a06166b 00000000  02180000 02000000  0800 0200 cb007109  0800 0100 cb007109",
    );
    const [error] = program.say(sent);
    expect(hex(error?.bytes as Uint8Array)).toBe(
      hex(bytes("24000000 02000001 1a06166b 4d080000  9dffffff  28000000 15000500 1a06166b 4d080000")),
    );
  });

  it("[L9.4] the cookie of a created link is there without a flag", () => {
    const { program } = strictMachine();
    const kind = nest(IFLA.LINKINFO, attribute(1, text("lo")));
    const [ack] = program.ask(RTM.NEWLINK, ADD, ifinfomsg(), attribute(IFLA.IFNAME, text("lo7")), kind);
    expect(ack?.flags).toBe(F.CAPPED);
    expect(attributesOf(ack?.body as Uint8Array, 20).map(({ type }) => type)).toEqual([3]);
  });

  it("[L9.5] [X-40] [X-43] a dump has no ack besides DONE, and never DUMP_FILTERED", () => {
    const { program } = strictMachine();
    const seen = program.ask(RTM.GETADDR, DUMP | F.ACK, ifaddrmsg(INET, 0, EM0));
    expect(seen.map(({ type }) => type)).toEqual([RTM.NEWADDR, DONE]);
    expect(seen.every(({ flags }) => (flags & 0x30) === 0)).toBe(true);
  });

  it("[RF-LINUX-11] [L9.6] [L11.1] every errno, on every protocol", () => {
    for (let errno = 0; errno <= 97; errno++) {
      for (const isRoute of [true, false]) {
        const error = rewritten(request(ERROR, 0, 1, u32(errno), request(26, 1, 1)), isRoute) as Uint8Array;
        expect(int(error, 16)).toBe(errno === 0 ? 0 : -linuxErrnoOf(errno));
      }
    }
  });

  it("[RF-LINUX-15] [L1.2] [L11.1] other messages of another protocol are as they were", () => {
    for (const type of [16, 20, 24, 28]) {
      const message = request(type, 2, 1, u8(FREEBSD_INET6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), attribute(15, u32(0)));
      expect(rewritten(message, false)).toEqual(message);
    }
  });
});

describe("other members", () => {
  it("[L1.6] [RF-LINUX-1] [L1.1] a notification is rebuilt for sockets that were opened as Linux's; native ones get the original", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    const abi = new LinuxAbi(kernel, { mode: "strict" });
    const linux = openStrict(abi, kernel, 77);
    linux.strict.bind(77, 1);
    const native = kernel.vnet0.socket({ pid: 77 });
    native.bind(78, 1);
    kernel.vnet0.interfaceAttach({ name: "em0" });
    const into = new Uint8Array(8192);
    const plain = into.slice(0, native.recv(into));
    expect(nameOf(linux.messages()[0])).toBe("eth0");
    expect(textOf(find(attributesOf(plain.slice(16, int(plain, 0)), 16), IFLA.IFNAME))).toBe("em0");
  });

  it("[L12.3] number and order of messages stay", () => {
    const { kernel, program } = strictMachine();
    const native = kernel.vnet0.socket();
    const into = new Uint8Array(1 << 16);
    for (const [type, header] of [
      [RTM.GETLINK, ifinfomsg()],
      [RTM.GETADDR, ifaddrmsg(0)],
      [RTM.GETROUTE, rtmsg(0)],
      [RTM.GETNEIGH, ndmsg(0)],
    ] as const) {
      native.send(request(type, DUMP, 1, header));
      const plain: number[] = [];
      for (let at = 0, end = native.recv(into); at < end; at += int(into, at)) plain.push(int(into, at + 4) & 0xffff);
      expect(program.ask(type, DUMP, header).map((each) => each.type)).toEqual(plain);
    }
  });
});
