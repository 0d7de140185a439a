// Moving about in a recorded run: whichever way a place is reached, the kernel there is the same.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashBytes } from "../../host/kernel/hash.js";
import { type EventLog, Kernel, ReplayError, Snapshot } from "../../host/kernel/kernel.js";
import { Timeline, type TimelineOptions } from "../../host/trace/timeline.js";
import { RandomRun } from "../storm/calls.js";

function recordedRun(seed: number, calls: number): EventLog {
  return new RandomRun({ seed, policy: "seeded", stepped: seed % 2 === 0, record: true }).play(calls).kernel.record();
}

/** The hashes of all memories. */
function hashes({ kernel }: { kernel: Kernel }): string {
  return kernel.vnets.map(({ name, memory }) => `${name} ${hashBytes(memory)}`).join(", ");
}

/** The hashes after each event, by how many events have happened. */
function everyHash(log: EventLog): string[] {
  const timeline = new Timeline(log);
  const found: string[] = [];
  do found[timeline.position] = hashes(timeline);
  while (timeline.stepForward());
  return found;
}

const log = recordedRun(1, 500);
const expected = everyHash(log);

/** Marks close together, and memory for a few. */
const CLOSE: TimelineOptions = { spacing: 8, limitBytes: 1 << 21 };

describe("two replays of one log", () => {
  it("have the same memory in every vnet after each event", () => {
    for (const seed of [2, 3]) {
      const busy = recordedRun(seed, 400);
      const left = everyHash(busy);
      expect(left.filter((each) => each !== undefined).length).toBe(busy.events.length);
      expect(everyHash(busy)).toEqual(left);
    }
  });
});

describe("a timeline", () => {
  it("stands after the boot at first, and knows the event that comes next", () => {
    const timeline = new Timeline(log);
    expect([timeline.position, timeline.start, timeline.end]).toEqual([1, 1, log.events.length]);
    expect(timeline.next).toBe(log.events[1]);
    expect(timeline.stepBack()).toBe(false);
    timeline.seek(timeline.end);
    expect(timeline.next).toBe(undefined);
    expect(timeline.stepForward()).toBe(false);
  });

  it("gives the same kernel at a place however it gets there", () => {
    const timeline = new Timeline(log, CLOSE);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: log.events.length }), (place) => {
        timeline.seek(place);
        expect(timeline.position).toBe(place);
        expect(hashes(timeline)).toBe(expected[place]);
      }),
      { numRuns: 60 },
    );
  });

  it("steps back event by event, from the end to the start", () => {
    const timeline = new Timeline(log, CLOSE);
    timeline.seek(timeline.end);
    const seen = [...expected];
    do seen[timeline.position] = hashes(timeline);
    while (timeline.stepBack());
    expect(timeline.position).toBe(1);
    expect(seen).toEqual(expected);
  });

  it("has its sockets by number at every place where they are open", () => {
    const timeline = new Timeline(log, CLOSE);
    const opened = 1 + log.events.findIndex(({ call, outcome }) => call === "socket" && "value" in outcome);
    timeline.seek(timeline.end);
    timeline.seek(opened);
    expect(timeline.kernel.socketByNumber(1)?.isClosed).toBe(false);
    timeline.stepBack();
    expect(timeline.kernel.socketByNumber(1)).toBe(undefined);
  });

  it("undoes at the next move what was done to its kernel", () => {
    const timeline = new Timeline(log, CLOSE);
    for (const place of [200, 201, 200, 150]) {
      timeline.seek(place);
      timeline.kernel.advance(1);
      timeline.kernel.vnet0.interfaceAttach({ name: "tap99" });
    }
    timeline.seek(150);
    expect(hashes(timeline)).toBe(expected[150]);
    timeline.kernel.advance(1);
    timeline.seek(151);
    expect(hashes(timeline)).toBe(expected[151]);
  });

  it("forks at its place: the fork records on from there", () => {
    const timeline = new Timeline(log, CLOSE);
    timeline.seek(100);
    const forked = timeline.kernel.fork();
    forked.advance(5);
    expect(forked.record()).toMatchObject({ start: 100, events: [{ call: "advance" }] });
    expect(hashes(timeline)).toBe(expected[100]);
  });

  it.each([0, 1, 300_000, 1_000_000])("holds at most the bytes it may in snapshots (%i)", (limitBytes) => {
    const timeline = new Timeline(log, { spacing: 4, limitBytes });
    for (const place of [timeline.end, 1, 200, timeline.end, 90]) {
      timeline.seek(place);
      expect(timeline.snapshotBytes).toBeLessThanOrEqual(limitBytes);
      expect(hashes(timeline)).toBe(expected[place]);
    }
  });

  it("keeps snapshots closer together around its place than far away", () => {
    const calls = 6000;
    const kernel = Kernel.boot({ record: true });
    for (let n = 0; n < calls; n++) kernel.advance(1);
    const timeline = new Timeline(kernel.record(), { spacing: 10, limitBytes: 24 * kernel.snapshot().bytes });
    timeline.seek(timeline.end);
    const places = timeline.places;
    const gaps = places.slice(1).map((place, i) => place - (places[i] as number));
    expect(places.length).toBe(25);
    expect(Math.max(...gaps)).toBeLessThan((calls / 24) * 4);
    expect(Math.min(...gaps.slice(-4))).toBeLessThan(calls / 24 / 2);
  });

  it.each([0, -1, 1.5, log.events.length + 1, Number.NaN])("refuses the place %d, naming those there are", (place) => {
    const timeline = new Timeline(log);
    expect(() => timeline.seek(place)).toThrow(RangeError);
    expect(() => timeline.seek(place)).toThrow(`seek: ${place}; expected an integer from 1 to ${log.events.length}`);
    expect(timeline.position).toBe(1);
  });
});

describe("a log that goes another way", () => {
  it("stops a seek at the event that differs; the places before it can still be reached", () => {
    const place = log.events.findIndex(({ call }, i) => call === "send" && i > 250);
    const changed = {
      ...log,
      events: log.events.map((each, i) => (i === place ? { ...each, outcome: { errno: 5 } } : each)),
    };
    const timeline = new Timeline(changed, CLOSE);
    const seek = (to: number) => () => timeline.seek(to);
    for (const to of [timeline.end, place + 1]) {
      expect(seek(to)).toThrow(ReplayError);
      expect(seek(to)).toThrow(new RegExp(`event ${place}: send`));
    }
    timeline.seek(place);
    expect(hashes(timeline)).toBe(expected[place]);
  });

  it("in its memory at the end is told of there", () => {
    const timeline = new Timeline({ ...log, memory: { vnet0: "0123456789abcdef" } });
    timeline.seek(log.events.length - 1);
    expect(() => timeline.stepForward()).toThrow(/memory of vnet0: .*expected 0123456789abcdef/);
  });
});

describe("snapshots that are at hand", () => {
  /** The run's snapshots at some places, without the kernel that they were taken of. */
  function snapshotsAt(...places: number[]): Snapshot[] {
    const timeline = new Timeline(log);
    return places.map((place) => {
      timeline.seek(place);
      return new Snapshot(structuredClone(timeline.kernel.snapshot().state));
    });
  }

  it("are gone to like the timeline's own, and stay as they are", () => {
    const snapshots = snapshotsAt(300, 120);
    const timeline = new Timeline(log, { ...CLOSE, limitBytes: 0, snapshots });
    for (const place of [310, 130, 120, 40]) {
      timeline.seek(place);
      expect(hashes(timeline)).toBe(expected[place]);
    }
    expect(snapshots.map(({ position }) => position)).toEqual([300, 120]);
  });

  it("are where a log begins that lacks the boot", () => {
    const rest: EventLog = { ...log, start: 200, events: log.events.slice(200) };
    expect(() => new Timeline(rest)).toThrow(/log from event 200 on; expected a snapshot/);
    const timeline = new Timeline(rest, { snapshots: snapshotsAt(300, 220) });
    expect([timeline.start, timeline.end]).toEqual([220, log.events.length]);
    for (const place of [log.events.length, 220, 301]) {
      timeline.seek(place);
      expect(hashes(timeline)).toBe(expected[place]);
    }
  });

  it("of places outside the log are refused", () => {
    const rest: EventLog = { ...log, start: 200, events: log.events.slice(200) };
    const snapshots = snapshotsAt(100);
    expect(() => new Timeline(rest, { snapshots })).toThrow(/snapshot at event 100; expected one from 200 to/);
  });
});
