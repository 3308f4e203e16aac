/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A configured command whose stdin and stdout are the connection. */
#ifndef ONEHOP_NET_PROXY_COMMAND_H
#define ONEHOP_NET_PROXY_COMMAND_H

#include "base/error.h"
#include "net/transport.h"

/*
 * Returns the command with %h and %p replaced by host and port, and %% by %,
 * owned by the caller. The shell interprets the result and the host may come
 * from the DNS, so a host that begins with "-" or has characters other than
 * letters, digits, ".", "-", "_" and ":" gives NULL with EX_DATAERR.
 */
char *proxy_command_expand(const char *command, const char *host, unsigned port,
	struct error *err);

/*
 * Starts the command (run_command.h) with a socket as stdin and stdout. Returns
 * 0 with *transport owned by the caller, -1 EX_OSERR. If the command exits
 * without output or with a failure, reads and writes fail with EX_TEMPFAIL and
 * the exit status. Closing the transport closes the command's stdin, waits for
 * at most half a second, kills the remaining processes of its group, and reaps
 * it.
 */
int proxy_command_open(struct transport **transport, const char *command,
	struct error *err);

#endif
