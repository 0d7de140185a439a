// The vnet's addresses as the kernel last told of them, in the order of its dump within an interface.

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, IFA, IfAddrMsg } from "../../assembly/abi/rtnetlink.js";
import type { MessageReader } from "./messagereader.js";
import { refill } from "./plain.js";

/** An address, with FreeBSD's numbers. */
export interface Address {
  /** What it is known by: its interface, its family and itself. */
  readonly key: string;
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
  /** By interface, then by key. */
  readonly #interfaces = new Map<number, Map<string, Address>>();

  /** By interface, then by key. */
  save(): ReadonlyMap<number, Map<string, Address>> {
    return this.#interfaces;
  }

  load(interfaces: ReadonlyMap<number, Map<string, Address>>): void {
    refill(this.#interfaces, interfaces);
  }

  /** @param message - RTM_NEWADDR of the kernel. @returns whether it was not there before, and what it is now */
  set(message: MessageReader): { readonly address: Address; readonly isNew: boolean } {
    const address = readAddress(message);
    let addresses = this.#interfaces.get(address.index);
    if (addresses === undefined) {
      addresses = new Map();
      this.#interfaces.set(address.index, addresses);
    }
    const isNew = !addresses.has(address.key);
    addresses.set(address.key, address);
    return { address, isNew };
  }

  delete(address: Address): void {
    const addresses = this.#interfaces.get(address.index);
    addresses?.delete(address.key);
    if (addresses?.size === 0) this.#interfaces.delete(address.index);
  }

  clear(): void {
    this.#interfaces.clear();
  }

  get(index: number, family: number, local: Uint8Array): Address | undefined {
    return this.#interfaces.get(index)?.get(addressKey(index, family, local));
  }

  *all(): IterableIterator<Address> {
    for (const addresses of this.#interfaces.values()) yield* addresses.values();
  }

  /** Of one family on one interface, in order of arrival. */
  on(index: number, family: number): Address[] {
    return [...(this.#interfaces.get(index)?.values() ?? [])].filter((each) => each.family === family);
  }
}

/** @param message - RTM_NEWADDR or RTM_DELADDR of the kernel */
export function readAddress(message: MessageReader): Address {
  message.index(HeaderSize.IFADDRMSG);
  const family = message.header8(IfAddrMsg.FAMILY);
  const bytes = family === AF.INET6 ? 16 : 4;
  const index = message.header32(IfAddrMsg.INDEX);
  const address = message.payload(IFA.ADDRESS)?.slice() ?? new Uint8Array(bytes);
  const local = message.payload(IFA.LOCAL)?.slice() ?? address;
  return {
    key: addressKey(index, family, local),
    family,
    index,
    prefixLength: message.header8(IfAddrMsg.PREFIXLEN),
    scope: message.header8(IfAddrMsg.SCOPE),
    local,
    peer: address,
    broadcast: message.payload(IFA.BROADCAST)?.slice(),
    flags: message.u32(IFA.FLAGS),
  };
}

/** What an address is known by. */
export function addressKey(index: number, family: number, local: Uint8Array): string {
  return `${index} ${family} ${local.join(".")}`;
}

/** Whether two byte strings are the same. */
export function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

/** The address with all bits behind its prefix cleared. */
export function networkOf(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((byte, i) => byte & (0xff00 >>> Math.max(0, Math.min(8, prefixLength - i * 8))));
}
