/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xdg.h"

#define FOREIGN 54321

static char scratch[] = "/tmp/onehop-xdg-XXXXXX";

static char *
state_of(const char *value, char *text)
{
	char *found;

	setenv("XDG_STATE_HOME", value, 1);
	found = xdg_state_directory("/srv/me");
	assert_int_equal(xdg_state_file(text, PATH_MAX, "/srv/me", "f"), 0);
	return found;
}

static void
must_be(const char *value, const char *directory)
{
	char text[PATH_MAX], wanted[PATH_MAX];
	char *found = state_of(value, text);

	assert_string_equal(found, directory);
	snprintf(wanted, sizeof(wanted), "%.4000s/f", directory);
	assert_string_equal(text, wanted);
	free(found);
}

static void
a_directory_of_the_user_is_believed(void **state)
{
	char path[128], wanted[160];

	(void)state;
	snprintf(wanted, sizeof(wanted), "%s/onehop", scratch);
	must_be(scratch, wanted);
	snprintf(path, sizeof(path), "%s/not/there", scratch);
	snprintf(wanted, sizeof(wanted), "%s/onehop", path);
	must_be(path, wanted);
}

/* Root tries a directory that it has given away, others one of root's. */
static void
a_directory_of_others_is_not(void **state)
{
	char path[128], below[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/theirs", scratch);
	if (geteuid() == 0) {
		assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(chown(path, FOREIGN, (gid_t)-1), 0);
	} else {
		snprintf(path, sizeof(path), "/usr");
	}
	must_be(path, "/srv/me/.local/state/onehop");
	snprintf(below, sizeof(below), "%s/not-there", path);
	must_be(below, "/srv/me/.local/state/onehop");
	must_be("relative", "/srv/me/.local/state/onehop");
	must_be("", "/srv/me/.local/state/onehop");
	if (geteuid() == 0)
		rmdir(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_of_the_user_is_believed),
		cmocka_unit_test(a_directory_of_others_is_not),
	};
	int failed;

	if (mkdtemp(scratch) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(scratch);
	return failed;
}
