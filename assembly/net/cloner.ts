// Cloners: the kinds of interface that can be made by name (net/if_clone.c).
//   isCloner   whether a driver's name is a cloner's: then a link shows it as IFLA_INFO_KIND

const NAMES: StaticArray<string> = ["lo"];

/** @param driver - NUL-terminated ASCII */
export function isCloner(driver: usize): bool {
  for (let i = 0; i < NAMES.length; i++) if (isText(driver, NAMES[i])) return true;
  return false;
}

function isText(at: usize, text: string): bool {
  const length = <u32>text.length;
  for (let i: u32 = 0; i < length; i++) {
    if (<u16>load<u8>(at + i) != load<u16>(changetype<usize>(text) + (i << 1))) return false;
  }
  return load<u8>(at + length) == 0;
}
