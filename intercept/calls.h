// The calls of the program that are answered here, by number.
#ifndef CALLS_H
#define CALLS_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "frames.h"
#include "notify.h"
#include "sockets.h"

// The domain of the sockets: AF_NETLINK of the host, or FreeBSD's.
enum { DOMAIN_LINUX = 16, DOMAIN_FREEBSD = 38, DOMAIN_ROUTING = 17 };

extern unsigned calls_domain;

// A notification: answers it, or holds it.
void calls_begin(const struct seccomp_notif *call);
// A call on a socket, from the start.
enum outcome calls_handle(const struct seccomp_notif *call, struct socket *socket);

// The system calls of one kind. Each answers, or leaves the call as it is.
enum outcome call_send(const struct seccomp_notif *call, struct socket *socket);
enum outcome call_receive(const struct seccomp_notif *call, struct socket *socket);
enum outcome call_setsockopt(const struct seccomp_notif *call, struct socket *socket);
enum outcome call_getsockopt(const struct seccomp_notif *call, struct socket *socket);
enum outcome call_ioctl(const struct seccomp_notif *call, struct socket *socket);
// An interface ioctl, on whatever descriptor.
enum outcome call_interface_ioctl(const struct seccomp_notif *call);
bool is_interface_ioctl(uint64_t request);

// When a call that is held gives up, in microseconds of the clock; 0: never.
int64_t receive_deadline(const struct seccomp_notif *call, const struct socket *socket);
int64_t send_deadline(const struct seccomp_notif *call, const struct socket *socket);

// Answers with a value, or an errno.
enum outcome finish(const struct seccomp_notif *call, int64_t value, int error);

// Reads how a socket address begins. Returns 0 or an errno.
int address_read(pid_t thread, uint64_t at, uint32_t bytes, struct address *into);

#endif
