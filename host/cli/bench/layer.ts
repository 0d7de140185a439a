// bench layer: the whole table as an unmodified Linux program gets it: RTM_GETROUTE as `ip route` sends it, on a socket of the
// Linux-compat layer, datagram by datagram with a buffer of 32 KiB. Beside it what the kernel alone takes for the same dump.
import { NETLINK, NLMSG, NlMsgHdr } from "../../../assembly/abi/netlink.js";
import { LinuxAbi, type ProgramSocket } from "../../linux/abi.js";
import { DUMP_WINDOW_BYTES, RouteDump } from "../../table/dump.js";
import { median, nanoseconds, rounded } from "../figures.js";
import { type ConditionKeys, type Conditions, conditionKeys } from "./conditions.js";
import { loadedMachine } from "./machine.js";

export interface LayerFigures extends ConditionKeys {
  /** Messages of one dump. */
  readonly routes: number;
  /** Bytes of those messages. */
  readonly bytes: number;
  /** Dump and rewriting together. */
  readonly nsPerRoute: number;
  readonly bytesPerRoute: number;
  /** The same dump by the kernel's own ABI. */
  readonly kernelNsPerRoute: number;
}

/** SOCK_RAW, and a process id to bind to. */
const RAW = 3;
const PID = 4242;
const SOL_NETLINK = 270;
const GET_STRICT_CHK = 12;
/** What `ip route` sends: an rtmsg with the family, and RTA_TABLE 254. */
const REQUEST = [
  36, 0, 0, 0, 26, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 15, 0, 254, 0, 0, 0,
];
const FAMILY_AT = 16;
const LINUX_INET6 = 10;

export function benchLayer(conditions: Conditions): LayerFigures {
  const { kernel } = loadedMachine(conditions.routes);
  const native = kernel.vnet0.socket();
  const socket = new LinuxAbi(kernel).socket(kernel.vnet0, {
    type: RAW,
    protocol: NETLINK.ROUTE,
    pid: PID,
    isPrivileged: false,
  });
  socket.setsockopt(SOL_NETLINK, GET_STRICT_CHK, Uint8Array.of(1, 0, 0, 0));
  const request = Uint8Array.from(REQUEST);
  if (conditions.family === "inet6") request[FAMILY_AT] = LINUX_INET6;
  const dump = new RouteDump(native, conditions.routes.family, new Uint8Array(DUMP_WINDOW_BYTES));
  const { routes, bytes } = counted(socket, request);
  dump.drained();
  const layerTimes: number[] = [];
  const kernelTimes: number[] = [];
  // Turn by turn: what slows the machine down meanwhile slows both down.
  for (let run = 0; run < conditions.runs; run++) {
    layerTimes.push(nanoseconds(() => drain(socket, request)));
    kernelTimes.push(nanoseconds(() => dump.drained()));
  }
  socket.close();
  native.close();
  return {
    routes,
    bytes,
    nsPerRoute: rounded(median(layerTimes) / routes),
    bytesPerRoute: rounded(bytes / routes),
    kernelNsPerRoute: rounded(median(kernelTimes) / routes),
    ...conditionKeys(conditions),
  };
}

/** @returns the messages of a dump without NLMSG_DONE, and their bytes */
function counted(socket: ProgramSocket, request: Uint8Array): { routes: number; bytes: number } {
  let routes = 0;
  let bytes = 0;
  drain(socket, request, (datagram) => {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    for (let at = 0; at < datagram.length; at += view.getUint32(at + NlMsgHdr.LEN, true)) {
      if (view.getUint16(at + NlMsgHdr.TYPE, true) === NLMSG.DONE) return;
      routes++;
      bytes += view.getUint32(at + NlMsgHdr.LEN, true);
    }
  });
  return { routes, bytes };
}

/** Asks and reads to the end. */
function drain(socket: ProgramSocket, request: Uint8Array, visit: (datagram: Uint8Array) => void = () => {}): void {
  socket.send(request);
  for (let next = socket.receive(DUMP_WINDOW_BYTES); next !== undefined; next = socket.receive(DUMP_WINDOW_BYTES)) {
    visit(next.bytes);
    socket.taken(next.bytes.length);
  }
}
