// Messages as trees of attributes, and the damage that can be done to each part before they become bytes.
//   Request, Attribute   a valid message, in parts
//   Damage               one thing that is wrong: with the nlmsghdr, the family header, an attribute, or the bytes
//   encode               the bytes, damage done

import { NetlinkSize } from "../../assembly/abi/netlink.js";
import { attribute, concat, message, u16, u32 } from "../support/messages.js";

export interface Attribute {
  readonly type: number;
  readonly payload: Uint8Array | readonly Attribute[];
}

export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  /** ifinfomsg, ifaddrmsg, rtmsg; empty for control messages. */
  readonly header: Uint8Array;
  readonly attributes: readonly Attribute[];
}

/** What is wrong with the message as a whole. */
export type MessageDamage =
  | { readonly part: "nlmsg_len"; readonly value: number; readonly isRelative: boolean }
  | { readonly part: "nlmsg_type"; readonly value: number }
  | { readonly part: "nlmsg_flags"; readonly bits: number }
  | { readonly part: "header byte"; readonly at: number; readonly value: number }
  /** Bytes cut off at the end; nlmsg_len says so. */
  | { readonly part: "end"; readonly bytes: number }
  /** Bytes behind the last attribute; nlmsg_len counts them. */
  | { readonly part: "tail"; readonly bytes: Uint8Array }
  | { readonly part: "bit"; readonly at: number; readonly bit: number };

/** What is wrong with one attribute: the `which`-th of the message, those in nests counted. */
export type AttributeDamage = { readonly which: number } & (
  | { readonly part: "nla_len"; readonly value: number; readonly isRelative: boolean }
  | { readonly part: "nla_type"; readonly value: number }
  | { readonly part: "type flags"; readonly bits: number }
  | { readonly part: "payload"; readonly bytes: Uint8Array }
  | { readonly part: "padding"; readonly bytes: Uint8Array }
  /** It becomes the innermost of so many nests of its own type. */
  | { readonly part: "depth"; readonly nests: number }
  | { readonly part: "repetition"; readonly times: number }
);

export type Damage = MessageDamage | AttributeDamage;

function isOfAttribute(damage: Damage): damage is AttributeDamage {
  return "which" in damage;
}

/** Attributes of a message, those in nests counted. */
function countAttributes(attributes: readonly Attribute[]): number {
  return attributes.reduce(
    (sum, { payload }) => sum + 1 + (payload instanceof Uint8Array ? 0 : countAttributes(payload)),
    0,
  );
}

/** Writes attributes one after the other; `next` numbers them in order of their beginnings. */
class AttributeEncoder {
  readonly #damages: readonly AttributeDamage[];
  readonly #count: number;
  #next = 0;

  constructor(damages: readonly AttributeDamage[], count: number) {
    this.#damages = damages;
    this.#count = count;
  }

  encode(attributes: readonly Attribute[]): Uint8Array {
    return concat(...attributes.map((each) => this.#one(each)));
  }

  #one({ type, payload }: Attribute): Uint8Array {
    const number = this.#next++;
    const body = payload instanceof Uint8Array ? payload : this.encode(payload);
    const damages = this.#damages.filter(({ which }) => which % this.#count === number);
    return damages.reduce<Uint8Array>(damageAttribute, attribute(type, body));
  }
}

function damageAttribute(bytes: Uint8Array, damage: AttributeDamage): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint16(0, true);
  const type = view.getUint16(2, true);
  switch (damage.part) {
    case "nla_len":
      return concat(u16(damage.isRelative ? length + damage.value : damage.value), bytes.slice(2));
    case "nla_type":
      return concat(bytes.slice(0, 2), u16(damage.value), bytes.slice(4));
    case "type flags":
      return concat(bytes.slice(0, 2), u16(type | damage.bits), bytes.slice(4));
    case "payload":
      return attribute(type, damage.bytes);
    case "padding":
      return concat(bytes.slice(0, Math.max(length, NetlinkSize.NLATTR)), damage.bytes);
    case "depth":
      return Array.from({ length: damage.nests }).reduce<Uint8Array>((inner) => attribute(type, inner), bytes);
    case "repetition":
      return concat(...Array.from({ length: damage.times }, () => bytes));
  }
}

function damageMessage(bytes: Uint8Array, damage: MessageDamage): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  switch (damage.part) {
    case "nlmsg_len":
      return concat(u32(damage.isRelative ? length + damage.value : damage.value), bytes.slice(4));
    case "nlmsg_type":
      return concat(bytes.slice(0, 4), u16(damage.value), bytes.slice(6));
    case "nlmsg_flags":
      return concat(bytes.slice(0, 6), u16(view.getUint16(6, true) ^ damage.bits), bytes.slice(8));
    case "header byte": {
      const changed = bytes.slice();
      const at = NetlinkSize.NLMSGHDR + damage.at;
      if (at < changed.length) changed[at] = damage.value;
      return changed;
    }
    case "end": {
      const kept = bytes.slice(0, Math.max(NetlinkSize.NLMSGHDR, bytes.length - damage.bytes));
      return concat(u32(kept.length), kept.slice(4));
    }
    case "tail":
      return concat(u32(length + damage.bytes.length), bytes.slice(4), damage.bytes);
    case "bit": {
      const changed = bytes.slice();
      const at = damage.at % changed.length;
      changed[at] = (changed[at] ?? 0) ^ (1 << damage.bit);
      return changed;
    }
  }
}

/** A request as bytes, with everything done to it in order; padded so that another can follow. */
export function encode(request: Request, damages: readonly Damage[] = []): Uint8Array {
  const { type, flags, seq, header, attributes } = request;
  const ofAttributes = damages.filter(isOfAttribute);
  const encoder = new AttributeEncoder(ofAttributes, Math.max(1, countAttributes(attributes)));
  const whole = message({ type, flags, seq }, header, encoder.encode(attributes));
  const damaged = damages
    .filter((each): each is MessageDamage => !isOfAttribute(each))
    .reduce<Uint8Array>(damageMessage, whole);
  return concat(damaged, new Uint8Array(-damaged.length & 3));
}
