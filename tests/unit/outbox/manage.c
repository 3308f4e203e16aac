/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the user does with queued messages by name. */
#include "../unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../letter.h"
#include "../queue.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "outbox/manage.h"
#include "outbox/notify.h"
#include "outbox/outbox.h"

/* An outbox with two messages to be sent and two that were given up. */
struct bench {
	char directory[QUEUE_PATH];
	struct outbox outbox;
	struct selection selection;
	char ids[4][OUTBOX_ID];
};

static void
add_message(struct bench *b, size_t i, const char *account,
    const char *journal)
{
	char one[] = "you@x", other[] = "they@x", sender[] = "me@x",
		why[] = "at first";
	struct recipient to[2] = { { .path = one }, { .path = other } };
	struct message_file m = { .fd = -1, .queued = 1000000000,
		.reason = why, .origin.account = account,
		.envelope = { .sender = sender, .to = to, .n = 2 } };
	struct error err = {0};

	letter_take(&m.message, "Subject: s\n\nbody\n", 17);
	assert_int_equal(outbox_add(&b->outbox, i < 2 ? OUTBOX_NEW
	    : OUTBOX_FAILED, &m, MESSAGE_FILE_WHOLE, b->ids[i], &err), 0);
	message_free(&m.message);
	if (journal != NULL)
		queue_append(b->outbox.places[OUTBOX_JOURNAL], b->ids[i],
		    journal);
}

static int
set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));

	queue_open(&b->outbox, b->directory);
	setenv("HOME", b->directory, 1);
	b->selection.outbox = b->directory;
	add_message(b, 0, "first", NULL);
	add_message(b, 1, NULL, "deferred 5 9999999999 451 later\n");
	add_message(b, 2, "third", "failed 5 550 no\n");
	add_message(b, 3, "fourth", "trying 5\naccepted 6\n");
	queue_append(b->outbox.places[OUTBOX_JOURNAL], "held",
	    "held 1 2 0123456789abcdef 78 x\n");
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;
	int status = queue_close(&b->outbox, b->directory);

	free(b);
	return status;
}

/* Runs a verb on up to two names; what it wrote, owned. */
static char *
run(struct bench *b, const char *verb, const char *one, const char *other,
    int result, struct error *err)
{
	char first[64], second[64], *names[2] = { first, second };
	const struct manage_order order = { .selection = &b->selection,
		.verb = verb, .ids = names,
		.nids = (size_t)(one != NULL) + (other != NULL) };
	char text[4096];
	int ends[2];
	ssize_t n;

	snprintf(first, sizeof(first), "%s", one != NULL ? one : "");
	snprintf(second, sizeof(second), "%s", other != NULL ? other : "");
	memset(err, 0, sizeof(*err));
	assert_int_equal(pipe(ends), 0);
	if (manage_run(ends[1], &order, err) != result)
		fail_msg("%s %s: %s", verb, first, err->text);
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(ends[0]);
	for (char *cr; (cr = strchr(text, '\r')) != NULL;)
		memmove(cr, cr + 1, strlen(cr));
	return xstrdup(text);
}

/* The same for a run that writes nothing. */
static void
run_silently(struct bench *b, const char *verb, const char *one, int result,
    struct error *err)
{
	char *text = run(b, verb, one, NULL, result, err);

	assert_string_equal(text, "");
	free(text);
}

/* Where each message is: n, f or -. */
static void
assert_places(const struct bench *b, const char *wanted)
{
	char is[5] = "----";

	for (size_t i = 0; i < 4; i++) {
		if (!outbox_is_missing(&b->outbox, OUTBOX_NEW, b->ids[i]))
			is[i] = 'n';
		if (!outbox_is_missing(&b->outbox, OUTBOX_FAILED, b->ids[i]))
			is[i] = 'f';
	}
	assert_string_equal(is, wanted);
}

static int
is_retried(const struct bench *b, size_t i)
{
	struct journal_state s;
	struct error err = {0};
	int retried;

	assert_int_equal(outbox_read_journal(&b->outbox, b->ids[i], &s, &err),
	    0);
	retried = s.retried != 0 && s.due == 0 && s.tries == 0 && !s.failed;
	journal_state_free(&s);
	return retried;
}

static int
are_held(const struct bench *b)
{
	return faccessat(b->outbox.places[OUTBOX_JOURNAL], "held", F_OK, 0)
	    == 0;
}

/* The random digits of a message, which name it alone. */
static const char *
digits_of(const struct bench *b, size_t i)
{
	return b->ids[i] + 17;
}

static void
a_message_is_shown_as_it_is_sent(void **state)
{
	static const struct {
		size_t message;
		const char *text;
	} rows[] = {
		{ 0, "account first\nenvelope from <me@x>\n"
		    "envelope to <you@x>\nenvelope to <they@x>\n"
		    "reason at first\n\nSubject: s\n\nbody\n" },
		{ 1, "account \nenvelope from <me@x>\n"
		    "envelope to <you@x>\nenvelope to <they@x>\n"
		    "reason 451 later\n\nSubject: s\n\nbody\n" },
		{ 2, "account third\nenvelope from <me@x>\n"
		    "envelope to <you@x>\nenvelope to <they@x>\n"
		    "reason 550 no\n\nSubject: s\n\nbody\n" },
	};
	struct bench *b = *state;
	struct error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct string_list ids = {0};
		char *text = run(b, "show", digits_of(b, rows[i].message),
		    NULL, 0, &err);

		assert_string_equal(text, rows[i].text);
		free(text);
		/* the user has seen that one, if it was given up */
		assert_int_equal(notify_list_unseen(&b->outbox, &ids, &err),
		    0);
		assert_int_equal(ids.n, i < 2 ? 2 : 1);
		string_list_free(&ids);
	}
	assert_places(b, "nnff");
}

static void
two_messages_are_shown_in_turn(void **state)
{
	struct bench *b = *state;
	struct error err;
	char *text = run(b, "show", digits_of(b, 0), digits_of(b, 2), 0, &err);

	assert_non_null(strstr(text, "account first\n"));
	assert_non_null(strstr(text, "body\naccount third\n"));
	free(text);
	text = run(b, "show", "nosuchname", digits_of(b, 2), -1, &err);
	assert_string_equal(text, "");
	free(text);
}

static void
a_name_is_that_of_one_message(void **state)
{
	struct bench *b = *state;
	struct error err;
	char name[5];

	run_silently(b, "show", "Z-0", -1, &err);
	assert_int_equal(err.code, EX_USAGE);
	assert_string_equal(err.text, "expected an ID or at least 4 "
	    "characters of it, not \"Z-0\"");
	snprintf(name, sizeof(name), "%.4s", b->ids[0]);
	run_silently(b, "show", name, -1, &err);
	assert_int_equal(err.code, EX_USAGE);
	assert_non_null(strstr(err.text, "more than one message has 20"));
	run_silently(b, "show", "nosuchname", -1, &err);
	assert_int_equal(err.code, EX_NOINPUT);
	assert_string_equal(err.text, "no message nosuchname in the outbox");
	for (size_t i = 0; i < 4; i++) { /* the whole ID */
		run_silently(b, "remove", b->ids[i], 0, &err);
		assert_places(b, i == 0 ? "-nff" : i == 1 ? "--ff"
		    : i == 2 ? "---f" : "----");
		assert_int_equal(faccessat(b->outbox.places[OUTBOX_JOURNAL],
		    b->ids[i], F_OK, 0), -1);
	}
}

static void
a_retry_makes_a_message_new(void **state)
{
	struct bench *b = *state;
	struct error err;

	run_silently(b, "retry", digits_of(b, 1), 0, &err);
	assert_places(b, "nnff");
	assert_true(is_retried(b, 1));
	assert_false(is_retried(b, 0));
	assert_false(are_held(b));
	run_silently(b, "retry", digits_of(b, 2), 0, &err);
	assert_places(b, "nnnf");
	assert_true(is_retried(b, 2));
	/* it was accepted: only its removal was missing */
	run_silently(b, "retry", digits_of(b, 3), 0, &err);
	assert_places(b, "nnn-");
}

static void
all_that_wait_are_retried(void **state)
{
	struct bench *b = *state;
	struct error err;

	run_silently(b, "retry", "held", 0, &err);
	assert_false(are_held(b));
	assert_false(is_retried(b, 0) || is_retried(b, 1));
	queue_append(b->outbox.places[OUTBOX_JOURNAL], "held",
	    "held 1 2 0123456789abcdef 78 x\n");
	run_silently(b, "retry", "all", 0, &err);
	assert_false(are_held(b));
	assert_true(is_retried(b, 0) && is_retried(b, 1));
	assert_false(is_retried(b, 2));
	assert_places(b, "nnff");
	/* one that was accepted is not sent again */
	queue_append(b->outbox.places[OUTBOX_JOURNAL], b->ids[1],
	    "trying 7\naccepted 8\n");
	run_silently(b, "retry", "all", 0, &err);
	assert_places(b, "n-ff");
	/* "all" names messages for this verb only */
	run_silently(b, "remove", "all", -1, &err);
	assert_int_equal(err.code, EX_USAGE);
	assert_places(b, "n-ff");
}

/* Where not all outboxes are known, a message may be in another one. */
static void
a_message_is_missing_only_if_all_outboxes_are_known(void **state)
{
	struct bench *b = *state;
	struct error err;

	b->selection.outbox = NULL;
	b->selection.config = "/nonexistent/config";
	run_silently(b, "show", "nosuchname", -1, &err);
	assert_int_equal(err.code, EX_CONFIG);
	run_silently(b, "retry", "all", -1, &err);
	assert_int_equal(err.code, EX_CONFIG);
}

/* A message that another run is sending stays as it is. */
static void
what_is_being_sent_is_left_out(void **state)
{
	struct bench *b = *state;
	struct journal j;
	struct error err = {0};

	assert_int_equal(outbox_open_journal(&b->outbox, b->ids[0], 0, &j,
	    &err), 1);
	run_silently(b, "retry", "all", 0, &err);
	assert_false(is_retried(b, 0));
	assert_true(is_retried(b, 1));
	journal_close(&j);
}

static void
verbs_are_those_of_the_table(void **state)
{
	struct bench *b = *state;
	struct buffer verbs = {0};
	struct error err;

	manage_add_verbs(&verbs);
	assert_string_equal(buffer_string(&verbs),
	    "list, show, retry, remove");
	buffer_free(&verbs);
	assert_true(manage_is_verb("list") && manage_is_verb("remove"));
	assert_false(manage_is_verb("lis") || manage_is_verb(""));
	run_silently(b, "lis", "x", -1, &err);
	assert_int_equal(err.code, EX_USAGE);
	assert_string_equal(err.text, "--outbox: unknown verb");
	run_silently(b, "show", NULL, -1, &err);
	assert_int_equal(err.code, EX_USAGE);
	assert_string_equal(err.text, "--outbox show: expected the ID of a "
	    "message after it");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_is_shown_as_it_is_sent),
		TEST(two_messages_are_shown_in_turn),
		TEST(a_name_is_that_of_one_message),
		TEST(a_retry_makes_a_message_new),
		TEST(all_that_wait_are_retried),
		TEST(a_message_is_missing_only_if_all_outboxes_are_known),
		TEST(what_is_being_sent_is_left_out),
		TEST(verbs_are_those_of_the_table),
	};

	signals_reset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
