/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Translates the configuration of other programs: ssmtp.conf, esmtprc, dma.conf
 * with its auth.conf, nullmailer's remotes; msmtp's is included. Pure. */
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

/* Returns the kind that a file of that name has. */
enum import_kind import_kind(const char *path);

/*
 * Appends the config file that does what the text does, and adds to lost what
 * has no counterpart. auth is the text of auth.conf, or NULL. Returns 0; -1
 * EX_CONFIG no smarthost is named.
 */
int import_text(struct buffer *out, const char *path,
	const struct buffer *text, const struct buffer *auth,
	struct string_list *lost, struct error *err);

/* Returns the existing files of other programs that can be translated, the
 * user's first. */
void import_find(struct string_list *paths, const char *home);

#endif
