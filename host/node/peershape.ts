// The other hosts of a link in a configuration, and what they advertise as routers.
import ipaddr from "ipaddr.js";
import { ADVERTISED_PREFIXES_MAX } from "../../assembly/abi/exchange.js";
import type { EitherShape, RecordShape, Shape } from "../yaml/schema.js";
import { IP, LLADDR, NAME, SECONDS, U32 } from "./scalars.js";

const MILLISECONDS: Shape = { kind: "integer", min: 0, max: U32 };

const INET6_PREFIX = {
  kind: "text",
  expected: "a prefix of IPv6 like 2001:db8:1::/64",
  accepts: (text) => ipaddr.IPv6.isValidCIDR(text),
} as const satisfies Shape;

const ADVERTISED_PREFIX: EitherShape = {
  kind: "either",
  scalar: INET6_PREFIX,
  record: {
    kind: "record",
    title: "network",
    required: ["prefix"],
    fields: {
      prefix: { shape: INET6_PREFIX, byDefault: "required", meaning: "The network." },
      onLink: { shape: { kind: "boolean" }, byDefault: "true", meaning: "Whether its addresses are on the link." },
      autonomous: { shape: { kind: "boolean" }, byDefault: "true", meaning: "Whether hosts make addresses of it." },
      valid: { shape: SECONDS, byDefault: "2592000", meaning: "Seconds that it is valid; 4294967295 is for ever." },
      preferred: { shape: SECONDS, byDefault: "604800", meaning: "Seconds that addresses of it are preferred." },
    },
  },
};

const ADVERTISEMENT: RecordShape = {
  kind: "record",
  title: "advertisement",
  required: [],
  fields: {
    lifetime: {
      shape: { kind: "integer", min: 0, max: 0xffff },
      byDefault: "1800",
      meaning: "Seconds that it is a default router; 0 = it is none.",
    },
    preference: {
      shape: { kind: "choice", of: ["low", "medium", "high"] },
      byDefault: "medium",
      meaning: "How much it is preferred to other routers.",
    },
    prefixes: {
      shape: { kind: "list", item: ADVERTISED_PREFIX },
      byDefault: "none",
      meaning: `Networks of the link, at most ${ADVERTISED_PREFIXES_MAX}.`,
    },
    mtu: {
      shape: { kind: "integer", min: 0, max: U32 },
      byDefault: "not said",
      meaning: "Bytes that a packet of IPv6 may have.",
    },
    hopLimit: {
      shape: { kind: "integer", min: 0, max: 255 },
      byDefault: "0: not said",
      meaning: "Hops that a packet begins with.",
    },
    reachable: {
      shape: MILLISECONDS,
      byDefault: "0: not said",
      meaning: "Milliseconds that a neighbour counts as reachable.",
    },
    retransmit: {
      shape: MILLISECONDS,
      byDefault: "0: not said",
      meaning: "Milliseconds between two solicitations.",
    },
  },
};

export const PEER: RecordShape = {
  kind: "record",
  title: "peer",
  required: ["address", "lladdr", "dev"],
  fields: {
    address: { shape: IP, byDefault: "required", meaning: "Its address." },
    lladdr: { shape: LLADDR, byDefault: "required", meaning: "Its link-level address." },
    dev: { shape: NAME, byDefault: "required", meaning: "The interface whose link it is on." },
    answers: {
      shape: { kind: "boolean" },
      byDefault: "true",
      meaning: "Whether it answers requests for its address.",
    },
    router: { shape: { kind: "boolean" }, byDefault: "false", meaning: "Whether its answers say that it is a router." },
    advertises: {
      shape: ADVERTISEMENT,
      byDefault: "nothing",
      meaning: "What it advertises once, as a router; its address is a link-local one then.",
    },
  },
};
