// Row: notifications of route addition and deletion from the kernel: on netlink there are none.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { dumpRequest, newRoute } from "../route/routes.js";
import { addressRequest } from "./requests.js";
import { EM1, Story, withoutLinkLocal } from "./story.js";

describe("the kernel adds and deletes routes while a monitor listens", () => {
  const routesOf = (story: Story, family: number): string[] =>
    withoutLinkLocal(story.ask(dumpRequest(family))).slice(0, -1);
  const routeNews = (story: Story): string[] => story.told().filter((line) => line.includes("ROUTE"));

  it.each([
    ["198.51.100.1/24", AF.INET, ["NEWROUTE 198.51.100.0/24 if3", "NEWROUTE 198.51.100.1/32 if1"]],
    ["198.51.100.1/32", AF.INET, ["NEWROUTE 198.51.100.1/32 if1"]],
    ["2001:db8:1::1/64", AF.INET6, ["NEWROUTE 2001:db8:1::/64 if3", "NEWROUTE 2001:db8:1::1/128 if1"]],
  ] as const)("[E.7.3] [C.7] the routes that %s brings and takes are told to nobody", (address, family, brought) => {
    const story = new Story();
    const before = routesOf(story, family);
    story.ask(addressRequest(RTM.NEWADDR, { index: EM1, address }));
    expect(routesOf(story, family).filter((line) => !before.includes(line))).toEqual(brought);
    story.ask(addressRequest(RTM.DELADDR, { index: EM1, address }, "qa"));
    expect(routesOf(story, family)).toEqual(before);
    expect(routeNews(story)).toEqual([]);
  });

  it("[E.7.3] [C.6.2] routes with a deleted address as source leave in silence", () => {
    const story = new Story();
    story.vnet.addressAdd("em1", "198.51.100.1/24");
    const before = routesOf(story, AF.INET);
    story.ask(newRoute("10.1.0.0/16", { gateway: "198.51.100.254" }), newRoute("10.2.0.0/16", { oif: EM1 }));
    story.told();
    expect(routesOf(story, AF.INET)).toHaveLength(before.length + 2);
    story.vnet.addressDelete("em1", "198.51.100.1");
    expect(routesOf(story, AF.INET)).toEqual(before.filter((line) => !line.includes("198.51.100.")));
    expect(routeNews(story)).toEqual([]);
  });

  it("[E.7.3] [B.6.1] routes through an interface that departs, and those of one that goes down, leave in silence", () => {
    const story = new Story();
    story.ask(newRoute("10.1.0.0/16", { gateway: "192.0.2.254" }));
    story.told();
    story.vnet.interfaceDown("em0");
    expect(routesOf(story, AF.INET)).toEqual(["NEWROUTE 127.0.0.1/32 if1", "NEWROUTE 192.0.2.1/32 if1"]);
    story.vnet.interfaceUp("em0");
    story.vnet.interfaceDetach("em0");
    expect(routesOf(story, AF.INET)).toEqual(["NEWROUTE 127.0.0.1/32 if1"]);
    expect(routeNews(story)).toEqual([]);
  });
});
