/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions that go on, over real handshakes: when they do, and when not. */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../certs.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "net/socket.h"
#include "net/stream.h"
#include "tls/tls.h"
#include "tls/tlsa.h"

static const enum cert good[] = { GOOD, INTER, NO_CERT };
static const enum cert root[] = { ROOT, NO_CERT };

/* A state directory, and files that a policy may name. */
struct place {
	char *state;
	const char *trust;
	const char *other_trust;
	const char *crl;
	const char *key;
	const char *cert;
};

enum ending { KEPT, FORGOTTEN };

/* One run: connects, hears an echo, keeps the session or not. Was an earlier
 * one resumed? -1 if the server was not trusted. */
static int
run(const struct tls_policy *policy, enum server kind, enum ending ending,
    struct error *err)
{
	struct transport *lower, *upper;
	struct tls_facts facts;
	struct stream s = {0};
	const char *line;
	size_t len;
	int fd;
	pid_t child = certs_serve(&fd, kind, good);

	memset(err, 0, sizeof(*err));
	lower = socket_transport(fd);
	if (tls_open(&upper, lower, policy, deadline_in(20000), &facts,
	    err) != 0) {
		lower->close(lower);
		waitpid(child, NULL, 0);
		return -1;
	}
	assert_string_equal(facts.subject, "CN=Good");
	stream_open(&s, upper, deadline_in(20000), -1);
	stream_step(&s, 20, "the echo");
	assert_int_equal(stream_write(&s, "x\r\n", 3, err), 0);
	assert_int_equal(stream_read_line(&s, 9, &line, &len, err), 0);
	if (ending == KEPT)
		tls_keep(upper);
	stream_close(&s);
	waitpid(child, NULL, 0);
	return facts.resumed;
}

static void
make_policy(struct tls_policy *policy, const struct place *p)
{
	memset(policy, 0, sizeof(*policy));
	policy->name = "mail.test";
	policy->port = 465;
	policy->state = p->state;
	policy->trust_file = p->trust;
	policy->verify = 1;
	policy->resume = 1;
}

static void
the_second_run_goes_on(void **state)
{
	static const enum server kinds[] = {
		SERVER_RESUMES, SERVER_RESUMES_TLS12
	};
	struct tls_policy policy;
	struct error err;

	for (size_t i = 0; i < 2; i++) {
		make_policy(&policy, *state);
		policy.port += (unsigned)i;
		assert_int_equal(run(&policy, kinds[i], KEPT, &err), 0);
		assert_int_equal(run(&policy, kinds[i], KEPT, &err), 1);
		assert_int_equal(run(&policy, kinds[i], KEPT, &err), 1);
	}
}

static void
nothing_is_kept_unless_asked_for(void **state)
{
	const struct place *p = *state;
	char *path = xasprintf("%s/sessions", p->state);
	struct tls_policy policy;
	struct error err;

	make_policy(&policy, p);
	policy.resume = 0;
	for (int i = 0; i < 2; i++)
		assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	assert_int_equal(access(path, F_OK), -1);
	policy.resume = 1;
	policy.state = NULL;
	for (int i = 0; i < 2; i++)
		assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	free(path);
}

static void
a_ticket_is_used_once(void **state)
{
	struct tls_policy policy;
	struct error err;

	make_policy(&policy, *state);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	assert_int_equal(run(&policy, SERVER_RESUMES, FORGOTTEN, &err), 1);
	assert_int_equal(run(&policy, SERVER_RESUMES, FORGOTTEN, &err), 0);
}

static void
a_session_that_went_wrong_does_not_go_on(void **state)
{
	struct tls_policy policy;
	struct error err;

	make_policy(&policy, *state);
	assert_int_equal(run(&policy, SERVER_RESUMES, FORGOTTEN, &err), 0);
	assert_int_equal(run(&policy, SERVER_RESUMES, FORGOTTEN, &err), 0);
}

/* The next one would go on without a fresh staple. */
static void
a_session_of_a_stapling_server_is_not_kept(void **state)
{
	struct tls_policy policy;
	struct error err;

	make_policy(&policy, *state);
	policy.verify = 0;
	assert_int_equal(run(&policy, SERVER_STAPLES, KEPT, &err), 0);
	assert_int_equal(run(&policy, SERVER_STAPLES, KEPT, &err), 0);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 1);
}

/* Everything that decides trust. */
enum change {
	NAME, PORT, TRUST, TRUST_FILE, TRUST_IN_PLACE, CRL_FILE, FINGERPRINTS,
	CLIENT_CERTIFICATE, PRIORITIES, PRIME, VERIFY, CHANGES
};

static void
touch(const char *path)
{
	FILE *file = fopen(path, "a");

	assert_non_null(file);
	fputs("\n", file);
	fclose(file);
}

/* Such that the server is trusted all the same. */
static void
change(struct tls_policy *policy, const struct place *p, enum change what)
{
	static char hex[65];
	static const char *const fingerprints[] = { hex, NULL };

	certs_hash(hex, GOOD, HASH_SHA256);
	if (what == NAME)
		policy->name = "MAIL.test";
	if (what == PORT)
		policy->port = 587;
	if (what == TRUST)
		policy->trust = TLS_TRUST_TOFU;
	if (what == TRUST_FILE)
		policy->trust_file = p->other_trust;
	if (what == TRUST_IN_PLACE)
		touch(p->trust);
	if (what == CRL_FILE)
		policy->crl_file = p->crl;
	if (what == FINGERPRINTS)
		policy->fingerprints = fingerprints;
	if (what == CLIENT_CERTIFICATE) {
		policy->key_file = p->key;
		policy->cert_file = p->cert;
	}
	if (what == PRIORITIES)
		policy->priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
	if (what == PRIME)
		policy->min_dh_prime_bits = 3072;
	if (what == VERIFY)
		policy->verify = 0;
}

static void
what_decides_trust_may_not_change(void **state)
{
	struct tls_policy policy, changed;
	struct error err;

	for (int i = 0; i < CHANGES; i++) {
		make_policy(&policy, *state);
		run(&policy, SERVER_RESUMES, KEPT, &err);
		assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 1);
		changed = policy;
		change(&changed, *state, (enum change)i);
		if (run(&changed, SERVER_RESUMES, FORGOTTEN, &err) != 0)
			print_message("# change %d: %s\n", i, err.text);
		assert_int_equal(err.code, 0);
		assert_int_equal(run(&changed, SERVER_RESUMES, FORGOTTEN,
		    &err), 0);
	}
}

static void
a_pin_that_was_removed_is_not_outlived(void **state)
{
	const struct place *p = *state;
	char *pinned = xasprintf("%s/pins/mail.test:465", p->state);
	struct tls_policy policy;
	struct error err;

	make_policy(&policy, p);
	policy.trust = TLS_TRUST_TOFU;
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 1);
	assert_int_equal(unlink(pinned), 0);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	free(pinned);
}

/* The records are not in the name of the place: the DNS may turn them round.
 * So here the ticket is there, and the verdict has to be. */
static void
the_verdict_is_reached_anew(void **state)
{
	struct tlsa_records records = {0};
	struct tls_policy policy;
	struct error err;

	make_policy(&policy, *state);
	policy.trust = TLS_TRUST_DANE;
	policy.records = &records;
	records.n = 1;
	records.at[0].usage = 3;
	records.at[0].selector = 1;
	records.at[0].data = certs_export(&records.at[0].len, GOOD,
	    HASH_SPKI);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 1);
	records.at[0].data[0] ^= 1;
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
	assert_memory_equal(err.text, "certificate matches none of 1", 29);
	records.at[0].data[0] ^= 1;
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	tlsa_free(&records);
}

/* The one file below sessions/. */
static char *
session_file(const struct place *p)
{
	char *command = xasprintf("ls -A '%s/sessions'", p->state);
	FILE *list = popen(command, "r");
	char name[80] = "";

	assert_non_null(fgets(name, sizeof(name), list));
	assert_int_equal(strlen(name), 65);
	assert_null(fgets(name + 65, 9, list));
	pclose(list);
	free(command);
	return xasprintf("%s/sessions/%.64s", p->state, name);
}

static void
what_is_kept_is_ours_alone(void **state)
{
	struct tls_policy policy;
	struct error err;
	struct stat st;
	char *path;

	make_policy(&policy, *state);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	path = session_file(*state);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	free(path);
}

/* The file in place of what was written: so old, and so much of it, with one
 * octet turned. */
static void
spoil(const char *path, long age, size_t keep, size_t turned)
{
	static char data[65536];
	size_t len, since = strlen("onehop session 1 ");
	FILE *file = fopen(path, "r");
	char head[21];

	assert_non_null(file);
	len = fread(data, 1, sizeof(data), file);
	fclose(file);
	assert_in_range(len, 500, sizeof(data));
	snprintf(head, sizeof(head), "%020ld", (long)time(NULL) - age);
	memcpy(data + since, head, 20);
	if (turned < len)
		data[turned] ^= 1;
	file = fopen(path, "w");
	assert_non_null(file);
	fwrite(data, 1, len < keep ? len : keep, file);
	fclose(file);
}

static void
old_and_broken_sessions_are_dropped(void **state)
{
	enum { ALL = 99999, NONE = 99999 };
	static const struct {
		long age;
		size_t len, turned;
		int resumed;
	} spoilt[] = {
		{ 1, ALL, NONE, 1 }, { 86000, ALL, NONE, 1 },
		{ 86401, ALL, NONE, 0 }, { -60, ALL, NONE, 0 },
		{ 1, 0, NONE, 0 }, { 1, 1, NONE, 0 }, { 1, 100, NONE, 0 },
		{ 1, 103, NONE, 0 }, { 1, 104, NONE, 0 },
		{ 1, 400, NONE, 0 }, { 1, ALL, 0, 0 }, { 1, ALL, 60, 0 },
		{ 1, ALL, 200, 0 },
	};

	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		struct tls_policy policy;
		struct error err;
		char *path;

		make_policy(&policy, *state);
		assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
		path = session_file(*state);
		spoil(path, spoilt[i].age, spoilt[i].len, spoilt[i].turned);
		if (run(&policy, SERVER_RESUMES, FORGOTTEN, &err) !=
		    spoilt[i].resumed)
			fail_msg("case %zu", i);
		assert_int_equal(err.code, 0);
		free(path);
	}
}

static void
what_cannot_go_on_is_removed(void **state)
{
	struct timespec times[2] = {{ time(NULL) - 86500, 0 }};
	struct tls_policy policy;
	struct error err;
	char *path;

	make_policy(&policy, *state);
	assert_int_equal(run(&policy, SERVER_RESUMES, KEPT, &err), 0);
	path = session_file(*state);
	policy.port = 587;
	assert_int_equal(run(&policy, SERVER_RESUMES, FORGOTTEN, &err), 0);
	assert_int_equal(access(path, F_OK), 0);
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(run(&policy, SERVER_RESUMES, FORGOTTEN, &err), 0);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

static int
make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct place *p = *state;

	p->state = xasprintf("%s/onehop-resume-XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->state));
	return 0;
}

static int
drop(void **state)
{
	struct place *p = *state;
	char *command = xasprintf("rm -rf '%s'", p->state);

	assert_int_equal(system(command), 0);
	free(command);
	free(p->state);
	return 0;
}

static int
begin(void **state)
{
	static struct place place;

	certs_make(state);
	place.trust = certs_write("root.pem", root);
	place.other_trust = certs_write("root-again.pem", root);
	place.crl = certs_write_crl("crl.pem");
	place.key = certs_write_key("key.pem", CLIENT, NULL);
	place.cert = certs_write("cert.pem",
	    (const enum cert[]){ CLIENT, INTER, NO_CERT });
	*state = &place;
	return 0;
}

static int
end(void **state)
{
	return certs_free(state);
}

int
main(void)
{
#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make, drop)
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(the_second_run_goes_on),
		IN_A_PLACE(nothing_is_kept_unless_asked_for),
		IN_A_PLACE(a_ticket_is_used_once),
		IN_A_PLACE(a_session_that_went_wrong_does_not_go_on),
		IN_A_PLACE(a_session_of_a_stapling_server_is_not_kept),
		IN_A_PLACE(what_decides_trust_may_not_change),
		IN_A_PLACE(a_pin_that_was_removed_is_not_outlived),
		IN_A_PLACE(the_verdict_is_reached_anew),
		IN_A_PLACE(what_is_kept_is_ours_alone),
		IN_A_PLACE(old_and_broken_sessions_are_dropped),
		IN_A_PLACE(what_cannot_go_on_is_removed),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
