// A configuration's addresses and sysctls of the stack, in each vnet.
import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { Client } from "../../host/client/client.js";
import type { Address } from "../../host/codec/address.js";
import type { Kernel, Vnet } from "../../host/kernel/kernel.js";
import { parseConfig } from "../../host/node/config.js";
import { bootConfig, SetupError } from "../../host/node/setup.js";

function boot(text: string): Kernel {
  return bootConfig(parseConfig(text, "F.yaml"));
}

function addressesOf(vnet: Vnet | undefined, name: string): Address[] {
  if (vnet === undefined) throw new Error("expected a vnet");
  const socket = vnet.socket();
  const client = new Client(socket);
  const found = client.addresses({ index: client.link({ name }).index });
  socket.close();
  return found;
}

describe("a configuration's addresses", () => {
  it("[C.4.1] [C.4.2] [C.5.2] have the peer, broadcast address and lifetimes that it says", () => {
    const { vnet0 } = boot(`
interfaces:
  - name: em0
    up: true
    addresses:
      - 192.0.2.1/24
      - { address: 198.51.100.1/24, broadcast: 198.51.100.127 }
      - { address: "2001:db8::1/64", preferred: 100, valid: 200 }
      - "2001:db8:1::1/64"
  - { name: gif0, pointToPoint: true, up: true, addresses: [{ address: 203.0.113.1/32, peer: 203.0.113.2 }] }
`);
    expect(addressesOf(vnet0, "em0")).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ local: "192.0.2.1", broadcast: "192.0.2.255" }),
        expect.objectContaining({ local: "198.51.100.1", broadcast: "198.51.100.127" }),
        expect.objectContaining({
          address: "2001:db8::1",
          cacheInfo: expect.objectContaining({ preferred: 100, valid: 200 }),
        }),
        expect.objectContaining({
          address: "2001:db8:1::1",
          cacheInfo: expect.objectContaining({ preferred: 0xffffffff, valid: 0xffffffff }),
        }),
      ]),
    );
    expect(addressesOf(vnet0, "gif0")).toMatchObject([{ local: "203.0.113.1", address: "203.0.113.2" }]);
  });

  it("set up a vnet's lo0 like any other interface", () => {
    const kernel = boot('vnets: [{ name: red, interfaces: [{ name: lo0, addresses: [127.0.0.1/8, "::1/128"] }] }]');
    const families = addressesOf(kernel.vnet("red"), "lo0").map(({ family }) => family);
    expect(families).toEqual(expect.arrayContaining([AF.INET, AF.INET6]));
  });

  it("that the kernel refuses are named by their place", () => {
    const text = `
interfaces:
  - name: em0
    addresses: [192.0.2.1/24, { address: "2001:db8::1/64", preferred: 200, valid: 100 }]
`;
    expect(() => boot(text)).toThrow(SetupError);
    expect(() => boot(text)).toThrow(/^F\.yaml:4:31: interfaces\[0\]\.addresses\[1\]: netlink RTM_NEWADDR: EINVAL/);
  });
});

describe("a configuration's sysctls of the stack", () => {
  it("hold in every vnet, unless a vnet has its own, and before its interfaces come", () => {
    const kernel = boot(`
sysctls: { net.inet6.ip6.auto_linklocal: 0 }
interfaces: [{ name: em0, inet6: true, up: true }]
vnets:
  - { name: blue, interfaces: [{ name: em0, inet6: true, up: true }] }
  - { name: red, sysctls: { net.inet6.ip6.auto_linklocal: 1 }, interfaces: [{ name: em0, inet6: true, up: true }] }
`);
    expect(addressesOf(kernel.vnet0, "em0")).toEqual([]);
    expect(addressesOf(kernel.vnet("blue"), "em0")).toEqual([]);
    expect(addressesOf(kernel.vnet("red"), "em0")).toHaveLength(1);
  });
});
