import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nlvm } from "./streams.js";

describe("nlvm lab", () => {
  it("--once loads and dumps both families of the Internet's table and prints the figures", async () => {
    const { status, stdout, stderr } = await nlvm(["lab", "--once"]);
    expect(status).toBe(0);
    expect(stdout).toContain("RouteViews");
    expect(stdout).toContain("CC BY 4.0");
    expect(stdout).toContain("564,580 prefixes of 411,961 ranges, of which 1 occurs twice: 215.0.0.0/16");
    expect(stdout).toContain("167,903 prefixes of 103,197 ranges\n");
    expect(stdout.match(/^ {2}loaded {2}[\d.]+ ns a route/gm)).toHaveLength(2);
    expect(stdout.match(/^ {2}dumped {2}[\d.]+ ns a route/gm)).toHaveLength(2);
    expect(stdout.match(/^ {4}RTM_NEWROUTE /gm)).toHaveLength(6);
    expect(stdout).toMatch(/^Memory: [\d.]+ MiB/m);
    expect(stderr).toContain("loads 564,579 IPv4 routes\n");
  });

  it("needs an interface that reaches the gateways", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "nlvm-")), "F.yaml");
    writeFileSync(file, "interfaces: [{ name: em5, up: true }]\n");
    const { status, stdout, stderr } = await nlvm(["lab", "--once", "--config", file]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(
      `nlvm: lab: ${file}: the routes' gateways are out of reach; expected an interface with 192.0.2.1/24 and 2001:db8::1/64\n`,
    );
  });
});
