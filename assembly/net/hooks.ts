// What the stack tells of itself: it always calls, and while nobody listens the callee ignores (netlink/netlink_glue.c).
//   onLink     an interface arrived, changed or is about to leave
//   onAddress  an address was added, or is about to be removed
//   onNeighbour  a neighbour has a link-layer address, or goes
//   onDevice   what devctl tells of an interface (sys/bus.h, devctl_notify)

/** An interface event, with what changed of its flags. */
export const enum LinkEvent {
  NEW = 1,
  DELETED = 2,
  /** The second message of a change of the carrier; routing sockets have only the first (rtnetlink B.6). */
  LINK_STATE = 3,
}

export const enum AddressEvent {
  NEW = 1,
  DELETED = 2,
}

/** net/if_llatbl.h, LLENTRY_* */
export const enum NeighbourEvent {
  RESOLVED = 1,
  TIMEDOUT = 2,
  DELETED = 3,
  EXPIRED = 4,
}

/** What devctl is told of interfaces (net/if.c): system IFNET, the interface's name, one of these types. */
export const enum DeviceEvent {
  ATTACH = 0,
  DETACH = 1,
  LINK_UP = 2,
  LINK_DOWN = 3,
  /** The name is the old one. */
  RENAME = 4,
}

/** @param change - the flags that changed, 0 for arrival, departure and the rest */
export type LinkHook = (ifp: usize, event: u32, change: u32) => void;
export type AddressHook = (address: usize, event: u32) => void;
export type NeighbourHook = (neighbour: usize, event: u32) => void;
/** @param name - of the interface; @param newName - of RENAME, else 0 */
export type DeviceHook = (name: usize, event: u32, newName: usize) => void;

@unmanaged
class Hooks {
  link: usize;
  address: usize;
  neighbour: usize;
  device: usize;
}

const hooks = changetype<Hooks>(memory.data(offsetof<Hooks>(), 16));

function ignoreLink(ifp: usize, event: u32, change: u32): void {}
function ignoreAddress(address: usize, event: u32): void {}
function ignoreNeighbour(neighbour: usize, event: u32): void {}
function ignoreDevice(name: usize, event: u32, newName: usize): void {}

export function attachHooks(link: LinkHook, address: AddressHook, neighbour: NeighbourHook): void {
  hooks.link = changetype<usize>(link);
  hooks.address = changetype<usize>(address);
  hooks.neighbour = changetype<usize>(neighbour);
}

/** At boot and at unload. */
export function detachHooks(): void {
  attachHooks(ignoreLink, ignoreAddress, ignoreNeighbour);
  detachDeviceHook();
}

export function attachDeviceHook(device: DeviceHook): void {
  hooks.device = changetype<usize>(device);
}

export function detachDeviceHook(): void {
  attachDeviceHook(ignoreDevice);
}

export function onLink(ifp: usize, event: u32, change: u32): void {
  changetype<LinkHook>(hooks.link)(ifp, event, change);
}

export function onAddress(address: usize, event: u32): void {
  changetype<AddressHook>(hooks.address)(address, event);
}

export function onNeighbour(neighbour: usize, event: u32): void {
  changetype<NeighbourHook>(hooks.neighbour)(neighbour, event);
}

export function onDevice(name: usize, event: u32, newName: usize): void {
  changetype<DeviceHook>(hooks.device)(name, event, newName);
}
