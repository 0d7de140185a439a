// What every module exports besides its own `attach` and `handle`: its entry file exports it again.

import { Errno } from "./numbers";

/** The version of the calls between kernel and module. */
export const abi: i32 = 1;

@unmanaged
class Requests {
  at: usize;
  bytes: u32;
}

const requests = changetype<Requests>(memory.data(offsetof<Requests>(), 16));

const PAGE_SHIFT: u32 = 16;
const PAGE_BYTES: u32 = 1 << PAGE_SHIFT;

/** Where the kernel puts requests from now on, which may have so many bytes: pages of their own. 0 without room. */
export function requestBuffer(bytes: u32): usize {
  if (bytes <= requests.bytes) return requests.at;
  const pages = <i32>((bytes + PAGE_BYTES - 1) >> PAGE_SHIFT);
  const before = memory.grow(pages);
  if (before < 0) return 0;
  requests.at = <usize>before << PAGE_SHIFT;
  requests.bytes = <u32>pages << PAGE_SHIFT;
  return requests.at;
}

/** For a module that has kernel tests and no family of its own. */
export function handle(message: usize, bytes: u32): i32 {
  return Errno.EOPNOTSUPP;
}
