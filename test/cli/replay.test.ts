// nlvm --record and nlvm replay, as from a pipe.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { nlvm } from "./streams.js";

const folder = mkdtempSync(join(tmpdir(), "nlvm-"));
const trace = join(folder, "shell.pcapng");
const COMMANDS =
  "link show\nroute add 10.1.0.0/16 via 192.0.2.254\nroute show\nvnet create blue\nroute del 10.2.0.0/16\n";

beforeAll(async () => {
  const outcome = await nlvm(["sh", "--record", trace], COMMANDS);
  expect(outcome).toMatchObject({ status: 1, stderr: expect.stringMatching(/ESRCH/) });
});

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("nlvm replay", () => {
  it("verifies a trace of the shell", async () => {
    const { status, stdout, stderr } = await nlvm(["replay", trace]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^verified: \d+ events are as recorded, and the memory of every vnet at the end\n$/);
  });

  it("--until stops after so many events", async () => {
    const { status, stdout } = await nlvm(["replay", "--until", "5", trace]);
    expect([status, stdout]).toEqual([0, "verified: 5 events are as recorded\n"]);
  });

  it("--print shows each event, its messages decoded", async () => {
    const { status, stdout } = await nlvm(["replay", "--print", trace]);
    const lines = stdout.split("\n");
    expect(status).toBe(0);
    expect(lines[0]).toMatch(/^0 boot\(\{"seed":1,.*\) done$/);
    const at = lines.findIndex((line) => line.includes("RTM_NEWROUTE 10.1.0.0/16 via 192.0.2.254"));
    expect(lines[at]).toMatch(/^ {2}> RTM_NEWROUTE /);
    expect(lines[at - 1]).toMatch(/^\d+ vnet0 socket \d+ send\(\d+ bytes, \{\}\) gives \d+$/);
    expect(lines.some((line) => /^\d+ vnetCreate\("blue", \{\}\) done$/.test(line))).toBe(true);
  });

  it("--json prints one document", async () => {
    const { status, stdout } = await nlvm(["replay", "--json", trace]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ replay: { verified: true, complete: true, events: expect.any(Number) } });
    const printed = JSON.parse((await nlvm(["replay", "--json", "--print", "--until", "3", trace])).stdout);
    expect(printed.events).toHaveLength(3);
  });

  it("says where a damaged trace is damaged, and which message was changed, with status 1", async () => {
    const bytes = Uint8Array.from(readFileSync(trace));
    // The name in a message; in events it has no NUL.
    bytes[Buffer.from(bytes).lastIndexOf("em0\0")] = 0x66;
    const { status, stdout, stderr } = await nlvm(["replay", file("changed.pcapng", bytes)]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^nlvm: replay: trace: after \d+ events: byte \d+: checksum [0-9a-f]{16}; expected /);
    expect(stderr).toMatch(
      /\nevent \d+, recvmsg: RTM_NEWLINK, message \d+ of \d+: IFLA_IFNAME\n {2}expected 666d3000 "fm0"\n/,
    );
  });

  it("says of a trace without its end how far it is as recorded, with status 1", async () => {
    const bytes = readFileSync(trace);
    const length = bytes.readUInt32LE(bytes.length - 4);
    const { status, stderr } = await nlvm(["replay", file("cut.pcapng", bytes.subarray(0, -length))]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^nlvm: replay: the recording was cut off after \d+ events: /);
  });

  it.each([
    ["no such file", "nowhere.pcapng", 2, /nowhere\.pcapng cannot be read \(ENOENT\); expected a trace\n$/],
    ["a folder", ".", 2, /cannot be read \(EISDIR\); expected a trace\n$/],
  ])("fails on %s", async (_name, name, status, stderr) => {
    const outcome = await nlvm(["replay", join(folder, name)]);
    expect(outcome).toMatchObject({ status, stdout: "" });
    expect(outcome.stderr).toMatch(stderr);
  });

  it("fails on what is no trace, with what was expected", async () => {
    const outcome = await nlvm(["replay", file("text", Buffer.from("hello, world"))]);
    expect(outcome).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/begins with 68 65 6c 6c; expected pcapng/),
    });
  });
});

describe("--record", () => {
  it("names a file that cannot be written, and nothing runs", async () => {
    const outcome = await nlvm(["sh", "--record", join(folder, "no", "such.pcapng")], "route show\n");
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^nlvm: .*such\.pcapng cannot be written \(ENOENT\)\n$/);
  });
});
