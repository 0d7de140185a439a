import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { done, error } from "../../host/codec/control.js";
import { decode } from "../../host/codec/decode.js";
import { encode } from "../../host/codec/encode.js";
import type { Message } from "../../host/codec/messages.js";
import { route } from "../../host/codec/route.js";
import { RouteBatches } from "../../host/table/batches.js";
import { RouteDump } from "../../host/table/dump.js";
import { loadRoutes, type MessageSocket, RouteLoader, RouteRefusedError } from "../../host/table/load.js";
import { addressesIn, RouteLookup } from "../../host/table/lookup.js";
import { syntheticTable } from "../../host/table/synthetic.js";

/** A kernel in a few lines: each send is answered by the windows that `answer` returns. */
class ScriptedSocket implements MessageSocket {
  readonly sent: Message[] = [];
  readonly #windows: Uint8Array[] = [];

  constructor(readonly answer: (messages: Message[]) => Message[][]) {}

  send(bytes: Uint8Array): number {
    const messages = decode(bytes.slice());
    this.sent.push(...messages);
    for (const window of this.answer(messages)) this.#windows.push(joined(window));
    return bytes.length;
  }

  recv(into: Uint8Array): number {
    const window = this.#windows.shift();
    if (!window) throw new Error("EAGAIN");
    into.set(window);
    return window.length;
  }
}

function joined(messages: readonly Message[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [...encode(message)]));
}

function answerTo({ header }: Message, errno: Errno): Message {
  const request = { length: 16, ...header };
  return error.message(NLMSG.ERROR, { flags: NLM_F.CAPPED, seq: header.seq, pid: 9 }, { error: errno, request });
}

function routeTo(destination: string, destinationLength: number): Message {
  const where = { family: AF.INET, destination, destinationLength, gateway: "192.0.2.2", oif: 2 };
  return route.message(RTM.NEWROUTE, { flags: NLM_F.MULTI, seq: 0, pid: 9 }, where);
}

describe("a loader", () => {
  const table = syntheticTable({ routes: 450, seed: 1 });

  it("sends all batches and reads one ack for each", () => {
    const socket = new ScriptedSocket((messages) => {
      const last = messages.at(-1);
      return last ? [[answerTo(last, Errno.OK)]] : [];
    });
    const progress: number[] = [];
    loadRoutes(new RouteLoader(socket), new RouteBatches(table, { interfaceIndex: 2 }), (routes) =>
      progress.push(routes),
    );
    expect(socket.sent).toHaveLength(450);
    expect(progress).toEqual([200, 400, 450]);
    expect(() => socket.recv(new Uint8Array(1))).toThrow("EAGAIN");
  });

  it("names the message that was refused, also when others follow", () => {
    const socket = new ScriptedSocket((messages) => {
      const [, , third] = messages;
      const last = messages.at(-1);
      return third && last ? [[answerTo(third, Errno.EEXIST), answerTo(last, Errno.OK)]] : [];
    });
    const load = (): void => loadRoutes(new RouteLoader(socket), new RouteBatches(table, { interfaceIndex: 2 }));
    expect(load).toThrow(new RouteRefusedError(Errno.EEXIST, 3));
    expect(load).toThrow("RTM_NEWROUTE, sequence 3: EEXIST");
  });

  it("reads on when the ack is not in the first window", () => {
    const socket = new ScriptedSocket((messages) => {
      const last = messages.at(-1);
      return last ? [[routeTo("10.0.0.0", 8)], [answerTo(last, Errno.OK)]] : [];
    });
    expect(() => loadRoutes(new RouteLoader(socket), new RouteBatches(table, { interfaceIndex: 2 }))).not.toThrow();
  });
});

describe("a dump", () => {
  const end = (errno: Errno): Message =>
    done.message(NLMSG.DONE, { flags: NLM_F.MULTI, seq: 0, pid: 9 }, { error: errno });

  it("asks for one family and counts messages, bytes and reads", () => {
    const socket = new ScriptedSocket(() => [
      [routeTo("10.0.0.0", 8), routeTo("11.0.0.0", 8)],
      [routeTo("12.0.0.0", 8), end(Errno.OK)],
    ]);
    const windows: number[] = [];
    const summary = new RouteDump(socket, AF.INET).counted((bytes) => windows.push(decode(bytes).length));
    const bytes = 3 * encode(routeTo("10.0.0.0", 8)).length;
    expect([summary, windows]).toEqual([{ routes: 3, bytes, reads: 2 }, [2, 2]]);
    expect(socket.sent[0]?.header).toMatchObject({ type: RTM.GETROUTE, flags: NLM_F.REQUEST | NLM_F.DUMP });
    expect(socket.sent[0]?.body).toMatchObject({ family: AF.INET });
  });

  it("drained reads to the end, which may come alone", () => {
    const socket = new ScriptedSocket(() => [[routeTo("10.0.0.0", 8)], [end(Errno.OK)]]);
    expect(new RouteDump(socket, AF.INET).drained()).toBe(encode(routeTo("10.0.0.0", 8)).length + 20);
    expect(() => socket.recv(new Uint8Array(1))).toThrow("EAGAIN");
  });

  it.each<[string, (request: Message) => Message]>([
    ["refused", (request) => answerTo(request, Errno.EINVAL)],
    ["that ends with an error", () => end(Errno.EINVAL)],
  ])("%s throws its errno", (_name, answer) => {
    const socket = new ScriptedSocket(([request]) => (request ? [[answer(request)]] : []));
    expect(() => new RouteDump(socket, AF.INET).counted()).toThrow("RTM_GETROUTE dump: EINVAL");
  });
});

describe("a lookup", () => {
  it("draws addresses that lie in a route, the same for a seed", () => {
    const table = syntheticTable({ routes: 100, seed: 1 });
    const bytes = addressesIn(table, 500, 3);
    const view = new DataView(bytes.buffer);
    for (let place = 0; place < 500; place++) {
      const address = view.getUint32(4 * place);
      const covers = table.addresses.some((network, entry) => {
        const size = 2 ** (32 - (table.lengths[entry] ?? 0));
        return address >= network && address < network + size;
      });
      expect(covers).toBe(true);
    }
    expect(addressesIn(table, 500, 3)).toEqual(bytes);
    expect(addressesIn(table, 500, 4)).not.toEqual(bytes);
  });

  it("asks one question a send and takes its reply", () => {
    const socket = new ScriptedSocket(() => [[routeTo("10.0.0.0", 8)]]);
    new RouteLookup(socket, AF.INET).ask(Uint8Array.of(10, 1, 2, 3, 10, 9, 9, 9));
    expect(socket.sent.map(({ body }) => body)).toMatchObject([
      { family: AF.INET, destination: "10.1.2.3", destinationLength: 32 },
      { family: AF.INET, destination: "10.9.9.9", destinationLength: 32 },
    ]);
    expect(socket.sent.map(({ header }) => header.flags)).toEqual([NLM_F.REQUEST, NLM_F.REQUEST]);
  });

  it("names the address whose answer is no route", () => {
    const socket = new ScriptedSocket(([request]) => (request ? [[answerTo(request, Errno.ESRCH)]] : []));
    expect(() => new RouteLookup(socket, AF.INET).ask(Uint8Array.of(10, 1, 2, 3))).toThrow("10.1.2.3");
  });
});
