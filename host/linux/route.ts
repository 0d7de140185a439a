// RTM_GETROUTE of a Linux program: all routes, or the way to one address (linux-compat E3.7, E7).

import type { Request } from "./request.js";
import { dumpRoutes } from "./routedump.js";
import { getRoute } from "./routeget.js";

/** @throws Refusal */
export function getRoutes(request: Request): void {
  if (request.isDump) dumpRoutes(request);
  else getRoute(request);
}
