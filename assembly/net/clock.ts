// The kernel's clock and its callouts. Time is an input: it stands still between two calls of advanceClock.
//   uptimeMs, uptimeSeconds, wallClockSeconds, wallClockMs
//   setCallout, stopCallout   a function that runs once when its time has come, in order of time
// A callout is three words in its owner's record: setting one takes no memory.

/** @param owner - the record that the callout is part of */
export type CalloutFunction = (owner: usize) => void;

@unmanaged
export class Callout {
  /** Uptime at which it runs; 0 = not set. */
  dueMs: u64;
  next: usize;
  run: usize;
  owner: usize;
}

@unmanaged
class Clock {
  uptimeMs: u64;
  /** Unix second of uptime 0. */
  bootSeconds: u64;
  callouts: usize;
}

const clock = changetype<Clock>(memory.data(offsetof<Clock>(), 16));

/** @param bootSeconds - unix time at boot. FreeBSD's time_uptime starts at 1, so that 0 means "no time". */
export function bootClock(bootSeconds: u64): void {
  clock.uptimeMs = 1000;
  clock.bootSeconds = bootSeconds - 1;
}

export function uptimeMs(): u64 {
  return clock.uptimeMs;
}

export function uptimeSeconds(): u32 {
  return <u32>(clock.uptimeMs / 1000);
}

export function wallClockSeconds(): u64 {
  return clock.bootSeconds + clock.uptimeMs / 1000;
}

export function wallClockMs(): u64 {
  return clock.bootSeconds * 1000 + clock.uptimeMs;
}

/** Moves time forward and runs each callout that falls due, at its own time. */
export function advanceClock(milliseconds: u64): void {
  const end = clock.uptimeMs + milliseconds;
  while (true) {
    const callout = changetype<Callout>(clock.callouts);
    if (clock.callouts == 0 || callout.dueMs > end) break;
    clock.callouts = callout.next;
    clock.uptimeMs = max(clock.uptimeMs, callout.dueMs);
    callout.dueMs = 0;
    changetype<CalloutFunction>(callout.run)(callout.owner);
  }
  clock.uptimeMs = end;
}

/** Runs `run(owner)` when uptime reaches dueMs; a callout that is set already moves. Equal times run in order of setting. */
export function setCallout(callout: Callout, dueMs: u64, run: CalloutFunction, owner: usize): void {
  stopCallout(callout);
  callout.dueMs = max(dueMs, 1);
  callout.run = changetype<usize>(run);
  callout.owner = owner;
  let link = changetype<usize>(clock) + offsetof<Clock>("callouts");
  while (load<usize>(link) != 0 && changetype<Callout>(load<usize>(link)).dueMs <= callout.dueMs) link = linkAfter(link);
  callout.next = load<usize>(link);
  store<usize>(link, changetype<usize>(callout));
}

export function stopCallout(callout: Callout): void {
  if (callout.dueMs == 0) return;
  let link = changetype<usize>(clock) + offsetof<Clock>("callouts");
  while (load<usize>(link) != changetype<usize>(callout)) link = linkAfter(link);
  store<usize>(link, callout.next);
  callout.dueMs = 0;
}

/** The address of the `next` of the callout that `link` leads to. */
function linkAfter(link: usize): usize {
  return load<usize>(link) + offsetof<Callout>("next");
}
