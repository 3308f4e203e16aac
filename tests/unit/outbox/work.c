/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which accounts a flush leaves alone because an earlier one has held them, and
 * what it notes for the next. */
#include "../unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../letter.h"
#include "../queue.h"
#include "base/poll.h"
#include "base/xmalloc.h"
#include "outbox/work.h"

#define NOW ((time_t)1800000000)

/* In place of the C library's. */
time_t
time(time_t *now)
{
	if (now != NULL)
		*now = NOW;
	return NOW;
}

struct bench {
	char directory[QUEUE_PATH], config[64];
	struct flushing flushing;
};

static int
set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	FILE *file;

	queue_open(&b->flushing.outbox, b->directory);
	setenv("HOME", b->directory, 1);
	snprintf(b->config, sizeof(b->config), "%s/config", b->directory);
	file = fopen(b->config, "w");
	assert_non_null(file);
	fputs("account default\nhost h\naccount a : default\n", file);
	fclose(file);
	assert_int_equal(chmod(b->config, 0600), 0);
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;
	int status = queue_close(&b->flushing.outbox, b->directory);

	free(b);
	return status;
}

/* The record of the last flush, the age of the config file in seconds, that of
 * a file that includes it, or 0, and whether the account is left alone. */
static const struct {
	int64_t due;
	time_t age, age_of_main;
	int is_nameless, stopped;
} holds[] = {
	{ 0, 9999, 0, 0, 0 },
	{ NOW - 1, 9999, 0, 0, 0 },
	{ NOW, 9999, 0, 0, 0 },
	{ NOW + 1, 9999, 0, 0, 1 },
	{ NOW + 600, 9999, 0, 0, 1 },
	/* edited before and after the flush, 3000 seconds ago */
	{ NOW + 600, 3001, 0, 0, 1 },
	{ NOW + 600, 3000, 0, 0, 1 },
	{ NOW + 600, 2999, 0, 0, 0 },
	{ NOW + 600, 2999, 0, 1, 1 },
	{ NOW + 600, 3000, 3000, 0, 1 },
	{ NOW + 600, 2999, 3000, 0, 0 },
	{ NOW + 600, 3000, 2999, 0, 0 },
};

static void
set_age(const char *path, time_t age)
{
	const struct timespec times[2] = { { NOW - age, 0 },
		{ NOW - age, 0 } };
	FILE *file = fopen(path, "a");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
a_held_account_waits_unless_its_file_was_edited(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
		struct work w = { .site = { .key = "0123456789abcdef" } };
		struct work *at[] = { &w };
		struct work_list list = { at, 1 };
		struct held_site site = { .key = "0123456789abcdef",
			.due = holds[i].due, .code = 77, .text = "why" };
		const struct held held = { &site, 1 };
		char origin[80], opened[80], name[] = "a";
		int includes = holds[i].age_of_main != 0;

		snprintf(opened, sizeof(opened), "%s%s", b->config,
		    includes ? ".main" : "");
		set_age(b->config, holds[i].age);
		if (includes)
			set_age(opened, holds[i].age_of_main);
		snprintf(origin, sizeof(origin), "%s:3", b->config);
		w.site.account.name = holds[i].is_nameless ? NULL : name;
		w.site.account.origin = origin;
		w.site.account.file = opened;
		work_apply_held(&list, &held);
		if (w.site.stopped != holds[i].stopped)
			fail_msg("row %zu: stopped %d", i, w.site.stopped);
		assert_int_equal(w.site.due, w.site.stopped ? holds[i].due
		    : 0);
		assert_string_equal(w.site.why.text, w.site.stopped ? "why"
		    : "");
		assert_int_equal(w.site.why.code, w.site.stopped ? 77 : 0);
	}
}

static void
another_account_is_not_held(void **state)
{
	struct work stopped = { .site = { .key = "0123456789abcdef",
		.stopped = 1, .why.text = "config" } };
	struct work other = { .site = { .key = "fedcba9876543210" } };
	struct work *at[] = { &other, &stopped };
	struct work_list list = { at, 2 };
	struct held_site site = { .key = "0123456789abcdef",
		.due = NOW + 600, .code = 77, .text = "why" };
	const struct held held = { &site, 1 };

	(void)state;
	work_apply_held(&list, &held);
	assert_int_equal(other.site.stopped, 0);
	assert_string_equal(stopped.site.why.text, "config");
	assert_int_equal(stopped.site.due, 0);
}

static void
add_held(struct held *held, const char *key, int64_t since, int64_t due,
    const char *text)
{
	struct held_site site = { .since = since, .due = due, .code = 75 };

	snprintf(site.key, sizeof(site.key), "%s", key);
	snprintf(site.text, sizeof(site.text), "%s", text);
	held_add(held, &site);
}

static void
set_work(struct work *w, const char *key, int stopped, const char *text)
{
	memset(w, 0, sizeof(*w));
	snprintf(w->site.key, sizeof(w->site.key), "%s", key);
	w->site.stopped = stopped;
	w->site.due = 7;
	fail(&w->site.why, 75, "%s", text);
}

static void
the_next_list_has_what_is_held_now(void **state)
{
	struct bench *b = *state;
	struct work works[5], *at[5];
	struct work_list list = { at, 5 };
	struct held before = {0}, during = {0}, after;
	char text[1024];
	int fd;
	ssize_t n;

	for (size_t i = 0; i < 5; i++)
		at[i] = &works[i];
	set_work(&works[0], "new-0123456789ab", 1, "new\nand more");
	set_work(&works[1], "old-0123456789ab", 1, "still");
	set_work(&works[2], "fine-0123456789a", 0, "fine");
	set_work(&works[3], "busy-0123456789a", 1, "not ours");
	works[3].busy = 1;
	set_work(&works[4], "unread-012345678", 1, "unreadable");
	works[4].unreadable = 1;
	/* as the flush began */
	add_held(&before, "old-0123456789ab", 5, 6, "was");
	add_held(&before, "fine-0123456789a", 5, 6, "was");
	add_held(&before, "gone-0123456789a", 5, 6, "was");
	add_held(&before, "due-0123456789ab", 5, 6, "was");
	add_held(&before, "text-0123456789a", 5, 6, "was");
	/* as it ends: another run has noted its own */
	add_held(&during, "old-0123456789ab", 5, 6, "was");
	add_held(&during, "fine-0123456789a", 5, 6, "was");
	add_held(&during, "gone-0123456789a", 5, 6, "was");
	add_held(&during, "due-0123456789ab", 8, 9, "was");
	add_held(&during, "text-0123456789a", 5, 6, "is");
	add_held(&during, "busy-0123456789a", 5, 6, "theirs");
	add_held(&during, "their-0123456789", 5, 6, "theirs");
	held_write(&during, &b->flushing.outbox);
	work_note_held(&b->flushing, &list, &before);
	held_read(&after, &b->flushing.outbox);
	held_free(&after);
	fd = openat(b->flushing.outbox.places[OUTBOX_JOURNAL], "held",
	    O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	close(fd);
	assert_string_equal(text,
	    "held 8 9 due-0123456789ab 75 was\n"
	    "held 5 6 text-0123456789a 75 is\n"
	    "held 5 6 busy-0123456789a 75 theirs\n"
	    "held 5 6 their-0123456789 75 theirs\n"
	    "held 1800000000 7 new-0123456789ab 75 new\n"
	    "held 5 7 old-0123456789ab 75 still\n");
	held_free(&before);
	held_free(&during);
}

static void
add_message(struct bench *b, const char *account, int64_t due,
    const char *journal, char id[OUTBOX_ID])
{
	char recipient[] = "you@x", sender[] = "me@x";
	struct recipient to = { .path = recipient };
	struct message_file m = { .fd = -1, .queued = NOW, .due = due,
		.origin = { .account = account, .config = b->config },
		.envelope = { .sender = sender, .to = &to, .n = 1 } };
	const struct outbox *o = &b->flushing.outbox;
	struct error err = {0};

	letter_take(&m.message, "Subject: s\n\n", 12);
	assert_int_equal(outbox_add(o, OUTBOX_NEW, &m, MESSAGE_FILE_WHOLE, id,
	    &err), 0);
	message_free(&m.message);
	if (journal == NULL)
		return;
	queue_append(o->places[OUTBOX_JOURNAL], id, journal);
	b->flushing.journals = 1;
}

/* When a message is due by its file and by its journal, and what comes of it:
 * tried, waiting, or removed. */
static const struct {
	int64_t due;
	const char *journal;
	enum { TRIED, WAITS, REMOVED } fate;
} dues[] = {
	{ 0, NULL, TRIED },
	{ NOW, NULL, TRIED },
	{ NOW + 9, NULL, WAITS },
	{ NOW + 9, "deferred 5 0 x\n", TRIED },
	{ NOW + 9, "deferred 5 1800000000 x\n", TRIED },
	{ 0, "deferred 5 1800000001 x\n", WAITS },
	{ NOW + 9, "retried 5\n", TRIED },
	{ NOW + 9, "reading 5\n", WAITS },
	{ NOW + 9, "held 5 1800000001 x\n", WAITS },
	{ NOW + 9, "held 5 1799999999 x\n", TRIED },
	{ NOW + 9, "accepted 5\n", REMOVED },
	{ 0, "accepted 5\n", REMOVED },
	/* a clock that was wrong */
	{ NOW + 9999999, NULL, TRIED },
};

static void
what_is_due_is_collected(void **state)
{
	struct bench *b = *state;
	const struct outbox *o = &b->flushing.outbox;

	for (size_t i = 0; i < 2 * sizeof(dues) / sizeof(dues[0]); i++) {
		const struct flush_order order = { .config = b->config,
			.trace = -1, .which = i % 2 ? FLUSH_ALL : FLUSH_DUE };
		struct work_list list = {0};
		struct error err = {0};
		char id[OUTBOX_ID];
		int fate = dues[i / 2].fate;

		if (fate == WAITS && i % 2)
			fate = TRIED;
		memset(&b->flushing.result, 0, sizeof(struct flush));
		b->flushing.removed = 0;
		b->flushing.journals = 0;
		add_message(b, "a", dues[i / 2].due, dues[i / 2].journal, id);
		assert_int_equal(work_collect(&b->flushing, &list, &order,
		    &err), 0);
		if (list.n != (fate == TRIED) ||
		    b->flushing.result.waiting != (fate == WAITS) ||
		    b->flushing.removed != (fate == REMOVED) ||
		    outbox_is_missing(o, OUTBOX_NEW, id) != (fate == REMOVED))
			fail_msg("row %zu: %zu, waiting %u", i / 2, list.n,
			    b->flushing.result.waiting);
		if (fate == TRIED) {
			assert_string_equal(list.at[0]->ids.at[0], id);
			assert_string_equal(list.at[0]->site.account.name,
			    "a");
			assert_int_equal(list.at[0]->site.stopped, 0);
		}
		work_free(&list);
		assert_int_equal(outbox_remove(o, OUTBOX_NEW, id, &err), 0);
	}
}

static void
each_account_has_its_work(void **state)
{
	struct bench *b = *state;
	const struct flush_order order = { .config = b->config, .trace = -1 };
	struct work_list list = {0};
	struct error err = {0};
	char ids[5][OUTBOX_ID];
	size_t found = 0;
	int fd;

	add_message(b, "a", 0, NULL, ids[0]);
	add_message(b, "default", 0, NULL, ids[1]);
	add_message(b, "a", 0, NULL, ids[2]);
	add_message(b, "nosuch", 0, NULL, ids[3]);
	add_message(b, "a", 0, NULL, ids[4]);
	fd = openat(b->flushing.outbox.places[OUTBOX_NEW], ids[4],
	    O_WRONLY | O_TRUNC); /* damage */
	close(fd);
	assert_int_equal(work_collect(&b->flushing, &list, &order, &err), 0);
	assert_int_equal(list.n, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct work *w = list.at[i];

		assert_int_equal(w->lock, -1);
		assert_int_equal(w->report, -1);
		if (w->unreadable) {
			assert_int_equal(w->ids.n, 1);
			assert_string_equal(w->ids.at[0], ids[4]);
		} else if (w->site.stopped) {
			assert_string_equal(w->ids.at[0], ids[3]);
			assert_int_equal(w->site.why.code, EX_CONFIG);
		} else if (strcmp(w->site.account.name, "a") == 0) {
			assert_int_equal(w->ids.n, 2);
			assert_true(strcmp(w->ids.at[0], w->ids.at[1]) < 0);
		} else {
			assert_string_equal(w->ids.at[0], ids[1]);
		}
		found += w->ids.n;
	}
	assert_int_equal(found, 5);
	work_free(&list);
}

/* So it has while it is given its own. */
static void
a_message_may_have_two_names(void **state)
{
	struct bench *b = *state;
	const struct flush_order order = { .config = b->config, .trace = -1 };
	int directory = b->flushing.outbox.places[OUTBOX_NEW];

	for (int i = 0; i < 2; i++) {
		struct work_list list = {0};
		struct error err = {0};
		char id[OUTBOX_ID];

		add_message(b, "a", 0, NULL, id);
		assert_int_equal(linkat(directory, id, directory, "other", 0),
		    0);
		assert_int_equal(fchmodat(directory, id, i == 0 ? 0600 : 0640,
		    0), 0);
		assert_int_equal(work_collect(&b->flushing, &list, &order,
		    &err), 0);
		assert_int_equal(list.n, 1);
		assert_int_equal(list.at[0]->unreadable, i);
		assert_int_equal(list.at[0]->unread.code,
		    i == 0 ? 0 : EX_NOPERM);
		work_free(&list);
		assert_int_equal(unlinkat(directory, "other", 0), 0);
		assert_int_equal(unlinkat(directory, id, 0), 0);
	}
}

/* Another run sends the messages of the account. */
static void
a_site_that_is_locked_waits(void **state)
{
	struct bench *b = *state;
	const struct flush_order order = { .config = b->config, .trace = -1 };
	struct work_list list = {0}, other = {0};
	struct error err = {0};
	char id[OUTBOX_ID];

	add_message(b, "a", 0, NULL, id);
	add_message(b, "a", 0, NULL, id);
	assert_int_equal(work_collect(&b->flushing, &list, &order, &err), 0);
	assert_int_equal(work_collect(&b->flushing, &other, &order, &err), 0);
	work_lock(&b->flushing, &list);
	assert_true(list.at[0]->lock >= 0);
	assert_int_equal(list.at[0]->busy, 0);
	assert_int_equal(b->flushing.result.waiting, 0);
	assert_int_equal(b->flushing.result.held.code, 0);
	work_lock(&b->flushing, &other);
	assert_int_equal(other.at[0]->busy, 1);
	assert_int_equal(b->flushing.result.waiting, 2);
	assert_int_equal(b->flushing.result.held.code, EX_TEMPFAIL);
	work_unlock(list.at[0]);
	assert_int_equal(list.at[0]->lock, -1);
	work_lock(&b->flushing, &other);
	assert_int_equal(other.at[0]->busy, 0);
	assert_int_equal(b->flushing.result.waiting, 2);
	work_free(&list);
	work_free(&other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_held_account_waits_unless_its_file_was_edited),
		TEST(another_account_is_not_held),
		TEST(the_next_list_has_what_is_held_now),
		TEST(what_is_due_is_collected),
		TEST(each_account_has_its_work),
		TEST(a_site_that_is_locked_waits),
		TEST(a_message_may_have_two_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
