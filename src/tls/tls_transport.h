/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The TLS record layer: a GnuTLS session as a transport over a transport.
 * Output of the library is collected, so that a handshake needs few packets and
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
	struct transport *lower;    /* owned after the handshake */
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct buffer in;           /* received; [taken, len) are unread */
	size_t taken;
	size_t idle;                /* octets read since the last data */
	struct buffer out;          /* to send; [0, sent) are sent */
	size_t sent;
	unsigned char first[64];    /* first octets from the peer */
	size_t nfirst;
	int starved;                /* the session needs more input */
	int ended;                  /* lower is at the end of input */
	int broken;                 /* lower accepts no output */
	struct error failure;       /* error of lower */
};

/* Creates a session without session tickets, and empty credentials, over lower.
 * Returns 0 on success, -1 EX_SOFTWARE. */
int tls_transport_new(struct tls_transport **record, struct transport *lower,
	struct error *err);

/*
 * Maximum number of octets of tickets, key updates, alerts and empty records
 * without data, or of a handshake. It bounds all loops that end only when the
 * input ends, including those in GnuTLS.
 */
#define TLS_TRANSPORT_IDLE_MAX ((size_t)1024 * 1024)

/* Sends the collected output. Returns 0, TRANSPORT_WANT_WRITE or
 * TRANSPORT_FAILED. */
int tls_transport_drain(struct tls_transport *r, struct error *err);

/* Writes the GnuTLS error text for result, without full stop, to out. Returns
 * out. */
char *tls_transport_words(char *out, size_t size, int result);

/* Sets the error for a failed gnutls_handshake(). Returns -1: EX_TEMPFAIL if
 * the peer closed the connection, else EX_PROTOCOL. */
int tls_transport_explain(const struct tls_transport *r, int result,
	struct error *err);

/* Sets the error for a server that supports only an obsolete TLS version.
 * Returns -1 EX_PROTOCOL. */
int tls_transport_obsolete(const char *version, struct error *err);

/* Frees everything except lower. */
void tls_transport_free(struct tls_transport *r);

#endif
