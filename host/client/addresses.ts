// The requests of addresses: RTM_GETADDR, RTM_NEWADDR, RTM_DELADDR.

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { type Address, address } from "../codec/address.js";
import { parsePrefix } from "../codec/ip.js";
import type { Requests } from "./connection.js";

/** What an address is besides itself. */
export interface AddressParameters {
  /** Of the interface. */
  readonly index: number;
  /** The other end of a point-to-point interface. */
  readonly peer?: string;
  /** IPv4; the kernel computes it without one. */
  readonly broadcast?: string;
  /** IPv6: IFA_F bits. */
  readonly flags?: number;
  /** IPv6: seconds that it is preferred and valid; for ever without them. */
  readonly preferred?: number;
  readonly valid?: number;
}

/** A lifetime without end (netinet6/nd6.h, ND6_INFINITE_LIFETIME). */
const FOREVER = 0xffffffff;

export function listAddresses(on: Requests, filter: { family?: AF; index?: number }): Address[] {
  return on
    .request(address.message(RTM.GETADDR, { flags: NLM_F.DUMP }, filter))
    .flatMap((answer) => (answer.kind === "address" ? [answer.body] : []));
}

export function newAddress(on: Requests, text: string, options: AddressParameters): void {
  const { index, peer, broadcast, flags, preferred = FOREVER, valid = FOREVER } = options;
  const { address: local, length: prefixLength, family } = parsePrefix(text);
  on.change(
    address.message(
      RTM.NEWADDR,
      { flags: NLM_F.CREATE | NLM_F.EXCL },
      {
        ...{ family, prefixLength, index, local },
        ...(peer === undefined ? {} : { address: peer }),
        ...(broadcast === undefined ? {} : { broadcast }),
        ...(flags === undefined ? {} : { flags }),
        // IPv6 without lifetimes is an address of lifetime 0 (iface.c).
        ...(family === AF.INET6 ? { cacheInfo: { preferred, valid, created: 0, updated: 0 } } : {}),
      },
    ),
  );
}

/** The prefix length is not compared (iface.c), and not sent. */
export function deleteAddress(on: Requests, text: string, index: number): void {
  const { address: local, family } = parsePrefix(text);
  on.change(address.message(RTM.DELADDR, {}, { family, index, local }));
}
