/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which outboxes there are, and how those of other runs are remembered. */
#include "../unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/xmalloc.h"
#include "config/key.h"
#include "outbox/locate.h"
#include "outbox/outbox.h"

struct bench {
	char home[32], memory[80], config[64];
};

static int
set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));

	strcpy(b->home, "/tmp/locate.XXXXXX");
	assert_non_null(mkdtemp(b->home));
	snprintf(b->memory, sizeof(b->memory),
	    "%s/.local/state/onehop/outboxes", b->home);
	snprintf(b->config, sizeof(b->config), "%s/config", b->home);
	setenv("HOME", b->home, 1);
	unsetenv("XDG_STATE_HOME");
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;
	int status = remove_tree(b->home);

	free(b);
	return status;
}

static void
make_directory(const struct bench *b, const char *name)
{
	char *command = xasprintf("mkdir -p '%s/%s'", b->home, name);

	assert_int_equal(system(command), 0);
	free(command);
}

/* Text with the home directory for each "~". */
static void
write_text(const struct bench *b, const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (; *text != '\0'; text++)
		if (*text == '~')
			fputs(b->home, file);
		else
			putc(*text, file);
	fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
}

static void
assert_memory(const struct bench *b, const char *wanted)
{
	char text[512];
	FILE *file = fopen(b->memory, "r");
	struct stat status;

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	assert_int_equal(fstat(fileno(file), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	fclose(file);
	assert_string_equal(text, wanted);
}

static void
each_outbox_is_remembered_once(void **state)
{
	struct bench *b = *state;
	char *usual = xasprintf("%s/.local/state/onehop/outbox", b->home);

	locate_remember(usual);
	locate_remember("/with\nLF");
	assert_int_equal(access(b->memory, F_OK), -1);
	for (int i = 0; i < 3; i++) {
		locate_remember("/x/a/b");
		assert_memory(b, i == 0 ? "/x/a/b\non /\n"
		    : "/x/a/b\non /\n/a/b\non /\n/a\non /\n");
		/* the end of another's path, and its beginning */
		locate_remember("/a/b");
		assert_memory(b, i == 0 ? "/x/a/b\non /\n/a/b\non /\n"
		    : "/x/a/b\non /\n/a/b\non /\n/a\non /\n");
		locate_remember("/a");
		assert_memory(b, "/x/a/b\non /\n/a/b\non /\n/a\non /\n");
	}
	free(usual);
}

static void
a_torn_line_is_no_part_of_the_next(void **state)
{
	struct bench *b = *state;

	make_directory(b, ".local/state/onehop");
	write_text(b, b->memory, "/a\non /\n/var/spool/one");
	locate_remember("/b");
	assert_memory(b, "/a\non /\n/b\non /\n");
	write_text(b, b->memory, "/var/spool/one");
	locate_remember("/b");
	assert_memory(b, "/b\non /\n");
}

/* The outboxes below the home, "," after each, and the first that is gone. */
static void
assert_incomplete(const struct bench *b, const struct selection *selection,
    const char *wanted, const char *gone)
{
	struct string_list paths = {0};
	struct buffer names = {0};
	struct error err = {0};

	assert_int_equal(locate_outboxes(&paths, selection, &err),
	    gone != NULL ? -1 : 0);
	assert_int_equal(err.code, gone != NULL ? EX_CONFIG : 0);
	if (gone != NULL) {
		char *text = xasprintf("outbox %s/%s has been used before and "
		    "is gone: is its disk mounted?", b->home, gone);
		char *hint = xasprintf("if you have removed it, remove its "
		    "line from %s", b->memory);

		assert_string_equal(err.text, text);
		assert_string_equal(err.hint, hint);
		free(hint);
		free(text);
	}
	for (size_t i = 0; i < paths.n; i++) {
		assert_int_equal(strncmp(paths.at[i], b->home,
		    strlen(b->home)), 0);
		buffer_addf(&names, "%s,", paths.at[i] + strlen(b->home));
	}
	assert_string_equal(buffer_string(&names), wanted);
	buffer_free(&names);
	string_list_free(&paths);
}

static void
assert_found(const struct bench *b, const struct selection *selection,
    const char *wanted)
{
	assert_incomplete(b, selection, wanted, NULL);
}

static void
those_that_exist_are_found_in_order(void **state)
{
	struct bench *b = *state;
	char *other = xasprintf("%s/other", b->home);
	struct selection selection = { .config = b->config };

	write_text(b, b->config, "account default\nhost h\noutbox ~/first\n"
	    "account a : default\noutbox ~/second\n"
	    "account b : default\noutbox ~/missing\n"
	    "account c : default\noutbox off\n"
	    "account d : default\noutbox ~/first\n");
	assert_found(b, &selection, "");
	make_directory(b, "first");
	make_directory(b, "second");
	assert_found(b, &selection, "/first,/second,");
	make_directory(b, ".local/state/onehop/outbox");
	make_directory(b, "third/new");
	make_directory(b, "other");
	write_text(b, b->memory, "relative\n~/third\n~/third\n~/cut off");
	assert_found(b, &selection, "/.local/state/onehop/outbox,/third,"
	    "/first,/second,");
	selection_override(&selection, KEY_outbox, other);
	assert_found(b, &selection, "/.local/state/onehop/outbox,/third,"
	    "/other,/first,/second,");
	free(selection.overrides);
	selection = (struct selection){ .config = b->config,
		.outbox = other };
	assert_found(b, &selection, "/other,");
	free(other);
}

/* Beside the list itself nothing can be on another disk. */
static void
a_neighbour_of_the_list_has_been_removed(void **state)
{
	struct bench *b = *state;
	char *beside = xasprintf("%s/.local/state/onehop/second", b->home);
	struct selection selection = { .config = b->config };
	struct error err = {0};

	write_text(b, b->config, "account default\nhost h\n");
	locate_remember(beside);
	assert_found(b, &selection, "");
	assert_int_equal(locate_check(beside, &err), 0);
	assert_int_equal(locate_check_disk(beside, &err), 0);
	free(beside);
}

/* A mount point may be left, which is not to be used. */
static void
one_that_is_gone_is_told_of(void **state)
{
	struct bench *b = *state;
	char *other = xasprintf("%s/other", b->home);
	struct selection selection = { .config = b->config };

	write_text(b, b->config, "account default\nhost h\noutbox ~/first\n"
	    "account a : default\noutbox ~/other\n");
	make_directory(b, "first");
	make_directory(b, ".local/state/onehop");
	assert_found(b, &selection, "/first,");
	locate_remember(other);
	assert_incomplete(b, &selection, "/first,", "other");
	make_directory(b, "other");
	assert_incomplete(b, &selection, "/first,", "other");
	selection.outbox = other;
	assert_incomplete(b, &selection, "", "other");
	make_directory(b, "other/new");
	assert_found(b, &selection, "/other,");
	selection.outbox = NULL;
	assert_found(b, &selection, "/other,/first,");
	free(other);
}

static void
a_state_directory_of_its_own_is_searched_too(void **state)
{
	struct bench *b = *state;
	const struct selection selection = { .config = b->config };
	char *base = xasprintf("%s/state", b->home);

	write_text(b, b->config, "account default\nhost h\n");
	make_directory(b, "state/onehop/outbox");
	make_directory(b, ".local/state/onehop/outbox");
	setenv("XDG_STATE_HOME", base, 1);
	assert_found(b, &selection, "/state/onehop/outbox,"
	    "/.local/state/onehop/outbox,");
	free(base);
}

/* A config, and the patterns in it, "," after each. */
static const struct {
	const char *config, *override, *patterns;
} shared[] = {
	{ "account default\nhost h\noutbox /var/%u\n", NULL, "/var/%u," },
	{ "account default\nhost h\noutbox /var/%u\n"
	    "account a : default\naccount b : default\noutbox /x/%u\n",
	    NULL, "/var/%u,/x/%u," },
	{ "account default\nhost h\noutbox /var/%u\n", "/y/%u",
	    "/y/%u,/var/%u," },
	{ "account default\nhost h\noutbox /var\n", NULL, NULL },
	{ "account default\nhost h\noutbox on\n", NULL, NULL },
	{ "account default\nhost h\n", NULL, NULL },
	{ "account default\nhost h\n", "on", NULL },
};

static void
patterns_are_those_of_a_shared_directory(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
		struct selection selection = { .config = b->config };
		struct string_list patterns = {0};
		struct buffer names = {0};
		struct error err = {0};

		write_text(b, b->config, shared[i].config);
		if (shared[i].override != NULL)
			selection_override(&selection, KEY_outbox,
			    shared[i].override);
		assert_int_equal(locate_patterns(&patterns, &selection, &err),
		    shared[i].patterns != NULL ? 0 : -1);
		assert_int_equal(err.code, shared[i].patterns != NULL ? 0
		    : EX_CONFIG);
		if (shared[i].patterns == NULL)
			assert_string_equal(err.text, "the outboxes are not "
			    "below a shared directory");
		for (size_t k = 0; k < patterns.n; k++)
			buffer_addf(&names, "%s,", patterns.at[k]);
		assert_string_equal(buffer_string(&names),
		    shared[i].patterns != NULL ? shared[i].patterns : "");
		buffer_free(&names);
		string_list_free(&patterns);
		free(selection.overrides);
	}
}

/* They may ask for a password. */
static void
no_command_of_the_config_is_run(void **state)
{
	struct bench *b = *state;
	const struct selection selection = { .config = b->config };
	struct string_list found = {0};
	struct error err = {0};
	char *ran = xasprintf("%s/ran", b->home);

	make_directory(b, "first");
	write_text(b, b->config, "account default\nhost h\noutbox ~/first\n"
	    "eval touch ~/ran\n");
	assert_found(b, &selection, "/first,");
	write_text(b, b->config, "account default\nhost h\noutbox /v/%u\n"
	    "eval touch ~/ran\n");
	assert_int_equal(locate_patterns(&found, &selection, &err), 0);
	assert_int_equal(found.n, 1);
	string_list_free(&found);
	assert_int_equal(access(ran, F_OK), -1);
	free(ran);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_outbox_is_remembered_once),
		TEST(a_torn_line_is_no_part_of_the_next),
		TEST(those_that_exist_are_found_in_order),
		TEST(a_neighbour_of_the_list_has_been_removed),
		TEST(one_that_is_gone_is_told_of),
		TEST(a_state_directory_of_its_own_is_searched_too),
		TEST(patterns_are_those_of_a_shared_directory),
		TEST(no_command_of_the_config_is_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
