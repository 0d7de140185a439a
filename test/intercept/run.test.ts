// nlvm run, serve and exec around programs: how they end, what they lack, and who is told of what.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/lib/command.mjs";
import { install } from "./installed.js";
import { canBuild, compile, hasSupervisor, nlvm, runToEnd } from "./programs.js";

const ENETDOWN = 100;
const ERRNO = { EPERM: 1, EINVAL: 22, ENOSYS: 38 };
const NLVM = [process.execPath, join(root, "bin/nlvm.js")];

let folder = "";
let matrix = "";
let forbid = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nlvm-"));
  if (!canBuild("dynamic")) return;
  matrix = compile("test/intercept/matrix", "dynamic", [], "run");
  forbid = compile("test/intercept/forbid", "dynamic");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a command whose first line of output says that it is ready. */
async function start(words: readonly string[]): Promise<ChildProcess> {
  const child = spawn(words[0] as string, words.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

async function statusOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  if (child.exitCode !== null) return child.exitCode;
  const [code, signal] = await once(child, "exit");
  return code ?? signal;
}

it.skipIf(!canBuild("dynamic"))("the supervisor compiles without a warning", () => {
  expect(existsSync(compile("intercept", "dynamic"))).toBe(true);
});

describe.skipIf(!canBuild("dynamic") || !hasSupervisor)("nlvm run", () => {
  it.each([
    [["true"], 0, ""],
    [["sh", "-c", "exit 7"], 7, ""],
    [["sh", "-c", "kill -TERM $$"], 143, ""],
    [["sh", "-c", "kill -KILL $$"], 137, ""],
    [["no-such-program"], 127, "nlvm: no-such-program: command not found\n"],
    [["/etc/passwd"], 126, "nlvm: /etc/passwd: Permission denied\n"],
  ])("-- %j ends with %i", (words, status, stderr) => {
    expect(nlvm(["run", "--", ...words])).toEqual({ status, stdout: "", stderr });
  });

  it("ends with 2 and the place of what is wrong in a configuration, and the program does not run", () => {
    expect(nlvm(["run", "--config", "/nowhere.yaml", "--", "echo", "ran"])).toEqual({
      status: 2,
      stdout: "",
      stderr: "/nowhere.yaml: cannot be read (ENOENT); expected a YAML file\n",
    });
  });

  it("leaves the program its arguments, streams and folder", () => {
    const { stdout } = nlvm(["run", "--", "sh", "-c", 'pwd; echo "$@" --abi; cat', "name", "--vnet", "a b"]);
    expect(stdout).toBe("/\n--vnet a b --abi\n");
  });

  it("waits for daemons, and ends with the status of the program itself", () => {
    const file = join(folder, "daemon");
    const { status } = nlvm(["run", "--", "sh", "-c", `(sleep 0.3; touch ${file}) >/dev/null 2>&1 & exit 5`]);
    expect([status, existsSync(file)]).toEqual([5, true]);
  });

  it.each(["SIGTERM", "SIGHUP"] as const)("passes %s on to the program, which decides", async (signal) => {
    const script = `trap 'exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.02; done`;
    const child = await start([...NLVM, "run", "--", "sh", "-c", script]);
    child.kill(signal);
    expect(await statusOf(child)).toBe(9);
  });

  it("is not ended by what a terminal sends: the program has it too, and decides", async () => {
    const child = await start([...NLVM, "run", "--", "sh", "-c", "echo ready; sleep 0.4; exit 4"]);
    child.kill("SIGINT");
    expect(await statusOf(child)).toBe(4);
  });

  it("lets the program live on when its supervisor's kernel has gone, with ENETDOWN for its sockets", async () => {
    const child = await start([...NLVM, "run", "--", "sh", "-c", `${matrix} linux --wait; echo $? > ${folder}/errno`]);
    child.kill("SIGKILL");
    for (let n = 0; n < 200 && !existsSync(`${folder}/errno`); n++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(runToEnd(["cat", `${folder}/errno`]).stdout).toBe(`${ENETDOWN}\n`);
  });

  it("runs the program in the vnet that is asked for", () => {
    const config = join(folder, "blue.yaml");
    writeFileSync(config, "vnets:\n  - { name: blue, interfaces: [{ name: em7 }] }\n");
    const inVnet = (...words: string[]): number | null =>
      nlvm(["run", "--config", config, "--abi", "freebsd", ...words, "--", matrix, "freebsd", "names"]).status;
    expect([inVnet(), inVnet("--vnet", "vnet0"), inVnet("--vnet", "blue")]).toEqual([0, 0, 0]);
    const wrong = nlvm(["run", "--config", config, "--vnet", "red", "--", "true"]);
    expect(wrong).toEqual({ status: 2, stdout: "", stderr: 'nlvm: no vnet "red"; expected one of vnet0, blue\n' });
  });

  it("lets the kernel's time pass, also while nobody asks", () => {
    const config = join(folder, "time.yaml");
    const address = '{ address: "2001:db8::1/64", preferred: 1, valid: 2 }';
    writeFileSync(config, `interfaces: [{ name: em0, up: true, addresses: [${address}] }]\n`);
    const before = performance.now();
    const { status } = nlvm(["run", "--config", config, "--abi", "freebsd", "--", matrix, "freebsd", "time passes"]);
    expect(status).toBe(0);
    expect(performance.now() - before).toBeGreaterThan(1000);
  });
});

describe.skipIf(!canBuild("dynamic") || !hasSupervisor)("what is missing is named, with status 3", () => {
  it.each([
    [ERRNO.EPERM, "seccomp listeners are forbidden here (Operation not permitted)"],
    [ERRNO.ENOSYS, "Linux 5.14 or later with seccomp user notification is needed; this is Linux "],
    [ERRNO.EINVAL, "Linux 5.14 or later with seccomp user notification is needed; this is Linux "],
  ])("where seccomp says errno %i", (errno, text) => {
    const { status, stdout, stderr } = runToEnd([forbid, String(errno), ...NLVM, "run", "--", "true"]);
    expect([status, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(/^nlvm: [^\n]*\n$/);
    expect(stderr).toContain(text);
  });

  it("a second supervisor around the program", () => {
    const { status, stderr } = nlvm(["run", "--", ...NLVM, "run", "--", "true"]);
    expect(status).toBe(3);
    expect(stderr).toContain("runs under a seccomp listener already");
  });

  it("a supervisor that was not built", () => {
    const copy = install();
    rmSync(join(copy.path, "build/nlvm-intercept"));
    const { status, stderr } = nlvm(["run", "--", "true"], { installed: copy.path });
    copy.remove();
    expect([status, stderr]).toEqual([
      3,
      "nlvm: build/nlvm-intercept is missing: it needs a C compiler (apt-get install gcc libc6-dev), then npm run build\n",
    ]);
  });

  it("a server that is not there", () => {
    const path = join(folder, "nobody");
    const { status, stderr } = nlvm(["exec", "--connect", path, "--", "true"]);
    expect(status).toBe(3);
    expect(stderr).toBe(
      `nlvm: ${path}: No such file or directory; a server is started with: nlvm serve --listen ${path}\n`,
    );
  });
});

describe.skipIf(!canBuild("dynamic") || !hasSupervisor)("nlvm serve", () => {
  it("serves programs of either ABI one after the other and at once, and ends with a signal", async () => {
    const path = join(folder, "socket");
    const server = await start([...NLVM, "serve", "--listen", path]);
    const run = (abi: string): ReturnType<typeof nlvm> =>
      nlvm(["exec", "--connect", path, "--abi", abi, "--", matrix, abi, "poll follows the queue", "names"]);
    const said = { status: 0, stdout: "ok poll follows the queue\nok names\n", stderr: "" };
    expect([run("linux"), run("freebsd")]).toEqual([said, said]);
    const waiting = await start([...NLVM, "exec", "--connect", path, "--", matrix, "linux", "--wait"]);
    expect(run("linux")).toEqual(said);
    server.kill("SIGTERM");
    expect(await statusOf(server)).toBe(0);
    expect(await statusOf(waiting)).toBe(ENETDOWN);
    expect(existsSync(path)).toBe(false);
  });

  it("goes on when supervisors and programs are killed", async () => {
    const path = join(folder, "killed");
    const server = await start([...NLVM, "serve", "--listen", path]);
    for (let n = 0; n < 3; n++) {
      const supervisor = join(root, "build/nlvm-intercept");
      const words = [supervisor, "--connect", path, "--abi", "freebsd", "--", matrix, "freebsd", "--wait"];
      const child = await start(words);
      child.kill("SIGKILL");
      expect(await statusOf(child)).toBe("SIGKILL");
    }
    const { status } = nlvm(["exec", "--connect", path, "--abi", "freebsd", "--", matrix, "freebsd", "names"]);
    expect(status).toBe(0);
    server.kill("SIGTERM");
    expect(await statusOf(server)).toBe(0);
  });
});
