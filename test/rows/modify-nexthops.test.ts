// Row: modification of nexthops: FreeBSD knows no replacement, an id is deleted and made anew.

import { describe, expect, it } from "vitest";
import { NHA, RTM } from "../../assembly/abi/rtnetlink.js";
import { delRoute, find, newRoute } from "../route/routes.js";
import { inWords } from "./objects.js";
import { nexthopDump, nexthopRequest } from "./requests.js";
import { EM0, Story } from "./story.js";

const PREFIX = "10.1.0.0/16";

function storyOfNexthop(): Story {
  const story = new Story();
  story.ask(
    nexthopRequest(RTM.NEWNEXTHOP, { id: 7, gateway: "192.0.2.2", oif: EM0 }),
    newRoute(PREFIX, { nexthopId: 7 }),
  );
  story.told();
  return story;
}

function shown(story: Story, prefix = PREFIX): string | undefined {
  const route = find(story.client, prefix);
  return route && inWords(route.seen);
}

describe("a client changes nexthops while a monitor listens", () => {
  it("[F.2] NLM_F_REPLACE is ignored: an id that is there is EEXIST", () => {
    const story = storyOfNexthop();
    for (const flags of ["qaP", "qaCP", "qaX", "qa"]) {
      const request = nexthopRequest(RTM.NEWNEXTHOP, { id: 7, gateway: "192.0.2.3", oif: EM0 }, flags);
      expect(story.ask(request)).toEqual(["!EEXIST"]);
    }
    expect(story.ask(nexthopDump())).toEqual(["NEWNEXTHOP 7 via 192.0.2.2 if2", "done"]);
    expect(story.told()).toEqual([]);
  });

  it("[F.5] [E.4.1] deleted in use and made anew, its routes stay with the old gateway and new ones take the new", () => {
    const story = storyOfNexthop();
    expect(shown(story)).toBe(`NEWROUTE ${PREFIX} nhid 7 via 192.0.2.2 if2`);
    expect(story.ask(nexthopRequest(RTM.DELNEXTHOP, { id: 7 }, "qa"))).toEqual(["ok"]);
    expect(shown(story)).toBe(`NEWROUTE ${PREFIX} nhid 7 via 192.0.2.2 if2`);
    expect(story.ask(newRoute("10.2.0.0/16", { nexthopId: 7 }))).toEqual(["!ESRCH"]);
    story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 7, gateway: "192.0.2.3", oif: EM0 }));
    story.ask(newRoute("10.2.0.0/16", { nexthopId: 7 }));
    expect(shown(story)).toBe(`NEWROUTE ${PREFIX} nhid 7 via 192.0.2.2 if2`);
    expect(shown(story, "10.2.0.0/16")).toBe("NEWROUTE 10.2.0.0/16 nhid 7 via 192.0.2.3 if2");
    expect(story.told()).toEqual([
      "DELNEXTHOP 7 via 192.0.2.2 if2",
      "NEWNEXTHOP 7 via 192.0.2.3 if2",
      "NEWROUTE 10.2.0.0/16 nhid 7 via 192.0.2.3 if2",
    ]);
    expect(story.ask(delRoute(PREFIX))).toEqual(["ok"]);
    expect(story.told()).toEqual([`DELROUTE ${PREFIX} nhid 7 via 192.0.2.2 if2`]);
  });

  it("[F.2] what the kernel cannot make is refused: no gateway or interface, a blackhole", () => {
    const story = storyOfNexthop();
    expect(story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 8, oif: EM0 }))).toEqual(["!EINVAL"]);
    const blackhole = Uint8Array.of(4, 0, NHA.BLACKHOLE, 0);
    const request = nexthopRequest(RTM.NEWNEXTHOP, { id: 8, gateway: "192.0.2.3", oif: EM0, extra: [blackhole] });
    expect(story.ask(request)).toEqual(["!EAFNOSUPPORT"]);
    expect(story.told()).toEqual([]);
  });
});
