// What only FreeBSD's sockets do: a queue of messages without boundaries, its sizes, sends that wait.
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>

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

enum {
	PF_ROUTING = 17,
	RTM_ADD = 1,
	RTM_DELETE = 2,
	ROUTE_BYTES = 200, // rt_msghdr and three addresses of 16 bytes
	HOST_SO_USELOOPBACK = 0x40,
};

// struct rt_msghdr as FreeBSD has it, then destination, gateway and netmask.
struct route_message {
	uint16_t length;
	uint8_t version, type;
	uint16_t index, spare;
	int32_t flags, addrs, pid, seq, error, mask;
	uint64_t inits, metrics[14];
	struct {
		uint8_t length, family;
		uint16_t port;
		uint8_t address[4], zero[8];
	} destination, gateway, netmask;
};

// 198.18.n.0/24 through 127.0.0.1: a route that needs no interface but lo0.
static struct route_message route_of(uint8_t type, uint8_t n, int32_t seq)
{
	return (struct route_message){
		.length = ROUTE_BYTES,
		.version = 5,
		.type = type,
		.flags = 0x1 | 0x800 | 0x1000, // UP, STATIC, BLACKHOLE
		.addrs = 0x7,
		.seq = seq,
		.destination = {16, 2, 0, {198, 18, n, 0}, {0}},
		.gateway = {16, 2, 0, {127, 0, 0, 1}, {0}},
		.netmask = {16, 2, 0, {255, 255, 255, 0}, {0}},
	};
}

static bool is_echo(const struct route_message *message, uint8_t type, int32_t seq)
{
	return message->length == ROUTE_BYTES && message->version == 5 && message->type == type && message->seq == seq &&
	       message->pid == getpid() && message->error == 0 && (message->flags & 0x40) != 0; // DONE
}

static void a_routing_socket_hears_its_echo_and_so_do_others(void)
{
	struct route_message message = route_of(RTM_ADD, 1, 7), heard;
	int writer = socket(PF_ROUTING, SOCK_RAW, 0);
	int listener = socket(PF_ROUTING, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 2);
	int stranger = socket(PF_ROUTING, SOCK_RAW | SOCK_NONBLOCK, 28);
	EXPECT(writer >= 0 && listener >= 0 && stranger >= 0 && is_idle(writer) && is_idle(listener));
	EXPECT(read(listener, &heard, sizeof heard) < 0 && errno == EAGAIN);
	EXPECT(write(writer, &message, sizeof message) == ROUTE_BYTES);
	struct pollfd both[] = {{writer, POLLIN, 0}, {listener, POLLIN, 0}, {stranger, POLLIN, 0}};
	EXPECT(poll(both, 3, 5000) == 2 && both[2].revents == 0);
	EXPECT(queued(writer) == ROUTE_BYTES);
	EXPECT(recv(writer, &heard, sizeof heard, MSG_PEEK) == ROUTE_BYTES && is_echo(&heard, RTM_ADD, 7));
	EXPECT(read(writer, &heard, sizeof heard) == ROUTE_BYTES && is_echo(&heard, RTM_ADD, 7));
	EXPECT(read(listener, &heard, sizeof heard) == ROUTE_BYTES && is_echo(&heard, RTM_ADD, 7));
	EXPECT(is_idle(writer) && is_idle(listener));
	// What is there already: the write has the errno, and so has the echo.
	EXPECT(send(writer, &message, sizeof message, 0) < 0 && errno == EEXIST);
	EXPECT(read(writer, &heard, sizeof heard) == ROUTE_BYTES && heard.error == EEXIST);
	message = route_of(RTM_DELETE, 1, 8);
	EXPECT(send(writer, &message, sizeof message, 0) == ROUTE_BYTES);
	EXPECT(recv(writer, &heard, 100, 0) == 100 && is_idle(writer)); // the rest is lost
	close(writer);
	close(listener);
	close(stranger);
}

static void a_read_of_a_routing_socket_waits(void)
{
	struct route_message message = route_of(RTM_ADD, 2, 1), heard;
	int reader = socket(PF_ROUTING, SOCK_RAW, 0);
	pid_t child = fork();
	if (child == 0) {
		int writer = socket(PF_ROUTING, SOCK_RAW, 0);
		usleep(20000);
		bool is_added = write(writer, &message, sizeof message) == ROUTE_BYTES;
		message.type = RTM_DELETE;
		_exit(is_added && write(writer, &message, sizeof message) == ROUTE_BYTES ? 0 : 1);
	}
	int status = -1;
	EXPECT(read(reader, &heard, sizeof heard) == ROUTE_BYTES && heard.type == RTM_ADD && heard.pid == child);
	EXPECT(read(reader, &heard, sizeof heard) == ROUTE_BYTES && heard.type == RTM_DELETE);
	EXPECT(waitpid(child, &status, 0) == child && status == 0);
	struct timeval patience = {0, 20000};
	EXPECT(setsockopt(reader, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
	EXPECT(read(reader, &heard, sizeof heard) < 0 && errno == EAGAIN);
	close(reader);
}

static void routing_sockets_have_their_own_options_and_calls(void)
{
	int off = 0, value = -1;
	socklen_t length = sizeof value;
	struct route_message message = route_of(RTM_ADD, 3, 1);
	struct name name = name_of(0, 0);
	int socket_of = socket(PF_ROUTING, SOCK_RAW, 0);
	EXPECT(socket(PF_ROUTING, SOCK_DGRAM, 0) < 0 && errno == EPROTOTYPE);
	EXPECT(bind(socket_of, (struct sockaddr *)&name, sizeof name) < 0 && errno == EOPNOTSUPP);
	EXPECT(getsockopt(socket_of, SOL_SOCKET, HOST_SO_USELOOPBACK, &value, &length) == 0 && value != 0);
	EXPECT(getsockopt(socket_of, SOL_SOCKET, SO_RCVBUF, &value, &length) == 0 && value == 8192);
	EXPECT(setsockopt(socket_of, SOL_SOCKET, HOST_SO_USELOOPBACK, &off, sizeof off) == 0);
	EXPECT(write(socket_of, &message, sizeof message) == ROUTE_BYTES && is_idle(socket_of));
	message.type = RTM_DELETE;
	EXPECT(write(socket_of, &message, sizeof message) == ROUTE_BYTES);
	EXPECT(write(socket_of, &message, 7) < 0 && errno == ENOBUFS);
	EXPECT(shutdown(socket_of, 7) < 0 && errno == EINVAL);
	EXPECT(shutdown(socket_of, SHUT_WR) == 0 && send(socket_of, &message, sizeof message, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	EXPECT(shutdown(socket_of, SHUT_RD) == 0 && read(socket_of, &message, sizeof message) == 0);
	close(socket_of);
}

const struct named_check FREEBSD_CHECKS[] = {
	{"messages without boundaries", messages_without_boundaries, FREEBSD, false},
	{"receives of length 0", receives_of_length_0, FREEBSD, false},
	{"the true length of a last message is not told", the_true_length_of_a_last_message_is_not_told, FREEBSD, false},
	{"NETLINK_MSG_INFO", message_info, FREEBSD, false},
	{"a send waits for room", a_send_waits_for_room, FREEBSD, false},
	{"addresses as FreeBSD checks them", addresses_as_freebsd_checks_them, FREEBSD, false},
	{"time passes", time_passes, FREEBSD, true},
	{"a routing socket hears its echo, and so do others", a_routing_socket_hears_its_echo_and_so_do_others, FREEBSD, false},
	{"a read of a routing socket waits", a_read_of_a_routing_socket_waits, FREEBSD, false},
	{"routing sockets have their own options and calls", routing_sockets_have_their_own_options_and_calls, FREEBSD, false},
	{NULL, NULL, 0, false},
};
