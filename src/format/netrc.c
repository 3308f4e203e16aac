/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/netrc.h"

#include <string.h>

#include "base/ascii.h"

/* The rest of the file. */
struct netrc_reader {
	const char *at;
	const char *end;
	unsigned line;       /* of at, from 1 */
	struct buffer word;  /* the last one, secret */
};

/* The entry that is being read. */
struct netrc_candidate {
	struct netrc_entry entry;
	int has_password;
	int is_wanted;       /* machine, port */
	int login_fits;
};

static int
is_space(char c)
{
	return ascii_is_blank(c) || c == '\n' || c == '\r' || c == '\f' ||
	    c == '\v';
}

static void
skip_spaces(struct netrc_reader *r)
{
	for (; r->at < r->end && is_space(*r->at); r->at++)
		r->line += *r->at == '\n';
}

static void
skip_line(struct netrc_reader *r)
{
	while (r->at < r->end && *r->at != '\n')
		r->at++;
}

/* Takes the next word. 1; 0 if there is none; -1 if it is not well formed. */
static int
read_word(struct netrc_reader *r, struct error *err)
{
	int quoted;

	buffer_clear(&r->word);
	skip_spaces(r);
	if (r->at == r->end)
		return 0;
	quoted = *r->at == '"';
	for (r->at += quoted; r->at < r->end; r->at++) {
		if (quoted ? *r->at == '"' || *r->at == '\n'
		    : is_space(*r->at))
			break;
		if (*r->at == '\\' && r->at + 1 < r->end)
			r->at++;
		if (*r->at == '\n' || *r->at == '\0')
			return fail(err, EX_CONFIG, "line %u: invalid word: "
			    "it has %s", r->line, *r->at == '\n'
			    ? "a line end" : "a NUL");
		buffer_add_char(&r->word, *r->at);
	}
	if (quoted && (r->at == r->end || *r->at != '"'))
		return fail(err, EX_CONFIG, "line %u: expected a closing "
		    "quote", r->line);
	r->at += quoted;
	return 1;
}

/* The same where a comment may stand. */
static int
read_keyword(struct netrc_reader *r, struct error *err)
{
	for (;;) {
		skip_spaces(r);
		if (r->at == r->end || *r->at != '#')
			return read_word(r, err);
		skip_line(r);
	}
}

/* A macro ends with an empty line. */
static void
skip_macro(struct netrc_reader *r)
{
	size_t len;

	do {
		const char *start;

		skip_line(r);
		if (r->at == r->end)
			return;
		start = ++r->at;
		r->line++;
		skip_line(r);
		len = (size_t)(r->at - start);
	} while (len > 1 || (len == 1 && r->at[-1] != '\r'));
}

static int
is_complete(const struct netrc_candidate *c)
{
	return c->is_wanted && c->login_fits && c->has_password;
}

enum keyword { MACHINE, DEFAULT, LOGIN, PASSWORD, ACCOUNT, PORT, MACDEF };

static const struct {
	const char *name;
	enum keyword keyword;
} keywords[] = {
	{ "machine", MACHINE }, { "default", DEFAULT }, { "login", LOGIN },
	{ "user", LOGIN }, { "password", PASSWORD }, { "account", ACCOUNT },
	{ "port", PORT }, { "macdef", MACDEF },
};

static int
find_keyword(struct netrc_reader *r, struct error *err)
{
	const char *word = buffer_string(&r->word);

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcmp(keywords[i].name, word) == 0)
			return (int)keywords[i].keyword;
	return fail(err, EX_CONFIG, "line %u: expected machine, default, "
	    "login, password, account, port or macdef", r->line);
}

static int
is_port(const char *text, unsigned port)
{
	uint64_t number;

	return ascii_number(text, strlen(text), 1, 65535, &number) == 0 &&
	    number == port;
}

/* Takes the argument of a keyword into the entry. */
static void
take(struct netrc_candidate *c, enum keyword keyword, struct netrc_reader *r,
    const struct netrc_query *query)
{
	const char *word = buffer_string(&r->word);

	switch (keyword) {
	case MACHINE:
		c->is_wanted = ascii_equal(word, query->machine);
		c->entry.line = r->line;
		break;
	case PORT:
		c->is_wanted &= is_port(word, query->port);
		break;
	case LOGIN:
		c->login_fits = strcmp(word, query->login) == 0;
		break;
	case PASSWORD:
		buffer_clear(&c->entry.password);
		buffer_add(&c->entry.password, r->word.data, r->word.len);
		c->has_password = r->word.len > 0;
		break;
	case MACDEF:
		skip_macro(r);
		break;
	default:
		break;
	}
}

/* Reads until an entry is complete and ends. 1, 0 or -1 as netrc_find. */
static int
search(struct netrc_candidate *c, struct netrc_reader *r,
    const struct netrc_query *query,
    struct error *err)
{
	for (;;) {
		int more = read_keyword(r, err);
		int keyword = more > 0 ? find_keyword(r, err) : more;

		if (keyword < 0)
			return -1;
		if (more == 0 || keyword == MACHINE || keyword == DEFAULT) {
			if (is_complete(c))
				return 1;
			c->has_password = c->is_wanted = c->login_fits = 0;
		}
		if (more == 0)
			return 0;
		if (keyword == DEFAULT)
			continue;
		more = read_word(r, err);
		if (more == 0)
			return fail(err, EX_CONFIG, "line %u: expected "
			    "another word, not the end of the file", r->line);
		if (more < 0)
			return -1;
		take(c, (enum keyword)keyword, r, query);
	}
}

int
netrc_find(struct netrc_entry *found, const char *text, size_t len,
    const struct netrc_query *query, struct error *err)
{
	struct netrc_reader r = { .word = { .kind = BUFFER_SECRET }, .line =
	    1 };
	struct netrc_candidate c = {
		.entry = { .password = { .kind = BUFFER_SECRET } }
	};
	int result;

	r.at = len > 0 ? text : "";
	r.end = r.at + len;
	result = search(&c, &r, query, err);
	buffer_free(&r.word);
	if (result == 1)
		*found = c.entry;
	else
		buffer_free(&c.entry.password);
	return result;
}
