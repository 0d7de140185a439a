// ARP and NDP entries by routing sockets, and what is heard of neighbours (rtsock G.4.10, G.5.6, test_rtsock_lladdr.c).

import { describe, expect, it } from "vitest";
import { RTF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { ROUTE_RTM } from "../../assembly/abi/rtsock.js";
import { Errno, type RoutingSocket, type Vnet } from "../../host/kernel/kernel.js";
import { aboutNeighbour, lladdrOf } from "../route/neighbours.js";
import { ask as askNetlink, drain } from "../support/messages.js";
import { AS_GIVEN, monitor, setupE } from "../support/setups.js";
import { errnoOf, link, type RequestFields, readAll, request, words } from "./routing.js";

const LLADDR = "00:00:00:42:42:42";
const FLAGS = RTF.HOST | RTF.STATIC | RTF.LLDATA;
const entry = (dst: string, fields: RequestFields = {}): RequestFields => ({
  dst,
  gateway: link(2, { lladdr: LLADDR }),
  flags: FLAGS,
  ...fields,
});

function stage(): { vnet: Vnet; socket: RoutingSocket; netlink: ReturnType<typeof setupE>["socket"] } {
  const { vnet, socket: netlink } = setupE(AS_GIVEN);
  vnet.addressAdd("em0", "fe80::1/64");
  return { vnet, netlink, socket: vnet.routingSocket({ pid: 4242 }) };
}

const refusal = (socket: RoutingSocket, type: ROUTE_RTM, fields: RequestFields): Errno =>
  errnoOf(() => socket.write(request(type, fields)));

describe.each([
  ["[RS-25] [RS-28] link-local IPv6", "fe80::4242:4242%2"],
  ["[RS-26] global IPv6 whose prefix is nowhere", "2001:db8:7::4242"],
  ["[RS-27] IPv4", "192.0.2.42"],
])("%s", (_, dst) => {
  it("is added and deleted, each echoed as it was sent", () => {
    const { socket } = stage();
    const isInet6 = dst.includes(":");
    const shown = { dst, gateway: `link#2 ${LLADDR}`, errno: 0, pid: 4242, flags: FLAGS | RTF.DONE };
    expect(refusal(socket, ROUTE_RTM.ADD, entry(dst))).toBe(Errno.OK);
    const added = readAll(socket);
    expect(added.at(-1)).toMatchObject({ ...shown, type: "ADD" });
    // The kernel's own message of IPv6 comes before the echo; of IPv4 there is none.
    if (isInet6) expect(added[0]).toMatchObject({ type: "ADD", length: 240, pid: 0, flags: 0x445, index: 0, dst });
    else expect(added[0]?.length).toBe(224);
    expect(added).toHaveLength(isInet6 ? 2 : 1);
    expect(refusal(socket, ROUTE_RTM.DELETE, entry(dst))).toBe(Errno.OK);
    expect(readAll(socket)).toMatchObject([{ ...shown, type: "DELETE" }]);
    expect(refusal(socket, ROUTE_RTM.DELETE, entry(dst))).toBe(Errno.ENOENT);
  });
});

describe("an entry by RTF_LLDATA", () => {
  it("[RF-RTSOCK-23] is refused for an unknown interface, other types, an own address, without gateway", () => {
    const { socket } = stage();
    const refused = (type: ROUTE_RTM, fields: RequestFields) => refusal(socket, type, fields);
    expect(refused(ROUTE_RTM.ADD, entry("192.0.2.42", { gateway: link(77, { lladdr: LLADDR }) }))).toBe(Errno.EINVAL);
    expect(refused(ROUTE_RTM.GET, entry("192.0.2.42"))).toBe(Errno.EINVAL);
    expect(refused(ROUTE_RTM.CHANGE, entry("192.0.2.42"))).toBe(Errno.EINVAL);
    expect(refused(ROUTE_RTM.ADD, entry("192.0.2.1"))).toBe(Errno.EPERM);
    expect(refused(ROUTE_RTM.DELETE, entry("192.0.2.1"))).toBe(Errno.EPERM);
    expect(refused(ROUTE_RTM.ADD, { dst: "192.0.2.42", flags: FLAGS })).toBe(Errno.EINVAL);
    expect(refused(ROUTE_RTM.ADD, entry("192.0.2.42", { gateway: "192.0.2.9" }))).toBe(Errno.EINVAL);
    // Not on the link of em0; lo0 has no link-layer addresses.
    expect(refused(ROUTE_RTM.ADD, entry("203.0.113.1"))).toBe(Errno.ENOMEM);
    expect(refused(ROUTE_RTM.ADD, entry("127.0.0.1", { gateway: link(1, { lladdr: LLADDR }) }))).toBe(Errno.EINVAL);
  });

  it("replaces one: IPv6 tells of the old one's end first", () => {
    const { socket } = stage();
    refusal(socket, ROUTE_RTM.ADD, entry("2001:db8::42"));
    readAll(socket);
    refusal(socket, ROUTE_RTM.ADD, entry("2001:db8::42", { gateway: link(2, { lladdr: "00:00:00:42:42:43" }) }));
    const [gone, come, echo] = words(readAll(socket));
    expect(gone).toBe("DELETE 2001:db8::42 link#2 00:00:00:00:00:00 0x444 of 0");
    expect(come).toBe("ADD 2001:db8::42 link#2 00:00:00:42:42:43 0x445 of 0");
    expect(echo).toMatch(/^ADD 2001:db8::42/);
  });

  it("ignores the mask, and netlink hears of it", () => {
    const { vnet, socket } = stage();
    const listener = monitor(vnet, RTNLGRP.NEIGH);
    expect(refusal(socket, ROUTE_RTM.ADD, entry("192.0.2.42", { netmask: "255.255.255.0" }))).toBe(Errno.OK);
    expect(readAll(socket)[0]).toMatchObject({ dst: "192.0.2.42", addrs: 3 });
    expect(drain(listener)).toHaveLength(1);
  });

  it("at any allocation that fails leaves the entry that was there", () => {
    for (let n = 1; ; n++) {
      const { vnet, socket } = stage();
      refusal(socket, ROUTE_RTM.ADD, entry("192.0.2.42"));
      const before = vnet.statistics().neighbours;
      vnet.failAllocation(n);
      const error = refusal(socket, ROUTE_RTM.ADD, entry("192.0.2.42"));
      vnet.failAllocation(0);
      expect(vnet.check()).toBe(0);
      expect(vnet.statistics().neighbours).toBe(before);
      if (error === Errno.OK) break;
      expect(n).toBeLessThan(20);
    }
  });
});

const newNeighbour = (destination: string) =>
  aboutNeighbour(RTM.NEWNEIGH, "qaC", destination, { index: 2 }, lladdrOf(LLADDR));

describe("neighbours that others make", () => {
  it("[RF-RTSOCK-27] netlink's and NDP's of IPv6 are heard, IPv4's never", () => {
    const { vnet, netlink, socket } = stage();
    askNetlink(netlink, newNeighbour("2001:db8::42"));
    askNetlink(netlink, newNeighbour("192.0.2.42"));
    expect(words(readAll(socket))).toEqual([`ADD 2001:db8::42 link#2 ${LLADDR} 0x445 of 0`]);
    vnet.peer("em0", { address: "fe80::9", lladdr: "00:00:00:00:00:09" });
    vnet.neighbourResolve("em0", "fe80::9");
    expect(words(readAll(socket))).toEqual(["ADD fe80::9%2 link#2 00:00:00:00:00:09 0x445 of 0"]);
  });
});
