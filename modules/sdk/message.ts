// A message of generic netlink as the kernel hands it over: nlmsghdr, genlmsghdr, the family's own header, attributes. It has
// a whole genlmsghdr, and what its command's policy says of its attributes holds for those that are found here.

/** Bytes of an nlmsghdr with its genlmsghdr. */
export const HEADER_BYTES: u32 = 20;
/** Bytes of an nlattr. */
export const ATTRIBUTE_BYTES: u32 = 4;
/** Bits of an attribute's type that are its number. */
const TYPE_MASK: u32 = 0x3fff;

@unmanaged
export class Message {
  /** In bytes, all included. */
  length: u32;
  /** The family's id. */
  type: u16;
  /** NLM_F. */
  flags: u16;
  seq: u32;
  /** Port id of the socket. */
  port: u32;
  command: u8;
  version: u8;
  reserved: u16;

  get address(): usize {
    return changetype<usize>(this);
  }

  /** The first attribute of a type: the address of its nlattr, 0 = absent. @param hdrsize - of the family's own header */
  find(type: u32, hdrsize: u32 = 0): usize {
    const end = this.address + this.length;
    let at = this.address + HEADER_BYTES + ((hdrsize + 3) & ~3);
    while (at + ATTRIBUTE_BYTES <= end) {
      const bytes = <u32>load<u16>(at);
      const padded = (bytes + 3) & ~3;
      // One without its padding the kernel has not looked at either (nl_parse_attrs_raw), nor at anything behind it.
      if (bytes < ATTRIBUTE_BYTES || at + padded > end) return 0;
      if ((<u32>load<u16>(at, 2) & TYPE_MASK) == type) return at;
      at += padded;
    }
    return 0;
  }

  /** The family's own header, where it has one. A shorter message passes the kernel: `length` says. */
  get header(): usize {
    return this.address + HEADER_BYTES;
  }

  /** An attribute's number, or another one when it is absent. @param hdrsize - of the family's own header */
  u32Of(type: u32, otherwise: u32, hdrsize: u32 = 0): u32 {
    const found = this.find(type, hdrsize);
    return found == 0 ? otherwise : load<u32>(payloadOf(found));
  }

  u64Of(type: u32, otherwise: u64, hdrsize: u32 = 0): u64 {
    const found = this.find(type, hdrsize);
    return found == 0 ? otherwise : load<u64>(payloadOf(found));
  }

  /** Where an attribute lies in the message, for an ext ack. */
  offsetOf(attribute: usize): u32 {
    return <u32>(attribute - this.address);
  }
}

export function payloadOf(attribute: usize): usize {
  return attribute + ATTRIBUTE_BYTES;
}

export function payloadBytes(attribute: usize): u32 {
  return <u32>load<u16>(attribute) - ATTRIBUTE_BYTES;
}
