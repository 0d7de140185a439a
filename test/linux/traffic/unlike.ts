// Where the Linux layer's answers are of other kinds than those that Linux gave, and why. Each request of the recordings is
// either alike or here: a row that does not hold fails as much as one that is missing.

/** Answers to one request: the run's id and the number of the request in it, then the kinds on either side. */
export type Case = readonly [request: string, linux: string, emulated: string];

export interface Reason {
  /** What FreeBSD, or the recorded kernel, does otherwise. */
  readonly reason: string;
  readonly cases: readonly Case[];
}

export const UNLIKE: readonly Reason[] = [];
