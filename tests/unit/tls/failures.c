/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each call of GnuTLS that can fail fails once, in each way to trust a server:
 * a server that is not to be trusted never is, and a failure is told. The
 * functions are defined here, before GnuTLS's own.
 */
#include "config.h"

#include "../unit.h"

#include <dlfcn.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/ocsp.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../certs.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "net/socket.h"
#include "tls/tls.h"
#include "tls/tlsa.h"

/* The call that fails: its name, which one; how many were seen. Only in the
 * client: the server is a child. */
static struct {
	const char *name;
	unsigned which, seen, all;
	pid_t client;
} strike;

static int
strikes(const char *name)
{
	if (strike.name == NULL || strcmp(strike.name, name) != 0 ||
	    getpid() != strike.client || ++strike.seen != strike.which)
		return 0;
	strike.all++;
	return 1;
}

/* GnuTLS's own function, of the type of f. */
#define REAL(f) ((__typeof__(&f))(uintptr_t)dlsym(RTLD_NEXT, #f))
#define REPLACE(f, parameters, arguments) \
	int \
	f parameters \
	{ \
		return strikes(#f) ? GNUTLS_E_MEMORY_ERROR \
		    : REAL(f) arguments; \
	}

REPLACE(gnutls_global_init, (void), ())
REPLACE(gnutls_init, (gnutls_session_t *s, unsigned flags), (s, flags))
REPLACE(gnutls_certificate_allocate_credentials,
    (gnutls_certificate_credentials_t *c), (c))
REPLACE(gnutls_credentials_set, (gnutls_session_t s,
    gnutls_credentials_type_t type, void *c), (s, type, c))
REPLACE(gnutls_set_default_priority_append, (gnutls_session_t s,
    const char *add, const char **at, unsigned flags), (s, add, at, flags))
REPLACE(gnutls_server_name_set, (gnutls_session_t s,
    gnutls_server_name_type_t type, const void *name, size_t n),
    (s, type, name, n))
REPLACE(gnutls_certificate_verify_peers, (gnutls_session_t s,
    gnutls_typed_vdata_st *data, unsigned n, unsigned *status),
    (s, data, n, status))
REPLACE(gnutls_x509_trust_list_add_cas, (gnutls_x509_trust_list_t list,
    const gnutls_x509_crt_t *cas, unsigned n, unsigned flags),
    (list, cas, n, flags))
REPLACE(gnutls_x509_crt_init, (gnutls_x509_crt_t *c), (c))
REPLACE(gnutls_x509_crt_import, (gnutls_x509_crt_t c,
    const gnutls_datum_t *data, gnutls_x509_crt_fmt_t format),
    (c, data, format))
REPLACE(gnutls_x509_crt_get_pk_algorithm, (gnutls_x509_crt_t c,
    unsigned *bits), (c, bits))
REPLACE(gnutls_x509_crt_get_fingerprint, (gnutls_x509_crt_t c,
    gnutls_digest_algorithm_t a, void *out, size_t *n), (c, a, out, n))
REPLACE(gnutls_x509_crt_get_key_id, (gnutls_x509_crt_t c, unsigned flags,
    unsigned char *out, size_t *n), (c, flags, out, n))
REPLACE(gnutls_x509_crt_get_dn3, (gnutls_x509_crt_t c, gnutls_datum_t *out,
    unsigned flags), (c, out, flags))
REPLACE(gnutls_x509_crt_get_issuer_dn3, (gnutls_x509_crt_t c,
    gnutls_datum_t *out, unsigned flags), (c, out, flags))
REPLACE(gnutls_pubkey_init, (gnutls_pubkey_t *key), (key))
REPLACE(gnutls_pubkey_import_x509, (gnutls_pubkey_t key, gnutls_x509_crt_t c,
    unsigned flags), (key, c, flags))
REPLACE(gnutls_pubkey_export2, (gnutls_pubkey_t key,
    gnutls_x509_crt_fmt_t format, gnutls_datum_t *out), (key, format, out))
REPLACE(gnutls_hash_fast, (gnutls_digest_algorithm_t a, const void *data,
    size_t n, void *out), (a, data, n, out))
REPLACE(gnutls_privkey_init, (gnutls_privkey_t *key), (key))
REPLACE(gnutls_certificate_set_x509_crl_mem,
    (gnutls_certificate_credentials_t c, const gnutls_datum_t *crl,
    gnutls_x509_crt_fmt_t format), (c, crl, format))
REPLACE(gnutls_prf_rfc5705, (gnutls_session_t s, size_t n, const char *label,
    size_t m, const char *context, size_t size, char *out),
    (s, n, label, m, context, size, out))
REPLACE(gnutls_session_channel_binding, (gnutls_session_t s,
    gnutls_channel_binding_t type, gnutls_datum_t *out), (s, type, out))

unsigned
gnutls_session_ext_master_secret_status(gnutls_session_t s)
{
	return strikes("gnutls_session_ext_master_secret_status") ? 0
	    : REAL(gnutls_session_ext_master_secret_status)(s);
}

const gnutls_datum_t *
gnutls_certificate_get_peers(gnutls_session_t s, unsigned *n)
{
	return strikes("gnutls_certificate_get_peers") ? NULL
	    : REAL(gnutls_certificate_get_peers)(s, n);
}

static const char *const calls[] = {
	"gnutls_global_init", "gnutls_init",
	"gnutls_certificate_allocate_credentials", "gnutls_credentials_set",
	"gnutls_set_default_priority_append", "gnutls_server_name_set",
	"gnutls_certificate_verify_peers", "gnutls_x509_trust_list_add_cas",
	"gnutls_x509_crt_init", "gnutls_x509_crt_import",
	"gnutls_x509_crt_get_pk_algorithm",
	"gnutls_x509_crt_get_fingerprint", "gnutls_x509_crt_get_key_id",
	"gnutls_x509_crt_get_dn3", "gnutls_x509_crt_get_issuer_dn3",
	"gnutls_pubkey_init", "gnutls_pubkey_import_x509",
	"gnutls_pubkey_export2", "gnutls_hash_fast", "gnutls_privkey_init",
	"gnutls_certificate_set_x509_crl_mem", "gnutls_certificate_get_peers",
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* A way to trust servers, one that it trusts and one that it does not. */
struct way {
	struct tls_policy policy;
	enum cert good[3], bad[3];
};

static char state_directory[] = "/tmp/onehop-failures-XXXXXX";
static char hash[65];
static const char *prints[] = { hash, NULL };
static struct tlsa_records tlsa_ee, tlsa_ta;

static void
set_record(struct tlsa_records *r, unsigned usage, enum cert cert)
{
	char hex[65];

	r->status = TLSA_SECURE;
	r->n = 1;
	r->at[0] = (struct tlsa){ usage, 1, 1, xmalloc(32), 32 };
	certs_hash(hex, cert, HASH_SPKI);
	for (int i = 0; i < 32; i++)
		sscanf(hex + 2 * i, "%2hhx", &r->at[0].data[i]);
}

static size_t
make_ways(struct way *ways)
{
	static const enum cert root[] = { ROOT, NO_CERT };
	static const enum cert client[] = { CLIENT, NO_CERT };
	const char *store = certs_write("root.pem", root);
	const struct tls_policy base = { .name = "mail.test", .verify = 1,
		.port = 465, .trust_file = store, .state = state_directory };
	size_t n = 0;

	certs_hash(hash, GOOD, HASH_SHA256);
	set_record(&tlsa_ee, 3, GOOD);
	set_record(&tlsa_ta, 2, INTER);
	ways[n++] = (struct way){ base, { GOOD, INTER },
	    { OTHER_NAME, INTER } };
	ways[n++] = (struct way){ base, { GOOD, INTER }, { SELF } };
	ways[n++] = (struct way){ base, { GOOD, INTER }, { EXPIRED, INTER } };
	ways[n++] = (struct way){ base, { GOOD, INTER }, { REVOKED, INTER } };
	ways[n - 1].policy.crl_file = certs_write_crl("crl.pem");
	ways[n++] = (struct way){ base, { GOOD, INTER }, { CN_ONLY, INTER } };
	ways[n - 1].policy.key_file = certs_write_key("key.pem", CLIENT, NULL);
	ways[n - 1].policy.cert_file = certs_write("client.pem", client);
	ways[n++] = (struct way){ base, { GOOD, INTER }, { WILD, INTER } };
	ways[n - 1].policy.fingerprints = prints;
	ways[n++] = (struct way){ base, { GOOD }, { SELF } };
	ways[n - 1].policy.trust = TLS_TRUST_TOFU;
	ways[n++] = (struct way){ base, { GOOD }, { SELF } };
	ways[n - 1].policy.trust = TLS_TRUST_DANE;
	ways[n - 1].policy.records = &tlsa_ee;
	ways[n++] = (struct way){ base, { GOOD, INTER },
	    { OTHER_NAME, INTER } };
	ways[n - 1].policy.trust = TLS_TRUST_DANE;
	ways[n - 1].policy.records = &tlsa_ta;
	return n;
}

/* Visits with the k-th of that call failing. Returns whether there was one. */
static int
visit(const struct way *w, const char *name, unsigned k)
{
	struct tls_facts facts;
	struct error err = {0};
	int result;

	for (int bad = 0; bad < 2; bad++) {
		strike.which = k;
		strike.seen = 0;
		strike.name = name;
		result = certs_visit(&w->policy, bad ? w->bad : w->good,
		    &facts, &err);
		strike.name = NULL;
		if (bad && result == 0)
			fail_msg("trusted: way %d, %s fails for the %u. time",
			    w->bad[0], name, k);
		if (result != 0)
			assert_true(err.code != 0 && err.text[0] != '\0');
	}
	return strike.seen >= k;
}

static void
whatever_fails_no_stranger_is_trusted(void **state)
{
	struct way ways[16];
	struct tls_facts facts;
	struct error err;
	size_t n = make_ways(ways);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		/* for TOFU this is the first contact */
		if (certs_visit(&ways[i].policy, ways[i].good, &facts, &err)
		    != 0)
			fail_msg("%s", err.text);
		assert_int_equal(certs_visit(&ways[i].policy, ways[i].bad,
		    &facts, &err), -1);
		for (size_t c = 0; c < CALLS; c++)
			for (unsigned k = 1; visit(&ways[i], calls[c], k); k++)
				assert_true(k < 50);
	}
	assert_true(strike.all > n * 5);
	free(tlsa_ee.at[0].data);
	free(tlsa_ta.at[0].data);
}

/* A key that cannot be recorded is no reason to trust it unseen. */
static void
a_first_contact_that_cannot_be_read_is_refused(void **state)
{
	struct tls_policy policy = { .name = "first.test", .verify = 1,
		.port = 465, .state = state_directory,
		.trust = TLS_TRUST_TOFU, .trust_file = "system" };
	static const enum cert chain[] = { GOOD, INTER, NO_CERT };
	struct tls_facts facts;
	struct error err = {0};

	(void)state;
	for (size_t c = 0; c < CALLS; c++)
		for (unsigned k = 1; k < 50; k++) {
			char path[128];

			snprintf(path, sizeof(path), "%s/pins/first.test:465",
			    state_directory);
			unlink(path);
			strike.which = k;
			strike.seen = 0;
			strike.name = calls[c];
			if (certs_visit(&policy, chain, &facts, &err) == 0)
				assert_int_equal(access(path, R_OK), 0);
			strike.name = NULL;
			if (strike.seen < k)
				break;
		}
}

/* Without a binding there is none: not an empty one. */
static void
a_binding_that_fails_is_none(void **state)
{
	static const enum cert root[] = { ROOT, NO_CERT };
	static const enum cert chain[] = { GOOD, INTER, NO_CERT };
	static const struct {
		enum server kind;
		const char *call;
	} bindings[] = {
		{ SERVER_ECHOES, "gnutls_prf_rfc5705" },
		{ SERVER_TLS12, "gnutls_session_channel_binding" },
		{ SERVER_TLS12, "gnutls_session_ext_master_secret_status" },
	};
	const struct tls_policy policy = { .name = "mail.test", .verify = 1,
		.trust_file = certs_write("root.pem", root) };

	(void)state;
	for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
		struct transport *lower, *upper;
		struct buffer base64 = {0};
		struct tls_facts facts;
		struct error err = {0};
		int fd;
		pid_t child = certs_serve(&fd, bindings[i].kind, chain);

		lower = socket_transport(fd);
		assert_int_equal(tls_open(&upper, lower, &policy,
		    deadline_in(20000), &facts, &err), 0);
		assert_non_null(tls_channel_binding(upper, &base64));
		assert_int_not_equal(base64.len, 0);
		buffer_clear(&base64);
		strike.name = bindings[i].call;
		strike.which = 1;
		strike.seen = 0;
		assert_null(tls_channel_binding(upper, &base64));
		strike.name = NULL;
		assert_int_equal(base64.len, 0);
		buffer_free(&base64);
		upper->close(upper);
		waitpid(child, NULL, 0);
	}
}

static int
set_up(void **state)
{
	strike.client = getpid();
	assert_non_null(mkdtemp(state_directory));
	return certs_make(state);
}

static int
tear_down(void **state)
{
	int status = remove_tree(state_directory);

	return certs_free(state) != 0 || status != 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_fails_no_stranger_is_trusted),
		cmocka_unit_test(
		    a_first_contact_that_cannot_be_read_is_refused),
		cmocka_unit_test(a_binding_that_fails_is_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
