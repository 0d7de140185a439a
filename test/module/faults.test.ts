// Modules that misbehave: each is stopped and unloaded, the message it failed at ends with EIO, an event tells of it, and
// nothing is lost for anybody else.

import { beforeEach, describe, expect, it } from "vitest";
import { GENL } from "../../assembly/abi/genetlink.js";
import { Errno, type FaultReason, Kernel, ModuleLimit } from "../../host/kernel/kernel.js";
import { byName, genl, getFamily, openGeneric } from "../generic/families.js";
import { routeTo } from "../route/routes.js";
import { ackOf, ask, attribute, attributes, codeOf, drain, errorOf, type Seen, u32 } from "../support/messages.js";
import { openSocket } from "../support/setups.js";
import { assembled, bootWith, DUMMY, dummyFile, groupOf, idOf, type ModuleText, watModule } from "./modules.js";

/** What nlsysevent told: the DATA of events of the system KERNEL. */
function faultsTold(seen: readonly Seen[]): string[] {
  return seen.map(({ body }) => {
    const texts = attributes(body.slice(4)).map(([, bytes]) => new TextDecoder().decode(bytes.slice(0, -1)));
    return texts.join(" ");
  });
}

/** Answers a message of a length, at 512. */
const message = (length: number, more = ""): string => `
  (i32.store (i32.const 512) (i32.const ${length})) (i32.store16 (i32.const 516) (global.get $family)) ${more}`;
const answer = (bytes: number): string => `(drop (call $reply (i32.const 512) (i32.const ${bytes})))`;
const OK = "(i32.const 0)";

interface Misdeed {
  readonly text: ModuleText;
  readonly reason: FaultReason;
  readonly detail: RegExp;
}

const MISDEEDS: Readonly<Record<string, Misdeed>> = {
  traps: { text: { handle: "unreachable" }, reason: "trap", detail: /unreachable/i },
  "fails an assertion of AssemblyScript": {
    text: {
      handle: "(call $abort (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1)) (i32.const 0)",
    },
    reason: "trap",
    detail: /assertion/,
  },
  "divides by zero": { text: { handle: "(i32.div_u (local.get $bytes) (i32.const 0))" }, reason: "trap", detail: /./ },
  "reads beyond its memory": { text: { handle: "(i32.load (i32.const -8))" }, reason: "trap", detail: /./ },
  "calls what is not there": {
    text: {
      fields: "(table 1 funcref) (type $f (func (result i32)))",
      handle: "(call_indirect (type $f) (i32.const 0))",
    },
    reason: "trap",
    detail: /./,
  },
  "loops without end": { text: { handle: "(loop $l (br $l)) (i32.const 0)" }, reason: "steps", detail: /no end/ },
  "loops in a function without a loop": {
    text: {
      fields: "(func $a (call $b) (call $b)) (func $b (call $c) (call $c))".concat(
        ...[
          "c",
          "d",
          "e",
          "f",
          "g",
          "h",
          "i",
          "j",
          "k",
          "l",
          "m",
          "n",
          "o",
          "p",
          "q",
          "r",
          "s",
          "t",
          "u",
          "v",
          "w",
          "x",
          "y",
          "z",
        ].map((name, i, all) =>
          i === all.length - 1 ? `(func $${name})` : `(func $${name} (call $${all[i + 1]}) (call $${all[i + 1]}))`,
        ),
      ),
      handle: "(call $a) (i32.const 0)",
    },
    reason: "steps",
    detail: /no end/,
  },
  "fills memory over and over": {
    text: {
      memory: '(memory (export "memory") 200)',
      handle:
        "(local $i i32) (loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 13000000)) (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 1000000)))) (i32.const 0)",
    },
    reason: "steps",
    detail: /no end/,
  },
  "calls itself without end": {
    text: {
      fields: "(func $r (param i32) (result i32) (i32.add (i32.const 1) (call $r (local.get 0))))",
      handle: "(call $r (i32.const 0))",
    },
    reason: "stack",
    detail: /deep/,
  },
  "grows beyond the limit": {
    text: { handle: `(drop (memory.grow (i32.const ${ModuleLimit.MEMORY_PAGES}))) (i32.const 0)` },
    reason: "memory",
    detail: /256 pages/,
  },
  "grows beyond the limit and answers": {
    text: { handle: `(drop (memory.grow (i32.const ${ModuleLimit.MEMORY_PAGES}))) ${message(20)} ${answer(20)} ${OK}` },
    reason: "memory",
    detail: /256 pages/,
  },
  "answers an errno that is none": {
    text: { handle: "(i32.const 98)" },
    reason: "answer",
    detail: /errno 98; expected 0 to 97/,
  },
  "answers a negative errno": { text: { handle: "(i32.const -1)" }, reason: "answer", detail: /errno -1/ },
  "replies from beyond its memory": {
    text: { handle: `(drop (call $reply (i32.const 65530) (i32.const 20))) ${OK}` },
    reason: "answer",
    detail: /bytes 65530 to 65550, beyond its memory of 65536/,
  },
  "replies a message of another family": {
    text: { handle: `${message(20, `(i32.store16 (i32.const 516) (i32.const ${GENL.MIN_ID}))`)} ${answer(20)} ${OK}` },
    reason: "answer",
    detail: /message at byte 0 of type 16, no family of its own/,
  },
  "replies half a header": {
    text: { handle: `${message(20)} ${answer(12)} ${OK}` },
    reason: "answer",
    detail: /byte 0/,
  },
  "replies a message that is too short": {
    text: { handle: `${message(16)} ${answer(20)} ${OK}` },
    reason: "answer",
    detail: /length of 16; expected 20 to 20/,
  },
  "replies a message that is too long": {
    text: { handle: `${message(24)} ${answer(20)} ${OK}` },
    reason: "answer",
    detail: /length of 24/,
  },
  "replies garbage behind a message": {
    text: { handle: `${message(20)} ${answer(24)} ${OK}` },
    reason: "answer",
    detail: /message at byte 20/,
  },
  "replies an attribute without its header": {
    text: { handle: `${message(24, "(i32.store16 (i32.const 532) (i32.const 3))")} ${answer(24)} ${OK}` },
    reason: "answer",
    detail: /attribute at byte 20 with a length of 3/,
  },
  "replies an attribute that is too long": {
    text: { handle: `${message(24, "(i32.store16 (i32.const 532) (i32.const 5))")} ${answer(24)} ${OK}` },
    reason: "answer",
    detail: /attribute at byte 20 with a length of 5; 4 bytes are left/,
  },
  "replies without end": {
    text: {
      memory: '(memory (export "memory") 200)',
      handle: `(local $at i32) (local.set $at (i32.const 65536))
        (loop $l (i32.store (local.get $at) (i32.const 20)) (i32.store16 offset=4 (local.get $at) (global.get $family))
          (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 20))) (i32.const 0xa00000))))
        (loop $l (drop (call $reply (i32.const 65536) (i32.sub (local.get $at) (i32.const 65536)))) (br $l)) ${OK}`,
    },
    reason: "answer",
    detail: /an answer of more than/,
  },
  "replies nothing, without end": {
    text: { handle: `(loop $l (drop (call $reply (i32.const 0) (i32.const 0))) (br $l)) ${OK}` },
    reason: "steps",
    detail: /no end/,
  },
  "reports without end": {
    text: { handle: `(loop $l (call $report (i32.const 0) (i32.const 127) (i32.const 1)) (br $l)) ${OK}` },
    reason: "answer",
    detail: /an answer of more than/,
  },
  "logs without end": {
    text: { handle: `(loop $l (call $log (i32.const 0) (i32.const 1024)) (br $l)) ${OK}` },
    reason: "steps",
    detail: /no end/,
  },
  "asks for the time without end": {
    text: { handle: `(loop $l ${"(drop (call $now))".repeat(1000)} (br $l)) ${OK}` },
    reason: "steps",
    detail: /no end/,
  },
  "turns a long loop over and over": {
    text: {
      handle: `(local $i i32) (loop $l
        ${"(local.set $i (i32.div_u (i32.mul (local.get $i) (i32.const 3)) (i32.const 3)))".repeat(1000)}
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000)))) ${OK}`,
    },
    reason: "steps",
    detail: /no end/,
  },
  "grows by nothing over and over": {
    text: { handle: `(loop $l ${"(drop (memory.grow (i32.const 0)))".repeat(1000)} (br $l)) ${OK}` },
    reason: "steps",
    detail: /no end/,
  },
  "gives a place for requests beyond its memory": {
    text: { requestBuffer: "(i32.const 65530)" },
    reason: "answer",
    detail: /requestBuffer gave 65530/,
  },
};

describe.each(Object.entries(MISDEEDS))("a module that %s", (_, { text, reason, detail }) => {
  let kernel: Kernel;
  let id: number;
  let dummy: number;

  beforeEach(() => {
    kernel = bootWith({ dummy: dummyFile(), text: assembled(watModule(text)) }, { record: true, seed: 7 });
    const socket = openGeneric(kernel.vnet0);
    id = idOf(socket, "text");
    dummy = idOf(socket, "dummy");
    socket.close();
  });

  it("is unloaded, its message ends with EIO, and others go on", () => {
    const { vnet0 } = kernel;
    const socket = openGeneric(vnet0);
    const hears = openGeneric(vnet0, [groupOf(socket, "nlsysevent", "KERNEL")]);
    const controller = openGeneric(vnet0, [GENL.MIN_GROUP]);
    const seen = ask(
      socket,
      genl(dummy, DUMMY.COUNT, "qa"),
      genl(id, 1, "qa"),
      genl(dummy, DUMMY.COUNT, "qa"),
      genl(id, 1, "qa"),
    );
    const acks = seen.filter(({ type }) => type === 2).map((each) => ackOf(each).error);
    expect(acks).toEqual([0, Errno.EIO, 0, Errno.EOPNOTSUPP]);
    expect(ackOf(seen.find((each) => each.type === 2 && ackOf(each).error === Errno.EIO)).text).toBe(
      `module text was stopped: ${reason}`,
    );
    expect(kernel.isLoaded("text")).toBe(false);
    expect(kernel.moduleFaults).toMatchObject([{ module: "text", reason, detail: expect.stringMatching(detail) }]);
    expect(faultsTold(drain(hears))).toEqual([`KERNEL module FAULT name=text reason=${reason}`]);
    expect(drain(controller).map(({ body }) => body[0])).toEqual([2]);
    expect(codeOf(() => kernel.kldunload("text"))).toBe("ENOENT");
    expect(errorOf(ask(socket, getFamily("qa", byName("text"))))).not.toBe(0);
  });

  it("replays to the same bytes", () => {
    const socket = openGeneric(kernel.vnet0);
    ask(socket, genl(dummy, DUMMY.COUNT, "qa"), genl(id, 1, "qa"), genl(dummy, DUMMY.COUNT, "qa"));
    const log = kernel.record();
    const again = Kernel.replay(log);
    expect(again.record().memory).toEqual(log.memory);
    expect(again.moduleFaults.map((each) => each.reason)).toEqual([reason]);
  });

  it("can be loaded again, and memory is as before", () => {
    const { vnet0 } = kernel;
    const socket = openGeneric(vnet0);
    const misbehave = (): unknown => {
      const file = assembled(watModule(text));
      if (!kernel.isLoaded("text")) kernel.kldload("text", file);
      ask(socket, genl(idOf(socket, "text"), 1, "qa"));
      const { bufferHighWater: _, ...rest } = vnet0.statistics();
      return rest;
    };
    expect([misbehave(), misbehave()]).toEqual([misbehave(), misbehave()]);
  });
});

describe("a module that misbehaves outside a request", () => {
  const spoiled = (parts: ModuleText): Kernel => bootWith({ text: assembled(watModule(parts)) });

  it("in its timer is stopped when the clock comes there, and the clock goes on", () => {
    const kernel = spoiled({
      handle: "(call $timerSet (i32.const 0) (i32.const 100))",
      fields: '(func (export "expired") (param i32) unreachable)',
    });
    const socket = openGeneric(kernel.vnet0);
    expect(errorOf(ask(socket, genl(idOf(socket, "text"), 1, "qa")))).toBe(0);
    const start = kernel.uptime;
    kernel.advance(99);
    expect(kernel.isLoaded("text")).toBe(true);
    kernel.advance(1000);
    expect(kernel.isLoaded("text")).toBe(false);
    expect(kernel.moduleFaults).toMatchObject([{ reason: "trap", uptime: start + 100 }]);
    expect(kernel.uptime).toBe(start + 1099);
  });

  it("when it is unloaded is gone all the same", () => {
    const kernel = spoiled({ fields: '(func (export "detach") (result i32) unreachable)' });
    kernel.kldunload("text");
    expect(kernel.isLoaded("text")).toBe(false);
    expect(kernel.moduleFaults).toMatchObject([{ reason: "trap" }]);
  });

  it("when a vnet is made or destroyed is gone; the vnet is made and destroyed", () => {
    for (const name of ["attachVnet", "detachVnet"]) {
      const result = name === "attachVnet" ? "(result i32)" : "";
      // In the first vnet it is well.
      const kernel = spoiled({
        fields: `(func (export "${name}") (param i32) ${result} (if (local.get 0) (then unreachable)) ${result && "(i32.const 0)"})`,
      });
      const other = kernel.vnetCreate("other");
      expect(openSocket(other)).toBeDefined();
      for (const socket of other.sockets) socket.close();
      kernel.vnetDestroy("other");
      expect(kernel.isLoaded("text")).toBe(false);
      expect(kernel.moduleFaults).toHaveLength(1);
    }
  });

  it("as often as it is loaded is remembered the last 64 times", () => {
    const kernel = bootWith({});
    const file = assembled(watModule({ fields: '(func (export "detach") (result i32) unreachable)' }));
    for (let i = 0; i < 70; i++) {
      kernel.advance(1);
      kernel.kldload("text", file);
      kernel.kldunload("text");
    }
    expect(kernel.moduleFaults).toHaveLength(64);
    expect(kernel.moduleFaults.at(-1)?.uptime).toBe(kernel.uptime);
  });
});

describe("a module that refuses", () => {
  it("to be unloaded stays, with its errno", () => {
    const kernel = bootWith({
      text: assembled(watModule({ fields: '(func (export "detach") (result i32) (i32.const 16))' })),
    });
    expect(codeOf(() => kernel.kldunload("text"))).toBe("EBUSY");
    expect(kernel.isLoaded("text")).toBe(true);
  });

  it("a new vnet: there is none, with its errno, and the module stays", () => {
    const text = watModule({
      fields: '(func (export "attachVnet") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 12)))',
    });
    const kernel = bootWith({ text: assembled(text) });
    expect(codeOf(() => kernel.vnetCreate("other"))).toBe("ENOMEM");
    expect(kernel.vnets).toHaveLength(1);
    expect(kernel.isLoaded("text")).toBe(true);
  });

  it("a new vnet is not told that it goes; those that had taken it are", () => {
    const attaching = (errno: number): string => `
      (func (export "attachVnet") (param i32) (result i32) (i32.mul (local.get 0) (i32.const ${errno})))
      (func (export "detachVnet") (param i32) unreachable)`;
    const other = watModule({ fields: attaching(0) }).replace("text    news", "othr    news");
    const kernel = bootWith({
      told: assembled(other),
      refuses: assembled(watModule({ fields: attaching(Errno.ENOMEM) })),
    });
    expect(codeOf(() => kernel.vnetCreate("other"))).toBe("ENOMEM");
    expect(kernel.moduleFaults.map(({ module }) => module)).toEqual(["told"]);
    expect(kernel.isLoaded("refuses")).toBe(true);
  });

  it("a new vnet whose interfaces are refused before, hears nothing of it", () => {
    const kernel = bootWith({
      text: assembled(watModule({ fields: '(func (export "detachVnet") (param i32) unreachable)' })),
    });
    const interfaces = [{ name: "em0" }, { name: "em0" }];
    expect(codeOf(() => kernel.vnetCreate("other", { interfaces }))).toBe("EEXIST");
    expect(kernel.moduleFaults).toEqual([]);
  });
});

describe("the stack", () => {
  it("goes on beside a module that is stopped: routes and NETLINK_ROUTE sockets lose nothing", () => {
    const kernel = bootWith(
      { text: assembled(watModule({ handle: "unreachable" })) },
      { interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }] },
    );
    const route = openSocket(kernel.vnet0);
    const socket = openGeneric(kernel.vnet0);
    ask(socket, genl(idOf(socket, "text"), 1, "qa", [attribute(1, u32(0))]));
    expect(routeTo(route, "192.0.2.0/24").oif).toBe(2);
  });
});
