// Debian's own ip: each command that people and scripts use, its output, its exit status, and its words when it is wrong.
// What ip prints for the same state differs in places between the two kernels; those are differential/differences.ts.
// Here is what holds on both.
import { describe, expect, it } from "vitest";
import { eventually, onKernels } from "./suite.js";
import type { World } from "./world.js";

interface Nexthop {
  readonly gateway?: string;
  readonly weight?: number;
}

interface Route extends Nexthop {
  readonly dst: string;
  readonly dev?: string;
  readonly type?: string;
  readonly metric?: number;
  readonly nhid?: number;
  readonly prefsrc?: string;
  readonly nexthops?: readonly Nexthop[];
}

interface Link {
  readonly ifname: string;
  readonly link?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly operstate: string;
  readonly link_type: string;
  readonly address: string;
  readonly ifalias?: string;
  readonly master?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly id?: number } };
  readonly stats64?: object;
}

interface Address {
  readonly family: string;
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
}

interface NexthopObject {
  readonly id: number;
  readonly gateway?: string;
  readonly dev?: string;
  readonly group?: readonly { readonly id: number; readonly weight?: number }[];
}

/** Splits a command at spaces; no word of the tests holds one. */
function words(command: string): string[] {
  return command.split(" ");
}

async function routes(world: World, selector: string): Promise<Route[]> {
  return (await world.json(...words(`ip -j ${selector}`))) as Route[];
}

async function link(world: World, name: string): Promise<Link> {
  const [found] = (await world.json("ip", "-d", "-s", "-j", "link", "show", "dev", name)) as Link[];
  if (found === undefined) throw new Error(`ip shows no link ${name}`);
  return found;
}

/** The gateways of a prefix, of all its routes and paths. */
async function gateways(world: World, prefix: string): Promise<(string | undefined)[]> {
  const found = await routes(world, `route show ${prefix}`);
  return found.flatMap(({ gateway, nexthops }) => nexthops?.map((each) => each.gateway) ?? [gateway]).sort();
}

onKernels("ip", "ip", (world) => {
  const ip = async (command: string): Promise<string> => world().expect("ip", ...words(command));

  describe("shows", () => {
    it("links", async () => {
      const text = await ip("link");
      expect(text).toMatch(
        /^\d+: lo: <LOOPBACK.*UP,LOWER_UP> mtu \d+ qdisc \S+ state (UNKNOWN|UP) mode DEFAULT group default qlen \d+$/m,
      );
      expect(text).toMatch(
        /^\d+: eth0@eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc \S+ state UP mode DEFAULT/m,
      );
      expect(text).toContain("    link/ether 02:00:00:00:00:0a brd ff:ff:ff:ff:ff:ff");
    });

    it("links with details and statistics", async () => {
      const text = await ip("-s -d link");
      expect(text).toMatch(/^ {4}veth /m);
      expect(text.match(/^ {4}RX: +bytes packets errors dropped +missed +mcast/gm)).toHaveLength(3);
      expect(await link(world(), "eth0")).toMatchObject({ link: "eth1", linkinfo: { info_kind: "veth" }, stats64: {} });
    });

    it("addresses", async () => {
      const text = await ip("addr");
      expect(text).toMatch(/^ {4}inet 127\.0\.0\.1\/8 scope host lo$/m);
      expect(text).toMatch(/^ {4}inet 192\.0\.2\.1\/24 .*scope global eth0$/m);
      expect(text).toMatch(/^ {4}inet6 2001:db8::1\/64 scope global/m);
      expect(text).toMatch(/^ {7}valid_lft forever preferred_lft forever$/m);
      expect(text).not.toContain("dynamic");
    });

    it("addresses of IPv6 alone", async () => {
      const text = await ip("-6 addr");
      expect(text).toMatch(/^ {4}inet6 fe80::ff:fe00:a\/64 scope link/m);
      expect(text).not.toContain("inet ");
    });

    it("routes", async () => {
      expect(await ip("route")).toBe("192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1 \n");
    });

    it("routes of IPv6", async () => {
      const text = await ip("-6 route");
      expect(text).toMatch(/^2001:db8::\/64 dev eth0 proto kernel metric 256 pref medium$/m);
      expect(text).toMatch(/^fe80::\/64 dev eth0 proto kernel metric 256 pref medium$/m);
    });

    it("rules", async () => {
      expect(await ip("rule")).toBe(
        "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n",
      );
      expect(await ip("-6 rule")).toBe("0:\tfrom all lookup local\n32766:\tfrom all lookup main\n");
    });

    it.each([
      "link",
      "-s -d link",
      "addr",
      "-6 addr",
      "route",
      "-6 route",
      "route show table all",
      "route get 192.0.2.9",
      "-6 route get 2001:db8::9",
      "neigh",
      "nexthop",
      "rule",
    ])("%s as JSON that parses", async (command) => {
      expect(await world().json("ip", "-j", ...words(command))).toBeInstanceOf(Array);
    });
  });

  describe("route", () => {
    it("gets the way of an address, IPv4 and IPv6", async () => {
      expect(await routes(world(), "route get 192.0.2.9")).toMatchObject([
        { dst: "192.0.2.9", dev: "eth0", prefsrc: "192.0.2.1" },
      ]);
      expect(await routes(world(), "-6 route get 2001:db8::9")).toMatchObject([
        { dst: "2001:db8::9", dev: "eth0", prefsrc: "2001:db8::1" },
      ]);
    });

    it("adds, replaces, appends and deletes", async () => {
      await ip("route add 198.51.100.0/24 via 192.0.2.2");
      expect(await gateways(world(), "198.51.100.0/24")).toEqual(["192.0.2.2"]);
      await ip("route replace 198.51.100.0/24 via 192.0.2.3");
      expect(await gateways(world(), "198.51.100.0/24")).toEqual(["192.0.2.3"]);
      await ip("route append 198.51.100.0/24 via 192.0.2.4");
      expect(await gateways(world(), "198.51.100.0/24")).toEqual(["192.0.2.3", "192.0.2.4"]);
      await ip("route del 198.51.100.0/24 via 192.0.2.4");
      await ip("route del 198.51.100.0/24");
      expect(await gateways(world(), "198.51.100.0/24")).toEqual([]);
    });

    it("is the default one without a prefix", async () => {
      await ip("route add default via 192.0.2.254");
      expect(await ip("route show default")).toBe("default via 192.0.2.254 dev eth0 \n");
      expect(await routes(world(), "route get 203.0.113.7")).toMatchObject([{ gateway: "192.0.2.254", dev: "eth0" }]);
      await ip("route del default");
      expect(await ip("route show default")).toBe("");
    });

    it("has several paths with weights", async () => {
      await ip("route add 198.51.101.0/24 nexthop via 192.0.2.10 weight 1 nexthop via 192.0.2.11 weight 3");
      const [route] = await routes(world(), "route show 198.51.101.0/24");
      expect(route?.nexthops).toMatchObject([
        { gateway: "192.0.2.10", weight: 1 },
        { gateway: "192.0.2.11", weight: 3 },
      ]);
      await ip("route del 198.51.101.0/24");
    });

    it("goes over IPv6, and to nowhere", async () => {
      await ip("-6 route add 2001:db8:1::/48 via 2001:db8::2");
      await ip("route add blackhole 198.51.102.0/24");
      expect(await routes(world(), "-6 route show 2001:db8:1::/48")).toMatchObject([
        { dst: "2001:db8:1::/48", gateway: "2001:db8::2", dev: "eth0" },
      ]);
      expect(await ip("route show 198.51.102.0/24")).toMatch(/^blackhole 198\.51\.102\.0\/24 $/m);
      await ip("-6 route del 2001:db8:1::/48");
      await ip("route del blackhole 198.51.102.0/24");
    });

    it("is flushed by what it matches", async () => {
      await ip("route add 198.51.103.0/24 via 192.0.2.2 proto static");
      await ip("route add 198.51.104.0/24 via 192.0.2.2 proto static");
      await ip("route flush proto static");
      expect(await routes(world(), "route show proto static")).toEqual([]);
    });

    it("comes by the thousand in a batch", async () => {
      const line = (_: unknown, i: number) => `route add 10.${i >> 8}.${i & 255}.0/24 via 192.0.2.${2 + (i % 200)}\n`;
      const batch = world().file("batch", Array.from({ length: 10_000 }, line).join(""));
      await ip(`-batch ${batch}`);
      const loaded = (await ip("route show root 10.0.0.0/8")).trimEnd().split("\n");
      expect(loaded).toHaveLength(10_000);
      expect(loaded[256]?.trimEnd()).toBe("10.1.0.0/24 via 192.0.2.58 dev eth0");
      await ip("route flush root 10.0.0.0/8");
      expect(await ip("route show root 10.0.0.0/8")).toBe("");
    });
  });

  describe("nexthop", () => {
    it("is added, replaced, grouped, used and deleted", async () => {
      const show = async () => (await world().json("ip", "-j", "nexthop")) as NexthopObject[];
      await ip("nexthop add id 101 via 192.0.2.20 dev eth0");
      await ip("nexthop add id 102 via 192.0.2.21 dev eth0");
      await ip("nexthop replace id 102 via 192.0.2.22 dev eth0");
      await ip("nexthop add id 110 group 101,1/102,3");
      expect(await show()).toMatchObject([
        { id: 101, gateway: "192.0.2.20", dev: "eth0" },
        { id: 102, gateway: "192.0.2.22", dev: "eth0" },
        { id: 110, group: [{ id: 101 }, { id: 102, weight: 3 }] },
      ]);
      await ip("route add 198.51.110.0/24 nhid 110");
      expect(await routes(world(), "route show 198.51.110.0/24")).toMatchObject([{ nhid: 110 }]);
      await ip("route del 198.51.110.0/24");
      for (const id of [110, 102, 101]) await ip(`nexthop del id ${id}`);
      expect(await show()).toEqual([]);
    });
  });

  describe("addr", () => {
    it("is added and deleted, IPv4 and IPv6", async () => {
      await ip("addr add 198.51.100.1/24 dev eth1");
      await ip("-6 addr add 2001:db8:1::1/64 dev eth1");
      const [{ addr_info: found } = { addr_info: [] }] = (await world().json(
        "ip",
        "-j",
        "addr",
        "show",
        "dev",
        "eth1",
      )) as {
        addr_info: Address[];
      }[];
      expect(found).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ local: "198.51.100.1", prefixlen: 24, scope: "global" }),
          expect.objectContaining({ local: "2001:db8:1::1", prefixlen: 64, scope: "global" }),
        ]),
      );
      await ip("addr del 198.51.100.1/24 dev eth1");
      await ip("-6 addr del 2001:db8:1::1/64 dev eth1");
      expect(await ip("addr show dev eth1")).not.toContain("global");
    });
  });

  describe("neigh", () => {
    it("is added, replaced and deleted", async () => {
      await ip("neigh add 192.0.2.30 lladdr 02:00:00:00:00:30 dev eth0");
      expect(await ip("neigh show 192.0.2.30")).toBe("192.0.2.30 dev eth0 lladdr 02:00:00:00:00:30 PERMANENT \n");
      await ip("neigh replace 192.0.2.30 lladdr 02:00:00:00:00:31 dev eth0");
      expect(await ip("neigh get 192.0.2.30 dev eth0")).toContain("02:00:00:00:00:31");
      await ip("-6 neigh add 2001:db8::30 lladdr 02:00:00:00:00:32 dev eth0");
      expect(await ip("-6 neigh")).toContain("2001:db8::30 dev eth0 lladdr 02:00:00:00:00:32 PERMANENT");
      await ip("neigh del 192.0.2.30 dev eth0");
      await ip("-6 neigh del 2001:db8::30 dev eth0");
      expect(await ip("neigh show nud permanent")).toBe("");
    });
  });

  describe("link", () => {
    it("is a bridge with a member", async () => {
      await ip("link add br7 type bridge");
      await ip("link set br7 up");
      await ip("link set eth1 master br7");
      expect(await link(world(), "eth1")).toMatchObject({ master: "br7" });
      expect(await link(world(), "br7")).toMatchObject({ link_type: "ether", linkinfo: { info_kind: "bridge" } });
      await ip("link set eth1 nomaster");
      expect((await link(world(), "eth1")).master).toBeUndefined();
      await ip("link del br7");
    });

    it("is a pair, whose ends go together", async () => {
      await ip("link add va type veth peer name vb");
      expect(await link(world(), "va")).toMatchObject({ link: "vb", linkinfo: { info_kind: "veth" } });
      await ip("link del vb");
      expect((await world().run("ip", "link", "show", "dev", "va")).status).toBe(1);
    });

    it.each([
      [
        "vlan",
        "link add link eth0 name eth0.7 type vlan id 7",
        "eth0.7",
        { link: "eth0", linkinfo: { info_data: { id: 7 } } },
      ],
      ["dummy", "link add dummy7 type dummy", "dummy7", { linkinfo: { info_kind: "dummy" } }],
    ])("is a %s, where the kernel has them", async (_, command, name, shown) => {
      const { status, stderr } = await world().run("ip", ...words(command));
      if (stderr.includes("Unknown device type")) return;
      expect(status).toBe(0);
      expect(await link(world(), name)).toMatchObject(shown);
      await ip(`link del ${name}`);
    });

    it("is set down and up, longer, renamed, described", async () => {
      await ip("link add vc type veth peer name vd");
      await ip("link set vc up mtu 1400 alias uplink");
      expect(await link(world(), "vc")).toMatchObject({ mtu: 1400, ifalias: "uplink" });
      expect((await link(world(), "vc")).flags).toContain("UP");
      await ip("link set vc down");
      await ip("link set vc name ve address 02:00:00:00:00:77");
      expect(await link(world(), "ve")).toMatchObject({ operstate: "DOWN", address: "02:00:00:00:00:77" });
      await ip("link del ve");
    });
  });

  describe("monitor", () => {
    it("prints what another client changes, as it comes", async () => {
      const monitor = world().start(["ip", "monitor", "all"]);
      // ip says nothing when it has joined; it is there when it shows a change.
      await eventually(async () => {
        await ip("route replace 198.51.100.0/24 via 192.0.2.2");
        await monitor.says(/198\.51\.100\.0\/24/, 200);
      });
      await ip("addr add 198.51.101.1/24 dev eth1");
      await ip("neigh add 192.0.2.31 lladdr 02:00:00:00:00:31 dev eth0");
      await ip("nexthop add id 103 via 192.0.2.23 dev eth0");
      await ip("link set eth1 mtu 1300");
      await ip("link set eth1 mtu 1500");
      await ip("nexthop del id 103");
      await ip("neigh del 192.0.2.31 dev eth0");
      await ip("addr del 198.51.101.1/24 dev eth1");
      await ip("route del 198.51.100.0/24");
      await monitor.says(/\[ROUTE\]Deleted 198\.51\.100\.0\/24 via 192\.0\.2\.2 dev eth0/);
      const { stdout } = await monitor.stop();
      for (const pattern of [
        /\[ROUTE\]198\.51\.100\.0\/24 via 192\.0\.2\.2 dev eth0/,
        /\[ADDR\]\d+: eth1\s+inet 198\.51\.101\.1\/24/,
        /\[NEIGH\]192\.0\.2\.31 dev eth0 lladdr 02:00:00:00:00:31 PERMANENT/,
        /\[NEXTHOP\]id 103 via 192\.0\.2\.23 dev eth0/,
        /\[LINK\]\d+: eth1@\S+: .* mtu 1300/,
        /\[NEXTHOP\]Deleted id 103/,
        /\[ADDR\]Deleted \d+: eth1\s+inet 198\.51\.101\.1\/24/,
      ]) {
        expect(stdout).toMatch(pattern);
      }
    });
  });

  describe("fails", () => {
    const answers = (text: string) => `RTNETLINK answers: ${text}\n`;

    it.each([
      ["route del 10.99.0.0/16", 2, answers("No such process")],
      ["route change 10.99.0.0/16 via 192.0.2.2", 2, answers("No such file or directory")],
      ["route add 10.99.0.0/16 via 203.0.113.77", 2, "Error: Nexthop has invalid gateway.\n"],
      ["route add 10.99.0.0/16 dev nosuch", 1, 'Cannot find device "nosuch"\n'],
      ["route add 192.0.2.99/24 dev eth0", 2, "Error: Invalid prefix for given prefix length.\n"],
      ["route add 10.99.0.0/16 nhid 77", 2, "Error: Nexthop id does not exist.\n"],
      ["route get 203.0.113.1", 2, answers("Network is unreachable")],
      ["route show table 100", 2, "Error: ipv4: FIB table does not exist.\nDump terminated\n"],
      ["nexthop del id 77", 2, answers("No such file or directory")],
      ["nexthop add id 112 group 99", 2, "Error: Invalid nexthop id.\n"],
      ["neigh del 192.0.2.99 dev eth0", 2, answers("No such file or directory")],
      ["neigh get 192.0.2.99 dev eth0", 2, "Error: Neighbour entry not found.\n"],
      ["addr add 192.0.2.1/24 dev eth0", 2, "Error: ipv4: Address already assigned.\n"],
      ["-6 addr add 2001:db8::1/64 dev eth0", 2, "Error: ipv6: address already assigned.\n"],
      ["addr del 192.0.2.77/24 dev eth0", 2, "Error: ipv4: Address not found.\n"],
      ["addr add 192.0.2.5/24 dev nosuch", 1, 'Cannot find device "nosuch"\n'],
      ["link show dev nosuch", 1, 'Device "nosuch" does not exist.\n'],
      ["link add x0 type nosuchkind", 2, "Error: Unknown device type.\n"],
      ["link set eth0 name eth1", 2, answers("File exists")],
      ["link del lo", 2, answers("Operation not supported")],
      ["rule del from 10.0.0.0/8 table 99", 2, answers("No such file or directory")],
    ])("%s: status %i, %j", async (command, status, stderr) => {
      expect(await world().run("ip", ...words(command))).toMatchObject({ status, stderr });
    });

    it("for a route that is there", async () => {
      await ip("route add 10.98.0.0/16 via 192.0.2.2");
      expect(await world().run("ip", ...words("route add 10.98.0.0/16 via 192.0.2.2"))).toMatchObject({
        status: 2,
        stderr: answers("File exists"),
      });
      await ip("route del 10.98.0.0/16");
    });

    it("at the line of a batch, and goes on when forced", async () => {
      const lines = ["route add 10.97.0.0/16 via 192.0.2.2", "route del 10.96.0.0/16", "route del 10.97.0.0/16", ""];
      const { status, stderr } = await world().runWith(lines.join("\n"), "ip", "-force", "-batch", "-");
      expect({ status, stderr }).toEqual({ status: 1, stderr: `${answers("No such process")}Command failed -:2\n` });
    });
  });
});
