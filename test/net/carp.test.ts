// What virtual hosts do by themselves: FreeBSD's netinet/ip_carp.c.

import { describe, expect, it } from "vitest";
import { CARP_STATE } from "../../assembly/abi/carp.js";
import { Errno } from "../../assembly/abi/errno.js";
import { RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Kernel, type Socket } from "../../host/kernel/kernel.js";
import {
  type CarpFields,
  type CarpSetup,
  getCarp,
  setCarp,
  setupCarp,
  virtualHostOf,
  virtualHosts,
} from "../generic/carprequests.js";
import { byName, familyOf as familySeen, getFamily, openGeneric } from "../generic/families.js";
import { delAddr, newAddr, PERMANENT } from "../route/addressrequests.js";
import { events } from "../route/links.js";
import { find, routeTo } from "../route/routes.js";
import { ask, doneOf, drain, errorOf, payloadOf, type Seen } from "../support/messages.js";
import { monitor } from "../support/setups.js";

const { INIT, BACKUP, MASTER } = CARP_STATE;
const VHID = 77;
const OWN = "198.51.100.1";
const OWN6 = "2001:db8::1";
/** Milliseconds until a backup with the usual advbase is master. */
const MASTER_DOWN = 3000;

const add = (socket: Socket, address: string, vhid = VHID): number =>
  errorOf(ask(socket, newAddr(address, { vhid, lifetimes: PERMANENT })));

/** em0 has a virtual host, and it the given addresses. */
function setup(addresses: readonly string[] = [`${OWN}/24`], fields: CarpFields = {}): CarpSetup {
  const carp = setupCarp({ modules: ["netlink", "nlsysevent", "carp"] });
  expect(errorOf(ask(carp.generic, setCarp(carp.id, { vhid: VHID, index: 2, ...fields })))).toBe(0);
  for (const address of addresses) expect(add(carp.socket, address)).toBe(0);
  return carp;
}

function stateOf(carp: CarpSetup): CARP_STATE | undefined {
  return virtualHosts(carp, { name: "em0", vhid: VHID })[0]?.state;
}

/** What the group CARP of nlsysevent hears, as "77@em0 BACKUP". */
function devctlOf({ vnet, generic }: CarpSetup): () => string[] {
  const [family] = ask(generic, getFamily("q", byName("nlsysevent")));
  const group = familySeen(family as Seen).groups?.CARP as number;
  const hears = openGeneric(vnet, [group]);
  const word = ({ body }: Seen, type: number) =>
    new TextDecoder().decode(payloadOf(body.slice(4), type)?.subarray(0, -1));
  return () => drain(hears).map((seen) => `${word(seen, 2)} ${word(seen, 3)}`);
}

describe("a virtual host", () => {
  it("without addresses stays INIT", () => {
    const carp = setup([]);
    carp.kernel.advance(10_000);
    expect(stateOf(carp)).toBe(INIT);
  });

  it.each([`${OWN}/24`, `${OWN6}/64`])("of %s is BACKUP, and MASTER after three times advbase", (address) => {
    const carp = setup([address]);
    expect(stateOf(carp)).toBe(BACKUP);
    carp.kernel.advance(MASTER_DOWN - 1);
    expect(stateOf(carp)).toBe(BACKUP);
    carp.kernel.advance(1);
    expect(stateOf(carp)).toBe(MASTER);
  });

  it("waits for advskew 256ths of a second more", () => {
    const carp = setup(undefined, { advbase: 2, advskew: 128 });
    carp.kernel.advance(6499);
    expect(stateOf(carp)).toBe(BACKUP);
    carp.kernel.advance(1);
    expect(stateOf(carp)).toBe(MASTER);
  });

  it("begins anew with each address", () => {
    const carp = setup();
    carp.kernel.advance(MASTER_DOWN);
    const heard = devctlOf(carp);
    add(carp.socket, `${OWN6}/64`);
    expect(heard()).toEqual(["77@em0 INIT", "77@em0 BACKUP"]);
    // What a master had it keeps.
    expect(find(carp.socket, "198.51.100.0/24")).toBeDefined();
  });

  it("whose timer of IPv4 runs on without an address is MASTER at its end", () => {
    const carp = setup();
    carp.kernel.advance(1000);
    add(carp.socket, `${OWN6}/64`);
    carp.kernel.advance(1000);
    ask(carp.socket, delAddr(OWN));
    expect(stateOf(carp)).toBe(BACKUP);
    carp.kernel.advance(2000);
    expect(stateOf(carp)).toBe(MASTER);
  });

  it("is INIT while the interface is down", () => {
    const carp = setup();
    carp.kernel.advance(MASTER_DOWN);
    carp.vnet.interfaceDown("em0");
    expect(stateOf(carp)).toBe(INIT);
    carp.kernel.advance(10_000);
    expect(stateOf(carp)).toBe(INIT);
    carp.vnet.interfaceUp("em0");
    expect(stateOf(carp)).toBe(BACKUP);
    expect(carp.vnet.check()).toBe(0);
  });

  it("is INIT without a carrier", () => {
    const carp = setup();
    carp.vnet.interfaceSet("em0", { carrier: false });
    expect(stateOf(carp)).toBe(INIT);
    carp.vnet.interfaceSet("em0", { carrier: true });
    expect(stateOf(carp)).toBe(BACKUP);
  });

  it("is INIT while net.inet.carp.allow is 0", () => {
    const carp = setup();
    carp.vnet.sysctl("net.inet.carp.allow", 0);
    expect(stateOf(carp)).toBe(INIT);
    carp.vnet.sysctl("net.inet.carp.allow", 1);
    expect(stateOf(carp)).toBe(BACKUP);
  });

  it("is BACKUP or MASTER as SET says, unless it is INIT", () => {
    const carp = setup();
    const set = (state: CARP_STATE): number =>
      errorOf(ask(carp.generic, setCarp(carp.id, { vhid: VHID, state, index: 2 })));
    const states = [MASTER, INIT, BACKUP].map((state) => [set(state), stateOf(carp)]);
    expect(states).toEqual([
      [0, MASTER],
      [0, MASTER],
      [0, BACKUP],
    ]);
    carp.kernel.advance(MASTER_DOWN);
    expect(stateOf(carp)).toBe(MASTER);
    carp.vnet.interfaceDown("em0");
    expect([set(MASTER), stateOf(carp)]).toEqual([0, INIT]);
  });

  it("goes with its interface", () => {
    const carp = setup([`${OWN}/24`, `${OWN6}/64`]);
    ask(carp.generic, setCarp(carp.id, { vhid: 5, index: 2 }));
    carp.kernel.advance(MASTER_DOWN);
    carp.vnet.interfaceDetach("em0");
    expect(carp.vnet.check()).toBe(0);
    carp.kernel.advance(10_000);
    carp.kernel.kldunload("carp");
  });

  it("tells devctl of each change", () => {
    const carp = setup([]);
    const heard = devctlOf(carp);
    add(carp.socket, `${OWN}/24`);
    carp.kernel.advance(MASTER_DOWN);
    carp.vnet.interfaceDown("em0");
    expect(heard()).toEqual(["77@em0 BACKUP", "77@em0 MASTER", "77@em0 INIT"]);
  });
});

describe("virtual addresses", () => {
  it("of IPv4 are told of and have routes while MASTER alone", () => {
    const carp = setup([]);
    const hears = monitor(carp.vnet, RTNLGRP.IPV4_IFADDR);
    const hasRoutes = (): boolean[] =>
      [`${OWN}/32`, "198.51.100.0/24"].map((prefix) => find(carp.socket, prefix) !== undefined);
    add(carp.socket, `${OWN}/24`);
    expect([events(hears), hasRoutes()]).toEqual([[], [false, false]]);
    carp.kernel.advance(MASTER_DOWN);
    expect([events(hears), hasRoutes()]).toEqual([[`NEWADDR ${OWN}/24`], [true, true]]);
    ask(carp.generic, setCarp(carp.id, { vhid: VHID, state: BACKUP, index: 2 }));
    expect([events(hears), hasRoutes()]).toEqual([[`DELADDR ${OWN}/24`], [false, false]]);
    expect(carp.vnet.check()).toBe(0);
  });

  it("of IPv6 are told of at once, and have their own route from the beginning", () => {
    const carp = setup([]);
    const hears = monitor(carp.vnet, RTNLGRP.IPV6_IFADDR);
    add(carp.socket, `${OWN6}/64`);
    expect(events(hears)).toEqual([`NEWADDR ${OWN6}/64`]);
    expect(routeTo(carp.socket, `${OWN6}/128`).oif).toBe(1);
    carp.kernel.advance(MASTER_DOWN);
    ask(carp.generic, setCarp(carp.id, { vhid: VHID, state: BACKUP, index: 2 }));
    expect(find(carp.socket, `${OWN6}/128`)).toBeUndefined();
    expect(find(carp.socket, "2001:db8::/64")).toBeDefined();
    expect(events(hears)).toEqual([]);
  });

  it("of IPv4 have no neighbour entry of themselves, those of IPv6 have", () => {
    const carp = setup([]);
    const hears = monitor(carp.vnet, RTNLGRP.NEIGH);
    add(carp.socket, `${OWN}/24`);
    add(carp.socket, `${OWN6}/64`);
    expect(events(hears)).toEqual([`NEWNEIGH ${OWN6}`]);
  });

  it("of IPv4 that go are told of twice", () => {
    const carp = setup();
    const hears = monitor(carp.vnet, RTNLGRP.IPV4_IFADDR);
    ask(carp.socket, delAddr(OWN));
    expect(events(hears)).toEqual([`DELADDR ${OWN}/24`, `DELADDR ${OWN}/24`]);
  });

  it("of IPv4 get their routes from an interface that comes up, whatever the state", () => {
    const carp = setup();
    carp.vnet.interfaceDown("em0");
    carp.vnet.interfaceUp("em0");
    expect(stateOf(carp)).toBe(BACKUP);
    expect(find(carp.socket, "198.51.100.0/24")).toBeDefined();
  });

  it("bring an interface that is down up, and are told of as gone before", () => {
    const carp = setup([]);
    carp.vnet.interfaceDown("em0");
    const hears = monitor(carp.vnet, RTNLGRP.IPV4_IFADDR);
    add(carp.socket, `${OWN}/24`);
    expect(events(hears)[0]).toBe(`DELADDR ${OWN}/24`);
    expect(stateOf(carp)).toBe(BACKUP);
    expect(carp.vnet.sysctl("net.inet.carp.demotion")).toBe(0);
    expect(carp.vnet.check()).toBe(0);
  });
});

describe("what neighbours ask for", () => {
  it.each([
    [OWN, "198.51.100.7", "arpReplies", "request"],
    [OWN6, "2001:db8::7", "advertisements", "solicitation"],
  ] as const)("%s is answered while MASTER alone", (own, asker, counted, message) => {
    const carp = setup([`${OWN}/24`, `${OWN6}/64`]);
    const peer = carp.vnet.peer("em0", { address: asker, lladdr: "02:00:00:00:00:07" });
    const answered = (): number => {
      const before = carp.vnet.neighbours.traffic()[counted];
      peer.send({ message, target: own });
      return carp.vnet.neighbours.traffic()[counted] - before;
    };
    expect(answered()).toBe(0);
    carp.kernel.advance(MASTER_DOWN);
    expect(answered()).toBe(1);
  });

  it("is announced for each IPv4 address when the master begins", () => {
    const carp = setup();
    const before = carp.vnet.neighbours.traffic().arpAnnouncements;
    carp.kernel.advance(MASTER_DOWN);
    expect(carp.vnet.neighbours.traffic().arpAnnouncements).toBe(before + 1);
  });
});

describe("an interface that moves to another vnet", () => {
  it("leaves its virtual hosts behind, and arrives without promiscuous mode", () => {
    const carp = setup();
    const other = carp.kernel.vnetCreate("other");
    carp.vnet.interfaceMove("em0", other);
    const generic = openGeneric(other);
    const [done] = ask(generic, getCarp(carp.id, { name: "em0" }));
    expect(doneOf(done)).toBe(Errno.ENOENT);
    expect([carp.vnet.check(), other.check()]).toEqual([0, 0]);
    carp.kernel.kldunload("carp");
  });
});

describe("a kernel that is run again", () => {
  it("makes the same of its virtual hosts", () => {
    const carp = setup([`${OWN}/24`, `${OWN6}/64`]);
    const snapshot = carp.kernel.snapshot();
    const states = [carp.kernel, Kernel.restore(snapshot)].map((kernel) => {
      kernel.advance(MASTER_DOWN);
      const generic = openGeneric(kernel.vnet0);
      return ask(generic, getCarp(carp.id, { name: "em0" }))
        .slice(0, 1)
        .map(virtualHostOf);
    });
    expect(states[0]).toMatchObject([{ vhid: VHID, state: MASTER }]);
    expect(states[1]).toEqual(states[0]);
  });
});

describe("demotion", () => {
  it("is 240 more for each virtual host whose interface is down", () => {
    const carp = setup();
    ask(carp.generic, setCarp(carp.id, { vhid: 5, index: 2 }));
    const demotion = (): number => carp.vnet.sysctl("net.inet.carp.demotion");
    carp.vnet.interfaceDown("em0");
    expect(demotion()).toBe(480);
    carp.vnet.interfaceUp("em0");
    expect(demotion()).toBe(0);
    carp.vnet.interfaceDown("em0");
    ask(carp.socket, delAddr(OWN));
    expect(demotion()).toBe(240);
  });

  it("has added to it what is written", () => {
    const { vnet } = setup();
    vnet.sysctl("net.inet.carp.demotion", 5);
    vnet.sysctl("net.inet.carp.demotion", 7);
    expect(vnet.sysctl("net.inet.carp.demotion")).toBe(12);
    vnet.sysctl("net.inet.carp.demotion", 2 ** 32 - 12);
    expect(vnet.sysctl("net.inet.carp.demotion")).toBe(0);
  });

  it("has the defaults of FreeBSD beside it, and a DSCP below 64", () => {
    const { vnet } = setup();
    const names = ["allow", "dscp", "preempt", "log", "senderr_demotion_factor", "ifdown_demotion_factor"];
    expect(names.map((name) => vnet.sysctl(`net.inet.carp.${name}`))).toEqual([1, 56, 0, 1, 240, 240]);
    vnet.sysctl("net.inet.carp.dscp", 63);
    expect(() => vnet.sysctl("net.inet.carp.dscp", 64)).toThrow("EINVAL");
  });
});

describe("the log", () => {
  it("has each change with its reason, unless net.inet.carp.log is 0", () => {
    const lines: string[] = [];
    const kernel = Kernel.boot(
      { modules: ["netlink", "carp"], interfaces: [{ name: "em0", up: true }] },
      (line) => void lines.push(line),
    );
    const vnet = kernel.vnet0;
    ask(openGeneric(vnet), setCarp(17, { vhid: VHID, name: "em0" }));
    vnet.addressAdd("em0", `${OWN}/24`, { vhid: VHID });
    kernel.advance(MASTER_DOWN);
    vnet.sysctl("net.inet.carp.demotion", 2 ** 32 - 3);
    vnet.sysctl("net.inet.carp.log", 0);
    vnet.interfaceDown("em0");
    expect(lines).toEqual([
      "carp: 77@em0: INIT -> BACKUP (initialization complete)",
      "carp: 77@em0: BACKUP -> MASTER (master timed out)",
      "carp: demoted by -3 to -3 (sysctl)",
    ]);
  });
});

describe("without memory", () => {
  it.each([`${OWN}/24`, `${OWN6}/64`])(
    "an address of a virtual host is refused, and nothing is left: %s",
    (address) => {
      for (let n = 1, isDone = false; !isDone; n++) {
        const carp = setup([]);
        carp.vnet.failAllocation(n);
        try {
          carp.vnet.addressAdd("em0", address, { vhid: VHID });
          isDone = true;
        } catch (error) {
          expect(error).toMatchObject({ code: "ENOMEM" });
        }
        carp.vnet.failAllocation(0);
        expect(carp.vnet.check()).toBe(0);
        expect(stateOf(carp)).toBe(isDone ? BACKUP : INIT);
      }
    },
  );

  it.each([
    ["takes over without its routes", false],
    ["that has them already keeps them", true],
  ])("a master %s", (_, isRaised) => {
    for (let n = 1; n <= 8; n++) {
      const carp = setup([`${OWN}/24`, `${OWN6}/64`]);
      if (isRaised) {
        carp.vnet.interfaceDown("em0");
        carp.vnet.interfaceUp("em0");
      }
      carp.vnet.failAllocation(n);
      carp.kernel.advance(MASTER_DOWN);
      carp.vnet.failAllocation(0);
      expect(stateOf(carp)).toBe(MASTER);
      expect(carp.vnet.check()).toBe(0);
      if (isRaised) expect(find(carp.socket, "198.51.100.0/24")).toBeDefined();
      carp.vnet.interfaceDetach("em0");
      for (const prefix of ["198.51.100.0/24", `${OWN}/32`]) expect(find(carp.socket, prefix)).toBeUndefined();
      expect(carp.vnet.check()).toBe(0);
    }
  });
});
