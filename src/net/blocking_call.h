/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs calls that cannot time out in a thread that can be abandoned. */
#ifndef ONEHOP_NET_BLOCKING_CALL_H
#define ONEHOP_NET_BLOCKING_CALL_H

#include <stdint.h>

#include "base/error.h"
#include "net/wait_line.h"

/* The work, and how to free it if the caller has stopped waiting. */
struct blocking_call {
	void (*run)(void *work);
	void (*release)(void *work);
	const char *what;   /* name for errors: "the resolver" */
};

/*
 * Calls run(work) in a thread with all signals blocked and waits for it.
 * Returns 1 when it is done; the caller owns work again. Otherwise work is
 * released, now or when the thread ends: returns 0 at the deadline; -1 EX_OSERR
 * if there is no thread or descriptor available, EX_TEMPFAIL "interrupted".
 * waits is drawn meanwhile, or NULL.
 */
int blocking_call_run(const struct blocking_call *call, void *work,
	int64_t deadline, struct wait_line *waits, struct error *err);

#endif
