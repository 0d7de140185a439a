// Row: notifications of address arrival and departure.

import { describe, expect, it } from "vitest";
import { NTF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { drain } from "../support/messages.js";
import { monitor } from "../support/setups.js";
import { inWords, neighbourOf } from "./objects.js";
import { addressRequest } from "./requests.js";
import { EM0, EM1, heads, Story, withoutLinkLocal } from "./story.js";

describe("addresses come and go while a monitor listens", () => {
  it.each(["198.51.100.1/24", "2001:db8:1::1/64"])(
    "[C.3.3] [C.4.5] [C.6.1] %s is told when a client adds it and when it deletes it, of no port, sequence or flags",
    (address) => {
      const story = new Story();
      expect(story.ask(addressRequest(RTM.NEWADDR, { index: EM1, address, seq: 4 }))).toEqual(["ok"]);
      const came = story.heard().filter(({ type }) => type === RTM.NEWADDR);
      expect(withoutLinkLocal(came.map(inWords))).toEqual([`NEWADDR ${address} if3`]);
      expect(heads(came)).toEqual(came.map(() => [RTM.NEWADDR, 0, 0, 0]));
      expect(story.ask(addressRequest(RTM.DELADDR, { index: EM1, address, seq: 5 }, "qa"))).toEqual(["ok"]);
      const went = story.heard().filter(({ type }) => type === RTM.DELADDR);
      expect(went.map(inWords)).toEqual([`DELADDR ${address} if3`]);
      expect(heads(went)).toEqual([[RTM.DELADDR, 0, 0, 0]]);
    },
  );

  it("[C.4.5] [D.1.4] the address's own neighbour entry comes before it, SELF and STICKY", () => {
    const story = new Story();
    story.ask(addressRequest(RTM.NEWADDR, { index: EM1, address: "198.51.100.1/24" }));
    const told = story.heard();
    expect(told.map(({ type }) => type)).toEqual([RTM.NEWNEIGH, RTM.NEWADDR]);
    expect(told.slice(0, 1).map(neighbourOf)).toMatchObject([
      { index: EM1, dst: "198.51.100.1", flags: NTF.SELF | NTF.STICKY, lladdr: "02:00:00:00:00:0b" },
    ]);
  });

  it("[C.6.4] [C.6.5] IPv4 addresses are told as gone and come when the interface goes down and up, though they stay", () => {
    const story = new Story();
    story.vnet.interfaceDown("em0");
    const words = (): string[] => story.told().filter((line) => line.includes("192.0.2.1/24") || line.includes("LINK"));
    expect(words()).toEqual(["DELADDR 192.0.2.1/24 if2", "NEWLINK em0 down mtu 1500 change 0x1"]);
    story.vnet.interfaceUp("em0");
    expect(words()).toEqual(["NEWLINK em0 up mtu 1500 change 0x1", "NEWADDR 192.0.2.1/24 if2"]);
  });

  it("[C.6.1] [C.3.1] [C.4.1] [C.5.1] what is refused is told to nobody", () => {
    const story = new Story();
    const refused: [Uint8Array, string][] = [
      [addressRequest(RTM.DELADDR, { index: EM0, address: "192.0.2.7/24" }, "qa"), "!EADDRNOTAVAIL"],
      [addressRequest(RTM.DELADDR, { index: EM0, address: "2001:db8::7/64" }, "qa"), "!EADDRNOTAVAIL"],
      [addressRequest(RTM.NEWADDR, { index: 99, address: "192.0.2.7/24" }), "!ENOENT"],
      [addressRequest(RTM.NEWADDR, { index: EM0, address: "192.0.2.7/33" }), "!EINVAL"],
      [addressRequest(RTM.NEWADDR, { index: EM0, address: "2001:db8::7/0" }), "!EINVAL"],
    ];
    for (const [request, answer] of refused) expect(story.ask(request)).toEqual([answer]);
    expect(story.told()).toEqual([]);
  });

  it("[C.4.5] [C.5.5] each family has its group", () => {
    const story = new Story();
    const inet = monitor(story.vnet, RTNLGRP.IPV4_IFADDR);
    const inet6 = monitor(story.vnet, RTNLGRP.IPV6_IFADDR);
    story.ask(addressRequest(RTM.NEWADDR, { index: EM1, address: "198.51.100.1/24" }));
    story.ask(addressRequest(RTM.NEWADDR, { index: EM1, address: "2001:db8:1::1/64" }));
    expect(drain(inet).map(inWords)).toEqual(["NEWADDR 198.51.100.1/24 if3"]);
    expect(withoutLinkLocal(drain(inet6).map(inWords))).toEqual(["NEWADDR 2001:db8:1::1/64 if3"]);
  });
});
