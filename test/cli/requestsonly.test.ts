// nlvm replay --requests-only: requests of captures and of recorded runs, sent to a kernel of its own.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Kernel } from "../../host/kernel/kernel.js";
import { LinuxAbi } from "../../host/linux/abi.js";
import { F, openProgram, type Program } from "../linux/program.js";
import { Tape } from "../trace/recording.js";
import { nlvm } from "./streams.js";

const folder = mkdtempSync(join(tmpdir(), "nlvm-"));
const RTM_GETLINK = 18;
const RTM_GETADDR = 22;
const RTM_DELLINK = 17;
const CONFIG = "interfaces:\n  - { name: em0, up: true, addresses: [192.0.2.1/24] }\n";

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Two programs that ask, each a socket of its own. */
function capture(): Uint8Array {
  const tape = new Tape();
  const interfaces = [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }];
  const kernel = Kernel.boot({ modules: ["netlink"], interfaces }, undefined, tape.recorder);
  const abi = new LinuxAbi(kernel);
  const ask = (program: Program): void => {
    program.ask(RTM_GETLINK, F.REQUEST | F.DUMP, new Uint8Array(16));
    program.ask(RTM_GETADDR, F.REQUEST | F.DUMP, new Uint8Array(8));
    program.ask(RTM_DELLINK, F.REQUEST | F.ACK, new Uint8Array(16));
  };
  for (const pid of [100, 200]) ask(openProgram(abi, kernel.vnet0, pid));
  tape.recorder.end(kernel);
  return tape.bytes;
}

describe("nlvm replay --requests-only", () => {
  it("finds answers of the same kinds where the kernel is the same", async () => {
    const argv = ["replay", "--requests-only", "--config", file("same.yaml", CONFIG), file("same.pcapng", capture())];
    expect(await nlvm(argv)).toEqual({
      status: 0,
      stdout: "6 requests, 0 of them with answers of other kinds\n",
      stderr: "",
    });
  });

  it("names requests whose answers are of other kinds, with status 1", async () => {
    const changed = capture();
    // The errno of an NLMSG_ERROR: -22 becomes -23.
    const at = Buffer.from(changed).indexOf(Buffer.from("eaffffff", "hex"));
    changed[at] = 0xe9;
    const argv = ["replay", "--requests-only", "--config", file("same.yaml", CONFIG), file("other.pcapng", changed)];
    const { status, stdout } = await nlvm(argv);
    expect(status).toBe(1);
    expect(stdout).toMatch(/request 3, RTM_DELLINK on socket 1: recorded ERROR -23; here ERROR -22\n6 requests, 1 of/);
    const json = JSON.parse((await nlvm([...argv, "--json"])).stdout);
    expect(json).toMatchObject({ requests: 6, differences: [{ request: 3, socket: 1, recorded: "ERROR -23" }] });
  });

  it("reads recorded runs as lines of JSON, packed or not", async () => {
    const fixture = fileURLToPath(new URL("../fixtures/linux/clients.jsonl.gz", import.meta.url));
    const { stdout } = await nlvm(["replay", "--requests-only", fixture]);
    expect(stdout).toMatch(/^clients-\d+: request \d+, RTM_\w+ on socket 0: recorded .+; here .+\n/);
    expect(stdout).toMatch(/\n139 requests, \d+ of them with answers of other kinds\n$/);
  });

  it.each<[string, string, number, RegExp]>([
    ["what is neither", file("text", "hello\n"), 1, /text: line 1: no JSON; expected a recorded run\n$/],
    ["JSON that is no run", file("json", "{}\n"), 1, /json: line 1: expected an object with id, command/],
    ["a damaged capture", file("cut.pcapng", capture().subarray(0, 200)), 1, /byte \d+: the file ends \d+ bytes into/],
    ["no such file", join(folder, "nowhere"), 2, /nowhere cannot be read \(ENOENT\); expected a capture/],
  ])("fails on %s", async (_, path, status, stderr) => {
    const outcome = await nlvm(["replay", "--requests-only", path]);
    expect(outcome).toMatchObject({ status, stdout: "" });
    expect(outcome.stderr).toMatch(stderr);
  });
});
