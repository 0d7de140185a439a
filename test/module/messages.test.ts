// Messages for modules among others: in their order, as far as the receive queue allows, whatever runs beside them.

import { describe, expect, it } from "vitest";
import { GENL } from "../../assembly/abi/genetlink.js";
import { NLM_F, NLMSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { Errno, Kernel, type Policy } from "../../host/kernel/kernel.js";
import { byId, byName, genl, getFamily, openGeneric } from "../generic/families.js";
import {
  ackOf,
  ask,
  attribute,
  codeOf,
  concat,
  drain,
  numberAt,
  payloadOf,
  type Seen,
  u32,
} from "../support/messages.js";
import {
  assembled,
  bootWith,
  DUMMY,
  DUMMY_ATTRIBUTE,
  dummyFile,
  idOf,
  listener,
  setupDummy,
  watModule,
} from "./modules.js";

const countOf = (seen: Seen): number =>
  numberAt(payloadOf(seen.body.slice(4), DUMMY_ATTRIBUTE.VALUE) as Uint8Array, 0, 4);

/** Short names of what came: counts, acks, entries, done, families. */
function told(seen: readonly Seen[], id: number): string[] {
  return seen.map((each) => {
    if (each.type === NLMSG.ERROR) return `ack ${ackOf(each).error}`;
    if (each.type === NLMSG.DONE) return "done";
    if (each.type === GENL.MIN_ID) return "family";
    if (each.type !== id) return `type ${each.type}`;
    return each.flags & NLM_F.MULTI ? "entry" : `count ${countOf(each)}`;
  });
}

const count = (id: number, flags = "qa"): Uint8Array => genl(id, DUMMY.COUNT, flags);
const dump = (id: number, entries: number): Uint8Array =>
  genl(id, DUMMY.DUMP, "qD", [attribute(DUMMY_ATTRIBUTE.COUNT, u32(entries))]);

describe("messages for a module", () => {
  it("are answered in the order in which they stand in a send, with those of other families among them", () => {
    const { socket, id } = setupDummy();
    const nobody = genl(id + 1, 1, "qa");
    const seen = ask(
      socket,
      count(id),
      count(id, "q"),
      getFamily("q", byName("dummy")),
      dump(id, 2),
      count(id),
      nobody,
      genl(id, 99, "qa"),
      genl(id, DUMMY.ECHO, "qa"),
      count(id),
    );
    expect(told(seen, id)).toEqual([
      ...["count 1", "ack 0", "count 2", "family", "entry", "entry", "done"],
      ...["count 3", "ack 0", `ack ${Errno.EOPNOTSUPP}`, `ack ${Errno.EOPNOTSUPP}`, `ack ${Errno.EINVAL}`],
      ...["count 4", "ack 0"],
    ]);
  });

  it("without NLM_F_REQUEST are passed over, and acked when that is asked", () => {
    const { socket, id } = setupDummy();
    expect(told(ask(socket, count(id), count(id, ""), count(id, "a"), count(id)), id)).toEqual([
      ...["count 1", "ack 0", "ack 0", "count 2", "ack 0"],
    ]);
  });

  it("of two modules are answered each by its own", () => {
    const text = assembled(watModule({ handle: "(i32.const 17)" }));
    const kernel = bootWith({ dummy: dummyFile(), text });
    const socket = openGeneric(kernel.vnet0);
    const [dummy, other] = [idOf(socket, "dummy"), idOf(socket, "text")];
    const seen = ask(socket, count(dummy), genl(other, 1, "qa"), count(dummy), genl(other, 1, "qa"));
    expect(told(seen, dummy)).toEqual(["count 1", "ack 0", "ack 17", "count 2", "ack 0", "ack 17"]);
  });

  it.each([1, 2, 255, 256, 257, 1000])("%i of them in a send are all answered", (messages) => {
    const { socket, id } = setupDummy();
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 1 << 18);
    socket.setsockopt(SOL.SOCKET, SO.SNDBUF, 1 << 18);
    const seen = ask(socket, ...Array.from({ length: messages }, () => count(id, "q")));
    expect(seen.map(countOf)).toEqual(Array.from({ length: messages }, (_, i) => i + 1));
  });

  it.each([256, 1000, 2048, 5000, 20_000])("wait while a receive queue of %i bytes is full, as one by one", (bytes) => {
    const queued = (policy: Policy): number[] => {
      const { kernel, socket, id } = setupDummy({ policy, stepped: true });
      socket.setsockopt(SOL.SOCKET, SO.RCVBUF, bytes);
      socket.send(concat(...Array.from({ length: 200 }, (_, i) => (i % 7 === 3 ? dump(id, 5) : count(id)))));
      const lengths: number[] = [];
      for (;;) {
        kernel.runUntilIdle();
        const seen = drain(socket);
        if (seen.length === 0) return lengths;
        lengths.push(seen.length);
      }
    };
    // Under the seeded policy each message goes to the module by itself.
    const together = queued("fifo");
    expect(together.reduce((sum, length) => sum + length, 0)).toBe(29 * 6 + 171 * 2);
    expect(together).toEqual(queued("seeded"));
  });

  it.each<[Policy, boolean]>([
    ["fifo", false],
    ["fifo", true],
    ["seeded", false],
    ["seeded", true],
  ])("of many sockets replay to the same bytes (%s, stepped %s)", (policy, stepped) => {
    const { kernel, vnet, id } = setupDummy({ policy, stepped, record: true, seed: 5 });
    const sockets = Array.from({ length: 4 }, () => openGeneric(vnet));
    for (let round = 0; round < 20; round++) {
      for (const socket of sockets)
        socket.send(concat(count(id), getFamily("q", byId(id)), count(id), dump(id, round)));
      if (stepped) for (let i = 0; i < round; i++) kernel.step();
      kernel.runUntilIdle();
      for (const socket of sockets) drain(socket);
    }
    const log = kernel.record();
    const again = Kernel.replay(log);
    expect(again.record().memory).toEqual(log.memory);
  });

  it("are processed one at a time by step, and run(n) processes no more than n", () => {
    const { kernel, vnet, id } = setupDummy({ stepped: true });
    const socket = openGeneric(vnet);
    kernel.runUntilIdle();
    drain(socket);
    socket.send(concat(...Array.from({ length: 10 }, () => count(id, "q"))));
    expect(kernel.step()).toBe(true);
    expect(told(drain(socket), id)).toEqual([]);
    expect(kernel.run(4)).toBe(4);
    expect(kernel.runUntilIdle()).toBe(5);
    expect(drain(socket).map(countOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("that wait when their socket is closed are executed first", () => {
    const { kernel, vnet, socket, id } = setupDummy({ stepped: true });
    const closing = openGeneric(vnet);
    closing.send(concat(count(id), count(id), count(id)));
    closing.close();
    socket.send(count(id));
    kernel.runUntilIdle();
    expect(told(drain(socket), id)).toEqual(["count 4", "ack 0"]);
  });

  it("reach a module whose family is gone no more: ENOTSUP", () => {
    const { kernel, socket, id } = setupDummy({ stepped: true });
    socket.send(concat(count(id), count(id)));
    kernel.kldunload("dummy");
    kernel.runUntilIdle();
    expect(told(drain(socket), id)).toEqual([`ack ${Errno.EOPNOTSUPP}`, `ack ${Errno.EOPNOTSUPP}`]);
  });

  it("tell groups in the order of the answers, to every member", () => {
    const told = assembled(
      watModule({
        handle: `(i32.store (i32.const 512) (i32.const 20)) (i32.store16 (i32.const 516) (global.get $family))
          (i32.store8 (i32.const 528) (i32.load8_u offset=17 (local.get $message)))
          (drop (call $notify (global.get $group) (i32.const 512) (i32.const 20))) (i32.const 0)`,
      }),
    );
    const kernel = bootWith({ text: told });
    const socket = openGeneric(kernel.vnet0);
    const id = idOf(socket, "text");
    const members = [0, 1].map(() => listener(kernel.vnet0, "text", "news"));
    ask(socket, ...[3, 1, 2].map((version) => genl(id, 1, "q", [], version)));
    for (const member of members) expect(drain(member).map(({ body }) => body[0])).toEqual([3, 1, 2]);
  });

  it("without memory for its answers ends with ENOMEM, and the next one is answered", () => {
    const { vnet, socket, id } = setupDummy();
    let refused = 0;
    for (let n = 1; n <= 8; n++) {
      vnet.failAllocation(n);
      const error = codeOf(() => socket.send(concat(count(id), count(id))));
      vnet.failAllocation(0);
      if (error !== undefined) continue;
      const seen = told(drain(socket), id);
      if (seen.some((each) => each === `ack ${Errno.ENOMEM}`)) refused++;
      const [again] = ask(socket, count(id));
      expect(again?.type).toBe(id);
    }
    expect(refused).toBeGreaterThan(0);
  });

  it("leave nothing of earlier answers in memory: a run that was put back replays to the same bytes", () => {
    const { kernel, socket, id } = setupDummy({ record: true });
    const before = kernel.snapshot();
    ask(socket, genl(id, DUMMY.ECHO, "qa", [attribute(DUMMY_ATTRIBUTE.DATA, new Uint8Array(200).fill(255))]));
    kernel.revert(before);
    // The text of the refusal is padded.
    ask(socket, count(id), genl(id, DUMMY.ECHO, "qa"));
    const log = kernel.record();
    expect(Kernel.replay(log).record().memory).toEqual(log.memory);
  });

  it("leave no memory behind", () => {
    const { vnet, socket, id } = setupDummy();
    const use = (): unknown => {
      for (let i = 0; i < 50; i++) ask(socket, dump(id, 2000), count(id));
      const { bufferHighWater: _, ...rest } = vnet.statistics();
      return rest;
    };
    expect(use()).toEqual(use());
  });
});
