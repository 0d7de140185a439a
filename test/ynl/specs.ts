// A specification for tests.

/** Every feature of a specification. */
export const EVERYTHING_YAML = `
name: everything
protocol: genetlink-legacy
version: 7
kernel-policy: global
definitions:
  - { name: name-max, type: const, value: 16 }
  - { name: color, type: enum, value-start: 1, entries: [red, { name: green, value: 5 }, blue] }
  - { name: state, type: flags, entries: [up, running, { name: lower-up, value: 16 }] }
  -
    name: counter
    type: struct
    members:
      - { name: packets, type: u32 }
      - { name: bytes, type: u64, byte-order: big-endian }
      - { name: color, type: u8, enum: color }
      - { name: name, type: string, len: name-max }
      - { name: hole, type: pad, len: 3 }
  - { name: everything-header, type: struct, members: [{ name: ifindex, type: s32 }, { name: port, type: u16, byte-order: big-endian }] }
attribute-sets:
  -
    name: main
    attributes:
      - { name: u8, type: u8 }
      - { name: u16, type: u16, byte-order: big-endian }
      - { name: u32, type: u32 }
      - { name: u64, type: u64 }
      - { name: s8, type: s8 }
      - { name: s16, type: s16 }
      - { name: s32, type: s32 }
      - { name: s64, type: s64 }
      - { name: uint, type: uint }
      - { name: sint, type: sint }
      - { name: string, type: string, checks: { max-len: name-max - 1 } }
      - { name: binary, type: binary, checks: { exact-len: 4 } }
      - { name: flag, type: flag }
      - { name: nest, type: nest, nested-attributes: main }
      - { name: array, type: indexed-array, sub-type: nest, nested-attributes: inner }
      - { name: numbers, type: indexed-array, sub-type: u32 }
      - { name: typed, type: nest-type-value, type-value: [policy-id, attr-id], nested-attributes: inner }
      - { name: bits, type: bitfield32, enum: state }
      - { name: pad, type: pad }
      - { name: many, type: u32, multi-attr: true }
      - { name: words, type: string, multi-attr: true }
      - { name: packed, type: binary, sub-type: u16 }
      - { name: gone, type: unused }
      - { name: color, type: u8, enum: color }
      - { name: state, type: u32, enum: state, checks: { flags-mask: state } }
      - { name: colors, type: u32, enum: color, enum-as-flags: true }
      - { name: struct, type: binary, struct: counter }
      - { name: mac, type: binary, display-hint: mac }
      - { name: ipv4, type: u32, byte-order: big-endian, display-hint: ipv4 }
      - { name: ipv6, type: binary, display-hint: ipv6 }
      - { name: uuid, type: binary, display-hint: uuid }
      - { name: hex, type: u16, display-hint: hex }
      - { name: far, type: u8, value: 100 }
      - { name: next, type: u8 }
  -
    name: inner
    subset-of: main
    attributes: [{ name: u32 }, { name: string }, { name: far, type: u16 }]
operations:
  fixed-header: everything-header
  list:
    - { name: get, attribute-set: main, do: { request: { attributes: [u8] }, reply: { attributes: [u8] } }, dump: {} }
    - { name: reserved }
    - { name: changed, notify: get, mcgrp: news }
    - { name: happened, attribute-set: main, value: 9, event: { attributes: [u32] } }
mcast-groups:
  list: [{ name: news }]
`;
