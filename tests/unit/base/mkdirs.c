/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mkdirs.h"
#include "base/xmalloc.h"

static int
make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *root = xasprintf("%s/onehop-mkdirs-XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");

	assert_non_null(mkdtemp(root));
	assert_int_equal(chdir(root), 0);
	*state = root;
	return 0;
}

static int
drop(void **state)
{
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(remove_tree(*state), 0);
	free(*state);
	return 0;
}

/* The result, or errno. The path is as it was in the end. */
static int
call(const char *path)
{
	char *copy = xstrdup(path);
	int result = mkdirs(copy) == 0 ? 0 : errno;

	assert_string_equal(copy, path);
	free(copy);
	return result;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode : 0;
}

static void
what_is_missing_is_made_for_its_owner_alone(void **state)
{
	static const char *const paths[] = { "a/b/c", "d", "e//f/", "./g/h" };
	char *whole = xasprintf("%s/i/j", (const char *)*state);
	mode_t mask = umask(0777);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(call(paths[i]), 0);
	assert_int_equal(call(whole), 0);
	umask(mask);
	assert_int_equal(mode_of("a"), S_IFDIR | 0700);
	assert_int_equal(mode_of("a/b/c"), S_IFDIR | 0700);
	assert_int_equal(mode_of("d"), S_IFDIR | 0700);
	assert_int_equal(mode_of("e/f"), S_IFDIR | 0700);
	assert_int_equal(mode_of("g/h"), S_IFDIR | 0700);
	assert_int_equal(mode_of("i/j"), S_IFDIR | 0700);
	free(whole);
}

static void
what_is_there_stays_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(mkdir("there", 0755), 0);
	assert_int_equal(chmod("there", 0755), 0);
	assert_int_equal(symlink("there", "link"), 0);
	assert_int_equal(call("link"), 0);
	assert_int_equal(call("link/below"), 0);
	assert_int_equal(mode_of("there"), S_IFDIR | 0755);
	assert_int_equal(mode_of("there/below"), S_IFDIR | 0700);
	assert_int_equal(call("/"), 0);
	assert_int_equal(call("."), 0);
}

static void
a_link_to_nowhere_and_a_file_are_no_directories(void **state)
{
	(void)state;
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_not_equal(call("dangling/x"), 0);
	assert_int_equal(mode_of("nowhere"), 0);
	assert_int_equal(close(open("file", O_WRONLY | O_CREAT, 0600)), 0);
	assert_int_equal(call("file/x"), ENOTDIR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_is_missing_is_made_for_its_owner_alone, make, drop),
		cmocka_unit_test_setup_teardown(what_is_there_stays_as_it_is,
		    make, drop),
		cmocka_unit_test_setup_teardown(
		    a_link_to_nowhere_and_a_file_are_no_directories, make,
		    drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
