// Linux's error numbers, and which of them a FreeBSD number becomes (sys/compat/linux/linux_errno.inc; linux-compat L9.6).
// The same table serves the errno of a call and the number inside a message.

import { NetlinkError, RefusedError } from "../kernel/kernel.js";

/** Positive, as a failed call's errno; messages carry them negative. */
export const LinuxErrno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  EDOM: 33,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENOMSG: 42,
  EIDRM: 43,
  ENODATA: 61,
  EREMOTE: 66,
  ENOLINK: 67,
  EPROTO: 71,
  EMULTIHOP: 72,
  EBADMSG: 74,
  EOVERFLOW: 75,
  EILSEQ: 84,
  EUSERS: 87,
  ENOTSOCK: 88,
  EDESTADDRREQ: 89,
  EMSGSIZE: 90,
  EPROTOTYPE: 91,
  ENOPROTOOPT: 92,
  EPROTONOSUPPORT: 93,
  ESOCKTNOSUPPORT: 94,
  EOPNOTSUPP: 95,
  EPFNOSUPPORT: 96,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ENETRESET: 102,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  ESHUTDOWN: 108,
  ETOOMANYREFS: 109,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
  ESTALE: 116,
  EDQUOT: 122,
  ECANCELED: 125,
  EOWNERDEAD: 130,
  ENOTRECOVERABLE: 131,
} as const;

export type LinuxErrno = (typeof LinuxErrno)[keyof typeof LinuxErrno];

/** FreeBSD's numbers end here. */
const FREEBSD_LAST = 97;

/** By FreeBSD's number from 35 on; below that all but EDEADLK are the same. */
const FROM_35: readonly number[] = [
  11, 115, 114, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110,
  111, 40, 36, 112, 113, 39, 11, 87, 122, 116, 66, 6, 6, 6, 6, 6, 37, 38, 9, 6, 6, 43, 42, 75, 125, 84, 61, 22, 74, 72,
  67, 71, 1, 1, 131, 130, 22,
];
const FREEBSD_EDEADLK = 11;

/**
 * @param errno - FreeBSD's, 0 … 97
 * @throws RangeError for another number: FreeBSD's kernel asserts
 */
export function linuxErrnoOf(errno: number): number {
  if (!Number.isInteger(errno) || errno < 0 || errno > FREEBSD_LAST) {
    throw new RangeError(`errno ${errno}: expected one of FreeBSD's, 0 … ${FREEBSD_LAST}`);
  }
  if (errno === FREEBSD_EDEADLK) return LinuxErrno.EDEADLK;
  return errno < 35 ? errno : (FROM_35[errno - 35] as number);
}

const NAMES = new Map<number, string>(Object.entries(LinuxErrno).map(([name, number]) => [number, name]));

/** A call on a Linux socket that was refused, with Linux's number. */
export class LinuxError extends RefusedError {
  readonly code: string;

  constructor(
    /** The call: "bind", "send", … */
    readonly operation: string,
    readonly errno: number,
  ) {
    const code = NAMES.get(errno) ?? `errno ${errno}`;
    super(`${operation}: ${code}`);
    this.name = "LinuxError";
    this.code = code;
  }
}

/** Makes a call on the kernel; what it refuses is thrown with Linux's number. */
export function asLinux<T>(operation: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof NetlinkError) throw new LinuxError(operation, linuxErrnoOf(error.errno));
    throw error;
  }
}
