// RTM_GETNSID: the ids that network namespaces have for each other. A vnet has none for another (linux-compat E10).

import { RTM } from "../../assembly/abi/rtnetlink.js";
import { listSource } from "./dump.js";
import { LinuxErrno } from "./errno.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";

/** Attributes (net_namespace.h). */
const NETNSA = { NSID: 1, PID: 2, FD: 3 } as const;
/** NETNSA_NSID_NOT_ASSIGNED, −1. */
const NOT_ASSIGNED = 0xffffffff;
/** Bytes of a rtgenmsg. */
const HEADER = 1;

/** @throws Refusal EINVAL no namespace is named */
export function getNsid(request: Request): void {
  const { message } = request;
  if (request.isDump) {
    request.dump(listSource([]));
    return;
  }
  message.index(HEADER);
  if (![NETNSA.PID, NETNSA.FD, NETNSA.NSID].some((type) => message.has(type))) {
    throw new Refusal(LinuxErrno.EINVAL, "Peer netns reference is missing");
  }
  request.reply((writer, { flags, seq, port }) => {
    writer.begin(RTM.NEWNSID, flags, seq, port, HEADER);
    writer.u32(NETNSA.NSID, NOT_ASSIGNED);
    writer.end();
  });
}
