// nlvm-reader: the reader of `nlvm bench compat`. The same program measures a kernel that `nlvm run` gives it and the
// machine's own, so that only the kernels differ. It takes orders from standard input, one a line, and answers each with a
// line of JSON on standard output:
//   setup ADDRESS/LENGTH...    makes an interface, brings it up, gives it the addresses     {"index": N}
//   load FILE                  sends the file's batches, each after the one before was acked {"nanoseconds": N}
//   dump FAMILY                one dump of all routes of a family                            {"routes": N, "nanoseconds": N}
//   run PROGRAM ARGS...        a program, its output thrown away                             {"nanoseconds": N}
// A batch in the file is its length as 32 bits and the messages, the last of which asks for an ack.
// Ends with its input; with status 1 and a line on standard error when the kernel refuses something.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	RECEIVE_BYTES = 32 * 1024, // what ip, BIRD and zebra offer
	BATCH_BYTES_MAX = 64 * 1024,
	ORDER_BYTES = 4096,
	WORDS_MAX = 32,
	SEND_BUFFER_BYTES = 1 << 20,
};

static const char NAME[] = "gate0", PEER[] = "gate1";

static int route_socket;
static char received[RECEIVE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "nlvm-reader: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int open_socket(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int size = SEND_BUFFER_BYTES;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		fail("socket");
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		fail("bind");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size); // as much as the system allows
	return fd;
}

static void send_all(const void *bytes, size_t length)
{
	if (send(route_socket, bytes, length, 0) != (ssize_t)length)
		fail("send");
}

static ssize_t receive(void)
{
	ssize_t length = recv(route_socket, received, sizeof received, 0);

	if (length <= 0)
		fail("recv");
	return length;
}

/// Reads until an ack came. @returns the errno in the first message that is an error, 0 when none is
static int await_ack(void)
{
	for (;;) {
		int left = (int)receive();

		for (const struct nlmsghdr *at = (void *)received; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left))
			if (at->nlmsg_type == NLMSG_ERROR)
				return -((const struct nlmsgerr *)NLMSG_DATA(at))->error;
	}
}

// ---- setup

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		char bytes[512];
	};
};

static struct request begin(uint16_t type, uint16_t flags, size_t family_header)
{
	struct request request = { .header = {
		.nlmsg_len = NLMSG_LENGTH(family_header),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
		.nlmsg_seq = 1,
	} };
	return request;
}

static struct rtattr *put(struct request *request, uint16_t type, const void *payload, size_t length)
{
	struct rtattr *at = (void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	at->rta_type = type;
	at->rta_len = RTA_LENGTH(length);
	if (length > 0)
		memcpy(RTA_DATA(at), payload, length);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_SPACE(length);
	return at;
}

static void end(struct request *request, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)((char *)request + request->header.nlmsg_len - (char *)nest);
}

static int ask(const struct request *request)
{
	send_all(request, request->header.nlmsg_len);
	return await_ack();
}

/// A pair of interfaces whose first one has carrier once both are up.
static int make_pair(void)
{
	struct request request = begin(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	static const struct ifinfomsg peer_header;
	struct rtattr *info, *data, *peer;

	put(&request, IFLA_IFNAME, NAME, sizeof NAME);
	info = put(&request, IFLA_LINKINFO, NULL, 0);
	put(&request, IFLA_INFO_KIND, "veth", 5);
	data = put(&request, IFLA_INFO_DATA, NULL, 0);
	peer = put(&request, 1 /* VETH_INFO_PEER */, &peer_header, sizeof peer_header);
	put(&request, IFLA_IFNAME, PEER, sizeof PEER);
	end(&request, peer);
	end(&request, data);
	end(&request, info);
	return ask(&request);
}

static int make_dummy(void)
{
	struct request request = begin(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	struct rtattr *info;

	put(&request, IFLA_IFNAME, NAME, sizeof NAME);
	info = put(&request, IFLA_LINKINFO, NULL, 0);
	put(&request, IFLA_INFO_KIND, "dummy", 6);
	end(&request, info);
	return ask(&request);
}

static int bring_up(const char *name)
{
	struct request request = begin(RTM_NEWLINK, NLM_F_ACK, sizeof(struct ifinfomsg));

	request.link.ifi_flags = request.link.ifi_change = IFF_UP;
	put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return ask(&request);
}

static int index_of(const char *name)
{
	struct request request = begin(RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	const struct nlmsghdr *answer = (void *)received;

	put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	send_all(&request, request.header.nlmsg_len);
	receive();
	if (answer->nlmsg_type != RTM_NEWLINK) {
		errno = ENODEV;
		fail(name);
	}
	return ((const struct ifinfomsg *)NLMSG_DATA(answer))->ifi_index;
}

static void add_address(int index, char *text)
{
	struct request request = begin(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE, sizeof(struct ifaddrmsg));
	char *slash = strchr(text, '/');
	uint32_t without_detection = IFA_F_NODAD;
	unsigned char bytes[16];

	if (slash == NULL) {
		errno = EINVAL;
		fail(text);
	}
	*slash = '\0';
	request.address.ifa_family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	request.address.ifa_prefixlen = (unsigned char)atoi(slash + 1);
	request.address.ifa_index = (unsigned int)index;
	if (inet_pton(request.address.ifa_family, text, bytes) != 1)
		fail(text);
	put(&request, IFA_LOCAL, bytes, request.address.ifa_family == AF_INET ? 4 : 16);
	put(&request, IFA_ADDRESS, bytes, request.address.ifa_family == AF_INET ? 4 : 16);
	if (request.address.ifa_family == AF_INET6)
		put(&request, IFA_FLAGS, &without_detection, sizeof without_detection);
	if ((errno = ask(&request)) != 0)
		fail(text);
}

static void set_up(char **addresses)
{
	int index;

	errno = make_pair();
	if (errno == EOPNOTSUPP)
		errno = make_dummy();
	else if (errno == 0)
		errno = bring_up(PEER);
	if (errno != 0 || (errno = bring_up(NAME)) != 0)
		fail(NAME);
	index = index_of(NAME);
	for (; *addresses != NULL; addresses++)
		add_address(index, *addresses);
	printf("{\"index\": %d}\n", index);
}

// ---- measurements

static void load(const char *path)
{
	static char batch[BATCH_BYTES_MAX];
	FILE *file = fopen(path, "rb");
	int64_t begun = now();
	uint32_t length;

	if (file == NULL)
		fail(path);
	while (fread(&length, sizeof length, 1, file) == 1) {
		if (length > sizeof batch || fread(batch, 1, length, file) != length) {
			errno = EBADMSG;
			fail(path);
		}
		send_all(batch, length);
		if ((errno = await_ack()) != 0)
			fail("a batch of routes");
	}
	fclose(file);
	printf("{\"nanoseconds\": %lld}\n", (long long)(now() - begun));
}

static void dump(int family)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
	} request = {
		.header = {
			.nlmsg_len = sizeof request,
			.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 1,
		},
		.route.rtm_family = (unsigned char)family,
	};
	int64_t begun = now();
	long routes = 0;

	send_all(&request, sizeof request);
	for (;;) {
		int left = (int)receive();

		for (const struct nlmsghdr *at = (void *)received; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
			if (at->nlmsg_type == NLMSG_DONE) {
				printf("{\"routes\": %ld, \"nanoseconds\": %lld}\n", routes, (long long)(now() - begun));
				return;
			}
			if (at->nlmsg_type == NLMSG_ERROR) {
				errno = -((const struct nlmsgerr *)NLMSG_DATA(at))->error;
				fail("the dump");
			}
			routes++;
		}
	}
}

static void run(char **words)
{
	int64_t begun = now();
	pid_t child = fork();
	int status;

	if (child < 0)
		fail("fork");
	if (child == 0) {
		int nowhere = open("/dev/null", O_RDWR);

		if (nowhere < 0 || dup2(nowhere, STDIN_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
			_exit(127);
		execvp(words[0], words);
		_exit(127);
	}
	if (waitpid(child, &status, 0) < 0)
		fail("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		errno = ECHILD;
		fail(words[0]);
	}
	printf("{\"nanoseconds\": %lld}\n", (long long)(now() - begun));
}

/// Cuts a line into its words. @returns how many
static int split(char *line, char **words)
{
	int count = 0;

	for (char *word = strtok(line, " \n"); word != NULL && count < WORDS_MAX - 1; word = strtok(NULL, " \n"))
		words[count++] = word;
	words[count] = NULL;
	return count;
}

int main(void)
{
	char line[ORDER_BYTES], *words[WORDS_MAX];

	route_socket = open_socket();
	while (fgets(line, sizeof line, stdin) != NULL) {
		int count = split(line, words);

		if (count >= 1 && strcmp(words[0], "setup") == 0)
			set_up(words + 1);
		else if (count == 2 && strcmp(words[0], "load") == 0)
			load(words[1]);
		else if (count == 2 && strcmp(words[0], "dump") == 0)
			dump(strcmp(words[1], "inet6") == 0 ? AF_INET6 : AF_INET);
		else if (count >= 2 && strcmp(words[0], "run") == 0)
			run(words + 1);
		else {
			fprintf(stderr, "nlvm-reader: unknown order; expected setup, load, dump or run\n");
			return 2;
		}
		fflush(stdout);
	}
	return 0;
}
