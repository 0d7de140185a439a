// Row: dumps of interface addresses.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RT_SCOPE, RTM } from "../../assembly/abi/rtnetlink.js";
import { getAddress } from "../route/links.js";
import { addressOf } from "./objects.js";
import { FOREVER } from "./requests.js";
import { EM0, EM1, isDump, Story, withoutLinkLocal } from "./story.js";

describe("a client dumps addresses while a monitor listens", () => {
  it("[C.2.1] [C.2.3] they come by interface, in each as they were added, with or without NLM_F_DUMP", () => {
    const story = new Story();
    story.vnet.addressAdd("em1", "198.51.100.1/24");
    story.vnet.addressAdd("em1", "2001:db8:1::1/64");
    story.vnet.addressAdd("em0", "192.0.2.9/24");
    story.told();
    for (const flags of ["qD", "q"]) {
      const request = getAddress({}, flags);
      expect(isDump(story.seen(request))).toBe(true);
      expect(withoutLinkLocal(story.ask(request))).toEqual([
        "NEWADDR 127.0.0.1/8 if1",
        "NEWADDR ::1/128 if1",
        "NEWADDR 192.0.2.1/24 if2",
        "NEWADDR 2001:db8::1/64 if2",
        "NEWADDR 192.0.2.9/24 if2",
        "NEWADDR 198.51.100.1/24 if3",
        "NEWADDR 2001:db8:1::1/64 if3",
        "done",
      ]);
    }
    expect(story.told()).toEqual([]);
  });

  it("[C.2.2] family and interface filter; an unknown interface ends the dump with ENOENT", () => {
    const story = new Story();
    expect(story.ask(getAddress({ family: AF.INET, index: EM0 }))).toEqual(["NEWADDR 192.0.2.1/24 if2", "done"]);
    expect(withoutLinkLocal(story.ask(getAddress({ family: AF.INET6, index: 1 })))).toEqual([
      "NEWADDR ::1/128 if1",
      "done",
    ]);
    expect(withoutLinkLocal(story.ask(getAddress({ index: EM1 })))).toEqual(["done"]);
    expect(story.ask(getAddress({ family: AF.ROUTE }))).toEqual(["done"]);
    expect(story.ask(getAddress({ index: 99 }))).toEqual(["done !ENOENT"]);
  });

  it("[C.1.1] [C.1.2] scope, local and broadcast address, label and lifetimes are told of each", () => {
    const story = new Story();
    const shown = story
      .seen(getAddress())
      .filter(({ type }) => type === RTM.NEWADDR)
      .map(addressOf);
    const of = (address: string) => shown.find((each) => each.address === address);
    expect(of("127.0.0.1")).toMatchObject({ scope: RT_SCOPE.HOST, label: "lo0", prefixLength: 8, local: "127.0.0.1" });
    expect(of("192.0.2.1")).toMatchObject({ scope: 0, local: "192.0.2.1", broadcast: "192.0.2.255", label: "em0" });
    expect(of("192.0.2.1")).toMatchObject({ flags: 0, valid: undefined });
    expect(of("2001:db8::1")).toMatchObject({ scope: 0, local: undefined, broadcast: undefined, valid: FOREVER });
    expect(of("fe80::1")).toMatchObject({ scope: RT_SCOPE.LINK, index: 1, prefixLength: 64 });
  });
});
