// nlmsghdr: the 16 bytes in front of every message (netlink.h), and the names of its flags, which depend on the message.

import { NLM_F } from "../../assembly/abi/netlink.js";
import { type Kind, type Names, showFlags, u16, u32 } from "./kind.js";
import { struct } from "./struct.js";

/** nlmsghdr without its length, which follows from the rest. */
export interface Header {
  /** nlmsg_type */
  type: number;
  /** nlmsg_flags */
  flags: number;
  /** nlmsg_seq */
  seq: number;
  /** nlmsg_pid: the port id */
  pid: number;
}

const messageType: Kind<number> = {
  ...u16,
  show: (value, names) => {
    const name = names.messageType(value);
    return name === undefined ? String(value) : `${name} (${value})`;
  },
};

const fields = struct("nlmsghdr", {
  length: ["nlmsg_len", u32],
  type: ["nlmsg_type", messageType],
  flags: ["nlmsg_flags", u16],
  seq: ["nlmsg_seq", u32],
  pid: ["nlmsg_pid", u32],
});

/** The whole header, as NLMSG_ERROR repeats it. */
export const nlmsghdr: typeof fields = {
  ...fields,
  lines: (value, names) =>
    (fields.lines?.(value, names, {}) ?? []).map((line) =>
      line.name === "nlmsg_flags" ? { ...line, text: messageFlags(value, names).show(value.flags) } : line,
    ),
};

/** nlmsghdr in a summary: `RTM_NEWROUTE seq 7`. */
export const requestHeader: typeof fields = {
  ...nlmsghdr,
  brief: (value, names) => `${names.messageType(value.type) ?? `type ${value.type}`} seq ${value.seq}`,
};

const COMMON = bitsOf("REQUEST", "MULTI", "ACK", "ECHO", "DUMP_INTR", "DUMP_FILTERED");
const GET = [...COMMON, ...bitsOf("ROOT", "MATCH", "ATOMIC")];
const NEW = [...COMMON, ...bitsOf("REPLACE", "EXCL", "CREATE", "APPEND")];
const DELETE = [...COMMON, ...bitsOf("NONREC")];
const ERROR = [...COMMON, ...bitsOf("CAPPED", "ACK_TLVS")];

/** What a message's flags are called: a NEW with MULTI answers a GET, and carries that request's flags. */
export function messageFlags(header: { type: number; flags: number }, names: Names): ReturnType<typeof showFlags> {
  const name = names.messageType(header.type) ?? "";
  const isAnswer = (header.flags & NLM_F.MULTI) !== 0;
  if (name === "NLMSG_ERROR") return showFlags(ERROR, "NLM_F_");
  if (name.startsWith("RTM_NEW") && !isAnswer) return showFlags(NEW, "NLM_F_");
  return showFlags(name.startsWith("RTM_DEL") ? DELETE : GET, "NLM_F_");
}

function bitsOf(...names: (keyof typeof NLM_F)[]): (readonly [string, number])[] {
  return names.map((name) => [name, NLM_F[name]]);
}
