// A route of the layer's own making, with the kernel as its protocol: those of table 255, and those that are told of as they
// come and go with addresses.

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, RTA, RTPROT, RtMsg } from "../../assembly/abi/rtnetlink.js";
import type { ReplyHeader } from "./dump.js";
import { linuxFamilyOf } from "./family.js";
import type { MessageWriter } from "./messagewriter.js";
import { sameBytes } from "./routenotes.js";
import { CacheInfo } from "./routenumber.js";
import { headerTableOf } from "./tables.js";

export interface OwnRoute {
  /** FreeBSD's. */
  readonly family: number;
  /** Id. */
  readonly table: number;
  /** RTN. */
  readonly type: number;
  readonly scope: number;
  readonly bits: number;
  readonly address: Uint8Array;
  readonly prefsrc: Uint8Array | undefined;
  /** Of the interface that it leads to. */
  readonly index: number;
  /** RTA_PRIORITY, of IPv6. */
  readonly priority: number;
}

export function isSameRoute(left: OwnRoute, right: OwnRoute): boolean {
  return (
    left.table === right.table &&
    left.type === right.type &&
    left.bits === right.bits &&
    left.index === right.index &&
    sameBytes(left.address, right.address) &&
    sameBytes(left.prefsrc, right.prefsrc)
  );
}

/** One message, attributes in Linux's order. */
export function writeOwnRoute(route: OwnRoute, type: number, writer: MessageWriter, header: ReplyHeader): void {
  writer.begin(type, header.flags, header.seq, header.port, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, linuxFamilyOf(route.family));
  writer.header8(RtMsg.DST_LEN, route.bits);
  writer.header8(RtMsg.TABLE, headerTableOf(route.table));
  writer.header8(RtMsg.PROTOCOL, RTPROT.KERNEL);
  writer.header8(RtMsg.SCOPE, route.scope);
  writer.header8(RtMsg.TYPE, route.type);
  writer.u32(RTA.TABLE, route.table);
  if (route.bits !== 0) writer.raw(RTA.DST, route.address);
  if (route.family === AF.INET6) writer.u32(RTA.PRIORITY, route.priority);
  else if (route.prefsrc !== undefined) writer.raw(RTA.PREFSRC, route.prefsrc);
  writer.u32(RTA.OIF, route.index);
  if (route.family === AF.INET6) {
    writer.zeros(RTA.CACHEINFO, CacheInfo.BYTES);
    writer.u8(RTA.PREF, 0);
  }
  writer.end();
}
