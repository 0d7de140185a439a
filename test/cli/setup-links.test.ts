// A configuration's interfaces of every kind.
import { describe, expect, it } from "vitest";
import { GIF, IFF, IFT } from "../../assembly/abi/ifnet.js";
import { Client } from "../../host/client/client.js";
import type { Link } from "../../host/codec/link.js";
import type { Kernel, Vnet } from "../../host/kernel/kernel.js";
import { parseConfig } from "../../host/node/config.js";
import { bootConfig, SetupError } from "../../host/node/setup.js";

function boot(text: string): Kernel {
  return bootConfig(parseConfig(text, "F.yaml"));
}

function linksOf(vnet: Vnet | undefined): Link[] {
  if (vnet === undefined) throw new Error("expected a vnet");
  const socket = vnet.socket();
  const links = new Client(socket).links();
  socket.close();
  return links;
}

describe("a configuration's interfaces", () => {
  it("[B.3.2] [B.4.3] are made by their kind, with what is said of them", () => {
    const kernel = boot(`
interfaces:
  - { name: em0, up: true }
  - { name: epair0, kind: epair, up: true, mtu: 1400, description: one half }
  - { name: epair0b, up: true, lladdr: "02:00:00:00:00:0b" }
  - { name: bridge0, kind: bridge }
  - { name: lo1, kind: lo, up: true }
`);
    const links = linksOf(kernel.vnet0);
    expect(links.map(({ name }) => name)).toEqual(["lo0", "em0", "epair0a", "epair0b", "bridge0", "lo1"]);
    const find = (wanted: string): Link | undefined => links.find(({ name }) => name === wanted);
    expect(find("epair0a")).toMatchObject({ mtu: 1400, alias: "one half" });
    expect(find("epair0b")).toMatchObject({ mtu: 1500, address: "02:00:00:00:00:0b" });
    expect(find("bridge0")?.type).toBe(IFT.BRIDGE);
    const up = links.filter(({ flags }) => (flags & IFF.UP) !== 0).map(({ name }) => name);
    expect(up).toEqual(["lo0", "em0", "epair0a", "epair0b", "lo1"]);
  });

  it("[B.3.7] a vlan is on its parent", () => {
    const kernel = boot(`
interfaces:
  - { name: em0, up: true, lladdr: "02:00:00:00:00:07" }
  - { name: vlan7, kind: vlan, parent: em0, vid: 7 }
  - { name: vlan8, kind: vlan, parent: em0, vid: 7, protocol: 0x88a8 }
`);
    const [, , vlan7, vlan8] = linksOf(kernel.vnet0);
    expect(vlan7).toMatchObject({ name: "vlan7", type: IFT.L2VLAN, address: "02:00:00:00:00:07" });
    expect(vlan8?.name).toBe("vlan8");
  });

  it.each(["", "switches: { tunnelData: true }\n"])(
    "tunnel between two addresses, whatever netlink knows (%j)",
    (head) => {
      const kernel = boot(`${head}
interfaces:
  - { name: em0, up: true, addresses: [192.0.2.1/24] }
  - { name: gif, kind: gif, tunnel: { local: 192.0.2.1, remote: 198.51.100.1, flags: [ignore_source] } }
  - { name: gre3, kind: gre, tunnel: { local: "2001:db8::1", remote: "2001:db8::2", key: 7, port: 50000 } }
vnets:
  - name: blue
    interfaces: [{ name: gif0, from: vnet0, tunnel: { local: "fe80::1%lo0", remote: "fe80::2%lo0" } }]
`);
      expect(kernel.vnet("blue")?.tunnel("gif0")).toEqual({
        endpoints: { local: "fe80::1%lo0", remote: "fe80::2%lo0" },
        flags: GIF.IGNORE_SOURCE,
        ...{ key: 0, port: 0 },
      });
      expect(kernel.vnet0.tunnel("gre3")).toEqual({
        endpoints: { local: "2001:db8::1", remote: "2001:db8::2" },
        ...{ flags: 0, key: 7, port: 50000 },
      });
    },
  );

  it("come from another vnet, so that an epair connects two", () => {
    const kernel = boot(`
interfaces: [{ name: epair0, kind: epair, up: true, addresses: [192.0.2.1/24] }]
vnets:
  - name: blue
    interfaces: [{ name: epair0b, from: vnet0, up: true, addresses: [192.0.2.2/24] }]
`);
    expect(linksOf(kernel.vnet0).map(({ name }) => name)).toEqual(["lo0", "epair0a"]);
    expect(linksOf(kernel.vnet("blue")).map(({ name }) => name)).toEqual(["lo0", "epair0b"]);
  });

  it.each([
    [
      "[B.3.2] a name without a driver",
      "interfaces: [{ name: cats0, kind: bridge }]",
      /^F\.yaml:1:14: interfaces\[0\]: netlink RTM_NEWLINK: EINVAL/,
    ],
    [
      "[B.3.7] a vlan's parent that is not there",
      "interfaces: [{ name: vlan7, kind: vlan, parent: em9, vid: 7 }]",
      /^F\.yaml:1:49: interfaces\[0\]\.parent: netlink RTM_GETLINK: ENODEV/,
    ],
    [
      "[B.3.7] a vid that is taken",
      "interfaces:\n  - { name: em0 }\n  - { name: vlan7, kind: vlan, parent: em0, vid: 7 }\n  - { name: vlan8, kind: vlan, parent: em0, vid: 7 }\n",
      /^F\.yaml:4:5: interfaces\[2\]: netlink RTM_NEWLINK: EEXIST/,
    ],
    [
      "a tunnel that there is",
      `interfaces:\n${[0, 1].map((n) => `  - { name: gif${n}, kind: gif, tunnel: { local: "::1", remote: "::2" } }\n`).join("")}`,
      /^F\.yaml:3:38: interfaces\[1\]\.tunnel: netlink interface gif1: tunnel: EADDRNOTAVAIL/,
    ],
    [
      "a low port",
      "interfaces: [{ name: gre0, kind: gre, tunnel: { local: 192.0.2.1, remote: 192.0.2.2, port: 80 } }]",
      /^F\.yaml:1:47: interfaces\[0\]\.tunnel: netlink interface gre0: tunnel_port: EINVAL/,
    ],
    [
      "an interface that the other vnet does not have",
      "vnets: [{ name: blue, interfaces: [{ name: em9, from: vnet0 }] }]",
      /^F\.yaml:1:55: vnets\[0\]\.interfaces\[0\]\.from: .*em9: ENXIO/,
    ],
  ])("that the kernel refuses are named by their place: %s", (_name, text, message) => {
    expect(() => boot(text)).toThrow(SetupError);
    expect(() => boot(text)).toThrow(message);
  });

  it("come from a vnet that is there", () => {
    expect(() => boot("vnets: [{ name: blue, interfaces: [{ name: em9, from: red }] }]")).toThrow(
      "F.yaml:1:55: vnets[0].interfaces[0].from: no vnet red; expected vnet0 or one that stands before",
    );
  });
});
