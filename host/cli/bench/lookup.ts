// bench lookup: longest-prefix-match questions by RTM_GETROUTE, one message a send and its reply received. Each address
// lies in a route of the table, drawn at random.
import { addressesIn, RouteLookup } from "../../table/lookup.js";
import { median, nanoseconds, rounded } from "../figures.js";
import { type ConditionKeys, type Conditions, conditionKeys } from "./conditions.js";
import { loadedMachine } from "./machine.js";

export interface LookupFigures extends ConditionKeys {
  readonly routes: number;
  /** Questions of one run. */
  readonly lookups: number;
  readonly nsPerLookup: number;
}

const LOOKUPS = 100_000;
const SEED = 2;

export function benchLookup(conditions: Conditions): LookupFigures {
  const { routes } = conditions;
  const { kernel } = loadedMachine(routes);
  const socket = kernel.vnet0.socket();
  const lookup = new RouteLookup(socket, routes.family);
  const addresses = addressesIn(routes, LOOKUPS, SEED);
  const ask = (): void => lookup.ask(addresses);
  ask();
  const times = Array.from({ length: conditions.runs }, () => nanoseconds(ask));
  socket.close();
  return {
    routes: routes.count,
    lookups: LOOKUPS,
    nsPerLookup: rounded(median(times) / LOOKUPS),
    ...conditionKeys(conditions),
  };
}
