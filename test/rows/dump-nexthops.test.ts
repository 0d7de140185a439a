// Row: dumps of nexthops.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { NHA, NHAF, RTM } from "../../assembly/abi/rtnetlink.js";
import { newRoute } from "../route/routes.js";
import { attribute, u8, u32 } from "../support/messages.js";
import { nexthopOf } from "./objects.js";
import { nexthopDump, nexthopRequest } from "./requests.js";
import { EM0, EM1, heads, isDump, PORT, Story } from "./story.js";

function storyOfThree(): Story {
  const story = new Story();
  story.ask(
    nexthopRequest(RTM.NEWNEXTHOP, { id: 33, gateway: "192.0.2.2", oif: EM0, protocol: 186 }),
    nexthopRequest(RTM.NEWNEXTHOP, { id: 2, gateway: "2001:db8::2", oif: EM0 }),
    nexthopRequest(RTM.NEWNEXTHOP, { id: 1, gateway: "192.0.2.1", oif: EM0 }),
  );
  story.told();
  return story;
}

describe("a client dumps nexthops while a monitor listens", () => {
  it("[F.4] before any nexthop was made there is nothing to dump: ESRCH in an ack, no DONE", () => {
    const story = new Story();
    expect(story.ask(nexthopDump())).toEqual(["!ESRCH"]);
  });

  it("[F.4] [F.3] they come by id modulo 16, the newest first of those that share it, as MULTI with DONE", () => {
    const story = storyOfThree();
    const seen = story.seen(nexthopDump());
    expect(seen.map((each) => each.type)).toEqual([RTM.NEWNEXTHOP, RTM.NEWNEXTHOP, RTM.NEWNEXTHOP, NLMSG.DONE]);
    expect(isDump(seen)).toBe(true);
    expect(seen.slice(0, 3).map(nexthopOf)).toMatchObject([
      { id: 1, family: AF.INET, gateway: "192.0.2.1", oif: EM0, protocol: 0, group: undefined },
      { id: 33, family: AF.INET, gateway: "192.0.2.2", oif: EM0, protocol: 186 },
      { id: 2, family: AF.INET6, gateway: "2001:db8::2", oif: EM0 },
    ]);
    expect(story.told()).toEqual([]);
  });

  it("[F.4] NLM_F_DUMP is not consulted; NHA_OIF shows one interface's only", () => {
    const story = storyOfThree();
    const plain = nexthopRequest(RTM.GETNEXTHOP, { seq: 5 }, "q");
    expect(story.ask(plain)).toHaveLength(4);
    expect(story.ask(nexthopDump(attribute(NHA.OIF, u32(EM0))))).toHaveLength(4);
    expect(story.ask(nexthopDump(attribute(NHA.OIF, u32(EM1))))).toEqual(["done"]);
  });

  it("[F.4] an id asks for one, answered with the request's flags and without MULTI; an unknown id is ESRCH", () => {
    const story = storyOfThree();
    const seen = story.seen(nexthopRequest(RTM.GETNEXTHOP, { id: 33, seq: 8 }, "q"));
    expect(heads(seen)).toEqual([[RTM.NEWNEXTHOP, NLM_F.REQUEST, 8, PORT]]);
    expect(story.ask(nexthopRequest(RTM.GETNEXTHOP, { id: 34 }, "qa"))).toEqual(["!ESRCH"]);
  });

  it("[F.1] [F.4] [E.8.1] kernel nexthops are dumped by table and family; routes through the same share one", () => {
    const story = storyOfThree();
    story.ask(newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }), newRoute("10.2.0.0/16", { gateway: "192.0.2.9" }));
    const inside = [attribute(NHAF.KNHOPS), attribute(NHAF.TABLE, u32(0)), attribute(NHAF.FAMILY, u8(AF.INET))];
    const seen = story.seen(nexthopDump(attribute(NHA.FREEBSD, ...inside)));
    expect(isDump(seen)).toBe(true);
    const gateways = seen.slice(0, -1).map((each) => nexthopOf(each).gateway);
    expect(gateways.filter((each) => each === "192.0.2.9")).toHaveLength(1);
    expect(seen.slice(0, -1).map((each) => nexthopOf(each).id)).toEqual(gateways.map(() => -1));
  });
});
