// Row: notifications of address change.

import { describe, expect, it } from "vitest";
import { IN6_IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { IFA_F, RTM } from "../../assembly/abi/rtnetlink.js";
import { getAddress } from "../route/links.js";
import { addressOf } from "./objects.js";
import { addressRequest, FOREVER } from "./requests.js";
import { EM0, EM1, Story } from "./story.js";

const ADDRESS = "2001:db8::1/64";

/** The IPv6 address of em0 that changes, as a dump has it. */
function shown(story: Story): ReturnType<typeof addressOf> | undefined {
  const seen = story.seen(getAddress({ family: AF.INET6, index: EM0 })).filter(({ type }) => type === RTM.NEWADDR);
  return seen.map(addressOf).find(({ address }) => address === "2001:db8::1");
}

describe("addresses change while a monitor listens", () => {
  it("[C.5.4] an IPv6 address gets new lifetimes and flags in place, which nobody is told", () => {
    const story = new Story();
    const place = (): string[] => story.ask(getAddress({ family: AF.INET6, index: EM0 }));
    const before = place();
    const changed = addressRequest(RTM.NEWADDR, { index: EM0, address: ADDRESS, lifetimes: [1000, 2000] });
    expect(story.ask(changed)).toEqual(["ok"]);
    expect(shown(story)).toMatchObject({ preferred: 1000, valid: 2000 });
    expect(place()).toEqual(before);
    const marked = addressRequest(RTM.NEWADDR, {
      index: EM0,
      address: ADDRESS,
      lifetimes: [FOREVER, FOREVER],
      flags: IN6_IFF.DEPRECATED | IN6_IFF.NODAD,
    });
    expect(story.ask(marked)).toEqual(["ok"]);
    expect(shown(story)).toMatchObject({ valid: FOREVER, flags: IFA_F.DEPRECATED | IFA_F.NODAD });
    expect(story.told()).toEqual([]);
  });

  it("[C.5.4] [C.5.2] another prefix length, or a preferred lifetime beyond the valid one, is refused and told to nobody", () => {
    const story = new Story();
    expect(story.ask(addressRequest(RTM.NEWADDR, { index: EM0, address: "2001:db8::1/48" }))).toEqual(["!EINVAL"]);
    expect(story.ask(addressRequest(RTM.NEWADDR, { index: EM0, address: ADDRESS, lifetimes: [2000, 1000] }))).toEqual([
      "!EINVAL",
    ]);
    expect(story.told()).toEqual([]);
  });

  it("[C.4.4] an IPv4 address that is there goes and comes again, at the end of its interface's list", () => {
    const story = new Story();
    story.ask(addressRequest(RTM.NEWADDR, { index: EM1, address: "198.51.100.1/24" }));
    story.ask(addressRequest(RTM.NEWADDR, { index: EM1, address: "203.0.113.1/24" }));
    story.told();
    expect(story.ask(addressRequest(RTM.NEWADDR, { index: EM1, address: "198.51.100.1/25" }))).toEqual(["ok"]);
    const told = story.told().filter((line) => line.includes("ADDR"));
    expect(told).toEqual(["DELADDR 198.51.100.1/24 if3", "NEWADDR 198.51.100.1/25 if3"]);
    expect(story.ask(getAddress({ family: AF.INET, index: EM1 }))).toEqual([
      "NEWADDR 203.0.113.1/24 if3",
      "NEWADDR 198.51.100.1/25 if3",
      "done",
    ]);
  });
});
