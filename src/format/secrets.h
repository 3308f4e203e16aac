/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conceals our secrets in the text of a peer that may repeat them. */
#ifndef ONEHOP_FORMAT_SECRETS_H
#define ONEHOP_FORMAT_SECRETS_H

#include <stddef.h>

#include "base/buffer.h"

/* {0} conceals nothing. */
struct secrets {
	struct buffer known; /* each followed by LF; wiped */
	struct buffer shown; /* the last text, concealed */
};

/* Conceals the secret from now on: all of it, or 8 octets of it. One of less
 * than 4 octets is not concealed. */
void secrets_add(struct secrets *s, const char *secret, size_t len);

/* Same as secrets_add(), and in the forms in which it may come back: in upper
 * case, escaped, and in base64, also as the end of a longer text. */
void secrets_add_password(struct secrets *s, const char *password, size_t len);

/*
 * Returns a line of the peer, or a text made of it, with "<hidden>" for each
 * secret, and sets *len. The first keep octets remain. Borrowed, from the text
 * or until the next call; not always terminated.
 */
const char *secrets_conceal(struct secrets *s, const char *text, size_t *len,
	size_t keep);

/* Wipes and forgets them. */
void secrets_free(struct secrets *s);

#endif
