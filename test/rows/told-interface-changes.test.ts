// Row: notifications of interface change.

import { describe, expect, it } from "vitest";
import { IFF } from "../../assembly/abi/ifnet.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { linkOf } from "./objects.js";
import { linkRequest } from "./requests.js";
import { EM1, heads, Story } from "./story.js";

/** A story with a tap, index 4, that a client made. */
function storyOfTap(): Story {
  const story = new Story();
  story.ask(linkRequest(RTM.NEWLINK, "qaC", { name: "tap0", kind: "tap" }));
  story.told();
  return story;
}

describe("interfaces change while a monitor listens", () => {
  it("[B.6] the host takes one down and up: NEWLINK with IFF_UP in ifi_change, of no port, sequence or flags", () => {
    const story = new Story();
    story.vnet.interfaceDown("em1");
    const down = story.heard().filter(({ type }) => type === RTM.NEWLINK);
    story.vnet.interfaceUp("em1");
    const up = story.heard().filter(({ type }) => type === RTM.NEWLINK);
    expect(heads([...down, ...up])).toEqual([
      [RTM.NEWLINK, 0, 0, 0],
      [RTM.NEWLINK, 0, 0, 0],
    ]);
    expect([...down, ...up].map(linkOf)).toMatchObject([
      { index: EM1, change: IFF.UP },
      { index: EM1, change: IFF.UP },
    ]);
    expect([...down, ...up].map((each) => linkOf(each).flags & IFF.UP)).toEqual([0, IFF.UP]);
  });

  it("[B.4.3] [B.4.4] a client sets the flag: the monitor hears it each time, also when nothing changed", () => {
    const story = storyOfTap();
    const set = (flags: number): string[] =>
      story.ask(linkRequest(RTM.NEWLINK, "qa", { index: 4, flags, change: IFF.UP }));
    const links = (): string[] => story.told().filter((line) => line.startsWith("NEWLINK"));
    expect(set(IFF.UP)).toEqual(["ok"]);
    expect(links()).toEqual(["NEWLINK tap0 up mtu 1500 change 0x1"]);
    expect(set(IFF.UP)).toEqual(["ok"]);
    expect(links()).toEqual(["NEWLINK tap0 up mtu 1500 change 0x1"]);
    expect(set(0)).toEqual(["ok"]);
    expect(links()).toEqual(["NEWLINK tap0 down mtu 1500 change 0x1"]);
  });

  it("[B.4.3] [B.6] an MTU is told with no changed flag; a description and an MTU that the driver refuses are not", () => {
    const story = storyOfTap();
    expect(story.ask(linkRequest(RTM.NEWLINK, "qa", { index: 4, mtu: 1400 }))).toEqual(["ok"]);
    expect(story.told()).toEqual(["NEWLINK tap0 down mtu 1400 change 0x0"]);
    expect(story.ask(linkRequest(RTM.NEWLINK, "qa", { index: 4, alias: "to the lab" }))).toEqual(["ok"]);
    expect(story.ask(linkRequest(RTM.NEWLINK, "qa", { index: 4, mtu: 71 }))).toEqual(["ok"]);
    expect(story.told()).toEqual([]);
    expect(story.ask(linkRequest(RTM.GETLINK, "q", { index: 4, change: 0 }))).toEqual([
      'NEWLINK tap0 down mtu 1400 "to the lab" change 0x0',
    ]);
  });

  it("[B.6] promiscuous mode is told when the first asks for it and the last gives it up", () => {
    const story = storyOfTap();
    const set = (flags: number): string[] =>
      story.ask(linkRequest(RTM.NEWLINK, "qa", { index: 4, flags, change: IFF.PROMISC }));
    expect(set(IFF.PROMISC)).toEqual(["ok"]);
    expect(story.told()).toEqual(["NEWLINK tap0 down mtu 1500 change 0x100"]);
    expect(set(0)).toEqual(["ok"]);
    expect(story.told()).toEqual(["NEWLINK tap0 down mtu 1500 change 0x100"]);
  });
});
