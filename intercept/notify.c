#define _GNU_SOURCE
#include "notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "buffer.h"
#include "calls.h"
#include "sockets.h"

#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#endif

struct held {
	struct held *next;
	struct seccomp_notif call;
	struct socket *socket;
	int64_t deadline;
};

static int listener = -1;
static struct held *first, **end = &first;

void notify_start(int descriptor)
{
	listener = descriptor;
	// Each side wakes the other on the same core: three to ten times faster. Linux before 6.6 does without.
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

int notify_listener(void)
{
	return listener;
}

static bool respond(const struct seccomp_notif *call, int64_t value, int error, uint32_t flags)
{
	struct seccomp_notif_resp response = {call->id, error == 0 ? value : 0, -error, flags};
	int result;
	do
		result = ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	while (result < 0 && errno == EINTR);
	return result == 0;
}

bool answer(const struct seccomp_notif *call, int64_t value, int error)
{
	return respond(call, value, error, 0);
}

bool answer_natively(const struct seccomp_notif *call)
{
	return respond(call, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

bool is_waiting(const struct seccomp_notif *call)
{
	uint64_t id = call->id;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

int64_t now_microseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void notify_hold(const struct seccomp_notif *call, struct socket *socket, int64_t deadline)
{
	struct held *held = allocate(sizeof *held);
	*held = (struct held){.call = *call, .socket = socket, .deadline = deadline};
	*end = held;
	end = &held->next;
}

static void release(struct held **link)
{
	struct held *held = *link;
	*link = held->next;
	if (held->next == NULL)
		end = link;
	free(held);
}

// A thread that calls anew has left its old call: a signal took it away.
static void forget_thread(uint32_t thread)
{
	for (struct held **link = &first; *link != NULL;) {
		if ((*link)->call.pid == thread)
			release(link);
		else
			link = &(*link)->next;
	}
}

void notify_forget(const struct socket *socket)
{
	for (struct held **link = &first; *link != NULL;) {
		if ((*link)->socket != socket) {
			link = &(*link)->next;
			continue;
		}
		answer(&(*link)->call, 0, EBADF);
		release(link);
	}
}

void notify_take(void)
{
	// The kernel's structure may be larger than the one of the headers.
	static union {
		struct seccomp_notif call;
		uint8_t room[512];
	} notification;
	memset(&notification, 0, sizeof notification);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification.call) < 0)
		return; // taken away by a signal already
	forget_thread(notification.call.pid);
	calls_begin(&notification.call);
}

static bool is_due(const struct held *held, int64_t now)
{
	return held->deadline != 0 && held->deadline <= now;
}

// Returns whether the call is over.
static bool retry(const struct held *held, int64_t now)
{
	if (!is_waiting(&held->call) || calls_handle(&held->call, held->socket) == ANSWERED)
		return true;
	if (!is_due(held, now))
		return false;
	answer(&held->call, 0, EAGAIN);
	return true;
}

void notify_retry(void)
{
	int64_t now = first == NULL ? 0 : now_microseconds();
	bool is_touched;
	do {
		// What a retried call asks of the kernel may bring something for those before it.
		is_touched = sockets_take_touched();
		for (struct held **link = &first; *link != NULL;) {
			bool is_worth_it = (*link)->socket->was_touched || is_due(*link, now);
			if (is_worth_it && retry(*link, now))
				release(link);
			else
				link = &(*link)->next;
		}
	} while (is_touched);
}

int notify_patience(void)
{
	int64_t earliest = 0;
	for (struct held *held = first; held != NULL; held = held->next) {
		if (held->deadline != 0 && (earliest == 0 || held->deadline < earliest))
			earliest = held->deadline;
	}
	if (earliest == 0)
		return -1;
	int64_t left = earliest - now_microseconds();
	return left <= 0 ? 0 : (int)(left / 1000 + 1);
}
