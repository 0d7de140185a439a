import { describe, expect, it } from "vitest";
import { Kernel, type Vnet } from "../../host/kernel/kernel.js";
import { ask, codeOf, drain, hex, payloadOf, type Seen, toHex } from "../support/messages.js";
import { setupR } from "../support/setups.js";
import { byName, familyOf, genl, getFamily, openGeneric } from "./families.js";

/** netlink-core N10.7. */
const SYSTEMS = [
  "ACPI",
  "AEON",
  "CAM",
  "CARP",
  "coretemp",
  "DEVFS",
  "device",
  "ETHERNET",
  "GEOM",
  "HYPERV_NIC_VF",
  "IFNET",
  "INFINIBAND",
  "KERNEL",
  "nvme",
  "PMU",
  "RCTL",
  "USB",
  "VFS",
  "VT",
  "ZFS",
];
const IFNET = 59;

function setup(): { kernel: Kernel; vnet: Vnet } {
  const { kernel, vnet } = setupR();
  kernel.kldload("nlsysevent");
  return { kernel, vnet };
}

function groupsOf(vnet: Vnet): Readonly<Record<string, number>> {
  const [seen] = ask(openGeneric(vnet), getFamily("q", byName("nlsysevent")));
  return familyOf(seen as never).groups ?? {};
}

/** System, subsystem, type, data. */
function eventOf({ body }: Seen): (string | undefined)[] {
  return [1, 2, 3, 4].map((type) => {
    const payload = payloadOf(body.slice(4), type);
    return payload && new TextDecoder().decode(payload.subarray(0, -1));
  });
}

describe("nlsysevent", () => {
  it("[RF-GENL-11a] [N10.7] has a group for each of 20 systems, 49…68 in order", () => {
    const { vnet } = setup();
    expect(groupsOf(vnet)).toEqual(Object.fromEntries(SYSTEMS.map((name, i) => [name, 49 + i])));
  });

  it("[RF-GENL-11a] a system without a group gets one at its first event, which nobody hears, up to 64 in all", () => {
    const { kernel, vnet } = setup();
    const watcher = openGeneric(vnet, [69]);
    kernel.devctl("MINE", "unit0", "FIRST");
    expect(groupsOf(vnet).MINE).toBe(69);
    for (let i = 0; i < 60; i++) kernel.devctl(`system${i}`, "unit0", "FIRST");
    // 63 places of groups beside the controller's.
    expect(Object.keys(groupsOf(vnet))).toHaveLength(63);
    kernel.devctl("MINE", "unit0", "SECOND");
    expect(drain(watcher).map(eventOf)).toEqual([
      ["MINE", "unit0", "FIRST", undefined],
      ["MINE", "unit0", "SECOND", undefined],
    ]);
  });

  it("[RF-GENL-11b] events of another vnet are not told", () => {
    const { kernel } = setup();
    const other = kernel.vnetCreate("other");
    const watcher = openGeneric(other, [IFNET]);
    other.interfaceCreate("tap");
    expect(drain(watcher)).toEqual([]);
  });

  it("[RF-GENL-11c] [FC-GENL-3] attach, link state, rename and detach of an interface; no address", () => {
    const { vnet } = setup();
    const watcher = openGeneric(vnet, [IFNET]);
    vnet.interfaceAttach({ name: "em0", up: true });
    vnet.interfaceSet("em0", { carrier: false });
    vnet.interfaceSet("em0", { carrier: true });
    vnet.addressAdd("em0", "192.0.2.1/24");
    vnet.interfaceRename("em0", "lan0");
    vnet.interfaceDetach("lan0");
    expect(drain(watcher).map(eventOf)).toEqual([
      ["IFNET", "em0", "ATTACH", undefined],
      ["IFNET", "em0", "LINK_DOWN", undefined],
      ["IFNET", "em0", "LINK_UP", undefined],
      ["IFNET", "em0", "RENAME", "name=lan0"],
      ["IFNET", "lan0", "DETACH", undefined],
    ]);
  });

  it("[N12.10] an attach byte for byte", () => {
    const { vnet } = setup();
    const watcher = openGeneric(vnet, [IFNET]);
    vnet.interfaceCreate("tap0");
    const [event] = drain(watcher);
    expect(toHex(event?.bytes as Uint8Array)).toBe(
      toHex(
        hex(`38000000 11000000 00000000 00000000 | 01000000 | 0a000100 49464e45 5400 0000 |
             09000200 74617030 00 000000 | 0b000300 41545441 434800 00`),
      ),
    );
  });

  it("any request of it is ENOTSUP", () => {
    const { vnet } = setup();
    const [answer] = ask(openGeneric(vnet), genl(17, 1, "q"));
    expect(answer?.body[0]).toBe(45);
  });

  it("[RF-MOD-6a] [N9.4] keeps netlink; unloading it takes family, groups and events away", () => {
    const { kernel, vnet } = setup();
    expect(codeOf(() => kernel.kldunload("netlink"))).toBe("EBUSY");
    expect(kernel.kldstat().map(({ name, references }) => [name, references])).toEqual([
      ["kernel", 3],
      ["netlink", 2],
      ["nlsysevent", 1],
    ]);
    const watcher = openGeneric(vnet, [IFNET]);
    kernel.kldunload("nlsysevent");
    vnet.interfaceCreate("tap0");
    expect(drain(watcher)).toEqual([]);
    for (const socket of vnet.sockets) socket.close();
    kernel.kldunload("netlink");
    expect(kernel.kldstat()).toHaveLength(1);
  });

  it("[RF-MOD-10] a load that fails leaves nothing", () => {
    const { kernel, vnet } = setupR();
    for (let i = 0; i < 19; i++) kernel.generic.registerFamily({ name: `family${i}` });
    const before = ask(openGeneric(vnet), getFamily("q")).map(({ body }) => toHex(body));
    expect(codeOf(() => kernel.kldload("nlsysevent"))).toBe("ENOSPC");
    expect(ask(openGeneric(vnet), getFamily("q")).map(({ body }) => toHex(body))).toEqual(before);
    expect(kernel.kldstat().map(({ name }) => name)).toEqual(["kernel", "netlink"]);
  });

  it("brings netlink along, and takes it away again when nobody else wants it", () => {
    const kernel = Kernel.boot();
    kernel.kldload("nlsysevent");
    expect(kernel.kldstat().map(({ name }) => name)).toEqual(["kernel", "netlink", "nlsysevent"]);
    expect(codeOf(() => kernel.kldunload("netlink"))).toBe("EBUSY");
    kernel.kldunload("nlsysevent");
    expect(kernel.kldstat().map(({ name }) => name)).toEqual(["kernel"]);
  });

  it.each(["system", "subsystem", "type", "data"] as const)("devctl refuses a %s that is too long", (which) => {
    const { kernel } = setup();
    const limits = { system: 15, subsystem: 127, type: 63, data: 767 };
    const texts = { system: "S", subsystem: "s", type: "T", data: "d" };
    const post = (length: number): void => {
      const all = { ...texts, [which]: "x".repeat(length) };
      kernel.devctl(all.system, all.subsystem, all.type, all.data);
    };
    post(limits[which]);
    expect(() => post(limits[which] + 1)).toThrow(RangeError);
  });
});
