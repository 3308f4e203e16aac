/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/xmalloc.h"
#include "envelope/aliases.h"
#include "format/address_parse.h"

/* A scratch file of aliases, and one that it may include as {}. */
static char file[] = "aliases-XXXXXX";
static char *included;

static const struct {
	const char *aliases;
	const char *included;
	const char *recipients;
	const char *expected;  /* or, after "!", part of the error */
} cases[] = {
	/* what the format allows */
	{ "root: a@x\n", "", "root", "a@x" },
	{ "ROOT: a@x\n", "", "Root", "a@x" },
	{ "# comment\n\nroot:\ta@x # home\n", "", "root", "a@x" },
	{ "root: a@x,\n\tb@x,\n  c@x\ncron: d@x\n", "", "root, cron",
	    "a@x b@x c@x d@x" },
	{ "root: \"A, B\" <a@x>, b@x (c, d)\n", "", "root", "a@x b@x" },
	{ "\"odd: name\": a@x\n", "", "\"odd: name\"", "a@x" },
	{ "root : a@x\n", "", "root", "a@x" },
	{ "root: a@x\r\n", "", "root", "a@x" },
	{ "root: admin\nadmin: a@x\n", "", "root", "a@x" },
	{ "root: \\root, a@x\n", "", "root", "root a@x" },
	{ "root: ann\n", "", "root", "ann" },
	{ "list: :include:{}\n", "a@x\n# none\nb@x, c@x\n", "list",
	    "a@x b@x c@x" },
	{ "list: z@x, \":include:{}\", y@x\n", "a@x\n", "list",
	    "z@x a@x y@x" },
	{ "list: :include:{}\nann: a@x\n", "ann\n", "list", "a@x" },
	{ "list: :include:{}\n", "", "list, b@x", "b@x" },
	/* who is looked up */
	{ "root: a@x\n", "", "root@localhost", "a@x" },
	{ "root: a@x\n", "", "root@elsewhere.example",
	    "root@elsewhere.example" },
	{ "root: a@x\n", "", "root@L.example, root@k.example", "a@x a@x" },
	{ "root: a@x\n", "", "root@mail.example, b@mail.example",
	    "a@x b@mail.example" },
	{ "root: root@mail.example\n", "", "root", "root@mail.example" },
	{ "default: a@x\n", "", "ann, b@y, bob", "a@x b@y a@x" },
	{ "default: a@x\n", "", "c@l.example, d@mail.example",
	    "a@x d@mail.example" },
	{ "nonsense\n", "", "b@y", "b@y?" },
	{ "default: a@x\nroot: ann\n", "", "root", "ann" },
	/* what is wrong */
	{ "root: |rm -rf\nann: a@x\n", "", "ann", "a@x" },
	{ "root: |prog\n", "", "root", "!delivers to no program or file" },
	{ "root: \"|prog -x\"\n", "", "root", "!delivers to no program" },
	{ "root: /var/mail/root\n", "", "root", "!delivers to no program" },
	{ "list: :include:{}\n", "|prog\n", "list", "!delivers to no" },
	{ "list: :include:/nonexistent\n", "", "list",
	    "!cannot read /nonexistent" },
	{ "list: :include:here\n", "", "list", "!expected an absolute path" },
	{ "a: b\nb: c\nc: a\n", "", "a", "!leads back to itself" },
	{ "a: a\n", "", "a", "!line 1: alias a leads back" },
	{ "a: b@x\nnonsense\n", "", "a", "!line 2: expected name: targets" },
	{ "a: b@@x\n", "", "a", "!line 1: " },
};

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (; *text != '\0'; text++)
		if (text[0] == '{' && text[1] == '}')
			fputs(included, f), text++;
		else
			fputc(*text, f);
	assert_int_equal(fclose(f), 0);
}

/* The list as words; or what went wrong, after "!". Owned. */
static char *
expand(const char *aliases, const char *recipients)
{
	struct address_list list = {0};
	struct buffer out = {0};
	struct error err = {0}, warning = {0};
	struct account a;

	account_init(&a, "");
	assert_int_equal(account_set(&a, "aliases", file, &err), 0);
	assert_int_equal(account_set(&a, "maildomain", "mail.example", &err),
	    0);
	assert_int_equal(account_set(&a, "local_domains", "l.example k.example",
	    &err), 0);
	put(file, aliases);
	assert_int_equal(address_list_parse(&list, recipients,
	    strlen(recipients), &err), 0);
	if (aliases_expand(&list, &a, &warning, &err) != 0) {
		assert_int_equal(err.code, EX_CONFIG);
		buffer_addf(&out, "!%s", err.text);
	} else {
		for (size_t i = 0; i < list.n; i++) {
			if (i > 0)
				buffer_add_char(&out, ' ');
			address_add_path(&out, &list.at[i]);
		}
	}
	if (warning.code != 0)
		buffer_add_char(&out, '?');
	account_free(&a);
	address_list_free(&list);
	return buffer_string(&out);
}

static void
local_names_become_their_targets_or_say_why_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *wanted = cases[i].expected;
		char *got;

		put(included, cases[i].included);
		got = expand(cases[i].aliases, cases[i].recipients);
		if (wanted[0] == '!' ? got[0] != '!' ||
		    strstr(got, wanted + 1) == NULL : strcmp(got, wanted) != 0)
			fail_msg("case %zu: \"%s\", not \"%s\"", i, got,
			    wanted);
		free(got);
	}
}

static void
a_file_that_others_can_write_is_refused(void **state)
{
	char *got;

	(void)state;
	put(file, "");
	put(included, "a@x\n");
	assert_int_equal(chmod(file, 0664), 0);
	got = expand("root: a@x\n", "root");
	assert_non_null(strstr(got, "!cannot read "));
	assert_non_null(strstr(got, "can write, not mode 664"));
	free(got);
	got = expand("root: a@x\n", "b@x");
	assert_string_equal(got, "b@x?");
	free(got);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(chmod(included, 0646), 0);
	got = expand("list: :include:{}\n", "list");
	assert_non_null(strstr(got, "can write, not mode 646"));
	free(got);
	assert_int_equal(chmod(included, 0644), 0);
}

/* msmtp drops all but 32. */
static void
more_than_32_targets_are_all_kept(void **state)
{
	struct buffer text = {0}, wanted = {0};
	char *got;

	(void)state;
	buffer_add_string(&text, "list: ");
	for (int i = 1; i <= 41; i++) {
		buffer_addf(&text, "%sr%d@x", i > 1 ? ", " : "", i);
		buffer_addf(&wanted, "%sr%d@x", i > 1 ? " " : "", i);
	}
	got = expand(buffer_string(&text), "list");
	assert_string_equal(got, buffer_string(&wanted));
	free(got);
	buffer_free(&text);
	buffer_free(&wanted);
}

/* msmtp sends "root cron", both aliased, to root's target and to cron. */
static void
the_recipient_of_an_alias_is_looked_up_too(void **state)
{
	char *got = expand("root: r@x\ncron: c@x\n", "root, cron, root");

	(void)state;
	assert_string_equal(got, "r@x c@x r@x");
	free(got);
}

/* a1: a2, a2: a3, ... */
static char *
chain(int depth)
{
	struct buffer text = {0};
	char *got;

	for (int i = 1; i < depth; i++)
		buffer_addf(&text, "a%d: a%d\n", i, i + 1);
	buffer_addf(&text, "a%d: end@x\n", depth);
	got = expand(buffer_string(&text), "a1");
	buffer_free(&text);
	return got;
}

static void
aliases_nest_to_a_depth_and_no_deeper(void **state)
{
	char *got = chain(ALIASES_DEPTH_MAX);

	(void)state;
	assert_string_equal(got, "end@x");
	free(got);
	got = chain(ALIASES_DEPTH_MAX + 1);
	assert_non_null(strstr(got, "nested deeper than 16"));
	free(got);
}

static void
a_name_at_this_host_is_local(void **state)
{
	char host[256], recipient[300];
	char *got;

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	host[sizeof(host) - 1] = '\0';
	snprintf(recipient, sizeof(recipient), "root@%s", host);
	got = expand("root: a@x\n", recipient);
	assert_string_equal(got, "a@x");
	free(got);
}

/* Only who needs it is stopped. */
static void
a_file_that_is_not_there_is_named(void **state)
{
	static const struct {
		const char *recipient;
		int result;
	} trials[] = {
		{ "root", -1 },
		{ "root@localhost", -1 },
		{ "b@elsewhere.example, root", -1 },
		{ "b@elsewhere.example", 0 },
		{ "b@mail.example", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		struct address_list list = {0};
		struct error err = {0}, warning = {0};
		const struct error *told = trials[i].result == 0 ? &warning
		    : &err;
		struct account a;

		account_init(&a, "");
		assert_int_equal(account_set(&a, "aliases",
		    "/nonexistent/aliases", &err), 0);
		assert_int_equal(account_set(&a, "maildomain", "mail.example",
		    &err), 0);
		assert_int_equal(address_list_parse(&list,
		    trials[i].recipient, strlen(trials[i].recipient), &err),
		    0);
		assert_int_equal(aliases_expand(&list, &a, &warning, &err),
		    trials[i].result);
		assert_int_equal(told->code, EX_CONFIG);
		assert_non_null(strstr(told->text, "/nonexistent/aliases"));
		address_list_free(&list);
		account_free(&a);
	}
}

static int
make_files(void **state)
{
	char directory[4096];
	int fd = mkstemp(file);

	(void)state;
	if (fd < 0 || getcwd(directory, sizeof(directory)) == NULL)
		return -1;
	close(fd);
	included = xasprintf("%s/%s-included", directory, file);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	unlink(file);
	unlink(included);
	free(included);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    local_names_become_their_targets_or_say_why_not),
		cmocka_unit_test(a_file_that_others_can_write_is_refused),
		cmocka_unit_test(more_than_32_targets_are_all_kept),
		cmocka_unit_test(
		    the_recipient_of_an_alias_is_looked_up_too),
		cmocka_unit_test(aliases_nest_to_a_depth_and_no_deeper),
		cmocka_unit_test(a_name_at_this_host_is_local),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
