// A fresh kernel for a benchmark, and a table loaded into it.
import type { EventSink, Kernel } from "../../kernel/kernel.js";
import { bootConfig } from "../../node/setup.js";
import { RouteBatches } from "../../table/batches.js";
import { GATEWAY_INTERFACE_ADDRESSES } from "../../table/gateways.js";
import { loadRoutes, RouteLoader } from "../../table/load.js";
import type { Table } from "../../table/table.js";
import { builtIn, GATEWAY_INTERFACE } from "../machine.js";

/** A kernel with one interface that reaches the gateways. */
export interface BenchMachine {
  readonly kernel: Kernel;
  readonly interfaceIndex: number;
}

/** @param events - gets each event of the kernel */
export function freshMachine(events?: EventSink): BenchMachine {
  const kernel = bootConfig(builtIn({}), events);
  const interfaceIndex = kernel.vnet0.interfaceAttach({
    name: GATEWAY_INTERFACE,
    up: true,
    addresses: [...GATEWAY_INTERFACE_ADDRESSES],
  });
  return { kernel, interfaceIndex };
}

/** @throws RouteRefusedError, NetlinkError a route that the kernel does not take */
export function loadedMachine(table: Table): BenchMachine {
  const machine = freshMachine();
  const socket = machine.kernel.vnet0.socket();
  loadRoutes(new RouteLoader(socket), new RouteBatches(table, machine));
  socket.close();
  return machine;
}
