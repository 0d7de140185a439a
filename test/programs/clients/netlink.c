// A client as an embedded program has it: one socket, one request, no library but libc. Built dynamic, static and
// against musl (clients.test.ts).
//   netlink links | addresses | routes     a dump, one line a message, then "done"
//   netlink watch                          "watching", then one line for each event, until it is ended
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_BYTES = 32768 };

static const char *const GROUPS = "link, IPv4 and IPv6 addresses and routes";

static void fail(const char *what)
{
	fprintf(stderr, "netlink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_socket(unsigned int groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	socklen_t length = sizeof address;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		fail("socket");
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		fail("bind");
	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		fail("getsockname");
	if (length != sizeof address || address.nl_family != AF_NETLINK || address.nl_pid == 0) {
		fprintf(stderr, "netlink: getsockname: no address of netlink with a port\n");
		exit(1);
	}
	return fd;
}

static const struct rtattr *attribute(const struct nlmsghdr *message, size_t header, unsigned short type)
{
	const struct rtattr *at = (const void *)((const char *)NLMSG_DATA(message) + NLMSG_ALIGN(header));
	int left = (int)(message->nlmsg_len - NLMSG_SPACE(header));

	for (; RTA_OK(at, left); at = RTA_NEXT(at, left))
		if (at->rta_type == type)
			return at;
	return NULL;
}

static const char *address_text(int family, const struct rtattr *at, const char *otherwise)
{
	static char texts[2][INET6_ADDRSTRLEN];
	static int next;

	if (at == NULL)
		return otherwise;
	next ^= 1;
	return inet_ntop(family, RTA_DATA(at), texts[next], sizeof texts[next]);
}

static unsigned int index_of(const struct rtattr *at)
{
	unsigned int index = 0;

	if (at != NULL)
		memcpy(&index, RTA_DATA(at), sizeof index);
	return index;
}

static void print_link(const char *verb, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *name = attribute(message, sizeof *link, IFLA_IFNAME);

	printf("%s link %s index %d type %u up %d lower_up %d mtu %u\n", verb,
	       name ? (const char *)RTA_DATA(name) : "?", link->ifi_index, link->ifi_type,
	       (link->ifi_flags & IFF_UP) != 0, (link->ifi_flags & 0x10000) != 0,
	       index_of(attribute(message, sizeof *link, IFLA_MTU)));
}

static void print_address(const char *verb, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *address = NLMSG_DATA(message);

	printf("%s address %s/%u index %u\n", verb,
	       address_text(address->ifa_family, attribute(message, sizeof *address, IFA_ADDRESS), "?"),
	       address->ifa_prefixlen, address->ifa_index);
}

static void print_route(const char *verb, const struct nlmsghdr *message)
{
	const struct rtmsg *route = NLMSG_DATA(message);

	if (route->rtm_table != RT_TABLE_MAIN)
		return;
	printf("%s route %s/%u via %s index %u\n", verb,
	       address_text(route->rtm_family, attribute(message, sizeof *route, RTA_DST), "default"),
	       route->rtm_dst_len,
	       address_text(route->rtm_family, attribute(message, sizeof *route, RTA_GATEWAY), "-"),
	       index_of(attribute(message, sizeof *route, RTA_OIF)));
}

static void print_message(const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
		print_link("new", message);
		break;
	case RTM_DELLINK:
		print_link("del", message);
		break;
	case RTM_NEWADDR:
		print_address("new", message);
		break;
	case RTM_DELADDR:
		print_address("del", message);
		break;
	case RTM_NEWROUTE:
		print_route("new", message);
		break;
	case RTM_DELROUTE:
		print_route("del", message);
		break;
	default:
		printf("message %u\n", message->nlmsg_type);
	}
}

/// Prints the messages of one datagram; 1 when the dump is over.
static int take_datagram(int fd)
{
	static char buffer[RECEIVE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct sockaddr_nl sender = { 0 };
	struct iovec part = { .iov_base = buffer, .iov_len = sizeof buffer };
	struct msghdr header = { .msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t length = recvmsg(fd, &header, 0);
	int left = (int)length;

	if (length < 0)
		fail("recvmsg");
	if (length == 0 || header.msg_flags & MSG_TRUNC || header.msg_namelen != sizeof sender || sender.nl_pid != 0) {
		fprintf(stderr, "netlink: a datagram that is empty, cut, or not of the kernel\n");
		exit(1);
	}
	for (const struct nlmsghdr *at = (void *)buffer; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
		if (at->nlmsg_type == NLMSG_DONE)
			return 1;
		if (at->nlmsg_type == NLMSG_ERROR) {
			errno = -((const struct nlmsgerr *)NLMSG_DATA(at))->error;
			fail("error");
		}
		print_message(at);
	}
	return 0;
}

static void dump(unsigned short type)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg family;
	} request = {
		.header = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 1,
		},
	};
	int fd = open_socket(0);

	if (send(fd, &request, request.header.nlmsg_len, 0) != (ssize_t)request.header.nlmsg_len)
		fail("send");
	while (!take_datagram(fd))
		continue;
	printf("done\n");
	close(fd);
}

static void watch(void)
{
	struct pollfd wait = { .events = POLLIN };

	wait.fd = open_socket(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE);
	printf("watching %s\n", GROUPS);
	fflush(stdout);
	while (poll(&wait, 1, -1) > 0) {
		take_datagram(wait.fd);
		fflush(stdout);
	}
	fail("poll");
}

int main(int count, char **words)
{
	const char *word = count == 2 ? words[1] : "";

	if (strcmp(word, "links") == 0)
		dump(RTM_GETLINK);
	else if (strcmp(word, "addresses") == 0)
		dump(RTM_GETADDR);
	else if (strcmp(word, "routes") == 0)
		dump(RTM_GETROUTE);
	else if (strcmp(word, "watch") == 0)
		watch();
	else {
		fprintf(stderr, "usage: netlink links|addresses|routes|watch\n");
		return 2;
	}
	return 0;
}
