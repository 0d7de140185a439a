// Row: modification of routes.

import { describe, expect, it } from "vitest";
import { RTM, RTN } from "../../assembly/abi/rtnetlink.js";
import { find, newRoute } from "../route/routes.js";
import { inWords, routeOf } from "./objects.js";
import { EM1, heads, PORT, Story } from "./story.js";

const PREFIX = "10.1.0.0/16";

/** A story with a route to 10.1.0.0/16 already there. */
function storyOfRoute(): Story {
  const story = new Story();
  story.ask(newRoute(PREFIX, { gateway: "192.0.2.254" }));
  story.told();
  return story;
}

function shown(story: Story): string | undefined {
  const route = find(story.client, PREFIX);
  return route && inWords(route.seen);
}

describe("a client changes a route while a monitor listens", () => {
  it.each([
    ["another gateway", { gateway: "192.0.2.253" }, `${PREFIX} via 192.0.2.253 if2`],
    ["an interface", { oif: EM1 }, `${PREFIX} if3`],
    ["nowhere", { type: RTN.BLACKHOLE }, `${PREFIX} blackhole if1`],
    [
      "the same gateway with another weight",
      { gateway: "192.0.2.254", weight: 9 },
      `${PREFIX} via 192.0.2.254 if2 weight 9`,
    ],
    ["the same gateway with an MTU", { gateway: "192.0.2.254", mtu: 1300 }, `${PREFIX} via 192.0.2.254 if2 mtu 1300`],
    ["a gateway of IPv6", { via: "2001:db8::2" }, `${PREFIX} via 2001:db8::2 if2`],
  ])("[E.5] [E.7.1] REPLACE leads it to %s, told as NEWROUTE with REPLACE", (_, fields, words) => {
    const story = storyOfRoute();
    expect(story.ask(newRoute(PREFIX, { ...fields, seq: 31 }, "qaCP"))).toEqual(["ok"]);
    const told = story.heard();
    expect(told.map(inWords)).toEqual([`NEWROUTE ${words}`]);
    expect(heads(told)).toEqual([[RTM.NEWROUTE, 0x105, 31, PORT]]);
    expect(shown(story)).toBe(`NEWROUTE ${words}`);
  });

  it("[E.5] without REPLACE or APPEND an existing route stays: EEXIST", () => {
    const story = storyOfRoute();
    for (const flags of ["qa", "qaC", "qaCX", "qaPX"]) {
      expect(story.ask(newRoute(PREFIX, { gateway: "192.0.2.253" }, flags))).toEqual(["!EEXIST"]);
    }
    expect(shown(story)).toBe(`NEWROUTE ${PREFIX} via 192.0.2.254 if2`);
    expect(story.told()).toEqual([]);
  });

  it("[E.5] APPEND joins a gateway to a gateway; the same one again, or a route of an interface, is EEXIST", () => {
    const story = storyOfRoute();
    expect(story.ask(newRoute(PREFIX, { gateway: "192.0.2.254" }, "qaCA"))).toEqual(["!EEXIST"]);
    expect(story.ask(newRoute(PREFIX, { oif: EM1 }, "qaCA"))).toEqual(["!EEXIST"]);
    expect(story.told()).toEqual([]);
    expect(story.ask(newRoute(PREFIX, { gateway: "192.0.2.253", seq: 5 }, "qaCA"))).toEqual(["ok"]);
    const told = story.heard();
    expect(heads(told)).toEqual([[RTM.NEWROUTE, 0x105, 5, PORT]]);
    expect(
      told.map((each) =>
        routeOf(each)
          .hops.map(({ gateway }) => gateway)
          .sort(),
      ),
    ).toEqual([["192.0.2.253", "192.0.2.254"]]);
  });

  it("[E.5] an interface's own route cannot be replaced", () => {
    const story = storyOfRoute();
    expect(story.ask(newRoute("192.0.2.0/24", { oif: EM1 }, "qaCP"))).toEqual(["!EEXIST"]);
    expect(story.told()).toEqual([]);
  });
});
