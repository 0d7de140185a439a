// The two modes, and all that is different between them: table X of the manual (docs/linux.md), which a test holds against
// this list.

/** `strict` is FreeBSD's layer as it is, gaps included; `extended` answers in addition what today's Linux programs need. */
export type Mode = "strict" | "extended";

/** What the modes do differently in one matter. */
export interface Difference {
  /** X-1 … X-56, as linux-compat numbers them. */
  readonly id: string;
  readonly topic: string;
  readonly strict: string;
  readonly extended: string;
}

type Row = readonly [topic: string, strict: string, extended: string];

const ROWS: readonly Row[] = [
  [
    "address families",
    "mapped in GETADDR, GETNEIGH, route requests, and in headers of links, addresses, routes, neighbours; unknown: EPFNOSUPPORT",
    "mapped in every header and attribute; an unknown family of a GET means all",
  ],
  [
    "interface names",
    "`lo` and `ethN` toward programs; FreeBSD's names in requests",
    "both ways, IFA_LABEL too; the name that a program chose is kept as an alias",
  ],
  [
    "routing tables",
    "254 is fib 0; any other number is that fib's",
    "ids and fibs both ways; ids above 255 show 252 in the header; 0 dumps all; 253 is empty; a new id takes the highest free fib",
  ],
  [
    "table 255 (local)",
    "no such fib: EINVAL; own addresses are routes of table 254",
    "made from addresses and links; the kernel's routes to own addresses are hidden",
  ],
  ["`ifi_type`", "Ethernet alone becomes Linux's number", "every type becomes Linux's"],
  [
    "`ifi_flags`",
    "nine bits that are the same, and MULTICAST",
    "also LOWER_UP, DORMANT and RUNNING by the operational state, MASTER, SLAVE",
  ],
  [
    "attributes of links",
    "the kernel's, and IFLA_QDISC and IFLA_TXQLEN",
    "what Linux 6.18 has, in its order, without FreeBSD's; RTEXT_FILTER_SKIP_STATS leaves out nothing",
  ],
  [
    "kinds of links",
    "names of FreeBSD's cloners",
    "Linux's kinds; a `dummy` is FreeBSD's edsc, which is Ethernet like it",
  ],
  ["IFLA_MASTER", "ignored, never shown", "joins and leaves, and is shown"],
  [
    "SETLINK; attributes without effect",
    "EOPNOTSUPP; ignored",
    "SETLINK changes a link as NEWLINK does; what has no effect is kept and shown again",
  ],
  ["an empty NEWLINK", "the kernel's error", "ENODEV, as recorded; programs probe with it"],
  [
    "address objects",
    "the family changes, nothing else",
    "PERMANENT, IFA_LABEL, IFA_CACHEINFO, Linux's order; no IFA_FREEBSD",
  ],
  ["an address that is there, or is not", "replaced; EADDRNOTAVAIL", "EEXIST without REPLACE; texts"],
  [
    "route objects",
    "the family and RTA_TABLE change",
    "scope, type, protocol, Linux's order, RTA_PREFSRC, PRIORITY, PREF, CACHEINFO; nothing of FreeBSD's",
  ],
  ["metrics (RTA_PRIORITY)", "ignored", "the kernel's where it has them, else kept beside the route"],
  ["CREATE, EXCL, REPLACE, APPEND", "the kernel's results", "Linux's results"],
  ["weights of paths", "as they are, so off by one", "one less on Linux's side"],
  [
    "RTA_METRICS, FLOW, ENCAP, onlink",
    "passed on or ignored",
    "the MTU is the kernel's, the other metrics are kept; FLOW and MARK are accepted; ENCAP and NEWDST are EOPNOTSUPP",
  ],
  ["errors", "the kernel's, by number", "number and text that Linux has in the case"],
  [
    "`ip route get`",
    "the route that matched, with the request's flags",
    "one answer for the address: host prefix, CLONED, RTA_PREFSRC, flags 0",
  ],
  ["filters of dumps", "what the kernel checks and filters", "checked and filtered by the layer, with DUMP_FILTERED"],
  ["neighbours", "the family changes", "Linux's states, `ndm_type` 1, own entries hidden, Linux's order"],
  [
    "proxies; family 7 (bridge)",
    "among the others; EPFNOSUPPORT",
    "shown when asked for; dumps are empty, changes EOPNOTSUPP",
  ],
  [
    "nexthops",
    "as they are; no REPLACE",
    "families, weights, REPLACE, blackholes, nexthops without gateway; what depends on one follows it",
  ],
  ["GETRULE", "EOPNOTSUPP", "Linux's default rules"],
  ["NEWRULE, DELRULE", "EOPNOTSUPP", "stored and shown: X-56"],
  [
    "GETQDISC, GETMDB, GETVLAN …",
    "EOPNOTSUPP",
    "an empty dump; GETSTATS, GETTUNNEL, GETDCB are EOPNOTSUPP, whose programs do without; GETADDRLABEL has the ten defaults",
  ],
  ["GETNETCONF", "EOPNOTSUPP", "one for each interface, for all, and the default"],
  ["GETNEIGHTBL", "EOPNOTSUPP", "an empty dump"],
  ["GETNSID", "EOPNOTSUPP", "-1"],
  ["GETMULTICAST, GETANYCAST", "EOPNOTSUPP", "an empty dump"],
  ["other message types", "EOPNOTSUPP", "EOPNOTSUPP"],
  ["other protocols", "EPROTONOSUPPORT", "EPROTONOSUPPORT; KOBJECT_UEVENT is a silent socket"],
  ["a port without bind", "connect takes one", "connect and the first send take one"],
  ["what a receive gives", "a stream of whole messages", "one datagram"],
  ["a notification without room", "lost, silently", "ENOBUFS, once"],
  [
    "socket options",
    "ADD_MEMBERSHIP, DROP_MEMBERSHIP, CAP_ACK, EXT_ACK, GET_STRICT_CHK can be set, none read",
    "all that programs use, reading too; PKTINFO, filters (classic BPF)",
  ],
  ["privilege", "asked for by each handler", "EPERM before anything is parsed; every GET is free"],
  ["the request inside an error", "as the kernel saw it", "as the program sent it, with its own nlmsg_pid"],
  [
    "ACK of a dump; GET without DUMP",
    "no ack; some dump anyway",
    "no ack; what Linux refuses: GETNEIGH without NDA_DST is EINVAL",
  ],
  [
    "ECHO; groups",
    "ignored; 1 to 127 can be joined",
    "the requester gets its own notification; Linux's groups 1 to 39",
  ],
  [
    "generic netlink",
    "as it is, errors mapped",
    "the same, but Linux's ENOENT for a family that is not there, flags 0, dumps when asked for; group 16 is `notify` as well as 48",
  ],
  ["NLM_F_DUMP_INTR", "never", "never"],
  ["when a request is processed", "later, by the socket's task", "before send returns"],
  ["requests shorter than their header", "EBADMSG for some", "legal for every GET"],
  ["GET_STRICT_CHK", "reaches the kernel, which applies it to NEWLINK too", "is the layer's, and applies to dumps"],
  ["`ifi_change` 0", "can take the link down", "changes what the flags say, or nothing"],
  ["no RTA_DST", "EINVAL or ESRCH; always there in what is told", "the default route, both ways"],
  ["`rtm_table` in what is told", "0 for the main table", "254 for the main table"],
  ["RTA_VIA", "as it is", "a family of 16 bits on Linux's side, of 8 on FreeBSD's, and mapped"],
  ["attributes of FreeBSD alone", "copied", "left out, and never reached by Linux's numbers for something else"],
  ["flags of replies", "the request's; 0 in NLMSG_DONE", "0 or MULTI; MULTI in NLMSG_DONE"],
  ["routes of addresses", "no notification", "told of as Linux does when an address comes or goes"],
  ["the errno in NLMSG_DONE", "FreeBSD's, positive", "Linux's, negative, with its text"],
  ["the sender of a notification", "groups 0", "its group's bit; PKTINFO"],
  ["a stored rule", "-", "switch `rules`: store (the default) or refuse; no lookup ever follows one"],
];

/** Table X, in its order. */
export const DIFFERENCES: readonly Difference[] = ROWS.map(([topic, strict, extended], i) => ({
  id: `X-${i + 1}`,
  topic,
  strict,
  extended,
}));
