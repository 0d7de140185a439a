// The file that a supervisor maps: two halves, into which datagrams are written for it to read. It lies in memory
// (/dev/shm), is unlinked as soon as both have it open, and goes with the last who has.

import { randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, openSync, rmSync, writevSync } from "node:fs";
import { HALF_BYTES } from "./limits.js";

const FOLDER = "/dev/shm";

export class SharedFile {
  readonly path: string;
  readonly #file: number;

  private constructor(path: string, file: number) {
    this.path = path;
    this.#file = file;
  }

  /** @returns undefined where there is no such folder or no room: what it is for goes through the stream then */
  static create(folder = FOLDER): SharedFile | undefined {
    const path = `${folder}/nlvm-${randomBytes(12).toString("hex")}`;
    try {
      const shared = new SharedFile(path, openSync(path, "wx+", 0o600));
      try {
        ftruncateSync(shared.#file, 2 * HALF_BYTES);
        return shared;
      } catch {
        shared.unlink();
        shared.close();
        return undefined;
      }
    } catch {
      return undefined;
    }
  }

  /** The other side had its time to open it. */
  unlink(): void {
    rmSync(this.path, { force: true });
  }

  /**
   * Writes pieces one behind the other.
   * @param half - 0 or 1
   * @param offset - bytes from the start of the half; the pieces must fit behind it
   */
  write(half: number, offset: number, pieces: readonly Uint8Array[]): void {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (offset + bytes > HALF_BYTES)
      throw new RangeError(`shared file: ${bytes} bytes at ${offset}; a half has ${HALF_BYTES}`);
    const written = writevSync(this.#file, pieces, half * HALF_BYTES + offset);
    if (written !== bytes) throw new Error(`shared file: wrote ${written} of ${bytes} bytes: no memory`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
