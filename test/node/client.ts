// A supervisor of the tests that talks to a server over its socket, frame by frame.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import * as wire from "./frames.js";

export class Client {
  readonly connection: Socket;
  readonly #listener = new wire.Listener();
  readonly #heard: wire.Heard[] = [];
  #wake: () => void = () => {};
  #isClosed = false;
  #requests = 0;

  private constructor(connection: Socket) {
    this.connection = connection;
    connection.on("data", (chunk) => {
      this.#heard.push(...this.#listener.hear(chunk));
      this.#wake();
    });
    connection.on("error", () => {});
    connection.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static async connect(path: string): Promise<Client> {
    const connection = connect(path);
    await once(connection, "connect");
    return new Client(connection);
  }

  /** Connects, says HELLO, and waits for the welcome. */
  static async greet(path: string, domain: number): Promise<Client> {
    const client = await Client.connect(path);
    client.connection.write(wire.frame(wire.HELLO, 0, ++client.#requests, wire.helloBody(domain), 1));
    await client.next(wire.REPLY);
    return client;
  }

  say(type: number, socket: number, body: Uint8Array = new Uint8Array(0)): number {
    this.connection.write(wire.frame(type, socket, ++this.#requests, body));
    return this.#requests;
  }

  /** @returns the result of the reply, and what belongs to it */
  async ask(
    type: number,
    socket: number,
    body: Uint8Array = new Uint8Array(0),
  ): Promise<{ result: number; body: Uint8Array }> {
    const request = this.say(type, socket, body);
    const reply = await this.find((each) => each.type === wire.REPLY && each.request === request);
    return { result: wire.wordAt(reply.body, 0) | 0, body: reply.body.subarray(4) };
  }

  next(type: number): Promise<wire.Heard> {
    return this.find((each) => each.type === type);
  }

  /** Takes the first frame that fits out of what was heard, waiting for it. @throws Error when the connection ends before */
  async find(fits: (each: wire.Heard) => boolean): Promise<wire.Heard> {
    for (;;) {
      const at = this.#heard.findIndex(fits);
      if (at >= 0) return this.#heard.splice(at, 1)[0] as wire.Heard;
      if (this.#isClosed) throw new Error("the connection ended");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async closed(): Promise<void> {
    while (!this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The text with which the server ends the connection. */
  async goodbye(): Promise<string> {
    const { body } = await this.next(wire.GOODBYE);
    return new TextDecoder().decode(body.subarray(4));
  }

  leave(): void {
    this.connection.destroy();
  }
}
