/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of the command line. */
#ifndef ONEHOP_CLI_OPTIONS_H
#define ONEHOP_CLI_OPTIONS_H

#include "config/selection.h"
#include "envelope/request.h"

enum mode {
	MODE_SEND,
	MODE_PRETEND,     /* -P */
	MODE_SERVERINFO,  /* -S */
	MODE_RMQS,        /* --rmqs */
	MODE_CONFIGURE,   /* --configure */
	MODE_SMTP,        /* -bs */
	MODE_LIST,        /* -bp, mailq */
	MODE_FLUSH,       /* -q */
	MODE_OUTBOX,      /* --outbox */
	MODE_NOTHING,     /* newaliases, -bh, -bH: exit 0 */
	MODE_HELP,
	MODE_VERSION
};

/* Borrows its strings from argv. */
struct options {
	enum mode mode;
	const char *program;      /* basename of argv[0], or "onehop" */
	const char *queue;        /* --rmqs */
	const char *address;      /* --configure */
	const char *verb;         /* --outbox: list, show, retry, remove */
	int ignore_dots;          /* -i, -oi */
	int debug;                /* -d or -v: trace on stderr */
	int auth_test;            /* --auth-test */
	int json;                 /* --json */
	int timing;               /* --timing */
	struct selection selection;
	struct request request;   /* its recipients: the rest of argv */
};

#endif
