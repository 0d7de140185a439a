// Addresses as Linux programs give and take them (net/ipv4/devinet.c, net/ipv6/addrconf.c; linux-compat E6.2, E6.3):
// RTM_NEWADDR, RTM_DELADDR.

import { Errno } from "../../assembly/abi/errno.js";
import { IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFA, IFA_F, IfAddrMsg, RTM } from "../../assembly/abi/rtnetlink.js";
import { eachAddress, removeAddress, tellAddress } from "./addressevent.js";
import { type Address, addressKey, networkOf, sameBytes } from "./addressmirror.js";
import { labelOf, notedLifetimes, shownPeer } from "./addressobject.js";
import { type AddressTexts, type Named, readNamed, readWanted, type Wanted } from "./addressrequest.js";
import { LinuxErrno } from "./errno.js";
import { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import type { AddressNote } from "./notes.js";
import { FOREVER } from "./number.js";
import { Refusal } from "./refusal.js";
import { type Corrections, type Request, refusalOf } from "./request.js";
import type { Expiry, LinuxVnet } from "./vnet.js";

/** IFA_F that the kernel takes; on IPv4 it takes none. */
const PASSED = IFA_F.NODAD | IFA_F.OPTIMISTIC | IFA_F.TEMPORARY;
/** IFA_F that are kept and shown back. */
const NOTED = IFA_F.NOPREFIXROUTE | IFA_F.HOMEADDRESS | IFA_F.MCAUTOJOIN | IFA_F.MANAGETEMPADDR;
const MS = 1000;

// ---- RTM_NEWADDR

/** Gives an interface an address; with NLM_F_REPLACE one that is there gets new lifetimes. @throws Refusal */
export function newAddress(request: Request): void {
  const { vnet, cause } = request;
  const wanted = readWanted(request);
  const key = addressKey(wanted.index, wanted.family, wanted.local);
  const present = findPresent(vnet, wanted);
  if (present !== undefined && (request.has(NLM_F.EXCL) || !request.has(NLM_F.REPLACE))) {
    throw new Refusal(LinuxErrno.EEXIST, wanted.texts.present);
  }
  cause.subject = key;
  const before = vnet.notes.addresses.get(key);
  vnet.notes.addresses.set(key, noteOf(vnet, wanted, before));
  try {
    if (present === undefined) tellKernel(request, wanted);
    else replace(request, wanted, present);
  } catch (error) {
    if (before === undefined) vnet.notes.addresses.delete(key);
    else vnet.notes.addresses.set(key, before);
    throw error;
  }
  if (wanted.family === AF.INET && wanted.valid !== FOREVER) expireLater(vnet, wanted);
}

/**
 * An IPv4 address that stays as it is must not go through the kernel, which would take it away and give it again, with all its
 * routes (rtnetlink C.4.4). An IPv6 one keeps the prefix length that it has.
 */
function replace(request: Request, wanted: Wanted, present: Address): void {
  const { vnet, cause } = request;
  if (wanted.family === AF.INET) {
    const { prefixLength, broadcast } = present;
    const isOther = wanted.broadcast !== undefined && !sameBytes(wanted.broadcast, broadcast);
    if (isOther || wanted.prefixLength !== prefixLength) {
      tellKernel(request, wanted);
      return;
    }
  } else {
    tellKernel(request, { ...wanted, prefixLength: present.prefixLength });
  }
  tellAddress(vnet, present, cause);
}

function tellKernel(request: Request, wanted: Wanted): void {
  const { vnet } = request;
  const flags = vnet.links.get(wanted.index)?.flags ?? 0;
  const hasPeer = wanted.family === AF.INET6 || (flags & IFF.POINTOPOINT) !== 0;
  request.tell((writer) => {
    beginChange(writer, RTM.NEWADDR, wanted);
    writer.raw(IFA.LOCAL, wanted.local);
    // The kernel has no peers of IPv4 on other interfaces.
    writer.raw(IFA.ADDRESS, hasPeer ? wanted.peer : wanted.local);
    if (wanted.broadcast !== undefined) writer.raw(IFA.BROADCAST, wanted.broadcast);
    if (wanted.family === AF.INET6) {
      writer.u32(IFA.FLAGS, wanted.flags & PASSED);
      // Without, the kernel would take lifetimes of 0 (rtnetlink C.5.2).
      const at = writer.zeros(IFA.CACHEINFO, HeaderSize.IFA_CACHEINFO);
      writer.view.setUint32(at, wanted.preferred, true);
      writer.view.setUint32(at + 4, wanted.valid, true);
    }
    writer.end();
  }, corrections(wanted.texts));
}

function beginChange(writer: MessageWriter, type: number, { family, index, prefixLength }: Omit<Named, "texts">): void {
  writer.begin(type, NLM_F.REQUEST, 0, 0, HeaderSize.IFADDRMSG);
  writer.header8(IfAddrMsg.FAMILY, family);
  writer.header8(IfAddrMsg.PREFIXLEN, prefixLength);
  writer.header32(IfAddrMsg.INDEX, index);
}

function corrections({ noDevice, absent }: AddressTexts): Corrections {
  return {
    [Errno.ENOENT]: [LinuxErrno.ENODEV, noDevice],
    [Errno.EADDRNOTAVAIL]: [LinuxErrno.EADDRNOTAVAIL, absent],
  };
}

/**
 * The address, if the kernel has it. Where another address took over the network of one that went, the kernel told nobody that
 * it went (rtnetlink Z.3): that is told now.
 */
function findPresent(vnet: LinuxVnet, { index, family, local }: Wanted): Address | undefined {
  const known = vnet.addresses.get(index, family, local);
  if (known === undefined) return undefined;
  let present: Address | undefined;
  eachAddress(vnet, index, family, (_, address) => {
    if (address.key === known.key) present = address;
  });
  if (present === undefined) forget(vnet, known);
  return present;
}

/** An address went and the kernel told nobody. */
function forget(vnet: LinuxVnet, address: Address, request?: Request): void {
  const { family, index, prefixLength, local, peer, scope, flags } = address;
  const writer = new MessageWriter(128);
  writer.begin(RTM.DELADDR, 0, 0, 0, HeaderSize.IFADDRMSG);
  writer.header8(IfAddrMsg.FAMILY, family);
  writer.header8(IfAddrMsg.PREFIXLEN, prefixLength);
  writer.header8(IfAddrMsg.SCOPE, scope);
  writer.header32(IfAddrMsg.INDEX, index);
  writer.raw(IFA.ADDRESS, peer);
  writer.raw(IFA.LOCAL, local);
  if (address.broadcast !== undefined) writer.raw(IFA.BROADCAST, address.broadcast);
  writer.u32(IFA.FLAGS, flags);
  writer.end();
  const reader = new MessageReader(writer.written);
  reader.seek(0);
  removeAddress(vnet, reader, address, request?.cause);
}

/** What is noted of an address that a program gives: what it says counts, a label that it leaves out stays. */
function noteOf(vnet: LinuxVnet, wanted: Wanted, before: AddressNote | undefined): AddressNote {
  const now = vnet.kernel.uptime;
  const isInet = wanted.family === AF.INET;
  const name = vnet.names.of(wanted.index);
  return {
    isGiven: true,
    label: wanted.label === undefined ? before?.label : wanted.label === name ? undefined : wanted.label,
    flags: wanted.flags & (isInet ? NOTED | IFA_F.NODAD : NOTED),
    hasBroadcast: wanted.broadcast !== undefined || (before?.hasBroadcast ?? false),
    peer: isInet && !sameBytes(wanted.local, wanted.peer) ? wanted.peer : undefined,
    priority: wanted.priority,
    protocol: wanted.protocol,
    created: before?.created ?? now,
    changed: now,
    preferred: wanted.preferred,
    valid: wanted.valid,
  };
}

/** The kernel's IPv4 addresses stay for ever: the layer takes one whose time is over, unless it got more in the meantime. */
function expireLater(vnet: LinuxVnet, wanted: Wanted): void {
  const { index, local } = wanted;
  vnet.wait({ time: vnet.kernel.uptime + wanted.valid * MS, index, local });
}

/** The time of an IPv4 address may be over. */
export function expireAddress(vnet: LinuxVnet, { index, local }: Expiry): void {
  const note = vnet.notes.addresses.get(addressKey(index, AF.INET, local));
  if (note === undefined || notedLifetimes(note, vnet.kernel.uptime).valid > 0) return;
  const known = vnet.addresses.get(index, AF.INET, local);
  if (known === undefined) return;
  vnet.agent.ask(deletion(known));
  vnet.defer(() => {
    // Where another address takes the network over, the kernel tells nobody.
    const rest = vnet.addresses.get(index, AF.INET, local);
    if (rest !== undefined) forget(vnet, rest);
  });
}

// ---- RTM_DELADDR

/** Takes an address: what is given must agree, and of several that do the first goes. @throws Refusal */
export function deleteAddress(request: Request): void {
  const { vnet, cause, message } = request;
  const named = readNamed(request);
  const local = message.payload(IFA.LOCAL)?.slice();
  const address = message.payload(IFA.ADDRESS)?.slice();
  const found =
    named.family === AF.INET ? findInet(request, named, local, address) : findInet6(vnet, named, local ?? address);
  if (found === undefined) throw new Refusal(LinuxErrno.EADDRNOTAVAIL, named.texts.absent);
  cause.subject = found.key;
  const answer = request.ask((writer) => writer.whole(deletion(found)));
  // The kernel may have had it no more, or tells nobody that it went.
  const isGone = answer.errno === 0 || answer.errno === Errno.EADDRNOTAVAIL;
  if (isGone && vnet.addresses.get(found.index, found.family, found.local) !== undefined) forget(vnet, found, request);
  if (answer.errno !== 0) throw refusalOf(answer, corrections(named.texts));
}

/** inet_rtm_deladdr: local address, label, and prefix, each if it is given. */
function findInet(
  { vnet, message }: Request,
  { index, prefixLength }: Named,
  local: Uint8Array | undefined,
  address: Uint8Array | undefined,
): Address | undefined {
  for (const each of [local, address])
    if (each !== undefined && each.length !== 4) throw new Refusal(LinuxErrno.EINVAL);
  const label = message.text(IFA.LABEL);
  return vnet.addresses.on(index, AF.INET).find((each) => {
    if (local !== undefined && !sameBytes(each.local, local)) return false;
    if (label !== undefined && labelOf(vnet, each) !== label) return false;
    if (address === undefined) return true;
    if (each.prefixLength !== prefixLength) return false;
    return sameBytes(networkOf(shownPeer(vnet, each), prefixLength), networkOf(address, prefixLength));
  });
}

/** inet6_addr_del: the address and its prefix length. */
function findInet6(vnet: LinuxVnet, named: Named, local: Uint8Array | undefined): Address | undefined {
  if (local === undefined || local.length !== 16) throw new Refusal(LinuxErrno.EINVAL);
  if (named.prefixLength > 128) throw new Refusal(LinuxErrno.EINVAL, named.texts.prefix);
  const found = vnet.addresses.get(named.index, AF.INET6, local);
  return found?.prefixLength === named.prefixLength ? found : undefined;
}

function deletion(address: Address): Uint8Array {
  const writer = new MessageWriter(64);
  beginChange(writer, RTM.DELADDR, address);
  writer.raw(IFA.LOCAL, address.local);
  writer.end();
  return writer.written;
}
