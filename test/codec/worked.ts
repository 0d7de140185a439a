// Byte dumps with the command or the rule that made them. Port id 0x64 unless said otherwise.

/** Bytes of a dump; blanks and bars are for the reader. */
export function hexBytes(text: string): Uint8Array {
  const digits = text.replace(/[\s|]/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

/** RTM_NEWROUTE 127.0.0.127/32 with REQUEST|ACK|EXCL|CREATE, seq 7 (N12, request Q). */
export const Q = "24000000 18000506 07000000 00000000 | 02200000 00040001 00000000 | 08000100 7f00007f";

/** Rows of title, bytes, and what describe says. */
export const CONTROL: [rule: string, bytes: string, line: string][] = [
  [
    "[N12.1] success ack for Q",
    "24000000 02000001 07000000 64000000 | 00000000 | 24000000 18000506 07000000 64000000",
    "NLMSG_ERROR ack for RTM_NEWROUTE seq 7 (36 bytes, flags CAPPED, seq 7, pid 100)",
  ],
  [
    "[N12.2] error 17 for Q, CAP_ACK off: the whole request is repeated",
    `38000000 02000000 07000000 64000000 | 11000000 |
     24000000 18000506 07000000 64000000 02200000 00040001 00000000 08000100 7f00007f`,
    "NLMSG_ERROR EEXIST for RTM_NEWROUTE seq 7 (56 bytes, seq 7, pid 100)",
  ],
  [
    "[N12.3] error 22, a request of 29 bytes is padded to 4",
    `34000000 02000000 08000000 64000000 | 16000000 |
     1d000000 18000500 08000000 64000000 02200000 00040001 00000000 aa 000000`,
    "NLMSG_ERROR EINVAL for RTM_NEWROUTE seq 8 (52 bytes, seq 8, pid 100)",
  ],
  [
    "[N12.4] error 22 with text and offset, EXT_ACK and CAP_ACK on",
    `54000000 02000003 09000000 64000000 | 16000000 | 24000000 18000506 09000000 64000000 |
     25000100 6e6c6120 74797065 20342073 697a6528 32292069 73206e6f 74207569 6e743332 00 000000 |
     08000200 1c000000`,
    'NLMSG_ERROR EINVAL for RTM_NEWROUTE seq 9 "nla type 4 size(2) is not uint32" at byte 28 ' +
      "(84 bytes, flags CAPPED|ACK_TLVS, seq 9, pid 100)",
  ],
  [
    "[N12.4] the same with CAP_ACK off: request, then TLVs",
    `68000000 02000002 09000000 64000000 | 16000000 | 24000000 18000506 09000000 64000000
     02200000 00040001 00000000 06000400 01000000 |
     25000100 6e6c6120 74797065 20342073 697a6528 32292069 73206e6f 74207569 6e743332 00 000000 |
     08000200 1c000000`,
    'NLMSG_ERROR EINVAL for RTM_NEWROUTE seq 9 "nla type 4 size(2) is not uint32" at byte 28 ' +
      "(104 bytes, flags ACK_TLVS, seq 9, pid 100)",
  ],
  [
    "[N12.5] unknown type 255 from an unbound socket: text, no offset",
    `44000000 02000003 01000000 00000000 | 2d000000 | 38000000 ff000500 01000000 00000000 |
     1e000100 756e6b6e 6f776e20 6d657373 61676520 74797065 3a203235 35 00 0000`,
    'NLMSG_ERROR EOPNOTSUPP for type 255 seq 1 "unknown message type: 255" (68 bytes, flags CAPPED|ACK_TLVS, seq 1, pid 0)',
  ],
  ["[N12.6] DONE", "14000000 03000000 07000000 64000000 | 00000000", "NLMSG_DONE (20 bytes, seq 7, pid 100)"],
  [
    "[N12.6] DONE with ENOMEM",
    "14000000 03000000 07000000 64000000 | 0c000000",
    "NLMSG_DONE ENOMEM (20 bytes, seq 7, pid 100)",
  ],
  [
    "[N12.7] [N5.4] a cookie comes without ACK_TLVS",
    `3c000000 02000001 07000000 64000000 | 00000000 | 24000000 18000506 07000000 64000000 |
     18000300 08003100 05000000 09000300 74617030 00 000000`,
    "NLMSG_ERROR ack for RTM_NEWROUTE seq 7 cookie 0800310005000000090003007461703000000000" +
      " (60 bytes, flags CAPPED, seq 7, pid 100)",
  ],
];

/**
 * lo0, up, answer to RTM_GETLINK with seq 3 (rtnetlink B.1.6): 320 bytes, every attribute in the order of iface.c;
 * the capabilities and counters are made up. */
export const LO0 = `40010000 10000100 03000000 64000000 | 00001800 01000000 49800001 00000000 |
  08000300 6c6f3000 | 05001000 06000000 | 05002100 01000000 | 08000400 00400000 |
  28004000 24000300 08000200 23000000 0c000500 00000000 00000000 0c000400 01000000 02000000 |
  c4001700 ${"01000000 00000000 ".repeat(2)} ${"54000000 00000000 ".repeat(2)} ${"00000000 00000000 ".repeat(20)} |
  08001e00 00000000 | 0c001200 07000100 6c6f0000`;

/** route add 10.1.0.0/16 192.0.2.254, then route get (rtnetlink E.1.5): 76 bytes. */
export const GATEWAY_ROUTE = `4c000000 18000000 07000000 64000000 | 02100000 00020001 00000000 |
  08000f00 00000000 | 08000100 0a010000 | 08000500 c00002fe | 08000a00 05000000 | 08000e00 02080000 | 08000400 02000000`;

/** An IPv4 route over an IPv6 gateway (rtnetlink E.1.5): RTA_VIA is 21 bytes and 3 of padding, 92 in all. */
export const VIA_ROUTE = `5c000000 18000000 08000000 64000000 | 02180000 00020001 00000000 |
  08000f00 00000000 | 08000100 c6336400 | 15001200 1c 20010db8 00000000 00000000 00000001 000000 |
  08000a00 06000000 | 08000e00 02080000 | 08000400 02000000`;

/** Two paths of weights 1 and 200, the second with a fixed MTU of 1400 (rtnetlink E.1.3). */
export const MULTIPATH_ROUTE = `6c000000 18000000 09000000 64000000 | 02100000 00020001 00000000 |
  08000f00 00000000 | 08000100 0a020000 | 08000a00 07000000 | 08000e00 02000000 |
  30000900 10000001 02000000 08000500 c0000201 | 1c0000c8 03000000 08000500 c6336401 0c000800 08000200 78050000`;

/** ifconfig epair0a inet 192.0.2.1/24, then a dump (rtnetlink C.1): flags REQUEST|MULTI|DUMP. */
export const ADDRESS = `48000000 14000303 05000000 64000000 | 02180000 02000000 |
  08000100 c0000201 | 08000200 c0000201 | 08000400 c00002ff | 0c000300 65706169 72306100 | 08000800 00000000 |
  04000b00`;
