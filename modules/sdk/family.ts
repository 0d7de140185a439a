// Registering a family by tables.
//   registerFamily     name, version
//   registerCommands   rows of  command, GENL_OP flags, privileged, policy table (0 = none)
//   registerGroup

import { commandAdd, familyAdd, groupAdd } from "./kernel";
import { ascii } from "./text";

/** Words of a row. */
const COMMAND_ROW: i32 = 4;
const POLICY_ROW: i32 = 3;
/** Rows of a policy. */
const POLICY_ROWS_MAX: i32 = 64;
const policy: usize = memory.data(776);

if (8 + POLICY_ROWS_MAX * POLICY_ROW * 4 != 776) ERROR("a policy's words");

/** @returns its id, or a negative errno */
export function registerFamily(name: string, version: u32, maxattr: u32, hdrsize: u32 = 0): i32 {
  const text = ascii(name);
  return familyAdd(text.at, text.bytes, version, hdrsize, maxattr);
}

/** @returns its number, or a negative errno */
export function registerGroup(family: u32, name: string): i32 {
  const text = ascii(name);
  return groupAdd(family, text.at, text.bytes);
}

/** @returns 0, or a negative errno */
export function registerCommands(family: u32, rows: StaticArray<usize>): i32 {
  for (let i = 0; i < rows.length; i += COMMAND_ROW) {
    const bytes = writePolicy(rows[i + 3]);
    const result = commandAdd(family, <u32>rows[i], <u32>rows[i + 1], rows[i + 2] != 0, policy, bytes);
    if (result < 0) return result;
  }
  return 0;
}

/** A policy of one table, from rows of  attribute type, Policy, argument; types ascend. @returns its bytes */
function writePolicy(table: usize): u32 {
  if (table == 0) return 0;
  const rows = changetype<StaticArray<u32>>(table);
  assert(rows.length <= POLICY_ROWS_MAX * POLICY_ROW, "a policy has at most 64 rows");
  store<u32>(policy, 1);
  store<u32>(policy, rows.length / POLICY_ROW, 4);
  for (let i = 0; i < rows.length; i++) store<u32>(policy + 8 + (<usize>i << 2), rows[i]);
  return 8 + <u32>(rows.length << 2);
}
