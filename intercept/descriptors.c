#define _GNU_SOURCE
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "notify.h"
#include "sockets.h"

// Descriptors are numbered from here, so that select works on the first 124 and programs' own files stay below.
enum { BASE = 900, BASE_WITH_LOW_LIMIT = 64, OWN_FILES = 64, PIPE_BYTES = 2 * 4096 };

struct descriptor {
	int number;    // in the program
	int write_end; // of the pipe
	uint64_t inode;
	struct socket *socket;
	struct descriptor *next; // of the same socket
};

static struct number_range range = {BASE, DESCRIPTORS_MAX};
static struct descriptor *descriptors[DESCRIPTORS_MAX]; // by number - base
static int hangups = -1;

struct number_range descriptors_start(void)
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

int descriptors_hangups(void)
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

void descriptors_reap(void)
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
