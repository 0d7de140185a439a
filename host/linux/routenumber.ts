// Linux's numbers of routes (include/uapi/linux: rtnetlink.h, route.h, in_route.h, ipv6_route.h).

/** What IPv6 routes have for a metric when nobody says one (IP6_RT_PRIO_USER, IP6_RT_PRIO_ADDRCONF). */
export const Metric6 = { USER: 1024, KERNEL: 256 } as const;

/** Offsets in an rta_cacheinfo. */
export const CacheInfo = { CLNTREF: 0, EXPIRES: 8, BYTES: 32 } as const;

/** Ticks in a second of the clock that programs see (USER_HZ). */
export const TICKS = 100;

/** rtnh_flags, and in rtm_flags of a route with one path. */
export const RTNH_F = { DEAD: 0x1, ONLINK: 0x4, LINKDOWN: 0x10 } as const;

/** rtm_flags of what `route get` found (RTCF): above the 16 low bits. */
export const RTCF = { BROADCAST: 0x10000000, MULTICAST: 0x20000000, LOCAL: 0x80000000 } as const;
