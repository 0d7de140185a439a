// A request or a change of the stack whose n-th allocation fails, for every n: the answer says so or is lost, nothing is
// half done, and nothing is left behind. Outcomes are letters, in order of n (failures.ts):
//   R refused call, M refused change, S no answer, E ENOMEM, P part of the answer, L done without answer, N done without
//   notification, C as if nothing had failed

import { describe, expect, it } from "vitest";
import { ND6_IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NTF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions, Vnet } from "../../host/kernel/kernel.js";
import { delAddr, newAddr, PERMANENT } from "../route/addressrequests.js";
import { aboutNeighbour, getNeighbours, lladdrOf } from "../route/neighbours.js";
import { delNexthop, newNexthop } from "../route/nexthops.js";
import { ask, concat, ifaddrmsg, ifinfomsg, message } from "../support/messages.js";
import { AS_GIVEN } from "../support/setups.js";
import { ofCall, ofRequest, type Preparation } from "./attempts.js";
import { dumpOf, route } from "./routes.js";

const MANY = 2000;
const EM0 = 2;
const NEW = "10.1.0.0/16";
const GATEWAY = "192.0.2.254";

/** RTM_NEWNEIGH of an address of em0's link. */
function staticNeighbour(destination: string, flags = "qaCP", lladdr = "02:00:00:00:00:07"): Uint8Array {
  return aboutNeighbour(RTM.NEWNEIGH, flags, destination, { index: EM0, flags: NTF.STICKY }, lladdrOf(lladdr));
}

describe("a question whose n-th allocation fails", () => {
  const link = message({ type: RTM.GETLINK, flags: "qa" }, ifinfomsg({ index: EM0 }));
  const links = message({ type: RTM.GETLINK, flags: "qD" }, ifinfomsg());
  const addresses = message({ type: RTM.GETADDR, flags: "qD" }, ifaddrmsg());
  const manyNeighbours = Array.from({ length: 60 }, (_, n) => staticNeighbour(`192.0.2.${n + 2}`));
  const boot: BootOptions = {
    interfaces: Array.from({ length: 12 }, (_, n) => ({ name: `em${n}`, addresses: [`10.20.${n}.1/24`] })),
  };

  it.each<[string, RegExp, Preparation, Uint8Array]>([
    ["RTM_GETLINK of one link", /^R+S+$/, {}, link],
    ["RTM_GETROUTE of one route", /^R+S+$/, {}, route(RTM.GETROUTE, "qa", "192.0.2.7/32")],
    ["RTM_GETLINK, a dump", /^R+S+P[PS]*$/, { boot }, links],
    ["RTM_GETADDR, a dump", /^R+S+P[PS]*$/, { boot }, addresses],
    ["RTM_GETROUTE, a small dump", /^R+S+P[PS]*$/, { hostRoutes: 60 }, dumpOf(AF.INET)],
    ["RTM_GETNEIGH of one entry", /^R+S+$/, {}, aboutNeighbour(RTM.GETNEIGH, "qa", "192.0.2.1", { index: EM0 })],
    ["RTM_GETNEIGH, a dump", /^R+S+P[PS]*$/, { before: manyNeighbours }, getNeighbours()],
  ])(
    "[RF-CORE-58] [N7.4] [N5.1] %s is answered by what was whole before, and no end of it",
    (_, outcomes, preparation, request) => {
      expect(ofRequest(preparation, request)).toMatch(outcomes);
    },
  );

  // When memory lacks for the pass after the last message, that was answered already: C.
  it.each([
    ["2,000 routes", dumpOf(AF.INET)],
    ["2,000 routes and those of IPv6", dumpOf(AF.UNSPEC)],
  ])("[RF-CORE-58] [N7.6] [N12.6] [N5.1] a dump of %s that cannot begin ends at once with ENOMEM", (_, request) => {
    expect(ofRequest({ hostRoutes: MANY }, request)).toMatch(/^R+S+E+C*$/);
  });

  it("[N7.4] [N5.3] when the answer before it in the send is lost, a dump of 2,000 routes is lost with it", () => {
    const missing = message({ type: RTM.GETLINK, flags: "qa", seq: 7 }, ifinfomsg({ index: 99 }));
    expect(ofRequest({ hostRoutes: MANY }, concat(missing, dumpOf(AF.INET)))).toMatch(/^R+S+E+[ESP]*C*$/);
  });
});

describe("a change of routes whose n-th allocation fails", () => {
  const add = route(RTM.NEWROUTE, "qaCX", NEW, { gateway: GATEWAY });
  const addBack = route(RTM.NEWROUTE, "qaC", NEW, { oif: EM0 });
  const replace = route(RTM.NEWROUTE, "qaCP", NEW, { gateway: GATEWAY });
  const replaceBack = route(RTM.NEWROUTE, "qaCP", NEW, { oif: EM0 });
  const remove = route(RTM.DELROUTE, "qa", NEW);

  const before = [addBack];
  const sameNexthop = [route(RTM.NEWROUTE, "qaC", "10.2.0.0/16", { gateway: GATEWAY })];
  const groups = [RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE];
  const waiting: Preparation = { hostRoutes: MANY, isDumpWaiting: true };

  it.each<[string, RegExp, Preparation, Uint8Array, Uint8Array]>([
    ["RTM_NEWROUTE with a nexthop that is there", /^R+S+L+$/, { before: sameNexthop }, add, remove],
    ["RTM_NEWROUTE with a new nexthop", /^R+S+E+L+$/, {}, add, remove],
    ["RTM_NEWROUTE with a member", /^R+S+E+N+L+$/, { groups }, add, remove],
    ["RTM_NEWROUTE with four members", /^R+S+E+N+L+$/, { groups, memberCount: 4 }, add, remove],
    ["RTM_NEWROUTE while a dump waits", /^R+S+E+L+$/, waiting, add, remove],
    ["RTM_NEWROUTE that replaces", /^R+S+E+L+$/, { before }, replace, replaceBack],
    ["RTM_NEWROUTE that replaces, with a member", /^R+S+E+N+L+$/, { before, groups }, replace, replaceBack],
    ["RTM_NEWROUTE that replaces while a dump waits", /^R+S+E+L+$/, { ...waiting, before }, replace, replaceBack],
    ["RTM_DELROUTE", /^R+S+L+$/, { before }, remove, addBack],
    ["RTM_DELROUTE with a member", /^R+S+N+L+$/, { before, groups }, remove, addBack],
    ["RTM_DELROUTE while a dump waits", /^R+S+E+L+$/, { ...waiting, before }, remove, addBack],
    ["RTM_DELROUTE with both", /^R+S+E+N+L+$/, { ...waiting, before, groups }, remove, addBack],
  ])("[N5.1] [N7.4] [N8.4] %s is done or not done, ENOMEM means not", (_, outcomes, preparation, request, inverse) => {
    expect(ofRequest(preparation, request, inverse)).toMatch(outcomes);
  });

  it("[N5.1] [N7.4] the first RTM_NEWROUTE of a table is done or not done, ENOMEM means not", () => {
    const prefix = "2001:db8:1::/48";
    const first = (vnet: Vnet): Uint8Array => route(RTM.NEWROUTE, "qaC", prefix, { oif: vnet.interfaceIndex("lo0") });
    const outcomes = ofRequest({ isEmpty: true }, first, route(RTM.DELROUTE, "qa", prefix));
    expect(outcomes).toMatch(/^R+S+E+L+$/);
    // A nexthop, the block of its index, the table of nexthops, the first node of the tree.
    expect(outcomes.split("E").length - 1).toBeGreaterThanOrEqual(4);
  });
});

describe("a change of paths and nexthops whose n-th allocation fails", () => {
  const B = "192.0.2.253";
  const C = "192.0.2.252";
  const single = route(RTM.NEWROUTE, "qaCP", NEW, { gateway: GATEWAY });
  const three = route(RTM.NEWROUTE, "qaCP", NEW, { gateways: [GATEWAY, B, C] });
  const remove = route(RTM.DELROUTE, "qa", NEW);
  const one = newNexthop({ id: 1, gateway: GATEWAY, oif: EM0 });
  const two = newNexthop({ id: 2, gateway: B, oif: EM0 });
  const group = newNexthop({
    id: 10,
    group: [
      [1, 1],
      [2, 3],
    ],
  });
  const groups = [RTNLGRP.IPV4_ROUTE, RTNLGRP.NEXTHOP];
  const waiting: Preparation = { hostRoutes: MANY, isDumpWaiting: true };
  const useOne = route(RTM.NEWROUTE, "qaC", NEW, { nexthopId: 1 });
  const useGroup = route(RTM.NEWROUTE, "qaC", NEW, { nexthopId: 10 });

  it.each<[string, RegExp, Preparation, Uint8Array, Uint8Array]>([
    ["RTM_NEWROUTE with three paths", /^R+S+E+L+$/, {}, three, remove],
    ["RTM_NEWROUTE with three paths, with a member", /^R+S+E+N+L+$/, { groups }, three, remove],
    [
      "RTM_NEWROUTE that appends",
      /^R+S+E+L+$/,
      { before: [single] },
      route(RTM.NEWROUTE, "qaA", NEW, { gateway: B }),
      single,
    ],
    [
      "RTM_NEWROUTE that appends while a dump waits",
      /^R+S+E+N+L+$/,
      { ...waiting, before: [single], groups },
      route(RTM.NEWROUTE, "qaA", NEW, { gateway: B }),
      single,
    ],
    [
      "RTM_DELROUTE of a path",
      /^R+S+E+L+$/,
      { before: [three] },
      route(RTM.DELROUTE, "qa", NEW, { gateway: B }),
      three,
    ],
    [
      "RTM_DELROUTE of a path while a dump waits",
      /^R+S+E+L+$/,
      { ...waiting, before: [three] },
      route(RTM.DELROUTE, "qa", NEW, { gateway: B }),
      three,
    ],
    ["RTM_NEWNEXTHOP", /^R+S+E+L+$/, {}, one, delNexthop({ id: 1 })],
    ["RTM_NEWNEXTHOP with a member", /^R+S+E+N+L+$/, { before: [two], groups }, one, delNexthop({ id: 1 })],
    ["RTM_NEWNEXTHOP of a group", /^R+S+E+L+$/, { before: [one, two] }, group, delNexthop({ id: 10 })],
    ["RTM_DELNEXTHOP with a member", /^R+S+N+L+$/, { before: [one], groups }, delNexthop({ id: 1 }), one],
  ])("[N5.1] [N7.4] [N8.4] %s is done or not done, ENOMEM means not", (_, outcomes, preparation, request, inverse) => {
    expect(ofRequest(preparation, request, inverse)).toMatch(outcomes);
  });

  it.each<[string, Uint8Array[], Uint8Array, Uint8Array[]]>([
    ["a nexthop", [one], useOne, [remove, delNexthop({ id: 1 }), one]],
    ["a group", [one, two, group], useGroup, [remove, ...[1, 2, 10].map((id) => delNexthop({ id })), one, two, group]],
  ])(
    "[E.4.1] [N7.4] the first RTM_NEWROUTE with %s is done or not done, ENOMEM means not",
    (_, before, request, back) => {
      expect(ofRequest({ before }, request, concat(...back))).toMatch(/^R+S+E+L+$/);
    },
  );

  it.each<[string, RegExp, Preparation]>([
    ["", /^M+$/, {}],
    [" while a dump waits", /^M+$/, waiting],
  ])("interfaceDetach with paths through it%s is done or not done", (_, outcomes, preparation) => {
    const far = "198.51.100.2";
    const em2 = { name: "em2", up: true, addresses: ["198.51.100.1/24"] };
    const routes = [
      route(RTM.NEWROUTE, "qaCP", "10.1.0.0/16", { gateways: [GATEWAY, B, far] }),
      route(RTM.NEWROUTE, "qaCP", "10.2.0.0/16", { gateways: [GATEWAY, far] }),
      route(RTM.NEWROUTE, "qaCP", "10.3.0.0/16", { gateways: [far, "198.51.100.3"] }),
    ];
    const restore = (vnet: Vnet): void => {
      vnet.interfaceAttach(em2);
      const socket = vnet.socket();
      ask(socket, concat(...routes));
      socket.close();
    };
    expect(ofCall({ ...preparation, setUp: restore }, (vnet) => vnet.interfaceDetach("em2"), restore)).toMatch(
      outcomes,
    );
  });
});

describe("a change of addresses by request whose n-th allocation fails", () => {
  const groups = [RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR];
  const waiting: Preparation = { hostRoutes: MANY, isDumpWaiting: true };
  const inEm1 = { index: 3, lifetimes: PERMANENT };
  const hasInet6 = {
    boot: { sysctls: { "net.inet6.ip6.dad_count": 0 } },
    setUp: (vnet: Vnet): void => vnet.interfaceInet6("em1", true),
  };
  const add = newAddr("198.51.100.1/24", inEm1);
  const remove = delAddr("198.51.100.1", inEm1);
  const longer = newAddr("198.51.100.1/25", inEm1);
  const add6 = newAddr("2001:db8:2::1/64", inEm1);
  const remove6 = delAddr("2001:db8:2::1", inEm1);
  const hasInet6AndAddress = {
    ...hasInet6,
    setUp: (vnet: Vnet): void => {
      hasInet6.setUp(vnet);
      vnet.addressAdd("em1", "2001:db8:2::1/64");
    },
  };
  const gif = { name: "gif0", pointToPoint: true, up: true };
  const boot: BootOptions = { interfaces: [{ name: "em0" }, { name: "em1" }, gif], ...AS_GIVEN };
  const peer = newAddr("2001:db8:3::1/128", { index: 4, address: "2001:db8:3::2", lifetimes: PERMANENT });
  const otherPeer = newAddr("2001:db8:3::1/128", { index: 4, address: "2001:db8:3::3", lifetimes: PERMANENT });
  const withoutPeer = delAddr("2001:db8:3::1", { index: 4 });

  it.each<[string, RegExp, Preparation, Uint8Array, Uint8Array]>([
    ["RTM_NEWADDR", /^R+S+E+L+$/, {}, add, remove],
    ["RTM_NEWADDR with a member", /^R+S+E+N+L+$/, { groups }, add, remove],
    ["RTM_NEWADDR while a dump waits", /^R+S+E+L+$/, waiting, add, remove],
    ["RTM_NEWADDR of IPv6", /^R+S+E+L+$/, hasInet6, add6, remove6],
    ["RTM_NEWADDR of IPv6 with a member", /^R+S+E+N+L+$/, { ...hasInet6, groups }, add6, remove6],
    ["RTM_NEWADDR of one that is there", /^R+S+E+L+$/, { before: [add] }, longer, add],
    ["RTM_NEWADDR of one that is there, with a member", /^R+S+E+N+L+$/, { before: [add], groups }, longer, add],
    ["RTM_NEWADDR with a peer", /^R+S+E+L+$/, { boot }, peer, withoutPeer],
    ["RTM_NEWADDR with another peer", /^R+S+L+$/, { boot, before: [peer] }, otherPeer, peer],
    ["RTM_DELADDR", /^R+S+L+$/, { before: [add] }, remove, add],
    ["RTM_DELADDR with a member", /^R+S+N+L+$/, { before: [add], groups }, remove, add],
    ["RTM_DELADDR while a dump waits", /^R+S+E+L+$/, { ...waiting, before: [add] }, remove, add],
    ["RTM_DELADDR of IPv6", /^R+S+L+$/, hasInet6AndAddress, remove6, add6],
  ])("[N5.1] [N7.4] [N8.4] %s is done or not done, ENOMEM means not", (_, outcomes, preparation, request, inverse) => {
    expect(ofRequest(preparation, request, inverse)).toMatch(outcomes);
  });
});

describe("a change of neighbours whose n-th allocation fails", () => {
  const HOST = "192.0.2.7";
  const add = staticNeighbour(HOST, "qaC");
  const remove = aboutNeighbour(RTM.DELNEIGH, "qa", HOST, { index: EM0 });
  const replace = staticNeighbour(HOST, "qaP", "02:00:00:00:00:08");
  const groups = [RTNLGRP.NEIGH];
  const deleted = (vnet: Vnet): void => {
    const socket = vnet.socket();
    ask(socket, remove);
    socket.close();
  };

  it.each<[string, RegExp, Preparation, Uint8Array, Uint8Array]>([
    ["RTM_NEWNEIGH", /^R+S+E+L+$/, {}, add, remove],
    ["RTM_NEWNEIGH with a member", /^R+S+E+N+L+$/, { groups }, add, remove],
    ["RTM_NEWNEIGH that replaces", /^R+S+E+L+$/, { before: [add] }, replace, staticNeighbour(HOST)],
    ["RTM_DELNEIGH", /^R+S+L+$/, { before: [add] }, remove, add],
    ["RTM_DELNEIGH with a member", /^R+S+N+L+$/, { before: [add], groups }, remove, add],
  ])("[N5.1] [D.3] [D.4] %s is done or not done, ENOMEM means not", (_, outcomes, preparation, request, inverse) => {
    expect(ofRequest(preparation, request, inverse)).toMatch(outcomes);
  });

  it("[D.5.1] a packet to a neighbour begins its resolution or is refused with ENOMEM", () => {
    const begin = (vnet: Vnet): unknown => vnet.neighbourResolve("em0", HOST);
    expect(ofCall({}, begin, deleted)).toMatch(/^M+$/);
  });

  it("[C.4.5] the first address of an interface brings its own entry or leaves nothing", () => {
    const come = (vnet: Vnet): void => vnet.addressAdd("em1", "198.51.100.1/24");
    const go = (vnet: Vnet): void => vnet.addressDelete("em1", "198.51.100.1");
    expect(ofCall({ groups }, come, go)).toMatch(/^M+N+$/);
  });
});

describe("a change of the stack whose n-th allocation fails", () => {
  const groups = [RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR];
  const waiting: Preparation = { hostRoutes: MANY, isDumpWaiting: true };
  const NETWORK = "198.51.100.1";
  const em2 = { name: "em2", up: true, addresses: [`${NETWORK}/24`, "2001:db8:2::1/64"] };
  /** Routes that go with an address of em0, and come back by hand. */
  const viaEm0 = [1, 2, 3].map((n) =>
    route(RTM.NEWROUTE, "qaC", `10.${n}.0.0/16`, { gateway: GATEWAY, mtu: 1300 + n }),
  );
  const addRoutes = (vnet: Vnet): void => {
    const socket = vnet.socket();
    ask(socket, concat(...viaEm0));
    socket.close();
  };
  const down = (vnet: Vnet): void => vnet.interfaceDown("em0");
  const up = (vnet: Vnet): void => vnet.interfaceUp("em0");
  const upWithRoutes = (vnet: Vnet): void => {
    up(vnet);
    addRoutes(vnet);
  };
  const addInet = (vnet: Vnet): void => vnet.addressAdd("em1", `${NETWORK}/24`);
  const removeInet = (vnet: Vnet): void => vnet.addressDelete("em1", NETWORK);
  const LINK_LOCAL = "fe80::ff:fe00:b";
  const addFirstInet6 = (vnet: Vnet): void => vnet.addressAdd("em1", "2001:db8:2::1/64");
  const removeFirstInet6 = (vnet: Vnet): void => {
    vnet.addressDelete("em1", "2001:db8:2::1");
    vnet.addressDelete("em1", LINK_LOCAL);
    vnet.interfaceInet6("em1", false);
  };
  const addTwoAndDown = (vnet: Vnet): void => {
    vnet.addressAdd("em1", "203.0.113.1/24");
    addInet(vnet);
    vnet.interfaceDown("em1");
  };
  const attach = (vnet: Vnet): number => vnet.interfaceAttach({ name: "em2" });
  const attachWhole = (vnet: Vnet): number => vnet.interfaceAttach(em2);
  const detach = (vnet: Vnet): void => vnet.interfaceDetach("em2");

  it.each<[string, RegExp, Preparation, (vnet: Vnet) => unknown, (vnet: Vnet) => unknown]>([
    ["addressAdd of IPv4", /^M+$/, {}, addInet, removeInet],
    ["addressAdd of IPv4 with a member", /^M+N+$/, { groups }, addInet, removeInet],
    ["addressAdd of IPv4 while a dump waits", /^M+$/, waiting, addInet, removeInet],
    [
      "addressAdd of IPv6",
      /^M+$/,
      { setUp: (vnet) => vnet.interfaceInet6("em1", true) },
      (vnet) => vnet.addressAdd("em1", "2001:db8:2::1/64"),
      (vnet) => vnet.addressDelete("em1", "2001:db8:2::1"),
    ],
    ["the first addressAdd of IPv6, with a link-local address", /^M+$/, {}, addFirstInet6, removeFirstInet6],
    ["the same with a member", /^M+N+$/, { groups }, addFirstInet6, removeFirstInet6],
    [
      "addressAdd of IPv6 on an interface that is down",
      /^M+$/,
      { setUp: (vnet) => vnet.interfaceDown("em1") },
      addFirstInet6,
      (vnet) => {
        removeFirstInet6(vnet);
        vnet.interfaceDown("em1");
      },
    ],
    [
      "interfaceUp with a link-local address",
      /^M+$/,
      {
        setUp: (vnet) => {
          vnet.interfaceDown("em1");
          vnet.interfaceInet6("em1", true);
        },
      },
      (vnet) => vnet.interfaceUp("em1"),
      (vnet) => {
        vnet.addressDelete("em1", LINK_LOCAL);
        vnet.interfaceDown("em1");
      },
    ],
    [
      "interfaceInet6",
      /^M+$/,
      {},
      (vnet) => vnet.interfaceInet6("em1", true),
      (vnet) => {
        vnet.addressDelete("em1", LINK_LOCAL);
        vnet.interfaceInet6("em1", false);
      },
    ],
    [
      "interfaceSet that switches IPv6 on",
      /^M+$/,
      {},
      (vnet) => vnet.interfaceSet("em1", { nd6: { off: ND6_IFF.IFDISABLED } }),
      (vnet) => {
        vnet.addressDelete("em1", LINK_LOCAL);
        vnet.interfaceSet("em1", { nd6: { on: ND6_IFF.IFDISABLED } });
      },
    ],
    [
      "addressAdd with the network in all fibs",
      /^M+$/,
      { boot: { fibs: 3, sysctls: { "net.add_addr_allfibs": 1 } } },
      addInet,
      removeInet,
    ],
    [
      "addressAdd of an address that is there, with another length",
      /^M+$/,
      { setUp: addInet },
      (vnet) => vnet.addressAdd("em1", `${NETWORK}/25`),
      addInet,
    ],
    [
      "addressAdd of an address that is there, on an interface that is down, while a dump waits",
      /^M+N?$/,
      {
        ...waiting,
        setUp: addTwoAndDown,
      },
      (vnet) => vnet.addressAdd("em1", `${NETWORK}/25`),
      (vnet) => {
        vnet.addressDelete("em1", "203.0.113.1");
        removeInet(vnet);
        addTwoAndDown(vnet);
      },
    ],
    [
      "addressAdd of a network that another address has",
      /^M+$/,
      {},
      (vnet) => vnet.addressAdd("em0", "192.0.2.9/24"),
      (vnet) => vnet.addressDelete("em0", "192.0.2.9"),
    ],
    [
      "the first addressAdd of a vnet",
      /^M+$/,
      { isEmpty: true, setUp: (vnet) => vnet.interfaceUp("lo0") },
      (vnet) => vnet.addressAdd("lo0", "127.0.0.1/8"),
      (vnet) => vnet.addressDelete("lo0", "127.0.0.1"),
    ],
    [
      "addressAdd in the place of a route that was added by hand",
      /^M+$/,
      { before: [route(RTM.NEWROUTE, "qaC", "198.51.100.0/24", { gateway: GATEWAY })] },
      addInet,
      (vnet) => {
        removeInet(vnet);
        const socket = vnet.socket();
        ask(socket, route(RTM.NEWROUTE, "qaC", "198.51.100.0/24", { gateway: GATEWAY }));
        socket.close();
      },
    ],
    [
      "addressDelete while a dump waits",
      /^M+$/,
      { ...waiting, before: viaEm0 },
      (vnet) => vnet.addressDelete("em0", "192.0.2.1"),
      (vnet) => {
        vnet.addressAdd("em0", "192.0.2.1/24");
        addRoutes(vnet);
      },
    ],
    [
      "addressDelete where another address takes over the network",
      /^M+$/,
      { setUp: (vnet) => vnet.addressAdd("em0", "192.0.2.9/24") },
      (vnet) => vnet.addressDelete("em0", "192.0.2.1"),
      (vnet) => {
        vnet.addressDelete("em0", "192.0.2.9");
        vnet.addressAdd("em0", "192.0.2.1/24");
        vnet.addressAdd("em0", "192.0.2.9/24");
      },
    ],
    ["interfaceAttach", /^M+$/, {}, attach, detach],
    ["interfaceAttach with a member", /^M+N+$/, { groups }, attach, detach],
    ["interfaceAttach, up and with addresses", /^M+$/, {}, attachWhole, detach],
    ["interfaceDetach while a dump waits", /^M+$/, { ...waiting, setUp: attachWhole }, detach, attachWhole],
    ["interfaceDown with a member", /^N+$/, { groups }, down, up],
    ["interfaceDown while a dump waits", /^M+$/, { ...waiting, before: viaEm0 }, down, upWithRoutes],
    ["interfaceDown while a dump waits, with a member", /^M+N+$/, { ...waiting, groups }, down, up],
    ["interfaceUp", /^M+$/, { setUp: down }, up, down],
    [
      "interfaceUp with two networks",
      /^M+$/,
      {
        setUp: (vnet) => {
          vnet.addressAdd("em0", `${NETWORK}/24`);
          down(vnet);
        },
      },
      up,
      down,
    ],
  ])("%s is done or not done, ENOMEM means not", (_, outcomes, preparation, call, inverse) => {
    expect(ofCall(preparation, call, inverse)).toMatch(outcomes);
  });
});
