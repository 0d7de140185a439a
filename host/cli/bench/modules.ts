// bench modules: requests to a family of a loadable module, beside requests to a built-in family, one in a send and many. The
// module is dummy: ECHO of 16 bytes. The built-in family is the controller: GETFAMILY of itself, the shortest answer that it
// has. Both answer each request with one message and no ack.
import { GENL } from "../../../assembly/abi/genetlink.js";
import { NETLINK } from "../../../assembly/abi/netlink.js";
import { Kernel, type Socket } from "../../kernel/kernel.js";
import { loadModule } from "../../node/modulefile.js";
import { median, nanoseconds, rounded } from "../figures.js";

export interface ModuleFigures {
  /** Requests of one run. */
  readonly requests: number;
  readonly runs: number;
  /** By how many requests a send has: requests a second of each family, and the module's as a share of the built-in's. */
  readonly sends: readonly SendFigures[];
  /** The lowest of those shares. */
  readonly ratio: number;
}

export interface SendFigures {
  readonly requestsPerSend: number;
  readonly modulePerSecond: number;
  readonly builtInPerSecond: number;
  readonly ratio: number;
}

const REQUESTS = 64 * 2000;
const PER_SEND = [1, 64] as const;
const FLAG_REQUEST = 1;
/** The first free one. */
const DUMMY_ID = GENL.MIN_ID + 1;
const ECHO = 1;
const DATA = 1;
const GETFAMILY = 3;
const FAMILY_ID = 1;

export function benchModules({ runs }: { readonly runs: number }): ModuleFigures {
  const kernel = Kernel.boot({ modules: ["netlink"] });
  loadModule(kernel, "dummy");
  const socket = kernel.vnet0.socket({ protocol: NETLINK.GENERIC });
  const echo = request(DUMMY_ID, ECHO, DATA, new Uint8Array(16));
  const getFamily = request(GENL.MIN_ID, GETFAMILY, FAMILY_ID, Uint8Array.of(GENL.MIN_ID, 0));
  const sends = PER_SEND.map((count) => compare(socket, { count, runs, module: echo, builtIn: getFamily }));
  return { requests: REQUESTS, runs, sends, ratio: Math.min(...sends.map(({ ratio }) => ratio)) };
}

interface Comparison {
  /** Requests of a send. */
  readonly count: number;
  readonly runs: number;
  readonly module: Uint8Array;
  readonly builtIn: Uint8Array;
}

function compare(socket: Socket, { count, runs, module, builtIn }: Comparison): SendFigures {
  const works = [module, builtIn].map((bytes) => () => exchange(socket, repeated(bytes, count), REQUESTS / count));
  for (const work of works) work();
  // Turn by turn: what slows the machine down meanwhile slows both down.
  const times = works.map((): number[] => []);
  for (let run = 0; run < runs; run++) for (const [i, work] of works.entries()) times[i]?.push(nanoseconds(work));
  const [own, other] = times.map((each) => (REQUESTS / median(each)) * 1e9) as [number, number];
  return {
    requestsPerSend: count,
    modulePerSecond: Math.round(own),
    builtInPerSecond: Math.round(other),
    ratio: rounded(own / other),
  };
}

const into = new Uint8Array(1 << 16);

function exchange(socket: Socket, bytes: Uint8Array, times: number): void {
  for (let i = 0; i < times; i++) {
    socket.send(bytes);
    socket.recv(into);
  }
}

/** A request with one attribute. */
function request(family: number, command: number, type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + 4 + ((payload.length + 3) & ~3));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, family, true);
  view.setUint16(6, FLAG_REQUEST, true);
  bytes[16] = command;
  view.setUint16(20, 4 + payload.length, true);
  view.setUint16(22, type, true);
  bytes.set(payload, 24);
  return bytes;
}

function repeated(message: Uint8Array, count: number): Uint8Array {
  const bytes = new Uint8Array(message.length * count);
  for (let i = 0; i < count; i++) bytes.set(message, i * message.length);
  return bytes;
}
