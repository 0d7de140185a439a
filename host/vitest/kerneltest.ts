// netlink-vm/vitest: tests that each have a kernel of their own. It is recorded in memory; when the test fails the recording
// becomes a trace, and what is printed is where it is and how it is run again.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestAPI, test } from "vitest";
import { Client } from "../client/client.js";
import { type BootOptions, type EventSink, Kernel, Snapshot } from "../kernel/kernel.js";
import { readConfig } from "../node/config.js";
import { bootConfig } from "../node/setup.js";
import { Recorder } from "../trace/recorder.js";
import { traceName } from "./tracename.js";

export interface KernelTestOptions {
  /**
   * What each test's kernel is: a configuration file, what Kernel.boot takes, or a snapshot of a kernel, also as a function
   * that gives it when the first test begins. Default: a kernel with netlink loaded.
   */
  readonly kernel?: string | BootOptions | Snapshot | (() => Snapshot);
  /** The folder for the traces of failed tests. Default: "traces". */
  readonly traces?: string;
}

/** What a test gets. */
export interface KernelFixtures {
  /** The test's own kernel. */
  readonly kernel: Kernel;
  /** A client on a NETLINK_ROUTE socket of its first vnet. */
  readonly client: Client;
}

const DEFAULT: BootOptions = { modules: ["netlink"] };
const TRACES = "traces";

/**
 * A `test` whose tests have a kernel:
 *
 *     const test = kernelTest({ kernel: "machine.yaml" });
 *     test("routes come back", ({ kernel, client }) => …);
 *
 * @throws what the configuration, the boot or the snapshot is refused with: the test that asked for the kernel fails
 */
export function kernelTest({
  kernel: from = DEFAULT,
  traces = TRACES,
}: KernelTestOptions = {}): TestAPI<KernelFixtures> {
  return test.extend<KernelFixtures>({
    kernel: async ({ task, onTestFailed }, use) => {
      const tape = new Tape();
      const kernel = begin(typeof from === "function" ? from() : from, tape);
      onTestFailed(() => {
        keep(tape.end(kernel), join(traces, traceName(task.file.name, nameOf(task))));
      });
      await use(kernel);
    },
    client: async ({ kernel }, use) => {
      await use(new Client(kernel.vnet0.socket()));
    },
  });
}

/** A recording in memory. */
class Tape {
  readonly #pieces: Uint8Array[] = [];
  readonly recorder = new Recorder((blocks) => this.#pieces.push(new Uint8Array(blocks)));

  end(kernel: Kernel): readonly Uint8Array[] {
    this.recorder.end(kernel);
    return this.#pieces;
  }
}

function begin(from: string | BootOptions | Snapshot, { recorder }: Tape): Kernel {
  const events: EventSink = recorder;
  if (typeof from === "string") return bootConfig(readConfig(from), events);
  if (!(from instanceof Snapshot)) return Kernel.boot(from, undefined, events);
  const kernel = Kernel.restore(from, { record: false, events });
  recorder.goOn(from, kernel);
  return kernel;
}

/** "suite > test" */
function nameOf(task: { readonly name: string; readonly suite?: { readonly name: string } | undefined }): string {
  const suite = task.suite?.name;
  return suite ? `${suite} ${task.name}` : task.name;
}

function keep(pieces: readonly Uint8Array[], path: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, Buffer.concat(pieces));
  console.error(`netlink-vm: what the kernel did is in ${path}\n  npx nlvm replay ${quoted(path)} --print`);
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
