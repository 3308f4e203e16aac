/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A password or token from where the account says, into a wiping buffer. */
#ifndef ONEHOP_SECRET_H
#define ONEHOP_SECRET_H

#include "account.h"
#include "buffer.h"
#include "error.h"

#define SECRET_MAX ((size_t)64 << 10)
#define SECRET_COMMAND_SECONDS 60

/*
 * Appends the account's secret to out (BUFFER_SECRET): password, else
 * passwordeval, else the terminal if there is one. 0; -1 EX_CONFIG: command
 * failed, timed out, printed nothing or a NUL, or there is no source at all.
 */
int secret_get(struct buffer *out, const struct account *a,
	struct error *err);

/*
 * Runs "sh -c command" with stdin on /dev/null, no other descriptors, a built
 * environment and a process group of its own, which is killed at the limit;
 * appends its output without one final line end. 0 or -1 EX_CONFIG.
 */
int secret_command(struct buffer *out, const char *command,
	unsigned seconds, struct error *err);

#endif
