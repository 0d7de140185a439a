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
  /** The first of net.netlink.debug.*: they say how much is logged, and change nothing else. */
  DEBUG = 3,
}

/** Units that have a debug level, and what it is at first: LOG_INFO. */
const DEBUG_UNITS: u32 = 12;
const DEBUG_LEVEL: u32 = 6;
const debugLevels: usize = memory.data(48);

if (DEBUG_UNITS * 4 != 48) ERROR("a word for each unit");

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
  for (let unit: u32 = 0; unit < DEBUG_UNITS; unit++) store<u32>(debugLevels + unit * 4, DEBUG_LEVEL);
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
  if (sysctl == NetlinkSysctl.MAXSOCKBUF) return module.maxSocketBuffer;
  return load<u32>(debugLevels + (sysctl - NetlinkSysctl.DEBUG) * 4);
}

/** EINVAL for a net.netlink.nl_maxsockbuf below what one buffer is charged. */
export function writeSysctl(sysctl: u32, value: u32): Errno {
  if (sysctl == NetlinkSysctl.SENDSPACE) module.sendSpace = value;
  else if (sysctl == NetlinkSysctl.RECVSPACE) module.receiveSpace = value;
  else if (sysctl >= <u32>NetlinkSysctl.DEBUG) store<u32>(debugLevels + (sysctl - NetlinkSysctl.DEBUG) * 4, value);
  else if (value < <u32>NetlinkLimit.SOCKBUF_OVERHEAD) return Errno.EINVAL;
  else module.maxSocketBuffer = value;
  return Errno.OK;
}

/** Bytes that SO_RCVBUF may reach with privilege: nl_maxsockbuf less the share of overhead (sbreserve_locked). */
export function receiveLimitMax(): u32 {
  return <u32>((<u64>module.maxSocketBuffer * NetlinkLimit.NLMBUFSIZE) / NetlinkLimit.SOCKBUF_OVERHEAD);
}
