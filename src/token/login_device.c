/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/poll.h"
#include "base/terminal.h"
#include "token/https.h"
#include "token/login.h"
#include "token/refresh.h"

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"
#define SLOW_DOWN_SECONDS 5 /* RFC 8628 3.5 */
#define INTERVAL_MAX 120u

static int
ask_for_code(struct device_grant *g, const struct oauth_account *a,
    struct error *err)
{
	struct https_reply r = HTTPS_REPLY;
	struct buffer form = {0};
	int result = oauth_client_form(&form, a, err);

	if (result == 0 && a->value[OAUTH_scope] != NULL)
		form_add(&form, "scope", a->value[OAUTH_scope]);
	if (result == 0)
		result = https_request(&r, a->value[OAUTH_device_url], &form,
		    a->value[OAUTH_ca_file], err);
	if (result == 0)
		result = oauth_reply_device(g, &r, err);
	buffer_free(&form);
	buffer_free(&r.body);
	return result;
}

static void
show(const struct device_grant *g, int output)
{
	char uri[ESCAPE_QUOTE], code[ESCAPE_QUOTE];

	escape_string(uri, sizeof(uri), g->uri);
	escape_string(code, sizeof(code), g->user_code);
	terminal_say(output, "Open %s in any browser and enter the code %s\n",
	    uri, code);
	if (g->uri_complete != NULL)
		terminal_say(output, "or open %s\n", escape_string(uri,
		    sizeof(uri), g->uri_complete));
	terminal_say(output, "Waiting for %u minutes at most ...\n",
	    (g->expires + 59) / 60);
}

/* Asks once. Returns 1, 0 to ask again, -1. */
static int
poll_once(struct access_token *t, struct device_grant *g,
    const struct oauth_account *a, struct error *err)
{
	struct https_reply r = HTTPS_REPLY;
	struct buffer form = {0};
	char code[64] = "";
	int result = oauth_client_form(&form, a, err);

	form_add(&form, "grant_type", DEVICE_GRANT);
	form_add(&form, "device_code", buffer_string(&g->code));
	if (result == 0)
		result = https_request(&r, a->value[OAUTH_token_url], &form,
		    a->value[OAUTH_ca_file], err);
	if (result == 0)
		result = oauth_reply_token(t, &r, time(NULL), code, err);
	buffer_free(&form);
	buffer_free(&r.body);
	if (result == 0)
		return 1;
	if (strcmp(code, "slow_down") == 0)
		g->interval += SLOW_DOWN_SECONDS;
	else if (strcmp(code, "authorization_pending") == 0)
		return 0;
	else if (err->code == EX_TEMPFAIL)
		g->interval *= 2; /* RFC 8628 3.5: back off */
	else
		return -1;
	if (g->interval > INTERVAL_MAX)
		g->interval = INTERVAL_MAX;
	return 0;
}

static int
wait_for_answer(struct access_token *t, struct device_grant *g,
    const struct oauth_account *a, struct error *err)
{
	int64_t expiry = deadline_in((int64_t)g->expires * 1000);
	int result = 0;

	while (result == 0) {
		int64_t next = deadline_in((int64_t)g->interval * 1000);

		if (poll_any(NULL, 0, deadline_first(next, expiry), err) < 0)
			return -1;
		if (deadline_now() >= expiry)
			return fail(err, EX_NOPERM, "the code has expired");
		memset(err, 0, sizeof(*err));
		result = poll_once(t, g, a, err);
	}
	return result > 0 ? 0 : -1;
}

int
login_device(struct access_token *t, const struct oauth_account *a, int output,
    struct error *err)
{
	struct device_grant g = {0};
	int result;

	if (a->value[OAUTH_device_url] == NULL) {
		fail(err, EX_CONFIG, "the provider has no device "
		    "authorization for mail");
		return hint(err, "add --browser");
	}
	if (oauth_account_need(a, OAUTH_token_url, err) == NULL)
		return -1;
	result = ask_for_code(&g, a, err);
	if (result == 0) {
		show(&g, output);
		result = wait_for_answer(t, &g, a, err);
	}
	device_grant_free(&g);
	return result;
}
