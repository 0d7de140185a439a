#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *old, size_t bytes)
{
	void *memory = realloc(old, bytes);
	if (memory == NULL) {
		fprintf(stderr, "nlvm: no memory for %zu bytes\n", bytes);
		exit(1);
	}
	return memory;
}

void *allocate(size_t bytes)
{
	return grow(NULL, bytes == 0 ? 1 : bytes);
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t bytes)
{
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
	if (buffer->room - buffer->end < bytes && buffer->start > 0) {
		memmove(buffer->bytes, buffer->bytes + buffer->start, buffer_length(buffer));
		buffer->end -= buffer->start;
		buffer->start = 0;
	}
	if (buffer->room - buffer->end < bytes) {
		size_t room = buffer->room < 4096 ? 4096 : buffer->room;
		while (room - buffer->end < bytes)
			room *= 2;
		buffer->bytes = grow(buffer->bytes, room);
		buffer->room = room;
	}
	return buffer->bytes + buffer->end;
}

void buffer_append(struct buffer *buffer, const void *from, size_t bytes)
{
	if (bytes > 0)
		memcpy(buffer_reserve(buffer, bytes), from, bytes);
	buffer->end += bytes;
}
