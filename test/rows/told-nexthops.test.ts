// Row: notifications of nexthop changes.

import { describe, expect, it } from "vitest";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { inWords, nexthopOf } from "./objects.js";
import { nexthopRequest } from "./requests.js";
import { EM0, heads, PORT, Story } from "./story.js";

describe("nexthops come and go while a monitor listens", () => {
  it("[F.2] [F.5] additions and deletions, of groups too, carry the requester's port, sequence number and flags", () => {
    const story = new Story();
    const asked = NLM_F.REQUEST | NLM_F.ACK;
    story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 7, gateway: "192.0.2.2", oif: EM0, seq: 1 }, "qa"));
    story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 8, group: [[7, 3]], seq: 2 }, "qaC"));
    story.ask(nexthopRequest(RTM.DELNEXTHOP, { id: 8, seq: 3 }, "qa"));
    story.ask(nexthopRequest(RTM.DELNEXTHOP, { id: 7, seq: 4 }, "qa"));
    const told = story.heard();
    expect(told.map(inWords)).toEqual([
      "NEWNEXTHOP 7 via 192.0.2.2 if2",
      "NEWNEXTHOP 8 group 7*3",
      "DELNEXTHOP 8 group 7*3",
      "DELNEXTHOP 7 via 192.0.2.2 if2",
    ]);
    expect(heads(told)).toEqual([
      [RTM.NEWNEXTHOP, asked, 1, PORT],
      [RTM.NEWNEXTHOP, asked | NLM_F.CREATE, 2, PORT],
      [RTM.DELNEXTHOP, asked, 3, PORT],
      [RTM.DELNEXTHOP, asked, 4, PORT],
    ]);
  });

  it("[F.2] an id that the kernel chooses shows in the notification only", () => {
    const story = new Story();
    const answer = story.ask(nexthopRequest(RTM.NEWNEXTHOP, { gateway: "192.0.2.2", oif: EM0 }));
    expect(answer).toEqual(["ok"]);
    const [told] = story.heard();
    const id = told === undefined ? -1 : nexthopOf(told).id;
    expect(id).toBeGreaterThanOrEqual(262144);
    expect(id).toBeLessThanOrEqual(327679);
    expect(story.ask(nexthopRequest(RTM.GETNEXTHOP, { id }, "q"))).toEqual([`NEWNEXTHOP ${id} via 192.0.2.2 if2`]);
  });

  it("[F.2] [F.5] what is refused is told to nobody", () => {
    const story = new Story();
    const gateway = "192.0.2.2";
    expect(story.ask(nexthopRequest(RTM.DELNEXTHOP, { id: 7 }, "qa"))).toEqual(["!ESRCH"]);
    story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 7, gateway, oif: EM0 }));
    story.told();
    expect(story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 7, gateway, oif: EM0 }, "qaCP"))).toEqual(["!EEXIST"]);
    expect(story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 8, gateway }))).toEqual(["!EINVAL"]);
    expect(story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 8, gateway, oif: 99 }))).toEqual(["!ENOENT"]);
    expect(story.ask(nexthopRequest(RTM.NEWNEXTHOP, { id: 8, group: [[99, 1]] }))).toEqual(["!ESRCH"]);
    expect(story.ask(nexthopRequest(RTM.DELNEXTHOP, {}, "qa"))).toEqual(["!EINVAL"]);
    expect(story.ask(nexthopRequest(RTM.DELNEXTHOP, { id: 8 }, "qa"))).toEqual(["!ENOENT"]);
    expect(story.told()).toEqual([]);
  });
});
