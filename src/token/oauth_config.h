/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ~/.config/onehop/token: the client and the provider of each address. */
#ifndef ONEHOP_TOKEN_OAUTH_CONFIG_H
#define ONEHOP_TOKEN_OAUTH_CONFIG_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* The keys of the file. A value is a string, or not set. */
#define OAUTH_KEYS(KEY) \
	KEY(provider) KEY(client_id) KEY(client_secret) KEY(tenant) \
	KEY(scope) KEY(issuer) KEY(auth_url) KEY(auth_query) \
	KEY(device_url) KEY(token_url) KEY(revoke_url) KEY(redirect_url) \
	KEY(ca_file) KEY(store) KEY(store_read) KEY(store_write) \
	KEY(store_remove)

enum oauth_key {
#define KEY(name) OAUTH_##name,
	OAUTH_KEYS(KEY)
#undef KEY
	OAUTH_NKEYS
};

/* One account of the file. {0} is empty. */
struct oauth_account {
	char *address;
	char *value[OAUTH_NKEYS];  /* NULL if not set; wiped when freed */
};

struct oauth_config {
	struct oauth_account *at;  /* the first holds the defaults */
	size_t n;
	int has_secret;            /* a client_secret is in the file */
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
 * from the table of providers. provider, unless NULL, overrides that key. Returns
 * 0 on success, -1 with err set: EX_CONFIG for an unknown provider. Call
 * oauth_account_free() in either case.
 */
int oauth_config_account(struct oauth_account *a,
	const struct oauth_config *c, const char *address,
	const char *provider, struct error *err);

/* Returns the value of a required key, borrowed; NULL with err set to EX_CONFIG
 * if it is not set. */
const char *oauth_account_need(const struct oauth_account *a,
	enum oauth_key key, struct error *err);

void oauth_account_free(struct oauth_account *a);

#endif
