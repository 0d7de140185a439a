// Signals that come while a call is held, and a storm of them.
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include "harness.h"

static volatile int alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

// 0 microseconds: off.
static void set_alarm(int flags, long first, long each)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
	struct itimerval timer = {{0, each}, {0, first}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void a_signal_interrupts(void)
{
	char byte;
	int socket = open_socket(0);
	alarms = 0;
	set_alarm(0, 60000, 0);
	EXPECT(recv(socket, &byte, 1, 0) < 0 && errno == EINTR && alarms == 1);
	EXPECT(send_ping(socket, 1) && receive_ack(socket) == 1);
	close(socket);
}

static int late_socket;

static void send_from_handler(int number)
{
	(void)number;
	if (++alarms == 2)
		send_ping(late_socket, 3);
}

static void a_restarted_receive_goes_on(void)
{
	struct sigaction action = {.sa_handler = send_from_handler, .sa_flags = SA_RESTART};
	struct itimerval timer = {{0, 50000}, {0, 50000}}, off = {0};
	late_socket = open_socket(0);
	alarms = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	uint32_t seq = receive_ack(late_socket);
	setitimer(ITIMER_REAL, &off, NULL);
	EXPECT(seq == 3 && alarms >= 2);
	close(late_socket);
}

static void a_poll_is_interrupted_natively(void)
{
	int socket = open_socket(0);
	struct pollfd one = {socket, POLLIN, 0};
	set_alarm(0, 30000, 0);
	EXPECT(poll(&one, 1, 2000) < 0 && errno == EINTR);
	close(socket);
}

// Pairs of request and reply under SIGALRM every 160 microseconds: nothing is lost, nothing comes twice.
static void storm(int flags)
{
	const char *wanted = getenv("STORM_PAIRS");
	uint32_t pairs = wanted == NULL ? 1500 : (uint32_t)atoi(wanted);
	struct ack ack;
	ssize_t length;
	int socket = open_socket(0);
	alarms = 0;
	set_alarm(flags, 160, 160);
	for (uint32_t seq = 1; seq <= pairs; seq++) {
		struct header message = ping(seq);
		do
			length = send(socket, &message, sizeof message, 0);
		while (length < 0 && errno == EINTR);
		EXPECT(length == sizeof message);
		do
			length = recv(socket, &ack, sizeof ack, 0);
		while (length < 0 && errno == EINTR);
		EXPECT(length == ACK_BYTES && ack.header.seq == seq);
	}
	set_alarm(flags, 0, 0);
	EXPECT(is_idle(socket) && alarms > 0);
	close(socket);
}

static void a_storm_that_interrupts(void)
{
	storm(0);
	set_alarm(0, 0, 0);
}

static void a_storm_that_restarts(void)
{
	storm(SA_RESTART);
	set_alarm(0, 0, 0);
}

const struct named_check SIGNAL_CHECKS[] = {
	{"a signal interrupts a receive", a_signal_interrupts, 0, false},
	{"a restarted receive goes on", a_restarted_receive_goes_on, 0, false},
	{"a poll is interrupted natively", a_poll_is_interrupted_natively, 0, false},
	{"a signal storm that interrupts", a_storm_that_interrupts, 0, true},
	{"a signal storm that restarts", a_storm_that_restarts, 0, true},
	{NULL, NULL, 0, false},
};
