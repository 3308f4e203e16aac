/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/refresh.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"

#define VALID_SECONDS 300

static int
is_valid(const json_t *token)
{
	return json_integer_value(json_object_get(token, "expires")) >=
	    time(NULL) + VALID_SECONDS;
}

static int
log_in_again(const struct token_store *s, struct error *err)
{
	char quote[256];

	err->hint[0] = '\0';
	return hint(err, "log in: onehop-token --login %s",
	    escape_string(quote, sizeof(quote), s->account->address));
}

/* Stores that the refresh token is used, and reserves space for the reply. */
static int
announce(struct token_store *s, struct error *err)
{
	if (json_object_get(s->token, "used") == NULL) {
		json_object_set_new(s->token, "used", json_integer(time(
		    NULL)));
		if (token_store_write(s, err) != 0)
			return -1;
	}
	return token_store_reserve(s, err);
}

/* Explains a failed request. If an earlier one had no reply, its refresh token
 * may have been replaced. */
static int
explain(const struct token_store *s, struct error *err)
{
	char moment[64];

	if (err->code == EX_TEMPFAIL && err->outcome == OUTCOME_UNKNOWN)
		hint(err, "the next run uses the refresh token again");
	if (err->code != EX_NOPERM)
		return -1;
	if (token_moment(moment, sizeof(moment), s->token, "used"))
		wrap(err, "a request of %s had no reply", moment);
	return log_in_again(s, err);
}

/*
 * Requests new tokens and stores them. A server that rotates refresh tokens
 * may take back the old one before its reply is here: from the request on,
 * only SIGKILL ends this process before the new one is stored.
 */
static int
refresh(struct token_store *s, struct error *err)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	const char *url = oauth_value(s->account, OAUTH_token_url);
	const char *const form[] = { "grant_type", "refresh_token",
		"refresh_token", object_text(s->token, "refresh_token"), NULL };
	int is_first = json_object_get(s->token, "used") == NULL;
	struct error ignored = {0};

	if (form[3] == NULL) {
		fail(err, EX_NOPERM, "no refresh token is stored");
		return log_in_again(s, err);
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	if (announce(s, err) != 0)
		return -1;
	if (token_request(s->token, s->account, url != NULL ? url
	    : object_text(s->token, "token_url"), form, err) == 0)
		return token_store_write(s, err);
	if (is_first && err->outcome != OUTCOME_UNKNOWN) {
		json_object_del(s->token, "used");
		(void)token_store_write(s, &ignored);
	}
	return explain(s, err);
}

int
refresh_if_needed(struct token_store *s, struct error *err)
{
	int result = token_store_read(s, err);

	/* Another process may refresh it before the lock is taken. */
	if (result == 0 && !is_valid(s->token))
		result = token_store_lock(s, err) == 0
		    ? token_store_read(s, err) : -1;
	if (result == 0)
		return is_valid(s->token) ? 0 : refresh(s, err);
	return err->code == EX_NOPERM ? log_in_again(s, err) : -1;
}
