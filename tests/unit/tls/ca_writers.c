/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CA certificates that another user could have put there are not trusted. */
#include "../unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../certs.h"
#include "base/xmalloc.h"
#include "tls/tls.h"

#define OTHER 1

static const enum cert good[] = { GOOD, INTER, NO_CERT };
static const enum cert self[] = { SELF, NO_CERT };
static const enum cert root[] = { ROOT, NO_CERT };

/* A file with the root's certificate, its directory, and what becomes of it. */
static const struct {
	uid_t directory_owner;
	mode_t directory_mode;
	uid_t owner;
	mode_t mode;
	const char *of_file;      /* the error if the file is named, or NULL */
	const char *of_directory; /* and if the directory is */
	const char *hint;
} cases[] = {
	{ 0, 0755, 0, 0644, NULL, NULL, "" },
	{ 0, 0775, 0, 0664, NULL, NULL, "" },
	{ 0, 01777, 0, 0644, NULL, NULL, "" },
	{ 0, 0777, 0, 0644, "a directory that is not world-writable, not mode "
	    "777", "a directory that is not world-writable, not mode 777",
	    "chmod o-w" },
	{ OTHER, 0755, 0, 0644, NULL, "a directory of user 0 or root, not of "
	    "user 1", "copy its files" },
	{ 0, 0755, OTHER, 0644, "a file of user 0 or root, not of user 1",
	    "root.pem: expected a file of user 0 or root, not of user 1",
	    "copy it to a directory of your own" },
	{ 0, 0755, 0, 0646, "a file that is not world-writable, not mode 646",
	    "root.pem: expected a file that is not world-writable, not mode "
	    "646", "chmod o-w" },
};

static void
try(const char *store, const char *text, size_t i)
{
	struct tls_policy policy = { .verify = 1, .name = "mail.test",
		.trust_file = store };
	struct tls_facts facts;
	struct error err;
	int result = certs_visit(&policy, good, &facts, &err);

	if (text == NULL ? result != 0 : result == 0 ||
	    err.code != EX_CONFIG || strstr(err.text, store) == NULL ||
	    strstr(err.text, text) == NULL ||
	    strstr(err.hint, cases[i].hint) == NULL)
		fail_msg("case %zu, %s: %d %s; %s", i, store, result, err.text,
		    err.hint);
}

/* A directory of its own in the scratch directory; owned. */
static char *
make_directory(const char *name)
{
	const char *beside = certs_write("beside.pem", root);
	char *path = xasprintf("%.*s/%s",
	    (int)(strrchr(beside, '/') - beside), beside, name);

	assert_int_equal(mkdir(path, 0700), 0);
	return path;
}

static void
owner_and_mode_decide(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *directory = make_directory("store");
		char *file = xasprintf("%s/root.pem", directory);

		certs_write("store/root.pem", root);
		assert_int_equal(chown(file, cases[i].owner, 0), 0);
		assert_int_equal(chmod(file, cases[i].mode), 0);
		assert_int_equal(chown(directory, cases[i].directory_owner,
		    0), 0);
		assert_int_equal(chmod(directory, cases[i].directory_mode), 0);
		try(file, cases[i].of_file, i);
		try(directory, cases[i].of_directory, i);
		assert_int_equal(unlink(file), 0);
		assert_int_equal(rmdir(directory), 0);
		free(directory);
		free(file);
	}
}

static void
what_others_added_to_a_directory_is_skipped(void **state)
{
	struct tls_policy policy = { .verify = 1, .name = "mail.test" };
	struct tls_facts facts;
	struct error err;
	char *directory, *file;

	(void)state;
	if (geteuid() != 0)
		skip();
	directory = make_directory("mixed");
	file = xasprintf("%s/self.pem", directory);
	certs_write("mixed/self.pem", self);
	certs_write("mixed/root.pem", root);
	policy.trust_file = directory;
	assert_int_equal(certs_visit(&policy, self, &facts, &err), 0);
	assert_int_equal(chown(file, OTHER, 0), 0);
	assert_int_equal(certs_visit(&policy, self, &facts, &err), -1);
	assert_int_equal(err.code, EX_PROTOCOL);
	assert_int_equal(certs_visit(&policy, good, &facts, &err), 0);
	assert_int_equal(err.code, 0);
	free(directory);
	free(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owner_and_mode_decide),
		cmocka_unit_test(what_others_added_to_a_directory_is_skipped),
	};

	return cmocka_run_group_tests(tests, certs_make, certs_free);
}
