/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/mime_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "format/field.h"

/*
 * Copies the value that begins at text, quoted or a token, into value. What
 * does not fit is no value: "".
 */
static void
read_value(const char *text, char *value, size_t size)
{
	int quoted = *text == '"';
	size_t n = 0;

	for (text += quoted; *text != '\0'; text++) {
		if (quoted ? *text == '"' : *text == ';' ||
		    ascii_is_blank(*text))
			break;
		if (quoted && *text == '\\' && text[1] != '\0')
			text++;
		if (n + 1 == size) {
			n = 0;
			break;
		}
		value[n++] = *text;
	}
	value[n] = '\0';
}

/* The next ";" outside quotes, or the end. */
static const char *
skip_parameter(const char *text)
{
	int quoted = 0;

	for (; *text != '\0' && (quoted || *text != ';'); text++) {
		if (*text == '\\' && quoted && text[1] != '\0')
			text++;
		else if (*text == '"')
			quoted = !quoted;
	}
	return text;
}

/* Copies the value of the first parameter of that name; "" if there is none or
 * it does not fit. Returns whether there is one. */
static int
read_parameter(const char *parameters, const char *name, char *value,
    size_t size)
{
	value[0] = '\0';
	while (*parameters == ';') {
		const char *p = parameters + 1;

		while (ascii_is_blank(*p))
			p++;
		if (ascii_begins(p, name)) {
			p += strlen(name);
			while (ascii_is_blank(*p))
				p++;
			if (*p == '=') {
				for (p++; ascii_is_blank(*p); p++)
					;
				read_value(p, value, size);
				return 1;
			}
		}
		parameters = skip_parameter(parameters + 1);
	}
	return 0;
}

/* Returns the octet that two hexadecimal digits stand for, 0 if they do not. */
static int
hex_octet(const char *digits)
{
	static const char all[] = "0123456789abcdef";
	int octet = 0;

	for (size_t i = 0; i < 2; i++) {
		const char *digit = digits[i] == '\0' ? NULL
		    : strchr(all, ascii_lower(digits[i]));

		if (digit == NULL)
			return 0;
		octet = octet << 4 | (int)(digit - all);
	}
	return octet;
}

/* Decodes an extended value in place: RFC 2231 4. The first piece begins with
 * a charset and a language. */
static void
decode_extended(char *value, int is_first)
{
	const char *from = value, *quote = strchr(value, '\'');

	if (is_first && quote != NULL &&
	    (quote = strchr(quote + 1, '\'')) != NULL)
		from = quote + 1;
	while (*from != '\0') {
		int octet = *from == '%' ? hex_octet(from + 1) : 0;

		*value++ = octet != 0 ? (char)octet : *from;
		from += octet != 0 ? 3 : 1;
	}
	*value = '\0';
}

/* Same as read_parameter(), for a value in pieces, "boundary*0=x": RFC 2231 3.
 * Those whose name ends in "*" are extended. */
static void
read_pieces(const char *parameters, const char *name, char *value,
    size_t size)
{
	char label[32];
	size_t used = 0;
	int has = 1;

	value[0] = '\0';
	for (int i = 0; has; i++) {
		snprintf(label, sizeof(label), "%s*%d", name, i);
		has = read_parameter(parameters, label, value + used,
		    size - used);
		if (!has) {
			snprintf(label, sizeof(label), "%s*%d*", name, i);
			has = read_parameter(parameters, label, value + used,
			    size - used);
			decode_extended(value + used, i == 0);
		}
		if (has && value[used] == '\0') {
			value[0] = '\0';
			return;
		}
		used += strlen(value + used);
	}
}

/* Copies the value of the parameter, in whichever form it is. */
static void
read_any_form(const char *parameters, const char *name, char *value,
    size_t size)
{
	char label[32];

	if (read_parameter(parameters, name, value, size))
		return;
	read_pieces(parameters, name, value, size);
	if (value[0] != '\0')
		return;
	snprintf(label, sizeof(label), "%s*", name);
	(void)read_parameter(parameters, label, value, size);
	decode_extended(value, 1);
}

static int
is_charset(const char *name)
{
	size_t i = 0;

	while (ascii_is_alnum(name[i]) ||
	    (name[i] != '\0' && strchr("-_.:+", name[i]) != NULL))
		i++;
	return i > 0 && name[i] == '\0';
}

/* Replaces the comments in a field body (RFC 5322 3.2.2) by blanks. */
static void
blank_comments(char *body)
{
	int depth = 0, quoted = 0;

	for (char *p = body; *p != '\0'; p++) {
		int was_inside = depth > 0;

		if (*p == '\\' && (depth > 0 || quoted) && p[1] != '\0') {
			if (depth > 0)
				p[0] = p[1] = ' ';
			p++;
			continue;
		}
		if (*p == '"' && depth == 0)
			quoted = !quoted;
		else if (!quoted)
			depth += (*p == '(') - (*p == ')' && depth > 0);
		if (was_inside || depth > 0)
			*p = ' ';
	}
}

/* Returns the length of the token at text, and sets *next to what follows it
 * and its blanks. */
static size_t
token_length(const char *text, const char **next)
{
	size_t n = strcspn(text, " \t;/");

	*next = text + n + strspn(text + n, " \t");
	return n;
}

/* A media type, "multipart/mixed", whose tokens may have blanks around them. */
struct media_type {
	const char *type, *subtype;
	size_t type_len, subtype_len;
};

/* Returns the parameters that follow the media type. */
static const char *
read_media_type(struct media_type *t, const char *body)
{
	const char *next;

	memset(t, 0, sizeof(*t));
	t->type = body + strspn(body, " \t");
	t->type_len = token_length(t->type, &next);
	t->subtype = next;
	if (*next == '/') {
		t->subtype = next + 1 + strspn(next + 1, " \t");
		t->subtype_len = token_length(t->subtype, &next);
	}
	return skip_parameter(next);
}

static int
is_type(const struct media_type *t, const char *type)
{
	return ascii_equal_n(t->type, t->type_len, type);
}

static int
is_subtype(const struct media_type *t, const char *subtype)
{
	return ascii_equal_n(t->subtype, t->subtype_len, subtype);
}

static void
read_type(struct mime_header *e, const char *body)
{
	struct media_type t;
	const char *parameters = read_media_type(&t, body);

	e->has_type = 1;
	e->is_text = is_type(&t, "text");
	(void)read_parameter(parameters, "charset", e->charset,
	    sizeof(e->charset));
	if (!is_charset(e->charset))
		e->charset[0] = '\0';
	if (is_type(&t, "multipart")) {
		read_any_form(parameters, "boundary", e->boundary,
		    sizeof(e->boundary));
		e->is_digest = is_subtype(&t, "digest");
		if (e->boundary[0] != '\0')
			e->kind = ENTITY_MULTIPART;
		e->is_signed |= is_subtype(&t, "signed");
	} else if (is_type(&t, "message") && (is_subtype(&t, "rfc822") ||
	    is_subtype(&t, "global"))) {
		e->kind = ENTITY_MESSAGE;
	}
}

static void
read_encoding(struct mime_header *e, const char *body)
{
	const char *name = body + strspn(body, " \t");
	size_t n = strcspn(name, "; \t");

	e->encoding = n == 0 || ascii_equal_n(name, n, "7bit") ||
	    ascii_equal_n(name, n, "8bit") || ascii_equal_n(name, n, "binary")
	    ? ENCODING_IDENTITY : ENCODING_OTHER;
	e->is_binary = ascii_equal_n(name, n, "binary");
}

/* Returns whether the field signs other fields. */
static int
is_signature(const char *header, const struct field *f)
{
	return field_is(header, f, "DKIM-Signature") ||
	    field_is(header, f, "DomainKey-Signature") ||
	    field_is(header, f, "ARC-Message-Signature") ||
	    field_is(header, f, "ARC-Seal");
}

void
mime_header_read(struct mime_header *e, const char *header, size_t len)
{
	struct field f;
	size_t offset = 0;

	memset(e, 0, sizeof(*e));
	e->is_text = 1;
	while (field_next(header, len, &offset, &f)) {
		char *body = field_unfold(header, &f);

		blank_comments(body);
		if (field_is(header, &f, "Content-Type") && !e->has_type)
			read_type(e, body);
		else if (field_is(header, &f, "Content-Transfer-Encoding"))
			read_encoding(e, body);
		else if (field_is(header, &f, "MIME-Version"))
			e->has_version = 1;
		else if (is_signature(header, &f))
			e->is_signed = e->header_is_signed = 1;
		free(body);
	}
	if (e->kind == ENTITY_MESSAGE && e->encoding == ENCODING_OTHER)
		e->kind = ENTITY_LEAF; /* what follows is no header */
}
