// Where a sysctl's messages go, back to back (kern/kern_sysctl.c, sysctl_old_user; rtsock G.6.2).
//   measure      counts bytes, and copies none
//   openOutput   copies as far as the caller's room goes; what is longer is cut there
//   emit         a message; false when the room is used up
//   closeOutput  gives the memory back once the host has copied it

import { giveBlock, orderOf, takeBlock } from "../mem/block";
import { messageAt } from "./message";

@unmanaged
class Output {
  /** Of all messages, be there room or not. */
  total: u32;
  /** A block of at least `room` bytes; 0 while bytes are only counted. */
  at: usize;
  order: u32;
  room: u32;
  filled: u32;
  isCut: bool;
}

export const output = changetype<Output>(memory.data(offsetof<Output>(), 16));

export function measure(): void {
  closeOutput();
  output.total = 0;
  output.room = 0;
  output.filled = 0;
  output.isCut = false;
}

/** After measuring: room for as much as there is, at most `room`. The memory is the host's: no fault makes it fail. */
export function openOutput(room: u32): bool {
  output.isCut = output.total > room;
  output.room = min(room, output.total);
  output.total = 0;
  output.filled = 0;
  if (output.room == 0) return true;
  output.order = orderOf(output.room);
  output.at = takeBlock(output.order);
  return output.at != 0;
}

export function emit(length: u32): bool {
  output.total += length;
  if (output.at == 0) return true;
  const bytes = min(length, output.room - output.filled);
  memory.copy(output.at + output.filled, messageAt(), bytes);
  output.filled += bytes;
  return bytes == length;
}

export function closeOutput(): void {
  if (output.at != 0) giveBlock(output.at, output.order);
  output.at = 0;
}
