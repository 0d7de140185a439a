// Kernel tests: a module that registers some is listed and run by programs through the family "ktest" (docs/modules.md). Such a
// module exports testRun(test) and, if its tests take parameters, testParse(test, meta, bytes).
//   registerTest   name and description; its number
//   logLine        what a running test has to say

/** The kernel's calls, from "ktest". */
@external("ktest", "testAdd")
declare function testAdd(name: usize, nameBytes: u32, description: usize, descriptionBytes: u32): i32;
@external("ktest", "testLog")
declare function testLog(
  level: u32, text: usize, textBytes: u32, name: usize, nameBytes: u32, file: usize, fileBytes: u32, line: u32,
): i32;

/** Levels of syslog. */
export enum LOG {
  ERR = 3,
  INFO = 6,
  DEBUG = 7,
}

/** Room for one text each. */
const TEXT_BYTES: u32 = 512;
const first: usize = memory.data(512);
const second: usize = memory.data(512);
const third: usize = memory.data(512);

function copy(text: string, into: usize): u32 {
  const bytes = min<u32>(<u32>text.length, TEXT_BYTES);
  for (let i: u32 = 0; i < bytes; i++) store<u8>(into + i, <u8>load<u16>(changetype<usize>(text) + (<usize>i << 1)));
  return bytes;
}

/** @returns its number, from 0 on, or a negative errno */
export function registerTest(name: string, description: string): i32 {
  return testAdd(first, copy(name, first), second, copy(description, second));
}

/** @param name - of the function that speaks; @param file, line - where */
export function logLine(level: LOG, text: string, name: string, file: string, line: u32): void {
  testLog(level, first, copy(text, first), second, copy(name, second), third, copy(file, third), line);
}
