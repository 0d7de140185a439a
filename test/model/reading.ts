// Reading sockets, as test/support does, over one buffer for all of them: histories read very often and little.

import type { Socket } from "../../host/kernel/kernel.js";
import { type Seen, split } from "../support/messages.js";

const buffer = new Uint8Array(1 << 17);

/** Everything queued. */
export function drain(socket: Socket): Seen[] {
  const seen: Seen[] = [];
  while (socket.poll().readable) seen.push(...split(buffer.subarray(0, socket.recv(buffer))));
  return seen;
}

/** Sends, and gives everything that was queued after it. */
export function ask(socket: Socket, request: Uint8Array): Seen[] {
  socket.send(request);
  return drain(socket);
}
