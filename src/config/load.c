/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/load.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/run_command.h"
#include "base/trusted_file.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "config/line.h"
#include "config/local_host.h"
#include "config/override.h"
#include "format/address_parse.h"

#define SYSTEM_FILE SYSCONFDIR "/onehop/config"

/* A section's own list replaces the one it inherits. */
static int
apply(struct account *a, const struct config_setting *s, unsigned *written,
    struct error *err)
{
	const struct key *key = key_find(s->key);
	size_t index = key != NULL ? (size_t)(key - account_keys) : KEYS;

	if (index < KEYS && key->list && written[index] != s->section + 1) {
		written[index] = s->section + 1;
		if (account_set(a, s->key, "", err) != 0)
			return wrap(err, "%s", s->origin);
	}
	return account_set(a, s->key, s->value, err) != 0
	    ? wrap(err, "%s", s->origin) : 0;
}

/* eval: the command's output stands for the line. */
static int
apply_eval(struct account *a, const struct config_setting *s,
    unsigned *written, struct error *err)
{
	struct buffer line = { .kind = BUFFER_SECRET };
	struct directive d = {0};
	struct config_setting made = *s;
	int result = command_read(&line, s->value, COMMAND_SECONDS, err);

	if (result == 0 && (config_line_read(&d, line.data, line.len, err)
	    != 0 ||
	    d.keyword == NULL || key_find(d.keyword) == NULL))
		result = fail(err, EX_CONFIG, "eval: expected the command to "
		    "print a key and its value");
	made.key = d.keyword;
	made.value = d.argument;
	/* it may have printed a password: no error may quote it */
	if (result == 0 && apply(a, &made, written, err) != 0)
		result = fail(err, EX_CONFIG, "eval: the value does not suit "
		    "the key %s", d.keyword);
	if (result != 0)
		wrap(err, "%s", s->origin);
	directive_free(&d);
	buffer_free(&line);
	return result;
}

static int
apply_all(struct account *a, const struct config_settings *list,
    unsigned *written, int run_evals, struct error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct config_setting *s = &list->at[i];
		int is_eval = strcmp(s->key, "eval") == 0;

		if (is_eval && !run_evals)
			continue;
		if ((is_eval ? apply_eval(a, s, written, err)
		    : apply(a, s, written, err)) != 0)
			return -1;
	}
	return 0;
}

int
config_assemble(struct account *out, const struct config *c,
    const struct config_section *section, int run_evals, struct error *err)
{
	unsigned written[KEYS] = {0};

	account_init(out, c->home != NULL ? c->home : "");
	free(out->name);
	free(out->origin);
	out->name = xstrdup(section->name);
	out->origin = xstrdup(section->origin);
	if (apply_all(out, &section->defaults, written, run_evals, err) == 0 &&
	    apply_all(out, &section->own, written, run_evals, err) == 0)
		return 0;
	account_free(out);
	return -1;
}

/* Reads one file into c. 1 if it was there, 0 if not, -1 error. */
static int
read_file(struct config *c, const char *path, struct error *err)
{
	struct trusted_file file = {0};
	char quote[ESCAPE_QUOTE];

	switch (trusted_file_read(&file, path, CONFIG_FILE_MAX, err)) {
	case TRUSTED_READ:
		config_begin(c);
		config_parse(c, path, file.text.data, file.text.len,
		    file.is_private);
		buffer_free(&file.text);
		return 1;
	case TRUSTED_MISSING:
		return 0;
	case TRUSTED_FORBIDDEN:
		return fail(err, EX_CONFIG, "%s: permission denied",
		    escape_string(quote, sizeof(quote), path));
	default:
		return -1;
	}
}

/* A system file that we may not read is none: it holds the secrets of others
 * then, and there may be a file of our own. */
int
config_read(struct config *c, const struct selection *selection,
    struct error *err)
{
	char *own = selection->config != NULL ? xstrdup(selection->config)
	    : xdg_config_file(c->home);
	struct error forbidden = {0};
	char quote[ESCAPE_QUOTE];
	int system, user;

	system = read_file(c, SYSTEM_FILE, &forbidden);
	user = own != NULL ? read_file(c, own, err) : 0;
	if (user == 0 && selection->config != NULL)
		user = fail(err, EX_CONFIG, "config file %s does not exist",
		    escape_string(quote, sizeof(quote), own));
	if (user == 0 && system < 0)
		*err = forbidden;
	if (user == 0 && system == 0) {
		fail(err, EX_CONFIG, "no config file: neither %s nor %s "
		    "exists", own != NULL ? escape_string(quote,
		    sizeof(quote), own) : "~/.config/onehop/config",
		    SYSTEM_FILE);
		hint(err, "onehop-config(5) shows what to put there");
	}
	free(own);
	if (user < 0 || (user == 0 && system <= 0))
		return -1;
	return config_check(c, err);
}

static char *
lower(const char *text)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return copy;
}

/* "user+detail@host" without the detail, in place. */
static int
drop_detail(char *address)
{
	char *at = strrchr(address, '@');
	char *plus = strchr(address, '+');

	if (at == NULL || plus == NULL || plus > at)
		return 0;
	memmove(plus, at, strlen(at) + 1);
	return 1;
}

int
config_from_matches(const struct account *a, const char *address)
{
	char *wanted = lower(address);
	int found = 0;

	for (int round = 0; round < 2 && !found; round++) {
		if (round == 1 && !drop_detail(wanted))
			break;
		for (size_t i = 0; i < a->from.n && !found; i++) {
			char *from = local_host_expand(a->from.at[i], NULL);
			char *pattern = lower(from);

			found = fnmatch(pattern, wanted, 0) == 0 ||
			    strcmp(pattern, wanted) == 0;
			free(from);
			free(pattern);
		}
	}
	free(wanted);
	return found;
}

/* The first section, the user's before the system's, whose from matches. */
static const struct config_section *
find_by_sender(const struct config *c, const char *sender)
{
	const struct config_section *found = NULL;

	for (size_t i = 0; i < c->n; i++) {
		struct error ignored = {0};
		struct account a;
		int matches;

		if (found != NULL && found->file == c->sections[i].file)
			continue;
		if (config_find(c, c->sections[i].name) != &c->sections[i])
			continue; /* the user's file has its own of the name */
		if (config_assemble(&a, c, &c->sections[i], 0, &ignored) != 0)
			continue;
		matches = config_from_matches(&a, sender);
		account_free(&a);
		if (matches)
			found = &c->sections[i];
	}
	return found;
}

/* The first address of a text, local@domain. Owned, or NULL. */
static char *
address_of(const char *text)
{
	struct address_list list = {0};
	struct error ignored = {0};
	struct buffer path = {0};

	if (address_list_parse(&list, text, strlen(text), &ignored) == 0 &&
	    list.n > 0)
		address_add_path(&path, &list.at[0]);
	address_list_free(&list);
	return path.len > 0 ? buffer_string(&path) : NULL;
}

static char *
author_of(const struct message *m)
{
	size_t index = 0;
	char *body, *author;

	if (m == NULL || !message_find(m, "From", &index))
		return NULL;
	body = message_field_body(m, index);
	author = address_of(body);
	free(body);
	return author;
}

/* By the address, which is freed; NULL fits none. */
static const struct config_section *
find_by_owned(const struct config *c, char *address)
{
	const struct config_section *found = address != NULL
	    ? find_by_sender(c, address) : NULL;

	free(address);
	return found;
}

static const struct config_section *
choose_section(const struct config *c, const struct selection *selection,
    const char *sender, const struct message *m, struct error *err)
{
	const struct config_section *found = NULL;
	char quote[ESCAPE_QUOTE];

	if (selection->account != NULL) {
		found = config_find(c, selection->account);
		if (found == NULL)
			fail(err, EX_CONFIG,
			    "no account %s in the config files",
			    escape_string(quote, sizeof(quote),
			    selection->account));
		return found;
	}
	if (sender != NULL)
		found = find_by_owned(c, address_of(sender));
	if (found == NULL)
		found = find_by_owned(c, author_of(m));
	if (found == NULL)
		found = config_find(c, "default");
	if (found == NULL) {
		fail(err, EX_CONFIG, "no account fits this message, and none "
		    "is named default");
		hint(err, "name one with -a, or write account default : NAME");
	}
	return found;
}

/* Is the host given on the command line, with no account asked for? */
static int
needs_no_file(const struct selection *selection)
{
	for (size_t i = 0; i < selection->noverrides; i++)
		if (strcmp(selection->overrides[i].key, "host") == 0)
			return selection->account == NULL;
	return 0;
}

static int
assemble_chosen(struct account *out, struct config *c,
    const struct selection *selection, const char *sender,
    const struct message *m, struct error *err)
{
	const struct config_section *section;

	if (needs_no_file(selection)) {
		account_init(out, c->home != NULL ? c->home : "");
		return 0;
	}
	if (config_read(c, selection, err) != 0)
		return -1;
	section = choose_section(c, selection, sender, m, err);
	if (section == NULL)
		return -1;
	return config_assemble(out, c, section, 1, err);
}

int
config_load(struct account *out, const struct selection *selection,
    const char *sender, const struct message *m, struct error *err)
{
	char *home = xdg_home();
	struct config c = { .home = home };
	int result = assemble_chosen(out, &c, selection, sender, m, err);

	config_free(&c);
	free(home);
	if (result != 0)
		return -1;
	if (override_finish(out, selection, err) == 0)
		return 0;
	return wrap(err, "account %s", out->name[0] != '\0' ? out->name
	    : "of the command line");
}

/* Sets what a log depends on, if it is that and right. */
static void
set_log(struct account *a, const char *key, const char *value)
{
	struct error ignored = {0};

	if (key_has(key, ATTR_LOG))
		account_set(a, key, value, &ignored);
}

void
config_load_log(struct account *out, const struct selection *selection)
{
	char *home = xdg_home();
	struct config c = { .home = home };
	struct error ignored = {0};
	const struct config_section *section;
	const struct config_settings *said;

	account_init(out, home);
	if (!needs_no_file(selection))
		(void)config_read(&c, selection, &ignored);
	section = config_find(&c, selection->account != NULL
	    ? selection->account
	    : "default");
	said = section != NULL ? &section->defaults : &c.defaults;
	for (size_t i = 0; i < said->n; i++)
		set_log(out, said->at[i].key, said->at[i].value);
	for (size_t i = 0; section != NULL && i < section->own.n; i++)
		set_log(out, section->own.at[i].key, section->own.at[i].value);
	for (size_t i = 0; i < selection->noverrides; i++)
		set_log(out, selection->overrides[i].key,
		    selection->overrides[i].value);
	config_free(&c);
	free(home);
}
