// The package's netlink-vm/codec: messages to bytes and back, and how they are shown.

export { CodecError } from "./bytes.js";
export { type DecodeOptions, decode } from "./decode.js";
export { type DescribeOptions, describe, explain, type Json, toJson } from "./describe.js";
export { encode } from "./encode.js";
export { FamilyRegistry } from "./families.js";
export type { FamilyMessages } from "./generic.js";
export type { GenericMessage, Message, UnknownMessage } from "./messages.js";
