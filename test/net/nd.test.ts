// Neighbour discovery: how IPv6 neighbours come, age and go.

import { describe, expect, it } from "vitest";
import { ND6_IFF } from "../../assembly/abi/ifnet.js";
import { NTF, NUD, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Peer, PeerOptions, PeerSending, Vnet } from "../../host/kernel/kernel.js";
import { aboutNeighbour, lladdrOf, neighbourAt, neighbourOf, neighbours, stateInWords } from "../route/neighbours.js";
import { ask, codeOf, drain, errorOf } from "../support/messages.js";
import { monitor, setupE6 } from "../support/setups.js";

const EM0 = 2;
const MAC = "02:00:00:00:00:07";
const OTHER = "02:00:00:00:00:08";
const ADDRESS = "2001:db8::7";
const ROUTER = "fe80::99";

const setup = (seed = 1) => {
  const all = setupE6({
    seed,
    interfaces: [
      { name: "em0", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["2001:db8::1/64", "fe80::ff:fe00:a/64"] },
      { name: "em1", up: true },
    ],
  });
  const group = monitor(all.vnet, RTNLGRP.NEIGH);
  return {
    ...all,
    /** Neighbour events since it was last asked. */
    told: (): string[] => drain(group).map(stateInWords),
    resolve: (): string | undefined => all.vnet.neighbourResolve("em0", ADDRESS),
    entry: () => neighbourAt(all.socket, ADDRESS),
    peer: (options: Partial<PeerOptions> = {}): Peer =>
      all.vnet.peer("em0", { address: ADDRESS, lladdr: MAC, ...options }),
  };
};

/** em0's neighbour, reachable, and silent from now on. */
function reachable(seed = 1): ReturnType<typeof setup> & { host: Peer } {
  const all = setup(seed);
  const host = all.peer();
  expect(all.resolve()).toBe(MAC);
  host.change({ answers: false });
  all.told();
  return { ...all, host };
}

/** The same, stale. */
function stale(): ReturnType<typeof reachable> {
  const all = reachable();
  all.kernel.advance(45_000);
  expect(all.entry()?.state).toBe(NUD.STALE);
  return all;
}

function makeStatic(all: ReturnType<typeof setup>): void {
  const request = aboutNeighbour(RTM.NEWNEIGH, "qaC", ADDRESS, { index: EM0, flags: NTF.STICKY }, lladdrOf(MAC));
  expect(errorOf(ask(all.socket, request))).toBe(0);
  all.told();
}

describe("a packet for an IPv6 neighbour", () => {
  // nd6_na_input sets the state before it tells (netinet6/nd6_nbr.c); older versions told first.
  it("[FB-80] [D.5] an advertisement resolves it; the event shows it REACHABLE", () => {
    const { vnet, told, resolve, entry, peer } = setup();
    peer();
    expect(resolve()).toBe(MAC);
    expect(told()).toEqual(["NEWNEIGH 2001:db8::7 0x2"]);
    expect(entry()).toMatchObject({ state: NUD.REACHABLE, lladdr: MAC, probes: 0, flags: 0 });
    expect(vnet.neighbours.traffic()).toMatchObject({ multicastSolicitations: 1, unicastSolicitations: 0 });
  });

  it("[D.5.2] unanswered, it is asked for three times, a second apart, and goes with DELNEIGH", () => {
    const { kernel, vnet, told, resolve, entry } = setup();
    expect(resolve()).toBeUndefined();
    for (let n = 1; n <= 3; n++) {
      expect(entry()).toMatchObject({ state: NUD.INCOMPLETE, probes: n, lladdr: undefined });
      expect(resolve()).toBeUndefined();
      kernel.advance(1000);
    }
    expect(vnet.neighbours.traffic().multicastSolicitations).toBe(3);
    expect(told()).toEqual(["DELNEIGH 2001:db8::7 0x1"]);
    expect(entry()).toBeUndefined();
    expect(vnet.check()).toBe(0);
  });

  it("[D.5.2] the advertisement of a router makes it one; a later one without the flag does not", () => {
    const { resolve, entry, peer } = setup();
    const host = peer({ router: true });
    resolve();
    expect(entry()?.flags).toBe(NTF.ROUTER);
    host.change({ router: false });
    host.send({ message: "advertisement" });
    expect(entry()?.flags).toBe(0);
  });

  it("[D.5.2] is refused where the address is no neighbour, and on lo0", () => {
    const { vnet, socket } = setup();
    expect(codeOf(() => vnet.neighbourResolve("em0", "2001:db8:1::9"))).toBe("ENOBUFS");
    expect(codeOf(() => vnet.neighbourResolve("em1", ADDRESS))).toBe("ENOBUFS");
    expect(codeOf(() => vnet.neighbourResolve("lo0", "::1"))).toBe("EAFNOSUPPORT");
    // A link-local address is always one.
    expect(vnet.neighbourResolve("em1", "fe80::7")).toBeUndefined();
    expect(neighbours(socket, { index: 3 }).map((each) => each.destination)).toEqual(["fe80::7"]);
  });
});

describe("a reachable IPv6 neighbour", () => {
  it("[RF-NEIGH-17] [D.5] [D.5.2] ages to STALE after the reachable time, without a message", () => {
    const { kernel, told, entry } = reachable();
    const end = entry()?.nextStateAt ?? 0;
    const seconds = end - kernel.wallClock;
    expect(seconds).toBeGreaterThanOrEqual(14);
    expect(seconds).toBeLessThanOrEqual(44);
    kernel.advance(seconds * 1000 - 1);
    expect(entry()?.state).toBe(NUD.REACHABLE);
    kernel.advance(1);
    expect(entry()).toMatchObject({ state: NUD.STALE, nextStateAt: kernel.wallClock + 86_400 });
    expect(told()).toEqual([]);
  });

  // ND_COMPUTE_RTIME masks a random number: 14,848 ms and what bits of 29,696 it leaves.
  it("[RF-NEIGH-17] [D.5.2] the reachable time is drawn from the seed, and again every two hours", () => {
    const timeOf = (seed: number): number => {
      const { kernel, entry } = reachable(seed);
      return (entry()?.nextStateAt ?? 0) - kernel.wallClock;
    };
    const times = Array.from({ length: 40 }, (_, seed) => timeOf(seed));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(14);
    expect(Math.max(...times)).toBeLessThanOrEqual(44);
    expect(new Set(times).size).toBeGreaterThan(8);
    expect(timeOf(7)).toBe(times[7]);

    const { kernel, vnet, socket } = setup();
    const drawn = new Set<number>();
    for (let n = 0x100; n < 0x110; n++) {
      const address = `2001:db8::${n.toString(16)}`;
      vnet.peer("em0", { address, lladdr: MAC });
      vnet.neighbourResolve("em0", address);
      const first = (neighbourAt(socket, address)?.nextStateAt ?? 0) - kernel.wallClock;
      kernel.advance(3_600_000);
      const again = `2001:db8::${(n + 0x1000).toString(16)}`;
      vnet.peer("em0", { address: again, lladdr: MAC });
      vnet.neighbourResolve("em0", again);
      expect((neighbourAt(socket, again)?.nextStateAt ?? 0) - kernel.wallClock).toBe(first);
      drawn.add(first);
      kernel.advance(3_600_000);
    }
    expect(drawn.size).toBeGreaterThan(4);
  });
});

describe("a stale IPv6 neighbour", () => {
  it("[RF-NEIGH-18a] [D.5] [D.5.2] used and silent: probed after 5 seconds, three times, and gone with one DELNEIGH", () => {
    const { kernel, vnet, told, resolve, entry } = stale();
    kernel.advance(1000);
    expect(resolve()).toBe(MAC);
    expect(entry()?.state).toBe(NUD.STALE);
    kernel.advance(4999);
    expect(entry()?.state).toBe(NUD.STALE);
    kernel.advance(1);
    for (let n = 1; n <= 3; n++) {
      expect(entry()).toMatchObject({ state: NUD.PROBE, probes: n, lladdr: MAC });
      expect(told()).toEqual([]);
      kernel.advance(1000);
    }
    expect(told()).toEqual(["DELNEIGH 2001:db8::7 0x10"]);
    expect(vnet.neighbours.traffic().unicastSolicitations).toBe(3);
    expect(entry()).toBeUndefined();
  });

  it("[RF-NEIGH-18a] [D.5.2] used and answered, it is REACHABLE again, without a message", () => {
    const { kernel, host, told, resolve, entry } = stale();
    host.change({ answers: true });
    resolve();
    kernel.advance(10_000);
    expect(entry()).toMatchObject({ state: NUD.REACHABLE, probes: 0 });
    expect(told()).toEqual([]);
  });

  it("[RF-NEIGH-18b] [D.5.2] unused for a day it expires, with DELNEIGH", () => {
    const { kernel, told, entry } = stale();
    const left = (entry()?.nextStateAt ?? 0) - kernel.wallClock;
    kernel.advance((left - 1) * 1000);
    expect(entry()?.state).toBe(NUD.STALE);
    expect(told()).toEqual([]);
    kernel.advance(2000);
    expect(told()).toEqual(["DELNEIGH 2001:db8::7 0x4"]);
  });

  it("[RF-NEIGH-2] [D.1.2] its next change stays the end of its day while it is looked at every 5 seconds", () => {
    const { kernel, entry } = stale();
    const end = entry()?.nextStateAt;
    kernel.advance(1_000_000);
    expect(entry()?.nextStateAt).toBe(end);
  });

  it("[D.5.2] packets that waited for its address begin the delay", () => {
    const { kernel, resolve, entry, peer, told } = setup();
    const host = peer({ answers: false });
    resolve();
    host.send({ message: "advertisement", solicited: false });
    expect(told()).toEqual(["NEWNEIGH 2001:db8::7 0x4"]);
    expect(entry()).toMatchObject({ state: NUD.DELAY, lladdr: MAC });
    kernel.advance(5000);
    expect(entry()?.state).toBe(NUD.PROBE);
  });
});

describe("a message of another IPv6 host", () => {
  const solicitation: PeerSending = { message: "solicitation", target: "2001:db8::1" };

  it.each<[string, string, PeerSending, string, number]>([
    ["a neighbour solicitation", ADDRESS, solicitation, ADDRESS, 0],
    ["a redirect to a host", ROUTER, { message: "redirect", target: ADDRESS }, ADDRESS, 0],
    [
      "a redirect to a router",
      ROUTER,
      { message: "redirect", target: "fe80::77", toRouter: true },
      "fe80::77",
      NTF.ROUTER,
    ],
  ])(
    "[RF-NEIGH-19] [D.5] %s with a link-layer address makes an entry: NEWNEIGH STALE",
    (_, from, sending, about, shown) => {
      const { vnet, socket, told } = setup();
      vnet.peer("em0", { address: from, lladdr: MAC }).send(sending);
      expect(told()).toEqual([`NEWNEIGH ${about} 0x4`]);
      expect(neighbourAt(socket, about)).toMatchObject({ state: NUD.STALE, lladdr: MAC, flags: shown, index: EM0 });
    },
  );

  it("[RF-NEIGH-19] [D.5] so does a router advertisement, where the interface accepts them", () => {
    const { vnet, socket, told } = setup();
    const router = vnet.peer("em0", { address: ROUTER, lladdr: MAC });
    router.advertise();
    expect(told()).toEqual([]);
    vnet.interfaceSet("em0", { nd6: { on: ND6_IFF.ACCEPT_RTADV } });
    router.advertise();
    expect(told()).toEqual([`NEWNEIGH ${ROUTER} 0x4`]);
    expect(neighbourAt(socket, ROUTER)).toMatchObject({ state: NUD.STALE, lladdr: MAC, flags: NTF.ROUTER, index: EM0 });
  });

  // nd6_rs_input: routers alone hear solicitations, and not on a link whose routers they listen to.
  it.each<[string, boolean, (vnet: Vnet) => void]>([
    ["a host", false, () => {}],
    ["a router", true, (vnet) => vnet.sysctl("net.inet6.ip6.forwarding", 1)],
    [
      "a router that accepts advertisements",
      false,
      (vnet) => {
        vnet.sysctl("net.inet6.ip6.forwarding", 1);
        vnet.interfaceSet("em0", { nd6: { on: ND6_IFF.ACCEPT_RTADV } });
      },
    ],
  ])("[RF-NEIGH-19] [D.5] a router solicitation, to %s: heard is %s", (_, isHeard, prepare) => {
    const { vnet, told, peer } = setup();
    prepare(vnet);
    peer().send({ message: "router solicitation" });
    expect(told()).toEqual(isHeard ? [`NEWNEIGH ${ADDRESS} 0x4`] : []);
  });

  it("[D.5] [D.1.3] without a link-layer address the entry has no state, and nobody is told", () => {
    const { vnet, told, entry, peer, resolve } = setup();
    const host = peer({ answers: false });
    host.send({ ...solicitation, withoutLladdr: true } as PeerSending);
    expect(told()).toEqual([]);
    expect(entry()).toMatchObject({ state: NUD.NONE, lladdr: undefined, nextStateAt: 0 });
    expect(vnet.neighbours.traffic().advertisements).toBe(1);
    // The first packet begins its resolution.
    expect(resolve()).toBeUndefined();
    expect(entry()).toMatchObject({ state: NUD.INCOMPLETE, probes: 1 });
  });

  it("[D.5] another link-layer address makes a known neighbour STALE, with NEWNEIGH; the same one changes nothing", () => {
    const { host, told, entry } = reachable();
    host.send(solicitation);
    expect(told()).toEqual([]);
    expect(entry()?.state).toBe(NUD.REACHABLE);
    host.change({ lladdr: OTHER });
    host.send(solicitation);
    expect(told()).toEqual(["NEWNEIGH 2001:db8::7 0x4"]);
    expect(entry()).toMatchObject({ state: NUD.STALE, lladdr: OTHER });
  });

  it("[D.5] a solicitation for an address that is not here, or from one that is no neighbour, is not heard", () => {
    const { vnet, socket, told, peer } = setup();
    peer().send({ message: "solicitation", target: "2001:db8::2" });
    vnet.peer("em0", { address: "2001:db8:9::7", lladdr: MAC }).send(solicitation);
    vnet.peer("em0", { address: "2001:db8::1", lladdr: MAC }).send(solicitation);
    // Only link-local routers advertise.
    vnet.interfaceSet("em0", { nd6: { on: ND6_IFF.ACCEPT_RTADV } });
    peer().advertise();
    expect(told()).toEqual([]);
    expect(neighbours(socket).length).toBe(2);
  });

  it("[D.5] an advertisement of an address without an entry makes none", () => {
    const { socket, told, peer } = setup();
    peer().send({ message: "advertisement", override: true });
    expect(told()).toEqual([]);
    expect(neighbours(socket).length).toBe(2);
  });

  it("[FB-86] [D.5] a neighbour whose link-layer address changes is known by the new one when it says so, not before", () => {
    const { kernel, host, told, entry } = reachable();
    host.change({ lladdr: OTHER });
    kernel.advance(999);
    expect(entry()?.lladdr).toBe(MAC);
    host.send({ message: "advertisement", override: true });
    expect(entry()).toMatchObject({ lladdr: OTHER, state: NUD.STALE });
    expect(told()).toEqual(["NEWNEIGH 2001:db8::7 0x2"]);
  });

  // nd6_na_input's table: what is recorded and what becomes of a REACHABLE entry.
  it.each<[string, Partial<Extract<PeerSending, { message: "advertisement" }>>, string, number, string, boolean]>([
    ["nothing", { withoutLladdr: true }, MAC, NUD.REACHABLE, MAC, false],
    ["the same lladdr", {}, MAC, NUD.REACHABLE, MAC, true],
    ["another lladdr", {}, OTHER, NUD.STALE, MAC, false],
    ["solicited, another lladdr", { solicited: true }, OTHER, NUD.STALE, MAC, false],
    ["override, no lladdr", { override: true, withoutLladdr: true }, MAC, NUD.REACHABLE, MAC, false],
    ["override, the same lladdr", { override: true }, MAC, NUD.REACHABLE, MAC, true],
    ["override, another lladdr", { override: true }, OTHER, NUD.STALE, OTHER, true],
    ["override, solicited, another lladdr", { override: true, solicited: true }, OTHER, NUD.REACHABLE, OTHER, true],
  ])("[D.5] an advertisement with %s", (_, sending, lladdr, state, recorded, isTold) => {
    const { host, told, entry } = reachable();
    host.change({ lladdr });
    host.send({ message: "advertisement", ...sending });
    expect(entry()).toMatchObject({ state, lladdr: recorded });
    expect(told().length).toBe(isTold ? 1 : 0);
  });

  it("[D.5] [D.5.2] a static entry is changed by nothing", () => {
    const all = setup();
    makeStatic(all);
    const host = all.peer({ lladdr: OTHER });
    host.send(solicitation);
    host.send({ message: "advertisement", override: true, solicited: true });
    all.kernel.advance(100_000);
    expect(all.entry()).toMatchObject({ lladdr: MAC, state: NUD.REACHABLE, flags: NTF.STICKY, nextStateAt: 0 });
    expect(all.told()).toEqual([]);
  });
});

describe("own IPv6 addresses", () => {
  it("[C.5.5] [D.1.4] adding one: NEWNEIGH with SELF and STICKY, then NEWADDR", () => {
    const { vnet } = setup();
    // The automatic link-local address comes with the first one.
    vnet.addressAdd("em1", "2001:db8:2::1/64");
    const group = monitor(vnet, RTNLGRP.NEIGH, RTNLGRP.IPV6_IFADDR);
    vnet.addressAdd("em0", "2001:db8:1::1/64");
    const seen = drain(group);
    expect(seen.map(({ type }) => type)).toEqual([RTM.NEWNEIGH, RTM.NEWADDR]);
    expect(neighbourOf(seen[0])).toMatchObject({ flags: NTF.SELF | NTF.STICKY, state: NUD.REACHABLE, nextStateAt: 0 });
  });

  it("[RF-NEIGH-21] [D.5] an entry that was there goes first: DELNEIGH, then NEWNEIGH", () => {
    const { vnet, told, resolve, entry } = setup();
    resolve();
    vnet.addressAdd("em0", "2001:db8::7/64");
    expect(told()).toEqual(["DELNEIGH 2001:db8::7 0x1", "NEWNEIGH 2001:db8::7 0x2"]);
    expect(entry()?.flags).toBe(NTF.SELF | NTF.STICKY);
    expect(vnet.check()).toBe(0);
  });

  // nd6_rem_ifa_lle asks for static ones as well (LLE_STATIC), whatever the reference's C.6.3 says.
  it("[RF-NEIGH-20] [D.5.3] [C.6.3] the last of a network takes its neighbours with it, static ones too, in silence", () => {
    const all = setup();
    makeStatic(all);
    all.vnet.neighbourResolve("em0", "2001:db8::9");
    all.vnet.neighbourResolve("em0", "fe80::9");
    all.vnet.addressDelete("em0", "2001:db8::1");
    expect(all.told()).toEqual([]);
    const left = neighbours(all.socket).map((each) => each.destination);
    expect(left.sort()).toEqual(["fe80::9", "fe80::ff:fe00:a"]);
  });

  it("[C.6.3] a host address has no network: DELNEIGH of its own entry", () => {
    const { vnet, told } = setup();
    vnet.addressAdd("em0", "2001:db8:3::1/128");
    told();
    vnet.addressDelete("em0", "2001:db8:3::1");
    expect(told()).toEqual(["DELNEIGH 2001:db8:3::1 0x2"]);
  });

  it("[C.6.4] interface down and up leaves the neighbours of IPv6", () => {
    const { vnet, socket, told } = reachable();
    vnet.interfaceDown("em0");
    vnet.interfaceUp("em0");
    expect(told()).toEqual([]);
    expect(neighbours(socket).length).toBe(3);
  });
});
