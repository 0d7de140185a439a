// The set of gateways that tables route through. All are neighbours on one network a family: 192.0.2.0/24
// (RFC 5737) and 2001:db8::/64 (RFC 3849), so a kernel that has 192.0.2.1 and 2001:db8::1 reaches them.

/** Gateways of a family: as many next hops as a well-connected router has. A power of two. */
export const GATEWAYS = 64;

/** The addresses an interface needs for every gateway to be on link. */
export const GATEWAY_INTERFACE_ADDRESSES: readonly string[] = ["192.0.2.1/24", "2001:db8::1/64"];

/** Last byte of the address of gateway 0, in both families; .1 is the interface's own. */
export const GATEWAY_FIRST_BYTE = 2;

/** 192.0.2.0: what precedes the last byte of an IPv4 gateway. */
export const INET_GATEWAY_NETWORK = 0xc0000200;

/** 2001:db8::, its high half; the low half of a gateway is its last byte. */
export const INET6_GATEWAY_NETWORK_HIGH = 0x20010db800000000n;

/** The gateway of everything that an autonomous system originates: Fibonacci hashing, 0..63. */
export function gatewayOfOrigin(origin: number): number {
  return Math.imul(origin, 0x9e3779b1) >>> 26;
}
