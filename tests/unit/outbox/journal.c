/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/xmalloc.h"
#include "outbox/journal.h"

#define DAY ((int64_t)24 * 3600)

#define NO_REPLY "the message may have been accepted: the run that sent it " \
    "recorded no reply"

static const struct {
	const char *journal;
	struct journal_state s;
} cases[] = {
	{ "", {0} },
	{ "reading 10\ntrying 10\n", {0} },
	{ "reading 10\n", { .crashes = 1 } },
	{ "reading 1\nreading 2\nreading 3\n", { .crashes = 3 } },
	/* killed while it was sent: no fault of the message */
	{ "reading 1\ntrying 1\nreading 2\ntrying 2\nreading 3\ntrying 3\n",
	    {0} },
	{ "reading 1\ntrying 1\nheld 2 0 no way\n", { .reason = "no way" } },
	{ "reading 1\nreading 2\ntrying 2\nheld 3 0 down\n",
	    { .reason = "down" } },
	{ "trying 1\nending 1\n", { .doubts = 1, .tries = 1, .talked = 1,
	    .reason = NO_REPLY } },
	{ "trying 1\nending 1\nreading 2\ntrying 2\n",
	    { .doubts = 1, .tries = 1, .talked = 1, .reason = NO_REPLY } },
	{ "trying 1\nending 1\naccepted 2\n", { .accepted = 1 } },
	{ "trying 1\nending 1\ndeferred 2 300 451 later\n",
	    { .due = 300, .tries = 1, .talked = 2, .reason = "451 later" } },
	{ "trying 1\nending 1\nunknown 2 300 lost\n", { .due = 300,
	    .tries = 1, .doubts = 1, .talked = 2, .reason = "lost" } },
	{ "deferred 2 300 a\nfailed 3 b\nretried 4\n", { .retried = 4 } },
	{ "deferred 100 300 a\nheld 5000 0 b\ndeferred 7100 9000 c\n",
	    { .tries = 2, .due = 9000, .life = 7000, .talked = 7100,
	    .reason = "c" } },
	/* a clock that jumps takes a day, one that goes back nothing */
	{ "deferred 100 0 a\ndeferred 1000000 0 a\ndeferred 100 0 a\n",
	    { .tries = 3, .life = 25 * 3600, .talked = 100,
	    .reason = "a" } },
	/* not lines of a journal */
	{ "deferred 2\ndeferred x 3 a\nnonsense 1\naccepted\naccepted 7",
	    {0} },
	{ "accepted 99999999999999999999\n", {0} },
	{ "deferred 2x 300 a\ndeferred 2 300x a\ndeferred 2-300 a\n", {0} },
	{ "refused 1 9999999 550 no\n", {0} },
	/* kept, and no longer failed */
	{ "failed 1 a\ndeferred 2 300 b\n", { .tries = 1, .due = 300,
	    .talked = 2, .reason = "b" } },
	{ "failed 1 a\nheld 2 300 b\n", { .due = 300, .reason = "b" } },
	{ "failed 1 a\n", { .failed = 1, .reason = "a" } },
	{ "held 1 7 a\nfailed 1 a\nreported 2\n", { .failed = 1,
	    .reported = 1, .reason = "a" } },
	{ "accepted 1 2,4-6\n", {0} },
	{ "accepted 1 \n", { .accepted = 1 } },
	{ "DEFERRED 2 300 a\n", { .tries = 1, .due = 300, .talked = 2,
	    .reason = "a" } },
	{ "trying 5\nending 6\nreading 7\n", { .tries = 1, .doubts = 1,
	    .talked = 6, .crashes = 1, .reason = NO_REPLY } },
	/* a clock that jumps by what a machine may sleep, and by more */
	{ "deferred 100 0 a\ndeferred 90100 0 a\n",
	    { .tries = 2, .life = 90000, .talked = 90100, .reason = "a" } },
	{ "deferred 100 0 a\ndeferred 90101 0 a\n",
	    { .tries = 2, .life = 90000, .talked = 90101, .reason = "a" } },
	{ "deferred 1 0 a\ndeferred 2 0 a\n",
	    { .tries = 2, .life = 1, .talked = 2, .reason = "a" } },
};

static void
a_journal_tells_what_happened_to_a_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct journal_state *want = &cases[i].s;
		struct journal_state s;

		journal_read(&s, cases[i].journal, strlen(cases[i].journal));
		if (s.tries != want->tries || s.doubts != want->doubts ||
		    s.crashes != want->crashes ||
		    s.accepted != want->accepted || s.due != want->due ||
		    s.retried != want->retried || s.life != want->life ||
		    s.talked != want->talked || s.failed != want->failed ||
		    s.reported != want->reported ||
		    strcmp(s.reason, want->reason) != 0)
			fail_msg("journal \"%s\"", cases[i].journal);
		journal_state_free(&s);
	}
}

/* "a" accepted, "r" refused, "." open: of the first recipients. */
static const struct {
	const char *journal;
	const char *states;
} settled[] = {
	{ "accepted 1 2,4-6\n", ".a.aaa." },
	{ "accepted 1 1\nrefused 1 3 550 no\n", "a.r." },
	{ "refused 1 1 550 no\nretried 2\n", "r.." },
	{ "refused 1 1 550 no\nfailed 1 no\nretried 2\n", "..." },
	{ "accepted 1 2\nretried 2\n", ".a." },
	{ "accepted 1 0\naccepted 1 x\nrefused 1 0 a\nrefused 1\n", "..." },
	{ "accepted 1 2000000\naccepted 1 1-\n", "..." },
	{ "accepted 1 3-1\n", "..." },
	{ "accepted 1 1\n", "a.." },
	{ "accepted 1 2-2,3\n", ".aa." },
	{ "accepted 1 1-1048576\n", "aaaa" },
	{ "accepted 1 1048577\n", "..." },
	{ "refused 1 1048576 550 no\n", "..." },
	{ "refused 1 1 550 no\nrefused 2 1 551 no\n", "r." },
	{ "refused 1 1 550 no\naccepted 2 1\n", "a." },
};

/* The number of unknown outcomes of each of the first recipients. */
static const struct {
	const char *journal;
	const char *doubts;
} doubted[] = {
	{ "ending 1\nunknown 1 2 x\n", "111" },
	{ "ending 1 2,4-5\nunknown 1 2 x\n", "010110" },
	{ "ending 1 2\nreading 2\n", "010" },
	{ "ending 1 2\n", "010" },
	{ "ending 1 2\naccepted 1 2\nending 1 3\nunknown 1 2 x\n", "001" },
	{ "ending 1 1-3\nending 1 3\nunknown 1 2 x\n", "001" },
	{ "ending 1 2\ndeferred 1 2 x\n", "000" },
	{ "ending 1 2\ntrying 1\n", "000" },
	{ "ending 1 2\nunknown 1 2 x\nending 1\nunknown 1 2 x\n", "121" },
	{ "ending 1 2\nunknown 1 2 x\nunknown 1 2 x\n", "121" },
	{ "ending 1 x\nunknown 1 2 x\n", "111" },
	{ "ending 1 2\nunknown 1 2 x\nretried 2\n", "000" },
};

static void
it_tells_for_whom_the_outcome_is_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(doubted) / sizeof(doubted[0]); i++) {
		struct journal_state s;

		journal_read(&s, doubted[i].journal,
		    strlen(doubted[i].journal));
		for (size_t k = 0; doubted[i].doubts[k] != '\0'; k++)
			if (journal_doubts(&s, k) !=
			    (unsigned)(doubted[i].doubts[k] - '0'))
				fail_msg("journal \"%s\", recipient %zu: %u",
				    doubted[i].journal, k,
				    journal_doubts(&s, k));
		journal_state_free(&s);
	}
}

static void
it_tells_which_recipients_are_settled(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(settled) / sizeof(settled[0]); i++) {
		struct journal_state s;

		journal_read(&s, settled[i].journal,
		    strlen(settled[i].journal));
		assert_false(s.accepted);
		for (size_t k = 0; settled[i].states[k] != '\0'; k++) {
			char c = journal_recipient_is_open(&s, k) ? '.'
			    : s.to[k].state == RECIPIENT_REFUSED ? 'r' : 'a';

			if (c != settled[i].states[k])
				fail_msg("journal \"%s\", recipient %zu: %c",
				    settled[i].journal, k, c);
		}
		journal_state_free(&s);
	}
}

static void
open_new(struct journal *j, const char *text)
{
	char name[] = "/tmp/journal.XXXXXX";
	struct error err = {0};
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	assert_int_equal(journal_open(j, fd, &err), 0);
}

static void
a_recipient_given_up_stays_so(void **state)
{
	struct journal_state s;
	struct error err = {0};
	struct journal j;
	char text[512];
	ssize_t n;

	(void)state;
	open_new(&j, "");
	assert_int_equal(journal_write(&j, JOURNAL_READING, 0, NULL, &err), 0);
	assert_int_equal(journal_give_up(&j, 1, "in doubt", &err), 0);
	assert_int_equal(journal_write(&j, JOURNAL_TRYING, 0, NULL, &err), 0);
	journal_rollback(&j);
	n = pread(j.fd, text, sizeof(text), 0);
	assert_true(n > 0);
	journal_read(&s, text, (size_t)n);
	assert_int_equal(s.crashes, 0);
	assert_true(journal_recipient_is_open(&s, 0));
	assert_string_equal(s.to[1].words, "in doubt");
	journal_state_free(&s);
	journal_close(&j);
}

static void
read_back(struct journal_state *s, const struct journal *j)
{
	char text[4096];
	ssize_t n = pread(j->fd, text, sizeof(text), 0);

	assert_true(n >= 0);
	journal_read(s, text, (size_t)n);
}

static void
what_is_written_is_read(void **state)
{
	struct recipient to[5] = {
		{ .reply = { .code = 250 } }, { .reply = { .code = 250 } },
		{ .reply = { .code = 451 } },
		{ .reply = { .code = 550, .text = "550 no" } },
		{ .reply = { .code = 250 }, .pending = 1 },
	};
	const struct envelope e = { .to = to, .n = 5 };
	const size_t index[5] = { 0, 1, 2, 5, 6 };
	struct journal_state s;
	struct error err = {0};
	struct journal j;

	(void)state;
	open_new(&j, "deferred 1 2 x\naccep");
	assert_int_equal(journal_reserve(&j, 5, &err), 0);
	assert_int_equal(journal_reserve(&j, 1000, &err), 0);
	assert_int_equal(journal_write_replies(&j, &e, index, &err), 0);
	assert_int_equal(journal_write(&j, JOURNAL_UNKNOWN, 77, "lost", &err),
	    0);
	read_back(&s, &j);
	assert_int_equal(s.tries, 2);
	assert_int_equal(s.due, 77);
	assert_string_equal(s.reason, "lost");
	assert_int_equal(s.to[1].state, RECIPIENT_ACCEPTED);
	assert_true(journal_recipient_is_open(&s, 2));
	assert_int_equal(s.to[5].state, RECIPIENT_REFUSED);
	assert_string_equal(s.to[5].words, "550 no");
	assert_true(journal_recipient_is_open(&s, 6));
	journal_state_free(&s);
	journal_close(&j);
}

static void
a_try_that_changed_nothing_leaves_no_line(void **state)
{
	struct journal_state s;
	struct error err = {0};
	struct journal j;

	(void)state;
	open_new(&j, "deferred 1 2 x\n");
	assert_int_equal(journal_write(&j, JOURNAL_READING, 0, NULL, &err), 0);
	journal_rollback(&j);
	assert_int_equal(lseek(j.fd, 0, SEEK_END), strlen("deferred 1 2 x\n"));
	read_back(&s, &j);
	assert_int_equal(s.tries, 1);
	journal_state_free(&s);
	journal_close(&j);
}

/* Cut before its recipients, the line would mean all of them. */
static void
a_torn_line_is_not_completed(void **state)
{
	static const char *const torn[] = { "accepted 1795931644",
		"deferred 1 2 a reason of more than 256 octets: "
		"0123456789 0123456789 0123456789 0123456789 0123456789 "
		"0123456789 0123456789 0123456789 0123456789 0123456789 "
		"0123456789 0123456789 0123456789 0123456789 0123456789 "
		"0123456789 0123456789 0123456789 0123456789 0123456789 " };
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const char *before = i / 2 == 0 ? "" : "deferred 1 2 x\n";
		char *text = xasprintf("%s%s", before, torn[i % 2]);
		struct journal_state s;
		struct journal j;

		open_new(&j, text);
		assert_int_equal(lseek(j.fd, 0, SEEK_END), strlen(before));
		assert_int_equal(journal_write(&j, JOURNAL_DEFERRED, 7, "y",
		    &err), 0);
		read_back(&s, &j);
		assert_false(s.accepted);
		assert_int_equal(s.tries, 1 + i / 2);
		assert_string_equal(s.reason, "y");
		journal_state_free(&s);
		journal_close(&j);
		free(text);
	}
}

static unsigned syncs;

/* In place of the C library's. */
int
fdatasync(int fd)
{
	(void)fd;
	syncs++;
	return 0;
}

/* A line that must survive a power cut is on disk; an acceptance that is lost
 * after "ending" is a doubt, not a lie. */
static void
what_must_survive_is_synced(void **state)
{
	static const struct {
		enum journal_event event;
		unsigned syncs;
	} lines[] = {
		{ JOURNAL_READING, 0 }, { JOURNAL_TRYING, 0 },
		{ JOURNAL_HELD, 0 }, { JOURNAL_DEFERRED, 0 },
		{ JOURNAL_FAILED, 0 }, { JOURNAL_RETRIED, 1 },
		{ JOURNAL_ENDING, 1 }, { JOURNAL_ACCEPTED, 0 },
		{ JOURNAL_ENDING, 1 }, { JOURNAL_DEFERRED, 1 },
		{ JOURNAL_ENDING, 1 }, { JOURNAL_HELD, 1 },
		{ JOURNAL_HELD, 0 }, { JOURNAL_ENDING, 1 },
		{ JOURNAL_UNKNOWN, 1 }, { JOURNAL_UNKNOWN, 0 },
	};
	struct recipient to = { .reply = { .code = 250 } };
	const struct envelope e = { .to = &to, .n = 1 };
	const size_t index = 0;
	struct error err = {0};
	struct journal j;

	(void)state;
	open_new(&j, "");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		syncs = 0;
		assert_int_equal(journal_write(&j, lines[i].event, 7, "x",
		    &err), 0);
		if (syncs != lines[i].syncs)
			fail_msg("line %zu: synced %u times", i, syncs);
		assert_int_equal(j.ending, lines[i].event == JOURNAL_ENDING);
	}
	syncs = 0;
	assert_int_equal(journal_write(&j, JOURNAL_ENDING, 0, NULL, &err), 0);
	assert_int_equal(journal_write_replies(&j, &e, &index, &err), 0);
	assert_int_equal(syncs, 2);
	assert_int_equal(j.ending, 0);
	to.reply.code = 451;
	assert_int_equal(journal_write_replies(&j, &e, &index, &err), 0);
	assert_int_equal(syncs, 2); /* nothing to write */
	journal_close(&j);
}

static void
whole_lines_are_all_kept(void **state)
{
	struct journal j;

	(void)state;
	for (size_t n = 0; n < 600; n++) {
		char *text = xasprintf("%*s\n%*s", (int)n, "", (int)(n % 7),
		    "");

		open_new(&j, text);
		assert_int_equal(j.start, n + 1);
		assert_int_equal(lseek(j.fd, 0, SEEK_END), n + 1);
		journal_close(&j);
		assert_int_equal(j.fd, -1);
		free(text);
	}
}

static void
a_reason_is_cut_to_its_room(void **state)
{
	char words[JOURNAL_REASON + 8], wanted[JOURNAL_REASON];
	struct journal_state s;
	struct error err = {0};
	struct journal j;

	(void)state;
	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	memset(wanted, 'x', sizeof(wanted));
	wanted[sizeof(wanted) - 1] = '\0';
	open_new(&j, "");
	assert_int_equal(journal_write(&j, JOURNAL_HELD, 7, words, &err), 0);
	read_back(&s, &j);
	assert_string_equal(s.reason, wanted);
	assert_int_equal(s.due, 7);
	journal_state_free(&s);
	journal_close(&j);
}

/* The lines as they are, without their moments. */
static void
replies_are_written_as_ranges(void **state)
{
	static const struct {
		int codes[6];
		int pending;       /* bit for each */
		size_t index[6];
		const char *lines;
	} rows[] = {
		{ { 250, 250, 250 }, 0, { 0, 1, 2 }, "accepted 1-3\n" },
		{ { 250, 250, 250 }, 0, { 0, 1, 3 }, "accepted 1-2,4\n" },
		{ { 250, 250, 250 }, 2, { 0, 1, 2 }, "accepted 1,3\n" },
		{ { 250, 451, 250 }, 0, { 4, 5, 6 }, "accepted 5,7\n" },
		{ { 451, 250 }, 0, { 0, 1 }, "accepted 2\n" },
		{ { 451, 451 }, 0, { 0, 1 }, "" },
		{ { 550, 250, 551 }, 0, { 0, 2, 9 }, "accepted 3\n"
		    "refused 1 550 x\nrefused 10 551 x\n" },
		{ { 250, 550, 250, 250 }, 0, { 0, 1, 2, 3 },
		    "accepted 1,3-4\nrefused 2 550 x\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct recipient to[6] = {0};
		struct envelope e = { .to = to };
		struct buffer lines = {0};
		struct error err = {0};
		char text[512], *line = text, *lf;
		struct journal j;
		ssize_t n;

		while (rows[i].codes[e.n] != 0) {
			to[e.n].reply.code = rows[i].codes[e.n];
			to[e.n].pending = rows[i].pending >> e.n & 1;
			snprintf(to[e.n].reply.text,
			    sizeof(to[e.n].reply.text), "%d x",
			    rows[i].codes[e.n]);
			e.n++;
		}
		open_new(&j, "");
		assert_int_equal(journal_write_replies(&j, &e, rows[i].index,
		    &err), 0);
		n = pread(j.fd, text, sizeof(text) - 1, 0);
		assert_true(n >= 0);
		text[n] = '\0';
		for (; (lf = strchr(line, '\n')) != NULL; line = lf + 1) {
			const char *rest = strchr(line, ' ') + 1;

			buffer_add(&lines, line, (size_t)(rest - line));
			rest = strchr(rest, ' ') + 1;
			buffer_add(&lines, rest, (size_t)(lf + 1 - rest));
		}
		assert_string_equal(buffer_string(&lines), rows[i].lines);
		buffer_free(&lines);
		journal_close(&j);
	}
}

static void
a_line_without_room_leaves_no_part(void **state)
{
	const size_t len = strlen("deferred 1 2 x\n");
	struct rlimit before;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	for (rlim_t room = 0; room < 4; room++) {
		const struct rlimit none = { len + room, RLIM_INFINITY };
		struct error err = {0};
		struct journal j;

		open_new(&j, "deferred 1 2 x\n");
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
		assert_int_equal(journal_write(&j, JOURNAL_ACCEPTED, 0, NULL,
		    &err), -1);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(err.code, EX_TEMPFAIL);
		assert_non_null(strstr(err.text,
		    strerror(room == 0 ? EFBIG : ENOSPC)));
		assert_int_equal(lseek(j.fd, 0, SEEK_END), len);
		journal_close(&j);
	}
}

static void
pauses_grow_by_the_square_up_to_six_hours(void **state)
{
	(void)state;
	assert_int_equal(journal_next_try(1, 1000, 0), 1000 + 240);
	assert_int_equal(journal_next_try(1, 1000, 1023), 1000 + 360);
	assert_int_equal(journal_next_try(1, 1000, 1024), 1000 + 240);
	assert_int_equal(journal_next_try(2, 1000, 0), 1000 + 960);
	assert_int_equal(journal_next_try(8, 0, 0), 15360);
	assert_int_equal(journal_next_try(9, 0, 0), 17280);
	assert_int_equal(journal_next_try(1000000, 0, 1023), 25920);
	for (unsigned n = 1; n < 40; n++) {
		int64_t pause = 300 * (int64_t)n * n;

		if (pause > 6 * 3600)
			pause = 6 * 3600;
		for (uint32_t chance = 0; chance < 5000; chance += 37) {
			int64_t next = journal_next_try(n, 0, chance);

			assert_true(next >= pause * 4 / 5);
			assert_true(next <= pause * 6 / 5);
		}
	}
}

static void
a_wrong_clock_delays_nothing_for_ever(void **state)
{
	(void)state;
	/* twice the longest pause */
	assert_false(journal_is_due(12 * 3600, 0));
	assert_true(journal_is_due(12 * 3600 + 1, 0));
	assert_false(journal_is_due(1000, 999));
	assert_true(journal_is_due(1000, 1000));
	assert_true(journal_is_due(20 * 365 * DAY, 10 * 365 * DAY));
}

static void
only_time_with_the_server_counts(void **state)
{
	struct journal_state s = {0};

	(void)state;
	/* never deferred: whatever the clock says */
	assert_false(journal_is_over(&s, 3650 * DAY));
	s.talked = 10 * DAY;
	s.life = 4 * DAY;
	assert_false(journal_is_over(&s, 10 * DAY + 3600));
	assert_true(journal_is_over(&s, 11 * DAY + 60));
	s.talked = DAY;
	s.life = 5 * DAY;
	assert_false(journal_is_over(&s, DAY));
	assert_true(journal_is_over(&s, DAY + 1));
	s.talked = 10 * DAY;
	s.life = 3 * DAY;
	assert_false(journal_is_over(&s, 3650 * DAY));
	s.life = 5 * DAY + 1;
	assert_true(journal_is_over(&s, DAY)); /* and back again */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_journal_tells_what_happened_to_a_message),
		cmocka_unit_test(it_tells_which_recipients_are_settled),
		cmocka_unit_test(it_tells_for_whom_the_outcome_is_unknown),
		cmocka_unit_test(a_recipient_given_up_stays_so),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_try_that_changed_nothing_leaves_no_line),
		cmocka_unit_test(a_torn_line_is_not_completed),
		cmocka_unit_test(a_line_without_room_leaves_no_part),
		cmocka_unit_test(what_must_survive_is_synced),
		cmocka_unit_test(whole_lines_are_all_kept),
		cmocka_unit_test(a_reason_is_cut_to_its_room),
		cmocka_unit_test(replies_are_written_as_ranges),
		cmocka_unit_test(pauses_grow_by_the_square_up_to_six_hours),
		cmocka_unit_test(a_wrong_clock_delays_nothing_for_ever),
		cmocka_unit_test(only_time_with_the_server_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
