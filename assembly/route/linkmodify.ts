// What RTM_NEWLINK changes of any interface (netlink/route/iface_drivers.c; rtnetlink B.4.3). The first error ends it,
// what was done before stays; without memory nothing was done.

import { Errno } from "../abi/errno";
import { IFF, IfLimit } from "../abi/ifnet";
import { NetlinkSize, PRIV } from "../abi/netlink";
import { append } from "../mem/text";
import { Request } from "../netlink/request";
import { holdPromiscuous, setLladdr, setMtu } from "../net/ifchange";
import { bringUp } from "../net/ifcontrol";
import { bringDown } from "../net/ifdown";
import { Interface } from "../net/ifnet";
import { Switch, hasSwitch } from "../net/switches";
import { LinkRequest } from "./linkrequest";

/** EPERM without the privilege of a step; EINVAL, ENODEV for a link-level address; ENOMEM. */
export function modifyLink(request: Request, ifp: Interface, link: LinkRequest): Errno {
  const socket = request.from;
  if (link.alias != 0 && !socket.hasPrivilege(PRIV.NET_SETIFDESCR)) {
    return refuse(request, "Not enough privileges to set descr");
  }
  memory.copy(formerDescription, ifp.description, IfLimit.DESCRIPTION);
  if (link.alias != 0) describe(ifp, link.alias);
  const error = switchUp(ifp, link);
  if (error != Errno.OK) {
    memory.copy(ifp.description, formerDescription, IfLimit.DESCRIPTION);
    return error;
  }
  if (link.mtu != 0) {
    if (!socket.hasPrivilege(PRIV.NET_SETIFMTU)) return refuse(request, "Not enough privileges to set mtu");
    // What the driver says of it is not looked at.
    setMtu(ifp, link.mtu);
  }
  switchPromiscuous(ifp, link);
  if (link.address == 0 || hasSwitch(Switch.LINK_14)) return Errno.OK;
  if (!socket.hasPrivilege(PRIV.NET_SETIFMAC)) return refuse(request, "Not enough privileges to set lladdr");
  return setLladdr(ifp, link.address + NetlinkSize.NLATTR, load<u16>(link.address) - NetlinkSize.NLATTR);
}

/** The description before the change, put back when memory lacks for the rest. */
const formerDescription: usize = memory.data(64);

if (IfLimit.DESCRIPTION != 64) ERROR("formerDescription");

function refuse(request: Request, text: string): Errno {
  return request.report(Errno.EPERM, text, 0, 0);
}

/** The empty description is none. One too long for the record is cut. */
function describe(ifp: Interface, text: usize): void {
  memory.fill(ifp.description, 0, IfLimit.DESCRIPTION);
  append(ifp.description, IfLimit.DESCRIPTION, 0, text);
}

/** A change mask of 0 means all flags (Linux' old clients); in FreeBSD 14 an interface only goes down. */
function switchUp(ifp: Interface, link: LinkRequest): Errno {
  const isOld = hasSwitch(Switch.LINK_14);
  if ((link.change & IFF.UP) == 0 && (isOld || link.change != 0)) return Errno.OK;
  if ((link.flags & IFF.UP) == 0) return bringDown(ifp);
  return isOld ? Errno.OK : bringUp(ifp, false);
}

/** Requests hold one reference at most, however often they ask. */
function switchPromiscuous(ifp: Interface, link: LinkRequest): void {
  if ((link.change & IFF.PROMISC) == 0 && (hasSwitch(Switch.LINK_14) || link.change != 0)) return;
  const isOn = (link.flags & IFF.PROMISC) != 0;
  if (ifp.isPromiscuousByRequest == isOn) return;
  ifp.isPromiscuousByRequest = isOn;
  holdPromiscuous(ifp, isOn);
}
