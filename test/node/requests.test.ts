// What a frame asks of a socket, over one that notes it.
import { describe, expect, it } from "vitest";
import { Body } from "../../host/node/body.js";
import { FrameType } from "../../host/node/frames.js";
import { RECEIVE_BYTES_MAX } from "../../host/node/limits.js";
import type { Opened } from "../../host/node/opened.js";
import { REQUESTS } from "../../host/node/requests.js";
import type { Received, ReceiveRequest } from "../../host/node/served.js";
import * as wire from "./frames.js";

const NOTHING = new Uint8Array(0);

/** A socket on which every receive finds nothing of length 0. */
function noting(receives: ReceiveRequest[]): Opened {
  return {
    receive(request: ReceiveRequest): Received {
      receives.push(request);
      return { result: 0, flags: 0, bytes: NOTHING, name: NOTHING, control: NOTHING };
    },
  } as Partial<Opened> as Opened;
}

function receive(room: number): ReceiveRequest {
  const receives: ReceiveRequest[] = [];
  const bytes = wire.words(room, 2, 64, 12, wire.NO_HALF);
  const body = new DataView(bytes.buffer);
  const frame = { type: FrameType.RECEIVE, version: 0, socket: 1, request: 1, body };
  REQUESTS.get(FrameType.RECEIVE)?.handle({ opened: noting(receives), body: new Body(body), frame, shared: undefined });
  return receives[0] as ReceiveRequest;
}

describe("RECEIVE", () => {
  it.each([
    [0, 0],
    [RECEIVE_BYTES_MAX - 1, RECEIVE_BYTES_MAX - 1],
    [RECEIVE_BYTES_MAX, RECEIVE_BYTES_MAX],
    [RECEIVE_BYTES_MAX + 1, RECEIVE_BYTES_MAX],
    [0xffffffff, RECEIVE_BYTES_MAX],
  ])("with room for %i bytes asks for %i", (room, asked) => {
    expect(receive(room)).toEqual({ room: asked, flags: 2, control: 64, name: 12 });
  });
});
