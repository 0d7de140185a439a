// Traces of runs that go on from a snapshot.

import { describe, expect, it } from "vitest";
import { Kernel, type Socket } from "../../host/kernel/kernel.js";
import { verifyTrace } from "../../host/trace/verify.js";
import { getLink } from "../route/links.js";
import { ask } from "../support/messages.js";
import { openSocket, setupE } from "../support/setups.js";
import { eventsOf, Tape } from "./recording.js";

/** A recorded run from a snapshot of a kernel with an open socket. */
function recorded(record: boolean): Uint8Array {
  const { kernel, socket } = setupE({ record });
  kernel.advance(1500);
  const snapshot = kernel.snapshot();
  const tape = new Tape();
  const copy = Kernel.restore(snapshot, { record: false, events: tape.recorder });
  tape.recorder.goOn(snapshot, copy);
  ask(copy.socketByNumber(socket.number) as Socket, getLink());
  ask(openSocket(copy.vnet0), getLink());
  tape.recorder.end(copy);
  return tape.bytes;
}

describe("a trace that goes on from a snapshot", () => {
  it.each([true, false])("is verified, and its events are numbered from there (recorded before: %s)", (record) => {
    const trace = recorded(record);
    const { events, reader } = eventsOf(trace);
    expect(reader.start).toBeDefined();
    expect(events[0]?.place).toBe(record ? 5 : 0);
    expect(events[0]?.event.call).toBe("send");
    expect(verifyTrace([trace])).toEqual({ verified: true, events: events.length, complete: true });
  });

  it("without any event is verified", () => {
    const { kernel } = setupE();
    const snapshot = kernel.snapshot();
    const tape = new Tape();
    const copy = Kernel.restore(snapshot, { events: tape.recorder });
    tape.recorder.goOn(snapshot, copy);
    tape.recorder.end(copy);
    expect(verifyTrace([tape.bytes])).toEqual({ verified: true, events: 0, complete: true });
  });

  it("has its snapshot in front alone", () => {
    const { kernel } = setupE();
    const snapshot = kernel.snapshot();
    const tape = new Tape();
    tape.recorder.goOn(snapshot, kernel);
    tape.recorder.goOn(snapshot, kernel);
    expect(verifyTrace([tape.bytes])).toMatchObject({
      verified: false,
      error: expect.stringMatching(/a block of kind 4/),
    });
  });
});
