// sysctl(3) of { CTL_NET, PF_ROUTE, 0, family, operation, argument [, fib] } (net/rtsock.c, sysctl_rtsock; rtsock G.6).

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { CTL_NET, NET_RT } from "../abi/rtsock";
import { Rib, fibCount, ribOf } from "../net/rib";
import { Caller } from "./caller";
import { dumpInterfaces } from "./dumpinterfaces";
import { dumpMemberships } from "./dumpmemberships";
import { dumpNeighbours } from "./dumpneighbours";
import { dumpGroups, dumpNexthops } from "./dumpnexthops";
import { dumpRoutes } from "./dumproutes";
import { measure, openOutput, output } from "./output";

/** A MIB, and who asks. */
@unmanaged
export class Query {
  /** Its numbers, as many as count, 32 bits each. */
  mib: usize;
  count: u32;
  /** A new value was supplied. */
  hasNewValue: bool;
  /** The process's fib. */
  processFib: u32;
  /** The fib asked for, once checked. */
  fib: u32;

  number(i: u32): i32 {
    return load<i32>(this.mib + i * 4);
  }
  get family(): u32 {
    return this.number(3) & 0xff;
  }
  get operation(): i32 {
    return this.number(4);
  }
  get argument(): u32 {
    return this.number(5);
  }
}

/** Says nothing of how much: only the size is asked for. */
export const NO_ROOM: u32 = u32.MAX_VALUE;

/**
 * Fills `output`, and counts all there is.
 * @param room - bytes of the caller's buffer, or NO_ROOM
 * @returns EINVAL, EPERM, EISDIR, ENOTDIR, ENOENT for the MIB; EAFNOSUPPORT no table of the family; ENOMEM the buffer is too
 *   small, and full: routes are cut without an error (rtsock Q-5)
 */
export function sysctlNet(query: Query, room: u32, caller: Caller): Errno {
  const error = check(query);
  if (error != Errno.OK) return error;
  measure();
  const refused = dump(query, caller);
  if (refused != Errno.OK || room == NO_ROOM) return refused;
  if (!openOutput(room)) return Errno.ENOMEM;
  const isCut = output.isCut;
  dump(query, caller);
  return isCut && !isOfRoutes(query) ? Errno.ENOMEM : Errno.OK;
}

function check(query: Query): Errno {
  if (query.count < 2 || query.number(0) != CTL_NET || query.number(1) != AF.ROUTE) return Errno.ENOENT;
  if (query.count < 5) return Errno.EINVAL;
  if (query.hasNewValue) return Errno.EPERM;
  const operation = query.operation;
  const mayHaveFib = operation == NET_RT.DUMP || operation == NET_RT.NHOP || operation == NET_RT.NHGRP;
  if (query.count < 6) return Errno.EISDIR;
  if (query.count > (mayHaveFib ? <u32>7 : <u32>6)) return Errno.ENOTDIR;
  query.fib = 0;
  if (mayHaveFib) {
    const fib = query.count == 7 ? query.number(6) : -1;
    query.fib = fib == -1 ? query.processFib : fib;
    if (query.fib >= fibCount()) return Errno.EINVAL;
  }
  return query.family > <u32>AF.MAX ? Errno.EINVAL : Errno.OK;
}

function isOfNeighbours(query: Query): bool {
  return query.operation == NET_RT.FLAGS && (query.argument == 0 || (query.argument & RTF.LLDATA) != 0);
}

function isOfRoutes(query: Query): bool {
  return query.operation == NET_RT.DUMP || (query.operation == NET_RT.FLAGS && !isOfNeighbours(query));
}

function dump(query: Query, caller: Caller): Errno {
  switch (query.operation) {
    case NET_RT.DUMP:
      return dumpTables(query, 0, caller);
    case NET_RT.FLAGS:
      if (!isOfNeighbours(query)) return dumpTables(query, query.argument, caller);
      if (query.family == 0) return Errno.EINVAL;
      if (ribOf(0, query.family) != null) dumpNeighbours(query.family, caller);
      return Errno.OK;
    case NET_RT.IFLIST:
    case NET_RT.IFLISTL:
      dumpInterfaces(query.family, query.argument, query.operation == NET_RT.IFLISTL, caller);
      return Errno.OK;
    case NET_RT.IFMALIST:
      dumpMemberships(query.family, query.argument, caller);
      return Errno.OK;
    case NET_RT.NHOP:
    case NET_RT.NHGRP:
      return dumpPaths(query);
    default:
      return Errno.EINVAL;
  }
}

/** Of family 0 all tables, IPv4's first. */
function dumpTables(query: Query, mask: u32, caller: Caller): Errno {
  const family = query.family;
  if (family != 0) {
    const rib = ribOf(query.fib, family);
    if (rib == null) return Errno.EAFNOSUPPORT;
    dumpRoutes(rib, mask, caller);
    return Errno.OK;
  }
  if (dumpRoutes(changetype<Rib>(changetype<usize>(ribOf(query.fib, AF.INET))), mask, caller)) {
    dumpRoutes(changetype<Rib>(changetype<usize>(ribOf(query.fib, AF.INET6))), mask, caller);
  }
  return Errno.OK;
}

/** The fib must be said, and the process's is none. */
function dumpPaths(query: Query): Errno {
  if (query.count < 7 || query.number(6) < 0) return Errno.EINVAL;
  const rib = ribOf(query.fib, query.family);
  if (rib == null) return Errno.EAFNOSUPPORT;
  if (query.operation == NET_RT.NHOP) dumpNexthops(rib);
  else dumpGroups(rib);
  return Errno.OK;
}
