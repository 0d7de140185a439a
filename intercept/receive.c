// recv, recvfrom, recvmsg, recvmmsg, read, readv. A datagram leaves the queue when the answer was accepted: a signal
// that takes the call away takes nothing with it.
//   Datagrams are read ahead and served from the queue here.
//   Messages without boundaries, as FreeBSD has them, are read by the kernel's own rules, one request for each receive.
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "buffer.h"
#include "calls.h"
#include "frames.h"
#include "kernel.h"
#include "memory.h"

enum {
	SOCKADDR_NL_BYTES = 12,
	SOL_NETLINK_LEVEL = 270,
	NETLINK_PKTINFO_TYPE = 3,
	ROOM_MAX = 1 << 24,     // of one forwarded receive
	TAKEN_BYTES = 1 << 16,  // untold at most, while there is more to read
	AHEAD = 32,             // receives of the largest size seen that are read ahead
	STREAM_CREDIT = 1 << 18 // without a half
};

// A receive, whichever call made it.
struct receive {
	const struct seccomp_notif *call;
	struct vectors vectors;
	int flags;
	bool wants_nothing; // recvmmsg of no message
	uint64_t name, name_room_at; // where the sender's address and its length go; 0: nowhere
	uint32_t name_room;
	uint64_t header;  // of recvmsg and recvmmsg, a struct msghdr; else 0
	uint64_t control;
	uint32_t control_room;
	uint64_t length;  // of recvmmsg, where the datagram's length goes; else 0
};


static int parse_header(struct receive *into, uint64_t at)
{
	struct msghdr header;
	pid_t thread = (pid_t)into->call->pid;
	int error = memory_read(thread, at, &header, sizeof header);
	if (error != 0)
		return error;
	into->header = at;
	into->name = (uint64_t)header.msg_name;
	into->name_room = header.msg_namelen;
	into->control = (uint64_t)header.msg_control;
	into->control_room = header.msg_control == NULL ? 0 : (uint32_t)header.msg_controllen;
	if ((int32_t)into->name_room < 0)
		return EINVAL;
	return vectors_read(thread, (uint64_t)header.msg_iov, header.msg_iovlen, &into->vectors);
}

static int parse(const struct seccomp_notif *call, struct receive *into)
{
	const __u64 *arguments = call->data.args;
	into->call = call;
	into->flags = 0;
	into->wants_nothing = false;
	into->name = into->name_room_at = into->header = into->control = into->length = 0;
	into->name_room = into->control_room = 0;
	switch (call->data.nr) {
	case __NR_readv:
		return vectors_read((pid_t)call->pid, arguments[1], arguments[2], &into->vectors);
	case __NR_recvmsg:
		into->flags = (int)arguments[2];
		return parse_header(into, arguments[1]);
	case __NR_recvmmsg:
		into->flags = (int)arguments[3];
		into->length = arguments[1] + offsetof(struct mmsghdr, msg_len);
		into->wants_nothing = (uint32_t)arguments[2] == 0;
		return parse_header(into, arguments[1]);
	case __NR_recvfrom:
		into->flags = (int)arguments[3];
		into->name = arguments[4];
		into->name_room_at = into->name == 0 ? 0 : arguments[5];
		vectors_single(&into->vectors, arguments[1], arguments[2]);
		if (into->name == 0)
			return 0;
		if (memory_read((pid_t)call->pid, into->name_room_at, &into->name_room, sizeof into->name_room) != 0)
			return EFAULT;
		return (int32_t)into->name_room < 0 ? EINVAL : 0;
	default:
		vectors_single(&into->vectors, arguments[1], arguments[2]);
		return 0;
	}
}

// What is given to the program.
struct given {
	const uint8_t *bytes;
	size_t copied;
	int64_t result; // that the call returns
	int flags;
	const uint8_t *name;
	uint32_t name_bytes;
	const uint8_t *control;
	uint32_t control_bytes;
};

static int write_header(const struct receive *receive, const struct given *given)
{
	struct msghdr header;
	pid_t thread = (pid_t)receive->call->pid;
	int error = memory_read(thread, receive->header, &header, sizeof header);
	if (receive->name != 0)
		header.msg_namelen = given->name_bytes;
	header.msg_controllen = given->control_bytes;
	header.msg_flags = given->flags;
	if (error == 0)
		error = memory_write(thread, receive->header, &header, sizeof header);
	if (error == 0 && receive->length != 0) {
		uint32_t length = (uint32_t)given->result;
		error = memory_write(thread, receive->length, &length, sizeof length);
	}
	return error;
}

// Data, then the name, then what tells of them. Returns 0 or an errno.
static int deliver(const struct receive *receive, const struct given *given)
{
	pid_t thread = (pid_t)receive->call->pid;
	int error = vectors_scatter(thread, &receive->vectors, given->bytes, given->copied);
	uint32_t name_bytes = given->name_bytes < receive->name_room ? given->name_bytes : receive->name_room;
	if (error == 0 && receive->name != 0)
		error = memory_write(thread, receive->name, given->name, name_bytes);
	if (error == 0 && given->control_bytes > 0)
		error = memory_write(thread, receive->control, given->control, given->control_bytes);
	if (error == 0 && receive->name_room_at != 0)
		error = memory_write(thread, receive->name_room_at, &given->name_bytes, sizeof given->name_bytes);
	if (error == 0 && receive->header != 0)
		error = write_header(receive, given);
	return error;
}

static int64_t value_of(const struct receive *receive, const struct given *given)
{
	return receive->length != 0 ? 1 : given->result; // recvmmsg counts messages
}

static bool is_nonblocking(const struct receive *receive, const struct socket *socket)
{
	return socket->is_nonblocking || (receive->flags & MSG_DONTWAIT) != 0;
}

// Asks for datagrams, into a half of the shared file where one is free.
static void pull(struct socket *socket)
{
	uint32_t half = half_take();
	uint64_t credit = (uint64_t)socket->offer * AHEAD;
	uint32_t most = half == HALF_NONE ? STREAM_CREDIT : kernel_limits.half_bytes;
	struct pull body = {credit < most ? (uint32_t)credit : most, socket->offer, half, socket->queue.taken};
	socket->queue.taken = 0;
	socket->pull_request = kernel_ask(FRAME_PULL, socket->id, &body, sizeof body);
}

// Makes sure that the queue is empty only if the kernel's is.
static void look(struct socket *socket)
{
	if (socket->queue.first == NULL && socket->pull_request == 0)
		pull(socket);
	while (socket->queue.first == NULL && socket->pull_request != 0 && kernel_listen(true))
		;
}

// The datagram is the program's; what comes next is asked for while it works on this one.
static void take(struct socket *socket)
{
	queue_take(&socket->queue);
	if (socket->has_more && socket->pull_request == 0 && socket->offer > 0)
		pull(socket);
	else if (socket->queue.taken >= TAKEN_BYTES)
		socket_tell_taken(socket);
}

// cmsghdr of the host and a u32: the group of a notification.
struct pktinfo {
	uint64_t length;
	int32_t level, type;
	uint32_t group, padding;
};

static enum outcome receive_datagram(struct receive *receive, struct socket *socket)
{
	if (receive->flags & MSG_OOB)
		return finish(receive->call, 0, EOPNOTSUPP);
	if (receive->vectors.room > socket->offer)
		socket->offer = receive->vectors.room > UINT32_MAX ? UINT32_MAX : (uint32_t)receive->vectors.room;
	look(socket);
	struct datagram *datagram = socket->queue.first;
	if (datagram == NULL)
		return kernel_is_gone() ? finish(receive->call, 0, ENETDOWN) : WOULD_BLOCK;
	bool is_peek = receive->flags & MSG_PEEK;
	bool is_last = datagram->next == NULL && !socket->has_more && !is_peek;
	bool is_cut = datagram->length > receive->vectors.room;
	uint32_t name[3] = {calls_domain, datagram->port, datagram->groups};
	struct pktinfo pktinfo = {20, SOL_NETLINK_LEVEL, NETLINK_PKTINFO_TYPE, datagram->group, 0};
	struct given given = {
		.bytes = datagram->bytes,
		.copied = is_cut ? receive->vectors.room : datagram->length,
		.flags = is_cut ? MSG_TRUNC : 0,
		.name = (uint8_t *)name,
		.name_bytes = SOCKADDR_NL_BYTES,
		.control = (uint8_t *)&pktinfo,
	};
	given.result = receive->flags & MSG_TRUNC ? datagram->length : (int64_t)given.copied;
	if (socket->wants_pktinfo && receive->header != 0) {
		given.control_bytes = receive->control_room < sizeof pktinfo ? receive->control_room : sizeof pktinfo;
		given.flags |= given.control_bytes < pktinfo.length ? MSG_CTRUNC : 0;
	}
	// What cannot be copied out is lost, as Linux has it; what a signal took away is kept.
	int error = datagram->error != 0 ? datagram->error : deliver(receive, &given);
	// The bytes go before the reply: the program polls as soon as it has it.
	unsigned ready_bytes = socket->ready_bytes;
	if (is_last)
		socket_unready(socket);
	bool is_accepted = answer(receive->call, value_of(receive, &given), error);
	if (!is_accepted && is_last)
		socket_ready(socket, ready_bytes);
	else if (is_accepted && !is_peek)
		take(socket);
	return ANSWERED;
}

static enum outcome receive_forwarded(struct receive *receive, struct socket *socket)
{
	struct receive_request request = {
		.room = receive->vectors.room > ROOM_MAX ? ROOM_MAX : (uint32_t)receive->vectors.room,
		.flags = (uint32_t)receive->flags,
		.control_room = receive->control_room,
		.name_room = receive->name == 0 ? 0 : receive->name_room,
		.half = half_take(),
	};
	if (!is_waiting(receive->call)) {
		half_give(request.half);
		return ANSWERED;
	}
	struct iovec part = {&request, sizeof request};
	struct reply reply = kernel_call(FRAME_RECEIVE, socket->id, &part, 1);
	struct receive_reply body;
	half_give(request.half); // nothing else writes to it before this call is answered
	if (reply.result == -EAGAIN)
		return WOULD_BLOCK;
	if (reply.result < 0 || reply.bytes < sizeof body)
		return finish(receive->call, 0, reply.result < 0 ? -reply.result : EIO);
	memcpy(&body, reply.body, sizeof body);
	const uint8_t *name = reply.body + sizeof body;
	const uint8_t *control = name + align4(body.name_bytes);
	const uint8_t *bytes = body.half == HALF_NONE ? control + align4(body.control_bytes) : kernel_half(body.half);
	size_t told = sizeof body + align4(body.name_bytes) + align4(body.control_bytes);
	size_t left = body.half == HALF_NONE ? reply.bytes - told : kernel_limits.half_bytes;
	if (told > reply.bytes || bytes == NULL || body.copied > left || body.copied > request.room)
		return finish(receive->call, 0, EIO);
	struct given given = {
		.bytes = bytes,
		.copied = body.copied,
		.result = reply.result,
		.flags = (int)body.flags,
		.name = name,
		.name_bytes = body.name_bytes,
		.control = control,
		.control_bytes = body.control_bytes,
	};
	// What cannot be copied out is lost, as FreeBSD has it; what a signal took away is kept.
	int fault = deliver(receive, &given);
	if (fault != 0 && !is_waiting(receive->call))
		fault = 0;
	if (!answer(receive->call, value_of(receive, &given), fault) && !(receive->flags & MSG_PEEK))
		kernel_post(FRAME_UNTAKEN, socket->id, NULL, 0);
	return ANSWERED;
}

enum outcome call_receive(const struct seccomp_notif *call, struct socket *socket)
{
	static struct receive receive;
	int error = parse(call, &receive);
	if (error != 0 || receive.wants_nothing)
		return finish(call, 0, error);
	enum outcome outcome =
		socket->is_forwarded ? receive_forwarded(&receive, socket) : receive_datagram(&receive, socket);
	if (outcome == WOULD_BLOCK && is_nonblocking(&receive, socket))
		return finish(call, 0, EAGAIN);
	return outcome;
}

int64_t receive_deadline(const struct seccomp_notif *call, const struct socket *socket)
{
	int64_t patience = socket->receive_timeout;
	struct timespec timeout;
	if (call->data.nr == __NR_recvmmsg && call->data.args[4] != 0 &&
	    memory_read((pid_t)call->pid, call->data.args[4], &timeout, sizeof timeout) == 0) {
		int64_t wanted = (int64_t)timeout.tv_sec * 1000000 + timeout.tv_nsec / 1000;
		if (patience == 0 || wanted < patience)
			patience = wanted == 0 ? 1 : wanted;
	}
	return patience == 0 ? 0 : now_microseconds() + patience;
}
