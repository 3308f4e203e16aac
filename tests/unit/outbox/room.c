/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The limits of an outbox and the file that counts against them. */
#include "../unit.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../letter.h"
#include "../queue.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "outbox/outbox.h"
#include "outbox/room.h"

#define MIB ((uint64_t)1 << 20)

struct bench {
	char directory[QUEUE_PATH], tally[64];
	struct outbox outbox;
	struct account limits;
};

static int
set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));

	queue_open(&b->outbox, b->directory);
	snprintf(b->tally, sizeof(b->tally), "%s/tally", b->directory);
	account_init(&b->limits, b->directory);
	b->limits.outbox_max_messages = 3;
	b->limits.outbox_max_size = 1;
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;
	int status = queue_close(&b->outbox, b->directory);

	account_free(&b->limits);
	free(b);
	return status;
}

static void
write_tally(const struct bench *b, const char *text)
{
	FILE *file = fopen(b->tally, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
assert_tally(const struct bench *b, const char *wanted)
{
	char text[128] = "";
	FILE *file = fopen(b->tally, "r");
	struct stat status;

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	assert_int_equal(fstat(fileno(file), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	fclose(file);
	assert_string_equal(text, wanted);
}

/* A message in the outbox. Returns the size of its file. */
static uint64_t
add_message(struct bench *b, enum outbox_place place)
{
	char recipient[] = "you@x", sender[] = "me@x";
	struct recipient to = { .path = recipient };
	struct message_file m = { .fd = -1, .queued = 1000000000,
		.origin.account = "default",
		.envelope = { .sender = sender, .to = &to, .n = 1 } };
	struct error err = {0};
	char id[OUTBOX_ID];

	letter_take(&m.message, "Subject: s\n\n", 12);
	assert_int_equal(outbox_add(&b->outbox, place, &m, MESSAGE_FILE_WHOLE,
	    id, &err), 0);
	message_free(&m.message);
	return outbox_message_size(&b->outbox, place, id);
}

/* What the tally says before, and after one more message of 10 octets. In an
 * empty outbox a recount begins at 0. */
static const struct {
	const char *before, *after;
} tallies[] = {
	{ "0 0\n", "1 10\n" },
	{ "1 5\n", "2 15\n" },
	{ "2 5\n", "3 15\n" },
	/* the limits are met, and the recount finds nothing */
	{ "3 5\n", "1 10\n" },
	{ "0 1048566\n", "1 1048576\n" },
	{ "0 1048567\n", "1 10\n" },
	/* not written by a run that came to its end */
	{ "", "1 10\n" }, { "1", "1 10\n" }, { "1 5", "1 10\n" },
	{ "1\n", "1 10\n" }, { "x 5\n", "1 10\n" }, { "1 x\n", "1 10\n" },
	{ " 5\n", "1 10\n" }, { "-1 5\n", "1 10\n" }, { "1  5\n", "1 10\n" },
	{ "1 99999999999999999999\n", "1 10\n" },
	{ "99999999999999999999 1\n", "1 10\n" },
	{ "1 5\nrest of an older one\n", "2 15\n" },
};

static void
the_tally_is_believed_if_it_is_whole(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(tallies) / sizeof(tallies[0]); i++) {
		struct error err = {0};

		write_tally(b, tallies[i].before);
		assert_int_equal(chmod(b->tally, 0644), 0);
		if (room_take(&b->outbox, &b->limits, 10, &err) != 0)
			fail_msg("\"%s\": %s", tallies[i].before, err.text);
		assert_tally(b, tallies[i].after);
	}
}

static void
without_a_tally_all_is_counted(void **state)
{
	struct bench *b = *state;
	uint64_t octets = add_message(b, OUTBOX_NEW);
	struct error err = {0};
	char wanted[64];

	octets += add_message(b, OUTBOX_NEW);
	(void)add_message(b, OUTBOX_FAILED);
	assert_int_equal(mknodat(b->outbox.places[OUTBOX_JOURNAL],
	    "20261123T125500Z-0123456789abcdef", S_IFREG | 0600, 0), 0);
	{
		int fd = openat(b->outbox.places[OUTBOX_JOURNAL],
		    "20261123T125500Z-0123456789abcdef", O_WRONLY);

		assert_int_equal(write(fd, "held 1 2 x\n", 11), 11);
		close(fd);
	}
	room_count(&b->outbox);
	snprintf(wanted, sizeof(wanted), "2 %llu\n",
	    (unsigned long long)octets + 11);
	assert_tally(b, wanted);
	assert_int_equal(unlink(b->tally), 0);
	assert_int_equal(room_take(&b->outbox, &b->limits, 10, &err), 0);
	snprintf(wanted, sizeof(wanted), "3 %llu\n",
	    (unsigned long long)octets + 21);
	assert_tally(b, wanted);
}

static void
a_full_outbox_takes_nothing(void **state)
{
	struct bench *b = *state;
	struct error err = {0};

	for (int i = 0; i < 3; i++)
		(void)add_message(b, OUTBOX_NEW);
	room_count(&b->outbox);
	assert_int_equal(room_take(&b->outbox, &b->limits, 10, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text, "outbox full: 3 messages of at most 3 "
	    "(outbox_max_messages)");
	b->limits.outbox_max_messages = 4;
	assert_int_equal(room_take(&b->outbox, &b->limits, 10, &err), 0);
	memset(&err, 0, sizeof(err));
	b->limits.outbox_max_messages = 5;
	assert_int_equal(room_take(&b->outbox, &b->limits, MIB, &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_string_equal(err.text, "outbox full: more than 1 MiB "
	    "(outbox_max_size)");
	b->limits.outbox_max_size = 2;
	memset(&err, 0, sizeof(err));
	assert_int_equal(room_take(&b->outbox, &b->limits, MIB, &err), 0);
}

/* Another run that has the tally delays this one, and prevents nothing. */
static void
a_tally_that_is_locked_is_waited_for_two_seconds(void **state)
{
	struct bench *b = *state;
	struct error err = {0};
	int64_t began = deadline_now();
	int fd;

	write_tally(b, "1 5\n");
	fd = open(b->tally, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(room_take(&b->outbox, &b->limits, 10, &err), 0);
	assert_in_range(deadline_now() - began, 1990, 15000);
	assert_tally(b, "1 5\n");
	close(fd);
	began = deadline_now();
	assert_int_equal(room_take(&b->outbox, &b->limits, 10, &err), 0);
	assert_in_range(deadline_now() - began, 0, 1500);
	assert_tally(b, "2 15\n");
}

/* A tally that cannot be opened counts nothing, and prevents nothing. */
static void
a_tally_that_is_no_file_is_left_alone(void **state)
{
	struct bench *b = *state;
	struct error err = {0};

	assert_int_equal(mkdir(b->tally, 0700), 0);
	assert_int_equal(room_take(&b->outbox, &b->limits, 10, &err), 0);
	room_count(&b->outbox);
	assert_int_equal(rmdir(b->tally), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_tally_is_believed_if_it_is_whole),
		TEST(without_a_tally_all_is_counted),
		TEST(a_full_outbox_takes_nothing),
		TEST(a_tally_that_is_locked_is_waited_for_two_seconds),
		TEST(a_tally_that_is_no_file_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
