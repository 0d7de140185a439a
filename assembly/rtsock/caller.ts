// Who writes on a routing socket, or asks for a dump: the thread at hand, not who opened the socket (rtsock G.3.11).
//   hasPrivilege
//   mayUse        whether a jail without a vnet may see a route, and which source address it is shown

import { PRIV } from "../abi/netlink";
import { addressBits } from "../net/address";
import { IfAddress } from "../net/ifaddr";
import { Interface } from "../net/ifnet";
import { Nexthop } from "../net/nexthop";
import { echoed } from "./echo";

@unmanaged
export class Caller {
  processId: u32;
  /** PRIV.* */
  privileges: u32;
  /** In a jail without a vnet of its own: it sees its addresses only. */
  isConstrained: bool;
  jailAddressCount: u32;
  /** JailAddress records. */
  jailAddresses: usize;
}

/** An address of the jail (AddressLayout of abi/exchange.ts). */
@unmanaged
class JailAddress {
  family: u32;
  high: u64;
  low: u64;
}

export function mayChangeRoutes(caller: Caller): bool {
  return !caller.isConstrained && (caller.privileges & PRIV.NET_ROUTE) != 0;
}

/** prison_if */
export function isJailsOwn(caller: Caller, family: u32, high: u64, low: u64): bool {
  if (!caller.isConstrained) return true;
  for (let i: u32 = 0; i < caller.jailAddressCount; i++) {
    const address = changetype<JailAddress>(caller.jailAddresses + i * offsetof<JailAddress>());
    if (address.family == family && address.high == high && address.low == low) return true;
  }
  return false;
}

/**
 * Of all routes a jail sees only the host routes of its own addresses (can_export_rte), and as their source only one of its
 * addresses on the interface (rtm_get_jailed). For the route that `echoed` says.
 */
export function mayUse(caller: Caller, family: u32, nexthop: Nexthop): bool {
  if (!caller.isConstrained) return true;
  if (echoed.bits != addressBits(family) || !isJailsOwn(caller, family, echoed.high, echoed.low)) return false;
  for (let at = changetype<Interface>(nexthop.ifp).addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.family != family || !isJailsOwn(caller, family, address.high, address.low)) continue;
    echoed.source = at;
    return true;
  }
  return true;
}
