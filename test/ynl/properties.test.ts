// Whatever the bytes: a message of a described family is read and comes back byte for byte, or is refused with its place.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { CodecError } from "../../host/codec/bytes.js";
import { decode } from "../../host/codec/decode.js";
import { explain, describe as summaryOf, toJson } from "../../host/codec/describe.js";
import { encode } from "../../host/codec/encode.js";
import { FamilyRegistry } from "../../host/codec/families.js";
import { Specification } from "../../host/ynl/specification.js";
import { attribute, message, toHex } from "../support/messages.js";
import { EVERYTHING_YAML } from "./specs.js";

const ID = 20;
const everything = new Specification(EVERYTHING_YAML, "everything.yaml");
const families = new FamilyRegistry([everything]);
families.set(ID, "everything");

const anyType = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(100, 101, 200));

/** Bytes of the payloads that a type can only have. */
function sizeOf(type: number): number | undefined {
  const kind = everything.schemaOf(1, true)?.table.byType.get(type)?.kind;
  return kind?.item?.size ?? kind?.size;
}

/** Mostly of the size that the type has, where it has one. */
function anyPayload(type: number): fc.Arbitrary<Uint8Array> {
  const size = fc.integer({ min: 0, max: 40 });
  const right = sizeOf(type);
  const sizes =
    right === undefined ? size : fc.oneof({ weight: 9, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: size });
  return sizes.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** Attributes of every type that the specification has, and some that it has not, with others inside or anything. */
const { any: anyAttribute } = fc.letrec<{ any: Uint8Array }>((tie) => ({
  any: anyType.chain((type) => {
    const inner = fc.array(tie("any"), { maxLength: 3 }).map(joined);
    const payload =
      sizeOf(type) === undefined ? fc.oneof({ depthSize: "small" }, anyPayload(type), inner) : anyPayload(type);
    return payload.map((bytes) => attribute(type, bytes));
  }),
}));

const anyMessage = fc.array(anyAttribute, { maxLength: 4 }).map((parts) => {
  const header = Uint8Array.of(1, 7, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0);
  return message({ type: ID, flags: "", seq: 7 }, header, ...parts);
});

function read(bytes: Uint8Array): ReturnType<typeof decode> | undefined {
  try {
    return decode(bytes, { protocol: NETLINK.GENERIC, families });
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

describe("a message of a described family", () => {
  it("is read and written back byte for byte, shown, or refused", () => {
    fc.assert(
      fc.property(anyMessage, (bytes) => {
        const messages = read(bytes);
        if (messages === undefined) return;
        expect(toHex(encode(messages))).toBe(toHex(bytes));
        for (const each of messages) {
          expect(summaryOf(each)).toContain("everything get");
          expect(explain(each).split("\n").length).toBeGreaterThan(5);
          JSON.stringify(toJson(each));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("means the same when its values are sent as a request", () => {
    fc.assert(
      fc.property(anyMessage, (bytes) => {
        const [first] = read(bytes) ?? [];
        const values = first && everything.valuesOf(first);
        if (values === undefined || "unknown" in values) return;
        const [again] = read(encode(everything.request("get", "do", withoutUnknown(values) as object, ID))) ?? [];
        expect(again && everything.valuesOf(again)).toEqual(withoutUnknown(values));
      }),
      { numRuns: 1000 },
    );
  });
});

/** Values without the attributes that the specification does not have, at any depth. */
function withoutUnknown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnknown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (key === "unknown" ? [] : [[key, withoutUnknown(each)]])),
  );
}
