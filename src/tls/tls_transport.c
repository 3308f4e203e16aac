/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/tls_transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/xmalloc.h"

#define READ_SIZE ((size_t)32 * 1024)
/* Maximum size of the data waiting to be sent: four full records. */
#define OUT_MAX ((size_t)64 * 1024)

int
tls_transport_drain(struct tls_transport *r, struct error *err)
{
	/* Data that could not be sent must not be sent later, after its loss
	 * has been reported: it may be the end of a message. */
	if (r->broken)
		return fail(err, EX_TEMPFAIL, "connection lost");
	while (r->sent < r->out.len) {
		ssize_t n = r->lower->write(r->lower, r->out.data + r->sent,
		    r->out.len - r->sent, err);

		r->broken |= n == TRANSPORT_FAILED;
		if (n < 0)
			return (int)n;
		r->sent += (size_t)n;
	}
	buffer_clear(&r->out);
	r->sent = 0;
	return r->lower->flush(r->lower, err);
}

/* Called by GnuTLS to send. Never blocks and never fails; the caller of write
 * sends the data. */
static ssize_t
push(gnutls_transport_ptr_t argument, const giovec_t *pieces, int count)
{
	struct tls_transport *r = argument;
	size_t before = r->out.len;

	for (int i = 0; i < count; i++)
		if (buffer_add(&r->out, pieces[i].iov_base,
		    pieces[i].iov_len) != 0) {
			gnutls_transport_set_errno(r->session, ENOBUFS);
			return -1;
		}
	return (ssize_t)(r->out.len - before);
}

/* Fills the empty input buffer. Returns 1, 0 at the end of input, -1 with errno
 * set. */
static int
refill(struct tls_transport *r)
{
	ssize_t n;
	char *room;

	r->taken = 0;
	buffer_clear(&r->in);
	if (r->idle >= TLS_TRANSPORT_IDLE_MAX) {
		fail(&r->failure, EX_PROTOCOL, "server sent %zu octets of TLS "
		    "records without data", r->idle);
		gnutls_transport_set_errno(r->session, EIO);
		return -1;
	}
	room = buffer_reserve(&r->in, READ_SIZE);
	n = r->lower->read(r->lower, room, READ_SIZE, &r->failure);
	if (n > 0) {
		r->in.len = (size_t)n;
		r->idle += (size_t)n;
		if (r->nfirst == 0) {
			r->nfirst = r->in.len < sizeof(r->first) ? r->in.len
			    : sizeof(r->first);
			memcpy(r->first, r->in.data, r->nfirst);
		}
		return 1;
	}
	if (n == 0) {
		r->ended = 1;
		return 0;
	}
	r->starved = n != TRANSPORT_FAILED;
	gnutls_transport_set_errno(r->session, r->starved ? EAGAIN : EIO);
	return -1;
}

/* Called by GnuTLS to receive. */
static ssize_t
pull(gnutls_transport_ptr_t argument, void *data, size_t n)
{
	struct tls_transport *r = argument;

	if (r->taken == r->in.len) {
		int filled = refill(r);

		if (filled <= 0)
			return filled;
	}
	if (n > r->in.len - r->taken)
		n = r->in.len - r->taken;
	memcpy(data, r->in.data + r->taken, n);
	r->taken += n;
	return (ssize_t)n;
}

/* Returns whether there is input for pull(). Waiting happens elsewhere. */
static int
pull_timeout(gnutls_transport_ptr_t argument, unsigned milliseconds)
{
	struct tls_transport *r = argument;

	(void)milliseconds;
	if (r->taken < r->in.len)
		return 1;
	if (refill(r) >= 0)
		return 1;
	return r->starved ? 0 : -1;
}

char *
tls_transport_words(char *out, size_t size, int result)
{
	size_t len;

	snprintf(out, size, "%s", gnutls_strerror(result));
	len = strlen(out);
	if (len > 0 && out[len - 1] == '.')
		out[len - 1] = '\0';
	return out;
}

int
tls_transport_obsolete(const char *version, struct error *err)
{
	fail(err, EX_PROTOCOL, "server offers only obsolete TLS (%s)",
	    version);
	return hint(err, "ask its operator to enable TLS 1.2 or newer");
}

static const struct {
	gnutls_alert_description_t alert;
	const char *advice;
} refusals[] = {
#define OURS "the server does not accept the certificate in tls_cert_file"
	{ GNUTLS_A_BAD_CERTIFICATE, OURS },
	{ GNUTLS_A_UNSUPPORTED_CERTIFICATE, OURS },
	{ GNUTLS_A_CERTIFICATE_REVOKED, OURS },
	{ GNUTLS_A_CERTIFICATE_EXPIRED, OURS },
	{ GNUTLS_A_CERTIFICATE_UNKNOWN, OURS },
	{ GNUTLS_A_UNKNOWN_CA, OURS },
	{ GNUTLS_A_ACCESS_DENIED, OURS },
	{ GNUTLS_A_UNRECOGNIZED_NAME,
	    "it has no certificate for this name: check host" },
	{ GNUTLS_A_HANDSHAKE_FAILURE,
	    "it may require other ciphers: see tls_priorities" },
	{ GNUTLS_A_INSUFFICIENT_SECURITY,
	    "it requires other ciphers: see tls_priorities" },
};

/* GnuTLS shows the client certificate only to a server that asks for one of its
 * issuers; another server ends the handshake with an alert. */
static const char *
advise(const struct tls_transport *r, gnutls_alert_description_t alert)
{
	gnutls_datum_t ignored;
	int has_own = gnutls_certificate_get_crt_raw(r->credentials, 0, 0,
	    &ignored) >= 0;

	if (alert == GNUTLS_A_CERTIFICATE_REQUIRED && has_own)
		return "it requested a certificate of other issuers: add the "
		    "intermediate certificates to tls_cert_file";
	if (!has_own && gnutls_certificate_client_get_request_status(
	    r->session) > 0)
		return "it requested a client certificate: set tls_cert_file "
		    "and tls_key_file";
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].alert == alert)
			return refusals[i].advice;
	return NULL;
}

static int
explain_alert(const struct tls_transport *r, struct error *err)
{
	gnutls_alert_description_t alert = gnutls_alert_get(r->session);
	const char *name = gnutls_alert_get_name(alert);
	const char *advice = advise(r, alert);

	if (alert == GNUTLS_A_PROTOCOL_VERSION)
		return tls_transport_obsolete("TLS 1.1 or older", err);
	fail(err, EX_PROTOCOL, "server refused TLS: %s",
	    name != NULL ? name : "unknown alert");
	return advice != NULL ? hint(err, "%s", advice) : -1;
}

/* Returns whether the peer just closed, no matter where in TLS. */
static int
was_cut(const struct tls_transport *r, int result)
{
	return result == GNUTLS_E_PREMATURE_TERMINATION ||
	    (r->ended && result == GNUTLS_E_UNEXPECTED_PACKET_LENGTH);
}

/* The content types of RFC 8446 5.1. Anything else is not TLS. */
static int
is_tls(const struct tls_transport *r)
{
	return r->nfirst == 0 || (r->first[0] >= 20 && r->first[0] <= 24);
}

/* Fails: the peer is not a TLS server; often it speaks cleartext SMTP. */
static int
explain_clear(const struct tls_transport *r, struct error *err)
{
	const char *text = (const char *)r->first;
	char quote[4 * sizeof(r->first) + 1];
	size_t len = r->nfirst;
	const char *end = memchr(text, '\n', len);

	if (end != NULL)
		len = (size_t)(end - text);
	if (len > 0 && text[len - 1] == '\r')
		len--;
	escape(quote, sizeof(quote), text, len);
	if (len < 3 || !ascii_is_digit(text[1]) || !ascii_is_digit(text[2]) ||
	    (memcmp(text, "220", 3) != 0 && text[0] != '4' && text[0] != '5'))
		return fail(err, EX_PROTOCOL, "TLS handshake failed: not TLS: "
		    "\"%s\"", quote);
	fail(err, EX_PROTOCOL,
	    "server does not speak TLS on this port: it sent \"%s\"", quote);
	return hint(err, "if the server uses STARTTLS, set tls_starttls on "
	    "(port 587)");
}

int
tls_transport_explain(const struct tls_transport *r, int result,
    struct error *err)
{
	char words[128];

	if (!is_tls(r))
		return explain_clear(r, err);
	if (was_cut(r, result))
		return fail(err, EX_TEMPFAIL, r->nfirst == 0
		    ? "TLS handshake: closed by peer"
		    : "TLS handshake failed: closed by peer");
	switch (result) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return explain_alert(r, err);
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
		return tls_transport_obsolete("TLS 1.1 or older", err);
	case GNUTLS_E_PULL_ERROR:
		*err = r->failure;
		return wrap(err, "TLS handshake failed");
	case GNUTLS_E_DH_PRIME_UNACCEPTABLE:
		/* GnuTLS does not say which. */
		fail(err, EX_PROTOCOL, "TLS handshake failed: the server's "
		    "Diffie-Hellman prime is too short, or longer than GnuTLS "
		    "accepts");
		return hint(err, "if it is short, see tls_min_dh_prime_bits");
	default:
		return fail(err, EX_PROTOCOL, "TLS handshake failed: %s",
		    tls_transport_words(words, sizeof(words), result));
	}
}

/* Handles a result of record_recv() that ends the connection. */
static ssize_t
explain(const struct tls_transport *r, int result, struct error *err)
{
	char words[128];

	/* No close_notify: SMTP determines whether the input was complete,
	 * because its replies have a visible end. */
	if (was_cut(r, result))
		return 0;
	if (result == GNUTLS_E_PULL_ERROR && r->failure.code != 0) {
		*err = r->failure;
		return TRANSPORT_FAILED;
	}
	if (result == GNUTLS_E_FATAL_ALERT_RECEIVED)
		explain_alert(r, err);
	else
		fail(err, EX_PROTOCOL, "TLS failed: %s",
		    tls_transport_words(words, sizeof(words), result));
	return TRANSPORT_FAILED;
}

static ssize_t
record_read(struct transport *t, void *data, size_t n, struct error *err)
{
	struct tls_transport *r = (struct tls_transport *)t;
	struct error ignored;

	for (;;) {
		ssize_t got;

		r->starved = 0;
		got = gnutls_record_recv(r->session, data, n);
		if (got > 0)
			r->idle = 0;
		if (got >= 0)
			return got;
		if (got == GNUTLS_E_REHANDSHAKE)
			gnutls_alert_send(r->session, GNUTLS_AL_WARNING,
			    GNUTLS_A_NO_RENEGOTIATION);
		else if (gnutls_error_is_fatal((int)got))
			return explain(r, (int)got, err);
		/* A session ticket is reported as "again" while more input is
		 * available. */
		if (!r->starved)
			continue;
		/* The peer may wait for the library's own answer, such as that
		 * alert. Errors show in the next write. */
		if (r->out.len > 0)
			(void)tls_transport_drain(r, &ignored);
		return TRANSPORT_WANT_READ;
	}
}

static ssize_t
record_write(struct transport *t, const void *data, size_t n,
	struct error *err)
{
	struct tls_transport *r = (struct tls_transport *)t;
	char words[128];
	ssize_t put;

	if (r->out.len - r->sent >= OUT_MAX) {
		int want = tls_transport_drain(r, err);

		if (want != 0)
			return want;
	}
	put = gnutls_record_send(r->session, data, n);
	if (put >= 0)
		return put;
	return fail(err, EX_TEMPFAIL, "TLS failed: %s",
	    tls_transport_words(words, sizeof(words), (int)put));
}

static int
record_flush(struct transport *t, struct error *err)
{
	return tls_transport_drain((struct tls_transport *)t, err);
}

static void
record_close(struct transport *t)
{
	struct tls_transport *r = (struct tls_transport *)t;
	struct transport *lower = r->lower;
	struct error ignored;

	/* Does not wait: if data could not be sent, no close_notify is sent. */
	if (r->out.len == 0 && !r->broken) {
		gnutls_bye(r->session, GNUTLS_SHUT_WR);
		(void)tls_transport_drain(r, &ignored);
	}
	tls_transport_free(r);
	lower->close(lower);
}

int
tls_transport_new(struct tls_transport **record, struct transport *lower,
	struct error *err)
{
	struct tls_transport *r = xcalloc(1, sizeof(*r));
	char words[128];
	int result;

	r->lower = lower;
	result = gnutls_certificate_allocate_credentials(&r->credentials);
	if (result >= 0)
		result = gnutls_init(&r->session, GNUTLS_CLIENT |
		    GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);
	if (result < 0) {
		tls_transport_free(r);
		return fail(err, EX_SOFTWARE, "cannot start TLS: %s",
		    tls_transport_words(words, sizeof(words), result));
	}
	gnutls_credentials_set(r->session, GNUTLS_CRD_CERTIFICATE,
	    r->credentials);
	gnutls_transport_set_ptr(r->session, r);
	gnutls_transport_set_vec_push_function(r->session, push);
	gnutls_transport_set_pull_function(r->session, pull);
	gnutls_transport_set_pull_timeout_function(r->session, pull_timeout);
	r->transport.read = record_read;
	r->transport.write = record_write;
	r->transport.flush = record_flush;
	r->transport.close = record_close;
	r->transport.fd = lower->fd;
	r->transport.waits = lower->waits;
	*record = r;
	return 0;
}

void
tls_transport_free(struct tls_transport *r)
{
	if (r->session != NULL)
		gnutls_deinit(r->session);
	if (r->credentials != NULL)
		gnutls_certificate_free_credentials(r->credentials);
	buffer_free(&r->in);
	buffer_free(&r->out);
	free(r);
}
