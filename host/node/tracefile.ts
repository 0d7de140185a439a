// Reads files piece by piece, for readers of captures and traces.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Bytes of a piece. */
const PIECE_BYTES = 1 << 16;

/** A piece of a file, valid until the next one, and how far it is. */
export interface FilePiece {
  readonly bytes: Uint8Array;
  /** Bytes read, this piece too, and bytes of the whole. */
  readonly done: number;
  readonly total: number;
}

/** @throws NodeJS.ErrnoException the file cannot be opened or read */
export function* piecesOf(path: string): Generator<FilePiece> {
  const file = openSync(path, "r");
  try {
    const total = fstatSync(file).size;
    const buffer = new Uint8Array(PIECE_BYTES);
    let done = 0;
    for (let length = readSync(file, buffer); length > 0; length = readSync(file, buffer)) {
      done += length;
      yield { bytes: buffer.subarray(0, length), done, total };
    }
  } finally {
    closeSync(file);
  }
}
