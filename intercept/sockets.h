// Sockets and the descriptors that stand for them. A number names one socket in the whole program tree, whoever inherits
// it; a socket has as many numbers as were made by socket and dup.
//   A descriptor in the program is a pipe, opened for reading and writing: poll, select and epoll work on it natively.
//   It holds a byte for each arrival, up to READY_BYTES_MAX, and none while there is nothing to receive.
//   Its write end here reports an error when the program has closed the last copy.
#ifndef SOCKETS_H
#define SOCKETS_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "queue.h"

enum { DESCRIPTORS_MAX = 1024, READY_BYTES_MAX = 64 };

struct descriptor {
	int number;    // in the program
	int write_end; // of the pipe
	uint64_t inode;
	struct socket *socket;
	struct descriptor *next; // of the same socket
};

struct socket {
	uint32_t id; // toward the kernel; never used twice
	bool is_nonblocking;
	bool wants_pktinfo;    // NETLINK_PKTINFO
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

// The range of numbers, for the filter: base … base + count - 1.
struct number_range {
	unsigned base, count;
};

// Raises the limit of open files and says which numbers can be given out.
struct number_range sockets_start(void);

struct socket *socket_by_number(uint64_t number);

// Sets is_touched on all.
void sockets_touch(void);
// Turns is_touched into was_touched on all; returns whether there was any.
bool sockets_take_touched(void);
// Tells the kernel what programs have taken since it was told last. Returns whether there was anything.
bool sockets_tell_taken(void);
void socket_tell_taken(struct socket *socket);
bool sockets_have_untold(void);

// Makes a descriptor for the socket in the calling process and answers the call with its number, at least `least`.
// Returns false when the call was not accepted, or answered with an errno. Without `socket` a new one is made, which is
// the descriptor's; the kernel then knows it as `id`.
bool descriptor_give(const struct seccomp_notif *call, struct socket *socket, unsigned least, bool is_cloexec);
struct socket *socket_new(void);
void socket_drop(struct socket *socket);

// Handles what the program has closed; numbers are free again only then.
void sockets_reap(void);
int sockets_hangups(void); // a descriptor that polls readable when there is something to reap

uint64_t descriptor_inode(uint64_t number);

// Readiness.
void socket_ready(struct socket *socket, unsigned arrivals);
void socket_unready(struct socket *socket);

// What the kernel pushed. False: it makes no sense.
bool socket_data(uint32_t id, uint32_t request, const uint8_t *body, size_t bytes);
void socket_state(uint32_t id, const uint8_t *body);

#endif
