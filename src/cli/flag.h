/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of flags.def as data. */
#ifndef ONEHOP_CLI_FLAG_H
#define ONEHOP_CLI_FLAG_H

#include "base/error.h"
#include "cli/options.h"

enum flag_value {
	VALUE_NONE,
	VALUE_REQUIRED, /* attached, or the next word */
	VALUE_OPTIONAL  /* attached only */
};

struct flag {
	char letter;             /* 0 for a name without a letter */
	const char *name;        /* long name, or NULL */
	enum flag_value value;
	/* Does what the option asks; value is NULL if there is none. */
	int (*act)(struct options *options, const char *value,
		struct error *err);
	const char *argument;    /* for help: "ADDRESS" */
	const char *summary;
};

extern const struct flag flags[]; /* ends with a NULL summary */

/* The option of that letter, or of that long name; NULL if there is none. */
const struct flag *flag_by_letter(char letter);
const struct flag *flag_by_name(const char *name);

#endif
