// The dummy module: what modules/dummy says it does, through a socket.

import { describe, expect, it } from "vitest";
import { GENL, GENL_OP } from "../../assembly/abi/genetlink.js";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { Errno } from "../../host/kernel/kernel.js";
import { byName, familyOf, genl, getFamily, openGeneric } from "../generic/families.js";
import {
  ackOf,
  ask,
  attribute,
  attributes,
  doneOf,
  drain,
  errorOf,
  flags,
  numberAt,
  payloadOf,
  type Seen,
  text,
  u16,
  u32,
} from "../support/messages.js";
import { DUMMY, DUMMY_ATTRIBUTE, listener, setupDummy } from "./modules.js";

const inside = ({ body }: Seen): Uint8Array => body.slice(4);
const valueIn = (seen: Seen | undefined): number =>
  numberAt(payloadOf(inside(seen as Seen), DUMMY_ATTRIBUTE.VALUE) ?? u16(0), 0, 4);
const u64 = (low: number): Uint8Array => Uint8Array.of(...u32(low), ...u32(0));

describe("the dummy module", () => {
  it("[RF-GENL-12] registers its commands with what they need, and its group", () => {
    const { socket } = setupDummy();
    const family = familyOf(ask(socket, getFamily("q", byName("dummy")))[0] as Seen);
    const { CAP_DO, CAP_DUMP, CAP_HASPOL, ADMIN_PERM } = GENL_OP;
    expect(family).toMatchObject({ name: "dummy", version: 1, hdrsize: 0, maxattr: 8 });
    expect(family.commands).toEqual([
      [DUMMY.ECHO, CAP_DO | CAP_HASPOL],
      [DUMMY.COUNT, CAP_DO | CAP_HASPOL],
      [DUMMY.RESET, CAP_DO | ADMIN_PERM],
      [DUMMY.DUMP, CAP_DUMP | CAP_HASPOL],
      [DUMMY.EVENTS, CAP_DO | CAP_HASPOL],
    ]);
    expect(Object.keys(family.groups ?? {})).toEqual(["ticks"]);
  });

  it("[RF-GENL-12] ECHO gives DATA back, with the request's sequence number and port, and then the ack", () => {
    const { socket, id } = setupDummy();
    const data = text("to and fro");
    const [answer, ack] = ask(socket, genl(id, DUMMY.ECHO, "qa", [attribute(DUMMY_ATTRIBUTE.DATA, data)]));
    expect(answer).toMatchObject({ type: id, flags: flags("qa"), seq: 7, pid: socket.getsockname().port });
    expect(answer?.body.slice(0, 4)).toEqual(Uint8Array.of(DUMMY.ECHO, 1, 0, 0));
    expect(attributes(inside(answer as Seen))).toEqual([[DUMMY_ATTRIBUTE.DATA, data]]);
    expect(ackOf(ack).error).toBe(0);
  });

  it("does not see an attribute that lacks its padding, as the kernel's parser does not", () => {
    const { socket, id } = setupDummy();
    const request = genl(id, DUMMY.COUNT, "qa", [attribute(DUMMY_ATTRIBUTE.VALUE, u64(7))]);
    expect(valueIn(ask(socket, request)[0])).toBe(7);
    // Of five bytes, which the policy does not let pass where it looks.
    const unpadded = Uint8Array.from([5, 0, DUMMY_ATTRIBUTE.VALUE, 0, 9]);
    expect(valueIn(ask(socket, genl(id, DUMMY.COUNT, "qa", [unpadded]))[0])).toBe(8);
  });

  it("[RF-GENL-12] ECHO without DATA is EINVAL with a text", () => {
    const { socket, id } = setupDummy();
    const ack = ackOf(ask(socket, genl(id, DUMMY.ECHO, "qa"))[0]);
    expect(ack).toMatchObject({ error: Errno.EINVAL, text: "DATA is missing" });
  });

  it("[RF-GENL-12] COUNT adds to the counter of the vnet that asks, and RESET sets it to 0", () => {
    const { kernel, socket, id } = setupDummy();
    const other = openGeneric(kernel.vnetCreate("other"));
    const count = (by?: number): Uint8Array =>
      genl(id, DUMMY.COUNT, "q", by === undefined ? [] : [attribute(DUMMY_ATTRIBUTE.VALUE, u64(by))]);
    expect(valueIn(ask(socket, count())[0])).toBe(1);
    expect(valueIn(ask(socket, count(40))[0])).toBe(41);
    expect(valueIn(ask(other, count())[0])).toBe(1);
    expect(errorOf(ask(socket, genl(id, DUMMY.RESET, "qa")))).toBe(0);
    expect(valueIn(ask(socket, count(5))[0])).toBe(5);
    expect(valueIn(ask(other, count())[0])).toBe(2);
  });

  it("[RF-GENL-4] a privileged command is EPERM for an unprivileged socket, others are not", () => {
    const { vnet, id } = setupDummy();
    const socket = openGeneric(vnet, [], { cred: { uid: 1001 } });
    expect(errorOf(ask(socket, genl(id, DUMMY.RESET, "qa")))).toBe(Errno.EPERM);
    expect(errorOf(ask(socket, genl(id, DUMMY.COUNT, "qa")))).toBe(0);
  });

  it.each([0, 1, 2, 1000])("[RF-GENL-12] DUMP tells of %i entries, ends with DONE, and no ack follows", (entries) => {
    const { socket, id } = setupDummy();
    const seen = ask(socket, genl(id, DUMMY.DUMP, "qD", [attribute(DUMMY_ATTRIBUTE.COUNT, u32(entries))]));
    expect(seen).toHaveLength(entries + 1);
    expect(doneOf(seen.at(-1))).toBe(0);
    seen.slice(0, -1).forEach((each, i) => {
      expect(each).toMatchObject({ type: id, flags: flags("qD") | NLM_F.MULTI, seq: 7 });
      expect(attributes(inside(each))).toEqual([
        [DUMMY_ATTRIBUTE.INDEX, u32(i)],
        [DUMMY_ATTRIBUTE.NAME, text("entry")],
      ]);
    });
  });

  it("[RF-GENL-12] DUMP has at most 100,000 entries", () => {
    const { socket, id } = setupDummy();
    const dump = (entries: number): Uint8Array =>
      genl(id, DUMMY.DUMP, "qDa", [attribute(DUMMY_ATTRIBUTE.COUNT, u32(entries))]);
    expect(ask(socket, dump(100_000))).toHaveLength(100_001);
    expect(ackOf(ask(socket, dump(100_001))[0])).toMatchObject({
      error: Errno.EINVAL,
      text: "COUNT is above 100000",
      offset: 20,
    });
  });

  it("[RF-GENL-12] EVENTS tells the group of a tick after each interval of the kernel's clock, until it is 0", () => {
    const { kernel, vnet, socket, id } = setupDummy();
    const group = listener(vnet, "dummy", "ticks");
    const events = (interval: number): Uint8Array =>
      genl(id, DUMMY.EVENTS, "qa", [attribute(DUMMY_ATTRIBUTE.INTERVAL, u32(interval))]);
    const start = kernel.uptime;
    expect(errorOf(ask(socket, events(250)))).toBe(0);
    kernel.advance(249);
    expect(drain(group)).toEqual([]);
    kernel.advance(1);
    kernel.advance(500);
    const seen = drain(group);
    expect(seen.map((each) => numberAt(payloadOf(inside(each), DUMMY_ATTRIBUTE.TICK) ?? u16(0), 0, 4))).toEqual([
      1, 2, 3,
    ]);
    expect(seen.map((each) => numberAt(payloadOf(inside(each), DUMMY_ATTRIBUTE.TIME) ?? u16(0), 0, 4))).toEqual(
      [250, 500, 750].map((each) => start + each),
    );
    for (const each of seen) expect(each).toMatchObject({ type: id, flags: 0, seq: 0, pid: 0 });
    expect(errorOf(ask(socket, events(0)))).toBe(0);
    kernel.advance(10_000);
    expect(drain(group)).toEqual([]);
  });

  it.each([
    ["COUNT's VALUE of 2 bytes", DUMMY.COUNT, attribute(DUMMY_ATTRIBUTE.VALUE, u16(2))],
    ["DUMP's COUNT of 2 bytes", DUMMY.DUMP, attribute(DUMMY_ATTRIBUTE.COUNT, u16(2))],
    ["EVENTS' INTERVAL of 8 bytes", DUMMY.EVENTS, attribute(DUMMY_ATTRIBUTE.INTERVAL, u64(2))],
  ])("a policy refuses %s with the parser's text and offset", (_, command, bad) => {
    const { socket, id } = setupDummy();
    const [ack] = ask(socket, genl(id, command, "qa", [bad]));
    expect(ack?.type).toBe(NLMSG.ERROR);
    expect(ackOf(ack)).toMatchObject({ error: Errno.EINVAL, offset: 20 });
    expect(ackOf(ack).text).toMatch(/length|size|payload/);
  });

  it("a command that it has not is ENOTSUP, as of any family", () => {
    const { socket, id } = setupDummy();
    const answers = [0, DUMMY.TICK, 255].map((command) => errorOf(ask(socket, genl(id, command, "qa"))));
    const own = errorOf(ask(socket, genl(GENL.MIN_ID, 255, "qa")));
    expect(answers).toEqual([own, own, own]);
  });
});
