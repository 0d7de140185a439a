// nlvm-intercept: runs an unmodified program whose netlink sockets are those of an emulated kernel.
//   nlvm-intercept (--inherit FD | --connect PATH) [--abi linux|freebsd] [--vnet NAME] -- PROGRAM ARGS...
// --inherit: a socket to the process that has the kernel, over which both agree on two pipes: that process can wait for
// those with a plain read. --connect: the unix socket of a server.
// Ends with the program's own status when the last process of its tree has gone; 3: the machine lacks something.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "calls.h"
#include "filter.h"
#include "kernel.h"
#include "notify.h"
#include "sockets.h"
#include "start.h"

enum { EXIT_USAGE = 2, EXIT_MISSING = 3, TELL_MS = 5 };

struct options {
	int inherited;
	const char *path, *vnet;
	char **program;
};

static int usage(void)
{
	fprintf(stderr,
		"usage: nlvm-intercept (--inherit FD | --connect PATH) [--abi linux|freebsd] [--vnet NAME] "
		"-- PROGRAM ARGS...\n");
	return EXIT_USAGE;
}

static int parse(char **arguments, struct options *into)
{
	for (; arguments[0] != NULL && strcmp(arguments[0], "--") != 0; arguments += 2) {
		const char *value = arguments[1];
		if (value == NULL)
			return usage();
		if (strcmp(arguments[0], "--inherit") == 0)
			into->inherited = atoi(value);
		else if (strcmp(arguments[0], "--connect") == 0)
			into->path = value;
		else if (strcmp(arguments[0], "--vnet") == 0)
			into->vnet = value;
		else if (strcmp(arguments[0], "--abi") == 0 && strcmp(value, "freebsd") == 0)
			calls_domain = DOMAIN_FREEBSD;
		else if (strcmp(arguments[0], "--abi") != 0 || strcmp(value, "linux") != 0)
			return usage();
	}
	if (arguments[0] == NULL || arguments[1] == NULL || (into->inherited < 0) == (into->path == NULL))
		return usage();
	into->program = arguments + 1;
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) {
		fprintf(stderr, "nlvm: %s: longer than a socket's path may be\n", path);
		return EXIT_USAGE;
	}
	strcpy(address.sun_path, path);
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) < 0) {
		const char *why = strerror(errno);
		fprintf(stderr, "nlvm: %s: %s; a server is started with: nlvm serve --listen %s\n", path, why, path);
		return EXIT_MISSING;
	}
	kernel_attach(server, server);
	return 0;
}

// The other process opens the two ends named here through /proc, and then closes the socket.
static int agree_on_pipes(int channel)
{
	int to[2], from[2];
	char text[64];
	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0) {
		perror("nlvm: pipe");
		return EXIT_MISSING;
	}
	fcntl(channel, F_SETFD, FD_CLOEXEC);
	fcntl(from[0], F_SETPIPE_SZ, 1 << 20);
	int length = snprintf(text, sizeof text, "%d %d\n", to[0], from[1]);
	if (write(channel, text, (size_t)length) != length || read(channel, text, 1) != 0) {
		fprintf(stderr, "nlvm: no process with a kernel at descriptor %d\n", channel);
		return EXIT_MISSING;
	}
	close(channel);
	close(to[0]);
	close(from[1]);
	kernel_attach(from[0], to[1]);
	return 0;
}

// The shorter of two waits in milliseconds, of which -1 is for ever.
static int shorter(int one, int other)
{
	return one < 0 || (other >= 0 && other < one) ? other : one;
}

// Tells the kernel regularly that time has passed, where it wants to be told.
static int64_t next_tick;

static int tick_patience(void)
{
	if (kernel_limits.tick_ms == 0)
		return -1;
	int64_t left = next_tick - now_microseconds();
	return left <= 0 ? 0 : (int)(left / 1000 + 1);
}

static void tick(void)
{
	if (kernel_limits.tick_ms == 0 || now_microseconds() < next_tick)
		return;
	kernel_post(FRAME_TICK, 0, NULL, 0);
	next_tick = now_microseconds() + (int64_t)kernel_limits.tick_ms * 1000;
}

// Serves the program's calls until the last process under the filter has gone. Returns the program's status.
static int serve(const struct started *started)
{
	enum { LISTENER, KERNEL, SIGNALS, HANGUPS, COUNT };
	int status = 0;
	bool has_ended = false;
	for (;;) {
		struct pollfd ready[COUNT] = {
			[LISTENER] = {started->listener, POLLIN, 0},
			[KERNEL] = {kernel_descriptor(), POLLIN, 0},
			[SIGNALS] = {signals_descriptor(), POLLIN, 0},
			[HANGUPS] = {descriptors_hangups(), POLLIN, 0},
		};
		kernel_catch_up();
		notify_retry();
		kernel_flush();
		bool has_untold = sockets_have_untold();
		int patience = shorter(notify_patience(), tick_patience());
		if (poll(ready, COUNT, has_untold ? shorter(patience, TELL_MS) : patience) == 0 && has_untold)
			sockets_tell_taken();
		if (ready[KERNEL].revents != 0)
			kernel_listen(false);
		// Hang-ups before requests: a number is free again only when its hang-up was handled.
		if (ready[HANGUPS].revents != 0)
			descriptors_reap();
		if (ready[SIGNALS].revents != 0 && signals_take(started->process, &status))
			has_ended = true;
		if (ready[LISTENER].revents & POLLIN)
			notify_take();
		else if (ready[LISTENER].revents & POLLHUP && has_ended)
			return status;
		tick();
	}
}

int main(int count, char **arguments)
{
	(void)count;
	struct options options = {.inherited = -1, .vnet = ""};
	struct started started;
	struct filter filter;
	int status = parse(arguments + 1, &options);
	if (status != 0)
		return status;
	signals_start();
	struct number_range range = descriptors_start();
	status = options.path != NULL ? connect_to(options.path) : agree_on_pipes(options.inherited);
	if (status == 0)
		status = kernel_hello(calls_domain, options.vnet);
	if (status != 0)
		return status;
	// On Linux the number of routing sockets is that of packet sockets, which are none of ours.
	struct families families = {calls_domain, calls_domain == DOMAIN_FREEBSD ? DOMAIN_ROUTING : calls_domain};
	filter_build(&filter, families, range.base, range.count);
	status = start_program(options.program, &filter, &started);
	if (status != 0)
		return status;
	notify_start(started.listener);
	status = serve(&started);
	kernel_flush();
	return status;
}
