/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the command line asks for. */
#ifndef ONEHOP_INVOCATION_H
#define ONEHOP_INVOCATION_H

#include <stddef.h>

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

/* --KEY=value, to be set after the file's. */
struct override {
	const char *key;
	const char *value;
};

/* What -bs was told of one recipient (RFC 3461 4.1, 4.2). */
struct recipient_dsn {
	char *notify;  /* NOTIFY, or NULL: as for all */
	char *orcpt;   /* ORCPT, "rfc822;" and xtext, or NULL */
};

/* Borrows its strings from argv but where it says owned. */
struct invocation {
	enum mode mode;
	const char *program;      /* basename of argv[0], or "onehop" */
	const char *sender;       /* -f, -r; NULL if not given; "" is null */
	const char *full_name;    /* -F, or NULL */
	const char *account;      /* -a, or NULL */
	const char *config;       /* -C, or NULL */
	const char *notify;       /* -N, or NULL */
	const char *returns;      /* -R, or NULL */
	const char *envid;        /* -V, or NULL */
	const char *queue;        /* --rmqs */
	const char *address;      /* --configure */
	const char *verb;         /* --outbox: list, show, retry, remove */
	int read_recipients;      /* -t */
	int ignore_dots;          /* -i, -oi */
	int debug;                /* -d or -v: trace on stderr */
	int auth_test;            /* --auth-test */
	int json;                 /* --json */
	int timing;               /* --timing */
	struct override *overrides; /* owned array */
	size_t noverrides;
	char *const *recipients;  /* operands: the rest of argv */
	size_t nrecipients;
	const struct recipient_dsn *dsn; /* for each, or NULL */
	const char *submitter;    /* AUTH= of a client of -bs, xtext; or NULL */
};

/* Appends --KEY=value. Both are borrowed. */
void invocation_override(struct invocation *inv, const char *key,
	const char *value);

#endif
