/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A command line, a word a line. Called as sendmail it names no command and no
 * file that is written, whatever its words are.
 */
#include "fuzz.h"

#include <string.h>

#include "base/xmalloc.h"
#include "cli/options.h"
#include "config/key.h"

#define WORDS 64

static size_t
split(char **argv, char *text)
{
	size_t n = 0;

	for (char *word = strtok_r(text, "\n", &text);
	    word != NULL && n < WORDS; word = strtok_r(NULL, "\n", &text))
		argv[n++] = word;
	return n;
}

static void
check_overrides(const struct options *o)
{
	for (size_t i = 0; i < o->selection.noverrides; i++)
		require(!key_has(o->selection.overrides[i].key,
		    ATTR_RUNS | ATTR_WRITES),
		    "sendmail takes no key that names a command or a file");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	char *argv[WORDS + 1] = { NULL };
	int argc = (int)split(argv, text);
	struct options o = {0};
	struct error err = {0};
	int result = options_parse(&o, argc, argv, &err);

	require((result == 0) == (err.code == 0), "a failure is explained");
	require(result == 0 || err.code == EX_USAGE || err.code == EX_CONFIG ||
	    err.code == EX_NOPERM, "words alone are at most misused");
	if (result == 0 && o.face == FACE_SENDMAIL)
		check_overrides(&o);
	for (size_t i = 0; i < o.request.nrecipients; i++)
		require(o.request.recipients[i] != NULL, "operands");
	options_free(&o);
	free(text);
	return 0;
}
