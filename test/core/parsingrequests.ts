// Requests that the tests of parsing add attributes to, and where in them those begin.

import { AF } from "../../assembly/abi/inet.js";
import { RTA, RTM } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import {
  ackOf,
  ask,
  attribute,
  ifaddrmsg,
  ifinfomsg,
  ip,
  message,
  rtmsg,
  type Seen,
  toHex,
  u32,
} from "../support/messages.js";

/** Where the attributes begin. */
export const IN_LINK = 32;
export const IN_ADDRESS = 24;
export const IN_ROUTE = 28;

export function link(...attributes: readonly Uint8Array[]): Uint8Array {
  return message({ type: RTM.GETLINK, flags: "qa" }, ifinfomsg(), ...attributes);
}

export function address(...attributes: readonly Uint8Array[]): Uint8Array {
  return message({ type: RTM.GETADDR, flags: "qa" }, ifaddrmsg({ family: AF.INET }), ...attributes);
}

/** A request that adds 127.1.0.0/16 through lo0, whatever attributes follow. */
export function route(...attributes: readonly Uint8Array[]): Uint8Array {
  return message(
    { type: RTM.NEWROUTE, flags: "qaCX" },
    rtmsg({ dstLength: 16, protocol: 4 }),
    attribute(RTA.DST, ip("127.1.0.0")),
    attribute(RTA.OIF, u32(1)),
    ...attributes,
  );
}

/** Where the attributes that are added to `route` begin. */
export const IN_ADDED_ROUTE = IN_ROUTE + 16;

/** A request for the route to 127.0.0.1, whatever attributes come first. */
export function lookup(...attributes: readonly Uint8Array[]): Uint8Array {
  return message({ type: RTM.GETROUTE, flags: "q" }, rtmsg(), ...attributes, attribute(RTA.DST, ip("127.0.0.1")));
}

export function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}

/** Error, text and offset of the first answer. */
export function fault(socket: Socket, request: Uint8Array): [number, string | undefined, number | undefined] {
  const ack = ackOf(ask(socket, request)[0]);
  return [ack.error, ack.text, ack.offset];
}

/** The bytes of an answer, for comparing. */
export function bytesOf(seen: readonly Seen[]): string[] {
  return seen.map((each) => toHex(each.bytes));
}
