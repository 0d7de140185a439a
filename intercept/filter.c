// What is decided by the number of a call alone costs nothing: the kernel remembers it in a bitmap. So the number comes
// first, and arguments are loaded only for the calls on the list.
#define _GNU_SOURCE
#include "filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#else
#error "nlvm-intercept knows the calls of x86_64, aarch64 and riscv64"
#endif

#define X32_BIT 0x40000000u

// Calls on a descriptor, the frequent ones first.
static const unsigned DESCRIPTOR_CALLS[] = {
	__NR_read, __NR_write, __NR_recvmsg, __NR_recvfrom, __NR_sendmsg, __NR_sendto, __NR_fcntl, __NR_readv, __NR_writev,
	__NR_newfstatat, __NR_fstat, __NR_setsockopt, __NR_getsockopt, __NR_bind, __NR_connect, __NR_getsockname,
	__NR_getpeername, __NR_recvmmsg, __NR_sendmmsg, __NR_dup,
#ifdef __NR_dup2
	__NR_dup2,
#endif
	__NR_dup3, __NR_shutdown, __NR_listen, __NR_accept, __NR_accept4,
};

// They come on any datagram socket.
static const unsigned INTERFACE_IOCTLS[] = {
	SIOCGIFINDEX, SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFTXQLEN, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFADDR, SIOCGIFCONF,
	SIOCETHTOOL,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add(struct filter *into, unsigned code, unsigned char on_true, unsigned char on_false, unsigned value)
{
	into->code[into->length++] = (struct sock_filter){(unsigned short)code, on_true, on_false, value};
}

static void load(struct filter *into, size_t offset)
{
	add(into, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)offset);
}

static void load_argument(struct filter *into, int argument)
{
	// The low half: both are little endian.
	load(into, offsetof(struct seccomp_data, args) + 8 * (size_t)argument);
}

static void end(struct filter *into, unsigned action)
{
	add(into, BPF_RET | BPF_K, 0, 0, action);
}

// Jumps over `skip` instructions when the loaded word equals `value`.
static void skip_if(struct filter *into, unsigned value, size_t skip)
{
	add(into, BPF_JMP | BPF_JEQ | BPF_K, (unsigned char)skip, 0, value);
}

void filter_build(struct filter *into, struct families families, unsigned base, unsigned count)
{
	into->length = 0;
	load(into, offsetof(struct seccomp_data, arch));
	skip_if(into, NATIVE_ARCH, 1);
	end(into, SECCOMP_RET_ALLOW);
	load(into, offsetof(struct seccomp_data, nr));
	add(into, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
	end(into, SECCOMP_RET_ALLOW);

	// Behind the list: ALLOW, then the parts for an ioctl, a descriptor, a socket. Jumps go forward only, so an ioctl
	// of another kind falls through to the descriptor's part.
	const size_t listed = COUNT(DESCRIPTOR_CALLS);
	const size_t ioctls = COUNT(INTERFACE_IOCTLS);
	const size_t ioctl_part = 1 + ioctls, descriptor_part = 5;
	for (size_t i = 0; i < listed; i++)
		skip_if(into, DESCRIPTOR_CALLS[i], listed - i - 1 + 2 + 1 + ioctl_part);
	skip_if(into, __NR_ioctl, 1 + 1);
	skip_if(into, __NR_socket, 1 + ioctl_part + descriptor_part);
	end(into, SECCOMP_RET_ALLOW);

	load_argument(into, 1);
	for (size_t i = 0; i < ioctls; i++)
		skip_if(into, INTERFACE_IOCTLS[i], ioctls - i - 1 + descriptor_part - 1);

	load_argument(into, 0);
	add(into, BPF_JMP | BPF_JGE | BPF_K, 0, 1, base);
	add(into, BPF_JMP | BPF_JGE | BPF_K, 0, 1, base + count);
	end(into, SECCOMP_RET_ALLOW);
	end(into, SECCOMP_RET_USER_NOTIF);

	load_argument(into, 0);
	skip_if(into, families.netlink, 2);
	skip_if(into, families.routing, 1);
	end(into, SECCOMP_RET_ALLOW);
	end(into, SECCOMP_RET_USER_NOTIF);
}
