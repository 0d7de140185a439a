// What IPv6 does with addresses by itself (netinet6/in6.c, in6_ifattach.c, nd6.c, nd6_nbr.c; rtnetlink C.5, C.6).
//   checkRequest, setLifetimes   a request to add or change an address
//   wantsLinkLocal, interfaceId  the automatic link-local address of an interface
//   startDad, stopDad            duplicate address detection; hearDad: somebody answered for the address
//   disable, canEnable           IPv6 on an interface
// Nobody is told of flags that change.

import { Errno } from "../abi/errno";
import { IFF, IFT, IN6_IFF, ND6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { randomWord } from "../mem/random";
import { isLinkLocal } from "./address";
import { Callout, setCallout, stopCallout, uptimeMs, uptimeSeconds } from "./clock";
import { IfAddress } from "./ifaddr";
import { Interface, firstInterface } from "./ifnet";
import { armNd } from "./ndtimer";
import { settings } from "./settings";

/** Milliseconds below which the delay of the first probe is drawn. */
const DELAY_MS: u32 = 1000;
/** Times that a probe is tried on an interface that is down (dad_maxtry). */
const DAD_TRIES: u32 = 15;
/** U/L and I/G bits in the first byte of a link-layer address (net/if_var.h, EUI64_UBIT, EUI64_GBIT). */
const LOCAL_BIT: u32 = 2;
const GROUP_BIT: u32 = 1;

/**
 * Whether an interface takes an address (in6_validate_ifra).
 * @param present - the length of the address if the interface has it, else 0
 * @returns EINVAL prefix length 0 or beyond 128, or another one than it has; a peer on an interface that has none, or with
 *   another length than 128; preferred for longer than valid
 */
export function checkRequest(
  ifp: Interface, prefixLength: u32, present: u32, hasPeer: bool, preferredSeconds: u32, validSeconds: u32,
): Errno {
  if (prefixLength == 0 || prefixLength > 128) return Errno.EINVAL;
  if (hasPeer && ((!ifp.isPointToPoint && !ifp.isLoopback) || prefixLength != 128)) return Errno.EINVAL;
  if (preferredSeconds > validSeconds) return Errno.EINVAL;
  return present != 0 && present != prefixLength ? Errno.EINVAL : Errno.OK;
}

/** Sets lifetimes and flags of a new address, or of one that is there (in6_update_ifa_internal). */
export function setLifetimes(address: IfAddress, flags: u32, preferredSeconds: u32, validSeconds: u32, isNew: bool): void {
  const ifp = changetype<Interface>(address.ifp);
  address.updatedSeconds = uptimeSeconds();
  address.validSeconds = validSeconds;
  // Deprecated by hand: its preferred time is over.
  address.preferredSeconds = (flags & IN6_IFF.DEPRECATED) != 0 ? 0 : preferredSeconds;
  address.flags = flags & ~IN6_IFF.DUPLICATED;
  if (!isNew) return;
  if (needsDad(ifp)) address.flags |= IN6_IFF.TENTATIVE;
  if (!isDetected(address)) address.flags &= ~IN6_IFF.TENTATIVE;
}

/** in6if_do_dad */
function needsDad(ifp: Interface): bool {
  if (ifp.isLoopback || (ifp.flags & IFF.MULTICAST) == 0) return false;
  return (ifp.ndFlags & (ND6_IFF.IFDISABLED | ND6_IFF.NO_DAD)) == 0;
}

/** Whether detection does anything for a tentative address. */
function isDetected(address: IfAddress): bool {
  if ((address.flags & IN6_IFF.ANYCAST) != 0 || settings.dadCount == 0) return false;
  return (changetype<Interface>(address.ifp).ndFlags & ND6_IFF.NO_DAD) == 0;
}

function isRunning(ifp: Interface): bool {
  return ifp.isUp && (ifp.driverFlags & IFF.RUNNING) != 0;
}

/** Milliseconds by which the first probe is put off, below a second. */
export function dadDelay(): u32 {
  return randomWord() % DELAY_MS;
}

/** Begins duplicate address detection of a tentative address, unless it is under way (nd6_dad_start). */
export function startDad(address: IfAddress, delayMs: u32): void {
  if ((address.flags & IN6_IFF.TENTATIVE) == 0) return;
  if (!isDetected(address)) {
    address.flags &= ~IN6_IFF.TENTATIVE;
    return;
  }
  const ifp = changetype<Interface>(address.ifp);
  if (!isRunning(ifp) || (ifp.ndFlags & ND6_IFF.IFDISABLED) != 0 || address.dad.dueMs != 0) return;
  address.dadTries = 0;
  address.dadProbes = 0;
  address.dadAnswers = 0;
  setCallout(address.dad, uptimeMs() + delayMs, probe, changetype<usize>(address));
}

export function stopDad(address: IfAddress): void {
  stopCallout(address.dad);
}

/** Another owner answers for an address; EADDRNOTAVAIL when it is not being detected (nd6_dad_na_input). */
export function hearDad(address: IfAddress): Errno {
  if (address.dad.dueMs == 0) return Errno.EADDRNOTAVAIL;
  address.dadAnswers++;
  return Errno.OK;
}

/** A probe is due, or the time to wait for an answer to the last one is over (nd6_dad_timer). */
function probe(owner: usize): void {
  const address = changetype<IfAddress>(owner);
  const ifp = changetype<Interface>(address.ifp);
  if ((ifp.ndFlags & ND6_IFF.IFDISABLED) != 0 || (address.flags & IN6_IFF.TENTATIVE) == 0) return;
  if (address.dadTries > DAD_TRIES && !isRunning(ifp)) return;
  if (address.dadProbes < settings.dadCount) {
    address.dadTries++;
    if (isRunning(ifp)) address.dadProbes++;
    setCallout(address.dad, uptimeMs() + ifp.retransmitMs, probe, owner);
    return;
  }
  address.flags &= ~IN6_IFF.TENTATIVE;
  if (address.dadAnswers != 0) markDuplicate(ifp, address);
}

/** A duplicate of the link-local address that the hardware gives switches IPv6 off (nd6_dad_duplicated). */
function markDuplicate(ifp: Interface, address: IfAddress): void {
  address.flags |= IN6_IFF.DUPLICATED;
  if (!isLinkLocal(AF.INET6, address.high) || ifp.type != IFT.ETHER) return;
  const id = hardwareId(ifp);
  if (id != 0 && id == address.low) ifp.ndFlags |= ND6_IFF.IFDISABLED;
  armNd();
}

/** Whether IPv6 may be switched on: not while the link-local address is a duplicate (nd6_ioctl). */
export function canEnable(ifp: Interface): bool {
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    const isDuplicate = address.family == AF.INET6 && (address.flags & IN6_IFF.DUPLICATED) != 0;
    if (isDuplicate && isLinkLocal(AF.INET6, address.high)) return false;
  }
  return true;
}

/** Switches IPv6 off: every address becomes tentative. */
export function disable(ifp: Interface): void {
  ifp.ndFlags |= ND6_IFF.IFDISABLED;
  armNd();
  if (settings.dadCount == 0 || (ifp.ndFlags & ND6_IFF.NO_DAD) != 0) return;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.family == AF.INET6) address.flags |= IN6_IFF.TENTATIVE;
  }
}

/**
 * Whether an interface that is coming up gets a link-local address (in6_ifattach). A loopback one does not: FreeBSD's own
 * test sees none beside what it adds (test_rtnl_ifaddr.py, TestIfAddrLo).
 */
export function wantsLinkLocal(ifp: Interface): bool {
  if (ifp.isLoopback || (ifp.flags & IFF.MULTICAST) == 0) return false;
  if ((ifp.ndFlags & (ND6_IFF.AUTO_LINKLOCAL | ND6_IFF.IFDISABLED)) != ND6_IFF.AUTO_LINKLOCAL) return false;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (isLinkLocal(address.family, address.high)) return false;
  }
  return true;
}

/** The lower half of an interface's link-local address: its own, borrowed from another that is unique, or random (get_ifid). */
export function interfaceId(ifp: Interface): u64 {
  let id = hardwareId(ifp);
  if (id != 0) return id;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    if (at == changetype<usize>(ifp)) continue;
    id = hardwareId(changetype<Interface>(at));
    // Of a link-layer address that is unique everywhere the bit is set now.
    if (id != 0 && (<u32>(id >> 56) & LOCAL_BIT) != 0) return id;
  }
  // FreeBSD digests the host's name, which the kernel here does not have.
  id = (<u64>randomWord() << 32) | randomWord();
  return id & ~((<u64>(LOCAL_BIT | GROUP_BIT)) << 56);
}

/** EUI-64 of an Ethernet address as an identifier (in6_get_hw_ifid); 0 = there is none. */
function hardwareId(ifp: Interface): u64 {
  const isEthernet = ifp.type == IFT.ETHER || ifp.type == IFT.L2VLAN || ifp.type == IFT.BRIDGE || ifp.type == IFT.IEEE1394;
  if (!isEthernet || ifp.lladdrBytes != 6) return 0;
  const bytes = bswap<u64>(load<u64>(ifp.lladdrPointer)) >> 16;
  if (bytes == 0 || bytes == 0xffffffffffff || (<u32>(bytes >> 40) & GROUP_BIT) != 0) return 0;
  const id = ((bytes >> 24) << 40) | (<u64>0xfffe << 24) | (bytes & 0xffffff);
  return id ^ (<u64>LOCAL_BIT << 56);
}
