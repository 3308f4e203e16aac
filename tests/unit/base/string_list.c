/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of strings: membership, order, the lines of a file. */
#include "../unit.h"

#include <string.h>
#include <unistd.h>

#include "base/string_list.h"
#include "base/write_all.h"
#include "base/xmalloc.h"

static void
an_empty_list_has_nothing(void **state)
{
	struct string_list list = {0};

	(void)state;
	string_list_sort(&list);
	assert_false(string_list_has(&list, ""));
	assert_false(string_list_has_sorted(&list, ""));
	string_list_free(&list);
}

static void
a_list_has_whole_strings(void **state)
{
	static const char *const words[] = { "/b/outbox", "/a", "", "/b" };
	struct string_list list = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		string_list_add(&list, xstrdup(words[i]));
	for (int sorted = 0; sorted <= 1; sorted++) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			assert_true(string_list_has(&list, words[i]));
		assert_false(string_list_has(&list, "outbox"));
		assert_false(string_list_has(&list, "/b/"));
		string_list_sort(&list);
	}
	assert_string_equal(list.at[0], "");
	assert_string_equal(list.at[1], "/a");
	assert_string_equal(list.at[2], "/b");
	assert_string_equal(list.at[3], "/b/outbox");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_true(string_list_has_sorted(&list, words[i]));
	assert_false(string_list_has_sorted(&list, "/b/"));
	string_list_free(&list);
}

/* A multiple of what buffer_read() reads at once. */
#define MAX 8192

static void
read_text(struct string_list *list, const char *text)
{
	int ends[2];

	memset(list, 0, sizeof(*list));
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write_all(ends[1], text, strlen(text)), 0);
	close(ends[1]);
	string_list_read(list, ends[0], MAX);
	close(ends[0]);
}

static void
only_whole_lines_are_read(void **state)
{
	struct string_list list;

	(void)state;
	read_text(&list, "");
	assert_int_equal(list.n, 0);
	read_text(&list, "one\n\nthree\nfou");
	assert_int_equal(list.n, 3);
	assert_string_equal(list.at[0], "one");
	assert_string_equal(list.at[1], "");
	assert_string_equal(list.at[2], "three");
	string_list_free(&list);
}

static void
what_exceeds_the_maximum_is_left_out(void **state)
{
	static char text[MAX + 65];
	struct string_list list;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 63; i < sizeof(text) - 1; i += 64)
		text[i] = '\n';
	read_text(&list, text);
	assert_int_equal(list.n, MAX / 64);
	assert_int_equal(strlen(list.at[list.n - 1]), 63);
	string_list_free(&list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_list_has_nothing),
		cmocka_unit_test(a_list_has_whole_strings),
		cmocka_unit_test(only_whole_lines_are_read),
		cmocka_unit_test(what_exceeds_the_maximum_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
