// A netlink socket: who owns it, what it asked for, and its two queues (netlink/netlink_domain.c, struct nlpcb).
//   openSocket, freeSocket   the list of a vnet's sockets, newest first; closing with work pending is task.ts
//   what a credential may    hasPrivilege
// The record stays where it is until the socket is closed: its address is the host's handle.

import { PRIV, NetlinkLimit } from "../abi/netlink";
import { allocateBlock, giveBlock, orderOf } from "../mem/block";
import { Hashed } from "../mem/hash";
import { Ring } from "../mem/ring";
import { Slab, give, take } from "../mem/slab";

/** Switches that setsockopt turns (NLF_*). */
export const enum SocketOption {
  CAP_ACK = 0x1,
  EXT_ACK = 0x2,
  STRICT = 0x4,
  MSG_INFO = 0x8,
}

/** An address that a jail without a vnet of its own may see. */
@unmanaged
export class JailAddress {
  family: u32;
  high: u64;
  low: u64;
}

@unmanaged
export class Socket extends Hashed {
  /** The vnet's list, newest first. */
  next: usize;
  previous: usize;
  /** The queue of sockets whose task is to run. */
  nextRunnable: usize;
  protocol: u32;
  type: u32;
  /** Port id (nl_pid); 0 while unbound. */
  port: u32;
  isBound: bool;
  /** Groups joined: bit n = group n. */
  groupsLow: u64;
  groupsHigh: u64;
  /** Creator's process id. */
  processId: u32;
  /** PRIV.* of the credentials at creation. */
  privileges: u32;
  /** In a jail without a vnet: no group can be joined, and only the jail's addresses are seen. */
  isConstrained: bool;
  jailAddresses: usize;
  jailAddressCount: u32;
  /** The host rewrites its messages for another ABI, see foreign.ts. */
  isForeign: bool;
  /** Of a foreign socket: notifications of interfaces that are gone vanish. */
  losesDepartures: bool;
  /** Of a foreign socket: bytes that a link's message gains. */
  linkGrowth: u8;
  /** Of a foreign socket: bytes of an Ethernet interface's name there, padded; 0 = the name stays. */
  ethernetNameBytes: u8;
  /** SocketOption bits. */
  options: u32;
  receiveLimit: u32;
  sendLimit: u32;
  receiveLowWater: u32;
  sendLowWater: u32;
  /** Ring of Buffer and Dump: replies and notifications not yet read. */
  receivedEntries: usize;
  receivedCapacity: u32;
  receivedHead: u32;
  receivedCount: u32;
  /** Bytes of them; a dump counts whole. */
  receivedBytes: u64;
  /** Bytes of the first entry that were read. */
  headOffset: u32;
  /** Ring of Buffer: sent and not yet wholly processed. */
  sentEntries: usize;
  sentCapacity: u32;
  sentHead: u32;
  sentCount: u32;
  sentBytes: u32;
  /** Buffer that was reserved for a send under way. */
  sending: usize;
  /** Writer of the replies to the send buffer under way; writer.ts knows its shape. */
  writer: usize;
  /** A pass is asked for (nl_task_pending). */
  isPending: bool;
  /** A pass is under way. */
  isInPass: bool;
  /** A send buffer is being processed. */
  isProcessing: bool;
  /** It stands in the queue of runnable sockets. */
  isQueued: bool;
  /** The receive queue filled up (nl_tx_blocked). */
  isBlocked: bool;
  /** NETLINK_GET_STRICT_CHK as the send buffer under way found it. */
  isStrict: bool;
  /** Notifications lost since the last receive. */
  droppedMessages: u32;
  droppedBytes: u32;

  get received(): Ring {
    return changetype<Ring>(changetype<usize>(this) + offsetof<Socket>("receivedEntries"));
  }
  get sent(): Ring {
    return changetype<Ring>(changetype<usize>(this) + offsetof<Socket>("sentEntries"));
  }
  /** No request is begun, and no notification taken, while the queue is full (sbspace <= 0). */
  get isFull(): bool {
    return this.receivedBytes >= this.receiveLimit;
  }
  has(option: u32): bool {
    return (this.options & option) != 0;
  }
  hasPrivilege(privilege: u32): bool {
    return privilege == PRIV.NONE || (this.privileges & privilege) != 0;
  }
}

if (offsetof<Socket>("receivedCount") - offsetof<Socket>("receivedEntries") != offsetof<Ring>("count")) ERROR("Ring");
if (offsetof<Socket>("sentCount") - offsetof<Socket>("sentEntries") != offsetof<Ring>("count")) ERROR("Ring");

@unmanaged
class Sockets {
  first: usize;
  count: u32;
}

const sockets = changetype<Sockets>(memory.data(offsetof<Sockets>(), 16));
const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

/** The newest socket, 0 = none; each leads to its next. */
export function firstSocket(): usize {
  return sockets.first;
}

export function socketCount(): u32 {
  return sockets.count;
}

/** A socket at the head of the list, with no port, no group and all options off; null without memory. */
export function openSocket(type: u32, protocol: u32, sendSpace: u32, receiveSpace: u32): Socket | null {
  const record = take<Socket>(slab);
  if (record == 0) return null;
  const socket = changetype<Socket>(record);
  socket.type = type;
  socket.protocol = protocol;
  socket.sendLimit = sendSpace;
  socket.receiveLimit = receiveSpace;
  socket.sendLowWater = min<u32>(NetlinkLimit.SNDLOWAT, sendSpace);
  socket.receiveLowWater = NetlinkLimit.RCVLOWAT;
  socket.next = sockets.first;
  if (sockets.first != 0) changetype<Socket>(sockets.first).previous = record;
  sockets.first = record;
  sockets.count++;
  return socket;
}

/** Puts the socket in a jail without a vnet; false without memory for the addresses. */
export function constrain(socket: Socket, addresses: usize, count: u32): bool {
  socket.isConstrained = true;
  if (count == 0) return true;
  const bytes = count * offsetof<JailAddress>();
  const block = allocateBlock(orderOf(bytes));
  if (block == 0) return false;
  memory.copy(block, addresses, bytes);
  socket.jailAddresses = block;
  socket.jailAddressCount = count;
  return true;
}

/** Whether a socket's jail may see an address; outside a jail without vnet, every one (prison_if). */
export function seesAddress(socket: Socket, family: u32, high: u64, low: u64): bool {
  if (!socket.isConstrained) return true;
  for (let i: u32 = 0; i < socket.jailAddressCount; i++) {
    const address = changetype<JailAddress>(socket.jailAddresses + i * offsetof<JailAddress>());
    if (address.family == family && address.high == high && address.low == low) return true;
  }
  return false;
}

/** Takes a socket out of the list and frees its record; its queues, port and groups are gone already. */
export function freeSocket(socket: Socket): void {
  assert(socket.received.count == 0 && socket.sent.count == 0, "a socket is freed with empty queues");
  if (socket.previous != 0) changetype<Socket>(socket.previous).next = socket.next;
  else sockets.first = socket.next;
  if (socket.next != 0) changetype<Socket>(socket.next).previous = socket.previous;
  sockets.count--;
  socket.received.free();
  socket.sent.free();
  if (socket.jailAddressCount != 0) {
    giveBlock(socket.jailAddresses, orderOf(socket.jailAddressCount * offsetof<JailAddress>()));
  }
  give<Socket>(slab, changetype<usize>(socket));
}
