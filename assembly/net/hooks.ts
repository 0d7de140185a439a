// What the stack tells of itself: it always calls, and while nobody listens the callee ignores (netlink/netlink_glue.c).
//   onLink     an interface arrived, changed or is about to leave
//   onAddress  an address was added, or is about to be removed
//   onNeighbour  a neighbour has a link-layer address, or goes
//   onMembership  an interface is member of a multicast group, or no more: only routing sockets hear of it
//   onRedirect   a redirect has made a route; likewise
//   onDevice   what devctl tells of an interface (sys/bus.h, devctl_notify)
//   onVirtualHost   a virtual host of an interface is in another state
//   onRoute    a route has changed: routing sockets hear of it, and the netlink module has told its own before
//   onRequestedRoute   a routing socket's request changed a route: the netlink module hears of it
// Netlink and routing sockets have hooks of their own, and of each event one of them hears first (rtsock G.7.1). Routing
// sockets attach when the first is opened: till then an event costs them one look at a word.

/** An interface event, with what changed of its flags. */
export const enum LinkEvent {
  /** Also the second half of a rename, with the new name. */
  ARRIVED = 1,
  /** Also the first half of a rename, with the old name. */
  DEPARTED = 2,
  CHANGED = 3,
  /** The second message of a change of the carrier; routing sockets have only the first (rtnetlink B.6). */
  LINK_STATE = 4,
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
/** @param membership - Membership; @param isNew - else it has ended */
export type MembershipHook = (membership: usize, isNew: bool) => void;
/** @param redirect - Redirect (redirect.ts) */
export type RedirectHook = (redirect: usize) => void;
/** @param change - RouteChange (routectl.ts): where, what was there, and what is */
export type RouteHook = (change: usize) => void;
/** @param host - VirtualHost (carp.ts) */
export type VirtualHostHook = (host: usize) => void;
/** @param name - of the interface; @param newName - of RENAME, else 0 */
export type DeviceHook = (name: usize, event: u32, newName: usize) => void;

@unmanaged
class Hooks {
  link: usize;
  address: usize;
  neighbour: usize;
  device: usize;
  virtualHost: usize;
  requestedRoute: usize;
}

const hooks = changetype<Hooks>(memory.data(offsetof<Hooks>(), 16));

/** Those of the routing sockets. */
@unmanaged
class RoutingHooks {
  /** A routing socket is open. */
  isHeard: bool;
  link: usize;
  address: usize;
  neighbour: usize;
  route: usize;
  membership: usize;
  redirect: usize;
}

const routing = changetype<RoutingHooks>(memory.data(offsetof<RoutingHooks>(), 16));

function ignoreLink(ifp: usize, event: u32, change: u32): void {}
function ignoreAddress(address: usize, event: u32): void {}
function ignoreNeighbour(neighbour: usize, event: u32): void {}
function ignoreRoute(change: usize): void {}
function ignoreDevice(name: usize, event: u32, newName: usize): void {}
function ignoreVirtualHost(host: usize): void {}

/** @param requestedRoute - hears of what routing sockets change */
export function attachHooks(
  link: LinkHook, address: AddressHook, neighbour: NeighbourHook, requestedRoute: RouteHook,
): void {
  hooks.link = changetype<usize>(link);
  hooks.address = changetype<usize>(address);
  hooks.neighbour = changetype<usize>(neighbour);
  hooks.requestedRoute = changetype<usize>(requestedRoute);
}

/** At boot and at unload. */
export function detachHooks(): void {
  attachHooks(ignoreLink, ignoreAddress, ignoreNeighbour, ignoreRoute);
  detachDeviceHooks();
}

/** Both are what devctl is told. */
export function attachDeviceHooks(device: DeviceHook, virtualHost: VirtualHostHook): void {
  hooks.device = changetype<usize>(device);
  hooks.virtualHost = changetype<usize>(virtualHost);
}

export function detachDeviceHooks(): void {
  attachDeviceHooks(ignoreDevice, ignoreVirtualHost);
}

/** The first routing socket is open. */
export function attachRoutingHooks(
  link: LinkHook, address: AddressHook, neighbour: NeighbourHook, route: RouteHook, membership: MembershipHook,
  redirect: RedirectHook,
): void {
  routing.link = changetype<usize>(link);
  routing.address = changetype<usize>(address);
  routing.neighbour = changetype<usize>(neighbour);
  routing.route = changetype<usize>(route);
  routing.membership = changetype<usize>(membership);
  routing.redirect = changetype<usize>(redirect);
  routing.isHeard = true;
}

/** The last one is closed. */
export function detachRoutingHooks(): void {
  routing.isHeard = false;
}

export function onLink(ifp: usize, event: u32, change: u32): void {
  if (routing.isHeard) changetype<LinkHook>(routing.link)(ifp, event, change);
  changetype<LinkHook>(hooks.link)(ifp, event, change);
}

export function onAddress(address: usize, event: u32): void {
  changetype<AddressHook>(hooks.address)(address, event);
  if (routing.isHeard) changetype<AddressHook>(routing.address)(address, event);
}

export function onNeighbour(neighbour: usize, event: u32): void {
  if (routing.isHeard) changetype<NeighbourHook>(routing.neighbour)(neighbour, event);
  changetype<NeighbourHook>(hooks.neighbour)(neighbour, event);
}

export function onDevice(name: usize, event: u32, newName: usize): void {
  changetype<DeviceHook>(hooks.device)(name, event, newName);
}

export function onVirtualHost(host: usize): void {
  changetype<VirtualHostHook>(hooks.virtualHost)(host);
}

export function onMembership(membership: usize, isNew: bool): void {
  if (routing.isHeard) changetype<MembershipHook>(routing.membership)(membership, isNew);
}

export function onRedirect(redirect: usize): void {
  if (routing.isHeard) changetype<RedirectHook>(routing.redirect)(redirect);
}

@inline
export function onRoute(change: usize): void {
  if (routing.isHeard) changetype<RouteHook>(routing.route)(change);
}

export function onRequestedRoute(change: usize): void {
  changetype<RouteHook>(hooks.requestedRoute)(change);
}
