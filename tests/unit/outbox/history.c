/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../unit.h"

#include "outbox/history.h"

#define DAY ((int64_t)24 * 3600)

static const struct {
	const char *journal;
	struct history h;
} cases[] = {
	{ "", {0} },
	{ "reading 10\nread 10\n", { .last = 10 } },
	{ "reading 10\n", { .last = 10, .crashes = 1 } },
	{ "reading 1\nreading 2\nreading 3\n", { .last = 3, .crashes = 3 } },
	{ "reading 1\nreading 2\nread 2\ntrying 2\n",
	    { .last = 2, .crashes = 2 } },
	{ "reading 1\nread 1\ntrying 1\nheld 2 0 no way\n",
	    { .last = 2, .reason = "no way" } },
	{ "trying 1\nreading 2\nread 2\ntrying 2\nheld 3 0 down\n",
	    { .last = 3, .reason = "down" } },
	{ "trying 1\nending 1\n", { .last = 1, .doubts = 1, .tries = 1 } },
	{ "trying 1\nending 1\nreading 2\nread 2\n",
	    { .last = 2, .doubts = 1, .tries = 1 } },
	{ "trying 1\nending 1\naccepted 2\n", { .last = 2, .accepted = 1 } },
	{ "trying 1\nending 1\ndeferred 2 300 451 later\n", { .last = 2,
	    .due = 300, .tries = 1, .reason = "451 later" } },
	{ "trying 1\nending 1\nunknown 2 300 lost\n", { .last = 2,
	    .due = 300, .tries = 1, .doubts = 1, .reason = "lost" } },
	{ "late 5\nlate 9\nheld 9 0 x\n",
	    { .last = 9, .late = 5, .reason = "x" } },
	{ "deferred 2 300 a\nfailed 3 b\nretried 4\n",
	    { .last = 4, .began = 4 } },
	/* no lines of ours */
	{ "deferred 2\ndeferred x 3 a\nnonsense 1\naccepted\naccepted 7",
	    {0} },
	{ "accepted 99999999999999999999\n", {0} },
};

static void
a_journal_tells_what_became_of_a_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct history *want = &cases[i].h;
		struct history h;

		history_read(&h, cases[i].journal, strlen(cases[i].journal));
		if (h.tries != want->tries || h.doubts != want->doubts ||
		    h.crashes != want->crashes ||
		    h.accepted != want->accepted || h.due != want->due ||
		    h.last != want->last || h.began != want->began ||
		    h.late != want->late ||
		    strcmp(h.reason, want->reason) != 0)
			fail_msg("journal \"%s\"", cases[i].journal);
	}
}

static void
pauses_grow_by_the_square_up_to_six_hours(void **state)
{
	(void)state;
	assert_int_equal(history_next(1, 1000, 0), 1000 + 240);
	assert_int_equal(history_next(1, 1000, 1023), 1000 + 360);
	for (unsigned n = 1; n < 40; n++) {
		int64_t pause = 300 * (int64_t)n * n;

		if (pause > 6 * 3600)
			pause = 6 * 3600;
		for (uint32_t chance = 0; chance < 5000; chance += 37) {
			int64_t next = history_next(n, 0, chance);

			assert_true(next >= pause * 4 / 5);
			assert_true(next <= pause * 6 / 5);
		}
	}
}

static void
a_wrong_clock_delays_nothing_for_ever(void **state)
{
	struct history h = { .due = 1000 };

	(void)state;
	assert_false(history_is_due(&h, 999));
	assert_true(history_is_due(&h, 1000));
	h.due = 20 * 365 * DAY;
	assert_true(history_is_due(&h, 10 * 365 * DAY));
}

static void
only_who_failed_late_twice_is_over(void **state)
{
	struct history h = {0};

	(void)state;
	assert_false(history_is_late(&h, 0, 5 * DAY));
	assert_true(history_is_late(&h, 0, 5 * DAY + 1));
	/* a clock that jumps ten years ahead */
	assert_false(history_is_over(&h, 0, 3650 * DAY));
	h.late = 5 * DAY + 1;
	assert_false(history_is_over(&h, 0, 5 * DAY + 1800));
	assert_true(history_is_over(&h, 0, 5 * DAY + 1 + 3600));
	/* and back again */
	assert_false(history_is_over(&h, 0, DAY));
	/* its user has given it another life */
	h.began = 5 * DAY;
	assert_false(history_is_over(&h, 0, 6 * DAY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_journal_tells_what_became_of_a_message),
		cmocka_unit_test(pauses_grow_by_the_square_up_to_six_hours),
		cmocka_unit_test(a_wrong_clock_delays_nothing_for_ever),
		cmocka_unit_test(only_who_failed_late_twice_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
