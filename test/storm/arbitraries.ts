// What fast-check makes a storm of: valid requests of every kind, damage, and whole sends.
//   requests   valid messages over few prefixes, interfaces and gateways, so that they meet each other in the tables
//   sends      the bytes of one send(2): several messages with damage, or bytes without any sense

import fc from "fast-check";
import { AF } from "../../assembly/abi/inet.js";
import { NLA_F, NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import {
  HeaderSize,
  IFA,
  IFLA,
  IFLA_INFO,
  NDA,
  NDAF,
  NHA,
  NHAF,
  NTF,
  RTA,
  RTAX,
  RTF,
  RTM,
  RTM_F,
  RTN,
  RTPROT,
} from "../../assembly/abi/rtnetlink.js";
import { ndmsg } from "../route/neighbours.js";
import { attribute, concat, ifaddrmsg, ifinfomsg, ip, rtmsg, text, u8, u16, u32 } from "../support/messages.js";
import { type Attribute, type Damage, encode, type Request } from "./damage.js";
import { linkChange } from "./links.js";

/** Interfaces of the storm's vnet are 1 … 3; the others do not exist. */
const index = fc.constantFrom(1, 2, 3, 1, 2, 3, 0, 4, 999, 0xffffffff);
const seq = fc.integer({ min: 1, max: 0xffff });

/** Any flags, and more often those that a client sends. */
function flagsOf(...bits: readonly number[]): fc.Arbitrary<number> {
  const chosen = fc.subarray([NLM_F.ACK, ...bits]).map((some) => some.reduce((sum, bit) => sum | bit, NLM_F.REQUEST));
  return fc.oneof({ weight: 15, arbitrary: chosen }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) });
}

function plain(type: number, payload: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Attribute> {
  return payload.map((bytes) => ({ type, payload: bytes }));
}

function nest(type: number, members: fc.Arbitrary<Attribute>): fc.Arbitrary<Attribute> {
  return fc.array(members, { maxLength: 3 }).map((payload) => ({ type, payload }));
}

function words(...values: readonly number[]): fc.Arbitrary<Uint8Array> {
  return fc.constantFrom(...values).map(u32);
}

const unknown = plain(0x3ff0, fc.uint8Array({ maxLength: 12 }));

interface Prefix {
  readonly address: string;
  readonly bits: number;
}

const inetPrefix: fc.Arbitrary<Prefix> = fc.oneof(
  fc.record({ address: fc.nat(11).map((n) => `10.${n}.0.0`), bits: fc.constantFrom(8, 16, 16, 17, 32) }),
  fc.record({ address: fc.constantFrom("0.0.0.0", "192.0.2.0", "192.0.2.1", "127.0.0.1"), bits: fc.nat(33) }),
  // Routes that are there from the beginning.
  fc.record({ address: fc.nat(599).map((n) => `172.16.${n >> 8}.${n & 255}`), bits: fc.constant(32) }),
);

const inet6Prefix: fc.Arbitrary<Prefix> = fc.oneof(
  fc.record({ address: fc.nat(11).map((n) => `2001:db8:${n + 1}::`), bits: fc.constantFrom(32, 48, 49, 64, 128) }),
  fc.record({ address: fc.constantFrom("::", "::1", "2001:db8::", "fe80::1", "ff02::1"), bits: fc.nat(129) }),
);

function addressesOf(family: AF): fc.Arbitrary<Uint8Array> {
  const own = family === AF.INET ? ["192.0.2.254", "192.0.2.253", "10.0.0.1"] : ["2001:db8::2", "fe80::2", "::1"];
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...own).map(ip) },
    { weight: 1, arbitrary: fc.constantFrom("2001:db8::3", "198.51.100.1").map(ip) },
  );
}

/** Payload of RTA_MULTIPATH: some paths, each with a gateway and perhaps an interface. */
function pathsOf(address: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const path = fc
    .record({ address, hops: fc.constantFrom(0, 1, 5, 255), index: fc.constantFrom(0, 0, 0, 2, 3, 999) })
    .map(({ address: bytes, hops, index }) => {
      const gateway = attribute(RTA.GATEWAY, bytes);
      return concat(u16(HeaderSize.RTNEXTHOP + gateway.length), u8(0), u8(hops), u32(index), gateway);
    });
  return fc.array(path, { minLength: 1, maxLength: 4 }).map((all) => concat(...all));
}

/** What a route request can say beyond its prefix. */
function routeAttribute(family: AF): fc.Arbitrary<Attribute> {
  const address = addressesOf(family);
  return fc.oneof(
    { weight: 6, arbitrary: plain(RTA.OIF, index.map(u32)) },
    { weight: 6, arbitrary: plain(RTA.GATEWAY, address) },
    { weight: 2, arbitrary: plain(RTA.TABLE, words(0, 1, 2, 255)) },
    { weight: 2, arbitrary: nest(RTA.METRICS, plain(RTAX.MTU, words(0, 1280, 1400, 65535))) },
    { weight: 2, arbitrary: plain(RTA.WEIGHT, words(0, 1, 7, 0xffffffff)) },
    {
      weight: 2,
      arbitrary: plain(
        RTA.EXPIRES,
        fc.nat(5).map((n) => u32(1_767_225_600 + n)),
      ),
    },
    { weight: 2, arbitrary: plain(RTA.RTFLAGS, words(0, RTF.PINNED, RTF.STATIC, RTF.PROTO1 | RTF.BROADCAST)) },
    {
      weight: 2,
      arbitrary: plain(
        RTA.VIA,
        addressesOf(AF.INET6).map((bytes) => concat(u8(AF.INET6), bytes)),
      ),
    },
    { weight: 2, arbitrary: plain(RTA.NH_ID, words(0, 1, 2, 10)) },
    { weight: 1, arbitrary: plain(RTA.MULTIPATH, fc.uint8Array({ maxLength: 24 })) },
    { weight: 4, arbitrary: plain(RTA.MULTIPATH, pathsOf(address)) },
    { weight: 1, arbitrary: unknown },
  );
}

function routeRequest(type: number, flags: fc.Arbitrary<number>): fc.Arbitrary<Request> {
  const ofFamily = (family: AF, prefix: fc.Arbitrary<Prefix>): fc.Arbitrary<Request> =>
    fc
      .record({
        flags,
        seq,
        prefix,
        protocol: fc.constantFrom(0, RTPROT.STATIC, RTPROT.ZEBRA),
        kind: fc.constantFrom(...new Array<RTN>(9).fill(RTN.UNICAST), RTN.BLACKHOLE, RTN.PROHIBIT, RTN.UNREACHABLE),
        headerFlags: fc.constantFrom(0, 0, RTM_F.PREFIX),
        path: fc.oneof(plain(RTA.OIF, fc.constantFrom(1, 2, 3).map(u32)), plain(RTA.GATEWAY, addressesOf(family))),
        more: fc.array(routeAttribute(family), { maxLength: 3 }),
        hasDestination: fc.integer({ min: 0, max: 9 }).map((n) => n !== 0),
      })
      .map(({ prefix, protocol, kind, headerFlags, path, more, hasDestination, ...rest }) => ({
        type,
        ...rest,
        header: rtmsg({ family, dstLength: prefix.bits, protocol, type: kind, flags: headerFlags }),
        attributes: [...(hasDestination ? [{ type: RTA.DST, payload: ip(prefix.address) }] : []), path, ...more],
      }));
  return fc.oneof(ofFamily(AF.INET, inetPrefix), ofFamily(AF.INET6, inet6Prefix));
}

const name = fc.constantFrom("lo0", "em0", "em1", "em9", "").map(text);

const linkRequest: fc.Arbitrary<Request> = fc.record({
  type: fc.constant<number>(RTM.GETLINK),
  flags: flagsOf(NLM_F.DUMP),
  seq,
  header: fc
    .record({ index: fc.oneof(fc.constant(0), index), type: fc.constantFrom(0, 0, 0, 6, 24) })
    .map((fields) => ifinfomsg(fields)),
  attributes: fc.array(
    fc.oneof(
      plain(IFLA.IFNAME, name),
      plain(IFLA.ALT_IFNAME, name),
      plain(IFLA.IFALIAS, name),
      plain(IFLA.MTU, words(1500)),
      nest(IFLA.LINKINFO, fc.oneof(plain(IFLA_INFO.KIND, name), plain(IFLA_INFO.DATA, fc.uint8Array()))),
      unknown,
    ),
    { maxLength: 3 },
  ),
});

const addressRequest: fc.Arbitrary<Request> = fc.record({
  type: fc.constant<number>(RTM.GETADDR),
  flags: flagsOf(NLM_F.DUMP),
  seq,
  header: fc
    .record({ family: fc.constantFrom<number>(0, AF.INET, AF.INET6, 10), index: fc.oneof(fc.constant(0), index) })
    .map((fields) => ifaddrmsg(fields)),
  attributes: fc.array(
    fc.oneof(
      plain(IFA.ADDRESS, addressesOf(AF.INET)),
      plain(IFA.LOCAL, addressesOf(AF.INET6)),
      plain(IFA.FLAGS, words(0)),
      plain(IFA.CACHEINFO, fc.uint8Array({ minLength: 16, maxLength: 16 })),
      nest(IFA.FREEBSD, unknown),
    ),
    { maxLength: 3 },
  ),
});

function membersOf(ids: readonly number[]): Uint8Array {
  return concat(...ids.map((id, n) => concat(u32(id), u8(n + 1), u8(0), u16(0))));
}

/** Inside NHA_FREEBSD: which kernel nexthops. */
const kernelAttribute = fc.oneof(
  plain(NHAF.KNHOPS, fc.constant(new Uint8Array(0))),
  plain(NHAF.KID, words(1, 2, 5, 99)),
  plain(NHAF.TABLE, words(0, 1, 9)),
  plain(NHAF.FAMILY, fc.constantFrom(AF.INET, AF.INET6, 99).map(u8)),
);

/** Nexthops 1 and 2, the group 10 of them, and what else is asked about them. */
const nexthopRequest: fc.Arbitrary<Request> = fc.record({
  type: fc.constantFrom<number>(RTM.NEWNEXTHOP, RTM.NEWNEXTHOP, RTM.NEWNEXTHOP, RTM.DELNEXTHOP, RTM.GETNEXTHOP),
  flags: flagsOf(NLM_F.DUMP),
  seq,
  header: fc.constantFrom(0, AF.INET, AF.INET6).map((family) => concat(u8(family), new Uint8Array(7))),
  attributes: fc
    .record({
      id: plain(NHA.ID, words(1, 1, 2, 2, 10, 10, 0)),
      what: fc.oneof(
        fc.constant([]),
        fc.tuple(
          plain(NHA.OIF, index.map(u32)),
          plain(NHA.GATEWAY, fc.oneof(addressesOf(AF.INET), addressesOf(AF.INET6))),
        ),
        fc.tuple(plain(NHA.GROUP, fc.array(fc.constantFrom(1, 2, 10), { maxLength: 3 }).map(membersOf))),
        fc.tuple(plain(NHA.GROUPS, fc.constant(new Uint8Array(0)))),
        fc.tuple(plain(NHA.BLACKHOLE, fc.constant(new Uint8Array(0)))),
        fc.tuple(nest(NHA.FREEBSD, kernelAttribute)),
      ),
    })
    .map(({ id, what }) => [id, ...what]),
});
/** RTM_NEWADDR and RTM_DELADDR: of a few addresses, so that many are there already. */
const addressChange: fc.Arbitrary<Request> = fc
  .record({
    type: fc.constantFrom<number>(RTM.NEWADDR, RTM.NEWADDR, RTM.DELADDR),
    flags: flagsOf(NLM_F.CREATE, NLM_F.EXCL),
    seq,
    family: fc.constantFrom(AF.INET, AF.INET6),
    length: fc.constantFrom(0, 24, 32, 64, 128),
    index,
    host: fc.constantFrom(1, 2, 3),
    lifetimes: fc.constantFrom([0, 0], [1, 2], [0xffffffff, 0xffffffff]),
    more: fc.array(
      fc.oneof(
        plain(IFA.ADDRESS, addressesOf(AF.INET)),
        plain(IFA.ADDRESS, addressesOf(AF.INET6)),
        plain(IFA.FLAGS, words(0x20)),
        nest(IFA.FREEBSD, unknown),
      ),
      { maxLength: 2 },
    ),
  })
  .map(({ family, length, index: of, host, lifetimes, more, ...rest }) => ({
    ...rest,
    header: ifaddrmsg({ family, prefixLength: length, index: of }),
    attributes: [
      { type: IFA.LOCAL, payload: ip(family === AF.INET ? `192.0.2.${host}` : `2001:db8:7::${host}`) },
      { type: IFA.CACHEINFO, payload: concat(...lifetimes.map(u32), u32(0), u32(0)) },
      ...more,
    ],
  }));

const neighbourRequest: fc.Arbitrary<Request> = fc
  .record({
    type: fc.constantFrom<number>(RTM.GETNEIGH, RTM.NEWNEIGH, RTM.NEWNEIGH, RTM.DELNEIGH),
    flags: flagsOf(NLM_F.CREATE, NLM_F.CREATE, NLM_F.REPLACE, NLM_F.EXCL),
    seq,
    family: fc.constantFrom(AF.INET, AF.INET6),
    index,
    ndmFlags: fc.constantFrom<number>(0, NTF.STICKY, NTF.STICKY | NTF.PROXY, NTF.SELF),
    n: fc.nat(5),
    more: fc.array(
      fc.oneof(
        plain(NDA.IFINDEX, index.map(u32)),
        plain(NDA.FLAGS_EXT, words(0, NTF.PROXY, 0xff)),
        nest(NDA.FREEBSD, plain(NDAF.NEXT_STATE_TS, words(0, 1_767_225_700))),
        unknown,
      ),
      { maxLength: 2 },
    ),
    hasDestination: fc.integer({ min: 0, max: 5 }).map((n) => n !== 0),
  })
  .map(({ family, index, ndmFlags, n, more, hasDestination, ...rest }) => ({
    ...rest,
    header: ndmsg({ family, index, flags: ndmFlags }),
    attributes: [
      ...(hasDestination
        ? [{ type: NDA.DST, payload: ip(family === AF.INET ? `192.0.2.${n}` : `2001:db8::${n}`) }]
        : []),
      { type: NDA.LLADDR, payload: Uint8Array.of(2, 0, 0, 0, 0, n) },
      ...more,
    ],
  }));

/** Control messages, and requests that nothing answers. */
const otherRequest: fc.Arbitrary<Request> = fc.record({
  type: fc.constantFrom<number>(0, NLMSG.NOOP, NLMSG.ERROR, NLMSG.DONE, NLMSG.OVERRUN, RTM.NEWLINK, RTM.GETNEIGH, 255),
  flags: flagsOf(),
  seq,
  header: fc.uint8Array({ maxLength: 16 }),
  attributes: fc.constant([]),
});

const requests: fc.Arbitrary<Request> = fc.oneof(
  { weight: 2, arbitrary: linkRequest },
  { weight: 3, arbitrary: linkChange },
  { weight: 2, arbitrary: addressRequest },
  { weight: 3, arbitrary: addressChange },
  { weight: 3, arbitrary: routeRequest(RTM.GETROUTE, flagsOf(NLM_F.DUMP)) },
  { weight: 8, arbitrary: routeRequest(RTM.NEWROUTE, flagsOf(NLM_F.CREATE, NLM_F.REPLACE, NLM_F.APPEND, NLM_F.EXCL)) },
  { weight: 4, arbitrary: routeRequest(RTM.DELROUTE, flagsOf(NLM_F.NONREC)) },
  { weight: 4, arbitrary: nexthopRequest },
  { weight: 4, arbitrary: neighbourRequest },
  { weight: 1, arbitrary: otherRequest },
);

const lengths = fc.oneof(
  fc.record({ value: fc.integer({ min: -24, max: 24 }), isRelative: fc.constant(true) }),
  fc.record({ value: fc.constantFrom(0, 1, 3, 4, 5, 15, 16, 17, 28, 0x7fff, 0xffff), isRelative: fc.constant(false) }),
);
const longLengths = fc.oneof(
  lengths,
  fc.record({ value: fc.constantFrom(0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff), isRelative: fc.constant(false) }),
);
const which = fc.nat(15);
const types = fc.oneof(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 0, max: 0xffff }));

function damageTo<Part extends string, Fields extends object>(part: Part, fields: fc.Arbitrary<Fields>) {
  return fields.map((rest) => ({ part, ...rest }));
}

const damage: fc.Arbitrary<Damage> = fc.oneof(
  damageTo("nlmsg_len", longLengths),
  damageTo("nlmsg_type", fc.record({ value: types })),
  damageTo("nlmsg_flags", fc.record({ bits: fc.integer({ min: 1, max: 0xffff }) })),
  damageTo("header byte", fc.record({ at: fc.nat(15), value: fc.nat(255) })),
  damageTo("end", fc.record({ bytes: fc.integer({ min: 1, max: 40 }) })),
  damageTo("tail", fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }) })),
  damageTo("bit", fc.record({ at: fc.nat(200), bit: fc.nat(7) })),
  damageTo(
    "nla_len",
    fc.record({ which, length: lengths }).map(({ length, ...rest }) => ({ ...rest, ...length })),
  ),
  damageTo("nla_type", fc.record({ which, value: types })),
  damageTo(
    "type flags",
    fc.record({ which, bits: fc.constantFrom<number>(NLA_F.NESTED, NLA_F.NET_BYTEORDER, 0xc000) }),
  ),
  damageTo("payload", fc.record({ which, bytes: fc.uint8Array({ maxLength: 40 }) })),
  damageTo("padding", fc.record({ which, bytes: fc.uint8Array({ maxLength: 3 }) })),
  damageTo("depth", fc.record({ which, nests: fc.constantFrom(1, 2, 9, 200) })),
  damageTo("repetition", fc.record({ which, times: fc.constantFrom(2, 37, 80) })),
);

/** Bytes for one send(2). */
export interface Sending {
  readonly bytes: Uint8Array;
  /** Messages in it with something wrong. */
  readonly damaged: number;
}

const damagedMessage = fc
  .record({
    request: requests,
    damages: fc.oneof(
      { weight: 1, arbitrary: fc.constant<readonly Damage[]>([]) },
      { weight: 2, arbitrary: fc.array(damage, { minLength: 1, maxLength: 3 }) },
    ),
  })
  .map(({ request, damages }) => ({ bytes: encode(request, damages), damaged: damages.length === 0 ? 0 : 1 }));

/** Several messages, some damaged, and what a clumsy client leaves behind the last. */
const damagedSending: fc.Arbitrary<Sending> = fc
  .record({
    messages: fc.array(damagedMessage, { minLength: 1, maxLength: 8 }),
    tail: fc.oneof({ weight: 5, arbitrary: fc.constant(new Uint8Array(0)) }, fc.uint8Array({ maxLength: 15 })),
  })
  .map(({ messages, tail }) => ({
    bytes: concat(...messages.map(({ bytes }) => bytes), tail),
    damaged: messages.reduce((sum, each) => sum + each.damaged, 0),
  }));

/** Bytes without sense, with or without a header that is believed. */
const rawSending: fc.Arbitrary<Sending> = fc
  .record({ isBelieved: fc.boolean(), type: fc.integer({ min: 16, max: 32 }), junk: fc.uint8Array({ maxLength: 120 }) })
  .map(({ isBelieved, type, junk }) => ({
    bytes: isBelieved ? encode({ type, flags: NLM_F.REQUEST, seq: 1, header: junk, attributes: [] }) : junk,
    damaged: 1,
  }));

export const sendings: fc.Arbitrary<Sending> = fc.oneof(
  { weight: 9, arbitrary: damagedSending },
  { weight: 1, arbitrary: rawSending },
);
