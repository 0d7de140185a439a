// In another Node: node.mjs DUMMY TRACE RECORDED replays TRACE, prints how it went, and records the run to RECORDED.
import { readFileSync, writeFileSync } from "node:fs";
import { record, replay } from "./run.mjs";

const [dummy = "", trace = "", recorded = ""] = process.argv.slice(2);
writeFileSync(recorded, record(readFileSync(dummy)));
console.log(JSON.stringify({ engine: process.version, ...replay(readFileSync(trace)) }));
