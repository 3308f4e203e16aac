/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Confines the process before it reads from a server. */
#ifndef ONEHOP_SMTP_SANDBOX_H
#define ONEHOP_SMTP_SANDBOX_H

#include "config/account.h"

/* Actions that may follow in the run; a set of these. */
enum {
	SANDBOX_CONNECT = 1 << 0, /* to another host or again */
	SANDBOX_KILL = 1 << 1     /* of a command started before */
};

/*
 * Confines the process; called when the connection is established and nothing
 * has been read from it. From then on the process cannot execute programs,
 * cannot make TCP connections or send signals unless later has them, and can
 * open only
 *
 *	to read     the system's libraries, resolver, time zones and trust, and
 *	            what the account names: trust, CRL, client key
 *	to write    the account's log file, if it exists
 *	to change   the state directory and the outbox, if they exist
 *
 * Anything else must be done before, or by a process forked before. Does
 * nothing if the account has sandbox off or uses a feature that cannot work
 * confined (PKCS#11, GSSAPI), or if the system has no sandbox. May be called
 * again, which can only remove rights.
 */
void sandbox_enter(const struct account *a, unsigned later);

#endif
