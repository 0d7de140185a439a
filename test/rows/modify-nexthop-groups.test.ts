// Row: modification of nexthop groups: as with nexthops, by deleting and making anew.

import { describe, expect, it } from "vitest";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { find, newRoute } from "../route/routes.js";
import { inWords, routeOf } from "./objects.js";
import { nexthopDump, nexthopRequest } from "./requests.js";
import { EM0, Story } from "./story.js";

const PREFIX = "10.1.0.0/16";

/** Nexthops 1 to 3, and group 9 of the first two, which a route uses. */
function storyOfGroup(): Story {
  const story = new Story();
  story.ask(
    ...[1, 2, 3].map((id) => nexthopRequest(RTM.NEWNEXTHOP, { id, gateway: `192.0.2.${id + 1}`, oif: EM0 })),
    nexthopRequest(RTM.NEWNEXTHOP, {
      id: 9,
      group: [
        [1, 1],
        [2, 4],
      ],
    }),
    newRoute(PREFIX, { nexthopId: 9 }),
  );
  story.told();
  return story;
}

/** Gateways and weights of a route, in order of gateways. */
function hopsOf(story: Story, prefix = PREFIX): string[] {
  const route = find(story.client, prefix);
  const hops = route === undefined ? [] : routeOf(route.seen).hops;
  return hops.map(({ gateway, weight }) => `${gateway}*${weight}`).sort();
}

describe("a client changes nexthop groups while a monitor listens", () => {
  it("[F.2] NLM_F_REPLACE is ignored, and members must be nexthops that are there", () => {
    const story = storyOfGroup();
    expect(story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 9, group: [[3, 1]] }, "qaCP"))).toEqual(["!EEXIST"]);
    expect(story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 10, group: [[4, 1]] }))).toEqual(["!ESRCH"]);
    expect(story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 10, group: [[9, 1]] }))).toEqual(["!EOPNOTSUPP"]);
    expect(story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 10, group: [] }))).toEqual(["!EINVAL"]);
    expect(story.told()).toEqual([]);
  });

  it("[F.5] [E.1.3] deleted in use and made anew, its route keeps the old paths and the next one takes the new", () => {
    const story = storyOfGroup();
    expect(hopsOf(story)).toEqual(["192.0.2.2*1", "192.0.2.3*4"]);
    expect(story.ask(nexthopRequest(RTM.DELNEXTHOP, { id: 9 }, "qa"))).toEqual(["ok"]);
    story.ask(
      nexthopRequest(RTM.NEWNEXTHOP, {
        id: 9,
        group: [
          [3, 2],
          [2, 1],
        ],
      }),
    );
    expect(story.ask(newRoute("10.2.0.0/16", { nexthopId: 9 }))).toEqual(["ok"]);
    expect(hopsOf(story)).toEqual(["192.0.2.2*1", "192.0.2.3*4"]);
    expect(hopsOf(story, "10.2.0.0/16")).toEqual(["192.0.2.3*1", "192.0.2.4*2"]);
    expect(story.told().slice(0, 2)).toEqual(["DELNEXTHOP 9 group 1*1 2*4", "NEWNEXTHOP 9 group 3*2 2*1"]);
  });

  it("[F.5] a member that is deleted stays in the group that has it", () => {
    const story = storyOfGroup();
    expect(story.ask(nexthopRequest(RTM.DELNEXTHOP, { id: 1 }, "qa"))).toEqual(["ok"]);
    expect(story.ask(nexthopDump())).toEqual([
      "NEWNEXTHOP 2 via 192.0.2.3 if2",
      "NEWNEXTHOP 3 via 192.0.2.4 if2",
      "NEWNEXTHOP 9 group 1*1 2*4",
      "done",
    ]);
    expect(hopsOf(story)).toEqual(["192.0.2.2*1", "192.0.2.3*4"]);
  });

  it("[F.2] [E.5] a route is led to another group by REPLACE, told with the new group's id", () => {
    const story = storyOfGroup();
    story.ask(
      nexthopRequest(RTM.NEWNEXTHOP, {
        id: 10,
        group: [
          [2, 1],
          [3, 1],
        ],
      }),
    );
    story.told();
    expect(story.ask(newRoute(PREFIX, { nexthopId: 10 }, "qaCP"))).toEqual(["ok"]);
    const told = story.heard();
    expect(told.map((each) => routeOf(each).nhId)).toEqual([10]);
    const route = find(story.client, PREFIX);
    expect(told.map(inWords)).toEqual(route === undefined ? [] : [inWords(route.seen)]);
  });
});
