/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ~/.config/onehop/token: the client and the provider of each address. */
#ifndef ONEHOP_TOKEN_OAUTH_CONFIG_H
#define ONEHOP_TOKEN_OAUTH_CONFIG_H

#include "base/buffer.h"
#include "base/error.h"
#include "token/object.h"

/* The keys of the file, and what their values are: words, an endpoint, or the
 * whole rest of the line. */
#define OAUTH_KEYS(KEY) \
	KEY(provider, WORDS) KEY(client_id, WORDS) \
	KEY(client_secret, VERBATIM) KEY(tenant, WORDS) KEY(scope, WORDS) \
	KEY(issuer, ENDPOINT) KEY(auth_url, ENDPOINT) \
	KEY(auth_query, WORDS) KEY(device_url, ENDPOINT) \
	KEY(token_url, ENDPOINT) KEY(revoke_url, ENDPOINT) \
	KEY(redirect_url, WORDS) KEY(ca_file, WORDS) KEY(store, WORDS) \
	KEY(store_read, VERBATIM) KEY(store_write, VERBATIM) \
	KEY(store_remove, VERBATIM)

enum oauth_key {
#define KEY(name, kind) OAUTH_##name,
	OAUTH_KEYS(KEY)
#undef KEY
	OAUTH_NKEYS
};

/* The values that are set for an address. */
struct oauth_account {
	const char *address;  /* borrowed */
	json_t *values;       /* members have the names of keys */
};

/* {0} is empty. */
struct oauth_config {
	json_t *defaults;  /* values */
	json_t *accounts;  /* values by address */
	int has_secret;    /* a client_secret is in the file */
};

/*
 * Parses the text of a file. The syntax of lines is that of directive.h;
 * "defaults" and "account ADDRESS [: PARENT]" begin a section. Pure. Returns 0
 * on success, -1 with err set: EX_CONFIG, beginning with "path:line: ".
 * Call oauth_config_free() in either case.
 */
int oauth_config_parse(struct oauth_config *c, const char *path,
	const struct buffer *text, struct error *err);

/* Reads the user's file; a missing file is empty. Returns 0 on success, -1 with
 * err set: EX_CONFIG. Call oauth_config_free() in either case. */
int oauth_config_read(struct oauth_config *c, struct error *err);

void oauth_config_free(struct oauth_config *c);

/*
 * Sets a to the account of the address: its section or the defaults, completed
 * from the table of providers. provider, unless NULL, overrides that key.
 * Returns 0 on success, -1 with err set: EX_CONFIG for an unknown provider. The
 * caller frees a->values in either case.
 */
int oauth_config_account(struct oauth_account *a,
	const struct oauth_config *c, const char *address,
	const char *provider, struct error *err);

/* oauth_value() returns a value, borrowed; NULL if it is not set.
 * oauth_value_need() then also sets err: EX_CONFIG. oauth_value_set() sets it,
 * unless value is NULL. */
const char *oauth_value(const struct oauth_account *a, enum oauth_key key);
const char *oauth_value_need(const struct oauth_account *a,
	enum oauth_key key, struct error *err);
void oauth_value_set(struct oauth_account *a, enum oauth_key key,
	const char *value);

#endif
