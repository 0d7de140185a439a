// Apart from recording, for those that only want to know the error.

/** The file cannot be written. */
export class RecordingError extends Error {
  override readonly name = "RecordingError";
}
