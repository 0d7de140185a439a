// A snapshot as bytes, for a file or a block of a trace.
//   0    8        12         20        24       28           28 + n
//   | magic | version | core hash | n | raw length | state, n bytes | checksum, 8 bytes |
// The state is CBOR, deflated: most of a kernel's memory is zero. The checksum is over all before it. Numbers are little
// endian.

import { decode, encode } from "cborg";
import { deflateSync, inflateSync } from "fflate";
import { hashBytes } from "../kernel/hash.js";
import { expectCore, type KernelState, Snapshot, SnapshotError } from "../kernel/snapshot.js";

/** Of the layout above, and of everything in the state. */
export const SNAPSHOT_VERSION = 1;

const MAGIC = "NLVMSNAP";
const VERSION_AT = 8;
const CORE_AT = 12;
const STATE_BYTES_AT = 20;
const RAW_BYTES_AT = 24;
const STATE_AT = 28;
const CHECKSUM_BYTES = 8;
/** Of the Internet's table it leaves two fifths; higher levels take twice as long to leave a twentieth less. */
const DEFLATE_LEVEL = 1;

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const raw = encode(snapshot.state, { ignoreUndefinedProperties: true });
  const state = deflateSync(raw, { level: DEFLATE_LEVEL });
  const bytes = new Uint8Array(STATE_AT + state.length + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(VERSION_AT, SNAPSHOT_VERSION, true);
  bytes.set(fromHex(snapshot.state.core), CORE_AT);
  view.setUint32(STATE_BYTES_AT, state.length, true);
  view.setUint32(RAW_BYTES_AT, raw.length, true);
  bytes.set(state, STATE_AT);
  const end = STATE_AT + state.length;
  bytes.set(fromHex(hashBytes(bytes.subarray(0, end))), end);
  return bytes;
}

/**
 * @param bytes - of one whole snapshot, nothing before or behind it
 * @throws SnapshotError what is none, of another version, cut, damaged, or of another core; it says what was expected
 */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC)
    throw new SnapshotError(`no snapshot: it begins with "${printable(magic)}"; expected "${MAGIC}"`);
  if (bytes.length < STATE_AT + CHECKSUM_BYTES) throw cut(bytes.length, STATE_AT + CHECKSUM_BYTES);
  const version = view.getUint32(VERSION_AT, true);
  if (version !== SNAPSHOT_VERSION) {
    throw new SnapshotError(`snapshot of version ${version}; expected version ${SNAPSHOT_VERSION}`);
  }
  const end = STATE_AT + view.getUint32(STATE_BYTES_AT, true);
  if (bytes.length !== end + CHECKSUM_BYTES) throw cut(bytes.length, end + CHECKSUM_BYTES);
  const [seen, noted] = [hashBytes(bytes.subarray(0, end)), toHex(bytes.subarray(end))];
  if (seen !== noted) throw new SnapshotError(`damaged snapshot: checksum ${seen}; expected ${noted}`);
  const core = toHex(bytes.subarray(CORE_AT, STATE_BYTES_AT));
  expectCore({ core });
  return new Snapshot(decodeState(bytes.subarray(STATE_AT, end), view.getUint32(RAW_BYTES_AT, true)));
}

/** @throws SnapshotError */
function decodeState(deflated: Uint8Array, length: number): KernelState {
  let state: KernelState;
  try {
    state = decode(inflateSync(deflated, { out: new Uint8Array(length) })) as KernelState;
  } catch (error) {
    throw new SnapshotError("snapshot: its state cannot be read, though its checksum is right", { cause: error });
  }
  // Each memory in a buffer of its own: a snapshot's buffers are written over when it is given to be used again.
  const vnets = state.vnets.map((vnet) => ({ ...vnet, memory: { ...vnet.memory, bytes: vnet.memory.bytes.slice() } }));
  return { ...state, vnets };
}

function cut(bytes: number, expected: number): SnapshotError {
  return new SnapshotError(`snapshot of ${bytes} bytes; expected ${expected}`);
}

/** ASCII as it is, any other byte as a dot. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, ".");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
