// A request or a change of the stack whose n-th allocation fails, for every n: the answer says so or is lost, nothing is
// half done, and nothing is left behind. Outcomes are letters, in order of n (failures.ts):
//   R refused call, M refused change, S no answer, E ENOMEM, P part of the answer, L done without answer, N done without
//   notification, C as if nothing had failed

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NTF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions, Vnet } from "../../host/kernel/kernel.js";
import { aboutNeighbour, getNeighbours, lladdrOf } from "../route/neighbours.js";
import { ask, concat, ifaddrmsg, ifinfomsg, message } from "../support/messages.js";
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

  it("[N14.18] [D.5.1] a packet to a neighbour begins its resolution or is refused with ENOMEM", () => {
    const begin = (vnet: Vnet): unknown => vnet.neighbourResolve("em0", HOST);
    expect(ofCall({}, begin, deleted)).toMatch(/^M+$/);
  });

  it("[N14.18] [C.4.5] the first address of an interface brings its own entry or leaves nothing", () => {
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
      {},
      (vnet) => vnet.addressAdd("em1", "2001:db8:2::1/64"),
      (vnet) => vnet.addressDelete("em1", "2001:db8:2::1"),
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
