// The source address that Linux gives a packet (net/ipv4/devinet.c, inet_select_addr; net/ipv6/addrconf.c,
// ipv6_dev_get_saddr; linux-compat E7.9), as far as `route get` shows it.

import { IFF } from "../../assembly/abi/ifnet.js";
import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { isLinkLocal, shareBits } from "./addressbits.js";
import type { Address } from "./addressmirror.js";
import type { LinuxVnet } from "./vnet.js";

/**
 * @param oif - index of the interface that the packet leaves by
 * @param gateway - undefined when the destination is on the link
 * @returns undefined when there is no address at all
 */
export function sourceFor(
  vnet: LinuxVnet,
  oif: number,
  destination: Uint8Array,
  gateway: Uint8Array | undefined,
): Uint8Array | undefined {
  const source = destination.length === AddressSize.INET6 ? source6 : source4;
  return source(vnet, oif, destination, gateway)?.local;
}

/** The first address in the network of the gateway, else the first of the interface, else any that others may see. */
function source4(
  vnet: LinuxVnet,
  oif: number,
  destination: Uint8Array,
  gateway: Uint8Array | undefined,
): Address | undefined {
  const next = gateway?.length === AddressSize.INET ? gateway : destination;
  const own = vnet.addresses.on(oif, AF.INET);
  return own.find((each) => shareBits(each.peer, next, each.prefixLength)) ?? own[0] ?? elsewhere(vnet, AF.INET);
}

/** One of the scope that the destination has; in its network, if there is one. */
function source6(vnet: LinuxVnet, oif: number, destination: Uint8Array): Address | undefined {
  const isOnLink = isLinkLocal(destination) || isLinkLocalMulticast(destination);
  const own = vnet.addresses.on(oif, AF.INET6);
  const fitting = own.filter((each) => isLinkLocal(each.local) === isOnLink);
  return (
    fitting.find((each) => shareBits(each.local, destination, each.prefixLength)) ??
    fitting[0] ??
    elsewhere(vnet, AF.INET6) ??
    own[0]
  );
}

/** ff02::/16, whatever its flags. */
function isLinkLocalMulticast(address: Uint8Array): boolean {
  return address[0] === 0xff && ((address[1] as number) & 0x0f) === 0x02;
}

function elsewhere(vnet: LinuxVnet, family: number): Address | undefined {
  for (const each of vnet.addresses.all()) {
    const flags = vnet.links.get(each.index)?.flags ?? 0;
    if (each.family === family && (flags & IFF.LOOPBACK) === 0 && !isLinkLocal(each.local)) return each;
  }
  return undefined;
}
