// A request that is answered with an error, in Linux's words.

/** What an ext ack tells besides the text. */
export interface RefusalDetails {
  /** Bytes from the start of the program's own message to the attribute at fault. */
  readonly offset?: number;
}

/** @see {@link LinuxErrno} for the numbers */
export class Refusal extends Error {
  constructor(
    /** Linux's, positive. */
    readonly errno: number,
    /** Of the ext ack, for programs that asked for one. */
    readonly text?: string,
    readonly details: RefusalDetails = {},
  ) {
    super(text ?? `errno ${errno}`);
    this.name = "Refusal";
  }
}
