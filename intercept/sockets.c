#define _GNU_SOURCE
#include "sockets.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "frames.h"
#include "kernel.h"
#include "notify.h"

static struct socket *sockets[DESCRIPTORS_MAX]; // by (id - 1) % DESCRIPTORS_MAX
static uint32_t rounds[DESCRIPTORS_MAX];        // how often a place was used: makes ids differ
static unsigned sockets_end;                    // places from here on were never used

void sockets_touch(void)
{
	for (unsigned place = 0; place < sockets_end; place++) {
		if (sockets[place] != NULL)
			sockets[place]->is_touched = true;
	}
}

bool sockets_take_touched(void)
{
	bool is_any = false;
	for (unsigned place = 0; place < sockets_end; place++) {
		struct socket *socket = sockets[place];
		if (socket == NULL)
			continue;
		is_any |= socket->is_touched;
		socket->was_touched = socket->is_touched;
		socket->is_touched = false;
	}
	return is_any;
}

void socket_tell_taken(struct socket *socket)
{
	if (socket->queue.taken > 0)
		kernel_post(FRAME_TAKEN, socket->id, &socket->queue.taken, sizeof socket->queue.taken);
	socket->queue.taken = 0;
}

bool sockets_have_untold(void)
{
	for (unsigned place = 0; place < sockets_end; place++) {
		if (sockets[place] != NULL && sockets[place]->queue.taken > 0)
			return true;
	}
	return false;
}

bool sockets_tell_taken(void)
{
	bool is_any = sockets_have_untold();
	for (unsigned place = 0; is_any && place < sockets_end; place++) {
		if (sockets[place] != NULL)
			socket_tell_taken(sockets[place]);
	}
	return is_any;
}

static struct socket *socket_by_id(uint32_t id)
{
	struct socket *socket = sockets[(id - 1) % DESCRIPTORS_MAX];
	return socket != NULL && socket->id == id ? socket : NULL;
}

struct socket *socket_new(void)
{
	for (uint32_t place = 0; place < DESCRIPTORS_MAX && place < kernel_limits.sockets_max; place++) {
		if (sockets[place] != NULL)
			continue;
		struct socket *socket = allocate(sizeof *socket);
		*socket = (struct socket){.id = rounds[place]++ * DESCRIPTORS_MAX + place + 1, .is_writable = true};
		queue_start(&socket->queue);
		sockets[place] = socket;
		if (sockets_end <= place)
			sockets_end = place + 1;
		return socket;
	}
	return NULL;
}

void socket_drop(struct socket *socket)
{
	notify_forget(socket);
	kernel_post(FRAME_CLOSE, socket->id, NULL, 0);
	queue_clear(&socket->queue);
	sockets[(socket->id - 1) % DESCRIPTORS_MAX] = NULL;
	free(socket);
}

bool socket_data(uint32_t id, uint32_t request, const uint8_t *body, size_t bytes)
{
	struct data data;
	if (bytes < sizeof data)
		return false;
	memcpy(&data, body, sizeof data);
	bool is_shared = data.flags & DATA_SHARED;
	const uint8_t *records = is_shared ? kernel_half(data.half) : body + sizeof data;
	if (records == NULL || data.length > (is_shared ? kernel_limits.half_bytes : bytes - sizeof data))
		return false;
	struct socket *socket = socket_by_id(id);
	if (socket == NULL || !is_shared)
		half_give(data.half);
	if (socket == NULL)
		return true; // it was closed while this was under way
	int count = queue_add(&socket->queue, is_shared ? data.half : HALF_NONE, records, data.length);
	if (count < 0)
		return false;
	if (request != 0 && request == socket->pull_request)
		socket->pull_request = 0;
	socket->has_more = data.flags & DATA_MORE;
	if (socket->queue.first == NULL && !socket->has_more)
		socket_unready(socket);
	else
		socket_ready(socket, request == 0 ? (unsigned)count : socket->ready_bytes == 0);
	return true;
}

void socket_state(uint32_t id, const uint8_t *body)
{
	uint32_t state;
	memcpy(&state, body, sizeof state);
	struct socket *socket = socket_by_id(id);
	if (socket == NULL)
		return;
	socket->is_readable = state & STATE_READABLE;
	socket->is_writable = state & STATE_WRITABLE;
	socket->is_touched = true;
	if (!socket->is_readable)
		socket_unready(socket);
	else if (state & STATE_ARRIVED || socket->ready_bytes == 0)
		socket_ready(socket, 1);
}
