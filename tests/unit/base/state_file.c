/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/state_file.h"
#include "base/xmalloc.h"

/* A scratch directory, and the store's two levels below it. */
struct place {
	char *root;
	char *state;
	char *directory;
};

static int
make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct place *p = xcalloc(1, sizeof(*p));

	p->root = xasprintf("%s/onehop-store-XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->root));
	p->state = xasprintf("%s/state", p->root);
	p->directory = xasprintf("%s/pins", p->state);
	*state = p;
	return 0;
}

static int
drop(void **state)
{
	struct place *p = *state;

	assert_int_equal(remove_tree(p->root), 0);
	free(p->root);
	free(p->state);
	free(p->directory);
	free(p);
	return 0;
}

static int
add(const struct place *p, const char *name, const char *words,
    struct error *err)
{
	struct buffer text = {0};
	int result;

	buffer_add_string(&text, words);
	result = state_file_add(p->directory, name, &text, err);
	buffer_free(&text);
	return result;
}

static void
assert_holds(const struct place *p, const char *name, const char *words)
{
	struct buffer text = {0};
	struct error err = {0};

	assert_int_equal(state_file_read(&text, p->directory, name, &err), 1);
	assert_string_equal(buffer_string(&text), words);
	buffer_free(&text);
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
what_was_added_is_read_and_nobody_elses(void **state)
{
	const struct place *p = *state;
	char *file = xasprintf("%s/a:1", p->directory);
	struct buffer text = {0};
	struct error err = {0};
	mode_t before = umask(0);

	assert_int_equal(state_file_read(&text, p->directory, "a:1", &err), 0);
	assert_int_equal(add(p, "a:1", "one", &err), 1);
	umask(before);
	assert_holds(p, "a:1", "one");
	assert_int_equal(mode_of(p->state), 0700);
	assert_int_equal(mode_of(p->directory), 0700);
	assert_int_equal(mode_of(file), 0600);
	assert_int_equal(state_file_read(&text, p->directory, "b:1", &err), 0);
	assert_int_equal(err.code, 0);
	free(file);
}

static void
what_is_there_stays(void **state)
{
	const struct place *p = *state;
	struct error err = {0};

	assert_int_equal(add(p, "a:1", "one", &err), 1);
	assert_int_equal(add(p, "a:1", "two", &err), 0);
	assert_int_equal(err.code, 0);
	assert_holds(p, "a:1", "one");
}

/* One of many at once wins, and nothing is left over but its file. */
static void
one_of_many_wins(void **state)
{
	const struct place *p = *state;
	char *command = xasprintf("test \"$(ls -A '%s')\" = a:1",
	    p->directory);
	pid_t children[16];
	int winners = 0;

	for (int i = 0; i < 16; i++) {
		struct error err = {0};

		children[i] = fork();
		if (children[i] == 0)
			_exit(add(p, "a:1", "one", &err) + 1);
	}
	for (int i = 0; i < 16; i++) {
		int status;

		waitpid(children[i], &status, 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) > 0);
		winners += WEXITSTATUS(status) == 2;
	}
	assert_int_equal(winners, 1);
	assert_int_equal(system(command), 0);
	free(command);
}

/* How the place is spoilt, and what is said of it. */
static const struct {
	const char *command;  /* in the state directory, pins/a:1 is there */
	const char *text;
	int root_too;         /* does it stop root? */
} spoilt[] = {
	{ "chmod 777 pins", "/pins: expected a directory that only its owner "
	    "can write to, not mode 777", 1 },
	{ "chmod 666 pins/a:1", "/pins: a:1: expected a file that only its "
	    "owner can write, not mode 666", 1 },
	{ "rm pins/a:1; mkdir pins/a:1", "/pins: a:1: expected a regular "
	    "file", 1 },
	{ "rm pins/a:1; mkfifo pins/a:1", "/pins: a:1: expected a regular "
	    "file", 1 },
	{ "mv pins x; echo >pins", "/pins: Not a directory", 1 },
	{ "mv pins x; ln -s x pins", "/pins: Not a directory", 1 },
	{ "chmod 0 pins/a:1", "/pins/a:1: Permission denied", 0 },
	{ "chown 4711 pins", "/pins: expected a directory of user 0, not of "
	    "user 4711", 2 },
	{ "chown 4711 pins/a:1", "/pins: a:1: expected a file of user 0 or "
	    "root, not of user 4711", 2 },
};

static void
what_others_can_write_is_not_read(void **state)
{
	struct place *p;

	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		struct buffer text = {0};
		struct error err = {0};
		char *command;

		if (spoilt[i].root_too == (geteuid() == 0 ? 0 : 2))
			continue;
		drop(state);
		make(state);
		p = *state;
		assert_int_equal(add(p, "a:1", "one", &err), 1);
		command = xasprintf("cd '%s' && { %s; }", p->state,
		    spoilt[i].command);
		assert_int_equal(system(command), 0);
		free(command);
		assert_int_equal(state_file_read(&text, p->directory, "a:1",
		    &err),
		    -1);
		assert_int_equal(err.code, EX_CONFIG);
		assert_memory_equal(err.text, p->state, strlen(p->state));
		assert_string_equal(err.text + strlen(p->state),
		    spoilt[i].text);
		assert_null(text.data);
	}
}

static void
names_lead_nowhere_else(void **state)
{
	static const char *const names[] = {
		"", ".", "..", ".hidden", "../a", "a/b", "/etc/passwd"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buffer text = {0};
		struct error err = {0};

		assert_int_equal(add(*state, names[i], "one", &err), -1);
		assert_int_equal(err.code, EX_CONFIG);
		assert_int_equal(state_file_read(&text,
		    ((struct place *)*state)->directory, names[i], &err), -1);
	}
}

static void
a_place_that_cannot_be_made_is_an_error(void **state)
{
	struct place *p = *state;
	struct error err = {0};
	char *file = xasprintf("%s/blocked", p->root);

	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	free(p->directory);
	p->directory = xasprintf("%s/pins", file);
	assert_int_equal(add(p, "a:1", "one", &err), -1);
	assert_non_null(strstr(err.text, "Not a directory"));
	free(p->directory);
	p->directory = xstrdup("/proc/nowhere/pins");
	assert_int_equal(add(p, "a:1", "one", &err), -1);
	assert_int_equal(err.code, EX_IOERR);
	assert_memory_equal(err.text, "cannot make /proc/nowhere/pins", 30);
	free(file);
}

/* Whatever a name consists of, its error has no control characters. */
static void
a_name_is_escaped_in_errors(void **state)
{
	const struct place *p = *state;
	struct error err = {0};
	char name[300];

	memset(name, '\033', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(add(p, name, "one", &err), -1);
	assert_int_equal(err.code, EX_IOERR);
	assert_non_null(strstr(err.text, "\\x1B"));
	assert_null(strchr(err.text, '\033'));
}

static void
more_than_the_limit_is_not_read(void **state)
{
	const struct place *p = *state;
	struct buffer text = {0};
	struct error err = {0};

	memset(buffer_reserve(&text, STORE_MAX + 1), 'x', STORE_MAX + 1);
	text.len = STORE_MAX + 1;
	assert_int_equal(state_file_add(p->directory, "a:1", &text, &err), 1);
	buffer_free(&text);
	assert_int_equal(state_file_read(&text, p->directory, "a:1", &err), -1);
	assert_non_null(strstr(err.text, "expected at most"));
}

int
main(void)
{
#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make, drop)
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(what_was_added_is_read_and_nobody_elses),
		IN_A_PLACE(what_is_there_stays),
		IN_A_PLACE(one_of_many_wins),
		IN_A_PLACE(what_others_can_write_is_not_read),
		IN_A_PLACE(names_lead_nowhere_else),
		IN_A_PLACE(a_place_that_cannot_be_made_is_an_error),
		IN_A_PLACE(a_name_is_escaped_in_errors),
		IN_A_PLACE(more_than_the_limit_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
