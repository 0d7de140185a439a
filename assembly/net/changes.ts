// The changes of interfaces that the host asks for, by number: what an ioctl or a driver would do.

import { Errno } from "../abi/errno";
import { COUNTERS } from "../abi/exchange";
import { IfLimit, LINK_STATE } from "../abi/ifnet";
import { holdAllMulticast, holdPromiscuous, setCarrier, setFlags, setLladdr, setMtu } from "./ifchange";
import { setNdFlags } from "./ifcontrol";
import { Counter, Interface, Media } from "./ifnet";
import { hasPrefix } from "./prefix";
import { fibCount } from "./rib";
import { hasRouter } from "./router";
import { changeTunnel, changeTunnelFlags, changeTunnelKey, changeTunnelPort } from "./tunnelctl";
import { closeDevice, openDevice } from "./tuntap";

/** @param value, other - what IfChange says; longer than a number: the address where it lies, and its length */
export type Change = (ifp: Interface, value: u32, other: u32) => Errno;

if (COUNTERS != Counter.COUNT) ERROR("COUNTERS");

/** @param text - at most IfLimit.DESCRIPTION bytes, NUL included */
function describe(ifp: Interface, text: u32, other: u32): Errno {
  memory.copy(ifp.description, text, IfLimit.DESCRIPTION);
  return Errno.OK;
}

function changeFlags(ifp: Interface, on: u32, off: u32): Errno {
  setFlags(ifp, on, off);
  return Errno.OK;
}

function changePromiscuous(ifp: Interface, isOn: u32, other: u32): Errno {
  return holdPromiscuous(ifp, isOn != 0);
}

function changeAllMulticast(ifp: Interface, isOn: u32, other: u32): Errno {
  return holdAllMulticast(ifp, isOn != 0);
}

/** EINVAL for one that the driver does not have (SIOCSIFCAP). */
function changeCapabilities(ifp: Interface, at: u32, other: u32): Errno {
  const wanted = load<u64>(at);
  if ((wanted & ~ifp.capabilities) != 0) return Errno.EINVAL;
  ifp.enabledCapabilities = wanted;
  return Errno.OK;
}

function changeCarrier(ifp: Interface, isOn: u32, other: u32): Errno {
  setCarrier(ifp, isOn != 0 ? LINK_STATE.UP : LINK_STATE.DOWN, isOn != 0 ? Media.ACTIVE : Media.INACTIVE);
  return Errno.OK;
}

function changeCounters(ifp: Interface, at: u32, other: u32): Errno {
  memory.copy(changetype<usize>(ifp) + offsetof<Interface>("counters0"), at, COUNTERS * 8);
  return Errno.OK;
}

function changeDevice(ifp: Interface, isOpen: u32, other: u32): Errno {
  return isOpen != 0 ? openDevice(ifp) : closeDevice(ifp);
}

/**
 * EINVAL for a fib that there is not; EBUSY while it has addresses, prefixes or routers: their routes are in the fib it has.
 */
function changeFib(ifp: Interface, fib: u32, other: u32): Errno {
  if (fib >= fibCount()) return Errno.EINVAL;
  if (ifp.addresses != 0 || hasPrefix(ifp) || hasRouter(ifp)) return Errno.EBUSY;
  ifp.fib = fib;
  return Errno.OK;
}

/** By IfChange. */
export const CHANGES: StaticArray<usize> = [
  changetype<usize>(setMtuOnly),
  changetype<usize>(describe),
  changetype<usize>(setLladdr),
  changetype<usize>(changeFlags),
  changetype<usize>(changePromiscuous),
  changetype<usize>(changeAllMulticast),
  changetype<usize>(changeCapabilities),
  changetype<usize>(changeCarrier),
  changetype<usize>(changeCounters),
  changetype<usize>(changeDevice),
  changetype<usize>(changeFib),
  changetype<usize>(changeTunnel),
  changetype<usize>(changeTunnelFlags),
  changetype<usize>(changeTunnelKey),
  changetype<usize>(changeTunnelPort),
  changetype<usize>(setNdFlags),
];

function setMtuOnly(ifp: Interface, mtu: u32, other: u32): Errno {
  return setMtu(ifp, mtu);
}
