/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/queue_id.h"

#include <string.h>

#include "base/ascii.h"

/* The text before and after it, whatever the case; "" is anything. */
static const struct {
	const char *before;
	const char *after;
} places[] = {
	{ "queued as ", "" },                        /* Postfix, many others */
	{ "queued with id ", "" },                   /* Stalwart */
	{ "[InternalId=", "," },                     /* Exchange */
	{ " id=", "" },                              /* Exim, GMX */
	{ "queued (", ")" },                         /* Haraka */
	{ " ", " Message accepted for delivery" },   /* sendmail, OpenSMTPD */
	{ " ", " - gsmtp" },                         /* Gmail */
	{ " qp ", "" },                              /* qmail */
	{ "> ", " Saved" },                          /* Dovecot's LMTP */
};

static int
is_id_octet(char c)
{
	return ascii_is_alnum(c) || (c != '\0' && strchr("._-+=/@", c));
}

/* Octets of the word at text; the full stop of a sentence is none of it. */
static size_t
word_length(const char *text)
{
	size_t n = 0;

	while (is_id_octet(text[n]))
		n++;
	while (n > 0 && text[n - 1] == '.')
		n--;
	return n;
}

/* Prose has words without digits, a short number is a count, and "2.0.0" an
 * enhanced code. */
static int
is_id(const char *text, size_t n)
{
	size_t digits = 0, dots = 0;

	for (size_t i = 0; i < n; i++) {
		digits += ascii_is_digit(text[i]) != 0;
		dots += text[i] == '.';
	}
	return n >= 4 && n < QUEUE_ID_MAX && digits > 0 &&
	    (dots == 0 || digits + dots < n);
}

/* The length of the word at text if the other text follows it; else 0. */
static size_t
match(const char *text, const char *after)
{
	size_t n = word_length(text);

	return is_id(text, n) && ascii_begins(text + n, after) ? n : 0;
}

/* Amazon SES says "250 Ok" and nothing else but the name. */
static size_t
match_bare(const char *text)
{
	size_t n = word_length(text);

	return n >= 16 && is_id(text, n) && text[n] == '\0' ? n : 0;
}

static void
take(char *id, const char *text, size_t n)
{
	memcpy(id, text, n);
	id[n] = '\0';
}

void
queue_id_find(char id[QUEUE_ID_MAX], const char *text)
{
	id[0] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (const char *p = text; *p != '\0'; p++) {
			const char *word = p + strlen(places[i].before);
			size_t n = ascii_begins(p, places[i].before)
			    ? match(word, places[i].after) : 0;

			if (n > 0) {
				take(id, word, n);
				return;
			}
		}
	if (ascii_begins(text, "250 Ok "))
		take(id, text + 7, match_bare(text + 7));
}
