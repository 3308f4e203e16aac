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

/* Both ways to a file of the user's. */
static const char *const named[] = { NULL, USER };

/* The system's file has an error: what is known of the account otherwise? */
static void
a_file_that_is_not_read_may_have_another_account(void **state)
{
	(void)state;
	write_file(SYSTEM, TYPO, 0644);
	for (size_t i = 0; i < 2; i++) {
		const struct selection selection = { .config = named[i] };
		struct account a = {0};

		write_file(USER, "host user.example\n", 0600);
		assert_int_equal(config_load_readable(&a, &selection, NULL,
		    NULL), 0);
		assert_string_equal(a.host.at[0], "user.example");
		account_free(&a);
		write_file(USER, "host user.example\n", 0666);
		assert_int_equal(config_load_readable(&a, &selection, NULL,
		    NULL), -1);
	}
}

/* Returns the account's host, or the error. */
static const char *
load(const char *config, const char *account)
{
	static char text[256];
	const struct selection selection = { .config = config,
	    .account = account };
	struct account a = {0};
	struct error err = {0};

	if (config_load(&a, &selection, NULL, NULL, &err) == 0)
		snprintf(text, sizeof(text), "%s", a.host.at[0]);
	else
		snprintf(text, sizeof(text), "%d %.200s", err.code, err.text);
	account_free(&a);
	return text;
}

/* As on a disk that is not mounted: its accounts are missed. */
static void
a_link_to_nothing_is_an_error_beside_another_file(void **state)
{
	(void)state;
	write_file(USER, "host user.example\n", 0600);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(load(named[i], NULL), "user.example");
		assert_int_equal(symlink("nowhere", SYSTEM), 0);
		assert_string_equal(load(named[i], NULL), "78 " SYSTEM
		    " is a link to a file that does not exist");
		assert_int_equal(unlink(SYSTEM), 0);
		assert_int_equal(rmdir("etc/onehop"), 0);
		assert_int_equal(symlink("nowhere", "etc/onehop"), 0);
		assert_string_equal(load(named[i], NULL), "78 etc/onehop"
		    " is a link to a file that does not exist");
		assert_int_equal(unlink("etc/onehop"), 0);
		assert_int_equal(mkdir("etc/onehop", 0700), 0);
	}
}

/* The modes of the system's file and its directory, and whether it is used. */
static const struct {
	mode_t file, directory;
	int is_link, is_used;
} modes[] = {
	{ 0644, 0755, 0, 1 },
	{ 0644, 0755, 1, 1 },
	{ 0666, 0755, 0, 0 },
	{ 0644, 0777, 0, 0 },
	/* not for root, who may read all */
	{ 0000, 0755, 0, 0 },
	{ 0644, 0000, 0, 0 },
	{ 0644, 0000, 1, 0 },
};

static void
a_file_that_is_not_trusted_is_not_used_beside_another(void **state)
{
	(void)state;
	write_file(USER, "host user.example\n", 0600);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const char *real = modes[i].is_link ? "etc/real/config"
		    : SYSTEM;
		const char *directory = modes[i].is_link ? "etc/real"
		    : "etc/onehop";

		if (geteuid() == 0 && i >= 4)
			break;
		if (modes[i].is_link) {
			(void)mkdir("etc/real", 0700);
			assert_int_equal(symlink("../real/config", SYSTEM), 0);
		}
		write_file(real, "account sys\nhost sys.example\n",
		    modes[i].file);
		chmod(directory, modes[i].directory);
		for (size_t j = 0; j < 2; j++) {
			assert_string_equal(load(named[j], NULL),
			    "user.example");
			assert_string_equal(load(named[j], "sys"),
			    modes[i].is_used ? "sys.example"
			    : "78 no account sys in the config files");
		}
		chmod(directory, 0700);
		assert_int_equal(unlink(SYSTEM), 0);
	}
}

static void
the_only_file_must_be_trusted(void **state)
{
	(void)state;
	write_file(SYSTEM, "host sys.example\n", 0666);
	assert_string_equal(load(NULL, NULL), "78 " SYSTEM ": expected a file "
	    "that only its owner can write, not mode 666");
	assert_int_equal(chmod(SYSTEM, 0644), 0);
	assert_string_equal(load(NULL, NULL), "sys.example");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_is_not_read_may_have_another_account),
		TEST(a_link_to_nothing_is_an_error_beside_another_file),
		TEST(a_file_that_is_not_trusted_is_not_used_beside_another),
		TEST(the_only_file_must_be_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
