/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <unistd.h>

#include "report/stderr.h"

/* What was written to the pipe since it was looked at last. */
static const char *
written(const int ends[2], char *text, size_t size)
{
	ssize_t n;

	assert_int_equal(write(ends[1], "", 1), 1);
	n = read(ends[0], text, size - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

struct sample {
	struct account account;
	struct submission facts;
	struct error error;
	struct attempt attempt;
	int ends[2];
	char text[4096];
};

static int
set_up(void **state)
{
	struct sample *s = calloc(1, sizeof(*s));

	account_init(&s->account, "");
	s->attempt.account = &s->account;
	s->attempt.facts = &s->facts;
	s->attempt.result = &s->error;
	*state = s;
	return pipe(s->ends);
}

static int
tear_down(void **state)
{
	struct sample *s = *state;

	account_free(&s->account);
	close(s->ends[0]);
	close(s->ends[1]);
	free(s);
	return 0;
}

static void
reads(struct sample *s, const struct attempt *tried, const char *wanted)
{
	report_error(s->ends[1], &s->error, tried);
	assert_string_equal(written(s->ends, s->text, sizeof(s->text)),
	    wanted);
}

static void
no_error_is_no_line(void **state)
{
	reads(*state, NULL, "");
}

static void
each_error_of_a_file_has_a_line(void **state)
{
	struct sample *s = *state;

	fail(&s->error, EX_CONFIG, "a:1: this\na:2: that");
	hint(&s->error, "write it anew");
	reads(s, NULL, "onehop: a:1: this\nonehop: a:2: that\n"
	    "hint: write it anew\n");
}

static void
an_error_of_a_session_names_the_server(void **state)
{
	struct sample *s = *state;

	fail(&s->error, EX_TEMPFAIL, "no");
	strcpy(s->facts.host, "mail.test");
	s->facts.port = 587;
	reads(s, &s->attempt, "onehop: no (account of the command line, "
	    "server mail.test:587)\n");
	free(s->account.name);
	s->account.name = strdup("work\x1b[31m");
	reads(s, &s->attempt, "onehop: no (account work\\x1B[31m, server "
	    "mail.test:587)\n");
	free(s->account.socket);
	s->account.socket = strdup("/run/lmtp");
	reads(s, &s->attempt, "onehop: no (account work\\x1B[31m, socket "
	    "/run/lmtp)\n");
}

static void
the_longest_error_is_one_line(void **state)
{
	struct sample *s = *state;
	char word[2000];
	size_t len;

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	fail(&s->error, EX_TEMPFAIL, "%s", word);
	memcpy(s->facts.host, word, sizeof(s->facts.host) - 1);
	s->facts.port = 65535;
	free(s->account.name);
	s->account.name = strdup(word);
	report_error(s->ends[1], &s->error, &s->attempt);
	written(s->ends, s->text, sizeof(s->text));
	len = strlen(s->text);
	assert_true(len > sizeof(s->error.text));
	assert_int_equal(strcspn(s->text, "\n"), len - 1);
	assert_string_equal(s->text + len - 8, ":65535)\n");
}

static void
a_log_that_cannot_be_written_is_a_line(void **state)
{
	struct sample *s = *state;
	struct envelope envelope = {0};
	struct message message = {0};

	s->attempt.envelope = &envelope;
	s->attempt.message = &message;
	free(s->account.logfile);
	s->account.logfile = strdup("/nonexistent/log");
	report_attempt(s->ends[1], &s->attempt);
	assert_string_equal(written(s->ends, s->text, sizeof(s->text)),
	    "onehop: cannot write log /nonexistent/log: No such file or "
	    "directory\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_error_is_no_line),
		TEST(each_error_of_a_file_has_a_line),
		TEST(an_error_of_a_session_names_the_server),
		TEST(the_longest_error_is_one_line),
		TEST(a_log_that_cannot_be_written_is_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
