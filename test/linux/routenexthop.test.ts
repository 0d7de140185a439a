import { describe, expect, it } from "vitest";
import { Client } from "../../host/client/client.js";
import { addGateway, id, ip4, RTM as NEXTHOPS, nhmsg, oif, remove } from "./nexthops.js";
import { attribute, find, hex, machine, type Program, u32 } from "./program.js";
import { ADD, deletion, ip, listed, metric, REPLACE, RTA, RTM, refused, route, via, word } from "./routes.js";

const nhid = (id: number) => attribute(RTA.NH_ID, u32(id));

const { NEWNEXTHOP } = NEXTHOPS;

/** em0 with nexthops 1, 2 and the group 10 of IPv4, and 3 of IPv6, made by a native program. */
function withNexthops() {
  const all = machine();
  const client = new Client(all.vnet.socket());
  client.nexthopAdd(1, { gateway: "198.51.100.20", oif: 2 });
  client.nexthopAdd(2, { gateway: "198.51.100.21", oif: 2 });
  client.nexthopAdd(3, { gateway: "2001:db8::20", oif: 2 });
  client.nexthopAdd(10, {
    group: [
      { id: 1, weight: 1 },
      { id: 2, weight: 5 },
    ],
  });
  const add = (...parts: readonly Uint8Array[]) => all.program.change(RTM.NEWROUTE, ADD, ...parts);
  return { ...all, client, add };
}

describe("E7.3 routes with RTA_NH_ID", () => {
  it("of a nexthop show its gateway and interface behind the id: 68 bytes, as recorded", () => {
    const { program, add } = withNexthops();
    expect(add(...route("10.1.0.0/16"), nhid(1))).toBe(0);
    const found = listed(program, "10.1.0.0/16");
    expect(found).toMatchObject({ length: 68, protocol: 3, scope: 0, order: [15, 1, 30, 5, 4] });
    expect([word(found as never, RTA.NH_ID), word(found as never, RTA.OIF)]).toEqual([1, 2]);
  });

  it("of a group show its paths behind the id: 88 bytes, as recorded", () => {
    const { program, add } = withNexthops();
    expect(add(...route("10.1.0.0/16"), nhid(10))).toBe(0);
    const found = listed(program, "10.1.0.0/16");
    expect(found).toMatchObject({ length: 88, order: [15, 1, 30, 9] });
    expect(hex(find(found?.attributes ?? [], RTA.MULTIPATH) as Uint8Array)).toBe(
      "1000000002000000" + "08000500c6336414" + "1000000402000000" + "08000500c6336415",
    );
  });

  it("of IPv6: 144 bytes with the id behind PRIORITY, as recorded", () => {
    const { program, add } = withNexthops();
    expect(add(...route("2001:db8:1::/48"), nhid(3))).toBe(0);
    expect(listed(program, "2001:db8:1::/48")).toMatchObject({ length: 144, order: [15, 1, 6, 30, 5, 4, 12, 20] });
  });

  it("have their own protocol and metric, as zebra's do", () => {
    const { program, add, client } = withNexthops();
    expect(add(...route("10.1.0.0/16", { protocol: 196 }), metric(20), nhid(1))).toBe(0);
    expect(listed(program, "10.1.0.0/16")).toMatchObject({ protocol: 196, order: [15, 1, 6, 30, 5, 4] });
    expect(client.route("10.1.0.1").nexthopId).toBe(1);
    expect(program.change(RTM.NEWROUTE, REPLACE, ...route("10.1.0.0/16", { protocol: 196 }), metric(20), nhid(2))).toBe(
      0,
    );
    expect(word(listed(program, "10.1.0.0/16") as never, RTA.NH_ID)).toBe(2);
  });
});

describe("E9.3 a route whose nexthop changes under it", () => {
  /** With the metric and protocol of zebra, before and after. */
  function followed(prefix: string, through: number, change: (program: Program) => void): unknown[] {
    const { program, add } = withNexthops();
    expect(program.change(NEWNEXTHOP, ADD, nhmsg(2), id(4), oif(2))).toBe(0);
    expect(add(...route(prefix, { protocol: 196 }), metric(20), nhid(through))).toBe(0);
    change(program);
    const found = listed(program, prefix);
    return [found?.protocol, word(found as never, RTA.PRIORITY), word(found as never, RTA.NH_ID)];
  }

  it("keeps its protocol, metric and id when a group loses a member", () => {
    expect(followed("10.1.0.0/16", 10, (program) => remove(program, 2))).toEqual([196, 20, 10]);
  });

  it("keeps them when the nexthop is replaced", () => {
    expect(followed("10.1.0.0/16", 1, (program) => addGateway(program, 1, ip4(30), REPLACE))).toEqual([196, 20, 1]);
    expect(followed("10.1.0.0/16", 4, (program) => addGateway(program, 4, ip4(30), REPLACE))).toEqual([196, 20, 4]);
  });
});

describe("E4.4 errors of RTA_NH_ID", () => {
  it.each([
    ["no such nexthop", "10.1.0.0/16", 77, "Nexthop id does not exist"],
    ["IPv6 through IPv4", "2001:db8:1::/48", 1, "IPv6 routes can not use an IPv4 nexthop"],
    ["IPv6 through a group of IPv4", "2001:db8:1::/48", 10, "IPv6 routes can not use an IPv4 nexthop"],
  ])("%s", (_, prefix, id, text) => {
    const { program } = withNexthops();
    expect(refused(program, RTM.NEWROUTE, ADD, ...route(prefix), nhid(id))).toEqual([22, text]);
  });

  it("change of what is not there is ENOENT", () => {
    const { program } = withNexthops();
    expect(refused(program, RTM.NEWROUTE, 0, ...route("10.1.0.0/16"), nhid(1))).toEqual([2, ""]);
  });
});

describe("E7.5 RTM_DELROUTE through nexthops", () => {
  it.each([
    ["the id", [nhid(10)], 0],
    ["another", [nhid(1)], -3],
    ["nothing", [], 0],
    ["a gateway, which is not the route's", [via("198.51.100.20")], -3],
  ])("with %s", (_, more, errno) => {
    const { program, add } = withNexthops();
    expect(add(...route("10.1.0.0/16"), nhid(10))).toBe(0);
    expect(program.change(RTM.DELROUTE, 0, ...deletion("10.1.0.0/16"), ...more)).toBe(errno);
  });

  it("a whole message of a dump", () => {
    const { program, add } = withNexthops();
    for (const [prefix, id] of [
      ["10.1.0.0/16", 10],
      ["10.2.0.0/16", 1],
      ["2001:db8:1::/48", 3],
    ] as const) {
      expect(add(...route(prefix), nhid(id))).toBe(0);
      expect(program.change(RTM.DELROUTE, 0, listed(program, prefix)?.message.body as Uint8Array)).toBe(0);
    }
  });
});

describe("[RF-LINUX-52] route get through nexthops", () => {
  it("shows one path, without the id", () => {
    const { program, add } = withNexthops();
    expect(add(...route("10.1.0.0/16"), nhid(10))).toBe(0);
    const [answer] = program.ask(
      RTM.GETROUTE,
      1,
      route("10.1.0.1/32", { table: 0, protocol: 0, type: 0 })[0] as Uint8Array,
      attribute(RTA.DST, ip("10.1.0.1")),
    );
    expect(answer?.bytes.length).toBe(112);
  });
});
