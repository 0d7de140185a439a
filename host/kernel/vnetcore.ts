// How a vnet's core begins, and what it gives back at its end.
//   bootCore                  a core as the boot options say
//   catchUp, copyFamilies     a later vnet's comes to where the first vnet's is
//   writeSysctls
//   sendHome                  interfaces that came from other vnets go back

import { moveClock, readClock } from "./clock.js";
import type { Core } from "./core.js";
import { expectSuccess } from "./errno.js";
import { moveInterface } from "./interfaces.js";
import { type CompleteBootOptions, switchBits } from "./options.js";
import { indicesOf, type RelayPort } from "./relay.js";
import { NETLINK_SYSCTLS, VNET_SYSCTLS } from "./sysctls.js";

const U32 = 2 ** 32;

/** @param options - with the vnet's number */
export function bootCore(core: Core, options: CompleteBootOptions & { readonly number: number }): void {
  const { seed, policy, fibs, wallClock, switches, number } = options;
  const isSeeded = policy === "seeded" ? 1 : 0;
  const { boot } = core.call;
  const bits = switchBits(switches);
  expectSuccess("boot", boot(seed % U32, Math.floor(seed / U32), isSeeded, fibs, wallClock, number, bits));
}

/** Brings a new vnet to the kernel's time and netlink's sysctls. */
export function catchUp(core: Core, first: Core): void {
  moveClock(core, readClock(first).uptime - readClock(core).uptime);
  for (const number of NETLINK_SYSCTLS.values()) core.call.sysctlWrite(number, first.call.sysctlRead(number));
}

/** Families and groups are the kernel's, with the same numbers in every vnet. */
export function copyFamilies(core: Core, first: Core): void {
  const bytes = first.call.genericRegistryBytes();
  const from = first.views.bytes.subarray(first.call.genericRegistry(), first.call.genericRegistry() + bytes);
  core.views.bytes.set(from, core.call.genericRegistry());
}

/** @param sysctls - of vnets, by name */
export function writeSysctls(core: Core, sysctls: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(sysctls)) core.call.sysctlWrite(VNET_SYSCTLS.get(name) as number, value);
}

interface Stack {
  readonly core: Core;
  readonly port: RelayPort;
}

/** A vnet ends: interfaces that came from others go back, those made inside are destroyed (vnet_if_return). */
export function sendHome(leaving: Stack, all: readonly Stack[]): void {
  for (const index of indicesOf(leaving.core)) {
    const home = all.find(({ port }) => port.number === leaving.core.call.interfaceHome(index));
    if (home !== undefined && home !== leaving) moveInterface(index, `#${index}`, leaving.core, home.core);
  }
}
