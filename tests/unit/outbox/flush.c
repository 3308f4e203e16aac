/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a flush tells of messages that it does not send, and what it counts. */
#include "../unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../letter.h"
#include "../queue.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "outbox/flush.h"
#include "outbox/notify.h"
#include "outbox/outbox.h"

struct bench {
	char directory[32], path[64], config[64];
	struct outbox outbox;
	struct flush result;
};

static void
write_config(const struct bench *b, const char *line)
{
	FILE *file = fopen(b->config, "w");

	assert_non_null(file);
	fprintf(file, "account default\nhost 127.0.0.1\nport 1\ntls off\n"
	    "auth off\nsandbox off\noutbox %s\n%s\n", b->path, line);
	fclose(file);
	assert_int_equal(chmod(b->config, 0600), 0);
}

static int
set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	struct error err = {0};

	strcpy(b->directory, "/tmp/flush.XXXXXX");
	assert_non_null(mkdtemp(b->directory));
	setenv("HOME", b->directory, 1);
	snprintf(b->path, sizeof(b->path), "%s/outbox", b->directory);
	snprintf(b->config, sizeof(b->config), "%s/config", b->directory);
	write_config(b, "");
	assert_int_equal(outbox_open(&b->outbox, b->path, OUTBOX_WRITE, &err),
	    0);
	signals_hold();
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

/* A message queued so many seconds ago. */
static void
add_due(struct bench *b, enum outbox_place place, int64_t age, int64_t due,
    const char *journal, char id[OUTBOX_ID])
{
	char recipient[] = "you@x", sender[] = "me@x";
	struct recipient to = { .path = recipient };
	struct message_file m = { .fd = -1, .queued = time(NULL) - age,
		.due = due,
		.origin = { .account = "default", .config = b->config },
		.envelope = { .sender = sender, .to = &to, .n = 1 } };
	struct error err = {0};

	letter_take(&m.message, "Subject: s\n\n", 12);
	assert_int_equal(outbox_add(&b->outbox, place, &m, MESSAGE_FILE_WHOLE,
	    id, &err), 0);
	message_free(&m.message);
	if (journal != NULL)
		queue_append(b->outbox.places[OUTBOX_JOURNAL], id, journal);
}

/* One that is not due for an hour. */
static void
add_message(struct bench *b, enum outbox_place place, int64_t age,
    const char *journal, char id[OUTBOX_ID])
{
	add_due(b, place, age, time(NULL) + 3600, journal, id);
}

static int
flush(struct bench *b, struct error *err)
{
	const struct flush_order order = { .path = b->path,
		.config = b->config, .until = DEADLINE_NONE, .trace = -1,
		.which = FLUSH_DUE };

	memset(err, 0, sizeof(*err));
	return flush_outbox(&b->result, &order, err);
}

static void
without_an_outbox_nothing_is_counted(void **state)
{
	static const struct flush none = {0};
	struct bench *b = *state;
	struct error err;

	snprintf(b->path, sizeof(b->path), "%s/config/x", b->directory);
	assert_int_equal(flush(b, &err), -1);
	assert_memory_equal(&b->result, &none, sizeof(none));
}

static void
each_message_that_was_given_up_is_named(void **state)
{
	struct bench *b = *state;
	struct error err;
	struct buffer names = {0};
	char id[OUTBOX_ID], *wanted;

	assert_int_equal(flush(b, &err), 0);
	assert_string_equal(err.hint, "");
	for (unsigned n = 1; n <= 12; n++) {
		struct string_list ids = {0};
		size_t named;

		add_message(b, OUTBOX_FAILED, 0, "failed 5 x\n", id);
		if (n > 3 && n < 10)
			continue;
		assert_int_equal(flush(b, &err), -1);
		assert_int_equal(err.code, EX_UNAVAILABLE);
		assert_string_equal(err.hint, "see onehop --outbox list");
		assert_int_equal(b->result.failed, 0);
		assert_int_equal(notify_list_unseen(&b->outbox, &ids, &err),
		    0);
		assert_int_equal(ids.n, n);
		buffer_clear(&names);
		named = n < 10 ? n : 10;
		for (size_t i = 0; i < named; i++)
			buffer_addf(&names, "%s%s", i > 0 ? ", " : "",
			    ids.at[i]);
		if (n > 10)
			buffer_addf(&names, " and %u more", n - 10);
		wanted = xasprintf("outbox: %u message%s given up: %s", n,
		    n == 1 ? "" : "s", buffer_string(&names));
		assert_string_equal(err.text, wanted);
		free(wanted);
		string_list_free(&ids);
	}
	buffer_free(&names);
}

/* Age and patience in seconds, and whether it is told. */
static const struct {
	int64_t age;
	const char *patience;
	int hours; /* -1: not told */
} ages[] = {
	{ 7300, "outbox_patience 3600", 2 }, /* this row with two messages */
	{ 14300, "", -1 },
	{ 14500, "", 4 },
	{ 14500, "outbox_patience 0", -1 },
	{ 100, "outbox_patience 1", 0 },
	{ 7300, "outbox_patience 7200", 2 },
	{ 7300, "outbox_patience 10800", -1 },
	{ 3500, "outbox_patience 3600", -1 },
};

static void
the_oldest_message_may_wait_so_long(void **state)
{
	struct bench *b = *state;
	struct error err;
	char id[OUTBOX_ID], later[OUTBOX_ID];

	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		int messages = i == 0 ? 2 : 1;

		write_config(b, ages[i].patience);
		add_message(b, OUTBOX_NEW, ages[i].age, NULL, id);
		for (int n = 1; n <= messages; n++) {
			char *wanted = xasprintf("outbox: %d message%s "
			    "waiting, the oldest for %d hours: %s", n,
			    n == 1 ? "" : "s", ages[i].hours, id);
			assert_int_equal(flush(b, &err),
			    ages[i].hours < 0 ? 0 : -1);
			assert_string_equal(err.text,
			    ages[i].hours < 0 ? "" : wanted);
			assert_int_equal(b->result.waiting, n);
			free(wanted);
			if (n == messages)
				break;
			sleep(1); /* the next has a later ID */
			add_message(b, OUTBOX_NEW, 0, NULL, later);
		}
		assert_int_equal(outbox_remove(&b->outbox, OUTBOX_NEW, id,
		    &err), 0);
		if (messages == 2)
			assert_int_equal(outbox_remove(&b->outbox, OUTBOX_NEW,
			    later, &err), 0);
	}
}

/* It was accepted, but a crash left it there. */
static void
what_was_accepted_is_removed_and_no_longer_counted(void **state)
{
	struct bench *b = *state;
	struct error err;
	char id[OUTBOX_ID], text[96] = "";
	FILE *file;

	add_message(b, OUTBOX_NEW, 0, "trying 4\naccepted 5\n", id);
	snprintf(text, sizeof(text), "%s/tally", b->path);
	file = fopen(text, "w");
	fputs("1 999\n", file);
	fclose(file);
	assert_int_equal(flush(b, &err), 0);
	assert_int_equal(b->result.sent, 0);
	assert_int_equal(b->result.waiting, 0);
	assert_true(outbox_is_missing(&b->outbox, OUTBOX_NEW, id));
	assert_int_equal(faccessat(b->outbox.places[OUTBOX_JOURNAL], id, F_OK,
	    0), -1);
	file = fopen(text, "r");
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, "0 0\n");
}

/* Another version of the program has queued it. */
static void
a_message_of_another_version_is_held(void **state)
{
	static const char text[] = MESSAGE_FILE_MAGIC "1\n\n";
	static const char *const ids[] = {
		"20261123T125500Z-0123456789abcdef",
		"20261123T125501Z-0123456789abcdef" };
	struct bench *b = *state;
	struct error err;

	for (size_t i = 0; i < 2; i++) {
		int fd = openat(b->outbox.places[OUTBOX_NEW], ids[i],
		    O_WRONLY | O_CREAT, 0600);

		assert_int_equal(write(fd, text, sizeof(text) - 1),
		    sizeof(text) - 1);
		close(fd);
	}
	assert_int_equal(flush(b, &err), -1);
	assert_int_equal(err.code, EX_CONFIG);
	assert_string_equal(err.text, "outbox: message "
	    "20261123T125500Z-0123456789abcdef is held: format is not version "
	    "2: another version of onehop has queued the message\n"
	    "outbox: message 20261123T125501Z-0123456789abcdef is held: format "
	    "is not version 2: another version of onehop has queued the "
	    "message");
	assert_int_equal(b->result.waiting, 2);
	assert_int_equal(b->result.held.code, EX_CONFIG);
	assert_int_equal(strncmp(b->result.held.text, "format is not", 13), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(faccessat(b->outbox.places[OUTBOX_JOURNAL],
		    ids[i], F_OK, 0), 0);
}

/* The journal takes that the message is read, and no more. */
static void
a_journal_that_is_full_ends_the_flush(void **state)
{
	const struct rlimit small = { 24, RLIM_INFINITY };
	struct bench *b = *state;
	struct rlimit before;
	struct error err;
	char ids[2][OUTBOX_ID];
	uint64_t octets = 0;

	for (size_t i = 0; i < 2; i++)
		add_due(b, OUTBOX_NEW, 0, 0, NULL, ids[i]);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(flush(b, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_non_null(strstr(err.text, "cannot write the journal of the "
	    "message"));
	for (size_t i = 0; i < 2; i++) {
		assert_false(outbox_is_missing(&b->outbox, OUTBOX_NEW,
		    ids[i]));
		octets += outbox_message_size(&b->outbox, OUTBOX_JOURNAL,
		    ids[i]);
	}
	/* the second message was not read */
	assert_int_equal(octets, strlen("reading 1800000000\n"));
}

static void
the_report_has_one_line(void **state)
{
	static const struct {
		struct flush flush;
		const char *line;
	} cases[] = {
		{ { .busy = 1 },
		    "onehop: another run is sending from the outbox\n" },
		{ {0}, "onehop: 0 sent, 0 waiting, 0 given up\n" },
		{ { .sent = 1, .waiting = 2, .failed = 3,
		    .held = { .code = EX_TEMPFAIL, .text = "why" } },
		    "onehop: 1 sent, 2 waiting, 3 given up: why\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		int ends[2];
		ssize_t n;

		assert_int_equal(pipe(ends), 0);
		flush_report(ends[1], &cases[i].flush);
		close(ends[1]);
		n = read(ends[0], text, sizeof(text) - 1);
		assert_true(n > 0);
		text[n] = '\0';
		close(ends[0]);
		assert_string_equal(text, cases[i].line);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_an_outbox_nothing_is_counted),
		TEST(each_message_that_was_given_up_is_named),
		TEST(what_was_accepted_is_removed_and_no_longer_counted),
		TEST(a_message_of_another_version_is_held),
		TEST(a_journal_that_is_full_ends_the_flush),
		TEST(the_report_has_one_line),
		TEST(the_oldest_message_may_wait_so_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
