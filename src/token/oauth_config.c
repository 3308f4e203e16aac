/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token/oauth_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/trusted_file.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "format/directive.h"

#define FILE_MAX ((size_t)64 << 10)

static const struct {
	const char *name;
	enum { WORDS, ENDPOINT, VERBATIM } kind;
} keys[] = {
#define KEY(name, kind) [OAUTH_##name] = { #name, kind },
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

/* The submission servers of mail domains. */
static const struct mail_provider {
	const char *domains;
	const char *host;
} mail_providers[] = {
#define PROVIDER(domains, exchangers, host, ...) { domains, host },
#include "auth/providers.def"
#undef PROVIDER
};

void
oauth_config_free(struct oauth_config *c)
{
	json_decref(c->defaults);
	json_decref(c->accounts);
	memset(c, 0, sizeof(*c));
}

static json_t *
find_account(const struct oauth_config *c, const char *address)
{
	const char *name;
	json_t *values;

	json_object_foreach(c->accounts, name, values)
		if (ascii_equal(name, address))
			return values;
	return NULL;
}

/* Begins the section "account ADDRESS [: PARENT]". */
static int
begin_account(struct oauth_config *c, json_t **section, const char *argument,
    struct error *err)
{
	size_t n = strcspn(argument, " \t:");
	const char *rest = argument + n + strspn(argument + n, " \t");
	const char *parent = *rest == ':' ? rest + 1 + strspn(rest + 1, " \t")
	    : NULL;
	json_t *from = parent != NULL ? find_account(c, parent) : c->defaults;
	char quote[ESCAPE_QUOTE], *address = xstrndup(argument, n);

	*section = NULL;
	if (n == 0 || (*rest != '\0' && *rest != ':'))
		fail(err, EX_CONFIG, "account: expected an address, then "
		    "\":\" and the account it inherits from, if any");
	else if (from == NULL)
		fail(err, EX_CONFIG, "account: no account %s above this line",
		    escape_string(quote, sizeof(quote), parent));
	else if (find_account(c, address) != NULL)
		fail(err, EX_CONFIG, "account: %s is defined twice",
		    escape_string(quote, sizeof(quote), address));
	else if (json_object_set_new(c->accounts, address, *section =
	    json_copy(from)) != 0)
		fail(err, EX_CONFIG, "account: expected UTF-8");
	free(address);
	return err->code == 0 ? 0 : -1;
}

static int
take_directive(struct oauth_config *c, json_t **section, enum oauth_key key,
    const struct directive *d, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	if (strcmp(d->keyword, "account") == 0)
		return begin_account(c, section, d->argument, err);
	if (strcmp(d->keyword, "defaults") == 0)
		*section = c->defaults;
	else if (key == OAUTH_NKEYS)
		fail(err, EX_CONFIG, "unknown key \"%s\"",
		    escape_string(quote, sizeof(quote), d->keyword));
	else if (d->argument[0] == '\0')
		fail(err, EX_CONFIG, "%s: expected a value", d->keyword);
	else if (keys[key].kind == ENDPOINT &&
	    !ascii_begins(d->argument, "https://"))
		fail(err, EX_CONFIG, "%s: expected a URL that begins with "
		    "https://", d->keyword);
	else if (object_set(*section, d->keyword, d->argument) != 0)
		fail(err, EX_CONFIG, "%s: expected UTF-8", d->keyword);
	c->has_secret |= key == OAUTH_client_secret;
	return err->code == 0 ? 0 : -1;
}

static int
take_line(struct oauth_config *c, json_t **section, const char *line,
    size_t len, struct error *err)
{
	struct directive d = {0};
	enum oauth_key key = 0;
	int result = memchr(line, '\0', len) != NULL
	    ? fail(err, EX_CONFIG, "NUL in the file")
	    : directive_begin(&d, line, len, err);

	if (result == 0 && d.keyword != NULL) {
		while (key < OAUTH_NKEYS && strcmp(keys[key].name,
		    d.keyword) != 0)
			key++;
		result = directive_argument(&d, key < OAUTH_NKEYS &&
		    keys[key].kind == VERBATIM ? ARGUMENT_VERBATIM
		    : ARGUMENT_PLAIN, err);
		if (result == 0)
			result = take_directive(c, section, key, &d, err);
	}
	directive_free(&d);
	return result;
}

int
oauth_config_parse(struct oauth_config *c, const char *path,
    const struct buffer *text, struct error *err)
{
	const char *line = text->data, *stop;
	size_t left = text->len, len;
	char quote[ESCAPE_QUOTE];
	json_t *section = c->defaults = object_new();

	c->accounts = object_new();
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

const char *
oauth_value(const struct oauth_account *a, enum oauth_key key)
{
	return object_text(a->values, keys[key].name);
}

void
oauth_value_set(struct oauth_account *a, enum oauth_key key,
    const char *value)
{
	(void)object_set(a->values, keys[key].name, value);
}

const char *
oauth_value_need(const struct oauth_account *a, enum oauth_key key,
    struct error *err)
{
	const char *value = oauth_value(a, key);
	char quote[ESCAPE_QUOTE];

	if (value != NULL)
		return value;
	fail(err, EX_CONFIG, "no %s for %s", keys[key].name,
	    escape_string(quote, sizeof(quote), a->address));
	hint(err, "%s in ~/.config/onehop/token: see onehop-token(1)",
	    key == OAUTH_client_id ? "register a client with the provider and "
	    "set it" : "set it, or provider or issuer,");
	return NULL;
}

/* Finds the provider by its name or submission server, or else by the domain of
 * the address. */
static const struct oauth_provider *
find_provider(const struct oauth_account *a)
{
	const char *name = oauth_value(a, OAUTH_provider);
	const char *at = strrchr(a->address, '@');
	size_t n = sizeof(mail_providers) / sizeof(mail_providers[0]);

	for (size_t i = 0; name == NULL && at != NULL && i < n; i++)
		if (ascii_has_word(mail_providers[i].domains, at + 1))
			name = mail_providers[i].host;
	n = sizeof(providers) / sizeof(providers[0]);
	for (size_t i = 0; name != NULL && i < n; i++)
		if (ascii_equal(providers[i].name, name) ||
		    ascii_has_word(providers[i].hosts, name))
			return &providers[i];
	return NULL;
}

/* Replaces the words smtp and imap of the scope by the provider's. */
static void
expand_scope(struct oauth_account *a, const struct oauth_provider *p)
{
	const char *text = oauth_value(a, OAUTH_scope);
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
	oauth_value_set(a, OAUTH_scope, buffer_string(&out));
	buffer_free(&out);
}

/* Sets what the file does not. */
static void
complete(struct oauth_account *a, const struct oauth_provider *p)
{
	const char *tenant = oauth_value(a, OAUTH_tenant);
	struct buffer out = {0};

	for (enum oauth_key key = 0; key < OAUTH_NKEYS; key++) {
		const char *value = p->value[key];
		size_t n = value != NULL ? strcspn(value, "%") : 0;

		if (value == NULL || oauth_value(a, key) != NULL)
			continue;
		buffer_add(&out, value, n);
		if (value[n] == '%')
			buffer_addf(&out, "%s%s", tenant != NULL ? tenant
			    : "common", value + n + 2);
		oauth_value_set(a, key, buffer_string(&out));
		buffer_clear(&out);
	}
	buffer_free(&out);
	expand_scope(a, p);
}

int
oauth_config_account(struct oauth_account *a, const struct oauth_config *c,
    const char *address, const char *provider, struct error *err)
{
	json_t *found = find_account(c, address);
	const struct oauth_provider *p;
	char quote[ESCAPE_QUOTE];

	a->address = address;
	a->values = json_copy(found != NULL ? found : c->defaults);
	oauth_value_set(a, OAUTH_provider, provider);
	p = find_provider(a);
	if (p != NULL && oauth_value(a, OAUTH_issuer) == NULL)
		complete(a, p);
	provider = oauth_value(a, OAUTH_provider);
	return p != NULL || provider == NULL ? 0 : fail(err, EX_CONFIG,
	    "unknown provider \"%s\"", escape_string(quote, sizeof(quote),
	    provider));
}
