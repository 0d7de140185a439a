// What the attributes of a command outside the core must be: checked here, before the module sees the message, by the same
// parser and with the same texts as those of the core's own families (netlink/parser.ts).
//   writePolicy   from what a module registered
//   checkPolicy   a message against it
// A policy is a parser in the registry's memory: a header, then attribute tables. What they parse goes to a place that
// nobody reads.

import { Errno } from "../abi/errno";
import { PolicyKind, PolicyWord } from "../abi/exchange";
import { NetlinkSize } from "../abi/netlink";
import { Payload, parse } from "../netlink/parser";
import { Request } from "../netlink/request";
import { Command, Family, reservePolicy } from "./registry";

/** Words of a parser, each table before its rows with their bytes in a word, as a StaticArray has them. */
const PARSER_WORDS: u32 = 5;
const PARSER_HEADER: usize = 0;
const PARSER_ATTRIBUTES: usize = 12;
const SOURCE_ROW_BYTES: u32 = PolicyWord.ROW * 4;
const ROW_BYTES: u32 = 16;

/** The most bytes that one attribute is parsed into. */
const BYTES_MAX: u32 = 256;
const unread: usize = memory.data(256, 16);

/** By PolicyKind. */
const PAYLOADS: StaticArray<u32> = [
  0, Payload.FLAG, Payload.U8, Payload.U16, Payload.U32, Payload.U64, Payload.STRING, Payload.BYTES, Payload.NESTED,
  Payload.ATTRIBUTE,
];

/**
 * @param source - words: how many tables, then of each the number of its rows and the rows (PolicyWord)
 * @param bytes - of them
 * @returns EINVAL rows out of order, an unknown kind or table, lengths out of range; ENOSPC
 */
export function writePolicy(family: Family, command: Command, source: usize, bytes: u32): Errno {
  const error = checkSource(source, source + bytes);
  if (error != Errno.OK) return error;
  const tables = load<u32>(source);
  let rows: u32 = 0;
  let at = source + 4;
  for (let i: u32 = 0; i < tables; i++) {
    rows += load<u32>(at);
    at += 4 + load<u32>(at) * SOURCE_ROW_BYTES;
  }
  // A word in front of the parser and of each table says how long it is.
  const size = 4 + PARSER_WORDS * 4 + tables * 4 + rows * ROW_BYTES;
  const place = reservePolicy(command, size);
  if (place == 0) return Errno.ENOSPC;
  memory.fill(place, 0, size);
  store<u32>(place, PARSER_WORDS * 4);
  const parser = place + 4;
  store<usize>(parser, NetlinkSize.GENLMSGHDR + ((family.hdrsize + 3) & ~3), PARSER_HEADER);
  const first = parser + PARSER_WORDS * 4;
  if (tables > 0) store<usize>(parser, first + 4, PARSER_ATTRIBUTES);
  writeTables(source, first, tables);
  return Errno.OK;
}

function checkSource(source: usize, end: usize): Errno {
  if (source + 4 > end) return Errno.EINVAL;
  const tables = load<u32>(source);
  let at = source + 4;
  for (let i: u32 = 0; i < tables; i++) {
    if (at + 4 > end) return Errno.EINVAL;
    const rows = load<u32>(at);
    at += 4;
    if (rows > <u32>(end - at) / SOURCE_ROW_BYTES) return Errno.EINVAL;
    let least: u32 = 0;
    for (let row: u32 = 0; row < rows; row++, at += SOURCE_ROW_BYTES) {
      const type = load<u32>(at);
      const kind = load<u32>(at, 4);
      const argument = load<u32>(at, 8);
      if (type < least || type > 0x3fff || kind == 0 || kind > <u32>PolicyKind.BINARY) return Errno.EINVAL;
      if (kind == PolicyKind.BYTES && argument > BYTES_MAX) return Errno.EINVAL;
      // A nest is described by a later table, so that none contains itself.
      if (kind == PolicyKind.NESTED && (argument <= i || argument >= tables)) return Errno.EINVAL;
      least = type + 1;
    }
  }
  return at == end ? Errno.OK : Errno.EINVAL;
}

function writeTables(source: usize, into: usize, tables: u32): void {
  const first = into;
  let at = source + 4;
  for (let i: u32 = 0; i < tables; i++) {
    const rows = load<u32>(at);
    at += 4;
    store<u32>(into, rows * ROW_BYTES);
    into += 4;
    for (let row: u32 = 0; row < rows; row++, at += SOURCE_ROW_BYTES, into += ROW_BYTES) {
      const kind = load<u32>(at, 4);
      const argument = load<u32>(at, 8);
      store<u32>(into, load<u32>(at));
      store<u32>(into, PAYLOADS[kind], 4);
      store<u32>(into, 0, 8);
      store<usize>(into, kind == PolicyKind.NESTED ? tableOf(source, first, argument) : argument, 12);
    }
  }
}

/** Where the rows of a table begin. */
function tableOf(source: usize, first: usize, number: u32): usize {
  let at = source + 4;
  let into = first;
  for (let i: u32 = 0; i < number; i++) {
    const rows = load<u32>(at);
    at += 4 + rows * SOURCE_ROW_BYTES;
    into += 4 + rows * ROW_BYTES;
  }
  return into + 4;
}

/** What the parser says: EINVAL with text and offset. */
export function checkPolicy(request: Request, command: Command): Errno {
  if (command.policy == 0) return Errno.OK;
  return parse(request, changetype<StaticArray<usize>>(command.policy + 4), unread, BYTES_MAX);
}
