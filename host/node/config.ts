// The file behind --config: what a kernel is booted with, and the vnets it gets.
//
//   seed: 7                    policy: fifo | seeded     fibs: 1       wallClock: 1700000000   (unix seconds at boot)
//   modules: [netlink]         loaded at boot; netlink when the key is absent
//   interfaces:                of vnet0, after lo0
//     - { name: em0, lladdr: "02:00:00:00:00:01", mtu: 1500, up: true, fib: 0, inet6: true, addresses: [192.0.2.1/24] }
//   sysctls: { net.inet6.ip6.dad_count: 0 }      of the stack, in every vnet
//   vnets:
//     - { name: blue, interfaces: [{ name: em7 }] }
import { readFileSync } from "node:fs";
import ipaddr from "ipaddr.js";
import { RouteLimit } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions, InterfaceOptions } from "../kernel/kernel.js";
import { VNET_SYSCTLS } from "../kernel/sysctls.js";
import { type Checked, ConfigError, checkYaml, type Shape } from "./schema.js";

export interface VnetConfig {
  readonly name: string;
  readonly interfaces: InterfaceOptions[];
  readonly sysctls?: Readonly<Record<string, number>>;
}

/** A checked configuration: what Kernel.boot takes, and the vnets to make then. */
export interface Config {
  readonly boot: BootOptions;
  readonly vnets: readonly VnetConfig[];
}

/** Names as the kernel takes them: IFNAMSIZ is 16 with its NUL (net/if.h). */
const NAME: Shape = {
  kind: "text",
  expected: "a name of 1 to 15 letters, digits, '.', '_' or '-'",
  accepts: (text) => /^[\w.-]{1,15}$/.test(text),
};

const INTERFACE: Shape = {
  kind: "record",
  required: ["name"],
  fields: {
    name: NAME,
    lladdr: {
      kind: "text",
      expected: 'a link-level address like "02:00:00:00:00:01", in quotes',
      accepts: (text) => /^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(text),
    },
    mtu: { kind: "integer", min: 72, max: 65535 },
    up: { kind: "boolean" },
    description: { kind: "text", expected: "a text of at most 63 characters", accepts: (text) => text.length <= 63 },
    fib: { kind: "integer", min: 0, max: RouteLimit.FIBS - 1 },
    inet6: { kind: "boolean" },
    pointToPoint: { kind: "boolean" },
    addresses: {
      kind: "list",
      item: {
        kind: "text",
        expected: "an address with its prefix length, like 192.0.2.1/24 or 2001:db8::1/64",
        accepts: isAddressWithLength,
      },
    },
  },
};

const SYSCTLS: Shape = {
  kind: "record",
  required: [],
  fields: Object.fromEntries(
    [...VNET_SYSCTLS.keys()].map((name) => [name, { kind: "integer" as const, min: 0, max: 0xffffffff }]),
  ),
};

const VNET: Shape = {
  kind: "record",
  required: ["name"],
  fields: { name: NAME, interfaces: { kind: "list", item: INTERFACE }, sysctls: SYSCTLS },
};

const CONFIG: Shape = {
  kind: "record",
  required: [],
  fields: {
    seed: { kind: "integer", min: 0, max: 0xffffffff },
    policy: { kind: "choice", of: ["fifo", "seeded"] },
    fibs: { kind: "integer", min: 1, max: RouteLimit.FIBS },
    wallClock: { kind: "integer", min: 0, max: 0xffffffff },
    modules: { kind: "list", item: NAME },
    interfaces: { kind: "list", item: INTERFACE },
    sysctls: SYSCTLS,
    vnets: { kind: "list", item: VNET },
  },
};

/** What CONFIG has let through. */
interface ConfigFile extends BootOptions {
  vnets?: { name: string; interfaces?: InterfaceOptions[]; sysctls?: Record<string, number> }[];
}

/** @throws ConfigError the file cannot be read, or what {@link parseConfig} finds */
export function readConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code}); expected a YAML file`);
  }
  return parseConfig(text, file);
}

/**
 * @param file - the name that errors begin with
 * @throws ConfigError with line and column: no YAML, an unknown or missing key, a value of another type or range, a
 *   name that occurs twice, a fib that there is not
 */
export function parseConfig(text: string, file: string): Config {
  const checked = checkYaml(text, file, CONFIG);
  const { vnets = [], ...boot } = checked.value as ConfigFile;
  const fibs = boot.fibs ?? 1;
  checkInterfaces(checked, ["interfaces"], boot.interfaces ?? [], fibs);
  const names = new Set(["vnet0"]);
  vnets.forEach(({ name, interfaces = [] }, index) => {
    if (names.has(name))
      throw checked.errorAt(["vnets", index, "name"], `vnet ${name} occurs twice (vnet0 is the first)`);
    names.add(name);
    checkInterfaces(checked, ["vnets", index, "interfaces"], interfaces, fibs);
  });
  return {
    boot: { modules: ["netlink"], ...boot },
    vnets: vnets.map(({ name, interfaces = [], ...rest }) => ({ name, interfaces, ...rest })),
  };
}

/** What no single value shows: names that occur twice, and fibs beyond the kernel's. */
function checkInterfaces(
  checked: Checked,
  path: readonly (string | number)[],
  interfaces: readonly InterfaceOptions[],
  fibs: number,
): void {
  const names = new Set(["lo0"]);
  interfaces.forEach(({ name, fib = 0 }, index) => {
    if (names.has(name)) {
      throw checked.errorAt([...path, index, "name"], `interface ${name} occurs twice (lo0 is there from boot)`);
    }
    names.add(name);
    if (fib >= fibs) {
      throw checked.errorAt([...path, index, "fib"], `fib ${fib}: expected less than fibs, which is ${fibs}`);
    }
  });
}

function isAddressWithLength(text: string): boolean {
  return (
    ipaddr.IPv6.isValidCIDR(text) ||
    (ipaddr.IPv4.isValidCIDR(text) && ipaddr.IPv4.isValidFourPartDecimal(text.split("/", 1)[0] ?? ""))
  );
}
