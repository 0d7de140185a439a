// What a kernel, a vnet's interfaces and a socket are made with, and what is wrong with what was given.

import { Errno } from "../../assembly/abi/errno.js";
import { JAIL_ADDRESSES_MAX } from "../../assembly/abi/exchange.js";
import { IfLimit, ND6_IFF } from "../../assembly/abi/ifnet.js";
import { PRIV } from "../../assembly/abi/netlink.js";
import { RouteLimit } from "../../assembly/abi/rtnetlink.js";
import { parsePrefixed } from "./address.js";
import { NetlinkError } from "./errno.js";
import type { InterfaceChanges, VlanOptions } from "./interfaces.js";
import { checkSysctls, VNET_SYSCTLS } from "./sysctls.js";
import { parseEndpoints, type TunnelChanges } from "./tunnels.js";

/** Which runnable socket's task goes on: in order of scheduling, or by a seeded choice for each message. */
export type Policy = "fifo" | "seeded";

export interface BootOptions {
  /** Seed of the kernel's random source: an integer, 0 … 2^53 - 1. Default 1. */
  readonly seed?: number;
  /** Unix second at boot, 1 … 2^32 - 1. Default 1,767,225,600 (2026-01-01). */
  readonly wallClock?: number;
  readonly policy?: Policy;
  /** Nothing runs until step, run or runUntilIdle is called. Default: task queues run as soon as something was sent. */
  readonly stepped?: boolean;
  /** net.fibs, 1 … 65,535. Default 1. */
  readonly fibs?: number;
  /** Modules loaded at boot, e.g. ["netlink"]. */
  readonly modules?: readonly string[];
  /** False: a kernel without `device loop`, none of whose vnets has lo0. Default true. */
  readonly loopback?: boolean;
  /** Interfaces of vnet0, after lo0. */
  readonly interfaces?: readonly InterfaceOptions[];
  /** What the stack's sysctls are at first in every vnet, as tunables: { "net.inet6.ip6.dad_count": 0 }. */
  readonly sysctls?: Readonly<Record<string, number>>;
  /** Keeps the event log from the start, for record(). It holds a copy of everything sent and received. Default false. */
  readonly record?: boolean;
  readonly switches?: Switches;
}

/** What FreeBSD's releases do differently, or where its source leaves a question open. All off by default. */
export interface Switches {
  /** Links as FreeBSD 14 has them: IFLA_FREEBSD is empty, and RTM_NEWLINK brings nothing up. */
  readonly links14?: boolean;
  /** A vlan's parent, vid and ethertype are shown. */
  readonly vlanDump?: boolean;
  /** What the controller of generic netlink announces reaches nobody, as FreeBSD's newest source has it. */
  readonly genlNotifyGroup0?: boolean;
  /** The settings of gif and gre interfaces are read and shown by netlink, as FreeBSD 16 has it. */
  readonly tunnelData?: boolean;
  /**
   * With tunnelData: a gre's endpoints are shown as they are. FreeBSD's driver shows the head of each socket address in their
   * place, and both as the local one.
   */
  readonly greEndpoints?: boolean;
}

export interface InterfaceOptions {
  /** 1 … 15 characters; the digits at its end are the unit, what is before them the driver. */
  readonly name: string;
  /** Link-layer address, e.g. "02:00:00:00:00:01". */
  readonly lladdr?: string;
  /** 72 … 65,535 bytes. Default 1500. */
  readonly mtu?: number;
  readonly up?: boolean;
  /** Made by a cloner: "tap", "epair", "vlan" …; the name chooses which, and may lack the unit. Default: hardware. */
  readonly kind?: string;
  /** Of a vlan: the name of its parent, its vid 1 … 4094, its ethertype 0x8100 (the default) or 0x88a8. */
  readonly parent?: string;
  readonly vid?: number;
  readonly protocol?: number;
  /** Of a gif or gre; EINVAL of another. */
  readonly tunnel?: TunnelChanges;
  /** At most 63 bytes. */
  readonly description?: string;
  readonly fib?: number;
  /** With prefix length: "192.0.2.1/24", "2001:db8::1/64". */
  readonly addresses?: readonly string[];
  /** A tunnel without link-layer addresses: an IPv4 address on it needs a peer. Default false. */
  readonly pointToPoint?: boolean;
  /** IPv6 is on from the start (ifconfig -ifdisabled); by default it is off until the first IPv6 address. */
  readonly inet6?: boolean;
  /** It heeds router advertisements (ifconfig accept_rtadv). Default: net.inet6.ip6.accept_rtadv. */
  readonly acceptRtadv?: boolean;
}

/** What an address is besides itself; lifetimes in seconds, for ever by default. */
export interface AddressOptions {
  /** The other end of a point-to-point interface. */
  readonly peer?: string;
  /** IPv4 on a broadcast interface; by default the last address of the network. */
  readonly broadcast?: string;
  /** IN6_IFF bits. */
  readonly flags?: number;
  readonly preferred?: number;
  readonly valid?: number;
  /** Of the interface's virtual host (carp) that the address is attached to. */
  readonly vhid?: number;
}

/**
 * A socket of another ABI, whose messages the host rewrites: requests before they are sent, everything else as it is read.
 * FreeBSD does both in the kernel, so the kernel has to know what comes of it.
 *
 * A request whose rewrite failed has the errno in nlmsg_pid, which is 0 in all others; it is answered with that errno.
 */
export interface ForeignAbi {
  /** Bytes that a link's message gains, 0 … 255: they count against SO_RCVBUF. */
  readonly linkGrowth: number;
  /** Bytes of an Ethernet interface's name in the rewritten form, padded, 0 … 255; 0 leaves the name. */
  readonly ethernetNameBytes: number;
  /** Notifications of interfaces that are gone are never queued. */
  readonly losesDepartures: boolean;
}

/** Who opens a socket. */
export interface Cred {
  /** 0, the default, is root. */
  readonly uid?: number;
  /** PRIV bits; by default all for uid 0, none for others. */
  readonly privileges?: number;
  /** A jail with a vnet of its own changes nothing but the vnet; one without sees only its addresses. */
  readonly jail?: { readonly vnet: boolean; readonly addresses?: readonly string[] };
  readonly capabilityMode?: boolean;
}

export interface SocketOptions {
  /** AF.NETLINK by default. */
  readonly domain?: number;
  /** SOCK.RAW by default. */
  readonly type?: number;
  /** NETLINK.ROUTE by default. */
  readonly protocol?: number;
  readonly cred?: Cred;
  /** Process id of the opener; 1000 by default. */
  readonly pid?: number;
  readonly foreign?: ForeignAbi;
}

export interface RoutingSocketOptions {
  /** SOCK.RAW by default. */
  readonly type?: number;
  /** The family that it hears of; 0, the default, is all. Its lowest byte counts. */
  readonly protocol?: number;
  /** Of whoever writes, unless a write says otherwise. */
  readonly cred?: Cred;
  /** Process id of whoever writes; 1000 by default. */
  readonly pid?: number;
  /** The process's fib. Default 0. */
  readonly fib?: number;
}

const WALL_CLOCK_DEFAULT = 1_767_225_600;
export const U32_MAX = 0xffffffff;

/** Boot options with every default filled in. */
export type CompleteBootOptions = Required<BootOptions>;

/**
 * What goes into the core as a word must fit one: WebAssembly takes any number, and cuts off what is above.
 * @throws RangeError naming what the value is of, and its range
 */
export function integer(value: number, what: string, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${what}: ${value}; expected an integer from ${least} to ${most}`);
  }
  return value;
}

/** @throws RangeError naming the option and its range */
export function completeBoot(options: BootOptions): CompleteBootOptions {
  const policy = options.policy ?? "fifo";
  if (policy !== "fifo" && policy !== "seeded") throw new RangeError(`policy: ${policy}; expected "fifo" or "seeded"`);
  return {
    seed: integer(options.seed ?? 1, "seed", 0, Number.MAX_SAFE_INTEGER),
    wallClock: integer(options.wallClock ?? WALL_CLOCK_DEFAULT, "wallClock", 1, U32_MAX),
    policy,
    stepped: options.stepped ?? false,
    fibs: integer(options.fibs ?? 1, "fibs", 1, RouteLimit.FIBS),
    modules: options.modules ?? [],
    loopback: options.loopback ?? true,
    interfaces: options.interfaces ?? [],
    sysctls: checked(options.sysctls ?? {}),
    record: options.record ?? false,
    switches: options.switches ?? {},
  };
}

/** The switches as the core's bits (assembly/net/switches.ts). */
export function switchBits(switches: Switches): number {
  const { links14, vlanDump, genlNotifyGroup0, tunnelData, greEndpoints } = switches;
  const inOrder = [links14, vlanDump, genlNotifyGroup0, tunnelData, greEndpoints];
  return inOrder.reduce((bits, isOn, n) => (isOn ? bits | (1 << n) : bits), 0);
}

/** What a vlan is made with. */
export function vlanOf({ parent, vid, protocol }: InterfaceOptions): VlanOptions | undefined {
  if (parent === undefined) return undefined;
  return { parent, vid: vid ?? 0, ...(protocol === undefined ? {} : { protocol }) };
}

/** What is set of an interface once it is there: all of one that a cloner made, hardware has the most already. */
export function changesOf({ kind, mtu, lladdr, description, fib, tunnel }: InterfaceOptions): InterfaceChanges {
  if (kind === undefined) return tunnel === undefined ? {} : { tunnel };
  return {
    ...(fib === undefined ? {} : { fib }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(lladdr === undefined ? {} : { lladdr }),
    ...(description === undefined ? {} : { description }),
    ...(tunnel === undefined ? {} : { tunnel }),
  };
}

/** Whether advertisements are heeded, as ND6_IFF bits to set and to clear. */
export function rtadvBits(isAccepted: boolean): { on?: number; off?: number } {
  return isAccepted ? { on: ND6_IFF.ACCEPT_RTADV } : { off: ND6_IFF.ACCEPT_RTADV };
}

function checked(sysctls: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  checkSysctls(sysctls, VNET_SYSCTLS);
  return sysctls;
}

/** @throws RangeError naming the option and its range */
export function checkAddress(options: AddressOptions): void {
  for (const what of ["flags", "preferred", "valid", "vhid"] as const) {
    const value = options[what];
    if (value !== undefined) integer(value, `address: ${what}`, 0, U32_MAX);
  }
}

/**
 * What can be said of the options before there is an interface.
 * @param fibs - net.fibs
 * @throws NetlinkError EINVAL or ENAMETOOLONG; RangeError for numbers out of range, and texts that are no address
 */
export function checkInterface(options: InterfaceOptions, fibs: number): void {
  if (!/^[A-Za-z][A-Za-z0-9_.-]*$/.test(options.name))
    throw new NetlinkError(`interface "${options.name}"`, Errno.EINVAL);
  if (options.name.length >= IfLimit.NAMSIZ) throw new NetlinkError(`interface "${options.name}"`, Errno.ENAMETOOLONG);
  if (options.mtu !== undefined) integer(options.mtu, `${options.name}: mtu`, IfLimit.MIN_MTU, IfLimit.MAX_MTU);
  if (options.fib !== undefined) integer(options.fib, `${options.name}: fib`, 0, fibs - 1);
  if (options.lladdr !== undefined) parseLladdr(options.lladdr);
  if (options.tunnel !== undefined) checkTunnel(options.tunnel);
  for (const address of options.addresses ?? []) parsePrefixed(address);
  const description = new TextEncoder().encode(options.description ?? "");
  if (description.length >= IfLimit.DESCRIPTION) {
    throw new RangeError(
      `${options.name}: description: ${description.length} bytes; expected at most ${IfLimit.DESCRIPTION - 1}`,
    );
  }
}

/** What can be said of the changes of a tunnel before they are made. @throws RangeError naming the value and its range */
export function checkTunnel({ endpoints, flags, key, port }: TunnelChanges): void {
  if (endpoints) parseEndpoints(endpoints);
  if (flags !== undefined) integer(flags, "tunnel: flags", 0, U32_MAX);
  if (key !== undefined) integer(key, "tunnel: key", 0, U32_MAX);
  if (port !== undefined) integer(port, "tunnel: port", 0, 0xffff);
}

/** The link-layer address as bytes. @throws RangeError naming it */
export function parseLladdr(text: string): Uint8Array {
  if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)) {
    throw new RangeError(`lladdr: "${text}"; expected six bytes in hex, as 02:00:00:00:00:01`);
  }
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}

export function privilegesOf(cred: Cred): number {
  return cred.privileges ?? ((cred.uid ?? 0) === 0 ? PRIV.ALL : PRIV.NONE);
}

/** The addresses that a credential's jail may see; undefined outside a jail without a vnet. @throws RangeError */
export function jailAddressesOf(cred: Cred): readonly string[] | undefined {
  if (cred.jail === undefined || cred.jail.vnet) return undefined;
  const addresses = cred.jail.addresses ?? [];
  if (addresses.length > JAIL_ADDRESSES_MAX) {
    throw new RangeError(`jail: ${addresses.length} addresses; expected at most ${JAIL_ADDRESSES_MAX}`);
  }
  return addresses;
}
