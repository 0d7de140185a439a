// route: the routing tables, through RTM_GETROUTE, RTM_NEWROUTE and RTM_DELROUTE.
import type { AF } from "../../../assembly/abi/inet.js";
import { RTNLGRP } from "../../../assembly/abi/rtnetlink.js";
import type { Client, RoutePath } from "../../client/client.js";
import { ROUTING } from "./monitor.js";
import type { Noun, Verb } from "./noun.js";
import { address, deletionOf, family, fib, fibOf, PATH_USAGE, PATH_WORDS, routeOf } from "./path.js";
import { routeSections } from "./routes.js";
import type { Session } from "./session.js";
import { integer, type Words } from "./words.js";

function changing(change: (client: Client, destination: string, path: RoutePath) => void): Verb {
  return {
    usage: PATH_USAGE,
    words: PATH_WORDS,
    run(words, session) {
      session.withClient((client) => {
        const { destination, path } = routeOf(words, client, session.kernel.wallClock);
        change(client, destination, path);
      });
    },
  };
}

export const route: Noun = {
  name: "route",
  summary: "routes",
  verbs: {
    show: {
      usage: "[family inet|inet6] [fib N] [table N] [first COUNT]",
      words: ["family", "inet", "inet6", "fib", "table", "first"],
      run: show,
    },
    get: {
      usage: "ADDRESS [fib N] [table N]",
      words: ["fib", "table"],
      run(words, session) {
        const destination = words.value(address, "an address");
        const options = fibOf(words, words.parameters<{ fib: number; table: number }>({ fib, table: fib }));
        session.withClient((client) => {
          const found = client.route(destination, options);
          session.print(...routeSections([found], session.interfaceNames(client)));
        });
      },
    },
    add: changing((client, destination, path) => client.routeAdd(destination, path)),
    replace: changing((client, destination, path) => client.routeReplace(destination, path)),
    append: changing((client, destination, path) => client.routeAppend(destination, path)),
    monitor: {
      usage: "[--rtsock]",
      words: [ROUTING],
      run(words, session) {
        const isRouting = words.take(ROUTING);
        words.end();
        if (isRouting) session.startRoutingMonitor();
        else session.startMonitor([RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE]);
      },
    },
    del: {
      usage: "PREFIX [via ADDRESS] [dev NAME] [fib N] [table N]",
      words: ["default", "via", "dev", "fib", "table"],
      run(words, session) {
        session.withClient((client) => {
          const { destination, path } = deletionOf(words, client);
          client.routeDelete(destination, path);
        });
      },
    },
  },
};

interface ShowParameters {
  family: AF;
  fib: number;
  table: number;
  first: number;
}

function show(words: Words, session: Session): void {
  const {
    first,
    family: wanted,
    ...tables
  } = words.parameters<ShowParameters>({
    family,
    fib,
    table: fib,
    first: integer(1, 0xffffffff),
  });
  session.withClient((client) => {
    const filter = { ...(wanted === undefined ? {} : { family: wanted }), ...fibOf(words, tables) };
    const routes = client.routes(filter);
    session.print(...routeSections(routes.slice(0, first), session.interfaceNames(client)));
  });
}
