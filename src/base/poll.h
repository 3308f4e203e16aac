/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for descriptors, with deadlines and signals; the program waits
 * nowhere else. Deadlines are in milliseconds of CLOCK_MONOTONIC. */
#ifndef ONEHOP_BASE_POLL_H
#define ONEHOP_BASE_POLL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DEADLINE_NONE INT64_MAX

/* Returns the current time in milliseconds of CLOCK_MONOTONIC. */
int64_t deadline_now(void);

/* Returns the deadline that many milliseconds from now. */
int64_t deadline_in(int64_t milliseconds);

/* Returns the earlier of two deadlines. */
int64_t deadline_first(int64_t a, int64_t b);

/*
 * Sets signal dispositions at the start of main: SIGPIPE and SIGXFSZ are
 * ignored, SIGCHLD is default, no signal is blocked. HUP, INT and QUIT remain
 * ignored if they were; TERM is default.
 */
void signals_reset(void);

/*
 * Blocks HUP, INT, QUIT, TERM, and what a caller's limits of time send (ALRM,
 * XCPU, USR1, USR2), unless ignored, from now on. Only the functions below
 * report them, so that no signal can hide the outcome of a delivery.
 */
void signals_hold(void);

/* Returns 0, or -1 with err->signal set if a held signal is pending. For loops
 * that may run for a long time without waiting. */
int signals_check(struct error *err);

/*
 * Waits until one of n descriptors is ready or the deadline passes. Returns the
 * number of ready descriptors, with revents set; 0 at the deadline; -1
 * EX_TEMPFAIL "interrupted" with err->signal set.
 */
int poll_any(struct pollfd *fds, size_t n, int64_t deadline,
	struct error *err);

/*
 * Waits until fd is ready for events (POLLIN, POLLOUT) or the deadline passes.
 * Returns the ready events, where POLLIN also means end of input; -1
 * EX_TEMPFAIL "timed out", or "interrupted" with err->signal set.
 */
int poll_for(int fd, short events, int64_t deadline, struct error *err);

#endif
