import { HeaderSize, NHA, NhMsg, RTM } from "../../assembly/abi/rtnetlink.js";
import { listSource } from "./dump.js";
import { LinuxErrno } from "./errno.js";
import { linuxFamilyOf } from "./family.js";
import { type Nexthop, nexthopIds, nexthopOf } from "./nexthopmirror.js";
import { writeNexthop } from "./nexthopobject.js";
import { readId } from "./nexthoprequest.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

/** Offset of nh_resvd in an nhmsg. */
const RESERVED = 3;
const INDEX_MAX = 0x7fffffff;
/** What filters a dump of nexthops. */
const DUMP_ATTRIBUTES: ReadonlySet<number> = new Set([NHA.OIF, NHA.GROUPS, NHA.MASTER, NHA.FDB]);
const BUCKET_ATTRIBUTES: ReadonlySet<number> = new Set([NHA.ID, NHA.OIF, NHA.MASTER, NHA.RES_BUCKET]);

/** RTM_GETNEXTHOP: one by id, or all. @throws Refusal */
export function getNexthops(request: Request): void {
  if (request.isDump) {
    dumpNexthops(request);
    return;
  }
  const id = readId(request.message);
  const nexthop = nexthopOf(request.vnet, id);
  if (nexthop === undefined) throw new Refusal(LinuxErrno.ENOENT);
  request.reply((writer, header) => writeNexthop(nexthop, RTM.NEWNEXTHOP, writer, header));
}

/** In ascending order of ids. As recorded, nothing tells that a filter was applied. */
function dumpNexthops(request: Request): void {
  const { message, vnet } = request;
  checkDump(request, DUMP_ATTRIBUTES);
  const family = message.header8(NhMsg.FAMILY);
  const [index, master] = [message.u32(NHA.OIF), message.u32(NHA.MASTER)];
  const isShown = (nexthop: Nexthop): boolean => {
    if (message.has(NHA.FDB)) return false;
    if (nexthop.members !== undefined) return index === 0 && master === 0 && family === 0;
    if (message.has(NHA.GROUPS)) return false;
    if (family !== 0 && linuxFamilyOf(nexthop.family) !== family) return false;
    if (index !== 0 && nexthop.index !== index) return false;
    return master === 0 || (nexthop.index !== 0 && vnet.notes.links.get(nexthop.index)?.master === master);
  };
  const ids = nexthopIds(vnet).sort((left, right) => left - right);
  const shown = ids.map((id) => nexthopOf(vnet, id) as Nexthop).filter(isShown);
  const source = listSource(
    shown.map((nexthop) => (writer, header) => writeNexthop(nexthop, RTM.NEWNEXTHOP, writer, header)),
  );
  request.dump(source, { doneJoins: true });
}

/** Dumps of nexthops are always checked (E3.5), but for a header that is short. @throws Refusal EINVAL */
function checkDump({ message, requester }: Request, attributes: ReadonlySet<number>): void {
  if (requester.isStrict && message.attributesFrom(HeaderSize.NHMSG) > message.end) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid header length");
  }
  message.index(HeaderSize.NHMSG);
  message.each(message.attributesFrom(HeaderSize.NHMSG), message.end, (type) => {
    if (!attributes.has(type)) throw new Refusal(LinuxErrno.EINVAL, "Unsupported attribute");
  });
  if (message.u32(NHA.OIF) > INDEX_MAX) throw new Refusal(LinuxErrno.EINVAL, "Invalid device index");
  if (message.u32(NHA.MASTER) > INDEX_MAX) throw new Refusal(LinuxErrno.EINVAL, "Invalid master device index");
  const isClear = !message.header8(NhMsg.PROTOCOL) && !message.header8(RESERVED) && !message.header8(NhMsg.SCOPE);
  if (!isClear || message.header32(NhMsg.FLAGS)) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid values in header for nexthop dump request");
  }
}

/**
 * RTM_GETNEXTHOPBUCKET: resilient groups have buckets, and there are none.
 * @throws Refusal ENOENT, EINVAL for a nexthop that has none
 */
export function getNexthopBuckets(request: Request): void {
  const { message, vnet } = request;
  if (!request.isDump) {
    findResilient(vnet, readId(message));
    return;
  }
  checkDump(request, BUCKET_ATTRIBUTES);
  if (message.has(NHA.ID)) findResilient(vnet, message.u32(NHA.ID));
  request.dump(listSource([]), { doneJoins: true });
}

function findResilient(vnet: LinuxVnet, id: number): never {
  if (id === 0) throw new Refusal(LinuxErrno.EINVAL, "Invalid nexthop id");
  const nexthop = nexthopOf(vnet, id);
  if (nexthop === undefined) throw new Refusal(LinuxErrno.ENOENT);
  const text = nexthop.members === undefined ? "Not a nexthop group" : "Nexthop group not of type resilient";
  throw new Refusal(LinuxErrno.EINVAL, text);
}
