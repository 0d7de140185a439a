// What each frame of a client asks of one of its sockets. The table is the protocol.

import type { Address } from "./address.js";
import type { Body } from "./body.js";
import { align4, type Frame, FrameType, HALF_NONE, ProtocolError } from "./frames.js";
import { HALF_BYTES, RECEIVE_BYTES_MAX } from "./limits.js";
import type { Message, Opened } from "./opened.js";
import type { Outgoing } from "./outgoing.js";
import type { SharedFile } from "./sharedfile.js";

/** What a handler has to work with. */
export interface Context {
  readonly opened: Opened;
  readonly body: Body;
  readonly frame: Frame;
  readonly shared: SharedFile | undefined;
}

/** The result of a call, and what belongs to it; frames without a reply give undefined. */
export type Reply = { readonly result: number; readonly put?: (out: Outgoing) => void } | undefined;

interface Row {
  readonly handle: (context: Context) => Reply;
  /** Whether others may have something to receive afterwards. */
  readonly changes: boolean;
}

const ADDRESS_START = 16;

export const REQUESTS: ReadonlyMap<number, Row> = new Map<number, Row>([
  [FrameType.BIND, { changes: false, handle: ({ opened, body }) => done(() => opened.bind(addressOf(body))) }],
  [FrameType.CONNECT, { changes: false, handle: ({ opened, body }) => done(() => opened.connect(addressOf(body))) }],
  [FrameType.NAME, { changes: false, handle: ({ opened, body }) => value(opened.name(body.word() !== 0)) }],
  [FrameType.SETOPT, { changes: true, handle: setopt }],
  [FrameType.GETOPT, { changes: false, handle: getopt }],
  [FrameType.SEND, { changes: true, handle: send }],
  [FrameType.PULL, { changes: false, handle: pull }],
  [FrameType.TAKEN, { changes: false, handle: taken }],
  [FrameType.RECEIVE, { changes: true, handle: receive }],
  [FrameType.UNTAKEN, { changes: true, handle: untaken }],
  [FrameType.SHUTDOWN, { changes: true, handle: ({ opened, body }) => done(() => opened.shutdown(body.int())) }],
  [FrameType.IOCTL, { changes: false, handle: ({ opened, body }) => value(opened.ioctl(body.word())) }],
]);

function done(call: () => void): Reply {
  call();
  return { result: 0 };
}

function value(bytes: Uint8Array): Reply {
  return { result: 0, put: (out) => out.putBytes(bytes) };
}

/** A struct address. */
function addressOf(body: Body): Address {
  return { bytes: body.word(), start: body.bytes(ADDRESS_START) };
}

function setopt({ opened, body }: Context): Reply {
  const level = body.int();
  const option = body.int();
  const given = body.rest().slice(); // what is kept of it outlives the frame
  return done(() => opened.setsockopt(level, option, given));
}

function getopt({ opened, body }: Context): Reply {
  const level = body.int();
  const option = body.int();
  return value(opened.getsockopt(level, option, body.word()));
}

/** One message after the other; the first that is refused ends it, and is an error only when none went before. */
function send({ opened, body }: Context): Reply {
  let sent = 0;
  try {
    do {
      opened.send(messageOf(body));
      sent++;
    } while (body.left > 0);
  } catch (error) {
    if (sent === 0 || error instanceof ProtocolError) throw error;
  }
  opened.answer();
  return { result: sent };
}

/** A struct send_record and its bytes. */
function messageOf(body: Body): Message {
  const bytes = body.word();
  const flags = body.word();
  const hasControl = body.word() > 0;
  const address = addressOf(body);
  return { bytes: body.padded(bytes), flags, hasControl, address: address.bytes === 0 ? undefined : address };
}

function pull({ opened, body, frame }: Context): Reply {
  const credit = body.word();
  const offer = body.word();
  const half = halfOf(body);
  opened.taken(body.word());
  opened.pull({ request: frame.request, credit, offer, half });
  return undefined;
}

function halfOf(body: Body): number {
  const half = body.word();
  if (half > 1 && half !== HALF_NONE) throw new ProtocolError(`half ${half} of the shared file`);
  return half;
}

function taken({ opened, body }: Context): Reply {
  opened.taken(body.word());
  opened.push();
  return undefined;
}

/** A struct receive_request, answered by a struct receive_reply. */
function receive({ opened, body, shared }: Context): Reply {
  const room = Math.min(body.word(), RECEIVE_BYTES_MAX);
  const flags = body.word();
  const control = body.word();
  const name = body.word();
  const half = halfOf(body);
  const received = opened.receive({ room, flags, control, name });
  const fits = half !== HALF_NONE && shared !== undefined && align4(received.bytes.length) <= HALF_BYTES;
  if (fits) shared.write(half, 0, [received.bytes]);
  const put = (out: Outgoing): void => {
    out.putWord(received.bytes.length);
    out.putWord(received.flags);
    out.putWord(received.name.length);
    out.putWord(received.control.length);
    out.putWord(fits ? half : HALF_NONE);
    out.putPadded(received.name);
    out.putPadded(received.control);
    if (!fits) out.putPadded(received.bytes);
  };
  return { result: received.result, put };
}

function untaken({ opened }: Context): Reply {
  opened.untake();
  return undefined;
}
