// Row: notifications of interface arrival and departure.

import { describe, expect, it } from "vitest";
import { IFF } from "../../assembly/abi/ifnet.js";
import { IFLA, RTM } from "../../assembly/abi/rtnetlink.js";
import { ackOf, attribute, attributes, text, toHex, u32 } from "../support/messages.js";
import { inWords, linkOf } from "./objects.js";
import { linkRequest } from "./requests.js";
import { heads, Story } from "./story.js";

describe("interfaces arrive and depart while a monitor listens", () => {
  it("[B.6] the host attaches one and takes it away: NEWLINK and DELLINK, of no port, sequence or flags", () => {
    const story = new Story();
    story.vnet.interfaceAttach({ name: "em2", mtu: 9000 });
    const arrival = story.heard();
    expect(arrival.map(inWords)).toEqual(["NEWLINK em2 down mtu 9000 change 0x0"]);
    expect(heads(arrival)).toEqual([[RTM.NEWLINK, 0, 0, 0]]);
    story.vnet.interfaceDetach("em2");
    const departure = story.heard();
    expect(departure.at(-1)).toMatchObject({ type: RTM.DELLINK, flags: 0, seq: 0, pid: 0 });
    expect(departure.slice(-1).map(linkOf)).toMatchObject([{ name: "em2", index: 4, change: 0, mtu: 9000 }]);
  });

  it("[B.3.5] [B.3.3] a client creates one: the monitor hears of it, the ack's cookie names it, no other reply comes", () => {
    const story = new Story();
    const seen = story.seen(linkRequest(RTM.NEWLINK, "qaC", { name: "tap0", kind: "tap", seq: 3 }));
    expect(seen.map(inWords)).toEqual(["ok"]);
    const [arrival, ...more] = story.heard();
    if (arrival === undefined) throw new Error("the monitor heard nothing");
    expect(heads([arrival])).toEqual([[RTM.NEWLINK, 0, 0, 0]]);
    expect(linkOf(arrival)).toMatchObject({ name: "tap0", index: 4, change: 0, kind: "tap" });
    expect(linkOf(arrival).flags & IFF.UP).toBe(0);
    expect(more).toEqual([]);
    const cookie = ackOf(seen[0]).cookie ?? new Uint8Array();
    expect(toHex(cookie)).toBe(
      toHex(Uint8Array.of(...attribute(IFLA.NEW_IFINDEX, u32(4)), ...attribute(IFLA.IFNAME, text("tap0")))),
    );
    expect(attributes(cookie)).toHaveLength(2);
  });

  it("[B.3.6] [B.5.2] [B.6] an epair comes as two and goes as two, whichever half is destroyed", () => {
    const story = new Story();
    story.ask(linkRequest(RTM.NEWLINK, "qaC", { name: "epair", kind: "epair" }));
    // Then each half's carrier comes, told of twice (B.6).
    const names = ["epair0a", "epair0b", "epair0a", "epair0a", "epair0b", "epair0b"];
    expect(story.told().map((line) => line.split(" ", 2).join(" "))).toEqual(names.map((name) => `NEWLINK ${name}`));
    expect(story.ask(linkRequest(RTM.DELLINK, "qa", { index: 5 }))).toEqual(["ok"]);
    const departed = story.told().filter((line) => line.startsWith("DELLINK"));
    expect(departed.map((line) => line.split(" ")[1]).sort()).toEqual(["epair0a", "epair0b"]);
  });

  it("[B.6.1] [E.7.3] one with addresses goes in order: down, its addresses, itself; of its routes nothing is said", () => {
    const story = new Story();
    story.vnet.interfaceDetach("em0");
    const told = story.told().filter((line) => !line.includes("fe80:") && !line.includes("NEIGH"));
    expect(told[0]).toBe("DELADDR 192.0.2.1/24 if2");
    expect(told[1]).toBe("NEWLINK em0 down mtu 1500 change 0x1");
    expect(told.filter((line) => line.startsWith("DELADDR")).at(-1)).toBe("DELADDR 2001:db8::1/64 if2");
    expect(told.at(-1)).toBe("DELLINK em0 down mtu 1500 change 0x0");
    expect(told.filter((line) => line.includes("ROUTE"))).toEqual([]);
  });

  it("[B.5.1] what was not made by a cloner, and lo0, stay, and nobody hears of the attempt", () => {
    const story = new Story();
    expect(story.ask(linkRequest(RTM.DELLINK, "qa", { index: 2 }))).toEqual(["!EINVAL"]);
    expect(story.ask(linkRequest(RTM.DELLINK, "qa", { index: 1 }))).toEqual(["!EINVAL"]);
    expect(story.ask(linkRequest(RTM.DELLINK, "qa", { index: 99 }))).toEqual(["!ENOENT"]);
    expect(story.told()).toEqual([]);
  });
});
