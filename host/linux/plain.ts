// State of the layer as plain data and back, copied both ways: what was saved stays as it was, however often it is put back.
// Maps and sets become lists, which any file format has.

interface PlainMap {
  readonly map: readonly (readonly [unknown, unknown])[];
}

interface PlainSet {
  readonly set: readonly unknown[];
}

/** A copy in which maps and sets are lists of what they hold, in order. */
export function pack(value: unknown): unknown {
  if (value instanceof Map) return { map: [...value].map(([key, each]) => [pack(key), pack(each)]) } satisfies PlainMap;
  if (value instanceof Set) return { set: [...value].map(pack) } satisfies PlainSet;
  return copied(value, pack);
}

/** A copy of what was packed, as it was before. */
export function unpack(value: unknown): unknown {
  if (isRecord(value) && Array.isArray(value.map)) {
    return new Map((value as unknown as PlainMap).map.map(([key, each]) => [unpack(key), unpack(each)]));
  }
  if (isRecord(value) && Array.isArray(value.set)) return new Set((value as unknown as PlainSet).set.map(unpack));
  return copied(value, unpack);
}

function copied(value: unknown, copy: (each: unknown) => unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copy);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copy(each)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array) && !Array.isArray(value);
}

/** Gives a map other entries. */
export function refill<K, V>(map: Map<K, V>, entries: Iterable<readonly [K, V]>): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}

/** Gives a set other members. */
export function refillSet<T>(set: Set<T>, members: Iterable<T>): void {
  set.clear();
  for (const each of members) set.add(each);
}
