// The way to the emulated kernel: calls that wait for their reply, and what the kernel says on its own.
//   kernel_call    a request and its reply; what the kernel pushed before it has been carried out by then
//   kernel_ask     a request that is answered later by a push
//   kernel_post    what has no answer
// What is asked and posted goes out with the next flush or call. When the kernel has gone, every call gives ENETDOWN.
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "frames.h"

struct reply {
	int32_t result;      // 0 or more, or an errno, negative
	const uint8_t *body; // until the next call
	size_t bytes;
};

extern struct welcome kernel_limits;

// Descriptors to read from and write to; they may be the same.
void kernel_attach(int in, int out);
int kernel_descriptor(void); // to poll for input
bool kernel_is_gone(void);

// Begins the conversation. Returns 0, or the exit status with which the kernel sent us away, having said why.
int kernel_hello(uint32_t abi, const char *vnet);

struct reply kernel_call(enum frame_type type, uint32_t socket, const struct iovec *parts, int count);
uint32_t kernel_ask(enum frame_type type, uint32_t socket, const void *body, size_t bytes);
void kernel_post(enum frame_type type, uint32_t socket, const void *body, size_t bytes);
void kernel_flush(void);

// Carries out what was read already, behind a reply.
void kernel_catch_up(void);
// Carries out what has come; with `is_waiting` blocks until something has. Returns false when the kernel has gone.
bool kernel_listen(bool is_waiting);

// A half of the shared file, or NULL without one.
uint8_t *kernel_half(uint32_t half);

#endif
