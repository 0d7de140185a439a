// The vnet's addresses as the kernel last told of them, in the order of its dump within an interface.

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, IFA, IfAddrMsg } from "../../assembly/abi/rtnetlink.js";
import type { MessageReader } from "./messagereader.js";

/** An address, with FreeBSD's numbers. */
export interface Address {
  readonly family: number;
  readonly index: number;
  readonly prefixLength: number;
  readonly scope: number;
  /** Network order: 4 or 16 bytes. */
  readonly local: Uint8Array;
  /** The other end of a point-to-point interface; else the same as local. */
  readonly peer: Uint8Array;
  readonly broadcast: Uint8Array | undefined;
  /** IFA_F bits. */
  readonly flags: number;
}

export class AddressMirror {
  readonly #addresses = new Map<string, Address>();

  /** @param message - RTM_NEWADDR of the kernel. @returns whether it was not there before, and what it is now */
  set(message: MessageReader): { readonly address: Address; readonly isNew: boolean } {
    const address = readAddress(message);
    const key = keyOf(address);
    const isNew = !this.#addresses.has(key);
    this.#addresses.set(key, address);
    return { address, isNew };
  }

  delete(address: Address): void {
    this.#addresses.delete(keyOf(address));
  }

  clear(): void {
    this.#addresses.clear();
  }

  get(index: number, family: number, local: Uint8Array): Address | undefined {
    return this.#addresses.get(keyOf({ index, family, local }));
  }

  all(): IterableIterator<Address> {
    return this.#addresses.values();
  }

  /** Of one family on one interface, in order of arrival. */
  on(index: number, family: number): Address[] {
    return [...this.#addresses.values()].filter((each) => each.index === index && each.family === family);
  }
}

/** @param message - RTM_NEWADDR or RTM_DELADDR of the kernel */
export function readAddress(message: MessageReader): Address {
  message.index(HeaderSize.IFADDRMSG);
  const family = message.header8(IfAddrMsg.FAMILY);
  const bytes = family === AF.INET6 ? 16 : 4;
  const address = message.payload(IFA.ADDRESS)?.slice() ?? new Uint8Array(bytes);
  return {
    family,
    index: message.header32(IfAddrMsg.INDEX),
    prefixLength: message.header8(IfAddrMsg.PREFIXLEN),
    scope: message.header8(IfAddrMsg.SCOPE),
    local: message.payload(IFA.LOCAL)?.slice() ?? address,
    peer: address,
    broadcast: message.payload(IFA.BROADCAST)?.slice(),
    flags: message.u32(IFA.FLAGS),
  };
}

function keyOf({ index, family, local }: { index: number; family: number; local: Uint8Array }): string {
  return `${index} ${family} ${local.join(".")}`;
}
