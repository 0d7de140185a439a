// A configuration's neighbours, in each vnet.
import { describe, expect, it } from "vitest";
import { NTF } from "../../assembly/abi/rtnetlink.js";
import { Client } from "../../host/client/client.js";
import type { Neighbour } from "../../host/codec/neighbour.js";
import type { Kernel, Vnet } from "../../host/kernel/kernel.js";
import { parseConfig } from "../../host/node/config.js";
import { bootConfig, SetupError } from "../../host/node/setup.js";

const EM0 = 'interfaces: [{ name: em0, up: true, addresses: [192.0.2.1/24, "2001:db8::1/64"] }]';

function boot(text: string): Kernel {
  return bootConfig(parseConfig(text, "F.yaml"));
}

function neighbourOf(vnet: Vnet | undefined, address: string): Neighbour {
  if (vnet === undefined) throw new Error("expected a vnet");
  const socket = vnet.socket();
  const client = new Client(socket);
  const found = client.neighbour(address, client.link({ name: "em0" }).index);
  socket.close();
  return found;
}

describe("a configuration's neighbours", () => {
  it("[D.3] are permanent unless they are not, and proxied when they are", () => {
    const { vnet0, wallClock } = boot(`
${EM0}
neighbours:
  - { address: 192.0.2.7, lladdr: "02:00:00:00:00:07", dev: em0 }
  - { address: 192.0.2.8, lladdr: "02:00:00:00:00:08", dev: em0, permanent: false }
  - { address: "2001:db8::9", lladdr: "02:00:00:00:00:09", dev: em0, proxy: true }
`);
    expect(neighbourOf(vnet0, "192.0.2.7")).toMatchObject({
      ...{ lladdr: "02:00:00:00:00:07", flags: NTF.STICKY },
      freebsd: { nextStateAt: 0 },
    });
    expect(neighbourOf(vnet0, "192.0.2.8")).toMatchObject({ flags: 0, freebsd: { nextStateAt: wallClock + 1200 } });
    expect(neighbourOf(vnet0, "2001:db8::9").flags & (NTF.STICKY | NTF.PROXY)).toBe(NTF.STICKY | NTF.PROXY);
  });

  it("are each vnet's own", () => {
    const kernel = boot(`
vnets:
  - name: red
    ${EM0}
    neighbours: [{ address: 192.0.2.7, lladdr: "02:00:00:00:00:07", dev: em0 }]
`);
    expect(neighbourOf(kernel.vnet("red"), "192.0.2.7").lladdr).toBe("02:00:00:00:00:07");
  });

  it("[D.3] that the kernel refuses are named by their place", () => {
    const text = `${EM0}\nneighbours: [{ address: 198.51.100.7, lladdr: "02:00:00:00:00:07", dev: em0 }]`;
    expect(() => boot(text)).toThrow(SetupError);
    expect(() => boot(text)).toThrow(/^F\.yaml:2:14: neighbours\[0\]: netlink RTM_NEWNEIGH: ENOMEM/);
    expect(() => boot(text.replace("dev: em0 }]", "dev: em9 }]"))).toThrow(
      /^F\.yaml:2:73: neighbours\[0\]\.dev: netlink RTM_GETLINK: ENODEV/,
    );
  });
});
