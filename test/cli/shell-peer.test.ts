import { describe, expect, it } from "vitest";
import { nlvm, type Outcome } from "./streams.js";

function shell(...lines: string[]): Promise<Outcome> {
  return nlvm(["sh"], lines.join("\n"));
}

/** Lines as words. */
function words(text: string): string[][] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
}

const ROUTER = ["link set em0 rtadv on", "peer add fe80::99 lladdr 02:00:00:00:00:99 dev em0 router on"];

describe("the shell's peers", () => {
  it("are added, shown, asked for, and deleted", async () => {
    const { status, stdout, stderr } = await shell(
      "peer add 192.0.2.7 lladdr 02:00:00:00:00:07 dev em0",
      "peer add 2001:db8::8 lladdr 02:00:00:00:00:08 dev em0 answers off router on",
      "peer",
      "neigh resolve 192.0.2.7 dev em0",
      "neigh resolve 2001:db8:0::8 dev em0",
      "peer del 192.0.2.7 dev em0",
      "peer show dev em0",
      "peer show dev lo0",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const heading = ["Peer", "Lladdr", "Netif", "Flags"];
    const silent = ["2001:db8::8", "02:00:00:00:00:08", "em0", "silent,router"];
    expect(words(stdout)).toEqual([
      heading,
      silent,
      ["192.0.2.7", "02:00:00:00:00:07", "em0"],
      ["02:00:00:00:00:07"],
      ["(incomplete)"],
      heading,
      silent,
      heading,
    ]);
  });

  it("[FB-92] advertise themselves: routers, prefixes, the default route, an address", async () => {
    const { status, stdout, stderr } = await shell(
      ...ROUTER,
      "peer advertise fe80:0::99 dev em0 lifetime 600 preference high mtu 1400 hops 64 reachable 5000 retransmit 2000 prefix 2001:db8:a::/64 valid 100 preferred 50 prefix 2001:db8:b::/64 onlink off prefix 2001:db8:c::/48 autonomous off",
      "neigh routers",
      "neigh prefixes",
      "route show family inet6",
      "addr show dev em0",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const lines = words(stdout);
    expect(lines).toContainEqual(["fe80::99", "em0", "high", "600", "600s", "default"]);
    expect(lines).toContainEqual(["2001:db8:a::/64", "em0", "LAO", "100", "50", "100s", "1", "1"]);
    expect(lines).toContainEqual(["2001:db8:b::/64", "em0", "A", "0", "0", "0s", "1", "1"]);
    expect(lines).toContainEqual(["2001:db8:c::/48", "em0", "LO", "2592000", "604800", "2592000s", "0", "1"]);
    expect(stdout).toMatch(/^default +fe80::99 .* em0/m);
    expect(stdout).toMatch(/^2001:db8:a::\/64 .* em0/m);
    expect(stdout).toMatch(/2001:db8:a:[\da-f:]+\/64/);
  });

  it("an interface that does not accept them takes nothing, and nothing is left after lifetime 0", async () => {
    const { stdout } = await shell(
      ...ROUTER,
      "peer advertise fe80::99 dev em0",
      "peer advertise fe80::99 dev em0 lifetime 0",
      "neigh routers",
      "link set em0 rtadv off",
      "peer advertise fe80::99 dev em0",
      "neigh routers",
    );
    const heading = ["Router", "Netif", "Preference", "Lifetime", "Expire", "Route"];
    expect(words(stdout)).toEqual([heading, heading]);
  });

  it.each([
    ["peer add 192.0.2.7 dev em0", 'peer: expected "lladdr" and a link-level address'],
    ["peer add 192.0.2.7 lladdr 02:00:00:00:00:07", 'peer: expected "dev" and the name of an interface'],
    ["peer add 192.0.2.7 lladdr 02 dev em0", 'peer: "02"; expected a link-level address like 02:00:00:00:00:07'],
    ["peer add here", 'peer: "here"; expected an address like 192.0.2.7 or 2001:db8::7'],
    ["peer advertise fe80::98 dev em0", 'peer: no fe80::98 on em0; expected one that "peer add" made'],
    ["peer advertise fe80::99 lifetime 65536", 'peer: "65536"; expected an integer from 0 to 65535'],
    ["peer advertise fe80::99 preference best", 'peer: "best"; expected low, medium, high'],
    ["peer advertise fe80::99 dev em0 prefix 10.0.0.0/8", 'peer: "10.0.0.0/8"; expected a prefix like 2001:db8:1::/64'],
    ["peer advertise fe80::99 dev em0 prefix ::/129", 'peer: "::/129"; expected a prefix like 2001:db8:1::/64'],
    [
      "peer advertise fe80::99 dev em0 prefix ::/64 mtu 1",
      'peer: unknown word "mtu"; expected valid, preferred, onlink, autonomous, prefix',
    ],
    ["peer advertise fe80::99 dev em0 prefix ::/64 onlink maybe", 'peer: "maybe"; expected on, off'],
    ["peer say", 'peer: unknown word "say"; expected show, add, del, advertise'],
    ["neigh resolve 192.0.2.7", 'neigh: expected "dev" and the name of an interface'],
    ["neigh routers all", 'neigh: unknown word "all"; expected the end of the line'],
    ["link set em0 rtadv yes", 'link: "yes"; expected on, off'],
  ])("%s", async (line, message) => {
    const { status, stderr } = await shell(...ROUTER, line);
    expect([status, stderr]).toEqual([1, `${message}\n`]);
  });

  it.each([
    ["peer del 192.0.2.9 dev em0", /ENOENT/],
    ["peer add 192.0.2.9 lladdr 02:00:00:00:00:09 dev em9", /ENXIO/],
    ["neigh resolve 192.0.2.9 dev em9", /ENXIO/],
  ])("%s: the kernel's errno", async (line, message) => {
    const { status, stderr } = await shell(line);
    expect([status, message.test(stderr)]).toEqual([1, true]);
  });
});
