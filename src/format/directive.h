/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parses one line of a config file: a keyword and its argument. Pure.
 *
 *	line     = blanks [ keyword [ blanks argument ] ] blanks [ comment ]
 *	argument = plain text up to a blank and "#", or
 *	           "quoted text" with \" and \\ in it
 *	comment  = "#" to the end of the line
 */
#ifndef ONEHOP_FORMAT_DIRECTIVE_H
#define ONEHOP_FORMAT_DIRECTIVE_H

#include <stddef.h>

#include "base/error.h"

struct directive {
	char *keyword;     /* owned; NULL for an empty line */
	char *argument;    /* owned; "" if missing; wiped when freed */
	const char *rest;  /* the line after the keyword, borrowed */
	size_t rest_len;
};

enum argument_kind {
	ARGUMENT_PLAIN,
	ARGUMENT_VERBATIM /* the rest of the line, without outer quotes: a
	                     password may contain any character */
};

/* Reads the keyword of a line, which is passed without its line end; a CR at
 * its end is a blank. Returns 0 on success, -1 EX_CONFIG. */
int directive_begin(struct directive *d, const char *line, size_t len,
	struct error *err);

/* Reads the argument that follows the keyword. Returns 0 on success, -1
 * EX_CONFIG. */
int directive_argument(struct directive *d, enum argument_kind kind,
	struct error *err);

void directive_free(struct directive *d);

#endif
