// What the stack tells of itself: it always calls, and while nobody listens the callee ignores (netlink/netlink_glue.c).
//   onLink     an interface arrived, changed or is about to leave
//   onAddress  an address was added, or is about to be removed
//   onNeighbour  a neighbour has a link-layer address, or goes

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

/** @param change - the flags that changed, 0 for arrival, departure and the rest */
export type LinkHook = (ifp: usize, event: u32, change: u32) => void;
export type AddressHook = (address: usize, event: u32) => void;
export type NeighbourHook = (neighbour: usize, event: u32) => void;

@unmanaged
class Hooks {
  link: usize;
  address: usize;
  neighbour: usize;
}

const hooks = changetype<Hooks>(memory.data(offsetof<Hooks>(), 16));

function ignoreLink(ifp: usize, event: u32, change: u32): void {}
function ignoreAddress(address: usize, event: u32): void {}
function ignoreNeighbour(neighbour: usize, event: u32): void {}

export function attachHooks(link: LinkHook, address: AddressHook, neighbour: NeighbourHook): void {
  hooks.link = changetype<usize>(link);
  hooks.address = changetype<usize>(address);
  hooks.neighbour = changetype<usize>(neighbour);
}

/** At boot and at unload. */
export function detachHooks(): void {
  attachHooks(ignoreLink, ignoreAddress, ignoreNeighbour);
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
