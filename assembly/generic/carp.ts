// The family "carp" of the module carp: what libifconfig asks of virtual hosts, and sets (netinet/ip_carp.c, carp_nl_get,
// carp_nl_set). What they do is in net/carp….ts.
//   loadCarpFamily, unloadCarpFamily

import { CARP_NL, CARP_NL_CMD, CarpLimit } from "../abi/carp";
import { Errno } from "../abi/errno";
import { CTRL_CMD, GENL_OP } from "../abi/genetlink";
import { NLM_F, NetlinkSize, PRIV } from "../abi/netlink";
import { Payload, parse } from "../netlink/parser";
import { Request } from "../netlink/request";
import { done, end, putBytes, putU32, reply, reserve } from "../netlink/writer";
import { VirtualHost, findVirtualHost, hasCarp, loadCarp, unloadCarp } from "../net/carp";
import { VirtualHostRequest, mayHaveCarp, setVirtualHost } from "../net/carpctl";
import { Interface, findByIndex, findByName } from "../net/ifnet";
import { announceFamily } from "./controller";
import { familyByName, registerCommand, registerFamily, unregisterFamily } from "./registry";

/** "carp" */
const FAMILY_NAME: usize = memory.data<u8>([99, 97, 114, 112, 0]);
const VERSION: u32 = 2;
/** FreeBSD registers its highest command here. */
const MAXATTR: u32 = CARP_NL_CMD.SET;

/** A request after parsing; what was absent is 0. */
@unmanaged
class ParsedCarp {
  vhid: u32;
  state: u32;
  advbase: u32;
  advskew: u32;
  index: u32;
  name: usize;
  address: u32;
  address6High: u64;
  address6Low: u64;
  key0: u64;
  key1: u64;
  key2: u32;
}

const record = changetype<ParsedCarp>(memory.data(offsetof<ParsedCarp>(), 16));
const asked = changetype<VirtualHostRequest>(memory.data(offsetof<VirtualHostRequest>(), 16));

const ATTRIBUTES: StaticArray<usize> = [
  // attribute          payload             into                                    argument
  CARP_NL.VHID,         Payload.U32,        offsetof<ParsedCarp>("vhid"),           0,
  CARP_NL.STATE,        Payload.U32,        offsetof<ParsedCarp>("state"),          0,
  CARP_NL.ADVBASE,      Payload.U32,        offsetof<ParsedCarp>("advbase"),        0,
  CARP_NL.ADVSKEW,      Payload.U32,        offsetof<ParsedCarp>("advskew"),        0,
  CARP_NL.KEY,          Payload.CUSTOM,     offsetof<ParsedCarp>("key0"),           changetype<usize>(parseKey),
  CARP_NL.IFINDEX,      Payload.U32,        offsetof<ParsedCarp>("index"),          0,
  CARP_NL.ADDR,         Payload.IN_ADDR,    offsetof<ParsedCarp>("address"),        0,
  CARP_NL.ADDR6,        Payload.IN6_ADDR,   offsetof<ParsedCarp>("address6High"),   0,
  CARP_NL.IFNAME,       Payload.STRING,     offsetof<ParsedCarp>("name"),           0,
];

const PARSER: StaticArray<usize> = [NetlinkSize.GENLMSGHDR, 0, 0, changetype<usize>(ATTRIBUTES), 0];

/** EINVAL for a key that is too long; a shorter one ends with zeros (nlattr_get_carp_key). */
function parseKey(request: Request, attribute: usize, into: usize): Errno {
  const bytes = <u32>load<u16>(attribute) - NetlinkSize.NLATTR;
  if (bytes > <u32>CarpLimit.KEY) return Errno.EINVAL;
  memory.copy(into, attribute + NetlinkSize.NLATTR, bytes);
  return Errno.OK;
}

/** @returns false when the family cannot be registered */
export function loadCarpFamily(): bool {
  if (familyByName(FAMILY_NAME) != null) return false;
  const family = registerFamily(FAMILY_NAME, 0, VERSION, MAXATTR);
  if (family == null) return false;
  announceFamily(family, CTRL_CMD.NEWFAMILY);
  const gets = GENL_OP.CAP_DO | GENL_OP.CAP_DUMP | GENL_OP.CAP_HASPOL;
  const sets = GENL_OP.CAP_DO | GENL_OP.CAP_HASPOL;
  const isComplete =
    registerCommand(family, CARP_NL_CMD.GET, gets, PRIV.NONE, <u32>changetype<usize>(getCarp)) &&
    registerCommand(family, CARP_NL_CMD.SET, sets, PRIV.NETINET_CARP, <u32>changetype<usize>(setCarp));
  if (isComplete) loadCarp();
  else removeFamily();
  return isComplete;
}

export function unloadCarpFamily(): void {
  if (!hasCarp()) return;
  unloadCarp();
  removeFamily();
}

function removeFamily(): void {
  const family = familyByName(FAMILY_NAME);
  if (family == null) return;
  announceFamily(family, CTRL_CMD.DELFAMILY);
  unregisterFamily(family);
}

function parseCarp(request: Request): Errno {
  return parse(request, PARSER, changetype<usize>(record), offsetof<ParsedCarp>());
}

/** The interface by name, else by index. */
function interfaceAsked(): Interface | null {
  return record.name != 0 ? findByName(record.name) : findByIndex(record.index);
}

/**
 * Always a dump: one virtual host of an interface, or all of them. ENXIO no such interface, EOPNOTSUPP one of another type;
 * at the end of the dump EINVAL a vhid beyond 255, ENOENT there is none.
 */
function getCarp(request: Request): Errno {
  const parsed = parseCarp(request);
  if (parsed != Errno.OK) return parsed;
  const ifp = interfaceAsked();
  if (ifp == null) return Errno.ENXIO;
  const refusal = mayHaveCarp(ifp);
  if (refusal != Errno.OK) return refusal;
  request.rewrite(request.type, request.flags | NLM_F.MULTI);
  const error = writeAll(request, ifp);
  return done(request.replies, request.from.port, request.seq, error) ? error : Errno.ENOMEM;
}

/** carp_ioctl_get */
function writeAll(request: Request, ifp: Interface): Errno {
  if (record.vhid > <u32>CarpLimit.VHID_MAX) return Errno.EINVAL;
  if (ifp.virtualHosts == 0) return Errno.ENOENT;
  if (record.vhid != 0) {
    const host = findVirtualHost(ifp, record.vhid);
    return host == null ? Errno.ENOENT : write(request, host);
  }
  for (let at = ifp.virtualHosts; at != 0; at = changetype<VirtualHost>(at).next) {
    const error = write(request, changetype<VirtualHost>(at));
    if (error != Errno.OK) return error;
  }
  return Errno.OK;
}

/** carp_nl_send: only who may set the key sees it. ENOMEM */
function write(request: Request, host: VirtualHost): Errno {
  const writer = request.replies;
  if (!reply(writer, request.header, NetlinkSize.GENLMSGHDR)) return Errno.ENOMEM;
  const header = reserve(writer, NetlinkSize.GENLMSGHDR);
  if (header != 0) store<u8>(header, CARP_NL_CMD.GET);
  putU32(writer, CARP_NL.VHID, host.vhid);
  putU32(writer, CARP_NL.STATE, host.state);
  putU32(writer, CARP_NL.ADVBASE, host.advbase);
  putU32(writer, CARP_NL.ADVSKEW, host.advskew);
  putU32(writer, CARP_NL.ADDR, host.address);
  putBytes(writer, CARP_NL.ADDR6, host.address6, 16);
  if (request.from.hasPrivilege(PRIV.NETINET_CARP)) putBytes(writer, CARP_NL.KEY, host.key, CarpLimit.KEY);
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

/**
 * Makes a virtual host, or changes it. EINVAL a vhid that is not 1 to 255, and numbers out of their limits; ENXIO no such
 * interface; EOPNOTSUPP one of another type; EADDRNOTAVAIL one without multicast; ENOMEM.
 */
function setCarp(request: Request): Errno {
  const parsed = parseCarp(request);
  if (parsed != Errno.OK) return parsed;
  if (record.vhid == 0 || record.vhid > <u32>CarpLimit.VHID_MAX || record.state > <u32>CarpLimit.STATE_MAX) return Errno.EINVAL;
  // Negative ones are large here.
  if (record.advbase > <u32>CarpLimit.ADVBASE_MAX || record.advskew > <u32>CarpLimit.ADVSKEW_MAX) return Errno.EINVAL;
  const ifp = interfaceAsked();
  if (ifp == null) return Errno.ENXIO;
  const refusal = mayHaveCarp(ifp);
  if (refusal != Errno.OK) return refusal;
  asked.vhid = record.vhid;
  asked.state = record.state;
  asked.advbase = record.advbase;
  asked.advskew = record.advskew;
  asked.address = record.address;
  asked.address6High = record.address6High;
  asked.address6Low = record.address6Low;
  asked.key0 = record.key0;
  asked.key1 = record.key1;
  asked.key2 = record.key2;
  return setVirtualHost(ifp, asked);
}
