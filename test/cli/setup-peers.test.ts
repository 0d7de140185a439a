// A configuration's peers, and what they advertise.
import { describe, expect, it } from "vitest";
import { ND6_IFF } from "../../assembly/abi/ifnet.js";
import type { Kernel } from "../../host/kernel/kernel.js";
import { parseConfig } from "../../host/node/config.js";
import { bootConfig, SetupError } from "../../host/node/setup.js";
import { ConfigError } from "../../host/yaml/schema.js";

const EM0 = "interfaces: [{ name: em0, up: true, inet6: true, acceptRtadv: true }]";
const MAC = 'lladdr: "02:00:00:00:00:99", dev: em0';

function boot(text: string): Kernel {
  return bootConfig(parseConfig(text, "F.yaml"));
}

describe("a configuration's peers", () => {
  it("answer, or do not, and are each vnet's own", () => {
    const kernel = boot(`
${EM0}
peers:
  - { address: 192.0.2.7, lladdr: "02:00:00:00:00:07", dev: em0, answers: false }
  - { address: fe80::99, ${MAC}, router: true }
vnets:
  - { name: blue, interfaces: [{ name: em1 }], peers: [{ address: 192.0.2.8, lladdr: "02:00:00:00:00:08", dev: em1 }] }
`);
    const index = kernel.vnet0.interfaceIndex("em0") ?? 0;
    expect(kernel.vnet0.neighbours.peers()).toEqual([
      { index, address: "fe80::99", lladdr: "02:00:00:00:00:99", answers: true, router: true },
      { index, address: "192.0.2.7", lladdr: "02:00:00:00:00:07", answers: false, router: false },
    ]);
    expect(kernel.vnet("blue")?.neighbours.peers()).toMatchObject([{ address: "192.0.2.8", answers: true }]);
  });

  it("[FB-92] advertise what is said of them: a default router, prefixes, the link", () => {
    const { vnet0 } = boot(`
${EM0}
peers:
  - address: fe80::99
    ${MAC.replace(", ", "\n    ")}
    advertises:
      lifetime: 600
      preference: high
      mtu: 1400
      hopLimit: 128
      reachable: 5000
      retransmit: 2000
      prefixes:
        - 2001:db8:1::/64
        - { prefix: "2001:db8:2::/48", autonomous: false, valid: 100, preferred: 50 }
`);
    expect(vnet0.neighbours.routers()).toMatchObject([
      { address: "fe80::99", lifetime: 600, preference: "high", isInstalled: true },
    ]);
    const { flags, ...link } = vnet0.neighbours.discovery("em0");
    expect(link).toEqual({ mtu: 1400, reachable: 5000, retransmit: 2000, hopLimit: 128 });
    const prefixes = vnet0.neighbours.prefixes().filter(({ prefix }) => prefix.startsWith("2001"));
    expect(prefixes).toMatchObject([
      { prefix: "2001:db8:2::/48", onLink: true, autonomous: false, valid: 100, preferred: 50, addresses: 0 },
      { prefix: "2001:db8:1::/64", onLink: true, autonomous: true, valid: 2_592_000, addresses: 1 },
    ]);
    expect(vnet0.check()).toBe(0);
  });

  it("come after the routes: a default route of the file's stays", () => {
    const { vnet0 } = boot(`
interfaces: [{ name: em0, up: true, addresses: ["2001:db8::1/64"], acceptRtadv: true }]
routes: [{ prefix: default, via: "2001:db8::9" }]
peers: [{ address: fe80::99, ${MAC}, advertises: {} }]
`);
    expect(vnet0.neighbours.routers()).toMatchObject([{ address: "fe80::99", lifetime: 1800, isInstalled: false }]);
  });

  it.each([
    ["hardware", "{ name: em0, acceptRtadv: true }", "em0", true],
    ["hardware, against the sysctl", "{ name: em0, acceptRtadv: false }", "em0", false],
    ["hardware, as the sysctl has it", "{ name: em0 }", "em0", true],
    ["what a cloner makes", "{ name: epair0, kind: epair, acceptRtadv: false }", "epair0a", false],
    ["what is there already", "{ name: epair0, kind: epair }, { name: epair0b, acceptRtadv: false }", "epair0b", false],
  ])("acceptRtadv of %s", (_, interfaces, name, isAccepted) => {
    const { vnet0 } = boot(`sysctls: { net.inet6.ip6.accept_rtadv: 1 }\ninterfaces: [${interfaces}]`);
    expect((vnet0.neighbours.discovery(name).flags & ND6_IFF.ACCEPT_RTADV) !== 0).toBe(isAccepted);
  });

  it.each([
    [`{ address: 192.0.2.7, ${MAC}, advertises: {} }`, /^F\.yaml:2:\d+: peers\[0\]\.advertises: expected a link-local/],
    [`{ address: "2001:db8::7", ${MAC}, advertises: {} }`, /expected a link-local address/],
    [`{ address: fe80::99, ${MAC}, advertises: { lifetime: 65536 } }`, /expected an integer from 0 to 65535/],
    [`{ address: fe80::99, ${MAC}, advertises: { preference: best } }`, /expected one of low, medium, high/],
    [`{ address: fe80::99, ${MAC}, advertises: { prefixes: [10.0.0.0/8] } }`, /expected a prefix of IPv6/],
    [
      `{ address: fe80::99, ${MAC}, advertises: { prefixes: [${Array(31).fill("'::/64'").join()}] } }`,
      /peers\[0\]\.advertises\.prefixes: 31; expected at most 30/,
    ],
    [`{ address: fe80::99, dev: em0 }`, /lladdr/],
  ])("%s is refused", (peer, message) => {
    const text = `${EM0}\npeers: [${peer}]`;
    expect(() => boot(text)).toThrow(ConfigError);
    expect(() => boot(text)).toThrow(message);
  });

  it.each([
    [
      EM0.replace("up: true, ", ""),
      `{ address: fe80::99, ${MAC}, advertises: {} }`,
      /peers\[0\]\.advertises: .*ENETDOWN/,
    ],
    [EM0, `{ address: fe80::99, ${MAC.replace("em0", "em9")} }`, /^F\.yaml:2:\d+: peers\[0\]\.dev: .*ENODEV/],
  ])("that the kernel refuses are named by their place", (interfaces, peer, message) => {
    const text = `${interfaces}\npeers: [${peer}]`;
    expect(() => boot(text)).toThrow(SetupError);
    expect(() => boot(text)).toThrow(message);
  });
});
