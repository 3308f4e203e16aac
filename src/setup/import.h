/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Translates the configuration of other programs: ssmtp.conf, esmtprc, dma.conf
 * with its auth.conf, nullmailer's remotes. A file of msmtp is included. */
#ifndef ONEHOP_SETUP_IMPORT_H
#define ONEHOP_SETUP_IMPORT_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/string_list.h"

enum import_kind {
	IMPORT_MSMTP,
	IMPORT_SSMTP,
	IMPORT_ESMTP,
	IMPORT_DMA,
	IMPORT_NULLMAILER
};

/* Returns the kind of a file, according to its name. */
enum import_kind import_kind(const char *path);

/*
 * Appends a config file equivalent to the text, and adds settings without a
 * counterpart to lost. auth is the text of auth.conf, or NULL. Pure. Returns 0
 * on success, -1 with err set: EX_CONFIG if no smarthost is named.
 */
int import_text(struct buffer *out, const char *path,
	const struct buffer *text, const struct buffer *auth,
	struct string_list *lost, struct error *err);

/* Adds the existing files of other programs that can be translated to paths,
 * the user's first. */
void import_find(struct string_list *paths, const char *home);

#endif
