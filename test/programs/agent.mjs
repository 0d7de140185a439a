// The first program of a world (world.ts): starts other programs in it when told to, and tells how they went. So one
// world serves a whole test file: one kernel, many programs, at once or one after the other.
//
// Lines of JSON on standard input:   {id, argv, input?, milliseconds?}   start; with input, it is written and closed
//                                    {id, signal}                        send a signal to a program that runs
// Lines of JSON on standard output:  {id, stdout} or {id, stderr}        what a program wrote, as it comes
//                                    {id, status, signal}                it ended
// When standard input ends, so do all programs and the agent.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** @typedef {{ id: number, argv?: string[], input?: string, milliseconds?: number, signal?: NodeJS.Signals }} Order */

/** @type {Map<number, import("node:child_process").ChildProcess>} */
const running = new Map();

/** @param {object} report */
function tell(report) {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/** @param {Order} order */
function start({ id, argv = [], input, milliseconds }) {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], timeout: milliseconds, killSignal: "SIGKILL" });
  running.set(id, child);
  child.stdout.setEncoding("utf8").on("data", (stdout) => tell({ id, stdout }));
  child.stderr.setEncoding("utf8").on("data", (stderr) => tell({ id, stderr }));
  child.stdin.on("error", () => undefined); // a program that does not read its input closes it
  child.stdin.end(input);
  child.on("error", (error) => tell({ id, stderr: `${error.message}\n` }));
  child.on("close", (status, signal) => {
    running.delete(id);
    tell({ id, status: status ?? -1, signal });
  });
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const order = /** @type {Order} */ (JSON.parse(line));
    if (order.argv !== undefined) start(order);
    else running.get(order.id)?.kill(order.signal);
  })
  .on("close", () => {
    for (const child of running.values()) child.kill("SIGKILL");
  });
