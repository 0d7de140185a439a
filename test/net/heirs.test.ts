// What is left of addresses when their interface goes: networks' routes to inherit, and sources that nexthops still know.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { indexOf } from "../route/links.js";
import { added, dump, find, routeTo } from "../route/routes.js";
import { AS_GIVEN, setupR } from "../support/setups.js";

function setup(own: readonly string[], others: readonly string[]) {
  const interfaces = [
    { name: "em0", up: true, addresses: [...own] },
    { name: "em1", up: true, addresses: [...others] },
  ];
  return setupR({ ...AS_GIVEN, interfaces });
}

const IPV4 = ["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24"];
const IPV6 = ["2001:db8::1/64", "2001:db8::2/64", "2001:db8::3/64"];

describe("a network's route when an interface goes", () => {
  it.each([
    ["192.0.2.0/24", IPV4, 1],
    ["192.0.2.0/24", IPV4, 2],
    ["2001:db8::/64", IPV6, 1],
    ["2001:db8::/64", IPV6, 2],
  ] as const)(
    "[C.6.2] [B.6.1] of %s, %j, with the first %i: an address elsewhere inherits it",
    (network, all, count) => {
      const { vnet, socket } = setup(all.slice(0, count), all.slice(2));
      const others = dump(socket, AF.UNSPEC).map(({ prefix }) => prefix);
      vnet.interfaceDetach("em0");
      expect(routeTo(socket, network).oif).toBe(indexOf(vnet, "em1"));
      const gone = all
        .slice(0, count)
        .map((address) => address.replace(/\/\d+$/, network.includes(":") ? "/128" : "/32"));
      expect(dump(socket, AF.UNSPEC).map(({ prefix }) => prefix)).toEqual(
        others.filter((each) => !gone.includes(each)),
      );
      expect(vnet.check()).toBe(0);
      vnet.addressDelete("em1", (all[2] ?? "").replace(/\/\d+$/, ""));
      expect(find(socket, network)).toBeUndefined();
    },
  );

  it("[C.6.2] without memory for its heir the interface stays, and so does the route", () => {
    for (let n = 1, isDone = false; !isDone; n++) {
      const { vnet, socket } = setup(IPV4.slice(0, 2), IPV4.slice(2));
      const before = dump(socket, AF.UNSPEC);
      vnet.failAllocation(n);
      try {
        vnet.interfaceDetach("em0");
        isDone = true;
      } catch (error) {
        expect(error).toMatchObject({ code: "ENOMEM" });
      }
      vnet.failAllocation(0);
      if (isDone) expect(routeTo(socket, "192.0.2.0/24").oif).toBe(indexOf(vnet, "em1"));
      else expect(dump(socket, AF.UNSPEC)).toEqual(before);
      expect(vnet.check()).toBe(0);
    }
  });
});

describe("an address that is gone", () => {
  it("[C.6.1] stays the source of its nexthops, and a later one's end does not touch their routes (ifa_ref)", () => {
    const { vnet, socket } = setup(["2001:db8::1/64"], []);
    const { addresses } = vnet.statistics();
    added(socket, "10.0.0.0/8", { via: "2001:db8::2" });
    vnet.addressDelete("em0", "2001:db8::1");
    expect(vnet.statistics().addresses).toBe(addresses - 1);
    vnet.addressAdd("em0", "192.0.2.1/24");
    vnet.addressDelete("em0", "192.0.2.1");
    expect(find(socket, "10.0.0.0/8")).toBeDefined();
    vnet.interfaceDetach("em0");
    expect(find(socket, "10.0.0.0/8")).toBeUndefined();
    expect(vnet.check()).toBe(0);
  });
});
