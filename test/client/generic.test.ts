// The client of generic netlink on a kernel.

import { describe, expect, it } from "vitest";
import { NETLINK, NLM_F } from "../../assembly/abi/netlink.js";
import { GenericClient } from "../../host/client/generic.js";
import type { Message } from "../../host/codec/messages.js";
import { Kernel } from "../../host/kernel/kernel.js";
import { dummyFile } from "../module/modules.js";

const ENOENT = expect.objectContaining({ code: "ENOENT" });

function start(...modules: string[]): { kernel: Kernel; client: GenericClient } {
  const kernel = Kernel.boot({ modules: ["netlink", ...modules], interfaces: [{ name: "em0" }] });
  return { kernel, client: new GenericClient(kernel.vnet0.socket({ protocol: NETLINK.GENERIC })) };
}

/** The payloads of answers that nothing describes. */
function payloads(answers: readonly Message[]): number[][] {
  return answers.map(({ body }) => [...(body as { payload: Uint8Array }).payload]);
}

describe("families", () => {
  it("[FC-GENL-1] are listed in the order of their ids", () => {
    const { kernel, client } = start("nlsysevent");
    kernel.kldload("dummy", dummyFile());
    expect(client.families().map(({ id, name }) => [id, name])).toEqual([
      [16, "nlctrl"],
      [17, "nlsysevent"],
      [18, "dummy"],
    ]);
  });

  it("are found by name and by id", () => {
    const { client } = start("nlsysevent");
    expect(client.family("nlsysevent")).toMatchObject({ id: 17, version: 2, maxattr: 4 });
    expect(client.family(17)).toEqual(client.family("nlsysevent"));
  });

  it("[FC-GENL-6] that are not there are ENOENT", () => {
    const { client } = start();
    expect(() => client.family("dummy")).toThrow(ENOENT);
    expect(() => client.family(17)).toThrow(ENOENT);
    expect(() => client.listen("dummy")).toThrow(ENOENT);
  });
});

describe("groups", () => {
  it("[FC-GENL-2] of nlctrl tell of families that come and go", () => {
    const { kernel, client } = start();
    const monitor = client.listen("nlctrl", ["notify"]);
    kernel.kldload("dummy", dummyFile());
    expect(monitor.next()).toMatchObject({ kind: "controller", body: { genl: { command: 1 }, name: "dummy", id: 17 } });
    expect(client.registry.nameOf(17)).toBe("dummy");
    kernel.kldunload("dummy");
    expect(monitor.next()).toMatchObject({ kind: "controller", body: { genl: { command: 2 }, name: "dummy" } });
    expect(client.registry.nameOf(17)).toBeUndefined();
    expect(monitor.next()).toBeUndefined();
  });

  it("[FC-GENL-3] of nlsysevent are one or all, and its events are read without being described", () => {
    const { kernel, client } = start("nlsysevent");
    const all = client.listen("nlsysevent");
    kernel.vnet0.interfaceRename("em0", "up0");
    expect(all.next()).toMatchObject({
      kind: "generic",
      family: "nlsysevent",
      body: { system: "IFNET", subsystem: "em0", type: "RENAME", data: "name=up0" },
    });
    all.close();
    const other = client.listen("nlsysevent", ["USB"]);
    kernel.vnet0.interfaceRename("up0", "em0");
    expect(other.next()).toBeUndefined();
  });

  it("[FC-GENL-4] that a family does not have are ENOENT", () => {
    const { client } = start("nlsysevent");
    expect(() => client.listen("nlsysevent", ["IFNET", "nonsense"])).toThrow(ENOENT);
  });
});

describe("commands as bytes", () => {
  it("give what the family answers", () => {
    const { kernel, client } = start();
    kernel.kldload("dummy", dummyFile());
    const data = [8, 0, 1, 0, 1, 2, 3, 4];
    expect(payloads(client.command("dummy", { command: 1, payload: Uint8Array.from(data) }))).toEqual([
      [1, 1, 0, 0, ...data],
    ]);
    const count = Uint8Array.of(8, 0, 3, 0, 3, 0, 0, 0);
    expect(client.command(17, { command: 4, flags: NLM_F.DUMP, payload: count })).toHaveLength(3);
  });

  it("[RF-GENL-4] that need privilege are EPERM without, and any other is not", () => {
    const { kernel } = start();
    kernel.kldload("dummy", dummyFile());
    const user = new GenericClient(kernel.vnet0.socket({ protocol: NETLINK.GENERIC, cred: { uid: 1 } }));
    expect(() => user.command("dummy", { command: 3 })).toThrow(expect.objectContaining({ code: "EPERM" }));
    expect(user.command("dummy", { command: 2 })).toHaveLength(1);
  });

  it("[RF-GENL-3] that a family does not have are EOPNOTSUPP", () => {
    const { client } = start();
    expect(() => client.command("nlctrl", { command: 200 })).toThrow(expect.objectContaining({ code: "EOPNOTSUPP" }));
  });
});
