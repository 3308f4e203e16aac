/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/field_encode.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/error.h"
#include "base/utf8.h"
#include "base/xmalloc.h"
#include "format/domain.h"
#include "format/encode.h"

/* RFC 2047 2: octets of a line with encoded words. */
#define ENCODED_LINE_MAX 76

/* A first word shorter than this begins a line of its own. */
#define FIRST_WORD_MIN 30

/* Octets of one section of a long parameter, RFC 2231 3. */
#define SECTION_MAX 50

enum grammar {
	GRAMMAR_TEXT,       /* unstructured, RFC 5322 3.6.5 and 3.6.8 */
	GRAMMAR_ADDRESSES,  /* RFC 5322 3.4; List-Id is alike */
	GRAMMAR_PHRASES,    /* separated by commas */
	GRAMMAR_COMMENTS,   /* free text in comments alone */
	GRAMMAR_PARAMETERS  /* RFC 2045 5.1, RFC 2183 */
};

/* Every field that is not here is unstructured. */
static const struct {
	const char *name;
	enum grammar grammar;
} fields[] = {
	{ "From", GRAMMAR_ADDRESSES },
	{ "Sender", GRAMMAR_ADDRESSES },
	{ "Reply-To", GRAMMAR_ADDRESSES },
	{ "To", GRAMMAR_ADDRESSES },
	{ "Cc", GRAMMAR_ADDRESSES },
	{ "Bcc", GRAMMAR_ADDRESSES },
	{ "Resent-From", GRAMMAR_ADDRESSES },
	{ "Resent-Sender", GRAMMAR_ADDRESSES },
	{ "Resent-Reply-To", GRAMMAR_ADDRESSES },
	{ "Resent-To", GRAMMAR_ADDRESSES },
	{ "Resent-Cc", GRAMMAR_ADDRESSES },
	{ "Resent-Bcc", GRAMMAR_ADDRESSES },
	{ "Apparently-To", GRAMMAR_ADDRESSES },
	{ "Disposition-Notification-To", GRAMMAR_ADDRESSES },
	{ "Return-Receipt-To", GRAMMAR_ADDRESSES },
	{ "Errors-To", GRAMMAR_ADDRESSES },
	{ "Mail-Followup-To", GRAMMAR_ADDRESSES },
	{ "Mail-Reply-To", GRAMMAR_ADDRESSES },
	{ "List-Id", GRAMMAR_ADDRESSES },
	{ "Keywords", GRAMMAR_PHRASES },
	{ "Date", GRAMMAR_COMMENTS },
	{ "Resent-Date", GRAMMAR_COMMENTS },
	{ "Message-ID", GRAMMAR_COMMENTS },
	{ "Resent-Message-ID", GRAMMAR_COMMENTS },
	{ "In-Reply-To", GRAMMAR_COMMENTS },
	{ "References", GRAMMAR_COMMENTS },
	{ "Return-Path", GRAMMAR_COMMENTS },
	{ "Received", GRAMMAR_COMMENTS },
	{ "MIME-Version", GRAMMAR_COMMENTS },
	{ "Content-ID", GRAMMAR_COMMENTS },
	{ "Content-Transfer-Encoding", GRAMMAR_COMMENTS },
	{ "List-Archive", GRAMMAR_COMMENTS },
	{ "List-Help", GRAMMAR_COMMENTS },
	{ "List-Owner", GRAMMAR_COMMENTS },
	{ "List-Post", GRAMMAR_COMMENTS },
	{ "List-Subscribe", GRAMMAR_COMMENTS },
	{ "List-Unsubscribe", GRAMMAR_COMMENTS },
	{ "Auto-Submitted", GRAMMAR_COMMENTS },
	{ "DKIM-Signature", GRAMMAR_COMMENTS },
	{ "ARC-Seal", GRAMMAR_COMMENTS },
	{ "ARC-Message-Signature", GRAMMAR_COMMENTS },
	{ "ARC-Authentication-Results", GRAMMAR_COMMENTS },
	{ "Authentication-Results", GRAMMAR_COMMENTS },
	{ "Content-Type", GRAMMAR_PARAMETERS },
	{ "Content-Disposition", GRAMMAR_PARAMETERS },
};

/* A field being encoded. */
struct field_encoder {
	struct buffer *out;
	const char *charset;
	size_t used;      /* octets of the first line that are not in out */
	size_t begin;     /* where the body begins in out */
	int has_words;    /* an encoded word was written */
};

/* The part of a text with raw octets that becomes an encoded word. */
enum extent {
	EXTENT_WORDS, /* from the first raw word to the last */
	EXTENT_ALL    /* all that is not encoded already */
};

static enum grammar
grammar_of(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (ascii_equal(name, fields[i].name))
			return fields[i].grammar;
	return GRAMMAR_TEXT;
}

static size_t
skip_blanks(const char *text, size_t at, size_t len)
{
	while (at < len && ascii_is_blank(text[at]))
		at++;
	return at;
}

static size_t
skip_word(const char *text, size_t at, size_t len)
{
	while (at < len && !ascii_is_blank(text[at]))
		at++;
	return at;
}

/* "=?charset?Q?text?=", as RFC 2047 2 limits it. */
static int
is_encoded_word(const char *word, size_t len)
{
	size_t marks = 0;

	if (len < 8 || len > 75 || memcmp(word, "=?", 2) != 0 ||
	    memcmp(word + len - 2, "?=", 2) != 0)
		return 0;
	for (size_t i = 2; i < len - 2; i++)
		marks += word[i] == '?';
	return marks == 2 && !ascii_has_8bit(word, len);
}

static void
add_words(struct field_encoder *e, const char *text, size_t len)
{
	size_t column = e->used + e->out->len - e->begin;
	size_t first = ENCODED_LINE_MAX - 1;

	if (!e->has_words && column + FIRST_WORD_MIN <= ENCODED_LINE_MAX)
		first = ENCODED_LINE_MAX - column;
	encoded_word_add(e->out, text, len, e->charset, first);
	e->has_words = 1;
}

/* RFC 5322 3.2.3: octets that a phrase has in quoted strings alone. */
static int
has_special(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("()<>[]:;@\\,.\"", text[i]) != NULL)
			return 1;
	return 0;
}

/* A stretch without encoded words, [at, end) of text, between two of them or
 * the ends of the text. */
static void
encode_stretch(struct field_encoder *e, const char *text, size_t at,
    size_t end, enum extent extent)
{
	size_t first = end, last = at;

	for (size_t i = skip_blanks(text, at, end); i < end;
	    i = skip_blanks(text, i, end)) {
		size_t next = skip_word(text, i, end);

		if (ascii_has_8bit(text + i, next - i)) {
			first = i < first ? i : first;
			last = next;
		}
		i = next;
	}
	if (extent == EXTENT_ALL &&
	    (last > at || has_special(text + at, end - at))) {
		first = skip_blanks(text, at, end);
		for (last = end; ascii_is_blank(text[last - 1]);)
			last--;
	}
	if (last <= first) {
		buffer_add(e->out, text + at, end - at);
		return;
	}
	/* A blank between two encoded words is not shown (RFC 2047 6.2). */
	if (at > 0 && skip_blanks(text, at, end) == first && first > at) {
		buffer_add_char(e->out, ' ');
		first = at;
	}
	buffer_add(e->out, text + at, first - at);
	if (text[end] != '\0' && skip_blanks(text, last, end) == end &&
	    last < end) {
		add_words(e, text + first, end - first);
		buffer_add_char(e->out, ' ');
		return;
	}
	add_words(e, text + first, last - first);
	buffer_add(e->out, text + last, end - last);
}

/* Free text; text[len] is NUL. */
static void
encode_text(struct field_encoder *e, const char *text, enum extent extent)
{
	size_t len = strlen(text);
	size_t at = 0;

	for (size_t i = skip_blanks(text, 0, len); i < len;
	    i = skip_blanks(text, i, len)) {
		size_t next = skip_word(text, i, len);

		if (is_encoded_word(text + i, next - i)) {
			encode_stretch(e, text, at, i, extent);
			buffer_add(e->out, text + i, next - i);
			at = next;
		}
		i = next;
	}
	encode_stretch(e, text, at, len, extent);
}

/* Appends the octets without the backslashes of quoted pairs. */
static void
add_unquoted(struct buffer *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		buffer_add_char(out, text[i]);
	}
}

/* The text of a comment between two parentheses. */
static void
encode_comment_text(struct field_encoder *e, const char *text, size_t len)
{
	struct buffer plain = {0};

	if (!ascii_has_8bit(text, len)) {
		buffer_add(e->out, text, len);
		return;
	}
	add_unquoted(&plain, text, len);
	encode_text(e, buffer_string(&plain), memchr(text, '\\', len) != NULL
	    ? EXTENT_ALL : EXTENT_WORDS);
	buffer_free(&plain);
}

/* The comment at text; returns its length. Not closed, it is the rest. */
static size_t
encode_comment(struct field_encoder *e, const char *text)
{
	size_t depth = 0, begin = 0, i = 0;

	for (; text[i] != '\0'; i++) {
		if (text[i] == '\\' && text[i + 1] != '\0') {
			i++;
			continue;
		}
		if (text[i] != '(' && text[i] != ')')
			continue;
		encode_comment_text(e, text + begin, i - begin);
		buffer_add_char(e->out, text[i]);
		begin = i + 1;
		depth += text[i] == '(' ? 1 : (size_t)-1;
		if (depth == 0)
			return i + 1;
	}
	encode_comment_text(e, text + begin, i - begin);
	return i;
}

/* The length of the quoted string at text; not closed, it is the rest. */
static size_t
quoted_length(const char *text)
{
	size_t i = 1;

	while (text[i] != '\0' && text[i] != '"')
		i += text[i] == '\\' && text[i + 1] != '\0' ? 2 : 1;
	return i + (text[i] == '"');
}

static size_t
comment_length(const char *text)
{
	size_t depth = 0, i = 0;

	for (; text[i] != '\0'; i++) {
		if (text[i] == '\\' && text[i + 1] != '\0')
			i++;
		else if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && --depth == 0)
			return i + 1;
	}
	return i;
}

/* The length of the item at text: a comment, a quoted string or else octets up
 * to one of these or one of stop. */
static size_t
item_length(const char *text, const char *stop)
{
	if (*text == '(')
		return comment_length(text);
	if (*text == '"')
		return quoted_length(text);
	return strcspn(text, stop);
}

/* A phrase without comments, [text, text + len). */
static void
encode_phrase(struct field_encoder *e, const char *text, size_t len)
{
	struct buffer plain = {0};

	if (!ascii_has_8bit(text, len)) {
		buffer_add(e->out, text, len);
		return;
	}
	for (size_t i = 0; i < len;) {
		size_t n = text[i] == '"' ? quoted_length(text + i) : 1;

		if (text[i] == '"')
			add_unquoted(&plain, text + i + 1, n - 1 -
			    (n > 1 && text[i + n - 1] == '"'));
		else
			buffer_add_char(&plain, text[i]);
		i += n;
	}
	encode_text(e, buffer_string(&plain), EXTENT_ALL);
	buffer_free(&plain);
}

/* The words of a phrase with comments between them. */
static void
encode_words(struct field_encoder *e, const char *text, size_t len)
{
	size_t begin = 0;

	for (size_t i = 0; i < len;) {
		if (text[i] != '(') {
			i += text[i] == '"' ? quoted_length(text + i) : 1;
			continue;
		}
		encode_phrase(e, text + begin, i - begin);
		i += encode_comment(e, text + i);
		begin = i;
	}
	encode_phrase(e, text + begin, len - begin);
}

/* "@domain" at text; its length, 0 if it cannot be written in ASCII. */
static size_t
encode_domain(struct field_encoder *e, const char *text)
{
	size_t n = 1 + strcspn(text + 1, " \t(),:;<>@\"[");
	struct error ignored = {0};
	char *domain, *ascii = NULL;

	if (!ascii_has_8bit(text, n)) {
		buffer_add(e->out, text, n);
		return n;
	}
	domain = xstrndup(text + 1, n - 1);
	if (domain_to_ascii(domain, &ascii, &ignored) != 0)
		n = 0;
	else
		buffer_addf(e->out, "@%s", ascii);
	free(domain);
	free(ascii);
	return n;
}

/* An address, or other octets that only comments and domains may be encoded
 * in. */
static int
encode_address(struct field_encoder *e, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = item_length(text + i, "@(\"");

		if (text[i] == '(') {
			n = encode_comment(e, text + i);
		} else if (text[i] == '@') {
			n = encode_domain(e, text + i);
			if (n == 0)
				return -1;
		} else {
			n = n < len - i ? n : len - i;
			if (ascii_has_8bit(text + i, n))
				return -1;
			buffer_add(e->out, text + i, n);
		}
		i += n;
	}
	return 0;
}

/* Up to one of the separators that is in no comment or quoted string. */
static size_t
run_length(const char *text, const char *separators)
{
	char stop[16] = "(\"";
	size_t n = 0;

	memcpy(stop + 2, separators, strlen(separators) + 1);
	while (text[n] != '\0' && strchr(separators, text[n]) == NULL)
		n += item_length(text + n, stop);
	return n;
}

static int
encode_addresses(struct field_encoder *e, const char *text)
{
	while (*text != '\0') {
		size_t n = run_length(text, "<>,:;");
		char separator = text[n];

		if (separator == '<' || separator == ':') {
			encode_words(e, text, n);
			if (n > 0 && separator == '<' &&
			    e->out->data[e->out->len - 1] != ' ')
				buffer_add_char(e->out, ' ');
		} else if (encode_address(e, text, n) != 0) {
			return -1;
		}
		text += n;
		if (separator == '<') {
			n = run_length(text, ">");
			if (encode_address(e, text, n) != 0)
				return -1;
			text += n;
		}
		if (*text == '\0')
			break;
		/* a line with encoded words is short: it has to be folded */
		buffer_add_char(e->out, *text);
		if (*text++ == ',' && *text != '\0' && !ascii_is_blank(*text))
			buffer_add_char(e->out, ' ');
	}
	return 0;
}

static void
encode_phrases(struct field_encoder *e, const char *text)
{
	while (*text != '\0') {
		size_t n = run_length(text, ",");

		encode_words(e, text, n);
		text += n;
		if (*text != '\0')
			buffer_add_char(e->out, *text++);
	}
}

/* RFC 2231 7: what may stand for itself in an extended value. */
static void
add_extended(struct buffer *out, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char octet = (unsigned char)c;

	if (ascii_is_alnum(c) || (c != '\0' && strchr("-._~+!", c) != NULL))
		buffer_add_char(out, c);
	else
		buffer_addf(out, "%%%c%c", hex[octet >> 4], hex[octet & 15]);
}

/* The value as "name*=charset''octets", in sections if it is long. */
static void
add_parameter(struct field_encoder *e, const char *name, size_t name_len,
    const char *value)
{
	struct buffer section = {0};
	size_t number = 0;
	size_t len = strlen(value);

	buffer_addf(&section, "%s''", e->charset);
	for (size_t i = 0; i < len || section.len > 0;) {
		while (i < len && section.len < SECTION_MAX)
			add_extended(&section, value[i++]);
		if (number > 0)
			buffer_add_string(e->out, "; ");
		buffer_add(e->out, name, name_len);
		if (number > 0 || i < len)
			buffer_addf(e->out, "*%zu", number);
		buffer_addf(e->out, "*=%s", buffer_string(&section));
		buffer_clear(&section);
		number++;
	}
	buffer_free(&section);
}

/* One parameter or the value before them, [text, text + len). */
static int
encode_parameter(struct field_encoder *e, const char *text, size_t len)
{
	size_t begin = skip_blanks(text, 0, len);
	const char *equals = memchr(text, '=', len);
	size_t name_len, value_len;
	struct buffer value = {0};

	if (equals == NULL || text[begin] == '(' ||
	    !ascii_has_8bit(equals, (size_t)(text + len - equals)))
		return encode_address(e, text, len);
	name_len = (size_t)(equals - text) - begin;
	while (name_len > 0 && ascii_is_blank(text[begin + name_len - 1]))
		name_len--;
	if (name_len == 0 || ascii_has_8bit(text, begin + name_len) ||
	    memchr(text + begin, '*', name_len) != NULL ||
	    ascii_equal_n(text + begin, name_len, "boundary") ||
	    ascii_equal_n(text + begin, name_len, "charset"))
		return -1;
	for (equals++; ascii_is_blank(*equals);)
		equals++;
	value_len = (size_t)(text + len - equals);
	while (value_len > 0 && ascii_is_blank(equals[value_len - 1]))
		value_len--;
	if (*equals != '"')
		buffer_add(&value, equals, value_len);
	else if (quoted_length(equals) < value_len)
		return -1;
	else
		add_unquoted(&value, equals + 1, value_len - 1 -
		    (value_len > 1 && equals[value_len - 1] == '"'));
	buffer_add(e->out, text, begin);
	add_parameter(e, text + begin, name_len, buffer_string(&value));
	buffer_free(&value);
	return 0;
}

static int
encode_parameters(struct field_encoder *e, const char *text)
{
	while (*text != '\0') {
		size_t n = run_length(text, ";");

		if (encode_parameter(e, text, n) != 0)
			return -1;
		text += n;
		if (*text != '\0')
			buffer_add_char(e->out, *text++);
	}
	return 0;
}

static int
encode_body(struct field_encoder *e, enum grammar grammar, const char *body)
{
	switch (grammar) {
	case GRAMMAR_TEXT:
		encode_text(e, body, EXTENT_WORDS);
		return 0;
	case GRAMMAR_PHRASES:
		encode_phrases(e, body);
		return 0;
	case GRAMMAR_ADDRESSES:
		return encode_addresses(e, body);
	case GRAMMAR_COMMENTS:
		return encode_address(e, body, strlen(body));
	case GRAMMAR_PARAMETERS:
		break;
	}
	return encode_parameters(e, body);
}

int
field_encode(struct buffer *out, const char *name, const char *body,
    const char *charset)
{
	int is_utf8 = utf8_is_valid(body, strlen(body));
	struct field_encoder e = { .out = out, .used = strlen(name) + 2,
		.begin = out->len };

	/* RFC 1428 3; what is not UTF-8 is not what UTF-8 or ASCII declares */
	if (is_utf8)
		e.charset = "UTF-8";
	else if (charset == NULL || charset[0] == '\0' ||
	    ascii_equal(charset, "UTF-8") || ascii_equal(charset, "US-ASCII"))
		e.charset = "unknown-8bit";
	else
		e.charset = charset;
	if (encode_body(&e, grammar_of(name), body) == 0 &&
	    !ascii_has_8bit(buffer_string(out) + e.begin, out->len - e.begin))
		return 0;
	out->len = e.begin;
	return -1;
}

char *
field_space_list(const char *name, const char *body)
{
	enum grammar grammar = grammar_of(name);
	struct buffer spaced = {0};

	if (grammar != GRAMMAR_ADDRESSES && grammar != GRAMMAR_PHRASES)
		return NULL;
	while (*body != '\0') {
		size_t n = *body == ',' ? 1 : item_length(body, "(\",");

		buffer_add(&spaced, body, n);
		if (*body == ',' && body[1] != ' ' && body[1] != '\t')
			buffer_add_char(&spaced, ' ');
		body += n;
	}
	return buffer_string(&spaced);
}
