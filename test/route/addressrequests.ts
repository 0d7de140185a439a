// RTM_NEWADDR and RTM_DELADDR, byte by byte, and the set-up with a point-to-point interface.

import { IFA, IFAF, RTM } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions } from "../../host/kernel/kernel.js";
import { attribute, concat, familyOf, ifaddrmsg, ip, message, u32 } from "../support/messages.js";
import { type Setup, setupR } from "../support/setups.js";

/** What a request says; addresses as text, lifetimes in seconds. */
export interface AddressFields {
  readonly local?: string;
  /** IFA_ADDRESS */
  readonly address?: string;
  readonly broadcast?: string;
  readonly prefixLength?: number;
  /** Of the interface; 2 by default. */
  readonly index?: number;
  /** Of the addresses by default. */
  readonly family?: number;
  /** IFA_FLAGS */
  readonly flags?: number;
  /** IFAF_FLAGS */
  readonly in6Flags?: number;
  readonly vhid?: number;
  /** Preferred and valid, of IFA_CACHEINFO. */
  readonly lifetimes?: readonly [number, number];
  readonly seq?: number;
  /** More attributes, at the end. */
  readonly extra?: readonly Uint8Array[];
}

export const FOREVER = 0xffffffff;
export const PERMANENT = [FOREVER, FOREVER] as const;

function request(type: RTM, letters: string, fields: AddressFields): Uint8Array {
  const { local, address, broadcast, prefixLength = 0, index = 2, flags, in6Flags, vhid, lifetimes } = fields;
  const family = fields.family ?? familyOf(local ?? address ?? broadcast ?? "0.0.0.0");
  const parts = [ifaddrmsg({ family, prefixLength, index })];
  if (address !== undefined) parts.push(attribute(IFA.ADDRESS, ip(address)));
  if (local !== undefined) parts.push(attribute(IFA.LOCAL, ip(local)));
  if (broadcast !== undefined) parts.push(attribute(IFA.BROADCAST, ip(broadcast)));
  if (lifetimes !== undefined) {
    parts.push(attribute(IFA.CACHEINFO, u32(lifetimes[0]), u32(lifetimes[1]), u32(0), u32(0)));
  }
  if (flags !== undefined) parts.push(attribute(IFA.FLAGS, u32(flags)));
  const freebsd = concat(
    vhid === undefined ? new Uint8Array() : attribute(IFAF.VHID, u32(vhid)),
    in6Flags === undefined ? new Uint8Array() : attribute(IFAF.FLAGS, u32(in6Flags)),
  );
  if (freebsd.length > 0) parts.push(attribute(IFA.FREEBSD, freebsd));
  return message({ type, flags: letters, seq: fields.seq ?? 1 }, ...parts, ...(fields.extra ?? []));
}

/** "192.0.2.1/24" as IFA_LOCAL and a prefix length. */
function split(own: string): AddressFields {
  const [local = "", length] = own.split("/");
  return { local, prefixLength: Number(length ?? 0) };
}

/** @param own - IFA_LOCAL with its length; undefined for none */
export function newAddr(own: string | undefined, fields: AddressFields = {}, letters = "qaCX"): Uint8Array {
  return request(RTM.NEWADDR, letters, { ...(own === undefined ? {} : split(own)), ...fields });
}

/** @param own - IFA_LOCAL, with or without a length; undefined for none */
export function delAddr(own: string | undefined, fields: AddressFields = {}, letters = "qa"): Uint8Array {
  return request(RTM.DELADDR, letters, { ...(own === undefined ? {} : split(own)), ...fields });
}

/** Index of the interface of setupP. */
export const GIF0 = 2;

/** P: R, and gif0 (point to point) up, 192.0.2.1 with peer 192.0.2.2. */
export function setupP(options: BootOptions = {}): Setup {
  const setup = setupR({ interfaces: [{ name: "gif0", pointToPoint: true, up: true }], ...options });
  setup.vnet.addressAdd("gif0", "192.0.2.1/32", { peer: "192.0.2.2" });
  return setup;
}
