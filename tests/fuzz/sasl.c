/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Challenges to each mechanism: the first octet chooses it, the others come
 * as challenges parted by LF. "%n" in a challenge stands for our own SCRAM
 * nonce, without which no message of a server gets far.
 */
#include "fuzz.h"

#include <string.h>

#include "auth/sasl.h"

static void
expand(struct buffer *challenge, const char *text, size_t len,
    const char *nonce)
{
	buffer_clear(challenge);
	for (size_t i = 0; i < len; i++)
		if (len - i >= 2 && memcmp(text + i, "%n", 2) == 0) {
			buffer_add_string(challenge, nonce);
			i++;
		} else {
			buffer_add_char(challenge, text[i]);
		}
}

/* Feeds the challenges until our side ends the exchange. */
static void
answer(struct sasl *s, const char *text, size_t len)
{
	struct buffer challenge = {0}, out = { .kind = BUFFER_SECRET };
	char nonce[64] = "";
	int result = sasl_step(s, "", 0, &out, &(struct error){0});
	const char *own = strstr(buffer_string(&out), ",r=");
	int known = 0; /* has the server said it itself? */

	if (own != NULL && strlen(own + 3) < sizeof(nonce))
		memcpy(nonce, own + 3, strlen(own + 3) + 1);
	while (result >= 0 && len > 0) {
		const char *lf = memchr(text, '\n', len);
		size_t n = lf != NULL ? (size_t)(lf - text) : len;
		struct error err = {0};

		expand(&challenge, text, n, nonce);
		result = sasl_step(s, buffer_string(&challenge),
		    challenge.len, &out, &err);
		require(result >= 0 || (err.code != 0 && out.len == 0),
		    "a fault is explained and not answered");
		known |= strstr(buffer_string(&challenge), "topsecret") != NULL;
		require((known || strstr(err.text, "topsecret") == NULL) &&
		    strstr(sasl_server_error(s), "topsecret") == NULL,
		    "the secret is kept");
		n += lf != NULL;
		text += n;
		len -= n;
	}
	buffer_free(&challenge);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "PLAIN", "LOGIN",
		"EXTERNAL", "OAUTHBEARER", "XOAUTH2", "CRAM-MD5",
		"DIGEST-MD5", "NTLM",
	};
	const struct sasl_identity jane = {
		.user = "jane", .secret = "topsecret", .host = "example.org",
		.port = 465, .binding = "AAAA",
		.binding_type = "tls-exporter", .domain = "domain",
	};
	struct error err = {0};
	struct sasl *s;

	if (size == 0 || sasl_begin(&s, mechanism_find(names[data[0] %
	    (sizeof(names) / sizeof(names[0]))]), &jane, &err) != 0)
		return 0;
	answer(s, (const char *)data + 1, size - 1);
	sasl_free(s);
	return 0;
}
