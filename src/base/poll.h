/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every wait of the program: for a descriptor, until a deadline, awake to
 * signals. Deadlines are milliseconds of CLOCK_MONOTONIC.
 */
#ifndef ONEHOP_BASE_POLL_H
#define ONEHOP_BASE_POLL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DEADLINE_NONE INT64_MAX

/* Now, in milliseconds of CLOCK_MONOTONIC. */
int64_t deadline_now(void);

/* The moment that many milliseconds from now. */
int64_t deadline_in(int64_t milliseconds);

/* The earlier of two. */
int64_t deadline_first(int64_t a, int64_t b);

/*
 * Start of main: SIGPIPE and SIGXFSZ ignored, SIGCHLD default, nothing
 * blocked. HUP, INT, QUIT that are ignored stay so; TERM kills as ever.
 */
void signals_reset(void);

/*
 * From here on HUP, INT, QUIT, TERM (unless ignored) are held back and noticed
 * in poll_for() alone, so that no signal can hide what became of a message.
 */
void signals_hold(void);

/* Returns 0, or -1 with err->signal set if a held signal came. For loops that
 * may run long without a wait. */
int signals_check(struct error *err);

/*
 * Waits until one of n descriptors is ready or the deadline comes. Returns how
 * many are (their revents say for what), 0 at the deadline, or -1 EX_TEMPFAIL:
 * "interrupted" with err->signal set.
 */
int poll_any(struct pollfd *fds, size_t n, int64_t deadline,
	struct error *err);

/*
 * Waits until fd is ready for events (POLLIN, POLLOUT) or the deadline comes.
 * Returns the ready events (POLLIN also stands for the end of input), or -1:
 * EX_TEMPFAIL "timed out", or "interrupted" with err->signal set.
 */
int poll_for(int fd, short events, int64_t deadline, struct error *err);

#endif
