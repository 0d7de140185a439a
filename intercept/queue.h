// Datagrams that were read ahead, in order, and the memory that they lie in: a chunk of our own, or a half of the file
// that the kernel writes, which is given back with its last datagram.
#ifndef QUEUE_H
#define QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk;

struct datagram {
	struct datagram *next;
	struct chunk *chunk;
	const uint8_t *bytes;
	uint32_t length;
	uint32_t port;
	uint32_t groups;
	uint32_t group;
	int error; // positive: a pending error in place of a datagram
};

struct queue {
	struct datagram *first, **end;
	uint32_t taken; // bytes that the program has, and the kernel was not told of
};

void queue_start(struct queue *queue);

// Adds the records of a DATA frame; `half` is where they lie, or HALF_NONE: they are copied. Returns how many there
// were, or -1 for what makes no sense.
int queue_add(struct queue *queue, uint32_t half, const uint8_t *records, size_t bytes);

// The first datagram is the program's now.
void queue_take(struct queue *queue);
void queue_clear(struct queue *queue);

// A half that nothing lies in, which is in use from now on; HALF_NONE when there is none.
uint32_t half_take(void);
void half_give(uint32_t half);

#endif
