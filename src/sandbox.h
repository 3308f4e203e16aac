/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the process gives up before it listens to a server. */
#ifndef ONEHOP_SANDBOX_H
#define ONEHOP_SANDBOX_H

#include "account.h"

/* May the run have to connect once more, to another host or, with another
 * password, to the same? */
enum sandbox_network {
	SANDBOX_LAST_HOST,
	SANDBOX_MORE_HOSTS
};

/*
 * Called when the connection is there and nothing has been read from it. From
 * then on, for good, the process executes no program, makes no TCP connection
 * unless there are more hosts, and opens only
 *
 *	to read     the system's libraries, resolver, time zones and trust, and
 *	            what the account names: trust, CRL, client key
 *	to write    the account's log file, if it is there
 *	to change   the state directory, if it is there
 *
 * What a run must do beyond that, it does before, or by a process forked
 * before. Nothing happens if the account has sandbox off or wants what cannot
 * work in one (PKCS#11, GSSAPI), nor where the system has nothing of the kind.
 * It may be entered again: the rights can only become fewer.
 */
void sandbox_enter(const struct account *a, enum sandbox_network network);

#endif
