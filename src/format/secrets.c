/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/secrets.h"

#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/platform.h"
#include "format/encode.h"

/* Minimum length of a part of a secret, and of a whole secret, to be concealed,
 * octets. */
#define SECRET_PART 8
#define SECRET_WHOLE 4

void
secrets_add(struct secrets *s, const char *secret, size_t len)
{
	if (len < SECRET_WHOLE)
		return;
	s->known.kind = BUFFER_SECRET;
	buffer_add(&s->known, secret, len);
	buffer_add_char(&s->known, '\n'); /* no line contains LF */
}

/* Adds the base64 of the password after that many other octets (and any
 * multiple of three): the characters that depend on the password alone. */
static void
add_base64(struct secrets *s, const char *password, size_t len, size_t shift)
{
	struct buffer octets = { .kind = BUFFER_SECRET };
	struct buffer text = { .kind = BUFFER_SECRET };
	size_t shared = shift > 0 ? shift + 1 : 0;

	buffer_add(&octets, "\0\0", shift);
	buffer_add(&octets, password, len);
	base64_encode(&text, octets.data, octets.len);
	secrets_add(s, text.data + shared, text.len - shared);
	buffer_free(&octets);
	buffer_free(&text);
}

static void
add_upper(struct secrets *s, const char *password, size_t len)
{
	struct buffer upper = { .kind = BUFFER_SECRET };

	for (size_t i = 0; i < len; i++)
		buffer_add_char(&upper, ascii_upper(password[i]));
	secrets_add(s, upper.data, upper.len);
	buffer_free(&upper);
}

void
secrets_add_password(struct secrets *s, const char *password, size_t len)
{
	char escaped[ESCAPE_QUOTE];

	if (len < SECRET_WHOLE)
		return;
	secrets_add(s, password, len);
	add_upper(s, password, len);
	escape(escaped, sizeof(escaped), password, len);
	secrets_add(s, escaped, strlen(escaped));
	platform_wipe(escaped, sizeof(escaped));
	for (size_t shift = 0; shift < 3; shift++)
		add_base64(s, password, len, shift);
}

/* Returns whether the n octets at p, which follow an LF, are a whole secret. */
static int
is_whole(const struct buffer *known, const char *p, size_t n)
{
	return n >= SECRET_WHOLE && p[n] == '\n' &&
	    (p == known->data || p[-1] == '\n');
}

/* Returns the length of the longest text at line to be concealed, or 0. */
static size_t
secret_at(const struct buffer *known, const char *line, size_t len)
{
	const char *p = known->data, *end = p + known->len;
	size_t longest = 0;

	while ((p = memchr(p, line[0], (size_t)(end - p))) != NULL) {
		size_t n = 0;

		while (n < len && p[n] != '\n' && p[n] == line[n])
			n++;
		if (n > longest && (n >= SECRET_PART ||
		    is_whole(known, p, n)))
			longest = n;
		p++;
	}
	return longest;
}

const char *
secrets_conceal(struct secrets *s, const char *text, size_t *len, size_t keep)
{
	if (s->known.len == 0)
		return text;
	buffer_clear(&s->shown);
	for (size_t i = 0; i < *len;) {
		size_t n = secret_at(&s->known, text + i, *len - i);

		if (i + n <= keep || n == 0) {
			buffer_add_char(&s->shown, text[i++]);
			continue;
		}
		if (i < keep)
			buffer_add(&s->shown, text + i, keep - i);
		buffer_add_string(&s->shown, "<hidden>");
		i += n;
	}
	*len = s->shown.len;
	return buffer_string(&s->shown);
}

void
secrets_free(struct secrets *s)
{
	buffer_free(&s->known);
	buffer_free(&s->shown);
}
