/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/fingerprint.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"

#define MD5_LEN 16
#define SHA1_LEN 20
#define SHA256_LEN 32

static int
digit(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads octets up to the end; how many, or 0 if it is not all hexadecimal. */
static size_t
read_octets(unsigned char *octets, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		int high = digit(text[0]), low;

		if (n > 0 && (*text == ':' || ascii_is_blank(*text)))
			continue;
		low = high >= 0 ? digit(text[1]) : -1;
		if (low < 0 || n == size)
			return 0;
		octets[n++] = (unsigned char)(high << 4 | low);
		text++;
	}
	return n;
}

int
fingerprint_parse(struct fingerprint *f, const char *text, struct error *err)
{
	static const char spki[] = "spki:";
	char quote[ESCAPE_QUOTE];
	int of_key = ascii_begins(text, spki);

	memset(f, 0, sizeof(*f));
	f->len = read_octets(f->octets, sizeof(f->octets),
	    text + (of_key ? strlen(spki) : 0));
	f->of = of_key ? FINGERPRINT_SPKI : FINGERPRINT_SHA256;
	if (f->len == SHA256_LEN)
		return 0;
	f->of = FINGERPRINT_SHA1;
	if (f->len == SHA1_LEN && !of_key)
		return 0;
	if (f->len == MD5_LEN && !of_key)
		return fail(err, EX_CONFIG, "tls_fingerprint: MD5 can be "
		    "forged; expected SHA-256, 64 hexadecimal digits");
	return fail(err, EX_CONFIG, "tls_fingerprint: expected SHA-256, 64 "
	    "hexadecimal digits, not \"%s\"",
	    escape_string(quote, sizeof(quote), text));
}

char *
fingerprint_text(char *out, const unsigned char *octets, size_t len)
{
	out[0] = '\0';
	for (size_t i = 0; i < len && i < SHA256_LEN; i++)
		snprintf(out + 3 * i, 4, "%02X%s", octets[i],
		    i + 1 < len ? ":" : "");
	return out;
}
