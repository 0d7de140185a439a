// What ioctls and drivers do to the interfaces of a vnet.

import { Errno } from "../../assembly/abi/errno.js";
import { AttachFlag, AttachLayout, CloneLayout, COUNTERS } from "../../assembly/abi/exchange.js";
import { IfChange, IfLimit } from "../../assembly/abi/ifnet.js";
import type { Core } from "./core.js";
import { expectSuccess, NetlinkError } from "./errno.js";
import { checkTunnel, type InterfaceOptions, integer, parseLladdr, U32_MAX } from "./options.js";
import { changeTunnel, type TunnelChanges } from "./tunnels.js";

/** What a vlan is made with besides its name. */
export interface VlanOptions {
  /** Name of the parent. */
  readonly parent: string;
  /** 1 … 4094 */
  readonly vid: number;
  /** 0x8100, the default, or 0x88a8. */
  readonly protocol?: number;
}

/** Counters of an interface; those left out become 0. */
export interface InterfaceCounters {
  readonly rxPackets?: number;
  readonly txPackets?: number;
  readonly rxBytes?: number;
  readonly txBytes?: number;
  readonly rxErrors?: number;
  readonly txErrors?: number;
  readonly rxDropped?: number;
  readonly txDropped?: number;
  readonly multicast?: number;
  readonly noProtocol?: number;
}

/** Changes of an interface, made in this order; the first error ends them. */
export interface InterfaceChanges {
  /** EINVAL outside of 72 … 65,535 or of what the driver takes. */
  readonly mtu?: number;
  /** At most 63 bytes; empty = none. */
  readonly description?: string;
  /** "02:00:00:00:00:01" */
  readonly lladdr?: string;
  /** IFF bits that a user may set. */
  readonly flags?: { readonly on?: number; readonly off?: number };
  /** A reference is taken or given back; EINVAL when there is none to give back. */
  readonly promiscuous?: boolean;
  readonly allMulticast?: boolean;
  /** IFCAP bits that are on; EINVAL for one that the driver does not have. */
  readonly capabilities?: readonly number[];
  readonly carrier?: boolean;
  /** EINVAL for one that there is not; EBUSY while the interface has addresses, prefixes or routers. */
  readonly fib?: number;
  /**
   * ND6_IFF bits, 0 … 2^32 - 1: what IPv6 does, as ifconfig's accept_rtadv, no_radr, auto_linklocal, no_dad. One that is in
   * both is on. ENOMEM for the link-local address that may come.
   */
  readonly nd6?: { readonly on?: number; readonly off?: number };
  readonly counters?: InterfaceCounters;
  readonly tunnel?: TunnelChanges;
}

const COUNTER_NAMES: readonly (keyof InterfaceCounters)[] = [
  "rxPackets",
  "txPackets",
  "rxBytes",
  "txBytes",
  "rxErrors",
  "txErrors",
  "rxDropped",
  "txDropped",
  "multicast",
  "noProtocol",
];
const VLAN_PROTOCOL = 0x8100;

/** @returns the index. @throws NetlinkError EEXIST, ENOMEM */
export function attachInterface(core: Core, options: InterfaceOptions, lladdr: Uint8Array | undefined): number {
  const { exchange } = core;
  core.writeText(AttachLayout.DESCRIPTION, options.description ?? "", IfLimit.DESCRIPTION);
  core.writeText(AttachLayout.NAME, options.name, IfLimit.NAMSIZ);
  const { bytes, data } = core.views;
  data.setBigUint64(exchange + AttachLayout.LLADDR, 0n);
  if (lladdr !== undefined) bytes.set(lladdr, exchange + AttachLayout.LLADDR);
  data.setUint32(exchange + AttachLayout.MTU, options.mtu ?? 0, true);
  data.setUint32(exchange + AttachLayout.FIB, options.fib ?? 0, true);
  let flags = options.pointToPoint === true ? AttachFlag.POINT_TO_POINT : 0;
  if (lladdr !== undefined) flags |= AttachFlag.LLADDR;
  return expectSuccess(`interface ${options.name}`, core.call.interfaceAttach(flags));
}

/** Makes an interface by its cloner. @returns its index and the name it got */
export function createInterface(core: Core, name: string, vlan: VlanOptions | undefined, parent: number) {
  const { exchange } = core;
  core.writeText(CloneLayout.NAME, name, CloneLayout.PARENT);
  const { data } = core.views;
  data.setUint32(exchange + CloneLayout.PARENT, parent, true);
  data.setUint32(exchange + CloneLayout.VID, vlan?.vid ?? 0, true);
  data.setUint32(exchange + CloneLayout.PROTOCOL, vlan?.protocol ?? VLAN_PROTOCOL, true);
  const index = expectSuccess(`interface ${name}`, core.call.interfaceCreate());
  const bytes = core.views.bytes.subarray(exchange, exchange + IfLimit.NAMSIZ);
  return { index, name: String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0))) };
}

export function renameInterface(core: Core, index: number, name: string): void {
  if (new TextEncoder().encode(name).length >= IfLimit.NAMSIZ) throw new NetlinkError("rename", Errno.ENAMETOOLONG);
  core.writeText(0, name, IfLimit.NAMSIZ);
  expectSuccess(`rename ${name}`, core.call.interfaceRename(index));
}

/**
 * @param indexOf - the index of an interface by name
 * @throws NetlinkError what InterfaceChanges says
 */
export function changeInterface(
  core: Core,
  index: number,
  name: string,
  changes: InterfaceChanges,
  indexOf: (name: string) => number | undefined,
): void {
  const { tunnel } = changes;
  if (tunnel !== undefined) checkTunnel(tunnel);
  const change = (which: IfChange, value: number, other = 0): void => {
    const what = `interface ${name}: ${IfChange[which]?.toLowerCase()}`;
    expectSuccess(what, core.call.interfaceChange(index, which, value, other));
  };
  const { mtu, description, lladdr, flags, promiscuous, allMulticast, capabilities, carrier, fib, nd6, counters } =
    changes;
  if (mtu !== undefined) change(IfChange.MTU, mtu);
  if (description !== undefined) {
    core.writeText(0, description, IfLimit.DESCRIPTION);
    change(IfChange.DESCRIPTION, core.exchange);
  }
  if (lladdr !== undefined) {
    const bytes = parseLladdr(lladdr);
    core.views.bytes.set(bytes, core.exchange);
    change(IfChange.LLADDR, core.exchange, bytes.length);
  }
  if (flags !== undefined) change(IfChange.FLAGS, flags.on ?? 0, flags.off ?? 0);
  if (promiscuous !== undefined) change(IfChange.PROMISCUOUS, promiscuous ? 1 : 0);
  if (allMulticast !== undefined) change(IfChange.ALLMULTI, allMulticast ? 1 : 0);
  if (capabilities !== undefined) {
    const bits = capabilities.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    core.views.data.setBigUint64(core.exchange, bits, true);
    change(IfChange.CAPABILITIES, core.exchange);
  }
  if (carrier !== undefined) change(IfChange.CARRIER, carrier ? 1 : 0);
  if (fib !== undefined) change(IfChange.FIB, fib);
  if (nd6 !== undefined) {
    change(IfChange.ND6, integer(nd6.on ?? 0, "nd6.on", 0, U32_MAX), integer(nd6.off ?? 0, "nd6.off", 0, U32_MAX));
  }
  if (counters !== undefined) {
    writeCounters(core, counters);
    change(IfChange.COUNTERS, core.exchange);
  }
  if (tunnel !== undefined) changeTunnel(core, tunnel, change, indexOf);
}

function writeCounters(core: Core, counters: InterfaceCounters): void {
  for (let n = 0; n < COUNTERS; n++) {
    const name = COUNTER_NAMES[n] as keyof InterfaceCounters;
    core.views.data.setBigUint64(core.exchange + n * 8, BigInt(counters[name] ?? 0), true);
  }
}

/** Moves an interface's record from one core to the other, where it arrives. */
export function moveInterface(index: number, name: string, from: Core, to: Core): void {
  const record = expectSuccess(`interface ${name}`, to.call.interfaceExpect(index));
  const length = from.call.interfaceLeave(index);
  if (length < 0) {
    to.call.interfaceUnexpect(record);
    throw new NetlinkError(`interface ${name}`, -length as Errno);
  }
  to.views.bytes.set(from.views.bytes.subarray(from.exchange, from.exchange + length), to.exchange);
  to.call.interfaceEnter(record);
}
