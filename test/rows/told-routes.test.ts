// Row: notifications of route addition and deletion from netlink.

import { describe, expect, it } from "vitest";
import { NETLINK_OPTION, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTN, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { delRoute, newRoute } from "../route/routes.js";
import { drain } from "../support/messages.js";
import { monitor } from "../support/setups.js";
import { inWords } from "./objects.js";
import { EM1, heads, PORT, Story } from "./story.js";

describe("a client adds and deletes routes while a monitor listens", () => {
  it("[E.7.1] an addition and a deletion carry the requester's port and sequence number, flags by the event", () => {
    const story = new Story();
    expect(story.ask(newRoute("10.1.0.0/16", { gateway: "192.0.2.254", seq: 21 }))).toEqual(["ok"]);
    expect(story.ask(delRoute("10.1.0.0/16", { seq: 22 }))).toEqual(["ok"]);
    const told = story.heard();
    expect(told.map(inWords)).toEqual([
      "NEWROUTE 10.1.0.0/16 via 192.0.2.254 if2",
      "DELROUTE 10.1.0.0/16 via 192.0.2.254 if2",
    ]);
    expect(heads(told)).toEqual([
      [RTM.NEWROUTE, 0x605, 21, PORT],
      [RTM.DELROUTE, 0x5, 22, PORT],
    ]);
  });

  it("[E.7.1] [0.7] a client that is a member itself hears of its change before the ack", () => {
    const story = new Story();
    story.client.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.IPV6_ROUTE);
    expect(story.ask(newRoute("2001:db8:2::/48", { gateway: "2001:db8::2" }))).toEqual([
      "NEWROUTE 2001:db8:2::/48 via 2001:db8::2 if2",
      "ok",
    ]);
  });

  it("[E.7.1] IPv4 and IPv6 have a group each; routes that discard and those of interfaces are told too", () => {
    const story = new Story();
    const inet = monitor(story.vnet, RTNLGRP.IPV4_ROUTE);
    const inet6 = monitor(story.vnet, RTNLGRP.IPV6_ROUTE);
    story.ask(
      newRoute("10.1.0.0/16", { type: RTN.BLACKHOLE }),
      newRoute("2001:db8:2::/48", { type: RTN.PROHIBIT }),
      newRoute("10.2.0.0/16", { oif: EM1 }),
      newRoute("10.3.0.0/16", { via: "2001:db8::2" }),
    );
    expect(drain(inet).map(inWords)).toEqual([
      "NEWROUTE 10.1.0.0/16 blackhole if1",
      "NEWROUTE 10.2.0.0/16 if3",
      "NEWROUTE 10.3.0.0/16 via 2001:db8::2 if2",
    ]);
    expect(drain(inet6).map(inWords)).toEqual(["NEWROUTE 2001:db8:2::/48 prohibit if1"]);
  });

  it("[E.5] [E.6.1] [E.6.2] what is refused is told to nobody", () => {
    const story = new Story();
    expect(story.ask(newRoute("192.0.2.0/24", { oif: EM1 }))).toEqual(["!EEXIST"]);
    expect(story.ask(newRoute("10.1.0.0/16", { gateway: "10.9.9.9" }))).toEqual(["!EINVAL"]);
    expect(story.ask(newRoute("10.1.0.0/16", { gateway: "192.0.2.254" }, "qa"))).toEqual(["!ESRCH"]);
    expect(story.ask(delRoute("10.1.0.0/16"))).toEqual(["!ESRCH"]);
    expect(story.ask(delRoute("192.0.2.0/24"))).toEqual(["!EADDRINUSE"]);
    expect(story.told()).toEqual([]);
  });
});
