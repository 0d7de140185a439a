// A trace that is written to a file while the kernel runs.

import { closeSync, openSync, writeSync } from "node:fs";
import type { EventSink, Kernel, KernelEvent } from "../kernel/kernel.js";
import { Recorder, type RecorderOptions } from "../trace/recorder.js";
import { RecordingError } from "./recordingerror.js";

/** Milliseconds after which what is complete is in the file, even when it is little. */
const FLUSH_MILLISECONDS = 100;

export class Recording implements EventSink {
  readonly path: string;
  readonly #recorder: Recorder;
  readonly #file: number;
  readonly #timer: NodeJS.Timeout;
  readonly #flushQuietly = (): void => this.#try(() => this.flush());
  #isOver = false;
  /** What a flush failed with that nobody was there to be told of. */
  #failure: unknown;

  /** @throws RecordingError the file cannot be made */
  constructor(path: string, options: RecorderOptions = {}) {
    this.path = path;
    this.#file = attempt(path, () => openSync(path, "w"));
    this.#recorder = new Recorder((blocks) => this.#write(blocks), options);
    this.#timer = setInterval(this.#flushQuietly, FLUSH_MILLISECONDS).unref();
    process.on("exit", this.#flushQuietly);
  }

  /** The kernel that runs, for snapshots on the way (RecorderOptions.snapshotEvery). */
  watch(kernel: Kernel): void {
    this.#recorder.watch(kernel);
  }

  before(place: number): void {
    if (!this.#isOver) this.#recorder.before(place);
  }

  /** @throws RecordingError the file cannot be written any more; the event happened all the same */
  note(event: KernelEvent, place: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#isOver) this.#recorder.note(event, place);
  }

  /** @throws RecordingError, as `end` */
  flush(): void {
    if (!this.#isOver) this.#recorder.flush();
  }

  /** The run is over. What happens to the kernel afterwards is not in the file. A second end does nothing. */
  end(kernel: Kernel): void {
    if (this.#isOver) return;
    this.#recorder.end(kernel);
    this.close();
  }

  /** Nothing more goes into the file, whose run was cut off where it has no end. A second close does nothing. */
  close(): void {
    if (this.#isOver) return;
    this.#recorder.flush();
    this.#isOver = true;
    clearInterval(this.#timer);
    process.off("exit", this.#flushQuietly);
    closeSync(this.#file);
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #write(blocks: Uint8Array): void {
    attempt(this.path, () => {
      for (let at = 0; at < blocks.length; ) at += writeSync(this.#file, blocks, at);
    });
  }
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new RecordingError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}
