/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line, and the name we were called by. */
#ifndef ONEHOP_ARGS_H
#define ONEHOP_ARGS_H

#include <stddef.h>

#include "buffer.h"
#include "error.h"

enum mode {
	MODE_SEND,
	MODE_PRETEND,     /* -P */
	MODE_SERVERINFO,  /* -S */
	MODE_SMTP,        /* -bs */
	MODE_LIST,        /* -bp, mailq */
	MODE_FLUSH,       /* -q */
	MODE_NOTHING,     /* newaliases, -bh, -bH: exit 0 */
	MODE_HELP,
	MODE_VERSION
};

/* --KEY=value, to be set after the file's. */
struct override {
	const char *key;
	const char *value;
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
	int read_recipients;      /* -t */
	int ignore_dots;          /* -i, -oi */
	int debug;                /* -d or -v: trace on stderr */
	struct override *overrides; /* owned array */
	size_t noverrides;
	char *const *recipients;  /* operands: the rest of argv */
	size_t nrecipients;
};

/*
 * Reads argv (argc may be 0). 0; -1 EX_USAGE naming the option: unknown,
 * without its value, a mode that we do not have, an operand that looks like
 * an option. No recipients is not an error here: -t may find some.
 */
int args_parse(struct invocation *inv, int argc, char *const *argv,
	struct error *err);

/* Appends what --help prints, made from flags.def and keys.def. */
void args_help(struct buffer *out);

void args_free(struct invocation *inv);

#endif
