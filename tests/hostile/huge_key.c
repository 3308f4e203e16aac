/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A TLS server with an RSA key so large that a signature takes minutes to
 * verify. It does not have the private key: its signatures are of no value.
 * The key is the server's own, or that of the certificate's issuer. Prints its
 * port; serves until it is killed.
 *
 * usage: huge_key PRIORITY own|issuer BITS BITS-OF-EXPONENT
 */
#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "listen.h"

#define OCTETS_MAX 65536
#define YEAR (365 * 24 * 60 * 60)

static struct {
	unsigned bits;
	gnutls_pubkey_t public;
	gnutls_x509_privkey_t small;
	gnutls_privkey_t private; /* the one that the server signs with */
	gnutls_pcert_st chain[2];
	unsigned length;
} server;

static void
need(int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "huge_key: %s\n", gnutls_strerror(result));
	exit(70);
}

static int
sign(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *data,
	unsigned flags, const gnutls_datum_t *text, gnutls_datum_t *signature)
{
	(void)key;
	(void)algorithm;
	(void)data;
	(void)flags;
	(void)text;
	signature->size = server.bits / 8;
	signature->data = gnutls_malloc(signature->size);
	if (signature->data == NULL)
		return GNUTLS_E_MEMORY_ERROR;
	memset(signature->data, 0x55, signature->size);
	return 0;
}

static int
sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *data,
	unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
	return sign(key, algorithm, data, flags, hash, signature);
}

static int
describe(gnutls_privkey_t key, unsigned flags, void *data)
{
	(void)key;
	(void)data;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return GNUTLS_PK_RSA;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return (int)server.bits;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return 1;
	return -1;
}

/* Makes a public key of odd numbers. */
static void
make_public(unsigned bits, unsigned exponent_bits)
{
	static unsigned char modulus[OCTETS_MAX], exponent[OCTETS_MAX];
	gnutls_datum_t m = { modulus, bits / 8 };
	gnutls_datum_t e = { exponent, exponent_bits / 8 };

	if (m.size < 1 || m.size > OCTETS_MAX || e.size < 1 ||
	    e.size > OCTETS_MAX)
		exit(64);
	memset(modulus, 0xdb, m.size);
	memset(exponent, 0xb7, e.size);
	need(gnutls_pubkey_init(&server.public));
	need(gnutls_pubkey_import_rsa_raw(server.public, &m, &e));
	server.bits = bits;
}

/* A certificate with that key that says to be issued by issuer. */
static gnutls_x509_crt_t
make_certificate(const char *name, gnutls_pubkey_t key,
	gnutls_x509_crt_t issuer)
{
	gnutls_x509_crt_t made;

	need(gnutls_x509_crt_init(&made));
	need(gnutls_x509_crt_set_version(made, 3));
	need(gnutls_x509_crt_set_serial(made, "\1", 1));
	need(gnutls_x509_crt_set_activation_time(made, time(NULL) - YEAR));
	need(gnutls_x509_crt_set_expiration_time(made, time(NULL) + YEAR));
	need(gnutls_x509_crt_set_dn_by_oid(made, GNUTLS_OID_X520_COMMON_NAME,
	    0, name, (unsigned)strlen(name)));
	need(gnutls_x509_crt_set_subject_alt_name(made, GNUTLS_SAN_DNSNAME,
	    name, (unsigned)strlen(name), GNUTLS_FSAN_SET));
	need(gnutls_x509_crt_set_pubkey(made, key));
	need(gnutls_x509_crt_sign2(made, issuer != NULL ? issuer : made,
	    server.small, GNUTLS_DIG_SHA256, 0));
	return made;
}

static void
make_chain(int is_own)
{
	gnutls_pubkey_t small;
	gnutls_privkey_t key;
	gnutls_x509_crt_t own, issuer, signer;

	need(gnutls_x509_privkey_init(&server.small));
	need(gnutls_x509_privkey_generate(server.small, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	need(gnutls_privkey_init(&key));
	need(gnutls_privkey_import_x509(key, server.small, 0));
	need(gnutls_pubkey_init(&small));
	need(gnutls_pubkey_import_privkey(small, key, 0, 0));
	server.private = key;
	signer = make_certificate("issuer.test", small, NULL);
	issuer = make_certificate("issuer.test", server.public, signer);
	own = make_certificate("mail.test", is_own ? server.public : small,
	    signer);
	if (is_own) {
		need(gnutls_privkey_init(&server.private));
		need(gnutls_privkey_import_ext4(server.private, NULL, sign,
		    sign_hash, NULL, NULL, describe, 0));
	}
	need(gnutls_pcert_import_x509(&server.chain[0], own, 0));
	need(gnutls_pcert_import_x509(&server.chain[1], issuer, 0));
	server.length = is_own ? 1 : 2;
}

static int
show(gnutls_session_t session, const gnutls_datum_t *issuers, int nissuers,
	const gnutls_pk_algorithm_t *algorithms, int nalgorithms,
	gnutls_pcert_st **chain, unsigned *length, gnutls_privkey_t *key)
{
	(void)session;
	(void)issuers;
	(void)nissuers;
	(void)algorithms;
	(void)nalgorithms;
	*chain = server.chain;
	*length = server.length;
	*key = server.private;
	return 0;
}

static void
serve(int fd, const char *priority)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	char octet;
	int result;

	need(gnutls_certificate_allocate_credentials(&credentials));
	gnutls_certificate_set_retrieve_function2(credentials, show);
	need(gnutls_init(&session, GNUTLS_SERVER));
	need(gnutls_priority_set_direct(session, priority, NULL));
	need(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
	    credentials));
	gnutls_transport_set_int(session, fd);
	do
		result = gnutls_handshake(session);
	while (result < 0 && !gnutls_error_is_fatal(result));
	printf("%s\n", gnutls_strerror(result));
	fflush(stdout);
	while (read(fd, &octet, 1) > 0)
		continue;
	_Exit(0);
}

int
main(int argc, char **argv)
{
	int listener, fd;

	if (argc != 5)
		return 64;
	make_public((unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
	make_chain(strcmp(argv[2], "own") == 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	listener = listen_somewhere();
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0)
			serve(fd, argv[1]);
		close(fd);
	}
	return 71;
}
