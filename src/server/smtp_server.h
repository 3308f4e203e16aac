/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * -bs: RFC 5321's server on standard input and output for callers that speak
 * SMTP to their sendmail. It keeps nothing: every reply to a final dot is the
 * smarthost's own, and one session to the smarthost serves all messages.
 */
#ifndef ONEHOP_SERVER_SMTP_SERVER_H
#define ONEHOP_SERVER_SMTP_SERVER_H

#include "base/error.h"
#include "config/selection.h"
#include "envelope/request.h"

/* A run of -bs. All is borrowed. */
struct smtp_server_order {
	const struct selection *selection;
	const struct request *request; /* of the command line: -f, -F, -N */
	int input;    /* descriptors of the client; input may be -1 */
	int output;
	int errors;   /* for warnings */
	int trace;    /* for the dialogue with the smarthost, or -1 */
};

/*
 * Serves the client until QUIT or the end of input;
 * what is unfinished then is dropped. 0; -1 EX_NOINPUT if input is -1,
 * EX_TEMPFAIL or EX_IOERR if the client cannot be read or written any more.
 */
int smtp_server_run(const struct smtp_server_order *order, struct error *err);

#endif
