import { describe, expect, it } from "vitest";
import { NETLINK_OPTION, NLM_F, NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { Kernel, type Socket, type Vnet } from "../../host/kernel/kernel.js";
import { ackOf, ask, attributes, codeOf, drain, hex, message, numberAt, toHex } from "../support/messages.js";
import { monitor, setupR } from "../support/setups.js";
import { byId, byName, CTRL, familyOf, genl, getFamily, openGeneric } from "./families.js";

const ERRNO = { ENOENT: 2, EINVAL: 22, EOPNOTSUPP: 45 } as const;
const NOTIFY = 48;

interface Generic {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  readonly socket: Socket;
}

function setupG(): Generic {
  const { kernel, vnet } = setupR();
  return { kernel, vnet, socket: openGeneric(vnet) };
}

/** The errno and text of the only answer. */
function refusal(socket: Socket, request: Uint8Array): readonly [number, string | undefined] {
  const answers = ask(socket, request);
  expect(answers).toHaveLength(1);
  const { error, text } = ackOf(answers[0]);
  return [error, text];
}

describe("the controller", () => {
  it("[RF-GENL-1] [N12.8] [N10.3] [N10.4] GETFAMILY of id 16 is 116 bytes, then the ack", () => {
    const { vnet } = setupG();
    const socket = openGeneric(vnet, [], { pid: 100 });
    socket.bind(100);
    const [family, ack] = ask(socket, getFamily("qa", byId(16)));
    expect(toHex(family?.bytes as Uint8Array)).toBe(
      toHex(
        hex(`74000000 10000500 07000000 64000000 | 01020000 | 0b000200 6e6c6374 726c00 00 |
             06000100 1000 0000 | 08000300 02000000 | 08000400 00000000 | 08000500 0a000000 |
             18000600 14000100 08000100 03000000 08000200 0e000000 |
             1c000700 18000100 08000200 30000000 0b000100 6e6f7469 667900 00`),
      ),
    );
    expect(ackOf(ack).error).toBe(0);
  });

  it("[FB-16] GETFAMILY by name finds nlctrl, and no other", () => {
    const { socket } = setupG();
    const [family] = ask(socket, getFamily("q", byName("nlctrl")));
    expect(familyOf(family as never).id).toBe(16);
    expect(refusal(socket, getFamily("q", byName("no-such-family")))[0]).toBe(ERRNO.ENOENT);
  });

  it("[FB-101] without ACK one message of type 16, with ACK an ack after it", () => {
    const { socket } = setupG();
    expect(ask(socket, getFamily("q", byName("nlctrl"))).map(({ type, seq }) => [type, seq])).toEqual([[16, 7]]);
    const types = ask(socket, getFamily("qa", byName("nlctrl"))).map(({ type }) => type);
    expect(types).toEqual([16, NLMSG.ERROR]);
  });

  it("[RF-GENL-2a] [N10.4] id and name must both match; an id of 0 is none", () => {
    const { socket } = setupG();
    const { ENOENT } = ERRNO;
    expect(ask(socket, getFamily("q", byId(16), byName("nlctrl")))[0]?.type).toBe(16);
    expect(refusal(socket, getFamily("q", byId(16), byName("other")))).toEqual([ENOENT, undefined]);
    expect(refusal(socket, getFamily("q", byId(99)))).toEqual([ENOENT, undefined]);
    expect(ask(socket, getFamily("q", byId(0))).map(({ type }) => type)).toEqual([16, NLMSG.DONE]);
  });

  it("[RF-GENL-2b] [FC-GENL-1] a dump is in ascending order of ids, flags and MULTI, then DONE without an ack", () => {
    const { kernel, socket } = setupG();
    kernel.generic.registerFamily({ name: "second", version: 3, hdrsize: 8, maxattr: 5 });
    kernel.generic.registerFamily({ name: "first" });
    const seen = ask(socket, getFamily("qa"));
    expect(seen.map(({ type }) => type)).toEqual([16, 16, 16, NLMSG.DONE]);
    expect(seen.slice(0, 3).map(({ flags }) => flags)).toEqual([7, 7, 7]);
    expect(seen[3]?.flags).toBe(0);
    expect(
      seen
        .slice(0, 3)
        .map((each) => familyOf(each))
        .map(({ name, id }) => [name, id]),
    ).toEqual([
      ["nlctrl", 16],
      ["second", 17],
      ["first", 18],
    ]);
    expect(familyOf(seen[1] as never)).toMatchObject({ version: 3, hdrsize: 8, maxattr: 5, commands: undefined });
  });

  it("[RF-GENL-13] NLM_F_DUMP decides nothing", () => {
    const { socket } = setupG();
    expect(ask(socket, getFamily("qD", byName("nlctrl"))).map(({ type, flags }) => [type, flags])).toEqual([
      [16, NLM_F.REQUEST | NLM_F.DUMP],
    ]);
    expect(ask(socket, getFamily("q")).map(({ type }) => type)).toEqual([16, NLMSG.DONE]);
  });

  it.each([35, 36, 17])("[RF-GENL-3a] [N10.2] type %i, which no family has: ENOTSUP without text", (type) => {
    expect(refusal(setupG().socket, genl(type, 1, "q"))).toEqual([ERRNO.EOPNOTSUPP, undefined]);
  });

  it.each([0, 1, 2, 4, 10, 11, 255])("[RF-GENL-3b] nlctrl has no command %i: ENOTSUP", (command) => {
    expect(refusal(setupG().socket, genl(16, command, "q"))).toEqual([ERRNO.EOPNOTSUPP, undefined]);
  });

  it.each([0, 1, 99])("[RF-GENL-3c] version %i of a request is not looked at", (version) => {
    const request = genl(16, CTRL.GETFAMILY, "q", [byId(16)], version);
    expect(ask(setupG().socket, request)[0]?.type).toBe(16);
  });

  it.each([16, 30])("[RF-GENL-3d] a message of 16 bytes to type %i: EINVAL", (type) => {
    expect(refusal(setupG().socket, message({ type, flags: "q" }))).toEqual([ERRNO.EINVAL, undefined]);
  });

  it("[RF-GENL-5] GETFAMILY's OP_FLAGS are DO, DUMP and HASPOL", () => {
    const [family] = ask(setupG().socket, getFamily("q", byId(16)));
    expect(familyOf(family as never).commands).toEqual([[CTRL.GETFAMILY, 0xe]]);
  });

  it("[FC-GENL-4] a family without groups has no MCAST_GROUPS", () => {
    const { kernel, socket } = setupG();
    const id = kernel.generic.registerFamily({ name: "lonely" });
    const [family] = ask(socket, getFamily("q", byId(id)));
    expect(familyOf(family as never).groups).toBeUndefined();
  });

  it("[FC-GENL-6] GETFAMILY of a missing family is an error", () => {
    expect(ask(setupG().socket, getFamily("qa", byName("carp")))[0]?.type).toBe(NLMSG.ERROR);
  });
});

describe("announcements", () => {
  it("[RF-GENL-6] [FC-GENL-2] [N10.6] NEWFAMILY is of type 16, flags, seq and pid 0, without commands and groups", () => {
    const { kernel, vnet } = setupG();
    const watcher = openGeneric(vnet, [NOTIFY]);
    const id = kernel.generic.registerFamily({ name: "young" });
    kernel.generic.registerGroup(id, "events");
    const seen = drain(watcher);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ type: 16, flags: 0, seq: 0, pid: 0 });
    expect(familyOf(seen[0] as never)).toMatchObject({
      command: CTRL.NEWFAMILY,
      name: "young",
      commands: undefined,
      groups: undefined,
    });
  });

  it("[RF-GENL-7a] DELFAMILY shows what the family still has", () => {
    const { kernel, vnet } = setupG();
    const id = kernel.generic.registerFamily({ name: "old" });
    const group = kernel.generic.registerGroup(id, "events");
    const watcher = openGeneric(vnet, [NOTIFY]);
    kernel.generic.unregisterFamily(id);
    const [seen] = drain(watcher);
    expect(familyOf(seen as never)).toMatchObject({ command: CTRL.DELFAMILY, groups: { events: group } });
    expect(refusal(openGeneric(vnet), getFamily("q", byId(id)))[0]).toBe(ERRNO.ENOENT);
  });

  it("[N10.6] by a switch they reach nobody", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], switches: { genlNotifyGroup0: true } });
    const watcher = openGeneric(kernel.vnet0, [NOTIFY]);
    kernel.generic.registerFamily({ name: "young" });
    expect(drain(watcher)).toEqual([]);
  });

  it("[RF-GENL-10] the controller itself is not announced", () => {
    const { vnet } = setupG();
    expect(drain(openGeneric(vnet, [NOTIFY]))).toEqual([]);
  });

  it("[RF-GENL-14] group 48 joined on ROUTE is another group", () => {
    const { kernel, vnet } = setupG();
    const route = monitor(vnet, NOTIFY);
    const generic = openGeneric(vnet, [NOTIFY]);
    kernel.generic.registerFamily({ name: "young" });
    expect(drain(route)).toEqual([]);
    expect(drain(generic)).toHaveLength(1);
  });

  it("[RF-CORE-60b] group 1 joined on GENERIC hears no link", () => {
    const { vnet } = setupG();
    const route = monitor(vnet, 1);
    const generic = openGeneric(vnet, [1]);
    vnet.interfaceCreate("tap");
    expect(drain(route).length).toBeGreaterThan(0);
    expect(drain(generic)).toEqual([]);
  });
});

describe("registration", () => {
  it("[RF-GENL-7b] a taken name is refused, and a 20th family beyond the controller's 19", () => {
    const { kernel, socket } = setupG();
    const ids = Array.from({ length: 19 }, (_, i) => kernel.generic.registerFamily({ name: `family${i}` }));
    expect([ids[0], ids[18]]).toEqual([17, 35]);
    const before = ask(socket, getFamily("q")).map(({ bytes }) => toHex(bytes));
    expect(codeOf(() => kernel.generic.registerFamily({ name: "family3" }))).toBe("EEXIST");
    expect(codeOf(() => kernel.generic.registerFamily({ name: "another" }))).toBe("ENOSPC");
    expect(codeOf(() => kernel.generic.registerFamily({ name: "nlctrl" }))).toBe("EEXIST");
    expect(ask(socket, getFamily("q")).map(({ bytes }) => toHex(bytes))).toEqual(before);
  });

  it("[RF-GENL-7c] [N10.5] groups are 48…111, a family's names its own", () => {
    const { kernel } = setupG();
    const id = kernel.generic.registerFamily({ name: "many" });
    const other = kernel.generic.registerFamily({ name: "other" });
    const numbers = Array.from({ length: 62 }, (_, i) => kernel.generic.registerGroup(id, `group${i}`));
    expect([numbers[0], numbers[61]]).toEqual([49, 110]);
    expect(codeOf(() => kernel.generic.registerGroup(id, "group5"))).toBe("EEXIST");
    expect(kernel.generic.registerGroup(other, "group5")).toBe(111);
    expect(codeOf(() => kernel.generic.registerGroup(other, "more"))).toBe("ENOSPC");
  });

  it("[RF-GENL-9] [N10.1] the first free place is taken, so the same id comes again", () => {
    const { kernel } = setupG();
    const first = kernel.generic.registerFamily({ name: "first" });
    kernel.generic.registerFamily({ name: "second" });
    kernel.generic.unregisterFamily(first);
    expect(kernel.generic.registerFamily({ name: "third" })).toBe(first);
  });

  it("[RF-GENL-8a] memberships outlive the family: the number's next owner is heard", () => {
    const { kernel, vnet } = setupG();
    kernel.kldload("nlsysevent");
    const [seen] = ask(openGeneric(vnet), getFamily("q", byName("nlsysevent")));
    const number = familyOf(seen as never).groups?.IFNET as number;
    const watcher = openGeneric(vnet, [number]);
    kernel.kldunload("nlsysevent");
    kernel.kldload("nlsysevent");
    vnet.interfaceCreate("tap");
    expect(drain(watcher)).toHaveLength(1);
  });

  it("[RF-GENL-8b] a group alone that is unregistered loses its members", () => {
    const { kernel, vnet } = setupG();
    kernel.kldload("nlsysevent");
    const [seen] = ask(openGeneric(vnet), getFamily("q", byName("nlsysevent")));
    const { id, groups } = familyOf(seen as never);
    const number = groups?.IFNET as number;
    const watcher = openGeneric(vnet, [number]);
    kernel.generic.unregisterGroup(id, number);
    expect(kernel.generic.registerGroup(id, "IFNET")).toBe(number);
    vnet.interfaceCreate("tap");
    expect(drain(watcher)).toEqual([]);
  });

  it.each(["", "sixteen-letters!", "a b"])('a family called "%s" is EINVAL', (name) => {
    expect(codeOf(() => setupG().kernel.generic.registerFamily({ name }))).toBe("EINVAL");
  });

  it("a vnet made later has the same families at the same numbers, holes too", () => {
    const { kernel, socket } = setupG();
    const gone = kernel.generic.registerFamily({ name: "gone" });
    kernel.kldload("nlsysevent");
    kernel.generic.unregisterFamily(gone);
    const later = kernel.vnetCreate("later");
    const list = (from: Socket): string[] => ask(from, getFamily("q")).map(({ body }) => toHex(body));
    expect(list(openGeneric(later))).toEqual(list(socket));
    kernel.kldunload("nlsysevent");
    expect(list(openGeneric(later))).toEqual(list(socket));
  });

  it("a run with families replays", () => {
    const kernel = Kernel.boot({ modules: ["netlink"], record: true });
    const id = kernel.generic.registerFamily({ name: "young" });
    const group = kernel.generic.registerGroup(id, "events");
    kernel.generic.unregisterGroup(id, group);
    kernel.generic.unregisterFamily(id);
    kernel.kldload("nlsysevent");
    kernel.devctl("KERNEL", "power", "RESUME");
    expect(() => Kernel.replay(kernel.record())).not.toThrow();
  });
});

describe("requests with an attribute list that is damaged", () => {
  it("is answered as the parser answers", () => {
    const { socket } = setupG();
    const request = genl(16, CTRL.GETFAMILY, "q", [hex("05000100 01000000")]);
    expect(ackOf(ask(socket, request)[0]).error).toBe(ERRNO.EINVAL);
    expect(attributes(ask(socket, getFamily("q"))[0]?.body.slice(4) as Uint8Array).length).toBeGreaterThan(5);
    expect(numberAt(ask(socket, getFamily("q"))[1]?.body as Uint8Array, 0, 4)).toBe(0);
  });
});

describe("sockets", () => {
  it("options of the protocol work", () => {
    const { socket } = setupG();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, 127);
    expect(codeOf(() => socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, 128))).toBe("ERANGE");
  });
});
