// Row: dumps of routes.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTF, RTM, RTN } from "../../assembly/abi/rtnetlink.js";
import { dumpRequest, newRoute } from "../route/routes.js";
import { inWords, routeOf } from "./objects.js";
import { EM0, heads, isDump, PORT, Story, withoutLinkLocal } from "./story.js";

describe("a client dumps routes while a monitor listens", () => {
  it("[E.3.1] [C.7] every family in ascending number, in each by address, longer masks first, the default route last of the zeros", () => {
    const story = new Story();
    story.ask(
      newRoute("10.1.0.0/16", { gateway: "192.0.2.254" }),
      newRoute("10.1.0.0/24", { gateway: "192.0.2.254", weight: 7 }),
      newRoute("0.0.0.0/0", { gateway: "192.0.2.254" }),
      newRoute("0.0.0.0/8", { type: RTN.BLACKHOLE }),
      newRoute("203.0.113.0/24", { via: "2001:db8::2" }),
      newRoute("2001:db8:1::/48", { gateway: "2001:db8::2" }),
      newRoute("::/0", { gateway: "2001:db8::2" }),
      newRoute("198.51.100.0/24", { type: RTN.UNREACHABLE }),
      newRoute("172.16.0.0/12", { oif: EM0, mtu: 1400 }),
    );
    story.told();
    expect(withoutLinkLocal(story.ask(dumpRequest(AF.UNSPEC)))).toEqual([
      "NEWROUTE 0.0.0.0/8 blackhole if1",
      "NEWROUTE 0.0.0.0/0 via 192.0.2.254 if2",
      "NEWROUTE 10.1.0.0/24 via 192.0.2.254 if2 weight 7",
      "NEWROUTE 10.1.0.0/16 via 192.0.2.254 if2",
      "NEWROUTE 127.0.0.1/32 if1",
      "NEWROUTE 172.16.0.0/12 if2 mtu 1400",
      "NEWROUTE 192.0.2.0/24 if2",
      "NEWROUTE 192.0.2.1/32 if1",
      "NEWROUTE 198.51.100.0/24 prohibit if1",
      "NEWROUTE 203.0.113.0/24 via 2001:db8::2 if2",
      "NEWROUTE ::/0 via 2001:db8::2 if2",
      "NEWROUTE ::1/128 if1",
      "NEWROUTE 2001:db8::/64 if2",
      "NEWROUTE 2001:db8::1/128 if1",
      "NEWROUTE 2001:db8:1::/48 via 2001:db8::2 if2",
      "done",
    ]);
    expect(story.told()).toEqual([]);
  });

  it("[0.4] [E.3.1] its messages carry the request's flags and MULTI, and DONE ends it without an ack", () => {
    const story = new Story();
    const seen = story.seen(dumpRequest(AF.INET, { seq: 9 }, "qaD"));
    expect(isDump(seen)).toBe(true);
    const asked = NLM_F.REQUEST | NLM_F.ACK | NLM_F.DUMP;
    expect(heads(seen.slice(0, 1))).toEqual([[RTM.NEWROUTE, asked | NLM_F.MULTI, 9, PORT]]);
    expect(heads(seen.slice(-1))).toEqual([[3, 0, 9, PORT]]);
  });

  it("[E.3.1] [E.2] a dump shows one fib, 0 where none is asked for; a fib that is not there is refused", () => {
    const story = new Story({ fibs: 2 });
    story.ask(newRoute("10.1.0.0/16", { oif: EM0, table: 1 }), newRoute("10.2.0.0/16", { oif: EM0 }));
    const prefixes = (table?: number): string[] =>
      story
        .seen(dumpRequest(AF.INET, table === undefined ? {} : { table }))
        .filter(({ type }) => type === RTM.NEWROUTE)
        .map((each) => routeOf(each).prefix);
    expect(prefixes(1)).toEqual(["10.1.0.0/16"]);
    expect(prefixes()).toContain("10.2.0.0/16");
    expect(prefixes()).not.toContain("10.1.0.0/16");
    expect(story.ask(dumpRequest(AF.INET, { table: 2 }))).toEqual(["!EINVAL"]);
    expect(story.ask(dumpRequest(AF.INET, { table: 0xffffffff }))).toEqual(["!EINVAL"]);
  });

  it("[E.1.5] what the routes are shows in RTA_RTFLAGS", () => {
    const story = new Story();
    story.ask(
      newRoute("10.1.0.0/16", { gateway: "192.0.2.254", rtFlags: RTF.STATIC }),
      newRoute("10.2.0.1/32", { gateway: "192.0.2.254" }),
      newRoute("10.3.0.0/16", { type: RTN.BLACKHOLE }),
    );
    const flagsOf = new Map(
      story
        .seen(dumpRequest(AF.INET))
        .slice(0, -1)
        .map((each) => [inWords(each), routeOf(each).rtFlags]),
    );
    expect(flagsOf.get("NEWROUTE 10.1.0.0/16 via 192.0.2.254 if2")).toBe(RTF.GATEWAY | RTF.STATIC);
    expect(flagsOf.get("NEWROUTE 10.2.0.1/32 via 192.0.2.254 if2")).toBe(RTF.GATEWAY | RTF.HOST);
    expect(flagsOf.get("NEWROUTE 10.3.0.0/16 blackhole if1")).toBe(RTF.BLACKHOLE);
    expect(flagsOf.get("NEWROUTE 192.0.2.0/24 if2")).toBe(RTF.PINNED);
    expect(flagsOf.get("NEWROUTE 192.0.2.1/32 if1")).toBe(RTF.HOST | RTF.STATIC | RTF.PINNED);
  });
});
