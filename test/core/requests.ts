// The few requests that the tests of sockets and queues are made with.

import { NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { RTA, RTM, RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { attribute, codeOf, familyOf, ifinfomsg, ip, message, rtmsg, u32 } from "../support/messages.js";

/** Bytes of the message that tells of lo0 (rtnetlink B.1.6), and of all that a dump of R's links answers. */
export const LO0_BYTES = 320;
export const DONE_BYTES = 20;
export const ACK_BYTES = 36;
export const LINKS_BYTES = LO0_BYTES + DONE_BYTES;

/** A dump of the links, with or without a family header. */
export function getLinks(flags = "q", seq = 1): Uint8Array {
  return message({ type: RTM.GETLINK, flags, seq }, ifinfomsg());
}

/** One link by its index. */
export function getLink(index: number, flags = "q", seq = 1): Uint8Array {
  return message({ type: RTM.GETLINK, flags, seq }, ifinfomsg({ index }));
}

/** A message that does nothing; with ACK it is acked. */
export function noop(flags = "qa", seq = 1): Uint8Array {
  return message({ type: NLMSG.NOOP, flags, seq });
}

/** RTM_NEWROUTE of "127.9.0.0/16" through an interface; 60 bytes at most. */
export function addRoute(prefix: string, flags = "qCX", oif = 1, seq = 1): Uint8Array {
  return message({ type: RTM.NEWROUTE, flags, seq }, ...routeParts(prefix), attribute(RTA.OIF, u32(oif)));
}

export function deleteRoute(prefix: string, flags = "q", seq = 1): Uint8Array {
  return message({ type: RTM.DELROUTE, flags, seq }, ...routeParts(prefix));
}

function routeParts(prefix: string): Uint8Array[] {
  const [address = "", length] = prefix.split("/");
  const fields = {
    family: familyOf(address),
    dstLength: Number(length),
    protocol: RTPROT.STATIC,
    type: RTN.UNICAST,
  };
  return [rtmsg(fields), attribute(RTA.DST, ip(address))];
}

/** An option of SOL_NETLINK. */
export function get(socket: Socket, option: number): number {
  return socket.getsockopt(SOL.NETLINK, option);
}

export function set(socket: Socket, option: number, value: number | Uint8Array): void {
  socket.setsockopt(SOL.NETLINK, option, value);
}

export function setCode(socket: Socket, option: number, value: number | Uint8Array): string | undefined {
  return codeOf(() => set(socket, option, value));
}
