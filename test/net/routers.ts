// Links with routers that advertise themselves, for the tests of advertisements; what an IPv6 address is by itself.

import { expect } from "vitest";
import { IN6_IFF, ND6_IFF } from "../../assembly/abi/ifnet.js";
import { IFA, IFA_F, IFAF } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions, Peer, Socket, Vnet } from "../../host/kernel/kernel.js";
import { addresses } from "../route/links.js";
import { find, type Route } from "../route/routes.js";
import { numberAt, payloadOf, u8 } from "../support/messages.js";
import { type Setup, setupR } from "../support/setups.js";

export const EM0 = 2;
export const EM1 = 3;
/** The interface identifier of em0, and of em1, as their link-level addresses give it. */
export const EM0_ID = "ff:fe00:a";
export const EM1_ID = "ff:fe00:b";

/** IFAF_FLAGS of an address; undefined when it is not there. */
export function flagsOf(socket: Socket, address: string): number | undefined {
  const found = addresses(socket).find((each) => each.address === address);
  if (found === undefined) return undefined;
  const shown = numberAt(payloadOf(found.payload(IFA.FREEBSD) ?? u8(0), IFAF.FLAGS) ?? u8(0), 0, 4);
  expect((found.flags & IFA_F.TENTATIVE) !== 0).toBe((shown & IN6_IFF.TENTATIVE) !== 0);
  expect((found.flags & IFA_F.DEPRECATED) !== 0).toBe((shown & IN6_IFF.DEPRECATED) !== 0);
  return shown;
}

/** As IFA_CACHEINFO tells them: as they were given, not what is left of them. */
export function preferredAndValid(socket: Socket, address: string): number[] {
  const cache =
    addresses(socket)
      .find((each) => each.address === address)
      ?.payload(IFA.CACHEINFO) ?? u8(0);
  return [numberAt(cache, 0, 4), numberAt(cache, 4, 4)];
}

/**
 * R, with em0 and em1, which have link-local addresses and accept advertisements; no detection of duplicates.
 * @param options - interfaces are hers, if she names any
 */
export function setupRouters(options: BootOptions = {}): Setup {
  const each = { up: true, inet6: true, acceptRtadv: true };
  const setup = setupR({
    interfaces: [
      { name: "em0", lladdr: "02:00:00:00:00:0a", ...each },
      { name: "em1", lladdr: "02:00:00:00:00:0b", ...each },
    ],
    ...options,
    sysctls: { "net.inet6.ip6.dad_count": 0, ...options.sysctls },
  });
  setup.kernel.advance(1_000);
  return setup;
}

/** The router fe80::`n` of an interface's link; one digit or two. */
export function routerOf(vnet: Vnet, n: number, name = "em0", answers = true): Peer {
  return vnet.peer(name, { address: `fe80::${n}`, lladdr: lladdrOf(n), answers, router: true });
}

export function lladdrOf(n: number): string {
  return `02:00:00:00:00:${String(n).padStart(2, "0")}`;
}

export function defaultRoute(socket: Socket, table = 0): Route | undefined {
  return find(socket, "::/0", { table });
}

/** The gateway of the default route; undefined where there is none. */
export function gateway(socket: Socket, table = 0): string | undefined {
  return defaultRoute(socket, table)?.gateway;
}

/** The default routers that there are, in order, an asterisk behind the one that has the route. */
export function routersOf({ neighbours }: Vnet): string[] {
  return neighbours.routers().map(({ address, isInstalled }) => `${address}${isInstalled ? "*" : ""}`);
}

export function accept(vnet: Vnet, ...names: readonly string[]): void {
  for (const name of names) vnet.interfaceSet(name, { nd6: { on: ND6_IFF.ACCEPT_RTADV } });
}
