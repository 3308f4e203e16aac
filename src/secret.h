/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A password or token from where the account says, into a wiping buffer. */
#ifndef ONEHOP_SECRET_H
#define ONEHOP_SECRET_H

#include "account.h"
#include "buffer.h"
#include "error.h"

#define SECRET_MAX ((size_t)64 << 10)
#define SECRET_COMMAND_SECONDS 60
#define SECRET_PROMPT_SECONDS 300

/*
 * Appends the account's secret to out (BUFFER_SECRET): password, else
 * passwordeval, else what is typed at the controlling terminal, if there is
 * one and we are in its foreground. 0; -1 EX_CONFIG: command failed, timed
 * out, printed nothing or a NUL, or there is no source at all. Holds signals
 * (signals_hold), so that none leaves a terminal without echo.
 */
int secret_get(struct buffer *out, const struct account *a,
	struct error *err);

/*
 * Runs the command (child.h) with stdin on /dev/null and appends the first
 * line of its output, without LF or CRLF: password managers keep more in the
 * lines below. The group is killed at the limit. 0; -1 EX_CONFIG, EX_OSERR.
 */
int secret_command(struct buffer *out, const char *command,
	unsigned seconds, struct error *err);

#endif
