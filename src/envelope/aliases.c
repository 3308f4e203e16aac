/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "envelope/aliases.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "config/local_host.h"
#include "envelope/alias_file.h"

/* An address still to be looked up, and the alias that led to it. */
struct step {
	struct address address;      /* its strings are owned */
	int literal;                 /* written as \name: not looked up again */
	size_t trail;                /* index into expansion.trails + 1, or 0 */
};

/* The path from a recipient to an alias, as a list towards the recipient. */
struct trail {
	const struct alias *alias;
	size_t outer;                /* index + 1, or 0 */
	unsigned depth;
};

/* Depth first without recursion: the next address is the last of todo. */
struct expansion {
	const struct account *account;
	const struct alias_file *file;
	const char *path;
	struct step *todo;
	size_t ntodo;
	struct trail *trails;
	size_t ntrails;
};

/* Adds the line of the file to the error. */
static int
complain(const struct expansion *x, const struct alias *alias,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];

	return wrap(err, "%s: line %u", escape_string(quote, sizeof(quote),
	    x->path), alias->line);
}

/* The owner of the names in a domain. */
enum locality {
	LOCALITY_REMOTE,
	LOCALITY_MAIL,    /* the mail domain, which others may share */
	LOCALITY_MACHINE  /* no domain, this machine, local_domains */
};

static enum locality
locality(const struct account *account, const struct address *a)
{
	if (a->domain == NULL || local_host_is_this_host(a->domain))
		return LOCALITY_MACHINE;
	for (size_t i = 0; i < account->local_domains.n; i++)
		if (ascii_equal(account->local_domains.at[i], a->domain))
			return LOCALITY_MACHINE;
	return local_host_is_local(account, a->domain) ? LOCALITY_MAIL
	    : LOCALITY_REMOTE;
}

static void
push_step(struct expansion *x, const struct address *a, int literal,
    size_t trail)
{
	struct step *step;

	x->todo = xgrow(x->todo, x->ntodo, sizeof(x->todo[0]));
	step = &x->todo[x->ntodo++];
	memset(step, 0, sizeof(*step));
	step->address.local = xstrdup(a->local);
	step->address.domain = a->domain != NULL ? xstrdup(a->domain) : NULL;
	step->literal = literal;
	step->trail = trail;
}

static int
is_on_trail(const struct expansion *x, size_t trail, const struct alias *alias)
{
	for (; trail > 0; trail = x->trails[trail - 1].outer)
		if (x->trails[trail - 1].alias == alias)
			return 1;
	return 0;
}

/* Records that the alias is followed. Returns the new trail, 0 on a loop. */
static size_t
extend_trail(struct expansion *x, size_t outer, const struct alias *alias,
    struct error *err)
{
	struct trail *trail;
	unsigned depth = outer > 0 ? x->trails[outer - 1].depth + 1 : 1;

	if (is_on_trail(x, outer, alias)) {
		fail(err, EX_CONFIG, "alias %s leads back to itself",
		    alias->name);
		complain(x, alias, err);
		return 0;
	}
	if (depth > ALIASES_DEPTH_MAX) {
		fail(err, EX_CONFIG, "aliases nested deeper than %d",
		    ALIASES_DEPTH_MAX);
		complain(x, alias, err);
		return 0;
	}
	x->trails = xgrow(x->trails, x->ntrails, sizeof(x->trails[0]));
	trail = &x->trails[x->ntrails++];
	trail->alias = alias;
	trail->outer = outer;
	trail->depth = depth;
	return x->ntrails;
}

/* Returns the next comma outside quotes and comments; len if there is none. */
static size_t
find_comma(const char *text, size_t len)
{
	int quoted = 0, comment = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && text[i] == '(')
			comment++;
		else if (!quoted && text[i] == ')' && comment > 0)
			comment--;
		else if (!quoted && comment == 0 && text[i] == ',')
			return i;
	}
	return len;
}

/* One target that is an address, or several not separated by commas. */
static int
push_addresses(struct expansion *x, const char *text, size_t len,
    size_t trail, struct error *err)
{
	struct address_list list = {0};
	int literal = len > 0 && text[0] == '\\';

	if (address_list_parse(&list, text + literal, len - (size_t)literal,
	    err) != 0) {
		err->code = EX_CONFIG; /* the file is wrong, not the message */
		return -1;
	}
	for (size_t i = 0; i < list.n; i++)
		push_step(x, &list.at[i], literal, trail);
	address_list_free(&list);
	return 0;
}

/* A program or a file as a target: not ours to run or write. */
static int
refuse_target(const char *text, size_t len, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	return fail(err, EX_CONFIG, "expected an address, not \"%s\": onehop "
	    "delivers to no program or file", escape(quote, 256, text, len));
}

/* Returns the item at *text without surrounding blanks, and advances *text past
 * it. */
static size_t
next_item(const char **text, size_t *len, const char **item)
{
	size_t n = find_comma(*text, *len);
	size_t item_len = n;

	*item = *text;
	*text += n < *len ? n + 1 : n;
	*len -= n < *len ? n + 1 : n;
	while (item_len > 0 && ascii_is_blank(**item)) {
		(*item)++;
		item_len--;
	}
	while (item_len > 0 && ascii_is_blank((*item)[item_len - 1]))
		item_len--;
	return item_len;
}

/* Gets the targets, with each ":include:FILE" replaced by the targets in it. */
static int
include_files(struct buffer *out, const char *text, struct error *err)
{
	static const char include[] = ":include:";
	const size_t mark = sizeof(include) - 1;
	size_t len = strlen(text);
	const char *item;
	int result = 0;

	while (len > 0 && result == 0) {
		size_t n = next_item(&text, &len, &item);
		size_t quoted = n > 1 && item[0] == '"' && item[1] == ':';
		char *path;

		if (n < mark + 2 * quoted ||
		    !ascii_equal_n(item + quoted, mark, include)) {
			buffer_add(out, item, n);
			buffer_add_char(out, ',');
			continue;
		}
		path = xstrndup(item + quoted + mark, n - mark - 2 * quoted);
		result = path[0] == '/' ? alias_file_include(out, path, err)
		    : fail(err, EX_CONFIG,
		    "expected an absolute path after :include:");
		free(path);
	}
	return result;
}

static int
push_targets(struct expansion *x, const char *text, size_t len, size_t trail,
    struct error *err)
{
	const char *item;
	int result = 0;

	while (len > 0 && result == 0) {
		size_t n = next_item(&text, &len, &item);

		if (n > 0 && (item[0] == '|' || item[0] == '/' ||
		    (n > 1 && item[0] == '"' &&
		    (item[1] == '|' || item[1] == '/'))))
			result = refuse_target(item, n, err);
		else if (n > 0)
			result = push_addresses(x, item, n, trail, err);
	}
	return result;
}

/* Puts the alias's targets on the todo list, the first on top. */
static int
push_alias(struct expansion *x, const struct alias *alias, size_t outer,
    struct error *err)
{
	size_t trail = extend_trail(x, outer, alias, err);
	size_t first = x->ntodo;
	struct buffer targets = {0};
	int result;

	if (trail == 0)
		return -1;
	result = include_files(&targets, alias->targets, err);
	if (result == 0)
		result = push_targets(x, targets.data, targets.len, trail,
		    err);
	buffer_free(&targets);
	if (result != 0)
		return complain(x, alias, err);
	for (size_t i = first, k = x->ntodo; i + 1 < k; i++, k--) {
		struct step swap = x->todo[i];

		x->todo[i] = x->todo[k - 1];
		x->todo[k - 1] = swap;
	}
	return 0;
}

/* Returns the alias that the address stands for, or NULL. "root:
 * root@maildomain" refers to another machine, not back to root. */
static const struct alias *
find_alias(const struct expansion *x, const struct step *step)
{
	enum locality where = step->literal ? LOCALITY_REMOTE
	    : locality(x->account, &step->address);
	const struct alias *alias = where == LOCALITY_REMOTE ? NULL
	    : alias_file_find(x->file, step->address.local);

	if (where == LOCALITY_MAIL && is_on_trail(x, step->trail, alias))
		return NULL;
	if (alias == NULL && where == LOCALITY_MACHINE && step->trail == 0)
		alias = alias_file_find(x->file, "default");
	return alias;
}

/* Processes one address of the todo list. */
static int
take_step(struct expansion *x, struct address_list *out, struct error *err)
{
	struct step step = x->todo[--x->ntodo];
	const struct alias *alias = find_alias(x, &step);
	int result = 0;

	if (alias == NULL)
		address_list_add(out, &step.address);
	else
		result = push_alias(x, alias, step.trail, err);
	free(step.address.local);
	free(step.address.domain);
	return result;
}

static int
expand(struct address_list *list, struct expansion *x, struct error *err)
{
	struct address_list out = {0};
	int result = 0;

	for (size_t i = list->n; i-- > 0;)
		push_step(x, &list->at[i], 0, 0);
	while (x->ntodo > 0 && result == 0)
		result = take_step(x, &out, err);
	while (x->ntodo > 0) {
		struct address *left = &x->todo[--x->ntodo].address;

		free(left->local);
		free(left->domain);
	}
	free(x->todo);
	free(x->trails);
	if (result != 0) {
		address_list_free(&out);
		return -1;
	}
	address_list_free(list);
	*list = out;
	return 0;
}

/* Returns whether one of the addresses must be looked up. */
static int
needs_aliases(const struct address_list *list, const struct account *a)
{
	for (size_t i = 0; i < list->n; i++)
		if (locality(a, &list->at[i]) == LOCALITY_MACHINE)
			return 1;
	return 0;
}

int
aliases_expand(struct address_list *list, const struct account *a,
    struct error *warning, struct error *err)
{
	struct alias_file file = {0};
	struct expansion x = { .account = a, .file = &file,
		.path = a->aliases };
	struct error unread = {0};
	int result = 0;

	if (alias_file_read(&file, a->aliases, &unread) == 0)
		result = expand(list, &x, err);
	else if (!needs_aliases(list, a))
		*warning = unread;
	else
		result = -1;
	if (result != 0 && unread.code != 0)
		*err = unread;
	alias_file_free(&file);
	return result;
}
