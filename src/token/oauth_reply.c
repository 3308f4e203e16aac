/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/oauth_reply.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "token/wiping_heap.h"

#define STORE_VERSION 1
#define EXPIRES_DEFAULT 3600 /* RFC 6749 5.1 leaves it to the server */
#define EXPIRES_MAX (10 * 365 * 86400)
#define INTERVAL_DEFAULT 5   /* RFC 8628 3.2 */

void
token_free(struct access_token *t)
{
	buffer_free(&t->access);
	buffer_free(&t->refresh);
	free(t->scope);
	free(t->token_url);
	free(t->revoke_url);
	t->scope = t->token_url = t->revoke_url = NULL;
	t->expires = 0;
}

void
device_grant_free(struct device_grant *g)
{
	buffer_free(&g->code);
	free(g->user_code);
	free(g->uri);
	free(g->uri_complete);
	memset(g, 0, sizeof(*g));
}

/* Parses an object. Jansson is told first to wipe what it frees. */
static json_t *
parse(const struct buffer *text)
{
	json_t *root;

	json_set_alloc_funcs(wiping_malloc, wiping_free);
	root = json_loadb(text->len > 0 ? text->data : "", text->len,
	    JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

static json_t *
parse_reply(const struct https_reply *r, struct error *err)
{
	json_t *root = r->is_json ? parse(&r->body) : NULL;

	if (root == NULL)
		fail(err, EX_TEMPFAIL, "expected a JSON object, not %s (HTTP "
		    "status %ld)", r->is_json ? "malformed JSON"
		    : "another content type", r->status);
	return root;
}

/* Returns a string member, borrowed, or NULL. */
static const char *
string_of(const json_t *root, const char *name)
{
	const char *text = json_string_value(json_object_get(root, name));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* Returns a number member; servers write it as a string as well. */
static long
seconds_of(const json_t *root, const char *name, long fallback)
{
	const json_t *value = json_object_get(root, name);
	const char *text = json_string_value(value);
	uint64_t number;

	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
	    json_integer_value(value) <= EXPIRES_MAX)
		return (long)json_integer_value(value);
	if (text != NULL && ascii_number(text, strlen(text), 0, EXPIRES_MAX,
	    &number) == 0)
		return (long)number;
	return fallback;
}

static void
replace(char **to, const char *text)
{
	free(*to);
	*to = text != NULL ? xstrdup(text) : NULL;
}

/* Sets a token. It goes into a SASL message: RFC 6750 2.1 allows no control
 * characters and no blanks. */
static int
set_secret(struct buffer *to, const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return -1;
	buffer_clear(to);
	return buffer_add_string(to, text);
}

/* RFC 6749 5.2, RFC 8628 3.5, OpenID Connect Core 3.1.2.6. */
static int
code_for(const char *error)
{
	static const char *const again[] = { "invalid_grant", "access_denied",
		"expired_token", "interaction_required", "login_required",
		"consent_required" };

	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		if (strcmp(error, again[i]) == 0)
			return EX_NOPERM;
	if (strcmp(error, "temporarily_unavailable") == 0 ||
	    strcmp(error, "server_error") == 0)
		return EX_TEMPFAIL;
	return EX_CONFIG;
}

/* Fails with the words of an error response. */
static int
refuse(const json_t *root, long status, struct error *err)
{
	const char *error = string_of(root, "error");
	const char *words = string_of(root, "error_description");
	char code[64], quote[ESCAPE_QUOTE];

	if (error == NULL)
		return fail(err, EX_TEMPFAIL, "expected a token, not HTTP "
		    "status %ld", status);
	escape_string(code, sizeof(code), error);
	fail(err, code_for(error), "authorization server: %s%s%s", code,
	    words != NULL ? ": " : "", words != NULL
	    ? escape_string(quote, sizeof(quote), words) : "");
	return -1;
}

static int
take_token(struct access_token *t, const json_t *root, time_t now,
    struct error *err)
{
	const char *access = string_of(root, "access_token");
	const char *refresh = string_of(root, "refresh_token");
	const char *type = string_of(root, "token_type");

	if (access == NULL || type == NULL || !ascii_equal(type, "Bearer"))
		return fail(err, EX_TEMPFAIL, "expected a bearer token, it is "
		    "missing in the response");
	if (set_secret(&t->access, access) != 0 ||
	    (refresh != NULL && set_secret(&t->refresh, refresh) != 0))
		return fail(err, EX_TEMPFAIL, "expected a token of printable "
		    "ASCII characters");
	t->expires = now + seconds_of(root, "expires_in", EXPIRES_DEFAULT);
	if (string_of(root, "scope") != NULL)
		replace(&t->scope, string_of(root, "scope"));
	return 0;
}

int
oauth_reply_token(struct access_token *t, const struct https_reply *r,
    time_t now, char error_code[64], struct error *err)
{
	json_t *root = parse_reply(r, err);
	const char *error = root != NULL ? string_of(root, "error") : NULL;
	int result;

	error_code[0] = '\0';
	if (root == NULL)
		return -1;
	if (error != NULL && strlen(error) < 64)
		memcpy(error_code, error, strlen(error) + 1);
	if (r->status == 200 && error == NULL)
		result = take_token(t, root, now, err);
	else
		result = refuse(root, r->status, err);
	json_decref(root);
	return result;
}

int
oauth_reply_device(struct device_grant *g, const struct https_reply *r,
    struct error *err)
{
	json_t *root = parse_reply(r, err);
	const char *code, *user_code, *uri;
	int result = 0;

	if (root == NULL)
		return -1;
	code = string_of(root, "device_code");
	user_code = string_of(root, "user_code");
	uri = string_of(root, "verification_uri");
	if (uri == NULL)
		uri = string_of(root, "verification_url"); /* Google */
	if (r->status != 200) {
		result = refuse(root, r->status, err);
	} else if (code == NULL || user_code == NULL || uri == NULL) {
		result = fail(err, EX_TEMPFAIL, "expected device_code, "
		    "user_code and verification_uri in the response");
	} else {
		g->code.kind = BUFFER_SECRET;
		buffer_add_string(&g->code, code);
		replace(&g->user_code, user_code);
		replace(&g->uri, uri);
		replace(&g->uri_complete,
		    string_of(root, "verification_uri_complete"));
		g->expires = (unsigned)seconds_of(root, "expires_in", 600);
		g->interval = (unsigned)seconds_of(root, "interval",
		    INTERVAL_DEFAULT);
	}
	json_decref(root);
	return result;
}

int
oauth_reply_metadata(struct oauth_account *a, const struct https_reply *r,
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
	json_t *root = parse_reply(r, err);
	const char *issuer = root != NULL ? string_of(root, "issuer") : NULL;

	if (root == NULL)
		return -1;
	/* RFC 8414 3.3: another issuer's metadata must not be used. */
	if (r->status != 200 || issuer == NULL ||
	    strcmp(issuer, a->value[OAUTH_issuer]) != 0) {
		json_decref(root);
		return fail(err, EX_CONFIG, "issuer: expected its own metadata"
		    " (HTTP status %ld)", r->status);
	}
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const char *url = string_of(root, members[i].name);

		if (a->value[members[i].key] == NULL && url != NULL &&
		    ascii_begins(url, "https://"))
			a->value[members[i].key] = xstrdup(url);
	}
	json_decref(root);
	return 0;
}

static int
add_text(const char *data, size_t len, void *buffer)
{
	return buffer_add(buffer, data, len);
}

static void
add_member(json_t *root, const char *name, const char *value)
{
	if (value != NULL)
		json_object_set_new_nocheck(root, name,
		    json_string_nocheck(value));
}

void
token_format(struct buffer *out, const struct access_token *t)
{
	struct buffer access = t->access, refresh = t->refresh;
	json_t *root;

	json_set_alloc_funcs(wiping_malloc, wiping_free);
	root = json_object();
	json_object_set_new(root, "version", json_integer(STORE_VERSION));
	json_object_set_new(root, "access_token",
	    json_stringn_nocheck(access.data, access.len));
	json_object_set_new(root, "refresh_token",
	    json_stringn_nocheck(refresh.data, refresh.len));
	json_object_set_new(root, "expires",
	    json_integer((json_int_t)t->expires));
	add_member(root, "scope", t->scope);
	add_member(root, "token_url", t->token_url);
	add_member(root, "revoke_url", t->revoke_url);
	(void)json_dump_callback(root, add_text, out, JSON_COMPACT |
	    JSON_ENSURE_ASCII);
	buffer_add_char(out, '\n');
	json_decref(root);
}

int
token_parse(struct access_token *t, const struct buffer *text,
    struct error *err)
{
	json_t *root = parse(text);
	const char *access, *refresh, *url;
	int result = 0;

	access = root != NULL ? string_of(root, "access_token") : NULL;
	refresh = root != NULL ? string_of(root, "refresh_token") : NULL;
	url = root != NULL ? string_of(root, "token_url") : NULL;
	if (root == NULL || json_integer_value(json_object_get(root,
	    "version")) != STORE_VERSION || url == NULL ||
	    (access != NULL && set_secret(&t->access, access) != 0) ||
	    (refresh != NULL && set_secret(&t->refresh, refresh) != 0)) {
		result = fail(err, EX_CONFIG, "the stored token is damaged, "
		    "or of another version");
	} else {
		t->expires = (time_t)json_integer_value(
		    json_object_get(root, "expires"));
		replace(&t->scope, string_of(root, "scope"));
		replace(&t->token_url, url);
		replace(&t->revoke_url, string_of(root, "revoke_url"));
	}
	json_decref(root);
	return result;
}
