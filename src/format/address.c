/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/address.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/utf8.h"
#include "base/xmalloc.h"
#include "format/domain.h"
#include "format/encode.h"

/* Below the limits of a local part, a label, a domain and a path, octets. */
#define ADDRESS_PLAIN_MAX 60

/* atext of RFC 5322 3.2.3 and RFC 6532 3.2. */
static int
is_atext(char c)
{
	return ascii_is_alnum(c) || ascii_is_8bit(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Returns whether s is words of atext with single separators between them. */
static int
is_joined(const char *s, char separator)
{
	int after_word = 0;

	for (; *s != '\0'; s++) {
		if (!is_atext(*s) && !(*s == separator && after_word))
			return 0;
		after_word = *s != separator;
	}
	return after_word;
}

static void
add_quoted(struct buffer *out, const char *s)
{
	buffer_add_char(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buffer_add_char(out, '\\');
		buffer_add_char(out, *s);
	}
	buffer_add_char(out, '"');
}

void
address_add_path(struct buffer *out, const struct address *a)
{
	if (is_joined(a->local, '.'))
		buffer_add_string(out, a->local);
	else
		add_quoted(out, a->local);
	if (a->domain != NULL) {
		buffer_add_char(out, '@');
		buffer_add_string(out, a->domain);
	}
}

/* Returns the length of the words of letters and digits, and characters of
 * more, with single dots between them; 0 if a dot is the last. */
static size_t
count_dotted(const char *text, size_t len, const char *more)
{
	size_t n = 0;

	while (n < len && (ascii_is_alnum(text[n]) ||
	    (text[n] == '.' && n > 0 && text[n - 1] != '.') ||
	    (text[n] != '\0' && strchr(more, text[n]) != NULL)))
		n++;
	return n > 0 && text[n - 1] == '.' ? 0 : n;
}

int
address_is_plain(const char *text, size_t len, size_t *at)
{
	size_t domain;

	if (len > ADDRESS_PLAIN_MAX)
		return 0;
	*at = count_dotted(text, len, "-_+=");
	if (*at == 0 || *at == len || text[*at] != '@')
		return 0;
	domain = len - *at - 1;
	return domain > 0 &&
	    count_dotted(text + *at + 1, domain, "") == domain;
}

void
address_add_mailbox(struct buffer *out, const char *name, const char *path)
{
	char *shown;

	if (name == NULL || *name == '\0') {
		buffer_add_string(out, path);
		return;
	}
	shown = xstrdup(name);
	for (char *p = shown; *p != '\0'; p++)
		if (ascii_is_control(*p))
			*p = ' ';
	if (ascii_has_8bit(shown, strlen(shown)))
		encoded_word_encode(out, shown);
	else if (is_joined(shown, ' '))
		buffer_add_string(out, shown);
	else
		add_quoted(out, shown);
	buffer_addf(out, " <%s>", path);
	free(shown);
}

/* Why the local part cannot go on the wire; NULL if it can. */
static const char *
local_defect(const char *local)
{
	if (*local == '\0')
		return "it has no local part";
	for (const char *p = local; *p != '\0'; p++)
		if (ascii_is_control(*p))
			return "it contains a control character";
	/* Legal in quotes, and end the path for servers that do not know. */
	if (strpbrk(local, "<>") != NULL)
		return "its local part contains an angle bracket";
	if (!utf8_is_valid(local, strlen(local)))
		return "its local part is not UTF-8";
	return NULL;
}

/* Returns the length of the local part as address_add_path() writes it. */
static size_t
local_length(const char *local)
{
	size_t n = strlen(local);

	if (is_joined(local, '.'))
		return n;
	for (const char *p = local; *p != '\0'; p++)
		n += *p == '"' || *p == '\\';
	return n + 2;
}

/* Returns why the path as written is too long; NULL if it is not. */
static const char *
length_defect(const struct address *a)
{
	size_t local = local_length(a->local);

	if (local > ADDRESS_LOCAL_MAX)
		return "its local part is longer than 64 octets";
	if (local + 1 + strlen(a->domain) > ADDRESS_PATH_MAX)
		return "it is longer than 254 octets";
	return NULL;
}

int
address_check_path(const struct address *a, struct error *err)
{
	const char *why = local_defect(a->local);
	struct buffer path = {0};
	char quote[ESCAPE_QUOTE];

	if (why == NULL && a->domain == NULL)
		why = "it has no domain";
	if (why == NULL && !domain_is_literal(a->domain) &&
	    !domain_is_ldh(a->domain))
		why = "expected letters, digits, '-' and '.' in its domain, "
		    "or an address literal";
	if (why == NULL)
		why = length_defect(a);
	if (why == NULL)
		return 0;
	address_add_path(&path, a);
	fail(err, EX_DATAERR, "'%s' is not an address: %s",
	    escape(quote, sizeof(quote), path.data, path.len), why);
	buffer_free(&path);
	return -1;
}

int
address_equal(const struct address *a, const struct address *b)
{
	if (strcmp(a->local, b->local) != 0)
		return 0;
	if (a->domain == NULL || b->domain == NULL)
		return a->domain == b->domain;
	return ascii_equal(a->domain, b->domain);
}

int
address_is_8bit(const struct address *a)
{
	return ascii_has_8bit(a->local, strlen(a->local));
}
