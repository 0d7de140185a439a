// What a configuration makes of a kernel: each part is asked of the kernel afterwards, over a socket.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { Client } from "../../host/client/client.js";
import type { Route } from "../../host/codec/route.js";
import type { Kernel, Vnet } from "../../host/kernel/kernel.js";
import { parseConfig } from "../../host/node/config.js";
import { bootConfig, SetupError } from "../../host/node/setup.js";
import { nlvm } from "./streams.js";

function boot(text: string): Kernel {
  return bootConfig(parseConfig(text, "F.yaml"));
}

function routesOf(vnet: Vnet, fib = 0): Route[] {
  const socket = vnet.socket();
  const routes = new Client(socket).routes({ fib });
  socket.close();
  return routes;
}

function prefixes(vnet: Vnet, fib = 0): string[] {
  return routesOf(vnet, fib).map(({ destination, destinationLength }) => `${destination}/${destinationLength}`);
}

const EM0 = 'interfaces: [{ name: em0, up: true, addresses: [192.0.2.1/24, "2001:db8::1/64"] }]\n';

describe("a configuration sets up", () => {
  it("interfaces with all that is said of them", () => {
    const kernel = boot(`
fibs: 4
interfaces:
  - { name: em0, lladdr: "02:00:00:00:00:07", mtu: 9000, up: true, description: uplink, fib: 3, addresses: [192.0.2.1/24] }
  - { name: em1 }
`);
    const client = new Client(kernel.vnet0.socket());
    expect(client.link({ name: "em0" })).toMatchObject({ address: "02:00:00:00:00:07", mtu: 9000, alias: "uplink" });
    expect(client.links().map(({ name }) => name)).toEqual(["lo0", "em0", "em1"]);
    expect(prefixes(kernel.vnet0, 3)).toContain("192.0.2.0/24");
  });

  it("routes with all that is said of them", () => {
    const kernel = boot(`${EM0}fibs: 2
routes:
  - { prefix: default, via: 192.0.2.254 }
  - { prefix: default, via: "2001:db8::fe" }
  - { prefix: 10.0.0.0/8, via: 192.0.2.9, dev: em0, mtu: 1400, weight: 3, proto: bgp }
  - { prefix: 10.1.0.0/16, via: "2001:db8::9" }
  - { prefix: 10.2.0.0/16, dev: em0 }
  - { prefix: 10.3.0.0/16, type: blackhole }
  - { prefix: 10.4.0.0/16, type: reject }
  - { prefix: 10.5.0.0/16, dev: em0, fib: 1 }
`);
    const find = (wanted: string, length: number): Route | undefined =>
      routesOf(kernel.vnet0).find((route) => route.destination === wanted && route.destinationLength === length);
    expect(find("0.0.0.0", 0)).toMatchObject({ gateway: "192.0.2.254" });
    expect(find("::", 0)).toMatchObject({ gateway: "2001:db8::fe" });
    expect(find("10.0.0.0", 8)).toMatchObject({
      ...{ gateway: "192.0.2.9", metrics: { mtu: 1400 }, weight: 3, protocol: RTPROT.BGP },
    });
    expect(find("10.1.0.0", 16)).toMatchObject({ via: "2001:db8::9" });
    expect(find("10.2.0.0", 16)).toMatchObject({ oif: kernel.vnet0.interfaceIndex("em0") });
    expect(find("10.3.0.0", 16)?.type).toBe(RTN.BLACKHOLE);
    expect(find("10.4.0.0", 16)?.type).toBe(RTN.PROHIBIT);
    expect(prefixes(kernel.vnet0, 1)).toContain("10.5.0.0/16");
  });

  it("each vnet by itself", () => {
    const kernel = boot(`${EM0}
vnets:
  - name: blue
    interfaces: [{ name: em0, up: true, addresses: [198.51.100.1/24] }]
    routes: [{ prefix: 10.0.0.0/8, via: 198.51.100.9 }]
  - { name: red }
`);
    expect(kernel.vnets.map(({ name }) => name)).toEqual(["vnet0", "blue", "red"]);
    const [vnet0, blue, red] = kernel.vnets as [Vnet, Vnet, Vnet];
    expect(prefixes(blue)).toEqual(expect.arrayContaining(["198.51.100.0/24", "10.0.0.0/8"]));
    expect(prefixes(vnet0)).not.toContain("10.0.0.0/8");
    expect(routesOf(red)).toEqual([]);
  });

  it("sysctls, and leaves no socket open", () => {
    const kernel = boot(
      `${EM0}sysctls: { net.netlink.recvspace: 131072, net.netlink.debug.nl_route_debug_level: 3 }\n`,
    );
    expect(kernel.sysctl("net.netlink.recvspace")).toBe(131072);
    expect(kernel.sysctl("net.netlink.debug.nl_route_debug_level")).toBe(3);
    expect(() => kernel.kldunload("netlink")).not.toThrow();
  });

  it("modules that come along and modules of files, which bring netlink", () => {
    const folder = mkdtempSync(join(tmpdir(), "nlvm-"));
    copyFileSync(new URL("../../build/modules/dummy.wasm", import.meta.url), join(folder, "mine.wasm"));
    const kernel = bootConfig(parseConfig("modules: [./mine.wasm]", join(folder, "F.yaml")));
    rmSync(folder, { recursive: true });
    expect(kernel.kldstat().map(({ name }) => name)).toEqual(["kernel", "netlink", "mine"]);
    expect(boot("modules: [dummy]").isLoaded("dummy")).toBe(true);
  });

  it("a kernel without netlink, which it borrows", () => {
    const kernel = boot(`modules: []\n${EM0}routes: [{ prefix: 10.0.0.0/8, via: 192.0.2.9 }]\n`);
    expect(kernel.kldstat().map(({ name }) => name)).toEqual(["kernel"]);
    kernel.kldload("netlink");
    expect(prefixes(kernel.vnet0)).toContain("10.0.0.0/8");
    expect(routesOf(kernel.vnet0).filter(({ family }) => family === AF.INET6)).not.toEqual([]);
  });
});

describe("what the kernel refuses is named by its place, with its errno", () => {
  it.each([
    [
      "a gateway out of reach",
      "routes:\n  - { prefix: 10.0.0.0/8, via: 192.0.2.9 }\n",
      /^F\.yaml:2:5: routes\[0\]: netlink RTM_NEWROUTE: EINVAL/,
    ],
    [
      "a prefix that is there, of the second of two vnets",
      `vnets:\n  - name: red\n  - name: blue\n    ${EM0}    routes: [{ prefix: 192.0.2.0/24, dev: em0 }]\n`,
      /^F\.yaml:5:14: vnets\[1\]\.routes\[0\]: netlink RTM_NEWROUTE: EEXIST/,
    ],
    [
      "an interface that is not there",
      "routes:\n  - prefix: 10.0.0.0/8\n    dev: em9\n",
      /^F\.yaml:3:10: routes\[0\]\.dev: netlink RTM_GETLINK: ENODEV/,
    ],
    [
      "an interface of one of several paths",
      "routes:\n  - prefix: 10.0.0.0/8\n    nexthops: [{ via: 192.0.2.9, dev: em9 }]\n",
      /^F\.yaml:3:39: routes\[0\]\.nexthops\[0\]\.dev: netlink RTM_GETLINK: ENODEV/,
    ],
    [
      "a module whose file there is not",
      "modules: [netlink, cats.wasm]",
      /^F\.yaml:1:20: modules\[1\]: .*ENOENT.*cannot be/,
    ],
    ["a module that there is not", "modules: [netlink, cats]", /^F\.yaml:1:20: modules\[1\]: .*cats: ENOENT/],
    [
      "a sysctl that can only be read",
      "sysctls:\n  net.route.hash_outbound: 1\n",
      /^F\.yaml:2:28: sysctls\.net\.route\.hash_outbound: .*E\w+/,
    ],
    [
      "an ext ack's text goes with it",
      `${EM0}routes: [{ prefix: "2001:db8:1::/48", via: "fe80::1" }]`,
      /^F\.yaml:2:10: routes\[0\]: netlink RTM_NEWROUTE: EINVAL \(\S[^\n]*\)$/,
    ],
  ])("%s", (_name, text, message) => {
    expect(() => boot(text)).toThrow(SetupError);
    expect(() => boot(text)).toThrow(message);
  });

  it("a command ends with the message alone and status 1; a file that is wrong is status 2", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "nlvm-")), "F.yaml");
    writeFileSync(file, "routes: [{ prefix: 10.0.0.0/8, via: 192.0.2.9 }]\n");
    const refused = await nlvm(["sh", "--config", file], "link\n");
    expect([refused.status, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toMatch(/F\.yaml:1:10: routes\[0\]: netlink RTM_NEWROUTE: EINVAL[^\n]*\n$/);
    writeFileSync(file, "routes: [{ prefix: 10.0.0.0/8, gateway: 192.0.2.9 }]\n");
    const wrong = await nlvm(["sh", "--config", file], "link\n");
    expect([wrong.status, wrong.stdout]).toEqual([2, ""]);
    expect(wrong.stderr).toMatch(/F\.yaml:1:32: unknown key "gateway"; expected one of prefix, via/);
  });
});
