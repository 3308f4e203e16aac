/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * -bs: an SMTP server (RFC 5321) on standard input and output, for programs
 * that speak SMTP to sendmail. The reply to the end of the content is that of
 * the smarthost, unless the message was queued in the account's outbox. One
 * session to the smarthost carries all messages.
 */
#ifndef ONEHOP_SERVER_SMTP_SERVER_H
#define ONEHOP_SERVER_SMTP_SERVER_H

#include "base/error.h"
#include "config/selection.h"
#include "envelope/request.h"

/* The options of -bs; all are borrowed. */
struct smtp_server_options {
	const struct selection *selection;
	const struct request *request; /* of the command line: -f, -F, -N */
	int input;    /* descriptors of the client; input may be -1 */
	int output;
	int errors;   /* for warnings */
	int trace;    /* for the dialogue with the smarthost, or -1 */
};

/*
 * Serves the client until QUIT or the end of input; an incomplete transaction
 * is discarded. Returns 0 on success; -1 EX_NOINPUT if input is -1, EX_TEMPFAIL
 * or EX_IOERR if reading from or writing to the client fails.
 */
int smtp_server_run(const struct smtp_server_options *options,
	struct error *err);

#endif
