/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "config/key.h"

/* Where the summaries stand, if the option leaves room. */
#define COLUMN 28

static void
add_line(struct buffer *out, const char *option, const char *summary)
{
	buffer_addf(out, "  %-*s %s\n", COLUMN - 3, option, summary);
}

static void
add_flag(struct buffer *out, const struct option *f)
{
	char option[96];
	const char *argument = f->value == VALUE_REQUIRED ||
	    f->value == VALUE_WORD ? f->argument : "";
	const char *blank = argument[0] != '\0' ? " " : "";
	const char *equals = argument[0] != '\0' ? "=" : "";

	if (f->letter == '\0')
		snprintf(option, sizeof(option), "    --%s%s%s", f->name,
		    equals, argument);
	else if (f->name == NULL)
		snprintf(option, sizeof(option), "-%c%s%s", f->letter, blank,
		    argument);
	else
		snprintf(option, sizeof(option), "-%c, --%s%s%s", f->letter,
		    f->name, equals, argument);
	add_line(out, option, f->summary);
}

void
usage_write(struct buffer *out)
{
	char option[96];

	buffer_add_string(out, "usage: onehop [option ...] [recipient ...] "
	    "< message\n\n"
	    "Submits one message to the smarthost of the config file.\n\n");
	for (const struct option *f = option_table; f->summary != NULL; f++)
		add_flag(out, f);
	buffer_add_string(out, "\nOne option for each key of the config "
	    "file, see onehop-config(5):\n\n");
	for (const struct key *k = account_keys; k->name != NULL; k++) {
		if (k->secret || strcmp(k->name, "from") == 0)
			continue; /* --from is -f, as in msmtp */
		snprintf(option, sizeof(option), "--%s=%s", k->name,
		    k->argument);
		add_line(out, option, k->summary);
	}
}
