// A growing byte queue: appended at the end, taken from the front.
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *bytes;
	size_t start, end, room; // what is queued lies from start to end
};

// Makes room for more bytes at the end and returns where they go; what was returned before is no longer valid.
uint8_t *buffer_reserve(struct buffer *buffer, size_t bytes);
void buffer_append(struct buffer *buffer, const void *from, size_t bytes);

static inline size_t buffer_length(const struct buffer *buffer)
{
	return buffer->end - buffer->start;
}

// malloc that ends the supervisor where there is no memory: the program would hang.
void *allocate(size_t bytes);

static inline size_t align4(size_t bytes)
{
	return (bytes + 3) & ~(size_t)3;
}

#endif
