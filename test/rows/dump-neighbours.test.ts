// Row: dumps of ARP and NDP neighbours.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { NTF, NUD, RTM } from "../../assembly/abi/rtnetlink.js";
import { neighbourOf } from "./objects.js";
import { neighbourDump, neighbourRequest } from "./requests.js";
import { EM0, EM1, heads, isDump, PORT, Story, withoutLinkLocal } from "./story.js";

const LLADDR = "02:00:00:00:00:99";

/** Static entries of both families on em0, and one on em1. */
function storyOfNeighbours(): Story {
  const story = new Story();
  story.vnet.addressAdd("em1", "198.51.100.1/24");
  story.ask(
    neighbourRequest(RTM.NEWNEIGH, { index: EM0, dst: "192.0.2.2", lladdr: LLADDR, flags: NTF.STICKY }),
    neighbourRequest(RTM.NEWNEIGH, { index: EM0, dst: "2001:db8::2", lladdr: LLADDR, flags: NTF.STICKY }),
    neighbourRequest(RTM.NEWNEIGH, { index: EM1, dst: "198.51.100.2", lladdr: LLADDR, flags: NTF.STICKY }),
  );
  story.told();
  return story;
}

/** The bucket of an IPv4 address (rtnetlink D.2.3), counted by hand: bytes in memory order as a little-endian word. */
function bucketOf(address: string): number {
  const key = address.split(".").reduce((sum, byte, n) => sum + Number(byte) * 256 ** n, 0);
  return ((((((key >>> 8) ^ key) >>> 8) ^ key) >>> 8) ^ key) & 31;
}

describe("a client dumps neighbours while a monitor listens", () => {
  it("[D.2.3] [D.1.4] interface by interface, ARP before NDP, own addresses among them as SELF and STICKY", () => {
    const story = storyOfNeighbours();
    const seen = story.seen(neighbourDump());
    expect(isDump(seen)).toBe(true);
    const words = withoutLinkLocal(story.ask(neighbourDump()));
    expect([...words].sort()).toEqual(
      [
        `NEWNEIGH 192.0.2.1 at 02:00:00:00:00:0a if2 SELF|STICKY REACHABLE`,
        `NEWNEIGH 192.0.2.2 at ${LLADDR} if2 STICKY REACHABLE`,
        `NEWNEIGH 2001:db8::1 at 02:00:00:00:00:0a if2 SELF|STICKY REACHABLE`,
        `NEWNEIGH 2001:db8::2 at ${LLADDR} if2 STICKY REACHABLE`,
        `NEWNEIGH 198.51.100.1 at 02:00:00:00:00:0b if3 SELF|STICKY REACHABLE`,
        `NEWNEIGH 198.51.100.2 at ${LLADDR} if3 STICKY REACHABLE`,
        "done",
      ].sort(),
    );
    const places = seen.slice(0, -1).map((each) => neighbourOf(each));
    const order = places.map(({ index, family }) => index * 100 + family);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(story.told()).toEqual([]);
  });

  it("[D.2.3] inside a table they come by bucket, the newest first in each", () => {
    const story = storyOfNeighbours();
    const hosts = Array.from({ length: 40 }, (_, n) => `192.0.2.${n + 10}`);
    for (const dst of hosts) {
      story.ask(neighbourRequest(RTM.NEWNEIGH, { index: EM0, dst, lladdr: LLADDR, flags: NTF.STICKY }));
    }
    const expected = ["192.0.2.1", "192.0.2.2", ...hosts]
      .map((dst, age) => ({ dst, age }))
      .sort((a, b) => bucketOf(a.dst) - bucketOf(b.dst) || b.age - a.age);
    const seen = story.seen(neighbourDump({ family: AF.INET, index: EM0 })).slice(0, -1);
    expect(seen.map((each) => neighbourOf(each).dst)).toEqual(expected.map(({ dst }) => dst));
  });

  it("[D.2.3] family and interface filter", () => {
    const story = storyOfNeighbours();
    const of = (filter: { family?: number; index?: number }): string[] =>
      story.seen(neighbourDump(filter)).flatMap((each) => (each.type === RTM.NEWNEIGH ? [neighbourOf(each).dst] : []));
    expect(of({ family: AF.INET }).sort()).toEqual(["192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2"]);
    expect(of({ index: EM1, family: AF.INET }).sort()).toEqual(["198.51.100.1", "198.51.100.2"]);
    expect(of({ family: AF.INET6 })).toContain("2001:db8::2");
    expect(of({ family: AF.INET6 })).not.toContain("192.0.2.2");
  });

  it("[D.2.2] NDA_DST asks for one: its interface is needed, and what is not there is ESRCH", () => {
    const story = storyOfNeighbours();
    const seen = story.seen(neighbourRequest(RTM.GETNEIGH, { index: EM0, dst: "192.0.2.2", seq: 12 }, "q"));
    expect(heads(seen)).toEqual([[RTM.NEWNEIGH, NLM_F.REQUEST, 12, PORT]]);
    expect(seen.map(neighbourOf)).toMatchObject([{ lladdr: LLADDR, state: NUD.REACHABLE, flags: NTF.STICKY }]);
    expect(story.ask(neighbourRequest(RTM.GETNEIGH, { index: 0, dst: "192.0.2.2" }, "qa"))).toEqual(["!EINVAL"]);
    expect(story.ask(neighbourRequest(RTM.GETNEIGH, { index: EM0, dst: "192.0.2.77" }, "qa"))).toEqual(["!ESRCH"]);
  });
});
