// bench insert: the table into a fresh kernel each run, by sends of up to 200 RTM_NEWROUTE messages with one ack. The
// messages are made ahead: what is measured is sending them and reading the acks.
import { type BuiltBatch, RouteBatches } from "../../table/batches.js";
import { RouteLoader } from "../../table/load.js";
import { median, nanoseconds, rounded } from "../figures.js";
import { type ConditionKeys, type Conditions, conditionKeys } from "./conditions.js";
import { freshMachine } from "./machine.js";

export interface InsertFigures extends ConditionKeys {
  readonly routes: number;
  readonly nsPerRoute: number;
  /** Growth of the kernel's linear memory; it grows in steps, so a small table shows the step. */
  readonly memoryBytesPerRoute: number;
}

export function benchInsert(conditions: Conditions): InsertFigures {
  const table = conditions.routes;
  const { interfaceIndex } = freshMachine();
  const batches = new RouteBatches(table, { interfaceIndex }).built();
  const insert = (): { elapsed: number; memory: number } => insertOnce(batches);
  insert();
  const runs = Array.from({ length: conditions.runs }, insert);
  return {
    routes: table.count,
    nsPerRoute: rounded(median(runs.map(({ elapsed }) => elapsed)) / table.count),
    memoryBytesPerRoute: rounded(median(runs.map(({ memory }) => memory)) / table.count),
    ...conditionKeys(conditions),
  };
}

function insertOnce(batches: readonly BuiltBatch[]): { elapsed: number; memory: number } {
  const { vnet0 } = freshMachine().kernel;
  const socket = vnet0.socket();
  const loader = new RouteLoader(socket);
  const memoryBefore = vnet0.memory.length;
  const elapsed = nanoseconds(() => {
    for (const { bytes, lastSequence } of batches) loader.send(bytes, lastSequence);
  });
  const memory = vnet0.memory.length - memoryBefore;
  socket.close();
  return { elapsed, memory };
}
