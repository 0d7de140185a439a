// Threads and processes that wait on one socket.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "harness.h"

struct waiter {
	int socket;
	uint32_t seq;
	volatile pid_t thread;
};

static void *wait_for_ack(void *argument)
{
	struct waiter *waiter = argument;
	waiter->thread = (pid_t)syscall(SYS_gettid);
	waiter->seq = receive_ack(waiter->socket);
	return NULL;
}

// Waits until a thread or process sleeps, as in a call that is held.
static void until_asleep(pid_t thread)
{
	char path[64], text[256];
	snprintf(path, sizeof path, "/proc/%d/stat", thread);
	for (int i = 0, asleep = 0; i < 2000 && asleep < 3; i++, usleep(2000)) {
		FILE *file = fopen(path, "r");
		size_t length = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
		text[length] = '\0';
		char *state = strrchr(text, ')');
		asleep = state != NULL && state[2] == 'S' ? asleep + 1 : 0;
		if (file != NULL)
			fclose(file);
	}
}

static void until_held(const struct waiter *waiter)
{
	while (waiter->thread == 0)
		usleep(1000);
	until_asleep(waiter->thread);
}

static void a_thread_waits_while_another_sends(void)
{
	struct waiter waiter = {open_socket(0), 0, 0};
	pthread_t thread;
	EXPECT(pthread_create(&thread, NULL, wait_for_ack, &waiter) == 0);
	until_held(&waiter);
	EXPECT(send_ping(waiter.socket, 5));
	pthread_join(thread, NULL);
	EXPECT(waiter.seq == 5);
	close(waiter.socket);
}

// Four threads wait for four acks. What each gets is in the order of their coming, or in any.
static void share(bool is_in_order)
{
	struct waiter waiters[4];
	pthread_t threads[4];
	int socket = open_socket(0);
	for (int i = 0; i < 4; i++) {
		waiters[i] = (struct waiter){socket, 0, 0};
		EXPECT(pthread_create(&threads[i], NULL, wait_for_ack, &waiters[i]) == 0);
		until_held(&waiters[i]);
	}
	for (uint32_t seq = 1; seq <= 4; seq++)
		EXPECT(send_ping(socket, seq));
	unsigned seen = 0;
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		EXPECT(!is_in_order || waiters[i].seq == (uint32_t)i + 1);
		seen |= 1u << waiters[i].seq;
	}
	EXPECT(seen == 0x1e && is_idle(socket));
	close(socket);
}

static void threads_share_what_comes(void)
{
	share(false);
}

static void threads_are_served_in_turn(void)
{
	share(true);
}

static void *a_hundred_rounds(void *argument)
{
	struct waiter *waiter = argument;
	int socket = open_socket(0);
	waiter->seq = 0;
	for (uint32_t seq = 1; seq <= 100 && send_ping(socket, seq) && receive_ack(socket) == seq; seq++)
		waiter->seq = seq;
	close(socket);
	return NULL;
}

static void threads_with_sockets_of_their_own(void)
{
	struct waiter waiters[8];
	pthread_t threads[8];
	for (int i = 0; i < 8; i++)
		EXPECT(pthread_create(&threads[i], NULL, a_hundred_rounds, &waiters[i]) == 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		EXPECT(waiters[i].seq == 100);
	}
}

static void a_killed_process_takes_nothing_along(void)
{
	int socket = open_socket(0), status;
	pid_t child = fork();
	if (child == 0)
		_exit((int)receive_ack(socket)); // waits until it is killed
	until_asleep(child);
	EXPECT(kill(child, 9) == 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	EXPECT(send_ping(socket, 6) && receive_ack(socket) == 6);
	close(socket);
}

const struct named_check PROCESS_CHECKS[] = {
	{"a thread waits while another sends", a_thread_waits_while_another_sends, 0, false},
	{"threads share what comes", threads_share_what_comes, 0, false},
	{"threads are served in turn", threads_are_served_in_turn, 0, true}, // Linux promises no order
	{"threads with sockets of their own", threads_with_sockets_of_their_own, 0, false},
	{"a killed process takes nothing along", a_killed_process_takes_nothing_along, 0, false},
	{NULL, NULL, 0, false},
};
