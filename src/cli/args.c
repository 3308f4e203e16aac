/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/edit_distance.h"
#include "base/escape.h"
#include "base/xmalloc.h"
#include "cli/flag.h"
#include "config/key.h"

/* Longer than the name of any option. */
#define NAME_SIZE 64

/* Names we may be called by that ask for something else than sending. */
static const struct {
	const char *name;
	enum mode mode;
} programs[] = {
	{ "mailq", MODE_LIST },
	{ "newaliases", MODE_NOTHING },
	{ "hoststat", MODE_NOTHING },
	{ "purgestat", MODE_NOTHING },
};

/* argv on its way through the parser. */
struct words {
	char *const *at;
	int n;
	int next;
};

static int
read_program(struct options *options, const char *path, struct error *err)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	options->program = slash != NULL ? slash + 1
	    : path != NULL ? path : "onehop";
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(options->program, programs[i].name) == 0)
			options->mode = programs[i].mode;
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
	if (w->next == w->n)
		return fail(err, EX_USAGE, "option %s needs a value",
		    escape_string(quote, 128, option));
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
		const struct flag *flag = flag_by_letter(*letters);
		const char name[] = { '-', *letters, '\0' };
		const char *value = letters[1] != '\0' ? letters + 1 : NULL;

		if (flag == NULL)
			return fail(err, EX_USAGE, "unknown option -%s",
			    escape(quote, sizeof(quote), letters, 1));
		if (flag->value == VALUE_NONE) {
			if (flag->act(options, NULL, err) != 0)
				return -1;
			continue;
		}
		if (flag->value == VALUE_REQUIRED &&
		    take_value(w, value, &value, name, err) != 0)
			return -1;
		return flag->act(options, value, err);
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

	for (const struct flag *f = flags; f->summary != NULL; f++)
		if (f->name != NULL && edit_distance_is_typo(name, f->name))
			meant = f->name;
	for (const struct key *k = account_keys; k->name != NULL; k++)
		if (edit_distance_is_typo(name, k->name))
			meant = k->name;
	fail(err, EX_USAGE, "unknown option --%s", escape(quote, 128, word,
	    len));
	return meant != NULL ? hint(err, "did you mean --%s?", meant) : -1;
}

/* What msmtp takes without a value, it has to take with "=" alone. */
static int
has_optional_value(const struct key *key)
{
	return key->kind == KIND_SWITCH || strcmp(key->name, "auth") == 0 ||
	    strcmp(key->name, "syslog") == 0;
}

static int
override(struct options *options, struct words *w, const struct key *key,
    const char *value, struct error *err)
{
	if (key->secret)
		return fail(err, EX_USAGE, "--%s would show it to every user "
		    "of this machine: write it in the config file",
		    key->name);
	if (value == NULL && has_optional_value(key))
		value = "on";
	if (take_value(w, value, &value, w->at[w->next - 1], err) != 0)
		return -1;
	selection_override(&options->selection, key->name, value);
	return 0;
}

static int
read_name(struct options *options, struct words *w, const char *word,
    struct error *err)
{
	size_t len = strcspn(word, "=");
	const char *value = word[len] == '=' ? word + len + 1 : NULL;
	const struct flag *flag = NULL;
	const struct key *key = NULL;
	char name[NAME_SIZE];

	if (normalise(name, word, len) != 0)
		return unknown(word, len, "", err);
	flag = flag_by_name(name);
	if (flag == NULL)
		key = key_find(name);
	if (key != NULL)
		return override(options, w, key, value, err);
	if (flag == NULL)
		return unknown(word, len, name, err);
	if (flag->value == VALUE_NONE && value != NULL)
		return fail(err, EX_USAGE, "option --%s takes no value",
		    flag->name);
	if (flag->value == VALUE_REQUIRED &&
	    take_value(w, value, &value, w->at[w->next - 1], err) != 0)
		return -1;
	return flag->act(options, value, err);
}

/* Callers put user data behind the options without "--": what looks like an
 * option there is neither one nor an address. */
static int
read_operands(struct options *options, const struct words *w, int after_dashes,
    struct error *err)
{
	char quote[ESCAPE_QUOTE];

	options->request.recipients = w->at + w->next;
	options->request.nrecipients = (size_t)(w->n - w->next);
	for (size_t i = 0; i < options->request.nrecipients &&
	    !after_dashes; i++)
		if (options->request.recipients[i][0] == '-')
			return fail(err, EX_USAGE, "expected a recipient, "
			    "not \"%s\": options stand before the first one",
			    escape_string(quote, 256,
			    options->request.recipients[i]));
	return 0;
}

static int
read_words(struct options *options, struct words w, struct error *err)
{
	int dashes = 0;

	while (w.next < w.n && !dashes) {
		const char *word = w.at[w.next];

		if (word[0] != '-' || word[1] == '\0')
			break;
		w.next++;
		dashes = strcmp(word, "--") == 0;
		if (dashes)
			break;
		if (word[1] == '-' ? read_name(options, &w, word + 2, err) != 0
		    : read_letters(options, &w, word + 1, err) != 0)
			return -1;
	}
	return read_operands(options, &w, dashes, err);
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
	if (options->json && options->mode == MODE_SMTP)
		return fail(err, EX_USAGE, "--json does not go with -bs: "
		    "standard output has the dialogue");
	return 0;
}

void
options_free(struct options *options)
{
	free(options->selection.overrides);
	memset(options, 0, sizeof(*options));
}
