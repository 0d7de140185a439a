// Row: dumps of nexthop groups.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NHA, RTM } from "../../assembly/abi/rtnetlink.js";
import { attribute } from "../support/messages.js";
import { nexthopOf } from "./objects.js";
import { nexthopDump, nexthopRequest } from "./requests.js";
import { EM0, isDump, Story } from "./story.js";

function storyOfGroups(): Story {
  const story = new Story();
  story.ask(
    nexthopRequest(RTM.NEWNEXTHOP, { id: 1, gateway: "192.0.2.2", oif: EM0 }),
    nexthopRequest(RTM.NEWNEXTHOP, { id: 2, gateway: "192.0.2.3", oif: EM0 }),
    nexthopRequest(RTM.NEWNEXTHOP, {
      id: 10,
      group: [
        [2, 5],
        [1, 1],
      ],
    }),
    nexthopRequest(RTM.NEWNEXTHOP, { id: 9, group: [[1, 255]], protocol: 188 }),
  );
  story.told();
  return story;
}

describe("a client dumps nexthop groups while a monitor listens", () => {
  it("[F.4] [F.3] NHA_GROUPS shows groups only, each with its members in the order given", () => {
    const story = storyOfGroups();
    const seen = story.seen(nexthopDump(attribute(NHA.GROUPS)));
    expect(isDump(seen)).toBe(true);
    expect(seen.slice(0, -1).map(nexthopOf)).toEqual([
      { id: 9, family: AF.UNSPEC, protocol: 188, oif: undefined, gateway: undefined, group: [[1, 255]] },
      {
        id: 10,
        family: AF.UNSPEC,
        protocol: 0,
        oif: undefined,
        gateway: undefined,
        group: [
          [2, 5],
          [1, 1],
        ],
      },
    ]);
    expect(story.told()).toEqual([]);
  });

  it("[F.4] without a filter groups and nexthops come together, by id", () => {
    const story = storyOfGroups();
    expect(story.ask(nexthopDump())).toEqual([
      "NEWNEXTHOP 1 via 192.0.2.2 if2",
      "NEWNEXTHOP 2 via 192.0.2.3 if2",
      "NEWNEXTHOP 9 group 1*255",
      "NEWNEXTHOP 10 group 2*5 1*1",
      "done",
    ]);
  });

  it("[F.4] one group is asked for by its id", () => {
    const story = storyOfGroups();
    expect(story.ask(nexthopRequest(RTM.GETNEXTHOP, { id: 10 }, "q"))).toEqual(["NEWNEXTHOP 10 group 2*5 1*1"]);
  });
});
