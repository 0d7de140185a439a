import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NLA_F } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { CodecError } from "../../host/codec/bytes.js";
import { decode } from "../../host/codec/decode.js";
import { describe as describeMessage, explain, toJson } from "../../host/codec/describe.js";
import { encode } from "../../host/codec/encode.js";
import { formatIp } from "../../host/codec/ip.js";
import { link } from "../../host/codec/link.js";
import { type Message, schemaOfType } from "../../host/codec/messages.js";
import { route } from "../../host/codec/route.js";

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const octets = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const ip = fc.oneof(octets(4), octets(16)).map(formatIp);
const text = fc.string({ unit: "grapheme", maxLength: 15 }).filter((value) => !value.includes("\0"));
const header = fc.record({ flags: fc.integer({ min: 0, max: 0xffff }), seq: u32, pid: u32 });

const path = fc.record(
  { flags: u8, weight: u8, index: fc.nat(), gateway: ip, via: ip, routeFlags: u32, metrics: fc.record({ mtu: u32 }) },
  { requiredKeys: ["flags", "weight", "index"] },
);
const routes = fc
  .tuple(
    fc.constantFrom(RTM.NEWROUTE, RTM.DELROUTE, RTM.GETROUTE),
    header,
    fc.record(
      {
        family: u8,
        destinationLength: u8,
        type: u8,
        flags: u32,
        fib: u32,
        destination: ip,
        gateway: ip,
        via: ip,
        metrics: fc.record({ mtu: u32 }, { requiredKeys: [] }),
        multipath: fc.array(path, { maxLength: 4 }),
        weight: u32,
      },
      { requiredKeys: [] },
    ),
  )
  .map(([type, head, body]) => route.message(type, head, body));

const links = fc
  .tuple(
    fc.constantFrom(RTM.NEWLINK, RTM.DELLINK, RTM.GETLINK),
    header,
    fc.record(
      {
        index: fc.nat(),
        flags: u32,
        name: text,
        mtu: u32,
        alias: text,
        address: octets(6).map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":")),
        information: fc.oneof(
          fc.record({
            kind: fc.constant("vlan"),
            data: fc.record({ id: fc.integer({ min: 0, max: 4095 }) }),
          }),
          fc.record({
            kind: fc.constant("gif"),
            data: fc.record({ local: ip, remote: ip, flags: u32 }, { requiredKeys: [] }),
          }),
          fc.record({
            kind: fc.constant("gre"),
            data: fc.record(
              { local: ip, remote: ip, flags: u32, key: u32, encapType: u32, encapPort: u16 },
              { requiredKeys: [] },
            ),
          }),
        ),
        freebsd: fc.record({ capabilities: fc.record({ size: u32, enabled: octets(8) }) }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([type, head, body]) => link.message(type, head, body));

const unknown = fc
  .record({ type: fc.integer({ min: 0x70, max: 0xffff }), head: header, payload: fc.uint8Array({ maxLength: 40 }) })
  .map(({ type, head, payload }): Message => ({ kind: "unknown", header: { type, ...head }, body: { payload } }));

/** A well-formed attribute: known ones with a payload that their kind accepts, in whatever order and with flag bits. */
function attribute(type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((4 + payload.length + 3) & ~3);
  new DataView(bytes.buffer).setUint16(0, 4 + payload.length, true);
  new DataView(bytes.buffer).setUint16(2, type, true);
  bytes.set(payload, 4);
  return bytes;
}
const nulText = fc
  .tuple(text, fc.uint8Array({ maxLength: 6 }))
  .map(([value, surplus]) => Uint8Array.of(...Buffer.from(value), 0, ...surplus));
const payloads: Record<string, fc.Arbitrary<Uint8Array>> = {
  u8: octets(1),
  u32: octets(4),
  "an IP address": fc.oneof(octets(4), octets(16)),
  "an rtvia": fc
    .tuple(octets(4), fc.uint8Array({ maxLength: 5 }))
    .map(([address, surplus]) => Uint8Array.of(2, ...address, ...surplus)),
  "a string with its NUL": nulText,
  "a link-layer address": fc.uint8Array({ maxLength: 9 }),
};
function attributeLists(schema: typeof link | typeof route): fc.Arbitrary<Uint8Array> {
  const known = schema.table.list.flatMap(({ type, kind }) =>
    payloads[kind.name] ? [{ type, payload: payloads[kind.name] }] : [],
  );
  const one = fc.oneof(
    fc
      .constantFrom(...known)
      .chain(({ type, payload }) => (payload as fc.Arbitrary<Uint8Array>).map((bytes) => ({ type, bytes }))),
    fc.record({ type: fc.integer({ min: 70, max: NLA_F.TYPE_MASK }), bytes: fc.uint8Array({ maxLength: 9 }) }),
  );
  const bits = fc.constantFrom(0, 0, NLA_F.NESTED, NLA_F.NET_BYTEORDER);
  return fc
    .array(fc.tuple(one, bits), { maxLength: 12 })
    .map((list) => Uint8Array.of(...list.flatMap(([{ type, bytes }, bit]) => [...attribute(type | bit, bytes)])));
}

describe("encode and decode", () => {
  it("a value survives encode and decode", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(routes, links, unknown), { maxLength: 5 }), (messages) => {
        expect(decode(encode(messages))).toEqual(messages);
      }),
    );
  });

  it.each([
    ["link", RTM.NEWLINK, 16, link],
    ["route", RTM.NEWROUTE, 12, route],
  ] as const)(
    "the bytes of a %s survive decode and encode: order, repeats, flag bits, unknown types, odd strings",
    (_name, type, size, schema) => {
      fc.assert(
        fc.property(octets(size), attributeLists(schema), (fields, list) => {
          const bytes = new Uint8Array(16 + size + list.length);
          const view = new DataView(bytes.buffer);
          view.setUint32(0, bytes.length, true);
          view.setUint16(4, type, true);
          bytes.set(fields, 16);
          bytes.set(list, 16 + size);
          expect(encode(decode(bytes))).toEqual(bytes);
        }),
      );
    },
  );

  it("[RT 0.6] a request with a short header survives, and its missing fields are 0", () => {
    const bytes = Uint8Array.of(17, 0, 0, 0, RTM.GETLINK, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 28);
    expect(decode(bytes)).toMatchObject([{ kind: "link", body: { family: 28, index: 0, flags: 0 } }]);
    expect(encode(decode(bytes))).toEqual(bytes);
  });

  it("a short header is written whole once a later field is set", () => {
    const [message] = decode(Uint8Array.of(17, 0, 0, 0, RTM.GETLINK, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 28));
    if (message?.kind !== "link") throw new Error("expected a link");
    expect(encode({ ...message, body: { ...message.body, index: 1 } })).toHaveLength(32);
  });

  it("the last of a repeated attribute is the value, the others are kept", () => {
    const request = encode(route.message(RTM.GETROUTE, {}, { fib: 1 }));
    const bytes = Uint8Array.of(...request, ...attribute(15, Uint8Array.of(2, 0, 0, 0)));
    bytes[0] = bytes.length;
    const [message] = decode(bytes);
    expect(message?.body).toMatchObject({ fib: 2, unknown: [{ type: 15, payload: Uint8Array.of(1, 0, 0, 0) }] });
    expect(message && encode(message)).toEqual(bytes);
  });

  it("a value that was changed is written as FreeBSD writes it, not as the old one came", () => {
    const request = encode(link.message(RTM.GETLINK, {}, {}));
    const bytes = Uint8Array.of(...request, ...attribute(3, Uint8Array.of(0x65, 0x6d, 0x30, 0, 0xff)));
    bytes[0] = bytes.length;
    const [message] = decode(bytes);
    if (message?.kind !== "link") throw new Error("expected a link");
    expect(message.body.name).toBe("em0");
    expect(encode({ ...message, body: { ...message.body, name: "em1" } })).toEqual(
      encode(link.message(RTM.GETLINK, {}, { name: "em1" })),
    );
  });

  it("arbitrary bytes decode, or fail with a CodecError that names a place", () => {
    const type = fc.constantFrom(1, 2, 3, RTM.NEWLINK, RTM.NEWADDR, RTM.NEWROUTE, 200);
    fc.assert(
      fc.property(
        type,
        u8,
        fc.uint8Array({ maxLength: 80 }),
        fc.uint8Array({ maxLength: 20 }),
        (kind, flags, payload, tail) => {
          const length = 16 + payload.length;
          const bytes = Uint8Array.of(length, 0, 0, 0, kind, 0, flags, flags & 3, ...octetsOf(8), ...payload, ...tail);
          try {
            for (const message of decode(bytes)) {
              expect(describeMessage(message)).toContain(
                schemaOfType(message.header.type)?.types.get(message.header.type) ?? "type",
              );
              expect(explain(message)).toContain("nlmsg_len");
              expect(() => JSON.stringify(toJson(message))).not.toThrow();
            }
          } catch (error) {
            if (!(error instanceof CodecError)) throw error;
            expect(error.offset).toBeLessThanOrEqual(bytes.length);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

function octetsOf(count: number): number[] {
  return new Array<number>(count).fill(0);
}
