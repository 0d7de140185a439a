// Switches for what FreeBSD's releases do differently, or where its source leaves a question open. Set at boot, all
// off.

/** Bits. */
export const enum Switch {
  /** Links as FreeBSD 14 has them: no capabilities shown, never brought up by a request (rtnetlink B.1.4, B.4.3). */
  LINK_14 = 0x1,
  /** A vlan's parent, vid and ethertype are shown (rtnetlink B.1.5). */
  VLAN_DUMP = 0x2,
  /** What the controller of generic netlink announces goes to group 0, and so to nobody (netlink-core N10.6). */
  GENL_NOTIFY_GROUP0 = 0x4,
  /** The settings of gif and gre are read and shown, as FreeBSD 16 has them. */
  TUNNEL_DATA = 0x8,
  /** A gre's endpoints are shown as a gif's; FreeBSD's gre shows other bytes (net/if_gre.c, gre_clone_dump_nl). */
  GRE_ENDPOINTS = 0x10,
}

@unmanaged
class Switches {
  on: u32;
}

const switches = changetype<Switches>(memory.data(offsetof<Switches>(), 16));

export function bootSwitches(on: u32): void {
  switches.on = on;
}

export function hasSwitch(which: u32): bool {
  return (switches.on & which) != 0;
}
