/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the state of the system's file means for a user who has a file. The
 * module is compiled in: its system's file is one of the test. */
#include "../unit.h"

#include <sys/stat.h>
#include <unistd.h>

#undef SYSCONFDIR
#define SYSCONFDIR "etc"
#include "config/sources.c" /* in place of the archive's */

#include "config/load.h"

#define SYSTEM "etc/onehop/config"
#define USER ".config/onehop/config"
#define TYPO "host system.example\nfrom me@example.org\ntimeot 30\n"

static char scratch[32];

static int
set_up(void **state)
{
	(void)state;
	strcpy(scratch, "/tmp/sources.XXXXXX");
	if (mkdtemp(scratch) == NULL || chdir(scratch) != 0)
		return -1;
	setenv("HOME", scratch, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("SMTPSERVER");
	return mkdir("etc", 0700) | mkdir("etc/onehop", 0700) |
	    mkdir(".config", 0700) | mkdir(".config/onehop", 0700);
}

static int
tear_down(void **state)
{
	(void)state;
	return chdir("/") | remove_tree(scratch);
}

static void
put(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Both ways to a file of the user's. */
static const char *const named[] = { NULL, USER };

/* The system's file has an error: what is known of the account otherwise? */
static void
a_file_that_is_not_read_may_have_another_account(void **state)
{
	(void)state;
	put(SYSTEM, TYPO, 0644);
	for (size_t i = 0; i < 2; i++) {
		const struct selection selection = { .config = named[i] };
		struct account a = {0};

		put(USER, "host user.example\n", 0600);
		assert_int_equal(config_load_readable(&a, &selection, NULL,
		    NULL), 0);
		assert_string_equal(a.host.at[0], "user.example");
		account_free(&a);
		put(USER, "host user.example\n", 0666);
		assert_int_equal(config_load_readable(&a, &selection, NULL,
		    NULL), -1);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_is_not_read_may_have_another_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
