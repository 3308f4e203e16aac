/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What onehop-token parses: its configuration, redirects, replies and stored
 * tokens. Any octets are read or refused; a token that is read comes back from
 * what is written.
 */
#include "fuzz.h"

#include <string.h>

#include "token/oauth_config.h"
#include "token/oauth_reply.h"
#include "token/redirect.h"

static void
check_config(const struct buffer *text)
{
	struct oauth_config c = {0};
	struct oauth_account a;
	struct error err = {0};
	int result = oauth_config_parse(&c, "f", text, &err);

	require((result == -1) == (err.code == EX_CONFIG),
	    "an error is explained");
	if (result == 0) {
		memset(&err, 0, sizeof(err));
		result = oauth_config_account(&a, &c, "you@gmail.com", &err);
		require(result != 0 || a.value[OAUTH_token_url] == NULL ||
		    strncmp(a.value[OAUTH_token_url], "https:", 6) == 0,
		    "URLs are https");
		oauth_account_free(&a);
	}
	oauth_config_free(&c);
}

static void
check_redirect(const struct buffer *text)
{
	struct buffer code = { .kind = BUFFER_SECRET };
	struct error err = {0};
	enum redirect result = redirect_parse(&code, text->data, text->len,
	    "s", &err);

	require((result == REDIRECT_FAILED) == (err.code == EX_NOPERM),
	    "a refusal is explained");
	require(result != REDIRECT_CODE || (code.len > 0 &&
	    memchr(code.data, '\0', code.len) == NULL), "a code is a string");
	buffer_free(&code);
}

static void
check_token(const struct buffer *text)
{
	struct access_token first = TOKEN_INIT, second = TOKEN_INIT;
	struct https_reply reply = { 200, *text, 1 };
	struct device_grant grant = {0};
	struct buffer out = { .kind = BUFFER_SECRET };
	struct error err = {0};
	char code[64];

	(void)oauth_reply_device(&grant, &reply, &err);
	device_grant_free(&grant);
	if (oauth_reply_token(&first, &reply, 1000, code, &err) == 0)
		require(first.access.len > 0 && first.expires >= 1000,
		    "a reply that is taken has a token");
	token_free(&first);
	if (token_parse(&first, text, &err) == 0) {
		token_format(&out, &first);
		require(token_parse(&second, &out, &err) == 0 &&
		    second.expires == first.expires &&
		    second.access.len == first.access.len &&
		    second.refresh.len == first.refresh.len,
		    "a token that is written is read");
	}
	buffer_free(&out);
	token_free(&first);
	token_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer text = {0};

	buffer_add(&text, data, size);
	buffer_string(&text);
	check_config(&text);
	check_redirect(&text);
	check_token(&text);
	buffer_free(&text);
	return 0;
}
