/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS sessions that go on in the next run (RFC 8446 2.2, RFC 5077). The library
 * resumes a session with whomever it is told to and verifies nothing: so each
 * is kept under a digest of all that decides trust, and the verdict is reached
 * anew each time from the certificates that it holds (tls.c).
 */
#ifndef ONEHOP_TLS_RESUME_H
#define ONEHOP_TLS_RESUME_H

#include <gnutls/gnutls.h>
#include <stdint.h>

#include "tls/policy.h"
#include "tls/sha256.h"

/* Seconds after which a full handshake is due, however often it went on. */
#define RESUME_MAX_AGE 86400

/* Where a session is kept. {0}: nowhere. */
struct resume {
	char *directory;   /* owned */
	char name[DIGEST_TEXT];
	int64_t since;     /* of the full handshake: seconds of the epoch */
};

/*
 * Finds the place for sessions under the policy and gives the session what is
 * kept there, which is then gone: no ticket is used twice. Nothing happens
 * unless the policy has resume.
 */
void resume_begin(struct resume *r, gnutls_session_t session,
	const struct tls_policy *policy);

/* The handshake is over: the full one's time, and the place, since a pin may
 * be new. */
void resume_settle(struct resume *r, gnutls_session_t session,
	const struct tls_policy *policy);

/* Keeps the session, unless its certificates came with an OCSP staple: a
 * session that goes on brings no fresh one. Allocates nothing. */
void resume_keep(const struct resume *r, gnutls_session_t session);

void resume_free(struct resume *r);

#endif
