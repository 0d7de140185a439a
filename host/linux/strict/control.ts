// Control data of a send (sys/compat/linux/linux_socket.c, linux_sendmsg_common; linux-compat L10.7): looked at, then
// dropped, because a netlink socket takes none.

import { LinuxErrno, LinuxError } from "../errno.js";
import { LinuxSOL } from "../number.js";

/** struct cmsghdr of a 64-bit program: u64 length, int level, int type. */
const HEADER_BYTES = 16;
const LEVEL = 8;
const TYPE = 12;
const ALIGNMENT = 8;
/** Types that FreeBSD knows. */
const SCM = { RIGHTS: 1, CREDENTIALS: 2 } as const;

/** @throws LinuxError EINVAL a length that is impossible, or another type than rights and credentials */
export function checkControl(control: Uint8Array): void {
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  for (let at = 0; at + HEADER_BYTES <= control.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const type = view.getInt32(at + TYPE, true);
    const isKnown = type === SCM.RIGHTS || type === SCM.CREDENTIALS;
    if (length < HEADER_BYTES || length > control.length - at || !isKnown) throw invalid();
    if (view.getInt32(at + LEVEL, true) !== LinuxSOL.SOCKET) throw invalid();
    at += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  }
}

function invalid(): LinuxError {
  return new LinuxError("send", LinuxErrno.EINVAL);
}
