/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of the command line. */
#ifndef ONEHOP_CLI_OPTIONS_H
#define ONEHOP_CLI_OPTIONS_H

#include "base/buffer.h"
#include "base/error.h"
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
	MODE_ENABLE,      /* --outbox enable */
	MODE_STATUS,      /* --outbox status */
	MODE_NOTHING,     /* newaliases, -bh, -bH: exit 0 */
	MODE_HELP,
	MODE_VERSION
};

/* Which program's command line is emulated. */
enum face {
	FACE_ONEHOP,      /* any other name */
	FACE_MSMTP,       /* msmtp */
	FACE_SENDMAIL     /* sendmail, mailq, newaliases and similar */
};

/* The parsed command line. Strings are borrowed from argv. */
struct options {
	enum mode mode;
	enum face face;
	const char *program;      /* basename of argv[0], or "onehop" */
	const char *queue;        /* --rmqs */
	const char *address;      /* --configure, or NULL */
	const char *from_file;    /* --from-file, or NULL */
	const char *keep;         /* --keep-password, or NULL */
	int test_message;         /* --test-message */
	const char *verb;         /* --outbox: list, show, retry, remove */
	int ignore_dots;          /* -i, -oi; set unless called as sendmail */
	int read_sender;          /* --read-envelope-from */
	int debug;                /* -d or -v: trace on stderr */
	int all_users;            /* --all-users */
	int auth_test;            /* --auth-test */
	int flush_all;            /* -qf */
	int json;                 /* --json */
	int timing;               /* --timing */
	struct selection selection;
	char **operands;          /* owned array of borrowed strings */
	struct request request;   /* recipients are the operands */
};

enum option_value {
	VALUE_NONE,
	VALUE_REQUIRED, /* attached, or the next word */
	VALUE_OPTIONAL, /* attached only */
	VALUE_WORD      /* attached, or the next word if not an option */
};

struct option {
	char letter;             /* 0 if there is only a long name */
	const char *name;        /* long name, or NULL */
	enum option_value value;
	/* Applies the option; value is NULL if there is none. Returns 0 on
	 * success, -1 with err set. */
	int (*act)(struct options *options, const char *value,
		struct error *err);
	const char *argument;    /* for help: "ADDRESS" */
	const char *summary;
};

extern const struct option option_table[]; /* ends with a NULL summary */

/* Return the option of that letter or long name; NULL if unknown. */
const struct option *option_by_letter(char letter);
const struct option *option_by_name(const char *name);

/*
 * Parses argv; argc may be 0. Returns 0 on success; -1 EX_USAGE, naming the
 * option, if it is unknown, lacks its value, is a mode that onehop does not
 * have, or is an operand that looks like an option. Missing recipients are not
 * an error here, because -t may supply them. After an error, options->json is
 * set if --json occurs anywhere among the options.
 */
int options_parse(struct options *options, int argc, char *const *argv,
	struct error *err);

/* Appends the text of --help, made from options.def and keys.def. */
void usage_write(struct buffer *out);

void options_free(struct options *options);

#endif
