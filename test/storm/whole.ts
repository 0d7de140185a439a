// Whether what a socket reads is whole: each message a multiple of 4 bytes, its attributes and theirs fill it to the last.

import { NetlinkSize, NLM_F, NLMSG, NLMSGERR_ATTR } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFA, IFLA, IFLAF, NDA, NHA, RTA, RTM } from "../../assembly/abi/rtnetlink.js";
import { attributes, numberAt, type Seen } from "../support/messages.js";

/** Nests by the type of their attribute, with those inside. */
interface Nests {
  readonly [type: number]: Nests;
}

interface Shape {
  readonly header: number;
  readonly nests: Nests;
}

const LINK: Shape = {
  header: HeaderSize.IFINFOMSG,
  nests: { [IFLA.FREEBSD]: { [IFLAF.CAPS]: {} }, [IFLA.LINKINFO]: {} },
};
const ADDRESS: Shape = { header: HeaderSize.IFADDRMSG, nests: { [IFA.FREEBSD]: {} } };
const NEIGHBOUR: Shape = { header: HeaderSize.NDMSG, nests: { [NDA.FREEBSD]: {} } };
const ROUTE: Shape = { header: HeaderSize.RTMSG, nests: { [RTA.METRICS]: {} } };

const NEXTHOP: Shape = { header: HeaderSize.NHMSG, nests: { [NHA.FREEBSD]: {} } };

const SHAPES: Readonly<Record<number, Shape>> = {
  [RTM.NEWLINK]: LINK,
  [RTM.DELLINK]: LINK,
  [RTM.NEWADDR]: ADDRESS,
  [RTM.DELADDR]: ADDRESS,
  [RTM.NEWROUTE]: ROUTE,
  [RTM.DELROUTE]: ROUTE,
  [RTM.NEWNEXTHOP]: NEXTHOP,
  [RTM.DELNEXTHOP]: NEXTHOP,
  [RTM.NEWNEIGH]: NEIGHBOUR,
  [RTM.DELNEIGH]: NEIGHBOUR,
};

function walk(bytes: Uint8Array, nests: Nests): void {
  for (const [type, payload] of attributes(bytes)) {
    const inner = nests[type];
    if (inner !== undefined) walk(payload, inner);
  }
}

/** @throws Error saying what is not whole */
export function expectWhole(seen: readonly Seen[]): void {
  for (const each of seen) {
    if (each.length % 4 !== 0) throw new Error(`message of type ${each.type}: ${each.length} bytes`);
    if (each.type === NLMSG.ERROR) expectWholeAck(each);
    else if (each.type === NLMSG.DONE) expectWholeDone(each);
    else {
      const shape = SHAPES[each.type];
      if (shape === undefined) throw new Error(`message of type ${each.type}, which the kernel does not send`);
      walk(each.body.slice(shape.header), shape.nests);
    }
  }
}

function expectWholeDone(done: Seen): void {
  if (done.length !== NetlinkSize.NLMSGHDR + 4 || done.flags !== 0) {
    throw new Error(`NLMSG_DONE of ${done.length} bytes, flags ${done.flags}`);
  }
}

/** The request inside an uncapped ack is the client's, whatever it looks like; what follows it is the kernel's. */
function expectWholeAck(ack: Seen): void {
  const isCapped = (ack.flags & NLM_F.CAPPED) !== 0;
  const echoed = isCapped ? NetlinkSize.NLMSGHDR : (numberAt(ack.body, 4, 4) + 3) & ~3;
  if (4 + echoed > ack.body.length) throw new Error(`NLMSG_ERROR of ${ack.length} bytes with ${echoed} of a request`);
  const types = attributes(ack.body.slice(4 + echoed)).map(([type]) => type);
  const isTold = types.includes(NLMSGERR_ATTR.MSG) || types.includes(NLMSGERR_ATTR.OFFS);
  if (isTold !== ((ack.flags & NLM_F.ACK_TLVS) !== 0)) throw new Error(`ack with flags ${ack.flags}, TLVs ${types}`);
}
