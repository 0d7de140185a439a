import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { NETLINK_OPTION, NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Client } from "../../host/client/client.js";
import { done } from "../../host/codec/control.js";
import { link } from "../../host/codec/link.js";
import type { Message } from "../../host/codec/messages.js";
import { route } from "../../host/codec/route.js";
import { ack, PORT, ScriptedSocket } from "./scripted.js";

function named(name: string, seq: number, pid: number = PORT): Message {
  return link.message(RTM.NEWLINK, { flags: NLM_F.MULTI, seq, pid }, { name });
}
function changed(destination: string, seq: number, pid: number): Message {
  return route.message(RTM.NEWROUTE, { seq, pid }, { destination });
}
const end = (seq: number, errno: Errno = Errno.OK): Message =>
  done.message(NLMSG.DONE, { seq, pid: PORT }, { error: errno });

describe("requests", () => {
  it("ask for acks, number themselves from 1, and use EXT_ACK and CAP_ACK", () => {
    const socket = new ScriptedSocket([ack(1)], [ack(2)]);
    const client = new Client(socket);
    client.routeAdd("10.0.0.0/8", { gateway: "192.0.2.254" });
    client.routeDelete("10.0.0.0/8");
    expect(socket.options).toEqual([
      [NETLINK_OPTION.EXT_ACK, 1],
      [NETLINK_OPTION.CAP_ACK, 1],
    ]);
    expect(socket.sent.map(({ header }) => header)).toEqual([
      { type: RTM.NEWROUTE, flags: NLM_F.REQUEST | NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL, seq: 1, pid: 0 },
      { type: RTM.DELROUTE, flags: NLM_F.REQUEST | NLM_F.ACK, seq: 2, pid: 0 },
    ]);
  });

  it("[N5.4] throw the errno of their ack with its text and offset", () => {
    const client = new Client(new ScriptedSocket([ack(1, Errno.EINVAL, { message: "no gateway", offset: 28 })]));
    expect(() => client.routeAdd("10.0.0.0/8", {})).toThrow(
      expect.objectContaining({
        operation: "RTM_NEWROUTE",
        errno: Errno.EINVAL,
        ack: { message: "no gateway", offset: 28 },
      }),
    );
  });

  it("throw EAGAIN when no answer came, and a late one is not taken for the next request's", () => {
    const socket = new ScriptedSocket();
    const client = new Client(socket);
    expect(() => client.links()).toThrow(expect.objectContaining({ operation: "recv", errno: Errno.EAGAIN }));
    socket.answers.push([named("late", 1), end(1, Errno.EPERM), named("em0", 2), end(2)]);
    expect(client.links().map(({ name }) => name)).toEqual(["em0"]);
  });
});

describe("dumps", () => {
  it("are read to DONE, each time into a buffer of SO_RCVBUF bytes", () => {
    const socket = new ScriptedSocket([named("lo0", 1)], [named("em0", 1), named("em1", 1)], [end(1)]);
    expect(new Client(socket).links().map(({ name }) => name)).toEqual(["lo0", "em0", "em1"]);
    expect(socket.rooms).toEqual([65536, 65536, 65536]);
  });

  it("[N7.6] throw the errno of DONE, whatever came before it", () => {
    const client = new Client(new ScriptedSocket([named("lo0", 1), end(1, Errno.ENOMEM)]));
    expect(() => client.links()).toThrow(expect.objectContaining({ operation: "RTM_GETLINK", errno: Errno.ENOMEM }));
  });

  it("leave out what has another sequence number or another port id", () => {
    const client = new Client(new ScriptedSocket([named("old", 7), named("lo0", 1), named("other", 1, 0x65), end(1)]));
    expect(client.links().map(({ name }) => name)).toEqual(["lo0"]);
  });
});

describe("a monitor", () => {
  it("gets what came before, between and behind the answers, in order", () => {
    const socket = new ScriptedSocket(
      [changed("10.1.0.0", 0, 0), named("lo0", 1), changed("10.2.0.0", 1, 0x65)],
      [end(1), changed("10.3.0.0", 0, 0)],
      [changed("10.4.0.0", 0, 0)],
    );
    const client = new Client(socket);
    const monitor = client.monitor([RTNLGRP.IPV4_ROUTE]);
    expect(client.links()).toHaveLength(1);
    const seen = Array.from({ length: 5 }, () => monitor.next()?.body);
    expect(seen).toMatchObject([
      { destination: "10.1.0.0" },
      { destination: "10.2.0.0" },
      { destination: "10.3.0.0" },
      { destination: "10.4.0.0" },
      undefined,
    ]);
  });

  it("[E.7] gets the change that the client made itself, before its ack", () => {
    const client = new Client(new ScriptedSocket([changed("10.0.0.0", 1, PORT), ack(1)]));
    const monitor = client.monitor([RTNLGRP.IPV4_ROUTE]);
    client.routeAdd("10.0.0.0/8", { gateway: "192.0.2.254" });
    expect(monitor.next()).toMatchObject({ kind: "route", header: { seq: 1 } });
  });

  it("joins its groups, and leaves them when it is closed", () => {
    const socket = new ScriptedSocket();
    const monitor = new Client(socket).monitor([RTNLGRP.LINK, RTNLGRP.NEXTHOP]);
    monitor.close();
    monitor.close();
    expect(socket.options.slice(2)).toEqual([
      [NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.LINK],
      [NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.NEXTHOP],
      [NETLINK_OPTION.DROP_MEMBERSHIP, RTNLGRP.LINK],
      [NETLINK_OPTION.DROP_MEMBERSHIP, RTNLGRP.NEXTHOP],
    ]);
  });
});
