// Every way that a program may use its netlink sockets (matrix/*.c), in programs built in three ways, for both ABIs, with
// root and without; and for Linux's ABI on this machine's own kernel too, which the checks must agree with.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Installed, install } from "./installed.js";
import { BUILDS, type Build, canBuild, compile, type Ended, hasSupervisor, nlvm, runToEnd } from "./programs.js";

const ABIS = ["linux", "freebsd"] as const;
const ORDINARY_USER = 65534;
const STORMS = ["a signal storm that interrupts", "a signal storm that restarts"];
/** Checks that say ok in a whole run, at least. */
const CHECKS_MIN = 40;
const isRoot = process.getuid?.() === 0;

/** What a run of the matrix says that it should not. */
function complaints({ status, stdout, stderr }: Ended): { status: number | null; wrong: string[]; stderr: string } {
  return { status, wrong: stdout.split("\n").filter((line) => line !== "" && !line.startsWith("ok ")), stderr };
}

const NO_COMPLAINTS = { status: 0, wrong: [], stderr: "" };

/** A machine without musl is no worse for the rest. */
const builds = (Object.keys(BUILDS) as Build[]).filter((build) => build !== "musl" || canBuild(build));

describe.each(builds)("a %s program", (build) => {
  let program = "";
  let installed: Installed | undefined;

  beforeAll(() => {
    if (!canBuild(build)) return;
    program = compile("test/intercept/matrix", build);
    if (isRoot) installed = install();
  });
  afterAll(() => installed?.remove());

  describe.skipIf(!canBuild(build) || !hasSupervisor).each(ABIS)("with netlink of %s", (abi) => {
    it("[RF-LINUX-18] [RF-LINUX-20] finds its sockets as on a kernel: peeks, cut datagrams and all", () => {
      const ended = nlvm(["run", "--abi", abi, "--", program, abi]);
      expect(complaints(ended)).toEqual(NO_COMPLAINTS);
      expect(ended.stdout.split("\n").length).toBeGreaterThan(CHECKS_MIN);
    });

    it.skipIf(!isRoot)("finds the same without root", () => {
      const options = { uid: ORDINARY_USER, installed: installed?.path as string };
      const copy = `${installed?.path}/matrix`;
      runToEnd(["cp", program, copy]);
      expect(complaints(nlvm(["run", "--abi", abi, "--", copy, abi], options))).toEqual(NO_COMPLAINTS);
    });

    it("serves threads that wait on one socket in order of arrival", () => {
      const ended = nlvm(["run", "--abi", abi, "--", program, abi, "threads are served in turn"]);
      expect(complaints(ended)).toEqual(NO_COMPLAINTS);
    });

    // On one core: while the kernel hands an answer over, a signal on another core can hide it for a moment, and nobody
    // learns of it (seccomp_do_user_notification; mended only for WAIT_KILLABLE_RECV, with which nothing interrupts).
    it("loses nothing and does nothing twice under a storm of signals", () => {
      const options = { isPinned: true, environment: { STORM_PAIRS: "2000" } };
      expect(complaints(nlvm(["run", "--abi", abi, "--", program, abi, ...STORMS], options))).toEqual(NO_COMPLAINTS);
    });
  });
});

it.skipIf(!canBuild("dynamic"))("the checks hold on this machine's own kernel", () => {
  const program = compile("test/intercept/matrix", "dynamic", [], "own");
  expect(complaints(runToEnd([program, "linux"]))).toEqual(NO_COMPLAINTS);
});
