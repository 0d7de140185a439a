// Numbers of the stack's sysctls, each of a vnet of its own; those of the netlink module are below FIRST.

export enum StackSysctl {
  FIRST = 32,
  /** net.inet6.ip6.dad_count: probes before an address may be used; 0 = no duplicate address detection. */
  DAD_COUNT = 32,
  /** net.inet6.ip6.auto_linklocal: whether interfaces attached from now on get link-local addresses. */
  AUTO_LINKLOCAL = 33,
  /** net.add_addr_allfibs: whether an address brings its network's route to every fib. */
  ADD_ADDR_ALLFIBS = 34,
  /** net.inet.ip.no_same_prefix: whether a second IPv4 address of a network is refused. */
  NO_SAME_PREFIX = 35,
  /** net.route.multipath: whether a route may get more paths by NLM_F_APPEND. */
  ROUTE_MULTIPATH = 36,
  /** net.route.hash_outbound: set by the first multipath route; read only. */
  ROUTE_HASH_OUTBOUND = 37,
  /** net.inet6.ip6.accept_rtadv: whether interfaces attached from now on heed router advertisements; then IPv6 is on. */
  ACCEPT_RTADV = 38,
  /** net.inet6.ip6.no_radr: whether on those advertisements make no default routers. */
  NO_RADR = 39,
  /** net.inet6.ip6.forwarding: a router takes no default route from others, heeds no redirect, and answers solicitations. */
  FORWARDING = 40,
  /** net.inet6.ip6.rfc6204w3: whether it takes default routes all the same. */
  RFC6204W3 = 41,
  /** net.rtsock.sendspace, net.rtsock.recvspace: bytes of a routing socket opened from now on. */
  RTSOCK_SENDSPACE = 42,
  RTSOCK_RECVSPACE = 43,
  /** net.route.netisr_maxqlen: messages that wait to be handed out; here none ever waits. */
  ROUTE_NETISR_MAXQLEN = 44,
  /** net.route.ipv6_nexthop: whether a routing socket may lead IPv4 routes over IPv6 gateways. */
  ROUTE_IPV6_NEXTHOP = 45,
  /** One beyond the last. */
  END = 46,
}
