// Where two outcomes differ: paths into them, with both values. Entries of lists are found by what names them, so that
// one route more is one difference and not one in each that follows.
import type { Json } from "./results.js";

export interface Difference {
  /** As in `stdout[e0].flags`, `stderr`, `stdout[10.1.0.0/24]`. */
  readonly path: string;
  /** undefined: absent. */
  readonly linux: Json | undefined;
  readonly emulated: Json | undefined;
}

type Keyed = { readonly [key: string]: Json };

/** What names an entry of a list: of links, routes, nexthops, addresses, neighbours, rules, paths. */
const NAMES = ["ifname", "dst", "id", "local", "priority", "gateway", "address"];

export function differences(linux: Json | undefined, emulated: Json | undefined, path = ""): Difference[] {
  if (linux !== undefined && emulated !== undefined) {
    if (isList(linux) && isList(emulated) && areNamed(linux) && areNamed(emulated)) {
      return inLists(linux, emulated, path);
    }
    if (isMap(linux) && isMap(emulated)) return inMaps(linux, emulated, path);
  }
  return JSON.stringify(linux) === JSON.stringify(emulated) ? [] : [{ path, linux, emulated }];
}

function inMaps(linux: Keyed, emulated: Keyed, path: string): Difference[] {
  const keys = [...new Set([...Object.keys(linux), ...Object.keys(emulated)])];
  return keys.flatMap((key) => differences(linux[key], emulated[key], path === "" ? key : `${path}.${key}`));
}

function inLists(linux: readonly Json[], emulated: readonly Json[], path: string): Difference[] {
  const [ours, theirs] = [byName(emulated), byName(linux)];
  const found = inMaps(Object.fromEntries(theirs), Object.fromEntries(ours), "").map(({ path: at, ...values }) => {
    const name = [...theirs.keys(), ...ours.keys()].find((each) => at === each || at.startsWith(`${each}.`)) ?? at;
    return { path: `${path}[${name}]${at.slice(name.length)}`, ...values };
  });
  const common = (names: Iterable<string>, others: ReadonlyMap<string, Json>) =>
    [...names].filter((name) => others.has(name)).join(" ");
  const order = { linux: common(theirs.keys(), ours), emulated: common(ours.keys(), theirs) };
  return order.linux === order.emulated ? found : [...found, { path: `${path}.order`, ...order }];
}

/** The second entry of a name is `name#2`. */
function byName(list: readonly Json[]): ReadonlyMap<string, Json> {
  const named = new Map<string, Json>();
  for (const entry of list) {
    const name = nameOf(entry) ?? "";
    let unique = name;
    for (let count = 2; named.has(unique); count++) unique = `${name}#${count}`;
    named.set(unique, entry);
  }
  return named;
}

function nameOf(entry: Json): string | undefined {
  if (!isMap(entry)) return undefined;
  const key = NAMES.find((each) => entry[each] !== undefined);
  return key === undefined ? undefined : String(entry[key]);
}

function areNamed(list: readonly Json[]): boolean {
  return list.every((entry) => nameOf(entry) !== undefined);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isMap(value: Json): value is Keyed {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
