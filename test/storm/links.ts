// Requests that make, change and destroy links, over few names and indices, so that they meet each other.

import fc from "fast-check";
import { IFF } from "../../assembly/abi/ifnet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { IFLA, IFLA_GRE, IFLA_INFO, IFLA_VLAN, RTM } from "../../assembly/abi/rtnetlink.js";
import { ifinfomsg, ip, text, u16, u32 } from "../support/messages.js";
import type { Attribute, Request } from "./damage.js";

const NAMES = [
  "lo",
  "lo5",
  "epair",
  "epair3",
  "tap",
  "vlan5",
  "vlan6",
  "em0.7",
  "vlan5.8",
  "gif0",
  "gif1",
  "gre0",
  "gre1",
  "bridge0",
  "em0",
  "em1",
  "",
];
const index = fc.constantFrom(0, 0, 1, 2, 3, 4, 5, 6, 7, 999);
const seq = fc.integer({ min: 1, max: 0xffff });
const flagWord = fc.constantFrom(0, IFF.UP, IFF.PROMISC, IFF.UP | IFF.PROMISC, 0x80000000, 0xffffffff);

function plain(type: number, payload: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Attribute> {
  return payload.map((bytes) => ({ type, payload: bytes }));
}

function nest(type: number, members: fc.Arbitrary<Attribute[]>): fc.Arbitrary<Attribute> {
  return members.map((payload) => ({ type, payload }));
}

const name = fc.constantFrom(...NAMES).map(text);
const vid = fc.constantFrom(0, 5, 6, 7, 4094, 4095).map(u16);
const data = nest(
  IFLA_INFO.DATA,
  fc.array(
    fc.oneof(plain(IFLA_VLAN.ID, vid), plain(IFLA_VLAN.PROTOCOL, fc.constantFrom(0x8100, 0x88a8, 0x9100).map(u16))),
    { maxLength: 2 },
  ),
);
const endpoint = fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1", "fe80:2::1", "0.0.0.0").map(ip);
const endpoints = fc.tuple(plain(IFLA_GRE.LOCAL, endpoint), plain(IFLA_GRE.REMOTE, endpoint));
const tunnelSetting = fc.oneof(
  plain(IFLA_GRE.FLAGS, fc.constantFrom(0, 1, 3, 4, 8).map(u32)),
  plain(IFLA_GRE.ENCAP_TYPE, fc.constantFrom(0, 1).map(u32)),
  plain(IFLA_GRE.ENCAP_SPORT, fc.constantFrom(0, 1024, 50000).map(u16)),
);
const tunnelData = nest(
  IFLA_INFO.DATA,
  fc
    .tuple(fc.option(endpoints, { nil: [] }), fc.array(tunnelSetting, { maxLength: 2 }))
    .map(([ends, others]) => [...ends, ...others]),
);
const kind = plain(
  IFLA_INFO.KIND,
  fc.constantFrom("lo", "epair", "vlan", "tap", "gif", "gre").map((each) => new TextEncoder().encode(each)),
);
const information = nest(
  IFLA.LINKINFO,
  fc.oneof(
    kind.map((each) => [each]),
    fc.tuple(kind, data),
    fc.tuple(kind, tunnelData),
    tunnelData.map((each) => [each]),
    data.map((each) => [each]),
  ),
);
const attribute = fc.oneof(
  plain(IFLA.MTU, fc.constantFrom(0, 71, 576, 1400, 9000, 65536).map(u32)),
  plain(IFLA.LINK, index.map(u32)),
  plain(IFLA.IFALIAS, fc.constantFrom("", "x", "y".repeat(80)).map(text)),
  plain(IFLA.ADDRESS, fc.uint8Array({ minLength: 5, maxLength: 6 })),
  information,
);

function flagsOf(...bits: readonly number[]): fc.Arbitrary<number> {
  return fc.subarray([NLM_F.ACK, ...bits]).map((some) => some.reduce((sum, bit) => sum | bit, NLM_F.REQUEST));
}

const header = fc.record({ index, flags: flagWord, change: flagWord }).map((fields) => ifinfomsg(fields));

const newLink: fc.Arbitrary<Request> = fc
  .record({
    flags: flagsOf(NLM_F.CREATE, NLM_F.EXCL),
    seq,
    header,
    name: plain(IFLA.IFNAME, name),
    information,
    more: fc.array(attribute, { maxLength: 2 }),
    hasName: fc.integer({ min: 0, max: 4 }).map((n) => n !== 0),
  })
  .map(({ name: first, information: second, more, hasName, ...rest }) => ({
    type: RTM.NEWLINK,
    ...rest,
    attributes: [...(hasName ? [first] : []), second, ...more],
  }));

const deleteLink: fc.Arbitrary<Request> = fc.record({
  type: fc.constant<number>(RTM.DELLINK),
  flags: flagsOf(),
  seq,
  header,
  attributes: fc.constant([]),
});

export const linkChange: fc.Arbitrary<Request> = fc.oneof(
  { weight: 3, arbitrary: newLink },
  { weight: 2, arbitrary: deleteLink },
);
