/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * -bs: RFC 5321's server on standard input and output for callers that speak
 * SMTP to their sendmail. It keeps nothing: every reply to a final dot is the
 * smarthost's own, and one session to the smarthost serves all messages.
 */
#ifndef ONEHOP_RELAY_H
#define ONEHOP_RELAY_H

#include "invocation.h"
#include "error.h"

/*
 * Serves the client on the two descriptors until QUIT or the end of input;
 * what is unfinished then is dropped. errors is a descriptor for warnings and,
 * with -v, the dialogue with the smarthost. 0; -1 EX_NOINPUT if input is -1,
 * EX_TEMPFAIL or EX_IOERR if the client cannot be read or written any more.
 */
int relay_serve(const struct invocation *inv, int input, int output,
	int errors, struct error *err);

#endif
