// The protocols of AF_NETLINK and their handlers, by number (netlink/netlink_domain.c, nl_handlers).

import { Errno } from "../abi/errno";
import { NetlinkLimit } from "../abi/netlink";
import { Request } from "./request";

/** Handles one message of type 16 or above with NLM_F_REQUEST. */
export type ProtocolHandler = (request: Request) => Errno;

const handlers: usize = memory.data(80, 16);

if (NetlinkLimit.PROTOCOLS * 4 != 80) ERROR("the table has a word for each protocol");

export function registerProtocol(protocol: u32, handler: ProtocolHandler): void {
  store<usize>(handlers + protocol * sizeof<usize>(), changetype<usize>(handler));
}

export function unregisterProtocols(): void {
  memory.fill(handlers, 0, NetlinkLimit.PROTOCOLS * sizeof<usize>());
}

export function hasProtocol(protocol: u32): bool {
  return load<usize>(handlers + protocol * sizeof<usize>()) != 0;
}

export function handleByProtocol(protocol: u32, request: Request): Errno {
  return changetype<ProtocolHandler>(load<usize>(handlers + protocol * sizeof<usize>()))(request);
}
