// Row: multipath without user groups: written out in one request, or grown and cut path by path.

import { describe, expect, it } from "vitest";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { delRoute, find, newRoute } from "../route/routes.js";
import { inWords, routeOf } from "./objects.js";
import { multipath, type Path } from "./requests.js";
import { EM0, heads, PORT, Story } from "./story.js";

const PREFIX = "10.1.0.0/16";
const A = "192.0.2.11";
const B = "192.0.2.12";
const C = "192.0.2.13";

function withPaths(prefix: string, paths: readonly Path[], flags = "qaC", seq = 1): Uint8Array {
  return newRoute(prefix, { extra: [multipath(...paths)], seq }, flags);
}

function shown(story: Story, prefix = PREFIX): string | undefined {
  const route = find(story.client, prefix);
  return route && inWords(route.seen);
}

describe("a client routes over several paths while a monitor listens", () => {
  it("[E.4.1] [E.1.3] one request adds them all: one message tells of them, weights as given", () => {
    const story = new Story();
    const paths = [
      { gateway: A, oif: EM0, weight: 10 },
      { gateway: B, oif: EM0 },
    ];
    expect(story.ask(withPaths(PREFIX, paths, "qaC", 3))).toEqual(["ok"]);
    const told = story.heard();
    expect(heads(told)).toEqual([[RTM.NEWROUTE, 0x605, 3, PORT]]);
    expect(told.map(inWords)).toEqual([`NEWROUTE ${PREFIX} { via ${A} if2 weight 10, via ${B} if2 }`]);
    expect(shown(story)).toBe(`NEWROUTE ${PREFIX} { via ${A} if2 weight 10, via ${B} if2 }`);
    expect(told.map((each) => routeOf(each).nhId)).toEqual([undefined]);
  });

  it("[E.5] [E.6.3] APPEND grows a route path by path, DELROUTE with a gateway cuts it: CHANGE, and DELETE with the last", () => {
    const story = new Story();
    story.ask(newRoute(PREFIX, { gateway: A }));
    story.ask(newRoute(PREFIX, { gateway: B }, "qaCA"));
    story.ask(newRoute(PREFIX, { gateway: C, weight: 7 }, "qaCA"));
    expect(story.told()).toEqual([
      `NEWROUTE ${PREFIX} via ${A} if2`,
      `NEWROUTE ${PREFIX} { via ${A} if2, via ${B} if2 }`,
      `NEWROUTE ${PREFIX} { via ${A} if2, via ${B} if2, via ${C} if2 weight 7 }`,
    ]);
    for (const gateway of [A, B, C]) expect(story.ask(delRoute(PREFIX, { gateway }))).toEqual(["ok"]);
    const told = story.heard();
    expect(told.map(inWords)).toEqual([
      `NEWROUTE ${PREFIX} { via ${B} if2, via ${C} if2 weight 7 }`,
      `NEWROUTE ${PREFIX} via ${C} if2 weight 7`,
      `DELROUTE ${PREFIX} via ${C} if2 weight 7`,
    ]);
    expect(told.map(({ flags }) => flags)).toEqual([0x105, 0x105, 0x5]);
  });

  it("[E.6.3] without a gateway all paths go at once, told as they were", () => {
    const story = new Story();
    story.ask(withPaths(PREFIX, [{ gateway: A }, { gateway: B }]));
    story.told();
    expect(story.ask(delRoute(PREFIX))).toEqual(["ok"]);
    expect(story.told()).toEqual([`DELROUTE ${PREFIX} { via ${A} if2, via ${B} if2 }`]);
    expect(shown(story)).toBeUndefined();
  });

  it("[E.4.1] [E.5] equal paths are EEXIST, in one request or appended; more than 64 are E2BIG", () => {
    const story = new Story();
    expect(story.ask(withPaths(PREFIX, [{ gateway: A }, { gateway: A }]))).toEqual(["!EEXIST"]);
    const many = Array.from({ length: 65 }, (_, n) => ({ gateway: `192.0.2.${n + 100}` }));
    expect(story.ask(withPaths(PREFIX, many))).toEqual(["!E2BIG"]);
    expect(story.told()).toEqual([]);
    expect(story.ask(withPaths(PREFIX, many.slice(1)))).toEqual(["ok"]);
    story.told();
    expect(story.ask(newRoute(PREFIX, { gateway: A }, "qaCA"))).toEqual(["!E2BIG"]);
    story.ask(withPaths("10.2.0.0/16", [{ gateway: A }, { gateway: B }]));
    story.told();
    expect(story.ask(newRoute("10.2.0.0/16", { gateway: B }, "qaCA"))).toEqual(["!EEXIST"]);
    expect(story.told()).toEqual([]);
  });

  it("[E.8.3] routes over equal paths share one group; IPv6 has groups of its own", () => {
    const story = new Story();
    story.ask(withPaths(PREFIX, [{ gateway: A }, { gateway: B }]));
    story.ask(withPaths("10.2.0.0/16", [{ gateway: B }, { gateway: A }]));
    story.ask(withPaths("2001:db8:2::/48", [{ gateway: "2001:db8::2" }, { gateway: "2001:db8::3" }]));
    const [first, second, third] = story.heard().map(routeOf);
    expect(second?.knhId).toBe(first?.knhId);
    expect(second?.hops).toEqual(first?.hops);
    expect(third?.hops.map(({ gateway }) => gateway)).toEqual(["2001:db8::2", "2001:db8::3"]);
  });

  it("[E.5] REPLACE leads a route from one path to several and back", () => {
    const story = new Story();
    story.ask(newRoute(PREFIX, { gateway: C }));
    story.told();
    story.ask(withPaths(PREFIX, [{ gateway: A }, { gateway: B }], "qaCP"));
    story.ask(newRoute(PREFIX, { gateway: C }, "qaCP"));
    const told = story.heard();
    expect(told.map(inWords)).toEqual([
      `NEWROUTE ${PREFIX} { via ${A} if2, via ${B} if2 }`,
      `NEWROUTE ${PREFIX} via ${C} if2`,
    ]);
    expect(told.map(({ flags }) => flags)).toEqual([0x105, 0x105]);
  });
});
