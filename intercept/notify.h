// Notifications: calls of the program that wait for an answer.
#ifndef NOTIFY_H
#define NOTIFY_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

struct socket;

void notify_start(int listener);
int notify_listener(void);

// Each returns whether the answer was accepted; a signal may have taken the call away.
bool answer(const struct seccomp_notif *call, int64_t value, int error); // error: positive, or 0
bool answer_natively(const struct seccomp_notif *call);
bool is_waiting(const struct seccomp_notif *call);

// Takes one notification and carries it out.
void notify_take(void);

// A call that cannot be answered yet, until its socket is touched; `deadline` in microseconds of the clock, 0: none.
void notify_hold(const struct seccomp_notif *call, struct socket *socket, int64_t deadline);
// Tries held calls again, in order of arrival: those of touched sockets, and those whose time is up.
void notify_retry(void);
// Milliseconds until the next deadline; -1: none.
int notify_patience(void);
// The socket goes: its calls are answered with EBADF.
void notify_forget(const struct socket *socket);

int64_t now_microseconds(void);

// How a handler left a call.
enum outcome { ANSWERED, WOULD_BLOCK };

#endif
