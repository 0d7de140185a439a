// A gif or gre in requests, and as it is shown, on a kernel that is FreeBSD 16 in this (net/if_gif.c, net/if_gre.c:
// …_clone_modify_nl, …_clone_dump_nl). The first error ends a change, what was done before stays. No privilege is asked
// for besides that of the request: FreeBSD asks the thread of the task queue, which has all.
//   stageLink              what can fail, before one is made
//   modifyGif, modifyGre   IFLA_INFO_DATA, after making one too
//   showGif, showGre       the part of the link object

import { Errno } from "../abi/errno";
import { GRE } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { NetlinkSize } from "../abi/netlink";
import { IFLA, IFLA_GRE, IFLA_INFO, IFLA_IPTUN, IFLA_TUNNEL } from "../abi/rtnetlink";
import { zero } from "../mem/zero";
import { addressBytes, loadHigh, loadLow, storeAddress } from "../net/address";
import { CloneRequest } from "../net/clone";
import { setGifFlags } from "../net/gif";
import { setGreFlags, setGreKey, setGrePort } from "../net/gre";
import { Interface } from "../net/ifnet";
import { Switch, hasSwitch } from "../net/switches";
import { Endpoints, Tunnel, dropZone, isShown, setEndpoints, stageEndpoints, tunnelOf } from "../net/tunnel";
import { Payload, parseAttributes, sockaddrAddress, sockaddrFamily, typesPresent } from "../netlink/parser";
import { Request } from "../netlink/request";
import { Writer, beginNest, endNest, putAttribute, putString, putU16, putU32 } from "../netlink/writer";
import { LinkRequest } from "./linkrequest";

/** IFLA_INFO_DATA of a gif or gre. */
@unmanaged
class TunnelData {
  /** sockaddrs */
  local: usize;
  remote: usize;
  flags: u32;
  key: u32;
  encapType: u32;
  encapPort: u16;
}

const parsed = changetype<TunnelData>(memory.data(offsetof<TunnelData>(), 16));
const wanted = changetype<Endpoints>(memory.data(offsetof<Endpoints>(), 16));

const IPTUN: StaticArray<usize> = [
  // attribute             payload       into                               argument
  IFLA_IPTUN.LOCAL,        Payload.IP,   offsetof<TunnelData>("local"),     0,
  IFLA_IPTUN.REMOTE,       Payload.IP,   offsetof<TunnelData>("remote"),    0,
  IFLA_IPTUN.FLAGS,        Payload.U32,  offsetof<TunnelData>("flags"),     0,
];

const GRE_DATA: StaticArray<usize> = [
  // attribute             payload       into                               argument
  IFLA_GRE.LOCAL,          Payload.IP,   offsetof<TunnelData>("local"),     0,
  IFLA_GRE.REMOTE,         Payload.IP,   offsetof<TunnelData>("remote"),    0,
  IFLA_GRE.FLAGS,          Payload.U32,  offsetof<TunnelData>("flags"),     0,
  IFLA_GRE.OKEY,           Payload.U32,  offsetof<TunnelData>("key"),       0,
  IFLA_GRE.ENCAP_TYPE,     Payload.U32,  offsetof<TunnelData>("encapType"), 0,
  IFLA_GRE.ENCAP_SPORT,    Payload.U16,  offsetof<TunnelData>("encapPort"), 0,
];

// ---- requests

function isIgnored(link: LinkRequest): bool {
  return link.data == 0 || !hasSwitch(Switch.TUNNEL_DATA);
}

function parseData(table: StaticArray<usize>, data: usize, request: Request): Errno {
  zero(changetype<usize>(parsed), offsetof<TunnelData>());
  return parseAttributes(request, table, data + NetlinkSize.NLATTR, data + load<u16>(data), changetype<usize>(parsed));
}

/** Whether an attribute was there, whatever its value. */
function has(data: usize, type: u32): bool {
  return ((typesPresent(data + NetlinkSize.NLATTR, data + load<u16>(data)) >> type) & 1) != 0;
}

/** Memory for the endpoints, if there will be any: one is made wholly, or with ENOMEM not at all. */
export function stageLink(link: LinkRequest, request: Request, clone: CloneRequest): Errno {
  if (isIgnored(link) || !has(link.data, IFLA_GRE.LOCAL) || !has(link.data, IFLA_GRE.REMOTE)) return Errno.OK;
  return stageEndpoints() ? Errno.OK : Errno.ENOMEM;
}

export function modifyGif(ifp: Interface, link: LinkRequest, request: Request): Errno {
  if (isIgnored(link)) return Errno.OK;
  let error = parseData(IPTUN, link.data, request);
  if (error != Errno.OK || !ifp.isTunnel) return error;
  error = changeEndpoints(ifp, request);
  if (error != Errno.OK || !has(link.data, IFLA_IPTUN.FLAGS)) return error;
  return inWords(request, setGifFlags(ifp, parsed.flags), Errno.EINVAL, "gif flags are invalid", 0);
}

export function modifyGre(ifp: Interface, link: LinkRequest, request: Request): Errno {
  if (isIgnored(link)) return Errno.OK;
  let error = parseData(GRE_DATA, link.data, request);
  if (error != Errno.OK || !ifp.isTunnel) return error;
  error = changeEndpoints(ifp, request);
  if (error == Errno.OK && has(link.data, IFLA_GRE.FLAGS)) {
    error = inWords(request, setGreFlags(ifp, parsed.flags), Errno.EINVAL, "gre flags are invalid", 0);
  }
  if (error == Errno.OK && has(link.data, IFLA_GRE.OKEY)) error = setGreKey(ifp, parsed.key);
  if (error == Errno.OK && has(link.data, IFLA_GRE.ENCAP_TYPE)) {
    const isUdp = (parsed.encapType & IFLA_TUNNEL.GRE_UDP) != 0;
    const flags = isUdp ? ifp.tunnelFlags | GRE.UDPENCAP : ifp.tunnelFlags & ~GRE.UDPENCAP;
    error = inWords(request, setGreFlags(ifp, flags), Errno.EEXIST, "same gre tunnel exist", 0);
  }
  if (error != Errno.OK || !has(link.data, IFLA_GRE.ENCAP_SPORT)) return error;
  const port = parsed.encapPort;
  return inWords(request, setGrePort(ifp, port), Errno.EINVAL, "source port is invalid: %", port);
}

/** Gives an errno back, with a text if it is the one that the text is for. */
function inWords(request: Request, error: Errno, which: Errno, text: string, value: u32): Errno {
  return error == which ? request.report(error, text, value, 0) : error;
}

/** Both endpoints, or none (gif_set_addr_nl, gre_set_addr_nl). */
function changeEndpoints(ifp: Interface, request: Request): Errno {
  const local = parsed.local;
  const remote = parsed.remote;
  if (local == 0 && remote == 0) return Errno.OK;
  if (local == 0 || remote == 0) {
    return request.report(Errno.EINVAL, "Specify both remote and local address together", 0, 0);
  }
  const family = sockaddrFamily(local);
  let error: Errno = Errno.EADDRNOTAVAIL;
  if (family == sockaddrFamily(remote)) {
    wanted.family = family;
    wanted.localHigh = loadHigh(family, sockaddrAddress(local));
    wanted.localLow = loadLow(family, sockaddrAddress(local));
    wanted.remoteHigh = loadHigh(family, sockaddrAddress(remote));
    wanted.remoteLow = loadLow(family, sockaddrAddress(remote));
    error = setEndpoints(ifp, wanted);
  }
  return inWords(request, error, Errno.EADDRNOTAVAIL, "address is invalid", 0);
}

// ---- the link object

/** The index and the name stand here once more, as FreeBSD has them. The nest to be ended. */
function beginKind(writer: Writer, ifp: Interface): u32 {
  putU32(writer, IFLA.LINK, ifp.index);
  putString(writer, IFLA.IFNAME, ifp.name);
  const info = beginNest(writer, IFLA.LINKINFO);
  putString(writer, IFLA_INFO.KIND, ifp.driver);
  return info;
}

/** Without settings, as one that is being destroyed, its data is empty. */
export function showGif(writer: Writer, ifp: Interface): bool {
  if (!hasSwitch(Switch.TUNNEL_DATA)) return false;
  const info = beginKind(writer, ifp);
  const data = beginNest(writer, IFLA_INFO.DATA);
  if (ifp.isTunnel) {
    const tunnel = tunnelOf(ifp);
    if (tunnel != null) putEndpoints(writer, tunnel);
    putU32(writer, IFLA_IPTUN.FLAGS, ifp.tunnelFlags);
  }
  endNest(writer, data);
  endNest(writer, info);
  return true;
}

export function showGre(writer: Writer, ifp: Interface): bool {
  if (!hasSwitch(Switch.TUNNEL_DATA)) return false;
  const info = beginKind(writer, ifp);
  const data = beginNest(writer, IFLA_INFO.DATA);
  const tunnel = tunnelOf(ifp);
  if (tunnel != null) putGreEndpoints(writer, tunnel);
  const isUdp = (ifp.tunnelFlags & GRE.UDPENCAP) != 0;
  putU32(writer, IFLA_GRE.FLAGS, ifp.tunnelFlags);
  putU32(writer, IFLA_GRE.OKEY, ifp.tunnelKey);
  putU32(writer, IFLA_GRE.ENCAP_TYPE, isUdp ? IFLA_TUNNEL.GRE_UDP : IFLA_TUNNEL.NONE);
  putU16(writer, IFLA_GRE.ENCAP_SPORT, ifp.tunnelPort);
  endNest(writer, data);
  endNest(writer, info);
  return true;
}

if (<u32>IFLA_IPTUN.LOCAL != <u32>IFLA_GRE.LOCAL || <u32>IFLA_IPTUN.REMOTE != <u32>IFLA_GRE.REMOTE) ERROR("endpoints");

function putEndpoints(writer: Writer, tunnel: Tunnel): void {
  const family = tunnel.family;
  putEndpoint(writer, IFLA_IPTUN.LOCAL, family, tunnel.localHigh, tunnel.localLow);
  putEndpoint(writer, IFLA_IPTUN.REMOTE, family, tunnel.remoteHigh, tunnel.remoteLow);
}

function putEndpoint(writer: Writer, type: u32, family: u32, high: u64, low: u64): void {
  if (!isShown(family, high)) return;
  const at = putAttribute(writer, type, addressBytes(family));
  if (at != 0) storeAddress(family, at, dropZone(family, high), low);
}

/** FreeBSD's driver takes the head of each socket address for the address, and both for the local one. */
function putGreEndpoints(writer: Writer, tunnel: Tunnel): void {
  if (hasSwitch(Switch.GRE_ENDPOINTS)) {
    putEndpoints(writer, tunnel);
    return;
  }
  putSockaddrHead(writer, tunnel.family, tunnel.localHigh);
  putSockaddrHead(writer, tunnel.family, tunnel.remoteHigh);
}

/** Length, family, port; of IPv6 also the flow label and half the address. */
function putSockaddrHead(writer: Writer, family: u32, high: u64): void {
  if (!isShown(family, high)) return;
  const at = putAttribute(writer, IFLA_GRE.LOCAL, addressBytes(family));
  if (at == 0) return;
  const isInet = family == AF.INET;
  store<u32>(at, (isInet ? SOCKADDR_IN : SOCKADDR_IN6) | (family << 8));
  if (isInet) return;
  store<u32>(at, 0, 4);
  store<u64>(at, bswap<u64>(dropZone(family, high)), 8);
}

/** Bytes of a socket address. */
const SOCKADDR_IN: u32 = 16;
const SOCKADDR_IN6: u32 = 28;
