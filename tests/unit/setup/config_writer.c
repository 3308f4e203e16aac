/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "config/account_check.h"
#include "config/file.h"
#include "config/load.h"
#include "setup/config_writer.h"

/* What is asked for: an address, the host, options; and what must come out of
 * the file again. */
static const struct {
	const char *address;
	struct service service;
	struct override overrides[3];
	const char *key, *shown;
} cases[] = {
	{ "you@example.org", { "smtp.example.org", 465, 0, 1 }, {{0}},
	  "host", "smtp.example.org" },
	{ "you@example.org", { "smtp.example.org", 465, 0, 1 }, {{0}},
	  "tls_starttls", "off" },
	{ "you@example.org", { "smtp.example.org", 587, 1, 1 }, {{0}},
	  "port", "587" },
	{ "you@example.org", { "smtp.example.org", 587, 1, 1 }, {{0}},
	  "tls_starttls", "on" },
	{ "you@example.org", { "smtp.example.org", 465, 0, 1 }, {{0}},
	  "auth", "on" },
	{ "\"a \\\"b#\"@example.org", { "h.example", 465, 0, 1 }, {{0}},
	  "user", "\"a \\\"b#\"@example.org" },
	{ "a%U@example.org", { "h.example", 465, 0, 1 }, {{0}},
	  "from", "a%%U@example.org" },
	{ "\xc3\xbc@example.org", { "h.example", 465, 0, 1 }, {{0}},
	  "user", "\xc3\xbc@example.org" },
	{ "a@example.org", { "h.example", 465, 0, 1 },
	  {{ "user", "# me \\ \"" }}, "user", "# me \\ \"" },
	{ "a@example.org", { "h.example", 465, 0, 1 },
	  {{ "user", "first" }, { "user", "last" }}, "user", "last" },
	{ "a@example.org", { "h.example", 465, 0, 1 },
	  {{ "passwordeval", "\"my pass\" # \"x\"" }}, "passwordeval",
	  "\"my pass\" # \"x\"" },
	{ "a@example.org", { "h.example", 465, 0, 1 },
	  {{ "host", "x" }, { "port", "1" }, { "tls_starttls", "on" }},
	  "port", "465" },
	{ "a@example.org", { "h.example", 465, 0, 1 },
	  {{ "from_full_name", "" }}, "from_full_name", "" },
	{ "a@example.org", { "h.example", 465, 0, 1 },
	  {{ "auth", "xoauth2" }}, "auth", "XOAUTH2" },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void
make_case(struct config_writer *c, struct selection *selection, size_t i)
{
	memset(c, 0, sizeof(*c));
	memset(selection, 0, sizeof(*selection));
	c->address = cases[i].address;
	c->service = &cases[i].service;
	c->origin = "guessed";
	c->selection = selection;
	for (size_t n = 0; n < 3 && cases[i].overrides[n].key != NULL; n++)
		selection_override(selection, (size_t)(key_find(
		    cases[i].overrides[n].key) - account_keys),
		    cases[i].overrides[n].value);
}

static void
check_shown(const struct account *a, size_t i)
{
	char *shown = account_get(a, cases[i].key, 0);

	assert_string_equal(shown, cases[i].shown);
	free(shown);
}

static void
the_text_says_what_was_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		char home[] = "";
		struct config config = { .home = home };
		struct buffer text = {0};
		struct error err = {0};
		struct selection selection;
		struct config_writer c;
		struct account a;

		make_case(&c, &selection, i);
		config_writer_text(&text, &c);
		config_begin(&config, CONFIG_USER);
		config_parse(&config, "f", text.data, text.len,
	    SECRETS_TAKEN);
		config_check(&config, &err);
		assert_string_equal(err.text, "");
		assert_int_equal(config_assemble(&a, &config,
		    config_find(&config, "default"), 0, &err), 0);
		assert_int_equal(account_check(&a, &err), 0);
		check_shown(&a, i);
		account_free(&a);
		config_free(&config);
		buffer_free(&text);
		free(selection.overrides);
	}
}

/* A service, an option, and all lines of the file that are no comments. */
static const struct {
	struct service service;
	struct override override;
	const char *lines;
} shortest[] = {
	{ { "h.example", 587, 1, 1 }, { NULL, NULL },
	  "host h.example\nfrom me@x.example\nuser me@x.example\n" },
	{ { "h.example", 465, 0, 1 }, { NULL, NULL },
	  "host h.example\nport 465\nfrom me@x.example\nuser me@x.example\n" },
	{ { "h.example", 2525, 0, 1 }, { NULL, NULL },
	  "host h.example\nport 2525\ntls_starttls off\nfrom me@x.example\n"
	  "user me@x.example\n" },
	{ { "127.0.0.1", 587, 1, 1 }, { NULL, NULL },
	  "host 127.0.0.1\nport 587\ntls on\nfrom me@x.example\n"
	  "user me@x.example\n" },
	{ { "127.0.0.1", 25, 1, 1 }, { "tls", "off" },
	  "host 127.0.0.1\nfrom me@x.example\nuser me@x.example\n" },
	{ { "relay.example", 25, 0, 1 }, { "tls", "off" },
	  "host relay.example\nport 25\ntls off\nfrom me@x.example\n"
	  "user me@x.example\n" },
	{ { "h.example", 587, 1, 1 }, { "auth", "off" },
	  "host h.example\nfrom me@x.example\n" },
	{ { "smtp.office365.com", 587, 1, 1 }, { NULL, NULL },
	  "host smtp.office365.com\nfrom me@x.example\nuser me@x.example\n"
	  "auth xoauth2\npasswordeval onehop-token me@x.example\n" },
};

/* Removes the comments and empty lines. */
static void
keep_settings(char *text)
{
	char *to = text;

	for (char *line = text, *next; *line != '\0'; line = next) {
		size_t n = strcspn(line, "\n");

		next = line + n + (line[n] == '\n');
		if (line[0] == '#' || n == 0)
			continue;
		memmove(to, line, (size_t)(next - line));
		to += next - line;
	}
	*to = '\0';
}

static void
the_file_is_the_shortest_that_works(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shortest) / sizeof(shortest[0]); i++) {
		struct override override = shortest[i].override;
		struct selection selection = { .overrides = &override,
			.noverrides = override.key != NULL };
		struct config_writer c = { .address = "me@x.example",
			.service = &shortest[i].service, .origin = "guessed",
			.selection = &selection };
		struct buffer text = {0};

		config_writer_text(&text, &c);
		keep_settings(buffer_string(&text));
		assert_string_equal(text.data, shortest[i].lines);
		buffer_free(&text);
	}
}

static void
the_account_is_the_one_of_the_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct error err = {0};
		struct selection selection;
		struct config_writer c;
		struct account a;

		make_case(&c, &selection, i);
		assert_int_equal(config_writer_account(&a, &c, "", &err), 0);
		if (strcmp(cases[i].key, "from") != 0)
			check_shown(&a, i);
		account_free(&a);
		free(selection.overrides);
	}
}

/* What was tested must be what later runs read. */
static const char *const passwords[] = {
	" lead trail ", "\ttab\t", " ", "   ", "x ", " x", "cr\r", "\r",
	"\"", "\"\"", "\" \"", "\"x", "x\"", "\"x\"", " \"x\" ", "a\"b",
	"\\", "\\\\", "\\\"", " \\ ", "a\\ ", "#", "# x", " # ", "a #b", "a#",
	"%U%u", "\xc3\xbc ", "plain"
};

/* Reads the text back; returns the password in it, owned. */
static char *
password_in(const struct buffer *text)
{
	char home[] = "";
	struct config config = { .home = home };
	struct error err = {0};
	struct account a;
	char *password;

	config_begin(&config, CONFIG_USER);
	config_parse(&config, "f", text->data, text->len, SECRETS_TAKEN);
	config_check(&config, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(config_assemble(&a, &config,
	    config_find(&config, "default"), 0, &err), 0);
	password = xstrdup(a.password);
	account_free(&a);
	config_free(&config);
	return password;
}

static void
a_password_is_read_back_unchanged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(passwords) / sizeof(*passwords); i++) {
		struct selection selection = {0};
		struct config_writer c = { .address = "me@x.example",
			.service = &cases[0].service, .origin = "guessed",
			.selection = &selection, .password = passwords[i] };
		struct buffer text = {0};
		char *password;

		config_writer_text(&text, &c);
		password = password_in(&text);
		assert_string_equal(password, passwords[i]);
		free(password);
		buffer_free(&text);
	}
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
expect_content(const char *path, const char *content)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_string_equal(text, content);
}

static void
the_file_is_private_and_whole(void **state)
{
	char home[] = "/tmp/onehop-test-XXXXXX";
	struct buffer text = {0};
	struct error err = {0};
	char *directory, *path, *link;

	(void)state;
	assert_non_null(mkdtemp(home));
	directory = xasprintf("%s/a b", home);
	path = xasprintf("%s/config", directory);
	link = xasprintf("%s/link", home);
	buffer_add_string(&text, "host h\n");
	umask(0);
	assert_int_equal(config_writer_write(path, &text, 0, &err), 0);
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(mode_of(directory), 0700);
	expect_content(path, "host h\n");

	assert_int_equal(symlink(path, link), 0);
	buffer_clear(&text);
	buffer_add_string(&text, "host i\n");
	assert_int_equal(config_writer_write(link, &text, 0, &err), 0);
	expect_content(path, "host i\n");

	/* others may read it, until it has a password */
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(config_writer_write(path, &text, 0, &err), 0);
	assert_int_equal(mode_of(path), 0640);
	assert_int_equal(config_writer_write(path, &text, 1, &err), 0);
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(unlink(path), 0);

	/* no draft is left behind by what cannot be written */
	assert_int_equal(config_writer_write(directory, &text, 0, &err), -1);
	assert_int_equal(err.code, EX_CANTCREAT);
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(rmdir(home), 0);
	buffer_free(&text);
	free(directory);
	free(path);
	free(link);
}

static void
a_file_in_place_of_a_directory_is_named(void **state)
{
	struct buffer text = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(config_writer_write("/dev/null/a/config", &text, 0,
	    &err), -1);
	assert_int_equal(err.code, EX_CANTCREAT);
	assert_non_null(strstr(err.text, "/dev/null/a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_says_what_was_meant),
		cmocka_unit_test(the_file_is_the_shortest_that_works),
		cmocka_unit_test(the_account_is_the_one_of_the_text),
		cmocka_unit_test(a_password_is_read_back_unchanged),
		cmocka_unit_test(the_file_is_private_and_whole),
		cmocka_unit_test(a_file_in_place_of_a_directory_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
