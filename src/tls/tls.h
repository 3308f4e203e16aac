/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS as a transport over a transport: handshake and verification. */
#ifndef ONEHOP_TLS_TLS_H
#define ONEHOP_TLS_TLS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "net/transport.h"
#include "tls/policy.h"

/* Facts about the session, for logs, --serverinfo and JSON. The certificate is
 * described even if it is refused; version is "" then. */
struct tls_facts {
	char version[16];        /* "TLS1.3", or "" without TLS */
	char cipher[96];
	char subject[256];       /* escaped */
	char issuer[256];
	char names[404];         /* subjectAltName: "a.example, 192.0.2.1" */
	char sha256[32 * 3];     /* of the certificate, "AA:BB:.." */
	char spki_sha256[32 * 3];/* of its public key */
	char not_before[32];     /* "2026-11-23 09:00:00Z" */
	char not_after[32];
	char notice[512];        /* message for the user, or "" */
};

/*
 * Performs a handshake of TLS 1.2 or newer over lower before the deadline and
 * verifies the chain, name and purpose of the certificate, or as policy
 * requires. Returns 0 with *upper, which owns lower. Returns -1 with lower
 * still owned by the caller: EX_PROTOCOL for a TLS or verification failure
 * (with a hint), EX_TEMPFAIL for a timeout or lost connection, EX_CONFIG for an
 * unusable trust store, pin, key or priority string, EX_IOERR if a pin cannot
 * be written.
 */
int tls_open(struct transport **upper, struct transport *lower,
	const struct tls_policy *policy, int64_t deadline,
	struct tls_facts *facts, struct error *err);

/*
 * Appends the channel binding of the session as base64. Returns its type:
 * "tls-exporter" (RFC 9266) with TLS 1.3, "tls-unique" (RFC 5929) with TLS 1.2;
 * NULL if TLS 1.2 lacks the extended master secret, without which it is not
 * safe.
 */
const char *tls_channel_binding(struct transport *tls, struct buffer *base64);

/* Returns whether the client key needs a password or PIN. */
int tls_key_is_locked(const char *key_file);

/* The version of GnuTLS in use, borrowed. */
const char *tls_library_version(void);

#endif
