/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * -bs: an SMTP server (RFC 5321) on standard input and output, for callers
 * that speak SMTP to their sendmail. The reply to the end of the content is the
 * smarthost's own, unless the message went to the account's outbox. One session
 * to the smarthost serves all messages.
 */
#ifndef ONEHOP_SERVER_SMTP_SERVER_H
#define ONEHOP_SERVER_SMTP_SERVER_H

#include "base/error.h"
#include "config/selection.h"
#include "envelope/request.h"

/* A run of -bs. All is borrowed. */
struct smtp_server_options {
	const struct selection *selection;
	const struct request *request; /* of the command line: -f, -F, -N */
	int input;    /* descriptors of the client; input may be -1 */
	int output;
	int errors;   /* for warnings */
	int trace;    /* for the dialogue with the smarthost, or -1 */
};

/*
 * Serves the client until QUIT or the end of input. A transaction that is not
 * complete then is dropped. Returns 0; -1 EX_NOINPUT if input is -1,
 * EX_TEMPFAIL or EX_IOERR if the client cannot be read or written.
 */
int smtp_server_run(const struct smtp_server_options *options,
	struct error *err);

#endif
