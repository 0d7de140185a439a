// What is set of a gre besides its endpoints (net/if_gre.c; netinet/ip_gre.c, netinet6/ip6_gre.c).

import { Errno } from "../abi/errno";
import { GRE } from "../abi/ifnet";
import { Interface } from "./ifnet";
import { attach, hasTwin, tunnelOf } from "./tunnel";

const FLAGS: u32 = GRE.ENABLE_CSUM | GRE.ENABLE_SEQ | GRE.UDPENCAP;
/** The ports that sockets get which ask for high ones (net.inet.ip.portrange.hifirst, hilast). */
const PORT_MIN: u32 = 49152;
const PORT_MAX: u32 = 65535;

/**
 * Sets all flags of a gre (GRESOPTS).
 * @returns EINVAL for a flag that there is not; EEXIST another gre has these endpoints, and wraps packets this way; ENXIO
 *   as attach
 */
export function setGreFlags(ifp: Interface, flags: u32): Errno {
  if ((flags & ~FLAGS) != 0) return Errno.EINVAL;
  if (flags == ifp.tunnelFlags) return Errno.OK;
  const tunnel = tunnelOf(ifp);
  const isRewrapped = ((flags ^ ifp.tunnelFlags) & GRE.UDPENCAP) != 0;
  if (tunnel != null && isRewrapped && hasTwin(ifp, tunnel, flags)) return Errno.EEXIST;
  ifp.tunnelFlags = flags;
  return tunnel == null ? Errno.OK : attach(ifp);
}

/** The key of packets that go out, 0 = none (GRESKEY). */
export function setGreKey(ifp: Interface, key: u32): Errno {
  ifp.tunnelKey = key;
  return Errno.OK;
}

/** The UDP port that packets come from, 0 = any (GRESPORT). EINVAL below the high ports, or beyond all. */
export function setGrePort(ifp: Interface, port: u32): Errno {
  if (port != 0 && (port < PORT_MIN || port > PORT_MAX)) return Errno.EINVAL;
  ifp.tunnelPort = port;
  return Errno.OK;
}
