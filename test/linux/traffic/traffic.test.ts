// Every request that real programs sent gets answers of the kinds that Linux gave: the same message types and flags, the
// same errnos. Case by case; the cases that are not so are unlike.ts, with reasons.
import { beforeAll, describe, expect, it } from "vitest";
import { Emulation, type Unlike } from "../../../host/trace/traffic/emulation.js";
import { MEANWHILE } from "./meanwhile.js";
import { type RecordingName, readRuns, readSetup } from "./recorded.js";
import { SOCKETS } from "./sockets.js";
import { UNLIKE } from "./unlike.js";

const REPLAY_MILLISECONDS = 30_000;

/** Requests in each recording. */
const RECORDINGS: readonly [RecordingName, number][] = [
  ["iproute2-a", 328],
  ["iproute2-c", 567],
  ["clients", 139],
];

/** Runs that began with the state after the setup, not with what others had left. */
const FRESH = new Set(["clients-17", "clients-18"]);

describe.each(RECORDINGS)("the traffic of %s", (name, requests) => {
  const runs = readRuns(name);
  const setup = `${name}-setup`;
  const found = new Map<string, string[]>();

  beforeAll(() => {
    const received = runs.flatMap((run) => run.received);
    const begin = (): Emulation => new Emulation(readSetup(name), received);
    const keep = (id: string, unlike: readonly Unlike[]): void => {
      found.set(
        id,
        unlike.map(({ request, linux, emulated }) => line(`${id}.${request}`, linux, emulated)),
      );
    };
    let replay = begin();
    keep(setup, replay.refused);
    for (const run of runs) {
      if (FRESH.has(run.id)) replay = begin();
      keep(run.id, replay.run(run, { sockets: SOCKETS.get(run.id), meanwhile: MEANWHILE.get(run.id) }));
    }
  }, REPLAY_MILLISECONDS);

  it(`has ${requests} requests`, () => {
    expect(runs.flatMap(({ sent }) => sent.flatMap(({ exchanges }) => exchanges))).toHaveLength(requests);
  });

  it("begins with the state of the run", () => {
    expect(found.get(setup)).toEqual(known(setup));
  });

  it.each(runs.map((run) => [run.id, run.command] as const))("[FC-LINUX-1] %s: %s", (id) => {
    expect(found.get(id)).toEqual(known(id));
  });
});

describe("the table of what is unlike", () => {
  it("gives a reason for each case", () => {
    for (const { reason, cases } of UNLIKE) {
      expect(reason).toMatch(/^\S.{20,}\.$/s);
      expect(cases.length).toBeGreaterThan(0);
    }
  });

  it("names runs that there are", () => {
    const ids = new Set(RECORDINGS.flatMap(([name]) => [`${name}-setup`, ...readRuns(name).map(({ id }) => id)]));
    for (const [request] of UNLIKE.flatMap(({ cases }) => cases)) expect(ids).toContain(runOf(request));
  });
});

function line(request: string, linux: string, emulated: string): string {
  return `${request}: Linux ${linux}; here ${emulated}`;
}

/** The cases of a run in the table, in the order of its requests. */
function known(id: string): string[] {
  const number = (request: string): number => Number(request.slice(id.length + 1));
  return UNLIKE.flatMap(({ cases }) => cases)
    .filter(([request]) => runOf(request) === id)
    .toSorted(([a], [b]) => number(a) - number(b))
    .map(([request, linux, emulated]) => line(request, linux, emulated));
}

function runOf(request: string): string {
  return request.replace(/\.\d+$/, "");
}
