import { describe, expect, it } from "vitest";
import { Client } from "../../host/client/client.js";
import {
  attribute,
  F,
  find,
  hex,
  MACHINE,
  type Machine,
  type Message,
  machine,
  openProgram,
  type Program,
  u32,
} from "./program.js";
import {
  ADD,
  APPEND,
  CHANGE,
  deletion,
  dev,
  ip,
  listed,
  metric,
  path,
  paths,
  REPLACE,
  RTA,
  RTM,
  route,
  type Shown,
  shown,
  via,
  word,
} from "./routes.js";

/** Groups IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE. */
const ADDRESSES = (1 << 4) | (1 << 8);
const ROUTES = (1 << 6) | (1 << 10);

function watched(boot = MACHINE): Machine & { readonly watcher: Program } {
  const all = machine(boot);
  const watcher = openProgram(all.abi, all.vnet, 77);
  watcher.socket.bind(0, ROUTES);
  return { ...all, watcher };
}

const routesOf = (messages: readonly Message[]): Shown[] =>
  messages.filter(({ type }) => type === RTM.NEWROUTE || type === RTM.DELROUTE).map(shown);

/** Type of the message, table, type, destination and prefix length of each. */
function summary(messages: readonly Message[]): string[] {
  return messages.map((message) => {
    if (message.type !== RTM.NEWROUTE && message.type !== RTM.DELROUTE) return `${message.type}`;
    const each = shown(message);
    const destination = find(each.attributes, RTA.DST);
    const text = destination?.length === 4 ? destination.join(".") : hex(destination ?? new Uint8Array(0));
    return `${message.type} ${each.table} ${each.routeType} ${text}/${each.bits}`;
  });
}

describe("[RF-LINUX-60] E11.2 notifications of routes", () => {
  it.each([
    ["a new route", ADD, 0x600],
    ["one that was to replace", REPLACE, 0x600],
    ["one that was to be appended", APPEND, 0x600],
  ])("%s has flags CREATE and EXCL", (_, asked, flags) => {
    const { program, watcher } = watched();
    const seq = program.send(RTM.NEWROUTE, F.REQUEST | F.ACK | asked, ...route("10.1.0.0/16"), via("198.51.100.2"));
    const [event, ...rest] = watcher.messages();
    expect(rest).toEqual([]);
    expect([event?.type, event?.flags, event?.seq, event?.pid]).toEqual([RTM.NEWROUTE, flags, seq, 2125]);
    expect(shown(event as Message)).toMatchObject({ length: 60, table: 254, protocol: 3, order: [15, 1, 5, 4] });
  });

  it.each([
    ["replaced", REPLACE, 0x100],
    ["changed", CHANGE, 0x100],
    ["appended to, as recorded", APPEND, 0xc00],
  ])("one that is %s", (_, asked, flags) => {
    const { program, watcher } = watched();
    program.change(RTM.NEWROUTE, ADD, ...route("10.1.0.0/16"), via("198.51.100.2"));
    watcher.messages();
    program.change(RTM.NEWROUTE, asked, ...route("10.1.0.0/16"), via("198.51.100.3"));
    const [event, ...rest] = watcher.messages();
    expect([event?.type, event?.flags, rest.length]).toEqual([RTM.NEWROUTE, flags, 0]);
  });

  it("one more path of an IPv6 route is CREATE alone", () => {
    const { program, watcher } = watched();
    program.change(RTM.NEWROUTE, ADD, ...route("2001:db8:1::/48"), via("2001:db8::2"));
    program.change(RTM.NEWROUTE, F.CREATE, ...route("2001:db8:1::/48"), via("2001:db8::3"));
    expect(watcher.messages().map(({ flags }) => flags)).toEqual([0x600, 0x400]);
  });

  it("a deletion has no flags, the metric and protocol that were noted, pid and seq", () => {
    const { program, watcher } = watched();
    program.change(RTM.NEWROUTE, ADD, ...route("10.1.0.0/16"), via("198.51.100.2"), metric(32));
    watcher.messages();
    const seq = program.send(RTM.DELROUTE, F.REQUEST | F.ACK, ...deletion("10.1.0.0/16"));
    const [event] = watcher.messages();
    expect([event?.type, event?.flags, event?.seq, event?.pid]).toEqual([RTM.DELROUTE, 0, seq, 2125]);
    expect(shown(event as Message)).toMatchObject({ length: 68, protocol: 3, order: [15, 1, 6, 5, 4] });
    program.change(RTM.NEWROUTE, ADD, ...route("10.1.0.0/16", { protocol: 12 }), via("198.51.100.2"));
    expect(listed(program, "10.1.0.0/16")).toMatchObject({ length: 60, protocol: 12 });
  });

  it("one path less of an IPv6 route is a deletion of that path", () => {
    const { program, watcher } = watched();
    program.change(
      RTM.NEWROUTE,
      ADD,
      ...route("2001:db8:1::/48"),
      paths(path("2001:db8::2"), path("2001:db8::3")),
      metric(7),
    );
    watcher.messages();
    program.change(RTM.DELROUTE, 0, ...deletion("2001:db8:1::/48"), via("2001:db8::3"));
    const [event, ...rest] = watcher.messages();
    expect([event?.type, event?.flags, rest.length]).toEqual([RTM.DELROUTE, 0, 0]);
    expect(find(shown(event as Message).attributes, RTA.GATEWAY)).toEqual(ip("2001:db8::3"));
    expect(word(listed(program, "2001:db8:1::/48") as Shown, RTA.PRIORITY)).toBe(7);
  });

  it("goes to the program itself, before its ack", () => {
    const { program } = machine();
    program.socket.bind(0, ROUTES);
    const answers = program.ask(RTM.NEWROUTE, F.REQUEST | F.ACK | ADD, ...route("10.1.0.0/16"), via("198.51.100.2"));
    expect(answers.map(({ type }) => type)).toEqual([RTM.NEWROUTE, 2]);
  });

  it("[RF-LINUX-31] E3.9 with NLM_F_ECHO it is a reply, and not a second time a notification", () => {
    const { program } = machine();
    program.socket.bind(0, ROUTES);
    const asked = F.REQUEST | F.ACK | F.ECHO | ADD;
    const seq = program.send(RTM.NEWROUTE, asked, ...route("10.1.0.0/16"), via("198.51.100.2"));
    const answers = program.messages();
    expect(answers.map(({ type, seq: each, pid }) => [type, each, pid])).toEqual([
      [RTM.NEWROUTE, seq, 2125],
      [2, seq, 2125],
    ]);
  });

  it("what is refused is not told of", () => {
    const { program, watcher } = watched();
    expect(program.change(RTM.NEWROUTE, ADD, ...route("10.1.0.0/16"), via("203.0.113.9"))).toBe(-101);
    expect(watcher.messages()).toEqual([]);
  });
});

describe("E7.7 native programs", () => {
  it.each([
    ["add", (client: Client) => client.routeAdd("10.1.0.0/16", { gateway: "198.51.100.2" }), RTM.NEWROUTE, 0x600],
    ["delete", (client: Client) => client.routeDelete("10.2.0.0/16"), RTM.DELROUTE, 0],
    [
      "replace",
      (client: Client) => client.routeReplace("10.2.0.0/16", { gateway: "198.51.100.4" }),
      RTM.NEWROUTE,
      0x100,
    ],
  ])("%s: is told of in Linux's form, by nobody", (_, act, type, flags) => {
    const { vnet, watcher } = watched();
    const client = new Client(vnet.socket());
    client.routeAdd("10.2.0.0/16", { gateway: "198.51.100.3" });
    watcher.messages();
    act(client);
    const [event, ...rest] = watcher.messages();
    expect([event?.type, event?.flags, event?.seq, event?.pid, rest.length]).toEqual([type, flags, 0, 0, 0]);
    expect(event?.bytes.length).toBe(60);
  });

  it("a native change clears what was noted", () => {
    const { program, vnet } = machine();
    const client = new Client(vnet.socket());
    const noted = [...route("10.1.0.0/16"), via("198.51.100.2"), metric(50)];
    program.change(RTM.NEWROUTE, ADD, ...noted);
    client.routeReplace("10.1.0.0/16", { gateway: "198.51.100.3" });
    expect(listed(program, "10.1.0.0/16")).toMatchObject({ protocol: 4, order: [15, 1, 5, 4] });
    client.routeDelete("10.1.0.0/16");
    program.change(RTM.NEWROUTE, ADD, ...noted);
    client.routeDelete("10.1.0.0/16");
    client.routeAdd("10.1.0.0/16", { gateway: "198.51.100.3" });
    expect(listed(program, "10.1.0.0/16")?.order).toEqual([15, 1, 5, 4]);
  });

  it("a route that the kernel took away or displaced leaves no note behind", () => {
    const { program, vnet } = machine();
    program.change(RTM.NEWROUTE, ADD, ...route("203.0.113.0/24"), via("198.51.100.2"), metric(50));
    // The kernel's own route takes its place, and nobody is told.
    vnet.addressAdd("em1", "203.0.113.1/24");
    expect(listed(program, "203.0.113.0/24")).toMatchObject({ protocol: 2, order: [15, 1, 7, 4] });
    vnet.addressDelete("em1", "203.0.113.1/24");
    program.change(RTM.NEWROUTE, ADD, ...route("10.1.0.0/16"), dev(3), metric(50));
    vnet.interfaceDetach("em1");
    expect(listed(program, "10.1.0.0/16")).toBeUndefined();
    new Client(vnet.socket()).routeAdd("10.1.0.0/16", { gateway: "198.51.100.2" });
    expect(listed(program, "10.1.0.0/16")?.order).toEqual([15, 1, 5, 4]);
  });
});

describe("[RF-LINUX-59] E11.1 routes that come with addresses", () => {
  it("IPv4: the address, then its own route, the broadcast address's, the network's", () => {
    const { vnet, watcher } = watched();
    watcher.socket.bind(watcher.socket.getsockname().port, ROUTES | ADDRESSES);
    vnet.addressAdd("em1", "203.0.113.1/24");
    const messages = watcher.messages();
    expect(summary(messages)).toEqual([
      "20",
      "24 255 2 203.0.113.1/32",
      "24 255 3 203.0.113.255/32",
      "24 254 1 203.0.113.0/24",
    ]);
    for (const each of routesOf(messages)) {
      expect(each).toMatchObject({ flags: 0x600, length: 60, protocol: 2 });
      expect([each.message.seq, each.message.pid]).toEqual([0, 0]);
    }
    vnet.addressDelete("em1", "203.0.113.1/24");
    expect(summary(watcher.messages())).toEqual([
      "21",
      "25 254 1 203.0.113.0/24",
      "25 255 3 203.0.113.255/32",
      "25 255 2 203.0.113.1/32",
    ]);
  });

  it("a second address of a network brings its own route alone, from the first, as recorded", () => {
    const { vnet, watcher } = watched();
    vnet.addressAdd("em0", "198.51.100.9/24");
    const [event, ...rest] = watcher.messages();
    expect(rest).toEqual([]);
    expect(summary([event as Message])).toEqual(["24 255 2 198.51.100.9/32"]);
    expect(find(shown(event as Message).attributes, RTA.PREFSRC)).toEqual(ip("198.51.100.1"));
  });

  it("IPv6: its own route, multicast's with the first of an interface, the network's", () => {
    const { vnet, watcher } = watched({
      ...MACHINE,
      sysctls: { ...MACHINE.sysctls, "net.inet6.ip6.auto_linklocal": 0 },
    });
    vnet.addressAdd("em1", "2001:db8:7::1/64");
    const messages = watcher.messages();
    expect(summary(messages)).toEqual([
      `24 255 2 ${hex(ip("2001:db8:7::1"))}/128`,
      `24 254 1 ${hex(ip("2001:db8:7::"))}/64`,
      `24 255 5 ${hex(ip("ff00::"))}/8`,
    ]);
    // em0 has a route for multicast too: Linux leaves EXCL out.
    expect(messages.map(({ flags }) => flags)).toEqual([0x600, 0x600, 0x400]);
    expect(messages.map(({ bytes }) => bytes.length)).toEqual([116, 116, 116]);
  });

  it("by another program's request: nobody's", () => {
    const { vnet, watcher } = watched();
    const index = vnet.interfaceIndex("em1") as number;
    new Client(vnet.socket()).addressAdd("203.0.113.1/24", { index });
    expect(routesOf(watcher.messages()).map(({ message }) => message.pid)).toEqual([0, 0, 0]);
  });

  it("a network that another interface has already is not told of", () => {
    const { vnet, watcher } = watched();
    vnet.addressAdd("em1", "198.51.100.7/24");
    expect(summary(watcher.messages())).not.toContain("24 254 1 198.51.100.0/24");
  });
});

describe("C6 links that go down and up", () => {
  it("IPv6 routes go and come, IPv4's go without a word", () => {
    const { vnet, watcher } = watched();
    vnet.interfaceDown("em0");
    const down = summary(watcher.messages());
    expect(down).toContain(`25 255 5 ${hex(ip("ff00::"))}/8`);
    expect(down).toContain(`25 255 2 ${hex(ip("2001:db8::1"))}/128`);
    expect(down.filter((each) => each.includes("198.51.100"))).toEqual([]);
    vnet.interfaceUp("em0");
    const up = summary(watcher.messages());
    expect(up).toContain(`24 255 5 ${hex(ip("ff00::"))}/8`);
    expect(up).toContain(`24 255 2 ${hex(ip("2001:db8::1"))}/128`);
    expect(up).toContain("24 255 3 198.51.100.255/32");
  });

  it("an interface that goes takes its IPv6 routes along", () => {
    const { vnet, watcher } = watched();
    vnet.interfaceDetach("em0");
    const gone = summary(watcher.messages());
    expect(gone).toContain(`25 255 5 ${hex(ip("ff00::"))}/8`);
    expect(gone.filter((each) => each.startsWith("24 "))).toEqual([]);
  });
});

describe("tables", () => {
  it("a change in a fib names its table", () => {
    const { program, watcher } = watched({ ...MACHINE, fibs: 3 });
    for (const table of [1, 70_000]) {
      program.change(
        RTM.NEWROUTE,
        ADD,
        ...route("10.1.0.0/16", { table: 0, type: 6 }),
        attribute(RTA.TABLE, u32(table)),
      );
    }
    const tables = routesOf(watcher.messages()).map((each) => [each.table, word(each, RTA.TABLE)]);
    expect(tables).toEqual([
      [1, 1],
      [252, 70_000],
    ]);
  });
});
