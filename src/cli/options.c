/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/edit_distance.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "config/key.h"
#include "config/value.h"
#include "outbox/manage.h"

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
		selection_override(&options->selection, KEY_require_tls, word);
	return 0;
}

/* "<>" and "" are the null sender. "default" is the account of that name in
 * many a command line for msmtp, and no address. */
static int
set_sender(struct options *options, const char *value, struct error *err)
{
	(void)err;
	options->request.sender = strcmp(value, "<>") == 0 ? ""
	    : strcmp(value, "default") == 0 ? NULL : value;
	return 0;
}

/* sendmail would write its traffic there, msmtp its log. */
static int
set_log(struct options *options, const char *value, struct error *err)
{
	(void)err;
	if (options->face == FACE_MSMTP)
		selection_override(&options->selection, KEY_logfile, value);
	return 0;
}

/* sendmail has such a flag. Others mean mailx's, and the words that follow are
 * no recipients. */
static int
refuse_subject(struct options *options, const char *value, struct error *err)
{
	(void)value;
	if (options->face == FACE_SENDMAIL)
		return 0;
	fail(err, EX_USAGE, "unknown option -s");
	return hint(err, "the subject is a line of the message, before an "
	    "empty line: Subject: hello");
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
SET(full_name, request.full_name = value)
SET(dots, ignore_dots = 1)
SET(read_recipients, request.read_recipients = 1)
SET(read_sender, read_sender = 1)
SET(verbose, debug = 1)
SET(all_users, all_users = 1)
SET(auth_test, auth_test = 1)
SET(test_message, test_message = 1)
SET(keep, keep = value)
SET(json, json = 1)
SET(timing, timing = 1)
SET(newaliases, mode = MODE_NOTHING)
SET(pretend, mode = MODE_PRETEND)
SET(serverinfo, mode = MODE_SERVERINFO)
SET(help, mode = MODE_HELP)
SET(version, mode = MODE_VERSION)
#undef SET

/*
 * A web form can put words into the command line of sendmail through PHP's
 * mail(). They must not run commands, write files or have files read whose
 * content an error would show.
 */
static int
refuse_for_sendmail(const struct options *options, const struct key *key,
    struct error *err)
{
	if (options->face != FACE_SENDMAIL ||
	    (key->attributes & (ATTR_RUNS | ATTR_WRITES | ATTR_READS)) == 0)
		return 0;
	fail(err, EX_USAGE, "--%s is not supported when called as %s",
	    key->name,
	    options->program);
	return hint(err, "set %s in the config file, or call onehop",
	    key->name);
}

/* -q, -q30m; -qf ignores pauses. */
static int
set_flush(struct options *options, const char *value, struct error *err)
{
	(void)err;
	options->mode = MODE_FLUSH;
	options->flush_all = value != NULL && strcmp(value, "f") == 0;
	return 0;
}

/* Standard input is the message's author's, as the words may be. */
static int
set_config(struct options *options, const char *value, struct error *err)
{
	struct stat file, input;

	options->selection.config = value;
	if (options->face != FACE_SENDMAIL || stat(value, &file) != 0)
		return 0;
	if (S_ISREG(file.st_mode) && (fstat(STDIN_FILENO, &input) != 0 ||
	    file.st_dev != input.st_dev || file.st_ino != input.st_ino))
		return 0;
	return fail(err, EX_USAGE, "-C: expected a regular file when called "
	    "as %s", options->program);
}

static int
refuse_verb(const struct options *options, const char *verb,
    struct error *err)
{
	if (options->face != FACE_SENDMAIL || strcmp(verb, "list") == 0)
		return 0;
	return fail(err, EX_USAGE, "--outbox %s is not supported when called "
	    "as %s: call onehop", verb, options->program);
}

/* The verb, and the IDs are operands; or the key of that name. */
static int
set_outbox(struct options *options, const char *value, struct error *err)
{
	struct buffer verbs = {0};
	char quote[ESCAPE_QUOTE];

	if (manage_is_verb(value)) {
		/* sendmail's list leaves no mark of having been read */
		options->mode = options->face == FACE_SENDMAIL ? MODE_LIST
		    : MODE_OUTBOX;
		options->verb = value;
		return refuse_verb(options, value, err);
	}
	if (strcmp(value, "enable") == 0 || strcmp(value, "status") == 0) {
		options->mode = value[0] == 'e' ? MODE_ENABLE : MODE_STATUS;
		return refuse_verb(options, value, err);
	}
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0 &&
	    strcmp(value, "first") != 0 && value[0] != '/') {
		manage_add_verbs(&verbs);
		fail(err, EX_USAGE, "--outbox: expected %s, enable, status, "
		    "on, off, first or an absolute path, not \"%s\"",
		    buffer_string(&verbs),
		    escape_string(quote, sizeof(quote), value));
		buffer_free(&verbs);
		return -1;
	}
	if (refuse_for_sendmail(options, &account_keys[KEY_outbox], err) != 0)
		return -1;
	selection_override(&options->selection, KEY_outbox, value);
	return 0;
}

static int
set_ipv4(struct options *options, const char *value, struct error *err)
{
	(void)value, (void)err;
	selection_override(&options->selection, KEY_address_family, "ipv4");
	return 0;
}

static int
set_ipv6(struct options *options, const char *value, struct error *err)
{
	(void)value, (void)err;
	selection_override(&options->selection, KEY_address_family, "ipv6");
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

/* It writes a file. */
static int
set_configure(struct options *options, const char *value, struct error *err)
{
	if (options->face == FACE_SENDMAIL)
		return fail(err, EX_USAGE, "--configure is not supported when "
		    "called as %s: call onehop", options->program);
	options->mode = MODE_CONFIGURE;
	options->address = value;
	return 0;
}

static int
set_from_file(struct options *options, const char *value, struct error *err)
{
	options->from_file = value;
	return set_configure(options, options->address, err);
}

static int
ignore(struct options *options, const char *value, struct error *err)
{
	(void)options, (void)value, (void)err;
	return 0;
}

const struct option option_table[] = {
#define OPTION(letter, name, value, act, argument, summary) \
	{ letter, name, VALUE_##value, act, argument, summary },
#include "cli/options.def"
#undef OPTION
	{ 0, NULL, VALUE_NONE, NULL, NULL, NULL }
};

const struct option *
option_by_letter(char letter)
{
	for (const struct option *f = option_table; f->summary != NULL; f++)
		if (f->letter == letter && letter != '\0')
			return f;
	return NULL;
}

const struct option *
option_by_name(const char *name)
{
	for (const struct option *f = option_table; f->summary != NULL; f++)
		if (f->name != NULL && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

/* Longer than the name of any option. */
#define NAME_SIZE 64

/* Names other than onehop's that we may be called by. */
static const struct {
	const char *name;
	enum face face;
	enum mode mode;
} programs[] = {
	{ "msmtp", FACE_MSMTP, MODE_SEND },
	{ "sendmail", FACE_SENDMAIL, MODE_SEND },
	{ "rmail", FACE_SENDMAIL, MODE_SEND },
	{ "mailq", FACE_SENDMAIL, MODE_LIST },
	{ "newaliases", FACE_SENDMAIL, MODE_NOTHING },
	{ "hoststat", FACE_SENDMAIL, MODE_NOTHING },
	{ "purgestat", FACE_SENDMAIL, MODE_NOTHING },
};

/* argv on its way through the parser. */
struct words {
	char *const *at;
	int n;
	int next;
};

/* Returns whether the program has that name: alternatives are installed as
 * sendmail.onehop, or sendmail-onehop. */
static int
is_called(const char *program, const char *name)
{
	size_t len = strlen(name);

	return strncmp(program, name, len) == 0 && (program[len] == '\0' ||
	    program[len] == '.' || program[len] == '-');
}

static int
read_program(struct options *options, const char *path, struct error *err)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	options->program = slash != NULL ? slash + 1
	    : path != NULL ? path : "onehop";
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (is_called(options->program, programs[i].name)) {
			options->face = programs[i].face;
			options->mode = programs[i].mode;
		}
	options->ignore_dots = options->face != FACE_SENDMAIL;
	options->selection.may_be_foreign = options->face == FACE_SENDMAIL;
	if (strcmp(options->program, "smtpd") == 0)
		return fail(err, EX_USAGE, "called as smtpd, but onehop "
		    "receives no mail from the network");
	return 0;
}

/* The value of a required option: what is attached, or the next word. */
static int
take_value(struct words *w, const char *attached, const char **value,
    const char *option, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	*value = attached;
	if (attached != NULL)
		return 0;
	if (w->next == w->n) {
		fail(err, EX_USAGE, "option %s needs a value",
		    escape_string(quote, 128, option));
		return strcmp(option, "-h") != 0 ? -1
		    : hint(err, "to list the options, use --help");
	}
	*value = w->at[w->next++];
	return 0;
}

/* A word of single letters: each but the last without a value. */
static int
read_letters(struct options *options, struct words *w, const char *letters,
    struct error *err)
{
	char quote[32];

	for (; *letters != '\0'; letters++) {
		const struct option *option = option_by_letter(*letters);
		const char name[] = { '-', *letters, '\0' };
		const char *value = letters[1] != '\0' ? letters + 1 : NULL;

		if (option == NULL)
			return fail(err, EX_USAGE, "unknown option -%s",
			    escape(quote, sizeof(quote), letters, 1));
		if (option->value == VALUE_NONE) {
			if (option->act(options, NULL, err) != 0)
				return -1;
			continue;
		}
		if (option->value == VALUE_REQUIRED &&
		    take_value(w, value, &value, name, err) != 0)
			return -1;
		return option->act(options, value, err);
	}
	return 0;
}

/* The name as tables have it: "_" for "-". 0, or -1 if it is too long. */
static int
normalise(char *name, const char *word, size_t len)
{
	if (len >= NAME_SIZE)
		return -1;
	for (size_t i = 0; i < len; i++)
		name[i] = word[i] == '-' ? '_' : word[i];
	name[len] = '\0';
	return 0;
}

static int
unknown(const char *word, size_t len, const char *name, struct error *err)
{
	const char *meant = NULL;
	char quote[ESCAPE_QUOTE];

	for (const struct option *f = option_table; f->summary != NULL; f++)
		if (f->name != NULL && edit_distance_is_typo(name, f->name))
			meant = f->name;
	for (const struct key *k = account_keys; k->name != NULL; k++)
		if (edit_distance_is_typo(name, k->name))
			meant = k->name;
	fail(err, EX_USAGE, "unknown option --%s", escape(quote, 128, word,
	    len));
	return meant != NULL ? hint(err, "did you mean --%s?", meant) : -1;
}

/* Sets a key, by its name or an obsolete one. value is NULL if none is
 * attached. */
static int
override(struct options *options, struct words *w, const char *name,
    const char *value, struct error *err)
{
	const struct key *key = key_find(name);
	int resolved;

	if (value == NULL && key != NULL)
		value = key_bare_value((size_t)(key - account_keys));
	if (value == NULL && key_is_obsolete_switch(name))
		value = "on";
	if (key != NULL && key->secret)
		return fail(err, EX_USAGE, "--%s would expose it to every "
		    "user of this machine: set it in the config file", name);
	if (take_value(w, value, &value, w->at[w->next - 1], err) != 0)
		return -1;
	resolved = key_resolve(name, &value, err);
	if (resolved < 0) {
		err->code = EX_USAGE;
		return -1;
	}
	if (resolved == KEYS)
		return 0;
	if (refuse_for_sendmail(options, &account_keys[resolved], err) != 0)
		return -1;
	selection_override(&options->selection, (size_t)resolved, value);
	return 0;
}

static int
read_name(struct options *options, struct words *w, const char *word,
    struct error *err)
{
	size_t len = strcspn(word, "=");
	const char *value = word[len] == '=' ? word + len + 1 : NULL;
	const struct option *option;
	char name[NAME_SIZE];

	if (normalise(name, word, len) != 0)
		return unknown(word, len, "", err);
	option = option_by_name(name);
	if (option == NULL && (key_find(name) != NULL || key_is_obsolete(name)))
		return override(options, w, name, value, err);
	if (option == NULL)
		return unknown(word, len, name, err);
	if (option->value == VALUE_NONE && value != NULL)
		return fail(err, EX_USAGE, "option --%s takes no value",
		    option->name);
	if (option->value == VALUE_REQUIRED &&
	    take_value(w, value, &value, w->at[w->next - 1], err) != 0)
		return -1;
	if (option->value == VALUE_WORD && value == NULL && w->next < w->n &&
	    w->at[w->next][0] != '-')
		value = w->at[w->next++];
	return option->act(options, value, err);
}

/* Callers put user data after the options without "--": a word there that
 * looks like an option is neither one nor an address. */
static int
check_operands(const struct options *options, struct error *err)
{
	char quote[ESCAPE_QUOTE];

	for (size_t i = 0; i < options->request.nrecipients; i++)
		if (options->request.recipients[i][0] == '-')
			return fail(err, EX_USAGE, "expected a recipient, not "
			    "\"%s\": options precede the recipients",
			    escape_string(quote, 256,
			    options->request.recipients[i]));
	return 0;
}

static int
read_option(struct options *options, struct words *w, const char *word,
    struct error *err)
{
	w->next++;
	return word[1] == '-' ? read_name(options, w, word + 2, err)
	    : read_letters(options, w, word + 1, err);
}

/* msmtp takes options after recipients, up to "--"; the others do not. */
static int
read_words(struct options *options, struct words w, struct error *err)
{
	int permutes = options->face == FACE_MSMTP, dashes = 0;
	char **operands = xcalloc((size_t)w.n + 1, sizeof(*operands));
	size_t n = 0;

	options->operands = operands;
	for (; w.next < w.n && !dashes; ) {
		const char *word = w.at[w.next];
		int is_option = word[0] == '-' && word[1] != '\0';

		dashes = strcmp(word, "--") == 0;
		if (dashes)
			w.next++;
		else if (is_option && read_option(options, &w, word, err) != 0)
			return -1;
		else if (!is_option && !permutes)
			break;
		else if (!is_option)
			operands[n++] = w.at[w.next++];
	}
	while (w.next < w.n)
		operands[n++] = w.at[w.next++];
	options->request.recipients = operands;
	options->request.nrecipients = n;
	return dashes ? 0 : check_operands(options, err);
}

/* A program that asked for JSON gets it, whatever word before is wrong. */
static int
asks_for_json(const struct words *w)
{
	for (int i = w->next; i < w->n && strcmp(w->at[i], "--") != 0; i++)
		if (strcmp(w->at[i], "--json") == 0)
			return 1;
	return 0;
}

/* An ID would be one of some user's. */
static int
check_all_users(const struct options *options, struct error *err)
{
	int is_list = options->mode == MODE_LIST ||
	    (options->mode == MODE_OUTBOX &&
	    strcmp(options->verb, "list") == 0);

	if (!is_list && options->mode != MODE_FLUSH)
		return fail(err, EX_USAGE, "--all-users: expected -q, -bp or "
		    "--outbox list with it");
	if (options->request.nrecipients > 0)
		return fail(err, EX_USAGE, "--all-users takes no recipients");
	if (options->selection.config != NULL &&
	    options->selection.config[0] != '/')
		return fail(err, EX_USAGE, "--all-users: -C needs an absolute "
		    "path: each user's process has a directory of its own");
	return 0;
}

int
options_parse(struct options *options, int argc, char *const *argv,
    struct error *err)
{
	struct words w = { argv, argc, argc > 0 ? 1 : 0 };

	if (read_program(options, argc > 0 ? argv[0] : NULL, err) != 0)
		return -1;
	if (read_words(options, w, err) != 0) {
		options->json = asks_for_json(&w);
		return -1;
	}
	if (options->all_users && check_all_users(options, err) != 0)
		return -1;
	if (options->json && options->mode == MODE_SMTP)
		return fail(err, EX_USAGE, "--json cannot be used with -bs: "
		    "standard output carries the SMTP dialogue");
	return 0;
}

void
options_free(struct options *options)
{
	free(options->selection.overrides);
	free(options->operands);
	memset(options, 0, sizeof(*options));
}
