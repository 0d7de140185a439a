// Names of messages, of either ABI, for reports: RTM_NEWROUTE, CTRL_CMD_GETFAMILY.

import { CTRL_CMD, GENL } from "../../assembly/abi/genetlink.js";
import { NETLINK, NetlinkSize, NLMSG, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { LinuxRTM } from "./number.js";

const CONTROL_NAMES = namesOf("NLMSG_", NLMSG);
const ROUTE_NAMES = new Map([...namesOf("RTM_", LinuxRTM), ...namesOf("RTM_", RTM)]);
const COMMAND_NAMES = namesOf("CTRL_CMD_", CTRL_CMD);

function namesOf(prefix: string, numbers: Readonly<Record<string, string | number>>): Map<number, string> {
  const entries = Object.entries(numbers).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return new Map(entries.map(([name, number]) => [number, prefix + name]));
}

/**
 * "RTM_NEWROUTE"; of generic netlink the controller's "CTRL_CMD_GETFAMILY", of other families "type 20, command 3"; of what has
 * no name "type 300".
 * @param message - from its header on, as much as there is
 * @param protocol - of the socket
 */
export function messageName(message: Uint8Array, protocol: number): string {
  if (message.length < NetlinkSize.NLMSGHDR) return `${message.length} bytes`;
  const type = ((message[NlMsgHdr.TYPE + 1] as number) << 8) | (message[NlMsgHdr.TYPE] as number);
  return typeName(type, message[NetlinkSize.NLMSGHDR] ?? 0, protocol);
}

/** As messageName. @param command - the first byte behind the header; 0 where there is none */
export function typeName(type: number, command: number, protocol: number): string {
  if (type < NLMSG.MIN_TYPE) return CONTROL_NAMES.get(type) ?? `type ${type}`;
  if (protocol === NETLINK.ROUTE) return ROUTE_NAMES.get(type) ?? `type ${type}`;
  if (protocol !== NETLINK.GENERIC) return `type ${type}`;
  const name = type === GENL.MIN_ID ? COMMAND_NAMES.get(command) : undefined;
  return name ?? `type ${type}, command ${command}`;
}
