// monitor: notifications of the current vnet, printed after each command.
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

type Subject = keyof typeof SUBJECTS;
const NAMES = Object.keys(SUBJECTS) as Subject[];

export const monitor: Noun = {
  name: "monitor",
  summary: "notifications, printed after each command",
  verbs: {
    on: {
      usage: "[link] [addr] [route] [neigh] [nexthop]",
      words: NAMES,
      run(words, session) {
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
