// Port ids: who has which, and the choice of one (netlink-core N2.3, N2.5). A port is a vnet's, over all protocols.

import { Errno } from "../abi/errno";
import { NetlinkLimit } from "../abi/netlink";
import { HashTable } from "../mem/hash";
import { randomWord } from "../mem/random";
import { Socket } from "./socket";

const ports = changetype<HashTable>(memory.data(offsetof<HashTable>(), 16));

export function isPortTaken(port: u32): bool {
  return ports.first(port) != 0;
}

/** The process id if it is free, else one of 16 draws; the process id again when all of them are taken. */
export function choosePort(socket: Socket): u32 {
  let port = socket.processId;
  for (let draw = 0; draw < NetlinkLimit.PORT_DRAWS && isPortTaken(port); draw++) {
    port = NetlinkLimit.PORT_FIRST + (randomWord() % NetlinkLimit.PORT_SPAN);
  }
  return isPortTaken(port) ? socket.processId : port;
}

/** @returns EADDRINUSE; ENOBUFS without memory */
export function takePort(socket: Socket, port: u32): Errno {
  if (isPortTaken(port)) return Errno.EADDRINUSE;
  if (!ports.insert(changetype<usize>(socket), port)) return Errno.ENOBUFS;
  socket.port = port;
  socket.isBound = true;
  return Errno.OK;
}

export function givePort(socket: Socket): void {
  if (!socket.isBound) return;
  ports.remove(changetype<usize>(socket));
  socket.isBound = false;
}
