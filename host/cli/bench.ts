// nlvm bench: figures of the kernel through its public calls, each with its conditions and, where there is one, a floor.
import { Argument, Option } from "commander";
import { SYNTHETIC_ROUTES_MAX } from "../table/synthetic.js";
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
import { grouped } from "./figures.js";
import { integer } from "./integer.js";
import { writeLine } from "./io.js";
import type { Registration } from "./registration.js";
import { Status } from "./status.js";

const BENCHMARKS = ["insert", "dump", "lookup", "layer"] as const;
type Benchmark = (typeof BENCHMARKS)[number];

/** More runs than this are a mistake in typing. */
const RUNS_MAX = 1000;

/** What --json prints: the benchmarks that ran. */
interface Results {
  insert?: InsertFigures;
  dump?: DumpFigures;
  lookup?: LookupFigures;
  layer?: LayerFigures;
}

export function addBenchCommand({ program, io, finish }: Registration): void {
  program
    .command("bench")
    .description("measure the kernel: dumps, inserts, lookups, and the Linux-compat layer's dumps")
    .addArgument(
      new Argument("[benchmark]", "what to measure")
        .choices(["dump", "insert", "lookup", "layer", "all"])
        .default("all"),
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
    .action((benchmark: Benchmark | "all", options: BenchOptions) => {
      const conditions = conditionsOf(options);
      const results: Results = {};
      if (!options.json) for (const line of describeConditions(conditions)) writeLine(io.stdout, line);
      for (const name of BENCHMARKS) {
        if (benchmark !== "all" && benchmark !== name) continue;
        const line = measure(name, conditions, results);
        if (!options.json) writeLine(io.stdout, line);
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
  }
}
