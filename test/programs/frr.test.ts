// FRR's zebra with staticd, and ten thousand static routes.
//
// Both change to the user frr at their start and keep three capabilities, which only root can have them do: without, they
// end with "initial cap_set_proc failed". So these tests want root, or a sudo that asks for no password. (As the user frr
// zebra runs behind `unshare --user --map-current-user --keep-caps`: there the capabilities are those of the namespace.)
// Their sockets and files lie in a folder of their own, which they must be able to write: -z the socket between them,
// -i process ids, --vty_socket where vtysh finds them, -P 0 no TCP port. The routes come by vtysh: staticd 8.4 reads its
// own file in quadratic time, 8000 lines in more than ten minutes.
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { findProgram } from "../../scripts/lib/programs.mjs";
import { eventually, onKernels } from "./suite.js";
import type { Program, World } from "./world.js";

const INET_ROUTES = 8000;
const INET6_ROUTES = 2000;
const TEST_MILLISECONDS = 90_000;

const inetPrefix = (i: number): string => `10.${i >> 8}.${i & 255}.0/24`;
const inet6Prefix = (i: number): string => `2001:db8:1:${i.toString(16)}::/64`;

function staticRoutes(): string {
  const inet = Array.from({ length: INET_ROUTES }, (_, i) => `ip route ${inetPrefix(i)} 192.0.2.${2 + (i % 100)}`);
  const inet6 = Array.from({ length: INET6_ROUTES }, (_, i) => `ipv6 route ${inet6Prefix(i)} 2001:db8::${2 + (i % 9)}`);
  const several = ["ip route 198.51.100.0/24 192.0.2.9", "ip route 198.51.100.0/24 192.0.2.10"];
  return [
    "hostname static",
    "log stdout",
    ...inet,
    ...inet6,
    ...several,
    "ip route 198.51.101.0/24 blackhole",
    "",
  ].join("\n");
}

/** Routes of staticd in the kernel, by family; 196 is FRR's number for them. */
async function installed(world: World): Promise<[number, number]> {
  const inet = (await world.json("ip", "-j", "-4", "route", "show", "proto", "196")) as unknown[];
  const inet6 = (await world.json("ip", "-j", "-6", "route", "show", "proto", "196")) as unknown[];
  return [inet.length, inet6.length];
}

onKernels(
  "zebra with staticd",
  "zebra",
  (world) => {
    let daemons: Program[] = [];

    const folder = () => join(world().folder, "frr");

    const daemon = async (name: string, config: string, isReady: RegExp): Promise<Program> => {
      const file = world().file(`frr/${name}.conf`, config);
      chmodSync(file, 0o644);
      const options = ["-f", file, "-i", `${folder()}/${name}.pid`, "-z", `${folder()}/zserv.api`];
      const program = world().start([findProgram(name) ?? name, ...options, "--vty_socket", folder(), "-P", "0"]);
      daemons.push(program);
      await eventually(async () => expect(await vtysh("show version", name)).toMatch(isReady));
      return program;
    };

    const vtysh = async (command: string, name = "zebra"): Promise<string> =>
      world().expect("vtysh", "--vty_socket", folder(), "-d", name, "-c", command);

    const start = async (withStatic = true): Promise<void> => {
      chmodSync(world().folder, 0o755);
      mkdirSync(folder(), { recursive: true });
      chmodSync(folder(), 0o777);
      await daemon("zebra", "hostname zebra\nlog stdout\n", /FRRouting/);
      if (!withStatic) return;
      await daemon("staticd", "hostname static\nlog stdout\n", /FRRouting/);
      const file = world().file("frr/routes.conf", staticRoutes());
      await world().expect("vtysh", "--vty_socket", folder(), "-d", "staticd", "-f", file);
    };

    const stop = async (signal: NodeJS.Signals): Promise<void> => {
      for (const program of daemons.reverse()) await program.stop(signal);
      daemons = [];
    };

    const expectAll = async (): Promise<void> => {
      await eventually(async () => expect(await installed(world())).toEqual([INET_ROUTES + 2, INET6_ROUTES]), 30_000);
    };

    afterEach(async () => {
      await stop("SIGKILL");
      for (const family of ["-4", "-6"]) await world().run("ip", family, "route", "flush", "proto", "196");
      await world().run("ip", "nexthop", "flush");
    });

    it("learns the interfaces and their addresses", async () => {
      await start(false);
      const shown = await vtysh("show interface eth0");
      expect(shown).toMatch(/^Interface eth0 is up, line protocol is up$/m);
      expect(shown).toContain("mtu 1500");
      expect(shown).toContain("HWaddr: 02:00:00:00:00:0a");
      expect(shown).toContain("inet 192.0.2.1/24");
      expect(shown).toContain("inet6 2001:db8::1/64");
      expect(await vtysh("show ip route connected")).toMatch(/^C>\* 192\.0\.2\.0\/24 is directly connected, eth0/m);
      expect(await vtysh("show ipv6 route connected")).toMatch(/^C>\* 2001:db8::\/64 is directly connected, eth0/m);
    });

    it(
      "installs ten thousand routes, through nexthop objects",
      async () => {
        await start();
        await expectAll();
        expect(await world().expect("ip", "route", "show", inetPrefix(300))).toMatch(
          /^10\.1\.44\.0\/24 nhid \d+ via 192\.0\.2\.2 dev eth0 proto (196|static) metric 20 $/m,
        );
        expect(await world().expect("ip", "-6", "route", "show", inet6Prefix(17))).toMatch(
          /^2001:db8:1:11::\/64 nhid \d+ via 2001:db8::10 dev eth0 proto (196|static) metric 20 pref medium$/m,
        );
        const several = await world().expect("ip", "route", "show", "198.51.100.0/24");
        expect(several).toMatch(/nexthop via 192\.0\.2\.9 dev eth0 weight 1 $/m);
        expect(several).toMatch(/nexthop via 192\.0\.2\.10 dev eth0 weight 1 $/m);
        expect(await world().expect("ip", "route", "show", "198.51.101.0/24")).toMatch(
          /^blackhole 198\.51\.101\.0\/24 /m,
        );
        expect(await vtysh("show ip route summary")).toMatch(/^static +8002 +8002 /m);
      },
      TEST_MILLISECONDS,
    );

    it("[FC-LINUX-3] sees routes that others add and delete", async () => {
      await start(false);
      await world().expect("ip", "route", "add", "203.0.113.0/24", "via", "192.0.2.9");
      await eventually(async () => {
        expect(await vtysh("show ip route kernel")).toMatch(
          /^K>\* 203\.0\.113\.0\/24 \[0\/0\] via 192\.0\.2\.9, eth0/m,
        );
      });
      await world().expect("ip", "route", "del", "203.0.113.0/24");
      await eventually(async () => expect(await vtysh("show ip route kernel")).not.toContain("203.0.113.0/24"));
    });

    it("sees addresses and links that others change", async () => {
      await start(false);
      await world().expect("ip", "addr", "add", "198.51.102.1/24", "dev", "eth1");
      await eventually(async () => expect(await vtysh("show interface eth1")).toContain("inet 198.51.102.1/24"));
      await world().expect("ip", "addr", "del", "198.51.102.1/24", "dev", "eth1");
      await eventually(async () => expect(await vtysh("show interface eth1")).not.toContain("198.51.102.1"));
      await world().expect("ip", "link", "set", "eth1", "mtu", "1400");
      await eventually(async () => expect(await vtysh("show interface eth1")).toContain("mtu 1400"));
      await world().expect("ip", "link", "set", "eth1", "mtu", "1500");
    });

    it(
      "takes its routes away when it ends, and installs them again when it starts",
      async () => {
        await start();
        await expectAll();
        await world().expect("ip", "route", "add", "203.0.113.0/24", "via", "192.0.2.9");
        await stop("SIGTERM");
        expect(await installed(world())).toEqual([0, 0]);
        expect(await world().expect("ip", "route", "show", "203.0.113.0/24")).toContain("via 192.0.2.9");
        await start();
        await expectAll();
        await world().expect("ip", "route", "del", "203.0.113.0/24");
      },
      TEST_MILLISECONDS,
    );
  },
  true,
);
