/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files in the directories of an outbox: listed, read, swept. */
#include "../unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../letter.h"
#include "../queue.h"
#include "base/xmalloc.h"
#include "outbox/notify.h"
#include "outbox/outbox.h"

/* An outbox, and a message to put into it. */
struct fixture {
	char path[32], recipient[8], sender[8];
	struct recipient to;
	struct message_file entry;
};

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/directory.XXXXXX");
	assert_non_null(mkdtemp(f->path));
	strcpy(f->recipient, "you@x");
	strcpy(f->sender, "me@x");
	f->to.path = f->recipient;
	f->entry = (struct message_file){ .fd = -1, .queued = 1000,
		.origin.account = "a",
		.envelope = { .sender = f->sender, .to = &f->to, .n = 1 } };
	letter_take(&f->entry.message, "Subject: s\n\n", 12);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	int status = remove_tree(f->path);

	message_free(&f->entry.message);
	free(f);
	return status;
}

/* Names of foreign files, and those that are IDs. */
static void
only_ids_are_listed(void **state)
{
	static const char *const names[] = { "x", ".hidden",
		"20261123T125500Z-0123456789abcde",
		"20261123T125500Z-0123456789abcdef0",
		"20261123T125500Z_0123456789abcdef",
		"20261123T125500Z-0123456789abcde.",
		"20261123T125501Z-0123456789abcdef",
		"20261123T125500Z-0123456789abcdef" };
	struct fixture *f = *state;
	struct string_list ids = {0};
	struct outbox o;
	struct error err = {0};

	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	assert_int_equal(outbox_is_used(&o, OUTBOX_NEW), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (i == 6)
			assert_int_equal(outbox_is_used(&o, OUTBOX_NEW), 0);
		queue_append(o.places[OUTBOX_NEW], names[i], "x");
	}
	assert_int_equal(outbox_is_used(&o, OUTBOX_NEW), 1);
	assert_int_equal(outbox_list(&o, OUTBOX_NEW, &ids, &err), 0);
	assert_int_equal(ids.n, 2);
	assert_string_equal(ids.at[0], "20261123T125500Z-0123456789abcdef");
	assert_string_equal(ids.at[1], "20261123T125501Z-0123456789abcdef");
	assert_int_equal(outbox_message_size(&o, OUTBOX_NEW, ids.at[0]), 1);
	assert_int_equal(outbox_message_size(&o, OUTBOX_FAILED, ids.at[0]),
	    0);
	string_list_free(&ids);
	outbox_close(&o);
}

/* Its beginning tells who has the message, its end what is next. */
static void
all_of_a_long_journal_counts(void **state)
{
	static const char id[] = "20261123T125500Z-0123456789abcdef";
	struct fixture *f = *state;
	struct journal_state s;
	struct outbox o;
	struct error err = {0};
	char line[101];

	memset(line, 'x', sizeof(line));
	memcpy(line, "held 1 0 ", 9);
	strcpy(line + 99, "\n");
	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	assert_int_equal(outbox_read_journal(&o, id, &s, &err), 0);
	assert_int_equal(s.tries, 0);
	queue_append(o.places[OUTBOX_JOURNAL], id, "accepted 4 2\n"
	    "deferred 5 6 first\n");
	for (int i = 0; i < 11000; i++)
		queue_append(o.places[OUTBOX_JOURNAL], id, line);
	queue_append(o.places[OUTBOX_JOURNAL], id, "deferred 7 8 last\n");
	assert_int_equal(outbox_read_journal(&o, id, &s, &err), 0);
	assert_int_equal(s.tries, 2);
	assert_string_equal(s.reason, "last");
	assert_int_equal(journal_recipient_is_open(&s, 0), 1);
	assert_int_equal(journal_recipient_is_open(&s, 1), 0);
	journal_state_free(&s);
	outbox_close(&o);
}

static void
those_given_up_later_are_news(void **state)
{
	struct fixture *f = *state;
	char id[OUTBOX_ID];
	struct stat st;
	struct outbox o;
	struct error err = {0};

	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	assert_int_equal(outbox_add(&o, OUTBOX_FAILED, &f->entry,
	    MESSAGE_FILE_WHOLE, id, &err), 0);
	assert_int_equal(fstatat(o.places[OUTBOX_FAILED], id, &st, 0), 0);
	for (int i = 0; i < 5; i++) {
		struct timespec since = st.st_ctim;
		struct string_list ids = {0};

		since.tv_nsec += i == 1 ? 1 : i == 2 ? -1 : 0;
		since.tv_sec += i == 3 ? 1 : i == 4 ? -1 : 0;
		if (i == 3)
			since.tv_nsec = 0;
		if (i == 4)
			since.tv_nsec = 999999999;
		assert_int_equal(outbox_list_since(&o, &since, &ids, &err), 0);
		assert_int_equal(ids.n, i == 2 || i == 4);
		string_list_free(&ids);
	}
	outbox_close(&o);
}

static unsigned syncs;

/* In place of the C library's. */
int
fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

/* A journal whose message is gone goes, too, once that is on disk. */
static void
orphaned_journals_are_swept(void **state)
{
	static const char orphan[] = "20261123T125500Z-0123456789abcdef";
	static const char other[] = "20261123T125501Z-0123456789abcdef";
	static const char third[] = "20261123T125502Z-0123456789abcdef";
	struct fixture *f = *state;
	char ids[2][OUTBOX_ID];
	struct outbox o;
	struct error err = {0};

	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(outbox_add(&o, i == 0 ? OUTBOX_NEW
		    : OUTBOX_FAILED, &f->entry, MESSAGE_FILE_WHOLE, ids[i],
		    &err), 0);
		queue_append(o.places[OUTBOX_JOURNAL], ids[i], "x\n");
	}
	syncs = 0;
	assert_int_equal(outbox_sweep(&o), 2);
	assert_int_equal(syncs, 0);
	queue_append(o.places[OUTBOX_JOURNAL], orphan, "x\n");
	queue_append(o.places[OUTBOX_JOURNAL], other, "x\n");
	queue_append(o.places[OUTBOX_JOURNAL], third, "x\n");
	queue_append(o.places[OUTBOX_JOURNAL], "held", "x\n");
	assert_int_equal(outbox_sweep(&o), 2);
	assert_int_equal(syncs, 1);
	assert_int_equal(outbox_is_missing(&o, OUTBOX_JOURNAL, other), 1);
	assert_int_equal(outbox_is_missing(&o, OUTBOX_JOURNAL, orphan), 1);
	assert_int_equal(outbox_is_missing(&o, OUTBOX_JOURNAL, "held"), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(outbox_is_missing(&o, OUTBOX_JOURNAL,
		    ids[i]), 0);
	assert_int_equal(outbox_remove(&o, OUTBOX_NEW, ids[0], &err), 0);
	assert_int_equal(outbox_remove(&o, OUTBOX_NEW, ids[0], &err), 0);
	assert_int_equal(outbox_move(&o, ids[0], OUTBOX_NEW, OUTBOX_FAILED,
	    &err), -1);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_int_equal(outbox_sweep(&o), 1);
	outbox_close(&o);
}

static void
assert_unseen(const struct outbox *o, const char *one, const char *other)
{
	struct string_list ids = {0};
	struct error err = {0};

	assert_int_equal(notify_list_unseen(o, &ids, &err), 0);
	assert_int_equal(ids.n, (size_t)(one != NULL) + (other != NULL));
	for (size_t i = 0; i < ids.n; i++)
		assert_true(strcmp(ids.at[i], one) == 0 ||
		    strcmp(ids.at[i], other) == 0);
	string_list_free(&ids);
}

/* Not the others, and not what is given up again. */
static void
the_user_has_seen_what_was_there(void **state)
{
	struct fixture *f = *state;
	char ids[3][OUTBOX_ID], *names[] = { ids[0], ids[1], ids[2] };
	const struct string_list first = { names, 1 }, last = { names + 1, 2 },
	    none = {0};
	char *looked = xasprintf("%s/looked", f->path);
	struct outbox o;
	struct stat st;
	struct error err = {0};

	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(outbox_add(&o, i < 2 ? OUTBOX_FAILED
		    : OUTBOX_NEW, &f->entry, MESSAGE_FILE_WHOLE, ids[i],
		    &err), 0);
	assert_unseen(&o, ids[0], ids[1]);
	notify_look(&o, &none);
	assert_int_equal(stat(looked, &st), -1);
	notify_look(&o, &first);
	notify_look(&o, &first);
	assert_unseen(&o, ids[1], NULL);
	assert_int_equal(stat(looked, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, OUTBOX_ID);
	notify_look(&o, &last); /* one is not given up yet */
	assert_unseen(&o, NULL, NULL);
	assert_int_equal(outbox_move(&o, ids[2], OUTBOX_NEW, OUTBOX_FAILED,
	    &err), 0);
	assert_unseen(&o, ids[2], NULL);
	assert_int_equal(outbox_move(&o, ids[0], OUTBOX_FAILED, OUTBOX_NEW,
	    &err), 0);
	assert_int_equal(outbox_move(&o, ids[0], OUTBOX_NEW, OUTBOX_FAILED,
	    &err), 0);
	assert_unseen(&o, ids[2], ids[0]);
	assert_int_equal(outbox_remove(&o, OUTBOX_FAILED, ids[1], &err), 0);
	notify_look(&o, &none); /* those that are gone are forgotten */
	assert_int_equal(stat(looked, &st), 0);
	assert_int_equal(st.st_size, 0);
	free(looked);
	outbox_close(&o);
}

/* No descriptor is left. */
static void
what_cannot_be_listed_is_not_empty(void **state)
{
	struct fixture *f = *state;
	struct string_list ids = {0};
	struct rlimit before, none;
	struct outbox o;
	struct error err = {0};

	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(outbox_list(&o, OUTBOX_NEW, &ids, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(err.code, EX_TEMPFAIL);
	assert_non_null(strstr(err.text, "cannot list"));
	assert_non_null(strstr(err.text, strerror(EMFILE)));
	string_list_free(&ids);
	outbox_close(&o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* An error of the disk is no proof. */
static void
a_journal_stays_if_its_message_cannot_be_looked_for(void **state)
{
	static const char id[] = "20261123T125500Z-0123456789abcdef";
	struct fixture *f = *state;
	struct outbox o;
	struct error err = {0};
	int place, file;

	assert_int_equal(outbox_open(&o, f->path, OUTBOX_WRITE, &err), 0);
	queue_append(o.places[OUTBOX_JOURNAL], id, "x\n");
	file = openat(o.places[OUTBOX_JOURNAL], id, O_RDONLY);
	assert_true(file >= 0);
	place = o.places[OUTBOX_NEW];
	o.places[OUTBOX_NEW] = file; /* ENOTDIR */
	outbox_sweep(&o);
	o.places[OUTBOX_NEW] = place;
	close(file);
	assert_int_equal(outbox_is_missing(&o, OUTBOX_JOURNAL, id), 0);
	outbox_sweep(&o);
	assert_int_equal(outbox_is_missing(&o, OUTBOX_JOURNAL, id), 1);
	outbox_close(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_ids_are_listed),
		TEST(all_of_a_long_journal_counts),
		TEST(those_given_up_later_are_news),
		TEST(orphaned_journals_are_swept),
		TEST(a_journal_stays_if_its_message_cannot_be_looked_for),
		TEST(the_user_has_seen_what_was_there),
		TEST(what_cannot_be_listed_is_not_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
