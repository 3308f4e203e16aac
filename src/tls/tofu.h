/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trust on first use: the public key that a server showed first is the one it
 * has to have from then on. One file for each server, in pins/ below the state
 * directory: lines as of tls_fingerprint, any of which will do, and comments.
 */
#ifndef ONEHOP_TLS_TOFU_H
#define ONEHOP_TLS_TOFU_H

#include <gnutls/gnutls.h>
#include <stddef.h>

#include "base/error.h"

/* The pin's server, and the place of the pin. */
struct tofu_pin {
	char *directory;  /* owned */
	char *server;     /* "mail.example.org:465", the file's name; owned */
};

/* For the server of that name and port; state is the state directory, NULL if
 * there is none: EX_CONFIG. tofu_free() in either case. */
int tofu_make(struct tofu_pin *pin, const char *state, const char *name,
	unsigned port, struct error *err);

/* Compares the server's key with the recorded one. Returns 1 if they are equal,
 * 0 if none is recorded; -1 EX_PROTOCOL with both and what to do, EX_CONFIG if
 * the file cannot be used. */
int tofu_check(const struct tofu_pin *pin, gnutls_session_t session,
	struct error *err);

/* Records the key of a server that is not known. notice tells the user. 0; -1
 * EX_IOERR; as tofu_check() if somebody was faster. */
int tofu_record(const struct tofu_pin *pin, gnutls_session_t session,
	char *notice,
	size_t size, struct error *err);

void tofu_free(struct tofu_pin *pin);

#endif
