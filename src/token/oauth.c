/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/oauth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "format/secrets.h"

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
oauth_refuse(struct error *err, int code, const char *error,
    const char *words)
{
	char name[64], quote[ESCAPE_QUOTE];

	return fail(err, code, "authorization server: %s%s%s",
	    escape_string(name, sizeof(name), error), words != NULL ? ": "
	    : "", escape_string(quote, sizeof(quote), words != NULL ? words
	    : ""));
}

int
oauth_reply(json_t **object, struct https_reply *r, struct error *err)
{
	const char *error;

	*object = r->is_json ? object_parse(buffer_string(&r->body),
	    r->body.len) : NULL;
	if (*object == NULL)
		return fail(err, EX_TEMPFAIL, "expected a JSON object, not %s "
		    "(HTTP status %ld)", r->is_json ? "malformed JSON"
		    : "another content type", r->status);
	error = object_text(*object, "error");
	if (error != NULL)
		return oauth_refuse(err, code_for(error), error,
		    object_text(*object, "error_description"));
	return r->status == 200 ? 0 : fail(err, EX_TEMPFAIL,
	    "authorization server: HTTP status %ld", r->status);
}

/* Adds what only the server and we may know, plain and percent-encoded. */
static void
add_secrets(struct secrets *secrets, const char *const *form)
{
	static const char known[] = "client_id grant_type scope redirect_uri "
	    "token_type_hint";

	for (; form[0] != NULL; form += 2) {
		const char *const pair[] = { form[0], form[1], NULL };
		size_t name = strlen(form[0]) + 1;
		struct buffer text = { .kind = BUFFER_SECRET };

		if (form[1] == NULL || ascii_has_word(known, form[0]))
			continue;
		form_add(&text, pair);
		secrets_add(secrets, text.data + name, text.len - name);
		secrets_add_password(secrets, form[1], strlen(form[1]));
		buffer_free(&text);
	}
}

/* A server's error may repeat the request. */
static void
conceal(struct error *err, const char *const *client, const char *const *form)
{
	struct secrets secrets = {0};
	char said[sizeof(err->text)];
	size_t len = strlen(err->text);
	const char *shown;

	memcpy(said, err->text, len);
	add_secrets(&secrets, client);
	add_secrets(&secrets, form);
	shown = secrets_conceal(&secrets, said, &len, 0);
	snprintf(err->text, sizeof(err->text), "%.*s", (int)len, shown);
	secrets_free(&secrets);
}

int
oauth_request(json_t **object, const struct oauth_account *a, const char *url,
    const char *const *form, struct error *err)
{
	const char *const client[] = { "client_id",
		oauth_value(a, OAUTH_client_id), "client_secret",
		oauth_value(a, OAUTH_client_secret), NULL };
	struct https_reply r = HTTPS_REPLY;
	struct buffer text = { .kind = BUFFER_SECRET };
	int result;

	if (form != NULL) {
		if (oauth_value_need(a, OAUTH_client_id, err) == NULL)
			return -1;
		form_add(&text, client);
		form_add(&text, form);
	}
	result = https_request(&r, url, form != NULL ? &text : NULL,
	    oauth_value(a, OAUTH_ca_file), err);
	if (result == 0 && object != NULL)
		result = oauth_reply(object, &r, err);
	else if (result == 0 && r.status != 200)
		result = fail(err, EX_TEMPFAIL, "HTTP status %ld", r.status);
	if (result != 0 && form != NULL)
		conceal(err, client, form);
	if (result != 0 && (r.is_repeated || (err->code == EX_TEMPFAIL &&
	    r.is_sent)))
		err->outcome = OUTCOME_UNKNOWN;
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
	const char *issuer = object_text(metadata, "issuer");

	/* RFC 8414 3.3: another issuer's metadata must not be used. */
	if (issuer == NULL || strcmp(issuer, oauth_value(a,
	    OAUTH_issuer)) != 0)
		return fail(err, EX_CONFIG, "issuer: expected its own "
		    "metadata");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const char *url = object_text(metadata, members[i].name);

		if (oauth_value(a, members[i].key) == NULL && url != NULL &&
		    ascii_begins(url, "https://"))
			oauth_value_set(a, members[i].key, url);
	}
	return 0;
}

int
oauth_discover(struct oauth_account *a, struct error *err)
{
	const char *issuer = oauth_value(a, OAUTH_issuer);
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
