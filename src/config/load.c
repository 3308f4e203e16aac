/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/load.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/run_command.h"
#include "base/xdg.h"
#include "base/xmalloc.h"
#include "config/line.h"
#include "config/local_host.h"
#include "config/override.h"
#include "config/sources.h"
#include "format/address_parse.h"

/* For set_readable(): keys with any attributes. */
#define ANY_KEY 0

/* The criteria for an account if -a names none. */
struct clues {
	const char *sender;            /* -f, or NULL */
	const struct message *message; /* or NULL */
};

int
config_is_relative(size_t key, const char *value)
{
	return account_keys[key].kind == KIND_PATH && value[0] != '\0' &&
	    strchr("/~-", value[0]) == NULL && strchr(value, ':') == NULL &&
	    !ascii_equal(value, "on") && !ascii_equal(value, "off") &&
	    !ascii_equal(value, "first") && !ascii_equal(value, "system");
}

/* Sets one key, and makes its path absolute. */
static int
set_key(struct account *a, const struct config_setting *s, size_t index,
    struct error *err)
{
	char *path;
	int result;

	if (index == KEYS || !config_is_relative(index, s->value))
		return account_set(a, s->key, s->value, err);
	path = config_path(s->file, s->value);
	result = account_set(a, s->key, path, err);
	free(path);
	return result;
}

/* Applies one line. A section's own list replaces the one it inherits. */
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
	if (set_key(a, s, index, err) != 0)
		return wrap(err, "%s", s->origin);
	if (index < KEYS)
		account_note(a, index, s->origin);
	return 0;
}

/* Reads the first line of what an eval command prints: a key, a comment or
 * nothing. */
static int
read_evaluated(struct directive *d, const struct buffer *text,
    struct error *err)
{
	const char *end;

	if (text->len == 0)
		return fail(err, EX_CONFIG, "eval: expected a line of the "
		    "command, nothing came");
	end = memchr(text->data, '\n', text->len);
	if (memchr(text->data, '\0', text->len) == NULL &&
	    config_line_read(d, text->data, end != NULL
	    ? (size_t)(end - text->data) : text->len, err) == 0 &&
	    (d->keyword == NULL || key_find(d->keyword) != NULL ||
	    key_is_obsolete(d->keyword)))
		return 0;
	fail(err, EX_CONFIG, "eval: expected the command to print a key and "
	    "its value");
	return d->keyword != NULL && strcmp(d->keyword, "account") == 0
	    ? hint(err, "write account lines in the file itself") : -1;
}

/* eval: the command's output replaces the line. */
static int
apply_eval(struct account *a, const struct config_setting *s,
    unsigned *written, struct error *err)
{
	struct buffer text = FIRST_LINE_BUFFER;
	struct directive d = {0};
	struct config_setting made = *s;
	int result = command_output(&text, s->value, COMMAND_SECONDS, err);

	if (result == 0)
		result = read_evaluated(&d, &text, err);
	made.key = d.keyword;
	made.value = d.argument;
	/* it may have printed a password, which no error may quote */
	if (result == 0 && d.keyword != NULL &&
	    apply(a, &made, written, err) != 0)
		result = fail(err, EX_CONFIG, "eval: the value does not suit "
		    "the key %s", d.keyword);
	if (result != 0)
		wrap(err, "%s", s->origin);
	directive_free(&d);
	buffer_free(&text);
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

/* Notes of which section the account is. */
static void
note_section(struct account *out, const struct config_section *section)
{
	free(out->name);
	free(out->origin);
	free(out->file);
	out->name = xstrdup(section->name);
	out->origin = xstrdup(section->origin);
	out->file = xstrdup(section->file);
}

int
config_assemble(struct account *out, const struct config *c,
    const struct config_section *section, int run_evals, struct error *err)
{
	unsigned written[KEYS] = {0};

	account_init(out, c->home != NULL ? c->home : "");
	note_section(out, section);
	if (c->notice.len > 0) {
		free(out->notice);
		out->notice = xstrndup(c->notice.data, c->notice.len);
	}
	if (apply_all(out, &section->defaults, written, run_evals, err) == 0 &&
	    apply_all(out, &section->own, written, run_evals, err) == 0)
		return 0;
	account_free(out);
	return -1;
}

static char *
lower(const char *text)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return copy;
}

/* Removes the detail from "user+detail@host", in place. */
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

static int
section_matches(const struct config *c, const struct config_section *section,
    const char *sender)
{
	struct error ignored = {0};
	struct account a;
	int matches;

	if (config_assemble(&a, c, section, 0, &ignored) != 0)
		return 0;
	matches = config_from_matches(&a, sender);
	account_free(&a);
	return matches;
}

/* Returns the first section, the user's before the system's, whose from
 * matches; NULL if none does. */
static const struct config_section *
find_by_sender(const struct config *c, const char *sender)
{
	const struct config_section *found = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct config_section *section = &c->sections[i];

		if (found != NULL && found->file == section->file)
			continue;
		if (config_find(c, section->name) != section)
			continue; /* the user's file has its own of the name */
		if (section_matches(c, section, sender))
			found = section;
	}
	return found;
}

/* Returns the first address of a text, local@domain, owned; or NULL. */
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

char *
config_author_address(const struct message *m)
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

/* Returns whether ~/.msmtprc exists but does not count: onehop has a file of
 * its own. */
static int
is_passed_over(const struct config *c, const struct selection *selection)
{
	char *path = xasprintf("%s/.msmtprc", c->home);
	int is = selection->config == NULL && c->home[0] != '\0' &&
	    access(path, F_OK) == 0;

	for (size_t i = 0; i < c->files.n && is; i++)
		is = strcmp(c->files.at[i], path) != 0;
	free(path);
	return is;
}

/* Finds the account of -a. The error lists the accounts that exist. */
static const struct config_section *
find_by_name(const struct config *c, const struct selection *selection,
    struct error *err)
{
	const char *name = selection->account;
	const struct config_section *found = config_find(c, name);
	char quote[ESCAPE_QUOTE];
	struct buffer names = {0};

	if (found != NULL)
		return found;
	for (size_t i = 0; i < c->n; i++)
		if (config_find(c, c->sections[i].name) == &c->sections[i])
			buffer_addf(&names, "%s%s", names.len > 0 ? ", " : "",
			    escape_string(quote, sizeof(quote),
			    c->sections[i].name));
	fail(err, EX_CONFIG, "no account %s in the config files",
	    name[0] == '\0' ? "\"\"" : escape_string(quote, sizeof(quote),
	    name));
	if (names.len > 0)
		hint(err, "name one of: %s%s", buffer_string(&names),
		    is_passed_over(c, selection) ? " (~/.msmtprc is not read "
		    "beside a configuration of onehop's own)" : "");
	buffer_free(&names);
	return NULL;
}

/* Finds the account of -f. */
static const struct config_section *
find_by_envelope(const struct config *c, const char *sender)
{
	char *address = sender != NULL ? address_of(sender) : NULL;
	const struct config_section *found = address != NULL
	    ? find_by_sender(c, address) : NULL;

	free(address);
	return found;
}

/*
 * Finds the account of the From field. Many files end in "account default : x"
 * with further lines below: if default matches as well as x, it is used.
 */
static const struct config_section *
find_by_author(const struct config *c, const struct message *m)
{
	const struct config_section *found = config_find(c, "default");
	char *author = config_author_address(m);

	if (author == NULL || found == NULL ||
	    !section_matches(c, found, author))
		found = author != NULL ? find_by_sender(c, author) : NULL;
	free(author);
	return found;
}

/* Chooses the section and records the reason. Returns NULL with EX_CONFIG if
 * none is suitable. */
static const struct config_section *
choose_section(const struct config *c, const struct selection *selection,
    const struct clues *clues, const char **reason, struct error *err)
{
	const struct config_section *found;

	*reason = "because of -a";
	if (selection->account != NULL)
		return find_by_name(c, selection, err);
	*reason = "because from matches -f";
	found = find_by_envelope(c, clues->sender);
	if (found != NULL)
		return found;
	*reason = "because from matches the From field";
	found = find_by_author(c, clues->message);
	if (found != NULL)
		return found;
	*reason = "because it is the default";
	found = config_find(c, "default");
	if (found == NULL && config_is_empty(c)) {
		fail(err, EX_CONFIG, "no account is configured: the config "
		    "file has only comments");
		hint(err, "run onehop --configure you@example.org, or write "
		    "one as onehop-config(5) shows");
	} else if (found == NULL) {
		fail(err, EX_CONFIG, "no account fits this message, and none "
		    "is named default");
		hint(err, "name one with -a, or write account default : NAME");
	}
	return found;
}

/* Returns whether the host is given on the command line, without -a. */
static int
needs_no_file(const struct selection *selection)
{
	return selection->account == NULL &&
	    selection_value(selection, KEY_host, NULL) != NULL;
}

static int
assemble_chosen(struct account *out, struct config *c,
    const struct selection *selection, const struct clues *clues,
    struct error *err)
{
	const struct config_section *section;
	const char *reason;

	if (needs_no_file(selection)) {
		account_init(out, c->home != NULL ? c->home : "");
		return 0;
	}
	if (config_read(c, selection, err) != 0)
		return -1;
	section = choose_section(c, selection, clues, &reason, err);
	if (section == NULL || config_assemble(out, c, section, 1, err) != 0)
		return -1;
	out->reason = reason;
	return 0;
}

/* Adds the account, its location and the reason for its choice to an error. */
static int
wrap_account(const struct account *a, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	char *place;

	if (a->name[0] == '\0')
		return wrap(err, "account of the command line");
	place = account_describe(a);
	wrap(err, "account %s (%s)", escape_string(quote, sizeof(quote),
	    a->name), place);
	free(place);
	return -1;
}

int
config_load(struct account *out, const struct selection *selection,
    const char *sender, const struct message *m, struct error *err)
{
	const struct clues clues = { sender, m };
	char *home = xdg_find_home(err);
	struct config c = { .home = home };
	int result = home == NULL ? -1
	    : assemble_chosen(out, &c, selection, &clues, err);

	config_free(&c);
	free(home);
	if (result != 0)
		return -1;
	return override_finish(out, selection, err) == 0 ? 0
	    : wrap_account(out, err);
}

int
config_precheck(const struct selection *selection, struct error *err)
{
	char *home = xdg_find_home(err);
	struct config c = { .home = home };
	int result = home == NULL ? -1 : 0;

	if (result == 0 && !needs_no_file(selection))
		result = config_read(&c, selection, err);
	if (result == 0 && selection->account != NULL && c.n > 0 &&
	    find_by_name(&c, selection, err) == NULL)
		result = -1;
	config_free(&c);
	free(home);
	return result;
}

/* Sets those of the keys that have one of the attributes and a valid value. */
static void
set_readable(struct account *a, const struct config_settings *list,
    unsigned *written, unsigned attributes)
{
	struct error ignored = {0};

	for (size_t i = 0; i < list->n; i++)
		if (attributes == ANY_KEY ||
		    key_has(list->at[i].key, attributes))
			(void)apply(a, &list->at[i], written, &ignored);
}

/* Applies the section, or the defaults in force if it is NULL. */
static void
set_section(struct account *a, const struct config *c,
    const struct config_section *section, unsigned attributes)
{
	unsigned written[KEYS] = {0};

	set_readable(a, section != NULL ? &section->defaults : &c->defaults,
	    written, attributes);
	if (section != NULL)
		set_readable(a, &section->own, written, attributes);
}

void
config_load_log(struct account *out, const struct selection *selection)
{
	char *home = xdg_home();
	struct config c = { .home = home };
	struct error ignored = {0};

	account_init(out, home);
	if (!needs_no_file(selection) &&
	    config_read(&c, selection, &ignored) != 0 &&
	    selection_may_be_any_file(selection))
		config_free(&c);
	set_section(out, &c, config_find(&c, selection->account != NULL
	    ? selection->account : "default"), ATTR_LOG);
	for (size_t i = 0; i < selection->noverrides; i++)
		if (key_has(selection->overrides[i].key, ATTR_LOG))
			account_set(out, selection->overrides[i].key,
			    selection->overrides[i].value, &ignored);
	config_free(&c);
	free(home);
}

int
config_load_readable(struct account *out, const struct selection *selection,
    const char *sender, const struct message *m)
{
	const struct clues clues = { sender, m };
	struct error ignored = {0};
	char *home = xdg_find_home(&ignored);
	struct config c = { .home = home };
	const struct config_section *section = NULL;
	const char *reason;

	if (home != NULL && !needs_no_file(selection) &&
	    !selection_may_be_any_file(selection)) {
		(void)config_read(&c, selection, &ignored);
		if (!c.misread)
			section = choose_section(&c, selection, &clues,
			    &reason, &ignored);
	}
	if (section != NULL) {
		account_free(out);
		account_init(out, home);
		note_section(out, section);
		set_section(out, &c, section, ANY_KEY);
		(void)override_finish(out, selection, &ignored);
	}
	config_free(&c);
	free(home);
	return section != NULL ? 0 : -1;
}
