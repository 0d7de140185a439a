// Nexthops, groups and routes of several paths by the client's calls, against the kernel.
import { beforeEach, describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { RTM, RTNLGRP, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { Client } from "../../host/client/client.js";
import { NetlinkError } from "../../host/kernel/errno.js";
import { Kernel } from "../../host/kernel/kernel.js";

let client: Client;
let em0: number;

beforeEach(() => {
  const kernel = Kernel.boot({
    modules: ["netlink"],
    interfaces: [
      { name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
      { name: "em1", up: true, addresses: ["198.51.100.1/24"] },
    ],
  });
  client = new Client(kernel.vnet0.socket());
  em0 = client.link({ name: "em0" }).index;
});

function refusalOf(work: () => unknown): Errno {
  try {
    work();
  } catch (error) {
    if (error instanceof NetlinkError) return error.errno;
    throw error;
  }
  return Errno.OK;
}

function gatewaysOf(destination: string): [gateway: string | undefined, weight: number][] {
  const [address, length] = destination.split("/");
  const route = client
    .routes({ family: AF.INET })
    .find((each) => each.destination === address && each.destinationLength === Number(length));
  return (route?.multipath ?? []).map(({ gateway, weight }) => [gateway, weight]);
}

describe("nexthops", () => {
  it("[F.4] none was ever made: ESRCH; and once one was, an empty list", () => {
    expect(refusalOf(() => client.nexthops())).toBe(Errno.ESRCH);
    client.nexthopAdd(7, { gateway: "192.0.2.254", oif: em0 });
    client.nexthopDelete(7);
    expect(client.nexthops()).toEqual([]);
  });

  it("[F.2] [F.3] one that was added is found by its id, with protocol, gateway and interface", () => {
    client.nexthopAdd(7, { gateway: "192.0.2.254", oif: em0, protocol: RTPROT.BGP });
    expect(client.nexthop(7)).toMatchObject({
      ...{ family: AF.INET, protocol: RTPROT.BGP, id: 7, gateway: "192.0.2.254", oif: em0 },
      freebsd: { addressInterface: em0 },
    });
    expect(refusalOf(() => client.nexthop(8))).toBe(Errno.ESRCH);
    expect(refusalOf(() => client.nexthopAdd(7, { gateway: "192.0.2.253", oif: em0 }))).toBe(Errno.EEXIST);
  });

  it("[F.2] [F.3] a group keeps the order and weights it was given", () => {
    client.nexthopAdd(7, { gateway: "192.0.2.254", oif: em0 });
    client.nexthopAdd(8, { gateway: "192.0.2.253", oif: em0 });
    client.nexthopAdd(9, { group: [{ id: 8, weight: 200 }, { id: 7 }] });
    expect(client.nexthop(9).group?.map(({ id, weight }) => [id, weight])).toEqual([
      [8, 200],
      [7, 1],
    ]);
    expect(refusalOf(() => client.nexthopAdd(10, { group: [{ id: 99 }] }))).toBe(Errno.ESRCH);
    expect(refusalOf(() => client.nexthopAdd(10, { group: [{ id: 9 }] }))).toBe(Errno.EOPNOTSUPP);
  });

  it("[F.4] groups alone, and those of an interface", () => {
    const em1 = client.link({ name: "em1" }).index;
    client.nexthopAdd(7, { gateway: "192.0.2.254", oif: em0 });
    client.nexthopAdd(8, { gateway: "198.51.100.9", oif: em1 });
    client.nexthopAdd(9, { group: [{ id: 7 }, { id: 8 }] });
    expect(client.nexthops({ groups: true }).map(({ id }) => id)).toEqual([9]);
    expect(client.nexthops({ oif: em1 }).map(({ id }) => id)).toEqual([8]);
    expect(client.nexthops()).toHaveLength(3);
  });

  it("[F.2] without an id the kernel takes one, which the notification tells", () => {
    const monitor = client.monitor([RTNLGRP.NEXTHOP]);
    client.nexthopAdd(undefined, { gateway: "192.0.2.254", oif: em0 });
    const told = monitor.next();
    if (told?.kind !== "nexthop") throw new Error("expected a nexthop");
    expect(told.header.type).toBe(RTM.NEWNEXTHOP);
    expect(client.nexthops().map(({ id }) => id)).toEqual([told.body.id]);
    expect(told.body.id).toBeGreaterThanOrEqual(262144);
  });

  it("[F.4] the kernel's, of a fib and family", () => {
    client.routeAdd("10.0.0.0/8", { gateway: "192.0.2.254" });
    const ours = client.kernelNexthops().find(({ gateway }) => gateway === "192.0.2.254");
    expect(ours).toMatchObject({ oif: em0, freebsd: { family: AF.INET, fib: 0, addressInterface: em0 } });
    expect(ours?.freebsd?.kernelNexthop).toBe(client.route("10.0.0.1").kernelNexthop);
    expect(client.kernelNexthops({ family: AF.INET6 }).every(({ freebsd }) => freebsd?.family === AF.INET6)).toBe(true);
  });

  it("[F.5] deleting one that is not there is ENOENT", () => {
    client.nexthopAdd(7, { gateway: "192.0.2.254", oif: em0 });
    client.nexthopDelete(7);
    expect(refusalOf(() => client.nexthopDelete(7))).toBe(Errno.ENOENT);
  });
});

describe("routes of several paths", () => {
  it("[E.4.1] [E.1.3] are added with their weights", () => {
    client.routeAdd("10.0.0.0/8", {
      multipath: [{ gateway: "192.0.2.253" }, { gateway: "192.0.2.254", index: em0, weight: 3 }],
    });
    expect(gatewaysOf("10.0.0.0/8")).toEqual([
      ["192.0.2.253", 1],
      ["192.0.2.254", 3],
    ]);
  });

  it("[E.5] grow by append; [E.6.3] and shrink by delete to one path", () => {
    client.routeAdd("10.0.0.0/8", { gateway: "192.0.2.253" });
    client.routeAppend("10.0.0.0/8", { gateway: "192.0.2.254", weight: 2 });
    expect(gatewaysOf("10.0.0.0/8")).toEqual([
      ["192.0.2.253", 1],
      ["192.0.2.254", 2],
    ]);
    expect(refusalOf(() => client.routeAppend("10.0.0.0/8", { gateway: "192.0.2.254" }))).toBe(Errno.EEXIST);
    client.routeDelete("10.0.0.0/8", { gateway: "192.0.2.253" });
    expect(client.route("10.0.0.1")).toMatchObject({ gateway: "192.0.2.254" });
    expect(gatewaysOf("10.0.0.0/8")).toEqual([]);
  });

  it("[E.4.1] lead where a group says, and show its id", () => {
    client.nexthopAdd(7, { gateway: "192.0.2.253", oif: em0 });
    client.nexthopAdd(8, { gateway: "192.0.2.254", oif: em0 });
    client.nexthopAdd(9, { group: [{ id: 7 }, { id: 8 }] });
    client.routeAdd("10.0.0.0/8", { nexthopId: 9 });
    const routes = client.routes({ family: AF.INET });
    expect(routes.find(({ destination }) => destination === "10.0.0.0")?.nexthopId).toBe(9);
    expect(gatewaysOf("10.0.0.0/8")).toHaveLength(2);
    expect(refusalOf(() => client.routeAdd("10.1.0.0/16", { nexthopId: 99 }))).toBe(Errno.ESRCH);
  });
});
