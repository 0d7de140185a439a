// The descriptors that stand for sockets in the program. A number names one socket in the whole program tree, whoever
// inherits it; a socket has as many numbers as were made by socket and dup.
//   A descriptor in the program is a pipe, opened for reading and writing: poll, select and epoll work on it natively.
//   It holds a byte for each arrival, up to READY_BYTES_MAX, and none while there is nothing to receive.
//   Its write end here reports an error when the program has closed the last copy.
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

enum { DESCRIPTORS_MAX = 1024, READY_BYTES_MAX = 64 };

struct descriptor;
struct socket;

// The range of numbers, for the filter: base … base + count - 1.
struct number_range {
	unsigned base, count;
};

// Raises the limit of open files and says which numbers can be given out.
struct number_range descriptors_start(void);

// Makes a descriptor of the socket in the calling process, with the lowest free number that is at least `least`, and
// answers the call with it. Returns false when the call was not accepted, or answered with an errno.
bool descriptor_give(const struct seccomp_notif *call, struct socket *socket, unsigned least, bool is_cloexec);

// Handles what the program has closed; numbers are free again only then. The last descriptor takes its socket along.
void descriptors_reap(void);
int descriptors_hangups(void); // polls readable when there is something to reap

struct socket *socket_by_number(uint64_t number);
uint64_t descriptor_inode(uint64_t number);

// Something arrived, in pieces; or there is nothing left to receive.
void socket_ready(struct socket *socket, unsigned arrivals);
void socket_unready(struct socket *socket);

#endif
