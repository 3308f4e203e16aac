/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/oauth_config.h"

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
	const char *hosts;        /* separated by one space */
	const char *smtp_scope;
	const char *imap_scope;
	const char *value[OAUTH_NKEYS]; /* of keys; "%s" is the tenant */
} providers[] = {
#define OAUTH_PROVIDER(...) { __VA_ARGS__ },
#include "token/oauth_providers.def"
#undef OAUTH_PROVIDER
};
#define NPROVIDERS (sizeof(providers) / sizeof(providers[0]))

/* The submission servers of mail domains. */
static const struct mail_provider {
	const char *domains;
	const char *host;
} mail_providers[] = {
#define PROVIDER(domains, exchangers, host, ...) { domains, host },
#include "auth/providers.def"
#undef PROVIDER
};

static void
set(struct oauth_account *a, enum oauth_key key, char *value)
{
	if (a->value[key] != NULL)
		platform_wipe(a->value[key], strlen(a->value[key]));
	free(a->value[key]);
	a->value[key] = value;
}

void
oauth_account_free(struct oauth_account *a)
{
	for (size_t i = 0; i < OAUTH_NKEYS; i++)
		set(a, (enum oauth_key)i, NULL);
	free(a->address);
	a->address = NULL;
}

void
oauth_config_free(struct oauth_config *c)
{
	for (size_t i = 0; i < c->n; i++)
		oauth_account_free(&c->at[i]);
	free(c->at);
	memset(c, 0, sizeof(*c));
}

/* Adds an account with what it inherits. */
static void
add_account(struct oauth_config *c, char *address, size_t parent)
{
	struct oauth_account a = { .address = address };

	for (size_t i = 0; parent < c->n && i < OAUTH_NKEYS; i++)
		if (c->at[parent].value[i] != NULL)
			a.value[i] = xstrdup(c->at[parent].value[i]);
	c->at = xgrow(c->at, c->n, sizeof(*c->at));
	c->at[c->n++] = a;
}

/* Returns 0, the defaults, if there is no such account. */
static size_t
find_account(const struct oauth_config *c, const char *address)
{
	for (size_t i = 1; i < c->n; i++)
		if (ascii_equal(c->at[i].address, address))
			return i;
	return 0;
}

/* Begins the section "account ADDRESS [: PARENT]". */
static int
begin_account(struct oauth_config *c, const char *argument, struct error *err)
{
	size_t n = strcspn(argument, " \t:"), parent = 0;
	const char *rest = argument + n + strspn(argument + n, " \t");
	char quote[ESCAPE_QUOTE], *address;

	if (n == 0 || (*rest != '\0' && *rest != ':'))
		return fail(err, EX_CONFIG, "account: expected an address, "
		    "then \":\" and the account it inherits from, if any");
	if (*rest == ':') {
		rest += 1 + strspn(rest + 1, " \t");
		parent = find_account(c, rest);
		if (parent == 0)
			return fail(err, EX_CONFIG, "account: no account %s "
			    "above this line", escape_string(quote,
			    sizeof(quote), rest));
	}
	address = xstrndup(argument, n);
	if (find_account(c, address) != 0)
		fail(err, EX_CONFIG, "account: %s is defined twice",
		    escape_string(quote, sizeof(quote), address));
	add_account(c, address, parent);
	return err->code == 0 ? 0 : -1;
}

static int
is_endpoint(enum oauth_key key)
{
	return key == OAUTH_issuer || key == OAUTH_auth_url ||
	    key == OAUTH_device_url || key == OAUTH_token_url ||
	    key == OAUTH_revoke_url;
}

static int
take_directive(struct oauth_config *c, size_t *section,
    const struct directive *d, struct error *err)
{
	enum oauth_key key = 0;
	char quote[ESCAPE_QUOTE];

	if (strcmp(d->keyword, "defaults") == 0) {
		*section = 0;
		return 0;
	}
	if (strcmp(d->keyword, "account") == 0) {
		*section = c->n;
		return begin_account(c, d->argument, err);
	}
	while (key < OAUTH_NKEYS && strcmp(key_names[key], d->keyword) != 0)
		key++;
	if (key == OAUTH_NKEYS)
		return fail(err, EX_CONFIG, "unknown key \"%s\"",
		    escape_string(quote, sizeof(quote), d->keyword));
	if (d->argument[0] == '\0')
		return fail(err, EX_CONFIG, "%s: expected a value",
		    d->keyword);
	if (is_endpoint(key) && !ascii_begins(d->argument, "https://"))
		return fail(err, EX_CONFIG, "%s: expected a URL that begins "
		    "with https://", d->keyword);
	c->has_secret |= key == OAUTH_client_secret;
	set(&c->at[*section], key, xstrdup(d->argument));
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

static int
take_line(struct oauth_config *c, size_t *section, const char *line,
    size_t len, struct error *err)
{
	struct directive d = {0};
	int result = memchr(line, '\0', len) != NULL
	    ? fail(err, EX_CONFIG, "NUL in the file")
	    : directive_begin(&d, line, len, err);

	if (result == 0 && d.keyword != NULL)
		result = directive_argument(&d, argument_kind(d.keyword), err);
	if (result == 0 && d.keyword != NULL)
		result = take_directive(c, section, &d, err);
	directive_free(&d);
	return result;
}

int
oauth_config_parse(struct oauth_config *c, const char *path,
    const struct buffer *text, struct error *err)
{
	const char *line = text->data, *stop;
	size_t left = text->len, section = 0, len;
	char quote[ESCAPE_QUOTE];

	add_account(c, NULL, 0);
	for (size_t number = 1; left > 0; number++) {
		stop = memchr(line, '\n', left);
		len = stop != NULL ? (size_t)(stop - line) : left;
		if (take_line(c, &section, line, len, err) != 0)
			return wrap(err, "%s:%zu", escape_string(quote,
			    sizeof(quote), path), number);
		line += len + (stop != NULL);
		left -= len + (stop != NULL);
	}
	return 0;
}

int
oauth_config_read(struct oauth_config *c, struct error *err)
{
	struct trusted_file file = {0};
	char *home = xdg_home(), *path = xdg_config_path(home, "onehop/token");
	enum trusted_result found = path == NULL ? TRUSTED_MISSING
	    : trusted_file_read(&file, path, FILE_MAX, err);
	int result = found == TRUSTED_FAILED ? -1 : 0;

	if (found == TRUSTED_FORBIDDEN)
		result = fail(err, EX_CONFIG, "%s: permission denied", path);
	if (result == 0)
		result = oauth_config_parse(c, path, &file.text, err);
	if (result == 0 && !file.is_private && c->has_secret)
		result = fail(err, EX_CONFIG, "%s: expected a file that only "
		    "its owner can read: it has a client_secret", path);
	buffer_free(&file.text);
	free(path);
	free(home);
	return result;
}

/* Returns the submission server of the address, or "". */
static const char *
find_host(const char *address)
{
	const char *at = strrchr(address, '@');
	size_t n = sizeof(mail_providers) / sizeof(mail_providers[0]);

	for (size_t i = 0; at != NULL && i < n; i++)
		if (ascii_has_word(mail_providers[i].domains, at + 1))
			return mail_providers[i].host;
	return "";
}

/* Finds the provider by its name or its submission server. */
static const struct oauth_provider *
find_provider(const struct oauth_account *a)
{
	const char *name = a->value[OAUTH_provider];

	if (name == NULL)
		name = find_host(a->address);
	for (size_t i = 0; i < NPROVIDERS; i++)
		if (ascii_equal(providers[i].name, name) ||
		    ascii_has_word(providers[i].hosts, name))
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
	for (size_t n; *(text += strspn(text, " ")) != '\0'; text += n) {
		n = strcspn(text, " ");
		if (out.len > 0)
			buffer_add_char(&out, ' ');
		if (ascii_equal_n(text, n, "smtp"))
			buffer_add_string(&out, p->smtp_scope);
		else if (ascii_equal_n(text, n, "imap"))
			buffer_add_string(&out, p->imap_scope);
		else
			buffer_add(&out, text, n);
	}
	set(a, OAUTH_scope, xstrdup(buffer_string(&out)));
	buffer_free(&out);
}

/* Sets what the file does not. */
static void
complete(struct oauth_account *a, const struct oauth_provider *p)
{
	const char *tenant = a->value[OAUTH_tenant];

	for (enum oauth_key key = 0; key < OAUTH_NKEYS; key++) {
		const char *value = p->value[key];
		const char *mark = value != NULL ? strstr(value, "%s") : NULL;

		if (value == NULL || a->value[key] != NULL)
			continue;
		set(a, key, mark == NULL ? xstrdup(value)
		    : xasprintf("%.*s%s%s", (int)(mark - value), value,
		    tenant != NULL ? tenant : "common", mark + 2));
	}
	expand_scope(a, p);
}

int
oauth_config_account(struct oauth_account *a, const struct oauth_config *c,
    const char *address, const char *provider, struct error *err)
{
	const struct oauth_account *found = &c->at[find_account(c, address)];
	const struct oauth_provider *p;
	char quote[ESCAPE_QUOTE];

	memset(a, 0, sizeof(*a));
	a->address = xstrdup(address);
	for (size_t i = 0; i < OAUTH_NKEYS; i++)
		if (found->value[i] != NULL)
			a->value[i] = xstrdup(found->value[i]);
	if (provider != NULL)
		set(a, OAUTH_provider, xstrdup(provider));
	p = find_provider(a);
	if (p == NULL && a->value[OAUTH_provider] != NULL)
		return fail(err, EX_CONFIG, "unknown provider \"%s\"",
		    escape_string(quote, sizeof(quote),
		    a->value[OAUTH_provider]));
	if (p != NULL && a->value[OAUTH_issuer] == NULL)
		complete(a, p);
	return 0;
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
	hint(err, "%s in ~/.config/onehop/token: see onehop-token(1)",
	    key == OAUTH_client_id ? "register a client with the provider and "
	    "set it" : "set it, or provider or issuer,");
	return NULL;
}
