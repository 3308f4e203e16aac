/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a server as replies to each command. */
#include "fuzz.h"

#include <string.h>

#include "format/queue_id.h"
#include "format/reply.h"

/* What holds for every reply that was taken whole. */
static void
check_reply(const struct reply *r)
{
	char id[QUEUE_ID_MAX];

	require(r->code >= 200 && r->code <= 599, "a code of three digits");
	require(reply_class(r) == r->code / 100, "its class");
	require(memchr(r->text, '\0', sizeof(r->text)) != NULL,
	    "a text that ends");
	for (const char *c = r->text; *c != '\0'; c++)
		require((unsigned char)*c >= 0x20 && *c != 0x7f,
		    "a text without controls");
	require(r->dsn[0] == '\0' || r->dsn[0] - '0' == r->code / 100,
	    "an enhanced code of the same class");
	queue_id_find(id, r->text);
	require(id[0] == '\0' || strstr(r->text, id) != NULL,
	    "a queue id of the server's own words");
	for (int to = REPLY_TO_GREETING; to <= REPLY_TO_OTHER; to++) {
		int code = reply_exit_code((enum reply_to)to, r);

		require(code >= EX__BASE && code <= EX__MAX,
		    "an exit code for every command");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data;
	const char *end = line + size;
	struct reply r = {0};

	while (line < end) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((lf != NULL ? lf : end) - line);
		struct error err = {0};
		int more = reply_add_line(&r, line, len, &err);
		const char *words;
		size_t n;

		if (more < 0) {
			require(err.code == EX_PROTOCOL &&
			    err.text[0] != '\0', "a fault is explained");
			return 0;
		}
		words = reply_words(line, len, &n);
		require(words >= line && words + n == line + len,
		    "words reach to the end of the line");
		if (more == 0) {
			check_reply(&r);
			memset(&r, 0, sizeof(r));
		}
		line += len + 1;
	}
	return 0;
}
