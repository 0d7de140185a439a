// Parsing by tables (netlink/netlink_message_parser.c). A parser is a list of words:
//   header size | strict check | fields | attributes | post-check      (0 = none)
//   fields      rows of  offset in the header, kind, offset in the record
//   attributes  rows of  type, kind, offset in the record, argument; types ascend
// What is parsed goes into a record of the handler's, zeroed before: what was absent is 0.

import { Errno } from "../abi/errno";
import { AF, AddressSize } from "../abi/inet";
import { NLA_F, NetlinkSize } from "../abi/netlink";
import { zero } from "../mem/zero";
import { findByIndex } from "../net/ifnet";
import { Request } from "./request";

/** Kinds of payload, and what the record gets of each (netlink-core N6.4). */
export const enum Payload {
  /** Nothing: u8 1. */
  FLAG = 1,
  U8 = 2,
  U16 = 3,
  U32 = 4,
  U64 = 5,
  /** 4 bytes, copied. */
  IN_ADDR = 6,
  /** 16 bytes, copied. */
  IN6_ADDR = 7,
  /** The address of a sockaddr in scratch. */
  IP = 8,
  /** As IP, from an rtvia. */
  VIA = 9,
  /** An Interface that exists; 0 does not. */
  IFP = 10,
  /** As IFP, and 0 is none. */
  IFPZ = 11,
  /** The address of the text in the message; NUL-terminated there. */
  STRING = 12,
  /** The address of a copy in scratch with a NUL added. */
  STRINGN = 13,
  /** A field of `argument` bytes, zero-filled. */
  CHARA = 14,
  /** Exactly `argument` bytes. */
  BYTES = 15,
  /** The address of the attribute. */
  ATTRIBUTE = 16,
  /** Walked by the attribute table `argument`, into the same record. */
  NESTED = 17,
  /** An ifa_cacheinfo: its 16 bytes (netlink/route/iface.c, nlattr_get_cinfo). */
  CACHEINFO = 18,
  /** What the PayloadParser `argument` makes of it. */
  CUSTOM = 19,
}

/** Kinds of header fields (netlink-core N6.5). */
export const enum Field {
  U8 = 1,
  U16 = 2,
  U32 = 3,
  U8_U32 = 4,
  IFP = 5,
  IFPZ = 6,
}

/** Parses an attribute of its own kind: the object that lists it knows how. */
export type PayloadParser = (request: Request, attribute: usize, into: usize) => Errno;
/** Whether the header of a strict socket's message is acceptable. */
export type StrictCheck = (header: usize, request: Request) => bool;
/** Whether what was parsed fits together. */
export type PostCheck = (record: usize, request: Request) => bool;

/** sockaddr_in, sockaddr_in6: len u8, family u8, …; where the address begins. */
const SOCKADDR_IN_BYTES: u32 = 16;
const SOCKADDR_IN6_BYTES: u32 = 28;
const SOCKADDR_FAMILY: usize = 1;
const SOCKADDR_IN_ADDRESS: usize = 4;
const SOCKADDR_IN6_ADDRESS: usize = 8;

const PARSER_WORDS_HEADER: usize = 0;
const PARSER_WORDS_STRICT: usize = 4;
const PARSER_WORDS_FIELDS: usize = 8;
const PARSER_WORDS_ATTRIBUTES: usize = 12;
const PARSER_WORDS_POST: usize = 16;

/** Bytes of a row of each table. */
const FIELD_ROW: u32 = 12;
const ATTRIBUTE_ROW: u32 = 16;

/** Parses the request's message into a record (nl_parse_nlmsg). */
export function parse(request: Request, parser: StaticArray<usize>, record: usize, recordBytes: u32): Errno {
  zero(record, recordBytes);
  return parseHeader(request, parser, request.header + NetlinkSize.NLMSGHDR, request.end, record);
}

/** Parses a header with its attributes, from `start` to `end`, into a record of zeros (nl_parse_header). */
export function parseHeader(request: Request, parser: StaticArray<usize>, start: usize, end: usize, record: usize): Errno {
  const words = changetype<usize>(parser);
  const headerBytes = <u32>load<usize>(words + PARSER_WORDS_HEADER);
  const payload = <u32>(end - start);
  let header = start;
  let attributes = start + headerBytes;
  if (payload < headerBytes) {
    if (request.isStrict) {
      return request.report(Errno.EINVAL, "header too short: expected %, got %", headerBytes, payload);
    }
    header = request.scratch(headerBytes);
    if (header == 0) return Errno.EINVAL;
    memory.copy(header, start, payload);
    attributes = end;
  }
  const strict = load<usize>(words + PARSER_WORDS_STRICT);
  if (request.isStrict && strict != 0 && !changetype<StrictCheck>(strict)(header, request)) return Errno.EINVAL;
  const fields = load<usize>(words + PARSER_WORDS_FIELDS);
  if (fields != 0) {
    const error = parseFields(changetype<StaticArray<usize>>(fields), header, record);
    if (error != Errno.OK) return error;
  }
  const table = load<usize>(words + PARSER_WORDS_ATTRIBUTES);
  if (table != 0) {
    const error = parseAttributes(request, changetype<StaticArray<usize>>(table), attributes, end, record);
    if (error != Errno.OK) return error;
  }
  const post = load<usize>(words + PARSER_WORDS_POST);
  if (post != 0 && !changetype<PostCheck>(post)(record, request)) return Errno.EINVAL;
  return Errno.OK;
}

function parseFields(table: StaticArray<usize>, header: usize, record: usize): Errno {
  let row = changetype<usize>(table);
  for (let left = table.length; left > 0; left -= 3, row += FIELD_ROW) {
    const from = header + load<usize>(row);
    const into = record + load<usize>(row, 8);
    switch (<u32>load<usize>(row, 4)) {
      case Field.U8:
        store<u8>(into, load<u8>(from));
        break;
      case Field.U16:
        store<u16>(into, load<u16>(from));
        break;
      case Field.U32:
        store<u32>(into, load<u32>(from));
        break;
      case Field.U8_U32:
        store<u32>(into, load<u8>(from));
        break;
      case Field.IFPZ:
        if (load<u32>(from) == 0) break;
      case Field.IFP: {
        const ifp = findByIndex(load<u32>(from));
        if (ifp == null) return Errno.ENOENT;
        store<usize>(into, changetype<usize>(ifp));
        break;
      }
      default:
        assert(false, "a field has a known kind");
    }
  }
  return Errno.OK;
}

/** Walks the attributes from `at` to `end` (netlink-core N6.2). */
export function parseAttributes(request: Request, table: StaticArray<usize>, at: usize, end: usize, record: usize): Errno {
  while (at < end) {
    // One to three bytes at the end count as an attribute whose missing bytes are 0.
    const length = end - at >= 2 ? <u32>load<u16>(at) : <u32>load<u8>(at);
    const padded = (length + 3) & ~3;
    if (at + padded > end) return Errno.OK;
    const type = end - at >= 4 ? <u32>load<u16>(at, 2) : end - at == 3 ? <u32>load<u8>(at, 2) : 0;
    if (length < <u32>NetlinkSize.NLATTR) {
      request.reportOffset(at);
      return request.report(Errno.EINVAL, "Invalid attr 0x0 type % len: %", type, length);
    }
    const row = findRow(table, type & NLA_F.TYPE_MASK);
    if (row != 0) {
      const error = parseAttribute(request, row, at, type, length - NetlinkSize.NLATTR, record);
      if (error != Errno.OK) {
        request.reportOffset(at);
        return error;
      }
    }
    at += padded;
  }
  return Errno.OK;
}

/** The types below 64 that occur from `at` to `end`, as bits, up to one that is malformed (nl_get_attrs_bmask_raw). */
export function typesPresent(at: usize, end: usize): u64 {
  let types: u64 = 0;
  while (at + NetlinkSize.NLATTR <= end) {
    const padded = (<u32>load<u16>(at) + 3) & ~3;
    if (padded < <u32>NetlinkSize.NLATTR || at + padded > end) break;
    const type = <u32>load<u16>(at, 2) & NLA_F.TYPE_MASK;
    if (type < 64) types |= <u64>1 << type;
    at += padded;
  }
  return types;
}

/** The row of a type, 0 when the table does not know it: binary search, as the rows ascend. */
function findRow(table: StaticArray<usize>, type: u32): usize {
  let low: u32 = 0;
  let high: u32 = <u32>table.length >> 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = changetype<usize>(table) + middle * ATTRIBUTE_ROW;
    const rowType = <u32>load<usize>(row);
    if (rowType == type) return row;
    if (rowType < type) low = middle + 1;
    else high = middle;
  }
  return 0;
}

function parseAttribute(request: Request, row: usize, attribute: usize, type: u32, bytes: u32, record: usize): Errno {
  const payload = attribute + NetlinkSize.NLATTR;
  const into = record + load<usize>(row, 8);
  const argument = load<usize>(row, 12);
  switch (<u32>load<usize>(row, 4)) {
    case Payload.FLAG:
      if (bytes != 0) return request.report(Errno.EINVAL, "nla type % size(%) is not a flag", type, bytes);
      store<u8>(into, 1);
      return Errno.OK;
    case Payload.U8:
      if (bytes != 1) return request.report(Errno.EINVAL, "nla type % size(%) is not uint8", type, bytes);
      store<u8>(into, load<u8>(payload));
      return Errno.OK;
    case Payload.U16:
      if (bytes != 2) return request.report(Errno.EINVAL, "nla type % size(%) is not uint16", type, bytes);
      store<u16>(into, load<u16>(payload));
      return Errno.OK;
    case Payload.U32:
      if (bytes != 4) return request.report(Errno.EINVAL, "nla type % size(%) is not uint32", type, bytes);
      store<u32>(into, load<u32>(payload));
      return Errno.OK;
    case Payload.U64:
      if (bytes != 8) return request.report(Errno.EINVAL, "nla type % size(%) is not uint64", type, bytes);
      store<u64>(into, load<u64>(payload));
      return Errno.OK;
    case Payload.IN_ADDR:
      if (bytes != 4) return request.report(Errno.EINVAL, "nla type % size(%) is not in_addr_t", type, bytes);
      store<u32>(into, load<u32>(payload));
      return Errno.OK;
    case Payload.IN6_ADDR:
      if (bytes != 16) return request.report(Errno.EINVAL, "nla type % size(%) is not struct in6_addr", type, bytes);
      memory.copy(into, payload, 16);
      return Errno.OK;
    case Payload.IP:
      if (bytes == <u32>AddressSize.INET) return storeSockaddr(request, AF.INET, payload, into);
      if (bytes == <u32>AddressSize.INET6) return storeSockaddr(request, AF.INET6, payload, into);
      return request.report(Errno.EOPNOTSUPP, "unknown IP len: % for rta type %", bytes, type);
    case Payload.VIA:
      return parseVia(request, payload, type, bytes, into);
    case Payload.IFPZ:
      if (bytes == 4 && load<u32>(payload) == 0) return Errno.OK;
    case Payload.IFP:
      return parseInterface(request, payload, type, bytes, into);
    case Payload.STRING:
      if (!hasNul(payload, bytes)) {
        return request.report(Errno.EINVAL, "nla type % size(%) is not NULL-terminated", type, bytes);
      }
      store<usize>(into, payload);
      return Errno.OK;
    case Payload.STRINGN: {
      const copy = request.scratch(bytes + 1);
      if (copy == 0) return Errno.ENOMEM;
      memory.copy(copy, payload, bytes);
      store<usize>(into, copy);
      return Errno.OK;
    }
    case Payload.CHARA:
      return parseCharacters(request, payload, type, bytes, into, <u32>argument);
    case Payload.BYTES:
      if (bytes != <u32>argument) return Errno.EINVAL;
      memory.copy(into, payload, bytes);
      return Errno.OK;
    case Payload.ATTRIBUTE:
      store<usize>(into, attribute);
      return Errno.OK;
    case Payload.CACHEINFO:
      if (bytes != 16) return request.report(Errno.EINVAL, "nla type % size(%) is not ifa_cacheinfo", type, bytes);
      memory.copy(into, payload, 16);
      return Errno.OK;
    case Payload.CUSTOM:
      return changetype<PayloadParser>(argument)(request, attribute, into);
    case Payload.NESTED:
      return parseAttributes(request, changetype<StaticArray<usize>>(argument), payload, payload + bytes, record);
    default:
      assert(false, "an attribute has a known kind");
      return Errno.EINVAL;
  }
}

function storeSockaddr(request: Request, family: u32, address: usize, into: usize): Errno {
  const isInet = family == AF.INET;
  const bytes = isInet ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES;
  const sockaddr = request.scratch(bytes);
  if (sockaddr == 0) return Errno.ENOBUFS;
  store<u8>(sockaddr, <u8>bytes);
  store<u8>(sockaddr + SOCKADDR_FAMILY, <u8>family);
  if (isInet) {
    store<u32>(sockaddr, load<u32>(address), SOCKADDR_IN_ADDRESS);
  } else {
    store<u64>(sockaddr, load<u64>(address), SOCKADDR_IN6_ADDRESS);
    store<u64>(sockaddr, load<u64>(address, 8), SOCKADDR_IN6_ADDRESS + 8);
  }
  store<usize>(into, sockaddr);
  return Errno.OK;
}

export function sockaddrFamily(sockaddr: usize): u32 {
  return load<u8>(sockaddr + SOCKADDR_FAMILY);
}

/** Where the address bytes of a parsed sockaddr begin. */
export function sockaddrAddress(sockaddr: usize): usize {
  return sockaddr + (sockaddrFamily(sockaddr) == AF.INET ? SOCKADDR_IN_ADDRESS : SOCKADDR_IN6_ADDRESS);
}

/** rtvia: family u8, address; surplus bytes are ignored. */
function parseVia(request: Request, payload: usize, type: u32, bytes: u32, into: usize): Errno {
  if (bytes == 0) return request.report(Errno.EINVAL, "undersized RTA_VIA(%) attr: len %", type, bytes);
  const family = <u32>load<u8>(payload);
  if (family != AF.INET && family != AF.INET6) return Errno.EOPNOTSUPP;
  const needed: u32 = 1 + (family == AF.INET ? AddressSize.INET : AddressSize.INET6);
  if (bytes < needed) return Errno.EINVAL;
  return storeSockaddr(request, family, payload + 1, into);
}

function parseInterface(request: Request, payload: usize, type: u32, bytes: u32, into: usize): Errno {
  if (bytes != 4) return request.report(Errno.EINVAL, "nla type % size(%) is not uint32", type, bytes);
  const ifp = findByIndex(load<u32>(payload));
  if (ifp == null) return request.report(Errno.ENOENT, "nla type %: ifindex % invalid", type, load<u32>(payload));
  store<usize>(into, changetype<usize>(ifp));
  return Errno.OK;
}

function hasNul(payload: usize, bytes: u32): bool {
  for (let i: u32 = 0; i < bytes; i++) if (load<u8>(payload + i) == 0) return true;
  return false;
}

function parseCharacters(request: Request, payload: usize, type: u32, bytes: u32, into: usize, size: u32): Errno {
  let length: u32 = 0;
  while (length < bytes && load<u8>(payload + length) != 0) length++;
  if (length == bytes || length >= size) {
    return request.report(Errno.EINVAL, "nla type % size(%) is not NULL-terminated or longer than the field", type, bytes);
  }
  memory.fill(into, 0, size);
  memory.copy(into, payload, length);
  return Errno.OK;
}
