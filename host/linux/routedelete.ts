// RTM_DELROUTE of a Linux program (linux-compat E7.5): what it leaves out stands for anything, what it says must be so, as a
// program sees the route. `ip route flush` sends back whole messages of a dump.

import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, RT_SCOPE, RTA, RTM, RTN, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { LinuxErrno } from "./errno.js";
import { localRoutes } from "./localtable.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import { writeDeleteRoute } from "./routechange.js";
import { missingTable } from "./routedump.js";
import { findRoute, refreshNotes, shownRoute } from "./routelookup.js";
import { sameBytes } from "./routenotes.js";
import { isHidden } from "./routeobject.js";
import { gatewayOf, type Path, pathsOf, ViaFamily } from "./routepaths.js";
import { parseRoute, type RouteRequest } from "./routerequest.js";
import { fibOf, LinuxTable } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/** RTM_DELROUTE. @throws Refusal */
export function deleteRoute(request: Request): void {
  const { vnet, message, seq } = request;
  const route = parseRoute(message);
  if (route.table === LinuxTable.LOCAL) {
    expectLocal(vnet, route);
    return;
  }
  const fib = fibOf(vnet, route.table);
  if (fib === undefined) throw new Refusal(LinuxErrno.ESRCH, missingTable(route.family));
  refreshNotes(vnet);
  const prefix = { ...route, fib };
  const found = findRoute(vnet, prefix, route.oif);
  if (found === undefined || isHidden(vnet, found)) throw absent();
  const shown = shownRoute(vnet, found);
  const areRoutes = vnet.notes.routes.get(prefix).isAppended && shown.has(RTA.MULTIPATH);
  if (!isMeant(route, shown, areRoutes)) throw absent();
  const isWhole = meansAllPaths(route, shown, areRoutes);
  const path = isWhole ? undefined : pathsOfShown(shown).find((each) => isPath(route, each));
  const removed = path === undefined || !shown.has(RTA.MULTIPATH) ? undefined : pathRoute(found, path);
  vnet.routes.during({ prefix, ...(removed === undefined ? {} : { removed }) }, () =>
    request.tell((writer) => writeDeleteRoute(writer, route, { fib, seq }, path), {
      [Errno.EADDRINUSE]: [LinuxErrno.EADDRINUSE, "Interface route cannot be deleted"],
    }),
  );
}

function absent(): Refusal {
  return new Refusal(LinuxErrno.ESRCH);
}

/** Table 255 stays as it is: what it has is taken as deleted (E7.5). @throws Refusal ESRCH */
function expectLocal(vnet: LinuxVnet, { family, type, bits, address }: RouteRequest): void {
  const isThere = localRoutes(vnet, family).some(
    (route) => route.bits === bits && sameBytes(route.address, address) && (type === RTN.UNSPEC || type === route.type),
  );
  if (!isThere) throw absent();
}

/**
 * Whether a route is what the request says.
 * @param shown - in Linux's form
 * @param areRoutes - its paths were appended one by one, and stand for routes of their own
 */
function isMeant(route: RouteRequest, shown: MessageReader, areRoutes: boolean): boolean {
  const { protocol, type, scope, priority, prefsrc, message, family } = route;
  if (protocol !== 0 && protocol !== shown.header8(RtMsg.PROTOCOL)) return false;
  if (type !== RTN.UNSPEC && type !== shown.header8(RtMsg.TYPE)) return false;
  const isAnyScope = family === AF.INET6 || scope === RT_SCOPE.UNIVERSE || scope === RT_SCOPE.NOWHERE;
  if (!isAnyScope && scope !== shown.header8(RtMsg.SCOPE)) return false;
  if (priority !== 0 && priority !== shown.u32(RTA.PRIORITY)) return false;
  if (prefsrc !== undefined && !sameBytes(prefsrc, shown.payload(RTA.PREFSRC))) return false;
  if (message.header8(RtMsg.SRC_LEN) !== 0 || message.header8(RtMsg.TOS) !== 0) return false;
  return leadsThere(route, shown, areRoutes);
}

/** Whether the paths are those that the request names, or among them, as Linux compares them. */
function leadsThere(route: RouteRequest, shown: MessageReader, areRoutes: boolean): boolean {
  const { family, nexthop, paths, gateway, oif } = route;
  if (nexthop !== 0) return nexthop === shown.u32(RTA.NH_ID);
  const own = pathsOfShown(shown);
  if (paths !== undefined) {
    return paths.length === own.length && paths.every((path, i) => isSamePath(path, own[i] as Path));
  }
  if (gateway === undefined && oif === 0) return true;
  // IPv4 looks at the first path alone (fib_nh_match), and not at all behind a nexthop object.
  if (family === AF.INET && !areRoutes) return !shown.has(RTA.NH_ID) && isPath(route, own[0]);
  return own.some((path) => isPath(route, path));
}

/** One path of several: of those that stand for routes, the first that fits; else only an IPv6 request with a gateway. */
function meansAllPaths(
  { family, nexthop, paths, gateway }: RouteRequest,
  shown: MessageReader,
  areRoutes: boolean,
): boolean {
  if (areRoutes) return nexthop !== 0 || paths !== undefined;
  return family === AF.INET || nexthop !== 0 || paths !== undefined || gateway === undefined || shown.has(RTA.NH_ID);
}

function isPath({ gateway, oif }: RouteRequest, path: Path | undefined): boolean {
  if (path === undefined || (oif !== 0 && oif !== path.index)) return false;
  return gateway === undefined || sameBytes(gateway, path.gateway);
}

function isSamePath(asked: Path, own: Path): boolean {
  return (asked.index === 0 || asked.index === own.index) && sameBytes(asked.gateway, own.gateway);
}

/** The paths of a route in Linux's form, or its only one. */
function pathsOfShown(shown: MessageReader): readonly Path[] {
  if (shown.has(RTA.MULTIPATH)) return pathsOf(shown, ViaFamily.LINUX) ?? [];
  return [
    {
      hops: 0,
      flags: 0,
      index: shown.u32(RTA.OIF),
      gateway: gatewayOf(shown, ViaFamily.LINUX),
      isVia: shown.has(RTA.VIA),
      flow: 0,
      isEncapsulated: false,
    },
  ];
}

/** RTM_DELROUTE of the kernel for one path of a route. */
function pathRoute(route: MessageReader, { index, gateway }: Path): Uint8Array {
  const writer = new MessageWriter(128);
  writer.begin(RTM.DELROUTE, 0, 0, 0, HeaderSize.RTMSG);
  for (const field of [RtMsg.FAMILY, RtMsg.DST_LEN, RtMsg.PROTOCOL, RtMsg.TYPE]) {
    writer.header8(field, route.header8(field));
  }
  writer.u32(RTA.TABLE, route.u32(RTA.TABLE));
  writer.raw(RTA.DST, route.payload(RTA.DST) ?? new Uint8Array(0));
  if (gateway !== undefined) writer.raw(RTA.GATEWAY, gateway);
  writer.u32(RTA.OIF, index);
  writer.end();
  return writer.written;
}
