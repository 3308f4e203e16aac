/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "aliases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ascii.h"
#include "buffer.h"
#include "escape.h"
#include "identity.h"
#include "memory.h"

/* One "name: targets" of the file. */
struct alias {
	char *name;
	char *targets;      /* continuation lines joined by blanks */
	unsigned line;
};

struct aliases {
	const char *path;
	struct alias *at;
	size_t n;
	size_t size;
	char *host;         /* this machine's full name, or NULL */
};

/* An address still to be looked up, and the alias that led to it. */
struct step {
	struct address address;      /* strings owned */
	int literal;                 /* was \name: not looked up again */
	size_t trail;                /* index into expansion.trails + 1, or 0 */
};

/* The way from a recipient to an alias, as a list towards the recipient. */
struct trail {
	const struct alias *alias;
	size_t outer;                /* index + 1, or 0 */
	unsigned depth;
};

/* Depth first without recursion: the next address is the last of todo. */
struct expansion {
	const struct aliases *file;
	struct step *todo;
	size_t ntodo;
	size_t todo_size;
	struct trail *trails;
	size_t ntrails;
	size_t trails_size;
};

static int
complain(const struct aliases *f, unsigned line, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	return wrap(err, "%s:%u", escape_string(quote, sizeof(quote),
	    f->path), line);
}

static int
read_all(struct buffer *text, const char *path, struct error *err)
{
	char quote[ESCAPE_QUOTE];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : 1;

	text->max = ALIASES_FILE_MAX;
	while (n > 0) {
		char block[8192];

		n = read(fd, block, sizeof(block));
		if (n > 0 && buffer_add(text, block, (size_t)n) != 0) {
			errno = EFBIG;
			n = -1;
		} else if (n < 0 && errno == EINTR) {
			n = 1;
		}
	}
	if (n < 0)
		fail(err, EX_CONFIG, "cannot read aliases %s: %s",
		    escape_string(quote, sizeof(quote), path),
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* A comment begins a line or follows a blank; not inside quotes. */
static size_t
without_comment(const char *line, size_t len)
{
	int quoted = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		else if (line[i] == '\\' && quoted)
			i++;
		else if (line[i] == '#' && !quoted &&
		    (i == 0 || ascii_is_blank(line[i - 1])))
			return i;
	}
	return len;
}

static size_t
trim(const char **text, size_t len)
{
	while (len > 0 && (ascii_is_blank(**text) || **text == '\r')) {
		(*text)++;
		len--;
	}
	while (len > 0 && (ascii_is_blank((*text)[len - 1]) ||
	    (*text)[len - 1] == '\r'))
		len--;
	return len;
}

/* The colon behind the name, quotes considered; len if there is none. */
static size_t
find_colon(const char *line, size_t len)
{
	int quoted = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		else if (line[i] == ':' && !quoted)
			return i;
	}
	return len;
}

static int
add_alias(struct aliases *f, const char *line, size_t len, unsigned number,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];
	size_t colon = find_colon(line, len);
	const char *name = line, *targets = line + colon + 1;
	size_t name_len = trim(&name, colon), targets_len;

	if (colon == len || name_len == 0) {
		fail(err, EX_CONFIG, "expected name: targets, not \"%s\"",
		    escape(quote, sizeof(quote), line, len));
		return complain(f, number, err);
	}
	if (name_len >= 2 && name[0] == '"' && name[name_len - 1] == '"') {
		name++;
		name_len -= 2;
	}
	targets_len = trim(&targets, len - colon - 1);
	if (f->n == f->size) {
		f->size = f->size > 0 ? 2 * f->size : 32;
		f->at = xreallocarray(f->at, f->size, sizeof(f->at[0]));
	}
	f->at[f->n].name = xstrndup(name, name_len);
	f->at[f->n].targets = xstrndup(targets, targets_len);
	f->at[f->n].line = number;
	f->n++;
	return 0;
}

/* A line that begins with a blank goes on with the last entry. */
static void
continue_alias(struct alias *a, const char *line, size_t len)
{
	char *longer = xasprintf("%s %.*s", a->targets, (int)len, line);

	free(a->targets);
	a->targets = longer;
}

static int
parse(struct aliases *f, const char *text, size_t len, struct error *err)
{
	unsigned number = 0;

	for (size_t i = 0; i < len;) {
		const char *line = text + i;
		const char *lf = memchr(line, '\n', len - i);
		size_t n = lf != NULL ? (size_t)(lf - line) : len - i;
		int goes_on = n > 0 && ascii_is_blank(line[0]) && f->n > 0;

		number++;
		i += n + 1;
		n = without_comment(line, n);
		n = trim(&line, n);
		if (n == 0)
			continue;
		if (goes_on)
			continue_alias(&f->at[f->n - 1], line, n);
		else if (add_alias(f, line, n, number, err) != 0)
			return -1;
	}
	return 0;
}

/* Local: without a domain, or at a name of this machine. */
static int
is_local(const struct aliases *f, const struct address *a)
{
	return a->domain == NULL || ascii_equal(a->domain, "localhost") ||
	    (f->host != NULL && ascii_equal(a->domain, f->host));
}

static const struct alias *
look_up(const struct aliases *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (ascii_equal(f->at[i].name, name))
			return &f->at[i];
	return NULL;
}

static void
push_step(struct expansion *x, const struct address *a, int literal,
    size_t trail)
{
	struct step *step;

	if (x->ntodo == x->todo_size) {
		x->todo_size = x->todo_size > 0 ? 2 * x->todo_size : 32;
		x->todo = xreallocarray(x->todo, x->todo_size,
		    sizeof(x->todo[0]));
	}
	step = &x->todo[x->ntodo++];
	memset(step, 0, sizeof(*step));
	step->address.local = xstrdup(a->local);
	step->address.domain = a->domain != NULL ? xstrdup(a->domain) : NULL;
	step->literal = literal;
	step->trail = trail;
}

/* Notes that we go through the alias. The new trail, 0 on a loop. */
static size_t
extend_trail(struct expansion *x, size_t outer, const struct alias *alias,
    struct error *err)
{
	struct trail *trail;
	unsigned depth = outer > 0 ? x->trails[outer - 1].depth + 1 : 1;

	for (size_t t = outer; t > 0; t = x->trails[t - 1].outer)
		if (x->trails[t - 1].alias == alias) {
			fail(err, EX_CONFIG, "alias %s leads back to itself",
			    alias->name);
			return complain(x->file, alias->line, err), 0;
		}
	if (depth > ALIASES_DEPTH_MAX) {
		fail(err, EX_CONFIG, "aliases nested deeper than %d",
		    ALIASES_DEPTH_MAX);
		return complain(x->file, alias->line, err), 0;
	}
	if (x->ntrails == x->trails_size) {
		x->trails_size = x->trails_size > 0 ? 2 * x->trails_size : 32;
		x->trails = xreallocarray(x->trails, x->trails_size,
		    sizeof(x->trails[0]));
	}
	trail = &x->trails[x->ntrails++];
	trail->alias = alias;
	trail->outer = outer;
	trail->depth = depth;
	return x->ntrails;
}

/* The next comma outside quotes and comments; len if there is none. */
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

/* One target that is an address, or several that are not parted by commas. */
static int
push_addresses(struct expansion *x, const char *text, size_t len,
    size_t trail, struct error *err)
{
	struct address_list list = {0};
	int literal = len > 0 && text[0] == '\\';

	if (address_list_parse(&list, text + literal, len - (size_t)literal,
	    err) != 0)
		return -1;
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

/* The targets of one line, or of one alias. */
static int
push_targets(struct expansion *x, const char *text, size_t len, size_t trail,
    struct error *err)
{
	int result = 0;

	while (len > 0 && result == 0) {
		size_t n = find_comma(text, len);
		const char *item = text;
		size_t item_len = trim(&item, n);

		if (item_len > 0 && (item[0] == '|' || item[0] == '/' ||
		    (item_len > 1 && item[0] == '"' &&
		    (item[1] == '|' || item[1] == '/'))))
			result = refuse_target(item, item_len, err);
		else if (item_len > 0)
			result = push_addresses(x, item, item_len, trail,
			    err);
		text += n < len ? n + 1 : n;
		len -= n < len ? n + 1 : n;
	}
	return result;
}

static int
push_file(struct expansion *x, const char *path, size_t trail,
    struct error *err)
{
	struct buffer text = {0};
	int result = 0;
	size_t end;

	if (path[0] != '/')
		return fail(err, EX_CONFIG,
		    "expected an absolute path after :include:");
	result = read_all(&text, path, err);
	for (size_t i = 0; result == 0 && i < text.len; i = end + 1) {
		const char *line = text.data + i;
		const char *lf = memchr(line, '\n', text.len - i);

		end = lf != NULL ? (size_t)(lf - text.data) : text.len;
		result = push_targets(x, line,
		    without_comment(line, end - i), trail, err);
	}
	buffer_free(&text);
	return result;
}

/* Puts the alias's targets on the list of things to do, the first on top. */
static int
push_alias(struct expansion *x, const struct alias *alias, size_t outer,
    struct error *err)
{
	static const char include[] = ":include:";
	size_t trail = extend_trail(x, outer, alias, err);
	size_t first = x->ntodo;
	const char *targets = alias->targets;
	int result;

	if (trail == 0)
		return -1;
	if (ascii_begins(targets, include))
		result = push_file(x, targets + strlen(include), trail, err);
	else
		result = push_targets(x, targets, strlen(targets), trail,
		    err);
	if (result != 0)
		return complain(x->file, alias->line, err);
	for (size_t i = first, k = x->ntodo; i + 1 < k; i++, k--) {
		struct step swap = x->todo[i];

		x->todo[i] = x->todo[k - 1];
		x->todo[k - 1] = swap;
	}
	return 0;
}

/* Takes one address from the list of things to do. */
static int
take_step(struct expansion *x, struct address_list *out, struct error *err)
{
	struct step step = x->todo[--x->ntodo];
	const struct alias *alias = NULL;
	int result = 0;

	if (!step.literal && is_local(x->file, &step.address)) {
		alias = look_up(x->file, step.address.local);
		if (alias == NULL && step.trail == 0)
			alias = look_up(x->file, "default");
	}
	if (alias == NULL)
		address_list_add(out, &step.address);
	else
		result = push_alias(x, alias, step.trail, err);
	free(step.address.local);
	free(step.address.domain);
	return result;
}

static int
expand(struct address_list *list, const struct aliases *f, struct error *err)
{
	struct expansion x = { .file = f };
	struct address_list out = {0};
	int result = 0;

	for (size_t i = list->n; i-- > 0;)
		push_step(&x, &list->at[i], 0, 0);
	while (x.ntodo > 0 && result == 0)
		result = take_step(&x, &out, err);
	while (x.ntodo > 0) {
		struct address *left = &x.todo[--x.ntodo].address;

		free(left->local);
		free(left->domain);
	}
	free(x.todo);
	free(x.trails);
	if (result != 0) {
		address_list_free(&out);
		return -1;
	}
	address_list_free(list);
	*list = out;
	return 0;
}

int
aliases_expand(struct address_list *list, const char *path,
    struct error *err)
{
	struct aliases f = { .path = path };
	struct buffer text = {0};
	int result = read_all(&text, path, err);

	if (result == 0)
		result = parse(&f, text.data, text.len, err);
	if (result == 0) {
		f.host = identity_host();
		result = expand(list, &f, err);
	}
	for (size_t i = 0; i < f.n; i++) {
		free(f.at[i].name);
		free(f.at[i].targets);
	}
	free(f.at);
	free(f.host);
	buffer_free(&text);
	return result;
}
