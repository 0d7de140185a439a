// A session and the supervisor that talks to it, in one process and without a byte stream between them.

import { Kernel } from "../../host/kernel/kernel.js";
import { type Frame, FrameParser } from "../../host/node/frames.js";
import { Machine, type MachineOptions } from "../../host/node/machine.js";
import { Session, type SessionOptions } from "../../host/node/session.js";
import * as wire from "./frames.js";

/** A kernel with one interface that has an address, whose clock stands still until `later`. */
export function bench(options: MachineOptions = {}): {
  machine: Machine;
  kernel: Kernel;
  later: (milliseconds: number) => void;
} {
  const kernel = Kernel.boot({
    modules: ["netlink"],
    interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }],
  });
  let now = 0;
  const machine = new Machine(kernel, { now: () => now, owner: 0, ...options });
  return {
    machine,
    kernel,
    later: (milliseconds) => {
      now += milliseconds;
    },
  };
}

export interface Answer {
  /** A result, or a negative errno. */
  readonly result: number;
  readonly body: Uint8Array;
}

export class Conversation {
  readonly session: Session;
  /** What came and was not asked about yet. */
  heard: wire.Heard[] = [];
  readonly #parser = new FrameParser(1 << 22);
  readonly #listener = new wire.Listener();
  #requests = 0;
  #isFirst = true;

  constructor(machine: Machine, options: SessionOptions = { sharedFolder: undefined }) {
    this.session = new Session(machine, options);
  }

  /** Says a frame; what comes back is heard. @returns the number of the request */
  say(type: number, socket = 0, body: Uint8Array = new Uint8Array(0)): number {
    const request = ++this.#requests;
    const bytes = wire.frame(type, socket, request, body, this.#isFirst ? 1 : 0);
    this.#isFirst = false;
    this.#parser.feed(bytes, (frame: Frame) => this.session.handle(frame));
    this.listen();
    return request;
  }

  /** Takes what the session has to say. */
  listen(): void {
    this.heard.push(...this.#listener.hear(this.session.out.take()));
  }

  /** Says a frame and takes its reply out of what was heard. */
  ask(type: number, socket = 0, body: Uint8Array = new Uint8Array(0)): Answer {
    const request = this.say(type, socket, body);
    const reply = this.take((each) => each.type === wire.REPLY && each.request === request);
    if (reply === undefined) throw new Error(`no reply to a frame of type ${type}`);
    return { result: wire.wordAt(reply.body, 0) | 0, body: reply.body.subarray(4) };
  }

  /** Takes the first frame that fits out of what was heard. */
  take(fits: (each: wire.Heard) => boolean): wire.Heard | undefined {
    const at = this.heard.findIndex(fits);
    return at < 0 ? undefined : this.heard.splice(at, 1)[0];
  }

  /** Everything that was heard of one type. */
  all(type: number): wire.Heard[] {
    const found = this.heard.filter((each) => each.type === type);
    this.heard = this.heard.filter((each) => each.type !== type);
    return found;
  }

  hello(domain: number, vnet = ""): Answer {
    return this.ask(wire.HELLO, 0, wire.helloBody(domain, vnet));
  }

  open(socket: number, { protocol = 0, pid = 1000, uid = 0, type = 3 } = {}): number {
    return this.ask(wire.OPEN, socket, wire.words(type, protocol, pid, uid)).result;
  }

  send(socket: number, ...messages: readonly Uint8Array[]): number {
    return this.ask(wire.SEND, socket, wire.sendBody(...messages)).result;
  }

  /** Datagrams that were pushed to a socket. */
  pushed(socket: number): wire.Record[] {
    const frames = this.all(wire.DATA);
    this.heard.push(...frames.filter((each) => each.socket !== socket));
    return frames.filter((each) => each.socket === socket).flatMap(({ body }) => wire.recordsOf(body.subarray(12)));
  }
}
