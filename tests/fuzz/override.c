/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys of a command line over those of a file. The first octet chooses the
 * file; each line is KEY=VALUE. The secrets of the file go to its server and
 * proxy only, and to those they do go; no error shows one.
 */
#include "fuzz.h"

#include <string.h>

#include "base/ascii.h"
#include "base/xmalloc.h"
#include "config/account.h"
#include "config/account_check.h"
#include "config/override.h"

#define PASSWORD "sesame"

static const struct setting {
	const char *key, *value;
} all[] = {
	{ "host", "smtp.example.org" },
	{ "user", "alice" },
	{ "from", "alice@example.org" },
}, more[][4] = {
	{ { NULL, NULL } },
	{ { "proxy_host", "proxy.example.org" }, { "proxy_user", "bob" },
	    { "proxy_password", "open" } },
	{ { "port", "2525" }, { "tls_trust_file", "/etc/ca.pem" },
	    { "tls_crl_file", "/etc/crl.pem" } },
	{ { "host", "a.example.org b.example.org" },
	    { "connect_command", "ssh gate -W %h:%p" } },
};

#define FILES (sizeof(more) / sizeof(more[0]))

static void
set(struct account *a, const struct setting *s)
{
	struct error err = {0};

	require(account_set(a, s->key, s->value, &err) == 0,
	    "the file is good");
}

static void
make_account(struct account *a, unsigned file, const char *password)
{
	const struct setting secret = { "password", password };

	account_init(a, "/home/u");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		set(a, &all[i]);
	set(a, &secret);
	for (size_t i = 0; i < 4 && more[file % FILES][i].key != NULL; i++)
		set(a, &more[file % FILES][i]);
}

/* Takes the lines that an option could be; values are left in text. */
static void
read_lines(struct selection *selection, char *text)
{
	char *line, *next = text;

	while (next != NULL) {
		char *value;
		const struct key *key;

		line = next;
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		value = strchr(line, '=');
		if (value == NULL)
			continue;
		*value++ = '\0';
		key = key_find(line);
		if (key != NULL && !key->secret)
			selection_override(selection,
			    (size_t)(key - account_keys), value);
	}
}

static int
is_given(const struct selection *selection, size_t key)
{
	return selection_value(selection, key, NULL) != NULL;
}

/* How two values of a key compare: the same, the same but for case, not. */
enum likeness { SAME, ALIKE, OTHER };

static enum likeness
compare(size_t key, const struct account *a, const struct account *b)
{
	enum likeness result = SAME;

	for (size_t i = 0;; i++) {
		char *one = account_show(a, key, i);
		char *two = account_show(b, key, i);
		int over = one == NULL || two == NULL;

		if (over ? one != two : strcmp(one, two) != 0)
			result = !over && ascii_equal(one, two) &&
			    result != OTHER ? ALIKE : OTHER;
		free(one);
		free(two);
		if (over)
			return result;
	}
}

/* How the keys with that attribute compare, all together. */
static enum likeness
compare_party(unsigned trust, const struct account *a,
    const struct account *b)
{
	enum likeness result = SAME;

	for (size_t key = 0; key < KEYS; key++)
		if ((account_keys[key].attributes & trust) != 0) {
			enum likeness next = compare(key, a, b);

			result = next > result ? next : result;
		}
	return result;
}

/* before and after are checked. */
static void
check_party(const struct account *before, const struct account *after,
    const struct selection *selection, unsigned trust, unsigned credential)
{
	enum likeness likeness = compare_party(trust, before, after);

	for (size_t key = 0; key < KEYS; key++) {
		char *value;

		if ((account_keys[key].attributes & credential) == 0 ||
		    is_given(selection, key))
			continue;
		value = account_show(after, key, 0);
		require(likeness != OTHER || value == NULL ||
		    value[0] == '\0', "another party gets no credentials");
		free(value);
		require(likeness != SAME ||
		    compare(key, before, after) == SAME,
		    "the same party keeps its credentials");
	}
}

static void
check_error(const struct error *err, const struct error *other)
{
	require(err->code == EX_USAGE || err->code == EX_CONFIG,
	    "an error of usage or of configuration");
	require(err->text[0] != '\0', "an error with a text");
	require(strcmp(err->text, other->text) == 0 &&
	    strcmp(err->hint, other->hint) == 0, "no secret is shown");
	for (const char *p = err->text; *p != '\0'; p++)
		require(*p == '\n' || ((unsigned char)*p >= 0x20 &&
		    *p != 0x7f), "a text without controls");
}

static void
check(const struct selection *selection, unsigned file)
{
	struct account before, after, other;
	struct error err = {0}, again = {0};
	int result;

	make_account(&before, file, PASSWORD);
	make_account(&after, file, PASSWORD);
	make_account(&other, file, "something else");
	require(account_check(&before, &err) == 0, "the file is good");
	result = override_finish(&after, selection, &err);
	require(override_finish(&other, selection, &again) == result,
	    "the password changes nothing");
	if (result == 0) {
		check_party(&before, &after, selection, ATTR_TRUST,
		    ATTR_CREDENTIAL);
		check_party(&before, &after, selection, ATTR_PROXY_TRUST,
		    ATTR_PROXY_CREDENTIAL);
	} else {
		check_error(&err, &again);
	}
	account_free(&before);
	account_free(&after);
	account_free(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned file = size > 0 ? data[0] : 0;
	char *text = xstrndup((const char *)data + (size > 0),
	    size - (size > 0));
	struct selection selection = {0};

	read_lines(&selection, text);
	check(&selection, file);
	free(selection.overrides);
	free(text);
	return 0;
}
