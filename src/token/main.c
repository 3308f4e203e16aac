/* SPDX-License-Identifier: GPL-3.0-or-later */
/* onehop-token: OAuth 2.0 access tokens for mail programs. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/poll.h"
#include "base/string_list.h"
#include "base/trusted_file.h"
#include "base/write_all.h"
#include "base/xmalloc.h"
#include "token/login.h"
#include "token/refresh.h"

#define ADDRESS_MAX 240 /* a file name has 255 octets */

enum token_mode { MODE_PRINT, MODE_LOGIN, MODE_BROWSER, MODE_LOGOUT, MODE_SHOW,
	MODE_HELP, MODE_VERSION, MODE_PROVIDER };

/* The command line. */
struct order {
	enum token_mode mode;
	const char *provider;  /* or NULL */
	const char *address;   /* or NULL */
};

static const struct option options[] = {
	{ "login", no_argument, NULL, MODE_LOGIN },
	{ "browser", no_argument, NULL, MODE_BROWSER },
	{ "provider", required_argument, NULL, MODE_PROVIDER },
	{ "logout", no_argument, NULL, MODE_LOGOUT },
	{ "show", no_argument, NULL, MODE_SHOW },
	{ "help", no_argument, NULL, MODE_HELP },
	{ "version", no_argument, NULL, MODE_VERSION },
	{ NULL, 0, NULL, 0 }
};

static const char usage[] =
"usage: onehop-token [OPTION...] ADDRESS\n"
"       onehop-token --show\n"
"\n"
"Without an option, prints a valid access token.\n"
"\n"
"  --login                  log in with a code, at any browser\n"
"  --browser                with --login: log in with the browser here\n"
"  --provider NAME          with --login: the provider of your own domain\n"
"  --logout                 revoke and remove the token\n"
"  --show                   list accounts, scopes and expiry\n"
"  --help                   show this text\n"
"  --version                show the version\n";

static int
print_token(struct token_store *s, struct error *err)
{
	struct buffer out = { .kind = BUFFER_SECRET };
	int result = refresh_if_needed(s, err);

	if (result == 0) {
		buffer_add_string(&out, object_text(s->token, "access_token"));
		buffer_add_char(&out, '\n');
		if (write_all(STDOUT_FILENO, out.data, out.len) != 0)
			result = fail(err, EX_TEMPFAIL,
			    "cannot write to standard output");
	}
	buffer_free(&out);
	return result;
}

/* Logs in, and stores the token with the endpoints that belong to it. */
static int
log_in(struct token_store *s, enum token_mode mode, struct oauth_account *a,
    struct error *err)
{
	s->token = object_new();
	if (oauth_discover(a, err) != 0 || (mode == MODE_BROWSER
	    ? login_browser(s->token, a, err)
	    : login_device(s->token, a, err)) != 0)
		return -1;
	object_set(s->token, "token_url", oauth_value(a, OAUTH_token_url));
	object_set(s->token, "revoke_url", oauth_value(a, OAUTH_revoke_url));
	if (object_text(s->token, "scope") == NULL)
		object_set(s->token, "scope", oauth_value(a, OAUTH_scope));
	if (token_store_lock(s, err) != 0 || token_store_write(s, err) != 0)
		return -1;
	fprintf(stderr, "Logged in: onehop-token %s prints the token.%s\n",
	    a->address, object_text(s->token, "refresh_token") != NULL ? ""
	    : "\nThe server gave no refresh token: log in again when it "
	    "expires.");
	return 0;
}

/* Removes the token and revokes it where the provider can, RFC 7009. */
static int
log_out(struct token_store *s, struct error *err)
{
	const char *form[] = { "token", NULL, NULL }, *url;

	if (token_store_lock(s, err) != 0 || token_store_read(s, err) != 0 ||
	    token_store_remove(s, err) != 0)
		return -1;
	url = object_text(s->token, "revoke_url");
	if (url == NULL) {
		fprintf(stderr, "Removed. The provider has no way to revoke "
		    "it: use its account page.\n");
		return 0;
	}
	form[1] = object_text(s->token, "refresh_token");
	if (form[1] == NULL)
		form[1] = object_text(s->token, "access_token");
	return oauth_request(NULL, s->account, url, form, err) == 0 ? 0
	    : wrap(err, "the token is removed here, but not revoked");
}

static int
show_account(struct token_store *s, struct error *err)
{
	char address[ESCAPE_QUOTE], scope[ESCAPE_QUOTE] = "-";
	char when[64] = "expired";

	if (token_store_read(s, err) != 0) {
		if (err->code == EX_NOPERM)
			memset(err, 0, sizeof(*err));
		return err->code == 0 ? 0 : -1;
	}
	if (json_integer_value(json_object_get(s->token, "expires")) >
	    time(NULL))
		token_moment(when, sizeof(when), s->token, "expires");
	if (object_text(s->token, "scope") != NULL)
		escape_string(scope, sizeof(scope), object_text(s->token,
		    "scope"));
	printf("%s\n  access token   %s\n  refresh token  %s\n"
	    "  scope          %s\n", escape_string(address, sizeof(address),
	    s->account->address), when, object_text(s->token,
	    "refresh_token") != NULL ? "yes" : "no", scope);
	return 0;
}

/* Does what is asked for one account. */
static int
serve(enum token_mode mode, const struct oauth_config *c, const char *address,
    const char *provider, struct error *err)
{
	struct oauth_account a;
	struct token_store s;
	int result = oauth_config_account(&a, c, address, provider, err) == 0
	    ? token_store_open(&s, &a, err) : -1;

	if (result == 0) {
		result = mode == MODE_SHOW ? show_account(&s, err)
		    : mode == MODE_PRINT ? print_token(&s, err)
		    : mode == MODE_LOGOUT ? log_out(&s, err)
		    : log_in(&s, mode, &a, err);
		token_store_close(&s);
	}
	json_decref(a.values);
	return result;
}

/* The accounts that have a file, then those of the configuration that keep
 * their token elsewhere. */
static int
show(const struct oauth_config *c, struct error *err)
{
	struct string_list addresses = {0};
	const char *address;
	json_t *values;
	int result = 0;

	token_store_list(&addresses);
	json_object_foreach(c->accounts, address, values)
		if (object_text(values, "store") != NULL ||
		    object_text(values, "store_read") != NULL)
			string_list_add(&addresses, xstrdup(address));
	for (size_t i = 0; i < addresses.n && result == 0; i++)
		result = serve(MODE_SHOW, c, addresses.at[i], NULL, err);
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
	    strchr(".-", address[0]) == NULL && strlen(address) <= ADDRESS_MAX;

	for (const char *p = address; *p != '\0'; p++)
		if (ascii_is_control(*p) || strchr(" '\"\\/", *p) != NULL)
			good = 0;
	return good ? 0 : fail(err, EX_USAGE, "expected an address like "
	    "you@example.org, not \"%s\"", escape_string(quote, sizeof(quote),
	    address));
}

static int
run(const struct order *o, struct error *err)
{
	struct oauth_config c = {0};
	int result = oauth_config_read(&c, err);

	if (result == 0)
		result = o->mode == MODE_SHOW ? show(&c, err)
		    : serve(o->mode, &c, o->address, o->provider, err);
	oauth_config_free(&c);
	return result == 0 || o->mode == MODE_SHOW ? result
	    : wrap(err, "%s", o->address);
}

static int
read_order(struct order *o, int argc, char **argv, struct error *err)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int adds = (o->mode == MODE_LOGIN && c == MODE_BROWSER) ||
		    (o->mode == MODE_BROWSER && c == MODE_LOGIN);

		if (c == '?')
			return fail(err, EX_USAGE, "see onehop-token --help");
		if (c == MODE_PROVIDER) {
			o->provider = optarg;
			continue;
		}
		if (o->mode != MODE_PRINT && !adds)
			return fail(err, EX_USAGE, "expected one of --login, "
			    "--logout and --show");
		o->mode = adds ? MODE_BROWSER : (enum token_mode)c;
	}
	if (o->provider != NULL && o->mode != MODE_LOGIN &&
	    o->mode != MODE_BROWSER)
		return fail(err, EX_USAGE, "expected --login with --provider");
	o->address = argv[optind];
	if (optind + (o->mode < MODE_SHOW) != argc)
		return fail(err, EX_USAGE, o->mode < MODE_SHOW
		    ? "expected one address" : "expected no address");
	return o->mode < MODE_SHOW ? check_address(o->address, err) : 0;
}

int
main(int argc, char **argv)
{
	struct error err = {0};
	struct order o = { .mode = MODE_PRINT };

	platform_hide_memory();
	signals_reset();
	(void)trusted_file_key_log(); /* or libcurl would write to any file */
	if (read_order(&o, argc, argv, &err) == 0) {
		if (o.mode == MODE_HELP)
			fputs(usage, stdout);
		else if (o.mode == MODE_VERSION)
			puts("onehop-token " PACKAGE_VERSION);
		else if (run(&o, &err) != 0)
			ensure_code(&err);
	}
	if (err.code == 0 && fflush(stdout) != 0)
		fail(&err, EX_TEMPFAIL, "cannot write to standard output");
	if (err.code != 0)
		fprintf(stderr, "onehop-token: %s\n", err.text);
	if (err.hint[0] != '\0')
		fprintf(stderr, "hint: %s\n", err.hint);
	return err.code;
}
