// pyroute2 0.7 of Debian: IPRoute, which is a socket, and NDB, which is a data base with three of them and threads.
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { findPython } from "../../scripts/lib/programs.mjs";
import { onKernels } from "./suite.js";

const EEXIST = 17;
const ESRCH = 3;
const EADDRNOTAVAIL = 99;
const OPERSTATE_UP = "UP";

const client = (name: string): string => fileURLToPath(new URL(`clients/${name}`, import.meta.url));
const python = findPython("pyroute2") ?? "python3";

onKernels("pyroute2", "pyroute2", (world) => {
  it("changes and watches every kind of object through IPRoute", async () => {
    expect(await world().json(python, client("iproute.py"))).toMatchObject({
      links: {
        lo: { address: "00:00:00:00:00:00" },
        eth0: { mtu: 1500, address: "02:00:00:00:00:0a", state: OPERSTATE_UP, kind: "veth" },
        eth1: { mtu: 1500, address: "02:00:00:00:00:0b", state: OPERSTATE_UP, kind: "veth" },
      },
      "looked up": true,
      absent: [],
      addresses: ["192.0.2.1/24", "2001:db8::1/64", "fe80::ff:fe00:a/64"],
      rules: [253, 254, 255],
      route: true,
      "route again": EEXIST,
      gateway: ["192.0.2.10"],
      way: "192.0.2.10",
      neighbour: ["02:00:00:00:00:30"],
      mtu: 1400,
      "route gone": ESRCH,
      "address gone": EADDRNOTAVAIL,
      events: [
        "RTM_DELADDR",
        "RTM_DELNEIGH",
        "RTM_DELROUTE",
        "RTM_NEWADDR",
        "RTM_NEWLINK",
        "RTM_NEWNEIGH",
        "RTM_NEWROUTE",
      ],
    });
  });

  it("[FC-LINUX-4] follows the kernel and changes it through NDB", async () => {
    const found = await world().json(python, client("ndb.py"));
    expect(found).toMatchObject({
      interfaces: expect.arrayContaining(["eth0", "eth1", "lo"]),
      mtu: 1500,
      addresses: ["192.0.2.1/24", "2001:db8::1/64", "fe80::ff:fe00:a/64"],
      connected: true,
      "set mtu": 1400,
      created: "system",
      shown: ["203.0.113.0/24", "via", "192.0.2.9", "dev", "eth0"],
      learnt: true,
      forgot: true,
    });
  });
});
