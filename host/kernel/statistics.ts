// What the core counts of itself, for tests and benchmarks.

import { StatisticsWord } from "../../assembly/abi/exchange.js";
import type { Core } from "./core.js";

export interface VnetStatistics {
  /** Bytes of linear memory. */
  readonly memoryBytes: number;
  /** Bytes of it that were handed out at least once. */
  readonly touchedBytes: number;
  /** Bytes of blocks in use. */
  readonly blockBytes: number;
  /** Bytes of dump buffers in use, and the most since boot or forgetHighWater. */
  readonly bufferBytes: number;
  readonly bufferHighWater: number;
  readonly buffers: number;
  readonly sockets: number;
  readonly interfaces: number;
  readonly addresses: number;
  readonly routes: number;
  readonly nexthops: number;
  /** Entries of the neighbour tables, those of own addresses included. */
  readonly neighbours: number;
  /** Dumps under way that show an old state of a table. */
  readonly walks: number;
  /** Allocations that a fault made fail. */
  readonly allocationFailures: number;
  /** Sockets whose task is to run. */
  readonly runnable: number;
  /** Kernel nexthop groups. */
  readonly groups: number;
  readonly userNexthops: number;
}

export function readStatistics(core: Core): VnetStatistics {
  core.call.statistics();
  const { data } = core.views;
  const word = (index: StatisticsWord): number => data.getUint32(core.exchange + index * 4, true);
  return {
    memoryBytes: core.call.memoryEnd() >>> 0,
    touchedBytes: word(StatisticsWord.TOP),
    blockBytes: word(StatisticsWord.BLOCKS),
    bufferBytes: word(StatisticsWord.BUFFERS),
    bufferHighWater: word(StatisticsWord.BUFFERS_HIGH_WATER),
    buffers: word(StatisticsWord.BUFFER_COUNT),
    sockets: word(StatisticsWord.SOCKETS),
    interfaces: word(StatisticsWord.INTERFACES),
    addresses: word(StatisticsWord.ADDRESSES),
    routes: word(StatisticsWord.ROUTES),
    nexthops: word(StatisticsWord.NEXTHOPS),
    neighbours: word(StatisticsWord.NEIGHBOURS),
    walks: word(StatisticsWord.WALKS),
    allocationFailures: word(StatisticsWord.ALLOCATION_FAILURES),
    runnable: word(StatisticsWord.RUNNABLE),
    groups: word(StatisticsWord.GROUPS),
    userNexthops: word(StatisticsWord.USER_NEXTHOPS),
  };
}
