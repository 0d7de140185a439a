// matrix linux|freebsd [NAME...]: every check but those that run apart, or those named.
// matrix linux|freebsd --wait: waits in a receive.
#include <stdlib.h>
#include <time.h>

#include "harness.h"

int domain;
char failure[256];
const char *self;

struct header ping(uint32_t seq)
{
	return (struct header){PING_BYTES, 1, 5, seq, 0};
}

struct name name_of(uint32_t port, uint32_t groups)
{
	struct name name = {{0}};
	uint16_t family = LINUX;
	if (domain == FREEBSD) {
		name.bytes[0] = NAME_BYTES;
		name.bytes[1] = FREEBSD;
	} else {
		memcpy(name.bytes, &family, sizeof family);
	}
	memcpy(name.bytes + 4, &port, sizeof port);
	memcpy(name.bytes + 8, &groups, sizeof groups);
	return name;
}

uint32_t port_of(const struct name *name)
{
	uint32_t port;
	memcpy(&port, name->bytes + 4, sizeof port);
	return port;
}

bool is_name(const struct name *name)
{
	struct name expected = name_of(0, 0);
	return memcmp(name->bytes, expected.bytes, 4) == 0;
}

int open_socket(int flags)
{
	return socket(domain, SOCK_RAW | flags, 0);
}

bool send_ping(int socket, uint32_t seq)
{
	struct header message = ping(seq);
	return send(socket, &message, sizeof message, 0) == sizeof message;
}

uint32_t receive_ack(int socket)
{
	struct ack ack = {0};
	if (recv(socket, &ack, sizeof ack, 0) != ACK_BYTES || ack.header.type != 2 || ack.error != 0)
		return 0;
	return ack.header.seq;
}

int64_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Waits for what nobody sends. Returns the errno with which that ends.
static int wait_for_nothing(void)
{
	char byte;
	int socket = open_socket(0);
	puts("waits");
	fflush(stdout);
	return recv(socket, &byte, 1, 0) < 0 ? errno : 0;
}

static bool is_wanted(const struct named_check *check, char **wanted)
{
	if (*wanted == NULL)
		return !check->is_apart;
	for (; *wanted != NULL; wanted++) {
		if (strcmp(*wanted, check->name) == 0)
			return true;
	}
	return false;
}

int main(int count, char **arguments)
{
	static const struct named_check *const SUITES[] = {
		READINESS_CHECKS, RECEIVE_CHECKS, CALL_CHECKS, DESCRIPTOR_CHECKS, PROCESS_CHECKS, SIGNAL_CHECKS, FREEBSD_CHECKS,
	};
	bool has_failed = false;
	if (count < 2)
		return 2;
	self = arguments[0];
	domain = strcmp(arguments[1], "freebsd") == 0 ? FREEBSD : LINUX;
	if (count == 4 && strcmp(arguments[2], "--descriptor") == 0)
		return descriptor_child(arguments[3]);
	if (count == 3 && strcmp(arguments[2], "--wait") == 0)
		return wait_for_nothing();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof SUITES / sizeof SUITES[0]; i++) {
		for (const struct named_check *each = SUITES[i]; each->name != NULL; each++) {
			if ((each->only != 0 && each->only != domain) || !is_wanted(each, arguments + 2))
				continue;
			failure[0] = '\0';
			errno = 0;
			each->run();
			has_failed |= failure[0] != '\0';
			printf(failure[0] == '\0' ? "ok %s\n" : "not ok %s: %s\n", each->name, failure);
		}
	}
	return has_failed ? 1 : 0;
}
