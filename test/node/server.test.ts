// Many clients at once: limits, and clients that die, stall, flood or talk nonsense while others go on.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLIENTS_MAX, FRAME_BYTES_MAX } from "../../host/node/limits.js";
import { ListenError, Server, type ServerOptions } from "../../host/node/server.js";
import { concat, message } from "../support/messages.js";
import { Client } from "./client.js";
import { bench } from "./conversation.js";
import * as wire from "./frames.js";

let folder = "";
let servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nlvm-"));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function listen(options: ServerOptions = {}): Promise<Server> {
  const server = await Server.listen(bench().machine, join(folder, `s${servers.length}`), options);
  servers.push(server);
  return server;
}

function ping(seq: number): Uint8Array {
  return message({ type: 1, flags: "qa", seq });
}

/** Sends a request on a socket of FreeBSD's ABI and reads its ack. */
async function works(client: Client, socket: number): Promise<boolean> {
  const { result } = await client.ask(wire.SEND, socket, wire.sendBody(ping(1)));
  const received = await client.ask(wire.RECEIVE, socket, wire.words(36, 0, 0, 0, wire.NO_HALF));
  return result === 1 && received.result === 36;
}

async function opened(server: Server): Promise<Client> {
  const client = await Client.greet(server.path, wire.FREEBSD);
  expect((await client.ask(wire.OPEN, 1, wire.words(3, 0, 1, 0))).result).toBe(1);
  return client;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let n = 0; n < 500 && !isSo(); n++) await sleep(5);
  expect(isSo()).toBe(true);
}

describe("the socket", () => {
  it("is for its owner alone", async () => {
    const { path } = await listen();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("is gone when the server ends", async () => {
    const server = await Server.listen(bench().machine, join(folder, "own"));
    await server.close();
    expect(statSync(server.path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it("of another server is not taken", async () => {
    const { path } = await listen();
    await expect(Server.listen(bench().machine, path)).rejects.toThrow(ListenError);
    await expect(Server.listen(bench().machine, path)).rejects.toThrow("another server listens there");
  });

  it("is not put in the place of a file", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "kept");
    await expect(Server.listen(bench().machine, path)).rejects.toThrow("a file of another kind");
  });

  it("cannot be where there is no folder", async () => {
    await expect(Server.listen(bench().machine, join(folder, "no/where"))).rejects.toThrow(ListenError);
  });
});

describe("limits", () => {
  it("clients: one more than the limit is told so and sent away, and the others go on", async () => {
    const server = await listen({ clientsMax: 2 });
    const first = await opened(server);
    const second = await opened(server);
    const third = await Client.connect(server.path);
    expect(await third.goodbye()).toBe("2 clients are connected, which is the most");
    await third.closed();
    expect([await works(first, 1), await works(second, 1)]).toEqual([true, true]);
    second.leave();
    await until(() => server.clientCount === 1);
    expect(await works(await opened(server), 1)).toBe(true);
  });

  it(`is ${CLIENTS_MAX} clients when nobody says otherwise`, async () => {
    const server = await listen();
    const clients = await Promise.all(Array.from({ length: CLIENTS_MAX }, () => opened(server)));
    expect(server.clientCount).toBe(CLIENTS_MAX);
    expect(await (await Client.connect(server.path)).goodbye()).toContain(`${CLIENTS_MAX} clients`);
    for (const client of clients) client.leave();
    await until(() => server.clientCount === 0 && server.socketCount === 0);
  });

  it.each([FRAME_BYTES_MAX - 4, FRAME_BYTES_MAX])("takes a frame of %i bytes", async (length) => {
    const client = await opened(await listen());
    const request = client.say(wire.SEND, 1, wire.sendBody(new Uint8Array(length - 16 - 32)));
    const reply = await client.find((each) => each.request === request);
    expect(wire.wordAt(reply.body, 0) | 0).toBe(-90); // EMSGSIZE: the kernel's own limit is lower
  });

  it("ends the connection at a frame above the limit, before it came", async () => {
    const client = await opened(await listen());
    client.connection.write(concat(wire.words(FRAME_BYTES_MAX + 1), wire.words(wire.SEND, 1, 9)));
    expect(await client.goodbye()).toContain(`a frame of ${FRAME_BYTES_MAX + 1} bytes`);
    await client.closed();
  });

  it("sends a client away that does not say HELLO in time", async () => {
    const server = await listen({ helloMilliseconds: 40 });
    const silent = await Client.connect(server.path);
    expect(await silent.goodbye()).toContain("no HELLO");
    await silent.closed();
    expect(await works(await opened(server), 1)).toBe(true);
  });
});

describe("one client's trouble is no other's", () => {
  it.each<[string, Uint8Array]>([
    ["words that are no frame", new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n".repeat(40))],
    ["a frame that is none", wire.frame(200, 1, 1, new Uint8Array(0))],
    ["zeros", new Uint8Array(4096)],
    ["a body that is cut", wire.frame(wire.BIND, 1, 5, wire.words(12))],
  ])("%s", async (_, bytes) => {
    const server = await listen();
    const good = await opened(server);
    const bad = await opened(server);
    bad.connection.write(bytes);
    await bad.goodbye();
    await bad.closed();
    await until(() => server.clientCount === 1 && server.socketCount === 1);
    expect(await works(good, 1)).toBe(true);
  });

  it("a client that dies in the middle of a frame takes its sockets along and nothing else", async () => {
    const server = await listen();
    const good = await opened(server);
    const bad = await opened(server);
    bad.connection.write(wire.frame(wire.SEND, 1, 9, wire.sendBody(ping(1))).subarray(0, 30));
    await sleep(5);
    bad.leave();
    await until(() => server.socketCount === 1);
    expect(await works(good, 1)).toBe(true);
  });

  it("a client that asks and never reads is no longer read from, and goes on when it reads", async () => {
    const inFlightBytesMax = 1 << 16;
    const server = await listen({ inFlightBytesMax });
    const good = await opened(server);
    const stalled = await opened(server);
    stalled.connection.pause();
    const asks = 20_000;
    let replies = 0;
    for (let n = 0; n < asks; n++) stalled.say(wire.NAME, 1, wire.words(0));
    for (let n = 0; n < 20; n++) expect(await works(good, 1)).toBe(true);
    await until(() => server.inFlightBytes > inFlightBytesMax);
    // What was read at once is answered still: 64 KiB of requests of 20 bytes, with 32 each.
    expect(server.inFlightBytes).toBeLessThan(inFlightBytesMax + (65_536 / 20) * 32 + 1);
    stalled.connection.resume();
    while (replies < asks) {
      await stalled.next(wire.REPLY);
      replies++;
    }
    expect(await works(stalled, 1)).toBe(true);
  });

  it("notifications for a client that does not read stay in the kernel", async () => {
    const server = await listen({ inFlightBytesMax: 4096 });
    const good = await opened(server);
    const stalled = await Client.greet(server.path, wire.LINUX);
    await stalled.ask(wire.OPEN, 1, wire.words(3, 0, 7, 0));
    await stalled.ask(wire.BIND, 1, wire.address(wire.LINUX, 0, 1)); // links
    stalled.connection.pause();
    for (let mtu = 1000; mtu < 1400; mtu++) {
      const change = message({ type: 16, flags: "q", seq: mtu }, setMtu(2, mtu));
      await good.ask(wire.SEND, 1, wire.sendBody(change));
    }
    stalled.connection.resume();
    const pushed = await stalled.next(wire.DATA);
    expect(wire.recordsOf(pushed.body.subarray(12)).length).toBeGreaterThan(0);
    expect(await works(good, 1)).toBe(true);
  });
});

/** The body of an RTM_NEWLINK that sets an MTU. */
function setMtu(index: number, mtu: number): Uint8Array {
  return concat(wire.words(0, index, 0, 4), wire.words(8 | (4 << 16), mtu)); // ifi_change IFF_DEBUG: no flag changes
}

it("events that one client causes reach another at once", async () => {
  const server = await listen();
  const changer = await opened(server);
  const watcher = await Client.greet(server.path, wire.LINUX);
  await watcher.ask(wire.OPEN, 1, wire.words(3, 0, 7, 0));
  await watcher.ask(wire.BIND, 1, wire.address(wire.LINUX, 0, 1));
  await changer.ask(wire.SEND, 1, wire.sendBody(message({ type: 16, flags: "q" }, setMtu(2, 1234))));
  const pushed = await watcher.next(wire.DATA);
  const [record] = wire.recordsOf(pushed.body.subarray(12));
  expect([record?.port, record?.groups, record?.group]).toEqual([0, 1, 1]);
});
