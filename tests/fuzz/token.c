/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What onehop-token parses: its configuration, redirects, replies and stored
 * tokens. Any octets are read or refused; a token that is read comes back from
 * what is written.
 */
#include "fuzz.h"

#include <string.h>

#include "token/login.h"

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
		result = oauth_config_account(&a, &c, "you@gmail.com", NULL,
		    &err);
		require(result != 0 || oauth_value(&a, OAUTH_token_url) ==
		    NULL || strncmp(oauth_value(&a, OAUTH_token_url),
		    "https:", 6) == 0, "URLs are https");
		json_decref(a.values);
	}
	oauth_config_free(&c);
}

static void
check_redirect(struct buffer *text)
{
	struct buffer code = { .kind = BUFFER_SECRET };
	struct error err = {0};
	enum redirect result = redirect_parse(&code, buffer_string(text), "s",
	    &err);

	require((result == REDIRECT_FAILED) == (err.code == EX_NOPERM),
	    "a refusal is explained");
	require(result != REDIRECT_CODE || (code.len > 0 &&
	    memchr(code.data, '\0', code.len) == NULL), "a code is a string");
	buffer_free(&code);
}

static void
check_reply(struct buffer *text)
{
	struct https_reply reply = { .status = 200, .is_json = 1,
		.body = *text };
	json_t *object = NULL, *token = object_new();
	struct error err = {0};
	int result = oauth_reply(&object, &reply, &err);

	require((result == 0) == (err.code == 0), "an error is explained");
	if (result == 0 && token_take(token, object, 1000, &err) == 0)
		require(object_text(token, "access_token") != NULL &&
		    json_integer_value(json_object_get(token, "expires")) >=
		    1000, "a reply that is taken has a token");
	*text = reply.body;
	json_decref(object);
	json_decref(token);
}

static void
check_token(struct buffer *text)
{
	struct buffer out = { .kind = BUFFER_SECRET };
	struct error err = {0};
	json_t *first = token_parse(text, &err), *second = NULL;

	if (first != NULL) {
		token_format(&out, first);
		second = token_parse(&out, &err);
		require(json_equal(first, second),
		    "a token that is written is read");
	}
	buffer_free(&out);
	json_decref(first);
	json_decref(second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer text = {0};

	buffer_add(&text, data, size);
	buffer_string(&text);
	check_config(&text);
	check_redirect(&text);
	check_reply(&text);
	check_token(&text);
	buffer_free(&text);
	return 0;
}
