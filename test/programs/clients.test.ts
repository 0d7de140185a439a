// Clients of our own: in C, dynamic, static and with musl, and in Go without C. What they see is the world's start.
import { beforeAll, describe, expect, it } from "vitest";
import { buildC, buildGo, type Linking } from "./build.js";
import { onKernels } from "./suite.js";
import type { Program, World } from "./world.js";

const BUILD_MILLISECONDS = 120_000;

const LINKINGS: readonly [Linking, string][] = [
  ["dynamic", "cc"],
  ["static", "cc"],
  ["musl", "musl-gcc"],
];

function lines(text: string): string[] {
  return text.trimEnd().split("\n");
}

/** One line an event, as all clients here print routes: of IPv4 and IPv6, added and deleted. */
async function expectRouteEvents(world: World, watcher: Program): Promise<void> {
  const index = await indexOf(world, "eth0");
  await watcher.says(/watching/);
  await world.expect("ip", "route", "add", "203.0.113.0/24", "via", "192.0.2.9");
  await world.expect("ip", "route", "del", "203.0.113.0/24");
  await world.expect("ip", "route", "add", "2001:db8:9::/48", "via", "2001:db8::9");
  await world.expect("ip", "route", "del", "2001:db8:9::/48");
  await watcher.says(/del route 2001:/);
  const { stdout } = await watcher.stop();
  expect(lines(stdout).slice(1)).toEqual([
    `new route 203.0.113.0/24 via 192.0.2.9 index ${index}`,
    `del route 203.0.113.0/24 via 192.0.2.9 index ${index}`,
    `new route 2001:db8:9::/48 via 2001:db8::9 index ${index}`,
    `del route 2001:db8:9::/48 via 2001:db8::9 index ${index}`,
  ]);
}

async function indexOf(world: World, name: string): Promise<number> {
  const [link] = (await world.json("ip", "-j", "link", "show", "dev", name)) as { ifindex: number }[];
  return link?.ifindex ?? 0;
}

describe.each(LINKINGS)("a client in C, %s", (linking, compiler) => {
  onKernels("", compiler, (world) => {
    let netlink = "";
    let names = "";
    beforeAll(() => {
      netlink = buildC("netlink.c", linking);
      names = buildC("names.c", linking);
    }, BUILD_MILLISECONDS);

    it("dumps links", async () => {
      expect(lines(await world().expect(netlink, "links"))).toEqual([
        `new link lo index 1 type 772 up 1 lower_up 1 mtu ${await mtuOf(world(), "lo")}`,
        `new link eth0 index ${await indexOf(world(), "eth0")} type 1 up 1 lower_up 1 mtu 1500`,
        `new link eth1 index ${await indexOf(world(), "eth1")} type 1 up 1 lower_up 1 mtu 1500`,
        "done",
      ]);
    });

    it("dumps addresses", async () => {
      const index = await indexOf(world(), "eth0");
      const seen = lines(await world().expect(netlink, "addresses"));
      expect(seen).toEqual(
        expect.arrayContaining([
          "new address 127.0.0.1/8 index 1",
          "new address ::1/128 index 1",
          `new address 192.0.2.1/24 index ${index}`,
          `new address 2001:db8::1/64 index ${index}`,
          `new address fe80::ff:fe00:a/64 index ${index}`,
        ]),
      );
      expect(seen.at(-1)).toBe("done");
    });

    it("dumps routes", async () => {
      const index = await indexOf(world(), "eth0");
      const seen = lines(await world().expect(netlink, "routes"));
      expect(seen).toContain(`new route 192.0.2.0/24 via - index ${index}`);
      expect(seen).toContain(`new route 2001:db8::/64 via - index ${index}`);
      expect(seen.at(-1)).toBe("done");
    });

    it("watches routes that others add and delete", async () => {
      await expectRouteEvents(world(), world().start([netlink, "watch"]));
    });

    it("watches addresses and links", async () => {
      const index = await indexOf(world(), "eth0");
      const watcher = world().start([netlink, "watch"]);
      await watcher.says(/watching/);
      await world().expect("ip", "addr", "add", "198.51.100.1/24", "dev", "eth0");
      await world().expect("ip", "addr", "del", "198.51.100.1/24", "dev", "eth0");
      await world().expect("ip", "link", "set", "eth0", "mtu", "1400");
      await world().expect("ip", "link", "set", "eth0", "mtu", "1500");
      await watcher.says(/mtu 1500/);
      const seen = lines((await watcher.stop()).stdout);
      expect(seen).toEqual(
        expect.arrayContaining([
          `new address 198.51.100.1/24 index ${index}`,
          `del address 198.51.100.1/24 index ${index}`,
          `new link eth0 index ${index} type 1 up 1 lower_up 1 mtu 1400`,
          `new link eth0 index ${index} type 1 up 1 lower_up 1 mtu 1500`,
        ]),
      );
    });

    it("learns addresses and names through libc", async () => {
      const seen = lines(await world().expect(names));
      expect(seen).toEqual(
        expect.arrayContaining([
          "link lo up 1",
          "link eth0 up 1",
          "link eth1 up 1",
          "address lo 127.0.0.1",
          "address lo ::1",
          "address eth0 192.0.2.1",
          "address eth0 2001:db8::1",
          "address eth0 fe80::ff:fe00:a",
          "address eth1 fe80::ff:fe00:b",
        ]),
      );
      expect(seen.filter((line) => line.startsWith("name "))).toEqual([
        "name lo agrees 1",
        "name eth0 agrees 1",
        "name eth1 agrees 1",
      ]);
      expect(seen).toContain("nosuch 0 No such device");
      expect(seen).toContain("4000 none No such device or address");
    });
  });
});

onKernels("a client in Go without C", "go", (world) => {
  let client = "";
  beforeAll(() => {
    client = buildGo();
  }, BUILD_MILLISECONDS);

  it("[FC-LINUX-6] lists interfaces, addresses and routes", async () => {
    const seen = lines(await world().expect(client, "list"));
    expect(seen).toEqual(
      expect.arrayContaining([
        `interface lo mtu ${await mtuOf(world(), "lo")} address "" flags up|loopback${await multicastOf(world(), "lo")}`,
        'interface eth0 mtu 1500 address "02:00:00:00:00:0a" flags up|broadcast|multicast',
        'interface eth1 mtu 1500 address "02:00:00:00:00:0b" flags up|broadcast|multicast',
        "address lo 127.0.0.1/8",
        "address lo ::1/128",
        "address eth0 192.0.2.1/24",
        "address eth0 2001:db8::1/64",
        "agrees eth0 true",
        "agrees eth1 true",
      ]),
    );
    const inMain = (await world().json("ip", "-j", "-4", "route", "show", "table", "main")) as unknown[];
    expect(seen).toContain(`routes ${inMain.length}`);
  });

  it("watches route events through the runtime's poller", async () => {
    await expectRouteEvents(world(), world().start([client, "watch"]));
  });
});

/** FreeBSD's lo0 has 16384, Linux's lo 65536. */
async function mtuOf(world: World, name: string): Promise<number> {
  const [link] = (await world.json("ip", "-j", "link", "show", "dev", name)) as { mtu: number }[];
  return link?.mtu ?? 0;
}

/** FreeBSD's lo0 is capable of multicast, Linux's lo is not. */
async function multicastOf(world: World, name: string): Promise<string> {
  const [link] = (await world.json("ip", "-j", "link", "show", "dev", name)) as { flags: string[] }[];
  return link?.flags.includes("MULTICAST") ? "|multicast" : "";
}
