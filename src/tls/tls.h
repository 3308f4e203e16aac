/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS as a transport over a transport; with trust.c the only GnuTLS users. */
#ifndef ONEHOP_TLS_TLS_H
#define ONEHOP_TLS_TLS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "net/transport.h"
#include "tls/policy.h"

/* What was negotiated, for logs, --serverinfo and JSON. */
struct tls_facts {
	char version[16];        /* "TLS1.3" */
	char cipher[96];
	char subject[256];       /* escaped */
	char issuer[256];
	char sha256[32 * 3];     /* of the certificate, "AA:BB:.." */
	char spki_sha256[32 * 3];/* of its public key */
	char not_before[32];     /* "2026-11-23 09:00:00Z" */
	char not_after[32];
	char notice[512];        /* what the user should be told, or "" */
};

/*
 * Handshakes over lower until the deadline and verifies: TLS 1.2 or newer, and
 * certificate chain, name and server purpose, or what policy asks for instead.
 * 0 with *upper, which owns lower. -1, lower still the caller's: EX_PROTOCOL
 * TLS or trust failure (with a hint), EX_TEMPFAIL timeout or lost connection,
 * EX_CONFIG unusable trust store, pin, key or priority string, EX_IOERR a pin
 * that cannot be written.
 */
int tls_open(struct transport **upper, struct transport *lower,
	const struct tls_policy *policy, int64_t deadline,
	struct tls_facts *facts, struct error *err);

/*
 * Appends what binds an authentication to this session, base64. Its type:
 * "tls-exporter" (RFC 9266) with TLS 1.3, "tls-unique" (RFC 5929) with TLS 1.2;
 * NULL if TLS 1.2 without extended master secret makes that unsafe.
 */
const char *tls_channel_binding(struct transport *tls, struct buffer *base64);

/* Does it take a password or PIN to use the client's key? */
int tls_key_is_locked(const char *key_file);

/* The version of GnuTLS that runs, borrowed. */
const char *tls_library_version(void);

#endif
