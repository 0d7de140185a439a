// libnl's tools. They bind a port of their own choice, cache all links before nearly everything, and send headers of one
// byte.
import { describe, expect, it } from "vitest";
import { onKernels } from "./suite.js";

onKernels("libnl", "nl-route-list", (world) => {
  const run = async (command: string): Promise<string> => world().expect(...command.split(" "));

  it("[FC-LINUX-5] lists links", async () => {
    const text = await run("nl-link-list");
    expect(text).toMatch(/^lo loopback <.*up,running.*> group 0 $/m);
    expect(text).toMatch(/^eth0 ether 02:00:00:00:00:0a <.*up,running,lowerup> slave-of eth1 group 0 $/m);
    expect(await run("nl-link-list --name eth1")).toMatch(
      /^eth1 ether 02:00:00:00:00:0b <.*> slave-of eth0 group 0 $/m,
    );
  });

  it("[FC-LINUX-5] lists families of generic netlink, and their commands", async () => {
    expect(await run("genl-ctrl-list")).toMatch(/^0x0010 nlctrl version 2$/m);
    expect(await run("genl-ctrl-list -d")).toMatch(/^ +op GETFAMILY \(0x03\) <has_doit,has_dump/m);
  });

  it("lists addresses", async () => {
    const text = await run("nl-addr-list");
    expect(text).toMatch(/^127\.0\.0\.1\/8 inet dev lo scope host .*<.*permanent.*>/m);
    expect(text).toMatch(/^192\.0\.2\.1\/24 inet dev eth0 scope global .*<.*permanent.*>/m);
    expect(text).toMatch(/^2001:db8::1\/64 inet6 dev eth0 scope global .*<.*permanent.*>/m);
  });

  it("lists routes", async () => {
    const text = await run("nl-route-list --table main --format details");
    expect(text).toMatch(
      /^inet 192\.0\.2\.0\/24 table main type unicast \n +preferred-src 192\.0\.2\.1 scope link priority 0 protocol kernel/m,
    );
    expect(text).toMatch(
      /^inet6 2001:db8::\/64 table main type unicast \n +scope global priority 0x100 protocol kernel/m,
    );
    expect(await run("nl-route-list --table local")).toMatch(
      /^inet 192\.0\.2\.1 table local type local via dev eth0 $/m,
    );
  });

  it("lists rules", async () => {
    const text = await run("nl-rule-list");
    expect(text).toMatch(/^ +0 inet lookup local protocol kernel action unicast$/m);
    expect(text).toMatch(/^ +32766 inet6 lookup main protocol kernel action unicast$/m);
  });

  it("lists neighbours", async () => {
    await run("ip neigh add 192.0.2.30 lladdr 02:00:00:00:00:30 dev eth0");
    expect(await run("nl-neigh-list")).toMatch(/^inet 192\.0\.2\.30 dev eth0 lladdr 02:00:00:00:00:30 <permanent>$/m);
    await run("ip neigh del 192.0.2.30 dev eth0");
  });

  describe("changes", () => {
    it("routes, and asks for the way of an address", async () => {
      await run("nl-route-add --dst=198.51.100.0/24 --nexthop=via=192.0.2.2,dev=eth0");
      expect(await run("ip route show 198.51.100.0/24")).toMatch(/^198\.51\.100\.0\/24 via 192\.0\.2\.2 dev eth0/);
      expect(await run("nl-route-get 198.51.100.7")).toMatch(/198\.51\.100\.7.* via 192\.0\.2\.2/s);
      await run("nl-route-delete --dst=198.51.100.0/24");
      expect(await run("ip route show 198.51.100.0/24")).toBe("");
    });

    it("the mtu of a link", async () => {
      await run("nl-link-set --name=eth1 --mtu=1400");
      expect(await run("ip link show dev eth1")).toContain("mtu 1400");
      await run("nl-link-set --name=eth1 --mtu=1500");
    });

    it("addresses", async () => {
      await run("nl-addr-add --local=198.51.101.1/24 --dev=eth1");
      expect(await run("ip addr show dev eth1")).toContain("198.51.101.1/24");
      await run("nl-addr-delete --local=198.51.101.1/24 --dev=eth1");
      expect(await run("ip addr show dev eth1")).not.toContain("198.51.101.1");
    });

    it("neighbours", async () => {
      await run("nl-neigh-add --addr=192.0.2.31 --lladdr=02:00:00:00:00:31 --dev=eth0 --state=permanent");
      expect(await run("ip neigh show 192.0.2.31")).toContain("02:00:00:00:00:31 PERMANENT");
      await run("nl-neigh-delete --addr=192.0.2.31 --dev=eth0");
      expect(await run("ip neigh show 192.0.2.31")).not.toContain("PERMANENT");
    });
  });
});
