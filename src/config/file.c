/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/edit_distance.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/xmalloc.h"
#include "config/account.h"
#include "config/line.h"

/* The file being read. */
struct file_reader {
	struct config *config;
	const char *name;        /* its path, escaped */
	const char *path;        /* path as opened; one of config.files */
	unsigned line;
	enum config_secrets secrets;
};

/* Maximum size of the complaints in an error, with the count of the rest,
 * octets. */
#define COMPLAINTS_MAX (sizeof(((struct error *)NULL)->text) - 40)

/* The destination of lines that belong to no section. */
#define IN_DEFAULTS ((size_t)-1)
#define IN_NOTHING ((size_t)-2)  /* before the first section */
#define IN_DAMAGED ((size_t)-3)  /* a section that could not be begun */

static void
complain(struct file_reader *r, const struct error *err)
{
	struct config *c = r->config;

	size_t before = c->complaints.len;

	c->ncomplaints++;
	if (c->nomitted == 0)
		buffer_addf(&c->complaints, "%s%s:%u: %s%s%s",
		    before > 0 ? "\n" : "", r->name, r->line, err->text,
		    err->hint[0] != '\0' ? ", " : "", err->hint);
	if (c->nomitted == 0 &&
	    (before == 0 || c->complaints.len <= COMPLAINTS_MAX))
		return;
	c->complaints.len = before;
	c->nomitted++;
}

/* Appends a copy of the setting. */
static void
add_setting(struct config_settings *list, const struct config_setting *from)
{
	struct config_setting *s;

	list->at = xgrow(list->at, list->n, sizeof(list->at[0]));
	s = &list->at[list->n++];
	s->key = xstrdup(from->key);
	s->value = xstrdup(from->value);
	s->origin = xstrdup(from->origin);
	s->file = from->file;
	s->section = from->section;
}

static void
add_settings(struct config_settings *to, const struct config_settings *from)
{
	for (size_t i = 0; i < from->n; i++)
		add_setting(to, &from->at[i]);
}

static void
free_settings(struct config_settings *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->at[i].key);
		platform_wipe(list->at[i].value, strlen(list->at[i].value));
		free(list->at[i].value);
		free(list->at[i].origin);
	}
	free(list->at);
	memset(list, 0, sizeof(*list));
}

/* Returns the last section of that name among the first n. */
static const struct config_section *
find_among(const struct config *c, size_t n, const char *name)
{
	for (size_t i = n; i-- > 0;)
		if (strcmp(c->sections[i].name, name) == 0)
			return &c->sections[i];
	return NULL;
}

int
config_is_empty(const struct config *c)
{
	return c->n == 0 && c->defaults.n == 0 && c->ncomplaints == 0;
}

const struct config_section *
config_find(const struct config *c, const char *name)
{
	return find_among(c, c->n, name);
}

/* Begins an account with the defaults in force. */
static struct config_section *
add_section(struct file_reader *r, const char *name)
{
	struct config *c = r->config;
	struct config_section *s;

	c->sections = xgrow(c->sections, c->n, sizeof(c->sections[0]));
	r->config->current = c->n++;
	r->config->section = c->nsections++;
	s = &c->sections[r->config->current];
	memset(s, 0, sizeof(*s));
	s->name = xstrdup(name);
	s->origin = xasprintf("%s:%u", r->name, r->line);
	s->file = c->opened;
	add_settings(&s->defaults, &c->defaults);
	return s;
}

/* Returns a copy of the n octets without blanks around them. */
static char *
trim(const char *text, size_t n)
{
	while (n > 0 && ascii_is_blank(text[n - 1]))
		n--;
	while (n > 0 && ascii_is_blank(text[0])) {
		text++;
		n--;
	}
	return xstrndup(text, n);
}

/*
 * Inherits from the parents after the colon: "a, b". Parents are defined above:
 * the user's account "default" may continue the system's account of that name.
 */
static int
inherit(struct file_reader *r, const char *parents, struct error *err)
{
	struct config *c = r->config;
	char quote[ESCAPE_QUOTE];

	while (*parents != '\0') {
		size_t n = strcspn(parents, ",");
		char *name = trim(parents, n);
		const struct config_section *parent =
		    find_among(c, c->current, name);

		if (name[0] != '\0' && parent == NULL)
			fail(err, EX_CONFIG, "expected an account that is "
			    "defined above, not \"%s\"",
			    escape_string(quote, sizeof(quote), name));
		else if (name[0] != '\0')
			add_settings(&c->sections[c->current].own,
			    &parent->own);
		free(name);
		if (err->code != 0)
			return -1;
		parents += n + (parents[n] == ',');
	}
	return 0;
}

/* Fails because the file has an account of that name. */
static int
refuse_second(const char *name, const struct config_section *first,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];

	fail(err, EX_CONFIG, "account %s is defined already at %s%s",
	    escape_string(quote, sizeof(quote), name), first->origin,
	    first->implicit ? ", by the lines before the first account" : "");
	return first->implicit
	    ? hint(err, "put those lines under a line \"defaults\"") : -1;
}

/* As in msmtp, a name ends at the colon and may hold blanks. */
static int
begin_account(struct file_reader *r, const char *argument, struct error *err)
{
	size_t n = strcspn(argument, ":");
	const struct config_section *old;
	char *name = trim(argument, n);
	int result = 0;

	r->config->current = IN_DAMAGED;
	old = config_find(r->config, name);
	if (name[0] == '\0')
		result = fail(err, EX_CONFIG, "expected account NAME or "
		    "account NAME : PARENT");
	else if (old != NULL && old->file == r->config->opened)
		result = refuse_second(name, old, err);
	else
		add_section(r, name);
	free(name);
	if (result == 0 && argument[n] == ':')
		result = inherit(r, argument + n + 1, err);
	return result;
}

/* Tries the value on a temporary account. */
static int
try_setting(const struct file_reader *r, const char *key, const char *value,
    struct error *err)
{
	struct account trial;
	int result;

	account_init(&trial, r->config->home != NULL ? r->config->home : "");
	result = account_set(&trial, key, value, err);
	account_free(&trial);
	return result;
}

/* Keeps the first notice about the files for the user. */
static void
add_notice(struct file_reader *r, const char *text)
{
	struct buffer *notice = &r->config->notice;

	if (notice->len == 0)
		buffer_addf(notice, "%s:%u: %s", r->name, r->line, text);
}

/* Accepts a password, adds a notice if the file is world-readable, or fails. */
static int
check_secret(struct file_reader *r, const struct key *key, struct error *err)
{
	char *text;

	if (r->secrets == SECRETS_REFUSED) {
		fail(err, EX_CONFIG, "a file that holds a %s must be readable "
		    "by its owner alone", key->name);
		return hint(err, "chmod 600 %s", r->name);
	}
	if (r->secrets == SECRETS_NOTED) {
		text = xasprintf("every user of this machine can read this "
		    "%s, chmod o-r %s", key->name, r->name);
		add_notice(r, text);
		free(text);
	}
	return 0;
}

/* Checks one line that sets a key. */
static int
check_setting(struct file_reader *r, const struct directive *d,
    struct error *err)
{
	const struct key *key = key_find(d->keyword);
	const char *value = d->argument;

	if (strcmp(d->keyword, "eval") == 0)
		return 0;
	if (key != NULL && !key->verbatim && value[0] == '=' &&
	    (value[1] == '\0' || ascii_is_blank(value[1])))
		return fail(err, EX_CONFIG, "%s: expected a value after a "
		    "blank, without \"=\"", key->name);
	if (try_setting(r, d->keyword, value, err) != 0)
		return -1;
	return key != NULL && key->secret ? check_secret(r, key, err) : 0;
}

static int
set_key(struct file_reader *r, const struct directive *d, struct error *err)
{
	struct config *c = r->config;
	struct config_setting s = { .key = d->keyword, .value = d->argument,
	    .file = r->path };

	if (check_setting(r, d, err) != 0)
		return -1;
	if (key_notice(d->keyword) != NULL)
		add_notice(r, key_notice(d->keyword));
	if (c->current == IN_NOTHING)
		add_section(r, "default")->implicit = 1;
	if (c->current == IN_DAMAGED)
		return 0;
	s.section = c->section;
	s.origin = xasprintf("%s:%u", r->name, r->line);
	add_setting(c->current == IN_DEFAULTS ? &c->defaults
	    : &c->sections[c->current].own, &s);
	free(s.origin);
	return 0;
}

/* Returns the directory of a file with its slash, owned: that of the process if
 * the path has none, or refers to a descriptor. */
static char *
directory_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *cwd, *directory;
	size_t n = slash != NULL ? (size_t)(slash - file) + 1 : 0;

	if (file[0] == '/' && strncmp(file, "/dev/fd/", 8) != 0 &&
	    strncmp(file, "/proc/", 6) != 0)
		return xstrndup(file, n);
	cwd = getcwd(NULL, 0);
	if (file[0] == '/')
		n = 0;
	directory = xasprintf("%s/%.*s", cwd != NULL ? cwd : ".", (int)n,
	    file);
	free(cwd);
	return directory;
}

char *
config_path(const char *file, const char *path)
{
	char *directory, *whole;

	if (path[0] == '/')
		return xstrdup(path);
	directory = directory_of(file);
	whole = xasprintf("%s%s", directory, path);
	free(directory);
	return whole;
}

enum config_secrets
config_secrets_of(enum config_author author, const struct trusted_file *file)
{
	if (file->is_private)
		return SECRETS_TAKEN;
	if (author == CONFIG_USER)
		return SECRETS_REFUSED;
	if (!file->is_public)
		return SECRETS_TAKEN;
	return author == CONFIG_SYSTEM || file->is_roots ? SECRETS_NOTED
	    : SECRETS_REFUSED;
}

/* Returns the path of an included file: ~ is home. Owned. */
static char *
resolve_path(const struct file_reader *r, const char *path)
{
	if (path[0] == '~' && path[1] == '/' && r->config->home != NULL)
		return xasprintf("%s%s", r->config->home, path + 1);
	return config_path(r->path, path);
}

static int
include(struct file_reader *r, const char *argument, struct error *err)
{
	struct config *c = r->config;
	struct trusted_file file = {0};
	char quote[ESCAPE_QUOTE];
	enum trusted_result result;
	char *path;

	if (argument[0] == '\0')
		return fail(err, EX_CONFIG, "expected include FILE");
	if (c->depth == CONFIG_INCLUDE_MAX)
		return fail(err, EX_CONFIG,
		    "expected at most %d files within each other",
		    CONFIG_INCLUDE_MAX);
	path = resolve_path(r, argument);
	result = trusted_file_read(&file, path, CONFIG_FILE_MAX, err);
	if (result == TRUSTED_READ) {
		c->depth++;
		config_parse(c, path, file.text.data, file.text.len,
		    config_secrets_of(c->author, &file));
		c->depth--;
	} else if (result != TRUSTED_FAILED) {
		fail(err, EX_CONFIG, "cannot read %s: %s",
		    escape_string(quote, sizeof(quote), path),
		    result == TRUSTED_MISSING ? "no such file"
		    : "permission denied");
	}
	buffer_free(&file.text);
	free(path);
	return result == TRUSTED_READ ? 0 : -1;
}

static int
begin_defaults(struct file_reader *r, const char *argument, struct error *err)
{
	r->config->current = IN_DEFAULTS;
	r->config->section = r->config->nsections++;
	return argument[0] == '\0' ? 0
	    : fail(err, EX_CONFIG, "expected nothing after defaults");
}

/* The keywords that are not keys. */
static const struct {
	const char *name;
	int (*obey)(struct file_reader *, const char *, struct error *);
} directives[] = {
	{ "account", begin_account },
	{ "defaults", begin_defaults },
	{ "include", include }
};

static int
obey(struct file_reader *r, const struct directive *d, struct error *err)
{
	const char *meant = NULL;

	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]);
	    i++) {
		if (strcmp(d->keyword, directives[i].name) == 0)
			return directives[i].obey(r, d->argument, err);
		if (edit_distance_is_typo(d->keyword, directives[i].name))
			meant = directives[i].name;
	}
	if (meant != NULL && key_find(d->keyword) == NULL)
		return fail(err, EX_CONFIG,
		    "unknown key \"%s\", did you mean \"%s\"?", d->keyword,
		    meant);
	return set_key(r, d, err);
}

/* Returns whether a line with this keyword, which may be mistyped, can decide
 * which account is chosen, or what the message is. One that resembles none
 * can have meant anything. */
static int
is_about_message(const char *keyword)
{
	static const char *const lines[] = { "account", "defaults", "include",
	    "eval" };
	const char *value = "on";
	struct error unknown = {0};
	int key, resembles = 0;

	if (keyword == NULL)
		return 1;
	key = key_resolve(keyword, &value, &unknown);
	if (key >= 0)
		return key < KEYS &&
		    (account_keys[key].attributes & ATTR_MESSAGE) != 0;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strcmp(keyword, lines[i]) == 0 ||
		    edit_distance_is_typo(keyword, lines[i]))
			return 1;
	for (size_t i = 0; i < KEYS; i++) {
		if (!edit_distance_is_typo(keyword, account_keys[i].name))
			continue;
		if ((account_keys[i].attributes & ATTR_MESSAGE) != 0)
			return 1;
		resembles = 1;
	}
	return !resembles;
}

static void
read_line(struct file_reader *r, const char *line, size_t len)
{
	struct directive d = {0};
	struct error err = {0};
	int result;

	if (memchr(line, '\0', len) != NULL)
		result = fail(&err, EX_CONFIG, "expected text, not a NUL");
	else
		result = config_line_read(&d, line, len, &err);
	if (result == 0 && d.keyword != NULL)
		result = obey(r, &d, &err);
	if (result != 0) {
		r->config->misread |= is_about_message(d.keyword);
		complain(r, &err);
	}
	directive_free(&d);
}

void
config_begin(struct config *c, enum config_author author)
{
	free_settings(&c->defaults);
	c->current = IN_NOTHING;
	c->opened = NULL;
	c->depth = 0;
	c->author = author;
}

void
config_parse(struct config *c, const char *name, const char *text,
    size_t len, enum config_secrets secrets)
{
	char quote[ESCAPE_QUOTE];
	struct file_reader r = { .config = c };

	r.name = escape_string(quote, sizeof(quote), name);
	r.secrets = secrets;
	string_list_add(&c->files, xstrdup(name));
	r.path = c->files.at[c->files.n - 1];
	if (c->opened == NULL)
		c->opened = r.path;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3; /* Windows editors put a byte order mark there */
		len -= 3;
	}
	for (size_t i = 0; i < len;) {
		const char *lf = memchr(text + i, '\n', len - i);
		size_t n = lf != NULL ? (size_t)(lf - text) - i : len - i;

		r.line++;
		read_line(&r, text + i, n);
		i += n + 1;
	}
}

int
config_check(struct config *c, struct error *err)
{
	if (c->ncomplaints == 0)
		return 0;
	if (c->nomitted > 0)
		buffer_addf(&c->complaints, "\nand %zu more errors",
		    c->nomitted);
	c->nomitted = 0;
	return fail(err, EX_CONFIG, "%s", buffer_string(&c->complaints));
}

void
config_free(struct config *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->sections[i].name);
		free(c->sections[i].origin);
		free_settings(&c->sections[i].defaults);
		free_settings(&c->sections[i].own);
	}
	free(c->sections);
	free_settings(&c->defaults);
	buffer_free(&c->complaints);
	buffer_free(&c->notice);
	string_list_free(&c->files);
	memset(c, 0, sizeof(*c));
}
