// Serves many supervisors at once over a unix socket. A client that dies, floods, stalls or sends garbage costs the others
// nothing: its sockets are closed, its frames are bounded, and what it does not read is not made.

import { chmodSync, rmSync, statSync } from "node:fs";
import { type Socket as Connection, connect, createServer, type Server as NetServer } from "node:net";
import { FrameParser, ProtocolError } from "./frames.js";
import { CLIENTS_MAX, FRAME_BYTES_MAX, HELLO_MILLISECONDS, IN_FLIGHT_BYTES_MAX, TICK_MILLISECONDS } from "./limits.js";
import type { Machine } from "./machine.js";
import { Session } from "./session.js";

/** The socket cannot be listened on. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export interface ServerOptions {
  /** Default CLIENTS_MAX, as the next. */
  readonly clientsMax?: number;
  readonly helloMilliseconds?: number;
  readonly inFlightBytesMax?: number;
}

/** Only its owner, and root, may connect. */
const SOCKET_MODE = 0o600;
const REFUSING_MASK = 0o177;
/** How long a client that is sent away may take to read why. */
const GOODBYE_MILLISECONDS = 1000;

export class Server {
  readonly path: string;
  readonly #machine: Machine;
  readonly #options: Required<ServerOptions>;
  readonly #clients = new Set<Client>();
  readonly #server: NetServer;
  readonly #ticker: NodeJS.Timeout;

  private constructor(machine: Machine, path: string, options: ServerOptions) {
    this.#machine = machine;
    this.path = path;
    this.#options = {
      clientsMax: CLIENTS_MAX,
      helloMilliseconds: HELLO_MILLISECONDS,
      inFlightBytesMax: IN_FLIGHT_BYTES_MAX,
      ...options,
    };
    this.#server = createServer((connection) => this.#accept(connection));
    this.#ticker = setInterval(() => this.#tick(), TICK_MILLISECONDS);
  }

  /**
   * @param path - of the socket, which is made with mode 0600; one that nobody listens on is replaced
   * @throws ListenError somebody listens there already, it is a file of another kind, or it cannot be made
   */
  static async listen(machine: Machine, path: string, options: ServerOptions = {}): Promise<Server> {
    await removeStale(path);
    const server = new Server(machine, path, options);
    try {
      await server.#listen();
    } catch (error) {
      clearInterval(server.#ticker);
      throw new ListenError(`${path}: ${(error as NodeJS.ErrnoException).code}`);
    }
    return server;
  }

  /** Clients that are connected now. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** Sockets that clients have open now. */
  get socketCount(): number {
    return [...this.#clients].reduce((sum, client) => sum + client.session.socketCount, 0);
  }

  /** Bytes on their way to clients that have not read them. */
  get inFlightBytes(): number {
    return [...this.#clients].reduce((sum, client) => sum + client.inFlightBytes, 0);
  }

  async close(): Promise<void> {
    clearInterval(this.#ticker);
    for (const client of this.#clients) client.dismiss("the server ends");
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    rmSync(this.path, { force: true });
  }

  async #listen(): Promise<void> {
    // No moment at which others could connect.
    const mask = process.umask(REFUSING_MASK);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once("error", reject);
        this.#server.listen(this.path, resolve);
      });
    } finally {
      process.umask(mask);
    }
    chmodSync(this.path, SOCKET_MODE);
  }

  #accept(connection: Connection): void {
    const { clientsMax, inFlightBytesMax, helloMilliseconds } = this.#options;
    const client = new Client(this.#machine, connection, inFlightBytesMax, () => this.#clients.delete(client));
    if (this.#clients.size >= clientsMax) {
      client.dismiss(`${clientsMax} clients are connected, which is the most`);
      return;
    }
    this.#clients.add(client);
    client.expectHello(helloMilliseconds);
  }

  #tick(): void {
    if (this.#machine.catchUp()) this.#machine.settle();
  }
}

/** One connection. */
class Client {
  readonly session: Session;
  readonly #connection: Connection;
  readonly #parser = new FrameParser(FRAME_BYTES_MAX);
  readonly #inFlightBytesMax: number;
  #isHandling = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(machine: Machine, connection: Connection, inFlightBytesMax: number, onEnd: () => void) {
    this.#connection = connection;
    this.#inFlightBytesMax = inFlightBytesMax;
    this.session = new Session(machine, { onPush: () => this.#flush() });
    connection.on("data", (chunk) => this.#take(chunk));
    connection.on("drain", () => this.#resume());
    connection.on("error", () => connection.destroy()); // it has gone; close follows
    connection.on("close", () => {
      clearTimeout(this.#patience);
      onEnd();
      this.session.end();
    });
  }

  get inFlightBytes(): number {
    return this.#connection.writableLength;
  }

  expectHello(milliseconds: number): void {
    this.#patience = setTimeout(() => this.dismiss("no HELLO came in time"), milliseconds);
  }

  dismiss(reason: string): void {
    this.session.goodbye(reason);
    this.#flush();
  }

  #take(chunk: Uint8Array): void {
    this.#isHandling = true;
    try {
      this.#parser.feed(chunk, (frame) => this.session.handle(frame));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.session.goodbye(error.message);
    }
    this.#isHandling = false;
    if (this.session.hasBegun) clearTimeout(this.#patience);
    this.#flush();
  }

  #flush(): void {
    if (this.#isHandling || this.#connection.destroyed) return;
    const { session } = this;
    // A copy: it is written when the client reads, and `out` goes on meanwhile.
    if (session.out.length > 0) this.#connection.write(Uint8Array.from(session.out.take()));
    if (session.isOver) {
      this.#connection.destroySoon();
      setTimeout(() => this.#connection.destroy(), GOODBYE_MILLISECONDS).unref();
    } else if (this.#connection.writableLength > this.#inFlightBytesMax && !session.isPaused) {
      session.isPaused = true;
      this.#connection.pause();
    }
  }

  #resume(): void {
    if (!this.session.isPaused) return;
    this.session.isPaused = false;
    this.#connection.resume();
    this.session.push();
  }
}

/** A socket that a server left behind when it died is in the way of the next. @throws ListenError */
async function removeStale(path: string): Promise<void> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isSocket()) throw new ListenError(`${path} is a file of another kind; expected a path that is free`);
  const isHeld = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (isHeld) throw new ListenError(`${path}: another server listens there`);
  rmSync(path, { force: true });
}
