/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/edit_distance.h"
#include "base/escape.h"
#include "base/platform.h"
#include "base/trusted_file.h"
#include "base/xmalloc.h"
#include "config/account.h"
#include "config/line.h"

/* The file being read. */
struct file_reader {
	struct config *config;
	const char *name;        /* its path, escaped */
	const char *path;        /* as it was opened */
	unsigned line;
	int is_private;
};

/* What fits into an error, with a word on the rest. */
#define COMPLAINTS_MAX (sizeof(((struct error *)NULL)->text) - 40)

/* Where lines go that go to no section. */
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

static void
add_setting(struct config_settings *list, const char *key, const char *value,
    const char *origin, unsigned section)
{
	struct config_setting *s;

	if (list->n == list->size) {
		list->size = list->size > 0 ? 2 * list->size : 16;
		list->at = xreallocarray(list->at, list->size,
		    sizeof(list->at[0]));
	}
	s = &list->at[list->n++];
	s->key = xstrdup(key);
	s->value = xstrdup(value);
	s->origin = xstrdup(origin);
	s->section = section;
}

static void
add_settings(struct config_settings *to, const struct config_settings *from)
{
	for (size_t i = 0; i < from->n; i++)
		add_setting(to, from->at[i].key, from->at[i].value,
		    from->at[i].origin, from->at[i].section);
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

/* The last section of that name among the first n. */
static const struct config_section *
find_among(const struct config *c, size_t n, const char *name)
{
	for (size_t i = n; i-- > 0;)
		if (strcmp(c->sections[i].name, name) == 0)
			return &c->sections[i];
	return NULL;
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

	if (c->n == c->size) {
		c->size = c->size > 0 ? 2 * c->size : 8;
		c->sections = xreallocarray(c->sections, c->size,
		    sizeof(c->sections[0]));
	}
	r->config->current = c->n++;
	r->config->section = c->nsections++;
	s = &c->sections[r->config->current];
	memset(s, 0, sizeof(*s));
	s->name = xstrdup(name);
	s->origin = xasprintf("%s:%u", r->name, r->line);
	s->file = c->nfiles;
	add_settings(&s->defaults, &c->defaults);
	return s;
}

/* The parents behind the colon: "a, b". They stand above: the user's account
 * "default" may continue the system's of that name. */
static int
inherit(struct file_reader *r, const char *parents, struct error *err)
{
	struct config *c = r->config;
	char quote[ESCAPE_QUOTE];

	while (*parents != '\0') {
		size_t n = strcspn(parents, ", \t");
		char *name = xstrndup(parents, n);
		const struct config_section *parent =
		    find_among(c, c->current, name);

		if (n > 0 && parent == NULL)
			fail(err, EX_CONFIG, "expected an account that is "
			    "defined above, not \"%s\"",
			    escape_string(quote, sizeof(quote), name));
		else if (n > 0)
			add_settings(&c->sections[c->current].own,
			    &parent->own);
		free(name);
		if (err->code != 0)
			return -1;
		parents += n;
		parents += strspn(parents, ", \t");
	}
	return 0;
}

static int
begin_account(struct file_reader *r, const char *argument, struct error *err)
{
	size_t n = strcspn(argument, ": \t");
	const char *rest = argument + n + strspn(argument + n, " \t");
	const struct config_section *old;
	char quote[ESCAPE_QUOTE];
	char *name;
	int result = 0;

	r->config->current = IN_DAMAGED;
	if (n == 0 || (*rest != '\0' && *rest != ':'))
		return fail(err, EX_CONFIG,
		    "expected account NAME or account NAME : PARENT, not "
		    "\"%s\"", escape_string(quote, sizeof(quote), argument));
	name = xstrndup(argument, n);
	old = config_find(r->config, name);
	if (old != NULL && old->file == r->config->nfiles)
		result = fail(err, EX_CONFIG,
		    "account %s is defined already at %s",
		    escape_string(quote, sizeof(quote), name), old->origin);
	else
		add_section(r, name);
	free(name);
	if (result == 0 && *rest == ':')
		result = inherit(r, rest + 1 + strspn(rest + 1, " \t"), err);
	return result;
}

/* Is the value fit for the key? Tried on an account that is thrown away. */
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

static int
set_key(struct file_reader *r, const struct directive *d, struct error *err)
{
	const struct key *key = key_find(d->keyword);
	struct config_settings *list;
	char *origin;

	if (strcmp(d->keyword, "eval") != 0 &&
	    try_setting(r, d->keyword, d->argument, err) != 0)
		return -1;
	if (key != NULL && key->secret && !r->is_private) {
		fail(err, EX_CONFIG, "a file that holds a %s must be readable "
		    "by its owner alone", key->name);
		return hint(err, "chmod 600");
	}
	if (r->config->current == IN_NOTHING)
		add_section(r, "default");
	if (r->config->current == IN_DAMAGED)
		return 0;
	list = r->config->current == IN_DEFAULTS ? &r->config->defaults
	    : &r->config->sections[r->config->current].own;
	origin = xasprintf("%s:%u", r->name, r->line);
	add_setting(list, d->keyword, d->argument, origin, r->config->section);
	free(origin);
	return 0;
}

/* A path as the line means it: ~ is home, relative to the file it is in. */
static char *
resolve_path(const struct file_reader *r, const char *path)
{
	const char *slash = strrchr(r->path, '/');

	if (path[0] == '/')
		return xstrdup(path);
	if (path[0] == '~' && path[1] == '/' && r->config->home != NULL)
		return xasprintf("%s%s", r->config->home, path + 1);
	if (slash == NULL)
		return xstrdup(path);
	return xasprintf("%.*s/%s", (int)(slash - r->path), r->path, path);
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
		    file.is_private);
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
	    : fail(err, EX_CONFIG, "expected nothing behind defaults");
}

/* The keywords that are no keys. */
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
	directive_free(&d);
	if (result != 0)
		complain(r, &err);
}

void
config_begin(struct config *c)
{
	free_settings(&c->defaults);
	c->current = IN_NOTHING;
	c->nfiles++;
	c->depth = 0;
}

void
config_parse(struct config *c, const char *name, const char *text,
    size_t len, int is_private)
{
	char quote[ESCAPE_QUOTE];
	struct file_reader r = { .config = c, .path = name };

	r.name = escape_string(quote, sizeof(quote), name);
	r.is_private = is_private;
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
	memset(c, 0, sizeof(*c));
}
