import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseConfig, readConfig } from "../../host/node/config.js";
import { ConfigError } from "../../host/node/schema.js";

describe("a configuration", () => {
  it("becomes what a kernel is booted with, and its vnets", () => {
    const config = parseConfig(
      `
seed: 7
policy: seeded
fibs: 4
wallClock: 1700000000
modules: [netlink, dummy]
interfaces:
  - name: em0
    lladdr: "02:00:00:00:00:01"
    mtu: 9000
    up: true
    description: to the world
    fib: 3
    addresses: [192.0.2.1/24, "2001:db8::1/64"]
vnets:
  - name: blue
    interfaces: [{ name: em0 }]
  - { name: red }
`,
      "lab.yaml",
    );
    expect(config).toEqual({
      boot: {
        seed: 7,
        policy: "seeded",
        fibs: 4,
        wallClock: 1700000000,
        modules: ["netlink", "dummy"],
        interfaces: [
          {
            name: "em0",
            lladdr: "02:00:00:00:00:01",
            mtu: 9000,
            up: true,
            description: "to the world",
            fib: 3,
            addresses: ["192.0.2.1/24", "2001:db8::1/64"],
          },
        ],
      },
      vnets: [
        { name: "blue", interfaces: [{ name: "em0" }] },
        { name: "red", interfaces: [] },
      ],
    });
  });

  it.each(["", "# nothing\n", "{}"])("that is empty (%j) loads netlink and nothing else", (text) => {
    expect(parseConfig(text, "f")).toEqual({ boot: { modules: ["netlink"] }, vnets: [] });
  });

  it("can leave netlink out", () => {
    expect(parseConfig("modules: []", "f").boot.modules).toEqual([]);
  });

  it("may use anchors", () => {
    const text = "interfaces: &both\n  - name: em0\nvnets:\n  - name: blue\n    interfaces: *both\n";
    expect(parseConfig(text, "f").vnets[0]?.interfaces).toEqual([{ name: "em0" }]);
  });
});

describe("an error is one line with file, line and column", () => {
  it.each([
    [
      "an unknown key",
      "interfaces:\n  - name: em0\n    adresses: []\n",
      'F.yaml:3:5: unknown key "adresses"; expected one of name, lladdr, mtu, up, description, fib, inet6, pointToPoint, addresses',
    ],
    [
      "an unknown key at the top",
      "sed: 1",
      'F.yaml:1:1: unknown key "sed"; expected one of seed, policy, fibs, wallClock, modules, interfaces, sysctls, vnets',
    ],
    [
      "a key that objects have by birth",
      "constructor: 1",
      'F.yaml:1:1: unknown key "constructor"; expected one of seed, policy, fibs, wallClock, modules, interfaces, sysctls, vnets',
    ],
    ["a text for a number", "seed: seven", 'F.yaml:1:7: seed: expected an integer from 0 to 4294967295, got "seven"'],
    ["a number that is too large", "fibs: 65536", "F.yaml:1:7: fibs: expected an integer from 1 to 65535, got 65536"],
    ["a fraction", "seed: 1.5", "F.yaml:1:7: seed: expected an integer from 0 to 4294967295, got 1.5"],
    [
      "an unknown sysctl",
      "sysctls: { net.inet6.ip6.dad: 1 }",
      'F.yaml:1:12: unknown key "net.inet6.ip6.dad"; expected one of net.inet6.ip6.dad_count, net.inet6.ip6.auto_linklocal, net.add_addr_allfibs, net.inet.ip.no_same_prefix',
    ],
    ["another policy", "policy: random", 'F.yaml:1:9: policy: expected one of fifo, seeded, got "random"'],
    ["a scalar for a list", "modules: netlink", 'F.yaml:1:10: modules: expected a list, got "netlink"'],
    ["a key without a value", "modules:\nseed: 1", "F.yaml:1:9: modules: expected a list, got nothing"],
    ["a key alone", "{modules}", "F.yaml:1:2: modules: expected a list, got nothing"],
    ["a list for the file", "- seed: 1", "F.yaml:1:1: expected a map of keys and values, got a list"],
    ["an interface without a name", "interfaces:\n  - mtu: 1500\n", 'F.yaml:2:5: interfaces[0]: missing key "name"'],
    [
      "an address without a length",
      "interfaces:\n  - name: em0\n    addresses: [192.0.2.1]\n",
      "F.yaml:3:17: interfaces[0].addresses[0]: expected an address with its prefix length, like 192.0.2.1/24 or " +
        '2001:db8::1/64, got "192.0.2.1"',
    ],
    [
      "a prefix length that is too long",
      "interfaces:\n  - name: em0\n    addresses: [192.0.2.1/33]\n",
      "F.yaml:3:17: interfaces[0].addresses[0]: expected an address with its prefix length, like 192.0.2.1/24 or " +
        '2001:db8::1/64, got "192.0.2.1/33"',
    ],
    [
      "an interface that occurs twice",
      "interfaces:\n  - name: em0\n  - name: em0\n",
      "F.yaml:3:11: interface em0 occurs twice (lo0 is there from boot)",
    ],
    [
      "a vnet that occurs twice",
      "vnets:\n  - name: vnet0\n",
      "F.yaml:2:11: vnet vnet0 occurs twice (vnet0 is the first)",
    ],
    [
      "a fib that there is not",
      "interfaces:\n  - name: em0\n    fib: 1\n",
      "F.yaml:3:10: fib 1: expected less than fibs, which is 1",
    ],
    ["a key twice", "seed: 1\nseed: 2\n", "F.yaml:2:1: Map keys must be unique"],
  ])("%s", (_name, text, message) => {
    expect(() => parseConfig(text, "F.yaml")).toThrow(new ConfigError(message));
  });

  it("text that is no YAML", () => {
    expect(() => parseConfig("seed: [1", "F.yaml")).toThrow(/^F\.yaml:\d+:\d+: [^\n]+$/);
  });

  it("a file that is not there", () => {
    expect(() => readConfig("/nowhere/F.yaml")).toThrow(
      new ConfigError("/nowhere/F.yaml: cannot be read (ENOENT); expected a YAML file"),
    );
  });

  it("a file is read by name", () => {
    const file = join(mkdtempSync(join(tmpdir(), "nlvm-")), "F.yaml");
    writeFileSync(file, "seed: -1\n");
    expect(() => readConfig(file)).toThrow(`${file}:1:7: seed: expected an integer from 0 to 4294967295, got -1`);
  });
});
