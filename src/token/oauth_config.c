/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/oauth_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/trusted_file.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "format/directive.h"

#define FILE_MAX ((size_t)64 << 10)

static const char *const key_names[] = {
#define KEY(name) [OAUTH_##name] = #name,
	OAUTH_KEYS(KEY)
#undef KEY
};

static const struct oauth_provider {
	const char *name;
	const char *domains;      /* separated by one space */
	const char *auth_url;
	const char *device_url;   /* NULL: not supported for mail */
	const char *token_url;
	const char *revoke_url;   /* NULL: not supported */
	const char *smtp_scope;
	const char *imap_scope;
	const char *extra;
	const char *redirect_host;
} providers[] = {
#define OAUTH_PROVIDER(...) { __VA_ARGS__ },
#include "token/oauth_providers.def"
#undef OAUTH_PROVIDER
};
#define NPROVIDERS (sizeof(providers) / sizeof(providers[0]))

void
oauth_account_free(struct oauth_account *a)
{
	for (size_t i = 0; i < OAUTH_NKEYS; i++) {
		if (a->value[i] != NULL)
			platform_wipe(a->value[i], strlen(a->value[i]));
		free(a->value[i]);
	}
	free(a->address);
	memset(a, 0, sizeof(*a));
}

void
oauth_config_free(struct oauth_config *c)
{
	for (size_t i = 0; i < c->n; i++)
		oauth_account_free(&c->at[i]);
	free(c->at);
	oauth_account_free(&c->defaults);
	memset(c, 0, sizeof(*c));
}

static void
set(struct oauth_account *a, enum oauth_key key, const char *value)
{
	if (a->value[key] != NULL)
		platform_wipe(a->value[key], strlen(a->value[key]));
	free(a->value[key]);
	a->value[key] = xstrdup(value);
}

static void
inherit(struct oauth_account *a, const struct oauth_account *parent)
{
	for (enum oauth_key i = 0; i < OAUTH_NKEYS; i++)
		if (a->value[i] == NULL && parent->value[i] != NULL)
			set(a, i, parent->value[i]);
}

static const struct oauth_account *
find_account(const struct oauth_config *c, const char *address)
{
	for (size_t i = 0; i < c->n; i++)
		if (ascii_equal(c->at[i].address, address))
			return &c->at[i];
	return NULL;
}

/* Begins the section "account ADDRESS [: PARENT]". */
static int
begin_account(struct oauth_config *c, const char *argument, struct error *err)
{
	size_t n = strcspn(argument, " \t:");
	const char *rest = argument + n + strspn(argument + n, " \t");
	const struct oauth_account *parent = &c->defaults;
	struct oauth_account a = {0};
	char quote[ESCAPE_QUOTE];

	if (n == 0 || (*rest != '\0' && *rest != ':'))
		return fail(err, EX_CONFIG, "account: expected an address, "
		    "then \":\" and the account it inherits from, if any");
	if (*rest == ':') {
		rest += 1 + strspn(rest + 1, " \t");
		parent = find_account(c, rest);
	}
	a.address = xstrndup(argument, n);
	if (parent == NULL || find_account(c, a.address) != NULL) {
		escape_string(quote, sizeof(quote),
		    parent == NULL ? rest : a.address);
		free(a.address);
		return fail(err, EX_CONFIG, parent == NULL
		    ? "account: no account %s above this line"
		    : "account: %s is defined twice", quote);
	}
	inherit(&a, parent);
	c->at = xgrow(c->at, c->n, sizeof(*c->at));
	c->at[c->n++] = a;
	return 0;
}

static int
take_directive(struct oauth_config *c, struct oauth_account **current,
    const struct directive *d, struct error *err)
{
	enum oauth_key key = 0;
	char quote[ESCAPE_QUOTE];

	if (strcmp(d->keyword, "defaults") == 0) {
		*current = &c->defaults;
		return 0;
	}
	if (strcmp(d->keyword, "account") == 0) {
		if (begin_account(c, d->argument, err) != 0)
			return -1;
		*current = &c->at[c->n - 1];
		return 0;
	}
	while (key < OAUTH_NKEYS && strcmp(key_names[key], d->keyword) != 0)
		key++;
	if (key == OAUTH_NKEYS)
		return fail(err, EX_CONFIG, "unknown key \"%s\"",
		    escape_string(quote, sizeof(quote), d->keyword));
	if (d->argument[0] == '\0')
		return fail(err, EX_CONFIG, "%s: expected a value",
		    d->keyword);
	set(*current, key, d->argument);
	return 0;
}

/* Keys whose value is a command or a secret are taken as they stand. */
static enum argument_kind
argument_kind(const char *keyword)
{
	return ascii_begins(keyword, "store_") ||
	    strcmp(keyword, "client_secret") == 0
	    ? ARGUMENT_VERBATIM : ARGUMENT_PLAIN;
}

int
oauth_config_parse(struct oauth_config *c, const char *path,
    const struct buffer *text, struct error *err)
{
	struct oauth_account *current = &c->defaults;
	const char *line = text->data;
	const char *end = text->len > 0 ? text->data + text->len : NULL;
	char quote[ESCAPE_QUOTE];

	for (size_t number = 1; line != NULL && line < end; number++) {
		size_t len = strcspn(line, "\n");
		struct directive d;
		int result;

		if (line + len < end && line[len] == '\0') {
			fail(err, EX_CONFIG, "NUL in the file");
			result = -1;
			memset(&d, 0, sizeof(d));
		} else {
			result = directive_begin(&d, line, len, err);
		}
		if (result == 0 && d.keyword != NULL)
			result = directive_argument(&d,
			    argument_kind(d.keyword), err);
		if (result == 0 && d.keyword != NULL)
			result = take_directive(c, &current, &d, err);
		directive_free(&d);
		if (result != 0)
			return wrap(err, "%s:%zu", escape_string(quote,
			    sizeof(quote), path), number);
		line += len + 1;
	}
	return 0;
}

static int
has_secret(const struct oauth_config *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->at[i].value[OAUTH_client_secret] != NULL)
			return 1;
	return c->defaults.value[OAUTH_client_secret] != NULL;
}

int
oauth_config_read(struct oauth_config *c, struct error *err)
{
	struct trusted_file file = {0};
	char *home = xdg_home(), *beside = xdg_config_file(home);
	enum trusted_result found = TRUSTED_MISSING;
	char *path = NULL;
	int result = 0;

	if (beside != NULL) {
		path = xasprintf("%.*s/token", (int)(strrchr(beside, '/') -
		    beside), beside);
		found = trusted_file_read(&file, path, FILE_MAX, err);
	}
	if (found == TRUSTED_READ) {
		buffer_string(&file.text);
		result = oauth_config_parse(c, path, &file.text, err);
		if (result == 0 && !file.is_private && has_secret(c))
			result = fail(err, EX_CONFIG, "%s: expected a file "
			    "that only its owner can read: it has a "
			    "client_secret", path);
	} else if (found != TRUSTED_MISSING) {
		if (found == TRUSTED_FORBIDDEN)
			fail(err, EX_CONFIG, "%s: permission denied", path);
		result = -1;
	}
	buffer_free(&file.text);
	free(path);
	free(beside);
	free(home);
	return result;
}

static const struct oauth_provider *
find_provider(const struct oauth_account *a)
{
	const char *name = a->value[OAUTH_provider];
	const char *domain = strrchr(a->address, '@');

	for (size_t i = 0; i < NPROVIDERS; i++)
		if (name != NULL ? ascii_equal(providers[i].name, name)
		    : domain != NULL && ascii_has_word(providers[i].domains,
		    domain + 1))
			return &providers[i];
	return NULL;
}

/* Replaces the words smtp and imap of the scope by the provider's. */
static void
expand_scope(struct oauth_account *a, const struct oauth_provider *p)
{
	const char *text = a->value[OAUTH_scope];
	struct buffer out = {0};

	if (text == NULL)
		text = "smtp";
	while (*(text += strspn(text, " ")) != '\0') {
		size_t n = strcspn(text, " ");

		if (out.len > 0)
			buffer_add_char(&out, ' ');
		if (ascii_equal_n(text, n, "smtp"))
			buffer_add_string(&out, p->smtp_scope);
		else if (ascii_equal_n(text, n, "imap"))
			buffer_add_string(&out, p->imap_scope);
		else
			buffer_add(&out, text, n);
		text += n;
	}
	set(a, OAUTH_scope, buffer_string(&out));
	buffer_free(&out);
}

/* Sets a URL that the file does not set. */
static void
complete_url(struct oauth_account *a, enum oauth_key key, const char *url)
{
	const char *tenant = a->value[OAUTH_tenant];
	const char *mark = url != NULL ? strstr(url, "%s") : NULL;
	char *text;

	if (url == NULL || a->value[key] != NULL)
		return;
	if (mark == NULL) {
		set(a, key, url);
		return;
	}
	text = xasprintf("%.*s%s%s", (int)(mark - url), url,
	    tenant != NULL ? tenant : "common", mark + 2);
	set(a, key, text);
	free(text);
}

static int
check_urls(const struct oauth_account *a, struct error *err)
{
	static const enum oauth_key urls[] = { OAUTH_issuer, OAUTH_auth_url,
		OAUTH_device_url, OAUTH_token_url, OAUTH_revoke_url };

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (a->value[urls[i]] != NULL &&
		    !ascii_begins(a->value[urls[i]], "https://"))
			return fail(err, EX_CONFIG, "%s: expected a URL that "
			    "begins with https://", key_names[urls[i]]);
	return 0;
}

int
oauth_config_account(struct oauth_account *a, const struct oauth_config *c,
    const char *address, struct error *err)
{
	const struct oauth_account *found = find_account(c, address);
	const struct oauth_provider *p;
	char quote[ESCAPE_QUOTE];

	memset(a, 0, sizeof(*a));
	a->address = xstrdup(address);
	a->extra = "";
	a->redirect_host = "127.0.0.1";
	inherit(a, found != NULL ? found : &c->defaults);
	p = find_provider(a);
	if (p == NULL && a->value[OAUTH_provider] != NULL)
		return fail(err, EX_CONFIG, "unknown provider \"%s\"",
		    escape_string(quote, sizeof(quote),
		    a->value[OAUTH_provider]));
	if (p != NULL && a->value[OAUTH_issuer] == NULL) {
		complete_url(a, OAUTH_auth_url, p->auth_url);
		complete_url(a, OAUTH_device_url, p->device_url);
		complete_url(a, OAUTH_token_url, p->token_url);
		complete_url(a, OAUTH_revoke_url, p->revoke_url);
		expand_scope(a, p);
		a->extra = p->extra;
		a->redirect_host = p->redirect_host;
	}
	return check_urls(a, err);
}

const char *
oauth_account_need(const struct oauth_account *a, enum oauth_key key,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (a->value[key] != NULL)
		return a->value[key];
	fail(err, EX_CONFIG, "no %s for %s", key_names[key],
	    escape_string(quote, sizeof(quote), a->address));
	if (key == OAUTH_client_id)
		hint(err, "register a client with the provider and set it in "
		    "~/.config/onehop/token: see onehop-token(1)");
	else
		hint(err, "set it, or provider or issuer, in "
		    "~/.config/onehop/token: see onehop-token(1)");
	return NULL;
}
