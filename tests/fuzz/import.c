/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A configuration file of another program: whatever stands in it, what comes
 * out has lines of config keys that are read as they were meant, and no value
 * begins a line of its own. The first octet chooses the program.
 */
#include "fuzz.h"

#include <string.h>

#include "config/key.h"
#include "config/line.h"
#include "setup/import.h"

static void
check_line(const char *line, size_t len)
{
	struct directive d = {0};
	struct error err = {0};

	require(config_line_read(&d, line, len, &err) == 0, "a line");
	require(d.keyword == NULL || key_find(d.keyword) != NULL ||
	    strcmp(d.keyword, "account") == 0, "a key");
	require(d.keyword == NULL || !key_has(d.keyword, ATTR_RUNS),
	    "no command");
	directive_free(&d);
}

static void
check_lines(const struct buffer *out)
{
	const char *line = out->data, *end = line + out->len;

	while (line < end) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));

		require(lf != NULL, "each line is ended");
		check_line(line, (size_t)(lf - line));
		line = lf + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = { "ssmtp.conf", "esmtprc",
		"dma.conf", "remotes" };
	struct buffer out = {0}, text = {0}, auth = {0};
	struct string_list lost = {0};
	struct error err = {0};
	const char *path = paths[size > 0 ? data[0] % 4 : 0];

	if (size > 0)
		buffer_add(&text, data + 1, size - 1);
	buffer_add(&auth, text.data, text.len);
	require((import_text(&out, path, &text, &auth, &lost, &err) == 0) ==
	    (err.code == 0), "a failure is explained");
	require(err.code == 0 || err.code == EX_CONFIG,
	    "octets alone are at most a bad configuration");
	check_lines(&out);
	string_list_free(&lost);
	buffer_free(&out);
	buffer_free(&text);
	buffer_free(&auth);
	return 0;
}
