// The recordings of test/fixtures/linux: what programs sent, and what Linux answered, request by request.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { bytesOfHex, runsOfJsonLines } from "../../../host/trace/traffic/jsonlines.js";
import type { Run } from "../../../host/trace/traffic/run.js";

export type RecordingName = "iproute2-a" | "iproute2-c" | "clients";

export function readRuns(name: RecordingName): Run[] {
  return runsOfJsonLines(gunzipSync(readFileSync(fixture(`${name}.jsonl.gz`))).toString("utf8"));
}

/** The changes that made the state at the beginning of a recording. */
export function readSetup(name: RecordingName): Uint8Array[] {
  const file = name === "iproute2-c" ? "iproute2-c-setup.txt" : "iproute2-a-setup.txt";
  return readFileSync(fixture(file), "utf8").trimEnd().split("\n").map(bytesOfHex);
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/linux/${name}`, import.meta.url));
}
