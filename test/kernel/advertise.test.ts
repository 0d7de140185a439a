// Peers that advertise themselves as routers, as the host's calls: what they take, what they refuse, and their replay.

import { describe, expect, it } from "vitest";
import { ND6_IFF } from "../../assembly/abi/ifnet.js";
import { Kernel, type RouterAdvertisement } from "../../host/kernel/kernel.js";
import { accept, routerOf, routersOf, setupRouters } from "../net/routers.js";
import { codeOf } from "../support/messages.js";

describe("Peer.advertise", () => {
  it.each<[string, RouterAdvertisement]>([
    ["lifetime", { lifetime: 65_536 }],
    ["lifetime", { lifetime: -1 }],
    ["lifetime", { lifetime: 1.5 }],
    ["hopLimit", { hopLimit: 256 }],
    ["reachable", { reachable: 2 ** 32 }],
    ["retransmit", { retransmit: -1 }],
    ["mtu", { mtu: 2 ** 32 }],
    ["preference", { preference: "best" as "high" }],
    ["valid", { prefixes: [{ prefix: "2001:db8::/64", valid: 2 ** 32 }] }],
    ["preferred", { prefixes: [{ prefix: "2001:db8::/64", preferred: Number.NaN }] }],
    ["prefix", { prefixes: [{ prefix: "192.0.2.0/24" }] }],
    ["prefix", { prefixes: [{ prefix: "2001:db8::/129" }] }],
    ["prefixes", { prefixes: Array.from({ length: 31 }, () => ({ prefix: "2001:db8::/64" })) }],
  ])("a RangeError names the %s that is out of its range, and nothing is heard", (name, advertisement) => {
    const { vnet } = setupRouters();
    expect(() => routerOf(vnet, 99).advertise(advertisement)).toThrow(RangeError);
    expect(() => routerOf(vnet, 99).advertise(advertisement)).toThrow(name);
    expect([routersOf(vnet), vnet.neighbours.prefixes().some(({ prefix }) => prefix.startsWith("2001"))]).toEqual([
      [],
      false,
    ]);
  });

  it("takes the largest numbers that there are", () => {
    const { vnet } = setupRouters();
    const most = 2 ** 32 - 1;
    const prefixes = Array.from({ length: 30 }, (_, n) => ({
      prefix: `2001:db8:${n}::/64`,
      valid: most,
      preferred: most,
    }));
    const words = { lifetime: 65_535, hopLimit: 255, reachable: most, retransmit: most, mtu: most };
    routerOf(vnet, 99).advertise({ ...words, preference: "high", prefixes });
    expect(vnet.neighbours.routers()[0]).toMatchObject({ lifetime: 65_535, preference: "high" });
    expect(vnet.neighbours.discovery("em0")).toMatchObject({ hopLimit: 255, retransmit: most, mtu: 1500 });
  });

  it("refuses a peer of IPv4, an interface that is not there, and one without IPv6 or link", () => {
    const { vnet } = setupRouters();
    const from = { address: "fe80::99", lladdr: "02:00:00:00:00:99" };
    const inet = vnet.peer("em0", { address: "192.0.2.7", lladdr: from.lladdr });
    expect(codeOf(() => inet.advertise())).toBe("EINVAL");
    expect(codeOf(() => vnet.neighbours.advertise("em9", from, {}))).toBe("ENXIO");
    expect(codeOf(() => vnet.neighbours.advertise("lo0", from, {}))).toBe("EAFNOSUPPORT");
    vnet.interfaceDown("em0");
    expect(codeOf(() => vnet.neighbours.advertise("em0", from, {}))).toBe("ENETDOWN");
    expect(codeOf(() => vnet.neighbours.discovery("em9"))).toBe("ENXIO");
  });

  it("is a message, as send is: what changes of the peer afterwards was not heard", () => {
    const { vnet } = setupRouters();
    const router = routerOf(vnet, 99);
    router.advertise();
    router.remove();
    expect(routersOf(vnet)).toEqual(["fe80::99*"]);
  });
});

describe("an interface's flags", () => {
  it("accept_rtadv and others are set and cleared by themselves; one of both lists is on", () => {
    const { vnet } = setupRouters();
    const flags = (): number => vnet.neighbours.discovery("em0").flags;
    const { ACCEPT_RTADV, NO_RADR } = ND6_IFF;
    const before = flags();
    vnet.interfaceSet("em0", { nd6: { on: NO_RADR, off: ACCEPT_RTADV } });
    expect(flags()).toBe((before | NO_RADR) & ~ACCEPT_RTADV);
    accept(vnet, "em0");
    expect(flags()).toBe(before | NO_RADR);
    vnet.interfaceSet("em0", { nd6: { on: NO_RADR, off: NO_RADR } });
    for (const nd6 of [{ on: -1 }, { off: 2 ** 32 }, { on: 0.5 }]) {
      expect(() => vnet.interfaceSet("em0", { nd6 })).toThrow(RangeError);
    }
    expect(flags()).toBe(before | NO_RADR);
  });

  it("acceptRtadv of an interface that is attached is the sysctl's opposite, if it says so", () => {
    const { vnet } = setupRouters({ sysctls: { "net.inet6.ip6.accept_rtadv": 1 } });
    vnet.interfaceAttach({ name: "em2", acceptRtadv: false });
    vnet.interfaceAttach({ name: "em3" });
    const accepts = (name: string): boolean => (vnet.neighbours.discovery(name).flags & ND6_IFF.ACCEPT_RTADV) !== 0;
    expect([accepts("em2"), accepts("em3")]).toEqual([false, true]);
  });
});

describe("a recorded run with routers", () => {
  it("is repeated byte for byte, and keeps what was advertised, whatever the caller does with it", () => {
    const { kernel, vnet } = setupRouters({ record: true, seed: 3 });
    const prefixes = [{ prefix: "2001:db8:a::/64", valid: 100, preferred: 50 }];
    const router = routerOf(vnet, 99);
    router.advertise({ prefixes, mtu: 1400 });
    prefixes[0] = { prefix: "2001:db8:b::/64", valid: 0, preferred: 0 };
    kernel.advance(60_000);
    router.advertise({ lifetime: 0 });
    expect(codeOf(() => vnet.neighbours.advertise("em9", router.options, {}))).toBe("ENXIO");
    const log = kernel.record();
    expect(log.events.filter(({ call }) => call === "peerAdvertise")).toHaveLength(3);
    const again = Kernel.replay(log);
    expect(again.record().memory).toEqual(log.memory);
    expect(again.vnet0.neighbours.prefixes()).toEqual(vnet.neighbours.prefixes());
  });
});
