// The seccomp filter: which calls of the program stop and are answered by the supervisor.
#ifndef FILTER_H
#define FILTER_H

#include <linux/filter.h>

struct filter {
	unsigned short length;
	struct sock_filter code[96];
};

// family: the domain whose sockets are ours. Descriptors base … base + count - 1 are those that were handed out.
void filter_build(struct filter *into, unsigned family, unsigned base, unsigned count);

#endif
