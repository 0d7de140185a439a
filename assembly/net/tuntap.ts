// The device behind tun, tap and vmnet: a program opens it and is the other end of the wire (net/if_tuntap.c).
//   openDevice, closeDevice

import { Errno } from "../abi/errno";
import { IFF, IFT, LINK_STATE } from "../abi/ifnet";
import { clonerOf } from "./cloner";
import { changeLinkState } from "./ifchange";
import { bringDown, withdrawAddresses } from "./ifdown";
import { Interface, Media } from "./ifnet";

/** Rows of the table of cloners. */
const enum Device {
  TUN = 5,
  TAP = 6,
  VMNET = 7,
}

/** The device's Device, 0 = the interface has none. */
function deviceOf(ifp: Interface): u32 {
  const cloner = clonerOf(ifp.driver);
  if (cloner == null || ifp.cloner == 0) return 0;
  return cloner.number >= <u32>Device.TUN && cloner.number <= <u32>Device.VMNET ? cloner.number : 0;
}

/** ENXIO without a device; EBUSY it is open. */
export function openDevice(ifp: Interface): Errno {
  if (deviceOf(ifp) == 0) return Errno.ENXIO;
  if (ifp.isOpen) return Errno.EBUSY;
  ifp.isOpen = true;
  if (ifp.type == IFT.ETHER) ifp.driverFlags |= IFF.RUNNING;
  changeLinkState(ifp, LINK_STATE.UP, ifp.type == IFT.ETHER ? Media.ACTIVE : Media.NONE);
  return Errno.OK;
}

/** The interface goes down and loses its addresses, but for vmnet. ENXIO it is not open; ENOMEM, and it stays open. */
export function closeDevice(ifp: Interface): Errno {
  const device = deviceOf(ifp);
  if (device == 0 || !ifp.isOpen) return Errno.ENXIO;
  const staysUp = device == Device.VMNET || (device == Device.TAP && (ifp.flags & IFF.LINK0) != 0);
  if (!staysUp) {
    const error = quiet(ifp);
    if (error != Errno.OK) return error;
  }
  ifp.isOpen = false;
  changeLinkState(ifp, LINK_STATE.DOWN, ifp.type == IFT.ETHER ? Media.INACTIVE : Media.NONE);
  return Errno.OK;
}

/** Down, and without addresses if the driver ran (tundtor). */
function quiet(ifp: Interface): Errno {
  if (ifp.isUp) {
    const error = bringDown(ifp);
    if (error != Errno.OK) return error;
  }
  if ((ifp.driverFlags & IFF.RUNNING) == 0) return Errno.OK;
  const error = withdrawAddresses(ifp);
  if (error == Errno.OK) ifp.driverFlags &= ~IFF.RUNNING;
  return error;
}
