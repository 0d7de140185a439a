// How a reply buffer grows: it decides where FreeBSD cuts what it queues (netlink/netlink_message_writer.c).

import { NetlinkLimit } from "../abi/netlink";

/**
 * The capacity of the buffer after one of `capacity` bytes with `complete` bytes of whole messages, where an open message
 * of `open` bytes needs `more` (netlink-core N7.2).
 */
export function grownCapacity(capacity: u32, complete: u32, open: u32, more: u32): u32 {
  let grown: u32;
  if (complete > 0 && more < <u32>NetlinkLimit.NLMBUFSIZE) grown = max<u32>(capacity, NetlinkLimit.NLMBUFSIZE);
  else grown = capacity < <u32>NetlinkLimit.NLMBUFSIZE ? NetlinkLimit.NLMBUFSIZE : capacity << 1;
  while (grown < open + more) grown <<= 1;
  return grown;
}
