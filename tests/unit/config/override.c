/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "config/override.h"

/* Values that differ from those of make_account(), for kinds whose values
 * are not free text. */
static const struct {
	size_t key;
	const char *value;
} values[] = {
	{ KEY_host, "evil.example.org" },
	{ KEY_port, "2525" },
	{ KEY_proxy_port, "3128" },
	{ KEY_proxy_type, "http" },
	{ KEY_srv_targets, "example.net" },
	{ KEY_tls, "off" },
	{ KEY_tls_starttls, "off" },
	{ KEY_tls_certcheck, "off" },
	{ KEY_tls_trust, "tofu" },
	{ KEY_tls_fingerprint, "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:"
	    "FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF" },
};

static const char *
other_value(size_t key)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i].key == key)
			return values[i].value;
	return account_keys[key].kind == KIND_PATH ? "/other" : "other";
}

static void
make_account(struct account *a)
{
	struct error err = {0};

	account_init(a, "/home/u");
	account_store(a, KEY_host, "smtp.example.org", &err);
	account_store(a, KEY_user, "alice", &err);
	account_store(a, KEY_password, "sesame", &err);
	account_store(a, KEY_tls_crl_file, "/crl", &err);
	account_store(a, KEY_tls_key_file, "/key", &err);
	account_store(a, KEY_tls_cert_file, "/cert", &err);
	account_store(a, KEY_proxy_user, "bob", &err);
	account_store(a, KEY_proxy_password, "open", &err);
	assert_int_equal(err.code, 0);
}

/* Overrides one key; returns the account with what is left of it. */
static void
override_as(struct account *a, size_t key, const char *value,
    int may_be_foreign)
{
	struct selection selection = { .may_be_foreign = may_be_foreign };
	struct error err = {0};

	make_account(a);
	selection_override(&selection, key, value);
	(void)override_finish(a, &selection, &err);
	free(selection.overrides);
}

static void
override_one(struct account *a, size_t key, const char *value)
{
	override_as(a, key, value, 0);
}

/* Keys that are attributed to the server in keys.def, a new one included,
 * and no others. */
static void
each_trust_key_withholds_the_credentials(void **state)
{
	(void)state;
	for (size_t key = 0; key < KEYS; key++) {
		unsigned attributes = account_keys[key].attributes;
		struct account a;

		if ((attributes & ATTR_TRUST) == 0)
			continue;
		override_one(&a, key, other_value(key));
		if (a.user[0] != '\0' || a.password[0] != '\0' ||
		    !a.secrets_withheld)
			fail_msg("--%s keeps the password",
			    account_keys[key].name);
		account_free(&a);
	}
}

/* The server that netrc names proves its name as the file wants it. */
static void
netrc_is_for_a_server_that_the_file_knows_how_to_trust(void **state)
{
	(void)state;
	for (size_t key = 0; key < KEYS; key++) {
		unsigned attributes = account_keys[key].attributes;
		struct account a;

		if (account_keys[key].kind == KIND_SECRET ||
		    (attributes & ATTR_TRUST) == 0)
			continue;
		override_one(&a, key, other_value(key));
		if (a.netrc_withheld != ((attributes & ATTR_PROOF) != 0))
			fail_msg("--%s: %d", account_keys[key].name,
			    a.netrc_withheld);
		account_free(&a);
	}
	for (size_t key = 0; key < KEYS; key++)
		if (strncmp(account_keys[key].name, "tls_", 4) == 0 &&
		    (account_keys[key].attributes & (ATTR_TRUST |
		    ATTR_PROOF)) == ATTR_PROOF)
			fail_msg("%s is no key of trust",
			    account_keys[key].name);
}

/* Others can have written the words of sendmail's command line. */
static void
words_of_others_lead_nowhere_with_what_is_ours(void **state)
{
	struct account a;

	(void)state;
	for (size_t key = 0; key < KEYS; key++)
		for (int foreign = 0; foreign <= 1; foreign++) {
			if (account_keys[key].kind == KIND_SECRET ||
			    (account_keys[key].attributes & ATTR_TRUST) == 0)
				continue;
			override_as(&a, key, other_value(key), foreign);
			if (a.pin_withheld != foreign ||
			    a.netrc_withheld < foreign)
				fail_msg("--%s: %d %d", account_keys[key].name,
				    a.pin_withheld, a.netrc_withheld);
			if ((a.tls_key_file[0] == '\0') != foreign ||
			    (a.tls_cert_file[0] == '\0') != foreign)
				fail_msg("--%s: \"%s\"", account_keys[key].name,
				    a.tls_cert_file);
			account_free(&a);
		}
	override_as(&a, KEY_timeout, "7", 1);
	assert_int_equal(a.pin_withheld, 0);
	assert_int_equal(a.netrc_withheld, 0);
	account_free(&a);
}

static void
each_proxy_key_withholds_the_proxys(void **state)
{
	(void)state;
	for (size_t key = 0; key < KEYS; key++) {
		struct account a;

		if ((account_keys[key].attributes & ATTR_PROXY_TRUST) == 0)
			continue;
		override_one(&a, key, other_value(key));
		if (a.proxy_user[0] != '\0' || a.proxy_password[0] != '\0')
			fail_msg("--%s keeps the proxy's password",
			    account_keys[key].name);
		account_free(&a);
	}
}

static void
the_keys_that_decide_trust_are_marked(void **state)
{
	static const size_t keys[] = { KEY_host, KEY_port, KEY_socket,
	    KEY_tls, KEY_tls_starttls, KEY_tls_certcheck, KEY_tls_trust,
	    KEY_tls_trust_file, KEY_tls_crl_file, KEY_tls_fingerprint,
	    KEY_tls_host_override, KEY_tls_priorities, KEY_proxy_host,
	    KEY_connect_command, KEY_srv_targets };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_true(account_keys[keys[i]].attributes & ATTR_TRUST);
}

static void
the_same_value_and_other_keys_keep_them(void **state)
{
	static const struct {
		size_t key;
		const char *value;
	} harmless[] = {
		{ KEY_host, "SMTP.Example.org" }, { KEY_port, "587" },
		{ KEY_tls_crl_file, "/crl" }, { KEY_tls, "on" },
		{ KEY_timeout, "5" }, { KEY_from, "x@example.org" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		struct account a;

		override_one(&a, harmless[i].key, harmless[i].value);
		assert_string_equal(a.password, "sesame");
		assert_string_equal(a.proxy_password, "open");
		account_free(&a);
	}
}

/* /CRL and /crl are two files. */
static void
paths_compare_with_case(void **state)
{
	struct account a;

	(void)state;
	override_one(&a, KEY_tls_crl_file, "/CRL");
	assert_string_equal(a.password, "");
	account_free(&a);
}

/* The hint is on credentials that were withheld, not on any error. */
static void
only_what_was_withheld_is_told(void **state)
{
	static const struct {
		size_t key;
		const char *value;
		int told;
	} errors[] = {
		{ KEY_host, "evil.example.org", 1 },
		{ KEY_user, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct selection selection = {0};
		struct error err = {0};
		struct account a;

		make_account(&a);
		account_store(&a, KEY_auth, "plain", &err);
		selection_override(&selection, errors[i].key, errors[i].value);
		assert_int_equal(override_finish(&a, &selection, &err), -1);
		assert_string_equal(err.text,
		    "expected a user, as auth is PLAIN");
		assert_int_equal(strstr(err.hint, "for its own server") !=
		    NULL, errors[i].told);
		free(selection.overrides);
		account_free(&a);
	}
}

/* The first value on the command line replaces a list, the next ones add. */
static void
a_list_is_replaced_and_then_grows(void **state)
{
	static const char *const prints[] = {
		"11:11:11:11:11:11:11:11:11:11:11:11:11:11:11:11:"
		    "11:11:11:11:11:11:11:11:11:11:11:11:11:11:11:11",
		"22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:"
		    "22:22:22:22:22:22:22:22:22:22:22:22:22:22:22:22",
	};
	struct selection selection = {0};
	struct error err = {0};
	struct account a;

	(void)state;
	make_account(&a);
	assert_int_equal(account_store(&a, KEY_tls_fingerprint,
	    other_value(KEY_tls_fingerprint), &err), 0);
	for (size_t i = 0; i < 2; i++)
		selection_override(&selection, KEY_tls_fingerprint, prints[i]);
	assert_int_equal(override_finish(&a, &selection, &err), 0);
	assert_int_equal(a.tls_fingerprint.n, 2);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(a.tls_fingerprint.at[i], prints[i]);
	free(selection.overrides);
	account_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_trust_key_withholds_the_credentials),
		cmocka_unit_test(
		    words_of_others_lead_nowhere_with_what_is_ours),
		cmocka_unit_test(
		    netrc_is_for_a_server_that_the_file_knows_how_to_trust),
		cmocka_unit_test(each_proxy_key_withholds_the_proxys),
		cmocka_unit_test(the_keys_that_decide_trust_are_marked),
		cmocka_unit_test(the_same_value_and_other_keys_keep_them),
		cmocka_unit_test(paths_compare_with_case),
		cmocka_unit_test(only_what_was_withheld_is_told),
		cmocka_unit_test(a_list_is_replaced_and_then_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
