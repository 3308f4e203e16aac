/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/token.h"

#include <string.h>

#include "base/ascii.h"

#define TOKEN_VERSION 1
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

int
token_moment(char *text, size_t size, const json_t *token, const char *name)
{
	time_t moment = (time_t)json_integer_value(json_object_get(token,
	    name));
	struct tm tm;

	return moment != 0 && gmtime_r(&moment, &tm) != NULL &&
	    strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}
