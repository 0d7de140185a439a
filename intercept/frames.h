// The protocol between supervisor and kernel: frames over a byte stream, little endian, each side at its own pace.
// host/node/frames.ts is the other end; a test compares the two lists.
//   The supervisor numbers sockets and requests. A reply carries the number of its request.
//   What the kernel pushes (DATA, STATE) comes before the reply to the call that caused it.
#ifndef FRAMES_H
#define FRAMES_H

#include <stdint.h>

enum { PROTOCOL_VERSION = 1 };

enum frame_type {
	// From the supervisor.
	FRAME_HELLO = 1,     // u32 abi (the domain), u32 pid, u32 uid, u32 gid, the vnet's name
	FRAME_OPEN = 2,      // i32 type, i32 protocol, u32 pid, u32 uid; the result is of enum reading
	FRAME_CLOSE = 3,     // no reply
	FRAME_BIND = 4,      // struct address
	FRAME_CONNECT = 5,   // the same
	FRAME_NAME = 6,      // u32: 0 its own, 1 the peer's; the reply has a socket address
	FRAME_SETOPT = 7,    // i32 level, i32 option, the value
	FRAME_GETOPT = 8,    // i32 level, i32 option, u32 room; the reply has the value
	FRAME_SEND = 9,      // struct send_record each; the reply's result is how many were taken
	FRAME_PULL = 10,     // struct pull; answered by a DATA. Of sockets that are read ahead, as is TAKEN
	FRAME_TAKEN = 11,    // u32 bytes that the program has; no reply
	FRAME_RECEIVE = 12,  // struct receive_request; the reply has a struct receive_reply. Of sockets that are not
	FRAME_UNTAKEN = 13,  // the last RECEIVE never reached the program; no reply
	FRAME_IOCTL = 14,    // u32 request, its bytes; the reply has bytes. Socket 0: an interface ioctl
	FRAME_TICK = 15,     // time has passed; no reply
	FRAME_SHUTDOWN = 16, // i32 how. Of routing sockets
	FRAME_OPEN_ROUTING = 17, // as OPEN, a routing socket; of FreeBSD's ABI alone
	// From the kernel.
	FRAME_REPLY = 64,    // i32 result, or an errno of the host's, negative; then what belongs to the call
	FRAME_DATA = 65,     // struct data, then records when they are not in the shared file
	FRAME_STATE = 66,    // u32 of enum state
	FRAME_GOODBYE = 67,  // u32 exit status, then a text for people: the connection ends
};

struct frame_header {
	uint32_t length;  // of the frame, this header included
	uint8_t type;
	uint8_t flags;    // none so far: 0
	uint16_t version; // on the first frame of each side; else 0
	uint32_t socket;
	uint32_t request;
};

// What answers HELLO, behind the result; the rest is the shared file's path, empty when there is none. A supervisor
// that wants the file opens it before it sends its second frame: then it is unlinked.
struct welcome {
	uint32_t sockets_max;
	uint32_t frame_bytes_max; // of a frame that the supervisor sends
	uint32_t tick_ms;         // send a TICK this often; 0: the kernel has a clock of its own
	uint32_t half_bytes;      // the shared file has two halves of this size
};

// A socket address as the program gave it: how long it says it is, and how it begins.
struct address {
	uint32_t bytes; // 0: none
	uint8_t start[16];
};

// Then the bytes, padded to 4.
struct send_record {
	uint32_t bytes;
	uint32_t flags; // MSG_*, the host's
	uint32_t control_bytes;
	struct address address;
};

struct pull {
	uint32_t credit; // bytes of datagrams wanted; at least one datagram comes, if there is one
	uint32_t offer;  // the largest buffer that the program offered in a receive so far
	uint32_t half;   // where they may be put: 0, 1 or HALF_NONE
	uint32_t taken;  // as in a TAKEN before it
};

#define HALF_NONE UINT32_MAX

// How a socket is read.
enum reading {
	READING_AHEAD = 0,     // datagrams, which are pushed and pulled
	READING_FORWARDED = 1, // messages without boundaries: each receive is a request
};

struct data {
	uint32_t half;   // that the PULL named, which is the supervisor's again; HALF_NONE when nothing was pulled
	uint32_t length; // of the records
	uint32_t flags;  // enum data_flag
};

enum data_flag {
	DATA_MORE = 1,   // more is queued, which comes when it is pulled
	DATA_SHARED = 2, // the records lie in the half; else they follow
};

// A datagram: then its bytes, padded to 4.
struct data_record {
	uint32_t length; // with RECORD_ERROR: a pending error instead of a datagram, its errno in the other bits
	uint32_t port;
	uint32_t groups;
	uint32_t group;  // of a notification, for NETLINK_PKTINFO
};

#define RECORD_ERROR 0x80000000u

struct receive_request {
	uint32_t room;
	uint32_t flags; // MSG_*, the host's
	uint32_t control_room;
	uint32_t name_room;
	uint32_t half;
};

// Behind the result, which is what recvmsg returns. Then name, control and bytes, each padded to 4.
struct receive_reply {
	uint32_t copied;
	uint32_t flags;
	uint32_t name_bytes;
	uint32_t control_bytes;
	uint32_t half; // HALF_NONE: the bytes follow
};

// Of a socket whose receives are forwarded.
enum state {
	STATE_READABLE = 1,
	STATE_WRITABLE = 2,
	STATE_ARRIVED = 4, // something came since the last STATE
};

#endif
