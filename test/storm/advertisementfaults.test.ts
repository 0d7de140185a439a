// Advertisements and what follows from them, without memory: nothing is half done, and what was left undone is done by the
// next advertisement or the next run of the ND timer.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import type { Kernel, RouterAdvertisement, Vnet } from "../../host/kernel/kernel.js";
import { EM0, lladdrOf, setupRouters } from "../net/routers.js";
import { addressTexts } from "../route/links.js";
import { neighbours } from "../route/neighbours.js";
import { dump, dumpRequest, newRoute } from "../route/routes.js";
import { ask, errorOf } from "../support/messages.js";
import type { Setup } from "../support/setups.js";
import { readAll } from "./failures.js";

const A = "2001:db8:a::/64";
const B = "2001:db8:b::/64";
const C = "2001:db8:c::/64";
/** Enough for a dump that is made while it is read. */
const HOST_ROUTES = Array.from({ length: 400 }, (_, n) =>
  newRoute(`2001:db8:f::${n.toString(16)}/128`, { oif: 1 }, "qC"),
);
/** Allocations that a call may take at most: a loop that goes on is a failure. */
const ALLOCATIONS_MAX = 100;

/** By itself, without a peer that answers: making one takes memory of its own. */
function say(vnet: Vnet, n: number, advertisement: RouterAdvertisement, name = "em0"): void {
  vnet.neighbours.advertise(name, { address: `fe80::${n}`, lladdr: lladdrOf(n), router: true }, advertisement);
}

function advertise(vnet: Vnet, n: number, lifetime = 1800, name = "em0"): void {
  const prefixes = [{ prefix: A, valid: 100, preferred: 50 }, { prefix: B, autonomous: false }, { prefix: C }];
  say(vnet, n, { lifetime, mtu: 1400, prefixes }, name);
}

/** A dump that waits to be read: changes have to keep for it what was. */
function beginDump(vnet: Vnet): () => void {
  const socket = vnet.socket();
  const begin = (): void => void socket.send(dumpRequest(AF.INET6));
  begin();
  const whole = readAll(socket);
  begin();
  return () => {
    expect(readAll(socket).equals(whole)).toBe(true);
    socket.close();
  };
}

/** What the tables hold, in any order, and besides what the clock changes. */
function pictureOf({ vnet, socket }: Setup): object {
  const tables = {
    routes: [0, 1].flatMap((table) =>
      dump(socket, AF.INET6, { table }).map(({ prefix, gateway, oif }) => `${table}: ${prefix} ${gateway} ${oif}`),
    ),
    addresses: addressTexts(socket),
    neighbours: neighbours(socket).map(({ destination, state }) => `${destination} ${state}`),
    routers: vnet.neighbours.routers().map(({ address, isInstalled }) => `${address} ${isInstalled}`),
    prefixes: vnet.neighbours.prefixes().map(({ prefix, index, hasRoute, isDetached, addresses, routers }) => {
      return `${prefix} ${index} ${hasRoute} ${isDetached} ${addresses} ${routers}`;
    }),
  };
  return Object.fromEntries(Object.entries(tables).map(([name, lines]) => [name, lines.sort()]));
}

interface Scenario {
  readonly allFibs?: boolean;
  prepare(vnet: Vnet, kernel: Kernel): void;
  /** What runs out of memory. */
  act(vnet: Vnet, kernel: Kernel): void;
  /** What does it again. */
  settle(vnet: Vnet, kernel: Kernel): void;
}

/** @param n - the allocation that fails; 0 = none */
function run(scenario: Scenario, n: number, everyOne: boolean): { picture: object; wasHit: boolean } {
  const setup = setupRouters({ fibs: 2, sysctls: { "net.add_addr_allfibs": scenario.allFibs ? 1 : 0 } });
  const { kernel, vnet, socket } = setup;
  ask(socket, ...HOST_ROUTES);
  scenario.prepare(vnet, kernel);
  const endDump = beginDump(vnet);
  const before = vnet.statistics().allocationFailures;
  vnet.failAllocation(n, everyOne);
  scenario.act(vnet, kernel);
  vnet.failAllocation(0);
  expect([n, vnet.check()]).toEqual([n, 0]);
  const wasHit = vnet.statistics().allocationFailures > before;
  endDump();
  scenario.settle(vnet, kernel);
  expect([n, vnet.check()]).toEqual([n, 0]);
  const picture = pictureOf(setup);
  // Nothing is held by what was given up.
  for (const name of ["em0", "em1"]) if (vnet.interfaceIndex(name) !== undefined) vnet.interfaceDetach(name);
  expect([vnet.neighbours.routers(), neighbours(socket)]).toEqual([[], []]);
  const { routes, nexthops, addresses } = vnet.statistics();
  expect({ n, routes, nexthops, addresses, fault: vnet.check() }).toEqual({ n, ...ofLo0(scenario), fault: 0 });
  return { picture, wasHit };
}

/** What a vnet has whose interfaces but lo0 have left. */
function ofLo0(scenario: Scenario): { routes: number; nexthops: number; addresses: number } {
  const sysctls = { "net.add_addr_allfibs": scenario.allFibs ? 1 : 0 };
  const { vnet, socket } = setupRouters({ fibs: 2, interfaces: [], sysctls });
  ask(socket, ...HOST_ROUTES);
  const { routes, nexthops, addresses } = vnet.statistics();
  return { routes, nexthops, addresses };
}

const scenarios: [string, Scenario][] = [
  [
    "the first advertisement",
    { prepare: () => {}, act: (vnet) => advertise(vnet, 1), settle: (vnet) => advertise(vnet, 1) },
  ],
  [
    "the first advertisement, with routes in all fibs",
    { allFibs: true, prepare: () => {}, act: (vnet) => advertise(vnet, 1), settle: (vnet) => advertise(vnet, 1) },
  ],
  [
    "a better router's",
    {
      prepare: (vnet) => advertise(vnet, 1),
      act: (vnet) => say(vnet, 2, { preference: "high" }),
      settle: (vnet) => say(vnet, 2, { preference: "high" }),
    },
  ],
  [
    "lifetime 0 of a router that has a host route, where another takes its place",
    {
      prepare: (vnet) => {
        advertise(vnet, 1);
        advertise(vnet, 2);
        const socket = vnet.socket();
        const host = newRoute("2001:db8:9::9/128", { gateway: "fe80::1", oif: EM0 });
        expect(errorOf(ask(socket, host))).toBe(0);
        socket.close();
      },
      act: (vnet) => advertise(vnet, 1, 0),
      settle: (vnet) => {
        say(vnet, 1, {});
        advertise(vnet, 1, 0);
        advertise(vnet, 2);
      },
    },
  ],
  [
    "a router, a prefix and an address expire",
    {
      prepare: (vnet) => {
        advertise(vnet, 1, 99);
        advertise(vnet, 2, 1800, "em1");
      },
      act: (_, kernel) => kernel.advance(101_000),
      settle: (vnet, kernel) => {
        kernel.advance(2_000);
        advertise(vnet, 2, 1800, "em1");
      },
    },
  ],
  [
    "a router is found to be out of reach",
    {
      prepare: (vnet) => {
        advertise(vnet, 1);
        say(vnet, 2, { prefixes: [{ prefix: "2001:db8:d::/64" }] });
        vnet.neighbourResolve("em0", "fe80::1");
      },
      act: (_, kernel) => kernel.advance(10_000),
      settle: (vnet, kernel) => {
        say(vnet, 2, { prefixes: [{ prefix: "2001:db8:d::/64" }] });
        kernel.advance(1_000);
        say(vnet, 2, { prefixes: [{ prefix: "2001:db8:d::/64" }] });
      },
    },
  ],
  [
    "a router that is none any more",
    {
      prepare: (vnet) => {
        advertise(vnet, 1);
        advertise(vnet, 2);
      },
      act: (vnet) => {
        const from = { address: "fe80::1", lladdr: lladdrOf(1) };
        vnet.neighbours.send("em0", from, { message: "advertisement", override: true });
      },
      settle: (vnet) => {
        advertise(vnet, 1, 0);
        advertise(vnet, 2);
      },
    },
  ],
];

describe("without memory", () => {
  it.each(scenarios)("%s: each allocation that fails leaves all consistent, and is made good", (_, scenario) => {
    const { picture } = run(scenario, 0, false);
    for (const everyOne of [false, true]) {
      let failures = 0;
      for (let n = 1; ; n++) {
        const trial = run(scenario, n, everyOne);
        expect([n, trial.picture]).toEqual([n, picture]);
        if (!trial.wasHit) break;
        failures++;
        expect(n).toBeLessThan(ALLOCATIONS_MAX);
      }
      expect(failures).toBeGreaterThan(1);
    }
  });
});
