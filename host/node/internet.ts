// The Internet's routing table, from the npm package @ip-location-db/asn: address ranges with the autonomous system
// that originates them, in text. Its data come from RouteViews (routeviews.org) for IPv4 and from the NRO (nro.net)
// for IPv6, filled up from DB-IP (db-ip.com); each under CC BY 4.0. The ranges become the fewest prefixes that cover
// them; routes of one origin share a gateway. The files are read whole and parsed as bytes: 33 MB of text as one
// string a line would cost more than all the rest.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { AF } from "../../assembly/abi/inet.js";
import { Inet6TableBuilder, InetTableBuilder } from "../table/builder.js";
import { gatewayOfOrigin } from "../table/gateways.js";
import { inet6Prefixes, inetPrefixes } from "../table/prefixes.js";
import type { Inet6Table, InetTable, Table } from "../table/table.js";

const PACKAGE = "@ip-location-db/asn";

/** Whom to name wherever the table is used. */
export const INTERNET_SOURCE =
  "npm package @ip-location-db/asn; data of RouteViews (routeviews.org), NRO (nro.net) and DB-IP (db-ip.com), CC BY 4.0";

/** The package is not installed: a missing prerequisite, since it is too large to be a dependency. */
export class MissingTableError extends Error {
  override readonly name = "MissingTableError";

  constructor() {
    super(`the Internet's routing table is not installed; add it with: npm install --save-dev ${PACKAGE}`);
  }
}

/** Where the package is and what release it is. */
export interface InternetPackage {
  readonly directory: string;
  readonly version: string;
}

/** A table with the figures of its source. */
export interface InternetTable<T extends Table = Table> {
  readonly table: T;
  /** Lines of the source. */
  readonly ranges: number;
  /** Prefixes that the ranges become; the table holds `table.duplicates.length` fewer. */
  readonly prefixes: number;
}

/** Called now and then with the bytes parsed and the bytes in all. */
export type ParseProgress = (bytes: number, total: number) => void;

/**
 * Finds the package beside this program or from the working directory.
 * @throws MissingTableError when it is in neither place
 */
export function findInternetPackage(): InternetPackage {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), "package.json"))]) {
    const require = createRequire(from);
    try {
      const manifest = require.resolve(`${PACKAGE}/package.json`);
      const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
      return { directory: dirname(manifest), version };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new MissingTableError();
}

/** Reads the table of one family. @throws Error naming file and line where the text is not what is expected */
export function loadInternet(
  family: AF.INET,
  options?: { from?: InternetPackage; progress?: ParseProgress },
): InternetTable<InetTable>;
export function loadInternet(
  family: AF.INET6,
  options?: { from?: InternetPackage; progress?: ParseProgress },
): InternetTable<Inet6Table>;
export function loadInternet(
  family: Table["family"],
  options?: { from?: InternetPackage; progress?: ParseProgress },
): InternetTable;
export function loadInternet(
  family: Table["family"],
  { from = findInternetPackage(), progress }: { from?: InternetPackage; progress?: ParseProgress } = {},
): InternetTable {
  const file = join(from.directory, family === AF.INET ? "asn-ipv4-num.csv" : "asn-ipv6-num.csv");
  const ranges = new RangeReader(readFileSync(file), file, progress);
  return family === AF.INET ? readInet(ranges) : readInet6(ranges);
}

function readInet(reader: RangeReader): InternetTable<InetTable> {
  const builder = new InetTableBuilder();
  let gateway = 0;
  const add = (address: number, length: number): void => builder.add(address, length, gateway);
  let ranges = 0;
  for (; reader.hasMore; ranges++) {
    const first = reader.integer();
    const last = reader.integer();
    gateway = gatewayOfOrigin(reader.integer());
    reader.checkRange(first <= last && last <= 0xffffffff);
    inetPrefixes(first, last, add);
    reader.nextLine();
  }
  return { table: builder.finish(), ranges, prefixes: builder.count };
}

function readInet6(reader: RangeReader): InternetTable<Inet6Table> {
  const builder = new Inet6TableBuilder();
  let gateway = 0;
  const add = (high: bigint, low: bigint, length: number): void => builder.add(high, low, length, gateway);
  let ranges = 0;
  for (; reader.hasMore; ranges++) {
    const first = reader.bigInteger();
    const last = reader.bigInteger();
    gateway = gatewayOfOrigin(reader.integer());
    reader.checkRange(first <= last && last < 1n << 128n);
    inet6Prefixes(first, last, add);
    reader.nextLine();
  }
  return { table: builder.finish(), ranges, prefixes: builder.count };
}

const ZERO = 0x30;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
/** Digits that a double holds exactly. */
const CHUNK_DIGITS = 15;
/** Lines between two reports of progress. */
const PROGRESS_LINES = 4096;

/** Reads the integers at the start of each line; what follows the third (the name) is skipped. */
class RangeReader {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  readonly #progress: ParseProgress | undefined;
  #at = 0;
  #line = 1;

  constructor(bytes: Uint8Array, file: string, progress: ParseProgress | undefined) {
    this.#bytes = bytes;
    this.#file = file;
    this.#progress = progress;
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** The next field; at most 15 digits. */
  integer(): number {
    const { value, digits } = this.#chunk();
    if (digits === 0 || !this.#skipComma()) throw this.#error("expected an integer and a comma");
    return value;
  }

  /** The next field, of any length. */
  bigInteger(): bigint {
    const first = this.#chunk();
    let value = BigInt(first.value);
    while (!this.#skipComma()) {
      const { value: more, digits } = this.#chunk();
      if (digits === 0) throw this.#error("expected an integer and a comma");
      value = value * 10n ** BigInt(digits) + BigInt(more);
    }
    if (first.digits === 0) throw this.#error("expected an integer and a comma");
    return value;
  }

  checkRange(isRange: boolean): void {
    if (!isRange) throw this.#error("expected a first address that is not above the last");
  }

  nextLine(): void {
    const end = this.#bytes.indexOf(NEWLINE, this.#at);
    this.#at = end < 0 ? this.#bytes.length : end + 1;
    if (this.#line++ % PROGRESS_LINES === 0 || !this.hasMore) this.#progress?.(this.#at, this.#bytes.length);
  }

  #skipComma(): boolean {
    if (this.#bytes[this.#at] !== COMMA) return false;
    this.#at++;
    return true;
  }

  #chunk(): { value: number; digits: number } {
    let value = 0;
    let digits = 0;
    for (; digits < CHUNK_DIGITS; digits++) {
      const digit = (this.#bytes[this.#at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      this.#at++;
    }
    return { value, digits };
  }

  #error(expected: string): Error {
    return new Error(`${this.#file}:${this.#line}: ${expected}`);
  }
}
