/* SPDX-License-Identifier: GPL-3.0-or-later */
/* onehop-token: OAuth 2.0 access tokens for mail programs. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/string_list.h"
#include "base/write_all.h"
#include "base/xmalloc.h"
#include "token/https.h"
#include "token/login.h"
#include "token/refresh.h"
#include "token/token_store.h"

#define ADDRESS_MAX 320

enum token_mode { MODE_PRINT, MODE_LOGIN, MODE_BROWSER, MODE_LOGOUT, MODE_SHOW,
	MODE_HELP, MODE_VERSION };

static const struct option options[] = {
	{ "login", no_argument, NULL, MODE_LOGIN },
	{ "browser", no_argument, NULL, MODE_BROWSER },
	{ "logout", no_argument, NULL, MODE_LOGOUT },
	{ "show", no_argument, NULL, MODE_SHOW },
	{ "help", no_argument, NULL, MODE_HELP },
	{ "version", no_argument, NULL, MODE_VERSION },
	{ NULL, 0, NULL, 0 }
};

static const char usage[] =
"usage: onehop-token ADDRESS              print a valid access token\n"
"       onehop-token --login ADDRESS      log in with a code, at any browser\n"
"       onehop-token --login --browser ADDRESS\n"
"                                         log in with the browser here\n"
"       onehop-token --logout ADDRESS     revoke and remove the token\n"
"       onehop-token --show               list accounts, scopes and expiry\n"
"       onehop-token --help | --version\n";

static int
print_token(struct oauth_account *a, struct error *err)
{
	struct buffer out = { .kind = BUFFER_SECRET };
	int result = token_get(&out, a, err);

	if (result == 0) {
		buffer_add_char(&out, '\n');
		if (write_all(STDOUT_FILENO, out.data, out.len) != 0)
			result = fail(err, EX_TEMPFAIL,
			    "cannot write to standard output");
	}
	buffer_free(&out);
	return result;
}

/* Stores the tokens of a login, with the endpoints that belong to them. */
static int
store_token(struct access_token *t, const struct oauth_account *a,
    struct error *err)
{
	struct token_store s;
	int result = token_store_open(&s, a, err);

	t->token_url = xstrdup(a->value[OAUTH_token_url]);
	if (a->value[OAUTH_revoke_url] != NULL)
		t->revoke_url = xstrdup(a->value[OAUTH_revoke_url]);
	if (t->scope == NULL && a->value[OAUTH_scope] != NULL)
		t->scope = xstrdup(a->value[OAUTH_scope]);
	if (result == 0)
		result = token_store_lock(&s, err);
	if (result == 0)
		result = token_store_reserve(&s, err);
	if (result == 0)
		result = token_store_write(&s, t, err);
	token_store_close(&s);
	return result;
}

static int
log_in(struct oauth_account *a, enum token_mode mode, struct error *err)
{
	struct access_token t = TOKEN_INIT;
	int result = oauth_discover(a, err);

	if (result == 0 && mode == MODE_BROWSER)
		result = login_browser(&t, a, isatty(STDIN_FILENO)
		    ? STDIN_FILENO : -1, STDERR_FILENO, err);
	else if (result == 0)
		result = login_device(&t, a, STDERR_FILENO, err);
	if (result == 0)
		result = store_token(&t, a, err);
	if (result == 0)
		fprintf(stderr, "Logged in: onehop-token %s prints the "
		    "token.%s\n", a->address, t.refresh.len > 0 ? "" : "\nThe "
		    "server gave no refresh token: log in again when it "
		    "expires.");
	token_free(&t);
	return result;
}

/* RFC 7009. */
static int
revoke_token(const struct oauth_account *a, struct access_token *t,
    struct error *err)
{
	struct https_reply r = HTTPS_REPLY;
	struct buffer form = {0};
	int result = oauth_client_form(&form, a, err);

	form_add(&form, "token", buffer_string(t->refresh.len > 0 ? &t->refresh
	    : &t->access));
	if (result == 0)
		result = https_request(&r, t->revoke_url, &form,
		    a->value[OAUTH_ca_file], err);
	if (result == 0 && r.status != 200)
		result = fail(err, EX_TEMPFAIL, "HTTP status %ld", r.status);
	buffer_free(&form);
	buffer_free(&r.body);
	return result == 0 ? 0 : wrap(err, "the token is removed here, but "
	    "not revoked");
}

static int
log_out(struct oauth_account *a, struct error *err)
{
	struct access_token t = TOKEN_INIT;
	struct token_store s;
	int result = token_store_open(&s, a, err);

	if (result == 0)
		result = token_store_lock(&s, err);
	if (result == 0) {
		int found = token_store_read(&s, &t, err);

		result = found == 1 ? token_store_remove(&s, err) : found == 0
		    ? fail(err, EX_NOPERM, "no token is stored") : -1;
	}
	if (result == 0 && t.revoke_url != NULL)
		result = revoke_token(a, &t, err);
	else if (result == 0)
		fprintf(stderr, "Removed. The provider has no way to revoke "
		    "it: use its account page.\n");
	token_store_close(&s);
	token_free(&t);
	return result;
}

static int
show_account(const struct oauth_account *a, struct error *err)
{
	struct access_token t = TOKEN_INIT;
	struct token_store s;
	char quote[ESCAPE_QUOTE], when[64] = "expired";
	int result = token_store_open(&s, a, err);
	int found = result == 0 ? token_store_read(&s, &t, err) : -1;
	struct tm tm;

	if (found == 1 && t.expires > time(NULL) &&
	    gmtime_r(&t.expires, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (found == 1) {
		printf("%s\n", escape_string(quote, sizeof(quote),
		    a->address));
		printf("  access token   %s\n", when);
		printf("  refresh token  %s\n", t.refresh.len > 0 ? "yes"
		    : "no");
		printf("  scope          %s\n", t.scope != NULL
		    ? escape_string(quote, sizeof(quote), t.scope) : "-");
	}
	token_store_close(&s);
	token_free(&t);
	return found < 0 ? -1 : 0;
}

/* The accounts that have a file, then those of the configuration that keep
 * their token elsewhere. */
static int
show(const struct oauth_config *c, struct error *err)
{
	struct string_list addresses = {0};
	int result = 0;

	token_store_list(&addresses);
	for (size_t i = 0; i < c->n; i++)
		if (c->at[i].value[OAUTH_store] != NULL ||
		    c->at[i].value[OAUTH_store_read] != NULL)
			string_list_add(&addresses,
			    xstrdup(c->at[i].address));
	for (size_t i = 0; i < addresses.n && result == 0; i++) {
		struct oauth_account a;

		result = oauth_config_account(&a, c, addresses.at[i], err);
		if (result == 0)
			result = show_account(&a, err);
		oauth_account_free(&a);
	}
	string_list_free(&addresses);
	return result;
}

/* The address becomes a word of commands and a file name. */
static int
check_address(const char *address, struct error *err)
{
	const char *at = strrchr(address, '@');
	char quote[ESCAPE_QUOTE];
	int good = at != NULL && at != address && at[1] != '\0' &&
	    address[0] != '-' && strlen(address) <= ADDRESS_MAX;

	for (const char *p = address; *p != '\0'; p++)
		if (ascii_is_control(*p) || strchr(" '\"\\/", *p) != NULL)
			good = 0;
	return good ? 0 : fail(err, EX_USAGE, "expected an address like "
	    "you@example.org, not \"%s\"", escape_string(quote, sizeof(quote),
	    address));
}

static int
run(enum token_mode mode, const char *address, struct error *err)
{
	struct oauth_config c = {0};
	struct oauth_account a = {0};
	int result = oauth_config_read(&c, err);

	if (result == 0 && mode == MODE_SHOW) {
		result = show(&c, err);
		oauth_config_free(&c);
		return result;
	}
	if (result == 0)
		result = oauth_config_account(&a, &c, address, err);
	if (result == 0 && mode == MODE_PRINT)
		result = print_token(&a, err);
	else if (result == 0 && mode == MODE_LOGOUT)
		result = log_out(&a, err);
	else if (result == 0)
		result = log_in(&a, mode, err);
	oauth_account_free(&a);
	oauth_config_free(&c);
	return result == 0 ? 0 : wrap(err, "%s", address);
}

static int
read_mode(int argc, char **argv, enum token_mode *mode, struct error *err)
{
	int c;

	*mode = MODE_PRINT;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int adds = (*mode == MODE_LOGIN && c == MODE_BROWSER) ||
		    (*mode == MODE_BROWSER && c == MODE_LOGIN);

		if (c == '?')
			return fail(err, EX_USAGE, "see onehop-token --help");
		if (*mode != MODE_PRINT && !adds)
			return fail(err, EX_USAGE, "expected one of --login, "
			    "--logout and --show");
		*mode = adds ? MODE_BROWSER : (enum token_mode)c;
	}
	if (optind + (*mode < MODE_SHOW) != argc)
		return fail(err, EX_USAGE, *mode < MODE_SHOW
		    ? "expected one address" : "expected no address");
	return *mode < MODE_SHOW ? check_address(argv[optind], err) : 0;
}

int
main(int argc, char **argv)
{
	struct error err = {0};
	enum token_mode mode;

	platform_hide_memory();
	signals_reset();
	if (read_mode(argc, argv, &mode, &err) == 0) {
		if (mode == MODE_HELP)
			fputs(usage, stdout);
		else if (mode == MODE_VERSION)
			puts("onehop-token " PACKAGE_VERSION);
		else
			(void)run(mode, argv[optind], &err);
	}
	if (err.code == 0 && fflush(stdout) != 0)
		fail(&err, EX_TEMPFAIL, "cannot write to standard output");
	if (err.code != 0)
		fprintf(stderr, "onehop-token: %s\n", err.text);
	if (err.hint[0] != '\0')
		fprintf(stderr, "hint: %s\n", err.hint);
	return err.code;
}
