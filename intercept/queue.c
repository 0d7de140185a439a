#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "frames.h"
#include "kernel.h"

struct chunk {
	unsigned references;
	uint32_t half; // HALF_NONE: the bytes follow
	uint8_t bytes[];
};

static bool is_half_used[2];

uint32_t half_take(void)
{
	for (uint32_t half = 0; half < 2; half++) {
		if (kernel_half(half) != NULL && !is_half_used[half]) {
			is_half_used[half] = true;
			return half;
		}
	}
	return HALF_NONE;
}

void half_give(uint32_t half)
{
	if (half != HALF_NONE)
		is_half_used[half] = false;
}

static void release(struct chunk *chunk)
{
	if (--chunk->references > 0)
		return;
	half_give(chunk->half);
	free(chunk);
}

void queue_start(struct queue *queue)
{
	*queue = (struct queue){.end = &queue->first};
}

static void append(struct queue *queue, struct chunk *chunk, const struct data_record *record, const uint8_t *bytes)
{
	struct datagram *datagram = allocate(sizeof *datagram);
	bool is_error = record->length & RECORD_ERROR;
	*datagram = (struct datagram){
		.chunk = chunk,
		.bytes = bytes,
		.length = is_error ? 0 : record->length,
		.port = record->port,
		.groups = record->groups,
		.group = record->group,
		.error = is_error ? (int)(record->length & ~RECORD_ERROR) : 0,
	};
	chunk->references++;
	*queue->end = datagram;
	queue->end = &datagram->next;
}

int queue_add(struct queue *queue, uint32_t half, const uint8_t *records, size_t bytes)
{
	struct chunk *chunk = allocate(sizeof *chunk + (half == HALF_NONE ? bytes : 0));
	*chunk = (struct chunk){.references = 1, .half = half};
	if (half == HALF_NONE && bytes > 0) {
		memcpy(chunk->bytes, records, bytes);
		records = chunk->bytes;
	}
	int count = 0;
	size_t at = 0;
	struct data_record record;
	while (at + sizeof record <= bytes) {
		memcpy(&record, records + at, sizeof record);
		at += sizeof record;
		size_t length = record.length & RECORD_ERROR ? 0 : record.length;
		if (align4(length) > bytes - at)
			break;
		append(queue, chunk, &record, records + at);
		at += align4(length);
		count++;
	}
	release(chunk);
	return at == bytes ? count : -1;
}

static void remove_first(struct queue *queue)
{
	struct datagram *datagram = queue->first;
	queue->first = datagram->next;
	if (queue->first == NULL)
		queue->end = &queue->first;
	release(datagram->chunk);
	free(datagram);
}

void queue_take(struct queue *queue)
{
	queue->taken += queue->first->length;
	remove_first(queue);
}

void queue_clear(struct queue *queue)
{
	while (queue->first != NULL)
		remove_first(queue);
}
