// A loadable module among the kernel's modules: how it comes and goes.

import type { GenericFamilies } from "../generic.js";
import { type LoadableState, type ModuleKind, NETLINK_MODULE } from "../modules.js";
import type { ExternalModules } from "./external.js";
import type { ModuleInstance } from "./instance.js";

export interface LoadableOwner {
  readonly external: ExternalModules;
  readonly generic: GenericFamilies;
}

/** @param file - a WebAssembly module (docs/modules.md) */
export function loadableModule(name: string, file: Uint8Array, { external, generic }: LoadableOwner): ModuleKind {
  let instance: ModuleInstance | undefined;
  const forget = (): void => {
    // One whose load failed half way is among the instances already.
    const found = instance ?? external.instances.find((each) => each.name === name);
    instance = undefined;
    if (found === undefined) return;
    external.forget(found);
    for (const id of found.families.keys()) generic.dropFamily(id);
  };
  return {
    requires: [NETLINK_MODULE],
    start: () => {
      try {
        instance = external.load(name, file);
      } catch (error) {
        forget();
        throw error;
      }
    },
    release: () => {
      if (instance !== undefined) external.release(instance);
    },
    stop: forget,
    save: () => ({ file, instance: (instance as ModuleInstance).save() }),
    restore: ({ instance: state }: LoadableState) => {
      instance = external.restore(name, file, state);
    },
  };
}
