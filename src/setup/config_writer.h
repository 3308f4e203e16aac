/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a first config file. */
#ifndef ONEHOP_SETUP_CONFIG_WRITER_H
#define ONEHOP_SETUP_CONFIG_WRITER_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/account.h"
#include "config/selection.h"
#include "net/srv_mx.h"
#include "auth/provider.h"

/* The content of the file. All members are borrowed. */
struct config_writer {
	const char *address;            /* of the sender, as for a path */
	const struct service *service;  /* the smarthost */
	const char *origin;             /* how it was found, for a comment */
	const struct selection *selection;   /* keys on the command line */
	const char *password;           /* to write to the file, or NULL */
	const char *passwordeval;       /* command to write, or NULL */
	const char *account;            /* to add to a file; NULL: new file */
};

/* Returns the kind of login at the smarthost; LOGIN_PASSWORD if the command
 * line sets auth or passwordeval. */
enum provider_login config_writer_login(const struct config_writer *c);

/* Returns the command that logs in to obtain a token for the user, owned by the
 * caller. It names the provider if the domain of the address does not. */
char *config_writer_token_login(const struct config_writer *c,
	const char *user);

/*
 * Sets a to the account that the file will describe, with user and auth unless
 * the command line sets them; host, port and tls_starttls are those of the
 * service. Returns 0 on success, -1 with err set: EX_USAGE or EX_CONFIG for a
 * key of the command line. Call account_free() in either case.
 */
int config_writer_account(struct account *a, const struct config_writer *c,
	const char *home, struct error *err);

/* Appends the text of the file, or of the account, with comments. */
void config_writer_text(struct buffer *out, const struct config_writer *c);

/*
 * Replaces the file at path, or the target of a symbolic link, atomically. The
 * mode is 0600 for a new file and for one that now has a password; others may
 * have to read another one, which keeps its group and mode. Creates missing
 * directories. Returns 0 on success, -1 with err set and the old file
 * unchanged: EX_CANTCREAT.
 */
int config_writer_write(const char *path, const struct buffer *text,
	int has_password, struct error *err);

/* Appends the line of a key or an include, quoted where the syntax requires
 * it. */
void config_writer_add(struct buffer *out, const char *key,
	const char *value);

#endif
