// nlvm bench: figures of the kernel through its public calls, each with its conditions and, where there is one, a floor.
import { Argument, Option } from "commander";
import { SYNTHETIC_ROUTES_MAX } from "../table/synthetic.js";
import { benchCompat, type CompatFigures } from "./bench/compat.js";
import {
  type BenchOptions,
  type Conditions,
  conditionsOf,
  describeConditions,
  ROUTES_DEFAULT,
} from "./bench/conditions.js";
import { benchDump, type DumpFigures } from "./bench/dump.js";
import { benchInsert, type InsertFigures } from "./bench/insert.js";
import { benchLayer, type LayerFigures } from "./bench/layer.js";
import { benchLookup, type LookupFigures } from "./bench/lookup.js";
import { benchModules, type ModuleFigures } from "./bench/modules.js";
import { benchSnapshot, type SnapshotFigures } from "./bench/snapshot.js";
import { benchTrace, type TraceFigures } from "./bench/trace.js";
import { grouped } from "./figures.js";
import { integer } from "./integer.js";
import { writeLine } from "./io.js";
import type { Registration } from "./registration.js";
import { Status } from "./status.js";

/** What runs in this process alone, in order: `all`. */
const BENCHMARKS = ["insert", "dump", "lookup", "layer", "modules", "snapshot", "trace"] as const;
type Benchmark = (typeof BENCHMARKS)[number];

/** More runs than this are a mistake in typing. */
const RUNS_MAX = 1000;

/** What --json prints: the benchmarks that ran. */
interface Results {
  insert?: InsertFigures;
  dump?: DumpFigures;
  lookup?: LookupFigures;
  layer?: LayerFigures;
  modules?: ModuleFigures;
  snapshot?: SnapshotFigures;
  trace?: TraceFigures;
  compat?: CompatFigures;
}

export function addBenchCommand({ program, io, finish }: Registration): void {
  program
    .command("bench")
    .description(
      "measure the kernel: dumps, inserts, lookups, the Linux-compat layer's dumps, modules, snapshots, dumps of programs",
    )
    .addArgument(
      new Argument("[benchmark...]", "what to measure; compat, which starts programs, is not in all")
        .choices(["dump", "insert", "lookup", "layer", "modules", "snapshot", "trace", "compat", "all"])
        .default(["all"], "all"),
    )
    .option(
      "--routes <n>",
      `routes of a synthetic table (default: ${ROUTES_DEFAULT})`,
      integer(1, SYNTHETIC_ROUTES_MAX),
    )
    .addOption(
      new Option("--table <source>", "the Internet's table, or a synthetic one").choices(["real", "synthetic"]),
    )
    .addOption(new Option("--order <order>", "of the inserts").choices(["sorted", "shuffled"]).default("sorted"))
    .addOption(new Option("--family <family>", "address family").choices(["inet", "inet6"]).default("inet"))
    .option("--runs <n>", "measured runs, of which the median counts", integer(1, RUNS_MAX), 5)
    .option("--json", "print one JSON document")
    .action(async (asked: (Benchmark | "compat" | "all")[], options: BenchOptions) => {
      const conditions = conditionsOf(options);
      const results: Results = {};
      if (!options.json) for (const line of describeConditions(conditions)) writeLine(io.stdout, line);
      for (const name of BENCHMARKS) {
        if (!asked.includes("all") && !asked.includes(name)) continue;
        const line = measure(name, conditions, results);
        if (!options.json) writeLine(io.stdout, line);
      }
      if (asked.includes("compat")) {
        results.compat = await benchCompat(conditions);
        if (!options.json) for (const line of describeCompat(results.compat)) writeLine(io.stdout, line);
      }
      if (options.json) writeLine(io.stdout, JSON.stringify(results));
      finish(Status.SUCCESS);
    });
}

/** Runs one benchmark, keeps its figures in `results` and returns them as a line. */
function measure(name: Benchmark, conditions: Conditions, results: Results): string {
  switch (name) {
    case "insert": {
      const figures = benchInsert(conditions);
      results.insert = figures;
      return `insert  ${figures.nsPerRoute} ns a route, ${figures.memoryBytesPerRoute} bytes of memory a route`;
    }
    case "dump": {
      const figures = benchDump(conditions);
      results.dump = figures;
      return (
        `dump    ${figures.nsPerRoute} ns a route of ${figures.bytesPerRoute} bytes, ${grouped(figures.routes)} routes; ` +
        `floor: copying the same bytes ${figures.memcpyNsPerRoute} ns a route`
      );
    }
    case "lookup": {
      const figures = benchLookup(conditions);
      results.lookup = figures;
      return `lookup  ${figures.nsPerLookup} ns a lookup, ${grouped(figures.lookups)} lookups a run`;
    }
    case "layer": {
      const figures = benchLayer(conditions);
      results.layer = figures;
      return (
        `layer   ${figures.nsPerRoute} ns a route of ${figures.bytesPerRoute} bytes in Linux's form, ` +
        `${grouped(figures.routes)} routes; the kernel alone ${figures.kernelNsPerRoute} ns a route`
      );
    }
    case "modules": {
      const figures = benchModules(conditions);
      results.modules = figures;
      const sends = figures.sends.map(
        (each) =>
          `${grouped(each.modulePerSecond)} requests a second to a module's family, ` +
          `${grouped(each.builtInPerSecond)} to a built-in one (${each.requestsPerSend} a send: ${each.ratio})`,
      );
      return `modules ${sends.join("; ")}`;
    }
    case "snapshot": {
      const figures = benchSnapshot(conditions);
      results.snapshot = figures;
      return (
        `snapshot ${figures.saveMs} ms to save, ${figures.restoreMs} ms to restore ${figures.MiB} MiB; ` +
        `floor: copying as many bytes ${figures.memcpyMs} ms`
      );
    }
    case "trace": {
      const figures = benchTrace(conditions);
      results.trace = figures;
      return (
        `trace   recording costs ${figures.recordPercent} % of the inserts, to a file ${figures.recordFilePercent} %; ` +
        `${figures.recordMs} ms to record a run, ` +
        `${figures.replayMs} ms to run it again; ${figures.seekMs} ms back in ${grouped(figures.events)} events, ` +
        `at most ${figures.seekMsMax} ms`
      );
    }
  }
}

/** The figures as lines, each with its unit. */
function describeCompat({ nsPerRoute, native, ratio, layer, show, start, missing }: CompatFigures): string[] {
  const lines = [`compat  ${layer.nsPerRoute} ns a route to dump and rewrite in this process`];
  if (nsPerRoute !== undefined) lines.push(`        ${nsPerRoute} ns a route through nlvm run`);
  if (native !== undefined) lines.push(`        ${native.nsPerRoute} ns a route from this machine's Linux`);
  if (ratio !== undefined) lines.push(`        ${ratio} times faster`);
  if (show !== undefined) {
    const linux = show.native === undefined ? "" : `, on Linux ${show.native.milliseconds} ms`;
    lines.push(`        ip route show: ${show.milliseconds} ms${linux}`);
  }
  if (start !== undefined) lines.push(`        nlvm run -- true: ${start.milliseconds} ms more than true`);
  return [...lines, ...missing.map((what) => `        not measured: ${what}`)];
}
