// Real programs are recorded, and their traces run again in another process, byte for byte, when the programs are gone;
// Wireshark opens them.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram } from "../../scripts/lib/programs.mjs";
import { emulationIsMissing } from "./launch.js";

const NLVM = fileURLToPath(new URL("../../bin/nlvm.js", import.meta.url));
const MILLISECONDS = 60_000;
const LEARNED = 10_000;

const folder = mkdtempSync(join(tmpdir(), "nlvm-traces-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A session at a shell, with everything that ip shows and changes. */
const SESSION = `
set -e
ip link; ip -6 addr; ip rule; ip neigh; ip -s link show eth0
for i in $(seq 1 40); do
  ip addr add 10.$i.0.1/24 dev eth1
  ip route add 172.16.$i.0/24 via 192.0.2.$i
  ip route get 172.16.$i.9
done
ip link add dummy7 type dummy; ip link set dummy7 up mtu 1400; ip link del dummy7
ip nexthop add id 7 via 192.0.2.7 dev eth0; ip route add 198.18.0.0/15 nhid 7; ip nexthop del id 7
ip route show table all; ip -j addr; ip route flush 172.16.0.0/12
! ip route add 10.0.0.0/8 via 203.0.113.1
`;

/** BIRD learns what is in the kernel, the default route too, and is asked how many there are. */
const BIRD = `
set -e
cd ${folder}
ip -batch routes
bird -f -c bird.conf -s bird.ctl -P bird.pid &
bird=$!
trap 'kill $bird' EXIT
for i in $(seq 1 100); do
  birdc -s bird.ctl show route count 2>&1 | grep -q "^${LEARNED + 1} of " && exit 0
  sleep 0.1
done
exit 1
`;

const BIRD_CONFIG = `
router id 192.0.2.1;
protocol device { scan time 1; }
protocol kernel { ipv4 { import all; }; learn; scan time 60; }
`;

function routeBatch(): string {
  const route = (i: number): string =>
    `route add 10.${i >> 8}.${i & 255}.0/24 via 192.0.2.${2 + (i % 100)} proto static`;
  return `${Array.from({ length: LEARNED }, (_, i) => route(i)).join("\n")}\n`;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, ...argv: string[]): Ended {
  const options = { encoding: "utf8", timeout: MILLISECONDS, maxBuffer: 1 << 26 } as const;
  return spawnSync(command, argv, options);
}

const nlvm = (...argv: string[]): Ended => run(process.execPath, NLVM, ...argv);

/** @returns the trace */
function record(name: string, ...argv: string[]): string {
  const trace = join(folder, `${name}.pcapng`);
  const { status, stderr } = nlvm("run", "--record", trace, ...argv);
  expect([status, stderr.replace(/^(RTNETLINK answers: .*|Error: .*)\n/gm, "")]).toEqual([0, ""]);
  return trace;
}

function expectVerified(trace: string): void {
  const { status, stdout, stderr } = nlvm("replay", "--json", trace);
  expect([status, stderr.replace(/^(replays .*| {2}\d+%)\n/gm, "")]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({ replay: { verified: true, complete: true } });
}

/** What tshark says of packets that a filter lets through, a line each. */
function packets(trace: string, filter: string): string[] {
  const { status, stdout, stderr } = run("tshark", "-r", trace, "-Y", filter);
  expect([status, stderr.replace(/^Running as user "root".*\n/m, "")]).toEqual([0, ""]);
  return stdout.split("\n").filter(Boolean);
}

function isMissing(...programs: string[]): boolean {
  return emulationIsMissing() !== undefined || programs.some((program) => findProgram(program) === undefined);
}

describe.skipIf(isMissing("ip"))("a session of ip", () => {
  let trace: string;

  beforeAll(() => {
    trace = record("session", "--", "sh", "-c", SESSION);
  }, MILLISECONDS);

  it("of at least 200 messages runs again byte for byte", () => {
    expectVerified(trace);
  });

  describe.skipIf(isMissing("ip", "tshark"))("in Wireshark", () => {
    it("has netlink packets alone, none of them malformed", () => {
      const all = packets(trace, "frame.interface_name");
      expect(all.length).toBeGreaterThan(200);
      // Acks, and the ends of dumps, belong to no family.
      expect(packets(trace, "netlink-route || genl || netlink.hdr_type < 16")).toHaveLength(all.length);
      expect(packets(trace, "_ws.malformed")).toEqual([]);
    });
  });
});

describe.skipIf(isMissing("ip"))("a server that is killed", () => {
  it("leaves a trace that is as recorded up to where it was cut off", async () => {
    const trace = join(folder, "killed.pcapng");
    const socket = join(folder, "killed.sock");
    const server = spawn(process.execPath, [NLVM, "serve", "--listen", socket, "--record", trace]);
    await once(server.stdout, "data");
    expect(nlvm("exec", "--connect", socket, "--", "ip", "link", "show", "eth0")).toMatchObject({ status: 0 });
    const deadline = performance.now() + MILLISECONDS;
    // The program's socket was closed: from then on nothing happens but time.
    while (!readFileSync(trace).includes("linux.close") && performance.now() < deadline) await setTimeout(20);
    server.kill("SIGKILL");
    await once(server, "close");
    const { status, stderr } = nlvm("replay", trace);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^nlvm: replay: the recording was cut off after \d+ events: they are as recorded/);
  });
});

describe.skipIf(isMissing("ip", "tshark"))("a run of programs of FreeBSD's ABI", () => {
  it("is opened by Wireshark without a warning", () => {
    const trace = join(folder, "shell.pcapng");
    const commands = "route add 10.1.0.0/16 via 192.0.2.254\nroute show\nlink create epair0\nlink show\nneigh show\n";
    const { status } = spawnSync(process.execPath, [NLVM, "sh", "--record", trace], { input: commands });
    expect(status).toBe(0);
    expect(packets(trace, "netlink").length).toBeGreaterThan(8);
  });
});

describe.skipIf(isMissing("bird", "ip"))("BIRD that learns ten thousand routes", () => {
  it(
    "runs again byte for byte",
    () => {
      writeFileSync(join(folder, "routes"), routeBatch());
      writeFileSync(join(folder, "bird.conf"), BIRD_CONFIG);
      expectVerified(record("bird", "--", "sh", "-c", BIRD));
    },
    MILLISECONDS,
  );
});
