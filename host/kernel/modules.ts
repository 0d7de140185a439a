// The kernel's modules: what is loaded, in what order, and who needs whom (kern/kern_linker.c; netlink-core N9). What a
// built-in module is made of lies in the cores of the vnets, a loadable one is an instance of its own (module/); here is the
// bookkeeping that FreeBSD's linker does.

import { Errno } from "../../assembly/abi/errno.js";
import type { Core } from "./core.js";
import { expectSuccess, NetlinkError } from "./errno.js";
import type { InstanceState } from "./module/instance.js";

/** A loaded module, as kldstat lists it. */
export interface ModuleStatus {
  readonly id: number;
  readonly name: string;
  /** How many keep it: whoever loaded it, and modules that depend on it. */
  readonly references: number;
}

/** What a module does in a vnet, or for the whole kernel once. */
export interface ModuleKind {
  /** Modules that come with it. */
  readonly requires: readonly string[];
  /** @param isFirst - in the first vnet. @throws NetlinkError and nothing of it is left in this vnet */
  load?(core: Core, isFirst: boolean): void;
  unload?(core: Core): void;
  /** In the kernel, after the vnets. @throws NetlinkError and nothing of it is left */
  start?(): void;
  /** Before it goes. @param cores - of all vnets. @throws NetlinkError it refuses to */
  release?(cores: Iterable<Core>): void;
  /** In the kernel, before the vnets. */
  stop?(): void;
  /** What it keeps outside the vnets' cores, as plain data. */
  save?(): LoadableState;
  /** Puts that back; the cores have theirs. */
  restore?(state: LoadableState): void;
}

/** A loadable module as plain data. */
export interface LoadableState {
  readonly file: Uint8Array;
  readonly instance: InstanceState;
}

export const NETLINK_MODULE = "netlink";
/** What the Linux-compat layer is part of in FreeBSD. Its host half is host/linux; here it counts as a user of netlink. */
export const LINUX_MODULE = "linux_common";

const KINDS: ReadonlyMap<string, ModuleKind> = new Map<string, ModuleKind>([
  [
    NETLINK_MODULE,
    {
      requires: [],
      load: (core) => void expectSuccess(`kldload ${NETLINK_MODULE}`, core.call.loadNetlink()),
      unload: (core) => void expectSuccess(`kldunload ${NETLINK_MODULE}`, core.call.unloadNetlink()),
    },
  ],
  [
    "nlsysevent",
    {
      requires: [NETLINK_MODULE],
      load: (core, isFirst) => {
        if (!core.call.syseventLoad(isFirst ? 1 : 0)) throw new NetlinkError("kldload nlsysevent", Errno.ENOSPC);
      },
      unload: (core) => core.call.syseventUnload(),
    },
  ],
  [
    "carp",
    {
      requires: [NETLINK_MODULE],
      load: (core) => {
        if (!core.call.carpLoad()) throw new NetlinkError("kldload carp", Errno.ENOSPC);
      },
      unload: (core) => core.call.carpUnload(),
      release: (cores) => {
        for (const core of cores) {
          if (core.call.carpCount() > 0) throw new NetlinkError("kldunload carp", Errno.EBUSY);
        }
      },
    },
  ],
  [LINUX_MODULE, { requires: [NETLINK_MODULE] }],
]);

interface LoadedModule {
  readonly id: number;
  readonly name: string;
  readonly kind: ModuleKind;
  /** Somebody asked for it by name; otherwise it came with another. */
  isAsked: boolean;
}

/** A loaded module as plain data. */
export interface ModuleState {
  readonly id: number;
  readonly name: string;
  readonly isAsked: boolean;
  /** Of a loadable one. */
  readonly loadable?: LoadableState;
}

/** What makes modules that are not in the cores. */
export interface ModuleMakers {
  readonly own: ReadonlyMap<string, ModuleKind>;
  loadable(name: string, file: Uint8Array): ModuleKind;
}

export class Modules {
  readonly #cores: () => Iterable<Core>;
  readonly #loaded: LoadedModule[] = [];

  readonly #kinds: ReadonlyMap<string, ModuleKind>;
  readonly #loadable: (name: string, file: Uint8Array) => ModuleKind;

  /**
   * @param cores - of all vnets, the first vnet's first
   * @param own - built-in modules that the kernel makes, by name; `loadable` - what a module of a file does
   */
  constructor(cores: () => Iterable<Core>, { own, loadable }: ModuleMakers) {
    this.#cores = cores;
    this.#kinds = new Map([...KINDS, ...own]);
    this.#loadable = loadable;
  }

  isLoaded(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  #find(name: string): LoadedModule | undefined {
    return this.#loaded.find((each) => each.name === name);
  }

  /**
   * Loads a module, and before it those that it needs.
   * @param file - of one that is not built in; not to be changed afterwards
   * @throws NetlinkError EEXIST it is loaded, or is built in; ENOENT there is no such module; what it fails with, and nothing
   *   of it is left
   */
  load(name: string, file?: Uint8Array): void {
    if (file !== undefined && (this.#kinds.has(name) || this.isLoaded(name))) {
      throw new NetlinkError(`kldload ${name}`, Errno.EEXIST);
    }
    const kind = file === undefined ? this.#kinds.get(name) : this.#loadable(name, file);
    if (kind === undefined) throw new NetlinkError(`kldload ${name}`, Errno.ENOENT);
    const found = this.#find(name);
    if (found?.isAsked) throw new NetlinkError(`kldload ${name}`, Errno.EEXIST);
    if (found !== undefined) {
      found.isAsked = true;
      return;
    }
    this.#bring(name, kind, true);
  }

  #bring(name: string, kind: ModuleKind, isAsked: boolean): void {
    const brought: string[] = [];
    for (const needed of kind.requires) {
      if (this.isLoaded(needed)) continue;
      this.#bring(needed, this.#kinds.get(needed) as ModuleKind, false);
      brought.push(needed);
    }
    const done: Core[] = [];
    try {
      for (const core of this.#cores()) {
        kind.load?.(core, done.length === 0);
        done.push(core);
      }
      kind.start?.();
    } catch (error) {
      for (const core of done) kind.unload?.(core);
      for (const needed of brought.reverse()) this.#drop(needed);
      throw error;
    }
    // The kernel itself is number 1.
    const id = Math.max(1, ...this.#loaded.map((each) => each.id)) + 1;
    this.#loaded.push({ id, name, kind, isAsked });
  }

  /**
   * Whether a module may go.
   * @throws NetlinkError ENOENT it is not loaded; EBUSY another one needs it, or it only came with another
   */
  expectUnneeded(name: string): void {
    const found = this.#find(name);
    if (found === undefined) throw new NetlinkError(`kldunload ${name}`, Errno.ENOENT);
    if (!found.isAsked || this.#dependents(name) > 0) throw new NetlinkError(`kldunload ${name}`, Errno.EBUSY);
  }

  #dependents(name: string): number {
    return this.#loaded.filter(({ kind }) => kind.requires.includes(name)).length;
  }

  /** Unloads a module, and those that only came with it. @throws as expectUnneeded, and EBUSY by the module itself */
  unload(name: string): void {
    this.expectUnneeded(name);
    const { kind } = this.#find(name) as LoadedModule;
    kind.release?.(this.#cores());
    // One that did what no module may do when it was asked is gone already.
    if (this.isLoaded(name)) this.#drop(name);
    for (const needed of kind.requires) {
      const found = this.#find(needed);
      if (found === undefined || found.isAsked || this.#dependents(needed) > 0) continue;
      try {
        this.#drop(needed);
      } catch (error) {
        // What only came along stays while it is in use (linker_file_unload ignores what its dependencies say).
        if (!(error instanceof NetlinkError)) throw error;
      }
    }
  }

  /** Takes out a module that was stopped, whoever needs it. */
  discard(name: string): void {
    this.#drop(name);
  }

  #drop(name: string): void {
    const found = this.#find(name) as LoadedModule;
    found.kind.stop?.();
    for (const core of this.#cores()) found.kind.unload?.(core);
    this.#loaded.splice(this.#loaded.indexOf(found), 1);
  }

  /** Brings a new vnet's core to what is loaded. */
  catchUp(core: Core): void {
    for (const { kind } of this.#loaded) kind.load?.(core, false);
  }

  save(): ModuleState[] {
    return this.#loaded.map(({ id, name, isAsked, kind }) => {
      const loadable = kind.save?.();
      return { id, name, isAsked, ...(loadable && { loadable }) };
    });
  }

  /** What modules have in the cores is in the cores' own state. */
  restore(states: readonly ModuleState[]): void {
    const loaded = states.map(({ id, name, isAsked, loadable }) => {
      if (loadable === undefined) return { id, name, isAsked, kind: this.#kinds.get(name) as ModuleKind };
      const kind = this.#loadable(name, loadable.file);
      kind.restore?.(loadable);
      return { id, name, isAsked, kind };
    });
    this.#loaded.splice(0, this.#loaded.length, ...loaded);
  }

  /** The kernel itself first, then the modules in order of loading. */
  list(): ModuleStatus[] {
    const modules = this.#loaded.map(({ id, name, isAsked }) => ({
      id,
      name,
      references: (isAsked ? 1 : 0) + this.#dependents(name),
    }));
    return [{ id: 1, name: "kernel", references: 1 + modules.length }, ...modules];
  }
}
