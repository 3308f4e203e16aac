/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

int
escape_is_harmless(uint32_t value)
{
	if (value < 0x20 || value == '\\' || (value >= 0x7f && value <= 0x9f))
		return 0;
	if (value == 0x61c || value == 0x200e || value == 0x200f)
		return 0; /* bidi marks */
	if (value >= 0x2028 && value <= 0x202e)
		return 0; /* line separators, bidi embeddings */
	return !(value >= 0x2066 && value <= 0x2069); /* bidi isolates */
}

/* One character of the input and what it takes to show it. */
struct character {
	size_t octets;  /* in the input */
	size_t shown;   /* in the output */
	int plain;      /* shown as it is */
};

static struct character
look(const unsigned char *text, size_t len)
{
	struct character c;
	uint32_t value = 0;
	size_t n = utf8_decode((const char *)text, len, &value);

	c.octets = n > 0 ? n : 1;
	c.plain = n > 0 && escape_is_harmless(value);
	c.shown = c.plain ? n : 4 * c.octets;
	return c;
}

/* Returns whether all of it fits in room octets. */
static int
fits(const unsigned char *text, size_t len, size_t room)
{
	while (len > 0) {
		struct character c = look(text, len);

		if (c.shown > room)
			return 0;
		room -= c.shown;
		text += c.octets;
		len -= c.octets;
	}
	return 1;
}

/* Writes one character of the input as it is to be shown. */
static void
put(char *out, const unsigned char *in, const struct character *c)
{
	char octet[5];

	if (c->plain) {
		memcpy(out, in, c->octets);
		return;
	}
	for (size_t i = 0; i < c->octets; i++) {
		snprintf(octet, sizeof(octet), "\\x%02X", in[i]);
		memcpy(out + 4 * i, octet, 4);
	}
}

char *
escape(char *out, size_t size, const char *text, size_t len)
{
	const unsigned char *in = (const unsigned char *)text;
	size_t room = fits(in, len, size - 1) ? size - 1 : size - 4;
	int cut = room != size - 1;
	size_t used = 0;

	while (len > 0) {
		struct character c = look(in, len);

		if (used + c.shown > room)
			break;
		put(out + used, in, &c);
		used += c.shown;
		in += c.octets;
		len -= c.octets;
	}
	memcpy(out + used, cut ? "..." : "", cut ? 4 : 1);
	return out;
}

char *
escape_string(char *out, size_t size, const char *text)
{
	return escape(out, size, text, strlen(text));
}

/* As much as fits, moving *text and *len past it; the kept octets stay. */
static size_t
escape_some(char *out, size_t size, const char **text, size_t *len,
    const char *kept)
{
	size_t used = 0;

	while (*len > 0) {
		const unsigned char *in = (const unsigned char *)*text;
		struct character c = look(in, *len);

		if (!c.plain && *in != '\0' && strchr(kept, *in) != NULL)
			c = (struct character){ 1, 1, 1 };
		if (used + c.shown > size)
			break;
		put(out + used, in, &c);
		used += c.shown;
		*text += c.octets;
		*len -= c.octets;
	}
	return used;
}

size_t
escape_lines(char *out, size_t size, const char **text, size_t *len)
{
	return escape_some(out, size, text, len, "\n\t\\");
}

void
escape_add(struct buffer *out, const char *text)
{
	size_t len = strlen(text);
	char block[256];

	while (len > 0) {
		size_t n = escape_some(block, sizeof(block), &text, &len,
		    "\\");

		buffer_add(out, block, n);
	}
}

char *
escape_server(char *out, size_t size, const char *host, unsigned port)
{
	int is_ipv6 = strchr(host, ':') != NULL;
	char quote[ESCAPE_QUOTE];
	size_t room = size < sizeof(quote) ? size : sizeof(quote);

	escape_string(quote, room - strlen("[]:65535"), host);
	snprintf(out, size, is_ipv6 ? "[%s]:%u" : "%s:%u", quote, port);
	return out;
}
