// Texts that the kernel makes: ASCII, from a template in which each % takes the next number, and %X takes it in hexadecimal.
//   format      into a given place, cut to it, always NUL-terminated
//   append      a text behind it
//   writeLog, logText   one line to the host's debug log

/** The host's debug log: `length` bytes of ASCII. */
@external("env", "log")
declare function log(text: usize, length: u32): void;

const LINE_BYTES: u32 = 256;
const line: usize = memory.data(256);
const PERCENT: u16 = 0x25;
const CAPITAL_X: u16 = 0x58;
const ZERO: u8 = 0x30;
const LETTER_A: u8 = 0x41;
const DIGITS_MAX: u32 = 10;

/**
 * @param capacity - bytes at `into`, NUL included
 * @returns characters written, without the NUL
 */
export function format(into: usize, capacity: u32, template: string, first: u32, second: u32): u32 {
  let length: u32 = 0;
  let number = first;
  for (let i = 0, n = template.length; i < n; i++) {
    const character = load<u16>(changetype<usize>(template) + (<usize>i << 1));
    if (character == PERCENT) {
      const isHexadecimal = i + 1 < n && load<u16>(changetype<usize>(template) + (<usize>(i + 1) << 1)) == CAPITAL_X;
      if (isHexadecimal) i++;
      length = isHexadecimal ? writeHexadecimal(into, capacity, length, number) : writeNumber(into, capacity, length, number);
      number = second;
    } else if (length + 1 < capacity) {
      store<u8>(into + length++, <u8>character);
    }
  }
  store<u8>(into + length, 0);
  return length;
}

/** Copies a NUL-terminated text, cut to what fits. */
export function append(into: usize, capacity: u32, length: u32, text: usize): u32 {
  for (; load<u8>(text) != 0 && length + 1 < capacity; text++) store<u8>(into + length++, load<u8>(text));
  store<u8>(into + length, 0);
  return length;
}

function writeNumber(into: usize, capacity: u32, length: u32, number: u32): u32 {
  let divisor: u32 = 1;
  for (let digits: u32 = 1; digits < DIGITS_MAX && number / divisor >= 10; digits++) divisor *= 10;
  for (; divisor != 0 && length + 1 < capacity; divisor /= 10) {
    store<u8>(into + length++, ZERO + <u8>((number / divisor) % 10));
  }
  return length;
}

function writeHexadecimal(into: usize, capacity: u32, length: u32, number: u32): u32 {
  let shift: i32 = number == 0 ? 0 : (31 - <i32>clz<u32>(number)) & ~3;
  for (; shift >= 0 && length + 1 < capacity; shift -= 4) {
    const digit = <u8>((number >> shift) & 15);
    store<u8>(into + length++, digit < 10 ? ZERO + digit : LETTER_A + digit - 10);
  }
  return length;
}

export function writeLog(template: string, first: u32, second: u32): void {
  log(line, format(line, LINE_BYTES, template, first, second));
}

/** @param text - `length` bytes of ASCII */
export function logText(text: usize, length: u32): void {
  log(text, length);
}
