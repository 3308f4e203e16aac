/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/poll.h"
#include "base/trusted_file.h"
#include "format/domain.h"
#include "format/encode.h"
#include "net/wait_line.h"
#include "tls/ca_store.h"
#include "tls/certificate.h"
#include "tls/client_cert.h"
#include "tls/dane.h"
#include "tls/tls_transport.h"
#include "tls/tofu.h"
#include "tls/verify.h"

/* The library's constructor does nothing; tls_open() initialises the
 * library. */
GNUTLS_SKIP_GLOBAL_INIT

/*
 * Added to the system's priorities, or to GnuTLS's NORMAL, which still accept
 * TLS 1.0 and 1.1 and RSA keys of 1024 bits. Anything that the system disables
 * stays disabled.
 */
#define PRIORITIES "-VERS-TLS1.0:-VERS-TLS1.1:%PROFILE_MEDIUM"

/* The lists of large authorities have several tens of megabytes. */
#define CRL_MAX ((size_t)64 << 20)

/* A handshake in progress. */
struct handshake {
	struct tls_transport *record;
	const struct tls_policy *policy;
	struct tls_facts *facts;
	char name[256];       /* policy's, without a trailing dot */
	struct tofu_pin key;  /* of trust on first use */
	int is_new;           /* there is no pin yet */
	struct client_cert own;
	struct error verdict; /* why the peer is not trusted */
};

static int
copy_name(struct handshake *h, struct error *err)
{
	const char *name = h->policy->name != NULL ? h->policy->name : "";
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len >= sizeof(h->name))
		return fail(err, EX_CONFIG, "host name is too long for TLS");
	memcpy(h->name, name, len);
	h->name[len] = '\0';
	/* GnuTLS treats a missing name as matching any name. */
	if (len > 0 || !h->policy->verify || h->policy->fingerprints != NULL)
		return 0;
	return fail(err, EX_CONFIG, "no name to check the server's "
	    "certificate against: expected host or tls_host_override");
}

static int
set_priorities(const struct handshake *h, struct error *err)
{
	const char *wanted = h->policy->priorities;
	gnutls_session_t session = h->record->session;
	const char *at = NULL;
	char quote[ESCAPE_QUOTE], words[128];
	int result = wanted != NULL
	    ? gnutls_priority_set_direct(session, wanted, &at)
	    : gnutls_set_default_priority_append(session, PRIORITIES, &at, 0);

	if (h->policy->min_dh_prime_bits != 0)
		gnutls_dh_set_prime_bits(session,
		    h->policy->min_dh_prime_bits);
	if (result >= 0)
		return 0;
	return fail(err, EX_CONFIG, "%s: %s at \"%s\"",
	    wanted != NULL ? "tls_priorities" : "GnuTLS priorities",
	    tls_transport_words(words, sizeof(words), result),
	    escape_string(quote, sizeof(quote), at != NULL ? at : ""));
}

/* Certificates may come compressed (RFC 8879) where GnuTLS was built with zlib;
 * elsewhere this is refused and changes nothing. */
static void
offer_certificate_compression(gnutls_session_t session)
{
	static const gnutls_compression_method_t methods[] = {
	    GNUTLS_COMP_ZLIB };

	gnutls_compress_certificate_set_methods(session, methods, 1);
}

static int
load_client_key(struct handshake *h, struct error *err)
{
	const struct tls_policy *policy = h->policy;

	if (policy->key_file == NULL || policy->cert_file == NULL)
		return 0;
	h->own.key_file = policy->key_file;
	h->own.cert_file = policy->cert_file;
	h->own.password = policy->pin;
	return client_cert_load(h->record->credentials, &h->own, err);
}

static int
load_revocations(const struct handshake *h, struct error *err)
{
	struct trusted_file file = { .demand = TRUSTED_REGULAR };
	gnutls_datum_t text;
	char quote[ESCAPE_QUOTE], words[128];
	int result;

	if (h->policy->crl_file == NULL)
		return 0;
	escape_string(quote, sizeof(quote), h->policy->crl_file);
	if (trusted_file_require(&file, h->policy->crl_file, CRL_MAX,
	    err) != 0)
		return wrap(err, "cannot read tls_crl_file %s", quote);
	text.data = (unsigned char *)file.text.data;
	text.size = (unsigned)file.text.len;
	result = gnutls_certificate_set_x509_crl_mem(h->record->credentials,
	    &text, GNUTLS_X509_FMT_PEM);
	buffer_free(&file.text);
	if (result > 0)
		return 0;
	if (result == 0)
		return fail(err, EX_CONFIG, "no CRL found at %s", quote);
	return fail(err, EX_CONFIG, "cannot read tls_crl_file %s: %s", quote,
	    tls_transport_words(words, sizeof(words), result));
}

static int
judge_chain(struct handshake *h, gnutls_session_t session)
{
	if (ca_store_load(h->record->credentials, h->policy->trust_file,
	    session,
	    &h->verdict) != 0)
		return -1;
	return verify_server(session, h->name, NULL, &h->verdict);
}

static int
judge_key(struct handshake *h, gnutls_session_t session)
{
	int known = tofu_check(&h->key, session, &h->verdict);

	h->is_new = known == 0;
	if (known == 0 && h->policy->known_only) {
		fail(&h->verdict, EX_CONFIG, "the key of %s is not known, and "
		    "not recorded for options of a command line that others "
		    "can have written", h->key.server);
		return hint(&h->verdict, "set these options in the config "
		    "file, or connect once with onehop -S and the same "
		    "options");
	}
	return known < 0 ? -1 : 0;
}

static int
judge_records(struct handshake *h, gnutls_session_t session)
{
	return dane_check(h->policy->records, session,
	    h->record->credentials, h->name, &h->verdict);
}

static void
describe_certificate(gnutls_session_t session, struct tls_facts *facts)
{
	gnutls_x509_crt_t c = certificate_of_server(session);
	struct certificate_fingerprints f;
	struct buffer names = {0};

	if (c == NULL)
		return;
	certificate_name(facts->subject, sizeof(facts->subject), c,
	    CERTIFICATE_SUBJECT);
	certificate_name(facts->issuer, sizeof(facts->issuer), c,
	    CERTIFICATE_ISSUER);
	certificate_names(&names, c);
	snprintf(facts->names, sizeof(facts->names), "%s",
	    buffer_string(&names));
	buffer_free(&names);
	certificate_fingerprints(&f, c);
	memcpy(facts->sha256, f.sha256, sizeof(facts->sha256));
	memcpy(facts->spki_sha256, f.spki + strlen("spki:"),
	    sizeof(facts->spki_sha256));
	certificate_date(facts->not_before,
	    gnutls_x509_crt_get_activation_time(c));
	certificate_date(facts->not_after,
	    gnutls_x509_crt_get_expiration_time(c));
	gnutls_x509_crt_deinit(c);
}

/* Called by GnuTLS before it verifies that the server holds its key: TLS 1.3
 * does this before judge() is called. */
static int
judge_size(gnutls_session_t session, unsigned type, unsigned when,
	unsigned incoming, const gnutls_datum_t *message)
{
	struct handshake *h = gnutls_session_get_ptr(session);

	(void)type;
	(void)when;
	(void)incoming;
	(void)message;
	if (certificate_check_keys(session, &h->verdict) == 0)
		return 0;
	describe_certificate(session, h->facts);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* Called by GnuTLS once it has the server's certificate. */
static int
judge(gnutls_session_t session)
{
	static int (*const judges[])(struct handshake *, gnutls_session_t) = {
		[TLS_TRUST_CA] = judge_chain,
		[TLS_TRUST_TOFU] = judge_key,
		[TLS_TRUST_DANE] = judge_records,
	};
	struct handshake *h = gnutls_session_get_ptr(session);
	const struct tls_policy *policy = h->policy;
	int result = certificate_check_keys(session, &h->verdict);

	describe_certificate(session, h->facts);
	if (result != 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	if (policy->fingerprints != NULL)
		result = certificate_match(session, policy->fingerprints,
		    &h->verdict);
	else if (policy->verify)
		result = judges[policy->trust](h, session);
	return result == 0 ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static void
set_hook(gnutls_session_t session, gnutls_handshake_hook_func hook)
{
	gnutls_handshake_set_hook_function(session,
	    GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY, GNUTLS_HOOK_PRE, hook);
}

static int
prepare(struct handshake *h, struct error *err)
{
	gnutls_session_t session = h->record->session;

	if (h->policy->trust == TLS_TRUST_TOFU && tofu_make(&h->key,
	    h->policy->state, h->name, h->policy->port, err) != 0)
		return -1;
	if (set_priorities(h, err) != 0 ||
	    load_client_key(h, err) != 0 ||
	    load_revocations(h, err) != 0)
		return -1;
	if (h->name[0] != '\0' && !domain_is_ip(h->name))
		gnutls_server_name_set(session, GNUTLS_NAME_DNS, h->name,
		    strlen(h->name));
	offer_certificate_compression(session);
	gnutls_session_set_ptr(session, h);
	gnutls_session_set_verify_function(session, judge);
	set_hook(session, judge_size);
	return 0;
}

/* Sets err to the reason why the handshake failed. */
static int
explain(const struct handshake *h, int result, struct error *err)
{
	if (h->verdict.code == 0)
		return tls_transport_explain(h->record, result, err);
	*err = h->verdict;
	return -1;
}

/*
 * Returns whether only a change_cipher_spec is buffered. TLS 1.3 sends it for
 * middleboxes only (RFC 8446 D.4), so it can be sent with the next data.
 */
static int
can_wait(const struct tls_transport *r)
{
	return r->out.len == 6 && r->sent == 0 && r->out.data[0] == 20;
}

/* Sends the buffered data and waits for the peer. */
static int
await_peer(struct tls_transport *r, int64_t deadline, struct error *err)
{
	struct pollfd p = { r->lower->fd, POLLIN, 0 };
	int ready, want = can_wait(r) ? 0 : tls_transport_drain(r, err);

	if (want == TRANSPORT_WANT_WRITE)
		p.events |= POLLOUT;
	/* A failed write is not final: the peer may have sent the reason. */
	ready = wait_line_poll(r->lower->waits, &p, 1, deadline, err);
	if (ready == 0)
		return fail(err, EX_TEMPFAIL, "TLS handshake timed out");
	return ready < 0 ? -1 : 0;
}

static int
shake_hands(struct handshake *h, int64_t deadline, struct error *err)
{
	struct tls_transport *r = h->record;
	struct error ignored;
	int result;

	for (;;) {
		r->starved = 0;
		result = gnutls_handshake(r->session);
		if (result == 0) {
			set_hook(r->session, NULL); /* it refers to h */
			return 0;
		}
		if (gnutls_error_is_fatal(result))
			break;
		/* Warnings, such as unrecognized_name, are ignored. */
		if (r->starved && await_peer(r, deadline, err) != 0)
			return -1;
	}
	if (result == GNUTLS_E_CERTIFICATE_ERROR) {
		gnutls_alert_send_appropriate(r->session, result);
		(void)tls_transport_drain(r, &ignored);
	}
	return explain(h, result, err);
}

/* Refuses parameters that the user's own priority string may have enabled. */
static int
check_version(const struct tls_transport *r, struct error *err)
{
	gnutls_protocol_t version = gnutls_protocol_get_version(r->session);

	if (version >= GNUTLS_TLS1_2 && version <= GNUTLS_TLS1_3)
		return 0;
	return tls_transport_obsolete(gnutls_protocol_get_name(version), err);
}

static void
describe_session(gnutls_session_t session, struct tls_facts *facts)
{
	char *cipher = gnutls_session_get_desc(session);

	snprintf(facts->version, sizeof(facts->version), "%s",
	    gnutls_protocol_get_name(gnutls_protocol_get_version(session)));
	if (cipher != NULL)
		snprintf(facts->cipher, sizeof(facts->cipher), "%s", cipher);
	gnutls_free(cipher);
}

/* Pins the key of a first connection, now that the server has proved that it
 * holds the key. */
static int
record_key(struct handshake *h, struct error *err)
{
	return h->is_new ? tofu_record(&h->key, h->record->session,
	    h->facts->notice, sizeof(h->facts->notice), err) : 0;
}

/* Makes all checks that must pass before anything is sent in the session. */
static int
establish(struct handshake *h, int64_t deadline, struct error *err)
{
	if (prepare(h, err) != 0 || shake_hands(h, deadline, err) != 0 ||
	    check_version(h->record, err) != 0 || record_key(h, err) != 0)
		return -1;
	h->record->idle = 0;
	describe_session(h->record->session, h->facts);
	return 0;
}

int
tls_open(struct transport **upper, struct transport *lower,
	const struct tls_policy *policy, int64_t deadline,
	struct tls_facts *facts, struct error *err)
{
	struct handshake h = { .policy = policy, .facts = facts };
	int result;

	memset(facts, 0, sizeof(*facts));
	if (copy_name(&h, err) != 0)
		return -1;
	result = gnutls_global_init();
	if (result < 0)
		return fail(err, EX_SOFTWARE, "cannot start GnuTLS: %s",
		    gnutls_strerror(result));
	if (tls_transport_new(&h.record, lower, err) != 0)
		return -1;
	wait_line_begin(lower->waits, "the TLS handshake");
	result = establish(&h, deadline, err);
	wait_line_erase(lower->waits);
	tofu_free(&h.key);
	if (result == 0)
		*upper = &h.record->transport;
	else
		tls_transport_free(h.record);
	return result;
}

/* RFC 5929 3: the first Finished message. */
static int
add_unique(gnutls_session_t session, struct buffer *base64)
{
	gnutls_datum_t finished = {0};

	if (gnutls_session_channel_binding(session, GNUTLS_CB_TLS_UNIQUE,
	    &finished) < 0)
		return -1;
	base64_encode(base64, (const char *)finished.data, finished.size);
	gnutls_free(finished.data);
	return 0;
}

/* RFC 9266 2. */
static int
add_exporter(gnutls_session_t session, struct buffer *base64)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	char octets[32];

	if (gnutls_prf_rfc5705(session, sizeof(label) - 1, label, 0, NULL,
	    sizeof(octets), octets) < 0)
		return -1;
	return base64_encode(base64, octets, sizeof(octets));
}

int
tls_key_is_locked(const char *key_file)
{
	return client_cert_is_locked(key_file);
}

const char *
tls_channel_binding(struct transport *tls, struct buffer *base64)
{
	const struct tls_transport *r = (const struct tls_transport *)tls;

	if (gnutls_protocol_get_version(r->session) == GNUTLS_TLS1_3)
		return add_exporter(r->session, base64) == 0
		    ? "tls-exporter" : NULL;
	/* without extended master secret, two sessions may share it */
	if (gnutls_session_ext_master_secret_status(r->session) == 0)
		return NULL;
	return add_unique(r->session, base64) == 0 ? "tls-unique" : NULL;
}

const char *
tls_library_version(void)
{
	return gnutls_check_version(NULL);
}
