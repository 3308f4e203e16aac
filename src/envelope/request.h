/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The envelope that the command line, or a client of -bs, asks for. */
#ifndef ONEHOP_ENVELOPE_REQUEST_H
#define ONEHOP_ENVELOPE_REQUEST_H

#include <stddef.h>

/* DSN parameters of one recipient of -bs (RFC 3461 4.1, 4.2). */
struct recipient_dsn {
	char *notify;  /* NOTIFY, or NULL: as for all */
	char *orcpt;   /* ORCPT, "rfc822;" and xtext, or NULL */
};

/* Borrows its strings. */
struct request {
	const char *sender;       /* -f, -r; NULL if not given; "" is null */
	const char *full_name;    /* -F, or NULL */
	const char *notify;       /* -N, or NULL */
	const char *returns;      /* -R, or NULL */
	const char *envid;        /* -V, or NULL */
	int read_recipients;      /* -t */
	char *const *recipients;
	size_t nrecipients;
	const struct recipient_dsn *dsn; /* one for each, or NULL */
	const char *submitter;    /* AUTH= of a client of -bs, xtext; or NULL */
};

#endif
