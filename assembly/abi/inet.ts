// Address families and the lengths of their addresses (sys/socket.h, netinet/in.h, netinet6/in6.h).

export enum AF {
  UNSPEC = 0,
  INET = 2,
  ROUTE = 17,
  LINK = 18,
  INET6 = 28,
  NETLINK = 38,
  /** Families end here; a request for a table of a higher one is a bad fib (sys/socket.h, AF_MAX). */
  MAX = 42,
}

/** Lengths of addresses: bytes, and bits for prefix lengths. */
export enum AddressSize {
  INET = 4,
  INET6 = 16,
  INET_BITS = 32,
  INET6_BITS = 128,
}
