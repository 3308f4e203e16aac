/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "certificate.h"

#include <stdint.h>
#include <string.h>

#include "ascii.h"

#define BEGIN "-----BEGIN "
#define END "-----END "

/* Where needle begins in text, or NULL. It begins with a dash, which base64
 * does not have: most of a file is skipped by memchr(). */
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

/* Is text's beginning this label and its dashes? Their length, or 0. */
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
certificate_next(struct span *text, struct certificate_block *block)
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

/* The value of a base64 digit, or -1. */
static int
digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t
certificate_decode(const struct certificate_block *block, unsigned char *out,
	size_t size)
{
	const unsigned char *p = block->base64.data;
	const unsigned char *end = p + block->base64.len;
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n = 0;

	for (; p < end && n < size; p++) {
		int value = digit(*p);

		if (value < 0) {
			if (ascii_is_blank((char)*p) || *p == '\n' ||
			    *p == '\r')
				continue;
			break;
		}
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[n++] = (unsigned char)(bits >> held);
		}
	}
	return n;
}

enum { INTEGER = 0x02, SEQUENCE = 0x30, EXPLICIT_0 = 0xa0 };

/*
 * Takes the tag and length of the element at der's beginning: len is what the
 * element claims and may pass der's end. 1, 0 if der ends too early, -1.
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

/* Takes a whole element; span, unless NULL, becomes header and content. */
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
certificate_names(struct span der, struct span *issuer, struct span *subject)
{
	const struct {
		unsigned tag;
		struct span *span;
	} fields[] = { /* of TBSCertificate, behind the version */
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
