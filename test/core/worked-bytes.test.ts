// The worked bytes of netlink-core N12: whole messages, byte for byte.

import { describe, expect, it } from "vitest";
import { NETLINK_OPTION, SOL } from "../../assembly/abi/netlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { drain, hex, toHex } from "../support/messages.js";
import { setupR } from "../support/setups.js";

const PORT = 0x64;

/**
 * Request Q: RTM_NEWROUTE, REQUEST|ACK|EXCL|CREATE, sequence 7, 127.0.0.127/32. As a unicast route it needs an interface;
 * with rtm_type 6 (blackhole) these 36 bytes are enough to add it.
 */
const Q = "24000000 18000506 07000000 00000000 | 02200000 00040006 00000000 | 08000100 7f00007f";

function bytes(text: string): string {
  return toHex(hex(text));
}

interface Options {
  readonly cap: number;
  readonly ext: number;
  readonly port?: number;
}

function open({ cap, ext, port = PORT }: Options): Socket {
  const { socket } = setupR();
  socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, cap);
  socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, ext);
  if (port !== 0) socket.bind(port);
  return socket;
}

/** All that is answered, as hex. */
function answer(socket: Socket, request: string): string {
  socket.send(hex(request));
  return drain(socket)
    .map((each) => toHex(each.bytes))
    .join("");
}

describe("worked bytes", () => {
  it.each([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])("[N12.1] [RF-CORE-38a] [N5.4] success for Q, CAP_ACK %i, EXT_ACK %i", (cap, ext) => {
    expect(answer(open({ cap, ext }), Q)).toBe(
      bytes("24000000 02000001 07000000 64000000 | 00000000 | 24000000 18000506 07000000 64000000"),
    );
  });

  it("[N12.1] [N2.8] success for Q of an unbound socket", () => {
    expect(answer(open({ cap: 0, ext: 0, port: 0 }), Q)).toBe(
      bytes("24000000 02000001 07000000 00000000 | 00000000 | 24000000 18000506 07000000 00000000"),
    );
  });

  it.each([0, 1])("[N12.2] [RF-CORE-38b] [N5.4] error 17 for Q, CAP_ACK off, EXT_ACK %i: no text or offset", (ext) => {
    const socket = open({ cap: 0, ext });
    answer(socket, Q);
    expect(answer(socket, Q)).toBe(
      bytes(`38000000 02000000 07000000 64000000 | 11000000 |
        24000000 18000506 07000000 64000000 02200000 00040006 00000000 08000100 7f00007f`),
    );
  });

  it.each([0, 1])("[N12.2] [N5.4] error 22 for Q as a unicast route, which needs an interface: EXT_ACK %i", (ext) => {
    expect(answer(open({ cap: 0, ext }), Q.replace("00040006", "00040001"))).toBe(
      bytes(`38000000 02000000 07000000 64000000 | 16000000 |
        24000000 18000506 07000000 64000000 02200000 00040001 00000000 08000100 7f00007f`),
    );
  });

  it.each([0, 1])("[N12.3] [N5.4] [N6.2] error 22 for a request of odd length 29, CAP_ACK off, EXT_ACK %i", (ext) => {
    const request = "1d000000 18000500 08000000 00000000 02200000 00040001 00000000 aa";
    expect(answer(open({ cap: 0, ext }), request)).toBe(
      bytes(`34000000 02000000 08000000 64000000 | 16000000 |
        1d000000 18000500 08000000 64000000 02200000 00040001 00000000 aa 000000`),
    );
  });

  const SHORT_OIF = "24000000 18000506 09000000 00000000 02200000 00040001 00000000 06000400 01000000";
  const TLVS = `25000100 6e6c6120 74797065 20342073 697a6528 32292069 73206e6f 74207569 6e743332 00 000000 |
    08000200 1c000000`;

  it.each([
    [
      "on",
      "on",
      { cap: 1, ext: 1 },
      `54000000 02000003 09000000 64000000 | 16000000 | 24000000 18000506 09000000 64000000 | ${TLVS}`,
    ],
    [
      "off",
      "on",
      { cap: 0, ext: 1 },
      `68000000 02000002 09000000 64000000 | 16000000 | 24000000 18000506 09000000 64000000
       02200000 00040001 00000000 06000400 01000000 | ${TLVS}`,
    ],
    [
      "off",
      "off",
      { cap: 0, ext: 0 },
      `38000000 02000000 09000000 64000000 | 16000000 | 24000000 18000506 09000000 64000000
       02200000 00040001 00000000 06000400 01000000`,
    ],
    [
      "on",
      "off",
      { cap: 1, ext: 0 },
      "24000000 02000001 09000000 64000000 | 16000000 | 24000000 18000506 09000000 64000000",
    ],
  ])(
    "[N12.4] [RF-CORE-38c] [N5.4] [N6.4] RTA_OIF of 2 bytes, CAP_ACK %s, EXT_ACK %s",
    (_cap, _ext, options, expected) => {
      expect(answer(open(options), SHORT_OIF)).toBe(bytes(expected));
    },
  );

  it("[N12.5] [N5.5] [0.1] unknown type 255, 56 bytes, unbound, both options on: 68 bytes, no offset", () => {
    const request = `38000000 ff000500 01000000 00000000 ${"00000000".repeat(4)} 17008f00 ${"61".repeat(18)} 00 00`;
    expect(hex(request).length).toBe(56);
    expect(answer(open({ cap: 1, ext: 1, port: 0 }), request)).toBe(
      bytes(`44000000 02000003 01000000 00000000 | 2d000000 | 38000000 ff000500 01000000 00000000 |
        1e000100 756e6b6e 6f776e20 6d657373 61676520 74797065 3a203235 35 00 0000`),
    );
  });

  it("[N12.5] [N5.4] the same capped without EXT_ACK is 36 bytes", () => {
    const request = "10000000 ff000500 01000000 00000000";
    expect(answer(open({ cap: 1, ext: 0, port: 0 }), request)).toBe(
      bytes("24000000 02000001 01000000 00000000 | 2d000000 | 10000000 ff000500 01000000 00000000"),
    );
  });

  it.each([
    // an ifinfomsg whose type is set finds no link; an interface that is not there; a family without table
    ["0", "20000000 12000103 07000000 00000000 00001800 00000000 00000000 00000000", "00000000"],
    ["ENOENT", "18000000 16000103 07000000 00000000 00000000 e7030000", "02000000"],
    ["ESRCH", "1c000000 1a000103 07000000 00000000 12000000 00000000 00000000", "03000000"],
  ])("[N12.6] [RF-CORE-40] [N7.6] [0.4] NLMSG_DONE with error %s", (_, request, error) => {
    expect(answer(open({ cap: 1, ext: 1 }), request)).toBe(bytes(`14000000 03000000 07000000 64000000 | ${error}`));
  });

  it("[N12.6] [N7.6] NLMSG_DONE with ENOMEM", () => {
    const { kernel, vnet, socket } = setupR({ stepped: true });
    socket.bind(PORT);
    // 500 routes: a dump that is not written at the request, for whose walk there is no memory.
    const route = (n: number): string =>
      `2c000000 18000106 01000000 00000000 02200000 00040001 00000000 08000100 7f01${(0x10000 + n)
        .toString(16)
        .slice(1)} 08000400 01000000`;
    for (let n = 0; n < 500; n++) socket.send(hex(route(n)));
    kernel.runUntilIdle();
    expect(drain(socket)).toEqual([]);
    const seen = [3, 4, 5, 6].map((failing) => {
      socket.send(hex("1c000000 1a000103 07000000 00000000 02000000 00000000 00000000"));
      vnet.failAllocation(failing);
      kernel.runUntilIdle();
      vnet.failAllocation(0);
      return drain(socket).map((each) => toHex(each.bytes));
    });
    expect(seen).toContainEqual([bytes("14000000 03000000 07000000 64000000 | 0c000000")]);
  });

  it("[N12.9] [N1.10] [N3.6] control data with MSG_INFO, process 1234", () => {
    const { vnet } = setupR();
    const socket = vnet.socket({ pid: 1234 });
    socket.bind(PORT);
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.MSG_INFO, 1);
    socket.send(hex("10000000 01000500 01000000 00000000"));
    const { control } = socket.recvmsg(new Uint8Array(100), { control: 100 });
    expect(toHex(control)).toBe(bytes("20000000 0e010000 01010000 00000000 | 08000100 d2040000 | 08000200 64000000"));
  });

  it("[N12.11] [N2.6] [N1.2] getsockname of port 0x64", () => {
    expect(toHex(open({ cap: 0, ext: 0 }).getsockname().bytes)).toBe(bytes("0c260000 64000000 00000000"));
  });
});
