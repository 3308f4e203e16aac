/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>
#include <syslog.h>

#include "base/edit_distance.h"
#include "config/account.h"
#include "config/account_check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SHA "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define PIN "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:" \
	"01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF"

/* A value, and how it is shown afterwards. */
static const struct {
	const char *key;
	const char *value;
	const char *shown;
} good[] = {
	{ "host", "smtp.example.org", "smtp.example.org" },
	{ "host", "a.example  b.example", "a.example b.example" },
	{ "host", "[::1]", "::1" },
	{ "host", "fe80::1%eth0", "fe80::1%eth0" },
	{ "host", "b\303\274cher.example", "b\303\274cher.example" },
	{ "host", "", "" },
	{ "host", "srv:example.org MX:b\303\274cher.example localhost",
	  "srv:example.org MX:b\303\274cher.example localhost" },
	{ "srv_targets", "provider.example a.b.example",
	  "provider.example a.b.example" },
	{ "port", "465", "465" },
	{ "port", "", "" },
	{ "proxy_port", "", "1080" },
	{ "socket", "~/run/lmtp", "/nowhere/run/lmtp" },
	{ "logfile", "~", "/nowhere" },
	{ "logfile", "On", "on" },
	{ "logfile", "off", "" },
	{ "log_format", "JSON", "json" },
	{ "logfile", "~other/log", "~other/log" },
	{ "source_ip", "192.0.2.1", "192.0.2.1" },
	{ "source_ip", "2001:db8::1", "2001:db8::1" },
	{ "timeout", "off", "off" },
	{ "timeout", "30", "30" },
	{ "protocol", "LMTP", "lmtp" },
	{ "auth", "", "on" },
	{ "auth", "scram-sha-256", "SCRAM-SHA-256" },
	{ "auth", "xoauth2", "XOAUTH2" },
	{ "auth", "Off", "off" },
	{ "user", "J\303\266", "J\303\266" },
	{ "password", "a#b \"", "***" },
	{ "password", "", "" },
	{ "passwordeval", "pass mail # x", "pass mail # x" },
	{ "tls", "", "on" },
	{ "tls", "auto", "auto" },
	{ "tls_certcheck", "off", "off" },
	{ "tls_trust", "TOFU", "tofu" },
	{ "tls_trust_file", "", "" },
	{ "tls_key_file", "pkcs11:token=x", "pkcs11:token=x" },
	{ "tls_fingerprint", SHA, PIN },
	{ "tls_fingerprint", PIN, PIN },
	{ "tls_fingerprint", "spki:" SHA, "spki:" PIN },
	{ "tls_fingerprint", "00112233445566778899aabbccddeeff00112233",
	  "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33" },
	{ "from", "<me@example.org>", "me@example.org" },
	{ "from", "*@example.org", "*@example.org" },
	{ "from", "%U@%H", "%U@%H" },
	{ "from", "list", "list" },
	{ "from", "\"a b\"@example.org", "\"a b\"@example.org" },
	{ "set_from_header", "on", "on" },
	{ "set_date_header", "auto", "auto" },
	{ "set_to_header", "undisclosed_recipients",
	  "undisclosed_recipients" },
	{ "dsn_return", "headers", "headers" },
	{ "dsn_notify", "Failure,delay", "failure,delay" },
	{ "dsn_notify", "never", "never" },
	{ "syslog", "", "LOG_USER" },
	{ "syslog", "LOG_LOCAL7", "LOG_LOCAL7" },
	{ "tempfail_exit", "69", "69" },
};

/* A value, and what is wrong with it. */
static const struct {
	const char *key;
	const char *value;
	const char *text;
} bad[] = {
	{ "host", "smtp.example.org:587", "expected a host name (the port has "
	  "its own key), not \"smtp.example.org:587\"" },
	{ "host", "smtps://h", "expected a host name, not \"smtps://h\"" },
	{ "host", "a\rb", "expected a host name, not \"a\\x0Db\"" },
	{ "host", "srv:", "expected a domain after srv: or mx:, not "
	  "\"srv:\"" },
	{ "host", "mx:192.0.2.1", "expected a domain after srv: or mx:, not "
	  "\"mx:192.0.2.1\"" },
	{ "host", "srv:example.org:465", "expected a domain after srv: or "
	  "mx:, not \"srv:example.org:465\"" },
	{ "host", "srv:mx:example.org", "expected a domain after srv: or "
	  "mx:, not \"srv:mx:example.org\"" },
	{ "host", "srv:[192.0.2.1]", "expected a host name (the port has its "
	  "own key), not \"[192.0.2.1]\"" },
	{ "srv_targets", "com",
	  "expected a domain of at least two labels, not \"com\"" },
	{ "srv_targets", "com.",
	  "expected a domain of at least two labels, not \"com.\"" },
	{ "srv_targets", "*.example",
	  "expected a domain of at least two labels, not \"*.example\"" },
	{ "port", "0", "expected a number from 1 to 65535, not \"0\"" },
	{ "port", "65536", "expected a number from 1 to 65535, not \"65536\"" },
	{ "port", " 25", "expected a number from 1 to 65535, not \" 25\"" },
	{ "timeout", "0",
	  "expected off or a number from 1 to 1000000, not \"0\"" },
	{ "tempfail_exit", "0", "expected a number from 1 to 125, not \"0\"" },
	{ "source_ip", "localhost",
	  "expected an IPv4 or IPv6 address, not \"localhost\"" },
	{ "protocol", "", "expected smtp or lmtp, not \"\"" },
	{ "auth", "kerberos",
	  "expected on, off or a SASL mechanism, not \"kerberos\"" },
	{ "user", "a\nb", "expected no control character, not \"a\\x0Ab\"" },
	{ "tls", "yes", "expected on, off or auto, not \"yes\"" },
	{ "tls_certcheck", "auto", "expected on or off, not \"auto\"" },
	{ "tls_trust", "", "expected ca, tofu or dane, not \"\"" },
	{ "tls_trust", "first", "expected ca, tofu or dane, not \"first\"" },
	{ "tls_fingerprint", "AA:BB", "expected a SHA-256 fingerprint "
	  "(64 hexadecimal digits), not \"AA:BB\"" },
	{ "tls_fingerprint", "00112233445566778899aabbccddeeff",
	  "expected a SHA-256 fingerprint (64 hexadecimal digits), "
	  "not \"00112233445566778899aabbccddeeff\"" },
	{ "from", "Me <me@x>",
	  "expected an address or pattern, not \"Me <me@x>\"" },
	{ "from", "me@", "expected an address or pattern, not \"me@\"" },
	{ "from", "@x", "expected an address or pattern, not \"@x\"" },
	{ "from", "a@x,b@x", "expected an address or pattern, "
	  "not \"a@x,b@x\"" },
	{ "from", "mailto:me@x",
	  "expected an address or pattern, not \"mailto:me@x\"" },
	{ "set_date_header", "on", "expected off or auto, not \"on\"" },
	{ "dsn_notify", "failure,", "expected off, never, or a list of "
	  "failure, delay and success, not \"failure,\"" },
	{ "keepbcc", "maybe", "expected on or off, not \"maybe\"" },
	{ "tsl", "on", "unknown key \"tsl\", did you mean \"tls\"?" },
	{ "paswordeval", "x",
	  "unknown key \"paswordeval\", did you mean \"passwordeval\"?" },
	{ "Host", "x", "unknown key \"Host\", did you mean \"host\"?" },
	{ "queue", "x", "unknown key \"queue\"" },
};

/* Names that only older configurations have. */
static const struct {
	const char *key;
	const char *value;
	const char *now;
	const char *shown;
} old[] = {
	{ "connect_timeout", "7", "timeout", "7" },
	{ "undisclosed_recipients", "on", "set_to_header",
	  "undisclosed_recipients" },
	{ "add_missing_from_header", "off", "set_from_header", "off" },
	{ "add_missing_date_header", "off", "set_date_header", "off" },
	{ "keepbcc", "", "remove_bcc_headers", "off" },
	{ "keepbcc", "off", "remove_bcc_headers", "on" },
	{ "tls_nocertcheck", "", "tls_certcheck", "off" },
	{ "tls_nostarttls", "", "tls_starttls", "off" },
	{ "tls_force_sslv3", "", "tls", "auto" },
	{ "tls_resume", "on", "tls_trust", "ca" },
};

/* What an account of these settings comes to: port, tls, starttls, auth. */
static const struct {
	const char *settings;
	const char *result;
} finished[] = {
	{ "host=mail.example", "587 on on off" },
	{ "host=mail.example port=465", "465 on off off" },
	{ "host=mail.example tls_starttls=off", "465 on off off" },
	{ "host=mail.example port=2525 tls_starttls=off", "2525 on off off" },
	{ "host=mail.example tls=off", "587 off on off" },
	{ "host=localhost", "25 off on off" },
	{ "host=127.1.2.3", "25 off on off" },
	{ "host=::1", "25 off on off" },
	{ "host=127.0.0.1 tls=on", "25 on on off" },
	{ "host=localhost.evil.example", "587 on on off" },
	{ "host=localhost proxy_host=127.0.0.1", "587 on on off" },
	{ "host=localhost connect_command=x", "587 on on off" },
	{ "host=localhost connect_command=x socket=/y", "expected one of "
	  "connect_command, socket and proxy_host, as there is one way only" },
	{ "socket=/run/lmtp protocol=lmtp", " off on off" },
	{ "host=mail.example protocol=lmtp port=24", "24 on on off" },
	{ "host=mail.example user=u password=p", "587 on on on" },
	{ "host=mail.example user=u passwordeval=p", "587 on on on" },
	{ "host=mail.example user=u password=p auth=off", "587 on on off" },
	{ "host=mail.example user=u", "587 on on on" },
	{ "host=mail.example user=u auth=on", "587 on on on" },
	{ "host=mail.example auth=on tls_key_file=k tls_cert_file=c",
	  "587 on on on" },
	{ "host=srv:mail.example user=u password=p", " on on on" },
	{ "host=srv:mail.example tls=off",
	  "expected tls on, as host is srv:" },
	{ "host=srv:mail.example tls_trust=tofu", "expected tls_trust ca or "
	  "dane, as host is srv:, whose answer may be forged" },
	{ "host=mail.example host=srv:mail.example tls_trust=tofu", "expected "
	  "tls_trust ca or dane, as host is srv:, whose answer may be forged" },
	{ "host=srv:mail.example tls_trust=dane", " on on off" },
	{ "host=mx:mail.example tls_trust=tofu", "25 on on off" },
	{ "host=srv:mail.example socket=/run/s tls_host_override=h",
	  "expected a host name next to the socket, not srv: or mx:" },
	{ "host=mx:mail.example", "25 on on off" },
	{ "host=mx:mail.example user=u password=p", "25 on on off" },
	{ "host=mx:mail.example port=2525 tls=off", "2525 off on off" },
	{ "host=mx:mail.example user=u auth=on", "expected auth off, as host "
	  "is mx:, whose answer may be forged" },
	{ "host=mail.example auth=external", "587 on on EXTERNAL" },
	{ "port=25", "expected a host or a socket" },
	{ "host=mail.example protocol=lmtp",
	  "expected a port or a socket for LMTP" },
	{ "host=mail.example auth=on", "expected a user, as auth is on" },
	{ "host=mail.example tls_trust_file=",
	  "expected a tls_trust_file or a tls_fingerprint, as tls is on" },
	{ "host=mail.example tls_trust_file= tls_fingerprint=" SHA,
	  "587 on on off" },
	{ "host=mail.example tls_trust=tofu tls_certcheck=off",
	  "expected tls_trust ca, as tls_certcheck is off" },
	{ "host=mail.example tls_trust=tofu tls_fingerprint=" SHA,
	  "expected tls_trust ca, as tls_fingerprint says whom to trust" },
	{ "host=mail.example tls_trust=tofu tls_trust_file=",
	  "587 on on off" },
	{ "host=mail.example tls_trust_file= tls_certcheck=off",
	  "587 on on off" },
	{ "host=mail.example proxy_host=p proxy_user=u proxy_password=x",
	  "587 on on off" },
	{ "host=mail.example proxy_host=p proxy_user=u", "expected a "
	  "proxy_user and a proxy_password of 1 to 255 octets" },
	{ "host=mail.example proxy_type=http proxy_user=u", "587 on on off" },
	{ "host=mail.example proxy_type=http proxy_user=u:v", "expected a "
	  "proxy_user without \":\" for an HTTP proxy" },
	{ "host=mail.example tls_key_file=k", "expected both tls_key_file and "
	  "tls_cert_file, or neither" },
	{ "socket=/run/s tls=on", "expected tls_host_override, the name in "
	  "the certificate, for tls over a socket" },
};

static void
check_shown(const struct account *a, const char *key, const char *shown)
{
	char *text = account_get(a, key, 0);

	assert_non_null(text);
	assert_string_equal(text, shown);
	free(text);
}

static void
a_new_account_shows_the_defaults_of_keys_def(void **state)
{
	struct account a;

	(void)state;
	account_init(&a, "");
	for (size_t i = 0; account_keys[i].name != NULL; i++) {
		char *text = account_get(&a, account_keys[i].name, 0);

		assert_string_equal(text != NULL ? text : "",
		    account_keys[i].initial);
		free(text);
	}
	account_free(&a);
}

static void
a_good_value_is_kept_in_one_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct account a;
		struct error err = {0};

		account_init(&a, "/nowhere");
		account_set(&a, good[i].key, good[i].value, &err);
		assert_string_equal(err.text, "");
		check_shown(&a, good[i].key, good[i].shown);
		account_free(&a);
	}
}

/* An unknown key is not named twice. */
static int
key_is_known(const char *name)
{
	return key_find(name) != NULL || strcmp(name, "keepbcc") == 0;
}

static void
a_bad_value_changes_nothing_and_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct account a;
		struct error err = {0};
		char text[256];

		account_init(&a, "/nowhere");
		assert_int_equal(account_set(&a, bad[i].key, bad[i].value,
		    &err), -1);
		assert_int_equal(err.code, EX_CONFIG);
		snprintf(text, sizeof(text), "%s%s%s",
		    key_is_known(bad[i].key) ? bad[i].key : "",
		    key_is_known(bad[i].key) ? ": " : "", bad[i].text);
		assert_string_equal(err.text, text);
		account_free(&a);
	}
}

static void
obsolete_keys_set_their_successors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(old); i++) {
		struct account a;
		struct error err = {0};

		account_init(&a, "");
		assert_int_equal(account_set(&a, old[i].key, old[i].value,
		    &err), 0);
		check_shown(&a, old[i].now, old[i].shown);
		account_free(&a);
	}
}

/* Sets "key=value key=value". */
static void
set_all(struct account *a, const char *settings)
{
	char *copy = strdup(settings), *rest = copy, *word;
	struct error err = {0};

	while ((word = strsep(&rest, " ")) != NULL) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		assert_int_equal(account_set(a, word, value, &err), 0);
	}
	free(copy);
}

static void
what_was_left_open_is_decided_safely(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(finished); i++) {
		struct account a;
		struct error err = {0};
		char result[128];

		account_init(&a, "");
		set_all(&a, finished[i].settings);
		if (account_check(&a, &err) < 0) {
			assert_int_equal(err.code, EX_CONFIG);
			assert_string_equal(err.text, finished[i].result);
		} else {
			char *port = account_get(&a, "port", 0);
			char *tls = account_get(&a, "tls", 0);
			char *starttls = account_get(&a, "tls_starttls", 0);

			snprintf(result, sizeof(result), "%s %s %s %s", port,
			    tls, starttls, a.auth);
			assert_string_equal(result, finished[i].result);
			free(port);
			free(tls);
			free(starttls);
		}
		account_free(&a);
	}
}

static void
lines_of_a_list_add_up_until_an_empty_one(void **state)
{
	struct account a;
	char *second;

	(void)state;
	account_init(&a, "");
	set_all(&a, "from=a@x from=b@x");
	second = account_get(&a, "from", 1);
	assert_string_equal(second, "b@x");
	assert_null(account_get(&a, "from", 2));
	assert_null(account_get(&a, "host", 1));
	free(second);
	set_all(&a, "from=");
	assert_int_equal(a.from.n, 0);
	account_free(&a);
}

static void
a_copy_is_independent(void **state)
{
	struct account a, b;

	(void)state;
	account_init(&a, "/nowhere");
	set_all(&a, "host=h.example port=26 user=u password=p from=a@x "
	    "syslog=LOG_MAIL tls=off");
	account_copy(&b, &a);
	set_all(&a, "user=v from=b@x host=other.example");
	account_free(&a);
	assert_string_equal(b.user, "u");
	assert_string_equal(b.password, "p");
	assert_string_equal(b.host.at[0], "h.example");
	assert_int_equal(b.from.n, 1);
	assert_int_equal(b.port, 26);
	assert_int_equal(b.tls, SWITCH_OFF);
	assert_int_equal(b.syslog, LOG_MAIL + 1);
	assert_string_equal(b.home, "/nowhere");
	account_free(&b);
}

/* Each line changes one key of the account. */
static void
equal_accounts_agree_in_each_key(void **state)
{
	static const char *const changes[] = { "host=other.example", "port=27",
		"user=v", "password=q", "from=b@x", "syslog=LOG_USER",
		"tls=on", "timeout=1", "logfile=/log", "relay_users=ann" };
	struct account a, b;

	(void)state;
	account_init(&a, "/nowhere");
	set_all(&a, "host=h.example port=26 user=u password=p from=a@x "
	    "syslog=LOG_MAIL tls=off relay_users=bob");
	account_copy(&b, &a);
	account_note(&b, KEY_port, "file:7");
	assert_true(account_equal(&a, &b));
	b.secrets_withheld = 1;
	assert_false(account_equal(&a, &b));
	account_free(&b);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		account_copy(&b, &a);
		set_all(&b, changes[i]);
		assert_false(account_equal(&a, &b));
		account_free(&b);
	}
	account_free(&a);
}

static void
a_tilde_needs_a_home_directory(void **state)
{
	struct account a;
	struct error err = {0};

	(void)state;
	account_init(&a, "");
	assert_int_equal(account_set(&a, "logfile", "~/log", &err), -1);
	assert_string_equal(err.text, "logfile: expected an absolute path, as "
	    "there is no home directory, not \"~/log\"");
	account_free(&a);
}

static void
an_error_never_shows_a_secret(void **state)
{
	struct account a;
	struct error err = {0};

	(void)state;
	account_init(&a, "");
	assert_int_equal(account_set(&a, "password", "hunter2\r", &err), 0);
	assert_int_equal(account_set(&a, "password", "", &err), 0);
	assert_string_equal(a.password, "");
	account_free(&a);
}

static void
swapped_neighbours_count_as_one_typo(void **state)
{
	(void)state;
	assert_int_equal(distance("tls", "tls"), 0);
	assert_int_equal(distance("tsl", "tls"), 1);
	assert_int_equal(distance("tl", "tls"), 1);
	assert_int_equal(distance("", "tls"), 3);
	assert_int_equal(distance("kitten", "sitting"), 3);
	assert_true(distance("x",
	    "a_word_that_is_longer_than_any_key_could_ever_be") == SIZE_MAX);
	assert_false(edit_distance_is_typo("x", "tls"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_account_shows_the_defaults_of_keys_def),
		cmocka_unit_test(a_good_value_is_kept_in_one_form),
		cmocka_unit_test(a_bad_value_changes_nothing_and_is_named),
		cmocka_unit_test(obsolete_keys_set_their_successors),
		cmocka_unit_test(what_was_left_open_is_decided_safely),
		cmocka_unit_test(lines_of_a_list_add_up_until_an_empty_one),
		cmocka_unit_test(a_copy_is_independent),
		cmocka_unit_test(equal_accounts_agree_in_each_key),
		cmocka_unit_test(a_tilde_needs_a_home_directory),
		cmocka_unit_test(an_error_never_shows_a_secret),
		cmocka_unit_test(swapped_neighbours_count_as_one_typo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
