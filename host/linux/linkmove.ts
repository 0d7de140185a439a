// Interfaces that go from one vnet to another (linux-compat E5.7, NET_NS_*): what was noted of one goes along. A vnet is what
// Linux calls a network namespace.

import { IFLA } from "../../assembly/abi/rtnetlink.js";
import { NetlinkError } from "../kernel/kernel.js";
import { LinuxErrno } from "./errno.js";
import { LinuxIFLA } from "./linkobject.js";
import { expectName } from "./linkrequest.js";
import type { Luggage } from "./linktransit.js";
import type { MessageReader } from "./messagereader.js";
import { Refusal } from "./refusal.js";
import { refusalOf } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

/**
 * The vnet that a request names by a process or a descriptor of the program.
 * @param message - indexed
 * @param pid - of the program
 * @returns undefined when it names none, or the one it is in
 * @throws Refusal EINVAL one that is not known, or two at once
 */
export function namespaceOf(vnet: LinuxVnet, message: MessageReader, pid: number): LinuxVnet | undefined {
  if (message.has(LinuxIFLA.LINK_NETNSID)) throw new Refusal(LinuxErrno.EINVAL, "Unknown network namespace id");
  const given = [IFLA.NET_NS_PID, IFLA.NET_NS_FD, IFLA.IF_NETNSID].filter((type) => message.has(type));
  if (given.length === 0) return undefined;
  if (given.length > 1) {
    throw new Refusal(LinuxErrno.EINVAL, "multiple netns identifying attributes specified");
  }
  const { namespaces } = vnet.owner;
  const target = message.has(IFLA.NET_NS_PID)
    ? namespaces.ofProcess(message.u32(IFLA.NET_NS_PID))
    : message.has(IFLA.NET_NS_FD)
      ? namespaces.ofDescriptor(pid, message.u32(IFLA.NET_NS_FD))
      : undefined;
  if (target === undefined) throw new Refusal(LinuxErrno.EINVAL);
  return target === vnet.vnet ? undefined : vnet.owner.vnet(target);
}

/**
 * Moves an interface, which keeps the name that Linux programs know it by.
 * @param wanted - another name that it is to have there
 * @throws Refusal EEXIST the name is taken there; EINVAL lo, or no name for Linux
 */
export function moveLink(vnet: LinuxVnet, index: number, target: LinuxVnet, wanted?: string): void {
  target.settle();
  const real = vnet.names.real(index) as string;
  if (index === vnet.links.loopback) throw new Refusal(LinuxErrno.EINVAL, "The interface netns is immutable");
  if (wanted !== undefined) expectName(wanted);
  const name = target.names.number(wanted ?? (vnet.names.of(index) as string));
  if (target.names.find(name) !== undefined) throw new Refusal(LinuxErrno.EEXIST);
  const note = vnet.notes.links.get(index);
  const partner = vnet.links.partner(index) ?? 0;
  target.transit.expected.set(index, { note, name, alternatives: vnet.names.alternatives(index), partner });
  try {
    vnet.vnet.interfaceMove(real, target.vnet);
  } catch (error) {
    target.transit.expected.delete(index);
    if (error instanceof NetlinkError) throw refusalOf({ errno: error.errno });
    throw error;
  }
  vnet.settle();
  target.settle();
}

/** An interface left for another vnet by nobody's request here: what was noted of it follows to where it is now. */
export function bringAlong(vnet: LinuxVnet, index: number, real: string, luggage: Luggage): void {
  const target = vnet.kernel.vnets.find((each) => each.interfaceIndex(real) === index);
  if (target === undefined) return;
  const there = vnet.owner.vnet(target);
  if (there.transit.expected.has(index)) return;
  if (there.links.get(index) === undefined) there.transit.expected.set(index, luggage);
  else unpack(there, index, luggage);
}

/** An interface arrived: it has again what it had. A name that somebody here has is lost, and so is its bridge or bond. */
export function unpack(vnet: LinuxVnet, index: number, { note, name, alternatives, partner }: Luggage): void {
  if (note !== undefined) vnet.notes.links.set(index, { ...note, master: 0, slaveData: undefined });
  if (partner !== 0) vnet.links.join(index, partner);
  if (name !== undefined && isFree(vnet, index, name)) vnet.names.rename(index, name);
  for (const each of alternatives) if (isFree(vnet, index, each)) vnet.names.addAlternative(index, each);
}

function isFree(vnet: LinuxVnet, index: number, name: string): boolean {
  const holder = vnet.names.find(name);
  return holder === undefined || holder === index;
}
