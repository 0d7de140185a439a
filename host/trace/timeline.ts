// A recorded run to move about in, in both directions: a kernel that stands at any event of an event log. Going back is
// putting back a snapshot and making the calls from there again; on the way it leaves snapshots behind, and when they take too
// much memory it gives up those that are missed least.

import { Kernel, type Snapshot } from "../kernel/kernel.js";
import type { EventLog, KernelEvent } from "../kernel/log.js";
import { integer } from "../kernel/options.js";
import { expectMemory, type LayerPlayers, Player, ReplayError, startOf, startReplay } from "../kernel/replay.js";

export interface TimelineOptions {
  /**
   * Snapshots of the run that are at hand already. They are taken for right, and never written over. A log that does not begin
   * with the boot needs one.
   */
  readonly snapshots?: Iterable<Snapshot>;
  /** Events between two snapshots, at least; more of a large kernel. Default 256. */
  readonly spacing?: number;
  /** Bytes of memory that the timeline's own snapshots may hold, besides the one at its start. Default 64 MiB. */
  readonly limitBytes?: number;
  /** Makes the calls of layers, where the run has some. */
  readonly layers?: LayerPlayers<Kernel>;
}

const SPACING_DEFAULT = 256;
const LIMIT_DEFAULT = 1 << 26;
/** Copying so many bytes takes less time than an event: with this between them snapshots cost a fraction of the replay. */
const BYTES_PER_EVENT = 4096;

/** A place of the run that can be gone to at once. */
interface Mark {
  /** Events before it. */
  readonly place: number;
  readonly snapshot: Snapshot;
  /** Whether it may be given up, and its buffers used again. */
  readonly isOwn: boolean;
}

export class Timeline {
  /**
   * The kernel at `position`. What is done to it is undone by the next move. Sockets are to be asked for after each move
   * (`socketByNumber`): one that was opened again on the way is another object.
   */
  readonly kernel: Kernel;
  readonly #log: EventLog;
  readonly #player: Player<Kernel>;
  readonly #spacing: number;
  readonly #limitBytes: number;
  /** In order of places; the first is the start. */
  readonly #marks: Mark[];
  #position: number;
  /** A snapshot that was given up. */
  #spare: Snapshot | undefined;

  /** Stands at the start. @throws ReplayError, SnapshotError the log, or its snapshots, are not of this core, or incomplete */
  constructor(log: EventLog, options: TimelineOptions = {}) {
    const { snapshots = [], spacing = SPACING_DEFAULT, limitBytes = LIMIT_DEFAULT, layers } = options;
    this.#log = log;
    this.#spacing = integer(spacing, "timeline: spacing", 1, Number.MAX_SAFE_INTEGER);
    this.#limitBytes = integer(limitBytes, "timeline: limitBytes", 0, Number.MAX_SAFE_INTEGER);
    const given = [...snapshots].sort((left, right) => left.position - right.position);
    for (const { position } of given) this.#expectWithin(position);
    const first = startOf(log) === 0 ? undefined : given.shift();
    this.kernel = startReplay(log, {
      boot: (boot) => Kernel.boot(boot),
      restored: first && Kernel.restore(first, { record: true }),
    });
    this.#player = new Player(this.kernel, layers);
    this.kernel.journal.forget();
    this.#position = this.kernel.journal.position;
    this.#marks = [{ place: this.#position, snapshot: this.kernel.snapshot(), isOwn: false }];
    for (const snapshot of given) this.#add({ place: snapshot.position, snapshot, isOwn: false });
  }

  #expectWithin(place: number): void {
    const [start, end] = [startOf(this.#log), this.end];
    if (place >= start && place <= end) return;
    throw new ReplayError(start, `snapshot at event ${place}; expected one from ${start} to ${end}`);
  }

  /** How many events have happened. */
  get position(): number {
    return this.#position;
  }

  /** The first place that there is: after the boot, or at the first snapshot of a log that begins later. */
  get start(): number {
    return (this.#marks[0] as Mark).place;
  }

  /** After the last event. */
  get end(): number {
    return startOf(this.#log) + this.#log.events.length;
  }

  /** The event that comes next; undefined at the end. */
  get next(): KernelEvent | undefined {
    return this.#log.events[this.#position - startOf(this.#log)];
  }

  /** The places that can be gone to at once, in order. */
  get places(): number[] {
    return this.#marks.map(({ place }) => place);
  }

  /** Bytes of memory in the timeline's own snapshots, besides the one at the start. */
  get snapshotBytes(): number {
    return this.#own.reduce((sum, { snapshot }) => sum + snapshot.bytes, 0);
  }

  get #own(): Mark[] {
    return this.#marks.filter(({ isOwn }) => isOwn);
  }

  /**
   * Goes to the place where so many events have happened. Calls that are made again on the way are compared with the log, at
   * the end memory too.
   * @param place - from `start` to `end`
   * @throws RangeError there is no such place; ReplayError a call went another way: the kernel stands before the next move
   *   where it failed
   */
  seek(place: number): void {
    integer(place, "seek", this.start, this.end);
    const mark = this.#marks[this.#after(place) - 1] as Mark;
    const isChanged = this.kernel.journal.position !== this.#position;
    if (isChanged || place < this.#position || mark.place > this.#position) this.#goTo(mark);
    while (this.#position < place) {
      this.#player.play(this.next as KernelEvent);
      this.kernel.journal.forget();
      this.#position++;
      this.#leaveMark();
    }
    if (place === this.end && Object.keys(this.#log.memory).length > 0) expectMemory(this.kernel, this.#log);
  }

  /** @returns false at the end, where there is none. @throws ReplayError as seek */
  stepForward(): boolean {
    if (this.#position === this.end) return false;
    this.seek(this.#position + 1);
    return true;
  }

  /** @returns false at the start, before which there is none. @throws ReplayError as seek */
  stepBack(): boolean {
    if (this.#position === this.start) return false;
    this.seek(this.#position - 1);
    return true;
  }

  #goTo({ place, snapshot }: Mark): void {
    this.kernel.revert(snapshot);
    this.kernel.journal.forget();
    this.#position = place;
  }

  // ---- snapshots left behind

  /** The index of the first mark beyond a place. */
  #after(place: number): number {
    let [low, high] = [0, this.#marks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#marks[middle] as Mark).place <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #add(mark: Mark): void {
    this.#marks.splice(this.#after(mark.place), 0, mark);
  }

  #leaveMark(): void {
    const place = this.#position;
    const at = this.#after(place);
    const before = this.#marks[at - 1] as Mark;
    const distance = Math.min(place - before.place, (this.#marks[at]?.place ?? Number.POSITIVE_INFINITY) - place);
    if (distance < Math.max(this.#spacing, before.snapshot.bytes / BYTES_PER_EVENT)) return;
    const snapshot = this.kernel.snapshot(this.#spare);
    this.#spare = undefined;
    this.#add({ place, snapshot, isOwn: true });
    while (this.snapshotBytes > this.#limitBytes) this.#giveUpOne();
  }

  /**
   * The one that is missed least: for its gap, which is the way to go then, against how far away it is. With the root of that,
   * marks are close together around the kernel's place, and the longest way is not much longer than with even spacing.
   */
  #giveUpOne(): void {
    let least = Number.POSITIVE_INFINITY;
    let found = 0;
    for (let i = 1; i < this.#marks.length; i++) {
      const { place, isOwn } = this.#marks[i] as Mark;
      const gap = (this.#marks[i + 1]?.place ?? this.end) - (this.#marks[i - 1] as Mark).place;
      const loss = gap / Math.sqrt(Math.abs(place - this.#position) + 1);
      if (!isOwn || loss >= least) continue;
      least = loss;
      found = i;
    }
    const [mark] = this.#marks.splice(found, 1);
    this.#spare = mark?.snapshot;
  }
}
