// A client of generic netlink as programs on Linux are: asks the controller for the family "dummy" and its group "ticks",
// joins it, asks for an event each 50 ms, and waits for three in poll. Prints each.
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { EVENTS = 5, INTERVAL = 6, TICK = 7, MILLISECONDS = 10000, TICKS = 3 };
#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

struct request {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	struct nlattr attribute;
	char payload[16];
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void ask(int fd, uint16_t type, uint8_t command, uint16_t attribute, const void *payload, uint16_t length)
{
	struct request request = {
		.header = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK, .nlmsg_seq = 1},
		.genl = {.cmd = command, .version = 1},
		.attribute = {.nla_len = NLA_HDRLEN + length, .nla_type = attribute},
	};
	memcpy(request.payload, payload, length);
	request.header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN + NLA_ALIGN(NLA_HDRLEN + length));
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		fail("send");
}

// The payload of an attribute in a list, or NULL.
static const void *find(const char *list, size_t length, uint16_t type)
{
	for (size_t at = 0; at + NLA_HDRLEN <= length;) {
		const struct nlattr *attribute = (const struct nlattr *)(list + at);
		if (attribute->nla_len < NLA_HDRLEN)
			return NULL;
		if (attribute->nla_type == type)
			return attribute + 1;
		at += NLA_ALIGN(attribute->nla_len);
	}
	return NULL;
}

// The next message, of those that a receive has given or of another; its attributes begin where this points. FreeBSD's own
// layer gives several at once.
static const char *next(int fd, struct nlmsghdr **header, size_t *length)
{
	static _Alignas(8) char buffer[8192];
	static size_t filled, at;
	if (at >= filled) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		if (poll(&waiting, 1, MILLISECONDS) != 1)
			fail("poll");
		ssize_t got = recv(fd, buffer, sizeof buffer, 0);
		if (got < (ssize_t)sizeof(struct nlmsghdr))
			fail("recv");
		filled = got;
		at = 0;
	}
	*header = (struct nlmsghdr *)(buffer + at);
	at += NLMSG_ALIGN((*header)->nlmsg_len);
	*length = (*header)->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
	return (const char *)*header + NLMSG_LENGTH(GENL_HDRLEN);
}

int main(void)
{
	struct nlmsghdr *header;
	size_t length;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (fd < 0)
		fail("socket");
	ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, "dummy", 6);
	const char *list = next(fd, &header, &length);
	const uint16_t *id = find(list, length, CTRL_ATTR_FAMILY_ID);
	const char *groups = find(list, length, CTRL_ATTR_MCAST_GROUPS);
	if (header->nlmsg_type != GENL_ID_CTRL || id == NULL || groups == NULL)
		return 2;
	uint16_t family = *id;
	// The first group of the list: a nest in the nest.
	uint32_t group = *(const uint32_t *)find(groups + NLA_HDRLEN, 32, CTRL_ATTR_MCAST_GRP_ID);
	next(fd, &header, &length);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
		fail("setsockopt");
	uint32_t interval = 50;
	ask(fd, family, EVENTS, INTERVAL, &interval, sizeof interval);
	for (int told = 0; told < TICKS;) {
		list = next(fd, &header, &length);
		if (header->nlmsg_type != family)
			continue;
		printf("tick %u\n", *(const uint32_t *)find(list, length, TICK));
		told++;
	}
	return 0;
}
