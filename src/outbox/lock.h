/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locks on files of an outbox. The kernel releases them when a run dies. */
#ifndef ONEHOP_OUTBOX_LOCK_H
#define ONEHOP_OUTBOX_LOCK_H

#include <stdint.h>

#include "base/error.h"

/* Another run holds the lock. */
#define LOCK_BUSY (-2)

/* Locks an open file. Returns 1 on success, 0 if another run still holds the
 * lock at the deadline (poll.h), -1 with err set: EX_TEMPFAIL. */
int lock_take(int fd, const char *name, int64_t deadline, struct error *err);

/*
 * Takes the lock of a site, the file "site-KEY" in the outbox, so that the site
 * has one session only. Returns a descriptor, owned by the caller, that holds
 * it; LOCK_BUSY if another run holds it, -1 if it cannot be made or taken, both
 * with err set: EX_TEMPFAIL. Requires the lock of the outbox.
 */
int lock_site(const char *outbox, const char *key, struct error *err);

/* Removes the files of sites that no run has locked. Requires the lock of the
 * outbox. */
void lock_sweep(const char *outbox);

#endif
