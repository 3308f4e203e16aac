/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/flag.h"

#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "config/value.h"

static const struct {
	char letter;
	enum mode mode;
} modes[] = {
	{ 'm', MODE_SEND },
	{ 's', MODE_SMTP },
	{ 'p', MODE_LIST },
	{ 'i', MODE_NOTHING },
	{ 'h', MODE_NOTHING },
	{ 'H', MODE_NOTHING },
};

static int
bad_value(char letter, const char *expected, const char *value,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];

	return fail(err, EX_USAGE, "option -%c: expected %s, not \"%s\"",
	    letter, expected, escape_string(quote, 256, value));
}

static int
set_mode(struct options *options, const char *value, struct error *err)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (value[0] == modes[i].letter && value[1] == '\0') {
			options->mode = modes[i].mode;
			return 0;
		}
	return bad_value('b', "a mode of m, s, p, i, h, H", value, err);
}

static int
set_notify(struct options *options, const char *value, struct error *err)
{
	if (!value_is_notify(value))
		return bad_value('N', "never, or some of "
		    "success,failure,delay", value, err);
	options->request.notify = value;
	return 0;
}

static int
set_return(struct options *options, const char *value, struct error *err)
{
	if (!ascii_equal(value, "full") && !ascii_equal(value, "hdrs"))
		return bad_value('R', "full or hdrs", value, err);
	options->request.returns = value;
	return 0;
}

/* RFC 3461 4.4: printable, 100 octets once it is xtext. */
static int
set_envid(struct options *options, const char *value, struct error *err)
{
	size_t len = 0;

	for (const char *p = value; *p != '\0'; p++) {
		if (ascii_is_control(*p) || ascii_is_8bit(*p))
			len = 101;
		else
			len += *p == '+' || *p == '=' || *p == ' ' ? 3 : 1;
		if (len > 100)
			break;
	}
	if (len == 0 || len > 100)
		return bad_value('V', "1 to 100 printable characters", value,
		    err);
	options->request.envid = value;
	return 0;
}

static int
set_body(struct options *options, const char *value, struct error *err)
{
	(void)options;
	if (ascii_equal(value, "7BIT") || ascii_equal(value, "8BITMIME"))
		return 0;
	return bad_value('B', "7BIT or 8BITMIME", value, err);
}

/* -oX: what sendmail's single-letter options meant. */
static int
set_option(struct options *options, const char *value, struct error *err)
{
	(void)err;
	if (value[0] == 'i')
		options->ignore_dots = 1;
	else if (value[0] == 't' && value[1] == '\0')
		options->request.read_recipients = 1;
	return 0;
}

/* -O Name=Value; a value is true as sendmail has it. */
static int
set_long_option(struct options *options, const char *value, struct error *err)
{
	static const char *const words[][2] = {
		{ "", "on" }, { "t", "on" }, { "true", "on" }, { "y", "on" },
		{ "yes", "on" }, { "1", "on" }, { "f", "off" },
		{ "false", "off" }, { "n", "off" }, { "no", "off" },
		{ "0", "off" },
	};
	size_t n = strcspn(value, "=");
	const char *word = value[n] == '=' ? value + n + 1 : "";

	(void)err;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (ascii_equal(word, words[i][0])) {
			word = words[i][1];
			break;
		}
	if (ascii_equal_n(value, n, "IgnoreDots"))
		options->ignore_dots = ascii_equal(word, "on");
	else if (ascii_equal_n(value, n, "RequireTLS"))
		selection_override(&options->selection, "require_tls", word);
	return 0;
}

/* "<>" and "" are the null sender. */
static int
set_sender(struct options *options, const char *value, struct error *err)
{
	(void)err;
	options->request.sender = strcmp(value, "<>") == 0 ? "" : value;
	return 0;
}

/* -dX is sendmail's, -d is ours. */
static int
set_debug(struct options *options, const char *value, struct error *err)
{
	(void)err;
	options->debug |= value == NULL;
	return 0;
}

/* The options that just set a member. */
#define SET(name, assignment) \
static int \
set_##name(struct options *options, const char *value, struct error *err) \
{ \
	(void)value, (void)err; \
	options->assignment; \
	return 0; \
}
SET(account, selection.account = value)
SET(config, selection.config = value)
SET(full_name, request.full_name = value)
SET(dots, ignore_dots = 1)
SET(read_recipients, request.read_recipients = 1)
SET(verbose, debug = 1)
SET(auth_test, auth_test = 1)
SET(json, json = 1)
SET(timing, timing = 1)
SET(flush, mode = MODE_FLUSH)
SET(newaliases, mode = MODE_NOTHING)
SET(pretend, mode = MODE_PRETEND)
SET(serverinfo, mode = MODE_SERVERINFO)
SET(help, mode = MODE_HELP)
SET(version, mode = MODE_VERSION)
#undef SET

/* The verb, and the IDs are operands; or the key of that name. */
static int
set_outbox(struct options *options, const char *value, struct error *err)
{
	static const char *const verbs[] =
	    { "list", "show", "retry", "remove" };

	char quote[ESCAPE_QUOTE];

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(value, verbs[i]) == 0) {
			options->mode = MODE_OUTBOX;
			options->verb = value;
			return 0;
		}
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0 &&
	    value[0] != '/')
		return fail(err, EX_USAGE, "--outbox: expected list, show, "
		    "retry, remove, on, off or an absolute path, not \"%s\"",
		    escape_string(quote, sizeof(quote), value));
	selection_override(&options->selection, "outbox", value);
	return 0;
}

static int
set_ipv4(struct options *options, const char *value, struct error *err)
{
	(void)value, (void)err;
	selection_override(&options->selection, "address_family", "ipv4");
	return 0;
}

static int
set_ipv6(struct options *options, const char *value, struct error *err)
{
	(void)value, (void)err;
	selection_override(&options->selection, "address_family", "ipv6");
	return 0;
}

static int
set_rmqs(struct options *options, const char *value, struct error *err)
{
	(void)err;
	options->mode = MODE_RMQS;
	options->queue = value;
	return 0;
}

static int
set_configure(struct options *options, const char *value, struct error *err)
{
	(void)err;
	options->mode = MODE_CONFIGURE;
	options->address = value;
	return 0;
}

static int
ignore(struct options *options, const char *value, struct error *err)
{
	(void)options, (void)value, (void)err;
	return 0;
}

const struct flag flags[] = {
#define FLAG(letter, name, value, act, argument, summary) \
	{ letter, name, VALUE_##value, act, argument, summary },
#include "cli/options.def"
#undef FLAG
	{ 0, NULL, VALUE_NONE, NULL, NULL, NULL }
};

const struct flag *
flag_by_letter(char letter)
{
	for (const struct flag *f = flags; f->summary != NULL; f++)
		if (f->letter == letter && letter != '\0')
			return f;
	return NULL;
}

const struct flag *
flag_by_name(const char *name)
{
	for (const struct flag *f = flags; f->summary != NULL; f++)
		if (f->name != NULL && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}
