/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS's record layer: a GnuTLS session as a transport over a transport. What
 * the library sends is gathered, so that a handshake takes few packets and
 * large writes few system calls.
 */
#ifndef ONEHOP_TLS_TLS_TRANSPORT_H
#define ONEHOP_TLS_TLS_TRANSPORT_H

#include <gnutls/gnutls.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "net/transport.h"

struct tls_transport {
	struct transport transport; /* first: the two are cast */
	struct transport *lower;    /* owned once the session is open */
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct buffer in;           /* from below; [taken, len) are unread */
	size_t taken;
	size_t idle;                /* octets read since the last data */
	struct buffer out;          /* for below; [0, sent) are gone */
	size_t sent;
	unsigned char first[64];    /* what the peer said first */
	size_t nfirst;
	int starved;                /* the session wants more input */
	int ended;                  /* the transport below has no more */
	int broken;                 /* it takes no more */
	struct error failure;       /* of the transport below */
};

/*
 * Makes an empty session, which asks for no session tickets, and empty
 * credentials over lower. Returns 0, or -1 EX_SOFTWARE.
 */
int tls_transport_new(struct tls_transport **record, struct transport *lower,
	struct error *err);

/*
 * Tickets, key updates, alerts and empty records are no progress: a peer that
 * sends that many octets of them without data, or in a handshake, fails. This
 * bounds every loop that ends when the input does, GnuTLS's own included.
 */
#define TLS_TRANSPORT_IDLE_MAX ((size_t)1024 * 1024)

/* Sends what is gathered: 0, TRANSPORT_WANT_WRITE or TRANSPORT_FAILED. */
int tls_transport_drain(struct tls_transport *r, struct error *err);

/* GnuTLS's words for one of its results, without full stop. Returns out. */
char *tls_transport_words(char *out, size_t size, int result);

/* Why gnutls_handshake() failed with that result. Returns -1: EX_TEMPFAIL if
 * the peer just closed, else EX_PROTOCOL. */
int tls_transport_explain(const struct tls_transport *r, int result,
	struct error *err);

/* The server knows but that version, which is not fit for use: EX_PROTOCOL. */
int tls_transport_obsolete(const char *version, struct error *err);

/* Frees all but lower. */
void tls_transport_free(struct tls_transport *r);

#endif
