/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work that observes no deadline, done in a thread that can be abandoned. */
#ifndef ONEHOP_NET_BLOCKING_CALL_H
#define ONEHOP_NET_BLOCKING_CALL_H

#include <stdint.h>

#include "base/error.h"
#include "net/wait_line.h"

/* The work to do, and how to dispose of it when nobody asks for it. */
struct blocking_call {
	void (*run)(void *work);
	void (*release)(void *work);
	const char *what;   /* for errors: "the resolver" */
};

/*
 * Does run(work) in a thread, every signal blocked there, and waits for its
 * end. 1: it is done and work is the caller's again. Otherwise work is
 * released, now or when the thread is through with it: 0 the deadline came;
 * -1 EX_OSERR no thread or no descriptor, EX_TEMPFAIL "interrupted".
 * waits is drawn meanwhile; NULL for none.
 */
int blocking_call_run(const struct blocking_call *errand, void *work,
	int64_t deadline, struct wait_line *waits, struct error *err);

#endif
