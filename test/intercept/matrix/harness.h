// What the checks share. Each is a function; a line of output for each: `ok NAME`, or `not ok NAME: LINE: what failed`.
// They run on sockets of either ABI, and with Linux's on a real kernel too.
#ifndef HARNESS_H
#define HARNESS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { LINUX = 16, FREEBSD = 38, PING_BYTES = 16, ACK_BYTES = 36, NAME_BYTES = 12 };

extern int domain;

// Fails the check that it stands in.
#define EXPECT(condition)                                                                                        \
	do {                                                                                                     \
		if (!(condition)) {                                                                              \
			snprintf(failure, sizeof failure, "%d: %s (errno %d)", __LINE__, #condition, errno); \
			return;                                                                                  \
		}                                                                                                \
	} while (0)

extern char failure[256];

struct header {
	uint32_t length;
	uint16_t type, flags;
	uint32_t seq, port;
};

// A message that any kernel answers with an ack and nothing else: NLMSG_NOOP, REQUEST and ACK.
struct header ping(uint32_t seq);
// An ack as it is received.
struct ack {
	struct header header;
	int32_t error;
	struct header request;
};

struct name {
	uint8_t bytes[NAME_BYTES];
};
struct name name_of(uint32_t port, uint32_t groups);
uint32_t port_of(const struct name *name);
bool is_name(const struct name *name); // of the domain

int open_socket(int flags);
bool send_ping(int socket, uint32_t seq);
// Receives one ack, waiting for it. Returns its sequence number; 0 for anything else.
uint32_t receive_ack(int socket);
bool is_idle(int socket); // a receive would block
short polled(int socket); // what poll says at once
int64_t milliseconds(void);

typedef void check(void);
struct named_check {
	const char *name;
	check *run;
	int only;      // a domain, or 0: both
	bool is_apart; // runs only when it is named
};

extern const struct named_check READINESS_CHECKS[], RECEIVE_CHECKS[], CALL_CHECKS[], DESCRIPTOR_CHECKS[];
extern const struct named_check PROCESS_CHECKS[], SIGNAL_CHECKS[], FREEBSD_CHECKS[];

// The program again, in another part: what it does is the name.
int descriptor_child(const char *number); // exec: uses the socket of that number
extern const char *self;

#endif
