import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nlvm, type Outcome } from "./streams.js";

function shell(...lines: string[]): Promise<Outcome> {
  return nlvm(["sh"], lines.join("\n"));
}

/** Lines as words, without the heading of columns. */
function words(text: string): string[][] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
}

const NEXTHOPS = [
  "nexthop add id 1 via 192.0.2.9 dev em0",
  "nexthop add via 2001:db8::9 dev em0 id 2 proto bgp",
  "nexthop add id 3 via 192.0.2.10 dev em0",
  "nexthop add id 10 group 3/200,1",
];

describe("the shell's nexthops", () => {
  it("are added, shown, filtered and deleted", async () => {
    const { status, stdout, stderr } = await shell(
      ...NEXTHOPS,
      "nexthop",
      "nexthop show groups",
      "nexthop show id 2",
      "nexthop show dev em1",
      "nexthop del id 10",
      "nexthop show groups",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const heading = ["Id", "Gateway", "Netif", "Group", "Proto"];
    const group = ["10", "3/200,1/1", "static"];
    expect(words(stdout)).toEqual([
      heading,
      ["1", "192.0.2.9", "em0", "static"],
      ["2", "2001:db8::9", "em0", "bgp"],
      ["3", "192.0.2.10", "em0", "static"],
      group,
      ...[heading, group],
      ...[heading, ["2", "2001:db8::9", "em0", "bgp"]],
      heading,
      heading,
    ]);
  });

  it("[F.4] none was ever made: the kernel's ESRCH", async () => {
    const { status, stdout, stderr } = await shell("nexthop show");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^netlink RTM_GETNEXTHOP: ESRCH/);
  });

  it("[F.4] the kernel's are shown by fib and family", async () => {
    const { status, stdout, stderr } = await shell(
      "route add 10.0.0.0/8 via 192.0.2.9 proto bgp",
      "nexthop show kernel",
      "nexthop show kernel fib 0 family inet6",
    );
    expect([status, stderr]).toEqual([0, ""]);
    expect(words(stdout)).toContainEqual([expect.stringMatching(/^\d+$/), "inet", "192.0.2.9", "em0", "em0", "bgp"]);
    expect(words(stdout).some(([, family]) => family === "inet6")).toBe(true);
  });

  it("are told by the monitor", async () => {
    const { status, stdout, stderr } = await shell("monitor on nexthop", NEXTHOPS[0] ?? "", "nexthop del id 1");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /^RTM_NEWNEXTHOP id 1 via 192\.0\.2\.9 dev 2 aif 2 proto static [^\n]*\nRTM_DELNEXTHOP id 1 via [^\n]*\n$/,
    );
  });
});

describe("the shell's routes of several paths", () => {
  it("[E.4.1] [E.5] [E.6.3] are added, appended to, shown a line a path, and shrink", async () => {
    const { status, stdout, stderr } = await shell(
      "route add 10.0.0.0/8 proto bgp nexthop via 192.0.2.9 weight 2 nexthop via 192.0.2.10 dev em0",
      "route append 10.0.0.0/8 via 192.0.2.11 proto bgp",
      "route show family inet",
      "route del 10.0.0.0/8 via 192.0.2.9",
      "route show family inet",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const gateways = words(stdout).filter(([destination]) => destination === "10.0.0.0/8");
    expect(gateways.map(([, gateway]) => gateway)).toEqual([
      ...["192.0.2.9", "192.0.2.10", "192.0.2.11"],
      ...["192.0.2.10", "192.0.2.11"],
    ]);
  });

  it("[E.4.1] lead to a nexthop or a group by id", async () => {
    const { status, stdout, stderr } = await shell(
      ...NEXTHOPS,
      "route add 10.1.0.0/16 nhid 1",
      "route add 10.2.0.0/16 nhid 10",
      "route show family inet",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const lines = words(stdout);
    expect(lines.filter(([destination]) => destination === "10.1.0.0/16")).toHaveLength(1);
    expect(lines.filter(([destination]) => destination === "10.2.0.0/16")).toHaveLength(2);
  });

  it("[E.1.2] show the seconds they have left", async () => {
    const { status, stdout, stderr } = await shell(
      "route add 10.1.0.0/16 via 192.0.2.9 expires 90",
      "route get 10.1.0.1",
    );
    expect([status, stderr]).toEqual([0, ""]);
    expect(words(stdout).at(-1)?.at(-1)).toBe("90");
  });
});

describe("a configuration's nexthops", () => {
  function config(text: string): string {
    const file = join(mkdtempSync(join(tmpdir(), "nlvm-")), "F.yaml");
    writeFileSync(file, `interfaces: [{ name: em0, up: true, addresses: [192.0.2.1/24] }]\n${text}`);
    return file;
  }

  it("are made before the routes that use them", async () => {
    const file = config(`
nexthops:
  - { id: 1, via: 192.0.2.9, dev: em0 }
  - { id: 2, via: 192.0.2.10, dev: em0, proto: bgp }
  - { id: 10, group: [{ id: 1, weight: 3 }, { id: 2 }] }
routes:
  - { prefix: 10.0.0.0/8, nhid: 10 }
  - prefix: 10.1.0.0/16
    nexthops: [{ via: 192.0.2.9, weight: 2 }, { via: 192.0.2.11, dev: em0 }]
`);
    const { status, stdout, stderr } = await nlvm(["sh", "--config", file], "nexthop show id 10\nroute show\n");
    expect([status, stderr]).toEqual([0, ""]);
    const lines = words(stdout);
    expect(lines[1]).toEqual(["10", "1/3,2/1", "static"]);
    expect(lines.filter(([destination]) => destination === "10.0.0.0/8")).toHaveLength(2);
    expect(lines.filter(([destination]) => destination === "10.1.0.0/16")).toHaveLength(2);
  });

  it.each([
    ["nexthops: [{ id: 1, group: [{ id: 2 }] }]", /:2:12: nexthops\[0\]: netlink RTM_NEWNEXTHOP: ESRCH[^\n]*\n$/],
    [
      "nexthops: [{ id: 1, via: 192.0.2.9, dev: em9 }]",
      /:2:42: nexthops\[0\]\.dev: netlink RTM_GETLINK: ENODEV[^\n]*\n$/,
    ],
    ["routes: [{ prefix: 10.0.0.0/8, nhid: 7 }]", /:2:10: routes\[0\]: netlink RTM_NEWROUTE: ESRCH[^\n]*\n$/],
  ])("refused by the kernel: %s", async (text, message) => {
    const { status, stderr } = await nlvm(["sh", "--config", config(text)], "");
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
  });
});
