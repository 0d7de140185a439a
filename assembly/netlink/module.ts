// The netlink module: whether it is there, and its sysctls (netlink/netlink_module.c, netlink_domain.c; netlink-core N9).
//   loadModule, unloadModule   the families attach and detach through the functions given
//   isLoaded

import { Errno } from "../abi/errno";
import { NetlinkLimit } from "../abi/netlink";
import { unregisterProtocols } from "./protocol";
import { socketCount } from "./socket";

/** net.netlink.* */
export const enum NetlinkSysctl {
  SENDSPACE = 0,
  RECVSPACE = 1,
  MAXSOCKBUF = 2,
}

@unmanaged
class Module {
  isLoaded: bool;
  sendSpace: u32;
  receiveSpace: u32;
  maxSocketBuffer: u32;
}

const module = changetype<Module>(memory.data(offsetof<Module>(), 16));

/** The sysctls exist with the module loaded or not: they are the glue's. */
export function bootModule(): void {
  module.sendSpace = NetlinkLimit.SPACE;
  module.receiveSpace = NetlinkLimit.SPACE;
  module.maxSocketBuffer = NetlinkLimit.MAXSOCKBUF;
}

export function isLoaded(): bool {
  return module.isLoaded;
}

/** @param attach - registers protocols and hooks. EEXIST when it is loaded. */
export function loadModule(attach: () => void): Errno {
  if (module.isLoaded) return Errno.EEXIST;
  attach();
  module.isLoaded = true;
  return Errno.OK;
}

/** EBUSY while a socket is open, bound or not; ENOENT when it is not loaded. */
export function unloadModule(detach: () => void): Errno {
  if (!module.isLoaded) return Errno.ENOENT;
  if (socketCount() != 0) return Errno.EBUSY;
  module.isLoaded = false;
  unregisterProtocols();
  detach();
  return Errno.OK;
}

export function readSysctl(sysctl: u32): u32 {
  if (sysctl == NetlinkSysctl.SENDSPACE) return module.sendSpace;
  if (sysctl == NetlinkSysctl.RECVSPACE) return module.receiveSpace;
  return module.maxSocketBuffer;
}

/** EINVAL for a net.netlink.nl_maxsockbuf below what one buffer is charged. */
export function writeSysctl(sysctl: u32, value: u32): Errno {
  if (sysctl == NetlinkSysctl.SENDSPACE) module.sendSpace = value;
  else if (sysctl == NetlinkSysctl.RECVSPACE) module.receiveSpace = value;
  else if (value < <u32>NetlinkLimit.SOCKBUF_OVERHEAD) return Errno.EINVAL;
  else module.maxSocketBuffer = value;
  return Errno.OK;
}

/** Bytes that SO_RCVBUF may reach with privilege: nl_maxsockbuf less the share of overhead (sbreserve_locked). */
export function receiveLimitMax(): u32 {
  return <u32>((<u64>module.maxSocketBuffer * NetlinkLimit.NLMBUFSIZE) / NetlinkLimit.SOCKBUF_OVERHEAD);
}
