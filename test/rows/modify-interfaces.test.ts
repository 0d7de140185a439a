// Row: modification of interfaces.

import { describe, expect, it } from "vitest";
import { IFF } from "../../assembly/abi/ifnet.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { linkOf } from "./objects.js";
import { type LinkFields, linkRequest } from "./requests.js";
import { Story } from "./story.js";

const TAP = 4;

function storyOfTap(): Story {
  const story = new Story();
  story.ask(linkRequest(RTM.NEWLINK, "qaC", { name: "tap0", kind: "tap" }));
  story.told();
  return story;
}

function modify(story: Story, fields: LinkFields): string[] {
  return story.ask(linkRequest(RTM.NEWLINK, "qa", fields));
}

function shown(story: Story): ReturnType<typeof linkOf> | undefined {
  const [link] = story.seen(linkRequest(RTM.GETLINK, "q", { index: TAP, change: 0 }));
  return link && linkOf(link);
}

describe("a client changes an interface while a monitor listens", () => {
  it("[B.4.3] description, MTU and flags in one request, done in that order", () => {
    const story = storyOfTap();
    const fields = { index: TAP, alias: "to the lab", flags: IFF.UP, change: IFF.UP, mtu: 1400 };
    expect(modify(story, fields)).toEqual(["ok"]);
    expect(story.told().filter((line) => line.startsWith("NEWLINK"))).toEqual([
      'NEWLINK tap0 up mtu 1500 "to the lab" change 0x1',
      'NEWLINK tap0 up mtu 1400 "to the lab" change 0x0',
    ]);
    expect(modify(story, { index: TAP, alias: "" })).toEqual(["ok"]);
    expect(shown(story)).toMatchObject({ alias: undefined, mtu: 1400 });
  });

  it("[B.4.1] it is found by index, or by name; a name beside an index does not rename", () => {
    const story = storyOfTap();
    expect(modify(story, { name: "tap0", mtu: 1400 })).toEqual(["ok"]);
    expect(modify(story, { index: TAP, name: "tap9", alias: "x" })).toEqual(["ok"]);
    expect(shown(story)).toMatchObject({ name: "tap0", alias: "x", mtu: 1400 });
    expect(modify(story, {})).toEqual(["!EPERM"]);
    expect(modify(story, { index: 99 })).toEqual(["!ENOENT"]);
    expect(modify(story, { name: "tap9" })).toEqual(["!ENOENT"]);
  });

  it("[B.4.3] flags with no mask are all meant: the interface goes down", () => {
    const story = storyOfTap();
    modify(story, { index: TAP, flags: IFF.UP, change: IFF.UP });
    expect((shown(story)?.flags ?? 0) & IFF.UP).toBe(IFF.UP);
    expect(modify(story, { index: TAP, mtu: 1400, change: 0 })).toEqual(["ok"]);
    expect((shown(story)?.flags ?? 0) & IFF.UP).toBe(0);
  });

  it("[B.4.3] a link-layer address of another length is refused; of the right one it shows", () => {
    const story = storyOfTap();
    expect(modify(story, { index: TAP, lladdr: "02:00:00:00:00:77" })).toEqual(["ok"]);
    expect(shown(story)?.lladdr).toBe("02:00:00:00:00:77");
    expect(modify(story, { index: TAP, lladdr: "02:00:00" })).toEqual(["!EINVAL"]);
    expect(shown(story)?.lladdr).toBe("02:00:00:00:00:77");
  });

  it("[B.4.6] [B.4.3] an MTU that the driver refuses is no error and stays as it was", () => {
    const story = storyOfTap();
    for (const mtu of [1, 71, 65536]) expect(modify(story, { index: TAP, mtu })).toEqual(["ok"]);
    expect(shown(story)?.mtu).toBe(1500);
    expect(story.told()).toEqual([]);
  });
});
