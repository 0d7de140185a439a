// What the client sends for each of its calls, as the kernel's parsers read it. What the kernel makes of it is in the tests
// of the kernel.
import { describe, expect, it } from "vitest";
import { GIF, IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { RTF, RTM, RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { Client } from "../../host/client/client.js";
import { done } from "../../host/codec/control.js";
import { link } from "../../host/codec/link.js";
import type { Message } from "../../host/codec/messages.js";
import { nexthop } from "../../host/codec/nexthop.js";
import { hexBytes } from "../codec/worked.js";
import { ack, PORT, ScriptedSocket } from "./scripted.js";

/** Of the ack for a new link: index 5, tap0 (netlink/route/iface.c, create_link). */
const COOKIE = hexBytes("08003100 05000000 09000300 74617030 00 000000");

/** The one message that a call sends when its answer is an ack. */
function sentBy(call: (client: Client) => void): Message {
  const socket = new ScriptedSocket([ack(1, 0, { cookie: COOKIE })]);
  call(new Client(socket));
  expect(socket.sent).toHaveLength(1);
  return socket.sent[0] as Message;
}

/** Type, flags besides REQUEST and ACK, and body, of which the fields that are 0 are left out. */
function shortly({ header, body }: Message): [type: number, flags: number, body: object] {
  const values = Object.entries(body).filter(([, value]) => value !== 0);
  return [header.type, header.flags & ~(NLM_F.REQUEST | NLM_F.ACK), Object.fromEntries(values)];
}

const CREATE = NLM_F.CREATE | NLM_F.EXCL;
const STATIC = { type: RTN.UNICAST, protocol: RTPROT.STATIC, routeFlags: RTF.STATIC };

describe("changes", () => {
  it.each<[string, (client: Client) => void, [number, number, object]]>([
    [
      "[B.3.2] linkAdd: name and kind, and a change mask, so that nothing is taken down",
      (client) => client.linkAdd("epair0", { kind: "epair" }),
      [RTM.NEWLINK, CREATE, { name: "epair0", change: IFF.DEBUG, information: { kind: "epair" } }],
    ],
    [
      "[B.3.7] linkAdd of a vlan: the parent is the header's index",
      (client) => client.linkAdd("vlan7", { kind: "vlan", vlan: { parent: 2, id: 7, protocol: 0x88a8 }, up: true }),
      [
        RTM.NEWLINK,
        CREATE,
        {
          ...{ name: "vlan7", index: 2, flags: IFF.UP, change: IFF.UP },
          information: { kind: "vlan", data: { id: 7, protocol: 0x88a8 } },
        },
      ],
    ],
    [
      "[B.4.3] linkSet: up, promiscuous, MTU, description, address",
      (client) =>
        client.linkSet(
          { index: 2 },
          { up: true, promiscuous: false, mtu: 9000, alias: "uplink", address: "02:00:00:00:00:09" },
        ),
      [
        RTM.NEWLINK,
        0,
        {
          ...{ index: 2, flags: IFF.UP, change: IFF.UP | IFF.PROMISC },
          ...{ mtu: 9000, alias: "uplink", address: "02:00:00:00:00:09" },
        },
      ],
    ],
    [
      "[B.4.3] linkSet of an MTU alone leaves UP and PROMISC out of the mask, which is not 0",
      (client) => client.linkSet({ name: "em0" }, { mtu: 1400 }),
      [RTM.NEWLINK, 0, { name: "em0", mtu: 1400, change: IFF.DEBUG }],
    ],
    [
      "linkAdd of a gre with its settings: they are the kind's data",
      (client) =>
        client.linkAdd("gre0", { kind: "gre", gre: { local: "192.0.2.1", remote: "192.0.2.2", key: 7, encapType: 1 } }),
      [
        RTM.NEWLINK,
        CREATE,
        {
          ...{ name: "gre0", change: IFF.DEBUG },
          information: { kind: "gre", data: { local: "192.0.2.1", remote: "192.0.2.2", key: 7, encapType: 1 } },
        },
      ],
    ],
    [
      "linkSet of a gif's flags, with its kind",
      (client) => client.linkSet({ index: 2 }, { gif: { flags: GIF.NOCLAMP } }),
      [RTM.NEWLINK, 0, { index: 2, change: IFF.DEBUG, information: { kind: "gif", data: { flags: GIF.NOCLAMP } } }],
    ],
    ["[B.5.1] linkDelete by index", (client) => client.linkDelete({ index: 3 }), [RTM.DELLINK, 0, { index: 3 }]],
    [
      "[C.4.1] addressAdd, IPv4",
      (client) => client.addressAdd("192.0.2.1/24", { index: 2, broadcast: "192.0.2.127" }),
      [
        RTM.NEWADDR,
        CREATE,
        { family: AF.INET, prefixLength: 24, index: 2, local: "192.0.2.1", broadcast: "192.0.2.127" },
      ],
    ],
    [
      "[C.4.1] addressAdd with a peer: IFA_ADDRESS is the other end",
      (client) => client.addressAdd("192.0.2.1/32", { index: 2, peer: "192.0.2.2" }),
      [RTM.NEWADDR, CREATE, { family: AF.INET, prefixLength: 32, index: 2, local: "192.0.2.1", address: "192.0.2.2" }],
    ],
    [
      "[C.5.2] addressAdd, IPv6: for ever unless lifetimes are given",
      (client) => client.addressAdd("2001:db8::1/64", { index: 2 }),
      [
        RTM.NEWADDR,
        CREATE,
        {
          ...{ family: AF.INET6, prefixLength: 64, index: 2, local: "2001:db8::1" },
          cacheInfo: { preferred: 0xffffffff, valid: 0xffffffff, created: 0, updated: 0 },
        },
      ],
    ],
    [
      "[C.6.1] addressDelete",
      (client) => client.addressDelete("192.0.2.1/24", { index: 2 }),
      [RTM.DELADDR, 0, { family: AF.INET, index: 2, local: "192.0.2.1" }],
    ],
    [
      "[E.4.1] routeAdd with several paths",
      (client) =>
        client.routeAdd("10.0.0.0/8", {
          multipath: [{ gateway: "192.0.2.1" }, { via: "2001:db8::1", index: 2, weight: 3 }],
        }),
      [
        RTM.NEWROUTE,
        CREATE,
        {
          ...STATIC,
          ...{ family: AF.INET, destination: "10.0.0.0", destinationLength: 8 },
          multipath: [
            { flags: 0, weight: 0, index: 0, gateway: "192.0.2.1" },
            { flags: 0, weight: 3, index: 2, via: "2001:db8::1" },
          ],
        },
      ],
    ],
    [
      "[E.5] routeAppend: CREATE and APPEND, without EXCL",
      (client) => client.routeAppend("10.0.0.0/8", { gateway: "192.0.2.1", weight: 2 }),
      [
        RTM.NEWROUTE,
        NLM_F.CREATE | NLM_F.APPEND,
        {
          ...STATIC,
          ...{ family: AF.INET, destination: "10.0.0.0", destinationLength: 8, gateway: "192.0.2.1", weight: 2 },
        },
      ],
    ],
    [
      "[E.4.1] routeAdd by the id of a nexthop",
      (client) => client.routeAdd("2001:db8:1::/48", { nexthopId: 9, expires: 1800000000 }),
      [
        RTM.NEWROUTE,
        CREATE,
        {
          ...STATIC,
          ...{ family: AF.INET6, destination: "2001:db8:1::", destinationLength: 48 },
          ...{ nexthopId: 9, expires: 1800000000 },
        },
      ],
    ],
    [
      "[F.2] nexthopAdd: a gateway on an interface",
      (client) => client.nexthopAdd(7, { gateway: "192.0.2.254", oif: 2 }),
      [RTM.NEWNEXTHOP, CREATE, { protocol: RTPROT.STATIC, id: 7, gateway: "192.0.2.254", oif: 2 }],
    ],
    [
      "[F.2] nexthopAdd without an id",
      (client) => client.nexthopAdd(undefined, { gateway: "2001:db8::fe", oif: 2, protocol: RTPROT.BGP }),
      [RTM.NEWNEXTHOP, CREATE, { protocol: RTPROT.BGP, gateway: "2001:db8::fe", oif: 2 }],
    ],
    [
      "[F.2] nexthopAdd: a group, weight 1 unless it is given",
      (client) => client.nexthopAdd(9, { group: [{ id: 7 }, { id: 8, weight: 200 }] }),
      [
        RTM.NEWNEXTHOP,
        CREATE,
        {
          ...{ protocol: RTPROT.STATIC, id: 9 },
          group: [
            { id: 7, weight: 1, reserved1: 0, reserved2: 0 },
            { id: 8, weight: 200, reserved1: 0, reserved2: 0 },
          ],
        },
      ],
    ],
    ["[F.5] nexthopDelete", (client) => client.nexthopDelete(7), [RTM.DELNEXTHOP, 0, { id: 7 }]],
  ])("%s", (_name, call, expected) => {
    expect(shortly(sentBy(call))).toEqual(expected);
  });

  it("[B.3.3] linkAdd gives name and index from the cookie of the ack", () => {
    const client = new Client(new ScriptedSocket([ack(1, 0, { cookie: COOKIE })]));
    expect(client.linkAdd("tap", { kind: "tap" })).toEqual({ name: "tap0", index: 5 });
  });

  it("[B.5.1] linkDelete by name asks for the index first", () => {
    const em9 = link.message(RTM.NEWLINK, { seq: 1, pid: PORT }, { index: 9, name: "em9" });
    const socket = new ScriptedSocket([em9, ack(1)], [ack(2)]);
    new Client(socket).linkDelete({ name: "em9" });
    expect(socket.sent.map(shortly)).toEqual([
      [RTM.GETLINK, 0, { name: "em9" }],
      [RTM.DELLINK, 0, { index: 9 }],
    ]);
  });
});

describe("reading nexthops", () => {
  const seven = nexthop.message(RTM.NEWNEXTHOP, { flags: NLM_F.MULTI, seq: 1, pid: PORT }, { id: 7, oif: 2 });
  const end = done.message(NLMSG.DONE, { seq: 1, pid: PORT }, { error: 0 });

  it.each<[string, (client: Client) => unknown, object]>([
    ["all", (client) => client.nexthops(), {}],
    ["groups alone", (client) => client.nexthops({ groups: true }), { groups: true }],
    ["those of an interface", (client) => client.nexthops({ oif: 2 }), { oif: 2 }],
    [
      "the kernel's of a fib and family",
      (client) => client.kernelNexthops({ fib: 3, family: AF.INET6 }),
      { freebsd: { kernelNexthops: true, fib: 3, family: AF.INET6 } },
    ],
    [
      "the kernel's",
      (client) => client.kernelNexthops(),
      { freebsd: { kernelNexthops: true, fib: 0, family: AF.INET } },
    ],
  ])("[F.4] %s", (_name, call, body) => {
    const socket = new ScriptedSocket([seven, end]);
    expect(call(new Client(socket))).toEqual([seven.body]);
    expect(socket.sent.map(shortly)).toEqual([[RTM.GETNEXTHOP, NLM_F.DUMP, body]]);
  });

  it("[F.4] one by its id, without DUMP", () => {
    const socket = new ScriptedSocket([seven, ack(1)]);
    expect(new Client(socket).nexthop(7)).toEqual(seven.body);
    expect(socket.sent.map(shortly)).toEqual([[RTM.GETNEXTHOP, 0, { id: 7 }]]);
  });
});
