// send, sendto, sendmsg, sendmmsg, write, writev. The answer comes when the kernel has the message; a call that is
// interrupted between the two and made again is answered from memory, so that nothing is done twice.
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "buffer.h"
#include "calls.h"
#include "frames.h"
#include "kernel.h"
#include "memory.h"

enum { LATE_MAX = 64, MESSAGES_MAX = 1024 };

// A send that was carried out, and whose answer was refused.
struct late {
	uint32_t thread;
	int number; // of the system call
	uint64_t arguments[6];
	uint64_t hash; // of what was sent: a new message in the same buffer is another send
	int64_t value;
	int error;
};

static struct late lates[LATE_MAX];
static unsigned late_next;

static uint64_t hash_of(const uint8_t *bytes, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325; // FNV-1a
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

static struct late *find_late(const struct seccomp_notif *call, uint64_t hash)
{
	for (unsigned i = 0; i < LATE_MAX; i++) {
		struct late *late = &lates[i];
		if (late->thread == call->pid && late->number == call->data.nr && late->hash == hash &&
		    memcmp(late->arguments, call->data.args, sizeof late->arguments) == 0)
			return late;
	}
	return NULL;
}

static struct late *late_of(uint32_t thread)
{
	for (unsigned i = 0; i < LATE_MAX; i++) {
		if (lates[i].thread == thread)
			return &lates[i];
	}
	return NULL;
}

// Answers a send that was carried out, or remembers it for when it is made again.
static enum outcome conclude(const struct seccomp_notif *call, uint64_t hash, int64_t value, int error)
{
	struct late *late = late_of(call->pid);
	if (answer(call, value, error)) {
		if (late != NULL)
			*late = (struct late){0}; // the thread went on
		return ANSWERED;
	}
	if (late == NULL)
		late = &lates[late_next++ % LATE_MAX];
	*late = (struct late){.thread = call->pid, .number = call->data.nr, .hash = hash, .value = value, .error = error};
	memcpy(late->arguments, call->data.args, sizeof late->arguments);
	return ANSWERED;
}

// One message as the program gave it.
struct message {
	struct vectors vectors;
	uint64_t address;
	uint32_t address_bytes; // 0 without an address
	uint32_t control_bytes;
};

static int from_msghdr(pid_t thread, uint64_t at, struct message *into)
{
	struct msghdr header;
	int error = memory_read(thread, at, &header, sizeof header);
	if (error != 0)
		return error;
	into->address = (uint64_t)header.msg_name;
	into->address_bytes = header.msg_name == NULL ? 0 : header.msg_namelen;
	into->control_bytes = header.msg_control == NULL ? 0 : (uint32_t)header.msg_controllen;
	return vectors_read(thread, (uint64_t)header.msg_iov, header.msg_iovlen, &into->vectors);
}

// Appends a record of the message to what goes to the kernel. `room`: bytes that a frame may still take.
static int append(pid_t thread, const struct message *message, int flags, struct buffer *into, size_t room)
{
	size_t bytes = message->vectors.room;
	struct send_record record = {(uint32_t)bytes, (uint32_t)flags, message->control_bytes, {0}};
	if (bytes > room || sizeof record + align4(bytes) > room)
		return EMSGSIZE;
	int error = address_read(thread, message->address, message->address_bytes, &record.address);
	uint8_t *at = buffer_reserve(into, sizeof record + align4(bytes));
	memcpy(at, &record, sizeof record);
	if (error == 0)
		error = vectors_gather(thread, &message->vectors, at + sizeof record, bytes);
	if (error != 0)
		return error;
	memset(at + sizeof record + bytes, 0, align4(bytes) - bytes);
	into->end += sizeof record + align4(bytes);
	return 0;
}

// Reads the call's message or messages into records. Returns how many, or a negative errno when there is none.
static int collect(const struct seccomp_notif *call, struct buffer *into)
{
	static struct message message;
	const __u64 *arguments = call->data.args;
	pid_t thread = (pid_t)call->pid;
	size_t room = kernel_limits.frame_bytes_max - sizeof(struct frame_header);
	int error = 0, flags = 0;
	message.address = 0;
	message.address_bytes = message.control_bytes = 0;
	switch (call->data.nr) {
	case __NR_sendmmsg:
		for (uint64_t i = 0; i < arguments[2] && i < MESSAGES_MAX; i++) {
			error = from_msghdr(thread, arguments[1] + i * sizeof(struct mmsghdr), &message);
			if (error == 0)
				error = append(thread, &message, (int)arguments[3], into, room - buffer_length(into));
			if (error != 0)
				return i == 0 ? -error : (int)i;
		}
		return arguments[2] < MESSAGES_MAX ? (int)arguments[2] : MESSAGES_MAX;
	case __NR_sendmsg:
		flags = (int)arguments[2];
		error = from_msghdr(thread, arguments[1], &message);
		break;
	case __NR_writev:
		error = vectors_read(thread, arguments[1], arguments[2], &message.vectors);
		break;
	case __NR_sendto:
		flags = (int)arguments[3];
		message.address = arguments[4];
		message.address_bytes = message.address == 0 ? 0 : (uint32_t)arguments[5];
		vectors_single(&message.vectors, arguments[1], arguments[2]);
		break;
	default:
		vectors_single(&message.vectors, arguments[1], arguments[2]);
	}
	if (error == 0)
		error = append(thread, &message, flags, into, room);
	return error == 0 ? 1 : -error;
}

static bool is_nonblocking(const struct seccomp_notif *call, const struct socket *socket)
{
	uint64_t flags = 0;
	if (call->data.nr == __NR_sendto || call->data.nr == __NR_sendmmsg)
		flags = call->data.args[3];
	else if (call->data.nr == __NR_sendmsg)
		flags = call->data.args[2];
	return socket->is_nonblocking || (flags & MSG_DONTWAIT) != 0;
}

// What the program is told: the bytes of its message, or how many messages were sent, each with its length noted.
static int64_t value_of(const struct seccomp_notif *call, const struct buffer *records, int sent)
{
	struct send_record record;
	size_t at = 0;
	for (int i = 0; i < sent; i++) {
		memcpy(&record, records->bytes + at, sizeof record);
		at += sizeof record + align4(record.bytes);
		if (call->data.nr != __NR_sendmmsg)
			return record.bytes;
		uint64_t place = call->data.args[1] + (uint64_t)i * sizeof(struct mmsghdr) + offsetof(struct mmsghdr, msg_len);
		memory_write((pid_t)call->pid, place, &record.bytes, sizeof record.bytes);
	}
	return sent;
}

enum outcome call_send(const struct seccomp_notif *call, struct socket *socket)
{
	static struct buffer records;
	records.start = records.end = 0;
	int count = collect(call, &records);
	if (count <= 0)
		return finish(call, 0, -count);
	uint64_t hash = hash_of(records.bytes, records.end);
	struct late *late = find_late(call, hash);
	if (late != NULL)
		return conclude(call, hash, late->value, late->error);
	if (!is_waiting(call))
		return ANSWERED;
	struct iovec part = {records.bytes, records.end};
	int32_t result = kernel_call(FRAME_SEND, socket->id, &part, 1).result;
	if (result == -EAGAIN && !is_nonblocking(call, socket) && socket->is_forwarded)
		return WOULD_BLOCK;
	return result < 0 ? conclude(call, hash, 0, -result) : conclude(call, hash, value_of(call, &records, result), 0);
}

int64_t send_deadline(const struct seccomp_notif *call, const struct socket *socket)
{
	(void)call;
	return socket->send_timeout == 0 ? 0 : now_microseconds() + socket->send_timeout;
}
