// Traces of runs that go on from a snapshot.

import { describe, expect, it } from "vitest";
import { GENL } from "../../assembly/abi/genetlink.js";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { Kernel, type Socket } from "../../host/kernel/kernel.js";
import { LinuxAbi } from "../../host/linux/abi.js";
import { LINUX_PLAYER } from "../../host/linux/replay.js";
import { verifyTrace } from "../../host/trace/verify.js";
import { byName, genl } from "../generic/families.js";
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

  it("has the sockets of Linux programs that are open in the snapshot", () => {
    const { kernel, vnet } = setupE();
    const { number } = new LinuxAbi(kernel).socket(vnet, {
      type: 3,
      protocol: NETLINK.GENERIC,
      pid: 77,
      isPrivileged: true,
    });
    const snapshot = kernel.snapshot();
    const tape = new Tape();
    const copy = Kernel.restore(snapshot, { events: tape.recorder });
    tape.recorder.goOn(snapshot, copy);
    const socket = new LinuxAbi(copy).socketByNumber(number);
    socket?.send(genl(GENL.MIN_ID, 3, "qa", [byName("nlctrl")]));
    expect(socket?.receive(8192)?.bytes.length).toBeGreaterThan(100);
    tape.recorder.end(copy);
    const verified = verifyTrace([tape.bytes], { layers: LINUX_PLAYER });
    expect(verified).toEqual({ verified: true, events: 2, complete: true });
    expect(eventsOf(tape.bytes).events.map(({ protocol }) => protocol)).toEqual([NETLINK.GENERIC, NETLINK.GENERIC]);
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

  it("may have another snapshot right behind the first", () => {
    const { kernel } = setupE();
    const snapshot = kernel.snapshot();
    const tape = new Tape();
    tape.recorder.goOn(snapshot, kernel);
    tape.recorder.goOn(snapshot, kernel);
    tape.recorder.end(kernel);
    expect(verifyTrace([tape.bytes])).toEqual({ verified: true, events: 0, complete: true });
  });
});
