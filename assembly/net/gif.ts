// What is set of a gif besides its endpoints (net/if_gif.c; netinet/in_gif.c, netinet6/in6_gif.c).

import { Errno } from "../abi/errno";
import { GIF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { Interface } from "./ifnet";
import { tunnelOf } from "./tunnel";

const FLAGS: u32 = GIF.NOCLAMP | GIF.IGNORE_SOURCE;

/** Sets all flags of a gif (GIFSOPTS). EINVAL for a flag that there is not. */
export function setGifFlags(ifp: Interface, flags: u32): Errno {
  if ((flags & ~FLAGS) != 0) return Errno.EINVAL;
  const tunnel = tunnelOf(ifp);
  // Quirk: between IPv4 endpoints a change of NOCLAMP alone is forgotten (in_gif_setopts).
  const isForgotten = ((flags ^ ifp.tunnelFlags) & GIF.IGNORE_SOURCE) == 0;
  if (tunnel != null && tunnel.family == AF.INET && isForgotten) return Errno.OK;
  ifp.tunnelFlags = flags;
  return Errno.OK;
}
