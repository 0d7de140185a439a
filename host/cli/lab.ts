// nlvm lab, which `npm start` runs: a kernel with the Internet's routing table in it, what that costs, and a shell on it.
import { AF } from "../../assembly/abi/inet.js";
import { NlMsgHdr } from "../../assembly/abi/netlink.js";
import { Client } from "../client/client.js";
import { decode } from "../codec/decode.js";
import { describe } from "../codec/describe.js";
import type { Kernel, Vnet } from "../kernel/kernel.js";
import {
  findInternetPackage,
  INTERNET_SOURCE,
  type InternetPackage,
  type InternetTable,
  loadInternet,
} from "../node/internet.js";
import { bootConfig } from "../node/setup.js";
import { RouteBatches } from "../table/batches.js";
import { RouteDump } from "../table/dump.js";
import { GATEWAY_INTERFACE_ADDRESSES } from "../table/gateways.js";
import { RouteLoader } from "../table/load.js";
import type { Table } from "../table/table.js";
import { grouped, mebibytes, nanoseconds } from "./figures.js";
import { type Io, type Output, writeLine } from "./io.js";
import { configOf } from "./machine.js";
import { startProgress } from "./progress.js";
import { addRecordOption, type RecordOptions, startRecording } from "./record.js";
import type { Registration } from "./registration.js";
import { runShell } from "./sh.js";
import { Status, usageError } from "./status.js";

const FAMILIES = [
  { family: AF.INET, name: "IPv4" },
  { family: AF.INET6, name: "IPv6" },
] as const;

/** Decoded messages shown of each family. */
const SAMPLES = 3;

interface LabOptions extends RecordOptions {
  readonly once?: boolean;
  readonly config?: string;
}

export function addLabCommand({ program, io, finish }: Registration): void {
  const command = program
    .command("lab")
    .description("load the Internet's routing table, dump it, print the figures, open a shell on it")
    .option("--once", "end after the figures")
    .option("--config <file>", "boot what this YAML file says");
  addRecordOption(command).action(async ({ once = false, config, ...recorded }: LabOptions) => {
    const source = findInternetPackage();
    const recording = await startRecording(recorded);
    const kernel = bootConfig(await configOf(config), recording);
    recording?.watch(kernel);
    if (!kernel.kldstat().some(({ name }) => name === "netlink")) kernel.kldload("netlink");
    runLab(kernel, source, config, io);
    finish(once ? Status.SUCCESS : await runShell(kernel, io));
    recording?.end(kernel);
  });
}

function runLab(kernel: Kernel, source: InternetPackage, config: string | undefined, io: Io): void {
  const say = (line: string): void => writeLine(io.stdout, line);
  const vnet = kernel.vnet0;
  const interfaceIndex = gatewayInterface(vnet, config);
  say(`The Internet's routing table: release ${source.version} of ${INTERNET_SOURCE}`);
  const emptyBytes = vnet.memory.length;
  for (const { family, name } of FAMILIES) {
    const internet = readTable(family, name, source, io.stderr);
    say(`${name}: ${countOf(internet)}`);
    const load = loadTable(vnet, internet.table, interfaceIndex, name, io.stderr);
    say(`  loaded  ${perRoute(load, internet.table.count)}, by RTM_NEWROUTE, up to 200 messages a send`);
    const { summary, samples, elapsed } = dumpTable(vnet, internet.table);
    say(
      `  dumped  ${perRoute(elapsed, summary.routes)}: ${grouped(summary.routes)} messages, ${mebibytes(summary.bytes)}, ` +
        `${grouped(summary.reads)} reads into 32 KiB`,
    );
    for (const sample of samples) say(`    ${sample}`);
  }
  say(
    `Memory: ${mebibytes(vnet.memory.length)}, of which ${mebibytes(vnet.memory.length - emptyBytes)} for the routes`,
  );
}

/** The index of the interface that has the gateways' networks. @throws CommandError no interface has them */
function gatewayInterface(vnet: Vnet, config: string | undefined): number {
  const socket = vnet.socket();
  try {
    const addresses = new Client(socket).addresses();
    const indices = GATEWAY_INTERFACE_ADDRESSES.map(
      (wanted) => addresses.find(({ address, prefixLength }) => `${address}/${prefixLength}` === wanted)?.index,
    );
    const [index] = indices;
    if (index !== undefined && indices.every((other) => other === index)) return index;
  } finally {
    socket.close();
  }
  const expected = GATEWAY_INTERFACE_ADDRESSES.join(" and ");
  throw usageError(
    `lab: ${config ?? "the kernel"}: the routes' gateways are out of reach; expected an interface with ${expected}`,
  );
}

function readTable(family: Table["family"], name: string, from: InternetPackage, stderr: Output): InternetTable {
  const progress = startProgress(stderr, `reads the ${name} table`, 1);
  try {
    return loadInternet(family, { from, progress: (bytes, total) => progress.update(bytes / total) });
  } finally {
    progress.stop();
  }
}

/** "564,580 prefixes of 411,961 ranges, of which 1 occurs twice: 215.0.0.0/16". */
function countOf({ prefixes, ranges, table: { duplicates } }: InternetTable): string {
  const count = `${grouped(prefixes)} prefixes of ${grouped(ranges)} ranges`;
  if (duplicates.length === 0) return count;
  return `${count}, of which ${duplicates.length} occurs twice: ${duplicates.join(", ")} (loaded once)`;
}

/** Loads a table. @returns nanoseconds that the sends and their acks took */
function loadTable(vnet: Vnet, table: Table, interfaceIndex: number, name: string, stderr: Output): number {
  const socket = vnet.socket();
  const loader = new RouteLoader(socket);
  const batches = new RouteBatches(table, { interfaceIndex });
  const progress = startProgress(stderr, `loads ${grouped(table.count)} ${name} routes`, table.count);
  let elapsed = 0;
  try {
    for (let batch = batches.next(); batch !== undefined; batch = batches.next()) {
      const bytes = batch;
      elapsed += nanoseconds(() => loader.send(bytes, batches.lastSequence));
      progress.update(batches.written);
    }
  } finally {
    progress.stop();
    socket.close();
  }
  return elapsed;
}

/** Dumps a table twice: once to look at the messages, once for the time. */
function dumpTable(
  vnet: Vnet,
  table: Table,
): { summary: ReturnType<RouteDump["counted"]>; samples: string[]; elapsed: number } {
  const socket = vnet.socket();
  const dump = new RouteDump(socket, table.family);
  const samples: string[] = [];
  // Of the windows one in so many gives a sample: messages of 76 or 100 bytes, windows of 32 KiB.
  const every = Math.max(1, Math.floor((table.count * 76) / (32 * 1024) / SAMPLES));
  let windows = 0;
  const summary = dump.counted((bytes) => {
    if (windows++ % every === 0 && samples.length < SAMPLES) samples.push(firstMessage(bytes));
  });
  const elapsed = nanoseconds(() => dump.drained());
  socket.close();
  return { summary, samples, elapsed };
}

function firstMessage(bytes: Uint8Array): string {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(NlMsgHdr.LEN, true);
  return decode(bytes.subarray(0, length))
    .map((message) => describe(message))
    .join("");
}

function perRoute(elapsed: number, routes: number): string {
  return `${(elapsed / routes).toFixed(1)} ns a route`;
}
