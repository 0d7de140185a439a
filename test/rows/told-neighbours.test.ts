// Row: notifications of neighbour changes.

import { describe, expect, it } from "vitest";
import { NTF, RTM } from "../../assembly/abi/rtnetlink.js";
import { inWords } from "./objects.js";
import { neighbourRequest } from "./requests.js";
import { EM0, EM1, heads, Story } from "./story.js";

const LLADDR = "02:00:00:00:00:99";

describe("neighbours change while a monitor listens", () => {
  it.each(["192.0.2.2", "2001:db8::2"])(
    "[D.3] [D.4] [D.5] the entry of %s is told when a client adds, replaces and deletes it, of no port, sequence or flags",
    (dst) => {
      const story = new Story();
      const entry = { index: EM0, dst, lladdr: LLADDR, flags: NTF.STICKY, seq: 7 };
      expect(story.ask(neighbourRequest(RTM.NEWNEIGH, entry))).toEqual(["ok"]);
      expect(story.ask(neighbourRequest(RTM.NEWNEIGH, { ...entry, lladdr: "02:00:00:00:00:98" }, "qaP"))).toEqual([
        "ok",
      ]);
      expect(story.ask(neighbourRequest(RTM.DELNEIGH, { index: EM0, dst }, "qa"))).toEqual(["ok"]);
      const told = story.heard();
      expect(told.map(inWords)).toEqual([
        `NEWNEIGH ${dst} at ${LLADDR} if2 STICKY REACHABLE`,
        `NEWNEIGH ${dst} at 02:00:00:00:00:98 if2 STICKY REACHABLE`,
        `DELNEIGH ${dst} at 02:00:00:00:00:98 if2 STICKY REACHABLE`,
      ]);
      expect(heads(told)).toEqual([
        [RTM.NEWNEIGH, 0, 0, 0],
        [RTM.NEWNEIGH, 0, 0, 0],
        [RTM.DELNEIGH, 0, 0, 0],
      ]);
    },
  );

  it("[D.3] an entry that is not sticky is told as INCOMPLETE with its address; a published one as PROXY", () => {
    const story = new Story();
    story.ask(neighbourRequest(RTM.NEWNEIGH, { index: EM0, dst: "192.0.2.2", lladdr: LLADDR }));
    story.ask(
      neighbourRequest(RTM.NEWNEIGH, { index: EM0, dst: "192.0.2.3", lladdr: LLADDR, flags: NTF.STICKY | NTF.PROXY }),
    );
    expect(story.told()).toEqual([
      `NEWNEIGH 192.0.2.2 at ${LLADDR} if2 INCOMPLETE`,
      `NEWNEIGH 192.0.2.3 at ${LLADDR} if2 PROXY|STICKY REACHABLE`,
    ]);
  });

  it("[C.4.5] [D.5] an interface's own entry comes with its address", () => {
    const story = new Story();
    story.vnet.addressAdd("em1", "198.51.100.1/24");
    expect(story.told().filter((line) => line.includes("NEIGH"))).toEqual([
      `NEWNEIGH 198.51.100.1 at 02:00:00:00:00:0b if3 SELF|STICKY REACHABLE`,
    ]);
  });

  it("[D.5.3] the entries of a prefix that goes away go in silence", () => {
    const story = new Story();
    story.vnet.addressAdd("em1", "198.51.100.1/24");
    story.ask(neighbourRequest(RTM.NEWNEIGH, { index: EM1, dst: "198.51.100.2", lladdr: LLADDR }));
    story.told();
    story.vnet.addressDelete("em1", "198.51.100.1");
    expect(story.told().filter((line) => line.includes("NEIGH"))).toEqual([]);
    expect(story.ask(neighbourRequest(RTM.GETNEIGH, { index: EM1, dst: "198.51.100.2" }, "qa"))).toEqual(["!ESRCH"]);
  });
});
