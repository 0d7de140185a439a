// setsockopt, getsockopt, ioctl. Timeouts are kept here, where calls are held; all else is the kernel's.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "calls.h"
#include "kernel.h"
#include "memory.h"

enum {
	VALUE_BYTES_MAX = 4096,
	RECEIVE_TIMEOUT = 20, // SO_RCVTIMEO and SO_SNDTIMEO have two numbers each, for what 32-bit machines once were
	SEND_TIMEOUT = 21,
	RECEIVE_TIMEOUT_NEW = 66,
	SEND_TIMEOUT_NEW = 67,
	SOL_NETLINK_LEVEL = 270,
	NETLINK_PKTINFO_OPTION = 3,
	FILTER_LENGTH_MAX = 4096, // BPF_MAXINSNS
	SECOND = 1000000,
};

static int64_t *timeout_of(struct socket *socket, int level, int option)
{
	if (level == SOL_SOCKET && (option == RECEIVE_TIMEOUT || option == RECEIVE_TIMEOUT_NEW))
		return &socket->receive_timeout;
	if (level == SOL_SOCKET && (option == SEND_TIMEOUT || option == SEND_TIMEOUT_NEW))
		return &socket->send_timeout;
	return NULL;
}

static int set_timeout(int64_t *into, const uint8_t *value, size_t bytes)
{
	struct timeval time;
	if (bytes < sizeof time)
		return EINVAL;
	memcpy(&time, value, sizeof time);
	if (time.tv_usec < 0 || time.tv_usec >= SECOND)
		return EDOM;
	if (time.tv_sec < 0)
		*into = 1; // it is over already
	else
		*into = time.tv_sec > INT32_MAX ? 0 : (int64_t)time.tv_sec * SECOND + time.tv_usec;
	return 0;
}

// A filter is given by its address: the instructions are what the kernel needs.
static int read_filter(pid_t thread, uint64_t at, uint8_t *into, size_t *bytes)
{
	struct sock_fprog program;
	if (*bytes != sizeof program)
		return EINVAL;
	int error = memory_read(thread, at, &program, sizeof program);
	if (error != 0)
		return error;
	*bytes = program.len * sizeof *program.filter;
	return program.len == 0 || program.len > FILTER_LENGTH_MAX ? EINVAL
								    : memory_read(thread, (uint64_t)program.filter, into, *bytes);
}

enum outcome call_setsockopt(const struct seccomp_notif *call, struct socket *socket)
{
	static uint8_t value[FILTER_LENGTH_MAX * sizeof(struct sock_filter)];
	const __u64 *arguments = call->data.args;
	int32_t which[] = {(int32_t)arguments[1], (int32_t)arguments[2]};
	size_t bytes = (uint32_t)arguments[4];
	if ((int32_t)arguments[4] < 0)
		return finish(call, 0, EINVAL);
	int error;
	if (which[0] == SOL_SOCKET && which[1] == SO_ATTACH_FILTER) {
		error = read_filter((pid_t)call->pid, arguments[3], value, &bytes);
	} else {
		if (bytes > VALUE_BYTES_MAX)
			bytes = VALUE_BYTES_MAX;
		error = bytes == 0 ? 0 : memory_read((pid_t)call->pid, arguments[3], value, bytes);
	}
	int64_t *timeout = timeout_of(socket, which[0], which[1]);
	if (error == 0 && timeout != NULL)
		return finish(call, 0, set_timeout(timeout, value, bytes));
	if (error != 0)
		return finish(call, 0, error);
	struct iovec parts[] = {{which, sizeof which}, {value, bytes}};
	struct reply reply = kernel_call(FRAME_SETOPT, socket->id, parts, 2);
	if (reply.result == 0 && which[0] == SOL_NETLINK_LEVEL && which[1] == NETLINK_PKTINFO_OPTION) {
		int32_t is_on = 0;
		memcpy(&is_on, value, bytes < sizeof is_on ? bytes : sizeof is_on);
		socket->wants_pktinfo = is_on != 0;
	}
	return finish(call, 0, reply.result < 0 ? -reply.result : 0);
}

static enum outcome finish_value(const struct seccomp_notif *call, const void *value, size_t bytes, uint32_t room)
{
	uint32_t length = bytes < room ? (uint32_t)bytes : room;
	int error = memory_write((pid_t)call->pid, call->data.args[3], value, length);
	if (error == 0)
		error = memory_write((pid_t)call->pid, call->data.args[4], &length, sizeof length);
	return finish(call, 0, error);
}

enum outcome call_getsockopt(const struct seccomp_notif *call, struct socket *socket)
{
	const __u64 *arguments = call->data.args;
	struct {
		int32_t level, option;
		uint32_t room;
	} request = {(int32_t)arguments[1], (int32_t)arguments[2], 0};
	int error = memory_read((pid_t)call->pid, arguments[4], &request.room, sizeof request.room);
	if (error == 0 && (int32_t)request.room < 0)
		error = EINVAL;
	if (error != 0)
		return finish(call, 0, error);
	const int64_t *timeout = timeout_of(socket, request.level, request.option);
	if (timeout != NULL) {
		struct timeval time = {*timeout / SECOND, *timeout % SECOND};
		return finish_value(call, &time, sizeof time, request.room);
	}
	struct iovec part = {&request, sizeof request};
	struct reply reply = kernel_call(FRAME_GETOPT, socket->id, &part, 1);
	if (reply.result < 0)
		return finish(call, 0, -reply.result);
	return finish_value(call, reply.body, reply.bytes, request.room);
}

enum outcome call_ioctl(const struct seccomp_notif *call, struct socket *socket)
{
	uint32_t request = (uint32_t)call->data.args[1];
	int32_t value;
	switch (request) {
	case FIOCLEX:
	case FIONCLEX:
	case FIOASYNC:
		answer_natively(call);
		return ANSWERED;
	case FIONBIO:
		if (memory_read((pid_t)call->pid, call->data.args[2], &value, sizeof value) != 0)
			return finish(call, 0, EFAULT);
		socket->is_nonblocking = value != 0;
		answer_natively(call);
		return ANSWERED;
	default:
		break;
	}
	struct iovec part = {&request, sizeof request};
	struct reply reply = kernel_call(FRAME_IOCTL, socket->id, &part, 1);
	if (reply.result < 0)
		return finish(call, 0, -reply.result);
	return finish(call, 0, memory_write((pid_t)call->pid, call->data.args[2], reply.body, reply.bytes));
}

bool is_interface_ioctl(uint64_t request)
{
	switch ((uint32_t)request) {
	case SIOCGIFINDEX:
	case SIOCGIFNAME:
	case SIOCGIFFLAGS:
	case SIOCGIFTXQLEN:
	case SIOCGIFMTU:
	case SIOCGIFHWADDR:
	case SIOCGIFADDR:
	case SIOCGIFCONF:
	case SIOCETHTOOL:
		return true;
	default:
		return false;
	}
}

// SIOCGIFCONF: the reply is a list of ifreqs, which goes where the program's ifconf points.
static int write_list(const struct seccomp_notif *call, struct reply reply)
{
	struct ifconf list;
	int error = memory_read((pid_t)call->pid, call->data.args[2], &list, sizeof list);
	if (error != 0)
		return error;
	size_t bytes = reply.bytes;
	if (list.ifc_buf != NULL) {
		size_t room = list.ifc_len < 0 ? 0 : (size_t)list.ifc_len - (size_t)list.ifc_len % sizeof(struct ifreq);
		bytes = bytes < room ? bytes : room;
		error = memory_write((pid_t)call->pid, (uint64_t)list.ifc_buf, reply.body, bytes);
	}
	list.ifc_len = (int)bytes;
	return error != 0 ? error : memory_write((pid_t)call->pid, call->data.args[2], &list, sizeof list);
}

enum outcome call_interface_ioctl(const struct seccomp_notif *call)
{
	struct {
		uint32_t request;
		uint8_t ifreq[sizeof(struct ifreq)];
	} body = {(uint32_t)call->data.args[1], {0}};
	if ((int32_t)call->data.args[0] < 0)
		return finish(call, 0, EBADF);
	bool is_list = body.request == SIOCGIFCONF;
	// The part of an ifreq that a request does not use may lie beyond the program's memory.
	size_t wanted = is_list ? 0 : sizeof body.ifreq;
	if (memory_read_some((pid_t)call->pid, call->data.args[2], body.ifreq, wanted) < wanted)
		return finish(call, 0, EFAULT);
	struct iovec part = {&body, sizeof body};
	struct reply reply = kernel_call(FRAME_IOCTL, 0, &part, 1);
	if (reply.result < 0)
		return finish(call, 0, -reply.result);
	int error = is_list ? write_list(call, reply)
			    : memory_write((pid_t)call->pid, call->data.args[2], reply.body, reply.bytes);
	return finish(call, 0, error);
}
