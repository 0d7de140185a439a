#define _GNU_SOURCE
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "frames.h"
#include "kernel.h"
#include "notify.h"

// Descriptors are numbered from here, so that select works on the first 124 and programs' own files stay below.
enum { BASE = 900, BASE_WITH_LOW_LIMIT = 64, OWN_FILES = 64, PIPE_BYTES = 2 * 4096 };

static struct number_range range = {BASE, DESCRIPTORS_MAX};
static struct descriptor *descriptors[DESCRIPTORS_MAX]; // by number - base
static struct socket *sockets[DESCRIPTORS_MAX];         // by (id - 1) % DESCRIPTORS_MAX
static uint32_t rounds[DESCRIPTORS_MAX];                // how often a place was used: makes ids differ
static unsigned sockets_end; // places from here on were never used
static int hangups = -1;

struct number_range sockets_start(void)
{
	const rlim_t wanted = BASE + DESCRIPTORS_MAX + OWN_FILES;
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < wanted) {
		files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur < BASE + DESCRIPTORS_MAX)
		range = (struct number_range){(unsigned)files.rlim_cur - BASE_WITH_LOW_LIMIT, BASE_WITH_LOW_LIMIT};
	hangups = epoll_create1(EPOLL_CLOEXEC);
	return range;
}

int sockets_hangups(void)
{
	return hangups;
}

static struct descriptor *descriptor_by_number(uint64_t number)
{
	uint32_t place = (uint32_t)number - range.base; // a descriptor is an int: the high half does not count
	return place < range.count ? descriptors[place] : NULL;
}

struct socket *socket_by_number(uint64_t number)
{
	struct descriptor *descriptor = descriptor_by_number(number);
	return descriptor == NULL ? NULL : descriptor->socket;
}

uint64_t descriptor_inode(uint64_t number)
{
	struct descriptor *descriptor = descriptor_by_number(number);
	return descriptor == NULL ? 0 : descriptor->inode;
}

void sockets_touch(void)
{
	for (unsigned place = 0; place < sockets_end; place++) {
		if (sockets[place] != NULL)
			sockets[place]->is_touched = true;
	}
}

bool sockets_take_touched(void)
{
	bool is_any = false;
	for (unsigned place = 0; place < sockets_end; place++) {
		struct socket *socket = sockets[place];
		if (socket == NULL)
			continue;
		is_any |= socket->is_touched;
		socket->was_touched = socket->is_touched;
		socket->is_touched = false;
	}
	return is_any;
}

void socket_tell_taken(struct socket *socket)
{
	if (socket->queue.taken > 0)
		kernel_post(FRAME_TAKEN, socket->id, &socket->queue.taken, sizeof socket->queue.taken);
	socket->queue.taken = 0;
}

bool sockets_have_untold(void)
{
	for (unsigned place = 0; place < sockets_end; place++) {
		if (sockets[place] != NULL && sockets[place]->queue.taken > 0)
			return true;
	}
	return false;
}

bool sockets_tell_taken(void)
{
	bool is_any = sockets_have_untold();
	for (unsigned place = 0; is_any && place < sockets_end; place++) {
		if (sockets[place] != NULL)
			socket_tell_taken(sockets[place]);
	}
	return is_any;
}

static struct socket *socket_by_id(uint32_t id)
{
	struct socket *socket = sockets[(id - 1) % DESCRIPTORS_MAX];
	return socket != NULL && socket->id == id ? socket : NULL;
}

struct socket *socket_new(void)
{
	for (uint32_t place = 0; place < range.count && place < kernel_limits.sockets_max; place++) {
		if (sockets[place] != NULL)
			continue;
		struct socket *socket = allocate(sizeof *socket);
		*socket = (struct socket){.id = rounds[place]++ * DESCRIPTORS_MAX + place + 1, .is_writable = true};
		queue_start(&socket->queue);
		sockets[place] = socket;
		if (sockets_end <= place)
			sockets_end = place + 1;
		return socket;
	}
	return NULL;
}

void socket_drop(struct socket *socket)
{
	notify_forget(socket);
	kernel_post(FRAME_CLOSE, socket->id, NULL, 0);
	queue_clear(&socket->queue);
	sockets[(socket->id - 1) % DESCRIPTORS_MAX] = NULL;
	free(socket);
}

// The program has closed the last copy.
static void descriptor_drop(struct descriptor *descriptor)
{
	struct socket *socket = descriptor->socket;
	struct descriptor **link = &socket->descriptors;
	while (*link != descriptor)
		link = &(*link)->next;
	*link = descriptor->next;
	close(descriptor->write_end);
	descriptors[(unsigned)descriptor->number - range.base] = NULL;
	free(descriptor);
	if (socket->descriptors == NULL)
		socket_drop(socket);
}

void sockets_reap(void)
{
	struct epoll_event events[64];
	int count;
	while ((count = epoll_wait(hangups, events, 64, 0)) > 0) {
		for (int i = 0; i < count; i++)
			descriptor_drop(events[i].data.ptr);
	}
}

// A number that neither we nor the calling process use.
static int choose_number(pid_t thread, unsigned least)
{
	char path[64], target[1];
	for (unsigned place = least > range.base ? least - range.base : 0; place < range.count; place++) {
		snprintf(path, sizeof path, "/proc/%d/fd/%u", thread, range.base + place);
		if (descriptors[place] == NULL && readlink(path, target, sizeof target) < 0)
			return (int)(range.base + place);
	}
	return -1;
}

// A pipe whose read end is opened for writing too, so that it always polls writable. Returns 0, or an errno.
static int make_pipe(int *program_end, int *write_end, uint64_t *inode)
{
	int ends[2];
	char path[64];
	struct stat status;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return errno;
	// A user may have so many pages in pipes; with a single one a byte would already make it unwritable.
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
	*program_end = open(path, O_RDWR | O_CLOEXEC);
	int error = *program_end < 0 ? errno : 0;
	close(ends[0]);
	if (error != 0) {
		close(ends[1]);
		return error;
	}
	*inode = fstat(ends[1], &status) == 0 ? status.st_ino : 0;
	*write_end = ends[1];
	return 0;
}

bool descriptor_give(const struct seccomp_notif *call, struct socket *socket, unsigned least, bool is_cloexec)
{
	static const uint8_t zeros[READY_BYTES_MAX];
	int number = choose_number((pid_t)call->pid, least);
	int program_end = -1, write_end = -1;
	uint64_t inode = 0;
	int error = number < 0 ? EMFILE : make_pipe(&program_end, &write_end, &inode);
	if (error != 0) {
		answer(call, 0, error);
		return false;
	}
	if (socket->ready_bytes > 0 && write(write_end, zeros, socket->ready_bytes) < 0)
		error = errno;
	struct seccomp_notif_addfd install = {
		.id = call->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)program_end,
		.newfd = (uint32_t)number,
		.newfd_flags = is_cloexec ? O_CLOEXEC : 0,
	};
	if (error == 0 && ioctl(notify_listener(), SECCOMP_IOCTL_NOTIF_ADDFD, &install) < 0)
		error = errno;
	close(program_end);
	if (error != 0) {
		close(write_end);
		if (error != ENOENT)
			answer(call, 0, error == EBADF ? EMFILE : error); // EBADF: beyond the program's own limit
		return false;
	}
	struct descriptor *descriptor = allocate(sizeof *descriptor);
	*descriptor = (struct descriptor){number, write_end, inode, socket, socket->descriptors};
	socket->descriptors = descriptor;
	descriptors[(unsigned)number - range.base] = descriptor;
	struct epoll_event event = {.events = 0, .data = {.ptr = descriptor}}; // errors are always reported
	epoll_ctl(hangups, EPOLL_CTL_ADD, write_end, &event);
	return true;
}

void socket_ready(struct socket *socket, unsigned arrivals)
{
	static const uint8_t zeros[READY_BYTES_MAX];
	socket->is_touched = true;
	if (arrivals > READY_BYTES_MAX - socket->ready_bytes)
		arrivals = READY_BYTES_MAX - socket->ready_bytes;
	if (arrivals == 0)
		return;
	socket->ready_bytes += arrivals;
	for (struct descriptor *each = socket->descriptors; each != NULL; each = each->next) {
		if (write(each->write_end, zeros, arrivals) < 0 && errno != EPIPE && errno != EAGAIN)
			perror("nlvm: readiness");
	}
}

void socket_unready(struct socket *socket)
{
	char path[64];
	uint8_t bytes[READY_BYTES_MAX];
	if (socket->ready_bytes == 0)
		return;
	socket->ready_bytes = 0;
	for (struct descriptor *each = socket->descriptors; each != NULL; each = each->next) {
		// Kept open, a read end of our own would hide that the program has closed its last.
		snprintf(path, sizeof path, "/proc/self/fd/%d", each->write_end);
		int end = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (end < 0 || read(end, bytes, sizeof bytes) < 0)
			perror("nlvm: readiness");
		if (end >= 0)
			close(end);
	}
}

bool socket_data(uint32_t id, uint32_t request, const uint8_t *body, size_t bytes)
{
	struct data data;
	if (bytes < sizeof data)
		return false;
	memcpy(&data, body, sizeof data);
	bool is_shared = data.flags & DATA_SHARED;
	const uint8_t *records = is_shared ? kernel_half(data.half) : body + sizeof data;
	if (records == NULL || data.length > (is_shared ? kernel_limits.half_bytes : bytes - sizeof data))
		return false;
	struct socket *socket = socket_by_id(id);
	if (socket == NULL || !is_shared)
		half_give(data.half);
	if (socket == NULL)
		return true; // it was closed while this was under way
	int count = queue_add(&socket->queue, is_shared ? data.half : HALF_NONE, records, data.length);
	if (count < 0)
		return false;
	if (request != 0 && request == socket->pull_request)
		socket->pull_request = 0;
	socket->has_more = data.flags & DATA_MORE;
	if (socket->queue.first == NULL && !socket->has_more)
		socket_unready(socket);
	else
		socket_ready(socket, request == 0 ? (unsigned)count : socket->ready_bytes == 0);
	return true;
}

void socket_state(uint32_t id, const uint8_t *body)
{
	uint32_t state;
	memcpy(&state, body, sizeof state);
	struct socket *socket = socket_by_id(id);
	if (socket == NULL)
		return;
	socket->is_readable = state & STATE_READABLE;
	socket->is_writable = state & STATE_WRITABLE;
	socket->is_touched = true;
	if (!socket->is_readable)
		socket_unready(socket);
	else if (state & STATE_ARRIVED || socket->ready_bytes == 0)
		socket_ready(socket, 1);
}
