// monitor: notifications of the current vnet, of netlink's groups or as a routing socket hears them, printed after each command.
import { RTNLGRP } from "../../../assembly/abi/rtnetlink.js";
import type { Noun } from "./noun.js";

/** What can be listened to, and the multicast groups that carry it. */
const SUBJECTS = {
  link: [RTNLGRP.LINK],
  addr: [RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR],
  route: [RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE],
  neigh: [RTNLGRP.NEIGH],
  nexthop: [RTNLGRP.NEXTHOP],
} as const;

/** What a routing socket hears in their place. */
export const ROUTING = "--rtsock";

type Subject = keyof typeof SUBJECTS;
const NAMES = Object.keys(SUBJECTS) as Subject[];

export const monitor: Noun = {
  name: "monitor",
  summary: "notifications, printed after each command",
  verbs: {
    on: {
      usage: "[link] [addr] [route] [neigh] [nexthop] | --rtsock",
      words: [...NAMES, ROUTING],
      run(words, session) {
        if (words.take(ROUTING)) {
          words.end();
          session.startRoutingMonitor();
          return;
        }
        const subjects: Subject[] = [];
        while (!words.isAtEnd) subjects.push(words.choice(NAMES));
        session.startMonitor((subjects.length === 0 ? NAMES : subjects).flatMap((subject) => SUBJECTS[subject]));
      },
    },
    off: {
      usage: "",
      run(words, session) {
        words.end();
        session.stopMonitor();
      },
    },
  },
};
