/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is encoded decodes to itself, and stays within its lines. */
#include "fuzz.h"

#include <string.h>

#include "base/xmalloc.h"
#include "format/encode.h"

static void
check_base64(const char *text, size_t len)
{
	struct buffer encoded = {0}, decoded = {0};

	require(base64_encode(&encoded, text, len) == 0 &&
	    base64_decode(&decoded, buffer_string(&encoded),
	    encoded.len) == 0, "base64 decodes");
	require(decoded.len == len &&
	    memcmp(buffer_string(&decoded), text, len) == 0,
	    "base64 gives back what it was given");
	buffer_clear(&encoded);
	buffer_clear(&decoded);
	if (base64_decode(&decoded, text, len) == 0) {
		require(base64_encode(&encoded, buffer_string(&decoded),
		    decoded.len) == 0 && encoded.len == len &&
		    memcmp(buffer_string(&encoded), text, len) == 0,
		    "what decodes has one spelling");
	}
	buffer_free(&encoded);
	buffer_free(&decoded);
}

/* No line past max between breaks, nothing but printable ASCII and tabs. */
static void
check_lines(struct buffer *text, const char *between, size_t max)
{
	const char *s = buffer_string(text);

	require(strlen(s) == text->len, "no NUL");
	while (*s != '\0') {
		const char *end = strstr(s, between);
		size_t n = end != NULL ? (size_t)(end - s) : strlen(s);

		require(n <= max, "short lines");
		for (size_t i = 0; i < n; i++)
			require((s[i] >= ' ' && s[i] <= '~') ||
			    s[i] == '\t', "printable ASCII");
		s += end != NULL ? n + strlen(between) : n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	struct buffer out = {0};

	check_base64(text, size);
	quoted_printable_encode(&out, text, size);
	check_lines(&out, "\r\n", 76);
	buffer_clear(&out);
	encoded_word_encode(&out, text);
	if (strcmp(buffer_string(&out), text) != 0)
		check_lines(&out, " ", 75);
	buffer_clear(&out);
	xtext_encode(&out, text);
	check_lines(&out, "\n", SIZE_MAX);
	require(strchr(buffer_string(&out), ' ') == NULL, "no blanks");
	buffer_free(&out);
	free(text);
	return 0;
}
