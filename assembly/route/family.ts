// The route family: which handler answers which message (netlink/netlink_route.c; rtnetlink 0.1, 0.2).
//   attachRoute, detachRoute   when the netlink module comes and goes
// Each object's file lists its requests; they are laid out by type at load, as FreeBSD's handlers register.

import { Errno } from "../abi/errno";
import { NETLINK } from "../abi/netlink";
import { RTM_LIMIT } from "../abi/rtnetlink";
import { registerProtocol } from "../netlink/protocol";
import { Request } from "../netlink/request";
import { attachHooks, detachHooks } from "../net/hooks";
import { ADDRESS_MESSAGES } from "./address";
import { notifyAddress } from "./addressobject";
import { LINK_MESSAGES } from "./link";
import { notifyLink } from "./linkobject";
import { NEXTHOP_MESSAGES, detachNexthops } from "./nexthop";
import { NEIGHBOUR_MESSAGES } from "./neighbour";
import { notifyNeighbour } from "./neighbourobject";
import { ROUTE_MESSAGES } from "./route";
import { notifyRequestedRoute } from "./routeobject";

/** Handles one request of the family. */
type RouteHandler = (request: Request) => Errno;

/** Words of a row: request, privilege, in a jail without vnet, handler. */
const ROW_WORDS = 4;

/** The row of each message type, 0 = no handler. */
const rows: usize = memory.data(468, 16);

if (RTM_LIMIT * 4 != 468) ERROR("a word for each message type");

export function attachRoute(): void {
  memory.fill(rows, 0, RTM_LIMIT * sizeof<usize>());
  registerMessages(LINK_MESSAGES);
  registerMessages(ADDRESS_MESSAGES);
  registerMessages(ROUTE_MESSAGES);
  registerMessages(NEXTHOP_MESSAGES);
  registerMessages(NEIGHBOUR_MESSAGES);
  attachHooks(notifyLink, notifyAddress, notifyNeighbour, notifyRequestedRoute);
  registerProtocol(NETLINK.ROUTE, handleRoute);
}

export function detachRoute(): void {
  detachHooks();
  detachNexthops();
}

function registerMessages(table: StaticArray<usize>): void {
  for (let i = 0; i < table.length; i += ROW_WORDS) {
    const row = changetype<usize>(table) + (<usize>i << 2);
    store<usize>(rows + load<usize>(row) * sizeof<usize>(), row);
  }
}

/** ENOTSUP for a type without handler, EPERM without its privilege or out of a jail; both before anything is parsed. */
function handleRoute(request: Request): Errno {
  const type = request.type;
  const row = type < <u32>RTM_LIMIT ? load<usize>(rows + type * sizeof<usize>()) : 0;
  if (row == 0) return request.report(Errno.EOPNOTSUPP, "unknown message type: %", type, 0);
  const socket = request.from;
  if (!socket.hasPrivilege(<u32>load<usize>(row, 4))) return Errno.EPERM;
  if (socket.isConstrained && load<usize>(row, 8) == 0) return Errno.EPERM;
  return changetype<RouteHandler>(load<usize>(row, 12))(request);
}
