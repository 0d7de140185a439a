// Whether prefixes and routers are consistent, for tests: counts, references, and that nothing is left under way.

import { AF } from "../abi/inet";
import { IfAddress, firstAddress } from "./ifaddr";
import { Prefix, PrefixRouter, covers, firstPrefix, prefixCount, prefixRouterCount } from "./prefix";
import { Router, firstRouter, rank, routerCount } from "./router";

/** What is wrong. */
export const enum PrefixFault {
  NONE = 0,
  /** A prefix counts other addresses than it has, or an address is outside of its prefix. */
  ADDRESSES = 301,
  /** A change of a prefix is neither done nor undone. */
  UNDER_WAY = 302,
  /** A prefix knows a router that there is not. */
  ROUTERS = 303,
  /** Records are in use that no list has. */
  COUNT = 304,
  /** The routers are not in the order of their preferences, or two of one fib have the default route. */
  ORDER = 305,
}

export function checkPrefixes(): u32 {
  let count: u32 = 0;
  let routers: u32 = 0;
  for (let at = firstPrefix(); at != 0; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (!countsAddresses(prefix)) return PrefixFault.ADDRESSES;
    if (prefix.isStaged || prefix.isFresh || prefix.isOnLink != (prefix.fibs != 0)) return PrefixFault.UNDER_WAY;
    for (let each = prefix.routers; each != 0; each = changetype<PrefixRouter>(each).next) {
      if (!isListed(changetype<PrefixRouter>(each).router)) return PrefixFault.ROUTERS;
      routers++;
    }
    count++;
  }
  if (count != prefixCount() || routers != prefixRouterCount()) return PrefixFault.COUNT;
  return checkRouters();
}

function countsAddresses(prefix: Prefix): bool {
  let count: u32 = 0;
  for (let at = firstAddress(); at != 0; at = changetype<IfAddress>(at).nextOfAll) {
    const address = changetype<IfAddress>(at);
    if (address.family != AF.INET6 || address.prefix != changetype<usize>(prefix)) continue;
    if (address.ifp != prefix.ifp || !covers(prefix, address.high, address.low)) return false;
    count++;
  }
  return count == prefix.addresses;
}

function isListed(router: usize): bool {
  for (let at = firstRouter(); at != 0; at = changetype<Router>(at).next) if (at == router) return true;
  return false;
}

function checkRouters(): u32 {
  let count: u32 = 0;
  for (let at = firstRouter(); at != 0; at = changetype<Router>(at).next) {
    const router = changetype<Router>(at);
    const next = changetype<Router | null>(router.next);
    if (next != null && rank(next) > rank(router)) return PrefixFault.ORDER;
    for (let each = router.next; each != 0 && router.isInstalled; each = changetype<Router>(each).next) {
      const other = changetype<Router>(each);
      if (other.isInstalled && other.home.fib == router.home.fib) return PrefixFault.ORDER;
    }
    count++;
  }
  return count == routerCount() ? PrefixFault.NONE : PrefixFault.COUNT;
}
