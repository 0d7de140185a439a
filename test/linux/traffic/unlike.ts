// Where the Linux layer's answers are of other kinds than those that Linux gave, and why. Each request of the recordings is
// either alike or here: a row that does not hold fails as much as one that is missing.

/** Answers to one request: the run's id and the number of the request in it, then the kinds on either side. */
export type Case = readonly [request: string, linux: string, emulated: string];

export interface Reason {
  /** What FreeBSD, or the recorded kernel, does otherwise. */
  readonly reason: string;
  readonly cases: readonly Case[];
}

export const UNLIKE: readonly Reason[] = [
  {
    reason:
      "FreeBSD keeps one route for a prefix: another metric is refused with the text that names the one " +
      "that is there, and what a program does with the second route does not find it. BIRD's copies of the " +
      "connected networks are such second routes.",
    cases: [
      ["iproute2-a-42.1", "ERROR CAPPED 0", "ERROR TLVS -17"],
      ["iproute2-a-48.1", "ERROR CAPPED 0", "ERROR -3"],
      ["iproute2-c-87.1", "ERROR CAPPED 0", "ERROR TLVS -17"],
      ["iproute2-c-96.1", "ERROR CAPPED 0", "ERROR TLVS -17"],
      ["iproute2-c-110.3", "nothing", "ERROR -3"],
      ["clients-18.7", "ERROR CAPPED 0", "ERROR -17"],
      ["clients-18.11", "ERROR CAPPED 0", "ERROR -17"],
      ["clients-18.28", "ERROR CAPPED 0", "ERROR -3"],
      ["clients-18.31", "ERROR CAPPED 0", "ERROR -3"],
    ],
  },
  {
    reason:
      "FreeBSD has routes of the types unicast, blackhole, unreachable and prohibit: throw and multicast " +
      "are refused.",
    cases: [
      ["iproute2-c-setup.240", "ERROR CAPPED 0", "ERROR -22"],
      ["iproute2-c-105.2", "ERROR CAPPED 0", "ERROR TLVS -22"],
    ],
  },
  {
    reason: "FreeBSD's routes have no type of service.",
    cases: [["iproute2-c-104.1", "ERROR CAPPED 0", "ERROR TLVS -22"]],
  },
  {
    reason: "In every fib stand the networks of the interfaces, which cannot be deleted.",
    cases: [["iproute2-a-171.3", "DONE MULTI FILTERED 0", "DONE MULTI FILTERED 0, NEWROUTE MULTI FILTERED"]],
  },
  {
    reason: "FreeBSD has no neighbour entries for multicast addresses, which Linux lists as NOARP.",
    cases: [
      ["iproute2-a-104.2", "DONE MULTI 0, NEWNEIGH MULTI", "DONE MULTI 0"],
      ["iproute2-c-111.65", "DONE MULTI 0, NEWNEIGH MULTI FILTERED", "DONE MULTI 0"],
      ["clients-4.4", "DONE MULTI 0, NEWNEIGH MULTI", "DONE MULTI 0"],
      ["clients-12.5", "DONE MULTI 0, NEWNEIGH MULTI", "DONE MULTI 0"],
    ],
  },
  {
    reason:
      "Bridge ports, their vlans and forwarding tables, which on Linux any Ethernet interface has, are " +
      "empty dumps: FreeBSD tells of them by ioctls of its own.",
    cases: [
      ["iproute2-c-65.2", "DONE MULTI 0, NEWLINK MULTI", "DONE MULTI 0"],
      ["iproute2-c-66.2", "DONE MULTI 0, NEWNEIGH MULTI", "DONE MULTI 0"],
      ["iproute2-c-67.2", "DONE MULTI 0, NEWLINK MULTI", "DONE MULTI 0"],
      ["clients-4.5", "DONE MULTI 0, NEWNEIGH MULTI", "DONE MULTI 0"],
      ["clients-13.7", "DONE MULTI 0, NEWNEIGH MULTI", "DONE MULTI 0"],
    ],
  },
  {
    reason:
      "FreeBSD gives an Ethernet interface a link-local address when IPv6 is used on it first, Linux when " +
      "it comes up: there is none to flush, and the recorded one is unknown.",
    cases: [
      ["iproute2-a-133.2", "DONE MULTI FILTERED 0, NEWADDR MULTI FILTERED", "DONE MULTI FILTERED 0"],
      ["iproute2-a-133.3", "nothing", "ERROR TLVS -99"],
    ],
  },
  {
    reason: "FreeBSD's lo0 has the link-local address fe80::1, which the recorded flush does not take away.",
    cases: [["iproute2-c-128.35", "DONE MULTI FILTERED 0", "DONE MULTI FILTERED 0, NEWADDR MULTI FILTERED"]],
  },
  {
    reason: "FreeBSD keeps the IPv6 addresses of an interface that goes down.",
    cases: [["iproute2-c-126.2", "ERROR CAPPED 0", "ERROR TLVS -17"]],
  },
  {
    reason:
      "The recorded kernel was built without vlan and dummy; here there are both, and what follows finds " +
      "the interface.",
    cases: [
      ["iproute2-a-134.3", "ERROR TLVS -95", "ERROR CAPPED 0"],
      ["iproute2-a-135.3", "ERROR TLVS -95", "ERROR -17"],
      ["iproute2-a-137.2", "ERROR -19", "NEWLINK"],
      ["iproute2-a-143.2", "ERROR TLVS -95", "ERROR CAPPED 0"],
      ["iproute2-a-146.2", "ERROR -19", "NEWLINK"],
      ["iproute2-a-147.2", "ERROR -19", "NEWLINK"],
    ],
  },
  {
    reason: "FreeBSD keeps no table of neighbour parameters that a program could read: the dump is empty.",
    cases: [["iproute2-a-175.2", "DONE MULTI 0, NEWNEIGHTBL MULTI", "DONE MULTI 0"]],
  },
  {
    reason:
      "The halves of FreeBSD's epair are up by themselves: while the other end was down Linux refused " +
      "nexthops there, and had taken the routes away that zebra deletes.",
    cases: [
      ["clients-17.25", "ERROR CAPPED TLVS -100", "nothing"],
      ["clients-17.26", "ERROR CAPPED -3", "nothing"],
      ["clients-17.27", "ERROR CAPPED -3", "nothing"],
      ["clients-17.28", "ERROR CAPPED -3", "nothing"],
    ],
  },
  {
    reason: "The program ended before it read its ack.",
    cases: [
      ["clients-6.3", "NEWROUTE", "ERROR CAPPED 0, NEWROUTE"],
      ["clients-12.12", "DELADDR", "DELADDR, ERROR CAPPED 0"],
    ],
  },
  {
    reason: "The event came to BIRD on another of its sockets, which the recording does not tell apart.",
    cases: [["clients-15.5", "ERROR CAPPED 0, NEWROUTE EXCL CREATE", "ERROR CAPPED 0"]],
  },
];
