// A trace as an event log, to be run again at once or to move about in.
import { describe, expect, it } from "vitest";
import { Kernel } from "../../host/kernel/kernel.js";
import { type EventValue, sameValue } from "../../host/kernel/value.js";
import { readEventLog } from "../../host/trace/eventlog.js";
import { Timeline } from "../../host/trace/timeline.js";
import { boundariesOf, eventsOf, randomTrace } from "./recording.js";

/** A trace in pieces that the caller uses for something else afterwards. */
function* pieces(trace: Uint8Array): Generator<Uint8Array> {
  const piece = new Uint8Array(1000);
  for (let at = 0; at < trace.length; at += piece.length) {
    const part = trace.subarray(at, at + piece.length);
    piece.set(part);
    yield piece.subarray(0, part.length);
    piece.fill(0xff);
  }
}

describe("an event log of a trace", () => {
  it("has every event, and the memory at the end", () => {
    const { trace } = randomTrace(4, 200);
    const { log, from, complete } = readEventLog(pieces(trace));
    const { events, reader } = eventsOf(trace);
    expect(from).toBeUndefined();
    expect(complete).toBe(true);
    expect(log.memory).toEqual(reader.end?.memory);
    const expected = events.map(({ event }) => event as unknown as EventValue);
    expect(sameValue(log.events as unknown as EventValue, expected)).toBe(true);
  });

  it("is run again by Kernel.replay, and moved about in by a Timeline", () => {
    const { trace, run } = randomTrace(4, 200);
    const { log } = readEventLog([trace]);
    expect(Kernel.replay(log).uptime).toBe(run.kernel.uptime);
    const timeline = new Timeline(log);
    for (const place of [timeline.end, 50, 51, timeline.start]) {
      timeline.seek(place);
      expect(timeline.kernel.journal.position).toBe(place);
    }
  });

  it("of a run that was cut off has no memory to compare", () => {
    const { trace } = randomTrace(4, 50);
    const { log, complete } = readEventLog([trace.subarray(0, boundariesOf(trace).at(-2))]);
    expect([complete, log.memory]).toEqual([false, {}]);
    const timeline = new Timeline(log);
    expect(() => timeline.seek(timeline.end)).not.toThrow();
  });
});
