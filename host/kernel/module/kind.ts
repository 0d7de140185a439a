// Loadable modules, and ktest, among the kernel's modules: how they come and go.

import { Errno } from "../../../assembly/abi/errno.js";
import { NetlinkError } from "../errno.js";
import type { GenericFamilies } from "../generic.js";
import { type LoadableState, type ModuleKind, NETLINK_MODULE } from "../modules.js";
import type { ExternalModules } from "./external.js";
import { readModuleFile } from "./file.js";
import type { ModuleInstance } from "./instance.js";
import { KTEST_MODULE } from "./ktest.js";

export interface LoadableOwner {
  readonly external: ExternalModules;
  readonly generic: GenericFamilies;
}

/** The module ktest, which looks after the kernel tests of loadable ones. */
export function ktestModule({ external, generic }: LoadableOwner): ModuleKind {
  return {
    requires: [NETLINK_MODULE],
    start: () => {
      const error = external.ktest.register();
      if (error !== 0) throw new NetlinkError(`kldload ${KTEST_MODULE}`, error);
    },
    stop: () => {
      for (const id of external.ktest.families.keys()) generic.dropFamily(id);
      external.ktest.families.clear();
    },
  };
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
    requires: readModuleFile(name, file).hasTests ? [NETLINK_MODULE, KTEST_MODULE] : [NETLINK_MODULE],
    start: () => {
      try {
        instance = external.load(name, file);
      } catch (error) {
        forget();
        throw error;
      }
    },
    release: () => {
      if (instance === undefined) return;
      if (instance.users > 0) throw new NetlinkError(`kldunload ${name}`, Errno.EBUSY);
      external.release(instance);
    },
    stop: forget,
    save: () => ({ file, instance: (instance as ModuleInstance).save() }),
    restore: ({ instance: state }: LoadableState) => {
      instance = external.restore(name, file, state);
    },
  };
}
