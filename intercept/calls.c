#define _GNU_SOURCE
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kernel.h"
#include "memory.h"

enum { TYPE_MASK = 0xf, SOCKADDR_NL_BYTES = 12, SYSTEM_CALLS = 512 };

unsigned calls_domain = DOMAIN_LINUX;

enum outcome finish(const struct seccomp_notif *call, int64_t value, int error)
{
	answer(call, value, error);
	return ANSWERED;
}

// A reply that says no more than whether it worked.
static enum outcome finish_as(const struct seccomp_notif *call, struct reply reply)
{
	return finish(call, reply.result < 0 ? 0 : reply.result, reply.result < 0 ? -reply.result : 0);
}

int address_read(pid_t thread, uint64_t at, uint32_t bytes, struct address *into)
{
	*into = (struct address){.bytes = bytes};
	size_t count = bytes < sizeof into->start ? bytes : sizeof into->start;
	return count == 0 ? 0 : memory_read(thread, at, into->start, count);
}

// Who calls: the process, and its effective user.
static void identify(uint32_t thread, uint32_t *process, uint32_t *user)
{
	char path[64], line[128];
	*process = thread;
	unsigned long long capabilities;

	*user = UINT32_MAX; // nobody
	snprintf(path, sizeof path, "/proc/%u/status", thread);
	FILE *status = fopen(path, "re");
	while (status != NULL && fgets(line, sizeof line, status) != NULL) {
		sscanf(line, "Tgid: %u", process);
		sscanf(line, "Uid: %*u %u", user);
		// zebra, and others that give up root, keep this capability: to a kernel's netlink it is what counts.
		if (sscanf(line, "CapEff: %llx", &capabilities) == 1 && (capabilities >> CAP_NET_ADMIN & 1) != 0)
			*user = 0;
	}
	if (status != NULL)
		fclose(status);
}

static enum outcome call_socket(const struct seccomp_notif *call)
{
	uint32_t type = (uint32_t)call->data.args[1];
	struct {
		uint32_t type, protocol, process, user;
	} request = {type & TYPE_MASK, (uint32_t)call->data.args[2], 0, 0};
	if ((type & ~(uint32_t)(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0)
		return finish(call, 0, EINVAL);
	descriptors_reap();
	struct socket *socket = socket_new();
	if (socket == NULL)
		return finish(call, 0, EMFILE);
	identify(call->pid, &request.process, &request.user);
	struct iovec part = {&request, sizeof request};
	socket->is_routing = (uint32_t)call->data.args[0] == DOMAIN_ROUTING;
	struct reply reply = kernel_call(socket->is_routing ? FRAME_OPEN_ROUTING : FRAME_OPEN, socket->id, &part, 1);
	socket->is_nonblocking = type & SOCK_NONBLOCK;
	socket->is_forwarded = reply.result == READING_FORWARDED;
	if (reply.result < 0)
		finish_as(call, reply);
	if (reply.result < 0 || !descriptor_give(call, socket, 0, type & SOCK_CLOEXEC))
		socket_drop(socket);
	return ANSWERED;
}

static enum outcome call_bind(const struct seccomp_notif *call, struct socket *socket)
{
	struct address address;
	int error = address_read((pid_t)call->pid, call->data.args[1], (uint32_t)call->data.args[2], &address);
	if ((int32_t)call->data.args[2] < 0)
		error = EINVAL;
	if (error != 0)
		return finish(call, 0, error);
	struct iovec part = {&address, sizeof address};
	return finish_as(call, kernel_call(call->data.nr == __NR_bind ? FRAME_BIND : FRAME_CONNECT, socket->id, &part, 1));
}

static enum outcome call_name(const struct seccomp_notif *call, struct socket *socket)
{
	pid_t thread = (pid_t)call->pid;
	uint32_t is_peer = call->data.nr == __NR_getpeername;
	int32_t room;
	struct iovec part = {&is_peer, sizeof is_peer};
	struct reply reply = kernel_call(FRAME_NAME, socket->id, &part, 1);
	if (reply.result < 0)
		return finish_as(call, reply);
	int error = reply.bytes < SOCKADDR_NL_BYTES ? EIO : memory_read(thread, call->data.args[2], &room, sizeof room);
	if (error == 0 && room < 0)
		error = EINVAL;
	size_t length = room < SOCKADDR_NL_BYTES ? (size_t)room : SOCKADDR_NL_BYTES;
	if (error == 0)
		error = memory_write(thread, call->data.args[1], reply.body, length);
	room = SOCKADDR_NL_BYTES;
	if (error == 0)
		error = memory_write(thread, call->data.args[2], &room, sizeof room);
	return finish(call, 0, error);
}

static enum outcome call_dup(const struct seccomp_notif *call, struct socket *socket)
{
	uint32_t old = (uint32_t)call->data.args[0], wanted = (uint32_t)call->data.args[1];
	if (call->data.nr == __NR_dup) {
		descriptors_reap();
		descriptor_give(call, socket, 0, false);
		return ANSWERED;
	}
	// A number below the range would escape the filter; one inside belongs to no other socket.
	if (old != wanted)
		return finish(call, 0, EBADF);
	return call->data.nr == __NR_dup3 ? finish(call, 0, EINVAL) : finish(call, old, 0);
}

static enum outcome call_fcntl(const struct seccomp_notif *call, struct socket *socket)
{
	uint64_t argument = call->data.args[2];
	switch ((int)call->data.args[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if ((int)argument < 0)
			return finish(call, 0, EINVAL);
		descriptors_reap();
		descriptor_give(call, socket, (unsigned)argument, (int)call->data.args[1] == F_DUPFD_CLOEXEC);
		return ANSWERED;
	case F_GETFL:
		// Duplicates have a pipe each, but one state.
		return finish(call, O_RDWR | (socket->is_nonblocking ? O_NONBLOCK : 0), 0);
	case F_SETFL:
		socket->is_nonblocking = argument & O_NONBLOCK;
		break;
	}
	answer_natively(call);
	return ANSWERED;
}

static enum outcome call_unsupported(const struct seccomp_notif *call, struct socket *socket)
{
	bool is_accept = call->data.nr == __NR_accept || call->data.nr == __NR_accept4;
	bool is_odd = call->data.nr == __NR_shutdown && (uint32_t)call->data.args[1] > SHUT_RDWR;
	// FreeBSD asks whether the socket listens before it asks whether it could.
	return finish(call, 0, socket->is_forwarded && (is_accept || is_odd) ? EINVAL : EOPNOTSUPP);
}

static enum outcome call_shutdown(const struct seccomp_notif *call, struct socket *socket)
{
	if (!socket->is_routing)
		return call_unsupported(call, socket);
	int32_t how = (int32_t)call->data.args[1];
	struct iovec part = {&how, sizeof how};
	return finish_as(call, kernel_call(FRAME_SHUTDOWN, socket->id, &part, 1));
}

static enum outcome call_stat(const struct seccomp_notif *call, struct socket *socket)
{
	(void)socket;
	bool is_at = call->data.nr == __NR_newfstatat;
	char first = '\0';
	int error = is_at ? memory_read((pid_t)call->pid, call->data.args[1], &first, 1) : 0;
	if (error == 0 && is_at && (first != '\0' || !(call->data.args[3] & AT_EMPTY_PATH)))
		error = first == '\0' ? ENOENT : ENOTDIR;
	struct stat status = {
		.st_ino = descriptor_inode(call->data.args[0]),
		.st_mode = S_IFSOCK | 0777,
		.st_nlink = 1,
		.st_blksize = 4096,
	};
	if (error == 0)
		error = memory_write((pid_t)call->pid, call->data.args[is_at ? 2 : 1], &status, sizeof status);
	return finish(call, 0, error);
}

typedef enum outcome handler(const struct seccomp_notif *call, struct socket *socket);

static handler *const HANDLERS[SYSTEM_CALLS] = {
	[__NR_bind] = call_bind,
	[__NR_connect] = call_bind,
	[__NR_getsockname] = call_name,
	[__NR_getpeername] = call_name,
	[__NR_setsockopt] = call_setsockopt,
	[__NR_getsockopt] = call_getsockopt,
	[__NR_sendto] = call_send,
	[__NR_sendmsg] = call_send,
	[__NR_sendmmsg] = call_send,
	[__NR_write] = call_send,
	[__NR_writev] = call_send,
	[__NR_recvfrom] = call_receive,
	[__NR_recvmsg] = call_receive,
	[__NR_recvmmsg] = call_receive,
	[__NR_read] = call_receive,
	[__NR_readv] = call_receive,
	[__NR_dup] = call_dup,
#ifdef __NR_dup2
	[__NR_dup2] = call_dup,
#endif
	[__NR_dup3] = call_dup,
	[__NR_fcntl] = call_fcntl,
	[__NR_ioctl] = call_ioctl,
	[__NR_shutdown] = call_shutdown,
	[__NR_listen] = call_unsupported,
	[__NR_accept] = call_unsupported,
	[__NR_accept4] = call_unsupported,
	[__NR_fstat] = call_stat,
	[__NR_newfstatat] = call_stat,
};

enum outcome calls_handle(const struct seccomp_notif *call, struct socket *socket)
{
	return HANDLERS[call->data.nr](call, socket);
}

void calls_begin(const struct seccomp_notif *call)
{
	int number = call->data.nr;
	if (number == __NR_socket) {
		call_socket(call);
		return;
	}
	if (number == __NR_ioctl && is_interface_ioctl(call->data.args[1])) {
		call_interface_ioctl(call);
		return;
	}
	struct socket *socket = socket_by_number(call->data.args[0]);
	if (socket == NULL || number < 0 || number >= SYSTEM_CALLS || HANDLERS[number] == NULL) {
		answer_natively(call); // the program has a file of its own there
		return;
	}
	if (calls_handle(call, socket) == ANSWERED)
		return;
	bool is_send = HANDLERS[number] == call_send;
	notify_hold(call, socket, is_send ? send_deadline(call, socket) : receive_deadline(call, socket));
}
