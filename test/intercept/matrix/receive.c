// Every way to receive, and what each gives of messages that do not fit.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "harness.h"

static void plain_read_and_write(void)
{
	struct header message = ping(7);
	struct ack ack = {0};
	int socket = open_socket(0);
	EXPECT(write(socket, &message, sizeof message) == sizeof message);
	EXPECT(read(socket, &ack, sizeof ack) == ACK_BYTES && ack.header.seq == 7 && ack.request.seq == 7);
	close(socket);
}

static void vectors(void)
{
	struct header message = ping(8);
	struct iovec out[] = {{&message, 4}, {NULL, 0}, {(char *)&message + 4, 12}};
	struct ack ack = {0};
	struct iovec in[] = {{&ack, 1}, {(char *)&ack + 1, 19}, {NULL, 0}, {(char *)&ack + 20, 100}};
	int socket = open_socket(0);
	EXPECT(writev(socket, out, 3) == PING_BYTES);
	EXPECT(readv(socket, in, 4) == ACK_BYTES && ack.header.seq == 8 && ack.request.seq == 8);
	close(socket);
}

static void sender_is_the_kernel(void)
{
	struct ack ack = {0};
	struct name name;
	struct iovec part = {&ack, sizeof ack};
	struct msghdr message = {
		.msg_name = &name,
		.msg_namelen = sizeof name,
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_flags = -1,
	};
	int socket = open_socket(0);
	memset(&name, 0xff, sizeof name);
	EXPECT(send_ping(socket, 1) && send_ping(socket, 2) && send_ping(socket, 3));
	EXPECT(recvmsg(socket, &message, 0) == ACK_BYTES && ack.header.seq == 1);
	EXPECT(message.msg_namelen == NAME_BYTES && is_name(&name) && port_of(&name) == 0);
	EXPECT(message.msg_controllen == 0 && message.msg_flags == 0);
	socklen_t length = 6;
	memset(&name, 0xff, sizeof name);
	EXPECT(recvfrom(socket, &ack, sizeof ack, 0, (struct sockaddr *)&name, &length) == ACK_BYTES);
	EXPECT(ack.header.seq == 2);
	EXPECT(domain == FREEBSD ? length == 6 : length == NAME_BYTES);
	EXPECT(name.bytes[5] == 0 && name.bytes[6] == 0xff);
	message = (struct msghdr){.msg_namelen = 5, .msg_iov = &part, .msg_iovlen = 1};
	EXPECT(recvmsg(socket, &message, 0) == ACK_BYTES && message.msg_namelen == 5);
	close(socket);
}

static void peek_and_trunc(void)
{
	char bytes[8];
	struct iovec part = {bytes, 0};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int socket = open_socket(0);
	EXPECT(send_ping(socket, 1));
	EXPECT(recvmsg(socket, &message, MSG_PEEK | MSG_TRUNC) == ACK_BYTES);
	EXPECT(recv(socket, bytes, 8, MSG_PEEK | MSG_TRUNC) == ACK_BYTES);
	EXPECT(recv(socket, bytes, 8, MSG_PEEK) == 8);
	part.iov_len = 8;
	EXPECT(recvmsg(socket, &message, MSG_PEEK) == 8 && message.msg_flags & MSG_TRUNC);
	EXPECT(receive_ack(socket) == 1);
	close(socket);
}

static void truncation_loses_the_rest(void)
{
	char bytes[8];
	struct iovec part = {bytes, sizeof bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int socket = open_socket(0);
	EXPECT(send_ping(socket, 1) && send_ping(socket, 2));
	EXPECT(recvmsg(socket, &message, 0) == 8 && message.msg_flags & MSG_TRUNC);
	EXPECT(receive_ack(socket) == 2 && is_idle(socket));
	close(socket);
}

static void truncation_tells_the_length(void)
{
	char bytes[8];
	int socket = open_socket(0);
	EXPECT(send_ping(socket, 1));
	EXPECT(recv(socket, bytes, sizeof bytes, MSG_TRUNC) == ACK_BYTES && is_idle(socket));
	close(socket);
}

static void an_empty_buffer_takes_a_datagram(void)
{
	int socket = open_socket(0);
	EXPECT(send_ping(socket, 1) && send_ping(socket, 2));
	EXPECT(recv(socket, NULL, 0, 0) == 0);
	EXPECT(receive_ack(socket) == 2 && is_idle(socket));
	close(socket);
}

static void a_datagram_for_each_receive(void)
{
	char bytes[4096];
	int socket = open_socket(0);
	EXPECT(send_ping(socket, 1) && send_ping(socket, 2));
	EXPECT(recv(socket, bytes, sizeof bytes, 0) == ACK_BYTES && recv(socket, bytes, sizeof bytes, 0) == ACK_BYTES);
	EXPECT(is_idle(socket));
	close(socket);
}

static void receive_many(void)
{
	struct ack acks[3] = {0};
	struct iovec parts[3] = {{&acks[0], ACK_BYTES}, {&acks[1], ACK_BYTES}, {&acks[2], ACK_BYTES}};
	struct mmsghdr messages[3] = {0};
	struct timespec timeout = {0, 50 * 1000000};
	int socket = open_socket(0), received = 0;
	for (int i = 0; i < 3; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	EXPECT(recvmmsg(socket, messages, 3, MSG_DONTWAIT, NULL) < 0 && errno == EAGAIN);
	EXPECT(send_ping(socket, 1) && send_ping(socket, 2) && send_ping(socket, 3));
	while (received < 3) {
		int more = recvmmsg(socket, messages + received, 3 - received, MSG_WAITFORONE, &timeout);
		EXPECT(more >= 1);
		received += more;
	}
	for (int i = 0; i < 3; i++)
		EXPECT(messages[i].msg_len == ACK_BYTES && acks[i].header.seq == (uint32_t)i + 1);
	EXPECT(recvmmsg(socket, messages, 0, 0, NULL) == 0);
	close(socket);
}

static void send_many(void)
{
	struct header pings[3] = {ping(1), ping(2), ping(3)};
	struct iovec parts[4] = {
		{&pings[0], 8},
		{(char *)&pings[0] + 8, 8},
		{&pings[1], PING_BYTES},
		{&pings[2], PING_BYTES},
	};
	struct mmsghdr messages[3] = {
		{{.msg_iov = parts, .msg_iovlen = 2}, 0},
		{{.msg_iov = parts + 2, .msg_iovlen = 1}, 0},
		{{.msg_iov = parts + 3, .msg_iovlen = 1}, 0},
	};
	int socket = open_socket(0);
	EXPECT(sendmmsg(socket, messages, 3, 0) == 3);
	for (uint32_t i = 0; i < 3; i++)
		EXPECT(messages[i].msg_len == PING_BYTES && receive_ack(socket) == i + 1);
	EXPECT(is_idle(socket));
	close(socket);
}

static bool would_block(int socket)
{
	char byte;
	return read(socket, &byte, 1) < 0 && errno == EAGAIN;
}

static void four_ways_not_to_block(void)
{
	int on = 1, off = 0;
	int socket = open_socket(SOCK_NONBLOCK);
	EXPECT(would_block(socket) && fcntl(socket, F_GETFL) == (O_RDWR | O_NONBLOCK));
	EXPECT(ioctl(socket, FIONBIO, &off) == 0 && fcntl(socket, F_GETFL) == O_RDWR);
	EXPECT(ioctl(socket, FIONBIO, &on) == 0 && would_block(socket));
	EXPECT(fcntl(socket, F_SETFL, 0) == 0 && fcntl(socket, F_GETFL) == O_RDWR);
	EXPECT(is_idle(socket)); // MSG_DONTWAIT
	EXPECT(fcntl(socket, F_SETFL, O_NONBLOCK) == 0 && would_block(socket));
	EXPECT(send_ping(socket, 1) && receive_ack(socket) == 1);
	close(socket);
}

static void the_answer_is_there_when_send_returns(void)
{
	struct ack ack;
	int socket = open_socket(0);
	for (uint32_t seq = 1; seq <= 200; seq++) {
		EXPECT(send_ping(socket, seq));
		EXPECT(recv(socket, &ack, sizeof ack, MSG_DONTWAIT) == ACK_BYTES && ack.header.seq == seq);
	}
	close(socket);
}

static void a_receive_timeout(void)
{
	struct timeval timeout = {0, 120000}, told;
	socklen_t length = sizeof told;
	char byte;
	int socket = open_socket(0);
	EXPECT(setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
	EXPECT(getsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &told, &length) == 0 && length == sizeof told);
	EXPECT(told.tv_sec == 0 && told.tv_usec >= 110000 && told.tv_usec <= 130000);
	int64_t before = milliseconds();
	EXPECT(recv(socket, &byte, 1, 0) < 0 && errno == EAGAIN);
	int64_t after = milliseconds();
	EXPECT(after - before >= 110 && after - before < 1000);
	timeout.tv_usec = 1000000;
	EXPECT(setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 && errno == EDOM);
	close(socket);
}

static void bad_addresses(void)
{
	void *nowhere = (void *)16;
	socklen_t length = NAME_BYTES;
	int socket = open_socket(0);
	EXPECT(send(socket, nowhere, 32, 0) < 0 && errno == EFAULT);
	EXPECT(send_ping(socket, 1));
	EXPECT(recv(socket, nowhere, ACK_BYTES, 0) < 0 && errno == EFAULT);
	EXPECT(send_ping(socket, 2) && receive_ack(socket) == 2); // the first is lost
	EXPECT(syscall(SYS_recvmsg, socket, nowhere, MSG_DONTWAIT) < 0 && errno == EFAULT); // musl's looks itself
	EXPECT(getsockname(socket, nowhere, &length) < 0 && errno == EFAULT);
	close(socket);
}

const struct named_check RECEIVE_CHECKS[] = {
	{"read and write", plain_read_and_write, 0, false},
	{"readv and writev", vectors, 0, false},
	{"the sender is the kernel", sender_is_the_kernel, 0, false},
	{"MSG_PEEK with MSG_TRUNC", peek_and_trunc, 0, false},
	{"truncation loses the rest", truncation_loses_the_rest, 0, false},
	{"truncation tells the length", truncation_tells_the_length, LINUX, false},
	{"an empty buffer takes a datagram", an_empty_buffer_takes_a_datagram, LINUX, false},
	{"a datagram for each receive", a_datagram_for_each_receive, LINUX, false},
	{"recvmmsg", receive_many, 0, false},
	{"sendmmsg", send_many, 0, false},
	{"four ways not to block", four_ways_not_to_block, 0, false},
	{"the answer is there when send returns", the_answer_is_there_when_send_returns, 0, false},
	{"SO_RCVTIMEO", a_receive_timeout, 0, false},
	{"addresses that are not there", bad_addresses, 0, false},
	{NULL, NULL, 0, false},
};
