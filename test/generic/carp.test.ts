// The family "carp": FreeBSD's netinet/ip_carp.c, and what lib/libifconfig/libifconfig_carp.c reads of it.

import { describe, expect, it } from "vitest";
import { CARP_NL_CMD, CARP_STATE, CarpLimit } from "../../assembly/abi/carp.js";
import { Errno } from "../../assembly/abi/errno.js";
import { GENL_OP } from "../../assembly/abi/genetlink.js";
import { NLM_F, NLMSG, PRIV } from "../../assembly/abi/netlink.js";
import { ask, codeOf, doneOf, drain, errorOf, type Seen } from "../support/messages.js";
import { monitor } from "../support/setups.js";
import { type CarpFields, carp, getCarp, setCarp, setupCarp, virtualHostOf, virtualHosts } from "./carprequests.js";
import { byName, familyOf, getFamily, openGeneric } from "./families.js";

const EM0 = 2;
/** ff02::12 */
const GROUP6 = "ff020000000000000000000000000012";
const KEY = new TextEncoder().encode("secret");
const NO_KEY = "00".repeat(CarpLimit.KEY);

describe("the module carp", () => {
  it("[FB-102] registers the family carp with GET for all and SET for the privileged", () => {
    const { generic } = setupCarp();
    const [seen] = ask(generic, getFamily("q", byName("carp")));
    const gets = GENL_OP.CAP_DO | GENL_OP.CAP_DUMP | GENL_OP.CAP_HASPOL;
    expect(familyOf(seen as Seen)).toMatchObject({
      name: "carp",
      version: 2,
      hdrsize: 0,
      maxattr: 2,
      commands: [
        [CARP_NL_CMD.GET, gets],
        [CARP_NL_CMD.SET, GENL_OP.CAP_DO | GENL_OP.CAP_HASPOL | GENL_OP.ADMIN_PERM],
      ],
      groups: undefined,
    });
  });

  it("cannot go while there is a virtual host in any vnet: EBUSY", () => {
    const { kernel, id } = setupCarp();
    const other = kernel.vnetCreate("other");
    other.interfaceCreate("tap");
    const generic = openGeneric(other);
    expect(errorOf(ask(generic, setCarp(id, { vhid: 1, name: "tap0" })))).toBe(0);
    expect(codeOf(() => kernel.kldunload("carp"))).toBe("EBUSY");
    generic.close();
    kernel.vnetDestroy("other");
    kernel.kldunload("carp");
    expect(kernel.kldstat().map(({ name }) => name)).not.toContain("carp");
  });

  it("takes its family along when it goes, and brings it when it comes again", () => {
    const { kernel, generic } = setupCarp();
    kernel.kldunload("carp");
    expect(ask(generic, getFamily("qa", byName("carp")))[0]?.type).toBe(NLMSG.ERROR);
    kernel.kldload("carp");
    expect(ask(generic, getFamily("q", byName("carp")))).toHaveLength(1);
  });
});

describe("CARP_NL_CMD_SET", () => {
  it("[FB-102] makes a virtual host of the interface of that index", () => {
    const { generic, id } = setupCarp();
    expect(errorOf(ask(generic, setCarp(id, { vhid: 77, index: EM0 })))).toBe(0);
  });

  it.each<[string, CarpFields, Errno]>([
    ["without a vhid", { index: EM0 }, Errno.EINVAL],
    ["a vhid of 0", { vhid: 0, index: EM0 }, Errno.EINVAL],
    ["a vhid of 256", { vhid: 256, index: EM0 }, Errno.EINVAL],
    ["a state of 3", { vhid: 1, state: 3, index: EM0 }, Errno.EINVAL],
    ["an advbase of 256", { vhid: 1, advbase: 256, index: EM0 }, Errno.EINVAL],
    ["a negative advbase", { vhid: 1, advbase: -1, index: EM0 }, Errno.EINVAL],
    ["an advskew of 255", { vhid: 1, advskew: 255, index: EM0 }, Errno.EINVAL],
    ["a negative advskew", { vhid: 1, advskew: -1, index: EM0 }, Errno.EINVAL],
    ["a key of 21 bytes", { vhid: 1, key: new Uint8Array(21), index: EM0 }, Errno.EINVAL],
    ["a vhid of 0 before a missing interface", { vhid: 0, index: 99 }, Errno.EINVAL],
    ["without an interface", { vhid: 1 }, Errno.ENXIO],
    ["a missing index", { vhid: 1, index: 99 }, Errno.ENXIO],
    ["a missing name, whatever the index", { vhid: 1, index: EM0, name: "em9" }, Errno.ENXIO],
    ["a loopback interface", { vhid: 1, name: "lo0" }, Errno.EOPNOTSUPP],
  ])("refuses %s", (_, fields, errno) => {
    const setup = setupCarp();
    expect(errorOf(ask(setup.generic, setCarp(setup.id, fields)))).toBe(errno);
    expect(virtualHosts(setup, { name: "em0" })).toEqual([]);
  });

  it.each<[string, CarpFields]>([
    ["vhid 1", { vhid: 1 }],
    ["vhid 255", { vhid: 255 }],
    ["advbase 255", { vhid: 1, advbase: 255 }],
    ["advskew 254", { vhid: 1, advskew: 254 }],
    ["a key of 20 bytes", { vhid: 1, key: new Uint8Array(20).fill(7) }],
  ])("takes %s", (_, fields) => {
    const { generic, id } = setupCarp();
    expect(errorOf(ask(generic, setCarp(id, { ...fields, index: EM0 })))).toBe(0);
  });

  it("asks for PRIV_NETINET_CARP: EPERM without", () => {
    const { vnet, id } = setupCarp();
    const user = openGeneric(vnet, [], { cred: { uid: 1001 } });
    expect(errorOf(ask(user, setCarp(id, { vhid: 1, index: EM0 })))).toBe(Errno.EPERM);
    const carper = openGeneric(vnet, [], { cred: { uid: 1001, privileges: PRIV.NETINET_CARP } });
    expect(errorOf(ask(carper, setCarp(id, { vhid: 1, index: EM0 })))).toBe(0);
  });

  it("keeps what a later request does not name, but for advskew", () => {
    const setup = setupCarp();
    const first = { vhid: 9, advbase: 5, advskew: 100, key: KEY, addr: "224.0.0.99", addr6: "ff02::99", name: "em0" };
    ask(setup.generic, setCarp(setup.id, first));
    const seen = { vhid: 9, state: CARP_STATE.INIT, advbase: 5, advskew: 100, addr: "224.0.0.99" };
    const addr6 = GROUP6.replace(/12$/, "99");
    const key = `${Buffer.from(KEY).toString("hex")}${"00".repeat(CarpLimit.KEY - KEY.length)}`;
    expect(virtualHosts(setup, { name: "em0" })).toEqual([{ ...seen, addr6, key }]);
    ask(setup.generic, setCarp(setup.id, { vhid: 9, name: "em0" }));
    expect(virtualHosts(setup, { name: "em0" })).toEqual([{ ...seen, advskew: 0, addr6, key }]);
  });

  it("makes the interface promiscuous with the first, and tells of that", () => {
    const { vnet, generic, id } = setupCarp();
    const links = monitor(vnet, 1);
    ask(generic, setCarp(id, { vhid: 1, index: EM0 }), setCarp(id, { vhid: 2, index: EM0 }));
    expect(drain(links)).toHaveLength(1);
  });
});

describe("without memory", () => {
  it("SET makes nothing: ENOMEM, or no answer", () => {
    for (let n = 1, isDone = false; !isDone; n++) {
      const setup = setupCarp();
      setup.vnet.failAllocation(n);
      let answer: Seen[] = [];
      try {
        answer = ask(setup.generic, setCarp(setup.id, { vhid: 1, index: EM0 }));
      } catch (error) {
        expect(error).toMatchObject({ code: "ENOBUFS" });
      }
      setup.vnet.failAllocation(0);
      isDone = answer.length > 0 && errorOf(answer) === 0;
      if (answer.length > 0 && !isDone) expect(errorOf(answer)).toBe(Errno.ENOMEM);
      if (answer.length > 0) expect(virtualHosts(setup, { name: "em0" })).toHaveLength(isDone ? 1 : 0);
      expect(setup.vnet.check()).toBe(0);
    }
  });
});

describe("CARP_NL_CMD_GET", () => {
  it("[FC-GENL-5] of an interface gives its virtual hosts in order of creation, with MULTI, and DONE", () => {
    const setup = setupCarp();
    ask(setup.generic, setCarp(setup.id, { vhid: 77, index: EM0 }), setCarp(setup.id, { vhid: 5, index: EM0 }));
    for (const fields of [{ name: "em0" }, { index: EM0 }]) {
      const seen = ask(setup.generic, getCarp(setup.id, fields));
      const types = seen.map(({ type, flags }) => [type, flags & NLM_F.MULTI]);
      expect(types).toEqual([
        [setup.id, NLM_F.MULTI],
        [setup.id, NLM_F.MULTI],
        [NLMSG.DONE, 0],
      ]);
      expect(seen.slice(0, 2).map(({ body }) => [...body.slice(0, 4)])).toEqual([
        [CARP_NL_CMD.GET, 0, 0, 0],
        [CARP_NL_CMD.GET, 0, 0, 0],
      ]);
      const usual = { state: CARP_STATE.INIT, advbase: 1, advskew: 0, addr: "224.0.0.18", addr6: GROUP6, key: NO_KEY };
      expect(seen.slice(0, 2).map(virtualHostOf)).toEqual([
        { vhid: 77, ...usual },
        { vhid: 5, ...usual },
      ]);
      expect(doneOf(seen[2])).toBe(0);
    }
  });

  it("[FC-GENL-5] with a vhid gives that one", () => {
    const setup = setupCarp();
    ask(setup.generic, setCarp(setup.id, { vhid: 77, index: EM0 }), setCarp(setup.id, { vhid: 5, index: EM0 }));
    expect(virtualHosts(setup, { name: "em0", vhid: 5 }).map(({ vhid }) => vhid)).toEqual([5]);
  });

  it.each<[string, CarpFields, Errno]>([
    ["[FC-GENL-5] an interface without carp", { name: "em1" }, Errno.ENOENT],
    ["a vhid that is not there", { name: "em0", vhid: 6 }, Errno.ENOENT],
    ["a vhid of 256", { name: "em0", vhid: 256 }, Errno.EINVAL],
    ["a negative vhid, on an interface without carp", { name: "em1", vhid: -1 }, Errno.EINVAL],
  ])("%s: DONE alone, with the errno", (_, fields, errno) => {
    const { generic, id } = setupCarp();
    ask(generic, setCarp(id, { vhid: 5, index: EM0 }));
    const seen = ask(generic, getCarp(id, fields));
    expect(seen).toHaveLength(1);
    expect(doneOf(seen[0])).toBe(errno);
  });

  it.each<[string, CarpFields, Errno]>([
    ["without an interface", {}, Errno.ENXIO],
    ["a missing interface", { name: "em9" }, Errno.ENXIO],
    ["a loopback interface", { name: "lo0" }, Errno.EOPNOTSUPP],
  ])("%s is an error", (_, fields, errno) => {
    const { generic, id } = setupCarp();
    expect(errorOf(ask(generic, getCarp(id, fields)))).toBe(errno);
  });

  it("is for everybody, but without PRIV_NETINET_CARP there is no key", () => {
    const { vnet, generic, id } = setupCarp();
    ask(generic, setCarp(id, { vhid: 5, key: KEY, index: EM0 }));
    const user = openGeneric(vnet, [], { cred: { uid: 1001 } });
    const [seen] = ask(user, carp(id, CARP_NL_CMD.GET, "q", { index: EM0 }));
    expect(virtualHostOf(seen as Seen)).toMatchObject({ vhid: 5, key: undefined });
  });
});
