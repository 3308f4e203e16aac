/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/line.h"

#include <string.h>

#include "config/key.h"

/* Directives whose argument is a command line, like a verbatim key. */
static enum argument_kind
argument_kind(const char *keyword)
{
	const struct key *key = key_find(keyword);

	return strcmp(keyword, "eval") == 0 || (key != NULL && key->verbatim)
	    ? ARGUMENT_VERBATIM : ARGUMENT_PLAIN;
}

int
config_line_read(struct directive *d, const char *line, size_t len,
    struct error *err)
{
	if (directive_begin(d, line, len, err) != 0)
		return -1;
	if (d->keyword == NULL)
		return 0;
	if (directive_argument(d, argument_kind(d->keyword), err) == 0)
		return 0;
	if (strcmp(d->keyword, "from") == 0)
		hint(err, "from_full_name is the key for a name");
	return wrap(err, "%s", d->keyword);
}
