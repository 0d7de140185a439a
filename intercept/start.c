#define _GNU_SOURCE
#include "start.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_MISSING = 3, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, SIGNAL_STATUS = 128 };

static const int IGNORED[] = {SIGINT, SIGQUIT, SIGPIPE};
enum { IGNORED_COUNT = sizeof IGNORED / sizeof IGNORED[0] };

static struct sigaction inherited_actions[IGNORED_COUNT];
static sigset_t inherited_mask;
static int signals = -1;

void signals_start(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	for (int i = 0; i < IGNORED_COUNT; i++)
		sigaction(IGNORED[i], &ignore, &inherited_actions[i]);
	sigset_t taken;
	sigemptyset(&taken);
	sigaddset(&taken, SIGCHLD);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGHUP);
	sigprocmask(SIG_BLOCK, &taken, &inherited_mask);
	signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_descriptor(void)
{
	return signals;
}

bool signals_take(pid_t process, int *exit_status)
{
	struct signalfd_siginfo signal;
	while (read(signals, &signal, sizeof signal) == sizeof signal) {
		if (signal.ssi_signo != SIGCHLD)
			kill(process, (int)signal.ssi_signo);
	}
	bool has_ended = false;
	int status;
	for (pid_t child = waitpid(-1, &status, WNOHANG); child > 0; child = waitpid(-1, &status, WNOHANG)) {
		if (child != process)
			continue;
		has_ended = true;
		*exit_status = WIFSIGNALED(status) ? SIGNAL_STATUS + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return has_ended;
}

// What the child says of itself before it becomes the program: an errno, and with 0 the listener.
static void tell(int channel, int error, int listener)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {&error, sizeof error};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (error == 0) {
		control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.header), &listener, sizeof listener);
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
	}
	sendmsg(channel, &message, 0);
}

static int hear(int channel, int *listener)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control;
	int error = EPIPE;
	struct iovec part = {&error, sizeof error};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != sizeof error)
		return EPIPE;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (error == 0 && header == NULL)
		return EPIPE;
	if (error == 0)
		memcpy(listener, CMSG_DATA(header), sizeof *listener);
	return error;
}

// With CAP_SYS_ADMIN the filter needs no no_new_privs, and setuid programs behave as ever.
static int install(const struct filter *filter)
{
	struct sock_fprog program = {filter->length, (struct sock_filter *)filter->code};
	long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return (int)listener;
}

static _Noreturn void become(char **arguments, const struct filter *filter, int channel)
{
	char go;
	int listener = install(filter);
	tell(channel, listener < 0 ? errno : 0, listener);
	if (listener < 0 || read(channel, &go, 1) != 1)
		_exit(EXIT_MISSING);
	close(listener);
	close(channel);
	for (int i = 0; i < IGNORED_COUNT; i++)
		sigaction(IGNORED[i], &inherited_actions[i], NULL);
	sigprocmask(SIG_SETMASK, &inherited_mask, NULL);
	execvp(arguments[0], arguments);
	bool is_missing = errno == ENOENT || errno == ENOTDIR;
	fprintf(stderr, "nlvm: %s: %s\n", arguments[0], is_missing ? "command not found" : strerror(errno));
	_exit(is_missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

// ADDFD with SEND came with Linux 5.14; an older kernel does not look for the call, but refuses the flag.
static bool can_install_and_answer(int listener)
{
	struct seccomp_notif_addfd probe = {.id = 0, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)listener};
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &probe) < 0 && errno == ENOENT;
}

static int refuse(int error)
{
	struct utsname system = {0};
	uname(&system);
	switch (error) {
	case EBUSY:
		fprintf(stderr,
			"nlvm: this process runs under a seccomp listener already (another nlvm run, or a supervisor of the "
			"kind), and Linux allows one: run it outside\n");
		break;
	case EINVAL:
	case ENOSYS:
		fprintf(stderr, "nlvm: Linux 5.14 or later with seccomp user notification is needed; this is %s %s\n",
			system.sysname, system.release);
		break;
	default:
		fprintf(stderr,
			"nlvm: seccomp listeners are forbidden here (%s): the container or sandbox must allow "
			"seccomp(SECCOMP_SET_MODE_FILTER) with a listener\n",
			strerror(error));
	}
	return EXIT_MISSING;
}

int start_program(char **arguments, const struct filter *filter, struct started *into)
{
	int channel[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0) {
		perror("nlvm: socketpair");
		return EXIT_MISSING;
	}
	into->process = fork();
	if (into->process < 0) {
		perror("nlvm: fork");
		return EXIT_MISSING;
	}
	if (into->process == 0)
		become(arguments, filter, channel[1]);
	close(channel[1]);
	int error = hear(channel[0], &into->listener);
	if (error == 0 && !can_install_and_answer(into->listener))
		error = ENOSYS;
	if (error == 0 && write(channel[0], "g", 1) != 1)
		error = EPIPE;
	close(channel[0]);
	return error == 0 ? 0 : refuse(error);
}
