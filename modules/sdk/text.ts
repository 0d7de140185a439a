// Texts: a string constant becomes ASCII in memory of the module's own.

const TEXT_BYTES: u32 = 256;
const text: usize = memory.data(256);

@unmanaged
export class Text {
  at: usize;
  bytes: u32;
}

const current = changetype<Text>(memory.data(offsetof<Text>(), 16));

/** The text as ASCII, without NUL, until the next call; beyond 256 characters it is cut. */
export function ascii(source: string): Text {
  const bytes = min<u32>(<u32>source.length, TEXT_BYTES);
  for (let i: u32 = 0; i < bytes; i++) store<u8>(text + i, <u8>load<u16>(changetype<usize>(source) + (<usize>i << 1)));
  current.at = text;
  current.bytes = bytes;
  return current;
}
