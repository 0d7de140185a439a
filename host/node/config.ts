// The file behind --config: what a kernel is booted with, its vnets, and what is in them (shapes.ts; docs/config.md is the
// manual). setup.ts makes it so.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { ADVERTISED_PREFIXES_MAX } from "../../assembly/abi/exchange.js";
import { familyOf } from "../codec/ip.js";
import { isTunnelKind, tunnelWords } from "../codec/tunnel.js";
import type { AdvertisedPrefix, BootOptions, PeerOptions, RouterAdvertisement } from "../kernel/kernel.js";
import { type Checked, ConfigError, checkYaml, nameOf, type Path } from "../yaml/schema.js";
import { driverOf } from "./driver.js";
import { CONFIG } from "./shapes.js";

export interface AddressConfig {
  readonly address: string;
  readonly peer?: string;
  readonly broadcast?: string;
  readonly preferred?: number;
  readonly valid?: number;
}

export interface TunnelConfig {
  readonly local: string;
  readonly remote: string;
  readonly flags?: readonly string[];
  readonly key?: number;
  readonly port?: number;
}

export interface InterfaceConfig {
  readonly name: string;
  /** Absent for hardware, and for what is there already. */
  readonly kind?: string;
  readonly parent?: string;
  readonly vid?: number;
  /** Ethertype of a vlan. */
  readonly protocol?: number;
  readonly tunnel?: TunnelConfig;
  /** Name of the vnet that has it. */
  readonly from?: string;
  readonly lladdr?: string;
  readonly mtu?: number;
  readonly up?: boolean;
  readonly description?: string;
  readonly fib?: number;
  readonly pointToPoint?: boolean;
  readonly inet6?: boolean;
  readonly acceptRtadv?: boolean;
  readonly addresses?: readonly (string | AddressConfig)[];
}

export interface NexthopConfig {
  readonly id: number;
  readonly via?: string;
  readonly dev?: string;
  readonly group?: readonly { readonly id: number; readonly weight?: number }[];
  readonly proto?: string;
}

export interface RouteConfig {
  readonly prefix: string;
  readonly via?: string;
  readonly dev?: string;
  readonly nexthops?: readonly { readonly via: string; readonly dev?: string; readonly weight?: number }[];
  readonly nhid?: number;
  readonly type?: "unicast" | "blackhole" | "reject";
  readonly fib?: number;
  readonly mtu?: number;
  readonly weight?: number;
  readonly proto?: string;
  /** Seconds after boot. */
  readonly expires?: number;
}

export interface NeighbourConfig {
  readonly address: string;
  readonly lladdr: string;
  readonly dev: string;
  readonly permanent?: boolean;
  readonly proxy?: boolean;
}

export interface AdvertisementConfig extends Omit<RouterAdvertisement, "prefixes" | "withoutLladdr" | "unicast"> {
  readonly prefixes?: readonly (string | AdvertisedPrefix)[];
}

export interface PeerConfig extends PeerOptions {
  readonly dev: string;
  readonly advertises?: AdvertisementConfig;
}

/** What one vnet is set up with. */
export interface StackConfig {
  readonly interfaces?: readonly InterfaceConfig[];
  readonly nexthops?: readonly NexthopConfig[];
  readonly routes?: readonly RouteConfig[];
  readonly neighbours?: readonly NeighbourConfig[];
  readonly peers?: readonly PeerConfig[];
}

export interface VnetConfig extends StackConfig {
  readonly name: string;
  readonly sysctls?: Readonly<Record<string, number>>;
}

/** What CONFIG has let through: the keys of BootOptions but interfaces, vnet0's, and the others. */
export interface ConfigFile extends Omit<BootOptions, "interfaces">, StackConfig {
  readonly sysctls?: Readonly<Record<string, number>>;
  readonly vnets?: readonly VnetConfig[];
}

/** A checked configuration. */
export interface Config {
  readonly file: ConfigFile;
  /** `F.yaml:3:5: routes[0]: `, what a message about a value begins with. */
  leadOf(path: Path): string;
  /** That paths in it are relative to. */
  readonly folder: string;
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
 *   name or id that occurs twice, a fib that there is not, keys that do not go together
 */
export function parseConfig(text: string, file: string): Config {
  const checked = checkYaml(text, file, CONFIG);
  const config = checked.value as ConfigFile;
  const { fibs = 1, vnets = [] } = config;
  const names = new Set<string>();
  checkStack(checked, [], config, fibs, names);
  names.add("vnet0");
  vnets.forEach((vnet, index) => {
    const path = ["vnets", index];
    checkStack(checked, path, vnet, fibs, names);
    checkOnce(checked, [...path, "name"], names, vnet.name, `vnet ${vnet.name} occurs twice (vnet0 is the first)`);
  });
  return { file: config, leadOf: (path) => leadOf(checked, path), folder: dirname(file) };
}

function leadOf(checked: Checked, path: Path): string {
  return path.length === 0 ? `${checked.placeOf(path)}: ` : `${checked.placeOf(path)}: ${nameOf(path)}: `;
}

/**
 * What no single value shows.
 * @param vnets - the names of those that stand before
 */
function checkStack(checked: Checked, path: Path, stack: StackConfig, fibs: number, vnets: ReadonlySet<string>): void {
  const { interfaces = [], nexthops = [], routes = [], peers = [] } = stack;
  const names = new Set<string>();
  interfaces.forEach(({ name, kind, parent, vid, fib, from, tunnel }, index) => {
    const at = [...path, "interfaces", index];
    checkOnce(checked, [...at, "name"], names, name, `interface ${name} occurs twice`);
    checkFib(checked, at, fib, fibs);
    if (from !== undefined && !vnets.has(from)) {
      throw problemAt(checked, [...at, "from"], `no vnet ${from}; expected vnet0 or one that stands before`);
    }
    if (from !== undefined && kind !== undefined) {
      throw problemAt(checked, [...at, "from"], "expected no kind with it: what is moved is there");
    }
    if (kind !== "vlan" && (parent !== undefined || vid !== undefined)) {
      throw problemAt(checked, at, 'parent and vid: expected kind "vlan" with them');
    }
    if (kind === "vlan" && (parent === undefined || vid === undefined)) {
      throw problemAt(checked, at, "expected parent and vid with kind vlan");
    }
    if (tunnel !== undefined) checkTunnel(checked, [...at, "tunnel"], kind ?? driverOf(name), tunnel);
  });
  const ids = new Set<number>();
  nexthops.forEach(({ id, via, dev, group }, index) => {
    const at = [...path, "nexthops", index];
    checkOnce(checked, [...at, "id"], ids, id, `nexthop ${id} occurs twice`);
    const isGateway = via !== undefined && dev !== undefined && group === undefined;
    const isGroup = via === undefined && dev === undefined && group !== undefined;
    if (!isGateway && !isGroup) throw problemAt(checked, at, "expected via and dev, or group");
  });
  routes.forEach(({ via, dev, nexthops: paths, nhid, fib }, index) => {
    const at = [...path, "routes", index];
    checkFib(checked, at, fib, fibs);
    const ways = [via ?? dev, paths, nhid].filter((way) => way !== undefined);
    if (ways.length > 1) throw problemAt(checked, at, "expected only one of via and dev, nexthops, and nhid");
  });
  peers.forEach(({ address, advertises }, index) => {
    const at = [...path, "peers", index, "advertises"];
    if (advertises === undefined) return;
    if (!/^fe[89ab]/i.test(address)) {
      throw problemAt(checked, at, "expected a link-local address (fe80::/10): of others nothing is heard");
    }
    const { length } = advertises.prefixes ?? [];
    if (length > ADVERTISED_PREFIXES_MAX) {
      throw problemAt(checked, [...at, "prefixes"], `${length}; expected at most ${ADVERTISED_PREFIXES_MAX}`);
    }
  });
}

function checkTunnel(
  checked: Checked,
  path: Path,
  kind: string,
  { local, remote, flags = [], key, port }: TunnelConfig,
): void {
  if (!isTunnelKind(kind)) throw problemAt(checked, path, 'expected kind "gif" or "gre" with it');
  const [own, other] = [local, remote].map((text) => familyOf(text.replace(/%.*/, "")));
  if (own !== other) {
    throw problemAt(checked, [...path, "remote"], `${remote}: expected an address of the family of local`);
  }
  if (kind === "gif" && (key !== undefined || port !== undefined)) {
    throw problemAt(checked, path, 'key and port: expected kind "gre" with them');
  }
  const words = tunnelWords(kind);
  flags.forEach((word, index) => {
    if (words.includes(word)) return;
    throw problemAt(checked, [...path, "flags", index], `${word}: expected one of ${words.join(", ")} of a ${kind}`);
  });
}

function checkOnce<T>(checked: Checked, path: Path, seen: Set<T>, value: T, problem: string): void {
  if (seen.has(value)) throw new ConfigError(`${checked.placeOf(path)}: ${problem}`);
  seen.add(value);
}

function checkFib(checked: Checked, entry: Path, fib: number | undefined, fibs: number): void {
  if (fib === undefined || fib < fibs) return;
  throw new ConfigError(`${checked.placeOf([...entry, "fib"])}: fib ${fib}: expected less than fibs, which is ${fibs}`);
}

function problemAt(checked: Checked, path: Path, problem: string): ConfigError {
  return new ConfigError(`${leadOf(checked, path)}${problem}`);
}
