/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <stdio.h>

#include "base/utf8.h"
#include "report/log.h"

/* An attempt with all that it consists of. */
struct sample {
	struct account account;
	struct recipient to[100];
	struct envelope envelope;
	struct message message;
	struct submission facts;
	struct error result;
	struct attempt attempt;
};

static void
set(struct sample *s, const char *key, const char *value)
{
	struct error err = {0};

	assert_int_equal(account_set(&s->account, key, value, &err), 0);
}

static struct sample *
make_sample(void)
{
	struct sample *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	account_init(&s->account, "");
	free(s->account.name);
	s->account.name = strdup("work");
	set(s, "user", "me");
	s->to[0].path = strdup("you@example.net");
	s->envelope.to = s->to;
	s->envelope.n = 1;
	s->envelope.sender = strdup("me@example.org");
	s->envelope.message_id = strdup("<1@example.org>");
	s->message.body_size = 38;
	strcpy(s->facts.host, "mail.test");
	strcpy(s->facts.connection.address, "192.0.2.1");
	strcpy(s->facts.tls, "TLS1.3");
	strcpy(s->facts.mechanism, "PLAIN");
	s->facts.final.code = 250;
	strcpy(s->facts.final.text, "250 2.0.0 Ok: queued as 4bXk2v");
	s->facts.started = 1000;
	s->facts.ended = 1123;
	s->attempt.account = &s->account;
	s->attempt.envelope = &s->envelope;
	s->attempt.message = &s->message;
	s->attempt.facts = &s->facts;
	s->attempt.result = &s->result;
	return s;
}

static void
free_sample(struct sample *s)
{
	account_free(&s->account);
	for (size_t i = 0; i < s->envelope.n; i++)
		free(s->to[i].path);
	free(s->envelope.sender);
	free(s->envelope.message_id);
	free(s);
}

static void
reads(struct sample *s, const char *wanted)
{
	struct log_line line;

	log_line_compose(&line, &s->attempt, "2026-11-23T13:30:00+0000");
	assert_string_equal(line.text, wanted);
	assert_int_equal(line.len, strlen(wanted));
}

static void
a_line_for_people_has_the_time_and_fields(void **state)
{
	struct sample *s = make_sample();

	(void)state;
	reads(s, "2026-11-23T13:30:00+0000 outcome=accepted exit=0 "
	    "account=work host=mail.test address=192.0.2.1 tls=TLS1.3 "
	    "verify=on auth=PLAIN user=me from=me@example.org "
	    "to=you@example.net size=40 msgid=<1@example.org> "
	    "queueid=4bXk2v reply=\"250 2.0.0 Ok: queued as 4bXk2v\" "
	    "ms=123");
	free_sample(s);
}

static void
a_line_for_programs_is_an_object(void **state)
{
	struct sample *s = make_sample();

	(void)state;
	set(s, "log_format", "json");
	strcpy(s->facts.final.text, "250 \"a\\x1B\" b");
	reads(s, "{\"time\":\"2026-11-23T13:30:00+0000\","
	    "\"outcome\":\"accepted\",\"exit\":0,\"account\":\"work\","
	    "\"host\":\"mail.test\",\"address\":\"192.0.2.1\","
	    "\"tls\":\"TLS1.3\",\"verify\":\"on\",\"auth\":\"PLAIN\","
	    "\"user\":\"me\",\"from\":\"me@example.org\","
	    "\"to\":\"you@example.net\",\"size\":40,"
	    "\"msgid\":\"<1@example.org>\","
	    "\"reply\":\"250 \\\"a\\\\x1B\\\" b\",\"ms\":123}");
	free_sample(s);
}

static void
a_run_that_came_to_nothing_has_a_line(void **state)
{
	struct account account;
	struct envelope envelope = {0};
	struct message message = {0};
	struct submission facts = {0};
	struct error result = {0};
	struct attempt attempt = { .account = &account,
		.envelope = &envelope, .message = &message, .facts = &facts,
		.result = &result, .code = 78 };
	struct log_line line;

	(void)state;
	account_init(&account, "");
	fail(&result, EX_CONFIG, "a:1: no\na:2: nor this");
	log_line_compose(&line, &attempt, "");
	assert_string_equal(line.text, "outcome=failed exit=78 "
	    "error=\"a:1: no\\x0Aa:2: nor this\"");
	account_free(&account);
}

static void
a_session_in_clear_says_so(void **state)
{
	struct sample *s = make_sample();
	struct log_line line;

	(void)state;
	s->facts.tls[0] = '\0';
	log_line_compose(&line, &s->attempt, "");
	assert_non_null(strstr(line.text, " tls=off auth="));
	s->facts.connection.address[0] = '\0';
	log_line_compose(&line, &s->attempt, "");
	assert_null(strstr(line.text, "tls="));
	free_sample(s);
}

/* Values that would like to be something else, and what becomes of them. */
static const struct {
	const char *value;
	const char *shown;
} hostile[] = {
	{ "a\nb", "from=a\\x0Ab " },
	{ "a\r\nb outcome=accepted", "from=\"a\\x0D\\x0Ab "
	    "outcome=accepted\" " },
	{ "a=b", "from=\"a=b\" " },
	{ "\" exit=0", "from=\"' exit=0\" " },
	{ "'", "from=\"'\" " },
	{ "a\x1b[31m", "from=a\\x1B[31m " },
	{ "a\x9b\xff", "from=a\\x9B\\xFF " },
	{ "\xe2\x80\xae", "from=\\xE2\\x80\\xAE " },
	{ "%n%s", "from=%n%s " },
	{ "j\xc3\xbcrgen@x", "from=j\xc3\xbcrgen@x " },
	{ "", "from=<> " },
};

static void
no_value_passes_for_another_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct sample *s = make_sample();
		struct log_line line;

		free(s->envelope.sender);
		s->envelope.sender = strdup(hostile[i].value);
		log_line_compose(&line, &s->attempt, "");
		if (strstr(line.text, hostile[i].shown) == NULL)
			fail_msg("%s", line.text);
		free_sample(s);
	}
}

static void
the_time_cannot_end_the_line(void **state)
{
	struct sample *s = make_sample();
	struct log_line line;

	(void)state;
	log_line_compose(&line, &s->attempt, "23\n24");
	assert_memory_equal(line.text, "23\\x0A24 outcome=", 17);
	free_sample(s);
}

static void
many_recipients_are_counted(void **state)
{
	struct sample *s = make_sample();
	struct log_line line;

	(void)state;
	free(s->to[0].path);
	for (size_t i = 0; i < 100; i++) {
		char path[32];

		snprintf(path, sizeof(path), "r%zu@example.net", i);
		s->to[i].path = strdup(path);
	}
	s->envelope.n = 100;
	log_line_compose(&line, &s->attempt, "");
	assert_non_null(strstr(line.text, "to=r0@example.net,r1@example.net"));
	assert_non_null(strstr(line.text, ",r23@example.net+76-more size="));
	free_sample(s);
}

static void
fill(char *text, size_t size, const char *with)
{
	size_t n = strlen(with), len = 0;

	for (; len + n < size; len += n)
		memcpy(text + len, with, n);
	text[len] = '\0';
}

/* Every text as long as it can be, of what takes most room. */
static void
the_longest_line_is_whole(void **state)
{
	static const char *const fillings[] = { "x", "\"", "\\", "\n", "=",
	    "\xc3\xbc", "\xf0\x9f\x93\xa7", " \"" };
	static const char *const formats[] = { "keyvalue", "json" };

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		struct sample *s = make_sample();
		char text[1000];
		struct log_line line;

		set(s, "log_format", formats[i % 2]);
		fill(text, sizeof(text), fillings[i / 2]);
		free(s->account.name);
		s->account.name = strdup(text);
		free(s->account.user);
		s->account.user = strdup(text);
		free(s->envelope.sender);
		s->envelope.sender = strdup(text);
		free(s->envelope.message_id);
		s->envelope.message_id = strdup(text);
		free(s->to[0].path);
		s->to[0].path = strdup(text);
		fill(s->facts.host, sizeof(s->facts.host), fillings[i / 2]);
		fill(s->facts.connection.address, 64, fillings[i / 2]);
		fill(s->facts.final.text, 400, fillings[i / 2]);
		fill(s->result.text, 1024, fillings[i / 2]);
		s->result.code = 75;
		s->message.body_size = UINT64_MAX / 4;
		s->facts.ended = INT64_MAX / 2;
		log_line_compose(&line, &s->attempt, text);
		assert_int_equal(line.len, strlen(line.text));
		assert_true(line.len < LOG_LINE_MAX - 100);
		assert_non_null(strstr(line.text, "ms"));
		assert_true(utf8_is_valid(line.text, line.len));
		assert_null(strchr(line.text, '\n'));
		if (i % 2 == 1)
			assert_int_equal(line.text[line.len - 1], '}');
		free_sample(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_for_people_has_the_time_and_fields),
		cmocka_unit_test(a_line_for_programs_is_an_object),
		cmocka_unit_test(a_run_that_came_to_nothing_has_a_line),
		cmocka_unit_test(a_session_in_clear_says_so),
		cmocka_unit_test(no_value_passes_for_another_field),
		cmocka_unit_test(the_time_cannot_end_the_line),
		cmocka_unit_test(many_recipients_are_counted),
		cmocka_unit_test(the_longest_line_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
