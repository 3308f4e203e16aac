/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An alias file: whatever stands in it, entries have a name and a line, each
 * is found by its name or shadowed by an earlier one, and an error tells a
 * line of the file. Nothing it names is opened.
 */
#include "fuzz.h"

#include <string.h>

#include "base/ascii.h"
#include "envelope/alias_file.h"

static void
check_alias(const struct alias_file *f, const struct alias *a,
    unsigned lines)
{
	const struct alias *found = alias_file_find(f, a->name);

	require(a->name[0] != '\0', "a name");
	require(a->line >= 1 && a->line <= lines, "a line of the file");
	require(strchr(a->name, '\n') == NULL &&
	    strchr(a->targets, '\n') == NULL, "no line end is kept");
	require(found != NULL && found <= a &&
	    ascii_equal(found->name, a->name), "the first of that name");
}

static void
check_error(const struct error *err)
{
	require(err->code == EX_CONFIG, "an error of configuration");
	for (const char *p = err->text; *p != '\0'; p++)
		require(!ascii_is_control(*p), "a text of one line");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct alias_file f = {0};
	struct error err = {0};
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (alias_file_parse(&f, (const char *)data, size, &err) != 0)
		check_error(&err);
	else
		require(err.code == 0, "no error without one");
	for (size_t i = 0; i < f.n; i++)
		check_alias(&f, &f.at[i], lines);
	alias_file_free(&f);
	require(f.n == 0, "nothing is left");
	return 0;
}
