// What nlvm run --trace prints: each message between a program and the kernel. Of Linux's ABI as the layer rewrites it, of
// FreeBSD's as it is.

import { CodecError } from "../codec/bytes.js";
import { decode } from "../codec/decode.js";
import { describe } from "../codec/describe.js";
import { decodeRouting } from "../codec/routing.js";
import { describeRouting } from "../codec/routingdescribe.js";
import { linesOf, type Rewrite } from "../linux/abi.js";

/** Gets one line, without its end. */
export type TraceLine = (line: string) => void;

/** Whose socket it is: its vnet and port. */
export interface TracedSocket {
  readonly vnet: string;
  readonly port: number;
  readonly protocol: number;
}

export function traceRewrite(print: TraceLine, rewrite: Rewrite): void {
  for (const line of linesOf(rewrite)) print(line);
}

/** @param bytes - of one send or one receive: any number of messages, the last perhaps cut */
export function traceMessages(print: TraceLine, arrow: ">" | "<", of: TracedSocket, bytes: Uint8Array): void {
  for (const text of textsOf(bytes, of.protocol)) print(`${of.vnet} ${of.port} ${arrow} ${text}`);
}

/** @param bytes - of one write or one read of a routing socket, the last perhaps cut */
export function traceRouting(print: TraceLine, arrow: ">" | "<", vnet: string, bytes: Uint8Array): void {
  for (const text of routingTexts(bytes)) print(`${vnet} rtsock ${arrow} ${text}`);
}

function routingTexts(bytes: Uint8Array): string[] {
  return textsOrError(bytes, () => decodeRouting(bytes).map(describeRouting));
}

function textsOf(bytes: Uint8Array, protocol: number): string[] {
  return textsOrError(bytes, () => decode(bytes, { protocol }).map((message) => describe(message, { protocol })));
}

function textsOrError(bytes: Uint8Array, texts: () => string[]): string[] {
  try {
    return texts();
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return [`${bytes.length} bytes: ${error.message}`];
  }
}
