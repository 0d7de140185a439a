// A world: a kernel with two interfaces, and programs that run on it. The same on both kernels (launch.ts):
//   lo      127.0.0.1/8, ::1/128
//   eth0    02:00:00:00:00:0a, 192.0.2.1/24, 2001:db8::1/64     two ends of one cable, both up
//   eth1    02:00:00:00:00:0b
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type KernelName, launches } from "./launch.js";

/** How a program ended. */
export interface Ended {
  /** The exit status; -1 when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Report {
  readonly id: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly status?: number;
}

/** No program of the tests takes as long as this unless it hangs. */
const MILLISECONDS_MAX = 30_000;

/** The emulated kernel's start; eth0 and eth1 are what Linux programs call the halves of the first epair. */
const CONFIG = `
sysctls: { net.inet6.ip6.dad_count: 0 }
interfaces:
  - { name: lo0, up: true, addresses: [127.0.0.1/8, "::1/128"] }
  - name: epair0
    kind: epair
    lladdr: "02:00:00:00:00:0a"
    up: true
    addresses: [192.0.2.1/24, "2001:db8::1/64"]
  - { name: epair0b, lladdr: "02:00:00:00:00:0b", up: true, addresses: ["fe80::ff:fe00:b/64"] }
`;

/** The same by commands. The peer comes first, so that eth0 has the lower index here too. */
const SETUP = `
set -e
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
ip link set lo up
ip link add eth1 address 02:00:00:00:00:0b type veth peer name eth0 address 02:00:00:00:00:0a
ip link set eth0 up
ip link set eth1 up
ip addr add 192.0.2.1/24 dev eth0
ip addr add 2001:db8::1/64 dev eth0
`;

export class World {
  /** For files of the programs; gone when the world ends. */
  readonly folder: string;
  readonly #agent: ChildProcess;
  readonly #programs = new Map<number, Program>();
  #next = 0;
  #errors = "";

  private constructor(kernel: KernelName, rights: readonly string[]) {
    this.folder = mkdtempSync(join(tmpdir(), "nlvm-world-"));
    const config = this.file("config.yaml", CONFIG);
    const agent = fileURLToPath(new URL("agent.mjs", import.meta.url));
    const [command = "", ...args] = [...rights, ...launches[kernel]([process.execPath, agent], config)];
    this.#agent = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#agent.stderr?.setEncoding("utf8").on("data", (text) => {
      this.#errors += text;
    });
    this.#agent.on("close", () => {
      for (const program of this.#programs.values()) program.take({ id: 0, stderr: this.#errors, status: -1 });
    });
    const lines = createInterface({ input: this.#agent.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => this.#take(JSON.parse(line) as Report));
  }

  /** @param rights - what to write before the command, to run it as somebody else */
  static async open(kernel: KernelName, rights: readonly string[] = []): Promise<World> {
    const world = new World(kernel, rights);
    if (kernel === "machine") await world.expect("sh", "-c", SETUP);
    return world;
  }

  /** Starts a program and waits for its end. @param input - what it reads from standard input */
  async runWith(input: string, ...argv: string[]): Promise<Ended> {
    return this.start(argv, { input, milliseconds: MILLISECONDS_MAX }).ended;
  }

  async run(...argv: string[]): Promise<Ended> {
    return this.runWith("", ...argv);
  }

  /** Runs a program that must succeed. @returns what it wrote @throws Error with what it said when it failed */
  async expect(...argv: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...argv);
    if (status !== 0) throw new Error(`${argv.join(" ")}: exit status ${status}\n${stderr}${stdout}`);
    return stdout;
  }

  /** Runs a program that must succeed and prints JSON. */
  async json(...argv: string[]): Promise<unknown> {
    return JSON.parse(await this.expect(...argv));
  }

  /** Starts a program and lets it run. */
  start(argv: readonly string[], options: { input?: string; milliseconds?: number } = {}): Program {
    const id = this.#next++;
    const program = new Program((signal) => this.#order({ id, signal }));
    this.#programs.set(id, program);
    this.#order({ id, argv, ...options });
    return program;
  }

  /** Writes a file into the world's folder. @returns its path */
  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Ends all programs, and the world. */
  async close(): Promise<void> {
    const isClosed = new Promise((resolve) => this.#agent.on("close", resolve));
    this.#agent.stdin?.end();
    if (this.#agent.exitCode === null && this.#agent.signalCode === null) await isClosed;
    rmSync(this.folder, { recursive: true, force: true });
  }

  #order(order: object): void {
    this.#agent.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  #take(report: Report): void {
    this.#programs.get(report.id)?.take(report);
    if (report.status !== undefined) this.#programs.delete(report.id);
  }
}

/** A program that was started in a world. */
export class Program {
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  readonly #kill: (signal: NodeJS.Signals) => void;
  #end: (ended: Ended) => void = () => undefined;
  #wake: () => void = () => undefined;

  constructor(kill: (signal: NodeJS.Signals) => void) {
    this.#kill = kill;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** What the agent has to say of it. */
  take({ stdout = "", stderr = "", status }: Report): void {
    this.stdout += stdout;
    this.stderr += stderr;
    if (status !== undefined) this.#end({ status, stdout: this.stdout, stderr: this.stderr });
    this.#wake();
  }

  /** Waits until what it wrote, errors included, matches. @throws Error when it does not within the time */
  async says(pattern: RegExp, milliseconds = 10_000): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`expected ${pattern} of a program that said\n${this.stdout}${this.stderr}`);
      await this.#news(left);
    }
  }

  /** Asks it to end, and waits. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.#kill(signal);
    return this.ended;
  }

  #news(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
