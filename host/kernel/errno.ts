// A call that the kernel refused, as an exception with FreeBSD's errno.

import { Errno } from "../../assembly/abi/errno.js";

export { Errno };

/** What an extended ack tells of a refused message. */
export interface ExtendedAck {
  readonly message?: string;
  /** Bytes from the start of the nlmsghdr to the attribute at fault. */
  readonly offset?: number;
  readonly cookie?: Uint8Array;
}

/** A call that was refused, by the kernel or by a layer above it: an outcome like any other, which recordings keep. */
export abstract class RefusedError extends Error {
  /** The errno's name, e.g. "EAGAIN". */
  abstract readonly code: string;
  /** The call: "bind", "recv", … */
  abstract readonly operation: string;
  /** FreeBSD's, or the layer's. */
  abstract readonly errno: number;
}

/**
 * A call or a message that the kernel refused.
 * @see {@link Errno} for the numbers, which are FreeBSD's
 */
export class NetlinkError extends RefusedError {
  readonly code: string;

  constructor(
    /** The call ("bind", "recv", …) or the message ("RTM_NEWROUTE"). */
    readonly operation: string,
    readonly errno: Errno,
    readonly ack: ExtendedAck = {},
  ) {
    const code = Errno[errno] ?? `errno ${errno}`;
    const place = ack.offset === undefined ? "" : `at byte ${ack.offset}`;
    const told = [ack.message ?? "", place].filter((part) => part !== "").join(", ");
    super(`netlink ${operation}: ${code}${told === "" ? "" : ` (${told})`}`);
    this.name = "NetlinkError";
    this.code = code;
  }
}

/** Errnos come back from the core as -1 … -255; what is beyond is an address above 2 GiB. */
const ERRNO_MAX = 255;

/** Gives back a result as an unsigned number; one that is an errno is thrown. */
export function expectSuccess(operation: string, result: number): number {
  if (result < 0 && result >= -ERRNO_MAX) throw new NetlinkError(operation, -result as Errno);
  return result >>> 0;
}
