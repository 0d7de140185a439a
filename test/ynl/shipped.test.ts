// The specifications that the package has, on a kernel: they say what it does.

import { describe, expect, it } from "vitest";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { GenericClient } from "../../host/client/generic.js";
import { decode } from "../../host/codec/decode.js";
import { encode } from "../../host/codec/encode.js";
import { Kernel } from "../../host/kernel/kernel.js";
import { shippedSpecification } from "../../host/node/specfile.js";
import type { Specification } from "../../host/ynl/specification.js";
import { dummyFile } from "../module/modules.js";

function shipped(family: string): Specification {
  const found = shippedSpecification(family);
  if (found === undefined) throw new Error(`no specification of ${family}`);
  return found;
}

function start(...modules: string[]): { kernel: Kernel; client: GenericClient } {
  const kernel = Kernel.boot({ modules: ["netlink", ...modules], interfaces: [{ name: "em0" }] });
  return { kernel, client: new GenericClient(kernel.vnet0.socket({ protocol: NETLINK.GENERIC })) };
}

/** All answers of a request by the names of a specification. */
function valuesOf(specification: Specification, answers: ReturnType<GenericClient["do"]>): unknown[] {
  return answers.map((answer) => specification.valuesOf(answer));
}

describe("nlctrl", () => {
  const nlctrl = shipped("nlctrl");

  it("gets one family, by name or id, and all of them", () => {
    const { client } = start("nlsysevent");
    const [family] = valuesOf(nlctrl, client.do(nlctrl, "getfamily", { "family-name": "nlctrl" }));
    expect(family).toEqual({
      "family-name": "nlctrl",
      "family-id": 16,
      version: 2,
      hdrsize: 0,
      maxattr: 10,
      ops: [{ id: 3, flags: ["cmd-cap-do", "cmd-cap-dump", "cmd-cap-haspol"] }],
      "mcast-groups": [{ id: 48, name: "notify" }],
    });
    expect(valuesOf(nlctrl, client.do(nlctrl, "getfamily", { "family-id": 17 }))).toMatchObject([
      { "family-name": "nlsysevent" },
    ]);
    expect(valuesOf(nlctrl, client.dump(nlctrl, "getfamily"))).toMatchObject([
      { "family-id": 16 },
      { "family-id": 17 },
    ]);
    expect(client.families()).toHaveLength(2);
  });

  it("tells of families that come and go", () => {
    const { kernel, client } = start();
    client.registry.add(nlctrl);
    const monitor = client.listen("nlctrl", nlctrl.groups);
    kernel.kldload("dummy", dummyFile());
    kernel.kldunload("dummy");
    const told = [monitor.next(), monitor.next()];
    expect(told.map((each) => each && nlctrl.valuesOf(each))).toMatchObject([
      { "family-name": "dummy" },
      { "family-name": "dummy" },
    ]);
    expect(client.registry.nameOf(17)).toBeUndefined();
  });
});

describe("nlsysevent", () => {
  const nlsysevent = shipped("nlsysevent");

  it("[RF-GENL-11] has the groups of the module, in its order", () => {
    const { client } = start("nlsysevent");
    expect(nlsysevent.groups).toEqual(client.family("nlsysevent").groups?.map(({ name }) => name));
    expect(nlsysevent.version).toBe(client.family("nlsysevent").version);
  });

  it("reads events as the codec's own schema does", () => {
    const { kernel, client } = start("nlsysevent");
    const monitor = client.listen("nlsysevent");
    kernel.vnet0.interfaceRename("em0", "up0");
    const event = monitor.next();
    client.registry.add(nlsysevent);
    const [again] = event ? decode(encode(event), { protocol: NETLINK.GENERIC, families: client.registry }) : [];
    expect(again && nlsysevent.valuesOf(again)).toEqual({
      system: "IFNET",
      subsystem: "em0",
      type: "RENAME",
      data: "name=up0",
    });
    expect(event).toMatchObject({ body: again && nlsysevent.valuesOf(again) });
  });
});

describe("carp", () => {
  const carp = shipped("carp");

  it("sets virtual hosts and gets them, by names", () => {
    const { client } = start("carp");
    const key = "73656372657400000000000000000000000000ff";
    client.do(carp, "set", { ifname: "em0", vhid: 7, advbase: 2, advskew: 100, addr: "224.0.0.99", key });
    expect(valuesOf(carp, client.dump(carp, "get", { ifname: "em0" }))).toEqual([
      { vhid: 7, state: "init", advbase: 2, advskew: 100, addr: "224.0.0.99", addr6: "ff02::12", key },
    ]);
    expect(carp.version).toBe(client.family("carp").version);
  });
});

describe("a family of a loaded module", () => {
  const dummy = shipped("dummy");

  it("[RF-GENL-12] is asked by names, and answers by names", () => {
    const { kernel, client } = start();
    kernel.kldload("dummy", dummyFile());
    expect(valuesOf(dummy, client.do(dummy, "echo", { data: "0102" }))).toEqual([{ data: "0102" }]);
    expect(valuesOf(dummy, client.do(dummy, "count", { value: 5 }))).toEqual([{ value: 5 }]);
    expect(valuesOf(dummy, client.do(dummy, "reset"))).toEqual([]);
    expect(valuesOf(dummy, client.dump(dummy, "dump", { count: 2 }))).toEqual([
      { index: 0, name: "entry" },
      { index: 1, name: "entry" },
    ]);
  });

  it("tells of events, and its refusals have its words", () => {
    const { kernel, client } = start();
    kernel.kldload("dummy", dummyFile());
    const monitor = client.listen("dummy", ["ticks"]);
    client.do(dummy, "events", { interval: 100 });
    kernel.advance(100);
    const tick = monitor.next();
    expect(tick && dummy.valuesOf(tick)).toMatchObject({ tick: 1 });
    expect(() => client.do(dummy, "echo")).toThrow("DATA is missing");
  });

  it("that is not there is ENOENT", () => {
    expect(() => start().client.do(dummy, "echo")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });
});
