/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One line of a config file: a keyword and its argument. Pure.
 *
 *	line     = blanks [ keyword [ blanks argument ] ] blanks [ comment ]
 *	argument = plain text up to a blank and "#", or
 *	           "quoted text" with \" and \\ in it
 *	comment  = "#" to the end of the line
 */
#ifndef ONEHOP_CONFIG_LINE_H
#define ONEHOP_CONFIG_LINE_H

#include <stddef.h>

#include "base/error.h"

struct directive {
	char *keyword;   /* owned; NULL for an empty line */
	char *argument;  /* owned; "" if there is none; wiped when freed */
};

/*
 * Reads the line (no line end; CR before it is a blank). The argument of a
 * verbatim key is all of the rest, of which only outer quotes are taken off: a
 * password may hold anything. 0 or -1 EX_CONFIG.
 */
int config_line_read(struct directive *d, const char *line, size_t len,
	struct error *err);

void config_line_free(struct directive *d);

#endif
