// The shape of what is written: messages of any size, whole, and their attributes, padded and of the size of their kind.

import { describe, expect, it } from "vitest";
import { NETLINK_OPTION, NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { IFA, IFLA, NLA_BITSET, RTA, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Socket, Vnet } from "../../host/kernel/kernel.js";
import {
  ask,
  attributes,
  concat,
  drain,
  ifaddrmsg,
  message,
  payloadOf,
  rtmsg,
  type Seen,
  text,
} from "../support/messages.js";
import { monitor, setupR } from "../support/setups.js";
import { addRoute, DONE_BYTES, getLink, getLinks, noop } from "./requests.js";

function plainSocket(vnet: Vnet, options: { capAck: number; extAck: number }): Socket {
  const socket = vnet.socket();
  socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, options.capAck);
  socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, options.extAck);
  return socket;
}

describe("the writer", () => {
  /** The ack of an unknown request repeats it: 20 bytes more than the request, and 32 of text. */
  const sizes = [16, 76, 77, 1996, 1997, 2028, 2029, 2252, 2253, 2284, 2285, 4044, 4045, 8140, 8141, 32_768, 65_536];

  it.each(sizes)(
    "[FB-51] [N7.2] [N7.3] [N1.9] has room for a message of any size, whole: a request of %i bytes comes back",
    (bytes) => {
      const { vnet } = setupR();
      const body = Uint8Array.from({ length: bytes - 16 }, (_, i) => (i * 7) & 0xff);
      const request = message({ type: 255, flags: "q" }, body);
      for (const extAck of [0, 1]) {
        const [seen, ...others] = ask(plainSocket(vnet, { capAck: 0, extAck }), request);
        expect(others).toEqual([]);
        expect(seen?.length).toBe(20 + ((bytes + 3) & ~3) + 32 * extAck);
        expect(Buffer.compare(seen?.body.slice(4, 4 + bytes) ?? body, request)).toBe(0);
      }
    },
  );

  it("[FB-51] [N7.4] out of memory it gets no other buffer: later answers of the send are lost, those of the next are not", () => {
    const { kernel, vnet } = setupR({ stepped: true });
    const socket = plainSocket(vnet, { capAck: 0, extAck: 0 });
    const large = message({ type: 255, flags: "q", seq: 2 }, new Uint8Array(3000));
    socket.send(concat(noop("qa", 1), large, noop("qa", 3), noop("qa", 4)));
    socket.send(noop("qa", 5));
    expect(kernel.step()).toBe(true);
    vnet.failAllocation(1);
    expect(kernel.step()).toBe(true);
    expect(vnet.statistics().allocationFailures).toBe(1);
    vnet.failAllocation(0);
    kernel.runUntilIdle();
    expect(drain(socket).map((each) => each.seq)).toEqual([1, 5]);
    expect(vnet.check()).toBe(0);
  });
});

/** Payload bytes of attributes of fixed size, by message type; 0 = a string, -1 = a nest. */
const LINK_SIZES = new Map<number, number>([
  [IFLA.IFNAME, 0],
  [IFLA.IFALIAS, 0],
  [IFLA.OPERSTATE, 1],
  [IFLA.CARRIER, 1],
  [IFLA.MTU, 4],
  [IFLA.PROMISCUITY, 4],
  [IFLA.STATS64, 192],
  [IFLA.FREEBSD, -1],
  [IFLA.LINKINFO, -1],
]);
const ADDRESS_SIZES = new Map<number, number>([
  [IFA.LABEL, 0],
  [IFA.FLAGS, 4],
  [IFA.CACHEINFO, 16],
  [IFA.FREEBSD, -1],
]);
const ROUTE_SIZES = new Map<number, number>([
  [RTA.TABLE, 4],
  [RTA.KNH_ID, 4],
  [RTA.RTFLAGS, 4],
  [RTA.OIF, 4],
  [RTA.WEIGHT, 4],
]);

describe("the shape of every message", () => {
  const HEADERS: readonly (readonly [number, number, Map<number, number>])[] = [
    [RTM.NEWLINK, 16, LINK_SIZES],
    [RTM.NEWADDR, 8, ADDRESS_SIZES],
    [RTM.NEWROUTE, 12, ROUTE_SIZES],
  ];

  /** Attributes of a message, after the check that they fill it to the last byte and have the sizes of their kind. */
  function checkAttributes(seen: Seen): number {
    const [, header = 0, sizes] = HEADERS.find(([type]) => type === seen.type) ?? [];
    const found = attributes(seen.body.slice(header));
    const bytes = found.reduce((sum, [, payload]) => sum + 4 + ((payload.length + 3) & ~3), 0);
    expect(bytes).toBe(seen.body.length - header);
    for (const [type, payload] of found) {
      const size = sizes?.get(type);
      if (size === 0) expect(payload.indexOf(0)).toBe(payload.length - 1);
      else if (size === -1) expect(() => attributes(payload)).not.toThrow();
      else if (size !== undefined) expect(payload).toHaveLength(size);
    }
    return found.length;
  }

  it("[FB-63] [N7.5] lengths are multiples of 4, attributes fill the message, strings count their NUL", () => {
    const { vnet, socket } = setupR({
      interfaces: [
        { name: "em0", up: true, description: "to the lab", addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
        { name: "vtnet12", mtu: 9000, description: "abc" },
      ],
    });
    const reader = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR, RTNLGRP.IPV4_ROUTE);
    const answers = [
      ...ask(socket, getLinks("qD")),
      ...ask(socket, message({ type: RTM.GETADDR, flags: "qD" }, ifaddrmsg())),
      ...ask(socket, message({ type: RTM.GETROUTE, flags: "qD" }, rtmsg({ family: 0 }))),
    ];
    vnet.interfaceUp("vtnet12");
    vnet.addressAdd("vtnet12", "198.51.100.9/25");
    vnet.addressAdd("vtnet12", "fe80::9/64");
    ask(socket, addRoute("127.9.0.0/16"));
    const seen = [...answers, ...drain(reader)];
    expect(seen.every((each) => each.length % 4 === 0)).toBe(true);
    const objects = seen.filter((each) => each.type !== NLMSG.DONE);
    expect(new Set(objects.map((each) => each.type))).toEqual(new Set([RTM.NEWLINK, RTM.NEWADDR, RTM.NEWROUTE]));
    for (const each of objects) expect(checkAttributes(each)).toBeGreaterThan(1);
    expect(seen.filter((each) => each.type === NLMSG.DONE).map((each) => each.length)).toEqual([20, 20, 20]);
    expect(DONE_BYTES).toBe(20);
  });

  it("[FB-63] [N7.5] so are the bitset of capabilities inside IFLA_FREEBSD and the kind inside IFLA_LINKINFO", () => {
    const { socket } = setupR();
    const link = ask(socket, getLink(1))[0]?.body.slice(16) ?? new Uint8Array(0);
    const [caps] = attributes(payloadOf(link, IFLA.FREEBSD) ?? new Uint8Array(0));
    const bitset = attributes(caps?.[1] ?? new Uint8Array(0));
    expect(bitset.map(([type, payload]) => [type, payload.length])).toEqual([
      [NLA_BITSET.SIZE, 4],
      [NLA_BITSET.MASK, 8],
      [NLA_BITSET.VALUE, 8],
    ]);
    expect(attributes(payloadOf(link, IFLA.LINKINFO) ?? new Uint8Array(0))).toEqual([[1, text("lo")]]);
  });
});
