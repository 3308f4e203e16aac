/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client's certificate and key in files: what is loaded, what is said. */
#include "config.h"

#include "../unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../certs.h"
#include "tls/client_cert.h"

enum change { AS_MADE, READABLE, EMPTIED, REMOVED };

/* The password of the key in its file and the one that is given; what becomes
 * of the files; the begin and a part of the error, NULL: loaded. */
static const struct {
	const char *locked, *given;
	enum cert shown;
	enum change key, cert;
	const char *begin, *text, *hint;
} cases[] = {
	{ NULL, NULL, CLIENT, AS_MADE, AS_MADE, NULL, "", "" },
	{ "pw", "pw", CLIENT, AS_MADE, AS_MADE, NULL, "", "" },
	{ NULL, "pw", CLIENT, AS_MADE, AS_MADE, NULL, "", "" },
	{ "pw", "wrong", CLIENT, AS_MADE, AS_MADE, "tls_key_file ",
	    "the password or PIN is wrong", "" },
	{ "pw", NULL, CLIENT, AS_MADE, AS_MADE, "tls_key_file ",
	    "no password or PIN configured", "set tls_key_passwordeval to a "
	    "command that prints it" },
	{ NULL, NULL, GOOD, AS_MADE, AS_MADE, "tls_cert_file ",
	    "does not match tls_key_file", "" },
	{ NULL, NULL, CLIENT, READABLE, AS_MADE, "tls_key_file ",
	    "expected a file that others cannot read", "chmod " },
	{ NULL, NULL, CLIENT, EMPTIED, AS_MADE, "tls_key_file ", "", "" },
	{ NULL, NULL, CLIENT, REMOVED, AS_MADE, "tls_key_file ",
	    "No such file", "" },
	{ NULL, NULL, CLIENT, AS_MADE, READABLE, NULL, "", "" },
	{ NULL, NULL, CLIENT, AS_MADE, EMPTIED, "tls_cert_file ", "", "" },
	{ NULL, NULL, CLIENT, AS_MADE, REMOVED, "tls_cert_file ",
	    "No such file", "" },
};

static void
change_file(const char *path, enum change how)
{
	if (how == READABLE)
		assert_int_equal(chmod(path, 0644), 0);
	if (how == EMPTIED)
		assert_int_equal(truncate(path, 0), 0);
	if (how == REMOVED)
		assert_int_equal(unlink(path), 0);
}

static void
a_key_is_loaded_or_the_error_says_why_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const enum cert chain[] = { cases[i].shown, NO_CERT };
		const struct client_cert own = {
			.key_file = certs_write_key("key.pem", CLIENT,
			    cases[i].locked),
			.cert_file = certs_write("cert.pem", chain),
			.password = cases[i].given
		};
		gnutls_certificate_credentials_t credentials;
		struct error err = {0};
		int result;

		change_file(own.key_file, cases[i].key);
		change_file(own.cert_file, cases[i].cert);
		assert_int_equal(
		    gnutls_certificate_allocate_credentials(&credentials), 0);
		result = client_cert_load(credentials, &own, &err);
		assert_int_equal(result, cases[i].begin == NULL ? 0 : -1);
		if (cases[i].begin != NULL) {
			assert_int_equal(err.code, EX_CONFIG);
			assert_int_equal(strncmp(err.text, cases[i].begin,
			    strlen(cases[i].begin)), 0);
			assert_non_null(strstr(err.text, cases[i].text));
			assert_int_equal(strncmp(err.hint, cases[i].hint,
			    strlen(cases[i].hint)), 0);
		}
		gnutls_certificate_free_credentials(credentials);
		unlink(own.key_file);
		unlink(own.cert_file);
	}
}

/* Text of a key file, and whether it is locked. */
static const struct {
	const char *text;
	int locked;
} keys[] = {
	{ "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 1 },
	{ "a comment\n-----BEGIN RSA PRIVATE KEY-----\n"
	    "Proc-Type: 4,ENCRYPTED\n", 1 },
	{ "-----BEGIN PRIVATE KEY-----\n", 0 },
	{ "", 0 },
};

static void
a_locked_key_is_known_by_its_mark(void **state)
{
	const char *path = certs_write_key("key.pem", CLIENT, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int fd = open(path, O_WRONLY | O_TRUNC);

		assert_int_equal(write(fd, keys[i].text, strlen(keys[i].text)),
		    strlen(keys[i].text));
		close(fd);
		assert_int_equal(client_cert_is_locked(path), keys[i].locked);
	}
	unlink(path);
	assert_int_equal(client_cert_is_locked(path), 0);
	assert_int_equal(client_cert_is_locked("pkcs11:token=x"), 1);
	assert_int_equal(client_cert_is_locked("pkcs11:token=x?pin-value=1"),
	    0);
}

static void
a_token_that_is_missing_has_a_hint(void **state)
{
	static const enum cert chain[] = { CLIENT, NO_CERT };
	static const char token[] = "pkcs11:token=onehop-has-no-such";
	const struct client_cert owns[] = {
		{ .key_file = token, .cert_file = token },
		{ .key_file = certs_write_key("key.pem", CLIENT, NULL),
		    .cert_file = token },
		{ .key_file = token, .cert_file = certs_write("c.pem", chain) }
	};

	(void)state;
	assert_true(client_cert_is_token(token));
	assert_false(client_cert_is_token("/etc/key.pem"));
	for (size_t i = 0; i < sizeof(owns) / sizeof(owns[0]); i++) {
		gnutls_certificate_credentials_t credentials;
		struct error err = {0};

		assert_int_equal(
		    gnutls_certificate_allocate_credentials(&credentials), 0);
		assert_int_equal(client_cert_load(credentials, &owns[i], &err),
		    -1);
		assert_int_equal(err.code, EX_CONFIG);
		assert_non_null(strstr(err.hint, "p11tool --list-all"));
		gnutls_certificate_free_credentials(credentials);
	}
}

/* What a token says when its key is wanted; 0: GnuTLS's own function asks. */
static int token_says;

int
gnutls_privkey_import_url(gnutls_privkey_t key, const char *url,
    unsigned flags)
{
	__typeof__(&gnutls_privkey_import_url) ask =
	    (__typeof__(ask))(uintptr_t)dlsym(RTLD_NEXT,
	    "gnutls_privkey_import_url");

	return token_says != 0 ? token_says : ask(key, url, flags);
}

/* A refusal of the token, the PIN that is given; the error. */
static const struct {
	int says;
	const char *pin;
	const char *text, *hint;
} refusals[] = {
	{ GNUTLS_E_PKCS11_PIN_LOCKED, "1", "tls_key_file pkcs11:token=x: its "
	    "PIN is locked", "ask the security officer of the token to unlock "
	    "it" },
	{ GNUTLS_E_PKCS11_PIN_ERROR, "1", "tls_key_file pkcs11:token=x: the "
	    "password or PIN is wrong", "" },
	{ GNUTLS_E_PKCS11_PIN_ERROR, NULL, "tls_key_file pkcs11:token=x: no "
	    "password or PIN configured", "set tls_key_passwordeval to a "
	    "command that prints it" },
};

static void
a_token_that_refuses_a_pin_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct client_cert own = {
			.key_file = "pkcs11:token=x",
			.cert_file = "pkcs11:token=x",
			.password = refusals[i].pin
		};
		gnutls_certificate_credentials_t credentials;
		struct error err = {0};

		assert_int_equal(
		    gnutls_certificate_allocate_credentials(&credentials), 0);
		token_says = refusals[i].says;
		assert_int_equal(client_cert_load(credentials, &own, &err),
		    -1);
		token_says = 0;
		assert_int_equal(err.code, EX_CONFIG);
		assert_string_equal(err.text, refusals[i].text);
		assert_string_equal(err.hint, refusals[i].hint);
		gnutls_certificate_free_credentials(credentials);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_loaded_or_the_error_says_why_not),
		cmocka_unit_test(a_locked_key_is_known_by_its_mark),
		cmocka_unit_test(a_token_that_is_missing_has_a_hint),
		cmocka_unit_test(a_token_that_refuses_a_pin_says_why),
	};

	return cmocka_run_group_tests(tests, certs_make, certs_free);
}
