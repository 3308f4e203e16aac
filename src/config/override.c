/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/override.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "config/account_check.h"
#include "config/local_host.h"

static int
override(struct account *a, const struct selection *selection,
    struct error *err)
{
	unsigned char written[KEYS] = {0};

	for (size_t i = 0; i < selection->noverrides; i++) {
		const struct override *o = &selection->overrides[i];
		const struct key *key = key_find(o->key);
		size_t index = (size_t)(key - account_keys);

		if (key->list && !written[index])
			account_store(a, index, "", err);
		written[index] = 1;
		if (account_store(a, index, o->value, err) != 0) {
			err->code = EX_USAGE;
			return wrap(err, "--%s", o->key);
		}
		account_note(a, index, "the command line");
	}
	return 0;
}

/*
 * The two parties that credentials are configured for, the server and its
 * proxy: the attributes of the keys that identify the party, and those of its
 * credentials. Another party gets neither the credentials nor the user name.
 */
static const struct party {
	unsigned trust;
	unsigned credential;
} parties[] = {
	{ ATTR_TRUST, ATTR_CREDENTIAL },
	{ ATTR_PROXY_TRUST, ATTR_PROXY_CREDENTIAL }
};
#define PARTIES (sizeof(parties) / sizeof(parties[0]))

/* ~/.netrc has passwords for machines by their names, --host's too. They are
 * for a server that proves its name as the configuration wants it. */
static const struct party proof = { .trust = ATTR_PROOF };

/* Returns whether two values of a key are equivalent. Names are compared
 * ignoring case, paths are not. */
static int
is_same_text(size_t key, const char *a, const char *b)
{
	enum key_kind kind = account_keys[key].kind;

	return kind == KIND_PATH || kind == KIND_COMMAND ? strcmp(a, b) == 0
	    : ascii_equal(a, b);
}

static int
is_same_value(size_t key, const struct account *a, const struct account *b)
{
	int same = 1, more = 1;

	for (size_t i = 0; same && more; i++) {
		char *one = account_show(a, key, i);
		char *other = account_show(b, key, i);

		more = one != NULL && other != NULL;
		same = more ? is_same_text(key, one, other) : one == other;
		free(one);
		free(other);
	}
	return same;
}

/* Returns whether two checked accounts have the same party, authenticated in
 * the same way. */
static int
is_same_party(const struct party *p, const struct account *a,
    const struct account *b)
{
	for (size_t key = 0; key < KEYS; key++)
		if ((account_keys[key].attributes & p->trust) != 0 &&
		    !is_same_value(key, a, b))
			return 0;
	return 1;
}

/* Compares checked accounts, so that --port=587 where that is the default
 * changes nothing. */
static int
changes(const struct party *p, const struct account *a,
    const struct selection *selection)
{
	struct account before, after;
	struct error ignored = {0};
	int same;

	account_copy(&before, a);
	account_copy(&after, a);
	(void)override(&after, selection, &ignored);
	(void)account_check(&before, &ignored);
	(void)account_check(&after, &ignored);
	same = is_same_party(p, &before, &after);
	account_free(&before);
	account_free(&after);
	return !same;
}

/* Unsets the credentials of each party that the command line changes. Returns
 * whether there was one. */
static int
withhold(struct account *a, const struct selection *selection)
{
	struct error ignored = {0}; /* every key may be unset */
	unsigned lost = 0;

	for (size_t i = 0; i < PARTIES && selection->noverrides > 0; i++)
		if (changes(&parties[i], a, selection))
			lost |= parties[i].credential;
	a->secrets_withheld = (lost & ATTR_CREDENTIAL) != 0;
	a->pin_withheld = a->secrets_withheld && selection->may_be_foreign;
	a->netrc_withheld = a->pin_withheld || (selection->noverrides > 0 &&
	    changes(&proof, a, selection));
	if (a->pin_withheld)
		lost |= ATTR_CERTIFICATE;
	for (size_t key = 0; key < KEYS; key++)
		if ((account_keys[key].attributes & lost) != 0) {
			account_store(a, key, "", &ignored);
			account_note(a, key, NULL);
		}
	return lost != 0;
}

/* Checks the values with the user's name. Leaves no outbox that would be
 * another user's. */
static int
check_user(struct account *a, struct error *err)
{
	struct error ignored = {0};

	if (local_host_check(a->outbox, err) == 0 &&
	    local_host_check(a->maildomain, err) == 0 &&
	    local_host_check(a->domain, err) == 0)
		return 0;
	(void)account_store(a, KEY_outbox, "off", &ignored);
	return -1;
}

int
override_finish(struct account *a, const struct selection *selection,
    struct error *err)
{
	int withheld = withhold(a, selection);

	if (override(a, selection, err) != 0)
		return -1;
	if (account_check(a, err) == 0)
		return check_user(a, err);
	if (withheld)
		hint(err, "the account's user and password are for its own "
		    "server: give --user and --passwordeval, or --auth=off");
	return -1;
}
