// Control messages, which every protocol has: NLMSG_ERROR (an ack when its error is 0), NLMSG_DONE at the end of a dump,
// NLMSG_NOOP and NLMSG_OVERRUN (netlink.h; netlink_io.c, nlmsg_ack).

import { Errno } from "../../assembly/abi/errno.js";
import { NetlinkSize, NLM_F, NLMSG, NLMSGERR_ATTR } from "../../assembly/abi/netlink.js";
import { attributes } from "./attributes.js";
import { requestHeader } from "./header.js";
import { bytes, type Enum, i32, type Kind, nameOf, repeated, restOfMessage, string, u32 } from "./kind.js";
import { message, type TypeOf } from "./schema.js";
import { struct } from "./struct.js";

/** A positive errno: `EINVAL (22)`, and 0 is an ack. */
const errno: Kind<number> = {
  ...i32,
  show: (value) => (nameOf(Errno, value) ? `${nameOf(Errno, value)} (${value})` : String(value)),
  brief: (value) => (value === Errno.OK ? "ack" : (nameOf(Errno, value) ?? String(value))),
};

/** What NLMSG_ERROR repeats behind the request's header: nothing when capped. */
const requestPayload = repeated((before, flags) => {
  if (flags & NLM_F.CAPPED) return 0;
  const { length } = before.request as { length: number };
  return Math.max(0, length - NetlinkSize.NLMSGHDR);
});

const none = attributes("NLA_", {} satisfies Enum, {});

/** The ext ack's TLVs. A cookie comes with or without NLM_F_ACK_TLVS, so what is left is read as TLVs in any case. */
export const error = message("error", {
  types: { prefix: "NLMSG_", names: NLMSG, of: [NLMSG.ERROR] },
  header: struct("nlmsgerr", {
    error: ["error", errno],
    request: ["msg", requestHeader],
    requestPayload: ["payload", requestPayload],
  }),
  attributes: attributes("NLMSGERR_ATTR_", NLMSGERR_ATTR, {
    message: [NLMSGERR_ATTR.MSG, string],
    /** Bytes from the start of the request's header to what is wrong. */
    offset: [NLMSGERR_ATTR.OFFS, u32],
    cookie: [NLMSGERR_ATTR.COOKIE, bytes],
  }),
  summary: ["{error}", "for {request}", '"{message}"', "at byte {offset}", "cookie {cookie}"],
  isWhole: true,
});

export const done = message("done", {
  types: { prefix: "NLMSG_", names: NLMSG, of: [NLMSG.DONE] },
  header: struct("int", { error: ["error", errno] }),
  attributes: none,
  summary: ["{error?}"],
  isWhole: true,
});

export const noop = message("noop", {
  types: { prefix: "NLMSG_", names: NLMSG, of: [NLMSG.NOOP, NLMSG.OVERRUN] },
  header: struct("payload", { payload: ["payload", restOfMessage] }),
  attributes: none,
  summary: [],
  isWhole: true,
});

export type NlmsgError = TypeOf<typeof error>;
export type NlmsgDone = TypeOf<typeof done>;
