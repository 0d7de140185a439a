// A loadable module comes and goes: what clients see, vnets, snapshots, replay.

import { describe, expect, it } from "vitest";
import { GENL } from "../../assembly/abi/genetlink.js";
import { Errno, Kernel, ModuleLimit } from "../../host/kernel/kernel.js";
import { byName, CTRL, familyOf, genl, getFamily, openGeneric } from "../generic/families.js";
import {
  ackOf,
  ask,
  attribute,
  codeOf,
  doneOf,
  drain,
  errorOf,
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
  setupText,
  watModule,
} from "./modules.js";

const dump = (id: number, entries: number): Uint8Array =>
  genl(id, DUMMY.DUMP, "qD", [attribute(DUMMY_ATTRIBUTE.COUNT, u32(entries))]);
const valueIn = (seen: Seen | undefined): number =>
  numberAt(payloadOf((seen as Seen).body.slice(4), DUMMY_ATTRIBUTE.VALUE) as Uint8Array, 0, 4);

describe("a loadable module", () => {
  it("brings netlink along, counts as its user, and is announced with its family", () => {
    const kernel = Kernel.boot();
    kernel.kldload("dummy", dummyFile());
    expect(kernel.kldstat().map(({ name, references }) => [name, references])).toEqual([
      ["kernel", 3],
      ["netlink", 1],
      ["dummy", 1],
    ]);
    expect(codeOf(() => kernel.kldunload("netlink"))).toBe("EBUSY");
    kernel.kldunload("dummy");
    expect(kernel.kldstat().map(({ name }) => name)).toEqual(["kernel"]);
  });

  it("[RF-MOD-6a] netlink cannot go while nlsysevent or a module of a file is loaded: EBUSY, and nothing changes", () => {
    for (const bring of [
      (kernel: Kernel) => kernel.kldload("nlsysevent"),
      (kernel: Kernel) => kernel.kldload("dummy", dummyFile()),
    ]) {
      const kernel = Kernel.boot({ modules: ["netlink"] });
      bring(kernel);
      const before = kernel.kldstat();
      expect(codeOf(() => kernel.kldunload("netlink"))).toBe("EBUSY");
      expect(kernel.kldstat()).toEqual(before);
    }
  });

  it("[N10.5] its coming and going is told to the controller's group, in every vnet", () => {
    const kernel = bootWith({});
    const groups = [kernel.vnet0, kernel.vnetCreate("other")].map((vnet) => openGeneric(vnet, [GENL.MIN_GROUP]));
    kernel.kldload("dummy", dummyFile());
    kernel.kldunload("dummy");
    for (const group of groups) {
      const told = drain(group).map(familyOf);
      expect(told.map(({ command, name }) => `${command} ${name}`)).toEqual([
        `${CTRL.NEWFAMILY} dummy`,
        `${CTRL.DELFAMILY} dummy`,
      ]);
    }
  });

  it("[RF-MOD-9] unloaded while a dump of it is half read: the client gets the rest, then the family is unknown", () => {
    const { kernel, vnet, id } = setupDummy();
    const socket = openGeneric(vnet);
    socket.send(dump(id, 3000));
    const first = socket.recv(new Uint8Array(4096));
    expect(first).toBeGreaterThan(0);
    kernel.kldunload("dummy");
    const rest = drain(socket);
    expect(doneOf(rest.at(-1))).toBe(0);
    expect(errorOf(ask(socket, dump(id, 1)))).toBe(Errno.EOPNOTSUPP);
    expect(errorOf(ask(socket, getFamily("qa", byName("dummy"))))).toBe(Errno.ENOENT);
  });

  it("loaded again begins anew, with the lowest free id", () => {
    const { kernel, socket, id } = setupDummy();
    ask(socket, genl(id, DUMMY.COUNT, "q"));
    expect(valueIn(ask(socket, genl(id, DUMMY.COUNT, "q"))[0])).toBe(2);
    kernel.kldunload("dummy");
    kernel.kldload("dummy", dummyFile());
    expect(idOf(socket, "dummy")).toBe(id);
    expect(valueIn(ask(socket, genl(id, DUMMY.COUNT, "q"))[0])).toBe(1);
  });

  it("that is unloaded with a timer set is not called again", () => {
    const { kernel, vnet, socket, id } = setupDummy();
    const group = listener(vnet, "dummy", "ticks");
    ask(socket, genl(id, DUMMY.EVENTS, "q", [attribute(DUMMY_ATTRIBUTE.INTERVAL, u32(10))]));
    kernel.kldunload("dummy");
    kernel.advance(100);
    expect(drain(group)).toEqual([]);
  });

  it("is there in vnets of before and after its load", () => {
    const kernel = bootWith({});
    const early = kernel.vnetCreate("early");
    kernel.kldload("dummy", dummyFile());
    const late = kernel.vnetCreate("late");
    for (const vnet of [early, late]) {
      const socket = openGeneric(vnet);
      expect(valueIn(ask(socket, genl(idOf(socket, "dummy"), DUMMY.COUNT, "q"))[0])).toBe(1);
    }
  });

  it("is told of each vnet with its number when it comes and when it goes", () => {
    const log: string[] = [];
    const say = (
      name: string,
      at: number,
      result: string,
    ): string => `(func (export "${name}") (param $vnet i32) ${result}
      (i32.store8 (i32.const ${at + 7}) (i32.add (i32.const 48) (local.get $vnet)))
      (call $log (i32.const ${at}) (i32.const 8)) ${result && "(i32.const 0)"})`;
    const text = watModule({
      fields: `(data (i32.const 600) "attach ") (data (i32.const 620) "detach ")
        ${say("attachVnet", 600, "(result i32)")} ${say("detachVnet", 620, "")}`,
    });
    const kernel = Kernel.boot({}, (line) => log.push(line));
    kernel.vnetCreate("one");
    kernel.kldload("text", assembled(text));
    kernel.vnetCreate("two");
    kernel.vnetDestroy("one");
    expect(log.filter((line) => line.startsWith("text: "))).toEqual([
      ...["text: attach 0", "text: attach 1", "text: attach 2", "text: detach 1"],
    ]);
  });
});

describe("snapshots with loadable modules", () => {
  const next = (kernel: Kernel, number: number): number => {
    const socket = kernel.socketByNumber(number);
    if (socket === undefined) throw new Error("no socket");
    return valueIn(ask(socket, genl(GENL.MIN_ID + 2, DUMMY.COUNT, "q"))[0]);
  };

  it("hold a module's memory: revert, restore and fork go on from there", () => {
    const { kernel, socket, id } = setupDummy();
    expect(id).toBe(GENL.MIN_ID + 2);
    const { number } = socket;
    expect(next(kernel, number)).toBe(1);
    const snapshot = kernel.snapshot();
    const fork = kernel.fork();
    expect([next(kernel, number), next(kernel, number)]).toEqual([2, 3]);
    expect(next(fork, number)).toBe(2);
    expect(next(Kernel.restore(snapshot), number)).toBe(2);
    kernel.revert(snapshot);
    expect(next(kernel, number)).toBe(2);
  });

  it("bring back a module that was unloaded since, and take away one that was loaded since", () => {
    const { kernel, socket } = setupDummy();
    next(kernel, socket.number);
    const withDummy = kernel.snapshot();
    kernel.kldunload("dummy");
    const without = kernel.snapshot();
    kernel.revert(withDummy);
    expect(next(kernel, socket.number)).toBe(2);
    kernel.revert(without);
    expect(kernel.isLoaded("dummy")).toBe(false);
    expect(errorOf(ask(socket, getFamily("qa", byName("dummy"))))).toBe(Errno.ENOENT);
  });

  it("hold timers: they fire when they would have", () => {
    const { kernel, vnet, socket, id } = setupDummy();
    const group = listener(vnet, "dummy", "ticks");
    ask(socket, genl(id, DUMMY.EVENTS, "q", [attribute(DUMMY_ATTRIBUTE.INTERVAL, u32(100))]));
    kernel.advance(150);
    const snapshot = kernel.snapshot();
    const ahead = (of: Kernel): string[] => {
      of.advance(200);
      return drain(of.socketByNumber(group.number) as typeof group).map(({ bytes }) => bytes.toString());
    };
    const expected = ahead(kernel);
    expect(expected).toHaveLength(3);
    expect(ahead(Kernel.restore(snapshot))).toEqual(expected);
    kernel.revert(snapshot);
    expect(ahead(kernel)).toEqual(expected);
  });

  it("hold how much memory a module has, which it sees", () => {
    const { kernel, socket, id } = setupText({
      handle: `(drop (memory.grow (i32.const 1)))
        (i32.store (i32.const 512) (i32.const 28)) (i32.store16 (i32.const 516) (global.get $family))
        (i32.store (i32.const 532) (i32.const 0x10008)) (i32.store (i32.const 536) (memory.size))
        (drop (call $reply (i32.const 512) (i32.const 28))) (i32.const 0)`,
    });
    const pages = (of: Kernel): number =>
      numberAt((ask(of.socketByNumber(socket.number) as typeof socket, genl(id, 1, "q"))[0] as Seen).body, 8, 4);
    expect(pages(kernel)).toBe(2);
    const snapshot = kernel.snapshot();
    expect([pages(kernel), pages(kernel)]).toEqual([3, 4]);
    kernel.revert(snapshot);
    expect(pages(kernel)).toBe(3);
    expect(pages(Kernel.restore(snapshot))).toBe(3);
  });

  it("bring back one that was stopped since, as it was", () => {
    const { kernel, socket, id } = setupText({
      handle:
        "(if (i32.eq (i32.load8_u offset=17 (local.get $message)) (i32.const 9)) (then unreachable)) (i32.const 0)",
    });
    const snapshot = kernel.snapshot();
    expect(errorOf(ask(socket, genl(id, 1, "qa", [], 9)))).toBe(Errno.EIO);
    kernel.revert(snapshot);
    expect(kernel.moduleFaults).toEqual([]);
    expect(errorOf(ask(socket, genl(id, 1, "qa", [], 1)))).toBe(0);
  });
});

describe("what a module may ask, and when", () => {
  /** The errno of a call made while a request is handled. */
  const inRequest = (call: string): number => {
    const { socket, id } = setupText({ handle: `(i32.sub (i32.const 0) ${call})` });
    return errorOf(ask(socket, genl(id, 1, "qa")));
  };

  it("groups are told nothing in attach: EINVAL", () => {
    const attach = `(drop (call $familyAdd (i32.const 0) (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 1)))
      (global.set $group (call $groupAdd (i32.const 18) (i32.const 8) (i32.const 4)))
      (i32.sub (i32.const 0) (call $notify (global.get $group) (i32.const 512) (i32.const 0)))`;
    const kernel = bootWith({});
    expect(codeOf(() => kernel.kldload("text", assembled(watModule({ attach }))))).toBe("EINVAL");
    expect(kernel.isLoaded("text")).toBe(false);
  });

  it("memory grows up to the maximum that a module gave itself", () => {
    const grown = (memory: string, pages: number): number => {
      const handle = `(i32.lt_s (memory.grow (i32.const ${pages})) (i32.const 0))`;
      const { socket, id } = setupText({ memory, handle });
      return errorOf(ask(socket, genl(id, 1, "qa")));
    };
    expect(grown('(memory (export "memory") 1 3)', 2)).toBe(0);
    expect(grown('(memory (export "memory") 1 3)', 3)).toBe(1);
    expect(grown('(memory (export "memory") 1)', 3)).toBe(0);
  });

  it("families, commands and groups are registered in attach alone: EINVAL later", () => {
    const name = "(i32.const 8) (i32.const 4)";
    const none = "(i32.const 0) (i32.const 0)";
    expect(inRequest(`(call $familyAdd ${name} (i32.const 1) ${none})`)).toBe(Errno.EINVAL);
    expect(inRequest(`(call $commandAdd (global.get $family) (i32.const 2) (i32.const 2) (i32.const 0) ${none})`)).toBe(
      Errno.EINVAL,
    );
    expect(inRequest(`(call $groupAdd (global.get $family) ${name})`)).toBe(Errno.EINVAL);
  });

  it("groups of others are not told: ENOENT", () => {
    for (const group of ["(i32.const 48)", "(i32.add (global.get $group) (i32.const 1))"]) {
      expect(inRequest(`(call $notify ${group} (i32.const 512) (i32.const 0))`)).toBe(Errno.ENOENT);
    }
  });

  it("replies have somebody to go to: EINVAL in a timer", () => {
    const log: string[] = [];
    const text = watModule({
      handle: "(call $timerSet (i32.const 0) (i32.const 1))",
      fields: `(func (export "expired") (param i32)
        (i32.store8 (i32.const 600) (i32.sub (i32.const 65) (call $reply (i32.const 512) (i32.const 0))))
        (call $log (i32.const 600) (i32.const 1)))`,
    });
    const kernel = Kernel.boot({}, (line) => log.push(line));
    kernel.kldload("text", assembled(text));
    const socket = openGeneric(kernel.vnet0);
    ask(socket, genl(idOf(socket, "text"), 1, "q"));
    kernel.advance(1);
    expect(log).toContain(`text: ${String.fromCharCode(65 + Errno.EINVAL)}`);
  });

  it("the clock, randomness and the number of the vnet are the kernel's", () => {
    const asked = (seed: number, uptime: number, vnets: number): number[] => {
      const text = watModule({
        handle: `(i32.store (i32.const 512) (i32.const 40)) (i32.store16 (i32.const 516) (global.get $family))
          (i32.store (i32.const 532) (i32.const 0x10014)) (i64.store (i32.const 536) (call $now))
          (i32.store (i32.const 544) (call $random)) (i32.store (i32.const 548) (call $vnet))
          (drop (call $reply (i32.const 512) (i32.const 40))) (i32.const 0)`,
      });
      const kernel = bootWith({ text: assembled(text) }, { seed });
      kernel.advance(uptime);
      for (let i = 0; i < vnets; i++) kernel.vnetCreate(`v${i}`);
      const socket = openGeneric(kernel.vnets.at(-1) as typeof kernel.vnet0);
      const { body } = ask(socket, genl(idOf(socket, "text"), 1, "q"))[0] as Seen;
      return [numberAt(body, 8, 4), numberAt(body, 16, 4), numberAt(body, 20, 4)];
    };
    const [now, random, vnet] = asked(1, 1234, 2);
    expect(asked(1, 1234, 2)).toEqual([now, random, vnet]);
    expect(vnet).toBe(2);
    expect(asked(1, 1235, 0)).toEqual([(now as number) + 1, random, 0]);
    expect(asked(2, 1234, 0)[1]).not.toBe(random);
  });
});

describe("limits", () => {
  it("a module has timers 0 to 15, which wait up to 2^31 - 1 ms", () => {
    const set = (timer: number, milliseconds: number): number => {
      const { socket, id } = setupText({
        handle: `(i32.sub (i32.const 0) (call $timerSet (i32.const ${timer}) (i32.const ${milliseconds})))`,
        fields: '(func (export "expired") (param i32))',
      });
      return errorOf(ask(socket, genl(id, 1, "qa")));
    };
    expect(set(ModuleLimit.TIMERS - 1, ModuleLimit.TIMER_MS)).toBe(0);
    expect(set(ModuleLimit.TIMERS, 1)).toBe(Errno.EINVAL);
    expect(set(0, -1)).toBe(0);
    expect(set(0, -2)).toBe(Errno.EINVAL);
  });

  it("a text for an ext ack is cut after 127 characters", () => {
    const { socket, id } = setupText({
      handle:
        "(memory.fill (i32.const 2000) (i32.const 97) (i32.const 300)) (call $report (i32.const 2000) (i32.const 300) (i32.const 0)) (i32.const 22)",
    });
    expect(ackOf(ask(socket, genl(id, 1, "qa"))[0]).text).toBe("a".repeat(ModuleLimit.REPORT_BYTES));
  });

  it("requests that a module has no room for are ENOMEM, and smaller ones go on", () => {
    const { socket, id } = setupText({
      requestBuffer:
        "(if (result i32) (i32.gt_u (local.get $bytes) (i32.const 32)) (then (i32.const 0)) (else (i32.const 1024)))",
    });
    expect(errorOf(ask(socket, genl(id, 1, "qa", [attribute(1, new Uint8Array(40))])))).toBe(Errno.ENOMEM);
    expect(errorOf(ask(socket, genl(id, 1, "qa")))).toBe(0);
  });

  it("there are 15 families besides the controller's: one more is ENOSPC, and the load fails with it", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    for (let i = 1; i < GENL.FAMILIES; i++) kernel.generic.registerFamily({ name: `f${i}` });
    expect(codeOf(() => kernel.kldload("text", assembled(watModule())))).toBe("ENOSPC");
    expect(kernel.isLoaded("text")).toBe(false);
  });
});
