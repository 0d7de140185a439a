// Names, options, and what a netlink socket does not do.
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "harness.h"

static void names(void)
{
	struct name name;
	socklen_t length = sizeof name;
	int socket = open_socket(0), other = open_socket(0);
	EXPECT(getsockname(socket, (struct sockaddr *)&name, &length) == 0 && length == NAME_BYTES);
	EXPECT(is_name(&name) && port_of(&name) == 0);
	name = name_of(0, 0);
	EXPECT(bind(socket, (struct sockaddr *)&name, sizeof name) == 0);
	EXPECT(getsockname(socket, (struct sockaddr *)&name, &length) == 0 && port_of(&name) == (uint32_t)getpid());
	EXPECT(bind(other, (struct sockaddr *)&name, sizeof name) < 0 && errno == EADDRINUSE);
	name = name_of(0, 0);
	EXPECT(bind(other, (struct sockaddr *)&name, sizeof name) == 0);
	length = 6;
	EXPECT(getsockname(other, (struct sockaddr *)&name, &length) == 0 && length == NAME_BYTES);
	EXPECT(bind(other, (struct sockaddr *)&name, 11) < 0 && errno == EINVAL);
	length = (socklen_t)-1;
	EXPECT(getsockname(other, (struct sockaddr *)&name, &length) < 0 && errno == EINVAL);
	close(other);
	close(socket);
}

static int option(int socket, int name)
{
	int value = -1;
	socklen_t length = sizeof value;
	return getsockopt(socket, SOL_SOCKET, name, &value, &length) == 0 && length == sizeof value ? value : -1;
}

static void what_it_is(void)
{
	struct stat status;
	int socket = open_socket(0);
	EXPECT(option(socket, SO_TYPE) == SOCK_RAW);
	EXPECT(option(socket, SO_DOMAIN) == domain);
	EXPECT(option(socket, SO_PROTOCOL) == 0);
	EXPECT(option(socket, SO_ERROR) == 0);
	EXPECT(fstat(socket, &status) == 0 && S_ISSOCK(status.st_mode));
	EXPECT(fstatat(socket, "", &status, AT_EMPTY_PATH) == 0 && S_ISSOCK(status.st_mode));
	EXPECT(fstatat(socket, "name", &status, 0) < 0 && errno == ENOTDIR);
	close(socket);
}

static void buffer_sizes(void)
{
	int bytes = 100000, scale = domain == LINUX ? 2 : 1;
	int socket = open_socket(0);
	EXPECT(setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0);
	EXPECT(setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) == 0);
	EXPECT(option(socket, SO_SNDBUF) == bytes * scale && option(socket, SO_RCVBUF) == bytes * scale);
	close(socket);
}

static void netlink_options(void)
{
	int on = 1, value = 0;
	socklen_t length = sizeof value;
	int socket = open_socket(0);
	EXPECT(setsockopt(socket, 270, 11, &on, sizeof on) == 0); // NETLINK_EXT_ACK
	EXPECT(getsockopt(socket, 270, 11, &value, &length) == 0 && value == 1 && length == sizeof value);
	EXPECT(setsockopt(socket, 270, 99, &on, sizeof on) < 0 && errno == ENOPROTOOPT);
	length = 2;
	EXPECT(domain == LINUX || (getsockopt(socket, 270, 11, &value, &length) == 0 && length == 2));
	length = (socklen_t)-1;
	EXPECT(getsockopt(socket, 270, 11, &value, &length) < 0 && errno == EINVAL);
	close(socket);
}

static void what_it_does_not_do(void)
{
	int value, socket = open_socket(0);
	EXPECT(listen(socket, 1) < 0 && errno == EOPNOTSUPP);
	EXPECT(accept(socket, NULL, NULL) < 0 && errno == (domain == LINUX ? EOPNOTSUPP : EINVAL));
	EXPECT(shutdown(socket, SHUT_RD) < 0 && errno == EOPNOTSUPP);
	EXPECT(ioctl(socket, 0x5413, &value) < 0 && errno == (domain == LINUX ? ENOTTY : EOPNOTSUPP)); // TIOCGWINSZ
	EXPECT(isatty(socket) == 0);
	close(socket);
}

static void what_cannot_be_opened(void)
{
	EXPECT(socket(domain, SOCK_STREAM, 0) < 0 && errno == (domain == LINUX ? ESOCKTNOSUPPORT : EPROTOTYPE));
	EXPECT(socket(domain, SOCK_RAW, 19) < 0 && errno == EPROTONOSUPPORT);
	EXPECT(domain == LINUX || (socket(domain, SOCK_RAW, 999) < 0 && errno == EINVAL));
	EXPECT(socket(domain, SOCK_RAW | 0x10000000, 0) < 0 && errno == EINVAL);
}

static void a_message_beyond_the_limit(void)
{
	static char bytes[1 << 20];
	int limit = 8192;
	int socket = open_socket(0);
	EXPECT(setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &limit, sizeof limit) == 0);
	EXPECT(send(socket, bytes, sizeof bytes, 0) < 0 && errno == EMSGSIZE);
	EXPECT(send_ping(socket, 1) && receive_ack(socket) == 1);
	close(socket);
}

static void interface_names(void)
{
	char name[IF_NAMESIZE];
	const char *loopback = domain == LINUX ? "lo" : "lo0";
	EXPECT(if_nametoindex(loopback) == 1);
	EXPECT(if_indextoname(1, name) == name && strcmp(name, loopback) == 0);
	EXPECT(if_nametoindex("nowhere7") == 0 && errno == ENODEV);
	EXPECT(if_indextoname(4242, name) == NULL && errno == ENXIO);
}

static void other_sockets_are_the_machines_own(void)
{
	char byte = 'x';
	int pair[2];
	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	EXPECT(write(pair[0], &byte, 1) == 1 && read(pair[1], &byte, 1) == 1);
	close(pair[0]);
	close(pair[1]);
	int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
	EXPECT(datagrams >= 0 && datagrams < 900);
	close(datagrams);
}

const struct named_check CALL_CHECKS[] = {
	{"names", names, 0, false},
	{"what it is", what_it_is, 0, false},
	{"buffer sizes", buffer_sizes, 0, false},
	{"options of netlink", netlink_options, 0, false},
	{"what it does not do", what_it_does_not_do, 0, false},
	{"what cannot be opened", what_cannot_be_opened, 0, false},
	{"a message beyond the limit", a_message_beyond_the_limit, 0, false},
	{"interface names", interface_names, 0, false},
	{"other sockets are the machine's own", other_sockets_are_the_machines_own, 0, false},
	{NULL, NULL, 0, false},
};
