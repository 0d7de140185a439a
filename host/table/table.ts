// A table of routes to load into a kernel: columns, no object a route, so that ten million routes fit.
// Routes point to gateways by number (gateways.ts), as the routes of a real router share a few next hops.
import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { formatIp } from "../codec/ip.js";

/** The columns that both families have. Entry i of each column belongs to route i. */
interface Columns {
  readonly count: number;
  /** Prefix lengths, 0..32 or 0..128. */
  readonly lengths: Uint8Array;
  /** Gateway numbers, 0..63. */
  readonly gateways: Uint16Array;
  /** Prefixes that the source lists more than once, as text; the table holds each once. */
  readonly duplicates: readonly string[];
}

/** IPv4 routes: one address a route, host byte order. */
export interface InetTable extends Columns {
  readonly family: AF.INET;
  readonly addresses: Uint32Array;
}

/** IPv6 routes: two halves a route, the high one first. */
export interface Inet6Table extends Columns {
  readonly family: AF.INET6;
  readonly addresses: BigUint64Array;
}

export type Table = InetTable | Inet6Table;

/** The prefix of one route as text: "192.0.2.0/24", "2001:db8::/32". */
export function prefixText(table: Table, route: number): string {
  if (route < 0 || route >= table.count) throw new RangeError(`route ${route}: expected 0 to ${table.count - 1}`);
  const bytes = new Uint8Array(table.family === AF.INET ? AddressSize.INET : AddressSize.INET6);
  const view = new DataView(bytes.buffer);
  if (table.family === AF.INET) {
    view.setUint32(0, table.addresses[route] ?? 0);
  } else {
    view.setBigUint64(0, table.addresses[2 * route] ?? 0n);
    view.setBigUint64(8, table.addresses[2 * route + 1] ?? 0n);
  }
  return `${formatIp(bytes)}/${table.lengths[route] ?? 0}`;
}

/** A copy of the table with its routes in another order; `order` holds each route number once (order.ts). */
export function reordered(table: Table, order: Uint32Array): Table {
  if (order.length !== table.count) throw new RangeError(`order of ${order.length}: expected ${table.count} routes`);
  const lengths = new Uint8Array(table.count);
  const gateways = new Uint16Array(table.count);
  for (let place = 0; place < order.length; place++) {
    const route = order[place] ?? 0;
    lengths[place] = table.lengths[route] ?? 0;
    gateways[place] = table.gateways[route] ?? 0;
  }
  const { count, duplicates } = table;
  if (table.family === AF.INET) {
    const addresses = new Uint32Array(count);
    for (let place = 0; place < count; place++) addresses[place] = table.addresses[order[place] ?? 0] ?? 0;
    return { family: AF.INET, count, addresses, lengths, gateways, duplicates };
  }
  const addresses = new BigUint64Array(2 * count);
  for (let place = 0; place < count; place++) {
    const route = order[place] ?? 0;
    addresses[2 * place] = table.addresses[2 * route] ?? 0n;
    addresses[2 * place + 1] = table.addresses[2 * route + 1] ?? 0n;
  }
  return { family: AF.INET6, count, addresses, lengths, gateways, duplicates };
}
