// A damaged trace is refused, or read up to the damage; it is never taken for verified, and never ends the process.
import { describe, expect, it } from "vitest";
import { LINUX_PLAYER } from "../../host/linux/replay.js";
import { Random } from "../../host/table/random.js";
import { CaptureReader } from "../../host/trace/capturereader.js";
import { type Verification, verifyTrace } from "../../host/trace/verify.js";
import { ProgramRun } from "./programs.js";
import { boundariesOf, randomTrace, Tape } from "./recording.js";

const PLACES = 500;
const SEED = 20261125;

function programTrace(): Uint8Array {
  const tape = new Tape();
  const run = new ProgramRun({ seed: 21, mode: "extended", events: tape.recorder }).play(120);
  run.end();
  tape.recorder.end(run.kernel);
  return tape.bytes;
}

function verify(trace: Uint8Array): Verification {
  return verifyTrace([trace], { layers: LINUX_PLAYER });
}

type Damage = (trace: Uint8Array, random: Random) => Uint8Array;

const flip: Damage = (trace, random) => {
  const damaged = trace.slice();
  const at = random.below(trace.length);
  damaged[at] = (damaged[at] as number) ^ (1 << random.below(8));
  return damaged;
};

const cut: Damage = (trace, random) => trace.slice(0, random.below(trace.length));

const gap: Damage = (trace, random) => {
  const at = random.below(trace.length - 1);
  return joined(trace.subarray(0, at), trace.subarray(at + 1 + random.below(Math.min(64, trace.length - at - 1))));
};

const double: Damage = (trace, random) => {
  const boundaries = boundariesOf(trace);
  const i = random.below(boundaries.length - 1);
  return joined(trace.subarray(0, boundaries[i + 1]), trace.subarray(boundaries[i]));
};

const drop: Damage = (trace, random) => {
  const boundaries = boundariesOf(trace);
  const i = random.below(boundaries.length - 1);
  return joined(trace.subarray(0, boundaries[i]), trace.subarray(boundaries[i + 1]));
};

const garbage: Damage = (trace, random) => {
  const damaged = trace.slice();
  const at = random.below(trace.length);
  for (let i = at; i < Math.min(at + 16, trace.length); i++) damaged[i] = random.below(256);
  return damaged;
};

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

const KINDS: readonly [string, Damage][] = [
  ["a bit that flipped", flip],
  ["a cut", cut],
  ["a gap", gap],
  ["a block twice", double],
  ["a block that is missing", drop],
  ["sixteen bytes of something else", garbage],
];

describe.each([
  ["of native calls", () => randomTrace(8, 120).trace],
  ["of Linux programs", programTrace],
])("a trace %s", (_, make) => {
  const trace = make();

  it("is verified as it is", () => {
    expect(verify(trace)).toMatchObject({ verified: true, complete: true });
  });

  it.each(KINDS)("with %s, in any of many places, is never verified, and says where it is wrong", (name, damage) => {
    const random = new Random(SEED);
    for (let n = 0; n < PLACES / KINDS.length; n++) {
      const damaged = damage(trace, random);
      if (Buffer.from(damaged).equals(Buffer.from(trace))) continue;
      const found = verify(damaged);
      const told = `${name}, seed ${SEED}, number ${n}: ${JSON.stringify(found)}`;
      expect(found.verified, told).toBe(false);
      expect(found.error ?? "", told).toMatch(/(byte \d+: .{10,}|cut off after \d+ events)/);
    }
  });
});

describe("a byte of a recorded output that was changed", () => {
  it("is told by message and attribute", () => {
    const trace = programTrace();
    const packets = [...CaptureReader.blocks(trace)].flatMap((block) =>
      block.kind === "packet" && block.direction === "inbound" && /RTM_NEWLINK/.test(block.comment ?? "")
        ? [block.bytes.byteOffset - block.start + block.offset]
        : [],
    );
    // Cooked head 16, nlmsghdr 16, ifinfomsg 16, attribute header 4: the first attribute's first byte.
    const at = (packets[0] as number) + 52;
    trace[at] = (trace[at] as number) ^ 1;
    const { verified, error, difference } = verify(trace);
    expect([verified, error]).toEqual([false, expect.stringMatching(/byte \d+: checksum/)]);
    expect(difference).toMatchObject({
      message: expect.stringMatching(/^RTM_NEWLINK, message 1/),
      field: "IFLA_IFNAME",
    });
  });
});

describe("a trace that goes no further", () => {
  it("because it was cut between events says how many are as recorded", () => {
    const trace = randomTrace(8, 50).trace;
    const whole = verify(trace).events;
    const found = verify(trace.subarray(0, boundariesOf(trace).at(-2)));
    expect(found).toEqual({
      verified: false,
      complete: false,
      events: whole,
      error: `the recording was cut off after ${whole} events: they are as recorded, and there is no end`,
    });
  });

  it.each([
    // until  verified  events
    [0, true, 0],
    [1, true, 1],
    [20, true, 20],
  ])("than event %i is verified as far as that", (until, verified, events) => {
    const { trace } = randomTrace(8, 50);
    expect(verifyTrace([trace], { until })).toEqual({ verified, events, complete: false });
  });

  it("than there are events is not verified", () => {
    const { trace } = randomTrace(8, 50);
    const { events } = verifyTrace([trace]);
    expect(verifyTrace([trace], { until: events })).toMatchObject({ verified: true, complete: true });
    expect(verifyTrace([trace], { until: events + 1 })).toMatchObject({
      verified: false,
      error: expect.stringContaining("; expected"),
    });
  });
});
