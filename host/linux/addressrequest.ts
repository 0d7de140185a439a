// What RTM_NEWADDR and RTM_DELADDR of a Linux program say, checked as Linux does (rtm_to_ifaddr, inet6_rtm_newaddr).

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, IFA, IFA_F, IfAddrMsg } from "../../assembly/abi/rtnetlink.js";
import { LinuxIFA } from "./addressobject.js";
import { LinuxErrno } from "./errno.js";
import { freebsdFamilyOf, LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import { FOREVER, LinuxLimit } from "./number.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

/** Prefix length of addresses that temporary ones are made of. */
const MANAGED_PREFIX = 64;

/** What Linux says of a family's addresses. */
export interface AddressTexts {
  readonly noDevice: string;
  readonly prefix: string;
  readonly noAddress: string | undefined;
  readonly lifetime: string;
  readonly present: string;
  readonly absent: string;
}

const TEXTS: ReadonlyMap<number, AddressTexts> = new Map<number, AddressTexts>([
  [
    AF.INET,
    {
      noDevice: "ipv4: Device not found",
      prefix: "ipv4: Invalid prefix length",
      noAddress: "ipv4: Local address is not supplied",
      lifetime: "ipv4: address lifetime invalid",
      present: "ipv4: Address already assigned",
      absent: "ipv4: Address not found",
    },
  ],
  [
    AF.INET6,
    {
      noDevice: "ipv6: Unable to find the interface",
      prefix: "ipv6: Invalid prefix length",
      noAddress: undefined,
      lifetime: "ipv6: address lifetime invalid",
      present: "ipv6: address already assigned",
      absent: "ipv6: address not found",
    },
  ],
]);

/** What both requests name. */
export interface Named {
  /** FreeBSD's. */
  readonly family: number;
  readonly texts: AddressTexts;
  readonly index: number;
  readonly prefixLength: number;
}

/** What RTM_NEWADDR asks for. */
export interface Wanted extends Named {
  readonly local: Uint8Array;
  /** IFA_ADDRESS: the same as local where there is no peer. */
  readonly peer: Uint8Array;
  readonly broadcast: Uint8Array | undefined;
  readonly label: string | undefined;
  /** IFA_F. */
  readonly flags: number;
  readonly preferred: number;
  readonly valid: number;
  readonly priority: number;
  readonly protocol: number;
}

/** @throws Refusal EAFNOSUPPORT, EOPNOTSUPP of bridges; ENODEV no such interface */
export function readNamed({ message, vnet }: Request): Named {
  message.index(HeaderSize.IFADDRMSG);
  const asked = message.header8(IfAddrMsg.FAMILY);
  if (asked === LinuxAF.BRIDGE) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  const family = freebsdFamilyOf(asked);
  const texts = TEXTS.get(family);
  if (texts === undefined) throw new Refusal(LinuxErrno.EAFNOSUPPORT);
  const index = message.header32(IfAddrMsg.INDEX);
  const prefixLength = message.header8(IfAddrMsg.PREFIXLEN);
  if (vnet.links.get(index) === undefined) throw new Refusal(LinuxErrno.ENODEV, texts.noDevice);
  return { family, texts, index, prefixLength };
}

/** @throws Refusal as readNamed; EINVAL what is not given or impossible */
export function readWanted(request: Request): Wanted {
  const { message, vnet } = request;
  const named = readNamed(request);
  const { family, texts, index, prefixLength } = named;
  const bytes = family === AF.INET ? 4 : 16;
  if (prefixLength > bytes * 8) throw new Refusal(LinuxErrno.EINVAL, texts.prefix);
  const local = readBytes(message, IFA.LOCAL, bytes) ?? readBytes(message, IFA.ADDRESS, bytes);
  if (local === undefined) throw new Refusal(LinuxErrno.EINVAL, texts.noAddress);
  const flags = message.u32(IFA.FLAGS, message.header8(IfAddrMsg.FLAGS));
  if (family === AF.INET6 && flags & IFA_F.MANAGETEMPADDR && prefixLength !== MANAGED_PREFIX) {
    const text = 'ipv6: address with "mngtmpaddr" flag must have a prefix length of 64';
    throw new Refusal(LinuxErrno.EINVAL, text);
  }
  const label = family === AF.INET ? message.text(IFA.LABEL) : undefined;
  if (label !== undefined) checkLabel(vnet, index, label);
  return {
    ...named,
    local,
    peer: readBytes(message, IFA.ADDRESS, bytes) ?? local,
    broadcast: family === AF.INET ? readBytes(message, IFA.BROADCAST, bytes) : undefined,
    label,
    flags,
    ...readLifetimes(message, texts),
    priority: message.u32(IFA.RT_PRIORITY),
    protocol: message.u8(LinuxIFA.PROTO),
  };
}

function readBytes(message: MessageReader, type: number, bytes: number): Uint8Array | undefined {
  const payload = message.payload(type);
  if (payload === undefined) return undefined;
  if (payload.length !== bytes) throw new Refusal(LinuxErrno.EINVAL);
  return payload.slice();
}

/** A label begins with the interface's name. */
function checkLabel(vnet: LinuxVnet, index: number, label: string): void {
  const name = vnet.names.of(index) as string;
  if (!label.startsWith(name) || label.length >= LinuxLimit.IFNAMSIZ) throw new Refusal(LinuxErrno.EINVAL);
}

/** IFA_CACHEINFO; without, for ever. */
function readLifetimes(message: MessageReader, texts: AddressTexts): { preferred: number; valid: number } {
  if (!message.has(IFA.CACHEINFO)) return { preferred: FOREVER, valid: FOREVER };
  if (message.size(IFA.CACHEINFO) < HeaderSize.IFA_CACHEINFO) throw new Refusal(LinuxErrno.EINVAL);
  const at = message.at(IFA.CACHEINFO);
  const preferred = message.view.getUint32(at, true);
  const valid = message.view.getUint32(at + 4, true);
  if (valid === 0 || preferred > valid) throw new Refusal(LinuxErrno.EINVAL, texts.lifetime);
  return { preferred, valid };
}
