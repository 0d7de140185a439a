// netlink-vm/vitest: what the kernel of a test is made of, and what its trace is called.

import { describe, expect, it } from "vitest";
import { Kernel } from "../../host/kernel/kernel.js";
import { kernelTest } from "../../host/vitest/kerneltest.js";
import { traceName } from "../../host/vitest/tracename.js";

const byDefault = kernelTest();
const booted = kernelTest({ kernel: { modules: ["netlink"], interfaces: [{ name: "em7" }] } });
const base = Kernel.boot({ modules: ["netlink"], seed: 3, interfaces: [{ name: "em0" }] });
const restored = kernelTest({ kernel: base.snapshot() });
const late = kernelTest({ kernel: () => base.snapshot() });

describe("the kernel of a test", () => {
  byDefault("has netlink and lo0 by default", ({ client }) => {
    expect(client.links().map(({ name }) => name)).toEqual(["lo0"]);
  });

  booted("is booted with options", ({ client }) => {
    expect(client.links().map(({ name }) => name)).toEqual(["lo0", "em7"]);
  });

  restored("goes on from a snapshot", ({ kernel, client }) => {
    kernel.vnet0.interfaceRename("em0", "em1");
    expect(client.links().map(({ name }) => name)).toEqual(["lo0", "em1"]);
  });

  restored("is each test's own", ({ client }) => {
    expect(client.links().map(({ name }) => name)).toEqual(["lo0", "em0"]);
  });

  late("goes on from a snapshot that a function gives", ({ kernel }) => {
    expect(kernel.vnet0.interfaceIndex("em0")).toBe(2);
  });
});

describe("the name of a trace", () => {
  it.each([
    ["test/client.test.ts", "routes come back!", "client-routes-come-back.pcapng"],
    ["client.spec.js", "Größe: 7 > 6", "client-größe-7-6.pcapng"],
    ["a.ts", "x".repeat(200), `a-${"x".repeat(98)}.pcapng`],
    ["a.test.ts", "../../etc/passwd", "a-etc-passwd.pcapng"],
  ])("of %s and %s", (file, test, name) => {
    expect(traceName(file, test)).toBe(name);
  });
});
