// RTM_GETNETCONF: what Linux keeps for each interface, for all of them and for new ones (linux-compat E10). Here no packet is
// forwarded, and nothing else of it is there to be on.

import { RTM } from "../../assembly/abi/rtnetlink.js";
import { listSource, type ReplyHeader } from "./dump.js";
import { LinuxErrno } from "./errno.js";
import { LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";

/** Attributes (netconf.h). */
const NETCONFA = {
  IFINDEX: 1,
  FORWARDING: 2,
  RP_FILTER: 3,
  MC_FORWARDING: 4,
  PROXY_NEIGH: 5,
  IGNORE_ROUTES_WITH_LINKDOWN: 6,
  BC_FORWARDING: 8,
} as const;

/** Indices that are none: for all interfaces, and for those to come. */
const ALL = 0xffffffff;
const DEFAULT = 0xfffffffe;
/** Bytes of a netconfmsg. */
const HEADER = 1;

/** What a family has, in Linux's order. */
const SHOWN: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [
    LinuxAF.INET,
    [
      NETCONFA.FORWARDING,
      NETCONFA.RP_FILTER,
      NETCONFA.MC_FORWARDING,
      NETCONFA.BC_FORWARDING,
      NETCONFA.PROXY_NEIGH,
      NETCONFA.IGNORE_ROUTES_WITH_LINKDOWN,
    ],
  ],
  [
    LinuxAF.INET6,
    [NETCONFA.FORWARDING, NETCONFA.MC_FORWARDING, NETCONFA.PROXY_NEIGH, NETCONFA.IGNORE_ROUTES_WITH_LINKDOWN],
  ],
]);

/** How Linux's texts call a family. */
const NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [LinuxAF.INET, "ipv4"],
  [LinuxAF.INET6, "ipv6"],
]);

/** One interface of one family, or all. @throws Refusal */
export function getNetconf(request: Request): void {
  const { message, vnet } = request;
  const family = message.header8(0);
  if (!request.isDump) {
    getOne(request, family);
    return;
  }
  if (request.requester.isStrict) checkStrictly(message, family);
  const indices = [...vnet.links.all()].map(({ index }) => index).sort((left, right) => left - right);
  const families = SHOWN.has(family) ? [family] : [...SHOWN.keys()];
  const writes = families.flatMap((each) => [...indices, ALL, DEFAULT].map((index) => writerOf(each, index)));
  request.dump(listSource(writes));
}

function getOne(request: Request, family: number): void {
  const { message, vnet } = request;
  if (!SHOWN.has(family)) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  message.index(HEADER);
  if (request.requester.isStrict) {
    message.each(message.attributesFrom(HEADER), message.end, (type) => {
      if (type === NETCONFA.IFINDEX) return;
      throw new Refusal(LinuxErrno.EINVAL, `${NAMES.get(family)}: Unsupported attribute in netconf get request`);
    });
  }
  const index = message.u32(NETCONFA.IFINDEX);
  const isKnown = index === ALL || index === DEFAULT || vnet.links.get(index) !== undefined;
  if (!isKnown) throw new Refusal(LinuxErrno.EINVAL);
  request.reply(writerOf(family, index));
}

function checkStrictly(message: MessageReader, family: number): void {
  if (message.attributesFrom(HEADER) >= message.end) return;
  const name = NAMES.get(family) ?? "ipv4"; // of all families, IPv4's dump comes first
  throw new Refusal(LinuxErrno.EINVAL, `${name}: Invalid data after header in netconf dump request`);
}

function writerOf(family: number, index: number): (writer: MessageWriter, header: ReplyHeader) => void {
  return (writer, { flags, seq, port }) => {
    writer.begin(RTM.NEWNETCONF, flags, seq, port, HEADER);
    writer.header8(0, family);
    writer.u32(NETCONFA.IFINDEX, index);
    for (const each of SHOWN.get(family) ?? []) writer.u32(each, 0);
    writer.end();
  };
}
