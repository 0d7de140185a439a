// Who may join which group, and what lists show of it (netlink-core N8.1 to N8.3); and the layout of headers and acks (N1.3 to N1.5).

import { describe, expect, it } from "vitest";
import { NETLINK_OPTION, NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno } from "../../host/kernel/kernel.js";
import { ackOf, ask, concat, drain, ifinfomsg, message, u8, u16, u32 } from "../support/messages.js";
import { monitor, openSocket, setupE, setupR } from "../support/setups.js";
import { DONE_BYTES, get, getLink, getLinks, LINKS_BYTES, LO0_BYTES, set, setCode } from "./requests.js";

const UNPRIVILEGED = { uid: 1001 };
const { ADD_MEMBERSHIP, DROP_MEMBERSHIP, LIST_MEMBERSHIPS } = NETLINK_OPTION;

describe("memberships", () => {
  it("[RF-CORE-18] [N1.6] [N8.3] LIST_MEMBERSHIPS is one u32 with a bit for each of groups 1…32", () => {
    const { socket } = setupR();
    for (const group of [1, 7, 32, 40]) set(socket, ADD_MEMBERSHIP, group);
    expect(get(socket, LIST_MEMBERSHIPS)).toBe(0x80000041);
  });

  it.each([1, 2, 31, 32, 33, 64, 65, 127])("[N8.1] [N8.3] group %i is joined and left alone", (group) => {
    const { socket } = setupR();
    const others = [1, 2, 31, 32].filter((each) => each !== group);
    const mask = (groups: number[]) => groups.reduce((sum, each) => sum + 2 ** (each - 1), 0);
    for (const each of others) set(socket, ADD_MEMBERSHIP, each);
    set(socket, ADD_MEMBERSHIP, group);
    expect(get(socket, LIST_MEMBERSHIPS)).toBe(mask(group <= 32 ? [...others, group] : others));
    set(socket, DROP_MEMBERSHIP, group);
    expect(get(socket, LIST_MEMBERSHIPS)).toBe(mask(others));
  });

  it.each([
    [-(2 ** 31), "ERANGE"],
    [-1, "ERANGE"],
    [0, "ERANGE"],
    [1, undefined],
    [126, undefined],
    [127, undefined],
    [128, "ERANGE"],
    [129, "ERANGE"],
    [2 ** 31 - 1, "ERANGE"],
  ])("[RF-CORE-19a] [N8.1] [N1.9] group %i gives %s to join and to leave, joined or not", (group, code) => {
    const { socket } = setupR();
    expect([DROP_MEMBERSHIP, ADD_MEMBERSHIP, DROP_MEMBERSHIP].map((each) => setCode(socket, each, group))).toEqual([
      code,
      code,
      code,
    ]);
    expect(get(socket, LIST_MEMBERSHIPS)).toBe(0);
  });

  it("[RF-CORE-19b] [N8.1] [N11.1] from a jail without a vnet joining succeeds and does nothing, by option and by bind", () => {
    const { vnet } = setupE();
    const socket = openSocket(vnet, { cred: { jail: { vnet: false } } });
    set(socket, ADD_MEMBERSHIP, RTNLGRP.LINK);
    socket.bind(0, 0xffffffff);
    vnet.interfaceDown("em1");
    expect(get(socket, LIST_MEMBERSHIPS)).toBe(0);
    expect(drain(socket)).toEqual([]);
  });

  it("[RF-CORE-19c] [N8.1] joining twice counts once: one event while joined, none after one leave", () => {
    const { vnet } = setupE();
    const socket = monitor(vnet, RTNLGRP.LINK, RTNLGRP.LINK);
    vnet.interfaceDown("em1");
    const events = drain(socket);
    expect(events.map((each) => [each.type, each.seq, each.pid, each.flags])).toEqual([[RTM.NEWLINK, 0, 0, 0]]);
    set(socket, DROP_MEMBERSHIP, RTNLGRP.LINK);
    expect(get(socket, LIST_MEMBERSHIPS)).toBe(0);
    vnet.interfaceUp("em1");
    expect(drain(socket)).toEqual([]);
  });

  it("[N8.1] no privilege is asked for", () => {
    const { vnet } = setupE();
    const socket = vnet.socket({ cred: UNPRIVILEGED });
    set(socket, ADD_MEMBERSHIP, RTNLGRP.LINK);
    vnet.interfaceDown("em1");
    expect(drain(socket)).toHaveLength(1);
  });
});

describe("layouts", () => {
  it("[N1.3] [N1.5] an nlmsghdr is five little-endian fields, an ack's nlmsgerr an errno and the request's header", () => {
    const { socket } = setupR();
    socket.bind(0x01020304);
    const [seen] = ask(socket, message({ type: 1, flags: "qa", seq: 0x0a0b0c0d }));
    const header = concat(u32(16), u16(1), u16(5), u32(0x0a0b0c0d), u32(0x01020304));
    expect(seen?.bytes).toEqual(
      concat(u32(36), u16(2), u16(NLM_F.CAPPED), u32(0x0a0b0c0d), u32(0x01020304), u32(0), header),
    );
  });

  it("[N1.3] the next message of a send starts at the aligned length of the one before", () => {
    const { socket } = setupR();
    const odd = message({ type: 1, flags: "qa", seq: 1 }, u8(0xff));
    const answers = ask(socket, odd, new Uint8Array(3), message({ type: 1, flags: "qa", seq: 2 }));
    expect(answers.map((each) => ackOf(each).seq)).toEqual([1, 2]);
  });

  it("[N1.5] NLMSG_DONE has an errno and nothing else, 20 bytes in all", () => {
    const { socket } = setupR();
    const [link, done] = ask(socket, getLinks());
    expect([link?.length, done?.length]).toEqual([LO0_BYTES, DONE_BYTES]);
    expect(done?.bytes).toEqual(concat(u32(20), u16(3), u16(0), u32(1), u32(0), u32(0)));
    expect(ask(socket, getLink(1))).toHaveLength(1);
    expect(LINKS_BYTES).toBe(340);
  });

  it("[N1.5] [N1.4] an error's TLVs come as MSG, then OFFS, and ACK_TLVS tells of them", () => {
    const { socket } = setupR();
    const bad = message({ type: RTM.GETROUTE, flags: "q" }, new Uint8Array(12), u16(6), u16(4), u32(1));
    const ack = ackOf(ask(socket, bad)[0]);
    expect(ack).toMatchObject({
      error: Errno.EINVAL,
      flags: NLM_F.CAPPED | NLM_F.ACK_TLVS,
      text: "nla type 4 size(2) is not uint32",
      offset: 28,
    });
  });

  it("[N1.4] flags and types have FreeBSD's numbers", () => {
    const { REQUEST, MULTI, ACK, ECHO, DUMP_INTR, DUMP_FILTERED, ROOT, MATCH, DUMP, ATOMIC } = NLM_F;
    expect([REQUEST, MULTI, ACK, ECHO, DUMP_INTR, DUMP_FILTERED]).toEqual([1, 2, 4, 8, 16, 32]);
    expect([ROOT, MATCH, DUMP, ATOMIC]).toEqual([0x100, 0x200, 0x300, 0x400]);
    const { REPLACE, EXCL, CREATE, APPEND, NONREC, CAPPED, ACK_TLVS } = NLM_F;
    expect([REPLACE, EXCL, CREATE, APPEND, NONREC, CAPPED, ACK_TLVS]).toEqual([
      0x100, 0x200, 0x400, 0x800, 0x100, 0x100, 0x200,
    ]);
    const { NOOP, ERROR, DONE, OVERRUN, MIN_TYPE } = NLMSG;
    expect([NOOP, ERROR, DONE, OVERRUN, MIN_TYPE]).toEqual([1, 2, 3, 4, 16]);
  });

  it.each(["ECHO", "DUMP_INTR", "DUMP_FILTERED", "ATOMIC"] as const)(
    "[N1.4] [N5.3] NLM_F_%s of a request changes nothing but the flags that come back",
    (name) => {
      const { socket } = setupR();
      const [plain, flagged] = [NLM_F.REQUEST, NLM_F.REQUEST | NLM_F[name]].map((flags) =>
        ask(socket, message({ type: RTM.GETLINK, flags }, ifinfomsg())),
      );
      expect(flagged?.map((each) => [each.type, each.body])).toEqual(plain?.map((each) => [each.type, each.body]));
      expect(flagged?.map((each) => each.flags)).toEqual([NLM_F.REQUEST | NLM_F.MULTI | NLM_F[name], 0]);
      expect(plain?.map((each) => each.flags)).toEqual([NLM_F.REQUEST | NLM_F.MULTI, 0]);
    },
  );
});
