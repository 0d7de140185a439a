// The set-ups of the conformance list: each starts from a fresh boot.

import { NETLINK_OPTION, SOL } from "../../assembly/abi/netlink.js";
import { type BootOptions, Kernel, type Socket, type SocketOptions, type Vnet } from "../../host/kernel/kernel.js";

export interface Setup {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  /** A root socket on NETLINK_ROUTE, not bound, CAP_ACK and EXT_ACK on. */
  readonly socket: Socket;
}

/** A socket with CAP_ACK and EXT_ACK on. */
export function openSocket(vnet: Vnet, options: SocketOptions = {}): Socket {
  const socket = vnet.socket(options);
  socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, 1);
  socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, 1);
  return socket;
}

/** Only the addresses that a test gives: no automatic link-local ones, and no duplicate address detection. */
export const AS_GIVEN: BootOptions = { sysctls: { "net.inet6.ip6.auto_linklocal": 0, "net.inet6.ip6.dad_count": 0 } };

/** R: netlink loaded, lo0 (index 1) up with 127.0.0.1/8, ::1, fe80::1. */
export function setupR(options: BootOptions = {}): Setup {
  const kernel = Kernel.boot({ modules: ["netlink"], ...options });
  return { kernel, vnet: kernel.vnet0, socket: openSocket(kernel.vnet0) };
}

/**
 * E: R, and two Ethernet interfaces that are up, 192.0.2.1/24 on the first. They are em0 (index 2) and em1 (index 3),
 * which stand for the two ends of an epair where nothing depends on their being joined.
 */
export function setupE(options: BootOptions = {}): Setup {
  return setupR({
    interfaces: [
      { name: "em0", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["192.0.2.1/24"] },
      { name: "em1", lladdr: "02:00:00:00:00:0b", up: true },
    ],
    ...options,
  });
}

/** E6: as E, with 2001:db8::1/64 in place of the IPv4 address, the automatic link-local address, and dad_count 0. */
export function setupE6(options: BootOptions = {}): Setup {
  return setupR({
    interfaces: [
      { name: "em0", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["2001:db8::1/64"] },
      { name: "em1", lladdr: "02:00:00:00:00:0b", up: true },
    ],
    sysctls: { "net.inet6.ip6.dad_count": 0 },
    ...options,
  });
}

/** A second socket, joined to a group of NETLINK_ROUTE. */
export function monitor(vnet: Vnet, ...groups: readonly number[]): Socket {
  const socket = openSocket(vnet);
  for (const group of groups) socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, group);
  return socket;
}
