/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/poll.h"
#include "base/run_command.h"
#include "base/terminal.h"
#include "token/login.h"

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"
#define SLOW_DOWN_SECONDS 5  /* RFC 8628 3.5 */
#define INTERVAL_DEFAULT 5   /* RFC 8628 3.2 */
#define INTERVAL_MAX 120
#define EXPIRES_DEFAULT 600
#define QR_SECONDS 5

/* Shows the URI as a QR code where a program for that is installed. */
static void
show_qr_code(const char *uri)
{
	const struct buffer text = { .data = (char *)uri, .len = strlen(uri) };
	struct error ignored = {0};

	if (isatty(STDERR_FILENO))
		(void)command_write("command -v qrencode >/dev/null && "
		    "exec qrencode -t ANSIUTF8 >&2", &text, QR_SECONDS,
		    &ignored);
}

/* Shows what a device authorization response asks of the user. */
static int
show(const json_t *grant, struct error *err)
{
	const char *code = object_text(grant, "user_code");
	const char *uri = object_text(grant, "verification_uri");
	const char *whole = object_text(grant, "verification_uri_complete");
	char quote[ESCAPE_QUOTE], quoted_code[64];

	if (uri == NULL)
		uri = object_text(grant, "verification_url"); /* Google */
	if (object_text(grant, "device_code") == NULL || code == NULL ||
	    uri == NULL)
		return fail(err, EX_TEMPFAIL, "expected device_code, "
		    "user_code and verification_uri in the response");
	terminal_say(STDERR_FILENO, "Open %s in any browser and enter the "
	    "code %s\n", escape_string(quote, sizeof(quote), uri),
	    escape_string(quoted_code, sizeof(quoted_code), code));
	if (whole != NULL)
		terminal_say(STDERR_FILENO, "or open %s\n",
		    escape_string(quote, sizeof(quote), whole));
	show_qr_code(whole != NULL ? whole : uri);
	terminal_say(STDERR_FILENO, "Waiting for %ld minutes at most ...\n",
	    (object_seconds(grant, "expires_in", EXPIRES_DEFAULT) + 59) / 60);
	return 0;
}

/* Returns whether an error response asks to wait, and sets the pause. */
static int
may_ask_again(const json_t *reply, long *interval, const struct error *err)
{
	const char *error = object_text(reply, "error");

	if (error == NULL)
		error = "";
	if (strcmp(error, "slow_down") == 0)
		*interval += SLOW_DOWN_SECONDS;
	else if (err->code == EX_TEMPFAIL)
		*interval *= 2; /* RFC 8628 3.5: back off */
	else if (strcmp(error, "authorization_pending") != 0)
		return 0;
	if (*interval > INTERVAL_MAX)
		*interval = INTERVAL_MAX;
	return 1;
}

static int
wait_for_answer(json_t *token, const json_t *grant,
    const struct oauth_account *a, struct error *err)
{
	const char *const form[] = { "grant_type", DEVICE_GRANT,
		"device_code", object_text(grant, "device_code"), NULL };
	const char *url = oauth_value(a, OAUTH_token_url);
	long interval = object_seconds(grant, "interval", INTERVAL_DEFAULT);
	int64_t expiry = deadline_in(1000 * (int64_t)object_seconds(grant,
	    "expires_in", EXPIRES_DEFAULT));
	json_t *reply = NULL;
	int result;

	do {
		json_decref(reply);
		reply = NULL;
		if (poll_any(NULL, 0, deadline_first(expiry,
		    deadline_in(1000 * (int64_t)interval)), err) < 0)
			return -1;
		if (deadline_now() >= expiry)
			return fail(err, EX_NOPERM, "the code has expired");
		memset(err, 0, sizeof(*err));
		result = oauth_request(&reply, a, url, form, err);
		if (result == 0)
			result = token_take(token, reply, time(NULL), err);
	} while (result != 0 && may_ask_again(reply, &interval, err));
	json_decref(reply);
	return result;
}

int
login_device(json_t *token, const struct oauth_account *a, struct error *err)
{
	const char *const form[] = { "scope", oauth_value(a, OAUTH_scope),
		NULL };
	const char *url = oauth_value(a, OAUTH_device_url);
	json_t *grant = NULL;
	int result;

	if (oauth_value_need(a, OAUTH_token_url, err) == NULL)
		return -1;
	if (url == NULL) {
		fail(err, EX_CONFIG, "the provider has no device "
		    "authorization for mail");
		return hint(err, "add --browser");
	}
	result = oauth_request(&grant, a, url, form, err);
	if (result == 0)
		result = show(grant, err);
	if (result == 0)
		result = wait_for_answer(token, grant, a, err);
	json_decref(grant);
	return result;
}
