/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/oauth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/xmalloc.h"

#define SECONDS_MAX (10 * 365 * 86400)

/* In front of each block of jansson's; keeps the alignment of malloc(). */
union block {
	size_t len;
	long double number;
	void *pointer;
};

static void *
wiping_malloc(size_t n)
{
	union block *b = xcalloc(1, sizeof(*b) + n);

	b->len = n;
	return b + 1;
}

static void
wiping_free(void *p)
{
	union block *b = p;

	if (b == NULL)
		return;
	b--;
	platform_wipe(b + 1, b->len);
	free(b);
}

json_t *
oauth_parse(const char *text, size_t len)
{
	json_t *object;

	json_set_alloc_funcs(wiping_malloc, wiping_free);
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

const char *
oauth_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

long
oauth_seconds(const json_t *object, const char *name, long fallback)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	uint64_t number = json_is_integer(value)
	    ? (uint64_t)json_integer_value(value) : SECONDS_MAX + 1;

	if (text != NULL && ascii_number(text, strlen(text), 0, SECONDS_MAX,
	    &number) != 0)
		return fallback;
	return number <= SECONDS_MAX ? (long)number : fallback;
}

/* RFC 6749 5.2, RFC 8628 3.5, OpenID Connect Core 3.1.2.6. */
static int
code_for(const char *error)
{
	static const char again[] = "invalid_grant access_denied "
	    "expired_token interaction_required login_required "
	    "consent_required";

	if (ascii_has_word(again, error))
		return EX_NOPERM;
	return ascii_has_word("temporarily_unavailable server_error", error)
	    ? EX_TEMPFAIL : EX_CONFIG;
}

int
oauth_reply(json_t **object, struct https_reply *r, struct error *err)
{
	const char *error, *words;
	char code[64], quote[ESCAPE_QUOTE];

	*object = r->is_json ? oauth_parse(buffer_string(&r->body),
	    r->body.len) : NULL;
	if (*object == NULL)
		return fail(err, EX_TEMPFAIL, "expected a JSON object, not %s "
		    "(HTTP status %ld)", r->is_json ? "malformed JSON"
		    : "another content type", r->status);
	error = oauth_text(*object, "error");
	words = oauth_text(*object, "error_description");
	if (error != NULL)
		return fail(err, code_for(error), "authorization server: "
		    "%s%s%s", escape_string(code, sizeof(code), error),
		    words != NULL ? ": " : "", words != NULL
		    ? escape_string(quote, sizeof(quote), words) : "");
	return r->status == 200 ? 0 : fail(err, EX_TEMPFAIL,
	    "authorization server: HTTP status %ld", r->status);
}

/* Begins a form with the client's ID and secret. */
static int
add_client(struct buffer *form, const struct oauth_account *a,
    struct error *err)
{
	const char *id = oauth_account_need(a, OAUTH_client_id, err);

	if (id == NULL)
		return -1;
	form_add(form, "client_id", id);
	if (a->value[OAUTH_client_secret] != NULL)
		form_add(form, "client_secret", a->value[OAUTH_client_secret]);
	return 0;
}

int
oauth_request(json_t **object, const struct oauth_account *a, const char *url,
    const char *const *form, struct error *err)
{
	struct https_reply r = HTTPS_REPLY;
	struct buffer text = { .kind = BUFFER_SECRET };
	int result = form != NULL ? add_client(&text, a, err) : 0;

	for (size_t i = 0; form != NULL && form[i] != NULL; i += 2)
		form_add(&text, form[i], form[i + 1]);
	if (result == 0)
		result = https_request(&r, url, form != NULL ? &text : NULL,
		    a->value[OAUTH_ca_file], err);
	if (result == 0 && object != NULL)
		result = oauth_reply(object, &r, err);
	else if (result == 0 && r.status != 200)
		result = fail(err, EX_TEMPFAIL, "HTTP status %ld", r.status);
	buffer_free(&text);
	buffer_free(&r.body);
	return result;
}

static int
take_metadata(struct oauth_account *a, const json_t *metadata,
    struct error *err)
{
	static const struct {
		enum oauth_key key;
		const char *name;
	} members[] = {
		{ OAUTH_auth_url, "authorization_endpoint" },
		{ OAUTH_device_url, "device_authorization_endpoint" },
		{ OAUTH_token_url, "token_endpoint" },
		{ OAUTH_revoke_url, "revocation_endpoint" },
	};
	const char *issuer = oauth_text(metadata, "issuer");

	/* RFC 8414 3.3: another issuer's metadata must not be used. */
	if (issuer == NULL || strcmp(issuer, a->value[OAUTH_issuer]) != 0)
		return fail(err, EX_CONFIG, "issuer: expected its own "
		    "metadata");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const char *url = oauth_text(metadata, members[i].name);

		if (a->value[members[i].key] == NULL && url != NULL &&
		    ascii_begins(url, "https://"))
			a->value[members[i].key] = xstrdup(url);
	}
	return 0;
}

int
oauth_discover(struct oauth_account *a, struct error *err)
{
	const char *issuer = a->value[OAUTH_issuer];
	json_t *metadata = NULL;
	char *url;
	int result;

	if (issuer == NULL)
		return 0;
	url = xasprintf("%s%s.well-known/openid-configuration", issuer,
	    issuer[strlen(issuer) - 1] == '/' ? "" : "/");
	result = oauth_request(&metadata, a, url, NULL, err);
	if (result == 0)
		result = take_metadata(a, metadata, err);
	json_decref(metadata);
	free(url);
	return result;
}
