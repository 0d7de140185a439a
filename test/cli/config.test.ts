import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NETLINK_SYSCTLS, VNET_SYSCTLS } from "../../host/kernel/sysctls.js";
import { parseConfig, readConfig } from "../../host/node/config.js";
import { bootConfig } from "../../host/node/setup.js";
import { CONFIG, INTERFACE } from "../../host/node/shapes.js";
import { ConfigError, type RecordShape } from "../../host/yaml/schema.js";

const VNET_NAMES = [...VNET_SYSCTLS.keys()];
const SYSCTLS = [...NETLINK_SYSCTLS.keys(), ...VNET_NAMES];

/** Keys as an error lists them; docs/config.md names each (manual.test.ts). */
function keysOf(shape: RecordShape): string {
  return Object.keys(shape.fields).join(", ");
}

describe("a configuration", () => {
  it("becomes what a kernel is booted with, and its vnets", () => {
    const config = parseConfig(
      `
seed: 7
policy: seeded
fibs: 4
wallClock: 1700000000
modules: [netlink, dummy]
sysctls: { net.netlink.recvspace: 131072 }
interfaces:
  - name: em0
    lladdr: "02:00:00:00:00:01"
    mtu: 9000
    up: true
    description: to the world
    fib: 3
    addresses: [192.0.2.1/24, { address: "2001:db8::1/64", preferred: 100, valid: 200 }]
  - { name: vlan7, kind: vlan, parent: em0, vid: 7 }
  - name: gre0
    kind: gre
    tunnel: { local: 192.0.2.1, remote: 198.51.100.1, flags: [enable_seq, udpencap], key: 7, port: 50000 }
nexthops:
  - { id: 1, via: 192.0.2.254, dev: em0 }
  - { id: 2, group: [{ id: 1, weight: 3 }], proto: bgp }
routes:
  - { prefix: default, via: 192.0.2.254, mtu: 1400, weight: 2, proto: static, expires: 60 }
  - prefix: 10.0.0.0/8
    nexthops: [{ via: 192.0.2.9 }, { via: 192.0.2.10, dev: em0, weight: 2 }]
  - { prefix: 198.51.100.0/24, nhid: 2, fib: 3 }
  - { prefix: 203.0.113.0/24, type: blackhole }
vnets:
  - name: blue
    interfaces: [{ name: em0 }]
    routes: [{ prefix: 10.0.0.0/8, dev: em0 }]
  - { name: red }
`,
      "lab.yaml",
    );
    expect(config.file).toEqual({
      seed: 7,
      policy: "seeded",
      fibs: 4,
      wallClock: 1700000000,
      modules: ["netlink", "dummy"],
      sysctls: { "net.netlink.recvspace": 131072 },
      interfaces: [
        {
          name: "em0",
          lladdr: "02:00:00:00:00:01",
          mtu: 9000,
          up: true,
          description: "to the world",
          fib: 3,
          addresses: ["192.0.2.1/24", { address: "2001:db8::1/64", preferred: 100, valid: 200 }],
        },
        { name: "vlan7", kind: "vlan", parent: "em0", vid: 7 },
        {
          name: "gre0",
          kind: "gre",
          tunnel: {
            local: "192.0.2.1",
            remote: "198.51.100.1",
            flags: ["enable_seq", "udpencap"],
            key: 7,
            port: 50000,
          },
        },
      ],
      nexthops: [
        { id: 1, via: "192.0.2.254", dev: "em0" },
        { id: 2, group: [{ id: 1, weight: 3 }], proto: "bgp" },
      ],
      routes: [
        { prefix: "default", via: "192.0.2.254", mtu: 1400, weight: 2, proto: "static", expires: 60 },
        { prefix: "10.0.0.0/8", nexthops: [{ via: "192.0.2.9" }, { via: "192.0.2.10", dev: "em0", weight: 2 }] },
        { prefix: "198.51.100.0/24", nhid: 2, fib: 3 },
        { prefix: "203.0.113.0/24", type: "blackhole" },
      ],
      vnets: [
        { name: "blue", interfaces: [{ name: "em0" }], routes: [{ prefix: "10.0.0.0/8", dev: "em0" }] },
        { name: "red" },
      ],
    });
  });

  it.each(["", "# nothing\n", "{}"])("that is empty (%j) loads netlink and nothing else", (text) => {
    const config = parseConfig(text, "f");
    expect(config.file).toEqual({});
    const kernel = bootConfig(config);
    expect(kernel.kldstat().map(({ name }) => name)).toEqual(["kernel", "netlink"]);
    expect(kernel.vnets.map(({ name }) => name)).toEqual(["vnet0"]);
  });

  it("may use anchors", () => {
    const text = "interfaces: &both\n  - name: em0\nvnets:\n  - name: blue\n    interfaces: *both\n";
    expect(parseConfig(text, "f").file.vnets?.[0]?.interfaces).toEqual([{ name: "em0" }]);
  });
});

describe("an error is one line with file, line and column", () => {
  it.each([
    [
      "an unknown key",
      "interfaces:\n  - name: em0\n    adresses: []\n",
      `F.yaml:3:5: unknown key "adresses"; expected one of ${keysOf(INTERFACE)}`,
    ],
    ["an unknown key at the top", "sed: 1", `F.yaml:1:1: unknown key "sed"; expected one of ${keysOf(CONFIG)}`],
    [
      "a key that objects have by birth",
      "constructor: 1",
      `F.yaml:1:1: unknown key "constructor"; expected one of ${keysOf(CONFIG)}`,
    ],
    ["a text for a number", "seed: seven", 'F.yaml:1:7: seed: expected an integer from 0 to 4294967295, got "seven"'],
    ["a number that is too large", "fibs: 65536", "F.yaml:1:7: fibs: expected an integer from 1 to 65535, got 65536"],
    ["a fraction", "seed: 1.5", "F.yaml:1:7: seed: expected an integer from 0 to 4294967295, got 1.5"],
    [
      "an unknown sysctl",
      "sysctls: { net.inet6.ip6.dad: 1 }",
      `F.yaml:1:12: sysctls: unknown key "net.inet6.ip6.dad"; expected one of ${SYSCTLS.join(", ")}`,
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
        '2001:db8::1/64, or a map of keys and values, got "192.0.2.1"',
    ],
    [
      "a prefix length that is too long",
      "interfaces:\n  - name: em0\n    addresses: [192.0.2.1/33]\n",
      "F.yaml:3:17: interfaces[0].addresses[0]: expected an address with its prefix length, like 192.0.2.1/24 or " +
        '2001:db8::1/64, or a map of keys and values, got "192.0.2.1/33"',
    ],
    [
      "an interface that occurs twice",
      "interfaces:\n  - name: em0\n  - name: em0\n",
      "F.yaml:3:11: interface em0 occurs twice",
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
    [
      "an unknown key of an address",
      "interfaces:\n  - name: em0\n    addresses: [{ address: 192.0.2.1/24, mask: 24 }]\n",
      'F.yaml:3:42: unknown key "mask"; expected one of address, peer, broadcast, preferred, valid',
    ],
    [
      "a vlan without its id",
      "interfaces:\n  - { name: vlan7, kind: vlan, parent: em0 }\n",
      "F.yaml:2:5: interfaces[0]: expected parent and vid with kind vlan",
    ],
    [
      "an id of a vlan without one",
      "interfaces:\n  - { name: em0, vid: 7 }\n",
      'F.yaml:2:5: interfaces[0]: parent and vid: expected kind "vlan" with them',
    ],
    [
      "a tunnel of hardware",
      "interfaces:\n  - { name: em0, tunnel: { local: 192.0.2.1, remote: 192.0.2.2 } }\n",
      'F.yaml:2:26: interfaces[0].tunnel: expected kind "gif" or "gre" with it',
    ],
    [
      "a tunnel with one end",
      "interfaces:\n  - { name: gif0, kind: gif, tunnel: { local: 192.0.2.1 } }\n",
      'F.yaml:2:38: interfaces[0].tunnel: missing key "remote"',
    ],
    [
      "a tunnel between two families",
      'interfaces:\n  - { name: gif0, tunnel: { local: 192.0.2.1, remote: "::1" } }\n',
      "F.yaml:2:55: interfaces[0].tunnel.remote: ::1: expected an address of the family of local",
    ],
    [
      "a key of a gif",
      "interfaces:\n  - { name: gif0, tunnel: { local: 192.0.2.1, remote: 192.0.2.2, key: 1 } }\n",
      'F.yaml:2:27: interfaces[0].tunnel: key and port: expected kind "gre" with them',
    ],
    [
      "a flag of the other kind",
      "interfaces:\n  - { name: gif0, tunnel: { local: 192.0.2.1, remote: 192.0.2.2, flags: [udpencap] } }\n",
      "F.yaml:2:74: interfaces[0].tunnel.flags[0]: udpencap: expected one of noclamp, ignore_source of a gif",
    ],
    [
      "a nexthop without an interface",
      "nexthops:\n  - { id: 1, via: 192.0.2.9 }\n",
      "F.yaml:2:5: nexthops[0]: expected via and dev, or group",
    ],
    [
      "an id that occurs twice",
      `nexthops:\n${"  - { id: 1, group: [] }\n".repeat(2)}`,
      "F.yaml:3:11: nexthop 1 occurs twice",
    ],
    [
      "a weight that is too large",
      "nexthops: [{ id: 1, group: [{ id: 2, weight: 256 }] }]",
      "F.yaml:1:46: nexthops[0].group[0].weight: expected an integer from 0 to 255, got 256",
    ],
    [
      "a route that leads two ways",
      "vnets:\n  - name: blue\n    routes: [{ prefix: 10.0.0.0/8, via: 192.0.2.9, nhid: 1 }]\n",
      "F.yaml:3:14: vnets[0].routes[0]: expected only one of via and dev, nexthops, and nhid",
    ],
    [
      "a prefix without a length",
      "routes: [{ prefix: 10.0.0.0 }]",
      "F.yaml:1:20: routes[0].prefix: expected a prefix like 10.0.0.0/8 or 2001:db8::/32, or default, got " +
        '"10.0.0.0"',
    ],
    [
      "a name that no sysctl has",
      "vnets: [{ name: blue, sysctls: { net.netlink.recvspace: 1 } }]",
      `F.yaml:1:34: vnets[0].sysctls: unknown key "net.netlink.recvspace"; expected one of ${VNET_NAMES.join(", ")}`,
    ],
    [
      "a sysctl's text",
      "sysctls: { net.netlink.recvspace: much }",
      'F.yaml:1:35: sysctls.net.netlink.recvspace: expected an integer from 0 to 4294967295, got "much"',
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
