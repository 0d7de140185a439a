// Traces of random runs, in memory.
import type { EventSink } from "../../host/kernel/kernel.js";
import { CaptureReader } from "../../host/trace/capturereader.js";
import { Chain } from "../../host/trace/chain.js";
import { Recorder } from "../../host/trace/recorder.js";
import { CHECKSUM_BYTES } from "../../host/trace/traceblock.js";
import { type TraceEvent, TraceReader } from "../../host/trace/tracereader.js";
import { RandomRun } from "../storm/calls.js";

/** Collects what a recorder hands over. */
export class Tape {
  readonly #pieces: Uint8Array[] = [];
  readonly recorder = new Recorder((blocks) => this.#pieces.push(blocks.slice()));

  get bytes(): Uint8Array {
    this.recorder.flush();
    return Uint8Array.from(Buffer.concat(this.#pieces));
  }
}

/** A recorded run of random calls. @param events - gets them besides */
export function randomTrace(seed: number, calls: number, events?: EventSink): { trace: Uint8Array; run: RandomRun } {
  const tape = new Tape();
  const both: EventSink = {
    note(event, place) {
      events?.note(event, place);
      tape.recorder.note(event, place);
    },
  };
  const run = new RandomRun({ seed, policy: "seeded", stepped: seed % 2 === 0, record: false, events: both });
  run.play(calls);
  tape.recorder.end(run.kernel);
  return { trace: tape.bytes, run };
}

export function eventsOf(trace: Uint8Array): { events: TraceEvent[]; reader: TraceReader } {
  const reader = new TraceReader();
  const events: TraceEvent[] = [];
  reader.push(trace);
  for (let event = reader.next(); event !== undefined; event = reader.next()) events.push(structuredClone(event));
  reader.finish();
  return { events, reader };
}

/** Where blocks begin, and the end. */
export function boundariesOf(trace: Uint8Array): number[] {
  return [...[...CaptureReader.blocks(trace)].map(({ offset }) => offset), trace.length];
}

/** The trace with the checksums that its blocks ought to have: as somebody else might have written it. */
export function summed(trace: Uint8Array): Uint8Array {
  const chain = new Chain();
  chain.grow(trace.length);
  chain.bytes.set(trace);
  const view = new DataView(chain.bytes.buffer);
  for (const { kind, offset, length } of CaptureReader.blocks(trace)) {
    const end = offset + length;
    const sumAt = end - 4 - CHECKSUM_BYTES;
    chain.add(offset, kind === "custom" ? sumAt : end);
    if (kind !== "custom") continue;
    view.setUint32(sumAt, chain.low, true);
    view.setUint32(sumAt + 4, chain.high, true);
  }
  return chain.bytes.slice(0, trace.length);
}
