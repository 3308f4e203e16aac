/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A TLS server that, after the handshake, sends records without data, of one
 * kind and without end: what a script cannot send without the session's keys.
 * Prints its port; serves until it is killed.
 *
 * usage: tls_flood CERTIFICATE KEY PRIORITY KIND MILLISECONDS
 */
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"

#define TAG 16       /* octets, of AES-GCM */
#define EXPLICIT 8  /* of the nonce, in a record of TLS 1.2 */

static void
put_number(unsigned char *at, size_t size, unsigned long long value)
{
	while (size-- > 0) {
		at[size] = (unsigned char)value;
		value >>= 8;
	}
}

/* Seals application data as RFC 8446 5.2 and RFC 5288 say; size may be 0,
 * which the library does not send. Returns the length of the record. */
static size_t
seal(gnutls_session_t session, unsigned long long number, const char *data,
    size_t size, unsigned char *record)
{
	int is_1_3 = gnutls_protocol_get_version(session) == GNUTLS_TLS1_3;
	size_t head = 5 + (is_1_3 ? 0 : EXPLICIT), sealed = 64;
	unsigned char text[2], nonce[12], known[13];
	gnutls_aead_cipher_hd_t cipher;
	gnutls_datum_t iv, key;

	if (gnutls_record_get_state(session, 0, NULL, &iv, &key, NULL) != 0 ||
	    gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_128_GCM,
	    &key) != 0)
		exit(70);
	memcpy(text, data, size);
	text[size] = 0x17; /* the type, in TLS 1.3 */
	memcpy(record, "\x17\x03\x03", 3);
	put_number(record + 3, 2, head - 5 + size + (size_t)is_1_3 + TAG);
	put_number(nonce, 4, 0);
	put_number(nonce + 4, 8, number);
	if (is_1_3) {
		for (size_t i = 0; i < sizeof(nonce); i++)
			nonce[i] ^= iv.data[i];
	} else {
		memcpy(nonce, iv.data, 4);
		memcpy(record + 5, nonce + 4, EXPLICIT);
	}
	put_number(known, 8, number);
	memcpy(known + 8, "\x17\x03\x03", 3);
	put_number(known + 11, 2, size);
	if (gnutls_aead_cipher_encrypt(cipher, nonce, sizeof(nonce),
	    is_1_3 ? record : known, is_1_3 ? 5 : sizeof(known), TAG, text,
	    size + (size_t)is_1_3, record + head, &sealed) != 0)
		exit(70);
	gnutls_aead_cipher_deinit(cipher);
	return head + sealed;
}

static int
send_data(gnutls_session_t session, const char *data, size_t size)
{
	static unsigned long long sent; /* records of our own */
	static gnutls_session_t of;
	unsigned char record[128], number[8];
	unsigned long long first = 0;
	size_t len;

	if (of != session)
		sent = 0;
	of = session;
	if (gnutls_record_get_state(session, 0, NULL, NULL, NULL, number) != 0)
		exit(70);
	for (size_t i = 0; i < sizeof(number); i++)
		first = first << 8 | number[i];
	len = seal(session, first + sent++, data, size, record);
	return send(gnutls_transport_get_int(session), record, len,
	    MSG_NOSIGNAL) == (ssize_t)len ? 0 : GNUTLS_E_PUSH_ERROR;
}

static int
send_empty(gnutls_session_t session)
{
	return send_data(session, "", 0);
}

static int
send_warning(gnutls_session_t session)
{
	return gnutls_alert_send(session, GNUTLS_AL_WARNING,
	    GNUTLS_A_USER_CANCELED);
}

static int
send_refusal(gnutls_session_t session)
{
	return gnutls_alert_send(session, GNUTLS_AL_WARNING,
	    GNUTLS_A_NO_RENEGOTIATION);
}

static int
send_hello_request(gnutls_session_t session)
{
	return gnutls_rehandshake(session);
}

static int
send_key_update(gnutls_session_t session)
{
	return gnutls_session_key_update(session, GNUTLS_KU_PEER);
}

static int
send_ticket(gnutls_session_t session)
{
	return gnutls_session_ticket_send(session, 1, 0);
}

/* A reply that never ends, each octet followed by an empty record. */
static int
send_octet(gnutls_session_t session)
{
	int sent = send_data(session, "2", 1);

	return sent < 0 ? sent : send_empty(session);
}

static const struct {
	const char *name;
	int (*send)(gnutls_session_t);
} kinds[] = {
	{ "empty", send_empty },
	{ "warning", send_warning },
	{ "refusal", send_refusal },
	{ "hello-request", send_hello_request },
	{ "key-update", send_key_update },
	{ "ticket", send_ticket },
	{ "octet", send_octet },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int
is_over(int result)
{
	return result < 0 && result != GNUTLS_E_AGAIN &&
	    result != GNUTLS_E_INTERRUPTED;
}

/* Takes and drops what the client says. Returns -1 at its end. */
static int
listen_to(gnutls_session_t session, int fd)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	char data[4096];
	int result;

	if (poll(&input, 1, 0) < 1)
		return 0;
	result = (int)gnutls_record_recv(session, data, sizeof(data));
	/* warnings and renegotiation are what this is about */
	return result == 0 || (result < 0 &&
	    gnutls_error_is_fatal(result)) ? -1 : 0;
}

static void
flood(gnutls_session_t session, int fd, size_t kind, int pause)
{
	unsigned long count = 0;
	int result;

	do
		result = gnutls_handshake(session);
	while (result < 0 && !gnutls_error_is_fatal(result));
	if (result < 0) {
		printf("handshake: %s\n", gnutls_strerror(result));
		return;
	}
	while (listen_to(session, fd) == 0) {
		result = kinds[kind].send(session);
		if (is_over(result))
			break;
		if (result >= 0 && count++ == 0) {
			puts("begun");
			fflush(stdout);
		}
		if (pause > 0)
			poll(NULL, 0, pause);
	}
	printf("%lu records: %s\n", count, result < 0
	    ? gnutls_strerror(result) : "the client has ended");
}

static void
serve(int fd, gnutls_certificate_credentials_t credentials,
    const char *priority, size_t kind, int pause)
{
	gnutls_session_t session;
	gnutls_datum_t key;

	if (gnutls_init(&session, GNUTLS_SERVER) != 0 ||
	    gnutls_priority_set_direct(session, priority, NULL) != 0 ||
	    gnutls_session_ticket_key_generate(&key) != 0)
		exit(70);
	gnutls_session_ticket_enable_server(session, &key);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session, fd);
	flood(session, fd, kind, pause);
	fflush(stdout);
	gnutls_free(key.data);
	gnutls_deinit(session);
	close(fd);
}

int
main(int argc, char **argv)
{
	gnutls_certificate_credentials_t credentials;
	size_t kind = 0;
	int listener, fd;

	if (argc != 6)
		return 64;
	while (kind < KINDS && strcmp(kinds[kind].name, argv[4]) != 0)
		kind++;
	if (kind == KINDS ||
	    gnutls_certificate_allocate_credentials(&credentials) != 0 ||
	    gnutls_certificate_set_x509_key_file(credentials, argv[1],
	    argv[2], GNUTLS_X509_FMT_PEM) < 0)
		return 64;
	signal(SIGPIPE, SIG_IGN);
	listener = listen_somewhere();
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		serve(fd, credentials, argv[3], kind, atoi(argv[5]));
	return 71;
}
