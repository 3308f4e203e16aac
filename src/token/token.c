/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/token.h"

#include <signal.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "token/token_store.h"

#define TOKEN_VERSION 1
#define VALID_SECONDS 300
#define EXPIRES_DEFAULT 3600 /* RFC 6749 5.1 leaves it to the server */

/* A token goes into a SASL message: RFC 6750 2.1 allows no control characters
 * and no blanks. */
static int
is_secret(const char *text)
{
	for (; *text > ' ' && *text <= '~'; text++)
		;
	return *text == '\0';
}

int
token_take(json_t *token, const json_t *reply, time_t now, struct error *err)
{
	const char *access = object_text(reply, "access_token");
	const char *refresh = object_text(reply, "refresh_token");
	const char *type = object_text(reply, "token_type");

	if (access == NULL || type == NULL || !ascii_equal(type, "Bearer"))
		return fail(err, EX_TEMPFAIL, "expected a bearer token, it is "
		    "missing in the response");
	if (!is_secret(access) || (refresh != NULL && !is_secret(refresh)))
		return fail(err, EX_TEMPFAIL, "expected a token of printable "
		    "ASCII characters");
	json_object_set_new(token, "version", json_integer(TOKEN_VERSION));
	object_set(token, "access_token", access);
	object_set(token, "refresh_token", refresh);
	object_set(token, "scope", object_text(reply, "scope"));
	json_object_set_new(token, "expires", json_integer(now +
	    object_seconds(reply, "expires_in", EXPIRES_DEFAULT)));
	json_object_del(token, "used");
	return 0;
}

static int
add_text(const char *data, size_t len, void *buffer)
{
	return buffer_add(buffer, data, len);
}

void
token_format(struct buffer *out, const json_t *token)
{
	(void)json_dump_callback(token, add_text, out, JSON_COMPACT |
	    JSON_ENSURE_ASCII);
	buffer_add_char(out, '\n');
}

json_t *
token_parse(struct buffer *text, struct error *err)
{
	json_t *token = object_parse(buffer_string(text), text->len);
	const char *access = object_text(token, "access_token");
	const char *refresh = object_text(token, "refresh_token");

	if (token != NULL && json_integer_value(json_object_get(token,
	    "version")) == TOKEN_VERSION && access != NULL &&
	    is_secret(access) && (refresh == NULL || is_secret(refresh)) &&
	    object_text(token, "token_url") != NULL)
		return token;
	json_decref(token);
	fail(err, EX_CONFIG, "the stored token is damaged, or of another "
	    "version");
	return NULL;
}

int
token_request(json_t *token, const struct oauth_account *a, const char *url,
    const char *const *form, struct error *err)
{
	json_t *reply = NULL;
	int result = oauth_request(&reply, a, url, form, err);

	if (result == 0 && token_take(token, reply, time(NULL), err) != 0) {
		err->outcome = OUTCOME_UNKNOWN;
		result = -1;
	}
	json_decref(reply);
	return result;
}

static int
is_valid(const json_t *token)
{
	return json_integer_value(json_object_get(token, "expires")) >=
	    time(NULL) + VALID_SECONDS;
}

static int
log_in_again(const struct oauth_account *a, struct error *err)
{
	char quote[256];

	err->hint[0] = '\0';
	return hint(err, "log in: onehop-token --login %s",
	    escape_string(quote, sizeof(quote), a->address));
}

int
token_moment(char *text, size_t size, const json_t *token, const char *name)
{
	time_t moment = (time_t)json_integer_value(json_object_get(token,
	    name));
	struct tm tm;

	return moment != 0 && gmtime_r(&moment, &tm) != NULL &&
	    strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}

/* Stores that the refresh token is used, and reserves space for the reply. */
static int
announce(json_t *token, struct token_store *s, struct error *err)
{
	if (json_object_get(token, "used") == NULL) {
		json_object_set_new(token, "used", json_integer(time(NULL)));
		if (token_store_write(s, token, err) != 0)
			return -1;
	}
	return token_store_reserve(s, err);
}

/* Explains a failed request. If an earlier one had no reply, its refresh token
 * may have been replaced. */
static int
explain(const json_t *token, const struct oauth_account *a, struct error *err)
{
	char moment[64];

	if (err->code == EX_TEMPFAIL && err->outcome == OUTCOME_UNKNOWN)
		hint(err, "the next run uses the refresh token again");
	if (err->code != EX_NOPERM)
		return -1;
	if (token_moment(moment, sizeof(moment), token, "used"))
		wrap(err, "a request of %s had no reply", moment);
	return log_in_again(a, err);
}

/*
 * Requests new tokens and stores them. A server that rotates refresh tokens
 * may take back the old one before its reply is here: from the request on,
 * only SIGKILL ends this process before the new one is stored.
 */
static int
request(json_t *token, struct token_store *s, const struct oauth_account *a,
    struct error *err)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	int is_first = json_object_get(token, "used") == NULL;
	struct error unsaid = {0};
	const char *url = oauth_value(a, OAUTH_token_url);
	const char *const form[] = { "grant_type", "refresh_token",
		"refresh_token", object_text(token, "refresh_token"), NULL };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	if (announce(token, s, err) != 0)
		return -1;
	if (token_request(token, a, url != NULL ? url : object_text(token,
	    "token_url"), form, err) == 0)
		return token_store_write(s, token, err);
	if (is_first && err->outcome != OUTCOME_UNKNOWN) {
		json_object_del(token, "used");
		(void)token_store_write(s, token, &unsaid);
	}
	return explain(token, a, err);
}

/* Refreshes under the lock, unless another process has done it already. */
static int
refresh(json_t **token, struct token_store *s, const struct oauth_account *a,
    struct error *err)
{
	int found;

	json_decref(*token);
	*token = NULL;
	token_store_close(s);
	found = token_store_begin(s, a, err) == 0 ? token_store_read(s, token,
	    err) : -1;
	if (found < 0 || (found == 1 && is_valid(*token)))
		return found < 0 ? -1 : 0;
	if (object_text(*token, "refresh_token") == NULL) {
		fail(err, EX_NOPERM, "no refresh token is stored");
		return log_in_again(a, err);
	}
	return request(*token, s, a, err);
}

int
token_get(struct buffer *out, const struct oauth_account *a,
    struct error *err)
{
	json_t *token = NULL;
	struct token_store s;
	int result = token_store_open(&s, a, err);

	if (result == 0)
		result = token_store_read(&s, &token, err);
	if (result == 1)
		result = is_valid(token) ? 0 : refresh(&token, &s, a, err);
	else if (result == 0) {
		fail(err, EX_NOPERM, "no token is stored");
		result = log_in_again(a, err);
	}
	if (result == 0)
		buffer_add_string(out, object_text(token, "access_token"));
	token_store_close(&s);
	json_decref(token);
	return result;
}
