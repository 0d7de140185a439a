import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { DEFAULT_CONFIG } from "../../host/cli/machine.js";
import { Session } from "../../host/cli/shell/session.js";
import { complete } from "../../host/cli/shell/shell.js";
import { bootConfig } from "../../host/node/setup.js";
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

describe("the shell from a pipe", () => {
  it("shows links, addresses and routes of the kernel it boots", async () => {
    const { status, stdout, stderr } = await shell("link show", "addr", "route show");
    expect([status, stderr]).toEqual([0, ""]);
    expect(words(stdout)).toEqual(
      expect.arrayContaining([
        expect.arrayContaining(["2", "em0", "ether", "up", "1500"]),
        ["em0", "inet", "192.0.2.1/24", "192.0.2.255", expect.any(String)],
        ["em0", "inet6", "2001:db8::1/64", expect.any(String)],
        ["Internet:"],
        expect.arrayContaining(["192.0.2.0/24", "link#2", "U", "kernel", "em0"]),
        ["Internet6:"],
        expect.arrayContaining(["2001:db8::/64", "link#2", "U", "kernel", "em0"]),
      ]),
    );
  });

  it("adds, finds, replaces and deletes a route", async () => {
    const { status, stdout, stderr } = await shell(
      "route add 10.0.0.0/8 via 192.0.2.9 proto bgp mtu 1400",
      "route get 10.1.2.3",
      "route replace 10.0.0.0/8 via 192.0.2.10 dev em0",
      "route get 10.1.2.3",
      "route del 10.0.0.0/8",
      "route show family inet",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const gateways = words(stdout).filter(([destination]) => destination === "10.0.0.0/8");
    expect(gateways).toEqual([
      expect.arrayContaining(["192.0.2.9", "UGS", "bgp", "1400", "em0"]),
      expect.arrayContaining(["192.0.2.10", "UGS", "static", "em0"]),
    ]);
  });

  it("takes default and blackhole routes", async () => {
    const { status, stdout, stderr } = await shell(
      "route add default via 192.0.2.254",
      "route add default via 2001:db8::fe",
      "route add blackhole 10.0.0.0/8",
      "route show",
    );
    expect([status, stderr]).toEqual([0, ""]);
    expect(words(stdout)).toEqual(
      expect.arrayContaining([
        expect.arrayContaining(["default", "192.0.2.254", "UGS"]),
        expect.arrayContaining(["default", "2001:db8::fe", "UGS"]),
        expect.arrayContaining(["10.0.0.0/8", "USB", "lo0"]),
      ]),
    );
  });

  it("prints notifications after the command that caused them", async () => {
    const { status, stdout, stderr } = await shell(
      "monitor on route",
      "route add 10.0.0.0/8 via 192.0.2.9",
      "monitor off",
      "route del 10.0.0.0/8",
    );
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^RTM_NEWROUTE 10\.0\.0\.0\/8 via 192\.0\.2\.9 [^\n]*\n$/);
  });

  it.each(["route monitor --rtsock", "monitor on --rtsock"])(
    "%s prints what a routing socket hears",
    async (monitor) => {
      const { status, stdout, stderr } = await shell(
        monitor,
        "route add 10.0.0.0/8 via 192.0.2.9",
        "link set em0 mtu 1400",
        "monitor off",
        "route del 10.0.0.0/8",
      );
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout.trim().split("\n")).toEqual([
        expect.stringMatching(
          /^RTM_ADD 10\.0\.0\.0\/8 via 192\.0\.2\.9 dev 2 flags UP\|GATEWAY\|DONE[A-Z|]* \(200 bytes, seq 0, pid 0\)$/,
        ),
        expect.stringMatching(/^RTM_IFINFO dev 2 mtu 1400 link up flags UP\|[A-Z|]+ \(168 bytes\)$/),
      ]);
    },
  );

  it("route monitor prints notifications of routes alone", async () => {
    const { stdout } = await shell("route monitor", "link set em0 mtu 1400", "route add 10.0.0.0/8 via 192.0.2.9");
    expect(stdout).toMatch(/^RTM_NEWROUTE 10\.0\.0\.0\/8 [^\n]*\n$/);
  });

  it("attaches, changes and detaches interfaces", async () => {
    const { status, stdout, stderr } = await shell(
      "link add em7 lladdr 02:00:00:00:00:07 mtu 9000",
      "link set em7 up",
      "addr add 198.51.100.1/24 dev em7",
      "addr show dev em7",
      "link show em7",
      "addr del 198.51.100.1/24 dev em7",
      "link set em7 down",
      "link del em7",
      "link",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const em7 = words(stdout).filter((line) => line.includes("em7"));
    expect(em7).toEqual([
      expect.arrayContaining(["inet", "198.51.100.1/24"]),
      expect.arrayContaining(["9000", "02:00:00:00:00:07"]),
    ]);
  });

  it("gives addresses with peer, broadcast address and lifetimes by RTM_NEWADDR, and takes them by RTM_DELADDR", async () => {
    const { status, stdout, stderr } = await shell(
      "link add em7",
      "monitor on addr",
      "addr add 198.51.100.1/24 broadcast 198.51.100.9 dev em7",
      "addr add 2001:db8:7::1/64 dev em7 preferred 60 valid forever",
      "addr del 198.51.100.1/24 dev em7",
      "monitor off",
      "addr show dev em7",
      "addr add 2001:db8:7::2/128 dev em7 peer 2001:db8:7::3",
      "addr del 203.0.113.1/24 dev em7",
    );
    expect(status).toBe(1);
    expect(stderr).toContain("RTM_NEWADDR: EINVAL");
    expect(stderr).toContain("RTM_DELADDR: EADDRNOTAVAIL");
    const lines = words(stdout);
    expect(lines.slice(0, 4).map(([type, own]) => `${type} ${own}`)).toEqual([
      "RTM_NEWADDR 198.51.100.1/24",
      "RTM_NEWADDR 2001:db8:7::1/64",
      expect.stringMatching(/^RTM_NEWADDR fe80::.*\/64$/),
      "RTM_DELADDR 198.51.100.1/24",
    ]);
    expect(stdout).toContain("broadcast 198.51.100.9");
    expect(lines.filter(([name]) => name === "em7").map((line) => line.slice(1, 3))).toEqual([
      ["inet6", "2001:db8:7::1/64"],
      ["inet6", expect.stringMatching(/^fe80::/)],
    ]);
  });

  it("makes, changes, renames, moves and destroys links", async () => {
    const { status, stdout, stderr } = await shell(
      "link create tap",
      "link create epair",
      "link create vlan dev epair0a vid 5 proto 802.1ad mtu 1400",
      "link set epair0a up mtu 9000 alias uplink promisc on",
      "link set vlan0 name five",
      "link set tap0 carrier on",
      "link",
      "link destroy five",
      "vnet create blue",
      "link set epair0b vnet blue",
      "link destroy epair0a",
      "vnet enter blue",
      "link",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const lines = words(stdout);
    expect(lines.slice(0, 3)).toEqual([["tap0"], ["epair0a"], ["vlan0"]]);
    const named = (name: string) => lines.find((line) => line[1] === name);
    expect(named("epair0a")).toEqual(expect.arrayContaining(["epair", "ether", "up", "9000"]));
    expect(named("epair0a")?.at(-1)?.split(",")).toEqual(expect.arrayContaining(["UP", "PROMISC"]));
    expect(named("five")).toEqual(expect.arrayContaining(["vlan", "l2vlan", "1400"]));
    expect(lines.filter((line) => line[1] === "lo0")).toHaveLength(2);
    expect(lines.filter((line) => line[1] === "epair0b")).toHaveLength(1);
  });

  it("enters a vnet of its own", async () => {
    const { status, stdout, stderr } = await shell(
      "vnet create blue",
      "vnet enter blue",
      "link",
      "vnet",
      "vnet destroy blue",
      "vnet list",
    );
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).not.toContain("em0");
    expect(stdout.trimEnd().split("\n").slice(-3)).toEqual(["  vnet0", "* blue", "* vnet0"]);
  });

  it("unloads and loads the module; without it there are no netlink sockets", async () => {
    const { status, stdout, stderr } = await shell(
      "module unload netlink",
      "link",
      "module load netlink",
      "link",
      "module",
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/^netlink socket: E\w+\n$/);
    expect(words(stdout)).toEqual(expect.arrayContaining([expect.arrayContaining(["em0"])]));
    expect(stdout).toMatch(/^\d+ +\d+ +netlink$/m);
  });

  it("loads the dummy module by its name and a module by its file, and unloads them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "nlvm-"));
    const file = join(folder, "mine.wasm");
    copyFileSync(new URL("../../build/modules/dummy.wasm", import.meta.url), file);
    const { status, stdout, stderr } = await shell(
      "module load dummy",
      "module unload dummy",
      `module load ${file}`,
      "module list",
      "module unload mine",
      "module list",
    );
    rmSync(folder, { recursive: true });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.match(/^\d+ +\d+ +\w+$/gm)?.map((line) => line.split(/ +/).at(-1))).toEqual([
      ...["kernel", "netlink", "mine"],
      ...["kernel", "netlink"],
    ]);
  });

  it("shows neighbours, adds, replaces and deletes them", async () => {
    const { status, stdout, stderr } = await shell(
      "neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev em0",
      "neigh replace 192.0.2.7 lladdr 02:00:00:00:00:08 dev em0 seconds 60",
      "neigh show dev em0 family inet",
      "neigh del 192.0.2.7 dev em0",
      "neigh show family inet",
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const own = /^192\.0\.2\.1 +\S+ +em0 +reachable +self,sticky +never +0$/m;
    const [first = "", second = ""] = stdout.split(/(?<=\n)(?=Neighbour )/);
    expect(first).toMatch(own);
    expect(first).toMatch(/^192\.0\.2\.7 +02:00:00:00:00:08 +em0 +incomplete +60s +0$/m);
    expect(second).toMatch(own);
    expect(second).not.toContain("192.0.2.7");
  });

  it("helps, with every noun and verb", async () => {
    const { status, stdout } = await shell("help", "help vnet");
    expect(status).toBe(0);
    for (const command of ["link set", "addr add", "route replace", "neigh show", "monitor on", "module load"]) {
      expect(stdout).toContain(`  ${command}`);
    }
    expect(stdout.match(/vnet enter/g)).toHaveLength(2);
  });

  it("does nothing for empty lines and comments, and ends at exit", async () => {
    expect(await shell("", "  # route nonsense", "exit", "nonsense")).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});

describe("a command that fails says which word, goes on with the next and makes the status 1", () => {
  it.each([
    [
      "route add 10.0.0.0/8 vai 192.0.2.9",
      'route: unknown word "vai"; expected via, dev, fib, mtu, weight, proto, table, nhid, expires, nexthop',
    ],
    ["route ad 10.0.0.0/8", 'route: unknown word "ad"; expected show, get, add, replace, append, monitor, del'],
    [
      "rout",
      'unknown word "rout"; expected link, addr, route, nexthop, neigh, peer, genl, monitor, module, vnet, clock, help, exit, quit',
    ],
    ["route add", "route: expected a prefix at the end of the line"],
    ["route add 10.0.0.0/33", 'route: "10.0.0.0/33"; expected a prefix like 10.0.0.0/8 or 2001:db8::/32, or default'],
    ["route add 10.0.0.0/8 via em0", 'route: "em0"; expected an address like 192.0.2.1 or 2001:db8::1'],
    ["route add 10.0.0.0/8 via", 'route: expected a value of "via" at the end of the line'],
    ["route add 10.0.0.0/8 mtu big", 'route: "big"; expected an integer from 1 to 4294967295'],
    ["route add 10.0.0.0/8 via 192.0.2.9 via 192.0.2.9", 'route: "via" occurs twice; expected it once'],
    ["route add 10.0.0.0/8 nexthop via", 'route: expected a value of "via" at the end of the line'],
    ["route add 10.0.0.0/8 nexthop weight 2", 'route: expected "via" and an address after "nexthop"'],
    ["route add 10.0.0.0/8 nexthop via 192.0.2.9 weight 256", 'route: "256"; expected an integer from 1 to 255'],
    [
      "route add 10.0.0.0/8 nexthop via 192.0.2.9 mtu 1400",
      'route: unknown word "mtu"; expected via, dev, weight, nexthop',
    ],
    ["route del 10.0.0.0/8 mtu 1400", 'route: unknown word "mtu"; expected via, dev, fib, table'],
    ["nexthop add id 1 via 192.0.2.9", 'nexthop: expected "via" and "dev", or "group"'],
    ["nexthop add id 1 via 192.0.2.9 group 2", 'nexthop: expected "via" and "dev", or "group"'],
    ["nexthop add id 0 group 2", 'nexthop: "0"; expected an integer from 1 to 4294967295'],
    ["nexthop add id 1 group 2/256", 'nexthop: "256"; expected an integer from 0 to 255'],
    ["nexthop add id 1 group 2/1/1", 'nexthop: "2/1/1"; expected ID or ID/WEIGHT'],
    ["nexthop del 7", 'nexthop: unknown word "7"; expected id'],
    ["nexthop show groups id 7", 'nexthop: unknown word "id"; expected the end of the line'],
    ["route show fib 1 table 2", "route: fib 1 and table 2 name one thing; expected one of them"],
    ["route show family ipx", 'route: "ipx"; expected inet, inet6'],
    [
      "link set em0 sideways",
      'link: unknown word "sideways"; expected mtu, lladdr, alias, promisc, carrier, inet6, rtadv, local, remote, flags, key, port, tunnel, name, vnet',
    ],
    [
      "link set em0",
      "link: expected one of up, down, mtu, lladdr, alias, promisc, carrier, inet6, rtadv, local, remote, flags, key, port, tunnel, name, vnet at the end of the line",
    ],
    ["link set em0 promisc yes", 'link: "yes"; expected on, off'],
    ["link set em0 vnet green", 'link: no vnet "green"'],
    ["link create vlan5 dev em0", 'link: a vlan takes "dev" and "vid"'],
    ["link create vlan5 dev em0 vid 5 proto isl", 'link: "isl"; expected 802.1q, 802.1ad'],
    ["link add em7 lladdr here", 'link: "here"; expected a link-level address like 02:00:00:00:00:01'],
    ["addr add 192.0.2.9 dev em0", 'addr: "192.0.2.9"; expected an address with its prefix length, like 192.0.2.1/24'],
    ["addr add 192.0.2.9/24", 'addr: expected "dev" and the name of an interface'],
    ["neigh show all", 'neigh: unknown word "all"; expected dev, family'],
    ["neigh add here", 'neigh: "here"; expected an address like 192.0.2.7 or 2001:db8::7'],
    ["neigh add 192.0.2.7 dev em0", 'neigh: expected "lladdr" and a link-level address'],
    ["neigh del 192.0.2.7", 'neigh: expected "dev" and the name of an interface'],
    ["monitor on everything", 'monitor: unknown word "everything"; expected link, addr, route, neigh, nexthop'],
    ["vnet enter green", 'vnet: no "green"; expected one of vnet0'],
    ["vnet destroy vnet0", 'vnet: "vnet0" lives as long as the kernel'],
    [
      "help cats",
      'help: unknown word "cats"; expected link, addr, route, nexthop, neigh, peer, genl, monitor, module, vnet, clock',
    ],
  ])("%s", async (line, message) => {
    const { status, stdout, stderr } = await shell(line, "vnet");
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: "* vnet0\n", stderr: `${message}\n` });
  });

  it.each([
    ["route get 10.1.2.3", /^netlink RTM_GETROUTE: ESRCH/],
    ["route add 192.0.2.0/24 via 192.0.2.9", /^netlink RTM_NEWROUTE: EEXIST/],
    ["route del 10.0.0.0/8", /^netlink RTM_DELROUTE: ESRCH/],
    ["link show em9", /^netlink RTM_GETLINK: E/],
    ["link create foo0", /^netlink RTM_NEWLINK: EINVAL/],
    ["link destroy em0", /^netlink RTM_DELLINK: EINVAL/],
    ["link set em0 name lo0", /EEXIST/],
    ["neigh del 192.0.2.9 dev em0", /^netlink RTM_DELNEIGH: ENOENT/],
    ["module load cats", /ENOENT/],
    ["module load ./cats.wasm", /ENOENT \(cannot be read \(ENOENT\); expected a WebAssembly file\)/],
    ["module load ./package.json", /ENOEXEC \(no valid WebAssembly\)/],
  ])("%s is refused by the kernel, with its errno", async (line, message) => {
    const { status, stderr } = await shell(line);
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
  });
});

describe("completion", () => {
  const session = new Session(bootConfig(DEFAULT_CONFIG), new PassThrough());

  it.each<[string, string[]]>([
    ["ro", ["route"]],
    ["route re", ["replace"]],
    ["route add 10.0.0.0/8 v", ["via"]],
    ["link set em", ["em0", "em1"]],
    ["vnet enter ", ["vnet0"]],
    ["help mo", ["monitor", "module"]],
    ["cats ", []],
  ])("of %j", (line, candidates) => {
    expect(complete(line, session)[0]).toEqual(candidates);
  });
});

describe("--config", () => {
  it("boots what the file says", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "nlvm-")), "F.yaml");
    writeFileSync(file, "interfaces: [{ name: em5, up: true }]\nvnets: [{ name: red, interfaces: [{ name: em6 }] }]\n");
    const { status, stdout, stderr } = await nlvm(["sh", "--config", file], "link\nvnet enter red\nlink\n");
    expect([status, stderr]).toEqual([0, ""]);
    expect(words(stdout).map(([, name]) => name)).toEqual(["Name", "lo0", "em5", "Name", "lo0", "em6"]);
  });
});
