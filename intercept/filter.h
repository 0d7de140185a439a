// The seccomp filter: which calls of the program stop and are answered by the supervisor.
#ifndef FILTER_H
#define FILTER_H

#include <linux/filter.h>

struct filter {
	unsigned short length;
	struct sock_filter code[96];
};

// The domains whose sockets are ours; an ABI without routing sockets has its netlink's twice.
struct families {
	unsigned netlink, routing;
};

// Descriptors base … base + count - 1 are those that were handed out.
void filter_build(struct filter *into, struct families families, unsigned base, unsigned count);

#endif
