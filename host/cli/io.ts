// The streams a command works on: the process's own, or those of a test.

/** A stream to read from. */
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };
/** A stream to write to. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };

export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** The streams of this process. A reader that goes away, as `head` does, ends the program without a complaint. */
export function processIo(): Io {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr };
}

/** Writes one line. */
export function writeLine(output: Output, line = ""): void {
  output.write(`${line}\n`);
}
