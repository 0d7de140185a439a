// iproute2's genl, which reads a dump of families, asks for one, and joins the group that is 16 on Linux; and a program that
// waits for the events of a module.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findProgram } from "../../scripts/lib/programs.mjs";
import { canBuild, hasSupervisor, nlvm } from "../intercept/programs.js";
import { buildC } from "./build.js";
import { onKernels } from "./suite.js";

onKernels("genl", "ip", (world) => {
  const genl = findProgram("genl") ?? "genl";

  it("lists families, their commands and their groups", async () => {
    const text = await world().expect(genl, "ctrl", "list");
    expect(text).toMatch(/^Name: nlctrl\n\tID: 0x10 {2}Version: 0x2 {2}header size: 0 {2}max attribs: \d+ $/m);
    expect(text).toMatch(/#1: {2}ID-0x3 $/m);
    expect(text).toMatch(/ID-0x[0-9a-f]+ {2}name: notify $/m);
  });

  it("gets a family by name and by id", async () => {
    const byName = await world().expect(genl, "ctrl", "get", "name", "nlctrl");
    expect(byName).toMatch(/^Name: nlctrl$/m);
    expect(await world().expect(genl, "ctrl", "get", "id", "0x10")).toBe(byName);
  });

  it("[RF-LINUX-15] is told that a family is not there", async () => {
    const { status, stderr } = await world().run(genl, "ctrl", "get", "name", "nosuch");
    expect(status).not.toBe(0);
    expect(stderr).toContain("RTNETLINK answers: No such file or directory");
  });

  it("monitors, and hears nothing while no family comes or goes", async () => {
    const monitor = world().start([genl, "ctrl", "monitor"]);
    await world().expect(genl, "ctrl", "list");
    const { stdout, stderr } = await monitor.stop();
    expect([stdout, stderr]).toEqual(["", ""]);
  });
});

describe.skipIf(!canBuild("dynamic") || !hasSupervisor)("a program in a group of a module's family", () => {
  it.each(["extended", "strict"])("wakes from poll at each event (%s)", (mode) => {
    const config = join(mkdtempSync(join(tmpdir(), "nlvm-")), "F.yaml");
    writeFileSync(config, "modules: [netlink, dummy]\n");
    const words = ["run", "--compat", mode, "--config", config, "--", buildC("ticks.c", "dynamic")];
    expect(nlvm(words)).toEqual({ status: 0, stdout: "tick 1\ntick 2\ntick 3\n", stderr: "" });
  });
});
