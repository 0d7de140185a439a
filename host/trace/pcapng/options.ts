// The options of a pcapng block: code, length and value, each padded to four bytes, up to opt_endofopt or the block's end.

import { CaptureError } from "../capture.js";
import { Option } from "./format.js";

const HEAD_BYTES = 4;

/** Values by code; of one that comes more than once, the first. */
export type Options = ReadonlyMap<number, Uint8Array>;

/** @param offset - of the file before the options. @throws CaptureError one goes beyond the block */
export function readOptions(bytes: Uint8Array, { isLittle, offset }: { isLittle: boolean; offset: number }): Options {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const code = view.getUint16(at, isLittle);
    const length = view.getUint16(at + 2, isLittle);
    if (code === Option.END) break;
    const left = bytes.length - at - HEAD_BYTES;
    if (length > left) {
      throw new CaptureError(offset + at, `option ${code} of ${length} bytes; the block has ${left} left`);
    }
    if (!options.has(code)) options.set(code, bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length));
    at += HEAD_BYTES + length + (-length & 3);
  }
  return options;
}
