/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit.h"

#include "certs.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/poll.h"
#include "net/socket.h"

#define DAY 86400

static const struct {
	const char *cn;
	const char *dns;         /* or NULL */
	enum cert issuer;        /* NO_CERT: itself */
	int from, to;            /* days from now */
} plans[DEEP_FIRST] = {
	[ROOT] = { "Root", NULL, NO_CERT, -9, 9 },
	[OTHER_ROOT] = { "Other Root", NULL, NO_CERT, -9, 9 },
	[CROSS_ROOT] = { "Root", NULL, OTHER_ROOT, -9, 9 },
	[INTER] = { "Intermediate", NULL, ROOT, -9, 9 },
	[GOOD] = { "Good", "mail.test", INTER, -9, 9 },
	[EXPIRED] = { "Expired", "mail.test", INTER, -9, -1 },
	[EARLY] = { "Early", "mail.test", INTER, 1, 9 },
	[OTHER_NAME] = { "mail.test", "other.test", INTER, -9, 9 },
	[CN_ONLY] = { "mail.test", NULL, INTER, -9, 9 },
	[WILD] = { "Wild", "*.mail.test", INTER, -9, 9 },
	[WILD_TLD] = { "Wilder", "*.test", INTER, -9, 9 },
	[IP] = { "Address", NULL, INTER, -9, 9 },
	[CLIENT] = { "Client", "mail.test", INTER, -9, 9 },
	[WEAK] = { "Weak", "mail.test", INTER, -9, 9 },
	[SHA1] = { "Sha", "mail.test", INTER, -9, 9 },
	[SELF] = { "Self", "mail.test", NO_CERT, -9, 9 },
	[REVOKED] = { "Revoked", "mail.test", INTER, -9, 9 },
	[MUST_STAPLE] = { "Staple", "mail.test", INTER, -9, 9 },
	[RENEWED] = { "Renewed", "mail.test", INTER, -9, 9 },
	[SIBLINGS] = { "Siblings", "imap.com.au", INTER, -9, 9 },
	[EXPIRED_CA] = { "Old", NULL, ROOT, -9, -1 },
	[OF_EXPIRED_CA] = { "Older", "mail.test", EXPIRED_CA, -9, 9 },
};

static struct {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
} made[CERTS];
static char scratch[64];
static char paths[64][128];
static unsigned npaths;

#define OK(call) assert_true((call) >= 0)

static int
is_ca(enum cert cert)
{
	return cert <= INTER || cert == EXPIRED_CA ||
	    (cert >= DEEP_FIRST && cert < DEEP_LEAF);
}

static void
make_key(enum cert cert)
{
	gnutls_x509_privkey_t key;

	OK(gnutls_x509_privkey_init(&key));
	if (cert == CROSS_ROOT)
		OK(gnutls_x509_privkey_cpy(key, made[ROOT].key));
	else if (cert == RENEWED)
		OK(gnutls_x509_privkey_cpy(key, made[GOOD].key));
	else if (cert == WEAK)
		OK(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 1024, 0));
	else
		OK(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	made[cert].key = key;
}

/* OCSP must-staple: RFC 7633, feature status_request. */
static void
demand_staple(gnutls_x509_crt_t crt)
{
	gnutls_x509_tlsfeatures_t features;

	OK(gnutls_x509_tlsfeatures_init(&features));
	OK(gnutls_x509_tlsfeatures_add(features, 5));
	OK(gnutls_x509_crt_set_tlsfeatures(crt, features));
	gnutls_x509_tlsfeatures_deinit(features);
}

/* Further names of SIBLINGS. */
static void
add_names(gnutls_x509_crt_t crt)
{
	static const char *const names[] = { "imap.mail.au", "imap.abc.org" };

	for (size_t i = 0; i < 2; i++)
		OK(gnutls_x509_crt_set_subject_alt_name(crt,
		    GNUTLS_SAN_DNSNAME, names[i], (unsigned)strlen(names[i]),
		    GNUTLS_FSAN_APPEND));
	OK(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_URI,
	    "imap.uri.au", strlen("imap.uri.au"), GNUTLS_FSAN_APPEND));
}

static void
set_extensions(enum cert cert, gnutls_x509_crt_t crt, const char *dns)
{
	static const unsigned char address[] = { 127, 0, 0, 1 };

	OK(gnutls_x509_crt_set_basic_constraints(crt, (unsigned)is_ca(cert),
	    -1));
	OK(gnutls_x509_crt_set_key_usage(crt, is_ca(cert)
	    ? (unsigned)GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
	    : (unsigned)GNUTLS_KEY_DIGITAL_SIGNATURE));
	if (dns != NULL)
		OK(gnutls_x509_crt_set_subject_alt_name(crt,
		    GNUTLS_SAN_DNSNAME, dns, (unsigned)strlen(dns),
		    GNUTLS_FSAN_SET));
	if (cert == IP)
		OK(gnutls_x509_crt_set_subject_alt_name(crt,
		    GNUTLS_SAN_IPADDRESS, address, sizeof(address),
		    GNUTLS_FSAN_SET));
	if (cert == MUST_STAPLE)
		demand_staple(crt);
	if (cert == SIBLINGS)
		add_names(crt);
	if (!is_ca(cert))
		OK(gnutls_x509_crt_set_key_purpose_oid(crt, cert == CLIENT
		    ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER, 0));
}

static void
make_cert(enum cert cert)
{
	int deep = cert >= DEEP_FIRST;
	enum cert issuer = cert == DEEP_FIRST ? ROOT
	    : deep ? cert - 1 : plans[cert].issuer;
	int from = deep ? -9 : plans[cert].from;
	int to = deep ? 9 : plans[cert].to;
	unsigned char serial[] = { 1, (unsigned char)cert };
	char cn[32];
	gnutls_x509_crt_t crt;

	snprintf(cn, sizeof(cn), "Deep %d", cert);
	if (!deep)
		snprintf(cn, sizeof(cn), "%s", plans[cert].cn);
	make_key(cert);
	OK(gnutls_x509_crt_init(&crt));
	made[cert].crt = crt;
	OK(gnutls_x509_crt_set_version(crt, 3));
	OK(gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)));
	OK(gnutls_x509_crt_set_activation_time(crt, time(NULL) + from * DAY));
	OK(gnutls_x509_crt_set_expiration_time(crt, time(NULL) + to * DAY));
	OK(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
	    cn, (unsigned)strlen(cn)));
	OK(gnutls_x509_crt_set_key(crt, made[cert].key));
	set_extensions(cert, crt, cert == DEEP_LEAF ? "mail.test"
	    : deep ? NULL : plans[cert].dns);
	if (issuer == NO_CERT)
		issuer = cert;
	OK(gnutls_x509_crt_sign2(crt, made[issuer].crt, made[issuer].key,
	    cert == SHA1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256, 0));
}

int
certs_make(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	signals_reset();
	gnutls_global_init();
	snprintf(scratch, sizeof(scratch), "%.32s/onehop-certs-XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	assert_non_null(mkdtemp(scratch));
	for (int cert = ROOT; cert < CERTS; cert++)
		make_cert((enum cert)cert);
	return 0;
}

int
certs_free(void **state)
{
	(void)state;
	for (unsigned i = 0; i < npaths; i++)
		unlink(paths[i]);
	npaths = 0;
	rmdir(scratch);
	for (int cert = ROOT; cert < CERTS; cert++) {
		gnutls_x509_crt_deinit(made[cert].crt);
		gnutls_x509_privkey_deinit(made[cert].key);
	}
	return 0;
}

static FILE *
create(const char *name, const char **path)
{
	char *text = paths[npaths++];
	FILE *file;

	assert_true(npaths < 64);
	snprintf(text, sizeof(paths[0]), "%s/%s", scratch, name);
	*path = text;
	file = fopen(text, "w");
	assert_non_null(file);
	return file;
}

static void
put(FILE *file, gnutls_datum_t *pem)
{
	fwrite(pem->data, 1, pem->size, file);
	gnutls_free(pem->data);
}

const char *
certs_write(const char *name, const enum cert *list)
{
	const char *path;
	FILE *file = create(name, &path);
	gnutls_datum_t pem;

	fputs("A comment - and -----BEGIN nothing.\n", file);
	for (; *list != NO_CERT; list++) {
		OK(gnutls_x509_crt_export2(made[*list].crt,
		    GNUTLS_X509_FMT_PEM, &pem));
		put(file, &pem);
	}
	fclose(file);
	return path;
}

const char *
certs_write_key(const char *name, enum cert cert, const char *password)
{
	const char *path;
	FILE *file = create(name, &path);
	gnutls_datum_t pem;

	OK(gnutls_x509_privkey_export2_pkcs8(made[cert].key,
	    GNUTLS_X509_FMT_PEM, password, password != NULL
	    ? GNUTLS_PKCS_PBES2_AES_256 : GNUTLS_PKCS_PLAIN, &pem));
	put(file, &pem);
	fclose(file);
	OK(chmod(path, 0600));
	return path;
}

const char *
certs_write_crl(const char *name)
{
	const char *path;
	FILE *file = create(name, &path);
	gnutls_x509_crl_t crl;
	gnutls_datum_t pem;

	OK(gnutls_x509_crl_init(&crl));
	OK(gnutls_x509_crl_set_version(crl, 2));
	OK(gnutls_x509_crl_set_this_update(crl, time(NULL) - DAY));
	OK(gnutls_x509_crl_set_next_update(crl, time(NULL) + DAY));
	OK(gnutls_x509_crl_set_crt(crl, made[REVOKED].crt, time(NULL) - DAY));
	OK(gnutls_x509_crl_set_number(crl, "\1", 1));
	OK(gnutls_x509_crl_sign2(crl, made[INTER].crt, made[INTER].key,
	    GNUTLS_DIG_SHA256, 0));
	OK(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem));
	put(file, &pem);
	gnutls_x509_crl_deinit(crl);
	fclose(file);
	return path;
}

void
certs_hash(char out[65], enum cert cert, enum cert_hash of)
{
	unsigned char octets[32];
	size_t len = sizeof(octets);

	if (of == HASH_SPKI)
		OK(gnutls_x509_crt_get_key_id(made[cert].crt,
		    GNUTLS_KEYID_USE_SHA256, octets, &len));
	else
		OK(gnutls_x509_crt_get_fingerprint(made[cert].crt,
		    of == HASH_SHA1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256,
		    octets, &len));
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", octets[i]);
}

unsigned char *
certs_export(size_t *len, enum cert cert, enum cert_hash of)
{
	gnutls_datum_t der;
	gnutls_pubkey_t key;
	unsigned char *copy;

	OK(gnutls_pubkey_init(&key));
	OK(gnutls_pubkey_import_x509(key, made[cert].crt, 0));
	if (of == HASH_SPKI)
		OK(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der));
	else
		OK(gnutls_x509_crt_export2(made[cert].crt,
		    GNUTLS_X509_FMT_DER, &der));
	gnutls_pubkey_deinit(key);
	copy = malloc(der.size);
	assert_non_null(copy);
	memcpy(copy, der.data, der.size);
	gnutls_free(der.data);
	*len = der.size;
	return copy;
}

/* The chain as it is: no sorting, no check that the server's side may make. */
static int
show_chain(gnutls_session_t session, const gnutls_datum_t *issuers,
    int nissuers, const gnutls_pk_algorithm_t *algorithms, int nalgorithms,
    gnutls_pcert_st **shown, unsigned *count, gnutls_privkey_t *key)
{
	static gnutls_pcert_st list[CHAIN_MAX];
	const enum cert *chain = gnutls_session_get_ptr(session);

	(void)issuers;
	(void)nissuers;
	(void)algorithms;
	(void)nalgorithms;
	gnutls_privkey_init(key);
	gnutls_privkey_import_x509(*key, made[chain[0]].key,
	    GNUTLS_PRIVKEY_IMPORT_COPY);
	for (*count = 0; chain[*count] != NO_CERT; ++*count)
		gnutls_pcert_import_x509(&list[*count],
		    made[chain[*count]].crt, 0);
	*shown = list;
	return 0;
}

static const char *
priorities(enum server kind)
{
	switch (kind) {
	case SERVER_OLD_TLS:
		return "NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1:"
		    "%VERIFY_ALLOW_SIGN_WITH_SHA1";
	case SERVER_TLS12:
	case SERVER_FLOODS_HELLOS:
		return "NORMAL:-VERS-ALL:+VERS-TLS1.2";
	default:
		return "NORMAL";
	}
}

static void
talk(gnutls_session_t session, enum server kind)
{
	char text[16384];
	ssize_t n;

	if (kind >= SERVER_FLOODS_ALERTS) {
		while ((kind == SERVER_FLOODS_ALERTS
		    ? gnutls_alert_send(session, GNUTLS_AL_WARNING,
		    GNUTLS_A_USER_CANCELED) : kind == SERVER_FLOODS_KEYS
		    ? gnutls_session_key_update(session, 0)
		    : gnutls_rehandshake(session)) >= 0)
			continue;
		return;
	}
	if (kind == SERVER_TRUNCATES) {
		gnutls_record_send(session, "220 x", 5);
		return;
	}
	while ((n = gnutls_record_recv(session, text, sizeof(text))) > 0)
		gnutls_record_send(session, text, (size_t)n);
	gnutls_bye(session, GNUTLS_SHUT_WR);
}

static void
serve(int fd, enum server kind, const enum cert *chain)
{
	static const char warning[] = "\x15\x03\x03\x00\x02\x01\x70";
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	int result;

	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_certificate_set_retrieve_function2(credentials, show_chain);
	gnutls_init(&session, GNUTLS_SERVER);
	gnutls_priority_set_direct(session, priorities(kind), NULL);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_session_set_ptr(session, (void *)(uintptr_t)chain);
	gnutls_transport_set_int(session, fd);
	if (kind == SERVER_ASKS_FOR_CERT)
		gnutls_certificate_server_set_request(session,
		    GNUTLS_CERT_REQUIRE);
	if (kind == SERVER_WARNS && write(fd, warning,
	    sizeof(warning) - 1) < 0)
		_exit(1);
	do
		result = gnutls_handshake(session);
	while (result < 0 && !gnutls_error_is_fatal(result));
	if (result == 0)
		talk(session, kind);
	else
		gnutls_alert_send_appropriate(session, result);
	shutdown(fd, SHUT_WR);
	while (read(fd, &result, 1) > 0)
		;
	_exit(0);
}

pid_t
certs_serve(int *fd, enum server kind, const enum cert *chain)
{
	int ends[2];
	pid_t child;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		serve(ends[1], kind, chain);
	}
	close(ends[1]);
	*fd = ends[0];
	return child;
}

int
certs_visit(const struct tls_policy *policy, const enum cert *chain,
	struct tls_facts *facts, struct error *err)
{
	struct transport *lower, *upper;
	int fd, result;
	pid_t child = certs_serve(&fd, SERVER_ECHOES, chain);

	memset(err, 0, sizeof(*err));
	lower = socket_transport(fd);
	result = tls_open(&upper, lower, policy, deadline_in(20000), facts,
	    err);
	if (result == 0)
		upper->close(upper);
	else
		lower->close(lower);
	waitpid(child, NULL, 0);
	return result;
}
