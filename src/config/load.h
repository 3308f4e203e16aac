/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chooses and builds the account of a run. */
#ifndef ONEHOP_CONFIG_LOAD_H
#define ONEHOP_CONFIG_LOAD_H

#include "base/error.h"
#include "config/account.h"
#include "config/file.h"
#include "config/selection.h"
#include "message/message.h"

/*
 * Reads SYSCONFDIR/onehop/config and the user's file (-C replaces the latter),
 * or those of msmtp where neither exists, and returns the account for this
 * run, the overrides of the command line applied, checked. It is the one of
 * --host (no file is read then), of -a, the one whose from matches -f,
 * "default" if its from matches the From field, another whose from matches
 * it, or "default". sender is that of -f; it and m may be NULL. Returns 0, or
 * -1 with EX_CONFIG, or EX_TEMPFAIL if the home directory is not known now.
 */
int config_load(struct account *out, const struct selection *selection,
	const char *sender, const struct message *m, struct error *err);

/*
 * For a run that failed before it chose an account: makes an account without a
 * name that holds the log keys of the account of -a, of "default", or of the
 * defaults. Errors in the files are ignored, and no command is run.
 */
void config_load_log(struct account *out, const struct selection *selection);

/*
 * For a message that cannot be sent because of errors in the files: makes the
 * account of the message as far as it can be read. Runs no eval. out is {0} or
 * an account. Returns 0, or -1 if there is none, or if an error may have
 * changed which one it is, who gets the message, as whose, or its header.
 */
int config_load_readable(struct account *out, const struct selection *selection,
	const char *sender, const struct message *m);

/*
 * Makes the account that a section describes. run_evals: also run its eval
 * lines, which are otherwise ignored. Returns 0, or -1 EX_CONFIG.
 */
int config_assemble(struct account *out, const struct config *c,
	const struct config_section *section, int run_evals,
	struct error *err);

/* Returns whether the value of a path key is relative to the file that it is
 * written in, or to the working directory, rather than absolute, a word, a
 * descriptor or the URI of a token. */
int config_is_relative(size_t key, const char *value);

/* Reads the files and looks for the account of -a, before there is a message.
 * Runs no eval. Returns 0, or -1 as config_load() does. */
int config_precheck(const struct selection *selection, struct error *err);

/* Returns the address of the From field, local@domain: owned, or NULL. */
char *config_author_address(const struct message *m);

/* Returns whether the address matches the account's from list, ignoring case:
 * equal, or by a pattern of *, ? and []. "+detail" in the local part may be
 * left out. */
int config_from_matches(const struct account *a, const char *address);

#endif
