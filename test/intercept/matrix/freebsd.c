// What only FreeBSD's sockets do: a queue of messages without boundaries, its sizes, sends that wait.
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "harness.h"

static int queued(int socket)
{
	int bytes = -1;
	return ioctl(socket, FIONREAD, &bytes) == 0 ? bytes : -1;
}

static int unsent(int socket)
{
	int bytes = -1;
	return ioctl(socket, TIOCOUTQ, &bytes) == 0 ? bytes : -1;
}

static void messages_without_boundaries(void)
{
	struct ack acks[4] = {0};
	int socket = open_socket(0);
	for (uint32_t seq = 1; seq <= 5; seq++)
		EXPECT(send_ping(socket, seq));
	EXPECT(queued(socket) == 5 * ACK_BYTES);
	EXPECT(recv(socket, acks, 2 * ACK_BYTES + 10, 0) == 2 * ACK_BYTES && acks[1].header.seq == 2);
	EXPECT(recv(socket, acks, 4 * ACK_BYTES, MSG_PEEK) == 3 * ACK_BYTES && queued(socket) == 3 * ACK_BYTES);
	EXPECT(recv(socket, acks, 4 * ACK_BYTES, MSG_WAITALL) == 3 * ACK_BYTES && acks[2].header.seq == 5);
	EXPECT(queued(socket) == 0 && is_idle(socket));
	close(socket);
}

static void receives_of_length_0(void)
{
	int socket = open_socket(0);
	EXPECT(recv(socket, NULL, 0, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	EXPECT(send_ping(socket, 1));
	EXPECT(recv(socket, NULL, 0, 0) == 0 && queued(socket) == ACK_BYTES);
	EXPECT(recv(socket, NULL, 0, MSG_WAITALL | MSG_PEEK | MSG_TRUNC) == ACK_BYTES);
	EXPECT(receive_ack(socket) == 1);
	close(socket);
}

static void the_true_length_of_a_last_message_is_not_told(void)
{
	char bytes[8];
	int socket = open_socket(0);
	EXPECT(send_ping(socket, 1));
	EXPECT(recv(socket, bytes, sizeof bytes, MSG_TRUNC) == 8 && is_idle(socket));
	close(socket);
}

static void message_info(void)
{
	int on = 1;
	struct ack ack;
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(16)];
	} control;
	struct iovec part = {&ack, sizeof ack};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	int socket = open_socket(0);
	EXPECT(send_ping(socket, 1) && setsockopt(socket, 270, 257, &on, sizeof on) == 0);
	EXPECT(recvmsg(socket, &message, MSG_PEEK) == ACK_BYTES && !(message.msg_flags & MSG_CTRUNC));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	EXPECT(header != NULL && header->cmsg_level == 270 && header->cmsg_type == 257);
	EXPECT(header->cmsg_len == CMSG_LEN(16) && CMSG_NXTHDR(&message, header) == NULL);
	uint32_t words[4];
	memcpy(words, CMSG_DATA(header), sizeof words);
	EXPECT(words[0] == (8 | 1 << 16) && words[1] == (uint32_t)getpid() && words[2] == (8 | 2 << 16) && words[3] == 0);
	message.msg_controllen = 20;
	EXPECT(recvmsg(socket, &message, MSG_PEEK) == ACK_BYTES);
	EXPECT(message.msg_flags & MSG_CTRUNC && message.msg_controllen == 20);
	message.msg_controllen = 0;
	EXPECT(recvmsg(socket, &message, 0) == ACK_BYTES);
	close(socket);
}

static void on_alarm(int number)
{
	(void)number;
}

// As FreeBSD's tests/sys/netlink/netlink_socket.c has it: requests pile up behind a reader that does not read.
static void a_send_waits_for_room(void)
{
	struct header message = {PING_BYTES, 18, 0x305, 1, 0}; // RTM_GETLINK, a dump, ACK
	static char bytes[1000];
	int receive_limit, send_limit, sent = 0;
	socklen_t length = sizeof receive_limit;
	int socket = open_socket(0);
	EXPECT(getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_limit, &length) == 0);
	EXPECT(getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &send_limit, &length) == 0);
	while (send(socket, &message, sizeof message, MSG_DONTWAIT) == sizeof message)
		sent += PING_BYTES;
	EXPECT(errno == EAGAIN && sent > send_limit);
	EXPECT(queued(socket) >= receive_limit && unsent(socket) > send_limit - PING_BYTES);

	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {{0, 0}, {0, 100000}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	EXPECT(send(socket, &message, sizeof message, 0) < 0 && errno == EINTR);

	struct timeval patience = {0, 80000};
	int64_t before = milliseconds();
	EXPECT(setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
	EXPECT(send(socket, &message, sizeof message, 0) < 0 && errno == EAGAIN && milliseconds() - before >= 70);

	EXPECT(recv(socket, bytes, sizeof bytes, 0) > PING_BYTES);
	while (queued(socket) >= receive_limit)
		EXPECT(recv(socket, bytes, sizeof bytes, 0) > 0);
	EXPECT(send(socket, &message, sizeof message, 0) == sizeof message);
	close(socket);
}

static void addresses_as_freebsd_checks_them(void)
{
	char long_name[300] = {0};
	struct name name = name_of(0, 0);
	struct header message = ping(1);
	int socket = open_socket(0);
	EXPECT(bind(socket, (struct sockaddr *)long_name, 256) < 0 && errno == ENAMETOOLONG);
	EXPECT(connect(socket, (struct sockaddr *)&name, sizeof name) < 0 && errno == EISCONN);
	EXPECT(connect(socket, (struct sockaddr *)&name, 1) < 0 && errno == EINVAL);
	EXPECT(sendto(socket, &message, sizeof message, 0, (struct sockaddr *)&name, 1) < 0 && errno == EINVAL);
	EXPECT(sendto(socket, &message, sizeof message, 0, (struct sockaddr *)&name, 5) == PING_BYTES);
	EXPECT(send(socket, &message, 15, 0) < 0 && errno == ENOBUFS);
	EXPECT(receive_ack(socket) == 1);
	close(socket);
}

// The kernel has an address that ends by itself: who waits for it in poll is told.
static void time_passes(void)
{
	int group = 9; // RTNLGRP_IPV6_IFADDR
	char told[512];
	struct header header;
	int socket = open_socket(0);
	EXPECT(setsockopt(socket, 270, 1, &group, sizeof group) == 0);
	struct pollfd one = {socket, POLLIN, 0};
	EXPECT(poll(&one, 1, 5000) == 1);
	EXPECT(recv(socket, told, sizeof told, 0) > PING_BYTES);
	memcpy(&header, told, sizeof header);
	EXPECT(header.type == 21); // RTM_DELADDR
	close(socket);
}

const struct named_check FREEBSD_CHECKS[] = {
	{"messages without boundaries", messages_without_boundaries, FREEBSD, false},
	{"receives of length 0", receives_of_length_0, FREEBSD, false},
	{"the true length of a last message is not told", the_true_length_of_a_last_message_is_not_told, FREEBSD, false},
	{"NETLINK_MSG_INFO", message_info, FREEBSD, false},
	{"a send waits for room", a_send_waits_for_room, FREEBSD, false},
	{"addresses as FreeBSD checks them", addresses_as_freebsd_checks_them, FREEBSD, false},
	{"time passes", time_passes, FREEBSD, true},
	{NULL, NULL, 0, false},
};
