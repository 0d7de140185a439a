// The names that Linux programs know interfaces by (sys/compat/linux/linux_util.c, ifname_bsd_to_linux_*; linux-compat L4.3
// to L4.5, E5.4): "lo" for lo0, "ethN" for Ethernet, and names that a program chose, as the name or besides it.

import { IFT } from "../../assembly/abi/ifnet.js";
import { refill } from "./plain.js";

/** An interface as far as its name goes. */
interface Named {
  /** FreeBSD's name. */
  name: string;
  readonly isEthernet: boolean;
  readonly isLoopback: boolean;
  /** Of an Ethernet interface: its N in "ethN", the lowest that was free when it arrived. */
  readonly number: number;
  /** What a program named it. */
  alias: string | undefined;
  /** Names that it has besides (IFLA_ALT_IFNAME), in order of addition. */
  readonly alternatives: string[];
  /** FreeBSD's names before the present one. */
  readonly formerNames: string[];
}

/** An interface that is gone. */
interface Departed extends Named {
  readonly index: number;
  /** Ethernet interfaces that were before it in the list at the end. */
  readonly rank: number;
}

/** Interfaces that are gone and may still be told of by messages that nobody has read. */
const DEPARTED_MAX = 1024;

const LOOPBACK = "lo0";
const LINUX_LOOPBACK = "lo";
const NUMBERED = /^eth(0|[1-9][0-9]*)$/;

/** What a table of names goes on from. */
export interface NameTableState {
  readonly interfaces: ReadonlyMap<number, Named>;
  readonly departed: readonly Departed[];
}

export class NameTable {
  /** By interface index, in order of arrival. */
  readonly #interfaces = new Map<number, Named>();
  /** Newest last. */
  readonly #departed: Departed[] = [];
  readonly #usesRealNames: boolean;

  /** @param usesRealNames - compat.linux.use_real_ifnames: Ethernet interfaces keep FreeBSD's names */
  constructor(usesRealNames = false) {
    this.#usesRealNames = usesRealNames;
  }

  save(): NameTableState {
    return { interfaces: this.#interfaces, departed: this.#departed };
  }

  load({ interfaces, departed }: NameTableState): void {
    refill(this.#interfaces, interfaces);
    this.#departed.splice(0, this.#departed.length, ...departed);
  }

  /** An interface arrived, or has another name. An Ethernet one takes the lowest free number, and keeps it. */
  set(index: number, name: string, type: number): void {
    const known = this.#interfaces.get(index);
    if (known !== undefined) {
      if (!wasCalled(known, name)) known.formerNames.push(known.name);
      known.name = name;
      return;
    }
    const isEthernet = type === IFT.ETHER;
    const number = isEthernet ? this.#freeNumber() : -1;
    const isLoopback = type === IFT.LOOP && name === LOOPBACK;
    this.#interfaces.set(index, {
      name,
      isEthernet,
      isLoopback,
      number,
      alias: undefined,
      alternatives: [],
      formerNames: [],
    });
  }

  /** It departed, and gives its number back. */
  delete(index: number): void {
    const found = this.#interfaces.get(index);
    if (found === undefined) return;
    if (this.#departed.length === DEPARTED_MAX) this.#departed.shift();
    this.#departed.push({ ...found, index, rank: this.#rankOf(found) });
    this.#interfaces.delete(index);
  }

  clear(): void {
    this.#interfaces.clear();
  }

  /** A number whose name somebody chose would make two interfaces of one name. */
  #freeNumber(): number {
    const taken = new Set<number | string>();
    for (const { number, alias, alternatives } of this.#interfaces.values()) {
      taken.add(number);
      if (alias !== undefined) taken.add(alias);
      for (const each of alternatives) taken.add(each);
    }
    let number = 0;
    while (taken.has(number) || taken.has(`eth${number}`)) number++;
    return number;
  }

  /** What `strict` calls an interface; undefined when there is none. */
  plain(index: number): string | undefined {
    const found = this.#interfaces.get(index);
    if (found === undefined) return undefined;
    if (found.isLoopback) return LINUX_LOOPBACK;
    return found.isEthernet && !this.#usesRealNames ? numbered(found.number) : found.name;
  }

  /**
   * What `strict` calls the interface of a message, which may have waited while the interface was renamed or went.
   * @param name - FreeBSD's, in the message
   * @param type - IFT, in the message
   * @param isCounted - as FreeBSD 14 numbers: by the Ethernet interfaces before it in the list
   * @returns undefined when it is Ethernet and nothing is known of it
   */
  plainOf(index: number, name: string, type: number, isCounted: boolean): string | undefined {
    if (type === IFT.LOOP && name === LOOPBACK) return LINUX_LOOPBACK;
    if (type !== IFT.ETHER || this.#usesRealNames) return name;
    const found = this.#interfaces.get(index);
    const departed = wasCalled(found, name)
      ? undefined
      : this.#departed.findLast((each) => each.index === index && (found === undefined || wasCalled(each, name)));
    if (departed !== undefined) return numbered(isCounted ? departed.rank : departed.number);
    return found && numbered(isCounted ? this.#rankOf(found) : found.number);
  }

  /** Ethernet interfaces before one in the list. */
  #rankOf(wanted: Named): number {
    let rank = 0;
    for (const each of this.#interfaces.values()) {
      if (each === wanted) break;
      if (each.isEthernet) rank++;
    }
    return rank;
  }

  /** What Linux programs call an interface: the alias, if it has one. */
  of(index: number): string | undefined {
    return this.#interfaces.get(index)?.alias ?? this.plain(index);
  }

  /** Alias, then Linux name, then alternatives, then FreeBSD's. @returns the index, undefined for a name that nobody has */
  find(name: string): number | undefined {
    return (
      this.#search((each) => each.alias === name) ??
      this.#search((each, index) => each.alias === undefined && this.plain(index) === name) ??
      this.#search((each) => each.alternatives.includes(name)) ??
      this.#search((each) => each.name === name)
    );
  }

  /** FreeBSD's name first, as `strict`'s ioctls look (ifname_linux_to_ifp). */
  findPlain(name: string): number | undefined {
    const exact = this.#search((each) => each.name === name);
    if (exact !== undefined) return exact;
    if (name === LINUX_LOOPBACK) return this.#search((each) => each.isLoopback);
    const number = NUMBERED.exec(name)?.[1];
    if (number === undefined || this.#usesRealNames) return undefined;
    return this.#search((each) => each.number === Number(number));
  }

  #search(matches: (each: Named, index: number) => boolean): number | undefined {
    for (const [index, each] of this.#interfaces) if (matches(each, index)) return index;
    return undefined;
  }

  /** FreeBSD's name. */
  real(index: number): string | undefined {
    return this.#interfaces.get(index)?.name;
  }

  /** A program named it; the name it has anyway needs no alias. */
  rename(index: number, alias: string): void {
    const found = this.#interfaces.get(index);
    if (found !== undefined) found.alias = alias === this.plain(index) ? undefined : alias;
  }

  alias(index: number): string | undefined {
    return this.#interfaces.get(index)?.alias;
  }

  /** Names that an interface has besides. */
  alternatives(index: number): readonly string[] {
    return this.#interfaces.get(index)?.alternatives ?? [];
  }

  /** @param name - one that nobody has */
  addAlternative(index: number, name: string): void {
    this.#interfaces.get(index)?.alternatives.push(name);
  }

  /** @returns whether it had the name */
  removeAlternative(index: number, name: string): boolean {
    const alternatives = this.#interfaces.get(index)?.alternatives ?? [];
    const at = alternatives.indexOf(name);
    if (at >= 0) alternatives.splice(at, 1);
    return at >= 0;
  }

  /** The pattern with the lowest number for "%d" that makes a name nobody has; a name without stays as it is. */
  number(pattern: string): string {
    if (!pattern.includes("%d")) return pattern;
    let number = 0;
    while (this.find(pattern.replace("%d", String(number))) !== undefined) number++;
    return pattern.replace("%d", String(number));
  }
}

function wasCalled(each: Named | undefined, name: string): boolean {
  return each !== undefined && (each.name === name || each.formerNames.includes(name));
}

function numbered(number: number): string {
  return `eth${number}`;
}
