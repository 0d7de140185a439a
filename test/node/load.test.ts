// 64 clients at full speed, some of them talking nonsense and some dying at random. NLVM_LOAD_SECONDS makes it longer:
// `npm run load` takes 20 seconds.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Server } from "../../host/node/server.js";
import { bench } from "./conversation.js";
import { runLoad } from "./load.js";

const SECONDS = Number(process.env.NLVM_LOAD_SECONDS ?? 2);
const CLIENTS = 64;
const SEED = 7;

it(
  "64 clients, with nonsense and deaths among them: no other is disturbed, and nothing is left behind",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "nlvm-"));
    const { machine, kernel } = bench();
    kernel.vnet0.interfaceAttach({ name: "em1" });
    const server = await Server.listen(machine, join(folder, "s"));
    // What the Linux layer opens for itself in a vnet stays.
    await runLoad({ path: server.path, clients: 4, milliseconds: 100, seed: 1 });
    await until(() => server.clientCount === 0);
    const before = { ...kernel.vnet0.statistics(), files: readdirSync("/proc/self/fd").length };

    const result = await runLoad({ path: server.path, clients: CLIENTS, milliseconds: SECONDS * 1000, seed: SEED });

    expect(result.wrong).toEqual([]);
    expect(result.rounds).toBeGreaterThan(CLIENTS);
    expect(Math.min(result.killed, result.sentAway)).toBeGreaterThan(8);
    await until(() => server.clientCount === 0);
    expect([server.clientCount, server.socketCount]).toEqual([0, 0]);
    const after = { ...kernel.vnet0.statistics(), files: readdirSync("/proc/self/fd").length };
    for (const what of ["sockets", "buffers", "bufferBytes", "routes", "walks", "files"] as const) {
      expect(after[what], what).toBeLessThanOrEqual(before[what]);
    }
    expect(kernel.vnet0.check()).toBe(0);
    await server.close();
    rmSync(folder, { recursive: true });
  },
  SECONDS * 1000 + 30_000,
);

async function until(isSo: () => boolean): Promise<void> {
  for (let n = 0; n < 200 && !isSo(); n++) await sleep(10);
}
