// One supervisor's conversation: carries out its requests and tells it what its sockets receive. Knows nothing of how the
// bytes travel; what it says is in `out`, for whoever moves them.

import type { Vnet } from "../kernel/kernel.js";
import { LinuxErrno, LinuxError } from "../linux/errno.js";
import { Body } from "./body.js";
import { Domain } from "./domain.js";
import { type Frame, FrameType, PROTOCOL_VERSION, ProtocolError, Reading } from "./frames.js";
import { FRAME_BYTES_MAX, HALF_BYTES, SOCKETS_MAX } from "./limits.js";
import type { Listener, Machine } from "./machine.js";
import { type Opened, OpenedAhead, OpenedForwarded } from "./opened.js";
import { Outgoing } from "./outgoing.js";
import { REQUESTS, type Reply } from "./requests.js";
import { isForwarded } from "./served.js";
import { SharedFile } from "./sharedfile.js";

export interface SessionOptions {
  /** Milliseconds after which the client says that time has passed; 0, the default: it need not. */
  readonly tickMilliseconds?: number;
  /** Called when others have brought something into `out`. */
  readonly onPush?: () => void;
  /** The folder of the shared file; undefined: none is offered. Default /dev/shm. */
  readonly sharedFolder?: string | undefined;
}

/** Exit statuses that a client which is sent away ends with. */
const STATUS_FAILURE = 1;
const STATUS_USAGE = 2;
const VNET0 = "vnet0";

export class Session implements Listener {
  /** What is to be sent. */
  readonly out = new Outgoing();
  /** While the client does not read, what its sockets receive stays in the kernel. */
  isPaused = false;
  readonly #machine: Machine;
  readonly #options: SessionOptions;
  readonly #sockets = new Map<number, Opened>();
  #domain = Domain.LINUX;
  #vnet: Vnet | undefined;
  #shared: SharedFile | undefined;
  #isFileNamed = false;
  #isOver = false;

  constructor(machine: Machine, options: SessionOptions = {}) {
    this.#machine = machine;
    this.#options = { sharedFolder: "/dev/shm", ...options };
    machine.join(this);
  }

  /** The client was sent away: the connection ends when `out` is sent. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** It has said HELLO. */
  get hasBegun(): boolean {
    return this.#vnet !== undefined;
  }

  get socketCount(): number {
    return this.#sockets.size;
  }

  /** Carries out one frame. @throws ProtocolError when it makes no sense: goodbye is next */
  handle(frame: Frame): void {
    if (this.#isOver) return;
    if (this.#vnet === undefined) this.#hello(frame);
    else this.#carryOut(frame);
  }

  #carryOut(frame: Frame): void {
    this.#unlinkFile();
    const hasTimePassed = this.#machine.catchUp();
    let hasChanged = frame.type === FrameType.TICK;
    const reply = this.#attempt(() => {
      switch (frame.type) {
        case FrameType.OPEN:
          return this.#open(frame, false);
        case FrameType.OPEN_ROUTING:
          return this.#open(frame, true);
        case FrameType.CLOSE:
          hasChanged = true;
          return this.#close(frame);
        case FrameType.TICK:
          return undefined;
        default:
          hasChanged = REQUESTS.get(frame.type)?.changes ?? false;
          return this.#request(frame);
      }
    });
    if (hasChanged || hasTimePassed) this.#machine.settle();
    if (reply !== undefined) this.#reply(frame, reply);
  }

  /** A call that is refused is a reply like any other. */
  #attempt(call: () => Reply): Reply {
    try {
      return call();
    } catch (error) {
      if (error instanceof LinuxError) return { result: -error.errno };
      throw error;
    }
  }

  #reply({ socket, request }: Frame, { result, put }: NonNullable<Reply>): void {
    this.out.begin(FrameType.REPLY, socket, request);
    this.out.putWord(result >>> 0);
    put?.(this.out);
    this.out.end();
  }

  #hello(frame: Frame): void {
    if (frame.type !== FrameType.HELLO) throw new ProtocolError("no HELLO");
    if (frame.version !== PROTOCOL_VERSION) {
      this.goodbye(`version ${frame.version} of the protocol; expected ${PROTOCOL_VERSION}`);
      return;
    }
    const body = new Body(frame.body);
    const domain = body.word();
    body.bytes(12); // process, user and group of the supervisor; each socket tells those of its program
    const name = new TextDecoder().decode(body.rest()) || VNET0;
    if (domain !== Domain.LINUX && domain !== Domain.FREEBSD) throw new ProtocolError(`domain ${domain}`);
    const { kernel } = this.#machine;
    this.#domain = domain;
    this.#vnet = kernel.vnet(name);
    if (this.#vnet === undefined) {
      const names = kernel.vnets.map((vnet) => vnet.name).join(", ");
      this.goodbye(`no vnet "${name}"; expected one of ${names}`, STATUS_USAGE);
    } else {
      this.#welcome(frame);
    }
  }

  #welcome(frame: Frame): void {
    const { tickMilliseconds = 0, sharedFolder } = this.#options;
    this.#shared = sharedFolder === undefined ? undefined : SharedFile.create(sharedFolder);
    const path = new TextEncoder().encode(this.#shared?.path ?? "");
    const words = [SOCKETS_MAX, FRAME_BYTES_MAX, tickMilliseconds, HALF_BYTES];
    const put = (out: Outgoing): void => {
      for (const word of words) out.putWord(word);
      out.putBytes(path);
    };
    this.#reply(frame, { result: 0, put });
  }

  /** The client opens the file before it sends its second frame. */
  #unlinkFile(): void {
    if (!this.#isFileNamed) this.#shared?.unlink();
    this.#isFileNamed = true;
  }

  #open(frame: Frame, isRouting: boolean): Reply {
    if (isRouting && this.#domain !== Domain.FREEBSD) throw new ProtocolError("a routing socket of Linux's ABI");
    if (frame.socket === 0 || this.#sockets.has(frame.socket)) throw new ProtocolError(`socket ${frame.socket} twice`);
    if (this.#sockets.size >= SOCKETS_MAX) throw new LinuxError("socket", LinuxErrno.EMFILE);
    const body = new Body(frame.body);
    const request = { type: body.int(), protocol: body.int(), pid: body.word(), uid: body.word() };
    const vnet = this.#vnet as Vnet;
    const socket = isRouting
      ? this.#machine.openRouting(vnet, request)
      : this.#machine.open(this.#domain, vnet, request);
    if (isForwarded(socket)) {
      this.#sockets.set(frame.socket, new OpenedForwarded(socket, this.#domain, frame.socket, this.out));
      return { result: Reading.FORWARDED };
    }
    this.#sockets.set(frame.socket, new OpenedAhead(socket, frame.socket, this.out, this.#shared));
    return { result: Reading.AHEAD };
  }

  #close(frame: Frame): Reply {
    this.#sockets.get(frame.socket)?.close(); // one that could not be opened is closed too
    this.#sockets.delete(frame.socket);
    return undefined;
  }

  #request(frame: Frame): Reply {
    const body = new Body(frame.body);
    if (frame.type === FrameType.IOCTL && frame.socket === 0) {
      const bytes = this.#machine.interfaceIoctl(this.#domain, this.#vnet as Vnet, body.word(), body.rest());
      return { result: 0, put: (out) => out.putBytes(bytes) };
    }
    const row = REQUESTS.get(frame.type);
    if (row === undefined) throw new ProtocolError(`a frame of type ${frame.type}`);
    const opened = this.#sockets.get(frame.socket);
    if (opened === undefined) throw new ProtocolError(`socket ${frame.socket}, which is not open`);
    return row.handle({ opened, body, frame, shared: this.#shared });
  }

  push(): void {
    if (this.isPaused || this.#isOver) return;
    for (const opened of this.#sockets.values()) opened.push();
    if (this.out.length > 0) this.#options.onPush?.();
  }

  /** Sends the client away, with the exit status that it should end with. */
  goodbye(text: string, status: number = STATUS_FAILURE): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.out.begin(FrameType.GOODBYE, 0, 0);
    this.out.putWord(status);
    this.out.putBytes(new TextEncoder().encode(text));
    this.out.end();
  }

  /** The client has gone, and its sockets with it. */
  end(): void {
    this.#isOver = true;
    this.#machine.leave(this);
    for (const opened of this.#sockets.values()) opened.close();
    this.#sockets.clear();
    this.#shared?.unlink();
    this.#shared?.close();
    this.#shared = undefined;
    this.#machine.settle();
  }
}
