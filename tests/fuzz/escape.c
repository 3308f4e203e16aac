/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any octets, shown: nothing that a terminal acts on is left, JSON stays JSON,
 * and what is escaped once does not change again. */
#include "fuzz.h"

#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"
#include "base/xmalloc.h"
#include "format/json.h"

/* kept: octets that may stand although a terminal acts on them. */
static void
check_shown(const char *text, size_t len, const char *kept)
{
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t value = 0;

		n = utf8_decode(text + i, len - i, &value);
		require(n > 0, "what is shown is UTF-8");
		require(escape_is_harmless(value) ||
		    (value < 128 && value != 0 &&
		    strchr(kept, (int)value) != NULL),
		    "what is shown is harmless");
	}
}

/* All of the text, in blocks of that size. */
static struct buffer
show_lines(const char *text, size_t len, size_t size)
{
	struct buffer out = {0};
	char *block = xmalloc(size);

	while (len > 0) {
		size_t left = len, n = escape_lines(block, size, &text, &len);

		require(n > 0 && n <= size && len < left, "it gets on");
		buffer_add(&out, block, n);
	}
	free(block);
	return out;
}

static void
check_lines(const char *text, size_t len)
{
	struct buffer once = show_lines(text, len, 16);
	struct buffer whole = show_lines(text, len, 4 * len + 16);
	struct buffer twice = show_lines(once.data, once.len, 64);

	check_shown(once.data, once.len, "\n\t\\");
	require(once.len == whole.len && once.len == twice.len,
	    "blocks and a second time change nothing");
	require(once.len == 0 ||
	    (memcmp(once.data, whole.data, once.len) == 0 &&
	    memcmp(once.data, twice.data, once.len) == 0),
	    "blocks and a second time change nothing");
	buffer_free(&once);
	buffer_free(&whole);
	buffer_free(&twice);
}

/* One string from quote to quote. */
static void
check_json(const char *text)
{
	struct buffer out = {0};
	size_t end;

	json_add_text(&out, NULL, text);
	end = out.len - 1;
	require(out.data[0] == '"' && out.data[end] == '"', "quotes");
	check_shown(out.data, out.len, "\\");
	for (size_t i = 1; i < end; i++) {
		require(out.data[i] != '"', "no quote within");
		if (out.data[i] == '\\')
			require(++i < end && strchr("\"\\u", out.data[i]) !=
			    NULL, "escapes of JSON");
	}
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	struct buffer word = {0};
	char quote[64];

	escape(quote, sizeof(quote), (const char *)data, size);
	check_shown(quote, strlen(quote), "\\");
	check_lines((const char *)data, size);
	check_json(text);
	escape_add(&word, text);
	check_shown(word.data, word.len, "\\");
	buffer_free(&word);
	free(text);
	return 0;
}
