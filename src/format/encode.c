/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/encode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "base/xmalloc.h"

static const char digits64[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char digits16[] = "0123456789ABCDEF";

int
base64_encode(struct buffer *out, const void *data, size_t len)
{
	const unsigned char *in = data;
	char *to;

	if (len > BUFFER_MAX)
		return -1;
	to = buffer_reserve(out, (len + 2) / 3 * 4);
	if (to == NULL)
		return -1;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)in[i] << 16;

		if (i + 1 < len)
			group |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			group |= in[i + 2];
		*to++ = digits64[group >> 18];
		*to++ = digits64[group >> 12 & 63];
		*to++ = i + 1 < len ? digits64[group >> 6 & 63] : '=';
		*to++ = i + 2 < len ? digits64[group & 63] : '=';
	}
	out->len += (len + 2) / 3 * 4;
	return 0;
}

/* The value of a base64 digit, or -1. */
static int
value64(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
base64_decode(struct buffer *out, const char *text, size_t len)
{
	size_t padding = 0;
	uint32_t group = 0;
	char *to;

	if (len % 4 != 0)
		return -1;
	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	to = buffer_reserve(out, len / 4 * 3);
	if (to == NULL)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int value = i < len - padding ? value64(text[i]) : 0;

		if (value < 0)
			return -1;
		group = group << 6 | (uint32_t)value;
		if (i % 4 != 3)
			continue;
		*to++ = (char)(group >> 16 & 255);
		*to++ = (char)(group >> 8 & 255);
		*to++ = (char)(group & 255);
	}
	/* Bits under the padding that are set would be a second spelling. */
	if (group & ((1u << 8 * padding) - 1))
		return -1;
	out->len += len / 4 * 3 - padding;
	return 0;
}

static void
add_hex(struct buffer *out, char mark, char c)
{
	unsigned char octet = (unsigned char)c;
	const char code[3] = { mark, digits16[octet >> 4],
		digits16[octet & 15] };

	buffer_add(out, code, sizeof(code));
}

/* Returns whether quoted-printable has the octet as it is within a line. */
static int
is_literal(char c)
{
	return c == '\t' || (c >= ' ' && c <= '~' && c != '=');
}

void
quoted_printable_encode(struct buffer *out, const char *line, size_t len)
{
	/* three octets each, and a line break in every 73 */
	char *const room = buffer_reserve(out, 4 * len + 8);
	char *to = room;
	size_t column = 0;

	for (size_t i = 0; room != NULL && i < len; i++) {
		int last = i + 1 == len;
		int plain = is_literal(line[i]);

		if (plain && !last && column > 0 && column < 75) {
			*to++ = line[i];
			column++;
			continue;
		}
		if (last && ascii_is_blank(line[i]))
			plain = 0;
		if (column + (plain ? 1 : 3) > (last ? 76u : 75u)) {
			memcpy(to, "=\r\n", 3);
			to += 3;
			column = 0;
		}
		if (column == 0 && (line[i] == '.' || (len - i >= 5 &&
		    memcmp(line + i, "From ", 5) == 0)))
			plain = 0;
		*to++ = plain ? line[i] : '=';
		if (!plain) {
			*to++ = digits16[(unsigned char)line[i] >> 4];
			*to++ = digits16[(unsigned char)line[i] & 15];
		}
		column += plain ? 1 : 3;
	}
	out->len += (size_t)(to - room);
}

/* RFC 2047 5 (3): what may stand for itself in a word within a phrase. */
static int
is_word_char(char c)
{
	return ascii_is_alnum(c) || (c != '\0' && strchr("!*+-/", c) != NULL);
}

/* Octets of text in the form 'Q' or 'B' of RFC 2047 4. */
static size_t
length_as(char form, const char *text, size_t len)
{
	size_t n = 0;

	if (form == 'B')
		return (len + 2) / 3 * 4;
	for (size_t i = 0; i < len; i++)
		n += is_word_char(text[i]) || text[i] == ' ' ? 1 : 3;
	return n;
}

/* How much of text one word takes: whole characters that fill the room. */
static size_t
fitting(char form, const char *text, size_t len, size_t room)
{
	uint32_t value;
	size_t n = 0;

	while (n < len) {
		size_t octets = utf8_decode(text + n, len - n, &value);

		if (octets == 0)
			octets = 1;
		if (length_as(form, text, n + octets) > room)
			break;
		n += octets;
	}
	return n;
}

static void
q_encode(struct buffer *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_word_char(text[i]))
			buffer_add_char(out, text[i]);
		else if (text[i] == ' ')
			buffer_add_char(out, '_');
		else
			add_hex(out, '=', text[i]);
}

static int
is_plain(const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++)
		if (ascii_is_control(text[i]) || ascii_is_8bit(text[i]))
			return 0;
	/* Else it would be taken for an encoded word. */
	return strstr(text, "=?") == NULL;
}

/* Prefers the end of a word where characters may have several octets of
 * which we know nothing. */
static size_t
fitting_unknown(char form, const char *text, size_t len, size_t room)
{
	size_t n = 0, blank = 0;

	while (n < len && length_as(form, text, n + 1) <= room)
		if (text[n++] == ' ')
			blank = n;
	return n < len && blank > 0 ? blank : n;
}

void
encoded_word_add(struct buffer *out, const char *text, size_t len,
    const char *charset, size_t first)
{
	size_t frame = strlen(charset) + strlen("=?" "?Q?" "?=");
	int is_utf8 = ascii_equal(charset, "UTF-8");
	/* Q stays legible; it may cost half as much again. */
	char form = length_as('Q', text, len) * 2 <=
	    length_as('B', text, len) * 3 ? 'Q' : 'B';

	for (size_t i = 0, n; i < len; i += n) {
		size_t room = (i == 0 ? first : 75) - frame;

		n = is_utf8 ? fitting(form, text + i, len - i, room)
		    : fitting_unknown(form, text + i, len - i, room);
		buffer_addf(out, "%s=?%s?%c?", i > 0 ? " " : "", charset,
		    form);
		if (form == 'Q')
			q_encode(out, text + i, n);
		else
			base64_encode(out, text + i, n);
		buffer_add(out, "?=", 2);
	}
}

void
encoded_word_encode(struct buffer *out, const char *text)
{
	size_t len = strlen(text);

	if (is_plain(text))
		buffer_add(out, text, len);
	else
		encoded_word_add(out, text, len, utf8_is_valid(text, len)
		    ? "UTF-8" : "unknown-8bit", 75); /* RFC 1428 3 */
}

void
xtext_encode(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text > ' ' && *text <= '~' && *text != '+' &&
		    *text != '=')
			buffer_add_char(out, *text);
		else
			add_hex(out, '+', *text);
}

static int
hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Returns the octet of two hexadecimal digits, -1 if they are none. */
static int
hex_octet(const char *digits)
{
	int high = hex_value(digits[0]);
	int low = high >= 0 ? hex_value(digits[1]) : -1;

	return low >= 0 ? high << 4 | low : -1;
}

char *
xtext_decode(const char *text)
{
	char *out = xmalloc(strlen(text) + 1), *end = out;

	while (*text != '\0') {
		int c = *text == '+' ? hex_octet(text + 1) : *text;

		if (c < 0 || *text == '=' || ascii_is_control((char)c) ||
		    ascii_is_8bit((char)c)) {
			free(out);
			return NULL;
		}
		text += *text == '+' ? 3 : 1;
		*end++ = (char)c;
	}
	*end = '\0';
	return out;
}
