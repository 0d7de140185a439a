import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withLock } from "../../scripts/lib/lock.mjs";

describe("the build lock", () => {
  let folder = "";
  let path = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "nlvm-lock-"));
    path = join(folder, "lock");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is held during the work and given back after it", async () => {
    expect(await withLock(path, () => existsSync(path))).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  it("is given back when the work throws", async () => {
    const work = () => Promise.reject(new Error("does not compile"));
    await expect(withLock(path, work)).rejects.toThrow("does not compile");
    expect(existsSync(path)).toBe(false);
  });

  it("lets one in at a time", async () => {
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`${name} ends`);
    };
    await Promise.all([withLock(path, work("first")), withLock(path, work("second"))]);
    expect(order).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  });

  it("is taken over from a process that has died", async () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    writeFileSync(path, String(pid));
    expect(await withLock(path, () => "built")).toBe("built");
  });
});
