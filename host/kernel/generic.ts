// Families of generic netlink, registered from outside the core: every vnet's core gets the same ones, at the same numbers
// (netlink-core N10.5).

import { Errno } from "../../assembly/abi/errno.js";
import { Exchange } from "../../assembly/abi/exchange.js";
import { GENL, GENL_OP } from "../../assembly/abi/genetlink.js";
import { PRIV } from "../../assembly/abi/netlink.js";
import type { Core } from "./core.js";
import { NetlinkError } from "./errno.js";
import type { Journal } from "./log.js";
import { integer, U32_MAX } from "./options.js";

/** A command of a family outside the core. */
export interface CommandOptions {
  /** GENL_OP bits. */
  readonly flags: number;
  /** Only for privileged sockets. */
  readonly isPrivileged: boolean;
  /** What its attributes must be (PolicyWord); empty without. */
  readonly policy: Uint8Array;
}

export interface FamilyOptions {
  /** 1 … 15 characters of ASCII. */
  readonly name: string;
  /** Bytes of the family's own header behind the genlmsghdr, 0 … 65,535. Default 0. */
  readonly hdrsize?: number;
  /** 0 … 65,535. Default 1. */
  readonly version?: number;
  /** Highest attribute number. Default 0. */
  readonly maxattr?: number;
}

const U16_MAX = 0xffff;

export class GenericFamilies {
  readonly #journal: Journal;
  readonly #cores: () => Iterable<Core>;

  /** @param cores - of all vnets */
  constructor(journal: Journal, cores: () => Iterable<Core>) {
    this.#journal = journal;
    this.#cores = cores;
  }

  /**
   * Registers a family at the lowest free id, and announces it, without commands or groups yet.
   * @returns its id, 17 … 35
   * @throws NetlinkError EEXIST the name is in use; ENOSPC all 19 places are taken; EINVAL a name that is none;
   *   RangeError numbers out of range
   */
  registerFamily(options: FamilyOptions): number {
    return this.#journal.perform("genericFamilyAdd", {}, [{ ...options }], () => {
      const { name, hdrsize = 0, version = 1, maxattr = 0 } = options;
      integer(hdrsize, `family ${name}: hdrsize`, 0, U16_MAX);
      integer(version, `family ${name}: version`, 0, U16_MAX);
      integer(maxattr, `family ${name}: maxattr`, 0, U32_MAX);
      this.#expectName(`family ${name}`, name);
      return this.#everywhere(`family ${name}`, (core) => {
        core.writeText(0, name, GENL.NAMSIZ);
        return core.call.genericFamilyAdd(hdrsize, version, maxattr);
      });
    });
  }

  /**
   * Announces that a family goes, with what it has, and takes it out. Who joined one of its groups stays a member of the
   * number, and hears its next owner.
   * @throws NetlinkError ENOENT there is none, or it is the controller
   */
  unregisterFamily(id: number): void {
    this.#journal.perform("genericFamilyRemove", {}, [id], () => {
      integer(id, "family", 0, U16_MAX);
      for (const core of this.#cores()) {
        if (!core.call.genericFamilyRemove(id)) throw new NetlinkError(`family ${id}`, Errno.ENOENT);
      }
    });
  }

  /**
   * @returns the group's number, 49 … 111
   * @throws NetlinkError EEXIST the family has a group of that name; ENOSPC all 63 places are taken; ENOENT no such family;
   *   EINVAL
   */
  registerGroup(id: number, name: string): number {
    return this.#journal.perform("genericGroupAdd", {}, [id, name], () => {
      integer(id, "family", 0, U16_MAX);
      this.#expectName(`group ${name}`, name);
      return this.#everywhere(`group ${name}`, (core) => {
        core.writeText(0, name, GENL.NAMSIZ);
        return core.call.genericGroupAdd(id);
      });
    });
  }

  /** Takes a group out; its members leave it. @throws NetlinkError ENOENT the family has no such group */
  unregisterGroup(id: number, number: number): void {
    this.#journal.perform("genericGroupRemove", {}, [id, number], () => {
      integer(id, "family", 0, U16_MAX);
      integer(number, "group", 0, U16_MAX);
      for (const core of this.#cores()) {
        if (!core.call.genericGroupRemove(id, number)) throw new NetlinkError(`group ${number}`, Errno.ENOENT);
      }
    });
  }

  /** As unregisterFamily, of a family that goes with its module. */
  dropFamily(id: number): void {
    for (const core of this.#cores()) core.call.genericFamilyRemove(id);
  }

  /**
   * Adds a command whose messages the core leaves to the host: part of a module's loading, no event of its own.
   * @throws NetlinkError EEXIST the family has it; EINVAL a number above 255, a policy that is none; ENOSPC; ENOENT
   */
  addCommand(id: number, number: number, { flags, isPrivileged, policy }: CommandOptions): void {
    const what = `command ${number} of family ${id}`;
    if (policy.length > Exchange.BYTES || policy.length % 4 !== 0) throw new NetlinkError(what, Errno.EINVAL);
    this.#everywhere(what, (core) => {
      core.views.bytes.set(policy, core.exchange);
      const all = flags | (policy.length > 0 ? GENL_OP.CAP_HASPOL : 0);
      return core.call.genericCommandAdd(id, number, all, isPrivileged ? PRIV.ALL : PRIV.NONE, policy.length);
    });
  }

  #expectName(what: string, name: string): void {
    if (name === "" || name.length >= GENL.NAMSIZ || /[^!-~]/.test(name)) throw new NetlinkError(what, Errno.EINVAL);
  }

  /** The same on every core; all have the same registry, so all give the same number. @throws NetlinkError */
  #everywhere(what: string, call: (core: Core) => number): number {
    let result = 0;
    for (const core of this.#cores()) {
      result = call(core);
      if (result < 0) throw new NetlinkError(what, -result as Errno);
    }
    return result;
  }
}
