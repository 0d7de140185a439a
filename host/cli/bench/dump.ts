// bench dump: the whole table through recv into a kept buffer of 32 KiB. The floor beside it is what no dump can beat:
// copying the same bytes from a large buffer into that window.
import { DUMP_WINDOW_BYTES, RouteDump } from "../../table/dump.js";
import { median, nanoseconds, rounded } from "../figures.js";
import { type ConditionKeys, type Conditions, conditionKeys } from "./conditions.js";
import { loadedMachine } from "./machine.js";

export interface DumpFigures extends ConditionKeys {
  /** Messages of one dump; the kernel's own routes are among them. */
  readonly routes: number;
  /** Bytes of those messages. */
  readonly bytes: number;
  readonly nsPerRoute: number;
  readonly bytesPerRoute: number;
  /** The floor. */
  readonly memcpyNsPerRoute: number;
}

export function benchDump(conditions: Conditions): DumpFigures {
  const { kernel } = loadedMachine(conditions.routes);
  const socket = kernel.vnet0.socket();
  const window = new Uint8Array(DUMP_WINDOW_BYTES);
  const dump = new RouteDump(socket, conditions.routes.family, window);
  const { routes, bytes } = dump.counted();
  const copy = copier(bytes, window);
  dump.drained();
  copy();
  const dumpTimes: number[] = [];
  const copyTimes: number[] = [];
  // Turn by turn: what slows the machine down meanwhile slows both down.
  for (let run = 0; run < conditions.runs; run++) {
    dumpTimes.push(nanoseconds(() => dump.drained()));
    copyTimes.push(nanoseconds(copy));
  }
  socket.close();
  return {
    routes,
    bytes,
    nsPerRoute: rounded(median(dumpTimes) / routes),
    bytesPerRoute: rounded(bytes / routes),
    memcpyNsPerRoute: rounded(median(copyTimes) / routes),
    ...conditionKeys(conditions),
  };
}

/** Copies `bytes` bytes into the window, a window at a time, from a buffer that was written before. */
function copier(bytes: number, window: Uint8Array): () => void {
  const source = new Uint8Array(bytes).fill(1);
  return () => {
    for (let at = 0; at < bytes; at += window.length) window.set(source.subarray(at, at + window.length));
  };
}
