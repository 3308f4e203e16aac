/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tls/client_cert.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/ascii.h"
#include "base/escape.h"
#include "base/trusted_file.h"
#include "tls/tls_transport.h"

/* Maximum number of certificates to present. */
#define CHAIN_MAX 16
/* Maximum size of a key, or of a chain of certificates, octets. */
#define FILE_MAX ((size_t)1 << 20)

int
client_cert_is_token(const char *file)
{
	return gnutls_url_is_supported(file) != 0;
}

int
client_cert_is_locked(const char *key_file)
{
	/* PKCS #8, and the earlier format of OpenSSL (RFC 1421 4.6.1.1). */
	static const char *const marks[] = {
		"-----BEGIN ENCRYPTED PRIVATE KEY-----",
		"Proc-Type: 4,ENCRYPTED"
	};
	struct trusted_file file = { .demand = TRUSTED_SECRET };
	struct error ignored = {0};
	int locked = 0;

	if (client_cert_is_token(key_file))
		return strstr(key_file, "pin-value=") == NULL;
	if (trusted_file_require(&file, key_file, FILE_MAX, &ignored) != 0)
		return 0;
	buffer_add_char(&file.text, '\0');
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		locked |= strstr(file.text.data, marks[i]) != NULL;
	buffer_free(&file.text);
	return locked;
}

/* A PIN is offered once: three wrong ones lock a token. */
static int
give_pin(void *argument, int attempt, const char *url, const char *label,
	unsigned flags, char *pin, size_t size)
{
	const struct client_cert *own = argument;
	size_t len = own->password != NULL ? strlen(own->password) : 0;

	(void)url;
	(void)label;
	if (len == 0 || len >= size || attempt > 0 ||
	    (flags & GNUTLS_PIN_WRONG))
		return -1;
	memcpy(pin, own->password, len + 1);
	return 0;
}

/* Sets err to the reason why the file or token cannot be used. */
static int
explain(const struct client_cert *own, const char *file, int result,
	struct error *err)
{
	char words[128];

	switch (result) {
	case GNUTLS_E_DECRYPTION_FAILED:
	case GNUTLS_E_PKCS11_PIN_ERROR:
		break;
	case GNUTLS_E_PKCS11_PIN_LOCKED:
		fail(err, EX_CONFIG, "its PIN is locked");
		return hint(err, "ask the security officer of the token to "
		    "unlock it");
	default:
		fail(err, EX_CONFIG, "%s",
		    tls_transport_words(words, sizeof(words), result));
		if (!client_cert_is_token(file))
			return -1;
		return hint(err, "check that the module of the token is "
		    "installed; see p11tool --list-all");
	}
	if (own->password != NULL)
		return fail(err, EX_CONFIG, "the password or PIN is wrong");
	fail(err, EX_CONFIG, "no password or PIN configured");
	return hint(err, "set tls_key_passwordeval to a command that prints "
	    "it");
}

static int
read_key(gnutls_privkey_t key, const struct client_cert *own, struct error *err)
{
	struct trusted_file file = { .demand = TRUSTED_SECRET };
	gnutls_datum_t text;
	int result;

	gnutls_privkey_set_pin_function(key, give_pin, (void *)own);
	if (client_cert_is_token(own->key_file)) {
		result = gnutls_privkey_import_url(key, own->key_file, 0);
	} else {
		if (trusted_file_require(&file, own->key_file, FILE_MAX,
		    err) != 0)
			return -1;
		text.data = (unsigned char *)file.text.data;
		text.size = (unsigned)file.text.len;
		result = gnutls_privkey_import_x509_raw(key, &text,
		    GNUTLS_X509_FMT_PEM, own->password, 0);
		buffer_free(&file.text);
	}
	return result < 0 ? explain(own, own->key_file, result, err) : 0;
}

/* Loads the certificates of the file or token, at most *n. */
static int
read_chain(gnutls_pcert_st *chain, unsigned *n, const struct client_cert *own,
    struct error *err)
{
	struct trusted_file file = { .demand = TRUSTED_REGULAR };
	gnutls_datum_t text;
	int result;

	if (client_cert_is_token(own->cert_file)) {
		result = gnutls_pcert_list_import_x509_file(chain, n,
		    own->cert_file, GNUTLS_X509_FMT_PEM, give_pin,
		    (void *)own, 0);
	} else {
		if (trusted_file_require(&file, own->cert_file, FILE_MAX,
		    err) != 0)
			return -1;
		text.data = (unsigned char *)file.text.data;
		text.size = (unsigned)file.text.len;
		result = gnutls_pcert_list_import_x509_raw(chain, n, &text,
		    GNUTLS_X509_FMT_PEM, 0);
		buffer_free(&file.text);
	}
	return result < 0 ? explain(own, own->cert_file, result, err) : 0;
}

/* Takes ownership of the key, even on failure. */
static int
join(gnutls_certificate_credentials_t cred, const struct client_cert *own,
	gnutls_privkey_t key, struct error *err)
{
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n = CHAIN_MAX;
	char quote[ESCAPE_QUOTE], words[128];
	int result = read_chain(chain, &n, own, err);

	escape_string(quote, sizeof(quote), own->cert_file);
	if (result < 0) {
		gnutls_privkey_deinit(key);
		return wrap(err, "tls_cert_file %s", quote);
	}
	result = gnutls_certificate_set_key(cred, NULL, 0, chain, (int)n,
	    key);
	if (result >= 0)
		return 0;
	while (n > 0)
		gnutls_pcert_deinit(&chain[--n]);
	gnutls_privkey_deinit(key);
	fail(err, EX_CONFIG, "tls_cert_file %s does not match tls_key_file: %s",
	    quote, tls_transport_words(words, sizeof(words), result));
	return -1;
}

int
client_cert_load(gnutls_certificate_credentials_t cred,
	const struct client_cert *own, struct error *err)
{
	gnutls_privkey_t key;
	char quote[ESCAPE_QUOTE];
	int result = gnutls_privkey_init(&key);

	if (result < 0)
		return fail(err, EX_SOFTWARE, "cannot start TLS: %s",
		    gnutls_strerror(result));
	if (read_key(key, own, err) == 0)
		return join(cred, own, key, err);
	gnutls_privkey_deinit(key);
	return wrap(err, "tls_key_file %s",
	    escape_string(quote, sizeof(quote), own->key_file));
}
