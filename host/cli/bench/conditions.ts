// What a benchmark runs on: the table in its order, how often, and whom to tell how far it is.
import { cpus } from "node:os";
import { AF } from "../../../assembly/abi/inet.js";
import { findInternetPackage, INTERNET_SOURCE, loadInternet } from "../../node/internet.js";
import { shuffledOrder } from "../../table/order.js";
import { syntheticTable } from "../../table/synthetic.js";
import { reordered, type Table } from "../../table/table.js";
import { grouped } from "../figures.js";
import { usageError } from "../status.js";

/** The options of `nlvm bench`, checked one by one, not yet together. */
export interface BenchOptions {
  readonly routes?: number;
  readonly table?: "real" | "synthetic";
  readonly order: "sorted" | "shuffled";
  readonly family: "inet" | "inet6";
  readonly runs: number;
  readonly json?: boolean;
}

/** What all benchmarks of one call share. */
export interface Conditions {
  readonly source: "real" | "synthetic";
  readonly order: "sorted" | "shuffled";
  readonly family: "inet" | "inet6";
  /** Measured runs; one more is made first and discarded. */
  readonly runs: number;
  readonly routes: Table;
  /** Credit for the data, where the table is real. */
  readonly credit?: string;
}

/** The keys that every benchmark's JSON has besides its figures. */
export interface ConditionKeys {
  readonly order: string;
  readonly table: string;
  readonly family: string;
  readonly runs: number;
}

/** Routes of the synthetic table when --routes does not say. */
export const ROUTES_DEFAULT = 500_000;

/** Tables and orders are the same in every run of every machine. */
const SEED = 1;

/**
 * Makes the table that the options ask for.
 * @throws CommandError options that exclude each other; MissingTableError the real table is not installed
 */
export function conditionsOf({ routes, table, order, family, runs }: BenchOptions): Conditions {
  const source = table ?? "synthetic";
  if (source === "real" && routes !== undefined) {
    throw usageError("bench: --routes makes a synthetic table; expected it without --table real");
  }
  if (source === "synthetic" && family === "inet6") {
    throw usageError("bench: a synthetic table has IPv4 routes; expected --table real with --family inet6");
  }
  const inOrder =
    source === "real"
      ? loadInternet(family === "inet" ? AF.INET : AF.INET6).table
      : syntheticTable({ routes: routes ?? ROUTES_DEFAULT, seed: SEED });
  const conditions = {
    source,
    order,
    family,
    runs,
    routes: order === "sorted" ? inOrder : reordered(inOrder, shuffledOrder(inOrder.count, SEED)),
  };
  if (source === "synthetic") return conditions;
  return { ...conditions, credit: `release ${findInternetPackage().version} of ${INTERNET_SOURCE}` };
}

export function conditionKeys({ order, source, family, runs }: Conditions): ConditionKeys {
  return { order, table: source, family, runs };
}

/** The conditions for people: what ran, on what. */
export function describeConditions({ source, order, family, runs, routes, credit }: Conditions): string[] {
  const what = `${grouped(routes.count)} ${family === "inet" ? "IPv4" : "IPv6"} routes (${source} table), ${order}`;
  const processor = cpus()[0]?.model ?? "unknown processor";
  const lines = [
    `${what}; median of ${runs} ${runs === 1 ? "run" : "runs"} after one that is discarded`,
    `Node ${process.versions.node} (V8 ${process.versions.v8}), ${process.platform} ${process.arch}, ${processor}`,
  ];
  return credit === undefined ? lines : [...lines, credit];
}
