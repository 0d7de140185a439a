// Attributes inside a nest, kept as bytes: settings that Linux programs give and the kernel has no place for.

import { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";

/** By type, the payload; of several of one type the last. @param nest - the payload of the nest */
export function readAttributes(nest: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const reader = new MessageReader(nest);
  const attributes = new Map<number, Uint8Array>();
  reader.each(0, nest.length, (type, at, size) => void attributes.set(type, nest.subarray(at, at + size)));
  return attributes;
}

/** Settings after a change: what it gives replaces what was there, in its place, and what is new comes last. */
export function mergeAttributes(before: Uint8Array | undefined, change: Uint8Array): Uint8Array {
  const merged = new Map(before === undefined ? [] : readAttributes(before));
  for (const [type, payload] of readAttributes(change)) merged.set(type, payload);
  const writer = new MessageWriter(change.length + (before?.length ?? 0));
  for (const [type, payload] of merged) writer.raw(type, payload);
  return writer.written.slice();
}
