import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { IFF, IN6_IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { SO, SOL } from "../../assembly/abi/netlink.js";
import { IFA_F, RTF, RTM, RTN, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Client } from "../../host/client/client.js";
import { NetlinkError } from "../../host/kernel/errno.js";
import { Kernel } from "../../host/kernel/kernel.js";

let kernel: Kernel;
let client: Client;

beforeEach(() => {
  kernel = Kernel.boot({
    seed: 1,
    fibs: 2,
    modules: ["netlink"],
    interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:01", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }],
  });
  client = new Client(kernel.vnet0.socket());
});

function refusal(work: () => unknown): NetlinkError {
  try {
    work();
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
  throw new Error("expected a NetlinkError");
}

function indexOf(name: string): number {
  return client.link({ name }).index;
}

describe("addresses", () => {
  it("[C.4.1] [C.1.2] IPv4 with its broadcast address comes and goes", () => {
    const index = indexOf("em0");
    client.addressAdd("198.51.100.1/24", { index, broadcast: "198.51.100.7" });
    const found = client.addresses({ family: AF.INET, index }).at(-1);
    expect(found).toMatchObject({ local: "198.51.100.1", prefixLength: 24, broadcast: "198.51.100.7" });
    client.addressDelete("198.51.100.1", { index });
    expect(client.addresses({ family: AF.INET, index }).map(({ local }) => local)).toEqual(["192.0.2.1"]);
  });

  it("[C.5.2] IPv6 lasts for ever unless it is told how long; flags go with it", () => {
    const index = indexOf("em0");
    client.addressAdd("2001:db8:1::1/64", { index });
    client.addressAdd("2001:db8:2::1/64", { index, preferred: 60, valid: 90, flags: IFA_F.NODAD });
    const [first, second] = client.addresses({ family: AF.INET6, index }).slice(-2);
    expect(first?.cacheInfo).toMatchObject({ preferred: 0xffffffff, valid: 0xffffffff });
    expect(second?.cacheInfo).toMatchObject({ preferred: 60, valid: 90 });
    expect(second?.freebsd?.flags).toBe(IN6_IFF.NODAD | IN6_IFF.TENTATIVE);
  });

  it("[C.5.1] a peer on a point-to-point interface; elsewhere EINVAL", () => {
    kernel.vnet0.interfaceAttach({ name: "gif0", pointToPoint: true, up: true });
    const index = indexOf("gif0");
    client.addressAdd("192.0.2.9/32", { index, peer: "192.0.2.10" });
    expect(client.addresses({ index })).toMatchObject([{ local: "192.0.2.9", address: "192.0.2.10" }]);
    const peer = { index: indexOf("em0"), peer: "2001:db8::a" };
    expect(refusal(() => client.addressAdd("2001:db8::9/128", peer))).toMatchObject({ code: "EINVAL" });
  });

  it("[C.3.1] [C.6.1] refusals have errno, operation and text", () => {
    expect(refusal(() => client.addressAdd("198.51.100.1/24", { index: 99 }))).toMatchObject({
      operation: "RTM_NEWADDR",
      code: "ENOENT",
      ack: { message: "Unable to find interface with index 99" },
    });
    const index = indexOf("em0");
    expect(refusal(() => client.addressDelete("198.51.100.1", { index }))).toMatchObject({ code: "EADDRNOTAVAIL" });
    expect(() => client.addressAdd("nowhere/24", { index })).toThrow(RangeError);
  });
});

describe("reading", () => {
  it("[B.2.4] links come in the order they were attached", () => {
    expect(client.links().map(({ name }) => name)).toEqual(["lo0", "em0"]);
  });

  it("[B.2.3] a link is found by name and by index", () => {
    const em0 = client.link({ name: "em0" });
    expect(em0).toMatchObject({ name: "em0", address: "02:00:00:00:00:01", mtu: 1500 });
    expect(em0.flags & IFF.UP).toBe(IFF.UP);
    expect(client.link({ index: em0.index })).toEqual(em0);
  });

  it("[B.2.3] a link that is not there is ENODEV, and the operation says which request", () => {
    const error = refusal(() => client.link({ name: "em9" }));
    expect(error).toMatchObject({ operation: "RTM_GETLINK", errno: Errno.ENODEV, code: "ENODEV" });
  });

  it("[C.2.2] addresses are filtered by family and interface", () => {
    const inet = client.addresses({ family: AF.INET, index: indexOf("em0") });
    expect(inet).toMatchObject([{ address: "192.0.2.1", prefixLength: 24, label: "em0", broadcast: "192.0.2.255" }]);
    const inet6 = client.addresses({ family: AF.INET6, index: indexOf("em0") });
    expect(inet6.map(({ address }) => address)).toContain("2001:db8::1");
  });

  it("[C.2.2] addresses of an unknown index are ENOENT: a DONE with an error throws", () => {
    expect(refusal(() => client.addresses({ index: 99 })).errno).toBe(Errno.ENOENT);
  });

  it("[E.3.1] a dump of routes shows one fib", () => {
    client.routeAdd("10.1.0.0/16", { gateway: "192.0.2.254" });
    const destinations = client
      .routes({ family: AF.INET })
      .map(({ destination, destinationLength }) => `${destination}/${destinationLength}`);
    expect(destinations).toContain("10.1.0.0/16");
    expect(client.routes({ family: AF.INET, fib: 1 }).map(({ destination }) => destination)).not.toContain("10.1.0.0");
    expect(refusal(() => client.routes({ fib: 2 })).errno).toBe(Errno.EINVAL);
  });

  it("a dump larger than the receive buffer comes whole", () => {
    const socket = kernel.vnet0.socket();
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 4096);
    const small = new Client(socket);
    for (let index = 0; index < 200; index++) small.routeAdd(`10.2.${index}.0/24`, { gateway: "192.0.2.254" });
    expect(small.routes({ family: AF.INET }).filter(({ gateway }) => gateway === "192.0.2.254")).toHaveLength(200);
  });
});

describe("routes", () => {
  it("[E.1.5] one that was added is found by the longest match, with its path", () => {
    client.routeAdd("10.0.0.0/8", { gateway: "192.0.2.253" });
    client.routeAdd("10.1.0.0/16", { gateway: "192.0.2.254" });
    expect(client.route("10.1.2.3")).toMatchObject({
      destination: "10.1.0.0",
      destinationLength: 16,
      gateway: "192.0.2.254",
      oif: indexOf("em0"),
      type: RTN.UNICAST,
      routeFlags: RTF.GATEWAY | RTF.STATIC,
    });
    expect(client.route("10.2.0.1").gateway).toBe("192.0.2.253");
  });

  it("[E.1.2] IPv6 routes, and IPv4 routes over IPv6 gateways", () => {
    client.routeAdd("2001:db8:1::/48", { gateway: "2001:db8::fe" });
    client.routeAdd("198.51.100.0/24", { via: "2001:db8::fe" });
    expect(client.route("2001:db8:1::1").gateway).toBe("2001:db8::fe");
    expect(client.route("198.51.100.1").via).toBe("2001:db8::fe");
  });

  it("[E.5] adding a prefix twice is EEXIST, replacing changes its path", () => {
    client.routeAdd("10.1.0.0/16", { gateway: "192.0.2.254" });
    expect(refusal(() => client.routeAdd("10.1.0.0/16", { gateway: "192.0.2.253" })).errno).toBe(Errno.EEXIST);
    expect(client.route("10.1.0.1").gateway).toBe("192.0.2.254");
    client.routeReplace("10.1.0.0/16", { gateway: "192.0.2.253" });
    expect(client.route("10.1.0.1").gateway).toBe("192.0.2.253");
  });

  it("[E.6.1] one that was deleted is gone, and deleting it again is ESRCH", () => {
    client.routeAdd("10.1.0.0/16", { gateway: "192.0.2.254" });
    client.routeDelete("10.1.0.0/16");
    expect(refusal(() => client.route("10.1.0.1"))).toMatchObject({ operation: "RTM_GETROUTE", errno: Errno.ESRCH });
    expect(refusal(() => client.routeDelete("10.1.0.0/16")).errno).toBe(Errno.ESRCH);
  });

  it("[N5.4] [E.4.2] a refusal carries the ext ack's text", () => {
    const error = refusal(() => client.routeAdd("2001:db8:1::/48", { gateway: "fe80::1" }));
    expect(error.errno).toBe(Errno.EINVAL);
    expect(error.ack.message).toMatch(/./);
  });

  it("[N6.3] an unknown interface carries the offset of RTA_OIF", () => {
    const error = refusal(() => client.routeAdd("10.1.0.0/16", { oif: 99 }));
    expect(error).toMatchObject({
      errno: Errno.ENOENT,
      ack: { message: "nla type 4: ifindex 99 invalid", offset: 16 + 12 + 8 + 8 },
    });
  });

  it("[N5.5] without privilege a change is EPERM and reading works", () => {
    const guest = new Client(kernel.vnet0.socket({ cred: { uid: 1001 } }));
    expect(refusal(() => guest.routeAdd("10.1.0.0/16", { gateway: "192.0.2.254" })).errno).toBe(Errno.EPERM);
    expect(guest.links()).toHaveLength(2);
  });

  it("what is no prefix is refused before anything is sent", () => {
    expect(() => client.routeAdd("10.1/16", { gateway: "192.0.2.254" })).toThrow(RangeError);
  });
});

describe("monitor", () => {
  let monitor: ReturnType<Client["monitor"]>;
  beforeEach(() => {
    monitor = client.monitor([RTNLGRP.IPV4_ROUTE, RTNLGRP.LINK]);
  });
  afterEach(() => monitor.close());

  it("has nothing while nothing happens", () => {
    expect(monitor.next()).toBeUndefined();
  });

  it("[E.7] shows the client's own changes, which carry its sequence number and port id, beside their acks", () => {
    client.routeAdd("10.1.0.0/16", { gateway: "192.0.2.254" });
    client.routeDelete("10.1.0.0/16");
    expect(monitor.next()).toMatchObject({
      header: { type: RTM.NEWROUTE, seq: 1, pid: client.port },
      body: { destination: "10.1.0.0" },
    });
    expect(monitor.next()).toMatchObject({ header: { type: RTM.DELROUTE, seq: 2, pid: client.port } });
    expect(monitor.next()).toBeUndefined();
  });

  it("[E.7] does not take another client's change with the same sequence number for an answer", () => {
    const other = new Client(kernel.vnet0.socket());
    other.routeAdd("10.1.0.0/16", { gateway: "192.0.2.254" });
    expect(client.routes({ family: AF.INET }).filter(({ destination }) => destination === "10.1.0.0")).toHaveLength(1);
    expect(monitor.next()).toMatchObject({ header: { type: RTM.NEWROUTE, seq: 1, pid: other.port } });
    expect(monitor.next()).toBeUndefined();
  });

  it("[RT 0.7] shows the kernel's own events with port id and sequence number 0", () => {
    kernel.vnet0.interfaceDown("em0");
    const links = [];
    for (let message = monitor.next(); message; message = monitor.next())
      if (message.kind === "link") links.push(message);
    expect(links[0]).toMatchObject({ header: { type: RTM.NEWLINK, seq: 0, pid: 0 }, body: { name: "em0" } });
  });

  it("is silent once it is closed", () => {
    client.routeAdd("10.1.0.0/16", { gateway: "192.0.2.254" });
    monitor.close();
    expect(monitor.next()).toBeUndefined();
    const again = client.monitor([RTNLGRP.IPV4_ROUTE]);
    expect(again.next()).toBeUndefined();
    again.close();
  });
});

describe("the socket", () => {
  it("[N2.5] is bound, so that no other client's answers can be meant", () => {
    const other = new Client(kernel.vnet0.socket());
    expect(client.port).not.toBe(0);
    expect(other.port).not.toBe(client.port);
  });

  it("a kernel that is stepped gives no answer by itself: EAGAIN", () => {
    const stepped = new Client(Kernel.boot({ modules: ["netlink"], stepped: true }).vnet0.socket());
    expect(refusal(() => stepped.links()).errno).toBe(Errno.EAGAIN);
  });
});
