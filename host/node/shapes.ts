// What a configuration may hold: every key with its type, its default and its meaning. The checks of a file, the messages
// about what is wrong with it, and docs/config.md (which a test compares with this) all come from here.
import { IfLimit } from "../../assembly/abi/ifnet.js";
import { RouteLimit } from "../../assembly/abi/rtnetlink.js";
import { tunnelWords } from "../codec/tunnel.js";
import { NETLINK_SYSCTLS, VNET_SYSCTLS } from "../kernel/sysctls.js";
import type { EitherShape, ListShape, RecordShape, Shape } from "../yaml/schema.js";
import { PEER } from "./peershape.js";
import {
  ADDRESS_WITH_LENGTH,
  ENDPOINT,
  FIB,
  ID,
  IP,
  LLADDR,
  MODULE,
  NAME,
  PREFIX,
  PROTOCOL,
  SECONDS,
  U32,
} from "./scalars.js";

export const ADDRESS: EitherShape = {
  kind: "either",
  scalar: ADDRESS_WITH_LENGTH,
  record: {
    kind: "record",
    title: "address",
    required: ["address"],
    fields: {
      address: { shape: ADDRESS_WITH_LENGTH, byDefault: "required", meaning: "The interface's own address." },
      peer: { shape: IP, byDefault: "none", meaning: "The other end of a point-to-point interface." },
      broadcast: { shape: IP, byDefault: "the prefix's last", meaning: "The broadcast address; IPv4." },
      preferred: { shape: SECONDS, byDefault: "for ever", meaning: "Seconds that it is preferred; IPv6." },
      valid: { shape: SECONDS, byDefault: "for ever", meaning: "Seconds that it is valid; IPv6." },
    },
  },
};

const TUNNEL: RecordShape = {
  kind: "record",
  title: "tunnel",
  required: ["local", "remote"],
  fields: {
    local: {
      shape: ENDPOINT,
      byDefault: "required",
      meaning: "The address of this end. It runs while that is in its vnet.",
    },
    remote: { shape: ENDPOINT, byDefault: "required", meaning: "The address of the other end, of the same family." },
    flags: {
      shape: { kind: "list", item: { kind: "choice", of: [...tunnelWords("gif"), ...tunnelWords("gre")] } },
      byDefault: "none",
      meaning: "What it does besides: the first two of a gif, the others of a gre.",
    },
    key: {
      shape: { kind: "integer", min: 0, max: U32 },
      byDefault: "0",
      meaning: "The key of packets that go out, 0 for none; gre.",
    },
    port: {
      shape: { kind: "integer", min: 0, max: 0xffff },
      byDefault: "0",
      meaning: "The UDP port that they come from, from 49152 on, or 0 for any; gre.",
    },
  },
};

export const INTERFACE: RecordShape = {
  kind: "record",
  title: "interface",
  required: ["name"],
  fields: {
    name: {
      shape: NAME,
      byDefault: "required",
      meaning: "Its name. One that is there already, as lo0 or the other half of an epair, is set up as said.",
    },
    kind: { shape: NAME, byDefault: "hardware", meaning: "What makes it, by RTM_NEWLINK: `epair`, `bridge`, `vlan` …" },
    parent: { shape: NAME, byDefault: "none", meaning: "The interface that a vlan is on." },
    vid: { shape: { kind: "integer", min: 1, max: 4094 }, byDefault: "none", meaning: "The id of a vlan." },
    protocol: {
      shape: { kind: "integer", min: 0, max: 0xffff },
      byDefault: "0x8100",
      meaning: "The ethertype of a vlan: 0x8100 or 0x88a8.",
    },
    tunnel: { shape: TUNNEL, byDefault: "none", meaning: "What a gif or gre is between." },
    from: {
      shape: NAME,
      byDefault: "none",
      meaning:
        "The vnet that it is moved from: vnet0, or one that stands before. So the halves of an epair connect two.",
    },
    lladdr: { shape: LLADDR, byDefault: "one of its own", meaning: "Its link-level address." },
    mtu: {
      shape: { kind: "integer", min: IfLimit.MIN_MTU, max: IfLimit.MAX_MTU },
      byDefault: "1500, or its kind's",
      meaning: "Bytes that a packet may have.",
    },
    up: { shape: { kind: "boolean" }, byDefault: "false", meaning: "Whether it is brought up." },
    description: {
      shape: {
        kind: "text",
        expected: "a text of at most 63 characters",
        accepts: (text) => text.length < IfLimit.DESCRIPTION,
      },
      byDefault: "none",
      meaning: "Text for people.",
    },
    fib: { shape: FIB, byDefault: "0", meaning: "The fib that its addresses' routes go to; hardware alone." },
    pointToPoint: {
      shape: { kind: "boolean" },
      byDefault: "false",
      meaning: "A tunnel, whose IPv4 addresses need a peer; hardware alone.",
    },
    inet6: {
      shape: { kind: "boolean" },
      byDefault: "false",
      meaning: "Whether IPv6 is on before the first IPv6 address; hardware alone.",
    },
    acceptRtadv: {
      shape: { kind: "boolean" },
      byDefault: "net.inet6.ip6.accept_rtadv",
      meaning: "Whether it heeds router advertisements.",
    },
    addresses: { shape: { kind: "list", item: ADDRESS }, byDefault: "none", meaning: "Its addresses, in order." },
  },
};

export const NEXTHOP: RecordShape = {
  kind: "record",
  title: "nexthop",
  required: ["id"],
  fields: {
    id: { shape: ID, byDefault: "required", meaning: "What routes and groups name it by." },
    via: { shape: IP, byDefault: "none", meaning: "The gateway; `dev` goes with it." },
    dev: { shape: NAME, byDefault: "none", meaning: "The interface that the gateway is on." },
    group: {
      shape: {
        kind: "list",
        item: {
          kind: "record",
          title: "member",
          required: ["id"],
          fields: {
            id: { shape: ID, byDefault: "required", meaning: "A nexthop that is no group." },
            weight: {
              shape: { kind: "integer", min: 0, max: 255 },
              byDefault: "1",
              meaning: "Its share, against the others'.",
            },
          },
        },
      },
      byDefault: "none",
      meaning: "Its members, in place of `via` and `dev`.",
    },
    proto: { shape: PROTOCOL, byDefault: "static", meaning: "Who made it." },
  },
};

export const ROUTE: RecordShape = {
  kind: "record",
  title: "route",
  required: ["prefix"],
  fields: {
    prefix: { shape: PREFIX, byDefault: "required", meaning: "Where it leads to." },
    via: { shape: IP, byDefault: "none", meaning: "The gateway; one of IPv6 can serve a route of IPv4." },
    dev: { shape: NAME, byDefault: "the gateway's", meaning: "The interface." },
    nexthops: {
      shape: {
        kind: "list",
        item: {
          kind: "record",
          title: "path",
          required: ["via"],
          fields: {
            via: { shape: IP, byDefault: "required", meaning: "The gateway." },
            dev: { shape: NAME, byDefault: "the gateway's", meaning: "The interface." },
            weight: {
              shape: { kind: "integer", min: 1, max: 255 },
              byDefault: "1",
              meaning: "Its share, against the others'.",
            },
          },
        },
      },
      byDefault: "none",
      meaning: "Several paths, in place of `via` and `dev`.",
    },
    nhid: { shape: ID, byDefault: "none", meaning: "A nexthop or group by its id, in place of `via` and `dev`." },
    type: {
      shape: { kind: "choice", of: ["unicast", "blackhole", "reject"] },
      byDefault: "unicast",
      meaning: "Whether packets are sent on, dropped, or refused.",
    },
    fib: { shape: FIB, byDefault: "0", meaning: "The fib that it is in." },
    mtu: { shape: { kind: "integer", min: 1, max: U32 }, byDefault: "the interface's", meaning: "Bytes of a packet." },
    weight: {
      shape: { kind: "integer", min: 1, max: RouteLimit.WEIGHT },
      byDefault: "1",
      meaning: "Its share, should paths be appended.",
    },
    proto: { shape: PROTOCOL, byDefault: "static", meaning: "Who made it." },
    expires: { shape: ID, byDefault: "never", meaning: "Seconds after boot that it goes away." },
  },
};

export const NEIGHBOUR: RecordShape = {
  kind: "record",
  title: "neighbour",
  required: ["address", "lladdr", "dev"],
  fields: {
    address: { shape: IP, byDefault: "required", meaning: "Its address, on the link of `dev`." },
    lladdr: { shape: LLADDR, byDefault: "required", meaning: "Its link-level address." },
    dev: { shape: NAME, byDefault: "required", meaning: "The interface that it is behind." },
    permanent: {
      shape: { kind: "boolean" },
      byDefault: "true",
      meaning: "Whether it stays; else it is shown to end 1200 seconds after boot.",
    },
    proxy: { shape: { kind: "boolean" }, byDefault: "false", meaning: "Whether this host answers for it." },
  },
};

const list = (item: RecordShape): ListShape => ({ kind: "list", item });

/** Sysctls by name, of those that there are. */
function sysctls(names: readonly string[]): Shape {
  return {
    kind: "map",
    expected: `one of ${names.join(", ")}`,
    accepts: (key) => names.includes(key),
    value: { kind: "integer", min: 0, max: U32 },
  };
}

const SWITCHES: RecordShape = {
  kind: "record",
  title: "switches",
  required: [],
  fields: {
    links14: {
      shape: { kind: "boolean" },
      byDefault: "false",
      meaning: "Links as FreeBSD 14 has them: IFLA_FREEBSD is empty, and RTM_NEWLINK brings nothing up.",
    },
    vlanDump: {
      shape: { kind: "boolean" },
      byDefault: "false",
      meaning: "A vlan's parent, id and ethertype are shown.",
    },
    tunnelData: {
      shape: { kind: "boolean" },
      byDefault: "false",
      meaning: "The settings of gif and gre are read and shown by netlink, as FreeBSD 16 has it.",
    },
    greEndpoints: {
      shape: { kind: "boolean" },
      byDefault: "false",
      meaning: "With it, a gre's endpoints are shown as they are; FreeBSD shows other bytes there.",
    },
  },
};

/** What every vnet has; vnet0's keys stand at the top of the file. */
const STACK: RecordShape["fields"] = {
  interfaces: {
    shape: list(INTERFACE),
    byDefault: "none",
    meaning: "Interfaces, in order of their making. lo0 is there, and may be set up here too.",
  },
  nexthops: { shape: list(NEXTHOP), byDefault: "none", meaning: "Nexthops and groups of them." },
  routes: { shape: list(ROUTE), byDefault: "none", meaning: "Routes besides those that addresses bring." },
  neighbours: { shape: list(NEIGHBOUR), byDefault: "none", meaning: "Neighbours besides its own addresses." },
  peers: { shape: list(PEER), byDefault: "none", meaning: "Other hosts of its links, as the machine plays them." },
};

const VNET: RecordShape = {
  kind: "record",
  title: "vnet",
  required: ["name"],
  fields: {
    name: { shape: NAME, byDefault: "required", meaning: "Its name; vnet0 is the first, and is there." },
    sysctls: {
      shape: sysctls([...VNET_SYSCTLS.keys()]),
      byDefault: "the file's",
      meaning: "Sysctls that are this vnet's own.",
    },
    ...STACK,
  },
};

export const CONFIG: RecordShape = {
  kind: "record",
  title: "file",
  required: [],
  fields: {
    seed: { shape: SECONDS, byDefault: "1", meaning: "Seed of everything random." },
    policy: {
      shape: { kind: "choice", of: ["fifo", "seeded"] },
      byDefault: "fifo",
      meaning: "Which socket's task runs next: in order, or as the seed has it.",
    },
    fibs: {
      shape: { kind: "integer", min: 1, max: RouteLimit.FIBS },
      byDefault: "1",
      meaning: "Routing tables of each vnet (net.fibs).",
    },
    wallClock: {
      shape: { kind: "integer", min: 1, max: U32 },
      byDefault: "1767225600 (2026-01-01)",
      meaning: "Unix second at boot.",
    },
    modules: {
      shape: { kind: "list", item: MODULE },
      byDefault: "[netlink]",
      meaning:
        "Modules that are loaded, in this order. Without netlink among them it is loaded for the set-up and unloaded after it.",
    },
    sysctls: {
      shape: sysctls([...NETLINK_SYSCTLS.keys(), ...VNET_SYSCTLS.keys()]),
      byDefault: "none",
      meaning: "Sysctls by name, set in every vnet before its interfaces come.",
    },
    switches: {
      shape: SWITCHES,
      byDefault: "all off",
      meaning: "What releases of FreeBSD do differently, or its source leaves open.",
    },
    ...STACK,
    vnets: { shape: list(VNET), byDefault: "none", meaning: "Vnets besides vnet0, each set up like it." },
  },
};
