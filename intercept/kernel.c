// Neither side may wait for the other to read while it writes: writing here always reads too.
#define _GNU_SOURCE
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "sockets.h"

enum { READ_BYTES = 65536, FROM_KERNEL_BYTES_MAX = 1 << 26, EXIT_FAILED = 1 };

struct welcome kernel_limits;

static int input = -1, output = -1;
static struct buffer incoming, outgoing;
static uint32_t requests;
static bool is_gone, is_first = true;
static uint8_t *shared;
static int goodbye_status;

// The reply that a call waits for.
static struct {
	uint32_t request;
	bool is_there;
	struct reply reply;
} awaited;

void kernel_attach(int in, int out)
{
	input = in;
	output = out;
	fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK);
	fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
}

int kernel_descriptor(void)
{
	return is_gone ? -1 : input;
}

bool kernel_is_gone(void)
{
	return is_gone;
}

static void lose(const char *why)
{
	if (!is_gone && why != NULL)
		fprintf(stderr, "nlvm: the kernel %s\n", why);
	is_gone = true;
	sockets_touch(); // calls that are held are refused like new ones
}

static void enqueue(enum frame_type type, uint32_t socket, uint32_t request, const struct iovec *parts, int count)
{
	struct frame_header header = {sizeof header, (uint8_t)type, 0, 0, socket, request};
	for (int i = 0; i < count; i++)
		header.length += (uint32_t)parts[i].iov_len;
	if (is_first)
		header.version = PROTOCOL_VERSION;
	is_first = false;
	buffer_append(&outgoing, &header, sizeof header);
	for (int i = 0; i < count; i++)
		buffer_append(&outgoing, parts[i].iov_base, parts[i].iov_len);
}

static void goodbye(const uint8_t *body, size_t bytes)
{
	uint32_t status = EXIT_FAILED;
	if (bytes >= sizeof status) {
		memcpy(&status, body, sizeof status);
		fprintf(stderr, "nlvm: %.*s\n", (int)(bytes - sizeof status), (const char *)body + sizeof status);
	}
	goodbye_status = (int)status;
	lose(NULL);
}

// Carries out one frame; its body stays where it is until more is read.
static void dispatch(const struct frame_header *header, const uint8_t *body, size_t bytes)
{
	switch (header->type) {
	case FRAME_REPLY:
		if (header->request != awaited.request || bytes < sizeof(int32_t))
			return lose("answers what nobody asked");
		memcpy(&awaited.reply.result, body, sizeof(int32_t));
		awaited.reply.body = body + sizeof(int32_t);
		awaited.reply.bytes = bytes - sizeof(int32_t);
		awaited.is_there = true;
		return;
	case FRAME_DATA:
		if (!socket_data(header->socket, header->request, body, bytes))
			lose("sends data that makes no sense");
		return;
	case FRAME_STATE:
		if (bytes >= sizeof(uint32_t))
			socket_state(header->socket, body);
		return;
	case FRAME_GOODBYE:
		return goodbye(body, bytes);
	default:
		return lose("speaks of what this program does not know");
	}
}

// Carries out whole frames, as far as the awaited reply: what lies behind it could move its body. Returns whether there
// was one.
static bool dispatch_all(void)
{
	struct frame_header header;
	bool is_any = false;
	while (!is_gone && !awaited.is_there && buffer_length(&incoming) >= sizeof header) {
		memcpy(&header, incoming.bytes + incoming.start, sizeof header);
		if (header.length < sizeof header || header.length > FROM_KERNEL_BYTES_MAX) {
			lose("sends a frame that makes no sense");
			break;
		}
		if (buffer_length(&incoming) < header.length)
			break;
		const uint8_t *body = incoming.bytes + incoming.start + sizeof header;
		incoming.start += header.length;
		dispatch(&header, body, header.length - sizeof header);
		is_any = true;
	}
	return is_any;
}

// Reads what is there. Returns false when nothing was.
static bool fill(void)
{
	uint8_t *into = buffer_reserve(&incoming, READ_BYTES);
	ssize_t got = read(input, into, incoming.room - incoming.end);
	if (got > 0) {
		incoming.end += (size_t)got;
		return true;
	}
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		lose("went away");
	return false;
}

// It reads no more; what it said last may tell why.
static void hear_last_words(void)
{
	while (fill())
		dispatch_all();
	lose("went away");
}

static void drain(void)
{
	while (!is_gone && buffer_length(&outgoing) > 0) {
		ssize_t done = write(output, outgoing.bytes + outgoing.start, buffer_length(&outgoing));
		if (done >= 0)
			outgoing.start += (size_t)done;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			hear_last_words();
	}
}

// Waits until the kernel can be read from, or written to where something waits to go out.
static void wait_for_kernel(void)
{
	struct pollfd both[2] = {{input, POLLIN, 0}, {output, POLLOUT, 0}};
	poll(both, buffer_length(&outgoing) > 0 ? 2 : 1, -1);
}

void kernel_catch_up(void)
{
	dispatch_all();
}

bool kernel_listen(bool is_waiting)
{
	bool is_any = dispatch_all();
	drain();
	if (is_waiting && !is_any && !is_gone)
		wait_for_kernel();
	while (!is_gone && fill())
		dispatch_all();
	return !is_gone;
}

void kernel_flush(void)
{
	drain();
	while (!is_gone && buffer_length(&outgoing) > 0)
		kernel_listen(true);
}

void kernel_post(enum frame_type type, uint32_t socket, const void *body, size_t bytes)
{
	enqueue(type, socket, 0, &(struct iovec){(void *)body, bytes}, 1);
}

uint32_t kernel_ask(enum frame_type type, uint32_t socket, const void *body, size_t bytes)
{
	if (++requests == 0)
		requests = 1; // 0 marks what nobody asked for
	enqueue(type, socket, requests, &(struct iovec){(void *)body, bytes}, 1);
	return requests;
}

struct reply kernel_call(enum frame_type type, uint32_t socket, const struct iovec *parts, int count)
{
	const struct reply gone = {-ENETDOWN, NULL, 0};
	if (is_gone)
		return gone;
	if (++requests == 0)
		requests = 1;
	awaited.request = requests;
	awaited.is_there = false;
	enqueue(type, socket, requests, parts, count);
	dispatch_all();
	while (!awaited.is_there) {
		drain();
		if (is_gone)
			return gone;
		if (!fill() && !is_gone)
			wait_for_kernel();
		dispatch_all();
	}
	awaited.is_there = false;
	return awaited.reply;
}

static void map_shared(const char *path)
{
	int file = path[0] == '\0' ? -1 : open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0)
		return;
	void *memory = mmap(NULL, 2 * (size_t)kernel_limits.half_bytes, PROT_READ, MAP_SHARED, file, 0);
	close(file);
	if (memory != MAP_FAILED)
		shared = memory;
}

uint8_t *kernel_half(uint32_t half)
{
	return shared == NULL || half > 1 ? NULL : shared + half * (size_t)kernel_limits.half_bytes;
}

int kernel_hello(uint32_t abi, const char *vnet)
{
	uint32_t who[] = {abi, (uint32_t)getpid(), getuid(), getgid()};
	struct iovec parts[] = {{who, sizeof who}, {(void *)vnet, strlen(vnet)}};
	struct reply welcome = kernel_call(FRAME_HELLO, 0, parts, 2);
	if (is_gone)
		return goodbye_status == 0 ? EXIT_FAILED : goodbye_status;
	if (welcome.result < 0 || welcome.bytes < sizeof kernel_limits) {
		fprintf(stderr, "nlvm: the kernel does not welcome this program\n");
		return EXIT_FAILED;
	}
	memcpy(&kernel_limits, welcome.body, sizeof kernel_limits);
	char *path = strndup((const char *)welcome.body + sizeof kernel_limits, welcome.bytes - sizeof kernel_limits);
	if (path != NULL)
		map_shared(path);
	free(path);
	return 0;
}
