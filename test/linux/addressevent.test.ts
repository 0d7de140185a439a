import { describe, expect, it } from "vitest";
import { addressOf, addressText, getAddr, IFA, ifaddrmsg, inet, inet6, RTM } from "./addresses.js";
import { attribute, F, type Machine, type Message, machine, openProgram, type Program } from "./program.js";

const EM0 = 2;
const GROUP = { IPV4: 1 << 4, IPV6: 1 << 8 } as const;
const DUMP = F.REQUEST | F.DUMP;

function watched(): Machine & { watcher: Program } {
  const all = machine({
    modules: ["netlink"],
    interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:01", up: true, addresses: ["192.0.2.1/24", "192.0.2.2/24"] }],
    sysctls: { "net.inet6.ip6.dad_count": 0 },
  });
  const watcher = openProgram(all.abi, all.vnet, 77);
  watcher.socket.bind(0, GROUP.IPV4 | GROUP.IPV6);
  return { ...all, watcher };
}

const header = (family: number, prefixLength: number): Uint8Array => ifaddrmsg({ family, prefixLength, index: EM0 });
const local = (text: string): Uint8Array => attribute(IFA.LOCAL, text.includes(".") ? inet(text) : inet6(text));
const brief = ({ type, flags, seq, pid }: Message): number[] => [type, flags, seq, pid];

describe("E11.2 who is the cause of a notification of an address", () => {
  it("the request that named it: its port and sequence number, flags 0", () => {
    const { program, watcher } = watched();
    const seq = program.send(RTM.NEWADDR, F.REQUEST | F.CREATE, header(2, 24), local("198.18.0.1"));
    expect(watcher.messages().map(brief)).toEqual([[RTM.NEWADDR, 0, seq, 2125]]);
    const later = program.send(RTM.DELADDR, F.REQUEST, header(2, 24), local("198.18.0.1"));
    expect(watcher.messages().map(brief)).toEqual([[RTM.DELADDR, 0, later, 2125]]);
  });

  it("not of the link-local address that comes with the first of IPv6", () => {
    const { abi, kernel } = watched();
    const vnet = kernel.vnetCreate("blue", { interfaces: [{ name: "em9", inet6: false }] });
    const program = openProgram(abi, vnet, 3000);
    const watcher = openProgram(abi, vnet, 78);
    watcher.socket.bind(0, GROUP.IPV6);
    const index = vnet.interfaceIndex("em9") as number;
    const ifa = ifaddrmsg({ family: 10, prefixLength: 64, index });
    const seq = program.send(RTM.NEWADDR, F.REQUEST | F.CREATE, ifa, local("2001:db8::1"));
    const told = watcher.messages();
    expect(told.map((each) => [addressOf(each).scope, each.seq, each.pid])).toContainEqual([0, seq, 3000]);
    expect(told.filter((each) => addressOf(each).scope === 253).map(brief)).toEqual([[RTM.NEWADDR, 0, 0, 0]]);
  });

  it("nobody, of what another program of the kernel's own ABI does", () => {
    const { vnet, watcher } = watched();
    vnet.addressAdd("em0", "198.18.0.1/24");
    vnet.addressDelete("em0", "198.18.0.1");
    expect(watcher.messages().map(brief)).toEqual([
      [RTM.NEWADDR, 0, 0, 0],
      [RTM.DELADDR, 0, 0, 0],
    ]);
  });
});

describe("E11.3, E3.9 one's own change", () => {
  it("NEWADDR comes before its ack, DELADDR after it (recorded)", () => {
    const { program } = watched();
    program.socket.bind(0, GROUP.IPV4);
    const types = (type: number): number[] =>
      program.ask(type, F.REQUEST | F.ACK | F.CREATE, header(2, 24), local("198.18.0.1")).map((each) => each.type);
    expect(types(RTM.NEWADDR)).toEqual([RTM.NEWADDR, 2]);
    expect(types(RTM.DELADDR)).toEqual([2, RTM.DELADDR]);
  });

  it("with NLM_F_ECHO it is a reply before the ack, once, also for who is no member", () => {
    const { program, watcher } = watched();
    for (const [type, isMember] of [
      [RTM.NEWADDR, false],
      [RTM.DELADDR, true],
    ] as const) {
      if (isMember) program.socket.bind(program.socket.getsockname().port, GROUP.IPV4);
      const flags = F.REQUEST | F.ACK | F.ECHO | F.CREATE;
      const answers = program.ask(type, flags, header(2, 24), local("198.18.0.1"));
      expect(answers.map((each) => each.type)).toEqual([type, 2]);
      expect(watcher.messages()).toHaveLength(1);
    }
  });
});

describe("an interface that goes down and up (linux-clients C6)", () => {
  it("nothing is told of its IPv4 addresses, which stay", () => {
    const { vnet, program, watcher } = watched();
    vnet.interfaceDown("em0");
    expect(watcher.messages()).toEqual([]);
    const inets = () => getAddr(program, DUMP, 2).filter(({ type, body }) => type === RTM.NEWADDR && body[4] === EM0);
    expect(inets().map((each) => [addressText(each), addressOf(each).flags])).toEqual([
      ["2 192.0.2.1/24", 0x80],
      ["2 192.0.2.2/24", 0x81],
    ]);
    vnet.interfaceUp("em0");
    expect(watcher.messages().filter((each) => each.body[0] === 2)).toEqual([]);
    expect(inets()).toHaveLength(2);
  });

  it("an address that goes while it is down is told of once", () => {
    const { vnet, watcher } = watched();
    vnet.interfaceDown("em0");
    vnet.addressDelete("em0", "192.0.2.1");
    expect(watcher.messages().map((each) => [each.type, addressText(each)])).toEqual([[RTM.DELADDR, "2 192.0.2.1/24"]]);
  });

  it("one that comes with another prefix is told of as gone and come", () => {
    const { vnet, watcher } = watched();
    vnet.addressAdd("em0", "192.0.2.2/25");
    expect(watcher.messages().map((each) => [each.type, addressText(each)])).toEqual([
      [RTM.DELADDR, "2 192.0.2.2/24"],
      [RTM.NEWADDR, "2 192.0.2.2/25"],
    ]);
  });
});

describe("an interface that goes away", () => {
  it("DELADDR for each address, once, before the interface", () => {
    const { abi, vnet } = watched();
    const watcher = openProgram(abi, vnet, 79);
    watcher.socket.bind(0, GROUP.IPV4 | 1);
    vnet.interfaceDetach("em0");
    const told = watcher.messages().map(({ type }) => type);
    expect(told.filter((type) => type === RTM.DELADDR)).toHaveLength(2);
    expect(told.indexOf(17)).toBe(told.length - 1);
  });
});
