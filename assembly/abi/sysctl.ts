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
  /** net.inet.carp.allow: whether virtual hosts take part; else they stay INIT. */
  CARP_ALLOW = 46,
  /** net.inet.carp.dscp: of advertisements, 0 to 63. */
  CARP_DSCP = 47,
  /** net.inet.carp.preempt: whether a slower master gives way. */
  CARP_PREEMPT = 48,
  /** net.inet.carp.log: from 1 on each change of a state goes to the log. */
  CARP_LOG = 49,
  /** net.inet.carp.demotion: added to each advskew; what is written is added to it. */
  CARP_DEMOTION = 50,
  /** net.inet.carp.senderr_demotion_factor: by how much failures to send demote. */
  CARP_SENDERR_DEMOTION = 51,
  /** net.inet.carp.ifdown_demotion_factor: by how much each virtual host of an interface that is down demotes. */
  CARP_IFDOWN_DEMOTION = 52,
  /** One beyond the last. */
  END = 53,
}
