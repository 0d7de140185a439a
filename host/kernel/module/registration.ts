// What a loadable module registers, in the kernel's families of generic netlink; refusals as negative errnos.

import { NetlinkError } from "../errno.js";
import type { GenericFamilies } from "../generic.js";
import type { ModuleServices } from "./calls.js";

export type Registration = Pick<ModuleServices, "familyAdd" | "commandAdd" | "groupAdd">;

export function registrationIn(generic: GenericFamilies): Registration {
  return {
    familyAdd: (name, options) => errnoOr(() => generic.registerFamily({ name, ...options })),
    commandAdd: (family, number, options) =>
      errnoOr(() => {
        generic.addCommand(family, number, options);
        return 0;
      }),
    groupAdd: (family, name) => errnoOr(() => generic.registerGroup(family, name)),
  };
}

/** What a call gives, or as a negative number the errno it was refused with. */
function errnoOr(call: () => number): number {
  try {
    return call();
  } catch (error) {
    if (error instanceof NetlinkError) return -error.errno;
    throw error;
  }
}
