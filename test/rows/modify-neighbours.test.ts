// Row: modification of neighbours.

import { describe, expect, it } from "vitest";
import { NTF, RTM } from "../../assembly/abi/rtnetlink.js";
import { neighbourRequest } from "./requests.js";
import { EM0, EM1, Story } from "./story.js";

const OLD = "02:00:00:00:00:99";
const NEW = "02:00:00:00:00:98";

describe.each(["192.0.2.2", "2001:db8::2"])("a client changes the entry of %s while a monitor listens", (dst) => {
  const entry = { index: EM0, dst, lladdr: OLD, flags: NTF.STICKY };

  function storyOfEntry(): Story {
    const story = new Story();
    story.ask(neighbourRequest(RTM.NEWNEIGH, entry));
    story.told();
    return story;
  }

  function shown(story: Story): string[] {
    return story.ask(neighbourRequest(RTM.GETNEIGH, { index: EM0, dst }, "q"));
  }

  it("[D.3] REPLACE gives it another address and other flags, told by one NEWNEIGH", () => {
    const story = storyOfEntry();
    const change = neighbourRequest(RTM.NEWNEIGH, { ...entry, lladdr: NEW, flags: NTF.STICKY | NTF.PROXY }, "qaCP");
    expect(story.ask(change)).toEqual(["ok"]);
    const words = [`NEWNEIGH ${dst} at ${NEW} if2 PROXY|STICKY REACHABLE`];
    expect(story.told()).toEqual(words);
    expect(shown(story)).toEqual(words);
  });

  it.each([
    ["qa", "!EOPNOTSUPP"],
    ["qaC", "!EEXIST"],
    ["qaCX", "!EEXIST"],
    ["qaXP", "!EEXIST"],
  ])("[D.3] flags %s leave it: %s", (flags, answer) => {
    const story = storyOfEntry();
    expect(story.ask(neighbourRequest(RTM.NEWNEIGH, { ...entry, lladdr: NEW }, flags))).toEqual([answer]);
    expect(story.told()).toEqual([]);
    expect(shown(story)).toEqual([`NEWNEIGH ${dst} at ${OLD} if2 STICKY REACHABLE`]);
  });

  it("[D.3] what is not there is not replaced, nor what is not on the link", () => {
    const story = new Story();
    expect(story.ask(neighbourRequest(RTM.NEWNEIGH, entry, "qaP"))).toEqual(["!ENOENT"]);
    expect(story.ask(neighbourRequest(RTM.NEWNEIGH, { ...entry, index: EM1 }))).toEqual(["!ENOMEM"]);
    expect(story.ask(neighbourRequest(RTM.DELNEIGH, { index: EM0, dst }, "qa"))).toEqual(["!ENOENT"]);
    expect(story.told()).toEqual([]);
  });

  it("[D.3] [D.4] an interface's own entry is neither replaced nor deleted", () => {
    const story = new Story();
    const own = { ...entry, dst: dst === "192.0.2.2" ? "192.0.2.1" : "2001:db8::1" };
    expect(story.ask(neighbourRequest(RTM.NEWNEIGH, own, "qaP"))).toEqual(["!EPERM"]);
    expect(story.ask(neighbourRequest(RTM.DELNEIGH, own, "qa"))).toEqual(["!EPERM"]);
    expect(story.told()).toEqual([]);
  });

  it("[D.3] the link-layer address must be there and have the interface's length, the flags be STICKY or PROXY", () => {
    const story = new Story();
    expect(story.ask(neighbourRequest(RTM.NEWNEIGH, { index: EM0, dst }))).toEqual(["!EINVAL"]);
    expect(story.ask(neighbourRequest(RTM.NEWNEIGH, { ...entry, lladdr: "02:00:00" }))).toEqual(["!EINVAL"]);
    expect(story.ask(neighbourRequest(RTM.NEWNEIGH, { ...entry, flags: NTF.ROUTER }))).toEqual(["!EOPNOTSUPP"]);
    expect(story.told()).toEqual([]);
  });
});
