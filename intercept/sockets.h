// The sockets of the program, by the number that the kernel knows each as.
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "descriptors.h"
#include "queue.h"

struct socket {
	uint32_t id; // toward the kernel; never used twice
	bool is_nonblocking;
	bool is_forwarded;  // each receive is a request to the kernel; else datagrams are read ahead
	bool is_routing;    // PF_ROUTE, of FreeBSD's ABI
	bool wants_pktinfo; // NETLINK_PKTINFO
	int64_t receive_timeout; // microseconds, 0: none
	int64_t send_timeout;
	struct descriptor *descriptors;
	unsigned ready_bytes; // in each pipe
	bool is_touched;      // something came: calls that are held may go on
	bool was_touched;     // before they are tried again

	// Datagrams read ahead.
	struct queue queue;
	uint32_t offer;        // the largest buffer offered in a receive
	uint32_t pull_request; // that is under way; 0: none
	bool has_more;         // queued in the kernel

	// Of a socket whose receives are forwarded.
	bool is_readable;
	bool is_writable;
};

// NULL when there are as many as there may be. The kernel is to be told of it (OPEN).
struct socket *socket_new(void);
// Its last descriptor is gone: the kernel is told (CLOSE), and calls that are held on it end.
void socket_drop(struct socket *socket);

// Sets is_touched on all.
void sockets_touch(void);
// Turns is_touched into was_touched on all; returns whether there was any.
bool sockets_take_touched(void);
// Tells the kernel what programs have taken since it was told last. Returns whether there was anything.
bool sockets_tell_taken(void);
void socket_tell_taken(struct socket *socket);
bool sockets_have_untold(void);

// What the kernel pushed. False: it makes no sense.
bool socket_data(uint32_t id, uint32_t request, const uint8_t *body, size_t bytes);
void socket_state(uint32_t id, const uint8_t *body);

#endif
