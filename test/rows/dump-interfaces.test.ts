// Row: dumps of interfaces.

import { describe, expect, it } from "vitest";
import { IF_OPER, IFF, IFT } from "../../assembly/abi/ifnet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { getLink } from "../route/links.js";
import { linkOf } from "./objects.js";
import { linkRequest } from "./requests.js";
import { EM0, heads, isDump, PORT, Story } from "./story.js";

describe("a client dumps interfaces while a monitor listens", () => {
  it("[B.2.4] [B.1.1] all links come in order of attachment, as MULTI with DONE, whether or not NLM_F_DUMP is set", () => {
    const story = new Story();
    story.vnet.interfaceAttach({ name: "em2", mtu: 9000, description: "uplink" });
    story.vnet.interfaceDetach("em0");
    story.vnet.interfaceAttach({ name: "em3", up: true });
    story.told();
    for (const flags of ["qD", "q"]) {
      const seen = story.seen(getLink({}, flags));
      expect(isDump(seen)).toBe(true);
      expect(seen.slice(0, -1).map((each) => [linkOf(each).name, linkOf(each).index])).toEqual([
        ["lo0", 1],
        ["em1", 3],
        ["em2", 4],
        ["em3", 2],
      ]);
    }
    expect(story.told()).toEqual([]);
  });

  it("[B.1.2] [B.1.3] each shows type, flags, state, addresses, MTU and description", () => {
    const story = new Story();
    story.vnet.interfaceAttach({ name: "em2", lladdr: "02:00:00:00:00:0c", mtu: 9000, description: "uplink" });
    const [lo0, em0, , em2] = story.seen(getLink()).slice(0, -1).map(linkOf);
    expect(lo0).toMatchObject({ type: IFT.LOOP, mtu: 16384, lladdr: undefined, operState: IF_OPER.UP, kind: "lo" });
    expect(lo0?.flags).toBe(0x01008049);
    expect(em0).toMatchObject({ type: IFT.ETHER, mtu: 1500, lladdr: "02:00:00:00:00:0a", alias: undefined, change: 0 });
    expect(em0?.broadcast).toBe("ff:ff:ff:ff:ff:ff");
    expect((em0?.flags ?? 0) & (IFF.UP | IFF.BROADCAST | IFF.SIMPLEX | IFF.MULTICAST)).toBe(
      IFF.UP | IFF.BROADCAST | IFF.SIMPLEX | IFF.MULTICAST,
    );
    expect(em2).toMatchObject({ mtu: 9000, alias: "uplink", lladdr: "02:00:00:00:00:0c" });
    expect((em2?.flags ?? 0) & IFF.UP).toBe(0);
  });

  it("[B.2.3] an index or a name asks for one, with the request's flags; an unknown one is ENODEV", () => {
    const story = new Story();
    const seen = story.seen(linkRequest(RTM.GETLINK, "qD", { index: EM0, change: 0, seq: 6 }));
    expect(heads(seen)).toEqual([[RTM.NEWLINK, NLM_F.REQUEST | NLM_F.DUMP, 6, PORT]]);
    expect(story.seen(linkRequest(RTM.GETLINK, "q", { name: "em1", change: 0 })).map(linkOf)).toMatchObject([
      { name: "em1" },
    ]);
    expect(story.ask(linkRequest(RTM.GETLINK, "qa", { name: "em9", change: 0 }))).toEqual(["!ENODEV"]);
  });
});
