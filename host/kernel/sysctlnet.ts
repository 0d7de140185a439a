// sysctl(3) of PF_ROUTE: tables as messages of routing sockets, back to back.

import { Errno } from "../../assembly/abi/errno.js";
import { ReceiveLayout, SysctlLayout } from "../../assembly/abi/exchange.js";
import { PROCESS_ID_DEFAULT, writeCaller } from "./caller.js";
import type { Core } from "./core.js";
import { expectSuccess } from "./errno.js";
import { type Cred, integer, U32_MAX } from "./options.js";

export interface SysctlNetOptions {
  /** Bytes of the caller's buffer, 0 … 2^32 - 2; without one only the size is asked for. */
  readonly room?: number;
  /** A new value is supplied; it is refused. */
  readonly hasNewValue?: boolean;
  readonly cred?: Cred;
  /** The process's fib. Default 0. */
  readonly fib?: number;
}

export interface SysctlNetResult {
  /** ENOMEM: the buffer is too small for all; then it is full. Routes are cut without an error, as FreeBSD does. */
  readonly errno: Errno;
  /** Bytes of the buffer that were filled, or that all would take. */
  readonly length: number;
  /** Nothing where only the size was asked for. */
  readonly bytes: Uint8Array;
}

/** @throws NetlinkError every errno but ENOMEM; RangeError for a room out of range */
export function sysctlNet(core: Core, mib: readonly number[], options: SysctlNetOptions): SysctlNetResult {
  const { room, hasNewValue = false, cred = {}, fib = 0 } = options;
  if (room !== undefined) integer(room, "sysctl: room", 0, U32_MAX - 1);
  writeCaller(core, cred, PROCESS_ID_DEFAULT);
  mib.slice(0, SysctlLayout.NUMBERS_MAX).forEach((number, i) => {
    core.views.data.setInt32(core.exchange + SysctlLayout.MIB + i * 4, number, true);
  });
  const result = core.call.routingSysctl(mib.length, hasNewValue ? 1 : 0, room ?? U32_MAX, fib);
  const length = expectSuccess(`sysctl ${mib.join(".")}`, result);
  const { bytes, data } = core.views;
  const place = data.getUint32(core.exchange + ReceiveLayout.WINDOW, true);
  const isCut = data.getUint32(core.exchange + ReceiveLayout.IS_CUT, true) !== 0;
  const filled = room === undefined ? new Uint8Array(0) : bytes.slice(place, place + length);
  core.call.routingSysctlDone();
  return { errno: isCut ? Errno.ENOMEM : Errno.OK, length, bytes: filled };
}
