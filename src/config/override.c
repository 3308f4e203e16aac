/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/override.h"

#include <stdlib.h>

#include "base/ascii.h"

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
			account_set(a, o->key, "", err);
		written[index] = 1;
		if (account_set(a, o->key, o->value, err) != 0) {
			err->code = EX_USAGE;
			return wrap(err, "--%s", o->key);
		}
	}
	return 0;
}

/*
 * What decides who is spoken to, and the secrets that were written down for
 * those: somebody else gets neither them nor the user's name.
 */
static const struct trustee {
	const char *keys[16];   /* each list ends with NULL */
	const char *secrets[5];
} trustees[] = {
	{ { "host", "port", "socket", "tls", "tls_starttls", "tls_certcheck",
	    "tls_trust", "tls_trust_file", "tls_fingerprint",
	    "tls_host_override", "proxy_host", "connect_command",
	    "srv_targets" },
	    { "user", "password", "passwordeval", "password_credential" } },
	{ { "proxy_host", "proxy_port", "proxy_type" },
	    { "proxy_user", "proxy_password" } },
};
#define TRUSTEES (sizeof(trustees) / sizeof(trustees[0]))

/* Has the key the same values in both? */
static int
is_same_value(const char *key, const struct account *a,
    const struct account *b)
{
	int same = 1, more = 1;

	for (size_t i = 0; same && more; i++) {
		char *one = account_get(a, key, i);
		char *other = account_get(b, key, i);

		more = one != NULL && other != NULL;
		same = more ? ascii_equal(one, other) : one == other;
		free(one);
		free(other);
	}
	return same;
}

/* Do both, finished, speak to the same one, which proves in the same way that
 * it is the one? */
static int
is_same(const struct trustee *t, const struct account *a,
    const struct account *b)
{
	for (size_t i = 0; t->keys[i] != NULL; i++)
		if (!is_same_value(t->keys[i], a, b))
			return 0;
	return 1;
}

/* Compared as they come out in the end, so that --port=587 where that is the
 * default anyway changes nothing. */
static int
changes(const struct trustee *t, const struct account *a,
    const struct selection *selection)
{
	struct account before, after;
	struct error ignored = {0};
	int same;

	account_copy(&before, a);
	account_copy(&after, a);
	(void)override(&after, selection, &ignored);
	(void)account_finish(&before, &ignored);
	(void)account_finish(&after, &ignored);
	same = is_same(t, &before, &after);
	account_free(&before);
	account_free(&after);
	return !same;
}

/* Drops the secrets whose trustee the command line changes. Did it any? */
static int
forget(struct account *a, const struct selection *selection)
{
	struct error ignored = {0}; /* every key may be unset */
	int lost[TRUSTEES];
	int any = 0;

	for (size_t i = 0; i < TRUSTEES; i++)
		lost[i] = selection->noverrides > 0 &&
		    changes(&trustees[i], a, selection);
	for (size_t i = 0; i < TRUSTEES; i++) {
		any |= lost[i];
		for (size_t k = 0; lost[i] && trustees[i].secrets[k]; k++)
			account_set(a, trustees[i].secrets[k], "", &ignored);
	}
	a->elsewhere = lost[0];
	return any;
}

int
override_finish(struct account *a, const struct selection *selection,
    struct error *err)
{
	int forgot = forget(a, selection);

	if (override(a, selection, err) != 0)
		return -1;
	if (account_finish(a, err) == 0)
		return 0;
	if (forgot)
		hint(err, "the account's user and password are for its own "
		    "server: give --user and --passwordeval, or --auth=off");
	return -1;
}
