// A client's socket without a kernel: what it receives was written down beforehand, what it sends is kept.
import { expect } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { NLM_F, NLMSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import type { ClientSocket } from "../../host/client/client.js";
import { error } from "../../host/codec/control.js";
import { decode } from "../../host/codec/decode.js";
import { encode } from "../../host/codec/encode.js";
import type { Message } from "../../host/codec/messages.js";
import { NetlinkError } from "../../host/kernel/errno.js";

export const PORT = 0x64;

/** A socket whose receives were written down beforehand: an array is what one receive returns. */
export class ScriptedSocket implements ClientSocket {
  readonly sent: Message[] = [];
  readonly options: [option: number, value: number][] = [];
  readonly rooms: number[] = [];
  readonly answers: Message[][];
  #port = 0;

  constructor(...answers: Message[][]) {
    this.answers = answers;
  }
  bind(): void {
    this.#port = PORT;
  }
  getsockname(): { port: number } {
    return { port: this.#port };
  }
  setsockopt(level: number, option: number, value: number): void {
    expect(level).toBe(SOL.NETLINK);
    this.options.push([option, value]);
  }
  getsockopt(level: number, option: number): number {
    expect([level, option]).toEqual([SOL.SOCKET, SO.RCVBUF]);
    return 65536;
  }
  send(bytes: Uint8Array): number {
    this.sent.push(...decode(bytes));
    return bytes.length;
  }
  recv(into: Uint8Array): number {
    const messages = this.answers.shift();
    if (messages === undefined) throw new NetlinkError("recv", Errno.EAGAIN);
    this.rooms.push(into.length);
    const bytes = encode(messages);
    into.set(bytes);
    return bytes.length;
  }
}

const REQUEST = { length: 28, type: RTM.NEWROUTE, flags: 5, seq: 1, pid: PORT };

export function ack(
  seq: number,
  errno: Errno = Errno.OK,
  extra: { message?: string; offset?: number; cookie?: Uint8Array } = {},
): Message {
  return error.message(
    NLMSG.ERROR,
    { flags: NLM_F.CAPPED, seq, pid: PORT },
    { error: errno, request: REQUEST, ...extra },
  );
}
