// ARP: how IPv4 neighbours come, age and go.

import { describe, expect, it } from "vitest";
import { NTF, NUD, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Kernel, type PeerOptions, type Socket } from "../../host/kernel/kernel.js";
import { events } from "../route/links.js";
import { aboutNeighbour, lladdrOf, neighbourAt, neighbourOf, neighbours, stateInWords } from "../route/neighbours.js";
import { added as addRoute } from "../route/routes.js";
import { ask, codeOf, drain, errorOf } from "../support/messages.js";
import { monitor, type Setup, setupE, setupR } from "../support/setups.js";

const EM0 = 2;
const MAC = "02:00:00:00:00:07";
const OTHER = "02:00:00:00:00:08";
const PEER: PeerOptions = { address: "192.0.2.7", lladdr: MAC };
const MAX_AGE = 1200;

interface Watched extends Setup {
  readonly group: Socket;
  /** Neighbour events since it was last asked. */
  told(): string[];
  resolve(): string | undefined;
}

function setup(): Watched {
  const all = setupE();
  const group = monitor(all.vnet, RTNLGRP.NEIGH);
  return {
    ...all,
    group,
    told: () => drain(group).map(stateInWords),
    resolve: () => all.vnet.neighbourResolve("em0", "192.0.2.7"),
  };
}

function makeStatic(socket: Socket, lladdr: string): void {
  const request = aboutNeighbour(RTM.NEWNEIGH, "qaC", "192.0.2.7", { index: EM0, flags: NTF.STICKY }, lladdrOf(lladdr));
  expect(errorOf(ask(socket, request))).toBe(0);
}

describe("a packet for an IPv4 neighbour", () => {
  it("[RF-NEIGH-15a] [FB-80] [D.5] [D.5.1] a reply resolves it; the event shows the end it had before", () => {
    const { kernel, vnet, socket, group, resolve } = setup();
    vnet.peer("em0", PEER);
    kernel.advance(3000);
    const asked = kernel.wallClock;
    expect(resolve()).toBe(MAC);
    const [told] = drain(group);
    expect(neighbourOf(told)).toMatchObject({
      type: RTM.NEWNEIGH,
      state: NUD.REACHABLE,
      lladdr: MAC,
      nextStateAt: asked,
    });
    expect(neighbourOf(told).references).toBe(2);
    expect(neighbourAt(socket, "192.0.2.7")).toMatchObject({
      state: NUD.REACHABLE,
      lladdr: MAC,
      probes: 0,
      nextStateAt: asked + MAX_AGE,
    });
  });

  it("[FB-82] [D.5.1] a resolved entry ends max_age seconds after its resolution", () => {
    const { kernel, vnet, socket, resolve } = setup();
    vnet.peer("em0", PEER);
    resolve();
    expect((neighbourAt(socket, "192.0.2.7")?.nextStateAt ?? 0) - kernel.wallClock).toBe(MAX_AGE);
  });

  it("[RF-NEIGH-15b] [D.5.1] unanswered, packets ask once a second; after five requests they are refused", () => {
    const { kernel, vnet, socket, resolve } = setup();
    vnet.peer("em0", { ...PEER, answers: false });
    for (let n = 1; n <= 5; n++) {
      expect(resolve()).toBeUndefined();
      // Within one second nothing more is sent.
      expect(codeOf(resolve)).toBe(n < 5 ? undefined : "EHOSTDOWN");
      expect(neighbourAt(socket, "192.0.2.7")).toMatchObject({ state: NUD.INCOMPLETE, probes: n, lladdr: undefined });
      kernel.advance(1000);
    }
    expect(vnet.neighbours.traffic().arpRequests).toBe(5);
    expect(codeOf(resolve)).toBe("EHOSTDOWN");
  });

  it("[RF-NEIGH-15b] [D.5] [D.5.1] 20 seconds after the last request the entry goes, with DELNEIGH", () => {
    const { kernel, vnet, socket, told, resolve } = setup();
    resolve();
    kernel.advance(5000);
    resolve();
    kernel.advance(19_999);
    expect(told()).toEqual([]);
    kernel.advance(1);
    expect(told()).toEqual(["DELNEIGH 192.0.2.7 0x1"]);
    expect(neighbourAt(socket, "192.0.2.7")).toBeUndefined();
    expect(vnet.check()).toBe(0);
  });

  it("[D.5.1] is refused where the address is not on the link, on lo0, and on an interface that is down", () => {
    const { vnet, socket } = setup();
    const code = (name: string, address: string): string | undefined =>
      codeOf(() => vnet.neighbourResolve(name, address));
    expect(code("em0", "198.51.100.9")).toBe("EINVAL");
    addRoute(socket, "198.51.100.0/24", { gateway: "192.0.2.254" });
    expect(code("em0", "198.51.100.9")).toBe("EINVAL");
    expect(code("em1", "192.0.2.9")).toBe("EINVAL");
    expect(code("lo0", "127.0.0.9")).toBe("EAFNOSUPPORT");
    expect(code("em9", "192.0.2.9")).toBe("ENXIO");
    vnet.interfaceDown("em0");
    expect(code("em0", "192.0.2.9")).toBe("ENETDOWN");
    expect(neighbours(socket).map((each) => each.destination)).toEqual(["192.0.2.1"]);
  });

  it("[FB-87] the interface's fib says whether it is on the link", () => {
    const { vnet, socket } = setupR({
      fibs: 2,
      interfaces: [
        { name: "em0", up: true, fib: 0, addresses: ["192.0.2.1/24"] },
        { name: "em1", up: true, fib: 1, addresses: ["198.51.100.1/24"] },
      ],
    });
    vnet.peer("em1", { address: "198.51.100.7", lladdr: MAC }).send({ message: "request", target: "198.51.100.1" });
    expect(neighbourAt(socket, "198.51.100.7")).toMatchObject({ index: 3, lladdr: MAC });
    expect(codeOf(() => vnet.neighbourResolve("em1", "192.0.2.7"))).toBe("EINVAL");
    expect(codeOf(() => vnet.neighbourResolve("em0", "198.51.100.8"))).toBe("EINVAL");
    expect(vnet.neighbourResolve("em1", "198.51.100.8")).toBeUndefined();
  });
});

describe("a resolved IPv4 neighbour", () => {
  it("[RF-NEIGH-16] [D.5] [D.5.1] unused, it expires after 1,200 seconds, with DELNEIGH", () => {
    const { kernel, vnet, socket, told, resolve } = setup();
    vnet.peer("em0", PEER);
    resolve();
    expect(told()).toEqual(["NEWNEIGH 192.0.2.7 0x2"]);
    kernel.advance(1_194_999);
    expect(neighbourAt(socket, "192.0.2.7")?.state).toBe(NUD.REACHABLE);
    kernel.advance(1);
    expect(neighbourAt(socket, "192.0.2.7")?.state).toBe(NUD.PROBE);
    kernel.advance(4999);
    expect(told()).toEqual([]);
    kernel.advance(1);
    expect(told()).toEqual(["DELNEIGH 192.0.2.7 0x10"]);
    expect(vnet.neighbours.traffic().arpRequests).toBe(1);
  });

  it("[RF-NEIGH-16] [D.5.1] used in its last five seconds it is asked again, and lives on", () => {
    const { kernel, vnet, socket, told, resolve } = setup();
    vnet.peer("em0", PEER);
    resolve();
    told();
    kernel.advance(1_195_500);
    expect(resolve()).toBe(MAC);
    kernel.advance(1000);
    expect(vnet.neighbours.traffic().arpRequests).toBe(2);
    expect(told()).toEqual(["NEWNEIGH 192.0.2.7 0x2"]);
    expect(neighbourAt(socket, "192.0.2.7")).toMatchObject({ state: NUD.REACHABLE });
    kernel.advance(1_000_000);
    expect(neighbourAt(socket, "192.0.2.7")?.state).toBe(NUD.REACHABLE);
  });

  it("[D.5.1] used and not answered, it asks five times and expires", () => {
    const { kernel, vnet, told, resolve } = setup();
    const peer = vnet.peer("em0", PEER);
    resolve();
    peer.change({ answers: false });
    kernel.advance(1_195_500);
    resolve();
    told();
    kernel.advance(10_000);
    expect(vnet.neighbours.traffic().arpRequests).toBe(1 + 5);
    expect(told()).toEqual(["DELNEIGH 192.0.2.7 0x10"]);
  });

  it("[D.5] an announcement with another link-layer address changes it, with NEWNEIGH", () => {
    const { vnet, socket, told, resolve } = setup();
    const peer = vnet.peer("em0", PEER);
    resolve();
    told();
    peer.change({ lladdr: OTHER });
    expect(neighbourAt(socket, "192.0.2.7")?.lladdr).toBe(MAC);
    peer.send({ message: "announcement" });
    expect(neighbourAt(socket, "192.0.2.7")?.lladdr).toBe(OTHER);
    expect(told()).toEqual(["NEWNEIGH 192.0.2.7 0x2"]);
  });

  it("[FB-81] [D.5.1] a static entry is not changed by an announcement, even one of 00:00:00:00:00:00", () => {
    const { vnet, socket, told } = setup();
    makeStatic(socket, "00:00:00:00:00:00");
    told();
    vnet.peer("em0", PEER).send({ message: "announcement" });
    expect(neighbourAt(socket, "192.0.2.7")).toMatchObject({ lladdr: "00:00:00:00:00:00", flags: NTF.STICKY });
    expect(told()).toEqual([]);
  });
});

describe("an ARP message that comes in", () => {
  it("[D.5] a request for an own address makes an entry and is replied to; one for another is not", () => {
    const { vnet, socket, told } = setup();
    const peer = vnet.peer("em0", PEER);
    peer.send({ message: "request", target: "192.0.2.99" });
    expect(told()).toEqual([]);
    peer.send({ message: "request", target: "192.0.2.1" });
    expect(told()).toEqual(["NEWNEIGH 192.0.2.7 0x2"]);
    expect(neighbourAt(socket, "192.0.2.7")).toMatchObject({ lladdr: MAC, state: NUD.REACHABLE });
    expect(vnet.neighbours.traffic().arpReplies).toBe(1);
  });

  it("[D.5.1] an announcement of an address without an entry makes none", () => {
    const { vnet, socket } = setup();
    vnet.peer("em0", PEER).send({ message: "announcement" });
    expect(neighbours(socket).length).toBe(1);
  });

  it.each([
    ["broadcast", "ff:ff:ff:ff:ff:ff", "192.0.2.7"],
    ["a group's", "01:00:5e:00:00:01", "192.0.2.7"],
    ["this interface's own", "02:00:00:00:00:0a", "192.0.2.7"],
    ["of an address that is this host's", MAC, "192.0.2.1"],
    ["of an address that is not on the link", MAC, "198.51.100.7"],
  ])("[D.5.1] a sender whose lladdr is %s is not learnt", (_, lladdr, address) => {
    const { vnet, socket, told } = setup();
    vnet.peer("em0", { address, lladdr }).send({ message: "request", target: "192.0.2.1" });
    expect(told()).toEqual([]);
    expect(neighbours(socket).map((each) => each.lladdr)).toEqual(["02:00:00:00:00:0a"]);
  });

  it("a host of the link that memory lacks for is not there, and comes when there is some", () => {
    const { vnet, resolve } = setup();
    vnet.failAllocation(1);
    expect(codeOf(() => vnet.peer("em0", PEER))).toBe("ENOMEM");
    expect(resolve()).toBeUndefined();
    vnet.peer("em0", PEER);
    expect(vnet.neighbourResolve("em0", "192.0.2.8")).toBeUndefined();
    expect(codeOf(() => vnet.neighbours.remove("em0", "192.0.2.7"))).toBeUndefined();
  });

  it("[D.5.1] is refused for an interface that resolves nothing, or of the other family", () => {
    const { vnet } = setup();
    const peer = vnet.peer("lo0", { address: "127.0.0.7", lladdr: MAC });
    expect(codeOf(() => peer.send({ message: "announcement" }))).toBe("EAFNOSUPPORT");
    expect(codeOf(() => vnet.peer("em0", PEER).send({ message: "advertisement" }))).toBe("EINVAL");
    expect(codeOf(() => vnet.peer("em0", PEER).send({ message: "request", target: "2001:db8::1" }))).toBe("EINVAL");
    expect(codeOf(() => vnet.neighbours.remove("em0", "192.0.2.99"))).toBe("ENOENT");
  });
});

describe("own IPv4 addresses", () => {
  it("[C.4.5] [D.1.4] adding one: an announcement, NEWNEIGH with SELF and STICKY, then NEWADDR", () => {
    const { vnet } = setupE();
    const group = monitor(vnet, RTNLGRP.NEIGH, RTNLGRP.IPV4_IFADDR);
    const before = vnet.neighbours.traffic().arpAnnouncements;
    vnet.addressAdd("em1", "198.51.100.1/24");
    const seen = drain(group);
    expect(seen.map(({ type }) => type)).toEqual([RTM.NEWNEIGH, RTM.NEWADDR]);
    expect(neighbourOf(seen[0])).toMatchObject({ flags: NTF.SELF | NTF.STICKY, state: NUD.REACHABLE, index: 3 });
    expect(vnet.neighbours.traffic().arpAnnouncements).toBe(before + 1);
  });

  it("[RF-NEIGH-21] [D.5] an entry that was there goes first: DELNEIGH, then NEWNEIGH", () => {
    const { vnet, socket, told } = setup();
    makeStatic(socket, MAC);
    told();
    vnet.addressAdd("em0", "192.0.2.7/24");
    expect(told()).toEqual(["DELNEIGH 192.0.2.7 0x2", "NEWNEIGH 192.0.2.7 0x2"]);
    expect(
      neighbours(socket)
        .filter((each) => each.destination === "192.0.2.7")
        .map((each) => each.flags),
    ).toEqual([NTF.SELF | NTF.STICKY]);
  });

  it("[RF-NEIGH-20] [D.5.3] [C.6.2] the last of a network takes its neighbours with it, static ones too, in silence", () => {
    const { vnet, socket, told, resolve } = setup();
    makeStatic(socket, MAC);
    vnet.neighbourResolve("em0", "192.0.2.9");
    resolve();
    told();
    vnet.addressDelete("em0", "192.0.2.1");
    expect(told()).toEqual([]);
    expect(neighbours(socket)).toEqual([]);
    expect(vnet.statistics().neighbours).toBe(0);
    expect(vnet.check()).toBe(0);
  });

  it("[C.6.2] with another of the network on the interface, only its own entry goes", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "192.0.2.2/24");
    vnet.neighbourResolve("em0", "192.0.2.9");
    const group = monitor(vnet, RTNLGRP.NEIGH, RTNLGRP.IPV4_IFADDR);
    vnet.addressDelete("em0", "192.0.2.2");
    expect(events(group)).toEqual(["DELADDR 192.0.2.2/24", "DELNEIGH 192.0.2.2"]);
    expect(
      neighbours(socket)
        .map((each) => each.destination)
        .sort(),
    ).toEqual(["192.0.2.1", "192.0.2.9"]);
  });

  it("[C.6.4] [D.5.3] interface down: dynamic entries of the network go in silence, own and static ones stay", () => {
    const { vnet, socket, told } = setup();
    makeStatic(socket, MAC);
    vnet.neighbourResolve("em0", "192.0.2.9");
    told();
    vnet.interfaceDown("em0");
    expect(told()).toEqual([]);
    expect(
      neighbours(socket)
        .map((each) => each.destination)
        .sort(),
    ).toEqual(["192.0.2.1", "192.0.2.7"]);
  });

  it("[D.5.3] an interface that leaves takes its entries and its peers along", () => {
    const { kernel, vnet, socket, resolve } = setup();
    const peer = vnet.peer("em0", PEER);
    vnet.addressAdd("em0", "2001:db8::1/64");
    vnet.neighbourResolve("em0", "2001:db8::9");
    vnet.neighbourResolve("em0", "192.0.2.9");
    resolve();
    vnet.interfaceDetach("em0");
    expect(neighbours(socket)).toEqual([]);
    expect(vnet.statistics().neighbours).toBe(0);
    expect(codeOf(() => peer.remove())).toBe("ENXIO");
    kernel.advance(2_000_000);
    expect(vnet.check()).toBe(0);
  });
});

describe("a run with neighbours", () => {
  it("replays to the same outcomes and memory", () => {
    const kernel = Kernel.boot({
      record: true,
      modules: ["netlink"],
      interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }],
    });
    const { vnet0: vnet } = kernel;
    const peer = vnet.peer("em0", PEER);
    const peer6 = vnet.peer("em0", { address: "2001:db8::7", lladdr: MAC, router: true });
    expect(vnet.neighbourResolve("em0", "192.0.2.7")).toBe(MAC);
    expect(vnet.neighbourResolve("em0", "2001:db8::7")).toBe(MAC);
    expect(codeOf(() => vnet.neighbourResolve("em0", "10.0.0.1"))).toBe("EINVAL");
    kernel.advance(50_000);
    peer.change({ answers: false, lladdr: OTHER });
    peer.send({ message: "announcement" });
    peer6.send({ message: "advertisement", override: true });
    peer.remove();
    vnet.neighbourResolve("em0", "2001:db8::9");
    kernel.advance(2000);
    const log = kernel.record();
    expect(log.events.map(({ call }) => call)).toEqual(
      expect.arrayContaining(["neighbourResolve", "peerSet", "peerSend", "peerRemove"]),
    );
    expect(Kernel.replay(log).record().memory).toEqual(log.memory);
  });
});
