/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/pem.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

#define BEGIN "-----BEGIN "
#define END "-----END "

/* Returns where needle begins in text, or NULL. needle begins with a dash,
 * which base64 does not contain, so memchr() skips most of a file. */
static const unsigned char *
find(struct span text, const char *needle)
{
	size_t len = strlen(needle);

	while (text.len >= len) {
		const unsigned char *at = memchr(text.data, needle[0],
		    text.len - len + 1);

		if (at == NULL)
			return NULL;
		if (memcmp(at, needle, len) == 0)
			return at;
		text.len -= (size_t)(at + 1 - text.data);
		text.data = at + 1;
	}
	return NULL;
}

static void
advance(struct span *text, const unsigned char *to)
{
	text->len -= (size_t)(to - text->data);
	text->data = to;
}

/* Returns the length of the label and its dashes that begin the text, or 0. */
static size_t
label(struct span text)
{
	static const char *const labels[] = {
		"CERTIFICATE-----", "X509 CERTIFICATE-----"
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		size_t len = strlen(labels[i]);

		if (text.len >= len && memcmp(text.data, labels[i], len) == 0)
			return len;
	}
	return 0;
}

int
pem_next(struct span *text, struct pem_block *block)
{
	const unsigned char *at;
	size_t len;

	while ((at = find(*text, BEGIN)) != NULL) {
		block->whole.data = at;
		advance(text, at + strlen(BEGIN));
		len = label(*text);
		if (len == 0)
			continue;
		advance(text, text->data + len);
		at = find(*text, END);
		if (at == NULL)
			return 0;
		block->base64.data = text->data;
		block->base64.len = (size_t)(at - text->data);
		advance(text, at + strlen(END));
		len = label(*text);
		if (len == 0)
			continue;
		advance(text, text->data + len);
		block->whole.len = (size_t)(text->data - block->whole.data);
		return 1;
	}
	return 0;
}

/* Returns the value of a base64 digit, or -1. */
static int
digit(unsigned char c)
{
	static const signed char values[] = { /* of '+' to 'z' */
		62, -1, -1, -1, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1,
		-1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
		10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
		-1, -1, -1, -1, -1, -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
		36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51
	};

	return c >= '+' && c <= 'z' ? values[c - '+'] : -1;
}

/* Decodes whole groups of four digits, of which most of a store consists, and
 * advances text and *n. Stops before anything else. */
static void
decode_groups(struct span *text, unsigned char *out, size_t size, size_t *n)
{
	const unsigned char *p = text->data;
	const unsigned char *end = p + text->len;

	while (end - p >= 4 && size - *n >= 3) {
		/* Multiplies, because -1 cannot be shifted. */
		int bits = digit(p[0]) * (1 << 18) | digit(p[1]) * (1 << 12) |
		    digit(p[2]) * (1 << 6) | digit(p[3]);

		if (bits < 0)
			break;
		out[(*n)++] = (unsigned char)(bits >> 16);
		out[(*n)++] = (unsigned char)(bits >> 8);
		out[(*n)++] = (unsigned char)bits;
		p += 4;
	}
	advance(text, p);
}

size_t
pem_decode(const struct pem_block *block, unsigned char *out,
	size_t size)
{
	struct span text = block->base64;
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n = 0;

	while (n < size) {
		int value;

		if (held == 0)
			decode_groups(&text, out, size, &n);
		if (text.len == 0 || n == size)
			break;
		value = digit(*text.data);
		if (value >= 0) {
			bits = bits << 6 | (uint32_t)value;
			held += 6;
		} else if (!ascii_is_blank((char)*text.data) &&
		    *text.data != '\n' && *text.data != '\r') {
			break;
		}
		if (held >= 8) {
			held -= 8;
			out[n++] = (unsigned char)(bits >> held);
		}
		advance(&text, text.data + 1);
	}
	return n;
}

enum { INTEGER = 0x02, SEQUENCE = 0x30, EXPLICIT_0 = 0xa0 };

/*
 * Reads the tag and length of the element at the beginning of der. len is the
 * length that the element claims, and may extend past the end of der. Returns
 * 1, 0 if der ends too early, -1 if it is malformed.
 */
static int
take_header(struct span *der, unsigned tag, size_t *len)
{
	size_t n, at = 2;

	if (der->len < 2)
		return 0;
	if (der->data[0] != tag)
		return -1;
	n = der->data[1];
	if (n >= 0x80) {
		size_t octets = n & 0x7f;

		if (octets < 1 || octets > 3)
			return -1;
		if (der->len < 2 + octets)
			return 0;
		for (n = 0; octets > 0; octets--)
			n = n << 8 | der->data[at++];
	}
	advance(der, der->data + at);
	*len = n;
	return 1;
}

/* Reads a whole element. Unless NULL, span is set to its header and content. */
static int
take(struct span *der, unsigned tag, struct span *span)
{
	const unsigned char *start = der->data;
	size_t len;
	int taken = take_header(der, tag, &len);

	if (taken != 1)
		return taken;
	if (len > der->len)
		return 0;
	advance(der, der->data + len);
	if (span != NULL) {
		span->data = start;
		span->len = (size_t)(der->data - start);
	}
	return 1;
}

int
pem_names(struct span der, struct span *issuer, struct span *subject)
{
	const struct {
		unsigned tag;
		struct span *span;
	} fields[] = { /* of TBSCertificate, after the version */
		{ INTEGER, NULL },     /* serialNumber */
		{ SEQUENCE, NULL },    /* signature */
		{ SEQUENCE, issuer },
		{ SEQUENCE, NULL },    /* validity */
		{ SEQUENCE, subject },
	};
	size_t len;
	int taken;

	for (int i = 0; i < 2; i++) { /* Certificate, TBSCertificate */
		taken = take_header(&der, SEQUENCE, &len);
		if (taken != 1)
			return taken;
		if (der.len > len)
			der.len = len;
	}
	if (der.len > 0 && der.data[0] == EXPLICIT_0) {
		taken = take(&der, EXPLICIT_0, NULL);
		if (taken != 1)
			return taken;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		taken = take(&der, fields[i].tag, fields[i].span);
		if (taken != 1)
			return taken;
	}
	return 1;
}
