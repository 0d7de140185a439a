// poll, select and epoll tell of what a receive would find, natively.
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "harness.h"

short polled(int socket)
{
	struct pollfd one = {socket, POLLIN | POLLOUT, 0};
	return poll(&one, 1, 0) < 0 ? -1 : one.revents;
}

bool is_idle(int socket)
{
	char byte;
	return recv(socket, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

static bool is_selected(int socket)
{
	fd_set readable;
	struct timeval now = {0, 0};
	FD_ZERO(&readable);
	FD_SET(socket, &readable);
	return select(socket + 1, &readable, NULL, NULL, &now) == 1;
}

static void poll_follows_the_queue(void)
{
	int socket = open_socket(0);
	EXPECT(socket >= 0);
	EXPECT(polled(socket) == POLLOUT);
	EXPECT(send_ping(socket, 1));
	EXPECT(polled(socket) == (POLLIN | POLLOUT));
	EXPECT(receive_ack(socket) == 1);
	EXPECT(polled(socket) == POLLOUT);
	EXPECT(send_ping(socket, 2) && send_ping(socket, 3));
	EXPECT(receive_ack(socket) == 2);
	EXPECT(polled(socket) == (POLLIN | POLLOUT));
	EXPECT(receive_ack(socket) == 3);
	EXPECT(polled(socket) == POLLOUT);
	close(socket);
}

static void select_follows_the_queue(void)
{
	int socket = open_socket(0);
	EXPECT(socket >= 0 && socket < FD_SETSIZE);
	EXPECT(!is_selected(socket));
	EXPECT(send_ping(socket, 1));
	EXPECT(is_selected(socket));
	EXPECT(receive_ack(socket) == 1);
	EXPECT(!is_selected(socket));
	close(socket);
}

static int watch(int socket, uint32_t events)
{
	int watcher = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = events, .data = {.fd = socket}};
	return epoll_ctl(watcher, EPOLL_CTL_ADD, socket, &event) == 0 ? watcher : -1;
}

static bool has_event(int watcher)
{
	struct epoll_event event;
	return epoll_wait(watcher, &event, 1, 0) == 1;
}

static void epoll_by_level(void)
{
	int socket = open_socket(0);
	int watcher = watch(socket, EPOLLIN);
	EXPECT(watcher >= 0 && !has_event(watcher));
	EXPECT(send_ping(socket, 1));
	EXPECT(has_event(watcher) && has_event(watcher));
	EXPECT(receive_ack(socket) == 1);
	EXPECT(!has_event(watcher));
	close(watcher);
	close(socket);
}

static void epoll_by_edge(void)
{
	int socket = open_socket(0);
	int watcher = watch(socket, EPOLLIN | EPOLLET);
	EXPECT(watcher >= 0 && !has_event(watcher));
	EXPECT(send_ping(socket, 1));
	EXPECT(has_event(watcher) && !has_event(watcher));
	EXPECT(send_ping(socket, 2)); // a second edge, with the first unread
	EXPECT(has_event(watcher) && !has_event(watcher));
	EXPECT(receive_ack(socket) == 1 && receive_ack(socket) == 2);
	EXPECT(send_ping(socket, 3));
	EXPECT(has_event(watcher));
	EXPECT(receive_ack(socket) == 3);
	close(watcher);
	close(socket);
}

static void peeking_leaves_it_readable(void)
{
	struct ack ack;
	int socket = open_socket(0);
	EXPECT(send_ping(socket, 1));
	for (int i = 0; i < 3; i++) {
		EXPECT(recv(socket, &ack, sizeof ack, MSG_PEEK) == ACK_BYTES && ack.header.seq == 1);
		EXPECT(polled(socket) == (POLLIN | POLLOUT));
	}
	EXPECT(receive_ack(socket) == 1 && is_idle(socket));
	close(socket);
}

static void readable_follows_a_thousand_rounds(void)
{
	int socket = open_socket(0);
	for (uint32_t seq = 1; seq <= 1000; seq++) {
		EXPECT(send_ping(socket, seq) && polled(socket) & POLLIN);
		EXPECT(receive_ack(socket) == seq && !(polled(socket) & POLLIN));
	}
	close(socket);
}

const struct named_check READINESS_CHECKS[] = {
	{"poll follows the queue", poll_follows_the_queue, 0, false},
	{"select follows the queue", select_follows_the_queue, 0, false},
	{"epoll by level", epoll_by_level, 0, false},
	{"epoll by edge, and a second edge", epoll_by_edge, 0, false},
	{"peeking leaves it readable", peeking_leaves_it_readable, 0, false},
	{"readable follows a thousand rounds", readable_follows_a_thousand_rounds, 0, false},
	{NULL, NULL, 0, false},
};
