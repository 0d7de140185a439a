// What the recordings do not say: which options and groups belong to which socket of a program with several
// (linux-clients C1). Sockets are numbered as in Sent.

import type { SocketSetting } from "../../../host/trace/traffic/emulation.js";

const SOL_NETLINK = 270;
const CAP_ACK = [SOL_NETLINK, 10, 1] as const;
const EXT_ACK = [SOL_NETLINK, 11, 1] as const;
const STRICT_CHK = [SOL_NETLINK, 12, 1] as const;

const plain: SocketSetting = { options: [], groups: 0, memberships: [] };

/** LINK, v4 and v6 IFADDR and ROUTE. */
const BIRD_GROUPS = 0x551;

/** By the run's id. */
export const SOCKETS: ReadonlyMap<string, readonly SocketSetting[]> = new Map([
  // IPRoute that called bind(): its own changes come back as events.
  ["clients-12", [{ ...plain, groups: 0x40405dd }]],
  // BIRD: dumps, changes, events. Events are bound first, and have the process id as port.
  ["clients-15", [{ ...plain, groups: BIRD_GROUPS }, { ...plain, options: [STRICT_CHK] }, plain]],
  ["clients-18", [{ ...plain, options: [STRICT_CHK] }, plain, { ...plain, groups: BIRD_GROUPS }]],
  // zebra: listen, command, data plane out, data plane in; the last one is glibc's, for getifaddrs.
  [
    "clients-17",
    [
      { options: [], groups: 0x800405f5 | 0, memberships: [34] },
      { ...plain, options: [EXT_ACK] },
      { ...plain, options: [EXT_ACK, CAP_ACK] },
      { ...plain, groups: 0x11800111 },
      plain,
    ],
  ],
]);
