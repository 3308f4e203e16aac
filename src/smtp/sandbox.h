/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rights that the process gives up before it reads from a server. */
#ifndef ONEHOP_SMTP_SANDBOX_H
#define ONEHOP_SMTP_SANDBOX_H

#include "config/account.h"

/* The actions that the run may still have to do in it; sets of these. */
enum {
	SANDBOX_CONNECT = 1 << 0, /* to another host, or to this one again */
	SANDBOX_KILL = 1 << 1     /* a command that was started before */
};

/*
 * Called when the connection is there and nothing has been read from it. From
 * then on, for good, the process executes no program, makes no TCP connection
 * and sends no signal unless that may come later, and opens only
 *
 *	to read     the system's libraries, resolver, time zones and trust, and
 *	            what the account names: trust, CRL, client key
 *	to write    the account's log file, if it is there
 *	to change   the state directory and the outbox, if they are there
 *
 * What a run must do beyond that, it does before, or by a process forked
 * before. Nothing happens if the account has sandbox off or wants what cannot
 * work in one (PKCS#11, GSSAPI), nor where the system has nothing of the kind.
 * It may be entered again: the rights can only become fewer.
 */
void sandbox_enter(const struct account *a, unsigned later);

#endif
