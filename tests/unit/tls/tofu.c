/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trust on first use, over real handshakes. */
#include "../unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../certs.h"
#include "base/ascii.h"
#include "base/xmalloc.h"
#include "tls/tls.h"

/* What one handshake came to. */
struct contact {
	int result;
	struct tls_facts facts;
	struct error err;
};

static void
meet(struct contact *c, const char *state, const char *name, unsigned port,
    enum cert cert)
{
	const enum cert chain[] = { cert, NO_CERT };
	struct tls_policy policy = {0};

	memset(c, 0, sizeof(*c));
	policy.trust = TLS_TRUST_TOFU;
	policy.name = name;
	policy.port = port;
	policy.state = state;
	policy.trust_file = "/nonexistent";
	policy.verify = 1;
	c->result = certs_visit(&policy, chain, &c->facts, &c->err);
}

static int
make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *path = xasprintf("%s/onehop-pin-XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");

	assert_non_null(mkdtemp(path));
	*state = path;
	return 0;
}

static int
drop(void **state)
{
	assert_int_equal(remove_tree(*state), 0);
	free(*state);
	return 0;
}

/* "AA:BB.." of a certificate's key. */
static char *
key_of(char text[96], enum cert cert)
{
	char hex[65];

	certs_hash(hex, cert, HASH_SPKI);
	for (int i = 0; i < 32; i++) {
		text[3 * i] = ascii_upper(hex[2 * i]);
		text[3 * i + 1] = ascii_upper(hex[2 * i + 1]);
		text[3 * i + 2] = i < 31 ? ':' : '\0';
	}
	return text;
}

static void
first_contact_decides(void **state)
{
	char *pinned = xasprintf("%s/pins/mail.test:465", (char *)*state);
	char key[96];
	struct contact c;

	/* Nobody signed it, and it is expired: that is not asked. */
	meet(&c, *state, "Mail.Test.", 465, EXPIRED);
	assert_int_equal(c.result, 0);
	assert_memory_equal(c.facts.notice,
	    "first connection to mail.test:465: recorded its key spki:", 50);
	assert_non_null(strstr(c.facts.notice, key_of(key, EXPIRED)));
	assert_non_null(strstr(c.facts.notice, pinned));
	assert_int_equal(access(pinned, R_OK), 0);
	meet(&c, *state, "mail.test", 465, EXPIRED);
	assert_int_equal(c.result, 0);
	assert_string_equal(c.facts.notice, "");
	free(pinned);
}

static void
the_same_key_in_another_certificate_is_the_same_server(void **state)
{
	struct contact c;

	meet(&c, *state, "mail.test", 465, GOOD);
	assert_int_equal(c.result, 0);
	meet(&c, *state, "mail.test", 465, RENEWED);
	assert_int_equal(c.result, 0);
	assert_string_equal(c.facts.notice, "");
}

static void
a_changed_key_is_refused_and_both_are_shown(void **state)
{
	char *advice = xasprintf("rm %s/pins/mail.test:465", (char *)*state);
	char old[96], new[96];
	struct contact c;

	meet(&c, *state, "mail.test", 465, SELF);
	assert_int_equal(c.result, 0);
	for (int i = 0; i < 2; i++) {
		/* A certificate that a CA would vouch for is no excuse. */
		meet(&c, *state, "mail.test", 465, GOOD);
		assert_int_equal(c.result, -1);
		assert_int_equal(c.err.code, EX_PROTOCOL);
		assert_non_null(strstr(c.err.text, key_of(old, SELF)));
		assert_non_null(strstr(c.err.text, key_of(new, GOOD)));
		assert_non_null(strstr(c.err.hint, advice));
		assert_string_equal(c.facts.version, "");
	}
	meet(&c, *state, "mail.test", 465, SELF);
	assert_int_equal(c.result, 0);
	free(advice);
}

static void
each_name_and_port_has_its_own_key(void **state)
{
	static const struct { const char *name; unsigned port; } servers[] = {
		{ "mail.test", 465 }, { "mail.test", 587 },
		{ "other.test", 465 }, { "::1", 465 }, { "127.0.0.1", 465 },
	};
	struct contact c;

	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < 5; i++) {
			meet(&c, *state, servers[i].name, servers[i].port,
			    i % 2 ? SELF : GOOD);
			assert_int_equal(c.result, 0);
			assert_int_equal(c.facts.notice[0] == '\0', again);
		}
}

static void
put_pin(const char *state, const char *text)
{
	char *path = xasprintf("%s/pins", state);

	mkdir(path, 0700);
	free(path);
	path = xasprintf("%s/pins/mail.test:465", state);
	write_file(path, text, 0600);
	free(path);
}

static void
a_file_by_hand_may_hold_several_keys(void **state)
{
	char one[96], other[96];
	char *text = xasprintf("# two\nspki:%s\n\nspki:%s",
	    key_of(one, SELF), key_of(other, GOOD));
	struct contact c;

	put_pin(*state, text);
	meet(&c, *state, "mail.test", 465, GOOD);
	assert_int_equal(c.result, 0);
	meet(&c, *state, "mail.test", 465, SELF);
	assert_int_equal(c.result, 0);
	meet(&c, *state, "mail.test", 465, WILD);
	assert_int_equal(c.result, -1);
	free(text);
}

static void
a_file_without_a_key_trusts_nobody(void **state)
{
	static const struct { const char *text, *error; } files[] = {
		{ "", "/pins/mail.test:465: expected a fingerprint" },
		{ "# none\n", "/pins/mail.test:465: expected a fingerprint" },
		{ "spki:AA\n",
		  "/pins/mail.test:465: tls_fingerprint: expected " },
		{ "yes\n", "/pins/mail.test:465: tls_fingerprint: expected " },
	};
	struct contact c;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		put_pin(*state, files[i].text);
		meet(&c, *state, "mail.test", 465, GOOD);
		assert_int_equal(c.result, -1);
		assert_int_equal(c.err.code, EX_CONFIG);
		assert_non_null(strstr(c.err.text, files[i].error));
	}
}

static void
nothing_is_trusted_that_cannot_be_remembered(void **state)
{
	char *blocked = xasprintf("%s/file", (char *)*state);
	struct contact c;
	FILE *file = fopen(blocked, "w");

	fclose(file);
	meet(&c, blocked, "mail.test", 465, GOOD);
	assert_int_equal(c.result, -1);
	assert_int_equal(c.err.code, EX_CONFIG);
	meet(&c, "/proc/nowhere", "mail.test", 465, GOOD);
	assert_int_equal(c.result, -1);
	assert_int_equal(c.err.code, EX_IOERR);
	assert_memory_equal(c.err.text, "cannot record the server's key: "
	    "cannot make /proc/nowhere/pins: ", 64);
	meet(&c, NULL, "mail.test", 465, GOOD);
	assert_int_equal(c.result, -1);
	assert_int_equal(c.err.code, EX_CONFIG);
	free(blocked);
}

static void
a_link_to_nothing_is_no_pin(void **state)
{
	char *pins = xasprintf("%s/pins", (char *)*state);
	char *link = xasprintf("%s/mail.test:465", pins);
	struct contact c;

	assert_int_equal(mkdir(pins, 0700), 0);
	assert_int_equal(symlink("nowhere", link), 0);
	meet(&c, *state, "mail.test", 465, GOOD);
	assert_int_equal(c.result, -1);
	assert_int_equal(c.err.code, EX_CONFIG);
	assert_non_null(strstr(c.err.text, "found a link to nothing"));
	assert_non_null(strstr(c.err.hint, link));
	free(pins);
	free(link);
}

int
main(void)
{
#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make, drop)
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(first_contact_decides),
		IN_A_PLACE(
		    the_same_key_in_another_certificate_is_the_same_server),
		IN_A_PLACE(a_changed_key_is_refused_and_both_are_shown),
		IN_A_PLACE(each_name_and_port_has_its_own_key),
		IN_A_PLACE(a_file_by_hand_may_hold_several_keys),
		IN_A_PLACE(a_file_without_a_key_trusts_nobody),
		IN_A_PLACE(nothing_is_trusted_that_cannot_be_remembered),
		IN_A_PLACE(a_link_to_nothing_is_no_pin),
	};

	return cmocka_run_group_tests(tests, certs_make,
	    certs_free);
}
