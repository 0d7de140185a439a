// The memory of the program's threads, by process_vm_readv and process_vm_writev.
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { VECTORS_MAX = 1024 }; // IOV_MAX

// The buffers of one call, at addresses of the program.
struct vectors {
	int count;
	size_t room; // bytes of all of them
	struct iovec each[VECTORS_MAX];
};

// Each gives 0 or a positive errno: EFAULT for what cannot be reached.
int memory_read(pid_t thread, uint64_t address, void *into, size_t bytes);
int memory_write(pid_t thread, uint64_t address, const void *from, size_t bytes);

// Reads as far as memory goes. Returns the bytes read.
size_t memory_read_some(pid_t thread, uint64_t address, void *into, size_t bytes);

// Reads the iovecs of a call. EMSGSIZE for more than VECTORS_MAX, EINVAL for a length beyond SSIZE_MAX.
int vectors_read(pid_t thread, uint64_t address, uint64_t count, struct vectors *into);
void vectors_single(struct vectors *into, uint64_t address, uint64_t bytes);

// Copies between one buffer here and the vectors there; bytes must not exceed their room.
int vectors_gather(pid_t thread, const struct vectors *from, void *into, size_t bytes);
int vectors_scatter(pid_t thread, const struct vectors *into, const void *from, size_t bytes);

#endif
