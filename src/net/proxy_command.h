/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command of the config whose stdin and stdout are the connection. */
#ifndef ONEHOP_NET_PROXY_COMMAND_H
#define ONEHOP_NET_PROXY_COMMAND_H

#include "base/error.h"
#include "net/transport.h"

/*
 * The command with %h and %p replaced by host and port, %% by %; owned. The
 * host may come from the DNS, and the shell reads the command: NULL with
 * EX_DATAERR for one that is not made of letters, digits, and "." "-" "_" ":"
 * alone, or begins with "-".
 */
char *proxy_command_expand(const char *command, const char *host, unsigned port,
	struct error *err);

/*
 * Starts the command (run_command.h) with a socket for stdin and stdout. 0 with
 * *transport owned by the caller; -1 EX_OSERR. A command that ends before it
 * has said anything, or fails, makes reading and writing fail: EX_TEMPFAIL,
 * naming its exit status. Closing the transport ends its input, waits half a
 * second at most, kills what is left of its group, and reaps it.
 */
int proxy_command_open(struct transport **transport, const char *command,
	struct error *err);

#endif
