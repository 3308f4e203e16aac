/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trust on first use: the public key of a server is recorded at the first
 * connection and required from then on. Each server has a file in pins/ below
 * the state directory, with comments and one fingerprint (certificate.h) per
 * line, any of which may match.
 */
#ifndef ONEHOP_TLS_TOFU_H
#define ONEHOP_TLS_TOFU_H

#include <gnutls/gnutls.h>
#include <stddef.h>

#include "base/error.h"

/* A pin: its directory and server. */
struct tofu_pin {
	char *directory;  /* owned */
	char *server;     /* "mail.example.org:465", the file name; owned */
};

/*
 * Initializes the pin of a server. state is the state directory; NULL gives
 * EX_CONFIG. Call tofu_free() in either case. Returns 0 on success, -1 with err
 * set.
 */
int tofu_make(struct tofu_pin *pin, const char *state, const char *name,
	unsigned port, struct error *err);

/*
 * Compares the server's public key with the recorded one. Returns 1 if they are
 * equal, 0 if none is recorded; -1 EX_PROTOCOL with both keys and a hint if
 * they differ, EX_CONFIG if the file cannot be used.
 */
int tofu_check(const struct tofu_pin *pin, gnutls_session_t session,
	struct error *err);

/*
 * Records the public key of a new server and sets notice to a message for the
 * user. Returns 0 on success; -1 EX_IOERR, or as tofu_check() if another
 * process has recorded a key meanwhile.
 */
int tofu_record(const struct tofu_pin *pin, gnutls_session_t session,
	char *notice,
	size_t size, struct error *err);

void tofu_free(struct tofu_pin *pin);

#endif
