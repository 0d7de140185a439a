// The cookie of an ack: what a request that made an interface is told (netlink-core N5.4; rtnetlink B.3.3).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { NETLINK_OPTION, NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { cookieOf, create, newLink } from "../route/linkrequests.js";
import { ackOf, ask, type Seen } from "../support/messages.js";
import { setupR } from "../support/setups.js";
import { getLink, set } from "./requests.js";

function acksIn(seen: readonly Seen[]): Seen[] {
  return seen.filter(({ type }) => type === NLMSG.ERROR);
}

describe("the cookie", () => {
  it("[RF-CORE-39a] [N5.4] [B.3.3] comes without EXT_ACK too, and the flags do not tell of it", () => {
    const { vnet, socket } = setupR();
    set(socket, NETLINK_OPTION.EXT_ACK, 0);
    const seen = ask(socket, create("lo7", { seq: 9 }));
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ type: NLMSG.ERROR, flags: NLM_F.CAPPED, seq: 9 });
    const ack = ackOf(seen[0]);
    expect(ack).toMatchObject({ error: Errno.OK, text: undefined, offset: undefined });
    expect(cookieOf(ack)).toEqual({ index: vnet.interfaceIndex("lo7"), name: "lo7" });
  });

  it("[RF-CORE-39b] [N5.4] is one message's: the next ack of the same send has neither cookie nor text", () => {
    const { socket } = setupR();
    const seen = ask(socket, create("lo7", { seq: 1 }), getLink(999, "qa", 2));
    const [first, second] = acksIn(seen).map(ackOf);
    expect(seen).toHaveLength(2);
    expect(first).toMatchObject({ error: Errno.OK, seq: 1 });
    expect(first?.cookie).toBeDefined();
    expect(second).toMatchObject({ error: Errno.ENODEV, seq: 2, flags: NLM_F.CAPPED });
    expect([second?.cookie, second?.text, second?.offset]).toEqual([undefined, undefined, undefined]);
  });

  it("[N5.4] [N6.3] a text is one message's: the cookie's ack does not take one of the message before it", () => {
    const { socket } = setupR();
    const [first, second] = acksIn(ask(socket, newLink({ name: "lo9" }), create("lo8"))).map(ackOf);
    expect(first).toMatchObject({ error: Errno.ENOENT, text: "unable to find interface lo9", cookie: undefined });
    expect(second).toMatchObject({ error: Errno.OK, text: undefined, offset: undefined });
    expect(second?.cookie).toBeDefined();
  });
});
