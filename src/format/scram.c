/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/scram.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"

/* One "x=value" of a message; borrowed. */
struct attribute {
	const char *value;
	size_t len;
};

static int
invalid(struct error *err, const char *why, const char *message, size_t len)
{
	char quote[ESCAPE_QUOTE];

	return fail(err, EX_PROTOCOL, "invalid challenge: %s: \"%s\"", why,
	    escape(quote, sizeof(quote), message, len));
}

/* Takes the attribute of that name off the front of *message. 0 or -1. */
static int
take(struct attribute *a, char name, const char **message, size_t *len)
{
	const char *comma;
	size_t n;

	if (*len < 3 || (*message)[0] != name || (*message)[1] != '=')
		return -1;
	comma = memchr(*message, ',', *len);
	n = comma != NULL ? (size_t)(comma - *message) : *len;
	a->value = *message + 2;
	a->len = n - 2;
	*message += comma != NULL ? n + 1 : n;
	*len -= comma != NULL ? n + 1 : n;
	return a->len > 0 ? 0 : -1;
}

static int
check_iterations(const struct attribute *a, struct error *err)
{
	uint64_t n = UINT64_MAX; /* also what is too long for a number */
	char quote[64];

	for (size_t i = 0; i < a->len; i++)
		if (!ascii_is_digit(a->value[i]) || a->value[0] == '0')
			return invalid(err, "expected an iteration count",
			    a->value, a->len);
	(void)ascii_number(a->value, a->len, 1, UINT64_MAX, &n);
	escape(quote, sizeof(quote), a->value, a->len);
	if (n > SCRAM_ITERATIONS_MAX)
		return fail(err, EX_PROTOCOL, "server asks for i=%s "
		    "iterations (limit %d)", quote, SCRAM_ITERATIONS_MAX);
	if (n < SCRAM_ITERATIONS_MIN)
		return fail(err, EX_PROTOCOL, "server asks for too few "
		    "iterations: iteration count %s below %d", quote,
		    SCRAM_ITERATIONS_MIN);
	return 0;
}

int
scram_check_server_first(const char *nonce, const char *message, size_t len,
    struct error *err)
{
	struct attribute r, s, i;
	const char *rest = message;
	size_t left = len;
	size_t n = strlen(nonce);

	if (take(&r, 'r', &rest, &left) != 0 ||
	    take(&s, 's', &rest, &left) != 0 ||
	    take(&i, 'i', &rest, &left) != 0)
		return invalid(err, "expected \"r=...,s=...,i=...\"", message,
		    len);
	if (r.len <= n || memcmp(r.value, nonce, n) != 0)
		return invalid(err, "the server's nonce does not begin with "
		    "the client's",
		    message, len);
	return check_iterations(&i, err);
}

int
scram_check_server_final(const char *message, size_t len, struct error *err)
{
	static const char binding[] = "channel-binding";
	struct attribute a;
	char quote[ESCAPE_QUOTE];
	const char *rest = message;
	size_t left = len;

	if (take(&a, 'v', &rest, &left) == 0)
		return 0;
	rest = message;
	left = len;
	if (take(&a, 'e', &rest, &left) != 0)
		return invalid(err, "expected \"v=...\"", message, len);
	escape(quote, sizeof(quote), a.value, a.len);
	if (strstr(quote, binding) != NULL)
		return fail(err, EX_PROTOCOL, "channel binding mismatch: the "
		    "server says \"%s\"", quote);
	return fail(err, EX_NOPERM, "server refused: \"%s\"", quote);
}
