// Names of messages, for comments and reports.

import { NETLINK, NetlinkSize, NLMSG, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { LinuxRTM } from "../linux/number.js";

const CONTROL_NAMES = namesOf("NLMSG_", NLMSG);
const ROUTE_NAMES = new Map([...namesOf("RTM_", LinuxRTM), ...namesOf("RTM_", RTM)]);

function namesOf(prefix: string, numbers: Readonly<Record<string, string | number>>): Map<number, string> {
  const entries = Object.entries(numbers).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return new Map(entries.map(([name, number]) => [number, prefix + name]));
}

/** "RTM_NEWROUTE", or "type 300" for what has no name. @param protocol - of the socket */
export function messageName(type: number, protocol: number): string {
  if (type < NLMSG.MIN_TYPE) return CONTROL_NAMES.get(type) ?? `type ${type}`;
  const name = protocol === NETLINK.ROUTE ? ROUTE_NAMES.get(type) : undefined;
  return name ?? `type ${type}`;
}

/** "RTM_NEWROUTE", "200 messages from RTM_NEWROUTE on"; of what is no message "no message". */
export function messagesName(bytes: Uint8Array, protocol: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (let at = 0; at + NetlinkSize.NLMSGHDR <= bytes.length; count++) {
    const length = view.getUint32(at + NlMsgHdr.LEN, true);
    if (length < NetlinkSize.NLMSGHDR || length > bytes.length - at) break;
    at += (length + 3) & ~3;
  }
  if (count === 0) return "no message";
  const first = messageName(view.getUint16(NlMsgHdr.TYPE, true), protocol);
  return count === 1 ? first : `${count} messages from ${first} on`;
}
