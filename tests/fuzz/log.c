/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line of the log. The first octet chooses the format; the values are
 * separated by NULs. A reader of the log finds the fields that are there, each
 * once and in order, and no value makes another field or another line.
 */
#include "fuzz.h"

#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"
#include "base/xmalloc.h"
#include "report/log.h"

/* In the order of the line; the time has a name in JSON only. */
static const char *const names[] = {
	"time", "outcome", "exit", "client", "account", "notice", "host",
	"address", "tls", "verify", "auth", "user", "from", "to", "size",
	"msgid", "warning", "queueid", "reply", "error", "ms"
};

#define NAMES (sizeof(names) / sizeof(names[0]))
#define WHEN "2026-11-29T07:00:00+0000"

/* The next value of the input. */
static char *
next(const uint8_t **data, size_t *size)
{
	size_t n = strnlen((const char *)*data, *size);
	char *value = xstrndup((const char *)*data, n);

	*data += n + (n < *size);
	*size -= n + (n < *size);
	return value;
}

static void
take(const uint8_t **data, size_t *size, char *to, size_t room)
{
	char *value = next(data, size);

	snprintf(to, room, "%s", value);
	free(value);
}

/* The number of the name among those that may still come. */
static size_t
find(const char *name, size_t len, size_t from)
{
	while (from < NAMES && (strlen(names[from]) != len ||
	    memcmp(names[from], name, len) != 0))
		from++;
	require(from < NAMES, "a name that may come here");
	return from;
}

/* Skips a value of words; it ends the line or a space follows. */
static const char *
skip_word(const char *p)
{
	if (*p == '"') {
		p = strchr(p + 1, '"');
		require(p != NULL, "a quote that ends");
		return p + 1;
	}
	require(*p != '\0' && *p != ' ', "a value");
	while (*p != '\0' && *p != ' ') {
		require(*p != '"' && *p != '\'' && *p != '=',
		    "quotes where they are needed");
		p++;
	}
	return p;
}

static void
check_words(const char *text)
{
	const char *p = text + strlen(WHEN);
	size_t at = 1;

	require(strncmp(text, WHEN, strlen(WHEN)) == 0, "the time first");
	while (*p != '\0') {
		const char *equals = strchr(p, '=');

		require(*p == ' ' && equals != NULL, "a name and a value");
		at = find(p + 1, (size_t)(equals - p - 1), at) + 1;
		p = skip_word(equals + 1);
	}
}

static const char *
skip_string(const char *p)
{
	require(*p == '"', "a string");
	for (p++; *p != '"'; p++) {
		require((unsigned char)*p >= 0x20, "no control character");
		if (*p != '\\')
			continue;
		p++;
		require(*p != '\0' && strchr("\"\\/bfnrtu", *p) != NULL,
		    "escapes of JSON");
	}
	return p + 1;
}

static void
check_json(const char *text)
{
	const char *p = text;
	size_t at = 0;

	require(*p == '{', "an object");
	do {
		const char *name = p + 2;

		p = skip_string(p + 1);
		at = find(name, (size_t)(p - name - 1), at) + 1;
		require(*p == ':', "a name and a value");
		p++;
		p = *p == '"' ? skip_string(p)
		    : p + strspn(p, "-0123456789");
	} while (*p == ',');
	require(strcmp(p, "}") == 0, "the end of the object, and no more");
}

static void
check_line(const struct log_line *l)
{
	require(l->len < LOG_LINE_MAX && strlen(l->text) == l->len,
	    "a line that is whole");
	for (size_t i = 0, n; i < l->len; i += n) {
		uint32_t value = 0;

		n = utf8_decode(l->text + i, l->len - i, &value);
		require(n > 0 && (escape_is_harmless(value) || value == '\\'),
		    "harmless UTF-8");
	}
}

static void
fill(struct submission *facts, const uint8_t **data, size_t *size)
{
	take(data, size, facts->host, sizeof(facts->host));
	take(data, size, facts->connection.address,
	    sizeof(facts->connection.address));
	take(data, size, facts->tls, sizeof(facts->tls));
	take(data, size, facts->mechanism, sizeof(facts->mechanism));
	take(data, size, facts->final.text, sizeof(facts->final.text));
	facts->final.code = facts->final.text[0] == '2' ? 250 : 550;
	facts->started = 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct account account;
	struct recipient to[3];
	struct envelope envelope = { .to = to, .n = 3 };
	struct message message = {0};
	struct submission facts = {0};
	struct error result = {0};
	struct attempt a = { .account = &account, .envelope = &envelope,
	    .message = &message, .facts = &facts, .result = &result };
	struct log_line line;
	char *client;

	memset(to, 0, sizeof(to));
	account_init(&account, "");
	account.log_format = size > 0 && (data[0] & 1) != 0
	    ? LOG_FORMAT_JSON : LOG_FORMAT_KEYVALUE;
	data += size > 0;
	size -= size > 0;
	fill(&facts, &data, &size);
	take(&data, &size, result.text, sizeof(result.text));
	for (size_t i = 0; i < envelope.n; i++)
		to[i].path = next(&data, &size);
	envelope.sender = next(&data, &size);
	envelope.message_id = next(&data, &size);
	envelope.warning = next(&data, &size);
	client = next(&data, &size);
	a.client = client;
	free(account.name);
	account.name = next(&data, &size);
	free(account.user);
	account.user = next(&data, &size);
	log_line_compose(&line, &a, WHEN);
	check_line(&line);
	(account.log_format == LOG_FORMAT_JSON ? check_json : check_words)
	    (line.text);
	for (size_t i = 0; i < envelope.n; i++)
		free(to[i].path);
	free(envelope.sender);
	free(envelope.message_id);
	free(envelope.warning);
	free(client);
	account_free(&account);
	return 0;
}
