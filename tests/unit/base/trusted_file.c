/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trusted_file.h"
#include "base/xmalloc.h"

#define USER 65534
#define OTHER 1

enum kind { FILE_REGULAR, FILE_LINKED, FILE_FIFO, FILE_DIRECTORY };

/* Read by USER. The text is what is wrong, NULL if nothing is. */
static const struct {
	enum kind kind;
	uid_t owner;
	mode_t mode;
	enum trusted_demand demand;
	const char *text;
	const char *hint;
} cases[] = {
	{ FILE_REGULAR, USER, 0600, TRUSTED_OWNER, NULL, "" },
	{ FILE_REGULAR, USER, 0644, TRUSTED_OWNER, NULL, "" },
	{ FILE_REGULAR, 0, 0644, TRUSTED_OWNER, NULL, "" },
	{ FILE_LINKED, USER, 0644, TRUSTED_OWNER, NULL, "" },
	{ FILE_REGULAR, USER, 0664, TRUSTED_OWNER,
	    "only its owner can write, not mode 664", "chmod go-w " },
	{ FILE_LINKED, USER, 0602, TRUSTED_OWNER,
	    "only its owner can write, not mode 602", "chmod go-w " },
	{ FILE_REGULAR, OTHER, 0644, TRUSTED_OWNER,
	    "a file of user 65534 or root, not of user 1", "sudo -H" },
	{ FILE_FIFO, USER, 0600, TRUSTED_OWNER, "a regular file", "" },
	{ FILE_DIRECTORY, USER, 0700, TRUSTED_OWNER, "a regular file", "" },

	{ FILE_REGULAR, USER, 0600, TRUSTED_SECRET, NULL, "" },
	{ FILE_REGULAR, USER, 0400, TRUSTED_SECRET, NULL, "" },
	{ FILE_LINKED, USER, 0600, TRUSTED_SECRET, NULL, "" },
	{ FILE_REGULAR, 0, 0640, TRUSTED_SECRET, NULL, "" },
	{ FILE_REGULAR, USER, 0640, TRUSTED_SECRET,
	    "others cannot read, not mode 640", "chmod go-r " },
	{ FILE_REGULAR, USER, 0604, TRUSTED_SECRET,
	    "others cannot read, not mode 604", "chmod go-r " },
	{ FILE_REGULAR, 0, 0644, TRUSTED_SECRET,
	    "others cannot read, not mode 644", "chmod o-r " },
	{ FILE_REGULAR, USER, 0620, TRUSTED_SECRET,
	    "only its owner can write, not mode 620", "chmod go-w " },
	{ FILE_REGULAR, OTHER, 0644, TRUSTED_SECRET,
	    "a file of user 65534 or root, not of user 1", "sudo -H" },
	{ FILE_FIFO, USER, 0600, TRUSTED_SECRET, "a regular file", "" },

	{ FILE_REGULAR, USER, 0664, TRUSTED_SHARED, NULL, "" },
	{ FILE_LINKED, 0, 0664, TRUSTED_SHARED, NULL, "" },
	{ FILE_REGULAR, USER, 0646, TRUSTED_SHARED,
	    "a file that is not world-writable, not mode 646", "chmod o-w " },
	{ FILE_LINKED, OTHER, 0644, TRUSTED_SHARED,
	    "a file of user 65534 or root, not of user 1", "copy it" },
	{ FILE_FIFO, USER, 0600, TRUSTED_SHARED, "a regular file", "" },

	{ FILE_REGULAR, OTHER, 0644, TRUSTED_REGULAR, NULL, "" },
	{ FILE_REGULAR, USER, 0664, TRUSTED_REGULAR, NULL, "" },
	{ FILE_FIFO, USER, 0600, TRUSTED_REGULAR, "a regular file", "" },
	{ FILE_DIRECTORY, USER, 0700, TRUSTED_REGULAR, "a regular file", "" },
};

static int
make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *root = xasprintf("%s/onehop-trusted-XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");

	assert_non_null(mkdtemp(root));
	assert_int_equal(chmod(root, 0711), 0);
	*state = root;
	return 0;
}

static int
drop(void **state)
{
	assert_int_equal(remove_tree(*state), 0);
	free(*state);
	return 0;
}

static void
make_file(const char *path, enum kind kind, const char *target)
{
	int fd = -1;

	if (kind == FILE_LINKED)
		assert_int_equal(symlink(path, target), 0);
	switch (kind) {
	case FILE_LINKED:
	case FILE_REGULAR:
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_int_equal(write(fd, "text", 4), 4);
		assert_int_equal(close(fd), 0);
		break;
	case FILE_FIFO:
		assert_int_equal(mkfifo(path, 0600), 0);
		break;
	case FILE_DIRECTORY:
		assert_int_equal(mkdir(path, 0700), 0);
		break;
	}
}

static void
run_case(const char *root, size_t i)
{
	char *path = xasprintf("%s/%zu", root, i);
	char *target = xasprintf("%s/link%zu", root, i);
	struct trusted_file file = { .demand = cases[i].demand };
	struct error err = {0};
	int result;

	make_file(path, cases[i].kind, target);
	assert_int_equal(chown(path, cases[i].owner, USER), 0);
	assert_int_equal(chmod(path, cases[i].mode), 0);
	assert_int_equal(setegid(USER), 0);
	assert_int_equal(seteuid(USER), 0);
	result = trusted_file_require(&file,
	    cases[i].kind == FILE_LINKED ? target : path, 64, &err);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	if (cases[i].text == NULL ? result != 0
	    : result == 0 || err.code != EX_CONFIG ||
	    strstr(err.text, cases[i].text) == NULL ||
	    strstr(err.hint, cases[i].hint) == NULL)
		fail_msg("case %zu: %d %s; %s", i, result, err.text, err.hint);
	if (result == 0)
		assert_memory_equal(file.text.data, "text", 4);
	buffer_free(&file.text);
	free(path);
	free(target);
}

/* Skips the test unless root runs it, who alone can make files of others, in a
 * directory that USER can reach. */
static void
need_other_users(const char *directory)
{
	struct stat st;
	int reachable;

	if (geteuid() != 0)
		skip();
	assert_int_equal(seteuid(USER), 0);
	reachable = stat(directory, &st) == 0;
	assert_int_equal(seteuid(0), 0);
	if (!reachable)
		skip();
}

static void
owner_mode_and_kind_decide(void **state)
{
	need_other_users(*state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(*state, i);
}

/* What is at the end of the path, and whether USER may append there. */
static const struct {
	const char *path;   /* below the scratch directory */
	int may;
} logs[] = {
	{ "own/new", 1 }, { "own/file", 1 }, { "sticky/new", 1 },
	{ "own/public", 0 }, { "own/link", 0 }, { "own/hard", 0 },
	{ "own/fifo", 0 }, { "own/theirs", 0 }, { "own/roots", 0 },
	{ "theirs/file", 0 }, { "theirs/new", 0 }, { "open/new", 0 },
	{ "shared/new", 0 }, { "own/none/new", 0 }, { "own", 0 },
};

static void
make_directory(const char *name, uid_t owner, mode_t mode)
{
	assert_int_equal(mkdir(name, 0700), 0);
	assert_int_equal(chown(name, owner, owner), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static void
make_owned(const char *name, uid_t owner, mode_t mode)
{
	make_file(name, FILE_REGULAR, NULL);
	assert_int_equal(chown(name, owner, owner), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static void
secrets_are_appended_where_others_cannot_take_them(void **state)
{
	const char *root = *state;

	need_other_users(root);
	assert_int_equal(chdir(root), 0);
	make_directory("own", USER, 0755);
	make_directory("theirs", OTHER, 0777);
	make_directory("open", USER, 0777);
	make_directory("shared", USER, 0775);
	make_directory("sticky", 0, 01777);
	make_owned("own/file", USER, 0644);
	make_owned("own/public", USER, 0666);
	make_owned("own/target", USER, 0600);
	make_owned("own/theirs", OTHER, 0666);
	make_owned("own/roots", 0, 0644);
	make_owned("theirs/file", USER, 0600);
	assert_int_equal(symlink("target", "own/link"), 0);
	assert_int_equal(link("own/target", "own/hard"), 0);
	assert_int_equal(mkfifo("own/fifo", 0600), 0);
	assert_int_equal(chown("own/fifo", USER, USER), 0);
	assert_int_equal(setegid(USER), 0);
	assert_int_equal(seteuid(USER), 0);
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		char *path = xasprintf("%s/%s", root, logs[i].path);
		int may = trusted_file_may_append(path);

		if (may != logs[i].may)
			fail_msg("%s: %d", logs[i].path, may);
		assert_int_equal(setenv("SSLKEYLOGFILE", path, 1), 0);
		assert_int_equal(trusted_file_key_log() != NULL, may);
		assert_int_equal(getenv("SSLKEYLOGFILE") != NULL, may);
		free(path);
	}
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	assert_int_equal(trusted_file_may_append("own/file"), 0);
	assert_int_equal(chdir("/"), 0);
}

/* What USER can have there that OTHER cannot rename. */
static const struct {
	const char *path, *text;
} boxes[] = {
	{ "own/new", NULL }, { "own/new/", NULL }, { "own/none/new", NULL },
	{ "sticky/new", NULL }, { "ours/new", NULL },
	{ "open/own/new", "replace each other's directories in " },
	{ "open/new", "open: expected a directory that others cannot write to, "
	    "or mode 1777, not mode 0777" },
	{ "open/new/", "not mode 0777" },
	{ "link/new", "not mode 0777" }, { "link/none/new", "not mode 0777" },
	{ "shared/new", "not mode 0775" }, { "shared/new/", "not mode 0775" },
	{ "shared/own/new", NULL }, { "shared/none/new", NULL },
	{ "roots/new", "not mode 0775" }, { "roots/own/new", NULL },
	{ "theirs/new", "theirs: expected a directory of user 65534 or root" },
	{ "theirs/own/new", "user 1 can replace what is in " },
	{ "farther/own/new", "user 1 can replace what is in " },
	{ "theirs/none/none/new", "user 1 can replace what is in " },
	{ "far/home/new", NULL }, { "far/home/none/new", NULL },
	{ "far/new", "user 1 can " }, { "way/new", NULL },
};

static void
a_place_is_trusted_if_others_cannot_rename_it(void **state)
{
	const char *root = *state;
	char *home = xasprintf("%s/far/home", root);

	need_other_users(root);
	assert_int_equal(chdir(root), 0);
	make_directory("own", USER, 0755);
	make_directory("ours", USER, 0775);
	make_directory("sticky", 0, 01777);
	make_directory("open", USER, 0777);
	make_directory("open/own", USER, 0700);
	make_directory("shared", USER, 0775);
	assert_int_equal(chown("shared", USER, OTHER), 0);
	make_directory("shared/own", USER, 0700);
	make_directory("roots", 0, 0775);
	make_directory("roots/own", USER, 0700);
	make_directory("theirs", OTHER, 0755);
	make_directory("theirs/own", USER, 0700);
	make_directory("far", OTHER, 0755);
	make_directory("far/home", USER, 0700);
	make_directory("farther", OTHER, 0755);
	make_directory("farther/own", USER, 0700);
	assert_int_equal(symlink("far/home", "way"), 0);
	assert_int_equal(symlink("open/own", "link"), 0);
	assert_int_equal(setenv("HOME", home, 1), 0);
	assert_int_equal(setegid(USER), 0);
	assert_int_equal(seteuid(USER), 0);
	for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++) {
		char *path = xasprintf("%s/%s", root, boxes[i].path);
		struct error err = {0};
		int result = trusted_file_check_place(path, &err);

		if (boxes[i].text == NULL ? result != 0
		    : result == 0 || err.code != EX_CONFIG ||
		    strstr(err.text, boxes[i].text) == NULL)
			fail_msg("%s: %d %s", boxes[i].path, result, err.text);
		free(path);
	}
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	assert_int_equal(chdir("/"), 0);
	free(home);
}

static void
a_device_is_no_file(void **state)
{
	static const enum trusted_demand demands[] = { TRUSTED_OWNER,
		TRUSTED_OWNER_OR_PIPE, TRUSTED_SECRET, TRUSTED_REGULAR };

	(void)state;
	for (size_t i = 0; i < sizeof(demands) / sizeof(demands[0]); i++) {
		struct trusted_file file = { .demand = demands[i] };
		struct error err = {0};

		assert_int_equal(trusted_file_require(&file, "/dev/zero", 64,
		    &err), -1);
		assert_string_equal(err.text, "expected a regular file");
	}
}

/* Any user can have one of root, with a text of his own. */
static void
a_file_of_procfs_is_no_file(void **state)
{
	struct trusted_file file = { .demand = TRUSTED_OWNER };
	struct error err = {0};

	(void)state;
	if (access("/proc/self/status", R_OK) != 0)
		skip();
	assert_int_equal(trusted_file_require(&file, "/proc/self/status",
	    64, &err), -1);
	assert_string_equal(err.text, "expected a regular file");
}

static void
a_missing_file_is_named_by_the_caller(void **state)
{
	struct trusted_file file = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(trusted_file_require(&file, "/nonexistent/x", 64,
	    &err), -1);
	assert_string_equal(err.text, "No such file or directory");
	assert_int_equal(err.code, EX_CONFIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(owner_mode_and_kind_decide,
		    make, drop),
		cmocka_unit_test_setup_teardown(
		    secrets_are_appended_where_others_cannot_take_them,
		    make, drop),
		cmocka_unit_test_setup_teardown(
		    a_place_is_trusted_if_others_cannot_rename_it,
		    make, drop),
		cmocka_unit_test(a_device_is_no_file),
		cmocka_unit_test(a_file_of_procfs_is_no_file),
		cmocka_unit_test(a_missing_file_is_named_by_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
