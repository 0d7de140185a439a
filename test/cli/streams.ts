// Streams for commands under test: what goes in is given, what comes out is kept.
import { PassThrough, Readable } from "node:stream";
import { main } from "../../host/cli/main.js";

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs nlvm as from a pipe. */
export async function nlvm(argv: readonly string[], input: string | Uint8Array = ""): Promise<Outcome> {
  const stdout = new Captured();
  const stderr = new Captured();
  const stdin = Readable.from(input.length === 0 ? [] : [Buffer.from(input)]);
  const status = await main(argv, { stdin, stdout, stderr });
  return { status, stdout: stdout.text, stderr: stderr.text };
}

class Captured extends PassThrough {
  text = "";

  constructor() {
    super();
    this.on("data", (chunk: Buffer) => {
      this.text += chunk.toString();
    });
  }
}
