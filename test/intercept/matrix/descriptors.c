// Descriptors: duplicates, many of them, numbers that are used again, fork and exec.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "harness.h"

static void duplicates_are_one_socket(void)
{
	int socket = open_socket(0);
	int copy = dup(socket);
	EXPECT(copy >= 0 && copy != socket);
	EXPECT(send_ping(socket, 1) && polled(copy) == polled(socket));
	EXPECT(receive_ack(copy) == 1 && is_idle(socket) && polled(socket) == polled(copy));
	EXPECT(fcntl(copy, F_SETFL, O_NONBLOCK) == 0 && fcntl(socket, F_GETFL) == (O_RDWR | O_NONBLOCK));
	close(socket);
	EXPECT(send_ping(copy, 2) && receive_ack(copy) == 2);
	close(copy);
}

static void a_duplicate_of_what_is_ready(void)
{
	int socket = open_socket(0);
	EXPECT(send_ping(socket, 1));
	int copy = dup(socket);
	EXPECT(polled(copy) == polled(socket));
	EXPECT(receive_ack(socket) == 1 && polled(copy) == polled(socket) && is_idle(copy));
	close(socket);
	close(copy);
}

static void duplicates_by_fcntl(void)
{
	int socket = open_socket(0);
	int copy = fcntl(socket, F_DUPFD, 5), closing = fcntl(socket, F_DUPFD_CLOEXEC, 950);
	EXPECT(copy >= 5 && fcntl(copy, F_GETFD) == 0);
	EXPECT(closing >= 950 && fcntl(closing, F_GETFD) == FD_CLOEXEC);
	EXPECT(send_ping(copy, 1) && receive_ack(closing) == 1);
	EXPECT(fcntl(socket, F_DUPFD, -1) < 0 && errno == EINVAL);
	EXPECT(dup2(socket, socket) == socket);
	EXPECT(dup3(socket, socket, 0) < 0 && errno == EINVAL);
	close(socket);
	close(copy);
	close(closing);
}

static void duplicates_come_and_go(void)
{
	int socket = open_socket(0);
	for (uint32_t seq = 1; seq <= 3000; seq++) {
		int copy = dup(socket);
		EXPECT(copy >= 0);
		EXPECT(seq % 500 != 0 || (send_ping(copy, seq) && receive_ack(socket) == seq));
		close(copy);
	}
	close(socket);
}

static void sixty_sockets_thrice(void)
{
	int sockets[60], last = 0;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 60; i++) {
			sockets[i] = open_socket(0);
			EXPECT(sockets[i] >= 0 && send_ping(sockets[i], (uint32_t)i + 1));
			last = sockets[i] > last ? sockets[i] : last;
		}
		for (int i = 59; i >= 0; i--)
			EXPECT(receive_ack(sockets[i]) == (uint32_t)i + 1);
		for (int i = 0; i < 60; i++)
			close(sockets[i]);
	}
	// Numbers that were closed are given out again.
	int socket = open_socket(0);
	EXPECT(socket <= last);
	close(socket);
}

static void a_closed_number_is_closed(void)
{
	int socket = open_socket(0);
	close(socket);
	EXPECT(send_ping(socket, 1) == false && errno == EBADF);
	int other = open_socket(0);
	EXPECT(is_idle(other));
	close(other);
}

static void flags_of_the_descriptor(void)
{
	int socket = open_socket(0), closing = open_socket(SOCK_CLOEXEC);
	EXPECT(fcntl(socket, F_GETFD) == 0 && fcntl(closing, F_GETFD) == FD_CLOEXEC);
	EXPECT(fcntl(socket, F_SETFD, FD_CLOEXEC) == 0 && fcntl(socket, F_GETFD) == FD_CLOEXEC);
	close(socket);
	close(closing);
}

static int status_of(pid_t child)
{
	int status = -1;
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void both_sides_of_a_fork(void)
{
	int socket = open_socket(0);
	pid_t child = fork();
	if (child == 0)
		_exit(send_ping(socket, 1) && receive_ack(socket) == 1 ? 0 : 1);
	EXPECT(status_of(child) == 0);
	EXPECT(send_ping(socket, 2));
	child = fork();
	if (child == 0)
		_exit(receive_ack(socket) == 2 ? 0 : 1);
	EXPECT(status_of(child) == 0 && is_idle(socket));
	child = fork();
	if (child == 0) {
		close(socket);
		int own = open_socket(0);
		_exit(send_ping(own, 3) && receive_ack(own) == 3 ? 0 : 1);
	}
	EXPECT(status_of(child) == 0);
	EXPECT(send_ping(socket, 4) && receive_ack(socket) == 4);
	close(socket);
}

int descriptor_child(const char *number)
{
	int socket = atoi(number);
	if (fcntl(socket, F_GETFD) < 0)
		return 1;
	return send_ping(socket, 9) && receive_ack(socket) == 9 ? 0 : 1;
}

static int execute(int socket)
{
	char number[16];
	snprintf(number, sizeof number, "%d", socket);
	pid_t child = fork();
	if (child == 0) {
		execl(self, self, domain == LINUX ? "linux" : "freebsd", "--descriptor", number, (char *)NULL);
		_exit(99);
	}
	return status_of(child);
}

static void what_exec_passes_on(void)
{
	int socket = open_socket(0), closing = open_socket(SOCK_CLOEXEC);
	EXPECT(execute(socket) == 0);
	EXPECT(execute(closing) == 1);
	EXPECT(send_ping(closing, 1) && receive_ack(closing) == 1);
	close(socket);
	close(closing);
}

static void a_file_of_the_programs_own_up_there(void)
{
	struct rlimit files;
	EXPECT(getrlimit(RLIMIT_NOFILE, &files) == 0);
	int place = files.rlim_cur > 930 ? 930 : (int)files.rlim_cur - 1;
	int file = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char byte = 'x';
	EXPECT(dup2(file, place) == place);
	int sockets[40];
	for (int i = 0; i < 40; i++) {
		sockets[i] = open_socket(0);
		EXPECT(sockets[i] >= 0 && sockets[i] != place);
	}
	EXPECT(read(place, &byte, 1) == 1 && byte == 0);
	for (int i = 0; i < 40; i++)
		close(sockets[i]);
	close(place);
	close(file);
}

const struct named_check DESCRIPTOR_CHECKS[] = {
	{"duplicates are one socket", duplicates_are_one_socket, 0, false},
	{"a duplicate of what is ready", a_duplicate_of_what_is_ready, 0, false},
	{"duplicates by fcntl", duplicates_by_fcntl, 0, false},
	{"duplicates come and go", duplicates_come_and_go, 0, false},
	{"sixty sockets, thrice", sixty_sockets_thrice, 0, false},
	{"a closed number is closed", a_closed_number_is_closed, 0, false},
	{"flags of the descriptor", flags_of_the_descriptor, 0, false},
	{"both sides of a fork", both_sides_of_a_fork, 0, false},
	{"what exec passes on", what_exec_passes_on, 0, false},
	{"a file of the program's own up there", a_file_of_the_programs_own_up_there, 0, false},
	{NULL, NULL, 0, false},
};
