// One busy run, recorded, and the replay of a trace: what every engine does, from the built host. It needs nothing of Node.
import { Client } from "../../build/host/client/client.js";
import { Kernel, NetlinkError } from "../../build/host/kernel/kernel.js";
import { LinuxAbi } from "../../build/host/linux/abi.js";
import { Recorder } from "../../build/host/trace/recorder.js";
import { LINUX_PLAYER, verifyTrace } from "../../build/host/trace/trace.js";

const NETLINK_GENERIC = 16;
const ROUTES = 300;

/**
 * Records a run: sockets of all kinds in two vnets, tasks in seeded order, time, a module, a Linux program's dump.
 * @param {Uint8Array} dummy - the module dummy
 * @returns {Uint8Array} the trace
 */
export function record(dummy) {
  /** @type {Uint8Array[]} */
  const pieces = [];
  const recorder = new Recorder((blocks) => pieces.push(new Uint8Array(blocks)));
  const kernel = Kernel.boot(
    {
      seed: 20_261_125,
      policy: "seeded",
      fibs: 2,
      modules: ["netlink", "nlsysevent", "linux_common"],
      interfaces: [
        { name: "em0", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
        { name: "em1", lladdr: "02:00:00:00:00:0b", up: true },
      ],
    },
    undefined,
    recorder,
  );
  kernel.kldload("dummy", dummy);
  const routing = kernel.vnet0.routingSocket();
  const client = new Client(kernel.vnet0.socket());
  for (let i = 0; i < ROUTES; i++) client.routeAdd(`10.${i >> 8}.${i & 255}.0/24`, { gateway: "192.0.2.254" });
  client.routes();
  client.neighbours();
  drain((into) => routing.read(into));
  askDummy(kernel);
  const inner = kernel.vnetCreate("inner", { interfaces: [{ name: "em2", up: true }] });
  new Client(inner.socket()).links();
  kernel.vnet0.interfaceDown("em0");
  kernel.vnet0.interfaceUp("em0");
  kernel.advance(12_345);
  dumpAsLinux(kernel);
  recorder.end(kernel);
  return joined(pieces);
}

/** @param {import("../../build/host/kernel/kernel.js").Kernel} kernel */
function askDummy(kernel) {
  const socket = kernel.vnet0.socket({ protocol: NETLINK_GENERIC });
  // COUNT, and EVENTS every 1000 ms, of the family behind nlctrl and nlsysevent.
  for (const [command, ...attribute] of [[2], [5, 8, 0, 6, 0, 0xe8, 3, 0, 0]]) {
    const length = 20 + attribute.length;
    socket.send(
      Uint8Array.of(length, 0, 0, 0, 18, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, command ?? 0, 1, 0, 0, ...attribute),
    );
  }
  drain((into) => socket.recv(into));
}

/** RTM_GETROUTE as `ip route` sends it. @param {import("../../build/host/kernel/kernel.js").Kernel} kernel */
function dumpAsLinux(kernel) {
  const socket = new LinuxAbi(kernel).socket(kernel.vnet0, { type: 3, protocol: 0, pid: 4242, isPrivileged: false });
  socket.send(Uint8Array.of(28, 0, 0, 0, 26, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  for (let next = socket.receive(32_768); next !== undefined; next = socket.receive(32_768)) {
    socket.taken(next.bytes.length);
  }
  socket.close();
}

/** @param {(into: Uint8Array) => number} receive */
function drain(receive) {
  const into = new Uint8Array(65_536);
  try {
    for (;;) receive(into);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
  }
}

/** @param {readonly Uint8Array[]} pieces */
function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** @param {Uint8Array} trace */
export function replay(trace) {
  return verifyTrace([trace], { layers: LINUX_PLAYER });
}
