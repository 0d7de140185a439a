// A call's arguments point into the program. A thread id serves as well as a process id here.
#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

// What the kernel refuses looks like a bad address to the program; a change of user is worth a word, once.
static int failure(pid_t thread)
{
	static bool is_told;
	if (errno == EPERM && !is_told) {
		is_told = true;
		fprintf(stderr,
			"nlvm: process %d cannot be served: its memory is closed to this user, because it changed its user or "
			"is not dumpable; run it without that, or with CAP_SYS_PTRACE\n",
			thread);
	}
	return EFAULT;
}

size_t memory_read_some(pid_t thread, uint64_t address, void *into, size_t bytes)
{
	struct iovec local = {into, bytes};
	struct iovec remote = {(void *)address, bytes};
	ssize_t done = process_vm_readv(thread, &local, 1, &remote, 1, 0);
	if (done < 0)
		failure(thread);
	return done < 0 ? 0 : (size_t)done;
}

int memory_read(pid_t thread, uint64_t address, void *into, size_t bytes)
{
	return memory_read_some(thread, address, into, bytes) == bytes ? 0 : EFAULT;
}

int memory_write(pid_t thread, uint64_t address, const void *from, size_t bytes)
{
	struct vectors target;
	vectors_single(&target, address, bytes);
	return vectors_scatter(thread, &target, from, bytes);
}

void vectors_single(struct vectors *into, uint64_t address, uint64_t bytes)
{
	into->count = 1;
	into->room = bytes > SSIZE_MAX ? SSIZE_MAX : bytes;
	into->each[0] = (struct iovec){(void *)address, into->room};
}

int vectors_read(pid_t thread, uint64_t address, uint64_t count, struct vectors *into)
{
	if (count > VECTORS_MAX)
		return EMSGSIZE;
	int error = count == 0 ? 0 : memory_read(thread, address, into->each, count * sizeof into->each[0]);
	if (error != 0)
		return error;
	into->count = (int)count;
	into->room = 0;
	for (uint64_t i = 0; i < count; i++) {
		if (into->each[i].iov_len > SSIZE_MAX - into->room)
			return EINVAL;
		into->room += into->each[i].iov_len;
	}
	return 0;
}

// Cuts the vectors to what is to be moved: room beyond it need not exist.
static int cut(const struct vectors *whole, size_t bytes, struct iovec *into)
{
	int count = 0;
	for (int i = 0; i < whole->count && bytes > 0; i++) {
		into[count] = whole->each[i];
		if (into[count].iov_len > bytes)
			into[count].iov_len = bytes;
		bytes -= into[count].iov_len;
		count++;
	}
	return count;
}

int vectors_gather(pid_t thread, const struct vectors *from, void *into, size_t bytes)
{
	static struct iovec remote[VECTORS_MAX];
	struct iovec local = {into, bytes};
	if (bytes == 0)
		return 0;
	ssize_t done = process_vm_readv(thread, &local, 1, remote, (unsigned long)cut(from, bytes, remote), 0);
	if (done < 0)
		return failure(thread);
	return (size_t)done == bytes ? 0 : EFAULT;
}

int vectors_scatter(pid_t thread, const struct vectors *into, const void *from, size_t bytes)
{
	static struct iovec remote[VECTORS_MAX];
	struct iovec local = {(void *)from, bytes};
	if (bytes == 0)
		return 0;
	ssize_t done = process_vm_writev(thread, &local, 1, remote, (unsigned long)cut(into, bytes, remote), 0);
	if (done < 0)
		return failure(thread);
	return (size_t)done == bytes ? 0 : EFAULT;
}
