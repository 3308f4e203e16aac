/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A first config file: what is to stand in it, and how it is written. */
#ifndef ONEHOP_SETUP_CONFIG_WRITER_H
#define ONEHOP_SETUP_CONFIG_WRITER_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/account.h"
#include "config/selection.h"
#include "net/srv_mx.h"

/* What it is made of; all borrowed. */
struct config_writer {
	const char *address;            /* of the sender, as for a path */
	const struct service *service;  /* the smarthost */
	const char *origin;             /* how it was found, for a comment */
	const struct selection *selection;   /* keys on the command line */
};

/*
 * The account that the file will describe, finished: with user and auth on
 * unless the command line says otherwise; its host, port and tls_starttls do
 * not count, but those of the service. 0; -1 EX_USAGE, EX_CONFIG for a key of
 * the command line. account_free in either case.
 */
int config_writer_account(struct account *a, const struct config_writer *c,
	const char *home, struct error *err);

/* The text of the file, with comments. */
void config_writer_text(struct buffer *out, const struct config_writer *c);

/*
 * Puts the text in place of what there is at path, or behind it if it is a
 * symbolic link, at once and for our eyes only; makes directories that are
 * missing. 0; -1 EX_CANTCREAT, and what was there is untouched.
 */
int config_writer_write(const char *path, const struct buffer *text,
	struct error *err);

#endif
