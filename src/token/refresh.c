/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/refresh.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/xmalloc.h"
#include "token/https.h"
#include "token/oauth_reply.h"
#include "token/token_store.h"

#define VALID_SECONDS 300

int
oauth_discover(struct oauth_account *a, struct error *err)
{
	const char *issuer = a->value[OAUTH_issuer];
	struct https_reply r = HTTPS_REPLY;
	struct buffer url = {0};
	int result;

	if (issuer == NULL)
		return 0;
	buffer_addf(&url, "%s%s.well-known/openid-configuration", issuer,
	    issuer[strlen(issuer) - 1] == '/' ? "" : "/");
	result = https_request(&r, buffer_string(&url), NULL,
	    a->value[OAUTH_ca_file], err);
	if (result == 0)
		result = oauth_reply_metadata(a, &r, err);
	buffer_free(&url);
	buffer_free(&r.body);
	return result;
}

int
oauth_client_form(struct buffer *form, const struct oauth_account *a,
    struct error *err)
{
	const char *id = oauth_account_need(a, OAUTH_client_id, err);

	if (id == NULL)
		return -1;
	form->kind = BUFFER_SECRET;
	form_add(form, "client_id", id);
	if (a->value[OAUTH_client_secret] != NULL)
		form_add(form, "client_secret", a->value[OAUTH_client_secret]);
	return 0;
}

static int
is_valid(const struct access_token *t)
{
	return t->access.len > 0 && t->expires >= time(NULL) + VALID_SECONDS;
}

static int
log_in_again(const struct oauth_account *a, struct error *err)
{
	char quote[256];

	err->hint[0] = '\0';
	return hint(err, "log in: onehop-token --login %s",
	    escape_string(quote, sizeof(quote), a->address));
}

/* One refresh request; t gets the new tokens. */
static int
request(struct access_token *t, const struct oauth_account *a,
    struct error *err)
{
	const char *url = a->value[OAUTH_token_url] != NULL
	    ? a->value[OAUTH_token_url] : t->token_url;
	struct https_reply r = HTTPS_REPLY;
	struct buffer form = { .kind = BUFFER_SECRET };
	char code[64];
	int result = oauth_client_form(&form, a, err);

	if (result == 0) {
		form_add(&form, "grant_type", "refresh_token");
		form_add(&form, "refresh_token", buffer_string(&t->refresh));
		result = https_request(&r, url, &form,
		    a->value[OAUTH_ca_file], err);
	}
	if (result == 0)
		result = oauth_reply_token(t, &r, time(NULL), code, err);
	buffer_free(&form);
	buffer_free(&r.body);
	return result;
}

/* Refreshes under the lock, unless another process has done it already. */
static int
refresh(struct access_token *t, struct token_store *s,
    const struct oauth_account *a, struct error *err)
{
	int found;

	if (token_store_lock(s, err) != 0)
		return -1;
	found = token_store_read(s, t, err);
	if (found < 0 || (found == 1 && is_valid(t)))
		return found < 0 ? -1 : 0;
	if (found == 0 || t->refresh.len == 0) {
		fail(err, EX_NOPERM, "no refresh token is stored");
		return log_in_again(a, err);
	}
	if (token_store_reserve(s, err) != 0)
		return -1;
	if (request(t, a, err) == 0)
		return token_store_write(s, t, err);
	return err->code == EX_NOPERM ? log_in_again(a, err) : -1;
}

int
token_get(struct buffer *out, const struct oauth_account *a,
    struct error *err)
{
	struct access_token t = TOKEN_INIT;
	struct token_store s;
	int result = token_store_open(&s, a, err);

	if (result == 0) {
		int found = token_store_read(&s, &t, err);

		if (found == 0) {
			fail(err, EX_NOPERM, "no token is stored");
			found = log_in_again(a, err);
		}
		result = found < 0 ? -1 : 0;
	}
	if (result == 0 && !is_valid(&t))
		result = refresh(&t, &s, a, err);
	if (result == 0)
		result = buffer_add(out, t.access.data, t.access.len);
	token_store_close(&s);
	token_free(&t);
	return result;
}
