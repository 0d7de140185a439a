// BIRD 2 with the protocols kernel, device, direct and static, for IPv4 and IPv6, and ten thousand routes. It runs in the
// foreground from the world's folder; as an ordinary user it needs nothing more on the emulated kernel.
import { afterEach, expect, it } from "vitest";
import { eventually, onKernels } from "./suite.js";
import type { Program, World } from "./world.js";

const INET_ROUTES = 8000;
const INET6_ROUTES = 2000;
const TEST_MILLISECONDS = 60_000;

const inetPrefix = (i: number): string => `10.${i >> 8}.${i & 255}.0/24`;
const inet6Prefix = (i: number): string => `2001:db8:1:${i.toString(16)}::/64`;

function configuration(): string {
  const inet = Array.from({ length: INET_ROUTES }, (_, i) => `  route ${inetPrefix(i)} via 192.0.2.${2 + (i % 100)};`);
  const inet6 = Array.from(
    { length: INET6_ROUTES },
    (_, i) => `  route ${inet6Prefix(i)} via 2001:db8::${2 + (i % 9)};`,
  );
  return [
    "log stderr all;",
    "router id 192.0.2.1;",
    "protocol device { scan time 1; }",
    "protocol direct { ipv4; ipv6; }",
    "protocol kernel kernel4 { ipv4 { export where source = RTS_STATIC; import all; }; learn; scan time 1; }",
    "protocol kernel kernel6 { ipv6 { export where source = RTS_STATIC; import all; }; learn; scan time 1; }",
    "protocol static static4 { ipv4;",
    ...inet,
    "}",
    "protocol static static6 { ipv6;",
    ...inet6,
    "}",
    "",
  ].join("\n");
}

/** Routes of BIRD in the kernel, by family. */
async function installed(world: World): Promise<[number, number]> {
  const inet = (await world.json("ip", "-j", "-4", "route", "show", "proto", "bird")) as unknown[];
  const inet6 = (await world.json("ip", "-j", "-6", "route", "show", "proto", "bird")) as unknown[];
  return [inet.length, inet6.length];
}

onKernels("bird", "bird", (world) => {
  let bird: Program | undefined;

  const control = () => `${world().folder}/bird.ctl`;
  const birdc = async (command: string): Promise<string> =>
    world().expect("birdc", "-s", control(), ...command.split(" "));

  const start = async (...options: string[]): Promise<Program> => {
    const config = world().file("bird.conf", configuration());
    const program = world().start([
      "bird",
      ...options,
      "-c",
      config,
      "-s",
      control(),
      "-P",
      `${world().folder}/bird.pid`,
    ]);
    await eventually(async () => expect(await birdc("show status")).toContain("Daemon is up and running"));
    return program;
  };

  const expectAll = async (): Promise<void> => {
    await eventually(async () => expect(await installed(world())).toEqual([INET_ROUTES, INET6_ROUTES]), 20_000);
  };

  /** BIRD knows of all its routes in the kernel. */
  const expectExported = async (): Promise<void> => {
    await eventually(async () => {
      expect(await birdc("show protocols all kernel4")).toMatch(new RegExp(`Routes: .* ${INET_ROUTES} exported`));
      expect(await birdc("show protocols all kernel6")).toMatch(new RegExp(`Routes: .* ${INET6_ROUTES} exported`));
    }, 20_000);
  };

  afterEach(async () => {
    await bird?.stop("SIGKILL");
    bird = undefined;
    for (const family of ["-4", "-6"]) await world().run("ip", family, "route", "flush", "proto", "bird");
  });

  it("[FC-LINUX-2] learns the interfaces and their addresses", async () => {
    bird = await start("-f");
    const interfaces = await birdc("show interfaces");
    expect(interfaces).toMatch(/^eth0 up \(index=\d+\)$/m);
    expect(interfaces).toMatch(/^lo up \(index=1\)$/m);
    expect(interfaces).toMatch(/MultiAccess Broadcast Multicast AdminUp LinkUp MTU=1500/);
    expect(interfaces).toContain("192.0.2.1/24 (Preferred, scope");
    expect(interfaces).toContain("2001:db8::1/64 (Preferred, scope");
    expect(await birdc("show route protocol direct1")).toMatch(/192\.0\.2\.0\/24 +unicast \[direct1 /);
  });

  it(
    "installs ten thousand routes",
    async () => {
      bird = await start("-f");
      await expectAll();
      expect(await world().expect("ip", "route", "show", inetPrefix(300))).toBe(
        `${inetPrefix(300)} via 192.0.2.2 dev eth0 proto bird metric 32 \n`,
      );
      expect(await world().expect("ip", "-6", "route", "show", inet6Prefix(17))).toMatch(
        /^2001:db8:1:11::\/64 via 2001:db8::10 dev eth0 proto bird metric 32 pref medium$/m,
      );
      expect(bird.stderr).not.toMatch(/<(ERR|BUG|FATAL)>/);
    },
    TEST_MILLISECONDS,
  );

  it(
    "sees routes that others add and delete",
    async () => {
      bird = await start("-f");
      await world().expect("ip", "route", "add", "203.0.113.0/24", "via", "192.0.2.9", "proto", "static");
      await eventually(async () => {
        expect(await birdc("show route protocol kernel4 203.0.113.0/24")).toMatch(
          /203\.0\.113\.0\/24 +unicast \[kernel4 /,
        );
      });
      await world().expect("ip", "route", "del", "203.0.113.0/24");
      await eventually(async () => {
        expect(await birdc("show route protocol kernel4")).not.toContain("203.0.113.0/24");
      });
    },
    TEST_MILLISECONDS,
  );

  it(
    "puts back a route of its own that somebody deleted",
    async () => {
      bird = await start("-f");
      await expectAll();
      await world().expect("ip", "route", "del", inetPrefix(5));
      await expectAll();
    },
    TEST_MILLISECONDS,
  );

  it(
    "takes its routes away when it ends, and installs them again when it starts",
    async () => {
      bird = await start("-f");
      await expectAll();
      await world().expect("ip", "route", "add", "203.0.113.0/24", "via", "192.0.2.9", "proto", "static");
      expect((await bird.stop("SIGTERM")).status).toBe(0);
      expect(await installed(world())).toEqual([0, 0]);
      expect(await world().expect("ip", "route", "show", "203.0.113.0/24")).toContain("via 192.0.2.9");
      bird = await start("-f");
      await expectAll();
      await world().expect("ip", "route", "del", "203.0.113.0/24");
    },
    TEST_MILLISECONDS,
  );

  it(
    "knows its own routes again after it was killed",
    async () => {
      const killed = await start("-f");
      await expectAll();
      await killed.stop("SIGKILL");
      expect(await installed(world())).toEqual([INET_ROUTES, INET6_ROUTES]);
      bird = await start("-f");
      await expectExported();
      expect((await bird.stop("SIGTERM")).status).toBe(0);
      bird = undefined;
      expect(await installed(world())).toEqual([0, 0]);
    },
    TEST_MILLISECONDS,
  );

  it("goes into the background and stays under the kernel of its world", async () => {
    const parent = await start();
    expect((await parent.ended).status).toBe(0);
    expect(await birdc("show interfaces")).toMatch(/^eth0 up/m);
    await birdc("down");
    await eventually(async () =>
      expect((await world().run("birdc", "-s", control(), "show", "status")).status).toBe(1),
    );
  });
});
